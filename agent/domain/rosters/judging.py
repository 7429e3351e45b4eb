"""One row of a roster against what is on record: new, changed, the same or refused. Nothing on record is ever emptied."""

from datetime import date

import msgspec
from msgspec import Struct

from agent.domain.fields import FieldError
from agent.domain.residents import REQUIRED, Resident, check_resident, resident_warnings
from agent.domain.rosters.rows import Fate, Remark, RosterRow, RowReport
from language import say
from protocol.ids import mask_nik
from protocol.lists.cells import show_masked
from protocol.names import name_key

_TOLD = frozenset({"nik_birth_date_differs", "nik_sex_differs"})
"""Warnings that a report repeats; the others are common and harmless."""
_NUMBERS = ("nik", "kk")


class Judgement(Struct, frozen=True):
    """A row's report, and the resident to write for one that is new or changed."""

    report: RowReport
    resident: Resident | None = None


def judge(row: RosterRow, known: Resident | None, today: date) -> Judgement:
    """What a row means beside the record of its NIK. A faulty detail is left out and told; a faulty essential refuses."""
    base = {} if known is None else _as_text(known)
    checked = check_resident(base | _differing(row.values, base), today)
    remarks = list(row.remarks)
    if isinstance(checked, list):
        told = {remark.column for remark in row.remarks}  # a date that could not be read is not missing as well
        remarks += [remark for error in checked if (remark := _remark(row, error)).column not in told]
        faulty = {error.field for error in checked}
        kept = {field: text for field, text in row.values.items() if field not in faulty}
        checked = check_resident(base | _differing(kept, base), today)
        if isinstance(checked, list) or (known is None and faulty & REQUIRED):
            return Judgement(RowReport(row.line, Fate.REFUSED, tuple(remarks)))
    if known is not None and _is_somebody_else(known, checked):
        reason = say(
            "NIK ini tercatat atas nama dan tanggal lahir lain. Cocokkan dengan KK, lalu perbaiki di halaman penduduk."
        )
        conflict = Remark("nik_of_other", reason, row.columns.get("nik", ""), mask_nik(row.nik))
        return Judgement(RowReport(row.line, Fate.REFUSED, (conflict, *remarks)))
    if checked == known:
        return Judgement(RowReport(row.line, Fate.SAME, tuple(remarks)))
    remarks += [
        Remark(warning.code, warning.message, row.columns.get(warning.field, ""), mask_nik(row.nik))
        for warning in resident_warnings(checked)
        if warning.code in _TOLD
    ]
    return Judgement(RowReport(row.line, Fate.NEW if known is None else Fate.CHANGED, tuple(remarks)), checked)


def _differing(values: dict[str, str], base: dict[str, str]) -> dict[str, str]:
    """What the file says otherwise than the record. Only another letter case is no difference."""
    return {field: text for field, text in values.items() if text.casefold() != base.get(field, "").casefold()}


def _is_somebody_else(known: Resident, read: Resident) -> bool:
    """A NIK with another name *and* another birth date is more likely a mistyped NIK than two corrections at once."""
    return known.birth_date != read.birth_date and name_key(known.name) != name_key(read.name)


def _remark(row: RosterRow, error: FieldError) -> Remark:
    text = row.values.get(error.field, "")
    shown = mask_nik(text) if error.field in _NUMBERS and text else show_masked(text)
    return Remark(error.code, error.message, row.columns.get(error.field, ""), shown)


def _as_text(resident: Resident) -> dict[str, str]:
    values = msgspec.structs.asdict(resident)
    return values | {"birth_date": resident.birth_date.isoformat(), "sex": resident.sex.value}
