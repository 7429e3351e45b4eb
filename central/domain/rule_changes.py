"""Changes of what an office may change: schemes, exclusions, amounts, criteria, cycles. Pure.

What it is for: one change applied to the book as it stands gives the book after it, or says what is wrong with it. Rules are
dated by the months they speak of, so nothing here needs a clock: a rule that begins next January stands in the book today.
What it must never do: take a row out of the past unseen. What a new row overrules is cut at its first month, and what it
leaves of the old rows stays.
Place in the flow: an officer drafts (`web/drafts`) -> kept waiting (`store/rule_changes`) -> another approves -> `apply`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from central.domain.catalogue import Dated, SchemeAmount, about, do_meet, questions_of
from protocol.codec import pack
from protocol.feed import Cycle
from protocol.schemes import RULES_MAX, Criterion, DeterminedBy, ExclusionRule, RuleSet, Scheme

RULE_BYTES_MAX = 60_000
"""The rule set travels as one value of a feed item, which holds 64 KiB."""
VALIDATORS = ("village", "lptq")
"""Who may have to agree to a cycle's proposals before its lock."""

Row = TypeVar("Row", bound=Dated)


class Edition(Struct, frozen=True):
    """Everything dated: the rule set that travels to the villages, and the amounts, which only the centre needs."""

    rules: RuleSet
    amounts: tuple[SchemeAmount, ...]


class CycleTerms(Struct, frozen=True):
    """A cycle with what its lock will ask: `quota` of recipients, None for no limit, so also `budget_rupiah`;
    `amount_rupiah` for each recipient, None while nobody said it; `former`: the determined cycle whose recipients come over,
    empty for none."""

    cycle: Cycle
    quota: int | None = None
    budget_rupiah: int | None = None
    validations: tuple[str, ...] = ()
    amount_rupiah: int | None = None
    former: str = ""


@dataclass(frozen=True)
class Book:
    """What a change is applied to. `locked`: cycles that are determined, in which nothing changes any more."""

    edition: Edition
    cycles: dict[str, CycleTerms] = field(default_factory=dict)
    locked: frozenset[str] = frozenset()

    @property
    def schemes(self) -> dict[str, Scheme]:
        return {scheme.code: scheme for scheme in self.edition.rules.schemes}


class PutScheme(Struct, frozen=True, tag="scheme"):
    """A new scheme, or one that is there said otherwise."""

    scheme: Scheme


class AddExclusion(Struct, frozen=True, tag="exclusion"):
    rule: ExclusionRule


class EndExclusion(Struct, frozen=True, tag="end_exclusion"):
    """`until`: the last month; before the row's first month it was never in force."""

    rule: ExclusionRule
    until: int


class SetAmount(Struct, frozen=True, tag="amount"):
    amount: SchemeAmount


class AddCriterion(Struct, frozen=True, tag="criterion"):
    criterion: Criterion


class EndCriterion(Struct, frozen=True, tag="end_criterion"):
    criterion: Criterion
    until: int


class PutCycle(Struct, frozen=True, tag="cycle"):
    terms: CycleTerms


Change = PutScheme | AddExclusion | EndExclusion | SetAmount | AddCriterion | EndCriterion | PutCycle
_changes = msgspec.json.Decoder(Change)


def write_change(change: Change) -> str:
    return msgspec.json.encode(change).decode()


def read_change(text: str) -> Change:
    change: Change = _changes.decode(text)
    return change


