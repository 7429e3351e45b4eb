"""Rules and what changed in them, in words for officers. Pure.

A difference is what stands on the page that one officer approves by, so nothing of a change may be missing from it.
Place in the flow: `rule_changes.apply` gives the book after -> here -> `web/changes` shows, `store/rule_changes` keeps.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from msgspec import Struct

from central.domain.catalogue import Dated, Per, SchemeAmount, about
from central.domain.decisions import date_text, period_text
from central.domain.rule_changes import (
    AddCriterion,
    AddExclusion,
    Book,
    Change,
    CycleTerms,
    EndCriterion,
    EndExclusion,
    PutCycle,
    PutScheme,
    SetAmount,
)
from protocol.criteria import demand
from protocol.schemes import Criterion, DeterminedBy, Effect, ExclusionRule, Level, Scheme, Unit

EFFECTS = {Effect.REJECT: "tidak boleh rangkap", Effect.ALLOW: "boleh rangkap", Effect.WARN: "boleh, dengan catatan"}
UNITS = {Unit.PERSON: "orang", Unit.HOUSEHOLD: "keluarga"}
LEVELS = {Level.CENTRAL: "pusat", Level.PROVINCE: "provinsi", Level.REGENCY: "kabupaten", Level.VILLAGE: "desa"}
DETERMINERS = {
    DeterminedBy.MINISTRY: "kementerian",
    DeterminedBy.PROVINCE: "provinsi",
    DeterminedBy.REGENCY: "kabupaten",
    DeterminedBy.VILLAGE: "desa",
}
PERS = {Per.MONTH: "per bulan", Per.ONCE: "sekali", Per.CYCLE: "per periode"}
VALIDATIONS = {"village": "desa/kelurahan", "lptq": "LPTQ kecamatan"}
NOTHING = "-"
WIB_MS, DAY_MS = 7 * 3_600_000, 86_400_000


class Difference(Struct, frozen=True, array_like=True):
    """One line of the page; an empty side: it was not there, or is not there any more."""

    what: str
    before: str
    after: str


def since(first: int, until: int | None) -> str:
    """`mulai Januari 2023`, `Januari 2020 - Desember 2022`."""
    return f"mulai {period_text(first, first)}" if until is None else period_text(first, until)


def rupiah(amount: int | None) -> str:
    return NOTHING if amount is None else f"Rp{amount:,}".replace(",", ".")


def side(scheme: str, component: str) -> str:
    return f"{scheme} ({component})" if component else scheme


def pair_words(rule: ExclusionRule) -> str:
    arrow = "–" if rule.is_symmetric else "→"
    return f"{side(rule.scheme, rule.component)} {arrow} {side(rule.other_scheme, rule.other_component)}"


def exclusion_words(rule: ExclusionRule) -> str:
    return f"{EFFECTS[rule.effect]}, per {UNITS[rule.unit]}, {since(rule.first, rule.until)}. Dasar: {rule.basis}"


def amount_words(amount: SchemeAmount) -> str:
    return f"{rupiah(amount.amount_rupiah)} {PERS[amount.per]}, {since(amount.first, amount.until)}"


def criterion_words(criterion: Criterion) -> str:
    return f"{demand(criterion)}, {since(criterion.first, criterion.until)}. Dasar: {criterion.basis}"


def scheme_fields(scheme: Scheme) -> dict[str, str]:
    return {
        "nama": scheme.name,
        "tingkat": LEVELS[scheme.level],
        "penerima": UNITS[scheme.unit],
        "urutan didahulukan": str(scheme.priority),
        "komponen": ", ".join(scheme.components) or NOTHING,
        "ditetapkan oleh": DETERMINERS[scheme.determined_by],
        "pemilik": scheme.owner,
    }


def cycle_fields(terms: CycleTerms) -> dict[str, str]:
    cycle = terms.cycle
    return {
        "nama": cycle.name,
        "program": cycle.scheme,
        "untuk bulan": period_text(cycle.month_from, cycle.month_until),
        "usulan mulai": _moment(cycle.opens_ms, cycle.opens_ms),
        "usulan sampai": _moment(cycle.closes_ms, cycle.closes_ms - 1),
        "masa sanggah": f"{cycle.objection_days} hari",
        "kuota penerima": NOTHING if terms.quota is None else f"{terms.quota:,}".replace(",", "."),
        "anggaran": rupiah(terms.budget_rupiah),
        "besaran tiap penerima": rupiah(terms.amount_rupiah),
        "penerima dibawa dari": terms.former or NOTHING,
        "pengesahan yang wajib": validations_words(terms.validations),
    }


def _moment(ms: int, day_ms: int) -> str:
    """The day alone where the moment is midnight in WIB, as forms and commands make it; otherwise with its time."""
    into_the_day = (ms + WIB_MS) % DAY_MS
    return date_text(day_ms) if into_the_day == 0 else f"{date_text(ms)} pukul {_clock(into_the_day)}"


def _clock(ms: int) -> str:
    minutes, rest = divmod(ms, 60_000)
    words = f"{minutes // 60:02d}.{minutes % 60:02d}"
    return f"{words}.{rest / 1000:06.3f}" if rest else words


def validations_words(validations: Iterable[str]) -> str:
    return ", ".join(VALIDATIONS.get(each, each) for each in validations) or NOTHING


def differences(before: Book, after: Book) -> list[Difference]:
    """Everything in which the two differ, in a fixed order."""
    old, new = before.edition.rules, after.edition.rules
    return [
        *_fields("Program", before.schemes, after.schemes, scheme_fields),
        *_rows(old.exclusions, new.exclusions, lambda r: f"Rangkap {pair_words(r)}", _asked, exclusion_words),
        *_rows(
            before.edition.amounts,
            after.edition.amounts,
            lambda a: f"Besaran {side(a.scheme, a.component)}",
            lambda a: (a.scheme, a.component),
            amount_words,
        ),
        *_rows(old.criteria, new.criteria, lambda c: f"Syarat {c.scheme}", about, criterion_words),
        *_fields("Periode", before.cycles, after.cycles, cycle_fields),
    ]


Named = TypeVar("Named", Scheme, CycleTerms)
Row = TypeVar("Row", bound=Dated)


def _fields(
    what: str, before: Mapping[str, Named], after: Mapping[str, Named], fields: Callable[[Named], Mapping[str, str]]
) -> list[Difference]:
    found: list[Difference] = []
    for code in [*before, *(code for code in after if code not in before)]:
        old: Mapping[str, str] = fields(before[code]) if code in before else {}
        new: Mapping[str, str] = fields(after[code]) if code in after else {}
        for name in [*old, *(name for name in new if name not in old)]:
            if old.get(name) != new.get(name):
                found.append(Difference(f"{what} {code}: {name}", old.get(name, ""), new.get(name, "")))
    return found


def _asked(rule: ExclusionRule) -> tuple[object, ...]:
    pair = (rule.scheme, rule.component, rule.other_scheme, rule.other_component)
    return (*pair, rule.unit, rule.effect, rule.is_symmetric)


def _rows(
    before: Iterable[Row],
    after: Iterable[Row],
    what: Callable[[Row], str],
    kin: Callable[[Row], tuple[object, ...]],
    words: Callable[[Row], str],
) -> list[Difference]:
    """A row that only got another span or amount is one line, one that came or went is another."""
    old, new = {*before}, {*after}
    gone = sorted(old - new, key=lambda row: (what(row), row.first))
    come = sorted(new - old, key=lambda row: (what(row), row.first))
    found = []
    for row in gone:
        heir = next((each for each in come if (*kin(each), each.first) == (*kin(row), row.first)), None)
        if heir is not None:
            come.remove(heir)
        found.append(Difference(what(row), words(row), words(heir) if heir is not None else ""))
    return found + [Difference(what(row), "", words(row)) for row in come]


def title(change: Change, book: Book) -> str:
    """The change in a few words, for lists and headings."""
    match change:
        case PutScheme():
            return f"{'Ubah' if change.scheme.code in book.schemes else 'Tambah'} program {change.scheme.code}"
        case AddExclusion():
            return f"Aturan rangkap {pair_words(change.rule)}"
        case EndExclusion():
            return f"Akhiri aturan rangkap {pair_words(change.rule)}"
        case SetAmount():
            return f"Besaran {side(change.amount.scheme, change.amount.component)}"
        case AddCriterion():
            return f"Syarat {change.criterion.scheme}: {demand(change.criterion)}"
        case EndCriterion():
            return f"Akhiri syarat {change.criterion.scheme}: {demand(change.criterion)}"
        case PutCycle():
            code = change.terms.cycle.code
            return f"{'Ubah' if code in book.cycles else 'Tambah'} periode {code}"
