"""Are two records about one person? The evidence that two records give, and the band that says how sure we are.

What it is for: one careful answer for imports, proposals and rosters.
What it must never do: merge or refuse anybody because of a name alone (SUYANTO and SUYATNO are two men, NUR HASAN and NUR
HASANAH a man and a woman), nor because two NIKs differ by one digit (neighbours in the registry do); nor show a name key
to anyone: it is for comparing only. Only CERTAIN acts by itself, and only one valid NIK makes certain.
Place in the flow: whoever stores a person stores `protocol.names.name_key(name)` beside the name; `compare` then never
normalises again. `blocking` says which records are worth comparing, `whole_lists` compares two lists.
"""

import enum
from datetime import date
from functools import lru_cache

from msgspec import Struct
from rapidfuzz.distance import JaroWinkler

from protocol.ids import (
    DAY_OFFSET_WOMAN,
    NUMBER_LENGTH,
    Kk,
    Nik,
    NikProblem,
    Sex,
    VillageCode,
    is_placeholder,
    parse_kk,
    parse_nik,
)
from protocol.names import name_key

SAME_NAME_MIN = 0.85
"""Jaro-Winkler on name keys, from which two spellings may be one name. Never enough by itself."""
CLOSE_NAME_MIN = 0.93
"""From here a difference is a letter or two."""
LOOSE_NAME_MIN = 0.75
"""Below nothing else is looked at; up to SAME_NAME_MIN a name proves nothing, and everything else has to."""
PART_LENGTH_MIN = 4
"""Letters of a name that count as a part of a longer one: AMINAH of SITI AMINAH."""


def name_similarity(key_a: str, key_b: str) -> float:
    """0 to 1 of two name keys; a missing name is like no other, not even another missing one."""
    if not key_a or not key_b:
        return 0.0
    return 1.0 if key_a == key_b else JaroWinkler.normalized_similarity(key_a, key_b)


# -------------------------------------------------------------------------------------------------- persons


class Person(Struct, frozen=True, kw_only=True, gc=False):
    """What one record says about a person; None or empty where it says nothing.

    `birth_date` is the *recorded* one: a date read out of the NIK would only repeat the NIK. `kks` are all cards the person
    was ever on. `broken_nik`: sixteen digits that are no NIK; nobody is found by them, but they may be one slip from one.
    """

    nik: Nik | None
    name_key: str
    kks: frozenset[Kk] = frozenset()
    birth_date: date | None = None
    sex: Sex | None = None
    mother_key: str = ""
    village: VillageCode | None = None
    rt: str = ""
    rw: str = ""
    broken_nik: str = ""


def person_of(
    *,
    nik: str,
    name: str,
    kks: tuple[str, ...] = (),
    birth_date: date | None = None,
    sex: Sex | None = None,
    mother: str = "",
    village: VillageCode | None = None,
    rt: str = "",
    rw: str = "",
) -> Person:
    """A person from the texts of a list. What is no NIK or no KK is left out; RT `005` and `5` are one."""
    number, cards = parse_nik(nik), [parse_kk(kk) for kk in kks]
    digits = nik.strip()
    is_broken = (
        isinstance(number, NikProblem) and len(digits) == NUMBER_LENGTH and digits.isascii() and digits.isdigit()
    )
    return Person(
        nik=None if isinstance(number, NikProblem) else number,
        name_key=name_key(name),
        kks=frozenset(kk for kk in cards if isinstance(kk, str) and not is_placeholder(kk)),
        birth_date=birth_date,
        sex=sex,
        mother_key=name_key(mother),
        village=village,
        rt=rt.strip().lstrip("0"),
        rw=rw.strip().lstrip("0"),
        broken_nik=digits if is_broken else "",
    )


def match_nik(nik: Nik | None) -> Nik | None:
    """The NIK as a key to find somebody by: None for a placeholder, which is on many people's papers."""
    return None if nik is None or is_placeholder(nik) else nik


# -------------------------------------------------------------------------------------------------- evidence


