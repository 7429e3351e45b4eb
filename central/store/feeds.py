"""The centre's word to the villages: publish in the deciding transaction, read after a cursor, make snapshots.

Dense and in the order of commits: a feed's next seq is taken under the write lock of the transaction that publishes.
What one transaction says is kept as pages of a quarter of a megabyte: items are written many at a time and read in order.
Only this file writes `feed_head`, `feed_page`, `feed_key` and `chunk`.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import TypeVar

import msgspec
from msgspec import Struct

from chassis.database import Connection
from protocol.codec import deflate, pack
from protocol.feed import CHUNK_BYTES_MAX, EMPTY_DIGEST, ITEMS_MAX, REGENCY, VILLAGE, Item, State, shift, weight
from protocol.messages import Chunk, Manifest

FEED_BYTES_MAX = 1024 * 1024
"""Values in one reply: some seconds of a thin line."""
ITEM_BYTES = 64
"""What an item takes beside its key and value, about."""

Said = TypeVar("Said", Item, State)
_pages = msgspec.msgpack.Decoder(list[Item])


class Publication(Struct, frozen=True):
    """Something to say on a feed. `former_seq`: where its key was said last, 0: never, None: to be looked up by key.

    `weight`: the item's in the digest where it was computed ahead, else empty.
    """

    kind: str
    key: bytes
    value: bytes
    critical: bool = True
    former_seq: int | None = None
    weight: bytes = b""


async def head(connection: Connection, feed: str) -> tuple[int, bytes]:
    """(seq, digest) of a feed."""
    row = await connection.fetch_one("SELECT seq, digest FROM feed_head WHERE feed = $1", feed)
    return (0, EMPTY_DIGEST) if row is None else (row[0], row[1])


async def publish(connection: Connection, feed: str, items: Sequence[Publication], now_ms: int) -> list[int]:
    """Append items to a feed; the seq given to each. Must run inside the transaction that decided them."""
    if not items:
        return []
    seq, digest = await head(connection, feed)
    first_seq = seq + 1
    former = await _former(connection, feed, items)
    said: list[Item] = []
    for item in items:
        old = former.get(item.key)
        seq += 1
        more = int.from_bytes(item.weight, "big") if item.weight else weight(item.key, item.value)
        digest = shift(digest, 0 if old is None else weight(item.key, old), more)
        said.append(Item(seq, item.kind, item.critical, item.key, item.value, digest))
        if item.former_seq is None:
            former[item.key] = item.value  # it may be said once more in this transaction
    await _keep(connection, feed, said, now_ms)
    await connection.execute_many(
        "INSERT INTO feed_key (feed, key, seq) VALUES ($1, $2, $3)"
        " ON CONFLICT (feed, key) DO UPDATE SET seq = excluded.seq",
        [(feed, one.key, one.seq) for item, one in zip(items, said, strict=True) if item.former_seq is None],
    )
    await connection.execute(
        "INSERT INTO feed_head (feed, seq, digest) VALUES ($1, $2, $3)"
        " ON CONFLICT (feed) DO UPDATE SET seq = excluded.seq, digest = excluded.digest",
        feed,
        seq,
        digest,
    )
    return list(range(first_seq, seq + 1))


async def _keep(connection: Connection, feed: str, said: Sequence[Item], now_ms: int) -> None:
    pages = []
    for page in _cut(said):
        pages.append((feed, page[0].seq, page[-1].seq, msgspec.msgpack.encode(page), now_ms))
    await connection.execute_many(
        "INSERT INTO feed_page (feed, first_seq, last_seq, items, published_ms) VALUES ($1, $2, $3, $4, $5)", pages
    )


async def _former(connection: Connection, feed: str, items: Iterable[Publication]) -> dict[bytes, bytes]:
    """The values that these items take the place of, by key."""
    seqs: set[int] = set()
    for item in items:
        seq = item.former_seq
        if seq is None:
            seq = await connection.fetch_value("SELECT seq FROM feed_key WHERE feed = $1 AND key = $2", feed, item.key)
        if seq:
            seqs.add(seq)
    return {item.key: item.value for item in await said_at(connection, feed, seqs)}


async def current(connection: Connection, feed: str, key: bytes) -> bytes | None:
    """What was said last under a key that is looked up by name (see `Publication.former_seq`)."""
    seq = await connection.fetch_value("SELECT seq FROM feed_key WHERE feed = $1 AND key = $2", feed, key)
    return None if seq is None else (await said_at(connection, feed, [seq]))[0].value


async def keys(connection: Connection, feed: str) -> set[bytes]:
    """Every key of a feed that is looked up by name."""
    return {row[0] for row in await connection.fetch_all("SELECT key FROM feed_key WHERE feed = $1", feed)}


async def under(connection: Connection, feed: str, prefix: bytes) -> list[Item]:
    """What was said last under each key that begins so and is looked up by name."""
    rows = await connection.fetch_all(
        "SELECT seq FROM feed_key WHERE feed = $1 AND key >= $2 AND key < $3", feed, prefix, prefix + b"\xff"
    )
    return await said_at(connection, feed, [row[0] for row in rows])


async def said_at(connection: Connection, feed: str, seqs: Iterable[int]) -> list[Item]:
    """The items at these places; every page is read once."""
    found: list[Item] = []
    until = 0
    wanted = set(seqs)
    for seq in sorted(wanted):
        if seq > until:
            page = await _page_after(connection, feed, seq - 1)
            found += [item for item in page if item.seq in wanted]
            until = page[-1].seq if page else seq
    return found


async def _page_after(connection: Connection, feed: str, seq: int) -> list[Item]:
    """The items of the first page that reaches beyond a place; empty at the end."""
    page: bytes | None = await connection.fetch_value(
        "SELECT items FROM feed_page WHERE feed = $1 AND last_seq > $2 ORDER BY last_seq LIMIT 1", feed, seq
    )
    return [] if page is None else _pages.decode(page)


async def after(connection: Connection, feed: str, seq: int) -> list[Item]:
    """The next items of a feed, as many as fit one reply."""
    items: list[Item] = []
    room = FEED_BYTES_MAX
    while page := await _page_after(connection, feed, seq):
        for item in page:
            if item.seq <= seq:
                continue
            room -= _size(item)
            if items and (room < 0 or len(items) == ITEMS_MAX):
                return items
            items.append(item)
        seq = page[-1].seq
    return items


async def states(connection: Connection, feed: str) -> list[State]:
    """The current value of every key of a feed, in the order of their last change."""
    last: dict[bytes, Item] = {}
    seq = 0
    while page := await _page_after(connection, feed, seq):
        last |= {item.key: item for item in page}
        seq = page[-1].seq
    return [State(i.seq, i.kind, i.critical, i.key, i.value) for i in sorted(last.values(), key=lambda i: i.seq)]


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


def _cut(items: Iterable[Said]) -> Iterator[list[Said]]:
    """Into pieces of at most CHUNK_BYTES_MAX, or one larger item."""
    part: list[Said] = []
    room = CHUNK_BYTES_MAX
    for item in items:
        size = _size(item)
        if part and size > room:
            yield part
            part, room = [], CHUNK_BYTES_MAX
        part.append(item)
        room -= size
    if part:
        yield part


def _size(item: Item | State) -> int:
    return len(item.key) + len(item.value) + ITEM_BYTES


async def chunk(connection: Connection, digest: bytes, village: str) -> bytes | None:
    """A chunk's frame, if this village may read it."""
    frame: bytes | None = await connection.fetch_value(
        "SELECT frame FROM chunk WHERE digest = $1 AND village IN ('', $2)", digest, village
    )
    return frame


async def forget_chunks(connection: Connection, before_ms: int) -> int:
    """Throw away old chunks; a box that still wants one gets `unknown_chunk` and a new manifest."""
    return await connection.execute("DELETE FROM chunk WHERE made_ms < $1", before_ms)
