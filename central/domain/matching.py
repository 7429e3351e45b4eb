"""Are two records about one person? Names made comparable, and the band that says how sure we are.

What it is for: one careful answer for imports, proposals and rosters.
What it must never do: merge or refuse anybody because of a name alone (SUYANTO and SUYATNO are two men, NUR HASAN and NUR
HASANAH a man and a woman), nor because two NIKs differ by one digit (neighbours in the registry do); nor show a name key
to anyone: it is for comparing only.
Place in the flow: whoever stores a person stores `protocol.names.name_key(name)` beside the name; `compare` then never
normalises again.
"""

import enum
from datetime import date

from msgspec import Struct
from rapidfuzz.distance import JaroWinkler

from protocol.ids import Kk, Nik, Sex, VillageCode, is_placeholder

SAME_NAME_MIN = 0.85
"""Jaro-Winkler on name keys, from which two spellings may be one name. Never enough by itself."""


def name_similarity(key_a: str, key_b: str) -> float:
    """0 to 1 of two name keys; a missing name is like no other, not even another missing one."""
    if not key_a or not key_b:
        return 0.0
    return 1.0 if key_a == key_b else JaroWinkler.normalized_similarity(key_a, key_b)


# -------------------------------------------------------------------------------------------------- persons


class Person(Struct, frozen=True, kw_only=True):
    """What one record says about a person; None or empty where it says nothing.

    `birth_date` is the *recorded* one: a date read out of the NIK would only repeat the NIK. `kks` are all cards the person
    was ever on.
    """

    nik: Nik | None
    name_key: str
    kks: frozenset[Kk] = frozenset()
    birth_date: date | None = None
    sex: Sex | None = None
    mother_key: str = ""
    village: VillageCode | None = None


class Band(enum.Enum):
    """How sure we are, and so who acts: the program only on CERTAIN, a human on the two below, nobody on the rest."""

    CERTAIN = "certain"
    IDENTITY_CONFLICT = "identity_conflict"
    LIKELY = "likely"
    POSSIBLE = "possible"
    NONE = "none"


_WEAK_DAYS = frozenset([(1, 1), (1, 7), (30, 6), (31, 12)])
"""Days and months written where the birth date is not known; half a hamlet shares them."""


def compare(a: Person, b: Person) -> Band:
    """The band of two records, the same whichever comes first."""
    has_same_name = name_similarity(a.name_key, b.name_key) >= SAME_NAME_MIN
    nik_a, nik_b = match_nik(a.nik), match_nik(b.nik)
    if nik_a is not None and nik_a == nik_b:
        return Band.CERTAIN if has_same_name or _is_same_birth_date(a, b) else Band.IDENTITY_CONFLICT
    if not has_same_name:
        return Band.NONE
    is_kin = bool(_shared_kks(a, b)) or name_similarity(a.mother_key, b.mother_key) >= SAME_NAME_MIN
    if nik_a is not None and nik_b is not None:
        # Two good NIKs that differ are two people (twins share all the rest), unless one was mistyped into another good
        # one. Whoever wants to look may; nobody is held for it.
        return Band.POSSIBLE if is_kin and _is_same_birth_date(a, b) else Band.NONE
    if is_kin and _is_same_birth_date(a, b) and a.sex is not None and a.sex is b.sex:
        return Band.LIKELY
    return Band.POSSIBLE if is_kin or _is_near_birth_date(a, b) else Band.NONE


def match_nik(nik: Nik | None) -> Nik | None:
    """The NIK as a key to find somebody by: None for a placeholder, which is on many people's papers."""
    return None if nik is None or is_placeholder(nik) else nik


def _shared_kks(a: Person, b: Person) -> frozenset[Kk]:
    return frozenset(kk for kk in a.kks & b.kks if not is_placeholder(kk))


def _is_same_birth_date(a: Person, b: Person) -> bool:
    """Equal, and no placeholder date: two old women of 1 July prove nothing."""
    return a.birth_date is not None and a.birth_date == b.birth_date and not _is_weak(a.birth_date)


def _is_weak(day: date) -> bool:
    return (day.day, day.month) in _WEAK_DAYS


def _is_near_birth_date(a: Person, b: Person) -> bool:
    """Equal, or equal with day and month swapped, as spreadsheets do."""
    if a.birth_date is None or b.birth_date is None or _is_weak(a.birth_date) or _is_weak(b.birth_date):
        return False
    swapped = (b.birth_date.year, b.birth_date.day, b.birth_date.month)
    return a.birth_date == b.birth_date or (a.birth_date.year, a.birth_date.month, a.birth_date.day) == swapped
