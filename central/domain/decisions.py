"""The centre's answer on every proposal: `decide(policy, facts)`, a pure function of accepted records and receipts.

No clock, no order of arrival in a database, no quota (that would make every decision depend on all). The same facts in
any order give the same answers, so deciding one proposal's neighbourhood again is the same as deciding everything.

A *neighbourhood* is whatever is tied together by a shared NIK or family card; nothing outside it can change an answer
inside. Within it, rivals are walked once in one total order (scheme priority, the time that anchor and receipt allow,
record id): accept, and refuse what an accepted one excludes.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256

import msgspec
from msgspec import Struct

from central.domain.identities import Identity, IdentityVerdict, pair_key
from central.domain.matching import Band, Person, compare, match_nik
from central.domain.reasons import ReasonCode
from protocol.ids import InvalidCode, Kk, Nik, NikProblem, Sex, is_placeholder, parse_kk, parse_nik, parse_village_code
from protocol.names import name_key
from protocol.regions import UnknownRegion, Village, VillageKind, village_by_any_code
from protocol.schemes import Claim, DeterminedBy, Effect, Relation, Rulebook, Unit, month_text, relation

ACCEPTED, REJECTED, NEEDS_REVIEW, WITHDRAWN = "accepted", "rejected", "needs_review", "withdrawn"

EVIDENCE_MAX = 8
"""Facts named in one answer: enough to see why, few enough to read."""

RECORD_BYTES = 16
"""A proposal goes by 16 bytes, a coverage by 32."""

_FACTS = b"kampung/facts/1"
_encode = msgspec.msgpack.Encoder().encode


class Proposal(Struct, frozen=True, array_like=True):
    """A proposal as its village recorded it, its place in the log, and what the centre can prove about its time (ms).

    `match_nik`, `match_kk`: the keys people are found by (`key_nik`, `key_kk`), None where there is none.
    `anchor_ms`: the centre's time the record cites, 0 where it proves nothing; `received_ms`: first receipt.
    """

    record: bytes
    village: str
    epoch: int
    seq: int
    scheme: str
    cycle: str
    nik: str
    kk: str
    match_nik: str | None
    match_kk: str | None
    name: str
    birth_date: str
    sex: str
    mother: str
    claimed_ms: int
    anchor_ms: int
    received_ms: int
    is_withdrawn: bool = False

    def time_ms(self) -> int:
        """The claimed time, moved no further than anchor and receipt prove."""
        return max(self.anchor_ms, min(self.claimed_ms, self.received_ms))


class Coverage(Struct, frozen=True):
    """A person or household that a scheme pays or has determined, as a list says. Months: 12 * year + month - 1."""

    reference: bytes  # digest of the list's row, for the auditor
    scheme: str
    component: str
    nik: str
    kk: str
    name_key: str
    first: int
    until: int
    village: str
    as_of: str


class CyclePolicy(Struct, frozen=True):
    code: str
    scheme: str
    first: int
    until: int
    closes_ms: int


@dataclass(frozen=True)
class Policy:
    """The rules in force and the cycles, both recorded facts."""

    book: Rulebook
    cycles: Mapping[str, CyclePolicy]


class Grounds(Struct, frozen=True):
    """One fact an answer rests on."""

    kind: str  # coverage | proposal | cycle | nik
    scheme: str
    first: int
    until: int
    village: str
    as_of: str
    reference: bytes


class Verdict(Struct):
    """An answer, its reason and what it rests on. `values` fill the reason's sentence."""

    outcome: str
    code: ReasonCode | None = None
    values: dict[str, str] = {}
    rule: str = ""
    evidence: tuple[Grounds, ...] = ()
    facts_hash: bytes = b""


class _Candidate(Struct):
    """A proposal with everything that is read from it more than once."""

    proposal: Proposal
    record: bytes
    nik: str | None
    kk: str | None
    _person: Person | None = None

    def person(self) -> Person:
        """Made only where a NIK is shared: few proposals share one."""
        if self._person is None:
            p = self.proposal
            self._person = Person(
                nik=key_nik(p.nik),
                name_key=name_key(p.name),
                birth_date=_date(p.birth_date),
                sex=_sex(p.sex),
                mother_key=name_key(p.mother),
            )
        return self._person


