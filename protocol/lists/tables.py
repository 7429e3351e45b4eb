"""Turns the bytes of a delimited text file into rows of cells, whatever office program wrote it.

What it is for: every list from outside (CSV with comma, semicolon or TAB; UTF-8, UTF-16 or Windows text) comes in here, and
a broken row costs that row only.
What it must never do: raise on any bytes, guess a cell, or let one unclosed quote swallow the rows below it.
Place in the flow: an importer (siksng, rosters, ...) looks for its header with `find_header` and walks `read_rows`.
"""

import csv
import enum
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

FILE_BYTES_MAX = 96 * 1024 * 1024
"""A list of every family of the regency (250,000 rows of some 250 bytes) fits with room to spare."""
ROWS_MAX = 500_000
"""Lines of a file; more is no single scheme of this regency, and would fill the memory of a small server."""
LINE_CHARS_MAX = 20_000
"""One row: a hundred columns of two hundred characters."""
CELL_CHARS_MAX = 2_000
"""One cell: the longest honest ones are addresses of some 200 characters."""
QUOTED_LINES_MAX = 5
"""Lines that one quoted cell may span: an address typed with line breaks. Beyond, the quote was forgotten."""
HEADER_LINES_MAX = 10
"""Lines of titles above the header ("DAFTAR PENERIMA ...") that are looked through."""
CELLS_MAX = 400
"""Columns of a list; SIKS-NG has some 40."""

DELIMITERS = (",", ";", "\t", "|")


class FileProblem(enum.Enum):
    """Why a whole file cannot be read. The value is the stable code; the sentence names the cure, for an officer."""

    EMPTY = "file_empty"
    TOO_LARGE = "file_too_large"
    TOO_MANY_ROWS = "file_too_many_rows"
    NOT_A_TABLE = "file_not_a_table"
    NO_HEADER = "file_no_header"
    COLUMN_MISSING = "file_column_missing"
    COLUMN_TWICE = "file_column_twice"
    COLUMN_DESTROYED = "file_column_destroyed"


class ListRefused(Struct, frozen=True):
    """The file as a whole is refused; nothing of it was taken over."""

    problem: FileProblem
    sentence: str


class RawRow(Struct, frozen=True, gc=False):
    """One row: the number of the line it starts on, counted from 1 as an editor shows it, and its stripped cells."""

    line: int
    cells: list[str]


class RowBreak(enum.Enum):
    """Why a row could not be taken apart into cells."""

    UNCLOSED_QUOTE = "row_unclosed_quote"
    CELL_COUNT = "row_cell_count"
    TOO_LONG = "row_too_long"
    NUL = "row_nul"


class BrokenRow(Struct, frozen=True):
    line: int
    problem: RowBreak


class Header(Struct, frozen=True):
    """Where the table begins: its line counted from 1, how many it takes, how cells are separated, and its cells."""

    line: int
    lines: int
    delimiter: str
    cells: list[str]


# ------------------------------------------------------------------------------------------------- decoding

_SIGNATURES = (
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "Excel (.xlsx) atau ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"\xd0\xcf\x11\xe0", "Excel lama (.xls) atau berkas berkata sandi"),
    (b"\x89PNG", "gambar"),
    (b"\xff\xd8\xff", "gambar"),
    (b"GIF8", "gambar"),
    (b"{\\rtf", "dokumen RTF"),
    (b"\x1f\x8b", "berkas terkompresi"),
    (b"Rar!", "berkas terkompresi"),
    (b"7z\xbc\xaf", "berkas terkompresi"),
    (b"SQLite format 3", "basis data"),
)
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<table")
_CURE = "Buka berkas aslinya dengan Excel atau LibreOffice, lalu simpan sebagai CSV."


def decode_table(data: bytes, rows_max: int | None = None) -> list[str] | ListRefused:
    """The lines of the file, `rows_max` (ROWS_MAX) at most. Never raises; bytes that mean nothing in their encoding become
    U+FFFD.
    """
    rows_max = ROWS_MAX if rows_max is None else rows_max
    if len(data) > FILE_BYTES_MAX:
        most = FILE_BYTES_MAX // (1024 * 1024)
        return ListRefused(
            FileProblem.TOO_LARGE, f"Berkas lebih besar dari {most} MB. Bagi per kecamatan, lalu impor satu per satu."
        )
    kind = _known_kind(data)
    if kind:
        return ListRefused(FileProblem.NOT_A_TABLE, f"Berkas ini bukan CSV, melainkan {kind}. {_CURE}")
    if max(data.count(b"\n"), data.count(b"\r")) > rows_max:  # before it is text, which takes several times its bytes
        return refuse_rows(rows_max)
    text = _decode(data)
    if not text.strip():
        return ListRefused(FileProblem.EMPTY, "Berkas kosong. Periksa apakah berkas yang dipilih sudah benar.")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return refuse_rows(rows_max) if len(lines) > rows_max else lines


