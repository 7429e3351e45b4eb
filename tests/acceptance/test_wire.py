"""What a village costs its line: bytes a record, and how many requests; counted on the wire, the same on every machine."""

import random
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import msgspec

from agent.machine import MachineStamper
from agent.store import Desk, MarkFile, Store, oplog
from chassis import schema
from chassis.database import InPlaceDatabase, MigrationFolder, SqliteDatabase, drive
from chassis.signing import Key
from protocol.codec import encode
from protocol.messages import Append
from protocol.ops import head_message
from tests.acceptance.programs import until
from tests.acceptance.town import CYCLE, VILLAGES, Town, reading, until_answered
from tests.benchmarks.records import BodyOf, as_json, bodies

BATCH = 500
BYTES_AN_OP_MAX = 80
JSON_BYTES = (400, 600)
"""The mean size as JSON of the records that every comparison uses: a village's letters and proposals in turn."""
BACKLOG = 3_000


def migrations() -> list[MigrationFolder]:
    return [schema.MIGRATIONS, MigrationFolder("agent", resources.files("agent.schema"))]


async def write_all(store: Store, records: Sequence[BodyOf]) -> None:
    """As a busy village would, only faster."""

    async def work(desk: Desk) -> None:
        for record in records:
            await desk.append(record)

    await store.write(work)


def test_a_record_in_a_batch_of_500_takes_at_most_80_bytes(tmp_path: Path) -> None:
    records = list(bodies(4 * BATCH, seed=5))
    sizes = [len(as_json(record)) for record in records]
    assert JSON_BYTES[0] <= sum(sizes) / len(sizes) <= JSON_BYTES[1]
    database = InPlaceDatabase.open(":memory:", migrations())
    store = Store(database, MarkFile(tmp_path / "mark"), MachineStamper(), VILLAGES[0])
    drive(store.open())
    drive(write_all(store, records))
    log_id = drive(database.read(oplog.heads))[0][1].log_id
    key = Key.from_seed(random.Random(1).randbytes(32))
    spent = []
    for first in range(0, len(records), BATCH):
        batch = drive(database.read(lambda c, first=first: oplog.read_batch(c, log_id, first, BATCH)))  # type: ignore[misc]
        assert batch is not None
        signature = key.sign(head_message(VILLAGES[0], batch.head))
        spent.append(len(encode(Append(batch.after, batch.headers, batch.bodies, signature, []))) / BATCH)
    print(f"bytes a record in batches of {BATCH}: {min(spent):.1f} to {max(spent):.1f}")
    assert max(spent) <= BYTES_AN_OP_MAX


async def test_a_backlog_on_the_wire_with_everything_around_it(town: Town) -> None:
    """Hello, HTTP and acknowledgements included, from small first batches to large ones."""
    box = town.boxes[0]
    await box.until_sent()
    await box.stop()
    store = Store(
        await SqliteDatabase.open(box.database, migrations()),
        MarkFile(box.identity_folder / "mark"),
        MachineStamper(),
        box.village,
    )
    await store.open()
    await write_all(store, list(bodies(BACKLOG, seed=6)))
    await store.database.close()
    box.link.zero()
    await box.start()
    await box.until_sent()
    up, down = box.link.up.passed / BACKLOG, box.link.down.passed / BACKLOG
    print(f"a backlog of {BACKLOG}: {up:.1f} bytes a record up, {down:.1f} down, {len(box.link.requests)} requests")
    assert up <= BYTES_AN_OP_MAX + 5, "the first batches are small, for a line that is dying"
    assert down < up


async def test_rest_costs_nothing_and_news_one_request(town: Town) -> None:
    box = town.boxes[0]
    resident = await box.clerk.register(town.covered[0])
    await box.until_sent()
    box.link.zero()
    assert (await box.clerk.issue_at_once(resident))[0] == 303
    await box.until_sent()
    assert box.link.requests == ["/v1/append"], "one letter is one request, while one feed request waits for news"
    box.link.zero()
    _, proposal = await box.clerk.propose_at_once(resident, CYCLE)
    await until_answered(box, proposal)
    assert box.link.requests.count("/v1/append") == 1
    assert set(box.link.requests) <= {"/v1/append", "/v1/feed"}
    await box.program.kill()
    box.link.zero()
    await box.program.start()

    async def listens() -> bool:
        return "/v1/feed" in box.link.requests

    await until("the box to listen", listens)
    assert box.link.requests == ["/v1/hello", "/v1/feed"], "nothing to send: greet, and listen"


async def test_the_next_question_tells_what_was_applied(town: Town) -> None:
    """The cursors of a question are the acknowledgement of the answer before: no request of its own."""
    box = town.boxes[0]
    resident = await box.clerk.register(town.covered[1])
    _, proposal = await box.clerk.propose_at_once(resident, CYCLE)
    await until_answered(box, proposal)

    async def is_told() -> bool:
        with reading(town.centre.database) as connection:
            head = connection.execute("SELECT seq FROM feed_head WHERE feed = ?", (box.village,)).fetchone()[0]
            told = connection.execute("SELECT village_applied FROM box WHERE village = ?", (box.village,)).fetchone()[0]
        return bool(head == told)

    await until("the centre to know what the village has applied", is_told)


def test_the_records_are_not_made_to_fit() -> None:
    """No two are alike: names, numbers and salts differ."""
    some = [msgspec.msgpack.encode(record(bytes(16))) for record in bodies(200, seed=5)]
    assert len(set(some)) == len(some)
