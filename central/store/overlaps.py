"""Every coverage as far as an overlap looks at it, a part of them at a time. Reads only.

By the ranges of the coverages' random names, so that no part is longer than another and the centre's work goes on between.
"""

from central.domain.overlaps import Held
from central.store.facts import COVERAGE_UNTIL
from chassis.database import Connection

PARTS = 64
"""Some 4,000 of 250,000 coverages in each: ten milliseconds."""


async def state(connection: Connection) -> tuple[int, int, int]:
    """Changes whenever an overlap may have come or gone: imports, coverages, endings."""
    row = await connection.fetch_one(
        "SELECT coalesce((SELECT max(id) FROM import_file), 0), (SELECT count(*) FROM coverage),"
        " coalesce((SELECT max(id) FROM coverage_end), 0)"
    )
    return (row[0], row[1], row[2]) if row else (0, 0, 0)


async def part_of(connection: Connection, part: int) -> list[Held]:
    """One of PARTS; what ended before it began is left out."""
    rows = await connection.fetch_all(
        "SELECT coalesce(match_nik, ''), coalesce(match_kk, ''), scheme, component, month_from,"
        f" {COVERAGE_UNTIL} AS until, substr(village, 1, 6) FROM coverage"
        " WHERE reference BETWEEN $1 AND $2 AND until >= month_from",
        bytes([part * 256 // PARTS]),
        bytes([(part + 1) * 256 // PARTS - 1]) + b"\xff" * 32,
    )
    return [Held(*row) for row in rows]
