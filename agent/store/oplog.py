"""The village's log in the database: append, read for sending, put back what was pulled, note what was acknowledged.

Only this file writes `log`, `op` and `receipt`. Every function is part of somebody's transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.store import views
from chassis.database import Connection
from protocol.errors import Code, ProtocolError
from protocol.messages import Receipt, Signed
from protocol.ops import Op, Position, chain, start_of
from protocol.session import LocalLog

FRAME_ROOM_BYTES = 6 * 1024 * 1024
"""Ops of one batch before compression: leaves room below the 8 MiB that a frame may inflate to."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Ops that follow a position, as the exact bytes that were hashed."""

    after: Position
    headers: list[bytes]
    bodies: list[bytes]
    head: Position


async def heads(connection: Connection) -> list[tuple[int, Position, int]]:
    """(ordinal, head, acked_seq) of every log, oldest first."""
    rows = await connection.fetch_all(
        "SELECT ordinal, log_id, head_seq, head_hash, acked_seq FROM log ORDER BY ordinal"
    )
    return [(r[0], Position(r[1], r[2], r[3]), r[4]) for r in rows]


async def local_logs(connection: Connection) -> tuple[LocalLog, ...]:
    return tuple(LocalLog(head, acked) for _, head, acked in await heads(connection))


async def current(connection: Connection) -> tuple[int, Position] | None:
    """The log that is written to: (ordinal, head)."""
    row = await connection.fetch_one(
        "SELECT ordinal, log_id, head_seq, head_hash FROM log WHERE ordinal = (SELECT current_log FROM box)"
    )
    return None if row is None else (row[0], Position(row[1], row[2], row[3]))


async def open_log(connection: Connection, log_id: bytes) -> tuple[int, Position]:
    """A new, empty log. It becomes history unless `box.current_log` is pointed at it."""
    ordinal = (await connection.fetch_value("SELECT max(ordinal) FROM log") or 0) + 1
    start = start_of(log_id)
    await connection.execute(
        "INSERT INTO log (ordinal, log_id, head_seq, head_hash) VALUES ($1, $2, 0, $3)", ordinal, log_id, start.hash
    )
    return ordinal, start


async def append(connection: Connection, ordinal: int, op: Op, written_ms: int) -> None:
    """One op at the head of a log, and its effect on the views."""
    await connection.execute(
        "INSERT INTO op (log, seq, hash, header, body, written_ms) VALUES ($1, $2, $3, $4, $5, $6)",
        ordinal,
        op.seq,
        op.hash,
        op.header,
        op.body,
        written_ms,
    )
    await connection.execute(
        "UPDATE log SET head_seq = $1, head_hash = $2 WHERE ordinal = $3 AND head_seq = $1 - 1",
        op.seq,
        op.hash,
        ordinal,
    )
    await views.apply(connection, op, ordinal)


async def hash_at(connection: Connection, log_id: bytes, seq: int) -> bytes | None:
    if seq == 0:
        return start_of(log_id).hash
    found: bytes | None = await connection.fetch_value(
        "SELECT op.hash FROM op JOIN log ON log.ordinal = op.log WHERE log.log_id = $1 AND op.seq = $2", log_id, seq
    )
    return found


async def read_batch(connection: Connection, log_id: bytes, after_seq: int, ops_max: int) -> Batch | None:
    """Up to `ops_max` ops after a place, as many as fit a frame; None when there are none."""
    after_hash = await hash_at(connection, log_id, after_seq)
    if after_hash is None:
        return None
    rows = await connection.fetch_all(
        "SELECT op.seq, op.hash, op.header, op.body FROM op JOIN log ON log.ordinal = op.log"
        " WHERE log.log_id = $1 AND op.seq > $2 ORDER BY op.seq LIMIT $3",
        log_id,
        after_seq,
        ops_max,
    )
    room, count = FRAME_ROOM_BYTES, 0
    for row in rows:
        room -= len(row[2]) + len(row[3])
        if room < 0 and count:
            break
        count += 1
    if not count:
        return None
    rows = rows[:count]
    head = Position(log_id, rows[-1][0], rows[-1][1])
    return Batch(Position(log_id, after_seq, after_hash), [r[2] for r in rows], [r[3] for r in rows], head)


