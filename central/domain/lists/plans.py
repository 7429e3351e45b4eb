"""How a list is to be read: what each column means, and what the officer says where the list itself does not.

What it must never do: start with a plan that would lose or misread a whole column; `find_faults` says what is missing.
Place in the flow: `guess` proposes, the mapping page or the command line changes, `reading` obeys.
"""

import enum
from collections import Counter
from collections.abc import Collection

from msgspec import Struct

from central.domain.lists.columns import (
    ANSWERS,
    HAS,
    MEANINGS,
    PERIOD_OF,
    SCHEME_COLUMNS,
    is_other_programme,
    is_passed_over,
    marked_scheme,
    meaning_label,
    meaning_of,
)
from central.domain.lists.table import Table
from protocol.lists.cells import shorten
from protocol.lists.dates import shown_order

DATE_ORDERS = {"day_first": "hari-bulan-tahun", "month_first": "bulan-hari-tahun"}


class Kind(enum.Enum):
    """What a row of the list becomes."""

    COVERAGE = "coverage"
    PROPOSALS = "proposals"


class Plan(Struct, frozen=True, kw_only=True):
    """`meanings`: one a column of the file, empty where it is not used. The rest is for rows that say nothing themselves:

    `scheme`, `component`, `first` to `until` (months; 0: none) of a coverage list; `cycle` of proposals, with its scheme in
    `scheme`; `village` for both. `date_order`: of birth dates, empty where the column shows it. `sheet`: of a workbook.
    """

    kind: Kind
    meanings: tuple[str, ...]
    scheme: str = ""
    component: str = ""
    first: int = 0
    until: int = 0
    cycle: str = ""
    village: str = ""
    date_order: str = ""
    sheet: int = 0

    def place(self, meaning: str) -> int:
        """Where a meaning stands in a row; -1 where nowhere."""
        return self.meanings.index(meaning) if meaning in self.meanings else -1

    def schemes_with(self, prefix: str) -> dict[str, int]:
        """Scheme to column, of `has:` or `period:`."""
        return {each.removeprefix(prefix): at for at, each in enumerate(self.meanings) if each.startswith(prefix)}


class PlanFault(Struct, frozen=True):
    """What keeps a plan from being used; `field` names the question it belongs to (`columns` for the mapping)."""

    field: str
    sentence: str


def guess(table: Table, kind: Kind, sheet: int = 0) -> Plan:
    """What the titles say. Two columns of one meaning both keep it: the officer must choose."""
    meanings = tuple(map(meaning_of, table.titles))
    fits = is_of_proposals if kind is Kind.PROPOSALS else _is_of_coverage
    meanings = tuple(each if fits(each) else "" for each in meanings)
    has_own = any(each.startswith(HAS) or each == "scheme" for each in meanings)
    scheme = "" if has_own or kind is Kind.PROPOSALS else marked_scheme(table.titles)
    return Plan(kind=kind, meanings=meanings, scheme=scheme, sheet=sheet)


def is_of_proposals(meaning: str) -> bool:
    """Is it a thing that a proposal has?"""
    return meaning in MEANINGS and meaning not in _OF_COVERAGE


def _is_of_coverage(meaning: str) -> bool:
    return meaning not in ANSWERS


_OF_COVERAGE = frozenset({"scheme", "component", "period", "amount"})


def choices(kind: Kind) -> list[tuple[str, str]]:
    """(meaning, label) of all that a column of such a list may mean."""
    fits = is_of_proposals if kind is Kind.PROPOSALS else _is_of_coverage
    fields = [each for each in MEANINGS if fits(each)]
    schemes = sorted(set(SCHEME_COLUMNS.values())) if kind is Kind.COVERAGE else []
    flags = [prefix + scheme for scheme in schemes for prefix in (HAS, PERIOD_OF)]
    return [(each, meaning_label(each)) for each in (*fields, *flags)]


def ignored(table: Table, plan: Plan) -> tuple[str, ...]:
    """Columns that are not used and that the officer may have meant: a misspelt programme would be among them."""
    pairs = zip(table.titles, plan.meanings, strict=True)
    return tuple(shorten(title) for title, meaning in pairs if not meaning and not is_passed_over(title))


