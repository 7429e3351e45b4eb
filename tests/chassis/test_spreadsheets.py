"""Workbooks: what honest ones say, and that hostile ones cost nothing but an answer."""

import io
import resource
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from chassis.spreadsheets import Limits, WorkbookRefused, as_csv, is_workbook, read_workbook


def workbook(*sheets: list[list[object]], hidden: int = 0) -> bytes:
    """Sheets of rows; the first `hidden` of them are hidden."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"L{number}")
        sheet.sheet_state = "hidden" if number < hidden else "visible"
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


ROWS: list[list[object]] = [["DAFTAR"], ["NIK", "Nama", "Lahir"], [3510251708900001, "SITI;\n'A", date(1990, 8, 17)]]


async def test_a_sheet_becomes_text_row_by_row() -> None:
    assert is_workbook(workbook(ROWS))
    lines = (await as_csv(workbook(ROWS))).decode().split("\r\n")
    assert lines == ["DAFTAR;;", "NIK;Nama;Lahir", '3510251708900001;"SITI; \'A";1990-08-17', ""]


async def test_numbers_are_not_made_better_than_they_are() -> None:
    cells: list[object] = [3.5e15, 35102517089000012, 1.5, True, None, datetime(2021, 5, 1, 10, 30)]
    lines = (await as_csv(workbook([["a", "b"], cells]))).decode().split("\r\n")
    assert lines[1] == "3500000000000000;3.510252E+16;1.5;TRUE;;2021-05-01 10:30:00"


async def test_hidden_and_empty_sheets_are_passed_over() -> None:
    text = await as_csv(workbook([["x", "y"], ["x", "y"]], [], [["NIK", "Nama"], ["1", "2"]], hidden=1))
    assert text.decode().startswith("NIK;Nama")
    with pytest.raises(WorkbookRefused, match="lembar yang terisi"):
        await as_csv(workbook([]))


def bomb(cells: int) -> bytes:
    """A sheet of millions of cells in some hundred KB: it unpacks to fifteen bytes a cell, and to more in memory."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(ROWS))) as honest, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in honest.namelist():
            if name != "xl/worksheets/sheet1.xml":
                made.writestr(name, honest.read(name))
        with made.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
            for _ in range(cells // 10_000):
                sheet.write(b"<row>" + b"<c><v>1</v></c>" * 10_000 + b"</row>")
            sheet.write(b"</sheetData></worksheet>")
    return out.getvalue()


async def test_a_bomb_goes_off_in_the_child() -> None:
    content = bomb(5_000_000)
    assert len(content) < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WorkbookRefused, match=r"\.$"):
        await as_csv(content)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04",
        b"PK\x03\x04" + bytes(1000),
        b"\xd0\xcf\x11\xe0" + bytes(2000),
        workbook(ROWS)[:-200],
        workbook(ROWS)[:500],
    ],
    ids=["nothing", "zeros", "old", "cut", "short"],
)
async def test_what_is_no_workbook_gets_a_sentence(content: bytes) -> None:
    with pytest.raises(WorkbookRefused, match=r"\.$"):
        await as_csv(content)


async def test_a_workbook_that_never_ends_is_given_up() -> None:
    with pytest.raises(WorkbookRefused):
        await as_csv(workbook(ROWS), Limits(seconds=0.001))
    with pytest.raises(WorkbookRefused, match="terlalu besar"):
        await as_csv(workbook(ROWS), Limits(csv_bytes=10))
    with pytest.raises(WorkbookRefused, match=r"lebih dari 2 baris\. Bagi"):
        await as_csv(workbook(ROWS), Limits(rows=2))


async def test_of_several_sheets_one_is_chosen_and_all_are_named() -> None:
    book = workbook([["rahasia", "x"]] * 2, [], [["NIK", "Nama"], ["1", "2"]], [["KK", "RT"], ["3", "4"]], hidden=1)
    first = await read_workbook(book)
    assert (first.sheets, first.sheet, first.text[:3]) == (("L1", "L2", "L3"), 2, b"NIK")
    chosen = await read_workbook(book, 3)
    assert (chosen.sheet, chosen.text[:2]) == (3, b"KK")
    for empty_or_absent in (1, 9):
        with pytest.raises(WorkbookRefused, match="lembar yang terisi"):
            await read_workbook(book, empty_or_absent)