def key_nik(text: str) -> Nik | None:
    """The NIK as a key people are matched by; None where it is malformed or a placeholder."""
    nik = parse_nik(text)
    return None if isinstance(nik, NikProblem) else match_nik(nik)


def key_kk(text: str) -> Kk | None:
    kk = parse_kk(text)
    return None if not isinstance(kk, str) or is_placeholder(kk) else kk


Identities = Mapping[bytes, IdentityVerdict]
"""What people said about records that share a NIK, by `pair_key`."""
NOTHING_SAID: Identities = {}
Aside = Mapping[bytes, Set[bytes]]
"""By proposal: what an officer ruled does not count against it - a coverage, a rival proposal, or its cycle's window."""
NOTHING_ASIDE: Aside = {}
_NONE_ASIDE: Set[bytes] = frozenset()


def decide(
    policy: Policy,
    proposals: Iterable[Proposal],
    coverages: Iterable[Coverage],
    identities: Identities = NOTHING_SAID,
    aside: Aside = NOTHING_ASIDE,
) -> dict[bytes, Verdict]:
    """The answer on every proposal given; they and the coverages must make up whole neighbourhoods."""
    return Case(proposals, coverages).decide(policy, identities, aside)


class Considered(Struct, frozen=True):
    """What one answer looked at, for whoever asks why: each fact with its link and what the rules say of the two."""

    verdict: Verdict
    coverages: list[tuple[Coverage, Unit, Relation]]
    rivals: list[tuple[Proposal, Unit, Relation]]


class Case:
    """Whole neighbourhoods, compared once. `pairs`: by record, the others that bear its NIK and another person's name
    (the record of a proposal, the reference of a coverage), each with the key of what may have been said about the two.
    """

    def __init__(self, proposals: Iterable[Proposal], coverages: Iterable[Coverage]) -> None:
        self._candidates = [_Candidate(p, p.record, p.match_nik, p.match_kk) for p in proposals]
        self._index = _Index(coverages)
        self.pairs = _pairs(self._candidates, self._index)

    def keys(self) -> set[bytes]:
        """Whatever was said about these has a say here; nearly always nothing."""
        return {key for others in self.pairs.values() for key in others.values()}

    def decide(
        self, policy: Policy, identities: Identities = NOTHING_SAID, aside: Aside = NOTHING_ASIDE
    ) -> dict[bytes, Verdict]:
        walk = _Walk(policy, self._index, self.pairs, identities, aside)
        return {c.record: walk.decide(c) for c in self._ordered(policy)}

    def consider(self, policy: Policy, identities: Identities, aside: Aside, record: bytes) -> Considered:
        """The same walk as `decide`, looked at where it comes to one proposal. Raises KeyError where it is not here."""
        walk = _Walk(policy, self._index, self.pairs, identities, aside)
        for candidate in self._ordered(policy):
            if candidate.record == record:
                return walk.consider(candidate)
            walk.decide(candidate)
        raise KeyError(record.hex())

    def in_order(self, policy: Policy) -> list[Proposal]:
        """Every proposal, in the one order in which rivals are walked."""
        return [c.proposal for c in self._ordered(policy)]

    def _ordered(self, policy: Policy) -> list[_Candidate]:
        return sorted(self._candidates, key=lambda c: _order(policy, c.proposal))


def _order(policy: Policy, proposal: Proposal) -> tuple[int, int, bytes]:
    scheme = policy.book.schemes.get(proposal.scheme)
    return (scheme.priority if scheme else 1_000, proposal.time_ms(), proposal.record)


