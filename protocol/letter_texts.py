"""The wording of letters: published text files with placeholders, read once under a strict allow-list, then filled.

A text is logic-less. `{{nama}}` stands for a value, `{{tgl_lahir|tanggal}}` for a value through a filter, and nothing
else means anything: no expression, no attribute, no condition. Whatever a placeholder or filter does wrong is found
when the text is loaded, never with a resident waiting. A filled-in value is plain text and is never read again.

The one rule of omission: a row or paragraph in which a placeholder comes out empty is left out whole, so that optional
answers need no conditions.

Both sides must agree on it: what the centre publishes every box reads, by these rules and no others.

A published text is never edited: a change is a new file with the next version, because a reprint must read as the
original did. Files are named `<kind>-<version>.txt`; sections are `[judul]` (the title as printed, first), `[paragraf]`
(paragraphs, parted by empty lines), `[rincian]` (rows `label : value`), `[keluarga]` (a table of the chosen family
members, with a line above it), `[daftar x]` (the same for the people of the field whose placeholder is x) and, last,
`[pengesahan]`: who signs, one a line, left to right and row by row, with an optional line above (`Mengetahui, : kepala`).
A text without the first or the last prints the title and the signatures that the catalogue names.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never

import msgspec

from language import MONTHS

TEXT_BYTES_MAX = 20_000
"""A published text; one page of a letter holds some 4,000 characters."""

_PRINTABLE_RANGES = ((0x20, 0x7E), (0xA1, 0xAC), (0xAE, 0x17F), (0x1E00, 0x1EFF))
_PRINTABLE_EXTRA = "‘’“”–—…•ʼ"
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_INSIDE = re.compile(r"([a-z_]+)((?:\|[a-z]+)*)", re.ASCII)
_FILE_NAME = re.compile(r"([a-z_]+)-([1-9][0-9]{0,3})\.txt", re.ASCII)
_SECTION = re.compile(r"\[([a-z]+)(?: ([a-z_]+))?\]", re.ASCII)
_DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")


class TextError(ValueError):
    """A published text that cannot be used; the message names file, line and cure."""


class ValueType(StrEnum):
    """What a placeholder stands for."""

    TEXT = "teks"
    DATE = "tanggal"
    NUMBER = "angka"
    PEOPLE = "orang"


SIGNERS = frozenset({"kepala", "camat", "pemohon", "pena"})
"""Who may sign a letter besides the people it names: the village's head (or a delegate), the camat where asked for, the
applicant, and whoever takes up the pen."""


Value = str | int | date | None
"""None and the empty string are "empty"."""


class Hole(msgspec.Struct, frozen=True):
    """A placeholder in a template, with its filters in order."""

    name: str
    filters: tuple[str, ...]


Template = tuple[str | Hole, ...]
"""Literal text and holes in order."""


class Paragraphs(msgspec.Struct, frozen=True):
    templates: tuple[Template, ...]


class Rows(msgspec.Struct, frozen=True):
    """Label and value, printed with aligned colons."""

    rows: tuple[tuple[str, Template], ...]


class FamilyTable(msgspec.Struct, frozen=True):
    """The chosen family members under an introduction."""

    introduction: Template


class PeopleTable(msgspec.Struct, frozen=True):
    """The people of one field under an introduction."""

    field: str
    introduction: Template


Block = Paragraphs | Rows | FamilyTable | PeopleTable


class Spot(msgspec.Struct, frozen=True):
    """Where somebody signs: a line above (may be empty), and who: one of `SIGNERS` or a field for people."""

    heading: str
    who: str


class LetterText(msgspec.Struct, frozen=True, kw_only=True):
    """One published version of a kind's wording, in the order of the page. Without `title` or `spots` the kind's own."""

    kind: str
    version: int
    blocks: tuple[Block, ...]
    title: str = ""
    spots: tuple[Spot, ...] = ()


def is_printable(character: str) -> bool:
    """True for a character that the letter's typeface has. The render tests print every one of them."""
    point = ord(character)
    return any(low <= point <= high for low, high in _PRINTABLE_RANGES) or character in _PRINTABLE_EXTRA


def printable_characters() -> str:
    """All characters that may stand in a letter."""
    ranges = "".join(chr(point) for low, high in _PRINTABLE_RANGES for point in range(low, high + 1))
    return ranges + _PRINTABLE_EXTRA


