"""Incoming letters: what the agenda asks, checked.

An incoming letter gets its number in a series of its own, per year of the day it was received, by the same rules as a
letter that goes out (`numbering`): dense, never again, gaps only as void rows with a reason.
"""

from collections.abc import Mapping
from datetime import date

import msgspec

from agent.domain.fields import NAME_LENGTH_MAX, Fault, FieldError, check_date, check_text, collect
from language import say

SERIES_INCOMING = "surat-masuk"
"""No letter kind and no classification code has a hyphen, so no series of outgoing letters bears this name."""

LABELS = {
    "received_on": say("Tanggal diterima"),
    "sender": say("Pengirim"),
    "their_number": say("Nomor surat"),
    "dated": say("Tanggal surat"),
    "subject": say("Isi singkat"),
    "disposition": say("Disposisi"),
}
"""The questions of the form, in its order."""


class IncomingLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter as the agenda has it. `dated`: None where the sender wrote no date."""

    received_on: date
    sender: str
    their_number: str
    dated: date | None
    subject: str
    disposition: str

    @property
    def year(self) -> int:
        """The year in whose agenda it stands."""
        return self.received_on.year


def check_incoming(
    raw: Mapping[str, str], today: date, *, year: int | None = None
) -> IncomingLetter | list[FieldError]:
    """The answers, or every fault at once. `year`: of the agenda in which a letter that is corrected stands."""
    answers: dict[str, object | Fault] = {
        "received_on": _check_received(raw.get("received_on", ""), today, year),
        "sender": check_text(raw.get("sender", ""), NAME_LENGTH_MAX, required=True),
        "their_number": check_text(raw.get("their_number", ""), NAME_LENGTH_MAX, required=False),
        "dated": check_date(raw.get("dated", ""), required=False),
        "subject": check_text(raw.get("subject", ""), NAME_LENGTH_MAX, required=True),
        "disposition": check_text(raw.get("disposition", ""), NAME_LENGTH_MAX, required=False),
    }
    received_on, dated = answers["received_on"], answers["dated"]
    if isinstance(received_on, date) and isinstance(dated, date) and dated > received_on:
        answers["dated"] = Fault("after_receipt", say("sesudah tanggal diterima. Periksa kedua tanggal itu."))
    errors = collect(answers, LABELS)
    return errors or IncomingLetter(**answers)  # type: ignore[arg-type]


def _check_received(raw: str, today: date, year: int | None) -> date | Fault | None:
    """Not tomorrow, and in an agenda that is still at hand: this year's or last year's."""
    day = check_date(raw, required=True)
    if not isinstance(day, date):
        return day
    if day > today:
        return Fault("in_the_future", say("belum tiba. Periksa tanggalnya, atau tanggal komputer."))
    if year is not None and day.year != year:
        return Fault("other_year", say("harus di tahun {year}, karena nomor agendanya nomor tahun {year}.", year=year))
    if year is None and day.year < today.year - 1:
        return Fault(
            "too_old",
            say(
                "terlalu lama. Agenda yang dapat diisi: tahun {year} dan {year_2}.",
                year=today.year - 1,
                year_2=today.year,
            ),
        )
    return day
