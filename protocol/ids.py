"""Numbers that name a place, a person or a family card: village code, NIK and KK.

What it is for: one answer, at the counter and at the centre, to "is this number well formed, and what does it say?".
What it must never do: decide who a person is (that is matching), look anything up, or read a clock. It never repairs a
number: a wrong digit is reported, not guessed.
Place in the flow: under everything else; forms, ops, imports and decisions all parse their numbers here.
"""

import enum
import re
from datetime import date
from functools import lru_cache
from typing import NewType

VillageCode = NewType("VillageCode", str)
"""Ten ASCII digits in Kemendagri coding: province 2, regency 2, district (kecamatan) 2, village 4."""
DistrictCode = NewType("DistrictCode", str)
"""Six ASCII digits: the first six of a village code, and of a NIK."""
Nik = NewType("Nik", str)
"""Sixteen ASCII digits that passed `parse_nik`."""
Kk = NewType("Kk", str)
"""Sixteen ASCII digits that passed `parse_kk`: the number of a family card."""

NUMBER_LENGTH = 16
# The day of birth of a woman is written 40 higher (Permendagri 73/2022 and its predecessors).
DAY_OFFSET_WOMAN = 40
# Shown at the end of a masked number; enough to tell two cards on one table apart.
MASK_DIGITS_SHOWN = 4
# Shorter text than this is masked whole: four of seven characters would give most of it away.
MASK_LENGTH_MIN = 12
# A masked name shows at most this many words, so that no cell of a page can be filled by one name.
MASK_WORDS_MAX = 6

# Kemendagri province codes in force since 2022. A NIK keeps the code of its first registration for life.
PROVINCES = frozenset(
    str(code)
    for codes in (
        range(11, 20),
        (21,),
        range(31, 37),
        range(51, 54),
        range(61, 66),
        range(71, 77),
        (81, 82),
        range(91, 97),
    )
    for code in codes
)

_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS = frozenset(f"{day:02}{month:02}" for month, days in enumerate(_DAYS_OF_MONTH, 1) for day in range(1, days + 1))
"""DDMM as it may stand in a number, and below with the day of a woman."""
_DAYS_WOMAN = frozenset(f"{int(text[:2]) + DAY_OFFSET_WOMAN}{text[2:]}" for text in _DAYS)
_DIGITS = re.compile(r"[0-9]+")
_VILLAGE = re.compile(r"([0-9]{2})\.?([0-9]{2})\.?([0-9]{2})\.?([0-9]{4})")


class Sex(enum.Enum):
    """As printed on the family card: L (laki-laki) or P (perempuan)."""

    MALE = "L"
    FEMALE = "P"


# ---------------------------------------------------------------------------------------------- village code


class InvalidCode(ValueError):
    """Text that is no village or district code; the message says what to write instead."""


def parse_village_code(text: str) -> VillageCode:
    """Ten digits or the dotted form, else InvalidCode. Says nothing on whether the village exists (see regions)."""
    found = _VILLAGE.fullmatch(text.strip())
    if found is None:
        raise InvalidCode("a village code has ten digits; write it like 3510252010 or 35.10.25.2010")
    if found[1] not in PROVINCES:
        raise InvalidCode("a village code starts with a Kemendagri province code, such as 35 for East Java")
    if found[4][0] not in "12":
        # 3510120001 is how the statistics office (BPS) counts; its digits mean other places.
        raise InvalidCode(
            "the last four digits of a Kemendagri village code start with 1 (kelurahan) or 2 (desa); "
            "a code from a statistics (BPS) list must be looked up by name and kecamatan instead"
        )
    return VillageCode("".join(found.groups()))


def parse_district_code(text: str) -> DistrictCode:
    """Six digits or the dotted form `35.10.25`, else InvalidCode."""
    digits = text.strip().replace(".", "")
    if not _DIGITS.fullmatch(digits) or len(digits) != 6 or digits[:2] not in PROVINCES:
        raise InvalidCode("a district code has six digits; write it like 351025 or 35.10.25")
    return DistrictCode(digits)


def dotted(code: VillageCode | DistrictCode) -> str:
    """The form people read: 35.10.25.2010 (village) or 35.10.25 (district)."""
    parts = [code[0:2], code[2:4], code[4:6]]
    return ".".join([*parts, code[6:]] if len(code) > 6 else parts)


def district_of(number: VillageCode | Nik | Kk) -> DistrictCode:
    """The district in a village code; for a NIK the one of *first registration*, for a KK the one of issue."""
    return DistrictCode(number[:6])


# ------------------------------------------------------------------------------------------------ NIK and KK
#
# The sentences stand here, beside the codes, because both sides must say the same thing: the village tells it at the
# form, the centre puts it into the rejection `nik_invalid`, and the clerk has both in front of them.