def date_words(day: date) -> str:
    """`24 November 2026`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def rupiah(amount: int) -> str:
    """`Rp1.500.000`, as PUEBI writes it: no blank, dots for thousands."""
    sign = "-" if amount < 0 else ""
    return f"{sign}Rp{abs(amount):,}".replace(",", ".")


class Filter(msgspec.Struct, frozen=True):
    takes: ValueType
    gives: ValueType
    apply: Callable[[object], Value]


def _as_date(value: object) -> Value:
    return date_words(value) if isinstance(value, date) else None


def _as_weekday(value: object) -> Value:
    return _DAYS[value.weekday()] if isinstance(value, date) else None


def _as_hour(value: object) -> Value:
    return f"{value:%H.%M} WIB" if isinstance(value, datetime) else None


def _as_figure(value: object) -> Value:
    return f"{value:,}".replace(",", ".") if isinstance(value, int) else None


def _as_rupiah(value: object) -> Value:
    return rupiah(value) if isinstance(value, int) else None


FILTERS: Mapping[str, Filter] = {
    "tanggal": Filter(ValueType.DATE, ValueType.TEXT, _as_date),
    "hari": Filter(ValueType.DATE, ValueType.TEXT, _as_weekday),
    "pukul": Filter(ValueType.DATE, ValueType.TEXT, _as_hour),
    "angka": Filter(ValueType.NUMBER, ValueType.TEXT, _as_figure),
    "rupiah": Filter(ValueType.NUMBER, ValueType.TEXT, _as_rupiah),
    "besar": Filter(ValueType.TEXT, ValueType.TEXT, lambda value: str(value).upper()),
}
"""Every filter there is. A text that names another one is refused when it is loaded."""


def read_texts(
    files: Mapping[str, str], vocabularies: Mapping[str, Mapping[str, ValueType]]
) -> dict[tuple[str, int], LetterText]:
    """All texts by (kind, version). Every kind must have one. Raises TextError."""
    texts: dict[tuple[str, int], LetterText] = {}
    for name in sorted(files):
        match = _FILE_NAME.fullmatch(name)
        if match is None or match[1] not in vocabularies:
            raise TextError(f"{name}: nama berkas harus <jenis surat>-<versi>.txt dengan jenis surat yang ada")
        kind, version = match[1], int(match[2])
        texts[kind, version] = parse_text(name, files[name], kind, version, vocabularies[kind])
    for kind in vocabularies:
        if not any(known == kind for known, _ in texts):
            raise TextError(f"{kind}: belum ada teks surat untuk jenis ini")
    return texts


def parse_text(name: str, source: str, kind: str, version: int, vocabulary: Mapping[str, ValueType]) -> LetterText:
    """One text. Raises TextError naming file, line and cure; an unknown placeholder or filter is such an error."""
    if len(source.encode()) > TEXT_BYTES_MAX:
        raise TextError(f"{name}: lebih besar dari {TEXT_BYTES_MAX} bita")
    blocks: list[Block] = []
    title = ""
    spots: tuple[Spot, ...] = ()
    for section, subject, line_number, lines in _sections(name, source):
        where = f"{name}, baris {line_number}"
        if spots or (section == "judul" and (blocks or title)):
            raise TextError(f"{where}: [judul] harus di awal dan [pengesahan] di akhir, masing-masing sekali")
        if subject and section != "daftar":
            raise TextError(f"{where}: [{section}] ditulis tanpa kata lain")
        match section:
            case "judul":
                title = _parse_title(where, lines)
            case "pengesahan":
                spots = tuple(_parse_spot(where, line, vocabulary) for line in lines if line)
            case "daftar":
                if vocabulary.get(subject) is not ValueType.PEOPLE:
                    raise TextError(f"{where}: [daftar {subject}] bukan daftar orang")
                introduction = parse_template(where, " ".join(line for line in lines if line), vocabulary)
                blocks.append(PeopleTable(subject, introduction))
            case _:
                blocks.append(_parse_block(where, section, lines, vocabulary))
    if not blocks:
        raise TextError(f"{name}: kosong")
    return LetterText(kind=kind, version=version, blocks=tuple(blocks), title=title, spots=spots)


def _parse_block(where: str, section: str, lines: list[str], vocabulary: Mapping[str, ValueType]) -> Block:
    match section:
        case "paragraf":
            paragraphs = [" ".join(group) for group in _groups(lines)]
            return Paragraphs(tuple(parse_template(where, text, vocabulary) for text in paragraphs))
        case "rincian":
            return Rows(tuple(_parse_row(where, line, vocabulary) for line in lines if line))
        case "keluarga":
            return FamilyTable(parse_template(where, " ".join(line for line in lines if line), vocabulary))
        case _:
            known = "[judul], [paragraf], [rincian], [keluarga], [daftar ...], [pengesahan]"
            raise TextError(f"{where}: bagian [{section}] tidak dikenal; yang ada: {known}")


def _parse_title(where: str, lines: list[str]) -> str:
    title = " ".join(line for line in lines if line)
    if not title or "{" in title or "}" in title:
        raise TextError(f"{where}: judul ditulis apa adanya, tanpa isian")
    return title


def _parse_spot(where: str, line: str, vocabulary: Mapping[str, ValueType]) -> Spot:
    heading, _, who = line.rpartition(" : ")
    if who.strip() not in SIGNERS and vocabulary.get(who.strip()) is not ValueType.PEOPLE:
        raise TextError(f"{where}: {who.strip()!r} tidak dapat menandatangani; yang ada: {', '.join(sorted(SIGNERS))}")
    if "{" in heading or "}" in heading:
        raise TextError(f"{where}: baris di atas tanda tangan ditulis tanpa isian")
    return Spot(heading.strip(), who.strip())


def parse_template(where: str, text: str, vocabulary: Mapping[str, ValueType]) -> Template:
    """Literal text and placeholders. Raises TextError for whatever is not plainly one or the other."""
    parts: list[str | Hole] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        parts.extend(_parse_literal(where, text[end : match.start()]))
        parts.append(_parse_hole(where, match[1], vocabulary))
        end = match.end()
    parts.extend(_parse_literal(where, text[end:]))
    return tuple(parts)


def fill(template: Template, values: Mapping[str, Value]) -> str | None:
    """The template with its values, or None when one of them is empty (the row or paragraph is then left out)."""
    filled: list[str] = []
    for part in template:
        match part:
            case str():
                filled.append(part)
            case Hole():
                value = _apply(part, values)
                if value is None or value == "":
                    return None
                filled.append(str(value))
            case _:
                assert_never(part)
    return "".join(filled)


def _apply(hole: Hole, values: Mapping[str, Value]) -> Value:
    value = values[hole.name]
    for name in hole.filters:
        if value is None:
            return None
        value = FILTERS[name].apply(value)
    return value


def _parse_hole(where: str, inside: str, vocabulary: Mapping[str, ValueType]) -> Hole:
    match = _INSIDE.fullmatch(inside.strip())
    if match is None or match[1] not in vocabulary:
        raise TextError(f"{where}: {{{{{inside}}}}} tidak dikenal; yang ada: {', '.join(sorted(vocabulary))}")
    name, filters = match[1], tuple(part for part in match[2].split("|") if part)
    reached = vocabulary[name]
    for used in filters:
        if used not in FILTERS:
            raise TextError(f"{where}: saringan {used} tidak dikenal; yang ada: {', '.join(sorted(FILTERS))}")
        if FILTERS[used].takes is not reached:
            raise TextError(f"{where}: saringan {used} untuk {FILTERS[used].takes}, sedangkan {name} adalah {reached}")
        reached = FILTERS[used].gives
    if reached is ValueType.PEOPLE:
        raise TextError(f"{where}: {name} adalah daftar orang; tulis bagian [daftar {name}]")
    if reached is ValueType.DATE:
        raise TextError(f"{where}: {name} adalah tanggal; tulis {{{{{name}|tanggal}}}}")
    return Hole(name, filters)


def _parse_literal(where: str, text: str) -> list[str]:
    if "{" in text or "}" in text:
        raise TextError(f"{where}: kurung kurawal tidak berpasangan; tulis {{{{nama}}}}")
    return [text] if text else []


def _parse_row(where: str, line: str, vocabulary: Mapping[str, ValueType]) -> tuple[str, Template]:
    label, colon, value = line.partition(" : ")
    if not colon or not label.strip() or not value.strip():
        raise TextError(f"{where}: baris rincian ditulis 'label : isi', ini {line!r}")
    return label.strip(), parse_template(where, value.strip(), vocabulary)


def _sections(name: str, source: str) -> list[tuple[str, str, int, list[str]]]:
    """(section, what it is about or "", number of its heading line, its stripped lines). Lines starting with # are remarks."""
    sections: list[tuple[str, str, int, list[str]]] = []
    for number, raw in enumerate(source.splitlines(), start=1):
        line = raw.strip()
        if line.startswith("#"):
            continue
        if strange := sorted({character for character in line if not is_printable(character)}):
            raise TextError(
                f"{name}, baris {number}: karakter {strange[0]!r} tidak dapat dicetak; ganti dengan huruf biasa"
            )
        if heading := _SECTION.fullmatch(line):
            sections.append((heading[1], heading[2] or "", number, []))
        elif sections:
            sections[-1][3].append(line)
        elif line:
            raise TextError(f"{name}, baris {number}: teks harus didahului bagian, misalnya [paragraf]")
    return sections


def _groups(lines: list[str]) -> list[list[str]]:
    """Runs of non-empty lines."""
    groups: list[list[str]] = [[]]
    for line in lines:
        if line:
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]
