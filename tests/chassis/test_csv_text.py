"""No cell of a table that is handed out acts in the spreadsheet that opens it."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.csv_text import FORMULA_STARTS, UNSEEN, csv_text, safe_cell


@given(st.lists(st.text(max_size=30), min_size=1, max_size=6))
def test_no_cell_of_a_csv_begins_a_formula(cells: list[str]) -> None:
    text = io.StringIO(csv_text([cells], ";"), newline="")
    read = next(csv.reader(text, delimiter=";"))
    for written, cell in zip(read, cells, strict=True):
        assert written in (cell, f"'{cell}")
        assert written == "-" or not written.lstrip(UNSEEN).startswith(FORMULA_STARTS)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("3510256507850001", "'3510256507850001"),
        ("007", "'007"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        (" =1", "' =1"),
        ("+62", "'+62"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\u00a0=1", "'\u00a0=1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("-", "-"),
        ("12", "12"),
        ("SITI", "SITI"),
        ("", ""),
    ],
)
def test_cells_at_risk_get_an_apostrophe(cell: str, written: str) -> None:
    assert safe_cell(cell) == written


def test_nothing_else_writes_csv() -> None:
    root = Path(__file__).parents[2]
    sources = [path for room in ("agent", "central", "chassis") for path in (root / room).rglob("*.py")]
    writers = {str(path.relative_to(root)) for path in sources if "csv.writer(" in path.read_text(encoding="utf-8")}
    inward = {"chassis/spreadsheet_child.py"}  # what an importer reads: no spreadsheet opens it
    assert writers - inward == {"chassis/csv_text.py"}