def other_programmes(table: Table, plan: Plan) -> dict[str, int]:
    """Programmes that are no schemes of ours, by title."""
    pairs = enumerate(zip(table.titles, plan.meanings, strict=True))
    return {title: at for at, (title, meaning) in pairs if not meaning and is_other_programme(title)}


def find_faults(table: Table, plan: Plan, schemes: Collection[str], cycles: Collection[str] = ()) -> list[PlanFault]:
    """Why a plan cannot be used yet; `schemes` and `cycles` are the codes there are."""
    faults = _column_faults(table, plan)
    if plan.kind is Kind.COVERAGE:
        faults += _coverage_faults(plan, schemes)
    else:
        faults += _proposal_faults(plan, cycles)
    at = plan.place("birth_date")
    if at >= 0 and not plan.date_order and shown_order(table.column(at)) is None:
        sentence = f"Urutan tanggal pada kolom “{shorten(table.titles[at])}” tidak dapat dipastikan dari isinya; pilih."
        faults.append(PlanFault("date_order", sentence))
    return faults


def _column_faults(table: Table, plan: Plan) -> list[PlanFault]:
    if len(plan.meanings) != len(table.titles):
        return [PlanFault("columns", "Kolom berkas ini berubah. Muat ulang halaman ini.")]
    faults = []
    for meaning, count in Counter(filter(None, plan.meanings)).items():
        if count > 1:
            titles = (
                f"“{shorten(title)}”"
                for title, each in zip(table.titles, plan.meanings, strict=True)
                if each == meaning
            )
            sentence = (
                f"Kolom {' dan '.join(titles)} berisi hal yang sama ({meaning_label(meaning)}). Pilih salah satunya."
            )
            faults.append(PlanFault("columns", sentence))
    missing = [MEANINGS[each] for each in _required(plan.kind) if plan.place(each) < 0]
    if plan.kind is Kind.COVERAGE and plan.place("nik") < 0 and plan.place("kk") < 0:
        missing.insert(0, "NIK atau Nomor KK")
    if missing:
        sentence = f"Kolom {', '.join(missing)} belum ditentukan. Pilih kolomnya, atau periksa baris judul berkas."
        faults.append(PlanFault("columns", sentence))
    return faults


def _required(kind: Kind) -> tuple[str, ...]:
    return ("name",) if kind is Kind.COVERAGE else ("nik", "name")


def _coverage_faults(plan: Plan, schemes: Collection[str]) -> list[PlanFault]:
    faults = []
    if plan.scheme and plan.scheme not in schemes:
        faults.append(PlanFault("scheme", "Program itu tidak dikenal. Pilih dari daftar."))
    if not plan.scheme and plan.place("scheme") < 0 and not plan.schemes_with(HAS):
        faults.append(PlanFault("scheme", "Program tidak tertulis di berkas ini. Pilih programnya, misalnya PKH."))
    if plan.until < plan.first or (plan.first == 0) != (plan.until == 0):
        faults.append(PlanFault("period", "Periode berakhir sebelum dimulai, atau salah satunya kosong."))
    if not plan.first and plan.place("period") < 0 and not plan.schemes_with(PERIOD_OF):
        sentence = "Periode tidak tertulis di berkas ini. Isi periodenya, misalnya 2021-01 s/d 2021-12."
        faults.append(PlanFault("period", sentence))
    return faults


def _proposal_faults(plan: Plan, cycles: Collection[str]) -> list[PlanFault]:
    faults = []
    if plan.cycle not in cycles:
        faults.append(PlanFault("cycle", "Pilih periode yang diusulkan."))
    has_names = plan.place("village") >= 0 and plan.place("district") >= 0
    if not plan.village and not has_names and plan.place("village_code") < 0:
        sentence = "Desa tidak dapat ditentukan: perlu kolom kode desa, atau kolom desa dan kecamatan, atau satu desa untuk semua."
        faults.append(PlanFault("village", sentence))
    return faults
