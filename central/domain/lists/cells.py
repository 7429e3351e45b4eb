"""What one cell says: yes or no, a place, an amount, a birth date; and how it may be shown in a report.

What it must never do: repair a digit, or let a cell through to a report unmasked.
Place in the flow: `reading.py` asks cell by cell.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from central.domain.periods import is_period_word, parse_period
from protocol.ids import InvalidCode, parse_village_code
from protocol.lists.cells import clean_number, show_masked
from protocol.lists.dates import DateProblem, Order, read_date
from protocol.lists.tables import clean_text, plain_header
from protocol.regions import Village, find_village, village_by_any_code
from protocol.schemes import month_text

PLACES_REMEMBERED = 4_096
"""A list repeats some hundred spellings of places a hundred thousand times."""
AMOUNT_MAX = 1_000_000_000
"""Rupiah of one payment to one person: a larger one is a total, or a slip."""

ANSWER_CHARS_MAX = 120

_YES = frozenset({"YA", "Y", "YES", "1", "1.0", "TRUE", "BENAR", "V"})
_NO = frozenset({"", "TIDAK", "N", "NO", "0", "0.0", "FALSE", "SALAH", "-", "NULL"})
# Words that answer only here: AKTIF under a programme would mean the contrary of AKTIF under is_nonaktif.
_DEAD = re.compile(r"(?!TIDAK|BELUM).*(MENINGGAL|WAFAT).*")
_ALIVE = frozenset({"HIDUP", "MASIH HIDUP", "TIDAK MENINGGAL", "BELUM MENINGGAL"})
_SEXES = {
    word: sex
    for sex, words in {
        "L": "L LK LAKI LAKILAKI PRIA M 1",
        "P": "P PR PEREMPUAN WANITA F 2",
    }.items()
    for word in words.split()
}
_CURRENCY = re.compile(r"(RP|IDR)[. ]*|[,.]-$| |\u00a0")
_GROUPED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,00?)?|[0-9]{1,3}(?:,[0-9]{3})+(?:\.00?)?")
_PLAIN = re.compile(r"[0-9]{1,12}(?:[.,]00?)?")
_WHOLE = re.compile(r"0*([0-9]{1,6})(?:\.0)?")
_YEAR = re.compile(r"((?:19|20)[0-9]{2})(?:\.0)?")
_HOUSE_NUMBER = re.compile(r"0*([0-9]{1,3})(?:\.0)?")


def read_answer(cell: str) -> bool | None:
    """YA or TIDAK in their spellings; None for anything else. A bare T is both TIDAK and TRUE, so it is neither."""
    answer = cell.upper()
    return True if answer in _YES else False if answer in _NO else None


def read_deceased(cell: str) -> bool | None:
    """The same for keterangan_meninggal, where free text stands too: MENINGGAL 12-03-2021."""
    text = cell.upper()
    if text in _NO or text in _ALIVE:
        return False
    return True if _DEAD.fullmatch(text) else read_answer(cell)


def read_inactive(cell: str) -> bool | None:
    """The same for is_nonaktif, which some fill with AKTIF or NONAKTIF."""
    text = plain_header(cell)
    return text == "nonaktif" if text in ("aktif", "nonaktif") else read_answer(cell)


def read_sex(cell: str) -> str | None:
    """L or P; empty for an empty cell, None for what is neither."""
    word = "".join(letter for letter in cell.upper() if letter.isalnum())
    return _SEXES.get(word) if word else ""


def read_amount(cell: str) -> int | None:
    """Whole rupiah: `600000`, `Rp 1.500.000,00`, `1,500,000`; 0 for an empty cell, None for anything else.

    Three digits after a mark are thousands, as nobody pays a thousandth of a rupiah.
    """
    text = _CURRENCY.sub("", cell.upper())
    if text in ("", "-"):
        return 0
    if _GROUPED.fullmatch(text):
        digits = re.sub(r"[.,]00?$", "", text).replace(".", "").replace(",", "")
    elif _PLAIN.fullmatch(text):
        digits = re.split(r"[.,]", text)[0]
    else:
        return None
    amount = int(digits)
    return amount if amount <= AMOUNT_MAX else None


def read_question(kind: str, cell: str, order: Order = Order.DAY_FIRST) -> str | None:
    """An answer to a question of that kind as a village's form would have kept it; None where it cannot be read.

    `order`: of the column's dates. A year without a month stays one: what it proves is for the criteria to say.
    """
    text = clean_text(cell)[:ANSWER_CHARS_MAX]
    if kind == "whole number":
        found = _WHOLE.fullmatch(text)
        return found[1] if found else None
    if kind == "month":
        return _read_month(text, order)
    if kind == "yes or no":
        answer = read_answer(text)
        return None if answer is None else "ya" if answer else "tidak"
    return clean_number(text) if text.strip("'").isdigit() else text


def _read_month(text: str, order: Order) -> str | None:
    """A month, the month of a whole date, or a year."""
    if found := _YEAR.fullmatch(text):
        return found[1]
    span = parse_period(text, "")
    if span is not None:
        return month_text(span.first) if span.first == span.until else None
    day = read_date(text, order, None)
    return None if isinstance(day, DateProblem) else f"{day:%Y-%m}"


def read_house_number(cell: str) -> str:
    """RT or RW as three digits; empty where the cell holds no such number."""
    found = _HOUSE_NUMBER.fullmatch(cell.lstrip("'").strip()) if cell else None
    return found[1].zfill(3) if found and int(found[1]) else ""


def split_rt_rw(cell: str) -> tuple[str, str]:
    """`003/002` and `RT 03 RW 02`: RT, then RW."""
    numbers = re.findall(r"[0-9]{1,3}", cell)
    return (numbers[0].zfill(3), numbers[1].zfill(3)) if len(numbers) == 2 else ("", "")


def scheme_by_name(names: Mapping[str, str]) -> dict[str, str]:
    """What a cell may call a scheme (plain form) to its code; `names` is code to name."""
    found = {plain_header(name): code for code, name in names.items()}
    found |= {plain_header(code): code for code in names}
    return found | {plain_header(word): code for word, code in _ALSO_CALLED.items() if code in names}


_ALSO_CALLED = {
    "sembako": "BPNT",
    "bpnt/sembako": "BPNT",
    "bansos tunai": "BST",
    "pbi": "PBI-JKN",
    "blt dana desa": "BLT-DD",
}


@lru_cache(maxsize=PLACES_REMEMBERED)
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
