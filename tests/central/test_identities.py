"""One NIK, two people: an officer's verdict is a fact that decides, and holds as long as both records say the same."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central import questions, reconcile
from central.audit import audit
from central.domain.answers import policy
from central.domain.decisions import Case, Coverage, Proposal
from central.domain.identities import Answer, Identity, IdentityVerdict
from central.domain.reasons import ReasonCode
from central.store import facts, identities
from central.store.identities import Said
from chassis.database import drive
from protocol.codec import unpack
from protocol.feed import IdentityQuestion
from protocol.names import name_key
from protocol.schemes import month
from tests.central.desk import DESA, RULES, START_MS, Machine, Regency, kk, nik, proposal_fact, siksng_row
from tests.central.test_decisions import CYCLES, POLICY, coverage, coverages_of, proposals_of
from tests.central.test_reconcile import every_pair, fresh, settle, tell

SAME, DIFFERENT = IdentityVerdict(Identity.SAME), IdentityVerdict(Identity.DIFFERENT)
BUDI = coverage(name_key=name_key("BUDI HARTONO"), kk=kk(9))


def answers(
    proposals: Sequence[Proposal], coverages: Sequence[Coverage], verdict: IdentityVerdict
) -> list[tuple[str, ReasonCode | None]]:
    case = Case(proposals, coverages)
    said = case.decide(POLICY, dict.fromkeys(case.keys(), verdict))
    return [(said[p.record].outcome, said[p.record].code) for p in proposals]


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (SAME, ("rejected", ReasonCode.COVERED_BY_SCHEME)),
        (DIFFERENT, ("accepted", None)),
        (IdentityVerdict(Identity.OVERLAP_ALLOWED, month(2021, 7)), ("accepted", None)),
        (IdentityVerdict(Identity.OVERLAP_ALLOWED, month(2021, 6)), ("rejected", ReasonCode.COVERED_BY_SCHEME)),
    ],
)
def test_a_verdict_on_a_list_decides(verdict: IdentityVerdict, expected: tuple[str, ReasonCode | None]) -> None:
    assert answers([proposal_fact(1)], [BUDI], verdict) == [expected]


def test_a_stranger_of_the_same_household_still_covers_it() -> None:
    household = coverage(name_key=name_key("BUDI HARTONO"))
    assert answers([proposal_fact(1)], [household], DIFFERENT) == [("rejected", ReasonCode.COVERED_HOUSEHOLD)]


def test_a_verdict_on_two_proposals_decides_both() -> None:
    two = [proposal_fact(1), proposal_fact(2, name="BUDI HARTONO", birth_date="1961-02-03", kk=kk(2))]
    assert answers(two, [], SAME) == [("accepted", None), ("rejected", ReasonCode.PROPOSED_ELSEWHERE)]
    assert answers(two, [], DIFFERENT) == [("accepted", None)] * 2


def test_the_question_opens_again_only_when_a_compared_field_changed() -> None:
    key = Case([proposal_fact(1)], [BUDI]).keys()
    again = coverage(number=7, scheme="BST", name_key=name_key("BUDI HARTONO"), kk=kk(3), as_of="2022-01-01")
    assert Case([proposal_fact(9, kk=kk(4))], [again]).keys() == key
    assert Case([proposal_fact(1, mother="RUKMINI")], [BUDI]).keys().isdisjoint(key)


@settings(max_examples=60, deadline=None)
@given(proposals_of, coverages_of, st.lists(st.sampled_from(Identity), min_size=6, max_size=6))
def test_verdicts_one_by_one_are_all_at_once(
    proposals: list[Proposal], coverages: list[Coverage], chosen: list[Identity]
) -> None:
    database = fresh()
    tell(database, [[*proposals, *coverages, *(c.code for c in CYCLES)]])
    likely = every_pair(proposals, coverages)
    case = Case(proposals, coverages, likely)
    held = [*sorted(case.pairs.items()), *sorted(likely.items())]
    by_key = {key: record for record, others in held for key in others.values()}
    said = {}
    for at, ((key, record), each) in enumerate(zip(sorted(by_key.items()), chosen, strict=False)):
        said[key] = IdentityVerdict(each, month(2021, 6) if each is Identity.OVERLAP_ALLOWED else 0)
        fact = Said(said[key], "diperiksa", "rini", at)
        drive(database.transact(lambda c, k=key, r=record, f=fact: identities.put(c, k, r, f)))  # type: ignore[misc]
        drive(settle(database, at))
    expected = case.decide(policy(RULES, {c.code: c for c in CYCLES}), said)
    rows = drive(database.read(lambda c: c.fetch_all("SELECT record, outcome, facts_hash FROM proposal")))
    assert {r[0]: (r[1], r[2]) for r in rows} == {k: (v.outcome, v.facts_hash) for k, v in expected.items()}


async def test_a_verdict_reaches_the_village_and_stands_in_the_trail(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    await regency.import_list(siksng_row(nik(1), kk(9), "BUDI HARTONO"))
    held = machine.propose(nik=nik(1), kk=kk(1)).record_id
    await regency.send(machine)
    await regency.settle()
    assert await regency.outcome(held) == ("needs_review", "identity_conflict")
    (key,) = await regency.database.read(lambda c: reconcile.contested(c, held))
    said = Said(DIFFERENT, "KTP diperiksa", "rini", START_MS)
    await regency.database.transact(lambda c: identities.put(c, key, held, said))
    await regency.settle()
    assert await regency.outcome(held) == ("accepted", "")
    assert await regency.rows("SELECT actor, action FROM audit_trail WHERE subject = $1", held.hex()) == [
        ("rini", "identity_different")
    ]
    assert (await regency.database.read(lambda c: audit(c, RULES))).problems == []


async def test_a_question_about_what_was_withdrawn_is_closed_and_its_successor_asked_anew(
    regency: Regency, machine: Machine
) -> None:
    await regency.put_cycle()
    await regency.import_list(siksng_row(nik(1), kk(9), "BUDI HARTONO"))

    async def asked() -> tuple[bytes, str]:
        record = machine.propose(nik=nik(1), kk=kk(1)).record_id
        await regency.send(machine, len(machine.ops) if await answers() else 1)
        await regency.settle()
        ((key, other),) = (await regency.database.read(lambda c: reconcile.contested(c, record))).items()
        now_ms = regency.clock.now_ms()
        village = await regency.database.transact(lambda c: questions.ask(c, record, key, other, "rini", now_ms))
        return record, village

    async def answers() -> list[str]:
        return [unpack(item.value, IdentityQuestion).answer for item in await regency.said("identity_question", DESA)]

    first, village = await asked()
    assert (village, await answers()) == (DESA, [""])
    machine.withdraw(first)
    await regency.send(machine, len(machine.ops))
    await regency.settle()
    assert await answers() == ["", "unknown"]
    _, village = await asked()
    assert (village, await answers()) == (DESA, ["", "unknown", ""]), "the same pair is asked about once more"
    assert (await regency.database.read(lambda c: audit(c, RULES))).problems == []


async def test_a_villages_answer_about_a_number_that_is_none_is_all_at_once(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    good = machine.propose(nik=nik(1), kk=kk(1)).record_id
    broken = machine.propose(nik="3510259507850001", kk=kk(1)).record_id
    await regency.send(machine)
    await regency.settle()
    said = [await regency.outcome(good), await regency.outcome(broken)]
    assert said == [("accepted", ""), ("rejected", "nik_invalid")], "who is refused keeps nobody waiting"
    ((key, other),) = (await regency.database.read(lambda c: reconcile.contested(c, broken))).items()
    await regency.database.transact(lambda c: questions.ask(c, broken, key, other, "rini", 1))
    given = Answer(b"z" * 16, key, DESA, 1, 3, "different", "papers", "", "sri", 1, 1)
    await regency.database.transact(lambda c: questions.take(c, DESA, [given], 2))
    await regency.settle()
    hashes = await regency.rows("SELECT record, facts_hash FROM proposal ORDER BY record")
    await regency.database.transact(facts.say_again)
    await regency.settle()
    assert await regency.rows("SELECT record, facts_hash FROM proposal ORDER BY record") == hashes
