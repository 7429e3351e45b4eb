"""Deciding again what new facts touch must end where deciding everything at once ends, whatever the order and the steps."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from central import reconcile
from central.audit import audit
from central.domain.answers import Circumstances, policy, prepare, word
from central.domain.batches import Reading
from central.domain.decisions import Coverage, Pairs, Proposal, cards_of, decide, known_of, likely_key
from central.domain.matching import DateLink, date_link
from central.reconcile import collect
from central.store import facts, imports, likely
from central.store.imports import ImportFile
from chassis.database import Connection, InPlaceDatabase, drive
from protocol.codec import pack
from protocol.feed import Decision
from protocol.schemes import month
from tests.central.desk import (
    BLT_DD,
    DAY_MS,
    DESA,
    OTHER_DESA,
    PANGAN,
    RULES,
    START_MS,
    Machine,
    Regency,
    in_memory,
    kk,
    nik,
    proposal_fact,
    siksng_row,
    unpack,
)
from tests.central.test_decisions import CYCLES, coverage, coverages_of, proposals_of

Fact = Proposal | Coverage | tuple[str, str, bytes] | str
"""A proposal, a coverage, (withdraw, village, record), or the code of a cycle that is announced."""

_BLANK = in_memory().serialize()
_SPARE = in_memory()


def fresh() -> InPlaceDatabase:
    _SPARE.deserialize(_BLANK)
    return _SPARE


async def add(connection: Connection, fact: Coverage | tuple[str, str, bytes] | str) -> None:
    """One fact, as tabulation, imports and commands add them."""
    match fact:
        case Coverage():
            digest = fact.reference
            file = ImportFile(digest, "x", "x", fact.as_of, 0, "x", b"")
            number = await imports.put(connection, file)
            await facts.add_coverages(connection, number, [(1, fact)])
            await likely.note_covered(connection, number)
        case (_, village, record):
            await facts.withdraw(connection, village, record)
        case code:
            await facts.put_cycle(connection, next(c for c in CYCLES if c.code == code))


Said = dict[bytes, tuple[str, str, bytes]]


def tell(database: InPlaceDatabase, batches: Sequence[Sequence[Fact]]) -> Said:
    """Facts in batches, deciding after each; what was said in the end: outcome, code and facts_hash."""

    async def work(connection: Connection, batch: Sequence[Fact], at: int) -> None:
        new = [fact for fact in batch if isinstance(fact, Proposal)]
        for fact in batch:
            if not isinstance(fact, Proposal):
                await add(connection, fact)
        taken_back = {p.record for p in new if p.record in await facts.withdrawn(connection, p.village)}
        told = [replace(p, is_withdrawn=p.is_withdrawn or p.record in taken_back) for p in new]
        circumstances = Circumstances(await facts.cycles(connection))
        prepared = prepare(RULES, Reading(proposals=told, anchors=[b""] * len(told)), circumstances, at)
        await reconcile.reconcile(connection, RULES, at, list(zip(prepared.proposals, prepared.spoken, strict=True)))

    for at, batch in enumerate(batches):
        drive(database.transact(lambda c, at=at, batch=batch: work(c, batch, at)))  # type: ignore[misc]
        drive(settle(database, at))
    rows = drive(database.read(lambda c: c.fetch_all("SELECT record, outcome, code, facts_hash FROM proposal")))
    return {r[0]: (r[1], r[2], r[3]) for r in rows}


async def settle(database: InPlaceDatabase, now_ms: int) -> None:
    while await database.read(facts.is_any_dirty):
        await database.transact(lambda c: reconcile.reconcile(c, RULES, now_ms))


def every_pair(proposals: Sequence[Proposal], coverages: Sequence[Coverage]) -> Pairs:
    """Who is likely one person, by comparing everybody with everybody who may have been born on one day."""
    found: dict[bytes, dict[bytes, bytes]] = {}
    for one in proposals:
        for other in (*proposals, *coverages):
            a, b = known_of(one), known_of(other)
            if a.record != b.record and is_near(one.birth_date, other.birth_date):
                key = likely_key(one, other)
                if key is not None:
                    found.setdefault(a.record, {})[b.record] = key
    return found


def is_near(one: str, other: str) -> bool:
    try:
        days = date.fromisoformat(one), date.fromisoformat(other)
    except ValueError:
        return False
    written = tuple(day.isoformat() for day in days)
    return written == (one, other) and date_link(*days) in (DateLink.SAME, DateLink.SWAPPED, DateLink.WEAK)


def at_once(proposals: Sequence[Proposal], coverages: Sequence[Coverage], cycles: Sequence[str]) -> Said:
    in_force = policy(RULES, {c.code: c for c in CYCLES if c.code in cycles})
    verdicts = decide(in_force, proposals, coverages, likely=every_pair(proposals, coverages))
    return {r: (v.outcome, v.code.value if v.code else "", v.facts_hash) for r, v in verdicts.items()}


def cut(rng: object, items: list[Fact]) -> list[list[Fact]]:
    """Into batches of any size."""
    batches: list[list[Fact]] = []
    while items:
        size = rng.randint(1, len(items))  # type: ignore[attr-defined]
        batches.append(items[:size])
        items = items[size:]
    return batches


@settings(max_examples=120, deadline=None)
@given(
    proposals_of,
    coverages_of,
    st.sets(st.sampled_from([c.code for c in CYCLES])),
    st.sets(st.integers(0, 8)),
    st.randoms(use_true_random=False),
)
def test_step_by_step_in_any_order_is_all_at_once(
    proposals: list[Proposal], coverages: list[Coverage], cycles: set[str], withdrawn: set[int], rng: object
) -> None:
    told = [replace(p, is_withdrawn=p.is_withdrawn or at in withdrawn) for at, p in enumerate(proposals)]
    withdrawals: list[Fact] = [
        ("withdraw", p.village, p.record) for p, before in zip(told, proposals, strict=True) if p != before
    ]
    expected = at_once(told, coverages, sorted(cycles))
    everything: list[Fact] = [*proposals, *coverages, *sorted(cycles)]
    for _ in range(2):
        rng.shuffle(everything)  # type: ignore[attr-defined]
        # a withdrawal is a later record of the same village's log, so it follows its proposal
        facts_in_order = [*everything, *withdrawals]
        for fact in withdrawals:
            facts_in_order.remove(fact)
            place = next(i for i, f in enumerate(facts_in_order) if isinstance(f, Proposal) and f.record == fact[2])
            facts_in_order.insert(rng.randint(place + 1, len(facts_in_order)), fact)  # type: ignore[attr-defined]
        assert tell(fresh(), cut(rng, facts_in_order)) == expected
        assert tell(fresh(), [[fact] for fact in facts_in_order]) == expected


@settings(max_examples=60, deadline=None)
@given(proposals_of, coverages_of)
def test_a_neighbourhood_is_whole(proposals: list[Proposal], coverages: list[Coverage]) -> None:
    """Whatever shares a number with something inside, or is likely its person, is inside too."""
    database = fresh()
    tell(database, [[*proposals, *coverages]])
    for seed in proposals[:3]:
        around = drive(database.read(lambda c, seed=seed: collect(c, [], [seed])))  # type: ignore[misc]
        likely = every_pair(proposals, coverages)
        met = {other for record in around.proposals for other in likely.get(record, ())}
        niks = {p.match_nik for p in around.proposals.values()} - {None}
        kks = cards_of(around.proposals.values())
        for p in proposals:
            is_tied = p.match_nik in niks or not kks.isdisjoint(cards_of([p]))
            assert (p.record in around.proposals) == (p is seed or is_tied or p.record in met)
        for c in coverages:
            assert (c.reference in around.coverages) == (c.nik in niks or c.kk in kks or c.reference in met)


# --- what is said -----------------------------------------------------------------------------------------------------


async def test_an_answer_reaches_its_villages_feed_with_its_words(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    proposed = machine.propose()
    await regency.send(machine)
    assert await regency.settle() == {DESA}
    items = await regency.said("decision", DESA)
    assert [(i.seq, i.critical, i.key) for i in items] == [(1, True, proposed.record_id)]
    told = unpack(items[0].value, Decision)
    assert (told.outcome, told.code, told.sentence, told.period) == ("accepted", "", "", "Mei-Juli 2021")
    assert (told.scheme, told.cycle, told.decided_ms) == ("APBD-PANGAN", PANGAN.code, regency.clock.at_ms)
    assert await regency.rows("SELECT village, outcome, feed_seq FROM proposal") == [(DESA, "accepted", 1)]


async def test_a_refusal_is_told_with_next_step_deadline_and_evidence(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    proposed = machine.propose(nik=nik(1), name="SITI CONTOH")
    await regency.send(machine)
    content = siksng_row(nik(1), kk(7), "SITI CONTOH")
    await regency.import_list(content)
    await regency.settle()
    told = (await regency.decisions())[proposed.record_id]
    assert (told.outcome, told.code) == ("rejected", "covered_by_scheme")
    assert told.next_step == "objection"
    assert told.objection_until == "2021-05-17"
    assert told.next_sentence.endswith("sampai 17 Mei 2021.")
    assert [(e.kind, e.scheme, e.period, e.place, e.as_of) for e in told.evidence] == [
        ("coverage", "PKH", "2021-01..2021-12", OTHER_DESA, "2021-04-30")
    ]
    assert told.evidence[0].reference == await regency.value("SELECT reference FROM coverage")
    assert "SITI" not in told.sentence


async def test_nothing_is_said_twice(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    machine.propose()
    await regency.send(machine)
    await regency.settle()
    for _ in range(3):
        await regency.database.transact(lambda c: facts.disturb(c, "APBD-PANGAN", ()))
        assert await regency.settle() == set()
    await regency.put_cycle()
    assert await regency.settle() == set()
    assert len(await regency.said("decision")) == 1


async def test_a_new_fact_changes_the_answer_and_says_so_once(
    regency: Regency, machine: Machine, neighbour: Machine
) -> None:
    """The later of two rivals was read first: the earlier one comes by a slow line and takes its place."""
    await regency.put_cycle()
    late = neighbour.propose(claimed_ms=START_MS + 9_000)
    regency.clock.advance(seconds=10)
    await regency.send(neighbour)
    await regency.settle()
    assert await regency.outcome(late.record_id) == ("accepted", "")
    early = machine.propose(claimed_ms=START_MS + 1_000)
    await regency.send(machine)
    assert await regency.settle() == {DESA, OTHER_DESA}
    assert await regency.outcome(early.record_id) == ("accepted", "")
    assert await regency.outcome(late.record_id) == ("rejected", "proposed_elsewhere")
    assert [len(await regency.said("decision", feed)) for feed in (DESA, OTHER_DESA)] == [1, 2]
    machine.withdraw(early.record_id)
    await regency.send(machine, 3)
    await regency.settle()
    assert await regency.outcome(late.record_id) == ("accepted", "")


async def test_a_cycle_that_is_announced_late_decides_what_waited(regency: Regency, machine: Machine) -> None:
    proposed = machine.propose()
    await regency.send(machine)
    await regency.settle()
    assert await regency.outcome(proposed.record_id) == ("needs_review", "cycle_unknown")
    told = (await regency.decisions())[proposed.record_id]
    assert (told.objection_until, told.period) == ("", "")
    await regency.put_cycle()
    await regency.settle()
    assert await regency.outcome(proposed.record_id) == ("accepted", "")


async def test_a_window_that_is_moved_decides_again(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    regency.clock.advance(days=20)
    proposed = machine.propose()
    await regency.send(machine)
    await regency.settle()
    assert await regency.outcome(proposed.record_id) == ("needs_review", "received_late")
    await regency.put_cycle(replace(PANGAN, closes_ms=PANGAN.closes_ms + 10 * DAY_MS))
    await regency.settle()
    assert await regency.outcome(proposed.record_id) == ("accepted", "")


async def test_an_imported_list_touches_only_whom_it_names(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    machine.propose(nik=nik(1), kk=kk(1))
    machine.propose(nik=nik(2), kk=kk(2))
    await regency.send(machine)
    await regency.settle()
    await regency.import_list(siksng_row(nik(9), kk(2), "AGUS"))
    assert await regency.rows("SELECT nik FROM proposal WHERE is_dirty = 1") == [(nik(2),)]
    await regency.settle()
    codes = sorted(d.code for d in (await regency.decisions()).values())
    assert codes == ["", "covered_household"]


async def test_a_fact_about_a_card_that_somebody_left_decides_again(regency: Regency, machine: Machine) -> None:
    """From the village's op to the answer, the explanation and the audit; also when the list is undone."""
    await regency.put_cycle()
    proposed = machine.left([(kk(9), month(2021, 2))], kk=kk(1))
    machine.propose(nik=nik(2), kk=kk(2))
    await regency.send(machine)
    await regency.settle()
    assert await regency.outcome(proposed.record_id) == ("accepted", "")
    await regency.import_list(siksng_row(nik(8), kk(9), "AGUS"))
    assert await regency.rows("SELECT record FROM proposal WHERE is_dirty = 1") == [(proposed.record_id,)]
    await regency.settle()
    assert await regency.outcome(proposed.record_id) == ("needs_review", "covered_household")
    told = await regency.database.read(lambda c: reconcile.explain(c, RULES, proposed.record_id))
    assert told is not None
    assert "kartu lama, ditinggalkan bulan Februari 2021" in told.weighed[0].words
    assert (await regency.database.read(lambda c: audit(c, RULES))).problems == []
    await regency.database.transact(lambda c: facts.remove_coverages(c, 1))
    await regency.settle()
    assert await regency.outcome(proposed.record_id) == ("accepted", "")


