"""Reads the lists that people exchange, whatever their shape: bytes in, facts and one fate for every row out. Pure.

What it is for: a list of recipients becomes coverage that the overlap check can trust, a list of proposals becomes
proposals, and the officer sees beforehand what happens to each row and why.
What it must never do: guess (a number that a spreadsheet has destroyed, a period or date it does not understand), lose a
row without a word, or stop at a bad one; nor put a whole NIK or name into a report.
Place in the flow: `central/imports` opens a file -> `open_table` finds its header -> `guess` proposes what each column
means -> an officer confirms or changes the plan -> `find_faults` -> `ListReading` gives batches of rows.

Shapes that are known by their headers: SIKS-NG/DTKS (a column a programme, YA or TIDAK), BNBA BLT-DD, BPNT payment lists,
SIAK and OpenSID rosters, incentive and teachers' lists. Any other table is mapped by hand.
"""

from central.domain.lists.plans import Kind, Plan, PlanFault, find_faults, guess
from central.domain.lists.reading import ListReading
from central.domain.lists.rows import CoverageRow, Fate, ProposalRow, Remark, RemarkCode, RowReport
from central.domain.lists.table import Table, open_table

__all__ = [
    "CoverageRow",
    "Fate",
    "Kind",
    "ListReading",
    "Plan",
    "PlanFault",
    "ProposalRow",
    "Remark",
    "RemarkCode",
    "RowReport",
    "Table",
    "find_faults",
    "guess",
    "open_table",
]
