"""What comes out of a list: facts, and for every row of the file exactly one fate.

What it must never do: hold a whole NIK or name in a report (a fact holds them; it is stored, not shown).
Place in the flow: `reading.py` makes these values, `central/imports` stores and shows them.
"""

import enum

from msgspec import Struct  # gc=False below: there are a million of them, and none can refer to itself

from protocol.ids import Kk, Nik, VillageCode


class Fate(enum.Enum):
    """What became of a row of the file: every row has exactly one."""

    KEPT = "kept"
    MERGED = "merged"
    REJECTED = "rejected"
    DROPPED = "dropped"


class RemarkCode(enum.Enum):
    """What there is to say about a row. The set is closed; the sentence is `Remark.reason`."""

    ROW_BROKEN = "row_broken"
    TITLE = "title"
    BLANK = "blank"
    TOTAL = "total"
    HEADER_AGAIN = "header_again"
    DECEASED = "deceased"
    INACTIVE = "inactive"
    MOVED = "moved"
    NO_SCHEME = "no_scheme"
    SCHEME_UNKNOWN = "scheme_unknown"
    ANSWER_UNCLEAR = "answer_unclear"
    PERIOD_MISSING = "period_missing"
    PERIOD_UNCLEAR = "period_unclear"
    AMOUNT_UNCLEAR = "amount_unclear"
    DATE_UNCLEAR = "date_unclear"
    SEX_UNCLEAR = "sex_unclear"
    QUESTION_UNCLEAR = "question_unclear"
    NIK_WRONG = "nik_wrong"
    NIK_PLACEHOLDER = "nik_placeholder"
    KK_WRONG = "kk_wrong"
    KK_PLACEHOLDER = "kk_placeholder"
    NO_NUMBER = "no_number"
    NAME_MISSING = "name_missing"
    VILLAGE_UNKNOWN = "village_unknown"
    SAME_AS_ROW = "same_as_row"
    NIK_SHARED = "nik_shared"


class Remark(Struct, frozen=True, gc=False):
    """One thing about one cell: its column as the file names it, its masked value, and the reason in Indonesian."""

    code: RemarkCode
    reason: str
    column: str = ""
    value: str = ""


class RowReport(Struct, frozen=True, gc=False):
    """The fate of the row that starts on line `row` of the file, and how many facts it gives.

    The first remark is the cause of a fate other than kept.
    """

    row: int
    fate: Fate
    facts: int
    remarks: tuple[Remark, ...] = ()

    @property
    def reason(self) -> str:
        return self.remarks[0].reason if self.remarks else ""


class CoverageRow(Struct, frozen=True, kw_only=True, array_like=True, tag="c", gc=False):
    """One person or household in one scheme for some months, as the list says. NIK and KK are match keys: never a
    placeholder. `birth_date`: ISO; `sex`: L or P; `amount`: rupiah of one payment; empty or 0 where nothing is said.
    """

    source_row: int
    scheme: str
    component: str
    nik: Nik | None
    kk: Kk | None
    name_key: str
    village: VillageCode | None
    first: int
    until: int
    birth_date: str = ""
    sex: str = ""
    mother_key: str = ""
    rt: str = ""
    rw: str = ""
    amount: int = 0


class ProposalRow(Struct, frozen=True, kw_only=True, array_like=True, tag="p", gc=False):
    """One person whom a body proposes. NIK and KK as they were written: what is wrong with them is the decision's to say.

    `answers`: (field, answer) to the questions of the scheme's form, as far as the list has columns for them.
    """

    source_row: int
    village: VillageCode
    nik: str
    kk: str
    name: str
    birth_date: str = ""
    sex: str = ""
    mother: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    rt: str = ""
    rw: str = ""


Reading = CoverageRow | ProposalRow
