"""What one cell says: yes or no, a number, a place; and how it may be shown in a report.

What it must never do: repair a digit, or let a cell through to a report unmasked.
Place in the flow: `reading.py` asks cell by cell.
"""

import re

from central.domain.periods import is_period_word
from protocol.ids import InvalidCode, parse_village_code
from protocol.lists.cells import clean_number, show_masked
from protocol.lists.tables import plain_header
from protocol.regions import Village, find_village, village_by_any_code

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


def show_period(cell: str) -> str:
    """A cell of a period in a report: masked, but for the words of periods."""
    return show_masked(cell, is_period_word)
