"""Is this archive whole? Reads everything again and computes what was stored as computed. Changes nothing."""

from agent.store import feed, oplog
from agent.store.desk import Store
from chassis.database import Connection
from protocol.feed import EMPTY_DIGEST, FEEDS, replace
from protocol.ops import chain, start_of


async def inspect(store: Store) -> list[str]:
    """What is wrong, in words for an operator; empty when nothing is."""
    problems = [f"database: {problem}" for problem in await store.database.quick_check()]
    problems += await store.database.read(_check_logs)
    problems += await store.database.read(_check_feeds)
    problems += await _check_mark(store)
    return problems


async def _check_logs(connection: Connection) -> list[str]:
    problems = []
    for ordinal, head, _ in await oplog.heads(connection):
        at = start_of(head.log_id)
        while batch := await oplog.read_batch(connection, head.log_id, at.seq, 4_096):
            hashes = chain(at, batch.headers, batch.bodies)
            if hashes[-1] != batch.head.hash:
                problems.append(f"log {ordinal}: the chain breaks between {at.seq + 1} and {batch.head.seq}")
                break
            at = batch.head
        if at != head and not problems:
            problems.append(f"log {ordinal}: ends at {at.seq}, but its head says {head.seq}")
    return problems


async def _check_feeds(connection: Connection) -> list[str]:
    problems = []
    kept = await feed.digests(connection)
    for name in FEEDS:
        rows = await connection.fetch_all("SELECT key, value FROM feed_state WHERE feed = $1", name)
        digest = EMPTY_DIGEST
        for row in rows:
            digest = replace(digest, row[0], None, row[1])
        if digest != kept[name][1]:
            problems.append(f"feed {name}: the digest differs from its values")
    return problems


async def _check_mark(store: Store) -> list[str]:
    mark = store.mark.read()
    if mark is None:
        return ["mark: missing; numbering will ask for the paper agenda"]
    held = await store.database.read(lambda c: oplog.hash_at(c, mark.position.log_id, mark.position.seq))
    return (
        [] if held == mark.position.hash else ["mark: names an op that this database does not hold (a restored copy?)"]
    )
