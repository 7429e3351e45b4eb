"""Birth dates as office programs write them: day first, month first, serial numbers, month words.

What it must never do: guess. Which of two numbers is the day is decided by the column where it decides, else by the NIK,
which carries the birth date; where neither does, the cell has two readings and is no date.
"""

import enum
import re
from collections.abc import Iterable
from datetime import date, timedelta

from msgspec import Struct

_NUMBERS = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{4})(?: 0{1,2}[:.]00(?:[:.]00)?)?")
_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[ T]0{1,2}:00(?::00)?(?:\.0+)?)?")
_WORDS = re.compile(r"([0-9]{1,2})[-/. ]+([A-Z]{3,9})[-/., ]+([0-9]{4})")
_SERIAL = re.compile(r"([1-9][0-9]{4})(?:[.,]0+)?")  # four digits, before May 1927, would also be a bare year
_MONTHS = {
    word: month
    for month, words in enumerate(
        (
            "JAN JANUARI JANUARY",
            "FEB PEB FEBRUARI PEBRUARI FEBRUARY",
            "MAR MARET MARCH",
            "APR APRIL",
            "MEI MAY",
            "JUN JUNI JUNE",
            "JUL JULI JULY",
            "AGU AGT AGS AGUSTUS AUG AUGUST",
            "SEP SEPT SEPTEMBER",
            "OKT OKTOBER OCT OCTOBER",
            "NOV NOP NOVEMBER NOPEMBER",
            "DES DESEMBER DEC DECEMBER",
        ),
        1,
    )
    for word in words.split()
}
_YEAR_MIN = 1900
"""Nobody alive was born before; a year that lost a digit (0185) is no date."""
_FIRST_SERIAL = date(1899, 12, 30)
"""Day 0 of spreadsheets, counted from after the leap day of 1900 that they invented."""


class DateProblem(enum.Enum):
    """Why a cell is no date."""

    UNREADABLE = "not_a_date"
    TWO_READINGS = "two_readings"


class Order(enum.Enum):
    """What a column shows of itself. MIXED: a spreadsheet has swapped some of its dates and left others."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    MIXED = "mixed"


class Swappable(Struct, frozen=True):
    """Two numbers of which either may be the day, and a year."""

    first: int
    second: int
    year: int


def shown_order(cells: Iterable[str]) -> Order | None:
    """The order that a column proves by the dates of it that have one reading only.

    None where none does: then somebody must be asked, unless day and month can be told apart some other way.
    """
    has_day_first = has_month_first = is_doubtful = False
    for cell in cells:
        found = _NUMBERS.fullmatch(cell)
        if found is not None:
            has_day_first = has_day_first or int(found[1]) > 12
            has_month_first = has_month_first or int(found[2]) > 12
            is_doubtful = True
    if has_month_first:
        return Order.MIXED if has_day_first else Order.MONTH_FIRST
    return Order.DAY_FIRST if has_day_first or not is_doubtful else None


def order_of(cells: Iterable[str]) -> Order:
    """The same; day first, as Indonesia writes, where the column proves nothing."""
    return shown_order(cells) or Order.DAY_FIRST


def read_date(cell: str, order: Order, in_nik: date | None) -> date | DateProblem:
    """The date of a cell. `in_nik`: what the NIK says, of which day and month are used; None where it says nothing."""
    read = _parse(cell)
    if not isinstance(read, Swappable):
        return DateProblem.UNREADABLE if read is None else read
    day_first, month_first = _date(read.year, read.second, read.first), _date(read.year, read.first, read.second)
    if order is Order.DAY_FIRST or month_first is None:
        return day_first or DateProblem.UNREADABLE
    if order is Order.MONTH_FIRST or day_first is None or day_first == month_first:
        return month_first
    for each in (day_first, month_first):
        if in_nik is not None and (each.day, each.month) == (in_nik.day, in_nik.month):
            return each
    return DateProblem.TWO_READINGS


def _parse(cell: str) -> date | Swappable | None:
    text = cell.upper()
    if found := _NUMBERS.fullmatch(text):
        return Swappable(int(found[1]), int(found[2]), int(found[3]))
    if found := _YEAR_FIRST.fullmatch(text):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    if found := _WORDS.fullmatch(text):
        return _date(int(found[3]), _MONTHS.get(found[2], 0), int(found[1]))
    if found := _SERIAL.fullmatch(text):
        return _FIRST_SERIAL + timedelta(days=int(found[1]))
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year >= _YEAR_MIN else None
    except ValueError:
        return None