class _Index:
    """Coverages by NIK and by family card, each list in one fixed order."""

    def __init__(self, coverages: Iterable[Coverage]) -> None:
        self._by_nik: dict[str, list[Coverage]] = {}
        self._by_kk: dict[str, list[Coverage]] = {}
        for c in sorted(coverages, key=lambda c: (c.scheme, c.component, c.first, c.until, c.reference)):
            if c.nik:
                self._by_nik.setdefault(c.nik, []).append(c)
            if c.kk:
                self._by_kk.setdefault(c.kk, []).append(c)

    def of_nik(self, nik: str | None) -> Sequence[Coverage]:
        return self._by_nik.get(nik, ()) if nik else ()

    def linked(self, candidate: _Candidate, strangers: Container[bytes]) -> list[tuple[Coverage, Unit]]:
        """What covers this person, then what covers the household; each coverage once. `strangers` bear this person's
        NIK and are somebody else's, of this household at the most.
        """
        own = self.of_nik(candidate.nik)
        shared = self._by_kk.get(candidate.kk, ()) if candidate.kk else ()
        if not own and not shared:
            return []
        own = [c for c in own if c.reference not in strangers]
        seen = {c.reference for c in own}
        return [(c, Unit.PERSON) for c in own] + [(c, Unit.HOUSEHOLD) for c in shared if c.reference not in seen]


Pairs = Mapping[bytes, Mapping[bytes, bytes]]
_NO_PAIRS: Mapping[bytes, bytes] = {}


def _pairs(candidates: Sequence[_Candidate], index: _Index) -> Pairs:
    """Who shares a NIK with somebody else: both are held, never one dropped for the other, until a person has judged."""
    by_nik: dict[str, list[_Candidate]] = {}
    for c in candidates:
        if c.nik and not c.proposal.is_withdrawn:
            by_nik.setdefault(c.nik, []).append(c)
    found: dict[bytes, dict[bytes, bytes]] = {}
    for nik, group in by_nik.items():
        covered = index.of_nik(nik)
        if len(group) == 1 and not covered:
            continue
        for at, a in enumerate(group):
            for coverage in covered:
                other = covered_person(coverage)
                if compare(a.person(), other) is Band.IDENTITY_CONFLICT:
                    found.setdefault(a.record, {})[coverage.reference] = pair_key(a.person(), other)
            for b in group[at + 1 :]:
                if compare(a.person(), b.person()) is Band.IDENTITY_CONFLICT:
                    key = pair_key(a.person(), b.person())
                    found.setdefault(a.record, {})[b.record] = key
                    found.setdefault(b.record, {})[a.record] = key
    return found


class _Doubt(Struct, frozen=True):
    """Of one proposal: the others of its NIK that nobody has judged, and what was said about the rest.

    `is_conflicted`: one of the open ones is a proposal.
    """

    is_conflicted: bool
    open_pairs: Set[bytes]
    said: Mapping[bytes, IdentityVerdict]

    def allows(self, other: bytes, first_until: int, second_until: int) -> bool:
        verdict = self.said.get(other)
        return verdict is not None and verdict.allows(first_until, second_until)


