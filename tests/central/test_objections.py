"""What villages write beside a bare proposal: a scheme's own answers, minutes, objections. None of it moves a decision
by itself; an officer's answer to an objection does, and the village hears of it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.audit import audit
from central.domain.answers import policy
from central.domain.decisions import Case, Coverage, Proposal
from central.domain.explanations import explain
from central.domain.objections import Outcome, Ruling, Way, answer_by, read_ruling, ways
from central.domain.reasons import ReasonCode
from central.store import coverage_sets, facts, objections, overview, rulings
from chassis.database import Connection, drive
from protocol.codec import unpack
from protocol.feed import ObjectionDecided
from protocol.ops import DeliberationHeld, Op, ProposalWithAnswers
from protocol.schemes import month
from tests.central.desk import (
    DAY_MS,
    DESA,
    OTHER_DESA,
    RULES,
    START_MS,
    Machine,
    Regency,
    kk,
    nik,
    proposal_body,
    proposal_fact,
    siksng_row,
)
from tests.central.test_decisions import CYCLES, POLICY, coverage, coverages_of, proposals_of
from tests.central.test_reconcile import every_pair, fresh, settle, tell
from tests.central.test_web_pages import HASH, Hall, hall

__all__ = ["hall"]
ASKED = {"fields": [("impact", "sakit_menahun")], "check": "overlap", "check_as_of": "2021-04-30", "deliberation": b""}


def propose_in_full(machine: Machine, **changes: Any) -> Op:
    plain = msgspec.structs.asdict(proposal_body(machine.salt(), **changes))
    return machine.write(ProposalWithAnswers(**plain, **ASKED))


async def test_both_schemas_of_a_proposal_are_decided_alike(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    plain = machine.propose(nik="3510256507850001", kk="").record_id
    full = propose_in_full(machine, nik=nik(2), kk="").record_id
    await regency.send(machine)
    await regency.settle()
    rows = dict(await regency.rows("SELECT record, outcome || code FROM proposal"))
    assert rows == {plain: "accepted", full: "accepted"}, "what the counter's check said decides nothing"
    trail = await regency.database.read(lambda c: overview.trail(c, full))
    assert trail is not None
    asked = await regency.database.read(lambda c: overview.asked(c, trail))
    assert asked is not None
    assert (asked.fields, asked.check) == (ASKED["fields"], "overlap")
    older = await regency.database.read(lambda c: overview.trail(c, plain))
    assert older is not None
    assert await regency.database.read(lambda c: overview.asked(c, older)) is None


async def test_an_objection_is_kept_with_its_proposal_once_and_changes_no_answer(
    regency: Regency, machine: Machine
) -> None:
    await regency.put_cycle()
    proposal = machine.propose().record_id
    await regency.send(machine)
    await regency.settle()
    before = await regency.rows("SELECT record, outcome, facts_hash, feed_seq FROM proposal")
    made = machine.object_to(proposal)
    await regency.send(machine, len(machine.ops))
    await regency.settle()
    (line,) = await regency.database.read(lambda c: objections.lines(c, "", 1))
    assert (line.record, line.proposal, line.name) == (made.record_id, proposal, "SITI CONTOH")
    assert (line.grounds, line.evidence, line.outcome) == ("Sudah keluar dari PKH", "surat", "accepted")
    assert line.received_ms == regency.clock.at_ms
    assert await regency.rows("SELECT record, outcome, facts_hash, feed_seq FROM proposal") == before
    assert [x.record for x in await regency.database.read(lambda c: objections.of_proposal(c, proposal))] == [
        line.record
    ]


async def test_an_objection_about_another_villages_proposal_shows_nothing_of_it(
    regency: Regency, machine: Machine, neighbour: Machine
) -> None:
    await regency.put_cycle()
    proposal = machine.propose().record_id
    await regency.send(machine)
    neighbour.object_to(proposal)
    await regency.send(neighbour)
    await regency.settle()
    (line,) = await regency.database.read(lambda c: objections.lines(c, "", 1))
    assert (line.village, line.name, line.outcome) == (OTHER_DESA, "", "")


async def test_minutes_are_read_and_nothing_of_the_log_is_in_doubt(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    machine.write(
        DeliberationHeld(machine.salt(), "musdes", "1", "2021-05-01", "Balai", "SLAMET", 40, ["X"], "", "sri")
    )
    machine.object_to(propose_in_full(machine).record_id)
    await regency.send(machine)
    await regency.settle()
    assert await regency.value("SELECT count(*) FROM unreadable") == 0
    assert await regency.value("SELECT tabulated_seq FROM log WHERE village = $1", DESA) == len(machine.ops)


# --- what an officer answers -------------------------------------------------------------------------------------------


async def contest(regency: Regency, machine: Machine) -> tuple[bytes, bytes]:
    """A proposal that PKH excludes, and the objection against that."""
    await regency.put_cycle()
    await regency.import_list(siksng_row(nik(1), kk(9), "SITI CONTOH"))
    proposal = machine.propose(nik=nik(1), kk=kk(1)).record_id
    objection = machine.object_to(proposal).record_id
    await regency.send(machine)
    await regency.settle()
    assert await regency.outcome(proposal) == ("rejected", "covered_by_scheme")
    return proposal, objection


async def answer(regency: Regency, objection: bytes, ruling: Ruling, actor: str = "rini") -> None:
    async def work(connection: Connection) -> None:
        line = await objections.find(connection, objection)
        assert line is not None
        await objections.decide(connection, line, ruling, actor, regency.clock.at_ms, b"f" * 32)

    await regency.database.transact(work)
    await regency.settle()


async def evidence_of(regency: Regency, proposal: bytes) -> frozenset[bytes]:
    return frozenset(each.reference for each in (await regency.decisions())[proposal].evidence)


@pytest.mark.parametrize("until", [0, month(2021, 3)])
async def test_a_granted_objection_is_a_fact_that_decides_and_the_village_is_told(
    regency: Regency, machine: Machine, until: int
) -> None:
    proposal, objection = await contest(regency, machine)
    ruling = Ruling(Outcome.GRANTED, "Surat pendamping diperiksa", await evidence_of(regency, proposal), until)
    await answer(regency, objection, ruling)
    assert await regency.outcome(proposal) == ("accepted", "")
    (item,) = await regency.said("objection_decided", DESA)
    told = unpack(item.value, ObjectionDecided)
    assert (item.key, item.critical, told.objection, told.proposal) == (objection, False, objection, proposal)
    assert (told.outcome, told.reason) == ("granted", "Surat pendamping diperiksa")
    assert await regency.rows("SELECT actor, action FROM audit_trail WHERE subject = $1", objection.hex()) == [
        ("rini", "objection_granted")
    ]
    assert (await regency.database.read(lambda c: audit(c, RULES))).problems == []


async def test_a_coverage_that_ended_later_still_excludes(regency: Regency, machine: Machine) -> None:
    proposal, objection = await contest(regency, machine)
    references = await evidence_of(regency, proposal)
    await answer(regency, objection, Ruling(Outcome.GRANTED, "x" * 10, references, month(2021, 6)))
    assert await regency.outcome(proposal) == ("rejected", "covered_by_scheme")
    assert "Januari-Juni 2021" in (await regency.decisions())[proposal].sentence


async def test_a_coverage_that_ended_frees_all_it_had_excluded_and_leaves_the_next_sets(
    regency: Regency, machine: Machine
) -> None:
    proposal, objection = await contest(regency, machine)
    again = machine.propose(nik=nik(2), kk=kk(9)).record_id
    await regency.send(machine, len(machine.ops))
    await regency.settle()
    assert await regency.outcome(again) == ("rejected", "covered_household")
    ruling = Ruling(Outcome.GRANTED, "x" * 10, await evidence_of(regency, proposal), month(2020, 12))
    await answer(regency, objection, ruling)
    assert await regency.outcome(again) == ("accepted", "")
    assert await regency.database.read(lambda c: coverage_sets._covered(c, None)) == []
    (kept,) = await regency.database.read(facts.all_coverages)
    assert kept.until == month(2020, 12)


async def test_a_refused_objection_leaves_the_answer_and_says_why(regency: Regency, machine: Machine) -> None:
    proposal, objection = await contest(regency, machine)
    before = (await regency.decisions())[proposal]
    await answer(regency, objection, Ruling(Outcome.REFUSED, "Masih menerima PKH bulan ini"))
    assert (await regency.decisions())[proposal] == before
    (item,) = await regency.said("objection_decided", DESA)
    assert unpack(item.value, ObjectionDecided).reason == "Masih menerima PKH bulan ini"


def test_of_two_rivals_neither_counts_against_the_other_whoever_is_first() -> None:
    two = [proposal_fact(1), proposal_fact(2, nik=nik(2))]
    case = Case(two, [])
    assert [v.code for v in case.decide(POLICY).values()] == [None, ReasonCode.PROPOSED_ELSEWHERE]
    for one, other in (two, two[::-1]):
        said = case.decide(POLICY, {}, aside={one.record: {other.record}})
        assert [v.outcome for v in said.values()] == ["accepted"] * 2


def test_a_window_may_be_set_aside_and_a_wrong_number_may_not() -> None:
    late = proposal_fact(1, anchor_ms=START_MS + 20 * DAY_MS, received_ms=START_MS + 21 * DAY_MS)
    case = Case([late], [])
    assert case.decide(POLICY)[late.record].code is ReasonCode.WINDOW_CLOSED
    assert case.decide(POLICY, {}, aside={late.record: {late.cycle.encode()}})[late.record].outcome == "accepted"
    assert ways("rejected", "window_closed") == (Way.ASIDE, Way.REFUSE)
    assert ways("rejected", "nik_invalid") == ways("rejected", "not_for_ward") == (Way.REFUSE,)
    assert ways("accepted", "") == (Way.SETTLE,)


def test_what_was_set_aside_is_said_where_it_is_explained() -> None:
    late = proposal_fact(1, anchor_ms=START_MS + 20 * DAY_MS, received_ms=START_MS + 21 * DAY_MS)
    held = coverage()
    aside = {late.record: {late.cycle.encode(), held.reference}}
    told = explain(Case([late], [held]), POLICY, late.record, identities={}, aside=aside, ended={})
    assert told.verdict.outcome == "accepted"
    assert [(x.kind, x.is_set_aside) for x in told.weighed] == [("coverage", True), ("cycle", True)]
    assert all("Petugas memutuskan bahwa ini tidak diperhitungkan." in x.words for x in told.weighed)


def test_what_was_set_aside_leaves_all_else_as_it_was() -> None:
    one, other = coverage(), coverage("BST", number=2)
    record = proposal_fact(1).record
    case = Case([proposal_fact(1)], [one, other])
    said = case.decide(POLICY, {}, aside={record: {one.reference}})[record]
    assert [g.reference for g in said.evidence] == [other.reference]
    plain = case.decide(POLICY)[record]
    assert plain.facts_hash != said.facts_hash
    assert case.decide(POLICY, {}, aside={b"x" * 16: {one.reference}})[record] == plain


@settings(max_examples=60, deadline=None)
@given(proposals_of, coverages_of, st.data())
def test_rulings_one_by_one_are_all_at_once(
    proposals: list[Proposal], coverages: list[Coverage], data: st.DataObject
) -> None:
    database = fresh()
    tell(database, [[*proposals, *coverages, *(c.code for c in CYCLES)]])
    facts_of = [*(c.reference for c in coverages), *(p.record for p in proposals)]
    chosen: Sequence[tuple[Proposal, bytes]] = []
    if proposals and facts_of:
        pairs = st.tuples(st.sampled_from(proposals), st.sampled_from(facts_of))
        chosen = data.draw(st.lists(pairs, max_size=5, unique_by=lambda each: (each[0].record, each[1])))
    aside: dict[bytes, set[bytes]] = {}
    ends: dict[bytes, int] = {}
    for at, (proposal, reference) in enumerate(chosen):
        until = data.draw(st.sampled_from([0, month(2021, 2), month(2021, 5)]))

        async def rule(
            c: Connection, at: int = at, p: Proposal = proposal, r: bytes = reference, u: int = until
        ) -> None:
            objection = at.to_bytes(16, "big")
            await c.execute(
                "INSERT INTO objection (record, village, proposal, grounds, evidence, actor, claimed_ms, received_ms)"
                " VALUES ($1, $2, $3, 'g', '', 'sri', 0, 0)",
                objection,
                p.village,
                p.record,
            )
            line = await objections.find(c, objection)
            assert line is not None
            await objections.decide(c, line, Ruling(Outcome.GRANTED, "x", frozenset([r]), u), "rini", at, b"f" * 32)

        if until and len(reference) != 32:
            continue
        drive(database.transact(rule))
        drive(settle(database, at))
        if until:
            ends[reference] = until
        else:
            aside.setdefault(proposal.record, set()).add(reference)
    ended = [msgspec.structs.replace(c, until=min(c.until, ends.get(c.reference, c.until))) for c in coverages]
    expected = Case(proposals, ended, every_pair(proposals, ended)).decide(
        policy(RULES, {c.code: c for c in CYCLES}), {}, aside=aside
    )
    rows = drive(database.read(lambda c: c.fetch_all("SELECT record, outcome, facts_hash FROM proposal")))
    assert {r[0]: (r[1], r[2]) for r in rows} == {k: (v.outcome, v.facts_hash) for k, v in expected.items()}
    assert drive(database.read(rulings.aside)) == aside


@pytest.mark.parametrize(
    ("received", "until"),
    [
        ((2021, 5, 3), (2021, 5, 17)),  # a Monday
        ((2021, 5, 7), (2021, 5, 21)),  # a Friday
        ((2021, 5, 8), (2021, 5, 21)),  # a Saturday
        ((2021, 5, 9), (2021, 5, 21)),  # a Sunday
    ],
)
def test_an_objection_is_answered_within_ten_working_days(
    received: tuple[int, int, int], until: tuple[int, int, int]
) -> None:
    days = date(*received).toordinal() - date(1970, 1, 1).toordinal()
    for hour in (0, 23):
        assert answer_by(days * DAY_MS + (hour - 7) * 3_600_000) == date(*until)


def test_a_ruling_that_is_wrong_says_what() -> None:
    evidence, both = {b"r" * 32: "coverage"}, (Way.ENDED, Way.ASIDE, Way.REFUSE)
    reason = "Surat pendamping diperiksa"
    wrong = read_ruling({"way": "ended", "since": "kemarin", "reason": "x"}, frozenset([b"s" * 32]), evidence, both)
    assert isinstance(wrong, dict)
    assert wrong.keys() == {"since", "reason", "evidence"}
    not_allowed = read_ruling({"way": "aside", "reason": reason}, frozenset(evidence), evidence, (Way.REFUSE,))
    assert isinstance(not_allowed, dict)
    assert not_allowed.keys() == {"way"}
    ended = read_ruling({"way": "ended", "since": "2021-03-15", "reason": reason}, frozenset(evidence), evidence, both)
    assert ended == Ruling(Outcome.GRANTED, reason, frozenset(evidence), month(2021, 2))


# --- on the page -------------------------------------------------------------------------------------------------------


async def rule(hall: Hall, officer: str, objection: bytes, **fields: str) -> tuple[int, str]:
    path, browser = f"/objections/{objection.hex()}", await hall.browser(officer)
    known = await browser.fields_of(await browser.get(path))
    sent = await browser.post(path, known | fields, allow_redirects=False)
    return sent.status, await sent.text()


async def test_an_officer_grants_and_the_decision_follows(hall: Hall) -> None:
    story, regency = hall.story, hall.story.regency
    assert "Menunggu putusan: 1" in await hall.text("/objections")
    page = await hall.text(f"/objections/{story.objection.hex()}", "auditor")
    assert "Sudah keluar dari PKH" in page
    assert "Harus dijawab paling lambat 1 Juni 2021" in page
    assert "Simpan putusan" not in page, "an auditor only reads"
    status, html = await rule(hall, "officer", story.objection, way="ended", since="", reason="x")
    assert status == 422
    assert all(f'href="#{name}"' in html for name in ("since", "reason", "evidence"))
    (reference,) = await evidence_of(regency, story.refused)
    yes = {"way": "ended", "since": "2021-03-15", "reason": "Surat pendamping diperiksa", "evidence": reference.hex()}
    browser, path = await hall.browser(), f"/objections/{story.objection.hex()}"
    form = await browser.fields_of(await browser.get(path)) | yes
    for _ in range(3):
        assert (await browser.post(path, form, allow_redirects=False)).status == 303
        await regency.settle()
    assert await regency.value("SELECT count(*) FROM coverage_end") == 1, "sent three times, kept once"
    assert await regency.outcome(story.refused) == ("accepted", "")
    assert "Dikabulkan Surat pendamping diperiksa" in await hall.text(f"/objections/{story.objection.hex()}")
    decision = await hall.text(f"/decisions/{story.refused.hex()}")
    assert "dalam daftar sampai Desember 2021 tetapi diputuskan berakhir lebih awal" in decision
    assert "Tidak ada sanggahan di sini" in await hall.text("/objections")


async def test_who_ruled_before_is_refused_in_words_and_another_officer_is_not(hall: Hall) -> None:
    story, regency = hall.story, hall.story.regency
    await regency.database.transact(
        lambda c: c.execute(
            "INSERT INTO account (login, display_name, role, password_hash, created_ms)"
            " VALUES ('rekan', 'Rekan', 'officer', $1, 0)",
            HASH,
        )
    )
    assert (await rule(hall, "officer", story.objection, way="refuse", reason="Masih menerima PKH"))[0] == 303
    second = story.desa.object_to(story.refused, "Surat baru dari pendamping").record_id
    await regency.send(story.desa, len(story.desa.ops))
    await regency.settle()
    assert "harus diputus petugas lain" in await hall.text(f"/objections/{second.hex()}")
    assert (await rule(hall, "rekan", second, way="aside", reason="Surat pendamping diperiksa", evidence="00"))[
        0
    ] == 422
    form = {"way": "refuse", "reason": "Masih menerima PKH"}
    browser, other = await hall.browser("officer"), await hall.browser("rekan")
    path = f"/objections/{second.hex()}"
    known = await other.fields_of(await other.get(path))
    own = await browser.fields_of(await browser.get("/subjects"))  # the objection's own page shows them no form
    forged = await browser.post(path, {**known, **own, **form}, allow_redirects=False)
    assert forged.status == 422
    assert "harus diputus petugas lain" in await forged.text()
    assert await regency.value("SELECT count(*) FROM objection_decision") == 1
    stale = await other.post(path, {**known, **form, "seen": "00"}, allow_redirects=False)
    assert stale.status == 303
    assert await regency.value("SELECT count(*) FROM objection_decision") == 1, "the answer changed since it was read"
    known = await other.fields_of(await other.get(path))
    assert (await other.post(path, {**known, **form}, allow_redirects=False)).status == 303
    assert await regency.rows("SELECT actor FROM objection_decision WHERE objection = $1", second) == [("rekan",)]