class NikProblem(enum.Enum):
    """Why a text is no NIK. The value is the stable code; the set is closed."""

    EMPTY = "nik_empty"
    DESTROYED = "nik_destroyed"
    NOT_DIGITS = "nik_not_digits"
    LENGTH = "nik_length"
    UNKNOWN_REGION = "nik_unknown_region"
    IMPOSSIBLE_DATE = "nik_impossible_date"
    SERIAL_ZERO = "nik_serial_zero"

    @property
    def phrase(self) -> str:
        """What is wrong, to stand after a colon."""
        return _PHRASES[self.name].format(date="tanggal lahir")

    @property
    def sentence(self) -> str:
        return f"NIK belum benar: {self.phrase}. Cocokkan dengan KTP-el atau KK."


class KkProblem(enum.Enum):
    """Why a text is no KK number. The value is the stable code; the set is closed."""

    EMPTY = "kk_empty"
    DESTROYED = "kk_destroyed"
    NOT_DIGITS = "kk_not_digits"
    LENGTH = "kk_length"
    UNKNOWN_REGION = "kk_unknown_region"
    IMPOSSIBLE_DATE = "kk_impossible_date"
    SERIAL_ZERO = "kk_serial_zero"

    @property
    def phrase(self) -> str:
        """What is wrong, to stand after a colon."""
        return _PHRASES[self.name].format(date="tanggal penerbitan")

    @property
    def sentence(self) -> str:
        return f"Nomor KK belum benar: {self.phrase}. Cocokkan dengan kartu keluarga."


_PHRASES = {
    "EMPTY": "nomornya belum diisi",
    "DESTROYED": "angkanya sudah rusak oleh program lembar kerja (misalnya 3,51E+15)",
    "NOT_DIGITS": "hanya boleh berisi angka 0 sampai 9",
    "LENGTH": "jumlah angkanya harus 16",
    "UNKNOWN_REGION": "kode wilayah pada enam angka pertama tidak dikenal",
    "IMPOSSIBLE_DATE": "{date} pada angka ke-7 sampai ke-12 tidak ada di kalender",
    "SERIAL_ZERO": "empat angka terakhir tidak boleh 0000",
}

_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")


def parse_nik(text: str) -> Nik | NikProblem:
    """A NIK as typed, outer blanks apart. Placeholders pass (a letter may carry one); ask `is_placeholder`."""
    digits = text.strip()
    fault = _find_fault(digits, has_sex=True)
    return Nik(digits) if fault is None else NikProblem[fault]


def parse_kk(text: str) -> Kk | KkProblem:
    """A KK number as typed: region and date of *issue*, and no offset of the day."""
    digits = text.strip()
    fault = _find_fault(digits, has_sex=False)
    return Kk(digits) if fault is None else KkProblem[fault]


def _find_fault(digits: str, *, has_sex: bool) -> str | None:
    """The name of the first problem. The order matters: a clerk mends from left to right."""
    if not digits:
        return "EMPTY"
    if not _DIGITS.fullmatch(digits):  # str.isdigit() would let Arabic-Indic digits pass
        return "DESTROYED" if _SCIENTIFIC.fullmatch(digits) else "NOT_DIGITS"
    if len(digits) != NUMBER_LENGTH:
        return "LENGTH"
    if _is_placeholder_pattern(digits):
        return None
    if not _is_region(digits[:6]):
        return "UNKNOWN_REGION"
    if not _is_some_date(digits, has_sex=has_sex):
        return "IMPOSSIBLE_DATE"
    return "SERIAL_ZERO" if digits.endswith("0000") else None


@lru_cache(maxsize=2_048)
def _is_region(district: str) -> bool:
    """Province known; regency and district numbered from 01. East Java, our own, is checked to the regency."""
    province, regency, rest = district[:2], int(district[2:4]), district[4:6]
    if province not in PROVINCES or regency == 0 or rest == "00":
        return False
    # East Java has 29 kabupaten (01-29) and 9 kota (71-79), unchanged since 2001.
    return province != "35" or 1 <= regency <= 29 or 71 <= regency <= 79


def _is_some_date(digits: str, *, has_sex: bool) -> bool:
    """DDMMYY stands in the calendar of 19YY or of 20YY. Looked up, not computed: every number of a list passes here."""
    day_month = digits[6:10]
    if day_month not in _DAYS and not (has_sex and day_month in _DAYS_WOMAN):
        return False
    # 29 February 1900 did not exist, 2000 had one
    return day_month not in ("2902", "6902") or int(digits[10:12]) % 4 == 0


def _day_month_year(digits: str, *, has_sex: bool) -> tuple[int, int, int]:
    day = int(digits[6:8])
    if has_sex and day > DAY_OFFSET_WOMAN:
        day -= DAY_OFFSET_WOMAN
    return day, int(digits[8:10]), int(digits[10:12])


