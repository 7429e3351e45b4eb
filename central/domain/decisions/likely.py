"""Who is probably one person under two numbers: proposals among themselves, and with coverages. Pure.

What it is for: somebody whose NIK is wrong on one list is held for the village to confirm, not paid twice.
What it must never do: refuse anybody. `walk` holds who is likely until a person has judged (`identities`), and treats two
as one only when a person has said so.
Place in the flow: records that share a birth date (central/store/likely), or whole lists -> here ->
`Case(..., likely)`.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from central.domain.decisions.facts import Coverage, Proposal
from central.domain.decisions.walk import Pairs, covered_person, person_of
from central.domain.decisions.wording import home_of
from central.domain.identities import pair_key
from central.domain.matching import LOOSE_NAME_MIN, Band, Person, compare, name_similarity
from central.domain.whole_lists import match_lists, match_within
from protocol.ids import Kk, VillageCode


class Known(Struct, frozen=True):
    """A proposal's record or a coverage's reference, and whom it is about."""

    record: bytes
    person: Person


def known_of(fact: Proposal | Coverage) -> Known:
    """With the card and village that a verdict does not rest on, but a likeness does."""
    if isinstance(fact, Proposal):
        return Known(fact.record, _at_home(person_of(fact), fact.match_kk, fact.village))
    return Known(fact.reference, _at_home(covered_person(fact), fact.kk, fact.village))


def _at_home(person: Person, card: str | None, village: str) -> Person:
    return replace(person, kks=frozenset([Kk(card)] if card else ()), village=_village(village))


@lru_cache(maxsize=1_024)
def _village(code: str) -> VillageCode | None:
    home = home_of(code)
    return VillageCode(home.code) if home else None


def likely_among(new: Sequence[Known], known: Iterable[Known]) -> list[tuple[bytes, bytes, bytes]]:
    """(record, the other's record, key of what may be said of the two) of records of one block: the new ones
    with each other and with those known, each pair once."""
    found = []
    others = [*known]
    for at, one in enumerate(new):
        for other in (*others, *new[at + 1 :]):
            a, b = one.person, other.person
            if one.record == other.record or name_similarity(a.name_key, b.name_key) < LOOSE_NAME_MIN:
                continue
            if compare(a, b) is Band.LIKELY:
                found.append((one.record, other.record, _key(a, b)))
    return found


def _key(a: Person, b: Person) -> bytes:
    """A card changes and a verdict must not rest on it."""
    return pair_key(replace(a, kks=frozenset()), replace(b, kks=frozenset()))


def likely_pairs(proposed: Sequence[Known], covered: Sequence[Known]) -> Pairs:
    """By record of a proposal, the others that are LIKELY about its person, each with the key of what may be said of the
    two. Two proposals name each other. Withdrawn proposals are not to be given.
    """
    people = [each.person for each in proposed]
    found: dict[bytes, dict[bytes, bytes]] = {}

    def note(one: Known, other: Known) -> None:
        found.setdefault(one.record, {})[other.record] = _key(one.person, other.person)

    for i, j, band in match_within(people).pairs:
        if band is Band.LIKELY:
            note(proposed[i], proposed[j])
            note(proposed[j], proposed[i])
    for i, j, band in match_lists(people, [each.person for each in covered]).pairs:
        if band is Band.LIKELY:
            note(proposed[i], covered[j])
    return found