class NikLink(enum.Enum):
    """SLIP: one digit differs, or two neighbouring digits are swapped. NEAR: no more than two slips apart."""

    SAME = "same"
    SLIP = "slip"
    NEAR = "near"
    FAR = "far"
    UNKNOWN = "unknown"


class DateLink(enum.Enum):
    """WEAK: of one year, and one of the two is a day that is written where the birth date is not known."""

    SAME = "same"
    SWAPPED = "swapped"
    SLIP = "slip"
    WEAK = "weak"
    OTHER = "other"
    UNKNOWN = "unknown"


class HomeLink(enum.Enum):
    """NEIGHBOUR: of one RT and RW of a village."""

    NEIGHBOUR = "neighbour"
    VILLAGE = "village"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"


class Evidence(Struct, frozen=True, kw_only=True):
    """What two records say about each other, the same whichever comes first.

    `are_niks_good`: both have a valid NIK that agrees with their own birth date and sex, so a slip in it is improbable.
    `are_serials_near`: the NIKs are one but for a serial number close by, as those of twins are. `name` and `mother` are
    similarities, `mother` None where one record has none. `is_part`: one name is a part of the other.
    """

    nik: NikLink
    are_niks_good: bool
    are_serials_near: bool
    birth_date: DateLink
    has_same_sex: bool | None
    name: float
    is_part: bool
    mother: float | None
    has_shared_kk: bool
    has_both_kks: bool
    home: HomeLink


def weigh(a: Person, b: Person) -> Evidence:
    link, are_serials_near = _nik_link(a, b)
    return Evidence(
        nik=link,
        are_niks_good=has_good_nik(a) and has_good_nik(b),
        are_serials_near=are_serials_near,
        birth_date=date_link(a.birth_date, b.birth_date),
        has_same_sex=None if a.sex is None or b.sex is None else a.sex is b.sex,
        name=name_similarity(a.name_key, b.name_key),
        is_part=_is_part(a.name_key, b.name_key),
        mother=_mother(a.mother_key, b.mother_key),
        has_shared_kk=bool(_cards(a) & _cards(b)),
        has_both_kks=bool(_cards(a) and _cards(b)),
        home=_home_link(a, b),
    )


NEAR_DIGITS_MAX = 4
"""Two slips change one to four digits."""
TWIN_SERIALS_APART_MAX = 3
"""Twins are registered one after the other, or nearly."""
_SERIAL_AT = 12


def nik_link(one: str, other: str) -> NikLink:
    """Of two times sixteen digits."""
    places = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if not places:
        return NikLink.SAME
    is_swap = (
        len(places) == 2
        and places[1] - places[0] == 1
        and (one[places[0]], one[places[1]]) == (other[places[1]], other[places[0]])
    )
    if len(places) == 1 or is_swap:
        return NikLink.SLIP
    return NikLink.NEAR if len(places) <= NEAR_DIGITS_MAX else NikLink.FAR


def _nik_link(a: Person, b: Person) -> tuple[NikLink, bool]:
    """A broken NIK has its say too; two that are equal came from one hand, which proves no more than a slip."""
    one, other = match_nik(a.nik) or a.broken_nik, match_nik(b.nik) or b.broken_nik
    if not one or not other:
        return NikLink.UNKNOWN, False
    link = nik_link(one, other)
    if link is NikLink.SAME and match_nik(a.nik) is None:
        return NikLink.SLIP, False
    apart = abs(int(one[_SERIAL_AT:]) - int(other[_SERIAL_AT:]))
    return link, one[:_SERIAL_AT] == other[:_SERIAL_AT] and 0 < apart <= TWIN_SERIALS_APART_MAX