async def receipts_for(connection: Connection, log_id: bytes, first: int, last: int, receipts_max: int) -> list[Signed]:
    """The receipts that prove when ops `first` to `last` were first received, oldest first."""
    rows = await connection.fetch_all(
        "SELECT receipt.payload, receipt.signature FROM receipt JOIN log ON log.ordinal = receipt.log"
        " WHERE log.log_id = $1 AND receipt.seq >= $2 AND receipt.seq <="
        " coalesce((SELECT min(r.seq) FROM receipt r WHERE r.log = log.ordinal AND r.seq >= $3), $3)"
        " ORDER BY receipt.seq LIMIT $4",
        log_id,
        first,
        last,
        receipts_max,
    )
    return [Signed(r[0], r[1]) for r in rows]


async def newest_receipt(connection: Connection) -> Signed | None:
    row = await connection.fetch_one(
        "SELECT payload, signature FROM receipt ORDER BY received_ms DESC, log DESC, seq DESC LIMIT 1"
    )
    return None if row is None else Signed(row[0], row[1])


async def acknowledge(connection: Connection, position: Position, receipt: Receipt, signed: Signed) -> None:
    """The centre holds a log up to `position`. An earlier receipt of the same place is kept: it proves more."""
    ordinal = await connection.fetch_value("SELECT ordinal FROM log WHERE log_id = $1", position.log_id)
    if ordinal is None or await hash_at(connection, position.log_id, position.seq) != position.hash:
        raise ProtocolError(Code.FORK, "an acknowledgement for another history")
    await connection.execute(
        "UPDATE log SET acked_seq = $1 WHERE ordinal = $2 AND acked_seq < $1", position.seq, ordinal
    )
    await connection.execute(
        "INSERT INTO receipt (log, seq, received_ms, payload, signature) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (log, seq) DO NOTHING",
        ordinal,
        position.seq,
        receipt.received_ms,
        signed.payload,
        signed.signature,
    )


async def set_acknowledged(connection: Connection, at: Position) -> None:
    """What the centre's own head proves at hello; after a restore of the centre this goes back as well."""
    await connection.execute(
        "UPDATE log SET acked_seq = min($1, head_seq) WHERE log_id = $2 AND acked_seq != min($1, head_seq)",
        at.seq,
        at.log_id,
    )


async def put_back(
    connection: Connection, after: Position, headers: Sequence[bytes], bodies: Sequence[bytes], now_ms: int
) -> Position:
    """Own ops that the centre gave back: appended to their log (made when absent), acknowledged, and into the views."""
    ordinal = await connection.fetch_value("SELECT ordinal FROM log WHERE log_id = $1", after.log_id)
    if ordinal is None:
        if after.seq:
            raise ProtocolError(Code.GAP, "a pulled log must begin at its start")
        ordinal, _ = await open_log(connection, after.log_id)
    if await hash_at(connection, after.log_id, after.seq) != after.hash:
        raise ProtocolError(Code.FORK, "the pulled ops continue another history")
    if await connection.fetch_value("SELECT head_seq FROM log WHERE ordinal = $1", ordinal) != after.seq:
        raise ProtocolError(Code.FORK, "the log went on at the counter while its tail was on its way")
    hashes = chain(after, headers, bodies)
    seq = after.seq
    for seq, digest, header, body in zip(
        range(after.seq + 1, after.seq + 1 + len(headers)), hashes, headers, bodies, strict=True
    ):
        await append(connection, ordinal, Op(after.log_id, seq, digest, header, body), now_ms)
    head = Position(after.log_id, seq, hashes[-1]) if hashes else after
    await connection.execute("UPDATE log SET acked_seq = max(acked_seq, $1) WHERE ordinal = $2", head.seq, ordinal)
    return head


@dataclass(frozen=True, slots=True)
class Outbox:
    """What has not been acknowledged: how many, and since when the oldest waits (ms since 1970; None: nothing waits)."""

    ops: int
    oldest_ms: int | None


async def outbox(connection: Connection) -> Outbox:
    row = await connection.fetch_one(
        "SELECT coalesce(sum(head_seq - acked_seq), 0),"
        " min((SELECT op.written_ms FROM op WHERE op.log = log.ordinal AND op.seq = log.acked_seq + 1)) FROM log"
    )
    assert row is not None  # an aggregate always has a row
    return Outbox(row[0], row[1])
