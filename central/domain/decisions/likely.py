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
from rapidfuzz.distance import Hamming

from central.domain.decisions.facts import Coverage, Proposal
from central.domain.decisions.neighbourhood import Pairs, at_home, verdict_key
from central.domain.matching import (
    LOOSE_NAME_MIN,
    Band,
    NikLink,
    Person,
    compare,
    is_weak,
    name_similarity,
    nik_link,
)
from central.domain.whole_lists import match_lists, match_within
from protocol.ids import DAY_OFFSET_WOMAN, Sex
from protocol.names import name_key


class Known(Struct, frozen=True):
    """A proposal's record or a coverage's reference, and whom it is about."""

    record: bytes
    person: Person


def known_of(fact: Proposal | Coverage) -> Known:
    return Known(fact.record if isinstance(fact, Proposal) else fact.reference, at_home(fact))


class Trace(Struct, frozen=True, gc=False):
    """What of a record tells at a glance that two are not one person. `day`: when its person was born, empty where nothing
    tells; `is_vague`: no more is known than the year of that day. `name`: as it is written, or a key of it; `nik`: the
    one it is found by, or empty; `is_good`: that NIK agrees with its own birth date and sex.
    """

    record: bytes
    day: str
    is_vague: bool
    sex: str
    nik: str
    is_good: bool
    name: str


def trace(record: bytes, birth_date: str, sex: str, nik: str | None, name: str) -> Trace:
    """Where a day is written that is written for want of a better one, the NIK may know it."""
    day, is_weak = _day(birth_date)
    number = nik or ""
    is_good = bool(number) and _agrees(number, day, is_weak, sex)
    if is_weak and is_good and number[10:12] == day[2:4]:
        born = _day(f"{day[:4]}-{number[8:10]}-{int(number[6:8]) % DAY_OFFSET_WOMAN:02d}")[0]
        return Trace(record, born or day, not born, sex, number, is_good, name)
    return Trace(record, day, is_weak, sex, number, is_good, name)


@lru_cache(maxsize=65_536)
def days_beside(day: str) -> tuple[str, ...]:
    """The days of birth of whoever is compared with somebody born on a day: that day, or with day and month mixed up. Beside
    them whoever was born in that year, where of one of the two no more is known.
    """
    year, month, number = day.split("-")
    swapped = _day(f"{year}-{number}-{month}")[0] if number <= "12" and number != month else ""
    return (day, swapped) if swapped else (day,)


SLIP_DIGITS_MAX = 2
"""One digit, or two that were swapped."""


def may_be_likely(a: Trace, b: Trace) -> bool:
    """False only where `compare` could not say LIKELY: of another sex; by a name that is unlike; or of two good numbers that
    no slip parts, which weigh more than a birth date, a name and a house together.
    """
    if a.sex and b.sex and a.sex != b.sex:
        return False
    if a.nik and a.nik == b.nik:
        return False
    if (
        a.is_good
        and b.is_good
        and (Hamming.distance(a.nik, b.nik) > SLIP_DIGITS_MAX or nik_link(a.nik, b.nik) is not NikLink.SLIP)
    ):
        return False
    return name_similarity(_name_key(a.name), _name_key(b.name)) >= LOOSE_NAME_MIN


_name_key = lru_cache(maxsize=65_536)(name_key)


def likely_key(one: Proposal, other: Proposal | Coverage) -> bytes | None:
    """The key of what may be said of the two where they are LIKELY one person."""
    a, b = known_of(one).person, known_of(other).person
    return verdict_key(a, b) if compare(a, b) is Band.LIKELY else None


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
    if sex in _SEXES and (sex == _WOMAN) is not (day > DAY_OFFSET_WOMAN):
        return False
    if not birth_date or is_weak:
        return True
    if nik[10:12] != birth_date[2:4]:
        return False
    # a day and a month that were mixed up are the date's fault
    pair = day % DAY_OFFSET_WOMAN, int(nik[8:10])
    month, born = int(birth_date[5:7]), int(birth_date[8:10])
    return pair in ((born, month), (month, born))


_WOMAN = Sex.FEMALE.value
_SEXES = frozenset(sex.value for sex in Sex)


def likely_pairs(proposed: Sequence[Known], covered: Sequence[Known]) -> Pairs:
    """By record of a proposal, the others that are LIKELY about its person, each with the key of what may be said of the
    two. Two proposals name each other. Withdrawn proposals are not to be given.
    """
    people = [each.person for each in proposed]
    found: dict[bytes, dict[bytes, bytes]] = {}

    def note(one: Known, other: Known) -> None:
        found.setdefault(one.record, {})[other.record] = verdict_key(one.person, other.person)

    for i, j, band in match_within(people).pairs:
        if band is Band.LIKELY:
            note(proposed[i], proposed[j])
            note(proposed[j], proposed[i])
    for i, j, band in match_lists(people, [each.person for each in covered]).pairs:
        if band is Band.LIKELY:
            note(proposed[i], covered[j])
    return found
