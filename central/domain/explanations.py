"""Why a proposal was answered as it was, for whoever has the right to ask: what was looked at, in which order, in words.

Pure, and the very walk that decides (`decisions.Case.consider`), so an explanation cannot tell another story than the
decision. Must never name another person: a rival is a place, a time and a record. Place in the flow: `central/reconcile`
collects the neighbourhood -> here -> a decision's page and `kampung-central why`.
"""

from collections.abc import Mapping, Sequence, Set

from msgspec import Struct

from central.domain.decisions import (
    ACCEPTED,
    NOTHING_FINAL,
    Aside,
    Case,
    Considered,
    Coverage,
    Finals,
    Identities,
    Left,
    Policy,
    Proposal,
    Verdict,
    date_text,
    day_text,
    period_text,
    place_text,
)
from protocol.schemes import Effect, Relation, Unit

OUTCOMES = {
    "accepted": "disetujui",
    "rejected": "ditolak",
    "needs_review": "perlu diperiksa petugas",
    "withdrawn": "ditarik oleh desa",
}
_LINKS = {Unit.PERSON: "orang yang sama (NIK sama)", Unit.HOUSEHOLD: "keluarga yang sama (nomor KK sama)"}
_EFFECTS = {
    Effect.REJECT: "tidak boleh rangkap",
    Effect.WARN: "belum diatur, dicatat saja",
    Effect.ALLOW: "boleh rangkap",
}
_RULED = " Petugas memutuskan bahwa ini tidak diperhitungkan."
_WIB_MS, _MINUTE_MS = 7 * 3_600_000, 60_000


class Weighed(Struct, frozen=True):
    """One fact that was looked at. `effect`: allow | warn | reject. `words`: all of it in one sentence."""

    kind: str  # coverage | proposal | cycle
    reference: bytes
    effect: str
    is_set_aside: bool
    words: str


class Placed(Struct, frozen=True):
    """One of the proposals for this person or household, in the order in which they were decided.

    Times in ms: it was written between `earliest_ms` (0: unknown) and `latest_ms`; `time_ms` is what it was sorted by.
    `is_ambiguous`: its interval overlaps that of the proposal asked about, so that nobody can prove which came first.
    """

    record: bytes
    is_this: bool
    priority: int
    earliest_ms: int
    latest_ms: int
    time_ms: int
    outcome: str
    is_ambiguous: bool
    words: str


class Explanation(Struct, frozen=True):
    verdict: Verdict
    weighed: list[Weighed]
    order: list[Placed]

    @property
    def is_order_certain(self) -> bool:
        return not any(each.is_ambiguous for each in self.order)


def explain(
    case: Case,
    policy: Policy,
    record: bytes,
    *,
    identities: Identities,
    aside: Aside,
    ended: Mapping[bytes, int],
    finals: Finals = NOTHING_FINAL,
) -> Explanation:
    """Of one proposal of a whole neighbourhood. `ended`: by coverage, the month its list had said. Raises KeyError."""
    verdicts = case.decide(policy, identities, finals, aside)
    considered = case.consider(policy, identities, aside, record, finals)
    ordered = case.in_order(policy)
    this = next(p for p in ordered if p.record == record)
    out = aside.get(record, frozenset()) | {p.record for p in ordered if record in aside.get(p.record, frozenset())}
    weighed = _weighed(considered, policy, out, ended)
    if this.cycle.encode() in out:
        words = f"Masa usulan periode {this.cycle} sudah ditutup.{_RULED}"
        weighed.append(Weighed("cycle", this.cycle.encode(), Effect.REJECT.value, True, words))
    left = {each.reference for each in considered.left}
    near = [
        p for p in ordered if p.record == record or (not p.is_withdrawn and (_is_tied(p, this) or p.record in left))
    ]
    return Explanation(
        considered.verdict,
        weighed,
        [_placed(p, at, this, policy, verdicts[p.record].outcome) for at, p in enumerate(near, start=1)],
    )


def _is_tied(a: Proposal, b: Proposal) -> bool:
    return (a.match_nik is not None and a.match_nik == b.match_nik) or (
        a.match_kk is not None and a.match_kk == b.match_kk
    )


def _weighed(considered: Considered, policy: Policy, out: Set[bytes], ended: Mapping[bytes, int]) -> list[Weighed]:
    found = []
    for coverage, link, answer in considered.coverages:
        is_out = coverage.reference in out
        words = _coverage_words(coverage, policy, ended.get(coverage.reference))
        words = _sentence(words, link, answer, is_out=is_out)
        found.append(Weighed("coverage", coverage.reference, answer.effect.value, is_out, words))
    found += [_left(each, policy, ended, is_out=each.reference in out) for each in considered.left]
    for rival, link, answer in considered.rivals:
        is_out = rival.record in out
        words = f"Usulan {_scheme(policy, rival.scheme)} yang sudah disetujui dari {place_text(rival.village)}"
        words = _sentence(words, link, answer, is_out=is_out)
        found.append(Weighed("proposal", rival.record, answer.effect.value, is_out, words))
    return found


