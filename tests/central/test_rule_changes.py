"""Changes of the rules: what one makes of the book, that nothing of it is unseen, and that an approved one decides."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from central.audit import audit
from central.domain.answers import Rules, policy
from central.domain.catalogue import Per, SchemeAmount
from central.domain.decisions import Coverage, Policy, Proposal, Verdict, decide
from central.domain.rosters import Body, Terms
from central.domain.rule_changes import (
    AddCriterion,
    AddExclusion,
    Book,
    Change,
    ChangeRefused,
    CycleTerms,
    EndCriterion,
    EndExclusion,
    PutCycle,
    PutScheme,
    SetAmount,
    apply,
    may_change,
    read_change,
    touched,
    write_change,
)
from central.domain.rule_words import differences, title
from central.pipeline import judge_next
from central.rules import shipped_edition
from central.store import facts, rosters, rule_changes
from central.tabulation import fill_answers
from chassis.database import Connection, ConstraintViolated, drive
from protocol.codec import unpack
from protocol.feed import REGENCY
from protocol.schemes import (
    Effect,
    ExclusionRule,
    Rulebook,
    RuleSet,
    Unit,
    month,
)
from tests.central.desk import LAPOR_ASN, PANGAN, RULES, Machine, Regency, kk, nik, proposal_fact, siksng_row
from tests.central.test_decisions import CYCLES, GURU, POLICY, coverage, coverages_of, one, proposals_of
from tests.central.test_reconcile import every_pair, fresh, tell

FIRST = shipped_edition()
BOOK = Book(FIRST, {c.code: CycleTerms(c) for c in CYCLES})
RULE = {(r.scheme, r.other_scheme): r for r in FIRST.rules.exclusions}
PUPILS = FIRST.rules.criteria[0]
PANGAN_PKH = RULE["APBD-PANGAN", "PKH"]
ALLOWED = replace(PANGAN_PKH, effect=Effect.ALLOW, first=month(2021, 5), until=month(2021, 6), basis="surat bupati")
MORE_PUPILS = replace(PUPILS, value="20", first=month(2021, 1))
GURU_AMOUNT = SchemeAmount(
    scheme="GURU-NGAJI", component="", first=month(2022, 1), until=None, amount_rupiah=800_000, per=Per.CYCLE
)
NEW_SCHEME = replace(FIRST.rules.schemes[-1], code="RUMAH", name="Bedah rumah", components=("atap",))
CHANGES: dict[str, Change] = {
    "a new scheme": PutScheme(NEW_SCHEME),
    "another order": PutScheme(replace(BOOK.schemes["APBD-PANGAN"], priority=1)),
    "a new rule": AddExclusion(LAPOR_ASN),
    "another answer for two months": AddExclusion(ALLOWED),
    "a rule that ends": EndExclusion(PANGAN_PKH, month(2021, 4)),
    "a rule that never was": EndExclusion(PANGAN_PKH, month(2020, 4)),
    "another amount": SetAmount(GURU_AMOUNT),
    "a higher demand": AddCriterion(MORE_PUPILS),
    "a demand that ends": EndCriterion(PUPILS, month(2020, 12)),
    "a cycle moved": PutCycle(
        CycleTerms(replace(PANGAN, closes_ms=PANGAN.closes_ms + 86_400_000), 100, 10**9, ("village",))
    ),
}


def rules_after(change: Change, book: Book = BOOK) -> RuleSet:
    return apply(book, change).edition.rules


# --- one change -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_travels_is_seen_and_named(change: Change) -> None:
    assert read_change(write_change(change)) == change
    found = differences(BOOK, apply(BOOK, change))
    assert found
    assert all(each.before != each.after and each.what for each in found)
    assert title(change, BOOK)


def test_a_new_answer_cuts_the_old_one_around_its_months() -> None:
    before = [r for r in FIRST.rules.exclusions if r != PANGAN_PKH]
    after = [r for r in rules_after(AddExclusion(ALLOWED)).exclusions if r not in before]
    assert sorted(after, key=lambda r: r.first) == [
        replace(PANGAN_PKH, until=month(2021, 4)),
        ALLOWED,
        replace(PANGAN_PKH, first=month(2021, 7)),
    ]


def test_the_same_answer_may_stand_on_two_bases() -> None:
    twice = replace(PANGAN_PKH, basis="dasar kedua")
    assert {PANGAN_PKH, twice} <= {*rules_after(AddExclusion(twice)).exclusions}


def test_a_rule_ends_or_never_was() -> None:
    ended = rules_after(CHANGES["a rule that ends"]).exclusions
    assert replace(PANGAN_PKH, until=month(2021, 4)) in ended
    assert len(ended) == len(FIRST.rules.exclusions)
    gone = rules_after(CHANGES["a rule that never was"]).exclusions
    assert len(gone) == len(FIRST.rules.exclusions) - 1


def test_an_amount_takes_over_from_its_first_month() -> None:
    amounts = [a for a in apply(BOOK, SetAmount(GURU_AMOUNT)).edition.amounts if a.scheme == "GURU-NGAJI"]
    assert [(a.first, a.until, a.amount_rupiah) for a in amounts] == [
        (month(2020, 1), month(2021, 12), 700_000),
        (month(2022, 1), None, 800_000),
    ]


PKH = BOOK.schemes["PKH"]
WRONG: dict[str, tuple[Change, str]] = {
    "there already": (AddExclusion(PANGAN_PKH), "first"),
    "no such scheme": (AddExclusion(replace(PANGAN_PKH, other_scheme="TIDAK-ADA")), "scheme"),
    "no such component": (AddExclusion(replace(PANGAN_PKH, other_component="atap")), "component"),
    "one way against two": (AddExclusion(replace(PANGAN_PKH, effect=Effect.ALLOW, is_symmetric=False)), "is_symmetric"),
    "ended before": (EndExclusion(RULE["BLT-DD", "BPNT"], month(2022, 12)), "until"),
    "not there": (EndExclusion(LAPOR_ASN, month(2022, 1)), "until"),
    "a component in use": (PutScheme(replace(PKH, components=("elderly",))), "components"),
    "a ministry's cycle": (PutCycle(CycleTerms(replace(PANGAN, code="PKH-2021", scheme="PKH"))), "scheme"),
    "another scheme's code": (PutCycle(CycleTerms(replace(PANGAN, scheme="APBD-GIZI"))), "scheme"),
    "backwards": (PutCycle(CycleTerms(replace(PANGAN, month_until=PANGAN.month_from - 1))), "month_until"),
    "a window that never opens": (PutCycle(CycleTerms(replace(PANGAN, closes_ms=PANGAN.opens_ms))), "closes"),
    "nothing new": (PutCycle(CycleTerms(PANGAN)), "code"),
    "recipients of a list that is not fixed": (PutCycle(CycleTerms(PANGAN, former="APBD-PANGAN-2020")), "former"),
}


@pytest.mark.parametrize(("change", "field"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_refused_with_its_cure(change: Change, field: str) -> None:
    with pytest.raises(ChangeRefused) as refused:
        apply(BOOK, change)
    assert refused.value.field == field
    assert refused.value.sentence.endswith(".")


def test_a_determined_cycle_changes_no_more() -> None:
    locked = Book(BOOK.edition, BOOK.cycles, frozenset({PANGAN.code}))
    with pytest.raises(ChangeRefused, match="sudah ditetapkan"):
        apply(locked, CHANGES["a cycle moved"])


def test_the_rules_stay_as_small_as_the_road_is_wide() -> None:
    long = [replace(LAPOR_ASN, basis=f"{n} " + "x" * 250, first=month(2021, 1) + n) for n in range(200)]
    book = Book(replace(FIRST, rules=replace(FIRST.rules, exclusions=(*FIRST.rules.exclusions, *long))))
    with pytest.raises(ChangeRefused, match="terlalu panjang"):
        apply(book, AddExclusion(replace(LAPOR_ASN, basis="y" * 250)))


@pytest.mark.parametrize(
    ("name", "schemes"),
    [
        ("a new rule", {"LAPOR", "ASN-PEDULI"}),
        ("a rule that ends", {"APBD-PANGAN", "PKH"}),
        ("a higher demand", {"GURU-NGAJI"}),
        ("another order", {"APBD-PANGAN"}),
        ("another amount", set()),
        ("a new scheme", {"RUMAH"}),
    ],
)
def test_a_change_touches_the_schemes_it_decides_about(name: str, schemes: set[str]) -> None:
    assert touched(BOOK, apply(BOOK, CHANGES[name])) == schemes


@pytest.mark.parametrize(
    ("scope", "name", "may"),
    [
        ("", "a new rule", True),
        ("Dinsos", "a new rule", True),
        ("Bagian Kesra", "a new rule", False),
        ("Bagian Kesra", "a higher demand", True),
        ("Dinsos", "a higher demand", False),
        ("Dinsos", "another order", True),
        ("Bagian Kesra", "another order", False),
        ("Bagian Kesra", "a cycle moved", False),
    ],
)
def test_an_owner_changes_its_own_schemes(scope: str, name: str, may: bool) -> None:
    assert may_change(BOOK, scope, CHANGES[name]) is may


def test_no_owner_takes_or_gives_away_a_scheme() -> None:
    taken = PutScheme(replace(BOOK.schemes["APBD-PANGAN"], owner="Bagian Kesra"))
    assert not may_change(BOOK, "Bagian Kesra", taken)
    assert not may_change(BOOK, "Dinsos", taken)


@pytest.mark.parametrize("field", ["opens_ms", "closes_ms"])
def test_a_moment_within_a_day_is_no_small_print(field: str) -> None:
    moved = replace(PANGAN, **{field: getattr(PANGAN, field) + 1})
    found = differences(BOOK, apply(BOOK, PutCycle(CycleTerms(moved))))
    assert len(found) == 1


# --- any changes, in any order ----------------------------------------------------------------------------------------

schemes_of_rules = st.sampled_from(["APBD-PANGAN", "BLT-DD", "APBD-GIZI", "GURU-NGAJI", "PKH", "INSENTIF-APBD"])
spans = st.tuples(st.integers(month(2020, 6), month(2022, 1)), st.none() | st.integers(0, 12)).map(
    lambda t: (t[0], None if t[1] is None else t[0] + t[1])
)


def some_rule(pair: tuple[str, str], effect: Effect, unit: Unit, span: tuple[int, int | None]) -> Change:
    return AddExclusion(ExclusionRule(pair[0], "", pair[1], "", unit, effect, True, *span, "dasar"))


some_changes = st.lists(
    st.one_of(
        st.builds(
            some_rule,
            st.tuples(schemes_of_rules, schemes_of_rules),
            st.sampled_from(Effect),
            st.sampled_from(Unit),
            spans,
        ),
        st.builds(
            lambda value, span: AddCriterion(replace(PUPILS, value=str(value), first=span[0], until=span[1])),
            st.integers(0, 20),
            spans,
        ),
        st.builds(lambda n: PutScheme(replace(BOOK.schemes["BLT-DD"], priority=n)), st.integers(1, 99)),
        st.builds(EndExclusion, st.sampled_from(FIRST.rules.exclusions), st.integers(24240, 24260)),
        st.sampled_from([*CHANGES.values()]),
    ),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(some_changes)
def test_no_change_makes_two_answers_of_one_question(changes: list[Change]) -> None:
    """However they follow each other, what any other row says of its months is as it was."""
    book = BOOK
    for change in changes:
        try:
            after = apply(book, change)
        except ChangeRefused:
            continue
        assert bool(differences(book, after)) == ((book.edition, book.cycles) != (after.edition, after.cycles))
        book = after
    rows = book.edition.rules
    for at in range(month(2020, 1), month(2022, 12)):
        in_month = [r for r in rows.exclusions if r.first <= at and (r.until is None or at <= r.until)]
        said: dict[Any, Effect] = {}
        for r in in_month:
            key = (r.scheme, r.component, r.other_scheme, r.other_component, r.unit)
            for each in {key, (*key[2:4], *key[0:2], r.unit)} if r.is_symmetric else {key}:
                assert said.setdefault(each, r.effect) is r.effect
        demands = [
            (c.scheme, c.field, c.measure)
            for c in rows.criteria
            if c.first <= at and (c.until is None or at <= c.until)
        ]
        assert len(demands) == len({*demands})


@settings(max_examples=40, deadline=None)
@given(proposals_of, coverages_of, some_changes)
def test_approved_one_by_one_is_decided_all_at_once(
    proposals: list[Proposal], coverages: list[Coverage], changes: list[Change]
) -> None:
    """Marking what a change touches is enough: the answers are those of the last edition over all facts."""
    database = fresh()
    tell(database, [[*proposals, *coverages, *(c.code for c in CYCLES)]])
    for at, change in enumerate(changes, start=1):
        drive(database.transact(lambda c, change=change, at=at: approve_if_it_fits(c, change, at)))  # type: ignore[misc]
        while drive(database.transact(lambda c, at=at: judge_next(c, RULES, at))):  # type: ignore[misc]
            pass

    async def look(connection: Connection) -> tuple[Rules, Any, Any]:
        rows = await connection.fetch_all("SELECT record, outcome, code, facts_hash FROM proposal")
        return await rule_changes.in_force(connection, RULES), await facts.cycles(connection), rows

    rules, cycles, rows = drive(database.read(look))
    likely = every_pair(proposals, coverages)
    expected = decide(policy(rules, {c.code: c for c in cycles}), proposals, coverages, likely=likely)
    assert {r[0]: tuple(r)[1:] for r in rows} == {
        k: (v.outcome, v.code.value if v.code else "", v.facts_hash) for k, v in expected.items()
    }


async def approve_if_it_fits(connection: Connection, change: Change, now_ms: int) -> None:
    book = await rule_changes.book(connection, FIRST)
    try:
        apply(book, change)
    except ChangeRefused:
        return
    made = await rule_changes.draft(connection, change, reason="surat", actor="satu", now_ms=now_ms)
    found = await rule_changes.find(connection, made)
    assert found is not None
    await rule_changes.approve(connection, found, book, actor="dua", now_ms=now_ms)


# --- what an answer rests on -------------------------------------------------------------------------------------------


def decided(change: Change | None, *coverages: Coverage) -> Verdict:
    book = apply(BOOK, change) if change else BOOK
    return one(proposal_fact(1), *coverages, policy=Policy(Rulebook(book.edition.rules), POLICY.cycles))


def test_a_hash_holds_what_the_rules_said_here_and_nothing_else_of_them() -> None:
    held, alone = coverage("PKH"), decided(None)
    same_answer = PutScheme(NEW_SCHEME), AddExclusion(LAPOR_ASN), EndExclusion(PANGAN_PKH, month(2030, 1))
    for change in same_answer:
        assert decided(change, held) == decided(None, held)
    other_basis = AddExclusion(replace(PANGAN_PKH, basis="dasar lain", first=month(2021, 1)))
    assert decided(other_basis, held).outcome == decided(None, held).outcome
    assert decided(other_basis, held).facts_hash != decided(None, held).facts_hash
    assert decided(other_basis) == alone, "who is covered by nothing rests on no rule"


# --- at the centre ----------------------------------------------------------------------------------------------------


async def test_an_approved_rule_decides_again_and_goes_to_the_villages(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    await regency.import_list(siksng_row(nik(1), kk(1), "SITI CONTOH"))
    record = machine.propose(nik=nik(1), kk=kk(1)).record_id
    await regency.send(machine)
    await regency.settle()
    assert await regency.outcome(record) == ("rejected", "covered_by_scheme")
    before = (await regency.decisions())[record]
    await regency.approve(EndExclusion(PANGAN_PKH, month(2021, 4)))
    await regency.settle()
    after = (await regency.decisions())[record]
    assert (after.outcome, after.rule) == ("accepted", "belum diatur: PKH")
    assert after.facts_hash != before.facts_hash
    told = [unpack(item.value, RuleSet) for item in await regency.said("exclusions", REGENCY)]
    assert replace(PANGAN_PKH, until=month(2021, 4)) in told[-1].exclusions
    assert told[-1].criteria == FIRST.rules.criteria
    assert await regency.rows(
        "SELECT actor, action FROM audit_trail WHERE action LIKE 'rule_change%' ORDER BY seq"
    ) == [
        ("pengusul", "rule_change_drafted"),
        ("penyetuju", "rule_change_approved"),
    ]
    assert (await regency.database.read(lambda c: audit(c, RULES))).problems == []


async def test_what_a_change_says_the_same_of_is_not_said_again(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    await regency.import_list(siksng_row(nik(1), kk(1), "SITI CONTOH"))
    machine.propose(nik=nik(1), kk=kk(1))
    await regency.send(machine)
    await regency.settle()
    before = await regency.said("decision")
    await regency.approve(EndExclusion(PANGAN_PKH, month(2030, 12)))
    await regency.settle()
    assert await regency.said("decision") == before, "the months of this cycle are ruled as they were"


async def test_a_cycle_with_what_its_lock_will_ask(regency: Regency) -> None:
    terms = CycleTerms(GURU, 12_373, 8_700_000_000, ("village", "lptq"), 700_000)
    await regency.approve(PutCycle(terms))
    assert (await regency.database.read(facts.terms))[GURU.code] == terms
    await regency.put_cycle(replace(GURU, name="Guru ngaji"))
    kept = (await regency.database.read(facts.terms))[GURU.code]
    assert kept == replace(terms, cycle=kept.cycle), "a moved window takes nothing of it away"
    asked = await regency.database.read(lambda c: rosters.terms_of(c, GURU.code))
    assert asked == Terms(amount_rupiah=700_000, quota=12_373, budget_rupiah=8_700_000_000, required=tuple(Body))
    assert await regency.value("SELECT count(*) FROM rule_edition") == 0, "cycles are no rules"


async def test_no_row_can_say_that_one_person_did_both(regency: Regency) -> None:
    made = await regency.draft(CHANGES["a new rule"])
    with pytest.raises(ConstraintViolated):
        await regency.database.transact(
            lambda c: c.execute("UPDATE rule_change SET state = 'approved', judged_by = drafted_by WHERE id = $1", made)
        )


async def test_an_edition_that_was_tampered_with_is_found(regency: Regency) -> None:
    await regency.approve(CHANGES["a new rule"])
    await regency.approve(CHANGES["a rule that ends"])
    await regency.database.transact(
        lambda c: c.execute("UPDATE rule_edition SET content = (SELECT content FROM rule_edition WHERE number = 1)")
    )
    found = await regency.database.read(lambda c: audit(c, RULES))
    assert any("edition 2 is not what was approved" in problem for problem in found.problems)


async def test_an_old_decision_keeps_its_edition(regency: Regency) -> None:
    start = regency.clock.at_ms
    await regency.approve(CHANGES["a new rule"])
    regency.clock.advance(days=1)
    await regency.approve(CHANGES["another amount"])
    found = []
    for at_ms in (start - 1, start + 60_000, regency.clock.at_ms):
        found.append(await regency.database.read(lambda c, ms=at_ms: rule_changes.edition_at(c, ms)))  # type: ignore[misc]
    assert found == [0, 1, 2]


async def test_answers_that_were_not_kept_come_back_from_the_log(regency: Regency, machine: Machine) -> None:
    """After an upgrade of a centre that judged before the answers were kept."""
    await regency.put_cycle()
    answered = machine.answer([("pupils", "12")]).record_id
    plain = machine.propose().record_id
    await regency.send(machine)
    await regency.settle()
    kept = dict(await regency.rows("SELECT record, answers FROM proposal"))
    assert kept[answered]
    assert kept[plain] == b""
    await regency.database.transact(lambda c: c.execute("UPDATE proposal SET answers = NULL"))
    await regency.database.transact(fill_answers)
    assert dict(await regency.rows("SELECT record, answers FROM proposal")) == kept
