"""Binds registers: a PDF for the printer or an XLSX, made in a process beside, so that no clerk waits for a long book.

A year of 50,000 letters takes seconds and hundreds of megabytes, which a box has to spare only for a moment: the process
gets the lines as they are read, answers with the file and ends. Nothing is written to disk. Must never word an entry.
The process is this file itself; `Bindery` is the page's end of it.
"""

import asyncio
import contextlib
import io
import sys
from collections.abc import AsyncIterable, Sequence
from datetime import datetime, time
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, assert_never

import msgspec
import typst
import xlsxwriter

from agent.domain.numbering import WIB
from agent.domain.registers import BookHead, print_cells
from agent.render.press import CannotPrint, Paper

SECONDS_MAX = 120
"""The longest book there can be takes some fifteen seconds on two slow cores."""
AT_ONCE_MAX = 1
"""Books made at the same time; the next one waits for its turn."""
ROW_TITLE, ROW_PERIOD, ROW_HEADINGS = 0, 1, 3
"""Rows of the sheet above its lines."""
CHARACTERS_A_SHARE = 8
"""Width of a spreadsheet column for each share of the printed page."""

_LAYOUTS = Path(__file__).parent / "layouts"

Cells = Sequence[str]


class Form(StrEnum):
    """What becomes of a book."""

    PDF_A4 = "pdf-A4"
    PDF_F4 = "pdf-F4"
    XLSX = "xlsx"


def pdf_on(paper: Paper) -> Form:
    return Form.PDF_F4 if paper is Paper.F4 else Form.PDF_A4


class Bindery:
    """Where books are bound, `AT_ONCE_MAX` at a time; one for all pages."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE_MAX)

    async def bind(self, form: Form, head: BookHead, lines: AsyncIterable[Sequence[Cells]], emblem: str = "") -> bytes:
        """The file. `lines` come in portions, as they are read; `emblem`: an SVG. Raises CannotPrint, which carries no word
        of the book."""
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                __name__,
                form.value,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            try:
                async with asyncio.timeout(SECONDS_MAX):
                    made, _ = await asyncio.gather(_read(process), _send(process, emblem, head, lines))
                    is_made = await process.wait() == 0
            except TimeoutError:
                raise CannotPrint(f"a book that takes more than {SECONDS_MAX} seconds") from None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        if not is_made:
            raise CannotPrint("the book could not be set; most likely a character that the typeface lacks")
        return made


async def _send(
    process: asyncio.subprocess.Process, emblem: str, head: BookHead, lines: AsyncIterable[Sequence[Cells]]
) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it ended early, which its exit code tells
        process.stdin.writelines(msgspec.json.encode(each) + b"\n" for each in (emblem, head))
        async for portion in lines:
            process.stdin.writelines(msgspec.json.encode(cells) + b"\n" for cells in portion)
            await process.stdin.drain()
        process.stdin.close()


async def _read(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    return await process.stdout.read()


# --- in the process beside --------------------------------------------------------------------------------------------


def set_pdf(head: BookHead, lines: Sequence[Cells], paper: Paper, emblem: str = "") -> bytes:
    """A PDF/A-2b of as many pages as it takes. Raises typst.TypstError."""
    compiler = typst.Compiler(
        str(_LAYOUTS / "buku.typ"),
        root=str(_LAYOUTS),
        font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=True),
    )
    inputs = {
        "head": _text(head),
        "rows": _text([print_cells(cells) for cells in lines]),
        "paper": paper.value,
        "emblem": emblem,
    }
    made = compiler.compile(
        format="pdf",
        sys_inputs=inputs,
        pdf_standards=["a-2b"],
        pdf_tags=False,  # they make a long table ten times as large; PDF/A-2b asks for none
        timestamp=datetime.combine(head.dated, time(), WIB),
    )
    assert isinstance(made, bytes)
    return made


def write_xlsx(head: BookHead, lines: Sequence[Cells]) -> bytes:
    """Every cell is text: nothing is computed, rounded or taken for a date, and a NIK keeps its sixteen digits."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        workbook.set_properties({"title": head.title, "created": datetime.combine(head.dated, time())})
        sheet = workbook.add_worksheet()
        text, bold = workbook.add_format({"num_format": "@"}), workbook.add_format({"bold": True, "num_format": "@"})
        sheet.write_string(ROW_TITLE, 0, head.title, bold)
        sheet.write_string(ROW_PERIOD, 0, ", ".join(part for part in (*head.letterhead[-1:], head.period) if part))
        for place, column in enumerate(head.columns):
            sheet.set_column(place, place, column.width * CHARACTERS_A_SHARE, text)
            sheet.write_string(ROW_HEADINGS, place, column.label, bold)
        for number, cells in enumerate(lines, start=ROW_HEADINGS + 1):
            for place, cell in enumerate(cells):
                sheet.write_string(number, place, cell, text)
        sheet.freeze_panes(ROW_HEADINGS + 1, 0)
        sheet.autofilter(ROW_HEADINGS, 0, ROW_HEADINGS + len(lines), len(head.columns) - 1)
        sheet.set_landscape()
        sheet.repeat_rows(ROW_HEADINGS)
    return file.getvalue()


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def main(form: Form, source: BinaryIO, target: BinaryIO) -> int:
    """Reads an emblem, a head and lines, writes the file. What goes wrong is told by the exit code alone: words could be
    personal."""
    emblem = msgspec.json.decode(source.readline(), type=str)
    head = msgspec.json.decode(source.readline(), type=BookHead)
    lines = [msgspec.json.decode(line, type=list[str]) for line in source]
    match form:
        case Form.PDF_A4:
            made = _or_nothing(head, lines, Paper.A4, emblem)
        case Form.PDF_F4:
            made = _or_nothing(head, lines, Paper.F4, emblem)
        case Form.XLSX:
            made = write_xlsx(head, lines)
        case _:
            assert_never(form)
    target.write(made)
    target.flush()
    return 0 if made else 1


def _or_nothing(head: BookHead, lines: Sequence[Cells], paper: Paper, emblem: str) -> bytes:
    try:
        return set_pdf(head, lines, paper, emblem)
    except typst.TypstError:  # its message quotes the text
        return b""


if __name__ == "__main__":
    sys.exit(main(Form(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer))