def _left(each: Left, policy: Policy, ended: Mapping[bytes, int], *, is_out: bool) -> Weighed:
    """Aid on a card that was left: it holds, or it is shown and decides nothing."""
    if isinstance(each.fact, Coverage):
        kind, words = "coverage", _coverage_words(each.fact, policy, ended.get(each.reference))
    else:
        kind = "proposal"
        words = f"Usulan {_scheme(policy, each.fact.scheme)} yang sudah disetujui dari {place_text(each.fact.village)}"
    words += f"; keluarga pada kartu lama, ditinggalkan bulan {period_text(each.month, each.month)}. "
    words += "Diperiksa petugas. " if each.is_recent else "Sudah lama, tidak diperhitungkan. "
    words += f"Dasar: {each.relation.rule.basis}." if each.relation.rule else each.relation.ground.sentence
    effect = Effect.WARN if each.is_recent else Effect.ALLOW
    return Weighed(kind, each.reference, effect.value, is_out, words + (_RULED if is_out else ""))


def _coverage_words(coverage: Coverage, policy: Policy, listed_until: int | None) -> str:
    words = f"Tercatat menerima {_scheme(policy, coverage.scheme)}"
    if coverage.component:
        words += f" ({coverage.component})"
    if coverage.until >= coverage.first:
        words += f" {period_text(coverage.first, coverage.until)}"
    if listed_until is not None:
        words += (
            f", dalam daftar sampai {period_text(listed_until, listed_until)} tetapi diputuskan berakhir lebih awal"
        )
    if coverage.village:
        words += f", {place_text(coverage.village)}"
    return f"{words}, data per {day_text(coverage.as_of)}"


def _sentence(words: str, link: Unit, answer: Relation, *, is_out: bool) -> str:
    ruled = _RULED if is_out else ""
    basis = answer.ground.sentence if answer.rule is None else f"Dasar: {answer.rule.basis}."
    return f"{words}; {_LINKS[link]}. {_EFFECTS[answer.effect].capitalize()}. {basis}{ruled}"


def _placed(p: Proposal, at: int, this: Proposal, policy: Policy, outcome: str) -> Placed:
    is_this = p.record == this.record
    is_ambiguous = not is_this and p.anchor_ms <= this.received_ms and this.anchor_ms <= p.received_ms
    scheme = policy.book.schemes.get(p.scheme)
    priority = scheme.priority if scheme else 0
    words = f"{at}. {'Usulan ini' if is_this else 'Usulan dari ' + place_text(p.village)}: {_scheme(policy, p.scheme)}"
    words += f" (urutan program {priority}), ditulis {_span(p)}; {OUTCOMES.get(outcome, outcome)}"
    if is_ambiguous and _is_same_priority(p, this, policy):
        words += ". Waktunya tidak dapat dibedakan dengan pasti dari usulan ini; dipakai urutan tetap"
    return Placed(
        p.record,
        is_this,
        priority,
        p.anchor_ms,
        p.received_ms,
        p.time_ms(),
        outcome,
        is_ambiguous and _is_same_priority(p, this, policy),
        words + ".",
    )


def _is_same_priority(a: Proposal, b: Proposal, policy: Policy) -> bool:
    """Where the programme decides the order, no clock has a say."""
    one, other = policy.book.schemes.get(a.scheme), policy.book.schemes.get(b.scheme)
    return (one.priority if one else 0) == (other.priority if other else 0)


def _span(p: Proposal) -> str:
    latest = f"paling lambat {_moment(p.received_ms)}"
    return f"paling awal {_moment(p.anchor_ms)}, {latest}" if p.anchor_ms else latest


def _moment(ms: int) -> str:
    minutes = (ms + _WIB_MS) // _MINUTE_MS % 1_440
    return f"{date_text(ms)} {minutes // 60:02d}.{minutes % 60:02d}"


def _scheme(policy: Policy, code: str) -> str:
    known = policy.book.schemes.get(code)
    return known.name if known else code


def in_words(told: Explanation, sentence: str) -> list[str]:
    """The whole explanation, a sentence a line. `sentence`: the one the clerk read aloud, empty where there is none."""
    verdict = told.verdict
    lines = [f"Hasil: {OUTCOMES.get(verdict.outcome, verdict.outcome)}. {sentence}".strip()]
    if verdict.rule:
        lines.append(f"Aturan yang dipakai: {verdict.rule}")
    elif verdict.outcome == ACCEPTED:
        lines.append("Tidak ada aturan yang melarang.")
    lines += _listed(
        "Yang diperhitungkan", [each.words for each in told.weighed], "tidak ada bantuan atau usulan lain."
    )
    if len(told.order) > 1:
        lines += _listed("Urutan usulan untuk orang atau keluarga ini", [each.words for each in told.order], "")
        if not told.is_order_certain:
            lines.append("Urutan sebagian tidak dapat dibuktikan: waktu beberapa usulan bertumpang tindih.")
    lines.append(f"Sidik fakta: {verdict.facts_hash.hex()}")
    return lines


def _listed(title: str, lines: Sequence[str], none: str) -> list[str]:
    return [f"{title}:", *(f"  {line}" for line in lines)] if lines else [f"{title}: {none}"]
