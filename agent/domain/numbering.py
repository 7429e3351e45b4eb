"""Letter numbers: which series a letter counts in, which number is next, and how the number is printed.

Numbering belongs to the box. These functions only compute; the store calls them inside the transaction that writes the
letter, where (village, series, year, number) is unique. Must never read a clock, and never hand out a number at or below
the highest one known. A number is printed once and kept as text from then on.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

import msgspec

from language import say
from protocol.letter_kinds import LetterKind

WIB = timezone(timedelta(hours=7), "WIB")
"""Western Indonesia time, no summer time."""
NUMBER_MAX = 99_999
"""Highest number of one series and year: the busiest office writes some 10,000 letters; more is a broken clock or loop."""
FORMAT_LENGTH_MAX = 80
PRINTED_LENGTH_MAX = 120
"""A printed number stays on one line of a letter."""
CLOCK_SLACK_MS = 60_000
"""A clock set back by less is an ordinary correction by NTP; asking a clerk about it would teach them to click it away."""

SERIES_ALL = "semua"
"""The one series of an office that numbers all its letters together."""

_TOKENS = frozenset({"klas", "nomor", "kode_instansi", "tahun", "kode_desa", "bulan_romawi", "bidang"})
_PART = re.compile(r"\{([^{}]*)\}|([^{}]+)|(.)", re.DOTALL)
_LITERAL = re.compile(r"[A-Za-z0-9 ./_-]*", re.ASCII)
_WIDTH = re.compile(r"0([1-9])d", re.ASCII)
_ROMAN_MONTHS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NumberingError(ValueError):
    """Numbering cannot go on; the message says, in Indonesian, what to set or do."""


class SeriesPolicy(StrEnum):
    """Which letters count together."""

    ONE = "one"
    PER_CODE = "per_code"
    PER_KIND = "per_kind"


class Token(msgspec.Struct, frozen=True):
    """`{name}` or `{nomor:03d}` in a number format."""

    name: str
    width: int = 0


NumberFormat = tuple[str | Token, ...]
"""A parsed format: literal text and tokens in order."""


class NumberingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How an office numbers its letters. Made by `numbering_policy`, which holds it to the rules."""

    series: SeriesPolicy
    format: NumberFormat
    kode_instansi: str
    kode_desa: str
    bidang: str


def numbering_policy(
    series: SeriesPolicy, format_text: str, *, kode_desa: str, kode_instansi: str = "", bidang: str = ""
) -> NumberingPolicy:
    """The checked policy of an office. Raises NumberingError naming the setting and the cure.

    `kode_instansi` has no default: Banyuwangi prints a regency office code that cannot be derived from the village code.
    """
    parts = parse_format(format_text)
    tokens = {part.name for part in parts if isinstance(part, Token)}
    _require(tokens, series)
    _require_setting(
        tokens,
        "kode_instansi",
        kode_instansi,
        say("kode instansi kantor dari Bagian Organisasi kabupaten, misalnya 429.508.03"),
    )
    _require_setting(tokens, "bidang", bidang, say("singkatan bidang, misalnya KESRA"))
    return NumberingPolicy(series=series, format=parts, kode_instansi=kode_instansi, kode_desa=kode_desa, bidang=bidang)


def parse_format(text: str) -> NumberFormat:
    """A number format, by a strict allow-list: no attribute, index, conversion or unknown token ever gets through."""
    if not text or len(text) > FORMAT_LENGTH_MAX:
        raise NumberingError(
            say(
                "Format nomor harus 1 sampai {format_length_max} huruf. Contoh: "
                "{{klas}}/{{nomor:03d}}/{{kode_instansi}}/{{tahun}}",
                format_length_max=FORMAT_LENGTH_MAX,
            )
        )
    parts: list[str | Token] = []
    for token, literal, stray in _PART.findall(text):
        if stray:
            raise NumberingError(
                say(
                    "Format nomor: kurung {stray} tidak berpasangan. Tulis setiap token di antara {{ dan }}.",
                    stray=repr(stray),
                )
            )
        parts.append(_parse_literal(literal) if literal else _parse_token(token))
    return tuple(parts)


def series_of(kind: LetterKind, policy: NumberingPolicy, year: int) -> str:
    """The series a letter of that kind and year counts in. Codes changed in 2023, hence the year."""
    match policy.series:
        case SeriesPolicy.ONE:
            return SERIES_ALL
        case SeriesPolicy.PER_CODE:
            return kind.code(year)
        case SeriesPolicy.PER_KIND:
            return kind.key


def next_number(highest: Mapping[tuple[str, int], int], series: str, year: int) -> int:
    """One above the highest number ever used in the series and year; each year starts at 1."""
    number = highest.get((series, year), 0) + 1
    if number > NUMBER_MAX:
        raise NumberingError(
            say(
                "Nomor surat tahun {year} sudah mencapai {number_max}. Periksa tanggal komputer dan buku "
                "agenda, lalu hubungi petugas kabupaten.",
                year=year,
                number_max=NUMBER_MAX,
            )
        )
    return number


