"""What villages write beside a bare proposal: a scheme's own answers, minutes, objections. None of it moves a decision."""

from typing import Any

import msgspec

from central.store import objections, overview
from protocol.ops import DeliberationHeld, ObjectionMade, Op, ProposalWithAnswers
from tests.central.desk import DESA, OTHER_DESA, Machine, Regency, proposal_body

ASKED = {"fields": [("impact", "sakit_menahun")], "check": "overlap", "check_as_of": "2021-04-30", "deliberation": b""}


def propose_in_full(machine: Machine, **changes: Any) -> Op:
    plain = msgspec.structs.asdict(proposal_body(machine.salt(), **changes))
    return machine.write(ProposalWithAnswers(**plain, **ASKED))


def object_to(machine: Machine, proposal: bytes, grounds: str = "Sudah keluar dari PKH") -> Op:
    return machine.write(ObjectionMade(machine.salt(), proposal, grounds, "surat", "sri"))


async def test_both_schemas_of_a_proposal_are_decided_alike(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    plain = machine.propose(nik="3510256507850001", kk="").record_id
    full = propose_in_full(machine, nik="3510256507850002", kk="").record_id
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
    made = object_to(machine, proposal)
    await regency.send(machine, len(machine.ops))
    await regency.settle()
    (line,) = await regency.database.read(lambda c: objections.lines(c, 1))
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
    object_to(neighbour, proposal)
    await regency.send(neighbour)
    await regency.settle()
    (line,) = await regency.database.read(lambda c: objections.lines(c, 1))
    assert (line.village, line.name, line.outcome) == (OTHER_DESA, "", "")


async def test_minutes_are_read_and_nothing_of_the_log_is_in_doubt(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    machine.write(
        DeliberationHeld(machine.salt(), "musdes", "1", "2021-05-01", "Balai", "SLAMET", 40, ["X"], "", "sri")
    )
    object_to(machine, propose_in_full(machine).record_id)
    await regency.send(machine)
    await regency.settle()
    assert await regency.value("SELECT count(*) FROM unreadable") == 0
    assert await regency.value("SELECT tabulated_seq FROM log WHERE village = $1", DESA) == len(machine.ops)
