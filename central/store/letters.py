"""Letter numbers at the centre: which record holds each, and the clashes between two branches of a village.

Numbers follow each other, so they are kept in runs: the records of first, first + 1, ... side by side. A number stands in
one run only, with the record that was read first. The letters themselves stay in the log; the centre never numbers.
Only this file writes `letter_run` and `number_clash`.
"""

from collections.abc import Iterable, Sequence

from central.domain.batches import LetterRun
from chassis.database import Connection
from protocol.feed import NumberClash
from protocol.ops import ID_BYTES


async def add_numbers(
    connection: Connection, village: str, runs: Sequence[LetterRun], now_ms: int
) -> list[NumberClash]:
    """Record who holds each number; the clashes found. Above the highest known number nothing can clash."""
    clashes: list[NumberClash] = []
    for run in runs:
        if run.first > await _highest(connection, village, run):
            await _insert(connection, village, run)
            continue
        for number, record in enumerate(run.records, start=run.first):
            holder = await _holder(connection, village, run, number)
            if holder is None:
                await _insert(connection, village, LetterRun(run.series, run.year, number, [record]))
            elif holder != record:
                clashes.append(NumberClash(run.series, run.year, number, holder, record))
    await _note_clashes(connection, village, clashes, now_ms)
    return clashes


async def _highest(connection: Connection, village: str, run: LetterRun) -> int:
    highest: int | None = await connection.fetch_value(
        "SELECT max(last) FROM letter_run WHERE village = $1 AND series = $2 AND year = $3",
        village,
        run.series,
        run.year,
    )
    return highest or 0


async def _holder(connection: Connection, village: str, run: LetterRun, number: int) -> bytes | None:
    row = await connection.fetch_one(
        "SELECT first, records FROM letter_run"
        " WHERE village = $1 AND series = $2 AND year = $3 AND last >= $4 ORDER BY last LIMIT 1",
        village,
        run.series,
        run.year,
        number,
    )
    if row is None or row[0] > number:
        return None
    at = (number - row[0]) * ID_BYTES
    holder: bytes = row[1][at : at + ID_BYTES]
    return holder


async def _insert(connection: Connection, village: str, run: LetterRun) -> None:
    await connection.execute(
        "INSERT INTO letter_run (village, series, year, last, first, records) VALUES ($1, $2, $3, $4, $5, $6)",
        village,
        run.series,
        run.year,
        run.last,
        run.first,
        b"".join(run.records),
    )


async def _note_clashes(connection: Connection, village: str, clashes: Iterable[NumberClash], now_ms: int) -> None:
    await connection.execute_many(
        "INSERT INTO number_clash (village, series, year, number, first_record, second_record, found_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (village, second_record) DO NOTHING",
        [(village, c.series, c.year, c.number, c.first_record, c.second_record, now_ms) for c in clashes],
    )


async def clashes(connection: Connection) -> list[tuple[str, NumberClash]]:
    """All clashes, newest first."""
    rows = await connection.fetch_all(
        "SELECT village, series, year, number, first_record, second_record FROM number_clash ORDER BY found_ms DESC"
    )
    return [(r[0], NumberClash(r[1], r[2], r[3], r[4], r[5])) for r in rows]
