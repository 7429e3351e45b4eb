"""May two schemes be combined?"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import pack, unpack
from protocol.schemes import (
    Claim,
    DeterminedBy,
    Effect,
    ExclusionRule,
    Ground,
    Level,
    Relation,
    Rulebook,
    RuleSet,
    Scheme,
    Unit,
    month,
    month_text,
    parse_month,
    relation,
)

JAN, DEC = month(2021, 1), month(2021, 12)


def scheme(code: str, unit: Unit = Unit.HOUSEHOLD, components: tuple[str, ...] = ()) -> Scheme:
    return Scheme(code, code, Level.REGENCY, unit, 10, components, DeterminedBy.REGENCY, "Dinsos")


SCHEMES = (
    scheme("PKH", components=("pregnancy", "elderly")),
    scheme("BPNT"),
    scheme("FOOD"),
    scheme("TEACH", Unit.PERSON),
    scheme("GIZI", Unit.PERSON),
)


def rule(
    first_scheme: str,
    other: str,
    effect: Effect,
    *,
    component: str = "",
    other_component: str = "",
    unit: Unit = Unit.HOUSEHOLD,
    is_symmetric: bool = True,
    first: int = month(2020, 1),
    until: int | None = None,
) -> ExclusionRule:
    return ExclusionRule(
        first_scheme, component, other, other_component, unit, effect, is_symmetric, first, until, "basis"
    )


def book(*rules: ExclusionRule) -> Rulebook:
    return Rulebook(RuleSet(SCHEMES, rules))


def claim(code: str, component: str = "", first: int = JAN, until: int | None = DEC) -> Claim:
    return Claim(code, component, first, until)


def test_months_are_counted() -> None:
    assert month(2021, 5) == 2021 * 12 + 4
    assert month_text(parse_month(" 2021-05 ")) == "2021-05"
    for wrong in ("2021-13", "2021-00", "1900-01", "2021-5", "05-2021", ""):
        with pytest.raises(ValueError):
            parse_month(wrong)


def test_a_row_decides_and_is_named() -> None:
    row = rule("FOOD", "PKH", Effect.REJECT)
    for link in Unit:
        assert relation(book(row), claim("FOOD"), claim("PKH"), link) == Relation(Effect.REJECT, Ground.RULE, row)


def test_a_pair_without_a_row_warns_and_never_passes_in_silence() -> None:
    assert relation(book(), claim("FOOD"), claim("PKH"), Unit.PERSON) == Relation(Effect.WARN, Ground.UNREGULATED)
    assert Ground.UNREGULATED.sentence == "Hubungan kedua program belum diatur."


def test_claims_without_a_common_month_do_not_meet() -> None:
    rules = book(rule("FOOD", "PKH", Effect.REJECT))
    later = claim("PKH", first=month(2022, 1), until=None)
    assert relation(rules, claim("FOOD"), later, Unit.PERSON) == Relation(Effect.ALLOW, Ground.NO_COMMON_MONTH)
    assert not claim("FOOD").overlaps(later)
    until_june = claim("PKH", first=month(2020, 1), until=month(2021, 1))
    assert relation(rules, claim("FOOD"), until_june, Unit.PERSON).effect is Effect.REJECT


def test_a_scheme_twice_for_its_own_unit_is_refused_unless_a_row_allows_it() -> None:
    twice = Relation(Effect.REJECT, Ground.SAME_SCHEME)
    assert relation(book(), claim("TEACH"), claim("TEACH"), Unit.PERSON) == twice
    assert relation(book(), claim("FOOD"), claim("FOOD"), Unit.HOUSEHOLD) == twice
    assert relation(book(), claim("TEACH"), claim("TEACH"), Unit.HOUSEHOLD).effect is Effect.WARN
    allowed = book(rule("TEACH", "TEACH", Effect.ALLOW, unit=Unit.PERSON))
    assert relation(allowed, claim("TEACH"), claim("TEACH"), Unit.PERSON).effect is Effect.ALLOW


def test_a_couple_may_both_teach_but_one_teacher_is_not_paid_twice() -> None:
    rules = book(rule("TEACH", "TEACH", Effect.ALLOW))
    assert relation(rules, claim("TEACH"), claim("TEACH"), Unit.HOUSEHOLD).effect is Effect.ALLOW
    assert relation(rules, claim("TEACH"), claim("TEACH"), Unit.PERSON).effect is Effect.REJECT


def test_a_row_about_persons_says_nothing_of_two_people_in_one_house() -> None:
    rules = book(rule("GIZI", "TEACH", Effect.REJECT, unit=Unit.PERSON))
    assert relation(rules, claim("GIZI"), claim("TEACH"), Unit.PERSON).effect is Effect.REJECT
    assert relation(rules, claim("GIZI"), claim("TEACH"), Unit.HOUSEHOLD).ground is Ground.UNREGULATED
    # What one person may hold, two people of a house may hold.
    allowed = book(rule("TEACH", "PKH", Effect.ALLOW, unit=Unit.PERSON))
    assert relation(allowed, claim("TEACH"), claim("PKH"), Unit.HOUSEHOLD).effect is Effect.ALLOW


def test_the_most_specific_row_wins() -> None:
    general, special = (
        rule("GIZI", "PKH", Effect.ALLOW),
        rule("GIZI", "PKH", Effect.REJECT, other_component="pregnancy"),
    )
    for rules in (book(general, special), book(special, general)):
        assert relation(rules, claim("GIZI"), claim("PKH", "pregnancy"), Unit.PERSON).rule == special
        assert relation(rules, claim("PKH", "pregnancy"), claim("GIZI"), Unit.PERSON).rule == special
        assert relation(rules, claim("GIZI"), claim("PKH", "elderly"), Unit.PERSON).rule == general
    person = rule("GIZI", "PKH", Effect.WARN, unit=Unit.PERSON)
    assert relation(book(general, person), claim("GIZI"), claim("PKH", "elderly"), Unit.PERSON).rule == person


def test_an_unknown_component_that_could_matter_is_a_warning() -> None:
    special = rule("GIZI", "PKH", Effect.REJECT, other_component="pregnancy")
    unsure = Relation(Effect.WARN, Ground.COMPONENT_UNKNOWN, special)
    assert relation(book(special), claim("GIZI"), claim("PKH"), Unit.PERSON) == unsure
    assert (
        relation(book(special, rule("GIZI", "PKH", Effect.ALLOW)), claim("GIZI"), claim("PKH"), Unit.PERSON) == unsure
    )
    both = rule("GIZI", "PKH", Effect.REJECT)
    assert relation(book(special, both), claim("GIZI"), claim("PKH"), Unit.PERSON).rule == both
    mixed = rule("GIZI", "PKH", Effect.ALLOW, other_component="elderly")
    assert relation(book(special, mixed, both), claim("GIZI"), claim("PKH"), Unit.PERSON).effect is Effect.WARN


def test_rules_are_dated() -> None:
    until_2020 = rule("FOOD", "BPNT", Effect.REJECT, until=month(2020, 12))
    only_after = claim("BPNT", first=month(2021, 1))
    assert relation(book(until_2020), claim("FOOD"), only_after, Unit.PERSON).ground is Ground.UNREGULATED
    across = claim("FOOD", first=month(2020, 11), until=month(2021, 2)), claim("BPNT", first=month(2020, 1), until=None)
    assert relation(book(until_2020), *across, Unit.PERSON).effect is Effect.REJECT
    # A yes that ends in between is no yes for the months after it.
    yes_until_2020 = rule("FOOD", "BPNT", Effect.ALLOW, until=month(2020, 12))
    assert relation(book(yes_until_2020), *across, Unit.PERSON) == Relation(Effect.WARN, Ground.UNREGULATED)
    then_yes = rule("FOOD", "BPNT", Effect.ALLOW, first=month(2021, 1))
    assert relation(book(yes_until_2020, then_yes), *across, Unit.PERSON).effect is Effect.ALLOW


def test_an_asymmetric_row_is_about_the_claim_in_question() -> None:
    rules = book(rule("FOOD", "PKH", Effect.REJECT, is_symmetric=False))
    assert relation(rules, claim("FOOD"), claim("PKH"), Unit.PERSON).effect is Effect.REJECT
    assert relation(rules, claim("PKH"), claim("FOOD"), Unit.PERSON).ground is Ground.UNREGULATED


# ---------------------------------------------------------------------------------------------- properties

CODES = [each.code for each in SCHEMES]
components = {each.code: ["", *each.components] for each in SCHEMES}
some_months = st.integers(month(2020, 1), month(2022, 12))


@st.composite
def rules_of(draw: st.DrawFn, symmetric: bool = True) -> ExclusionRule:
    left, right = draw(st.sampled_from(CODES)), draw(st.sampled_from(CODES))
    first = draw(some_months)
    return ExclusionRule(
        left,
        draw(st.sampled_from(components[left])),
        right,
        draw(st.sampled_from(components[right])),
        draw(st.sampled_from(Unit)),
        draw(st.sampled_from(Effect)),
        symmetric,
        first,
        draw(st.none() | st.integers(first, first + 24)),
        draw(st.sampled_from(["a", "b"])),
    )


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    code = draw(st.sampled_from(CODES))
    first = draw(some_months)
    until = draw(st.none() | st.integers(first, first + 12))
    return Claim(code, draw(st.sampled_from(components[code])), first, until)


@given(st.lists(rules_of(), max_size=8), claims(), claims(), st.sampled_from(Unit))
def test_symmetric_rules_answer_alike_both_ways_round(
    rules: list[ExclusionRule], a: Claim, b: Claim, link: Unit
) -> None:
    assert relation(book(*rules), a, b, link) == relation(book(*rules), b, a, link)


@given(st.lists(rules_of(), max_size=8), claims(), claims(), st.sampled_from(Unit), st.randoms(use_true_random=False))
def test_the_order_in_which_rules_arrive_changes_nothing(
    rules: list[ExclusionRule], a: Claim, b: Claim, link: Unit, rng: random.Random
) -> None:
    shuffled = rng.sample(rules, len(rules))
    assert relation(book(*rules), a, b, link) == relation(book(*shuffled), a, b, link)


@given(st.lists(rules_of(), max_size=6), claims(), claims(), st.sampled_from(Unit))
def test_the_answer_is_that_of_the_worst_common_month(
    rules: list[ExclusionRule], a: Claim, b: Claim, link: Unit
) -> None:
    severity = [Effect.ALLOW, Effect.WARN, Effect.REJECT]
    whole = relation(book(*rules), a, b, link)
    last = month(2025, 1)  # every rule drawn above has begun by then, and ended if it ever does
    months = range(max(a.first, b.first), min(a.until or last, b.until or last) + 1)
    each = [
        relation(book(*rules), Claim(a.scheme, a.component, at, at), Claim(b.scheme, b.component, at, at), link)
        for at in months
    ]
    if each:
        assert whole.effect is max((one.effect for one in each), key=severity.index)
    else:
        assert whole.ground is Ground.NO_COMMON_MONTH


@given(st.lists(rules_of(symmetric=False), max_size=8))
def test_a_rule_set_travels_as_one_value(rules: list[ExclusionRule]) -> None:
    whole = RuleSet(SCHEMES, tuple(rules))
    assert unpack(pack(whole), RuleSet) == whole


def test_an_unknown_scheme_counts_by_person() -> None:
    assert book().unit("NEW") is Unit.PERSON
