"""Where the table begins in a file, and what its columns are called: titles above, headers over two lines, numbered columns.

What it must never do: raise on any bytes. Place in the flow: `open_table` once a file, then `plans` and `reading`.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec import Struct

from central.domain.lists.columns import is_known_header
from protocol.lists.tables import (
    BrokenRow,
    FileProblem,
    Header,
    ListRefused,
    RawRow,
    clean_text,
    decode_table,
    find_header,
    read_rows,
)

SAMPLE_ROWS = 2_000
"""Rows that a column is judged by before the whole file is read."""
ROWS_MAX = 300_000
"""All families of the regency that are in any scheme are some 250,000."""


class Table(Struct, frozen=True):
    """A file cut into lines, its header (merged cells joined), and how many lines below it belong to the header."""

    lines: Sequence[str]
    header: Header

    @property
    def titles(self) -> list[str]:
        return self.header.cells

    @property
    def total(self) -> int:
        """Lines below the header: an upper bound of the rows."""
        return len(self.lines) - (self.header.line - 1 + self.header.lines)

    def rows(self) -> Iterator[RawRow | BrokenRow]:
        return read_rows(self.lines, self.header)

    def column(self, at: int) -> list[str]:
        """The cells of a column that are not empty, of the first rows."""
        sample = islice(self.rows(), SAMPLE_ROWS)
        return [cell for row in sample if isinstance(row, RawRow) and (cell := clean_text(row.cells[at]))]


def open_table(data: bytes) -> Table | ListRefused:
    """The table in delimited text, or why the file is refused. Never raises."""
    lines = decode_table(data, ROWS_MAX)
    if isinstance(lines, ListRefused):
        return lines
    header = find_header(lines, is_known_header) or find_header(lines, _is_title)
    if header is None:
        return ListRefused(
            FileProblem.NO_HEADER,
            "Baris judul (NIK, NOKK, Nama, ...) tidak ditemukan. Pastikan baris pertama tabel berisi nama kolom.",
        )
    table = Table(lines, _join_second_line(lines, header))
    if next(table.rows(), None) is None:
        return ListRefused(
            FileProblem.EMPTY, "Berkas hanya berisi baris judul. Periksa apakah unduhannya sudah lengkap."
        )
    return table


def is_numbering(cells: Sequence[str]) -> bool:
    """The line `1 2 3 4` that many forms have under their header."""
    return all(cell == str(at) for at, cell in enumerate(cells, start=1) if cell)


def _is_title(cell: str) -> bool:
    """Of a table whose titles are all unknown, and whose columns somebody has to name."""
    return any(letter.isalpha() for letter in cell) and not any(letter.isdigit() for letter in cell)


def _join_second_line(lines: Sequence[str], header: Header) -> Header:
    """A header over two lines (ALAMAT above RT and RW) is one: the lower cell is the more exact."""
    below = next(read_rows(lines, header), None)
    if not isinstance(below, RawRow) or below.line != header.line + header.lines:
        return header
    filled = [(at, cell) for at, cell in enumerate(below.cells) if cell]
    is_header = bool(filled) and all(not any(letter.isdigit() for letter in cell) for _, cell in filled)
    if not is_header or not any(is_known_header(cell) for _, cell in filled):
        return header
    if any(is_known_header(header.cells[at]) and not is_known_header(cell) for at, cell in filled):
        return header
    if all(cell == header.cells[at] for at, cell in filled):
        return header  # the header once more: a row like any other, told as such
    joined = [lower or upper for upper, lower in zip(header.cells, below.cells, strict=True)]
    return Header(header.line, header.lines + 1, header.delimiter, joined)