def has_good_nik(person: Person) -> bool:
    """A valid NIK whose birth date and sex are those of the record; a day or month that was mixed up is the date's fault."""
    nik, born = match_nik(person.nik), person.birth_date
    if nik is None:
        return False
    day, month, year = int(nik[6:8]), int(nik[8:10]), int(nik[10:12])
    is_woman = day > DAY_OFFSET_WOMAN
    if person.sex is not None and (person.sex is Sex.FEMALE) != is_woman:
        return False
    if born is None or is_weak(born):
        return True
    day -= DAY_OFFSET_WOMAN if is_woman else 0
    return born.year % 100 == year and (born.day, born.month) in ((day, month), (month, day))


WEAK_DAYS = ("01-01", "07-01", "06-30", "12-31")
"""Months and days written where the birth date is not known; half a hamlet shares them."""
_WEAK_DAYS = frozenset((int(day[:2]), int(day[3:])) for day in WEAK_DAYS)


def is_weak(day: date) -> bool:
    return (day.month, day.day) in _WEAK_DAYS


@lru_cache(maxsize=65_536)
def date_link(a: date | None, b: date | None) -> DateLink:
    if a is None or b is None:
        return DateLink.UNKNOWN
    if is_weak(a) or is_weak(b):
        return DateLink.WEAK if a.year == b.year else DateLink.OTHER
    if a == b:
        return DateLink.SAME
    if (a.year, a.month, a.day) == (b.year, b.day, b.month):
        return DateLink.SWAPPED
    differing = sum(one != other for one, other in zip(a.isoformat(), b.isoformat(), strict=True))
    return DateLink.SLIP if differing == 1 else DateLink.OTHER


def _mother(key_a: str, key_b: str) -> float | None:
    if not key_a or not key_b:
        return None
    return 1.0 if _is_part(key_a, key_b) else name_similarity(key_a, key_b)


def _is_part(key_a: str, key_b: str) -> bool:
    short, long = (key_a, key_b) if len(key_a) < len(key_b) else (key_b, key_a)
    return len(short) >= PART_LENGTH_MIN and short in long


def _cards(person: Person) -> frozenset[Kk]:
    return frozenset(kk for kk in person.kks if not is_placeholder(kk))


def _home_link(a: Person, b: Person) -> HomeLink:
    if a.village is None or b.village is None:
        return HomeLink.UNKNOWN
    if a.village != b.village:
        return HomeLink.ELSEWHERE
    is_near = bool(a.rt and a.rw) and (a.rt, a.rw) == (b.rt, b.rw)
    return HomeLink.NEIGHBOUR if is_near else HomeLink.VILLAGE


# ----------------------------------------------------------------------------------------------------- bands


class Band(enum.Enum):
    """How sure we are, and so who acts: the program only on CERTAIN, a human on the two below, nobody on the rest."""

    CERTAIN = "certain"
    IDENTITY_CONFLICT = "identity_conflict"
    LIKELY = "likely"
    POSSIBLE = "possible"
    NONE = "none"


LIKELY_MIN, POSSIBLE_MIN = 24, 17
"""Bits. In the 15 thousand million pairs of 50,000 against 300,000 rows some thousands are one person: one in 2^21. With
three bits more eight of nine pairs would be right; the best measured, too (docs/adr/0007-matching.md)."""

# What each piece is worth: how many times as often it is found on one person's two records as on two people's, as a power
# of two. Dates: 22,000 days of birth. Names: few words are very common. Homes: 217 villages, about 50 RT/RW in each.
# A NIK says the date too: beside an equal date a slip is worth less, and two good NIKs of one date are near as a rule.
DATE_BITS = {
    DateLink.SAME: 14,
    DateLink.SWAPPED: 10,
    DateLink.SLIP: 6,
    DateLink.WEAK: 5,
    DateLink.UNKNOWN: 0,
    DateLink.OTHER: -7,
}
SLIP_BITS, SLIP_OF_SAME_DATE_BITS, SLIP_OF_GOOD_NIKS_BITS = 10, 5, -2
FAR_BITS, TWO_GOOD_NIKS_BITS = -8, -15
_HOME_BITS = {HomeLink.NEIGHBOUR: 12, HomeLink.VILLAGE: 6, HomeLink.ELSEWHERE: -1, HomeLink.UNKNOWN: 0}
NAME_EQUAL_BITS, _NAME_CLOSE_BITS, _NAME_BITS, _NAME_LOOSE_BITS = 8, 6, 4, 0
_MOTHER_BITS, _MOTHER_OTHER_BITS, _KK_BITS, _OTHER_SEX_BITS = 7, -5, 12, -8
HOUSE_BITS_MAX = 16
"""Mother, card and address of brothers are one: together they prove a house, and no more. With it a birth date and a name do
not make one person of two good NIKs that no slip parts."""


