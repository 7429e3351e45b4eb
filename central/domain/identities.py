"""Identity verdicts: what a person said about two records that one NIK ties together. Pure.

A verdict is about what the two records say, not about their places: its key is a hash of the fields that were compared.
So it holds for the same two records in the next cycle and the next list, and the question opens again when one of those
fields has changed. Place in the flow: an officer judges on a decision's page -> central/store/identities -> `decide`.
"""

from enum import StrEnum
from hashlib import sha256

import msgspec
from msgspec import Struct

from central.domain.matching import Person

_PAIR = b"kampung/identity/1"
_encode = msgspec.msgpack.Encoder().encode


class Identity(StrEnum):
    """What a person can say. OVERLAP_ALLOWED: one person, who may have both until a month."""

    SAME = "same"
    DIFFERENT = "different"
    OVERLAP_ALLOWED = "overlap_allowed"


class IdentityVerdict(Struct, frozen=True):
    """`until`: the last month in which both are allowed (12 * year + month - 1); 0 for the other two."""

    identity: Identity
    until: int = 0

    def allows(self, first_until: int, second_until: int) -> bool:
        """May two that end in these months stand beside each other? Their last common month decides."""
        return self.identity is Identity.OVERLAP_ALLOWED and min(first_until, second_until) <= self.until


def pair_key(a: Person, b: Person) -> bytes:
    """32 bytes, the same whichever comes first: SHA-256 over the compared fields of both."""
    first, second = sorted((_compared(a), _compared(b)))
    return sha256(_PAIR + first + second).digest()


def _compared(person: Person) -> bytes:
    day = person.birth_date.isoformat() if person.birth_date else ""
    sex = person.sex.value if person.sex else ""
    return _encode((person.nik or "", person.name_key, sorted(person.kks), day, sex, person.mother_key))
