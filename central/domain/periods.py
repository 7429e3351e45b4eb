"""Reads the ways in which lists write a period: `2021-01 s/d 2021-12`, `JAN-MAR 2021`, `Tahap 1 2021`, `Mei 2021`.

What it must never do: guess. What can mean two things (01/05/2021, a two-digit year, a bare year) is no period.
Place in the flow: list importers ask; the answer becomes the months of a coverage.
"""

import re
import unicodedata
from functools import lru_cache

from msgspec import Struct

from protocol.schemes import YEAR_MAX, YEAR_MIN, Month, month

PERIOD_CHARS_MAX = 60
"""Longer text is no period."""
PERIODS_REMEMBERED = 1_024
"""A list repeats a handful of periods a hundred thousand times."""
SPAN_MONTHS_MAX = 240
"""Twenty years: a longer period is a typing error in a year."""

STAGE_MONTHS = {"PKH": 3, "BPNT": 3}
"""Months in one payment stage (tahap). Both were paid by the quarter in 2021; other schemes had stages of their own
making, so theirs must be written in months."""


class Span(Struct, frozen=True):
    """Months, both ends included."""

    first: Month
    until: Month


_MONTH_NAMES = {
    name: number
    for number, names in enumerate(
        (
            "JANUARI JANUARY JAN",
            "FEBRUARI PEBRUARI FEBRUARY FEB PEB",
            "MARET MARCH MAR MRT",
            "APRIL APR",
            "MEI MAY",
            "JUNI JUNE JUN",
            "JULI JULY JUL",
            "AGUSTUS AUGUST AGU AGS AGT AUG AGUST",
            "SEPTEMBER SEPT SEP",
            "OKTOBER OCTOBER OKT OCT",
            "NOVEMBER NOPEMBER NOV NOP",
            "DESEMBER DECEMBER DES DEC",
        ),
        start=1,
    )
    for name in names.split()
}
_WORDS = frozenset(_MONTH_NAMES) | {"", "S/D", "SD", "S.D.", "SAMPAI", "DENGAN", "HINGGA", "TAHAP", "TAHUN"}
_STAGES = {"1": 1, "2": 2, "3": 3, "4": 4, "I": 1, "II": 2, "III": 3, "IV": 4}

_UNTIL = re.compile(r"\s*(?:\bS\s*[./]?\s*D\b\.?|\bSAMPAI(?: DENGAN)?\b|\bHINGGA\b|[-–—])\s*")
_YEAR_FIRST = re.compile(r"([0-9]{4})[-/ ]?([0-9]{2})(?:-[0-9]{2})?")
_YEAR_LAST = re.compile(r"([0-9]{1,2})[-/]([0-9]{4})")
_NAMED = re.compile(r"([A-Z]+)\.?[ -]?([0-9]{4})")
_STAGE = re.compile(r"TAHAP ?(?:KE ?-? ?)?([1-4]|I{1,3}|IV)[ ,/-]+(?:TAHUN )?([0-9]{4})")


@lru_cache(maxsize=PERIODS_REMEMBERED)
def parse_period(text: str, scheme: str) -> Span | None:
    """The months that a cell means for a scheme; None where it does not say so clearly."""
    if len(text) > PERIOD_CHARS_MAX:
        return None
    words = " ".join(unicodedata.normalize("NFKC", text).upper().split())
    span = _read_stage(words, scheme) or _read_months(words)
    if span is None or not span.first <= span.until < span.first + SPAN_MONTHS_MAX:
        return None
    return span


def is_period_word(word: str) -> bool:
    """Does the word belong to the language of periods (JAN-MAR, s/d, Tahap)? Then it may be shown in a report."""
    return all(part in _WORDS for part in word.upper().split("-"))


def _read_stage(words: str, scheme: str) -> Span | None:
    found = _STAGE.fullmatch(words)
    length = STAGE_MONTHS.get(scheme)
    if found is None or length is None:
        return None
    january = _month(found[2], 1)
    if january is None:
        return None
    first = january + (_STAGES[found[1]] - 1) * length
    return Span(Month(first), Month(first + length - 1))


def _read_months(words: str) -> Span | None:
    single = _read_month(words)
    if single is not None:
        return Span(single, single)
    for cut in _UNTIL.finditer(words):  # 2021-01 - 2021-12 has three dashes, and only one of them parts two months
        left, right = words[: cut.start()], words[cut.end() :]
        until = _read_month(right)
        first = _read_month(left) or (_read_month(f"{left} {right[-4:]}") if left.isalpha() else None)
        if first is not None and until is not None:
            return Span(first, until)
    return None


def _read_month(words: str) -> Month | None:
    if found := _YEAR_FIRST.fullmatch(words):
        return _month(found[1], int(found[2]))
    if found := _YEAR_LAST.fullmatch(words):
        return _month(found[2], int(found[1]))
    found = _NAMED.fullmatch(words)
    return _month(found[2], _MONTH_NAMES[found[1]]) if found and found[1] in _MONTH_NAMES else None


def _month(year: str, number: int) -> Month | None:
    return month(int(year), number) if YEAR_MIN <= int(year) <= YEAR_MAX and 1 <= number <= 12 else None