def _candidate_dates(digits: str, *, has_sex: bool) -> tuple[date, ...]:
    """The dates that DDMMYY may mean: in 19YY, in 20YY, both or none; in rising order."""
    day, month, year = _day_month_year(digits, has_sex=has_sex)
    found = []
    for century in (1900, 2000):
        try:
            found.append(date(century + year, month, day))
        except ValueError:
            continue  # 29 February 1900 did not exist, 2000 had one
    return tuple(found)


def is_placeholder(number: Nik | Kk) -> bool:
    """True for numbers written because a form wanted one. A letter may carry them; they never identify anybody."""
    return _is_placeholder_pattern(number)


def _is_placeholder_pattern(digits: str) -> bool:
    """One repeated digit, 9999..., or the provisional `0` + village code + serial that village software hands out."""
    first = digits[0]
    if digits[1] == first and digits == first * NUMBER_LENGTH:
        return True
    return (first == "9" and digits.startswith("9999")) or (
        first == "0" and digits[7] in "12" and _is_region(digits[1:7])
    )


def birth_date(nik: Nik, today: date, recorded: date | None = None) -> date | None:
    """The birth date a NIK says, None for a placeholder.

    A NIK has no century. It comes from the recorded date where there is one, else it is the latest date not in the
    future (so a child of 2010 is not born in 1910).
    """
    if is_placeholder(nik):
        return None
    candidates = _candidate_dates(nik, has_sex=True)
    if recorded is not None:
        return min(candidates, key=lambda candidate: abs(candidate - recorded))
    # A clock set before 19YY leaves none; the older date is then the less wrong answer.
    return max((candidate for candidate in candidates if candidate <= today), default=candidates[0])


def sex(nik: Nik) -> Sex | None:
    """The sex a NIK says, None for a placeholder."""
    if is_placeholder(nik):
        return None
    return Sex.FEMALE if int(nik[6:8]) > DAY_OFFSET_WOMAN else Sex.MALE


class NikWarning(enum.Enum):
    """What looks odd about a well-formed NIK beside its record. Never a reason to refuse: a NIK does not change after
    a move, nor when birth date or sex are corrected."""

    DISTRICT_DIFFERS = "nik_district_differs"
    DISTRICT_RETIRED = "nik_district_retired"
    BIRTH_DATE_DIFFERS = "nik_birth_date_differs"
    SEX_DIFFERS = "nik_sex_differs"

    @property
    def sentence(self) -> str:
        return _WARNINGS[self]


_WARNINGS = {
    NikWarning.DISTRICT_DIFFERS: "NIK pertama kali terdaftar di kecamatan lain. Hal ini wajar bila pernah pindah.",
    NikWarning.DISTRICT_RETIRED: "NIK memakai kode kecamatan sebelum pemekaran. Hal ini wajar.",
    NikWarning.BIRTH_DATE_DIFFERS: "Tanggal lahir pada NIK berbeda dari data. Periksa kembali KTP-el atau KK.",
    NikWarning.SEX_DIFFERS: "Jenis kelamin pada NIK berbeda dari data. Periksa kembali KTP-el atau KK.",
}


def nik_warnings(
    nik: Nik,
    *,
    residence: VillageCode | None = None,
    residence_retired: VillageCode | None = None,
    recorded_birth_date: date | None = None,
    recorded_sex: Sex | None = None,
) -> tuple[NikWarning, ...]:
    """Compare a NIK with what else is known; what is not known is not compared.

    `residence_retired` is the code the village of residence had before its district was split (see regions).
    """
    if is_placeholder(nik):
        return ()
    found = []
    if residence is not None and district_of(nik) != district_of(residence):
        was_here = residence_retired is not None and district_of(nik) == district_of(residence_retired)
        found.append(NikWarning.DISTRICT_RETIRED if was_here else NikWarning.DISTRICT_DIFFERS)
    if recorded_birth_date is not None and recorded_birth_date not in _candidate_dates(nik, has_sex=True):
        found.append(NikWarning.BIRTH_DATE_DIFFERS)
    if recorded_sex is not None and recorded_sex is not sex(nik):
        found.append(NikWarning.SEX_DIFFERS)
    return tuple(found)


# --------------------------------------------------------------------------------------------------- masking


def mask_nik(text: str) -> str:
    """A NIK or KK for lists: the last four digits behind stars, always sixteen characters. Takes any text."""
    tail = text.strip()[-MASK_DIGITS_SHOWN:]
    if len(text.strip()) < MASK_LENGTH_MIN or not _DIGITS.fullmatch(tail):
        return "*" * NUMBER_LENGTH
    return "*" * (NUMBER_LENGTH - MASK_DIGITS_SHOWN) + tail


def mask_name(text: str) -> str:
    """A name for slips and seals: the first letter of each word, and nothing of how long the word is."""
    return " ".join(_mask_word(word) for word in text.split()[:MASK_WORDS_MAX])


def _mask_word(word: str) -> str:
    # A word of one letter is hidden whole, as its first letter is all of it.
    return word[0] + "***" if len(word) > 1 and word[0].isalpha() else "***"