async def test_who_stayed_on_a_card_and_who_left_it_meet(
    regency: Regency, machine: Machine, neighbour: Machine
) -> None:
    await regency.put_cycle()
    went = machine.left([(kk(9), month(2021, 2))], kk=kk(1))
    await regency.send(machine)
    await regency.settle()
    stayed = neighbour.propose(nik=nik(2), kk=kk(9), claimed_ms=START_MS + 1_000)
    regency.clock.advance(seconds=10)
    await regency.send(neighbour)
    await regency.settle()
    assert await regency.outcome(went.record_id) == ("accepted", "")
    assert await regency.outcome(stayed.record_id) == ("needs_review", "covered_household")
    machine.withdraw(went.record_id)
    await regency.send(machine, 3)
    await regency.settle()
    assert await regency.outcome(stayed.record_id) == ("accepted", "")
    assert (await regency.database.read(lambda c: audit(c, RULES))).problems == []


async def test_a_backlog_is_decided_in_steps_and_each_village_is_named(
    regency: Regency, machine: Machine, neighbour: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "DIRTY_MAX", 2)
    await regency.put_cycle()
    for n in range(5):
        machine.propose(nik=nik(n + 1), kk=kk(n + 1))
        neighbour.propose(nik=nik(n + 1), kk=kk(n + 1))
    await regency.send(machine)
    await regency.send(neighbour)
    assert await regency.settle() == {DESA, OTHER_DESA}
    outcomes = sorted(d.outcome for d in (await regency.decisions()).values())
    assert outcomes == ["accepted"] * 5 + ["rejected"] * 5
    assert (await regency.database.read(lambda c: audit(c, RULES))).problems == []


