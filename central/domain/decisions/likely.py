"""Who is probably one person under two numbers: proposals among themselves, and with coverages. Pure.

What it is for: somebody whose NIK is wrong on one list is held for the village to confirm, not paid twice.
What it must never do: refuse anybody. `walk` holds who is likely until a person has judged (`identities`), and treats two
as one only when a person has said so.
Place in the flow: the records of whole lists -> here -> `Case(..., likely)`.
"""

from collections.abc import Sequence

from msgspec import Struct

from central.domain.decisions.neighbourhood import Pairs
from central.domain.identities import pair_key
from central.domain.matching import Band, Person
from central.domain.whole_lists import match_lists, match_within


class Known(Struct, frozen=True):
    """A proposal's record or a coverage's reference, and whom it is about."""

    record: bytes
    person: Person


def likely_pairs(proposed: Sequence[Known], covered: Sequence[Known]) -> Pairs:
    """By record of a proposal, the others that are LIKELY about its person, each with the key of what may be said of the
    two. Two proposals name each other. Withdrawn proposals are not to be given.
    """
    people = [each.person for each in proposed]
    found: dict[bytes, dict[bytes, bytes]] = {}

    def note(one: Known, other: Known) -> None:
        found.setdefault(one.record, {})[other.record] = pair_key(one.person, other.person)

    for i, j, band in match_within(people).pairs:
        if band is Band.LIKELY:
            note(proposed[i], proposed[j])
            note(proposed[j], proposed[i])
    for i, j, band in match_lists(people, [each.person for each in covered]).pairs:
        if band is Band.LIKELY:
            note(proposed[i], covered[j])
    return found