class ChangeRefused(ValueError):
    """The change cannot be made; the sentence names the cure, `field` the place in the form."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
        self.sentence = sentence


# --------------------------------------------------------------------------------------------------- apply


def apply(book: Book, change: Change) -> Book:
    """The book after the change. Raises ChangeRefused."""
    rules = book.edition.rules
    match change:
        case PutScheme():
            return _with_rules(book, replace(rules, schemes=_put_scheme(book, change.scheme)))
        case AddExclusion():
            return _with_rules(book, replace(rules, exclusions=_add_exclusion(book, change.rule)))
        case EndExclusion():
            return _with_rules(book, replace(rules, exclusions=_end(rules.exclusions, change.rule, change.until)))
        case AddCriterion():
            wanted = change.criterion
            _known(book, wanted.scheme, "")
            criteria = _overrule(rules.criteria, wanted, lambda other: about(other) == about(wanted))
            return _with_rules(book, replace(rules, criteria=criteria))
        case EndCriterion():
            return _with_rules(book, replace(rules, criteria=_end(rules.criteria, change.criterion, change.until)))
        case SetAmount():
            amount = change.amount
            _known(book, amount.scheme, amount.component)
            edition = replace(book.edition, amounts=_overrule(book.edition.amounts, amount, _is_paid_like(amount)))
            return Book(edition, book.cycles, book.locked)
        case PutCycle():
            return Book(book.edition, book.cycles | {change.terms.cycle.code: _cycle(book, change.terms)}, book.locked)


def _with_rules(book: Book, rules: RuleSet) -> Book:
    if max(len(rules.schemes), len(rules.exclusions), len(rules.criteria)) > RULES_MAX:
        raise ChangeRefused("reason", f"Aturan sudah {RULES_MAX} baris, sebanyak yang dapat dikirim ke desa.")
    if len(pack(rules)) > RULE_BYTES_MAX:
        raise ChangeRefused("reason", "Seluruh aturan menjadi terlalu panjang untuk dikirim ke desa: ringkas dasarnya.")
    return Book(replace(book.edition, rules=rules), book.cycles, book.locked)


def _known(book: Book, code: str, component: str) -> Scheme:
    scheme = book.schemes.get(code)
    if scheme is None:
        raise ChangeRefused("scheme", f"Program {code} belum ada.")
    if component and component not in scheme.components:
        raise ChangeRefused("component", f"{code} tidak mempunyai komponen {component}.")
    return scheme


def _put_scheme(book: Book, scheme: Scheme) -> tuple[Scheme, ...]:
    former = book.schemes.get(scheme.code)
    if former is None:
        return (*book.edition.rules.schemes, scheme)
    used = {rule.component for rule in book.edition.rules.exclusions if rule.scheme == scheme.code}
    used |= {rule.other_component for rule in book.edition.rules.exclusions if rule.other_scheme == scheme.code}
    used |= {amount.component for amount in book.edition.amounts if amount.scheme == scheme.code}
    lost = sorted(used - {"", *scheme.components})
    if lost:
        raise ChangeRefused("components", f"Komponen {', '.join(lost)} masih dipakai dalam aturan atau besaran.")
    return tuple(scheme if each.code == scheme.code else each for each in book.edition.rules.schemes)


def _add_exclusion(book: Book, rule: ExclusionRule) -> tuple[ExclusionRule, ...]:
    """A new row speaks for its months; what others answered otherwise is cut around it. One answer may stand on two bases."""
    _known(book, rule.scheme, rule.component)
    _known(book, rule.other_scheme, rule.other_component)
    asked = questions_of(rule)

    def contradicts(other: ExclusionRule) -> bool:
        return other.effect is not rule.effect and bool(questions_of(other) & asked) and do_meet(other, rule)

    for other in filter(contradicts, book.edition.rules.exclusions):
        if questions_of(other) - asked:
            raise ChangeRefused(
                "is_symmetric", "Aturan yang ada berlaku dua arah, yang baru satu arah: akhiri dulu yang ada."
            )
    return _overrule(book.edition.rules.exclusions, rule, contradicts)


def _is_paid_like(amount: SchemeAmount) -> Callable[[SchemeAmount], bool]:
    return lambda other: (other.scheme, other.component) == (amount.scheme, amount.component)


def _overrule(rows: tuple[Row, ...], new: Row, is_about_the_same: Callable[[Row], bool]) -> tuple[Row, ...]:
    if new in rows:
        raise ChangeRefused("first", "Baris ini sudah ada, sama persis.")
    kept: list[Row] = []
    for row in rows:
        kept += _around(row, new) if is_about_the_same(row) and do_meet(row, new) else [row]
    return (*kept, new)


def _around(row: Row, new: Row) -> Iterator[Row]:
    """What is left of a row before and after another."""
    if row.first < new.first:
        yield replace(row, until=new.first - 1)
    if new.until is not None and (row.until is None or row.until > new.until):
        yield replace(row, first=new.until + 1)


def _end(rows: tuple[Row, ...], row: Row, until: int) -> tuple[Row, ...]:
    if row not in rows:
        raise ChangeRefused("until", "Baris itu sudah tidak ada dalam aturan yang berlaku. Batalkan dan mulai lagi.")
    if row.until is not None and until >= row.until:
        raise ChangeRefused("until", "Baris itu sudah berakhir pada bulan itu atau sebelumnya.")
    ended = (replace(row, until=until),) if until >= row.first else ()
    at = rows.index(row)
    return (*rows[:at], *ended, *rows[at + 1 :])


def _cycle(book: Book, terms: CycleTerms) -> CycleTerms:
    cycle = terms.cycle
    scheme = _known(book, cycle.scheme, "")
    if scheme.determined_by is DeterminedBy.MINISTRY:
        raise ChangeRefused(
            "scheme", f"{scheme.name} ditetapkan kementerian: daftarnya diimpor, desa tidak mengusulkan."
        )
    if cycle.code in book.locked:
        raise ChangeRefused("code", "Periode ini sudah ditetapkan; tidak dapat diubah lagi.")
    former = book.cycles.get(cycle.code)
    if former == terms:
        raise ChangeRefused("code", "Tidak ada yang berubah pada periode ini.")
    if former is not None and former.cycle.scheme != cycle.scheme:
        raise ChangeRefused("scheme", f"Kode ini milik periode program {former.cycle.scheme}: pakai kode lain.")
    if cycle.month_until < cycle.month_from:
        raise ChangeRefused("month_until", "Bulan terakhir mendahului bulan pertama.")
    if cycle.closes_ms <= cycle.opens_ms:
        raise ChangeRefused("closes", "Masa usulan berakhir sebelum dimulai.")
    if terms.former and (terms.former not in book.locked or terms.former == cycle.code):
        raise ChangeRefused("former", f"Periode {terms.former} belum ditetapkan: pilih periode yang sudah ditetapkan.")
    return terms


# ------------------------------------------------------------------------------------- what a change reaches


def touched(before: Book, after: Book) -> set[str]:
    """The schemes whose decisions may be others now: those in rows that differ. Names and amounts decide nothing."""
    old, new = before.edition.rules, after.edition.rules
    schemes: set[str] = set()
    for rule in {*old.exclusions} ^ {*new.exclusions}:
        schemes |= {rule.scheme, rule.other_scheme}
    schemes |= {each.scheme for each in {*old.criteria} ^ {*new.criteria}}
    schemes |= {code for code, _ in _deciding(old.schemes) ^ _deciding(new.schemes)}
    return schemes


def _deciding(schemes: Iterable[Scheme]) -> set[tuple[str, object]]:
    return {(each.code, (each.unit, each.priority, each.determined_by)) for each in schemes}


def schemes_of(change: Change) -> tuple[str, ...]:
    """The schemes that a change is about: their owners have a say in it."""
    match change:
        case PutScheme():
            return (change.scheme.code,)
        case AddExclusion() | EndExclusion():
            return tuple(dict.fromkeys((change.rule.scheme, change.rule.other_scheme)))
        case SetAmount():
            return (change.amount.scheme,)
        case AddCriterion() | EndCriterion():
            return (change.criterion.scheme,)
        case PutCycle():
            return (change.terms.cycle.scheme,)


def may_change(book: Book, scope: str, change: Change) -> bool:
    """`scope`: the owner whose officer this is, empty for the regency's own, who may change every scheme.

    Of an exclusion either owner. Nobody's officer makes a scheme into another's, or one of another's their own.
    """
    if not scope:
        return True
    schemes = book.schemes
    owners = {schemes[code].owner for code in schemes_of(change) if code in schemes}
    if isinstance(change, PutScheme):
        owners = {change.scheme.owner, *owners}
        return owners == {scope}
    return scope in owners
