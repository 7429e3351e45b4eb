"""The centre's word to the villages: publish in the deciding transaction, read after a cursor, make snapshots.

Dense and in the order of commits: a feed's next seq is taken under the write lock of the transaction that publishes.
Only this file writes `feed_head`, `feed_item` and `chunk`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from chassis.database import Connection
from protocol.codec import deflate, pack
from protocol.feed import CHUNK_BYTES_MAX, EMPTY_DIGEST, ITEMS_MAX, REGENCY, VILLAGE, Item, State, replace
from protocol.messages import Chunk, Manifest

FEED_BYTES_MAX = 1024 * 1024
"""Values in one reply: some seconds of a thin line."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Something to say on a feed. `is_new`: the key was certainly never published, so no former value is looked up."""

    kind: str
    key: bytes
    value: bytes
    critical: bool = True
    is_new: bool = False


async def head(connection: Connection, feed: str) -> tuple[int, bytes]:
    """(seq, digest) of a feed."""
    row = await connection.fetch_one("SELECT seq, digest FROM feed_head WHERE feed = $1", feed)
    return (0, EMPTY_DIGEST) if row is None else (row[0], row[1])


async def publish(connection: Connection, feed: str, items: Iterable[Publication], now_ms: int) -> list[int]:
    """Append items to a feed; the seq given to each. Must run inside the transaction that decided them."""
    seq, digest = await head(connection, feed)
    rows, given = [], []
    fresh: dict[bytes, bytes] = {}
    for item in items:
        old = fresh.get(item.key)
        if old is None and not item.is_new:
            old = await _value(connection, feed, item.key)
        seq += 1
        digest = replace(digest, item.key, old, item.value)
        fresh[item.key] = item.value
        rows.append((feed, seq, item.kind, int(item.critical), item.key, item.value, digest, now_ms))
        given.append(seq)
    await connection.execute_many(
        "INSERT INTO feed_item (feed, seq, kind, critical, key, value, digest, published_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        rows,
    )
    await connection.execute(
        "INSERT INTO feed_head (feed, seq, digest) VALUES ($1, $2, $3)"
        " ON CONFLICT (feed) DO UPDATE SET seq = excluded.seq, digest = excluded.digest",
        feed,
        seq,
        digest,
    )
    return given


async def _value(connection: Connection, feed: str, key: bytes) -> bytes | None:
    """The key's current value. Asked in two steps: `ORDER BY seq DESC LIMIT 1` makes SQLite walk the whole feed."""
    value: bytes | None = await connection.fetch_value(
        "SELECT value FROM feed_item WHERE feed = $1"
        " AND seq = (SELECT max(seq) FROM feed_item WHERE feed = $1 AND key = $2)",
        feed,
        key,
    )
    return value


async def after(connection: Connection, feed: str, seq: int) -> list[Item]:
    """The next items of a feed, as many as fit one reply."""
    rows = await connection.fetch_all(
        "SELECT seq, kind, critical, key, value, digest FROM feed_item WHERE feed = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        feed,
        seq,
        ITEMS_MAX,
    )
    items: list[Item] = []
    room = FEED_BYTES_MAX
    for row in rows:
        room -= len(row[4]) + len(row[3]) + 64
        if room < 0 and items:
            break
        items.append(Item(row[0], row[1], bool(row[2]), row[3], row[4], row[5]))
    return items


async def states(connection: Connection, feed: str) -> list[State]:
    """The current value of every key of a feed, in the order of their last change."""
    rows = await connection.fetch_all(
        "SELECT seq, kind, critical, key, value FROM feed_item AS item WHERE feed = $1 AND seq ="
        " (SELECT max(seq) FROM feed_item WHERE feed = item.feed AND key = item.key) ORDER BY seq",
        feed,
    )
    return [State(r[0], r[1], bool(r[2]), r[3], r[4]) for r in rows]


async def snapshot(connection: Connection, feed: str, timeline: bytes, now_ms: int) -> Manifest:
    """Cut a feed's state into chunks and keep them to be fetched: a village's only by that village."""
    reader = "" if feed == REGENCY else feed
    seq, digest = await head(connection, feed)
    chunks = []
    for part in _cut(await states(connection, feed)):
        frame = deflate(pack(Chunk(part)))
        name = sha256(frame).digest()
        chunks.append(name)
        await connection.execute(
            "INSERT INTO chunk (digest, village, frame, made_ms) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (digest, village) DO UPDATE SET made_ms = excluded.made_ms",
            name,
            reader,
            frame,
            now_ms,
        )
    return Manifest(REGENCY if feed == REGENCY else VILLAGE, reader, timeline, seq, digest, chunks)


def _cut(states: list[State]) -> Iterable[list[State]]:
    part: list[State] = []
    room = CHUNK_BYTES_MAX
    for state in states:
        size = len(state.key) + len(state.value) + 64
        if part and size > room:
            yield part
            part, room = [], CHUNK_BYTES_MAX
        part.append(state)
        room -= size
    if part:
        yield part


async def chunk(connection: Connection, digest: bytes, village: str) -> bytes | None:
    """A chunk's frame, if this village may read it."""
    frame: bytes | None = await connection.fetch_value(
        "SELECT frame FROM chunk WHERE digest = $1 AND village IN ('', $2)", digest, village
    )
    return frame


async def forget_chunks(connection: Connection, before_ms: int) -> int:
    """Throw away old chunks; a box that still wants one gets `unknown_chunk` and a new manifest."""
    return await connection.execute("DELETE FROM chunk WHERE made_ms < $1", before_ms)
