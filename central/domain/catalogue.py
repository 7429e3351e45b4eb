"""Reads the tables an office may change: schemes, amounts, exclusion rules, criteria, rejection reasons, next steps.

What it is for: text of a CSV file in, checked values out; a wrong row is refused with file, row, column and cure before it
can decide about anybody.
What it must never do: open a file, or mend a row by guessing.
Place in the flow: `central/data/*.csv`, the first edition, comes in here; `rule_changes` makes the later ones; the rule
set in force goes to the boxes by the feed.
"""

import csv
import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from msgspec import Struct

from central.domain.decisions.facts import FormerTerm
from central.domain.reasons import NextStep, Reason, ReasonCode, ReasonGroup, Reasons, find_placeholders
from protocol.schemes import (
    COMPONENTS_MAX,
    RULES_MAX,
    Criterion,
    DeterminedBy,
    Effect,
    ExclusionRule,
    Level,
    Measure,
    Month,
    RuleSet,
    Scheme,
    Unit,
    parse_month,
)

TEXT_CHARS_MAX = 500_000
"""The largest table has some 30 rows; a file beyond this is the wrong file."""
TEMPLATE_CHARS_MAX = 500
"""A sentence read aloud at a counter."""
FORMER_MONTHS_MAX = 120
"""Beyond ten years nobody keeps a household together by its card."""
AMOUNT_RUPIAH_MAX = 100_000_000
"""No aid of a person or household is larger; beyond it the thousands were typed twice."""

ChoiceT = TypeVar("ChoiceT", bound=enum.Enum)


class Per(enum.Enum):
    """What an amount is paid for."""

    MONTH = "month"
    ONCE = "once"
    CYCLE = "cycle"


class SchemeAmount(Struct, frozen=True, kw_only=True):
    """What a scheme (component) paid in some months; `until` None means until further notice."""

    scheme: str
    component: str
    first: Month
    until: Month | None
    amount_rupiah: int
    per: Per


class Question(Struct, frozen=True, kw_only=True):
    """One question of a scheme's proposal form, as far as a criterion can be about it."""

    scheme: str
    field: str
    kind: str
    label: str
    choices: tuple[str, ...] = ()

    @property
    def measures(self) -> tuple[Measure, ...]:
        """How its answer may be held against a value; none for a text, a telephone number or a photograph."""
        match self.kind:
            case "whole number" | "rupiah":
                return Measure.AT_LEAST, Measure.AT_MOST
            case "month":
                return (Measure.YEARS,)
            case "yes or no" | "choice":
                return (Measure.IS,)
            case _:
                return ()

    def admits(self, measure: Measure, value: str) -> bool:
        """Could an answer to this question ever be held against this value?"""
        if measure not in self.measures:
            return False
        return (
            value in self.choices if measure is Measure.IS else value.isascii() and value.isdigit() and len(value) <= 12
        )


class CatalogueError(ValueError):
    """A table that cannot be used; the message names table, row, column and what to write instead."""


class _Row:
    """One row with its place, so that every complaint says where."""

    def __init__(self, table: str, number: int, cells: Mapping[str, str]) -> None:
        self.table, self.number, self.cells = table, number, cells

    def wrong(self, column: str, cure: str) -> CatalogueError:
        return CatalogueError(f"{self.table}, row {self.number}, column {column}: {cure}")

    def text(self, column: str, *, is_required: bool = True) -> str:
        value = self.cells[column].strip()
        if is_required and not value:
            raise self.wrong(column, "must not be empty")
        return value

    def choice(self, column: str, kind: type[ChoiceT]) -> ChoiceT:
        value = self.text(column)
        try:
            return kind(value)
        except ValueError:
            known = ", ".join(str(each.value) for each in kind)
            raise self.wrong(column, f"{value!r} is none of {known}") from None

    def whole(self, column: str, most: int) -> int:
        value = self.text(column)
        if not (value.isascii() and value.isdigit()) or int(value) > most:
            raise self.wrong(column, f"{value!r} is no whole number up to {most}")
        return int(value)

    def month(self, column: str) -> Month:
        try:
            return parse_month(self.text(column))
        except ValueError as error:
            raise self.wrong(column, str(error)) from None

    def span(self) -> tuple[Month, Month | None]:
        """The columns valid_from and valid_until; an empty end is open."""
        first = self.month("valid_from")
        until = self.month("valid_until") if self.text("valid_until", is_required=False) else None
        if until is not None and until < first:
            raise self.wrong("valid_until", "ends before valid_from")
        return first, until


