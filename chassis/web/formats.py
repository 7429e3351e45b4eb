"""How dates, times, numbers and money look to an Indonesian reader. Pure."""

from datetime import UTC, date, datetime, tzinfo

MONTHS = (
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
)

NO_CALENDAR = "waktu di luar kalender"


def tanggal(day: date) -> str:
    """5 Mei 2021"""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def waktu(at_ms: int, zone: tzinfo) -> str:
    """5 Mei 2021 14.05, from milliseconds since 1970; a clock far outside the calendar must not take the page down."""
    try:
        moment = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return NO_CALENDAR
    return f"{tanggal(moment.date())} {moment.hour:02d}.{moment.minute:02d}"


def angka(number: int) -> str:
    """12.373"""
    return f"{number:,}".replace(",", ".")


def rupiah(amount: int) -> str:
    """Rp700.000"""
    return f"-Rp{angka(-amount)}" if amount < 0 else f"Rp{angka(amount)}"
