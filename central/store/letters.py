"""Letter numbers at the centre: which record holds each, and the clashes between two branches of a village.

The letters themselves stay in the log; the centre never numbers.
"""

from collections.abc import Iterable, Sequence

from central.domain.batches import ReadLetter
from chassis.database import Connection
from protocol.feed import NumberClash


async def add_numbers(
    connection: Connection, village: str, issued: Sequence[ReadLetter], now_ms: int
) -> list[NumberClash]:
    """Record who holds each number; the clashes found. Above the highest known number nothing can clash."""
    rows = await connection.fetch_all(
        "SELECT series, year, max(number) FROM letter_number WHERE village = $1 GROUP BY series, year", village
    )
    high = {(r[0], r[1]): r[2] for r in rows}
    fresh, clashes = [], []
    for letter in issued:
        key = (letter.series, letter.year)
        if letter.number > high.get(key, 0):
            high[key] = letter.number
            fresh.append((village, letter.series, letter.year, letter.number, letter.record))
            continue
        await _insert(connection, fresh)
        fresh.clear()
        clash = await _add_one(connection, village, letter)
        if clash is not None:
            clashes.append(clash)
    await _insert(connection, fresh)
    await _note_clashes(connection, village, clashes, now_ms)
    return clashes


async def _add_one(connection: Connection, village: str, letter: ReadLetter) -> NumberClash | None:
    holder: bytes | None = await connection.fetch_value(
        "SELECT record FROM letter_number WHERE village = $1 AND series = $2 AND year = $3 AND number = $4",
        village,
        letter.series,
        letter.year,
        letter.number,
    )
    if holder is None:
        await _insert(connection, [(village, letter.series, letter.year, letter.number, letter.record)])
        return None
    return (
        None
        if holder == letter.record
        else NumberClash(letter.series, letter.year, letter.number, holder, letter.record)
    )


async def _insert(connection: Connection, rows: Iterable[Sequence[object]]) -> None:
    await connection.execute_many(
        "INSERT INTO letter_number (village, series, year, number, record) VALUES ($1, $2, $3, $4, $5)", rows
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
