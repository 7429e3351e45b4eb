"""Is this archive whole? Reads everything again and computes what was stored as computed. Changes nothing."""

from collections.abc import Callable

from agent.store import editions, feed, oplog
from agent.store.desk import Store
from chassis.database import Connection
from protocol.codec import unpack
from protocol.errors import ProtocolError
from protocol.feed import EMPTY_DIGEST, FEEDS, LetterEdition, letter_edition_message, replace
from protocol.ops import chain, start_of

IsRegencys = Callable[[bytes, bytes], bool]
"""(message, signature) -> is it the regency's?"""


async def inspect(store: Store, is_regencys: IsRegencys | None = None) -> list[str]:
    """What is wrong, in words for an operator; empty when nothing is. `is_regencys` is None on a server that is not enrolled
    and so holds no key to judge a signature by."""
    problems = [f"database: {problem}" for problem in await store.database.quick_check()]
    problems += await store.database.read(_check_logs)
    problems += await store.database.read(_check_feeds)
    if is_regencys is not None:
        problems += await store.database.read(lambda connection: _check_editions(connection, is_regencys))
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


async def _check_editions(connection: Connection, is_regencys: IsRegencys) -> list[str]:
    """Letters print from them, and `feed_state` may hold newer ones in their place: the feed's digest says nothing of these."""
    problems = []
    for place, value in await editions.kept(connection):
        try:
            said = unpack(value, LetterEdition)
        except ProtocolError as error:
            problems.append(f"letter edition in place {place}: cannot be read ({error})")
            continue
        if not is_regencys(letter_edition_message(said), said.signature):
            problems.append(
                f"letter edition in place {place} ({said.kind!r}, version {said.version}): not signed by the regency, so not used"
            )
    return problems


async def _check_mark(store: Store) -> list[str]:
    mark = store.mark.read()
    if mark is None:
        return ["mark: missing; numbering will ask for the paper agenda"]
    held = await store.database.read(lambda c: oplog.hash_at(c, mark.position.log_id, mark.position.seq))
    return (
        [] if held == mark.position.hash else ["mark: names an op that this database does not hold (a restored copy?)"]
    )