def print_number(policy: NumberingPolicy, kind: LetterKind, number: int, dated: date) -> str:
    """The number as it stands on the letter, for example `470/123/429.508.03/2021`."""
    values = {
        "klas": kind.code(dated.year),
        "kode_instansi": policy.kode_instansi,
        "tahun": f"{dated.year:04d}",
        "kode_desa": policy.kode_desa,
        "bulan_romawi": _ROMAN_MONTHS[dated.month - 1],
        "bidang": policy.bidang,
    }
    printed = "".join(_print_part(part, number, values) for part in policy.format)
    if len(printed) > PRINTED_LENGTH_MAX:
        raise NumberingError(
            say(
                "Nomor surat lebih panjang dari {printed_length_max} huruf. Singkatkan kode di setelan kantor.",
                printed_length_max=PRINTED_LENGTH_MAX,
            )
        )
    return printed


def gaps(used: Iterable[int], void_ranges: Iterable[tuple[int, int]], highest: int) -> list[tuple[int, int]]:
    """Ranges (first, last) from 1 to `highest` that carry neither a letter nor a void row. An honest register has none."""
    spans = sorted([(number, number) for number in used] + [(first, last) for first, last in void_ranges])
    missing: list[tuple[int, int]] = []
    reached = 0
    for first, last in spans:
        if first > highest:
            break
        if first > reached + 1:
            missing.append((reached + 1, first - 1))
        reached = max(reached, last)
    if reached < highest:
        missing.append((reached + 1, highest))
    return missing


def date_wib(ms: int) -> date:
    """The calendar date in WIB of a time in milliseconds since 1970. Raises NumberingError outside the years 1 to 9999."""
    try:
        return (_EPOCH + timedelta(milliseconds=ms)).astimezone(WIB).date()
    except OverflowError as error:
        raise NumberingError(
            say("Jam komputer tidak masuk akal. Setel tanggal dan jam komputer, lalu ulangi.")
        ) from error


def day_wib(ms: int) -> str:
    """`2021-05-17`, the same as text; empty where a clock was outside the calendar."""
    try:
        return date_wib(ms).isoformat()
    except NumberingError:
        return ""


def year_wib(ms: int) -> int:
    """The year in WIB: the year whose series a letter of that moment counts in."""
    return date_wib(ms).year


def needs_date_confirmation(last_record_ms: int | None, now_ms: int) -> bool:
    """True when the clock stands behind the last record, so that the clerk must say which date it is.

    Only the date is asked for. The number still is one above the highest of its year, so nothing is opened again.
    """
    if last_record_ms is None or now_ms >= last_record_ms:
        return False
    return last_record_ms - now_ms > CLOCK_SLACK_MS or date_wib(now_ms) != date_wib(last_record_ms)


def _parse_literal(text: str) -> str:
    if not _LITERAL.fullmatch(text):
        raise NumberingError(
            say(
                "Format nomor: {text} memuat tanda yang tidak boleh. Pakai huruf, angka, spasi dan . / - _ saja.",
                text=repr(text),
            )
        )
    return text


def _parse_token(inside: str) -> Token:
    name, colon, width = inside.partition(":")
    if name not in _TOKENS:
        known = ", ".join(f"{{{token}}}" for token in sorted(_TOKENS))
        raise NumberingError(
            say("Format nomor: token {{{inside}}} tidak dikenal. Yang tersedia: {known}.", inside=inside, known=known)
        )
    if not colon:
        return Token(name)
    match = _WIDTH.fullmatch(width)
    if name != "nomor" or match is None:
        raise NumberingError(
            say(
                "Format nomor: {{{inside}}} tidak dapat dipakai. Lebar hanya untuk nomor, misalnya {{nomor:03d}}.",
                inside=inside,
            )
        )
    return Token(name, int(match[1]))


def _require(tokens: set[str], series: SeriesPolicy) -> None:
    """Two letters of one office must never bear the same printed number."""
    needed = {"nomor", "tahun"} if series is SeriesPolicy.ONE else {"nomor", "tahun", "klas"}
    for token in sorted(needed - tokens):
        raise NumberingError(
            say(
                "Format nomor: {{{token}}} harus ada, supaya tidak ada dua surat bernomor sama. Tambahkan di "
                "setelan kantor.",
                token=token,
            )
        )


def _require_setting(tokens: set[str], name: str, value: str, what: str) -> None:
    if name in tokens and not value:
        raise NumberingError(
            say(
                "Setelan {name} belum diisi, padahal format nomor memakainya. Isi {name} di setelan kantor: {what}.",
                name=name,
                what=what,
            )
        )
    if not _LITERAL.fullmatch(value):
        raise NumberingError(
            say("Setelan {name} memuat tanda yang tidak boleh. Pakai huruf, angka, spasi dan . / - _ saja.", name=name)
        )


def _print_part(part: str | Token, number: int, values: Mapping[str, str]) -> str:
    match part:
        case Token(name="nomor", width=width):
            return f"{number:0{width}d}" if width else str(number)
        case Token(name=name):
            return values[name]
        case _:
            return part
