"""Are two records about one person? Names made comparable, and the band that says how sure we are.

What it is for: one careful answer for imports, proposals and rosters.
What it must never do: merge or refuse anybody because of a name alone (SUYANTO and SUYATNO are two men, NUR HASAN and NUR
HASANAH a man and a woman), nor because two NIKs differ by one digit (neighbours in the registry do); nor show a name key
to anyone: it is for comparing only.
Place in the flow: whoever stores a person stores `name_key(name)` beside the name; `compare` then never normalises again.
"""

import enum
import re
import unicodedata
from datetime import date

from msgspec import Struct
from rapidfuzz.distance import JaroWinkler

from protocol.ids import Kk, Nik, Sex, VillageCode, is_placeholder

NAME_CHARS_MAX = 300
"""Longer text is no name; the rest is not looked at, so that a giant field costs nothing."""
SAME_NAME_MIN = 0.85
"""Jaro-Winkler on name keys, from which two spellings may be one name. Never enough by itself."""

# ------------------------------------------------------------------------------------------------ name keys


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Titles count only as whole words at the edges: H. SUTRISNO and SUTRISNO, S.PD are SUTRISNO, HAMIDAH stays HAMIDAH.

_LEADING_TITLES = _words(
    "H HJ HJH HAJI HAJJAH KH KYAI KIAI NYAI UST USTAD USTADZ USTADZAH USTADZH DR DRS DRA DRG DRH IR PROF R RA RADEN RR "
    "BAPAK BPK BP IBU SDR SDRI TN NY NN AN ALM ALMH ALMARHUM ALMARHUMAH"
)
_TRAILING_TITLES = _words(
    "ALM ALMH ALMARHUM ALMARHUMAH SPD SPDI SPDSD SAG SE SEI SH SHI SIP SKM SKOM SKEP SP SPT SPI SS SSI SSOS SSOSI SST ST "
    "STP STHI SPSI SFARM SHUM MPD MPDI MM MSI MH MHI MKES MAG MKOM MAP AMD AMAPD AMK AMKEB AMDKEB BA BSC LC NERS"
)
_TITLE_WORDS_MAX = 3
"""`S Pd I` is one title in three words."""

_MUHAMMAD = _words(
    "M MD MHD MOH MOHD MUH MUCH MOCH MOHAMAD MOHAMMAD MOHAMED MOHAMMED MUHAMAD MUHAMMAD MUHAMMED MOCHAMAD MOCHAMMAD "
    "MUCHAMAD MUCHAMMAD MOKHAMAD MUKHAMAD"
)
_FIRST_WORDS = {
    **dict.fromkeys(_MUHAMMAD, "MUHAMAD"),
    **dict.fromkeys(_words("ACH ACHMAD ACHMAT AHMAD AHMAT AHMED AKHMAD"), "AHMAD"),
    **dict.fromkeys(_words("ABD ABDL ABDOEL ABDUL"), "ABDUL"),
    **dict.fromkeys(_words("ST STI SITI SITTI SITY"), "SITI"),
}
"""Variants that mean one name where they stand first and another word follows."""

_SPELLINGS = (
    ("OE", "U"),
    ("DJ", "J"),
    ("TJ", "C"),
    ("SJ", "S"),
    ("SY", "S"),
    ("CH", "H"),
    ("KH", "H"),
    ("V", "F"),
)
_BREAKS = re.compile(r"[.\-/()]+")
_DOUBLED = re.compile(r"(.)\1+")
_APOSTROPHES = re.compile(r"['`\u2018\u2019\u02bc\u02bb]")


def name_key(name: str) -> str:
    """The compare-only form of a name: capitals without blanks; empty where the text holds no letters."""
    words = _strip_titles(_split_words(name))
    if len(words) > 1:
        words[0] = _FIRST_WORDS.get(words[0], words[0])
    key = "".join(words)
    for written, heard in _SPELLINGS:
        key = key.replace(written, heard)
    return _DOUBLED.sub(r"\1", key)


def _split_words(name: str) -> list[str]:
    """Capital letters in words; accents dropped, what follows the first comma cut off, as titles do."""
    plain = name[:NAME_CHARS_MAX].upper()
    if plain.isascii() and plain.replace(" ", "").isalpha():
        return plain.split()  # nine names in ten
    if not plain.isascii():  # most names are, and lists have hundreds of thousands
        plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", plain).upper())
        plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words: list[str] = []
    for chunk in _APOSTROPHES.sub("", plain).split(",", 1)[0].split():
        joined = chunk.replace(".", "")
        # S.PD is one title, but MOCH.ALI is two words.
        parts = [joined] if joined in _TRAILING_TITLES else _BREAKS.split(chunk)
        words += [part if part.isalpha() else "".join(filter(str.isalpha, part)) for part in parts]
    return [word for word in words if word]


def _strip_titles(words: list[str]) -> list[str]:
    """At least one word stays: a man called H. is still somebody."""
    while len(words) > 1 and words[0] in _LEADING_TITLES:
        words = words[1:]
    while (length := _trailing_title(words)) > 0:
        words = words[:-length]
    return words


def _trailing_title(words: list[str]) -> int:
    """How many words at the end make up a title; 0 for none."""
    for length in range(min(_TITLE_WORDS_MAX, len(words) - 1), 0, -1):
        if "".join(words[-length:]) in _TRAILING_TITLES:
            return length
    return 0


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