class _Walk:
    """One pass in order; remembers whom it accepted."""

    def __init__(self, policy: Policy, covered: _Index, pairs: Pairs, identities: Identities, aside: Aside) -> None:
        self._policy = policy
        self._aside = aside
        self._covered = covered
        self._pairs = pairs
        self._identities = identities
        self._by_nik: defaultdict[str, list[_Candidate]] = defaultdict(list)
        self._by_kk: defaultdict[str, list[_Candidate]] = defaultdict(list)

    def decide(self, candidate: _Candidate) -> Verdict:
        pairs = self._pairs.get(candidate.record, _NO_PAIRS)
        said = {other: self._identities[key] for other, key in pairs.items() if key in self._identities}
        strangers = {other for other, verdict in said.items() if verdict.identity is Identity.DIFFERENT}
        open_pairs = pairs.keys() - said.keys()
        linked = self._covered.linked(candidate, strangers)
        rivals = self._rivals(candidate, strangers)
        is_conflicted = any(len(other) == RECORD_BYTES for other in open_pairs)
        aside = self._ruled_out(candidate.record, rivals)
        verdict = self._judge(candidate, linked, rivals, _Doubt(is_conflicted, open_pairs, said), aside)
        if verdict.outcome == ACCEPTED:
            self._accept(candidate)
        settled = sorted((pairs[other], each.identity.value, each.until) for other, each in said.items())
        verdict.facts_hash = _facts_hash(self._policy, candidate, linked, rivals, is_conflicted, settled, aside)
        return verdict

    def consider(self, candidate: _Candidate) -> Considered:
        """Before this proposal is accepted itself, so that it is not its own rival."""
        pairs = self._pairs.get(candidate.record, _NO_PAIRS)
        strangers = {o for o, key in pairs.items() if self._is_stranger(key)}
        linked, rivals = self._covered.linked(candidate, strangers), self._rivals(candidate, strangers)
        cycle = self._policy.cycles.get(candidate.proposal.cycle)
        claim = Claim(candidate.proposal.scheme, "", cycle.first, cycle.until) if cycle else None
        return Considered(
            self.decide(candidate),
            [(x, link, self._relation(claim, x, link)) for x, link in linked] if claim else [],
            [(r.proposal, link, self._rivalling(claim, r, link)) for r, link in rivals] if claim else [],
        )

    def _is_stranger(self, key: bytes) -> bool:
        verdict = self._identities.get(key)
        return verdict is not None and verdict.identity is Identity.DIFFERENT

    def _ruled_out(self, record: bytes, rivals: list[tuple[_Candidate, Unit]]) -> Set[bytes]:
        """What does not count against a proposal. Of two proposals neither counts against the other, whoever is first."""
        if not self._aside:
            return _NONE_ASIDE
        own = self._aside.get(record, _NONE_ASIDE)
        return own | {r.record for r, _ in rivals if record in self._aside.get(r.record, _NONE_ASIDE)}

    def _judge(
        self,
        c: _Candidate,
        linked: list[tuple[Coverage, Unit]],
        rivals: list[tuple[_Candidate, Unit]],
        doubt: "_Doubt",
        aside: Set[bytes],
    ) -> Verdict:
        p = c.proposal
        if p.is_withdrawn:
            return Verdict(WITHDRAWN)
        if c.nik is None:
            return _bad_nik(p)
        cycle = self._policy.cycles.get(p.cycle)
        if cycle is None or cycle.scheme != p.scheme:
            return Verdict(NEEDS_REVIEW, ReasonCode.CYCLE_UNKNOWN)
        refused = self._ward(p) or (None if cycle.code.encode() in aside else _window(p, cycle))
        if refused is not None:
            return refused
        if aside:
            linked = [(x, link) for x, link in linked if x.reference not in aside]
            rivals = [(r, link) for r, link in rivals if r.record not in aside]
        if not linked and not rivals and not doubt.is_conflicted:
            return Verdict(ACCEPTED)  # most people
        claim = Claim(p.scheme, "", cycle.first, cycle.until)
        held = self._identity(linked, claim, doubt)
        if held is not None:
            return held
        if doubt.said:
            linked = [(x, link) for x, link in linked if not doubt.allows(x.reference, cycle.until, x.until)]
            rivals = [(r, link) for r, link in rivals if not doubt.allows(r.record, cycle.until, self._until(r))]
        return (
            self._overlap(linked, claim)
            or self._rivalry(c, rivals, claim)
            or Verdict(ACCEPTED, rule=self._warnings(linked, claim))
        )

    def _until(self, rival: _Candidate) -> int:
        return self._policy.cycles[rival.proposal.cycle].until

    def _ward(self, p: Proposal) -> Verdict | None:
        """A scheme that villages determine is paid from the village fund, which a ward does not have (UU 6/2014)."""
        scheme = self._policy.book.schemes.get(p.scheme)
        if scheme is None or scheme.determined_by is not DeterminedBy.VILLAGE:
            return None
        home = _village(p.village)
        if home and home.kind is VillageKind.KELURAHAN:
            return Verdict(REJECTED, ReasonCode.NOT_FOR_WARD, {"scheme": scheme.name})
        return None

    def _identity(self, linked: list[tuple[Coverage, Unit]], claim: Claim, doubt: "_Doubt") -> Verdict | None:
        conflicting = [
            coverage
            for coverage, link in linked
            if coverage.reference in doubt.open_pairs
            and link is Unit.PERSON
            and self._relation(claim, coverage, link).effect is Effect.REJECT
        ]
        if not conflicting and not doubt.is_conflicted:
            return None
        evidence = tuple(_grounds(coverage) for coverage in conflicting[:EVIDENCE_MAX])
        return Verdict(NEEDS_REVIEW, ReasonCode.IDENTITY_CONFLICT, evidence=evidence)

    def _overlap(self, linked: list[tuple[Coverage, Unit]], claim: Claim) -> Verdict | None:
        blocking = [
            (coverage, link, answer)
            for coverage, link in linked
            if (answer := self._relation(claim, coverage, link)).effect is Effect.REJECT
        ]
        if not blocking:
            return None
        coverage, link, answer = blocking[0]
        evidence = tuple(_grounds(each) for each, _, _ in blocking[:EVIDENCE_MAX])
        values = {"scheme": self._name(coverage.scheme), "period": period_text(coverage.first, coverage.until)}
        if link is Unit.HOUSEHOLD:
            return Verdict(REJECTED, ReasonCode.COVERED_HOUSEHOLD, values, _basis(answer), evidence)
        values |= {"as_of": day_text(coverage.as_of), "place": place_text(coverage.village)}
        return Verdict(REJECTED, ReasonCode.COVERED_BY_SCHEME, values, _basis(answer), evidence)

    def _rivalry(self, c: _Candidate, rivals: list[tuple[_Candidate, Unit]], claim: Claim) -> Verdict | None:
        for rival, link in rivals:
            answer = self._rivalling(claim, rival, link)
            if answer.effect is Effect.REJECT:
                cycle = self._policy.cycles[rival.proposal.cycle]
                values = {
                    "place": place_text(rival.proposal.village),
                    "order_rule": self._order_rule(rival.proposal, c.proposal),
                }
                ground = Grounds(
                    "proposal",
                    cycle.scheme,
                    cycle.first,
                    cycle.until,
                    rival.proposal.village,
                    "",
                    rival.record,
                )
                return Verdict(REJECTED, ReasonCode.PROPOSED_ELSEWHERE, values, _basis(answer), (ground,))
        return None

    def _order_rule(self, first: Proposal, second: Proposal) -> str:
        if _order(self._policy, first)[0] != _order(self._policy, second)[0]:
            return "programnya didahulukan"
        if first.received_ms < second.anchor_ms:
            return "dicatat lebih dahulu"
        return "waktu kedua usulan tidak dapat dibedakan dengan pasti, sehingga dipakai urutan tetap"

    def _warnings(self, linked: list[tuple[Coverage, Unit]], claim: Claim) -> str:
        if not linked:
            return ""
        notes = sorted(
            {
                f"belum diatur: {coverage.scheme}"
                for coverage, link in linked
                if self._relation(claim, coverage, link).effect is Effect.WARN
            }
        )
        return "; ".join(notes)[:300]

    def _relation(self, claim: Claim, coverage: Coverage, link: Unit) -> Relation:
        other = Claim(coverage.scheme, coverage.component, coverage.first, coverage.until)
        return relation(self._policy.book, claim, other, link)

    def _rivalling(self, claim: Claim, rival: _Candidate, link: Unit) -> Relation:
        cycle = self._policy.cycles[rival.proposal.cycle]
        return relation(self._policy.book, claim, Claim(cycle.scheme, "", cycle.first, cycle.until), link)

    def _rivals(self, c: _Candidate, strangers: Container[bytes]) -> list[tuple[_Candidate, Unit]]:
        own: Sequence[_Candidate] = self._by_nik.get(c.nik, ()) if c.nik else ()
        shared = self._by_kk.get(c.kk, ()) if c.kk else ()
        if not own and not shared:
            return []
        own = [r for r in own if r.record not in strangers]
        seen = {r.record for r in own}
        return [(r, Unit.PERSON) for r in own] + [(r, Unit.HOUSEHOLD) for r in shared if r.record not in seen]

    def _accept(self, c: _Candidate) -> None:
        if c.nik:
            self._by_nik[c.nik].append(c)
        if c.kk:
            self._by_kk[c.kk].append(c)

    def _name(self, scheme: str) -> str:
        known = self._policy.book.schemes.get(scheme)
        return known.name if known else scheme