async def test_feeds_stay_dense_and_the_digest_true_while_answers_change(
    regency: Regency, machine: Machine, neighbour: Machine
) -> None:
    await regency.put_cycle()
    await regency.put_cycle(BLT_DD)
    for n in range(6):
        proposed = machine.propose(nik=nik(n + 1), kk=kk(n + 1))
        neighbour.propose(nik=nik(n + 1), kk=kk(n + 1), cycle=BLT_DD if n % 2 else PANGAN)
        if n % 3 == 0:
            machine.withdraw(proposed.record_id)
        await regency.send(machine)
        await regency.send(neighbour)
        await regency.settle()
    await regency.import_list(siksng_row(nik(2), kk(3), "SITI CONTOH", DESA))
    await regency.settle()
    found = await regency.database.read(lambda c: audit(c, RULES))
    assert (found.problems, found.decisions) == ([], 12)


def test_a_decision_fits_the_wire_whatever_was_proposed() -> None:
    longest = proposal_fact(1, name="X" * 300)
    verdict = decide(policy(RULES, {PANGAN.code: PANGAN}), [longest], [coverage()])
    decision = word(RULES, longest, PANGAN, verdict[longest.record], START_MS)
    assert unpack(pack(decision), Decision) == decision


def test_who_is_covered_under_another_number_is_held_until_the_list_is_taken_back() -> None:
    """Whichever comes first; and the pair is there for an officer to judge."""
    proposal = proposal_fact(1)
    listed = coverage(nik="", kk="", birth_date=proposal.birth_date, sex="P", mother_key="DEWI CONTOH", village=DESA)
    for batches in ([[PANGAN.code, listed], [proposal]], [[PANGAN.code, proposal], [listed]]):
        database = fresh()
        assert tell(database, batches)[proposal.record][:2] == ("needs_review", "possible_duplicate")
        contested = drive(database.read(lambda c: reconcile.contested(c, proposal.record)))
        assert [*contested.values()] == [listed]
        number = drive(database.read(lambda c: c.fetch_value("SELECT import FROM coverage")))

        async def undo(connection: Connection, number: int = number) -> None:
            await likely.forget_covered(connection, number)
            await facts.remove_coverages(connection, number)

        drive(database.transact(undo))
        drive(settle(database, START_MS))
        assert drive(database.read(lambda c: c.fetch_value("SELECT outcome FROM proposal"))) == "accepted"
        assert drive(database.read(likely.every)) == {}
