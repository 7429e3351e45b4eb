"""What one cell says: yes or no, a number, a place; and how it may be shown in a report.

What it must never do: repair a digit, or let a cell through to a report unmasked.
Place in the flow: `reading.py` asks cell by cell.
"""

import re

from central.domain.periods import is_period_word
from central.domain.tables import clean_text, plain_header
from protocol.ids import NUMBER_LENGTH, InvalidCode, NikProblem, mask_name, parse_nik, parse_village_code
from protocol.regions import Village, find_village, village_by_any_code

DESTROYED_ROWS_MIN = 20
"""From so many numbers on, a column can be judged as a whole."""
DESTROYED_SHARE_MIN = 0.8
"""Share of numbers that end in 0: by chance a tenth does, but a spreadsheet keeps 15 of 16 digits and ends all in 0."""
FLOAT_EXACT_MAX = 2**53
"""A spreadsheet's number is exact up to here; a larger one may have lost its last digit."""
VALUE_CHARS_MAX = 24
"""How much of a cell a report shows."""


_YES = frozenset({"YA", "Y", "YES", "1", "1.0", "TRUE", "BENAR", "V"})
_NO = frozenset({"", "TIDAK", "N", "NO", "0", "0.0", "FALSE", "SALAH", "-", "NULL"})
# Words that answer only here: AKTIF under a programme would mean the contrary of AKTIF under is_nonaktif.
_DEAD = re.compile(r"(?!TIDAK|BELUM).*(MENINGGAL|WAFAT).*")
_ALIVE = frozenset({"HIDUP", "MASIH HIDUP", "TIDAK MENINGGAL", "BELUM MENINGGAL"})


def read_answer(cell: str) -> bool | None:
    """YA or TIDAK in their spellings; None for anything else. A bare T is both TIDAK and TRUE, so it is neither."""
    answer = cell.upper()
    return True if answer in _YES else False if answer in _NO else None


def read_deceased(cell: str) -> bool | None:
    """The same for keterangan_meninggal, where free text stands too: MENINGGAL 12-03-2021."""
    text = cell.upper()
    if text in _ALIVE:
        return False
    return True if _DEAD.fullmatch(text) else read_answer(cell)


def read_inactive(cell: str) -> bool | None:
    """The same for is_nonaktif, which some fill with AKTIF or NONAKTIF."""
    text = plain_header(cell)
    return text == "nonaktif" if text in ("aktif", "nonaktif") else read_answer(cell)


_FORMULA_TEXT = re.compile(r'="?([^"]*)"?')
_WHOLE_FLOAT = re.compile(r"([0-9]{16})[.,]0+")
_GROUPED = re.compile(r"[0-9]+([ \u00a0\u202f][0-9]+)+")


def clean_number(cell: str) -> str:
    """A NIK or KK without what spreadsheets put around it. Never adds, drops or changes a digit."""
    text = clean_text(cell).lstrip("'`\u2018\u2019").strip()
    formula = _FORMULA_TEXT.fullmatch(text)
    if formula is not None:
        text = formula[1].strip()
    whole = _WHOLE_FLOAT.fullmatch(text)
    if whole is not None and int(whole[1]) <= FLOAT_EXACT_MAX:
        return whole[1]
    return text.replace(" ", "") if _GROUPED.fullmatch(text) else text


class Endings:
    """Counts how the numbers of one column end, to tell a column that a spreadsheet has destroyed."""

    def __init__(self) -> None:
        self.numbers = 0
        self.damaged = 0

    def count(self, digits: str) -> None:
        is_number = len(digits) == NUMBER_LENGTH and digits.isascii() and digits.isdigit() and len(set(digits)) > 1
        is_scientific = not is_number and parse_nik(digits) is NikProblem.DESTROYED
        self.numbers += is_number or is_scientific
        self.damaged += is_scientific or (is_number and digits.endswith("0"))

    def are_destroyed(self) -> bool:
        return self.numbers >= DESTROYED_ROWS_MIN and self.damaged > self.numbers * DESTROYED_SHARE_MIN


def find_place(code_text: str, village_name: str, district_name: str) -> Village | None:
    """The village by Kemendagri code, else by name within the kecamatan; None where the two disagree.

    A code that is none of ours (BPS coding has ten digits too) leaves it to the names.
    """
    try:
        by_code = village_by_any_code(parse_village_code(clean_number(code_text)))
    except InvalidCode:
        by_code = None
    by_name = find_village(village_name, district_name)
    if by_code is not None and by_name is not None and by_code != by_name:
        return None
    return by_code or by_name


_LONG_DIGITS = re.compile(r"[0-9]{5,}")
_DATE_LIKE = re.compile(r"[0-9./-]{1,10}")


def show_masked(cell: str) -> str:
    """A cell in a report. In a shifted row any cell may hold a name or number, so only words of periods stay whole."""
    text = _LONG_DIGITS.sub("***", clean_text(cell)[:VALUE_CHARS_MAX])
    words = (word if _DATE_LIKE.fullmatch(word) or is_period_word(word) else mask_name(word) for word in text.split())
    return " ".join(words)
