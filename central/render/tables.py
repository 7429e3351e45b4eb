"""A table as a file for spreadsheets: CSV and XLSX. Nothing in a cell is ever computed, rounded or taken for a date."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime, time

import xlsxwriter

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a cell that begins with one of these for a formula (OWASP, CSV Injection)."""
LONG_DIGITS = 12
"""From here on a spreadsheet rounds a number or writes it as 3,51E+15."""
COLUMN_WIDTH_MIN, COLUMN_WIDTH_MAX = 8, 34

Cells = Sequence[str]


def write_csv(headings: Cells, rows: Sequence[Cells]) -> bytes:
    """With a mark for UTF-8 and semicolons: what a spreadsheet set to Indonesian opens as columns."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([safe_cell(cell) for cell in cells] for cells in rows)
    return text.getvalue().encode()


def safe_cell(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet would compute or round it."""
    bare = cell.lstrip(" ")
    is_at_risk = (bare.startswith(FORMULA_STARTS) and bare != "-") or (
        bare.isdigit() and (len(bare) >= LONG_DIGITS or (bare.startswith("0") and len(bare) > 1))
    )
    return f"'{cell}" if is_at_risk else cell


def write_xlsx(title: str, headings: Cells, rows: Sequence[Cells], number_at: int, dated: date, notes: Cells) -> bytes:
    """Every cell is text but for the whole numbers of one column. `notes` stand below the table."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        workbook.set_properties({"title": title, "created": datetime.combine(dated, time())})
        sheet = workbook.add_worksheet()
        text, bold = workbook.add_format({"num_format": "@"}), workbook.add_format({"bold": True, "num_format": "@"})
        money = workbook.add_format({"num_format": "#,##0"})
        for place, heading in enumerate(headings):
            longest = max((len(cells[place]) for cells in rows), default=0)
            width = min(max(len(heading), longest, COLUMN_WIDTH_MIN), COLUMN_WIDTH_MAX)
            sheet.set_column(place, place, width, money if place == number_at else text)
            sheet.write_string(0, place, heading, bold)
        for number, cells in enumerate(rows, start=1):
            for place, cell in enumerate(cells):
                if place == number_at:
                    sheet.write_number(number, place, int(cell), money)
                else:
                    sheet.write_string(number, place, cell, text)
        for below, note in enumerate(notes, start=len(rows) + 2):
            sheet.write_string(below, 0, note, bold)
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.repeat_rows(0)
    return file.getvalue()
