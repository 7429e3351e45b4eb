"""How dates, times, numbers and money look to an Indonesian reader, and on a page to a reader of English. Pure."""

import re
from datetime import UTC, date, datetime, tzinfo

from language import MONTHS, Figure, say

NO_CALENDAR = say("waktu di luar kalender")
MONTH_SPAN = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])\.\.(?P<last_year>[0-9]{4})-(?P<last_month>0[1-9]|1[0-2])"
)


def tanggal(day: date) -> str:
    """5 Mei 2021"""
    return say("{day} {month} {year}", day=day.day, month=MONTHS[day.month - 1], year=day.year)


def clock(moment: datetime) -> dict[str, str]:
    """Hour and minute in two digits each, for sentences that part them as their language does."""
    return {"hour": f"{moment.hour:02d}", "minute": f"{moment.minute:02d}"}


def waktu(at_ms: int, zone: tzinfo) -> str:
    """5 Mei 2021 14.05, from milliseconds since 1970; a clock far outside the calendar must not take the page down."""
    try:
        moment = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return NO_CALENDAR
    return say("{date} {hour}.{minute}", date=tanggal(moment.date()), **clock(moment))


def hari(at_ms: int, zone: tzinfo) -> str:
    """5 Mei 2021, the day of a moment."""
    try:
        return tanggal(datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).date())
    except (ValueError, OverflowError, OSError):
        return NO_CALENDAR


def tanggal_iso(text: str) -> str:
    """5 Mei 2021, for a date as records carry it (2021-05-05); any other text as it stands."""
    try:
        return tanggal(date.fromisoformat(text))
    except ValueError:
        return text


def bulan(text: str) -> str:
    """Mei-Juli 2021, for months as records carry them (2021-05..2021-07); any other text as it stands."""
    found = MONTH_SPAN.fullmatch(text)
    if found is None:
        return text
    year, last_year = found["year"], found["last_year"]
    first, last = MONTHS[int(found["month"]) - 1], MONTHS[int(found["last_month"]) - 1]
    if year != last_year:
        return say("{first} {year}-{last} {last_year}", first=first, year=year, last=last, last_year=last_year)
    if first == last:
        return say("{month} {year}", month=first, year=year)
    return say("{first}-{last} {year}", first=first, last=last, year=year)


def angka(number: int) -> str:
    """12.373"""
    return Figure(f"{number:,}".replace(",", "."))


def rupiah(amount: int) -> str:
    """Rp700.000"""
    return Figure(f"-Rp{angka(-amount)}" if amount < 0 else f"Rp{angka(amount)}")


def ago(ms: int | None, now_ms: int) -> str:
    """`baru saja`, `12 menit`, `3 jam`, `5 hari`: how long ago, in the roughest unit that still tells; `-` for never."""
    if ms is None:
        return "-"
    minutes = max(0, now_ms - ms) // 60_000
    if minutes < 1:
        return say("baru saja")
    if minutes < 120:
        return say("{minutes} menit", minutes=minutes)
    if minutes < 2_880:
        return say("{hours} jam", hours=minutes // 60)
    return say("{days} hari", days=minutes // 1_440)


FILTERS = (tanggal, tanggal_iso, waktu, hari, bulan, angka, rupiah)
"""What templates may call, by their own names."""
