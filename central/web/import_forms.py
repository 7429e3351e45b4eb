"""What an officer says of a list: where it comes from, and what its columns mean. Reads the forms, and shows what they show."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice

from msgspec.structs import replace

from central.domain.answers import Rules
from central.domain.lists import Kind, Plan, Table, find_faults
from central.domain.lists.plans import choices
from central.domain.lists.table import is_numbering
from central.domain.periods import parse_period
from chassis.web import Form
from protocol.feed import Cycle
from protocol.ids import InvalidCode, parse_village_code
from protocol.lists.cells import shorten, show_masked
from protocol.lists.tables import RawRow
from protocol.regions import UnknownRegion, village
from protocol.schemes import month_text

PERMISSION_CHARACTERS = (5, 300)
SAMPLES = 3
SAMPLE_ROWS = 20
COMPONENT_CHARACTERS_MAX = 40
WIB_SECONDS = 7 * 3_600
KINDS = {
    Kind.COVERAGE: "Daftar penerima bantuan (kepesertaan)",
    Kind.PROPOSALS: "Daftar usulan dari lembaga",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a list comes from."""

    kind: Kind
    permission: str
    as_of: str


def read_origin(form: Form, now_ms: int) -> Origin | dict[str, str]:
    """What was said, or what is wrong with it by field."""
    errors = {}
    kind = next((each for each in Kind if each.value == form.text("kind")), None)
    if kind is None:
        errors["kind"] = "Jenis daftar: pilih salah satu."
    permission = " ".join(unicodedata.normalize("NFC", form.text("permission")).split())
    if not PERMISSION_CHARACTERS[0] <= len(permission) <= PERMISSION_CHARACTERS[1] or not permission.isprintable():
        errors["permission"] = "Izin pemakaian data: tulis nomor izin atau perjanjiannya, 5 sampai 300 huruf."
    try:
        day = date.fromisoformat(form.text("as_of"))
    except ValueError:
        day = date.max
    if not date(2000, 1, 1) <= day <= datetime.fromtimestamp(now_ms / 1000 + WIB_SECONDS, UTC).date():
        errors["as_of"] = "Data per tanggal: isi tanggal data itu, bukan tanggal yang akan datang."
    if errors or kind is None:
        return errors
    return Origin(kind, permission, day.isoformat())


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """A column on the mapping page. `samples` are masked."""

    number: int
    title: str
    samples: Sequence[str]
    meaning: str


def column_lines(table: Table, plan: Plan) -> list[ColumnLine]:
    """Every column with a few of its values."""
    first = (row.cells for row in islice(table.rows(), SAMPLE_ROWS) if isinstance(row, RawRow))
    rows = [cells for cells in first if not is_numbering(cells)]
    lines = []
    for at, (title, meaning) in enumerate(zip(table.titles, plan.meanings, strict=True)):
        values = list(dict.fromkeys(show_masked(cells[at]) for cells in rows if cells[at]))[:SAMPLES]
        lines.append(ColumnLine(at, shorten(title), values, meaning))
    return lines


def read_plan(
    form: Form, plan: Plan, table: Table, rules: Rules, cycles: Sequence[Cycle]
) -> tuple[Plan, dict[str, str]]:
    """The plan as the form says it, and what is wrong with it by field."""
    errors: dict[str, str] = {}
    known = {meaning for meaning, _ in choices(plan.kind)}
    meanings = tuple(_one_of(form.text(f"column-{at}"), known) for at in range(len(table.titles)))
    typed = form.text("period")
    span = parse_period(typed, form.text("scheme")) if typed else None
    if typed and span is None:
        errors["period"] = "Periode: tulis seperti 2021-01 s/d 2021-12, JAN-MAR 2021 atau 2021-05."
    home = ""
    if code := form.text("village"):
        try:
            home = village(parse_village_code(code)).code
        except (InvalidCode, UnknownRegion):
            errors["village"] = "Desa/kelurahan: tulis kode sepuluh angka, misalnya 3510252010."
    component = form.text("component")
    if len(component) > COMPONENT_CHARACTERS_MAX or not component.isprintable():
        errors["component"] = f"Komponen: paling banyak {COMPONENT_CHARACTERS_MAX} huruf."
        component = ""
    said = replace(
        plan,
        meanings=meanings,
        scheme=form.text("scheme") if plan.kind is Kind.COVERAGE else "",
        component=component,
        first=span.first if span else 0,
        until=span.until if span else 0,
        cycle=form.text("cycle"),
        village=home,
        date_order=form.text("date_order"),
    )
    for fault in find_faults(table, said, rules.book.schemes, [cycle.code for cycle in cycles]):
        errors.setdefault(fault.field, fault.sentence)
    return said, errors


def _one_of(text: str, known: set[str]) -> str:
    return text if text in known else ""


def typed_of(plan: Plan) -> Mapping[str, str]:
    """The plan as the fields of its form."""
    period = f"{month_text(plan.first)} s/d {month_text(plan.until)}" if plan.first else ""
    return {
        "scheme": plan.scheme,
        "component": plan.component,
        "period": period,
        "cycle": plan.cycle,
        "village": plan.village,
        "date_order": plan.date_order,
    }
