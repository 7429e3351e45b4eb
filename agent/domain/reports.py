"""Field verification of what residents reported online: what can be found at a visit, and the form that says so. Pure.

Must never decide on aid: a person found worthy is proposed, and the regency decides. Place in the flow: the regency's feed
brings a report -> somebody goes there -> `agent/web/reports` reads the form -> `agent/store/reports` writes it down.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from msgspec import Struct

from agent.domain.fields import Fault, FieldError, check_date, check_text, collect
from language import say

VISITOR_LENGTH_MAX = 100
NOTE_LENGTH_MAX = 300
REPORT_LABELS = {
    "visited_on": say("Tanggal kunjungan"),
    "visitor": say("Yang berkunjung"),
    "finding": say("Hasil kunjungan"),
    "note": say("Catatan"),
}


class Finding(StrEnum):
    """What the visit found; only who is worthy can be proposed from the report."""

    WORTHY = "worthy"
    UNWORTHY = "unworthy"
    NOT_FOUND = "not_found"
    MOVED = "moved"
    DECEASED = "deceased"


class Visit(Struct, frozen=True):
    """The form, checked."""

    visited_on: date
    visitor: str
    finding: Finding
    note: str


def check_visit(typed: Mapping[str, str], today: date, received_on: date) -> Visit | list[FieldError]:
    """The visit, or every fault in the order of the form. Nobody visits before the report came, nor tomorrow."""
    chosen = next((each for each in Finding if each == typed.get("finding")), None)
    answers: dict[str, object | Fault] = {
        "visited_on": _check_day(typed.get("visited_on", ""), today, received_on),
        "visitor": check_text(typed.get("visitor", ""), VISITOR_LENGTH_MAX, required=True),
        "finding": chosen or Fault("required", say("pilih salah satu.")),
        "note": check_text(typed.get("note", ""), NOTE_LENGTH_MAX, required=chosen is Finding.UNWORTHY),
    }
    errors = collect(answers, REPORT_LABELS)
    day, visitor, note = answers["visited_on"], answers["visitor"], answers["note"]
    if errors or chosen is None or not (isinstance(day, date) and isinstance(visitor, str) and isinstance(note, str)):
        return errors
    return Visit(day, visitor, chosen, note)


def _check_day(typed: str, today: date, received_on: date) -> date | Fault:
    day = check_date(typed, required=True)
    if not isinstance(day, date):
        return day or Fault("required", say("wajib diisi."))
    if day > today:
        return Fault("in_future", say("belum terjadi. Periksa tanggalnya."))
    return Fault("too_early", say("lebih awal dari laporannya. Periksa tanggalnya.")) if day < received_on else day
