"""The auditor finds whatever was changed behind the program's back, and nothing where all is well."""

import pytest

from central.audit import Findings, audit
from tests.central.desk import RULES, Regency, Story, fill, in_memory


async def findings(regency: Regency) -> Findings:
    return await regency.database.read(lambda c: audit(c, RULES))


@pytest.fixture
async def story(regency: Regency) -> Story:
    return await fill(regency)


async def test_a_whole_history_is_found_whole(story: Story) -> None:
    found = await findings(story.regency)
    assert found.problems == []
    assert found.ops == await story.regency.value("SELECT count(*) FROM op")
    assert found.feed_items == await story.regency.value("SELECT count(*) FROM feed_item")
    assert found.decisions == 6


async def test_an_empty_centre_is_whole() -> None:
    assert (await findings(Regency(in_memory()))).problems == []


TAMPERINGS = {
    "a record's body": "UPDATE op SET body = x'00' WHERE village = '3510252010' AND seq = 2",
    "a record's header": "UPDATE op SET header = x'00' WHERE village = '3510252010' AND seq = 3",
    "a record's hash": "UPDATE op SET hash = zeroblob(32) WHERE village = '3510252010' AND seq = 2",
    "a missing record": "DELETE FROM op WHERE village = '3510252010' AND seq = 2",
    "a missing last record": "DELETE FROM op WHERE seq = (SELECT max(seq) FROM op WHERE village = '3510252010')"
    " AND village = '3510252010'",
    "a head that was never reached": "UPDATE log SET head_seq = head_seq + 1, tabulated_seq = head_seq + 1"
    " WHERE village = '3510252010'",
    "a missing feed item": "DELETE FROM feed_item WHERE feed = '3510252010' AND seq = 1",
    "a feed item's value": "UPDATE feed_item SET value = x'00' WHERE feed = '3510252010' AND seq = 2",
    "a feed's digest": "UPDATE feed_head SET digest = zeroblob(32) WHERE feed = 'regency'",
    "a decision's outcome": "UPDATE decision SET outcome = 'accepted' WHERE outcome = 'rejected'",
    "a decision's facts": "UPDATE decision SET facts_hash = zeroblob(32) WHERE outcome = 'accepted'",
    "a missing decision": "DELETE FROM decision WHERE outcome = 'withdrawn'",
    "a proposal's number": "UPDATE proposal SET nik = '3510256507859999' WHERE village = '3510252010'",
    "a coverage that vanished": "DELETE FROM coverage",
    "a cycle's end": "UPDATE cycle SET closes_ms = opens_ms + 1",
    "the trail of people": "UPDATE audit_trail SET actor = 'nobody'",
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
async def test_every_tampering_is_found(story: Story, tampering: str) -> None:
    changed = await story.regency.database.transact(lambda c: c.execute(TAMPERINGS[tampering]))
    assert changed
    problems = (await findings(story.regency)).problems
    assert problems, tampering
    assert not [line for line in problems if "CONTOH" in line or "35102565" in line], "no person in a finding"


async def test_what_still_waits_is_no_problem(story: Story) -> None:
    """A record acknowledged a moment ago is not yet tabulated or decided: time will tell, not the auditor."""
    story.desa.propose()
    await story.regency.send(story.desa, len(story.desa.ops))
    assert (await findings(story.regency)).problems == []
    await story.regency.tabulate()
    assert (await findings(story.regency)).problems == []
