"""The forms in which an officer drafts a change of the rules: what each asks, what it begins with, how it is read.

What it is for: one form a kind of change; text in, a change out, or a sentence for each field that says what to do.
What it must never do: say yes to a change. Whether it fits the book is `rule_changes.apply`'s answer, and another officer's.
Place in the flow: `web/drafts` shows and keeps what is read here.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from hashlib import sha256
from typing import TypeVar

import msgspec

from central.domain.catalogue import AMOUNT_RUPIAH_MAX, Per, Question, SchemeAmount
from central.domain.rule_changes import (
    AddCriterion,
    AddExclusion,
    Book,
    Change,
    EndCriterion,
    EndExclusion,
    PutScheme,
    SetAmount,
)
from central.domain.rule_words import (
    DETERMINERS,
    EFFECTS,
    LEVELS,
    PERS,
    UNITS,
    criterion_words,
    exclusion_words,
    pair_words,
)
from protocol.schemes import (
    COMPONENTS_MAX,
    Criterion,
    DeterminedBy,
    Effect,
    ExclusionRule,
    Level,
    Measure,
    Month,
    Scheme,
    Unit,
    parse_month,
)

SCHEME_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,31}")
CYCLE_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,63}")
COMPONENT = re.compile(r"[a-z0-9][a-z0-9_]{0,31}")
NAME_MAX, BASIS_MAX, LABEL_MAX = 120, 200, 80
PRIORITY_MAX = 999
WIB_MS, DAY_MS = 7 * 3_600_000, 86_400_000
MEASURES = {
    Measure.AT_LEAST: "paling sedikit",
    Measure.AT_MOST: "paling banyak",
    Measure.YEARS: "paling sedikit … tahun",
    Measure.IS: "jawabannya",
}
DIRECTIONS = {"two": "dua arah", "one": "satu arah: hanya bila program pertama yang diusulkan"}

Chosen = TypeVar("Chosen", bound=Enum)


@dataclass(frozen=True)
class Field:
    """One question of a form; `options` are (value, label) of a list or of radios."""

    name: str
    label: str
    kind: str = "text"  # text | number | month | date | select | radios | checkbox
    hint: str = ""
    options: Sequence[tuple[str, str]] = ()
    is_optional: bool = False
    value: str = ""
    empty: str = "Semua"


@dataclass(frozen=True)
class DraftForm:
    """`fixed`: what the change is about, which the form does not ask. `read` gives the change from what was typed."""

    title: str
    fields: Sequence[Field]
    read: "Callable[[Reader], Change]"
    back: str
    fixed: Sequence[tuple[str, str]] = ()


class Reader:
    """Reads fields one by one and gathers what is wrong with them; what it gives for a wrong one is never used."""

    def __init__(self, typed: Callable[[str], str], form: DraftForm) -> None:
        self._typed = typed
        self._labels = {each.name: each.label for each in form.fields}
        self.errors: dict[str, str] = {}

    def wrong(self, name: str, cure: str) -> None:
        self.errors.setdefault(name, f"{self._labels.get(name, name)}: {cure}")

    def text(self, name: str, most: int, *, is_optional: bool = False) -> str:
        value = " ".join(unicodedata.normalize("NFC", self._typed(name)).split())
        if not (is_optional or value) or len(value) > most or not value.isprintable():
            self.wrong(name, f"tulis 1 sampai {most} huruf yang dapat dicetak.")
        return value

    def code(self, name: str, pattern: re.Pattern[str], example: str) -> str:
        value = self._typed(name).strip()
        if not pattern.fullmatch(value):
            self.wrong(name, f"huruf besar, angka dan tanda hubung, misalnya {example}.")
        return value

    def choice(self, name: str, kind: type[Chosen]) -> Chosen:
        for each in kind:
            if str(each.value) == self._typed(name):
                return each
        self.wrong(name, "pilih salah satu.")
        return next(iter(kind))

    def whole(self, name: str, most: int, least: int = 1, *, is_optional: bool = False) -> int | None:
        value = re.sub(r"[\s.]|^Rp", "", self._typed(name))
        if is_optional and not value:
            return None
        if not (value.isascii() and value.isdigit()) or len(value) > 15 or not least <= int(value) <= most:
            self.wrong(name, f"tulis angka {least} sampai {most:,}.".replace(",", "."))
            return least
        return int(value)

    def number(self, name: str, most: int, least: int = 1) -> int:
        return self.whole(name, most, least) or least

    def month(self, name: str) -> int:
        return self.maybe_month(name, is_optional=False) or 0

    def maybe_month(self, name: str, *, is_optional: bool = True) -> int | None:
        value = self._typed(name).strip()
        if is_optional and not value:
            return None
        turned = re.fullmatch(r"([0-9]{1,2})[-/]([0-9]{4})", value)
        try:
            return parse_month(f"{turned[2]}-{int(turned[1]):02d}" if turned else value)
        except ValueError:
            self.wrong(name, "tulis bulan dan tahun, misalnya 2023-01.")
            return None

    def span(self) -> tuple[int, int | None]:
        first, until = self.month("first"), self.maybe_month("until")
        if until is not None and until < first:
            self.wrong("until", "tidak boleh mendahului bulan pertama.")
        return first, until

    def day_ms(self, name: str) -> int:
        """Midnight in WIB at which the day begins."""
        try:
            day = date.fromisoformat(self._typed(name).strip())
        except ValueError:
            day = date.min
        if not 2000 <= day.year <= 2099:
            self.wrong(name, "isi tanggalnya, misalnya 2021-12-31.")
            return 0
        return (day.toordinal() - date(1970, 1, 1).toordinal()) * DAY_MS - WIB_MS

    def ticked(self, name: str) -> bool:
        return self._typed(name) == "ya"


# ------------------------------------------------------------------------------------------------- schemes


def scheme_form(book: Book, code: str) -> DraftForm | None:
    """A scheme that is there; without a code a new one."""
    known = book.schemes.get(code)
    if code and known is None:
        return None
    fields = [
        Field("name", "Nama", value=known.name if known else ""),
        Field(
            "level",
            "Tingkat",
            "select",
            "Siapa yang membayar",
            _options(LEVELS),
            value=_value(known.level if known else None),
        ),
        Field("unit", "Penerima", "radios", "", _options(UNITS), value=_value(known.unit if known else None)),
        Field(
            "priority",
            "Urutan didahulukan",
            "number",
            "Angka kecil didahulukan bila dua program berebut satu orang",
            value=str(known.priority) if known else "60",
        ),
        Field(
            "components",
            "Komponen",
            hint="Dipisahkan titik koma, misalnya lansia; disabilitas",
            is_optional=True,
            value="; ".join(known.components) if known else "",
        ),
        Field(
            "determined_by",
            "Ditetapkan oleh",
            "select",
            "",
            _options(DETERMINERS),
            value=_value(known.determined_by if known else None),
        ),
        Field("owner", "Pemilik", hint="Dinas atau bagian yang mengurusnya", value=known.owner if known else ""),
    ]
    if known is None:
        fields.insert(0, Field("code", "Kode", hint="Tetap untuk seterusnya, misalnya GURU-NGAJI"))

    def read(reader: Reader) -> Change:
        fresh = reader.code("code", SCHEME_CODE, "GURU-NGAJI") if known is None else code
        if known is None and fresh in book.schemes:
            reader.wrong("code", "sudah dipakai program lain.")
        components = tuple(
            filter(None, (part.strip() for part in reader.text("components", 600, is_optional=True).split(";")))
        )
        is_named_well = all(COMPONENT.fullmatch(part) for part in components)
        if not is_named_well or len({*components}) < len(components) or len(components) > COMPONENTS_MAX:
            reader.wrong(
                "components", "huruf kecil, angka dan garis bawah, masing-masing sekali, dipisahkan titik koma."
            )
        return PutScheme(
            Scheme(
                fresh,
                reader.text("name", NAME_MAX),
                reader.choice("level", Level),
                reader.choice("unit", Unit),
                reader.number("priority", PRIORITY_MAX),
                components,
                reader.choice("determined_by", DeterminedBy),
                reader.text("owner", LABEL_MAX),
            )
        )

    title = f"Ubah program {code}" if known else "Tambah program"
    return DraftForm(title, fields, read, f"/schemes/{code}" if known else "/schemes")


def amount_form(book: Book, code: str) -> DraftForm | None:
    scheme = book.schemes.get(code)
    if scheme is None:
        return None
    fields = [
        *_component(scheme, "component", "Komponen"),
        Field("amount", "Besaran", "number", "Rupiah, misalnya 700.000"),
        Field("per", "Dibayar", "radios", "", _options(PERS)),
        *_span("Besaran yang berlaku sampai sekarang berakhir sebulan sebelumnya"),
    ]

    def read(reader: Reader) -> Change:
        component = _read_component(reader, scheme, "component")
        first, until = reader.span()
        amount = reader.number("amount", AMOUNT_RUPIAH_MAX)
        return SetAmount(
            SchemeAmount(
                scheme=code,
                component=component,
                first=Month(first),
                until=None if until is None else Month(until),
                amount_rupiah=amount,
                per=reader.choice("per", Per),
            )
        )

    return DraftForm(f"Besaran {code}", fields, read, f"/schemes/{code}", [("Program", scheme.name)])


# ---------------------------------------------------------------------------------------------- exclusions


def exclusion_form(book: Book, code: str, other_code: str) -> DraftForm | None:
    scheme, other = book.schemes.get(code), book.schemes.get(other_code)
    if scheme is None or other is None:
        return None
    fields = [
        *_component(scheme, "component", f"Komponen {code}"),
        *(_component(other, "other_component", f"Komponen {other_code}") if other_code != code else ()),
        Field("effect", "Boleh rangkap?", "radios", "", _options(EFFECTS)),
        Field("unit", "Berlaku per", "radios", "Keluarga: juga bila anggota lain yang menerima", _options(UNITS)),
        Field("direction", "Arah", "radios", "", tuple(DIRECTIONS.items()), value="two"),
        *_span("Aturan lain untuk hal yang sama berakhir sebulan sebelumnya"),
        Field("basis", "Dasar hukum", hint="Misalnya Permendes PDTT 6/2020"),
    ]

    def read(reader: Reader) -> Change:
        component = _read_component(reader, scheme, "component")
        other_component = _read_component(reader, other, "other_component") if other_code != code else component
        first, until = reader.span()
        return AddExclusion(
            ExclusionRule(
                code,
                component,
                other_code,
                other_component,
                reader.choice("unit", Unit),
                reader.choice("effect", Effect),
                reader.choice("direction", _Direction) is _Direction.TWO,
                first,
                until,
                reader.text("basis", BASIS_MAX),
            )
        )

    title = f"Aturan rangkap {code} dan {other_code}"
    fixed = [("Program pertama", scheme.name), ("Program kedua", other.name)]
    return DraftForm(title, fields, read, f"/exclusions/pair?code={code}&other={other_code}", fixed)


class _Direction(Enum):
    TWO = "two"
    ONE = "one"


def end_exclusion_form(book: Book, mark: str) -> DraftForm | None:
    rule = next((each for each in book.edition.rules.exclusions if row_mark(each) == mark), None)
    if rule is None:
        return None

    def read(reader: Reader) -> Change:
        return EndExclusion(rule, reader.month("until"))

    fixed = [("Antara", pair_words(rule)), ("Aturan", exclusion_words(rule))]
    back = f"/exclusions/pair?code={rule.scheme}&other={rule.other_scheme}"
    return DraftForm(f"Akhiri aturan rangkap {pair_words(rule)}", [_END], read, back, fixed)


# ------------------------------------------------------------------------------------------------ criteria


def criterion_form(book: Book, code: str, questions: Sequence[Question]) -> DraftForm | None:
    asked = {each.field: each for each in questions if each.scheme == code and each.measures}
    if code not in book.schemes or not asked:
        return None
    options = [
        (f"{each.field}:{measure.value}", f"{each.label} - {MEASURES[measure]}")
        for each in asked.values()
        for measure in each.measures
    ]
    fields = [
        Field("demand", "Pertanyaan dan ukurannya", "select", "Dari formulir usulan program ini", options),
        Field("value", "Nilai", hint="Angka; untuk pilihan tulis jawabannya, misalnya tidak"),
        Field(
            "label",
            "Disebut",
            hint="Dibacakan kepada warga, misalnya Jumlah santri; untuk pilihan: Bukan ASN",
        ),
        *_span("Untuk periode yang bulan pertamanya mulai"),
        Field("basis", "Dasar hukum"),
    ]

    def read(reader: Reader) -> Change:
        name, _, measured = reader.text("demand", 130).partition(":")
        measure = next((each for each in Measure if each.value == measured), Measure.IS)
        value = reader.text("value", 60).replace(".", "")
        question = asked.get(name)
        if question is None or measure not in question.measures:
            reader.wrong("demand", "pilih salah satu.")
        elif not question.admits(measure, value):
            cure = f"tulis salah satu dari {', '.join(question.choices)}." if question.choices else "tulis angka bulat."
            reader.wrong("value", cure)
        first, until = reader.span()
        label, basis = reader.text("label", LABEL_MAX), reader.text("basis", BASIS_MAX)
        return AddCriterion(Criterion(code, name, measure, value, label, first, until, basis))

    return DraftForm(f"Syarat {code}", fields, read, f"/schemes/{code}", [("Program", book.schemes[code].name)])


def end_criterion_form(book: Book, mark: str) -> DraftForm | None:
    criterion = next((each for each in book.edition.rules.criteria if row_mark(each) == mark), None)
    if criterion is None:
        return None

    def read(reader: Reader) -> Change:
        return EndCriterion(criterion, reader.month("until"))

    fixed = [("Program", criterion.scheme), ("Syarat", criterion_words(criterion))]
    return DraftForm(f"Akhiri syarat {criterion.scheme}", [_END], read, f"/schemes/{criterion.scheme}", fixed)


# --------------------------------------------------------------------------------------------------- parts


def row_mark(row: ExclusionRule | Criterion) -> str:
    """Names a row in an address: 16 hex digits of its content."""
    return sha256(msgspec.msgpack.encode(row)).hexdigest()[:16]


_END = Field(
    "until",
    "Bulan terakhir berlaku",
    "month",
    "Sebelum bulan pertamanya: baris itu dicabut seluruhnya, seolah tidak pernah berlaku",
)


def _span(hint: str) -> tuple[Field, Field]:
    return (
        Field("first", "Berlaku mulai bulan", "month", hint),
        Field("until", "Sampai bulan", "month", "Kosong: sampai ada ketentuan lain", is_optional=True),
    )


def _component(scheme: Scheme, name: str, label: str) -> tuple[Field, ...]:
    """Asked only where the scheme has components."""
    options = [(each, each) for each in scheme.components]
    return (Field(name, label, "select", "Kosong: semua", options, is_optional=True),) if options else ()


def _read_component(reader: Reader, scheme: Scheme, name: str) -> str:
    component = reader.text(name, 64, is_optional=True)
    if component and component not in scheme.components:
        reader.wrong(name, "pilih salah satu.")
    return component


def _options(words: Mapping[Chosen, str]) -> list[tuple[str, str]]:
    return [(str(each.value), text) for each, text in words.items()]


def _value(each: Enum | None) -> str:
    return str(each.value) if each else ""
