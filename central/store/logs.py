"""The villages' logs in the centre's database: heads, staged batches, tabulated ops, anchors, highest numbers.

A batch is staged as the frame that came, which is durable and cheap; `central/ingest` acknowledges that. Tabulating
moves it to rows in one transaction. Only this file writes `log`, `staged`, `op`, `anchor` and `number_high`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from chassis.database import Connection, Row
from protocol.codec import decode
from protocol.messages import ANCHOR, LOGS_MAX, Anchor, Append, LogHead, Sign, Signed, anchor_hash, sign
from protocol.ops import HASH_BYTES, NumberHigh, Op, Position, start_of

ANCHOR_MS_MIN = 1_000
"""A new anchor at most once a second: enough to order rivals, and no write that an append would not make anyway."""


@dataclass(frozen=True, slots=True)
class Log:
    """One epoch of a village. `branch_seq`: the last op it shares with the epoch it left (0: none)."""

    village: str
    epoch: int
    head: Position
    parent_epoch: int | None
    branch_seq: int
    tabulated_seq: int
    sealed_seq: int | None


_COLUMNS = "village, epoch, log_id, head_seq, head_hash, parent_epoch, branch_seq, tabulated_seq, sealed_seq"


def _log(row: Row) -> Log:
    return Log(row[0], row[1], Position(row[2], row[3], row[4]), row[5], row[6], row[7], row[8])


async def of_village(connection: Connection, village: str) -> list[Log]:
    """Oldest first."""
    rows = await connection.fetch_all(f"SELECT {_COLUMNS} FROM log WHERE village = $1 ORDER BY epoch", village)
    return [_log(r) for r in rows]


async def of_log_id(connection: Connection, village: str, log_id: bytes) -> list[Log]:
    """The log and its branches, oldest first."""
    rows = await connection.fetch_all(
        f"SELECT {_COLUMNS} FROM log WHERE village = $1 AND log_id = $2 ORDER BY epoch", village, log_id
    )
    return [_log(r) for r in rows]


async def owner(connection: Connection, log_id: bytes) -> str | None:
    """The village a log id belongs to, if any."""
    village: str | None = await connection.fetch_value("SELECT village FROM log WHERE log_id = $1 LIMIT 1", log_id)
    return village


async def open_epoch(
    connection: Connection, village: str, at: Position, *, parent_epoch: int | None, branch_seq: int = 0
) -> Log:
    """A new epoch: a new log (at its start), or a branch that shares another epoch's ops up to `branch_seq`."""
    epoch = (await connection.fetch_value("SELECT max(epoch) FROM log WHERE village = $1", village) or 0) + 1
    await connection.execute(
        "INSERT INTO log (village, epoch, log_id, parent_epoch, branch_seq, head_seq, head_hash, tabulated_seq)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $6)",
        village,
        epoch,
        at.log_id,
        parent_epoch,
        branch_seq,
        at.seq,
        at.hash,
    )
    return Log(village, epoch, at, parent_epoch, branch_seq, at.seq, None)


async def seal(connection: Connection, log: Log, seq: int) -> None:
    """No op beyond `seq` will be taken on this log: its village opened another that continues there."""
    await connection.execute(
        "UPDATE log SET sealed_seq = $1 WHERE village = $2 AND epoch = $3", seq, log.village, log.epoch
    )


async def stage(
    connection: Connection,
    log: Log,
    frame: bytes,
    skip: int,
    hashes: Sequence[bytes],
    proofs: Sequence[tuple[int, int]],
    received_ms: int,
) -> Position:
    """Keep a verified batch and move the head. `skip`: ops at the frame's start that were held before."""
    first = log.head.seq + 1
    head = Position(log.head.log_id, log.head.seq + len(hashes), hashes[-1])
    await connection.execute(
        "INSERT INTO staged (village, epoch, first_seq, last_seq, skip, frame, hashes, proofs, received_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        log.village,
        log.epoch,
        first,
        head.seq,
        skip,
        frame,
        b"".join(hashes),
        msgspec.msgpack.encode(proofs),
        received_ms,
    )
    await connection.execute(
        "UPDATE log SET head_seq = $1, head_hash = $2 WHERE village = $3 AND epoch = $4",
        head.seq,
        head.hash,
        log.village,
        log.epoch,
    )
    return head


