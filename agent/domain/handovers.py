"""Letters handed over: what the buku ekspedisi asks when a letter leaves the office, checked."""

from collections.abc import Mapping
from datetime import date

import msgspec

from agent.domain.fields import NAME_LENGTH_MAX, Fault, FieldError, check_date, check_text, collect
from language import say

LABELS = {
    "handed_on": say("Tanggal penyerahan"),
    "recipient": say("Ditujukan kepada"),
    "received_by": say("Diterima oleh"),
}
"""The questions of the form, in its order."""


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a letter left the office, when, and who took it (empty where it went by post)."""

    handed_on: date
    recipient: str
    received_by: str


def check_handover(raw: Mapping[str, str], letter_date: str, today: date) -> Handover | list[FieldError]:
    """The answers, or every fault at once. `letter_date`: `YYYY-MM-DD`; nothing is handed over before it is written."""
    answers: dict[str, object | Fault] = {
        "handed_on": _check_day(raw.get("handed_on", ""), letter_date, today),
        "recipient": check_text(raw.get("recipient", ""), NAME_LENGTH_MAX, required=True),
        "received_by": check_text(raw.get("received_by", ""), NAME_LENGTH_MAX, required=False),
    }
    errors = collect(answers, LABELS)
    return errors or Handover(**answers)  # type: ignore[arg-type]


def _check_day(raw: str, letter_date: str, today: date) -> date | Fault | None:
    day = check_date(raw, required=True)
    if not isinstance(day, date):
        return day
    if day > today:
        return Fault("in_the_future", say("belum tiba. Periksa tanggalnya, atau tanggal komputer."))
    if day.isoformat() < letter_date:
        return Fault("before_letter", say("sebelum tanggal suratnya. Periksa tanggalnya."))
    return day
