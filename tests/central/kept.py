"""What stands in a centre's database, opened without the centre's own stores: every op, everything that was said."""

from typing import NamedTuple

import msgspec

from chassis.database import Connection
from protocol.codec import decode
from protocol.feed import Item
from protocol.messages import Append
from protocol.ops import HASH_BYTES, Op


class KeptOp(NamedTuple):
    """`reason`: why it cannot be read; empty where it can."""

    village: str
    epoch: int
    op: Op
    reason: str


async def ops(connection: Connection) -> list[KeptOp]:
    """By village, epoch and place."""
    reasons = {
        (r[0], r[1], r[2]): r[3]
        for r in await connection.fetch_all("SELECT village, epoch, seq, reason FROM unreadable")
    }
    found = []
    for village, epoch, seq, skip, frame, hashes, log_id in await connection.fetch_all(
        "SELECT village, epoch, first_seq, skip, frame, hashes, log_id FROM batch JOIN log USING (village, epoch)"
        " ORDER BY village, epoch, first_seq"
    ):
        batch = decode(frame, Append)
        for at, (header, body) in enumerate(zip(batch.headers[skip:], batch.bodies[skip:], strict=True)):
            digest = hashes[at * HASH_BYTES : (at + 1) * HASH_BYTES]
            op = Op(log_id, seq + at, digest, header, body)
            found.append(KeptOp(village, epoch, op, reasons.get((village, epoch, seq + at), "")))
    return found


async def said(connection: Connection, feed: str | None = None) -> list[tuple[str, Item]]:
    """(feed, item) in order, of one feed or of all."""
    pages = await connection.fetch_all(
        "SELECT feed, items FROM feed_page WHERE $1 IS NULL OR feed = $1 ORDER BY feed, last_seq", feed
    )
    return [(r[0], item) for r in pages for item in msgspec.msgpack.decode(r[1], type=list[Item])]