def _window(p: Proposal, cycle: CyclePolicy) -> Verdict | None:
    """Closed only where the anchor proves it was written after; whatever merely arrives late goes to an officer."""
    if p.received_ms < cycle.closes_ms and p.anchor_ms < cycle.closes_ms:
        return None
    ground = Grounds("cycle", cycle.scheme, cycle.first, cycle.until, "", "", cycle.code.encode())
    closed_on = date_text(cycle.closes_ms)
    if p.anchor_ms >= cycle.closes_ms:
        return Verdict(REJECTED, ReasonCode.WINDOW_CLOSED, {"closed_on": closed_on}, "", (ground,))
    values = {"closed_on": closed_on, "received_on": date_text(p.received_ms)}
    return Verdict(NEEDS_REVIEW, ReasonCode.RECEIVED_LATE, values, "", (ground,))


def _bad_nik(p: Proposal) -> Verdict:
    problem = parse_nik(p.nik)
    words = problem.phrase if isinstance(problem, NikProblem) else "ini NIK sementara, bukan NIK tetap"
    return Verdict(REJECTED, ReasonCode.NIK_INVALID, {"problem": words})


def covered_person(coverage: Coverage) -> Person:
    return Person(nik=key_nik(coverage.nik), name_key=coverage.name_key)


