"""The auditor finds whatever was changed behind the program's back, and nothing where all is well."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest
from msgspec.structs import replace

from central.audit import Findings, audit
from chassis.database import Connection
from protocol.codec import decode, encode
from protocol.feed import Item
from protocol.messages import Append
from tests.central import kept
from tests.central.desk import DESA, RULES, Regency, Story, fill, in_memory


async def findings(regency: Regency) -> Findings:
    return await regency.database.read(lambda c: audit(c, RULES))


@pytest.fixture
async def story(regency: Regency) -> Story:
    return await fill(regency)


async def test_a_whole_history_is_found_whole(story: Story) -> None:
    found = await findings(story.regency)
    assert found.problems == []
    assert found.ops == len(await story.regency.database.read(kept.ops))
    assert found.feed_items == len(await story.regency.database.read(kept.said))
    assert found.decisions == 6


async def test_an_empty_centre_is_whole() -> None:
    assert (await findings(Regency(in_memory()))).problems == []


async def alter_batch(connection: Connection, change: Callable[[list[bytes], list[bytes]], None]) -> int:
    """Write the village's first batch anew, with other headers or bodies and the hashes as they were."""
    row = await connection.fetch_one(
        "SELECT rowid, frame FROM batch WHERE village = $1 ORDER BY epoch, first_seq LIMIT 1", DESA
    )
    assert row is not None
    batch = decode(row[1], Append)
    headers, bodies = list(batch.headers), list(batch.bodies)
    change(headers, bodies)
    frame = encode(Append(batch.after, headers, bodies, batch.receipts, batch.signature))
    return await connection.execute("UPDATE batch SET frame = $1 WHERE rowid = $2", frame, row[0])


async def alter_feed(connection: Connection, change: Callable[[list[Item]], None]) -> int:
    row = await connection.fetch_one(
        "SELECT rowid, items FROM feed_page WHERE feed = $1 ORDER BY last_seq LIMIT 1", DESA
    )
    assert row is not None
    items = msgspec.msgpack.decode(row[1], type=list[Item])
    change(items)
    return await connection.execute(
        "UPDATE feed_page SET items = $1 WHERE rowid = $2", msgspec.msgpack.encode(items), row[0]
    )


def sql(text: str) -> Callable[[Connection], Awaitable[int]]:
    return lambda connection: connection.execute(text)


TAMPERINGS: dict[str, Callable[[Connection], Awaitable[int]]] = {
    "a record's body": lambda c: alter_batch(c, lambda headers, bodies: bodies.__setitem__(1, b"\x90")),
    "a record's header": lambda c: alter_batch(c, lambda headers, bodies: headers.__setitem__(1, b"\x90")),
    "a record's hash": sql("UPDATE batch SET hashes = zeroblob(length(hashes)) WHERE village = '3510252010'"),
    "a missing record": lambda c: alter_batch(c, lambda headers, bodies: (headers.pop(1), bodies.pop(1))[:0] or None),
    "a batch that cannot be read": sql("UPDATE batch SET frame = x'00' WHERE village = '3510252010'"),
    "a missing batch": sql("DELETE FROM batch WHERE village = '3510252010' AND first_seq = 1"),
    "a missing last batch": sql(
        "DELETE FROM batch WHERE village = '3510252010' AND first_seq = (SELECT max(first_seq) FROM batch"
        " WHERE village = '3510252010' AND epoch = 1) AND epoch = 1"
    ),
    "a head that was never reached": sql(
        "UPDATE log SET head_seq = head_seq + 1, tabulated_seq = head_seq + 1 WHERE village = '3510252010'"
    ),
    "a missing feed item": lambda c: alter_feed(c, lambda items: items.pop(0) and None),
    "a feed item's value": lambda c: alter_feed(c, lambda items: items.append(replace(items.pop(), value=b"\x00"))),
    "a page of the feed": sql("UPDATE feed_page SET items = x'00' WHERE feed = '3510252010'"),
    "a missing page of the feed": sql("DELETE FROM feed_page WHERE feed = '3510252010'"),
    "a feed's digest": sql("UPDATE feed_head SET digest = zeroblob(32) WHERE feed = 'regency'"),
    "a decision's outcome": sql("UPDATE proposal SET outcome = 'accepted' WHERE outcome = 'rejected'"),
    "a decision's facts": sql("UPDATE proposal SET facts_hash = zeroblob(32) WHERE outcome = 'accepted'"),
    "a visit that no village made": sql(
        "INSERT INTO report_verification VALUES (zeroblob(16), '3510252010', 1, 1, zeroblob(16), '2021-05-03', 'x',"
        " 'needs', '', 'x', 0, 0)"
    ),
    "an answer that no village gave": sql(
        "INSERT INTO identity_answer (record, key, village, epoch, seq, answer, how, note, actor, claimed_ms, received_ms)"
        " VALUES (zeroblob(16), hex(zeroblob(32)), '3510252010', 1, 1, 'same', 'met', '', 'x', 0, 0)"
    ),
    "a PIN that no village gave": sql(
        "INSERT INTO status_pin VALUES (zeroblob(16), '3510252010', 1, 1, zeroblob(16), zeroblob(16), zeroblob(32))"
    ),
    "a missing proposal": sql("DELETE FROM proposal WHERE outcome = 'withdrawn'"),
    "a proposal's name": sql("UPDATE proposal SET name = 'X' WHERE village = '3510252010'"),
    "a proposal's time": sql("UPDATE proposal SET received_ms = received_ms - 1 WHERE village = '3510252010'"),
    "a proposal's number": sql("UPDATE proposal SET nik = '3510256507859999' WHERE village = '3510252010'"),
    "a coverage that vanished": sql("DELETE FROM coverage"),
    "a cycle's end": sql("UPDATE cycle SET closes_ms = opens_ms + 1"),
    "the trail of people": sql("UPDATE audit_trail SET actor = 'nobody'"),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
async def test_every_tampering_is_found(story: Story, tampering: str) -> None:
    assert await story.regency.database.transact(TAMPERINGS[tampering])
    problems = (await findings(story.regency)).problems
    assert problems, tampering
    assert not [line for line in problems if "CONTOH" in line or "35102565" in line], "no person in a finding"


async def test_what_still_waits_is_no_problem(story: Story) -> None:
    """A record acknowledged a moment ago is not yet tabulated or decided: time will tell, not the auditor."""
    story.desa.propose()
    await story.regency.send(story.desa, len(story.desa.ops))
    assert (await findings(story.regency)).problems == []
    await story.regency.settle()
    assert (await findings(story.regency)).problems == []