def refuse_rows(rows_max: int) -> ListRefused:
    return ListRefused(
        FileProblem.TOO_MANY_ROWS,
        f"Berkas berisi lebih dari {rows_max} baris. Bagi per kecamatan, lalu impor satu per satu.",
    )


def _known_kind(data: bytes) -> str:
    """What the first bytes say the file is, where that is no delimited text; else empty."""
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    start = data[:100].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return "halaman web atau XML" if start.startswith(_MARKUP) else ""


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    sample = data[:4096]
    # Without a mark, UTF-16 shows by a zero in nearly every second byte, as the texts are Latin.
    if sample[1::2].count(0) > len(sample) // 4:
        return data.decode("utf-16-le", "replace")
    if sample[0::2].count(0) > len(sample) // 4:
        return data.decode("utf-16-be", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # what Excel writes as plain "CSV" on Indonesian Windows


# ----------------------------------------------------------------------------------------------------- rows


def find_header(lines: Sequence[str], is_known: Callable[[str], bool]) -> Header | None:
    """The line and delimiter under which most cells are known column names; None where no line has two of them."""
    best, most = None, 1
    filled = [at for at, line in enumerate(lines[: HEADER_LINES_MAX * 2]) if line.strip()][:HEADER_LINES_MAX]
    for at in filled:
        for delimiter in DELIMITERS:
            row, used = _read_row(lines, at, delimiter, None)
            if isinstance(row, RawRow) and (count := sum(map(is_known, row.cells))) > most:
                best, most = Header(at + 1, used, delimiter, row.cells), count
    return best


def read_rows(lines: Sequence[str], header: Header) -> Iterator[RawRow | BrokenRow]:
    """Every row that is not blank below the header, each exactly once and in order."""
    at = header.line - 1 + header.lines
    while at < len(lines):
        if not lines[at].strip(" \ufeff"):
            at += 1
            continue
        row, used = _read_row(lines, at, header.delimiter, len(header.cells))
        yield row
        at += used


def _read_row(lines: Sequence[str], at: int, delimiter: str, width: int | None) -> tuple[RawRow | BrokenRow, int]:
    """The row that starts on a line, and how many lines it takes. A broken row always takes one: the next may be sound."""
    line = lines[at]
    if '"' not in line and len(line) <= CELL_CHARS_MAX and "\x00" not in line:  # nearly every row of nearly every list
        cells = [cell.strip() for cell in line.split(delimiter)]
        if len(cells) == width:
            return RawRow(at + 1, cells), 1
    problem = RowBreak.UNCLOSED_QUOTE
    for used in range(1, QUOTED_LINES_MAX + 1):
        text = "\n".join(lines[at : at + used])
        if len(text) > LINE_CHARS_MAX:
            problem = RowBreak.TOO_LONG if used == 1 else problem
            break
        split = _split_cells(text, delimiter)
        if split is not None:
            problem_found = _check_cells(split, width)
            if problem_found is None:
                return RawRow(at + 1, split), used
            problem = problem_found if used == 1 else problem
            break
        if text.count('"') % 2 == 0:
            break
    return BrokenRow(at + 1, problem), 1


def _split_cells(text: str, delimiter: str) -> list[str] | None:
    """Stripped cells; None where the quotes do not work out."""
    if '"' not in text:
        return [cell.strip() for cell in text.split(delimiter)]
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=True))
    except csv.Error:
        return None
    return [cell.strip() for cell in cells]


def _check_cells(cells: list[str], width: int | None) -> RowBreak | None:
    """Cells beyond the header must be empty (and are dropped); missing ones mean a cut or shifted row."""
    if any("\x00" in cell for cell in cells):
        return RowBreak.NUL
    if len(cells) > CELLS_MAX or any(len(cell) > CELL_CHARS_MAX for cell in cells):
        return RowBreak.TOO_LONG
    if width is None:
        return None
    if any(cells[width:]):
        return RowBreak.CELL_COUNT
    del cells[width:]
    return None if len(cells) == width else RowBreak.CELL_COUNT


# ---------------------------------------------------------------------------------------------------- cells


def plain_header(cell: str) -> str:
    """A header for comparing: `No. KK`, `no_kk` and `NOKK` are one."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", cell).casefold() if letter.isalnum())


def clean_text(cell: str) -> str:
    """Text without what cannot be seen (zero-width, direction marks, controls), single blanks."""
    if cell.isascii() and cell.isprintable():
        return " ".join(cell.split()) if "  " in cell else cell.strip()
    kept = (" " if letter.isspace() else letter for letter in cell)
    return " ".join(
        "".join(letter for letter in kept if unicodedata.category(letter) not in ("Cc", "Cf", "Cs")).split()
    )
