"""What becomes of every row that was brought to a cycle: exactly one fate each, and the sums that follow. Pure.

Rows are last cycle's recipients, proposals of villages and of lists, residents' reports, with the answer `decide` gave on
each. Quota and budget act here and nowhere else; who does not fit stands on the waiting list in the same order. Must never
lose a row, pay a person twice, or judge what `decide` has judged.
Place in the flow: central/rosters collects the rows -> `settle` -> pages, the fate ledger, and the lock (`determination`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from central.domain.decisions import NEEDS_REVIEW, REJECTED, Proposal, Verdict
from central.domain.reasons import ReasonCode


class Origin(StrEnum):
    """Where a row comes from, in the order in which they go first."""

    FORMER = "former"
    PROPOSAL = "proposal"
    REPORT = "report"


_RANK = {origin: rank for rank, origin in enumerate(Origin)}


class Body(StrEnum):
    """Who validates: the village itself, and the sub-district's body of Quran teaching (LPTQ)."""

    VILLAGE = "village"
    LPTQ = "lptq"


BODY_NAMES = {Body.VILLAGE: "desa/kelurahan", Body.LPTQ: "LPTQ kecamatan"}


class Reply(StrEnum):
    """What a body says of a person."""

    AGREED = "agreed"
    REFUSED = "refused"
    DECEASED = "deceased"
    MOVED = "moved"


class Fate(StrEnum):
    KEPT = "kept"
    MERGED = "merged"
    REJECTED = "rejected"
    HELD = "held"
    DROPPED = "dropped"


OFFICER = "officer"
WITHDRAWN_REASON = "withdrawn"
"""Why a row is dropped that its village took back; no reason of a rejection."""
TAKEN_OFF = "taken_off"
DISAGREEMENT = "disagreement"
"""Held because the bodies contradict each other."""
OBJECTION_OPEN = "objection_open"
"""Held because its answer is contested and no officer has answered the objection."""

_REFUSED, _DECEASED, _MOVED = ReasonCode.VALIDATOR_REFUSED, ReasonCode.DECEASED, ReasonCode.MOVED_OUT


class InputRow(Struct, frozen=True, kw_only=True):
    """A row as it was brought: `file` and `number` say where it stands, `verdict` what `decide` answers on the weighed."""

    proposal: Proposal
    origin: Origin
    file: str
    number: int
    verdict: Verdict

    @property
    def record(self) -> bytes:
        return self.proposal.record

    @property
    def judged(self) -> str:
        """The answer in one word, to be compared with a later one: `rejected/covered_by_scheme`."""
        return f"{self.verdict.outcome}/{_code(self.verdict)}"

    @property
    def winner(self) -> bytes:
        """The record that goes before this one for the same person or household; empty where there is none."""
        if self.verdict.code is not ReasonCode.PROPOSED_ELSEWHERE:
            return b""
        return next((ground.reference for ground in self.verdict.evidence if ground.kind == "proposal"), b"")


