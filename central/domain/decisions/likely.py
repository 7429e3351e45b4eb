"""Who is probably one person under two numbers: proposals among themselves, and with coverages. Pure.

What it is for: somebody whose NIK is wrong on one list is held for the village to confirm, not paid twice.
What it must never do: refuse anybody. `walk` holds who is likely until a person has judged (`identities`), and treats two
as one only when a person has said so.
Place in the flow: records of one day of birth, or of one year where a day is not known (central/store/likely), or whole
lists -> here -> `Case(..., likely)`.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace
from rapidfuzz.distance import Hamming

from central.domain.decisions.facts import Coverage, Proposal
from central.domain.decisions.walk import Pairs, covered_person, person_of
from central.domain.decisions.wording import home_of
from central.domain.identities import pair_key
from central.domain.matching import LOOSE_NAME_MIN, Band, Person, compare, is_weak, name_similarity
from central.domain.whole_lists import match_lists, match_within
from protocol.ids import DAY_OFFSET_WOMAN, Kk, Sex, VillageCode


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


class Trace(Struct, frozen=True, gc=False):
    """What of a record tells at a glance that two are not one person. `day`: its birth date, empty where none can be read;
    `nik` and `kk`: those it is found by, or empty; `is_good`: that NIK agrees with its own birth date and sex.
    """

    record: bytes
    day: str
    is_weak: bool
    sex: str
    nik: str
    kk: str
    is_good: bool


def trace(record: bytes, birth_date: str, sex: str, nik: str | None, kk: str | None) -> Trace:
    day, is_weak = _day(birth_date)
    number = nik or ""
    return Trace(record, day, is_weak, sex, number, kk or "", bool(number) and _agrees(number, day, is_weak, sex))


def days_beside(one: Trace) -> tuple[str, ...]:
    """The days of birth of whoever is compared with somebody born on a day that is known: that day, or with day and month
    mixed up. Of one year are compared those of whom one has a day that is written where none is known.
    """
    if not one.day or one.is_weak:
        return ()
    year, month, day = one.day.split("-")
    swapped = _day(f"{year}-{day}-{month}")[0] if day <= "12" and day != month else ""
    return (one.day, swapped) if swapped else (one.day,)


SLIP_DIGITS_MAX = 2
"""Digits in which two NIKs differ that one slip parts: one, or two that were swapped."""


def may_be_likely(a: Trace, b: Trace) -> bool:
    """False only where `compare` could not say LIKELY, whatever the names: two good numbers that no slip parts weigh more
    than a birth date, a name, a village and a mother; somebody without a sex on paper is of either.
    """
    if a.sex and b.sex and a.sex != b.sex:
        return False
    if not (a.is_good and b.is_good) or (a.kk and a.kk == b.kk):
        return a.nik != b.nik or not a.nik
    return 0 < Hamming.distance(a.nik, b.nik) <= SLIP_DIGITS_MAX


def likely_key(one: Proposal, other: Proposal | Coverage) -> bytes | None:
    """The key of what may be said of the two where they are LIKELY one person."""
    a, b = known_of(one).person, known_of(other).person
    if name_similarity(a.name_key, b.name_key) < LOOSE_NAME_MIN or compare(a, b) is not Band.LIKELY:
        return None
    return _key(a, b)


@lru_cache(maxsize=65_536)
def _day(birth_date: str) -> tuple[str, bool]:
    """Empty where it is no date as we write one; is it one that is written where none is known?"""
    try:
        day = date.fromisoformat(birth_date)
    except ValueError:
        return "", False
    return (birth_date, is_weak(day)) if day.isoformat() == birth_date else ("", False)


def _agrees(nik: str, birth_date: str, is_weak: bool, sex: str) -> bool:
    """What `matching.has_good_nik` says of the whole record, from its texts: every record of a birth date passes here."""
    day = int(nik[6:8])
    is_woman = day > DAY_OFFSET_WOMAN
    if sex in _SEXES and (sex == Sex.FEMALE.value) is not is_woman:
        return False
    if not birth_date or is_weak:
        return True
    first = f"{day - DAY_OFFSET_WOMAN:02d}" if is_woman else nik[6:8]
    pair = birth_date[8:10], birth_date[5:7]
    return nik[10:12] == birth_date[2:4] and (first, nik[8:10]) in (pair, pair[::-1])


_SEXES = frozenset(sex.value for sex in Sex)


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
