"""The child process that unpacks a workbook: standard input to CSV on standard output, within limits set before the first byte.

Run by file, never imported: it must see nothing of the program, and whatever a hostile file does to it ends here.
Exit codes: 0 done, 3 needs a password, 4 cannot be read, 5 has no sheet with rows, 6 too many cells.
"""

import csv
import datetime
import io
import resource
import sys
from collections.abc import Sequence

MEMORY_BYTES_MAX = 512 * 1024 * 1024
"""A roster of 30,000 rows takes some 150 MB here; a workbook that asks for more is a bomb."""
CPU_SECONDS_MAX = 20
CELLS_MAX = 4_000_000
FLOAT_EXACT_MAX = 2**53
TITLE_ROWS_MAX = 50
"""A sheet is looked at this far for something in it."""


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        for sheet in book.sheets_metadata:
            if sheet.typ is not SheetTypeEnum.WorkSheet or sheet.visible is not SheetVisibleEnum.Visible:
                continue
            opened = book.get_sheet_by_name(sheet.name)
            if opened.total_height * opened.total_width > CELLS_MAX:
                return 6
            rows = opened.to_python(skip_empty_area=False)
            if sum(any(cell != "" for cell in row) for row in rows[:TITLE_ROWS_MAX]) > 1:
                write(rows)
                return 0
    except PasswordError:
        return 3
    except (CalamineError, OSError, ValueError):
        return 4
    return 5


def write(rows: Sequence[Sequence[object]]) -> None:
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    csv.writer(out, delimiter=";").writerows([text(cell) for cell in row] for row in rows)
    out.flush()


def text(cell: object) -> str:
    """A cell as text on one line, so that a line of the CSV is a row of the sheet. A number that a float cannot hold
    exactly is written as what it is: damaged."""
    match cell:
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
        code = main()
    except MemoryError:
        code = 4
    sys.exit(code)