def _rows(table: str, text: str, columns: tuple[str, ...]) -> Iterator[_Row]:
    """The rows below the header, numbered as a spreadsheet shows them."""
    if len(text) > TEXT_CHARS_MAX:
        raise CatalogueError(f"{table}: longer than {TEXT_CHARS_MAX} characters; is this the right file?")
    try:
        lines = list(csv.reader(text.lstrip("\ufeff").splitlines(), strict=True))
    except csv.Error as error:
        raise CatalogueError(f"{table}: not a CSV file ({error})") from None
    header = tuple(cell.strip() for cell in lines[0]) if lines else ()
    missing = [column for column in columns if column not in header]
    if missing:
        raise CatalogueError(
            f"{table}: the first row must name the columns {', '.join(columns)}; missing: {', '.join(missing)}"
        )
    for number, cells in enumerate(lines[1:], start=2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise CatalogueError(f"{table}, row {number}: {len(cells)} cells under {len(header)} columns")
        yield _Row(table, number, dict(zip(header, cells, strict=True)))


# ------------------------------------------------------------------------------------------------- schemes


def parse_schemes(text: str) -> tuple[Scheme, ...]:
    """schemes.csv. Raises CatalogueError."""
    columns = ("code", "name_id", "level", "unit", "priority", "components", "determined_by", "owner")
    found: dict[str, Scheme] = {}
    for row in _rows("schemes.csv", text, columns):
        scheme = Scheme(
            code=row.text("code"),
            name=row.text("name_id"),
            level=row.choice("level", Level),
            unit=row.choice("unit", Unit),
            priority=row.whole("priority", 1_000),
            components=_components(row),
            determined_by=row.choice("determined_by", DeterminedBy),
            owner=row.text("owner"),
        )
        if scheme.code in found:
            raise row.wrong("code", f"{scheme.code} stands in the table twice")
        found[scheme.code] = scheme
    if not found or len(found) > RULES_MAX:
        raise CatalogueError(f"schemes.csv: needs 1 to {RULES_MAX} schemes")
    return tuple(found.values())


def _components(row: _Row) -> tuple[str, ...]:
    text = row.text("components", is_required=False)
    components = tuple(part.strip() for part in text.split(";")) if text else ()
    if "" in components or len(set(components)) != len(components) or len(components) > COMPONENTS_MAX:
        raise row.wrong("components", f"up to {COMPONENTS_MAX} different names, separated by ;")
    return components


def _scheme_and_component(
    row: _Row, schemes: Mapping[str, Scheme], scheme_column: str, component_column: str
) -> tuple[str, str]:
    code, component = row.text(scheme_column), row.text(component_column, is_required=False)
    if code not in schemes:
        raise row.wrong(scheme_column, f"{code!r} is no scheme of schemes.csv")
    if component and component not in schemes[code].components:
        raise row.wrong(component_column, f"{component!r} is no component of {code}")
    return code, component


def parse_amounts(text: str, schemes: Iterable[Scheme]) -> tuple[SchemeAmount, ...]:
    """scheme_amounts.csv. Raises CatalogueError, also when two amounts speak of the same month."""
    by_code = {scheme.code: scheme for scheme in schemes}
    found: list[SchemeAmount] = []
    columns = ("scheme", "component", "valid_from", "valid_until", "amount_rupiah", "per")
    for row in _rows("scheme_amounts.csv", text, columns):
        code, component = _scheme_and_component(row, by_code, "scheme", "component")
        first, until = row.span()
        amount = SchemeAmount(
            scheme=code,
            component=component,
            first=first,
            until=until,
            amount_rupiah=row.whole("amount_rupiah", AMOUNT_RUPIAH_MAX),
            per=row.choice("per", Per),
        )
        for other in found:
            if (other.scheme, other.component) == (code, component) and do_meet(other, amount):
                raise row.wrong("valid_from", f"{code} has another amount in these months already")
        found.append(amount)
    return tuple(found)


Dated = SchemeAmount | ExclusionRule | Criterion


def do_meet(a: Dated, b: Dated) -> bool:
    """Have the two a month in common?"""
    return (a.until is None or b.first <= a.until) and (b.until is None or a.first <= b.until)


# ---------------------------------------------------------------------------------------- former households


def parse_former_terms(text: str) -> tuple[FormerTerm, ...]:
    """former_households.csv. Raises CatalogueError, also when two rows speak of one month."""
    found: list[FormerTerm] = []
    for row in _rows("former_households.csv", text, ("valid_from", "valid_until", "months", "basis")):
        first, until = row.span()
        if any((e.until is None or first <= e.until) and (until is None or e.first <= until) for e in found):
            raise row.wrong("valid_from", "an earlier row speaks of the same months")
        row.text("basis")
        found.append(FormerTerm(first, until, row.whole("months", FORMER_MONTHS_MAX)))
    return tuple(found)


# ---------------------------------------------------------------------------------------------- exclusions


def parse_exclusions(text: str, schemes: Iterable[Scheme]) -> tuple[ExclusionRule, ...]:
    """exclusions.csv. Raises CatalogueError, also when two rows contradict each other in a month."""
    by_code = {scheme.code: scheme for scheme in schemes}
    found: list[ExclusionRule] = []
    for row in _rows("exclusions.csv", text, _EXCLUSION_COLUMNS):
        rule = _parse_exclusion(row, by_code)
        for other in found:
            # The same answer on two legal bases is common; two answers would be decided by which was typed first.
            if other.effect is not rule.effect and questions_of(other) & questions_of(rule) and do_meet(other, rule):
                raise row.wrong(
                    "effect", f"an earlier row answers {other.effect.value} for the same schemes and months"
                )
        found.append(rule)
    if len(found) > RULES_MAX:
        raise CatalogueError(f"exclusions.csv: more than {RULES_MAX} rows")
    return tuple(found)


_EXCLUSION_COLUMNS = (
    *("scheme", "component", "other_scheme", "other_component", "unit"),
    *("effect", "symmetric", "valid_from", "valid_until", "basis"),
)


def _parse_exclusion(row: _Row, schemes: Mapping[str, Scheme]) -> ExclusionRule:
    scheme, component = _scheme_and_component(row, schemes, "scheme", "component")
    other_scheme, other_component = _scheme_and_component(row, schemes, "other_scheme", "other_component")
    first, until = row.span()
    return ExclusionRule(
        scheme=scheme,
        component=component,
        other_scheme=other_scheme,
        other_component=other_component,
        unit=row.choice("unit", Unit),
        effect=row.choice("effect", Effect),
        is_symmetric=row.choice("symmetric", _YesNo) is _YesNo.YES,
        first=first,
        until=until,
        basis=row.text("basis"),
    )


class _YesNo(enum.Enum):
    YES = "yes"
    NO = "no"


def questions_of(rule: ExclusionRule) -> set[tuple[str, str, str, str, Unit]]:
    """What the row answers; a symmetric one answers both ways round."""
    asked = {(rule.scheme, rule.component, rule.other_scheme, rule.other_component, rule.unit)}
    if rule.is_symmetric:
        asked.add((rule.other_scheme, rule.other_component, rule.scheme, rule.component, rule.unit))
    return asked


# ----------------------------------------------------------------------------------------------- criteria


def parse_questions(text: str) -> tuple[Question, ...]:
    """proposal_fields.csv, the same table the villages' forms are made of. Raises CatalogueError."""
    found = []
    for row in _rows("proposal_fields.csv", text, ("scheme", "field", "kind", "label_id")):
        kind, _, listed = row.text("kind").partition(":")
        choices = tuple(part.strip() for part in listed.split("|")) if listed else ()
        found.append(
            Question(
                scheme=row.text("scheme"),
                field=row.text("field"),
                kind=kind,
                label=row.text("label_id"),
                choices=("ya", "tidak") if kind == "yes or no" else choices,
            )
        )
    return tuple(found)


def parse_criteria(text: str, schemes: Iterable[Scheme], questions: Iterable[Question]) -> tuple[Criterion, ...]:
    """scheme_criteria.csv. Raises CatalogueError, also for a field that the scheme's form does not ask."""
    by_code = {scheme.code: scheme for scheme in schemes}
    asked = {(each.scheme, each.field): each for each in questions}
    found: list[Criterion] = []
    columns = ("scheme", "field", "measure", "value", "label_id", "valid_from", "valid_until", "basis")
    for row in _rows("scheme_criteria.csv", text, columns):
        scheme, field, measure, value = (
            row.text("scheme"),
            row.text("field"),
            row.choice("measure", Measure),
            row.text("value"),
        )
        question = asked.get((scheme, field))
        if scheme not in by_code or question is None:
            raise row.wrong("field", f"{field!r} is no question of {scheme}'s form (proposal_fields.csv)")
        if not question.admits(measure, value):
            raise row.wrong("value", f"an answer of the kind {question.kind!r} cannot be held against {value!r} so")
        first, until = row.span()
        criterion = Criterion(scheme, field, measure, value, row.text("label_id"), first, until, row.text("basis"))
        for other in found:
            if about(other) == about(criterion) and do_meet(other, criterion):
                raise row.wrong("valid_from", "another row demands the same in these months already")
        found.append(criterion)
    return tuple(found)


def about(criterion: Criterion) -> tuple[str, str, Measure]:
    """What a criterion is about; two of the same may not meet in a month."""
    return criterion.scheme, criterion.field, criterion.measure


def parse_rules(schemes_text: str, exclusions_text: str) -> RuleSet:
    """Both tables as the one value that travels, without criteria. Raises CatalogueError."""
    schemes = parse_schemes(schemes_text)
    return RuleSet(schemes=schemes, exclusions=parse_exclusions(exclusions_text, schemes))


# ------------------------------------------------------------------------------------------------- reasons


def parse_reasons(reasons_text: str, next_steps_text: str) -> Reasons:
    """rejection_reasons.csv and next_steps.csv. Raises CatalogueError unless every code has exactly one sentence."""
    by_code: dict[ReasonCode, Reason] = {}
    for row in _rows("rejection_reasons.csv", reasons_text, ("code", "group", "sentence_id", "next_step")):
        reason = Reason(
            code=row.choice("code", ReasonCode),
            group=row.choice("group", ReasonGroup),
            template=_template(row),
            next_step=row.choice("next_step", NextStep),
        )
        if reason.code in by_code:
            raise row.wrong("code", f"{reason.code.value} stands in the table twice")
        by_code[reason.code] = reason
    next_sentences: dict[NextStep, str] = {}
    for row in _rows("next_steps.csv", next_steps_text, ("next_step", "sentence_id")):
        step = row.choice("next_step", NextStep)
        if step in next_sentences:
            raise row.wrong("next_step", f"{step.value} stands in the table twice")
        if find_placeholders(template := _template(row)) - {"objection_until"}:
            raise row.wrong("sentence_id", "knows only the placeholder {objection_until}")
        next_sentences[step] = template
    _refuse_gaps("rejection_reasons.csv", ReasonCode, by_code)
    _refuse_gaps("next_steps.csv", NextStep, next_sentences)
    return Reasons(by_code=by_code, next_sentences=next_sentences)


def _template(row: _Row) -> str:
    template = row.text("sentence_id")
    if len(template) > TEMPLATE_CHARS_MAX:
        raise row.wrong("sentence_id", f"longer than {TEMPLATE_CHARS_MAX} characters")
    if template.count("{") != len(find_placeholders(template)) or template.count("{") != template.count("}"):
        raise row.wrong("sentence_id", "a placeholder is written like {scheme}, once, in small letters")
    return template


def _refuse_gaps(table: str, kind: type[enum.Enum], found: Iterable[enum.Enum]) -> None:
    missing = sorted(each.value for each in set(kind) - set(found))
    if missing:
        raise CatalogueError(f"{table}: no row for {', '.join(missing)}")