def _grounds(c: Coverage) -> Grounds:
    return Grounds("coverage", c.scheme, c.first, c.until, c.village, c.as_of, c.reference)


def _basis(answer: Relation) -> str:
    if answer.rule is None:
        return answer.ground.sentence
    rule = answer.rule
    return f"{rule.scheme} - {rule.other_scheme}: {rule.basis}"[:300]


def _facts_hash(
    policy: Policy,
    c: _Candidate,
    linked: list[tuple[Coverage, Unit]],
    rivals: list[tuple[_Candidate, Unit]],
    is_conflicted: bool,
    settled: list[tuple[bytes, str, int]],
    aside: Set[bytes],
) -> bytes:
    """SHA-256 over everything this answer could have looked at: equal hashes mean that nothing relevant changed.

    A record id is the hash of all that the village wrote, so of a proposal only what the centre adds stands beside it.
    """
    p = c.proposal
    cycle = policy.cycles.get(p.cycle)
    facts: tuple[object, ...] = (
        (p.record, p.anchor_ms, p.received_ms, bool(p.is_withdrawn)),
        (cycle.first, cycle.until, cycle.closes_ms) if cycle else (),
        [(x.reference, x.scheme, x.component, x.first, x.until, link.value) for x, link in linked],
        [(r.record, link.value) for r, link in rivals],
        is_conflicted,
    )
    if settled:  # only then, so that an answer without has the hash it always had and is not said again
        facts = (*facts, settled)
    if aside:
        facts = (*facts, "aside", sorted(aside))
    return sha256(_FACTS + _encode(facts)).digest()


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _sex(text: str) -> Sex | None:
    try:
        return Sex(text)
    except ValueError:
        return None


@lru_cache(maxsize=512)
def _village(code: str) -> Village | None:
    try:
        return village_by_any_code(parse_village_code(code))
    except (InvalidCode, UnknownRegion):
        return None


@lru_cache(maxsize=512)
def place_text(code: str) -> str:
    """`Desa Kemiren, Kecamatan Glagah`, or a phrase where the list does not say."""
    home = _village(code) if code else None
    return home.place if home else "daftar kabupaten"


_MONTHS = ("Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember").split()
_WIB_MS, _DAY_MS = 7 * 3_600_000, 86_400_000


@lru_cache(maxsize=512)
def period_text(first: int, until: int) -> str:
    """`Mei-Juli 2021`, `November 2020 - Januari 2021`, `Mei 2021`."""
    a, b = f"{_MONTHS[first % 12]} {first // 12}", f"{_MONTHS[until % 12]} {until // 12}"
    if first == until:
        return a
    return f"{_MONTHS[first % 12]}-{b}" if first // 12 == until // 12 else f"{a} - {b}"


def date_text(ms: int) -> str:
    """`17 Mei 2021` in WIB."""
    return _day_text((ms + _WIB_MS) // _DAY_MS)


@lru_cache(maxsize=512)
def _day_text(days: int) -> str:
    day = date.fromordinal(date(1970, 1, 1).toordinal() + days)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def day_text(iso: str) -> str:
    """`2021-04-30` as `30 April 2021`; any other text as it stands, and a phrase where there is none."""
    day = _date(iso)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if day else iso.strip() or "tanggal yang tidak disebutkan"


def months_text(first: int, until: int) -> str:
    """`2021-05..2021-07`: the form for machines and auditors."""
    return f"{month_text(first)}..{month_text(until)}"