class Terms(Struct, frozen=True, kw_only=True):
    """What a cycle pays (rupiah for each recipient), to how many, of how much. 0: no limit. `former`: the cycle whose
    recipients come over; empty for none."""

    amount_rupiah: int
    quota: int = 0
    budget_rupiah: int = 0
    required: tuple[Body, ...] = ()
    former: str = ""

    def places(self, wanted: int) -> int:
        """How many of those who are wanted can be paid."""
        limits = [wanted]
        if self.quota:
            limits.append(self.quota)
        if self.budget_rupiah:
            limits.append(self.budget_rupiah // self.amount_rupiah)
        return min(limits)


class Validation(Struct, frozen=True):
    """`detail`: the day of a death, the place somebody moved to, why not; empty of a yes."""

    reply: Reply
    detail: str = ""


class Ruling(Struct, frozen=True):
    """An officer's word: on one that came late or on whom the bodies disagree (kept, rejected), on any that is held
    (rejected), or to take a person off (dropped). It replaces no validation and no verdict about a shared NIK."""

    fate: Fate
    reason: str


Validations = Mapping[bytes, Mapping[Body, Validation]]
Rulings = Mapping[bytes, Ruling]


class Outcome(Struct, frozen=True):
    """A row's fate. `code`: why, empty where it is kept; `into`: the record it is merged into; `asked`: who has to answer
    while it is held; `told`: the answer its village gets when this is locked."""

    fate: Fate
    told: Verdict
    code: str = ""
    into: bytes = b""
    asked: str = ""


class Draft(Struct, frozen=True):
    """A cycle settled: the rows in their order, the fate of each, whom it pays, who waits."""

    terms: Terms
    rows: tuple[InputRow, ...]
    outcomes: dict[bytes, Outcome]
    recipients: tuple[InputRow, ...]
    waiting: tuple[InputRow, ...]

    @property
    def total_rupiah(self) -> int:
        return len(self.recipients) * self.terms.amount_rupiah

    def count(self) -> Counter[Fate]:
        return Counter(outcome.fate for outcome in self.outcomes.values())

    def held(self) -> list[InputRow]:
        return [row for row in self.rows if self.outcomes[row.record].fate is Fate.HELD]

    def candidates(self) -> list[InputRow]:
        """Who would be paid if there were room for all."""
        return [*self.recipients, *self.waiting]


def precedence(row: InputRow) -> tuple[int, int, bytes]:
    """The order of `decide` among rivals of one scheme, behind where the row comes from."""
    return _RANK[row.origin], row.proposal.time_ms(), row.record


def weigh(
    proposals: Iterable[Proposal], closes_ms: int, terms: Terms, validations: Validations, rulings: Rulings
) -> list[Proposal]:
    """The cycle's proposals as `decide` has to see them: one that an officer let in although it came late is judged as if
    it had come in time; one that the bodies turned down stands in nobody's way."""
    weighed = []
    for p in proposals:
        if turned_down(p.record, terms, validations, rulings) is not None:
            weighed.append(replace(p, is_withdrawn=True))
        elif p.received_ms >= closes_ms and p.anchor_ms < closes_ms and _is(rulings.get(p.record), Fate.KEPT):
            weighed.append(replace(p, received_ms=closes_ms - 1))
        else:
            weighed.append(p)
    return weighed


def settle(
    rows: Iterable[InputRow],
    terms: Terms,
    validations: Validations,
    rulings: Rulings,
    objected: Set[bytes] = frozenset(),
) -> Draft:
    """Every row gets its one fate. The order in which rows are given does not matter; no record may come twice.

    `objected`: records whose answer is contested and not answered yet: they are held, whatever speaks for or against them.
    """
    ordered = tuple(sorted(rows, key=precedence))
    here = {row.record for row in ordered}
    assert len(here) == len(ordered), "a record came twice"
    outcomes = {
        row.record: _contested(row) if row.record in objected else _judge(row, here, terms, validations, rulings)
        for row in ordered
    }
    wanted = [row for row in ordered if outcomes[row.record].fate is Fate.KEPT]
    places = terms.places(len(wanted))
    for position, row in enumerate(wanted[places:], start=1):
        full = Verdict(REJECTED, ReasonCode.QUOTA_FULL, {"position": str(position)})
        outcomes[row.record] = _told(row, Fate.REJECTED, full)
    return Draft(terms, ordered, outcomes, tuple(wanted[:places]), tuple(wanted[places:]))


def late_rows(draft: Draft, judged: Mapping[bytes, str]) -> list[InputRow]:
    """What the facts say otherwise since a lock, and whoever came after it: it changes no final answer, but is shown.

    `judged`: what `decide` had said then, by record; of carried rows nothing is kept.
    """
    return [row for row in draft.rows if row.origin is not Origin.FORMER and judged.get(row.record) != row.judged]


def turned_down(record: bytes, terms: Terms, validations: Validations, rulings: Rulings) -> Verdict | None:
    """What the bodies say against somebody, where it stands: nobody contradicts it, or an officer found for it."""
    said = _said(record, terms, validations)
    against = [(body, v) for body, v in sorted(said.items()) if v.reply is not Reply.AGREED]
    is_contradicted = len(against) < len(said)
    if not against or (is_contradicted and not _is(rulings.get(record), Fate.REJECTED)):
        return None
    gone = next((v for _, v in against if v.reply is not Reply.REFUSED), None)
    if gone is not None:
        key, code = ("date", _DECEASED) if gone.reply is Reply.DECEASED else ("place", _MOVED)
        return Verdict(REJECTED, code, {key: gone.detail})
    if len(said) < len(terms.required):
        return None  # the other body may know the person
    body, validation = against[0]
    return Verdict(REJECTED, _REFUSED, {"validator": BODY_NAMES[body], "reason": validation.detail})


def _contested(row: InputRow) -> Outcome:
    if row.proposal.is_withdrawn:
        return Outcome(Fate.DROPPED, row.verdict, WITHDRAWN_REASON)
    return Outcome(Fate.HELD, row.verdict, OBJECTION_OPEN, asked=OFFICER)


def _judge(row: InputRow, here: Set[bytes], terms: Terms, validations: Validations, rulings: Rulings) -> Outcome:
    if row.proposal.is_withdrawn:
        return Outcome(Fate.DROPPED, row.verdict, WITHDRAWN_REASON)
    against = turned_down(row.record, terms, validations, rulings)
    if against is not None:
        return _told(row, Fate.REJECTED if against.code is _REFUSED else Fate.DROPPED, against)
    if row.winner in here:
        return Outcome(Fate.MERGED, row.verdict, _code(row.verdict), row.winner)
    if row.verdict.outcome == REJECTED:
        return Outcome(Fate.REJECTED, row.verdict, _code(row.verdict))
    ruling = rulings.get(row.record)
    if ruling is not None and ruling.fate is Fate.DROPPED:
        return Outcome(Fate.DROPPED, _by_officer(row, ruling), TAKEN_OFF)
    if row.verdict.outcome == NEEDS_REVIEW:
        if ruling is not None and ruling.fate is Fate.REJECTED:
            return _told(row, Fate.REJECTED, _by_officer(row, ruling))
        return Outcome(Fate.HELD, row.verdict, _code(row.verdict), asked=OFFICER)
    return _validate(row, terms, validations, ruling)


def _validate(row: InputRow, terms: Terms, validations: Validations, ruling: Ruling | None) -> Outcome:
    """Of somebody whom nothing else speaks against."""
    said = _said(row.record, terms, validations)
    is_contradicted = len({v.reply is Reply.AGREED for v in said.values()}) == 2
    if is_contradicted and not _is(ruling, Fate.KEPT):
        return Outcome(Fate.HELD, row.verdict, DISAGREEMENT, asked=OFFICER)
    missing = [body for body in terms.required if body not in said]
    if missing:
        return Outcome(Fate.HELD, row.verdict, ReasonCode.NOT_VALIDATED.value, asked=missing[0])
    return Outcome(Fate.KEPT, row.verdict)


def _said(record: bytes, terms: Terms, validations: Validations) -> dict[Body, Validation]:
    return {body: v for body, v in validations.get(record, {}).items() if body in terms.required}


def _is(ruling: Ruling | None, fate: Fate) -> bool:
    return ruling is not None and ruling.fate is fate


def _by_officer(row: InputRow, ruling: Ruling) -> Verdict:
    values = {"validator": "petugas kabupaten", "reason": ruling.reason}
    return Verdict(REJECTED, _REFUSED, values, facts_hash=row.verdict.facts_hash)


def _told(row: InputRow, fate: Fate, verdict: Verdict) -> Outcome:
    verdict.facts_hash = row.verdict.facts_hash
    return Outcome(fate, verdict, _code(verdict))


def _code(verdict: Verdict) -> str:
    return verdict.code.value if verdict.code else ""
