"""What comes out of a roster file: rows with a person's data, and for every row of the file exactly one fate."""

import enum

from msgspec import Struct


class Fate(enum.Enum):
    """What became of a row: every row has exactly one."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"
    PASSED_OVER = "passed_over"


class Remark(Struct, frozen=True):
    """One thing about one cell: its column as the file names it, its masked value, and the reason in Indonesian."""

    code: str
    reason: str
    column: str = ""
    value: str = ""


class RowReport(Struct, frozen=True):
    """The fate of the row that starts on line `line` of the file, and what there is to say about it."""

    line: int
    fate: Fate
    remarks: tuple[Remark, ...] = ()


class RosterRow(Struct, frozen=True, kw_only=True):
    """A row with a good NIK. `values`: field of a resident to text, only where the file says something.

    `columns`: field to the column's name in the file, for reports.
    """

    line: int
    nik: str
    values: dict[str, str]
    columns: dict[str, str]
    remarks: tuple[Remark, ...] = ()


class Roster(Struct, frozen=True, kw_only=True):
    """A file that was read. `reports`: the rows that are no person or cannot be one; `ignored`: columns passed over."""

    rows: list[RosterRow]
    reports: list[RowReport]
    ignored: tuple[str, ...]