async def hash_at(connection: Connection, log: Log, seq: int) -> bytes | None:
    """The hash at a place of an epoch, looked up in rows, staged batches and, below a branch, the epoch it left."""
    if seq == 0:
        return start_of(log.head.log_id).hash
    if seq == log.head.seq:
        return log.head.hash
    if seq > log.head.seq:
        return None
    if seq <= log.branch_seq and log.parent_epoch is not None:
        parent = await _of_epoch(connection, log.village, log.parent_epoch)
        return await hash_at(connection, parent, seq)
    staged = await connection.fetch_one(
        "SELECT first_seq, hashes FROM staged WHERE village = $1 AND epoch = $2 AND first_seq <= $3 AND last_seq >= $3",
        log.village,
        log.epoch,
        seq,
    )
    if staged is not None:
        at = (seq - staged[0]) * HASH_BYTES
        found: bytes = staged[1][at : at + HASH_BYTES]
        return found
    tabulated: bytes | None = await connection.fetch_value(
        "SELECT hash FROM op WHERE village = $1 AND epoch = $2 AND seq = $3", log.village, log.epoch, seq
    )
    return tabulated


async def _of_epoch(connection: Connection, village: str, epoch: int) -> Log:
    row = await connection.fetch_one(f"SELECT {_COLUMNS} FROM log WHERE village = $1 AND epoch = $2", village, epoch)
    assert row is not None, "a branch without the epoch it left"
    return _log(row)


async def read(connection: Connection, log: Log, after_seq: int, ops_max: int) -> list[Op]:
    """Tabulated ops of an epoch after a place; below a branch those of the epoch it left."""
    ops: list[Op] = []
    if after_seq < log.branch_seq and log.parent_epoch is not None:
        parent = await _of_epoch(connection, log.village, log.parent_epoch)
        ops = [op for op in await read(connection, parent, after_seq, ops_max) if op.seq <= log.branch_seq]
        after_seq = log.branch_seq
    if len(ops) < ops_max:
        rows = await connection.fetch_all(
            "SELECT seq, hash, header, body FROM op WHERE village = $1 AND epoch = $2 AND seq > $3 ORDER BY seq LIMIT $4",
            log.village,
            log.epoch,
            after_seq,
            ops_max - len(ops),
        )
        ops += [Op(log.head.log_id, r[0], r[1], r[2], r[3]) for r in rows]
    return ops


@dataclass(frozen=True, slots=True)
class Staged:
    """A batch waiting to be tabulated, opened again: ops and when each was first received."""

    village: str
    epoch: int
    first_seq: int
    ops: list[Op]
    received_ms: list[int]


async def next_staged(connection: Connection, village: str | None = None) -> Staged | None:
    """The next batch to tabulate, of one village or of all: in order within a log, and between logs the smallest first.

    A lone proposal must not wait behind another village's backlog.
    """
    row = await connection.fetch_one(
        "SELECT staged.village, staged.epoch, first_seq, skip, frame, hashes, proofs, received_ms, log.log_id"
        " FROM staged JOIN log ON log.village = staged.village AND log.epoch = staged.epoch"
        " WHERE ($1 IS NULL OR staged.village = $1) AND first_seq = log.tabulated_seq + 1"
        " ORDER BY last_seq - first_seq, staged.rowid LIMIT 1",
        village,
    )
    if row is None:
        return None
    batch = decode(row["frame"], Append)
    first, skip, hashes, log_id = row["first_seq"], row["skip"], row["hashes"], row["log_id"]
    ops = [
        Op(log_id, first + n, hashes[n * HASH_BYTES : (n + 1) * HASH_BYTES], header, body)
        for n, (header, body) in enumerate(zip(batch.headers[skip:], batch.bodies[skip:], strict=True))
    ]
    proofs = msgspec.msgpack.decode(row["proofs"], type=list[tuple[int, int]])
    return Staged(row[0], row[1], first, ops, [first_received(op.seq, proofs, row["received_ms"]) for op in ops])


async def is_any_staged(connection: Connection) -> bool:
    return await connection.fetch_value("SELECT 1 FROM staged LIMIT 1") is not None


async def is_small_staged(connection: Connection, ops_max: int) -> bool:
    """Does a batch of at most `ops_max` ops wait whose log has nothing before it?"""
    found = await connection.fetch_value(
        "SELECT 1 FROM staged JOIN log ON log.village = staged.village AND log.epoch = staged.epoch"
        " WHERE first_seq = log.tabulated_seq + 1 AND last_seq - first_seq < $1 LIMIT 1",
        ops_max,
    )
    return found is not None