def compare(a: Person, b: Person) -> Band:
    """The band of two records, the same whichever comes first."""
    return band(weigh(a, b))


def band(e: Evidence) -> Band:
    if e.nik is NikLink.SAME:
        return Band.CERTAIN if _is_one_person(e) else Band.IDENTITY_CONFLICT
    bits = _bits(e)
    if e.name < LOOSE_NAME_MIN or bits < POSSIBLE_MIN:
        return Band.NONE
    return Band.LIKELY if bits >= LIKELY_MIN and _may_be_likely(e) else Band.POSSIBLE


def _is_one_person(e: Evidence) -> bool:
    """Two records of one valid NIK. A slip may have made it of a neighbour's, who has the same birth date and a like name
    more often than one believes, or of a twin's, who has the same mother and card: so whatever speaks against it holds both.
    """
    is_like = e.name >= SAME_NAME_MIN or (e.is_part and e.birth_date is DateLink.SAME)
    if not is_like or e.has_same_sex is False:
        return False
    if e.mother is not None and e.mother < SAME_NAME_MIN:
        return False
    is_stranger = e.mother is None and e.has_both_kks and not e.has_shared_kk and e.home is HomeLink.ELSEWHERE
    return e.name == 1.0 or not (is_stranger or e.birth_date is DateLink.OTHER)


def _may_be_likely(e: Evidence) -> bool:
    """The sex must be known, if only from a NIK or one name: many lists have no column for it. Of two good NIKs with serial
    numbers close by the name must be one, letter by letter: twins are two people.
    """
    is_sex_told = e.nik is NikLink.SLIP or e.name == 1.0
    has_sex = e.has_same_sex or (e.has_same_sex is None and is_sex_told)
    may_be_twins = e.are_niks_good and e.are_serials_near and e.name < 1.0
    return has_sex and not may_be_twins


def _bits(e: Evidence) -> int:
    house = _HOME_BITS[e.home] + (_KK_BITS if e.has_shared_kk else 0)
    if e.mother is not None:
        house += _MOTHER_BITS if e.mother >= SAME_NAME_MIN else _MOTHER_OTHER_BITS
    sex = _OTHER_SEX_BITS if e.has_same_sex is False else 0
    return DATE_BITS[e.birth_date] + _nik_bits(e) + name_bits(e.name) + sex + min(house, HOUSE_BITS_MAX)


def _nik_bits(e: Evidence) -> int:
    """Two good NIKs are two people's, but for a slip that hit nothing their dates would show, or a person with two NIKs."""
    if e.nik is NikLink.UNKNOWN:
        return 0
    if e.are_niks_good and (e.nik is not NikLink.SLIP or e.birth_date in (DateLink.SLIP, DateLink.OTHER)):
        return TWO_GOOD_NIKS_BITS
    if e.nik is not NikLink.SLIP:
        return 0 if e.nik is NikLink.NEAR else FAR_BITS
    if e.birth_date is not DateLink.SAME:
        return SLIP_BITS
    return SLIP_OF_GOOD_NIKS_BITS if e.are_niks_good else SLIP_OF_SAME_DATE_BITS


def name_bits(likeness: float) -> int:
    if likeness == 1.0:
        return NAME_EQUAL_BITS
    if likeness >= CLOSE_NAME_MIN:
        return _NAME_CLOSE_BITS
    return _NAME_BITS if likeness >= SAME_NAME_MIN else _NAME_LOOSE_BITS
