"""A table as a file for spreadsheets: CSV and XLSX. Nothing in a cell is ever computed, rounded or taken for a date."""

import io
from collections.abc import Sequence
from datetime import date, datetime, time

import xlsxwriter

from chassis.csv_text import MARK, csv_text

COLUMN_WIDTH_MIN, COLUMN_WIDTH_MAX = 8, 34

Cells = Sequence[str]


def write_csv(headings: Cells, rows: Sequence[Cells]) -> bytes:
    return (MARK + csv_text([headings, *rows], ";")).encode()


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