def first_received(seq: int, proofs: Iterable[tuple[int, int]], received_ms: int) -> int:
    """A signed receipt up to a place proves that everything below was there at its time."""
    return min([received_ms, *(at_ms for upto, at_ms in proofs if upto >= seq)])


async def tabulate(connection: Connection, staged: Staged, reasons: Sequence[str]) -> None:
    """Move a staged batch to rows. `reasons`: empty, or why an op is quarantined."""
    await connection.execute_many(
        "INSERT INTO op (village, epoch, seq, hash, header, body, received_ms, reason)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            (staged.village, staged.epoch, op.seq, op.hash, op.header, op.body, at, reason)
            for op, at, reason in zip(staged.ops, staged.received_ms, reasons, strict=True)
        ],
    )
    await connection.execute(
        "DELETE FROM staged WHERE village = $1 AND epoch = $2 AND first_seq = $3",
        staged.village,
        staged.epoch,
        staged.first_seq,
    )
    await connection.execute(
        "UPDATE log SET tabulated_seq = $1 WHERE village = $2 AND epoch = $3",
        staged.ops[-1].seq,
        staged.village,
        staged.epoch,
    )


# --- anchors ----------------------------------------------------------------------------------------------------------


async def anchor(connection: Connection, timeline: bytes, key: Sign, now_ms: int) -> tuple[Signed, Anchor]:
    """The newest anchor; a new one when heads moved since and the last is old enough. The centre's time never runs back."""
    row = await connection.fetch_one("SELECT payload, signature FROM anchor ORDER BY seq DESC LIMIT 1")
    last = None if row is None else msgspec.msgpack.decode(row[0], type=Anchor)
    if row is not None and last is not None and last.timeline == timeline and now_ms - last.at_ms < ANCHOR_MS_MIN:
        return Signed(row[0], row[1]), last
    root = await _root(connection)
    if row is not None and last is not None and last.timeline == timeline and last.root == root:
        return Signed(row[0], row[1]), last
    prev = b"" if row is None else anchor_hash(row[0])
    made = Anchor(timeline, (last.seq if last else 0) + 1, max((last.at_ms if last else 0) + 1, now_ms), root, prev)
    signed = sign(ANCHOR, made, key)
    await connection.execute(
        "INSERT INTO anchor (seq, at_ms, hash, payload, signature) VALUES ($1, $2, $3, $4, $5)",
        made.seq,
        made.at_ms,
        anchor_hash(signed.payload),
        signed.payload,
        signed.signature,
    )
    return signed, made


async def _root(connection: Connection) -> bytes:
    rows = await connection.fetch_all("SELECT village, epoch, head_hash FROM log ORDER BY village, epoch")
    return sha256(b"".join(r[0].encode() + r[1].to_bytes(8, "big") + r[2] for r in rows)).digest()


async def anchor_times(connection: Connection, hashes: Iterable[bytes]) -> dict[bytes, int]:
    """When the anchors that ops cite were made; an anchor of a lost history proves nothing and is absent."""
    times = {}
    for cited in set(hashes):
        at_ms = await connection.fetch_value("SELECT at_ms FROM anchor WHERE hash = $1", cited) if cited else None
        if at_ms is not None:
            times[cited] = at_ms
    return times


# --- numbers ----------------------------------------------------------------------------------------------------------


async def raise_numbers(connection: Connection, village: str, numbers: Iterable[NumberHigh]) -> None:
    for high in numbers:
        await connection.execute(
            "INSERT INTO number_high (village, series, year, number) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (village, series, year) DO UPDATE SET number = max(number, excluded.number)",
            village,
            high.series,
            high.year,
            high.number,
        )


async def numbers(connection: Connection, village: str) -> list[NumberHigh]:
    rows = await connection.fetch_all(
        "SELECT series, year, number FROM number_high WHERE village = $1 ORDER BY series, year", village
    )
    return [NumberHigh(r[0], r[1], r[2]) for r in rows]


async def heads(connection: Connection, village: str) -> list[LogHead]:
    """A village's logs, oldest first, as the enrolment answer names them; of very many the newest."""
    return [LogHead(log.epoch, log.head, "other") for log in await of_village(connection, village)][-LOGS_MAX:]
