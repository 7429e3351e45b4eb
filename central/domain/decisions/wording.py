"""Places, months and days as a decision's sentence says them. Pure."""

from datetime import date
from functools import lru_cache

from language import MONTHS
from protocol.ids import InvalidCode, parse_village_code
from protocol.regions import UnknownRegion, Village, village_by_any_code
from protocol.schemes import Relation, month_text


@lru_cache(maxsize=512)
def home_of(code: str) -> Village | None:
    try:
        return village_by_any_code(parse_village_code(code))
    except (InvalidCode, UnknownRegion):
        return None


@lru_cache(maxsize=512)
def place_text(code: str) -> str:
    """`Desa Kemiren, Kecamatan Glagah`, or a phrase where the list does not say."""
    home = home_of(code) if code else None
    return home.place if home else "daftar kabupaten"


_WIB_MS, _DAY_MS = 7 * 3_600_000, 86_400_000


@lru_cache(maxsize=512)
def period_text(first: int, until: int) -> str:
    """`Mei-Juli 2021`, `November 2020 - Januari 2021`, `Mei 2021`."""
    a, b = f"{MONTHS[first % 12]} {first // 12}", f"{MONTHS[until % 12]} {until // 12}"
    if first == until:
        return a
    return f"{MONTHS[first % 12]}-{b}" if first // 12 == until // 12 else f"{a} - {b}"


def date_text(ms: int) -> str:
    """`17 Mei 2021` in WIB."""
    return _day_text((ms + _WIB_MS) // _DAY_MS)


@lru_cache(maxsize=512)
def _day_text(days: int) -> str:
    day = date.fromordinal(date(1970, 1, 1).toordinal() + days)
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def day_iso(ms: int) -> str:
    """`2021-05-17` in WIB."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + (ms + _WIB_MS) // _DAY_MS).isoformat()


def day_text(iso: str) -> str:
    """`2021-04-30` as `30 April 2021`; any other text as it stands, and a phrase where there is none."""
    try:
        day = date.fromisoformat(iso)
    except ValueError:
        return iso.strip() or "tanggal yang tidak disebutkan"
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def months_text(first: int, until: int) -> str:
    """`2021-05..2021-07`: the form for machines and auditors."""
    return f"{month_text(first)}..{month_text(until)}"


def basis_text(answer: Relation) -> str:
    """The rule that answered and its legal basis."""
    if answer.rule is None:
        return answer.ground.sentence
    rule = answer.rule
    return f"{rule.scheme} - {rule.other_scheme}: {rule.basis}"[:300]
