"""PostgreSQL by itself, durable as it comes: the same rows as raw SQLite's, 1,000 a transaction, over its own socket.

COPY is the fastest way in and refuses a record that comes twice; an insert of arrays takes repeats as raw SQLite does.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from tests import postgres
from tests.benchmarks.foreign import EXTRA, Absent, Measure
from tests.benchmarks.peers import ROWS_A_COMMIT, Row

try:
    import asyncpg
except ModuleNotFoundError:
    asyncpg = None

TABLE = "CREATE TABLE record (id bytea PRIMARY KEY, village text NOT NULL, seq bigint NOT NULL, body bytea NOT NULL)"
PLACE = "CREATE UNIQUE INDEX record_place ON record (village, seq)"
COLUMNS = ("village", "seq", "id", "body")
INSERT = (
    f"INSERT INTO record ({', '.join(COLUMNS)})"
    " SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bytea[]) ON CONFLICT (id) DO NOTHING"
)
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


def prepare(folder: Path) -> Measure:
    if asyncpg is None:
        raise Absent(EXTRA)
    try:
        postgres.programs()
    except FileNotFoundError as error:
        raise Absent(str(error)) from error
    return measure


async def measure(folder: Path, rows: Sequence[Row]) -> dict[str, float]:
    with postgres.serving() as server:
        return {name: await _measure(server.create(name), rows, name) for name in ("copy_1000", "unnest_1000")}


async def _measure(url: str, rows: Sequence[Row], how: str) -> float:
    chunks = [rows[at : at + ROWS_A_COMMIT] for at in range(0, len(rows), ROWS_A_COMMIT)]
    arrays = [[*zip(*chunk, strict=True)] for chunk in chunks] if how == "unnest_1000" else []
    connection = await asyncpg.connect(url)
    try:
        for setting in DURABLE:
            assert await connection.fetchval(f"SHOW {setting}") == "on", setting
        await connection.execute(f"{TABLE}; {PLACE}")
        started = time.perf_counter()
        if how == "copy_1000":
            for chunk in chunks:
                await connection.copy_records_to_table("record", records=chunk, columns=COLUMNS)
        else:
            for columns in arrays:
                await connection.execute(INSERT, *columns)
        seconds = time.perf_counter() - started
        held = await connection.fetchval("SELECT count(*) FROM record")
        assert held == len(rows), f"{held} of {len(rows)} records are in the table"
    finally:
        await connection.close()
    return len(rows) / seconds
