"""Tables as CSV that people open in a spreadsheet: no cell of it is computed, rounded or taken for something else.

Place in the flow: every page or command that gives out rows writes them through here.
"""

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a cell that begins with one of these for a formula (OWASP, CSV Injection)."""
LONG_DIGITS = 12
"""From here on a spreadsheet rounds a number or writes it as 3,51E+15: NIK and family card numbers have 16 digits."""
MARK = "\ufeff"
"""With it and semicolons a spreadsheet set to Indonesian reads UTF-8, and opens the file as columns."""
UNSEEN = " \u00a0" + MARK


def safe_cell(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet would compute or round it. A lone hyphen stays."""
    bare = cell.lstrip(UNSEEN)
    if bare.startswith(FORMULA_STARTS):
        is_at_risk = bare != "-"
    else:
        is_at_risk = bare.isdigit() and (len(bare) >= LONG_DIGITS or (bare.startswith("0") and len(bare) > 1))
    return f"'{cell}" if is_at_risk else cell


def csv_text(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """The rows as text, each cell safe."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(
        [safe_cell(cell) for cell in row] for row in rows
    )
    return out.getvalue()
