"""Identity verdicts: what a person said about two records that one NIK ties together. Pure.

A verdict is about what the two records say, not about their places: its key is a hash of the fields that were compared.
So it holds for the same two records in the next cycle and the next list, and the question opens again when one of those
fields has changed. An officer judges, or asks the village that knows the people; an officer's word outranks a village's,
because only the officer sees both records in full. Place in the flow: an officer judges on a decision's page, or the
village's answer comes in -> central/store/identities -> `decide`.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from hashlib import sha256

import msgspec
from msgspec import Struct

from central.domain.matching import SAME_NAME_MIN, Person, name_similarity
from protocol.ids import Sex

_PAIR = b"kampung/identity/1"
_encode = msgspec.msgpack.Encoder().encode


class Identity(StrEnum):
    """What a person can say. OVERLAP_ALLOWED: one person, who may have both until a month."""

    SAME = "same"
    DIFFERENT = "different"
    OVERLAP_ALLOWED = "overlap_allowed"


ANSWERS: Mapping[str, "Identity | None"] = {"same": Identity.SAME, "different": Identity.DIFFERENT, "unknown": None}
"""What a village can answer (`protocol.ops.IdentityAnswered`); only officers allow an overlap."""
ANSWER_DAYS = 7
"""A village office has its people at hand; the regency's objection window is twice as long."""


class IdentityVerdict(Struct, frozen=True):
    """`until`: the last month in which both are allowed (12 * year + month - 1); 0 for the other two."""

    identity: Identity
    until: int = 0

    def allows(self, first_until: int, second_until: int) -> bool:
        """May two that end in these months stand beside each other? Their last common month decides."""
        return self.identity is Identity.OVERLAP_ALLOWED and min(first_until, second_until) <= self.until


class Answer(Struct, frozen=True, array_like=True):
    """What a village said to a question, as its record has it. `pair`: the question's pair_key."""

    record: bytes
    pair: bytes
    village: str
    epoch: int
    seq: int
    answer: str
    how: str
    note: str
    actor: str
    claimed_ms: int
    received_ms: int


def of_villages(answers: Iterable[str]) -> IdentityVerdict | None:
    """What the villages that were asked agree on, by the newest answer of each; None while nobody knows, or two differ."""
    said = {ANSWERS.get(answer) for answer in answers} - {None}
    agreed = said.pop() if len(said) == 1 else None
    return None if agreed is None else IdentityVerdict(agreed)


def compared(a: Person, b: Person) -> list[tuple[str, str]]:
    """How two records of one NIK relate, field by field: same, alike (a spelling apart), different or missing."""
    return [
        ("name", _relation_of_names(a.name_key, b.name_key)),
        ("birth_date", _relation(a.birth_date, b.birth_date)),
        ("sex", _relation(a.sex, b.sex)),
        ("mother", _relation_of_names(a.mother_key, b.mother_key)),
        ("kk", "missing" if not (a.kks and b.kks) else "same" if a.kks & b.kks else "different"),
    ]


def _relation(a: date | Sex | None, b: date | Sex | None) -> str:
    return "missing" if a is None or b is None else "same" if a == b else "different"


def _relation_of_names(a: str, b: str) -> str:
    if not a or not b:
        return "missing"
    return "same" if a == b else "alike" if name_similarity(a, b) >= SAME_NAME_MIN else "different"


def pair_key(a: Person, b: Person) -> bytes:
    """32 bytes, the same whichever comes first: SHA-256 over the compared fields of both."""
    first, second = sorted((_compared(a), _compared(b)))
    return sha256(_PAIR + first + second).digest()


def _compared(person: Person) -> bytes:
    day = person.birth_date.isoformat() if person.birth_date else ""
    sex = person.sex.value if person.sex else ""
    return _encode((person.nik or "", person.name_key, sorted(person.kks), day, sex, person.mother_key))
