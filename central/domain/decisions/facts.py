"""What a decision rests on and what it says: proposals, coverages, policy; the verdict and its grounds.

Values only. Place in the flow: `batches` and the store make the facts, the walk beside this reads them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from central.domain.matching import match_nik
from central.domain.reasons import ReasonCode
from protocol.ids import Kk, Nik, NikProblem, is_placeholder, parse_kk, parse_nik
from protocol.schemes import Rulebook

ACCEPTED, REJECTED, NEEDS_REVIEW, WITHDRAWN = "accepted", "rejected", "needs_review", "withdrawn"


LIST_EPOCH = 0
"""A village's logs count from 1; a body's proposal comes from a list, and its seq is the row."""
CARRIED_EPOCH = -1
"""Of whom a former cycle's list brings over: their answers were examined then, and this cycle's bodies validate them."""


class Proposal(Struct, frozen=True, array_like=True, gc=False):
    """A proposal as its village recorded it, its place in the log, and what the centre can prove about its time (ms).

    `match_nik`, `match_kk`: the keys people are found by (`key_nik`, `key_kk`), None where there is none.
    `anchor_ms`: the centre's time the record cites, 0 where it proves nothing; `received_ms`: first receipt.
    `answers`: to the scheme's own questions (`pack_answers`). `former_kks`: family cards that its person left (`pack_former`).
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
    answers: bytes = b""
    former_kks: bytes = b""
    rt: str = ""
    rw: str = ""

    def time_ms(self) -> int:
        """The claimed time, moved no further than anchor and receipt prove."""
        return max(self.anchor_ms, min(self.claimed_ms, self.received_ms))


class Coverage(Struct, frozen=True, gc=False):
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
    birth_date: str = ""  # as far as the list tells, like the rest below
    sex: str = ""
    mother_key: str = ""
    rt: str = ""
    rw: str = ""
    amount: int = 0  # rupiah of one payment


class CyclePolicy(Struct, frozen=True):
    code: str
    scheme: str
    first: int
    until: int
    closes_ms: int


class FormerTerm(Struct, frozen=True, array_like=True):
    """A family card left so many `months` before a cycle holds for a human, for cycles that begin from `first` to `until`
    (12 * year + month - 1; None: until further notice)."""

    first: int
    until: int | None
    months: int


@dataclass(frozen=True)
class Policy:
    """The rules in force and the cycles, both recorded facts; `former_terms`: how long a former family card holds."""

    book: Rulebook
    cycles: Mapping[str, CyclePolicy]
    former_terms: tuple[FormerTerm, ...] = ()


class Grounds(Struct, frozen=True):
    """One fact an answer rests on."""

    kind: str  # coverage | proposal | cycle | nik
    scheme: str
    first: int
    until: int
    village: str
    as_of: str
    reference: bytes


def grounds_of(c: Coverage) -> Grounds:
    return Grounds("coverage", c.scheme, c.first, c.until, c.village, c.as_of, c.reference)


class Verdict(Struct):
    """An answer, its reason and what it rests on. `values` fill the reason's sentence. `is_final`: a lock fixed it."""

    outcome: str
    code: ReasonCode | None = None
    values: dict[str, str] = {}
    rule: str = ""
    evidence: tuple[Grounds, ...] = ()
    facts_hash: bytes = b""
    is_final: bool = False


def pack_answers(fields: Sequence[tuple[str, str]]) -> bytes:
    """(key, answer) pairs as they are kept beside a proposal; empty where the form asked nothing."""
    return msgspec.msgpack.encode(fields) if fields else b""


def read_answers(answers: bytes) -> dict[str, str]:
    return dict(_pairs.decode(answers)) if answers else {}


_pairs = msgspec.msgpack.Decoder(list[tuple[str, str]])


def key_nik(text: str) -> Nik | None:
    """The NIK as a key people are matched by; None where it is malformed or a placeholder."""
    nik = parse_nik(text)
    return None if isinstance(nik, NikProblem) else match_nik(nik)


def key_kk(text: str) -> Kk | None:
    kk = parse_kk(text)
    return None if not isinstance(kk, str) or is_placeholder(kk) else kk
