"""Reads what came of a payment list: the file that left as a list comes back with status, day and reason filled in. Pure.

A row that cannot be taken says why and harms no other; a row without a status is not touched. Must never guess: a file of
another list, an unknown number or a day that can mean two things is refused. Place in the flow: a list's page -> here ->
central/store/determinations.
"""

import re
from collections.abc import Collection, Sequence
from datetime import date

from msgspec import Struct

from protocol.lists.tables import (
    BrokenRow,
    FileProblem,
    ListRefused,
    decode_table,
    find_header,
    plain_header,
    read_rows,
)

COLUMNS = ("NO", "KODE DAFTAR", "STATUS", "TANGGAL", "ALASAN")
REASON_LENGTH_MAX = 200
PAID, FAILED = "paid", "failed"
_STATES = {"DIBAYAR": PAID, "TERBAYAR": PAID, "SALUR": PAID, "GAGAL": FAILED, "GAGAL SALUR": FAILED}
_DAY = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?: 00:00:00)?")
_DAY_FIRST = re.compile(r"(?P<day>[0-9]{1,2})[/-](?P<month>[0-9]{1,2})[/-](?P<year>[0-9]{4})")


class Payment(Struct, frozen=True):
    """What was reported of one entry: `paid` on a day, or `failed` with the reason."""

    entry: int
    state: str
    paid_on: str
    reason: str


class RowFault(Struct, frozen=True):
    """A row that was not taken: its line, and why, in Indonesian, without a word of the person's."""

    line: int
    sentence: str


class PaymentFile(Struct, frozen=True):
    """`untouched`: rows without a status."""

    payments: Sequence[Payment]
    faults: Sequence[RowFault]
    untouched: int


def read_payments(content: bytes, code: str, entries: Collection[int], today: date) -> PaymentFile | ListRefused:
    """`code` and `entries`: of the list that it must be (`papers.list_code`)."""
    lines = decode_table(content)
    if isinstance(lines, ListRefused):
        return lines
    known = {plain_header(column): column for column in COLUMNS}
    header = find_header(lines, lambda cell: plain_header(cell) in known)
    places = (
        {known[plain_header(cell)]: at for at, cell in enumerate(header.cells) if plain_header(cell) in known}
        if header
        else {}
    )
    missing = [column for column in COLUMNS if column not in places]
    if header is None or missing:
        return ListRefused(
            FileProblem.COLUMN_MISSING,
            f"Kolom {', '.join(missing)} tidak ada. Pakai berkas yang diunduh dari halaman daftar ini.",
        )
    found: dict[int, Payment] = {}
    faults: list[RowFault] = []
    untouched = 0
    for row in read_rows(lines, header):
        if isinstance(row, BrokenRow):
            faults.append(RowFault(row.line, "Baris rusak. Simpan ulang berkasnya."))
            continue
        cells = {
            column: row.cells[at].removeprefix("'").strip() if at < len(row.cells) else ""
            for column, at in places.items()
        }
        if not cells["STATUS"]:
            untouched += 1
            continue
        payment = _read_row(cells, code, entries, today)
        if isinstance(payment, str):
            faults.append(RowFault(row.line, payment))
        elif payment.entry in found:
            faults.append(RowFault(row.line, "Nomor ini sudah ada pada baris lain berkas ini. Hapus salah satu."))
        else:
            found[payment.entry] = payment
    return PaymentFile(list(found.values()), faults, untouched)


def _read_row(cells: dict[str, str], code: str, entries: Collection[int], today: date) -> Payment | str:
    if cells["KODE DAFTAR"].lower() != code:
        return "Baris ini dari daftar lain: kode daftarnya berbeda."
    entry = int(cells["NO"]) if cells["NO"].isascii() and cells["NO"].isdigit() and len(cells["NO"]) < 9 else 0
    if entry not in entries:
        return "Nomor ini tidak ada pada daftar."
    state = _STATES.get(" ".join(cells["STATUS"].upper().split()))
    if state is None:
        return "Status: tulis dibayar atau gagal salur."
    reason = " ".join(cells["ALASAN"].split())
    if state == FAILED:
        is_good = 0 < len(reason) <= REASON_LENGTH_MAX and reason.isprintable()
        return (
            Payment(entry, FAILED, "", reason) if is_good else "Gagal salur: tulis alasannya, paling panjang 200 huruf."
        )
    day = _read_day(cells["TANGGAL"])
    if day is None or day > today:
        return "Dibayar: tulis tanggalnya, misalnya 20/06/2021, tidak sesudah hari ini."
    return Payment(entry, PAID, day.isoformat(), "")


def _read_day(text: str) -> date | None:
    found = _DAY.fullmatch(text) or _DAY_FIRST.fullmatch(text)
    if found is None:
        return None
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
