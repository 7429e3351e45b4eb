"""Tables as CSV that people open in a spreadsheet: no cell of it may act.

Place in the flow: every page or command that gives out rows writes them through here.
"""

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a cell that begins with one of these for a formula (OWASP, CSV Injection)."""


def harmless(cell: str) -> str:
    """The cell with an apostrophe before whatever would be taken for a formula."""
    bare = cell.lstrip(" \u00a0\ufeff")
    return "'" + cell if bare.startswith(FORMULA_STARTS) else cell


def csv_text(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """The rows as text, each cell harmless."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(
        [harmless(cell) for cell in row] for row in rows
    )
    return out.getvalue()
