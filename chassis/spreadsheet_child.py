"""The child process that unpacks a workbook: standard input to CSV on standard output, within limits set before the first byte.

Run by file, never imported: it must see nothing of the program, and whatever a hostile file does to it ends here.
Arguments: number of the visible sheet (0: the first with rows), bytes of memory, seconds of processor, cells and rows of a
sheet.
The first line of the answer is JSON: the sheet's number and the names of all visible ones.
Exit codes: 0 done, 3 needs a password, 4 cannot be read, 5 has no sheet with rows, 6 too many cells or
too much memory, 7 too many rows.
"""

import csv
import datetime
import io
import json
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from itertools import chain, islice

FLOAT_EXACT_MAX = 2**53
TITLE_ROWS_MAX = 50
"""A sheet is looked at this far for something in it."""
MANIFEST_BYTES_MAX = 64 * 1024
COMPOUND = b"\xd0\xcf\x11\xe0"
ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
FILE_PASS = re.compile(rb"\x09\x08\x10\x00.{16}\x2f\x00", re.DOTALL)


def main(sheet_asked: int, memory_bytes: int, cpu_seconds: int, cells_max: int, rows_max: int) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415

    content = sys.stdin.buffer.read()
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ is SheetTypeEnum.WorkSheet and sheet.visible is SheetVisibleEnum.Visible
        ]
        for number, name in enumerate(names, start=1):
            if sheet_asked not in (0, number):
                continue
            opened = book.get_sheet_by_name(name)
            height, width = (
                opened.total_height + 1,
                opened.total_width + 1,
            )  # they number the last row and column, from 0
            if height > rows_max:
                return 7
            if height * width > cells_max:
                return 6
            rows = opened.iter_rows()
            first = list(islice(rows, TITLE_ROWS_MAX))
            if sum(any(cell != "" for cell in row) for row in first) > 1:
                write(json.dumps([number, names]), chain(first, rows))
                return 0
    except PasswordError:
        return 3
    except (CalamineError, OSError, ValueError):
        return 3 if needs_password(content) else 4
    return 5


def needs_password(content: bytes) -> bool:
    """Asked of what could not be read, as the library takes a locked file for one that it does not know.

    A new workbook is locked as a package in a compound file ([MS-OFFCRYPTO] 2.3.4), an old one by a FILEPASS record after
    its first ([MS-XLS] 2.4.117), an ODS by its manifest.
    """
    if content.startswith(COMPOUND):
        return ENCRYPTED_PACKAGE in content or FILE_PASS.search(content) is not None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package, package.open("META-INF/manifest.xml") as manifest:
            return b"encryption-data" in manifest.read(MANIFEST_BYTES_MAX)
    except (KeyError, OSError, RuntimeError, ValueError, NotImplementedError, EOFError, zipfile.BadZipFile, zlib.error):
        return False


def write(heading: str, rows: Iterable[Sequence[object]]) -> None:
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    out.write(heading + "\n")
    csv.writer(out, delimiter=";").writerows([text(cell) for cell in row] for row in rows)
    out.flush()


def text(cell: object) -> str:
    """A cell as text on one line, so that a line of the CSV is a row of the sheet. A number that a float cannot hold
    exactly is written as what it is: damaged."""
    match cell:
        case str():
            return " ".join(cell.split("\n")).replace("\r", " ") if "\n" in cell or "\r" in cell else cell
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer():
            return f"{cell:.0f}" if abs(cell) < FLOAT_EXACT_MAX else f"{cell:E}"
        case datetime.datetime():
            return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat(" ")
        case datetime.date():
            return cell.isoformat()
        case _:
            return " ".join(str(cell).split("\n")).replace("\r", " ")


if __name__ == "__main__":
    try:
        code = main(*map(int, sys.argv[1:]))
    except MemoryError:
        code = 6
    sys.exit(code)
