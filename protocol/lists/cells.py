"""A number in a cell of a list: without what spreadsheets put around it, and whether they have destroyed its column.

What it must never do: repair a digit, or let a cell through to a report unmasked.
Place in the flow: whoever reads a list (`central/domain/siksng`, `agent/domain/rosters`) asks cell by cell.
"""

import re
from collections.abc import Callable

from protocol.ids import NUMBER_LENGTH, NikProblem, mask_name, parse_nik
from protocol.lists.tables import FileProblem, ListRefused, RowBreak, clean_text

DESTROYED_ROWS_MIN = 20
"""From so many numbers on, a column can be judged as a whole."""
DESTROYED_SHARE_MIN = 0.8
"""Share of numbers that end in 0: by chance a tenth does, but a spreadsheet keeps 15 of 16 digits and ends all in 0."""
FLOAT_EXACT_MAX = 2**53
"""A spreadsheet's number is exact up to here; a larger one may have lost its last digit."""
VALUE_CHARS_MAX = 24
"""How much of a cell a report shows."""
TITLE_CHARS_MAX = 40
"""How much of a column's name a sentence shows."""

ROW_BREAKS = {
    RowBreak.UNCLOSED_QUOTE: "Tanda kutip pada baris ini tidak ditutup atau salah letak.",
    RowBreak.CELL_COUNT: "Jumlah kolom pada baris ini berbeda dari baris judul; barisnya terpotong atau bergeser.",
    RowBreak.TOO_LONG: "Baris atau salah satu isinya terlalu panjang.",
    RowBreak.NUL: "Baris berisi karakter yang rusak (NUL).",
}
"""What a report says of a row that could not be taken apart."""
TOTAL = re.compile(r"(GRAND |SUB ?)?(JUMLAH|TOTAL)\b")
"""How the first words of a totals row begin, in capitals."""

_FORMULA_TEXT = re.compile(r'="?([^"]*)"?')
_WHOLE_FLOAT = re.compile(r"([0-9]{16})[.,]0+")
_GROUPED = re.compile(r"[0-9]+([ \u00a0\u202f][0-9]+)+")
_LONG_DIGITS = re.compile(r"[0-9]{5,}")
_DATE_LIKE = re.compile(r"[0-9./-]{1,10}")


def clean_number(cell: str) -> str:
    """A NIK or KK without what spreadsheets put around it. Never adds, drops or changes a digit."""
    if len(cell) == NUMBER_LENGTH and cell.isascii() and cell.isdigit():
        return cell
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
        is_number = len(digits) == NUMBER_LENGTH and digits.isascii() and digits.isdigit()
        is_number = is_number and digits != digits[0] * NUMBER_LENGTH
        is_scientific = not is_number and parse_nik(digits) is NikProblem.DESTROYED
        self.numbers += is_number or is_scientific
        self.damaged += is_scientific or (is_number and digits.endswith("0"))

    def are_destroyed(self) -> bool:
        return self.numbers >= DESTROYED_ROWS_MIN and self.damaged > self.numbers * DESTROYED_SHARE_MIN


def refuse_destroyed(title: str) -> ListRefused:
    return ListRefused(
        FileProblem.COLUMN_DESTROYED,
        f"Angka pada kolom “{shorten(title)}” sudah rusak oleh program lembar kerja (angka terakhirnya hilang). "
        "Unduh ulang daftarnya dan jangan membukanya dengan Excel sebelum diimpor, atau atur kolomnya sebagai Teks.",
    )


def show_masked(cell: str, is_plain: Callable[[str], bool] = lambda word: False) -> str:
    """A cell in a report. In a shifted row any cell may hold a name or number, so only short dates and plain words stay whole."""
    text = _LONG_DIGITS.sub("***", clean_text(cell)[:VALUE_CHARS_MAX])
    words = (word if _DATE_LIKE.fullmatch(word) or is_plain(word) else mask_name(word) for word in text.split())
    return " ".join(words)


def shorten(title: str) -> str:
    """A title on a page or in a sentence. Where a line break was lost, rows stand among the titles: no number stays whole."""
    return _LONG_DIGITS.sub("***", clean_text(title)[:TITLE_CHARS_MAX])
