"""The villages' logs in the centre's database: heads, batches, unreadable ops, anchors, highest numbers.

A batch is kept for good as the frame that came, a seventh of the size of its ops, beside the hashes that were compared;
`central/ingest` acknowledges that. `log.tabulated_seq` says up to where it was read. Only this file writes `log`,
`batch`, `unreadable`, `anchor` and `number_high`.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from central.domain.batches import Batch, Name
from chassis.database import Connection, Row
from protocol.messages import ANCHOR, LOGS_MAX, Anchor, LogHead, Sign, Signed, anchor_hash, sign
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


async def keep(
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
        "INSERT INTO batch (village, epoch, first_seq, last_seq, skip, frame, hashes, proofs, received_ms)"
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
    """The hash at a place of an epoch, looked up in its batches and, below a branch, the epoch it left."""
    if seq == 0:
        return start_of(log.head.log_id).hash
    if seq == log.head.seq:
        return log.head.hash
    if seq > log.head.seq:
        return None
    if seq <= log.branch_seq and log.parent_epoch is not None:
        parent = await _of_epoch(connection, log.village, log.parent_epoch)
        return await hash_at(connection, parent, seq)
    batch = await connection.fetch_one(
        "SELECT first_seq, hashes FROM batch WHERE village = $1 AND epoch = $2 AND first_seq <= $3"
        " ORDER BY first_seq DESC LIMIT 1",
        log.village,
        log.epoch,
        seq,
    )
    if batch is None:
        return None
    at = (seq - batch[0]) * HASH_BYTES
    found: bytes = batch[1][at : at + HASH_BYTES]
    return found or None


async def _of_epoch(connection: Connection, village: str, epoch: int) -> Log:
    row = await connection.fetch_one(f"SELECT {_COLUMNS} FROM log WHERE village = $1 AND epoch = $2", village, epoch)
    assert row is not None, "a branch without the epoch it left"
    return _log(row)


async def read(connection: Connection, log: Log, after_seq: int, ops_max: int) -> list[Op]:
    """Ops of an epoch after a place; below a branch those of the epoch it left."""
    ops: list[Op] = []
    if after_seq < log.branch_seq and log.parent_epoch is not None:
        parent = await _of_epoch(connection, log.village, log.parent_epoch)
        ops = [op for op in await read(connection, parent, after_seq, ops_max) if op.seq <= log.branch_seq]
        after_seq = log.branch_seq
    batch = await _batch_with(connection, log, after_seq + 1)
    while batch is not None and len(ops) < ops_max:
        ops += [op for op in batch.ops(log.head.log_id) if op.seq > after_seq]
        batch = await batch_at(connection, batch.behind)
    return ops[:ops_max]


async def op_at(connection: Connection, village: str, epoch: int, seq: int) -> Op | None:
    """One op of a log, as it was written."""
    ops = await read(connection, await _of_epoch(connection, village, epoch), seq - 1, 1)
    return ops[0] if ops else None


async def _batch_with(connection: Connection, log: Log, seq: int) -> Batch | None:
    """The batch of this very epoch that holds a place; by its key, for a village in touch has a batch for each op."""
    row = await connection.fetch_one(
        f"SELECT {_BATCH} FROM batch WHERE village = $1 AND epoch = $2 AND first_seq <= $3"
        " ORDER BY first_seq DESC LIMIT 1",
        log.village,
        log.epoch,
        seq,
    )
    batch = None if row is None else Batch(*row)
    return batch if batch is not None and batch.last_seq >= seq else None


_BATCH = "batch.village, batch.epoch, first_seq, last_seq, skip, frame, hashes, proofs, received_ms"


async def next_batch(connection: Connection, *, but_not: Collection[tuple[str, int]] = ()) -> Batch | None:
    """The next batch to tabulate: in order within a log, and between logs the smallest first.

    A lone proposal must not wait behind another village's backlog. `but_not`: (village, epoch) of logs to leave alone.
    """
    row = await connection.fetch_one(
        f"SELECT {_BATCH} FROM log JOIN batch ON batch.village = log.village AND batch.epoch = log.epoch"
        " AND first_seq = tabulated_seq + 1 WHERE tabulated_seq < head_seq"
        " AND log.village || '/' || log.epoch NOT IN (SELECT value FROM json_each($1))"
        " ORDER BY last_seq - first_seq, batch.rowid LIMIT 1",
        msgspec.json.encode([f"{village}/{epoch}" for village, epoch in but_not]).decode(),
    )
    return None if row is None else Batch(*row)


async def tabulated(connection: Connection) -> AsyncIterator[Batch]:
    """Every batch that was read, log by log, one at a time."""
    for village, epoch, upto in await connection.fetch_all("SELECT village, epoch, tabulated_seq FROM log"):
        seq = 0
        while row := await connection.fetch_one(
            f"SELECT {_BATCH} FROM batch WHERE village = $1 AND epoch = $2 AND first_seq > $3 AND last_seq <= $4"
            " ORDER BY first_seq LIMIT 1",
            village,
            epoch,
            seq,
            upto,
        ):
            batch = Batch(*row)
            yield batch
            seq = batch.first_seq


async def batch_at(connection: Connection, name: Name) -> Batch | None:
    row = await connection.fetch_one(
        f"SELECT {_BATCH} FROM batch WHERE village = $1 AND epoch = $2 AND first_seq = $3", *name
    )
    return None if row is None else Batch(*row)


async def batches_after(connection: Connection, log: Log, seq: int, batches_max: int) -> list[Batch]:
    """The next batches of this very epoch that begin behind a place, read or not yet read."""
    rows = await connection.fetch_all(
        f"SELECT {_BATCH} FROM batch WHERE village = $1 AND epoch = $2 AND first_seq > $3 ORDER BY first_seq LIMIT $4",
        log.village,
        log.epoch,
        seq,
        batches_max,
    )
    return [Batch(*row) for row in rows]


async def large_waiting(connection: Connection, ops_min: int) -> list[Name]:
    """The batches of so many ops that wait, about in the order in which `next_batch` will give them."""
    rows = await connection.fetch_all(
        "SELECT batch.village, batch.epoch, first_seq FROM log JOIN batch ON batch.village = log.village"
        " AND batch.epoch = log.epoch AND first_seq > tabulated_seq"
        " WHERE tabulated_seq < head_seq AND last_seq - first_seq + 1 >= $1"
        " ORDER BY last_seq - first_seq, batch.rowid LIMIT 64",
        ops_min,
    )
    return [(r[0], r[1], r[2]) for r in rows]


async def count_waiting(connection: Connection) -> int:
    """Batches that are not tabulated."""
    total: int = await connection.fetch_value(
        "SELECT count(*) FROM log JOIN batch ON batch.village = log.village AND batch.epoch = log.epoch"
        " AND first_seq > tabulated_seq WHERE tabulated_seq < head_seq"
    )
    return total


async def is_any_waiting(connection: Connection) -> bool:
    return await connection.fetch_value("SELECT 1 FROM log WHERE tabulated_seq < head_seq LIMIT 1") is not None


async def is_small_waiting(connection: Connection, ops_max: int) -> bool:
    """Does a batch of at most `ops_max` ops wait whose log has nothing before it?"""
    found = await connection.fetch_value(
        "SELECT 1 FROM log JOIN batch ON batch.village = log.village AND batch.epoch = log.epoch"
        " AND first_seq = tabulated_seq + 1 WHERE tabulated_seq < head_seq AND last_seq - first_seq < $1 LIMIT 1",
        ops_max,
    )
    return found is not None


async def is_more_expected(connection: Connection, since_ms: int) -> bool:
    """Did a village send a batch since then that will not have been its last?

    A backlog comes in batches that grow; one that is smaller than the batch before it was the rest.
    """
    found = await connection.fetch_value(
        "SELECT 1 FROM log JOIN batch AS newest ON newest.village = log.village AND newest.epoch = log.epoch"
        " AND newest.first_seq = (SELECT max(first_seq) FROM batch WHERE village = log.village AND epoch = log.epoch)"
        " LEFT JOIN batch AS former ON former.village = log.village AND former.epoch = log.epoch AND former.first_seq ="
        " (SELECT max(first_seq) FROM batch WHERE village = log.village AND epoch = log.epoch"
        " AND first_seq < newest.first_seq)"
        " WHERE log.tabulated_seq < log.head_seq AND newest.received_ms > $1 AND (former.first_seq IS NULL OR"
        " newest.last_seq - newest.first_seq >= former.last_seq - former.first_seq) LIMIT 1",
        since_ms,
    )
    return found is not None


async def pass_over(connection: Connection, batch: Batch) -> bool:
    """The batch is tabulated, in this transaction; False where another process was first."""
    moved = await connection.execute(
        "UPDATE log SET tabulated_seq = $1 WHERE village = $2 AND epoch = $3 AND tabulated_seq = $4",
        batch.last_seq,
        batch.village,
        batch.epoch,
        batch.first_seq - 1,
    )
    return moved == 1


async def note_unreadable(connection: Connection, batch: Batch, reasons: Iterable[tuple[int, str]]) -> None:
    """(seq, reason) of ops that are kept but cannot be read or applied."""
    await connection.execute_many(
        "INSERT INTO unreadable (village, epoch, seq, reason) VALUES ($1, $2, $3, $4)",
        [(batch.village, batch.epoch, seq, reason) for seq, reason in reasons],
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
