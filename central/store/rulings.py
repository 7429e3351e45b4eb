"""What a granted objection changed: facts that no longer count against a proposal, coverages that ended early.

`decide` rests on these, so whatever they touch becomes dirty in the same transaction. Only this file writes `ruling` and
`coverage_end`; nothing here is ever changed, a later row stands before an earlier one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

import msgspec

from central.domain.decisions import Aside
from central.store import former_cards, likely
from chassis.database import Connection


async def set_aside(connection: Connection, proposal: bytes, references: Iterable[bytes], objection: bytes) -> None:
    """These do not count against the proposal any more."""
    await connection.execute_many(
        "INSERT INTO ruling (proposal, reference, objection) VALUES ($1, $2, $3)",
        [(proposal, reference, objection) for reference in references],
    )
    await connection.execute("UPDATE proposal SET is_dirty = 1 WHERE record = $1", proposal)


async def end_coverages(
    connection: Connection, references: Collection[bytes], month_until: int, objection: bytes
) -> None:
    """These end with that month (12 * year + month - 1), whatever their lists say."""
    await connection.execute_many(
        "INSERT INTO coverage_end (reference, month_until, objection) VALUES ($1, $2, $3)",
        [(reference, month_until, objection) for reference in references],
    )
    for column in ("match_nik", "match_kk"):
        await connection.execute_many(
            f"UPDATE proposal SET is_dirty = 1 WHERE {column} = (SELECT {column} FROM coverage WHERE reference = $1)",
            [(reference,) for reference in references],
        )
    await likely.disturb(connection, references)
    await former_cards.disturb(connection, references)


async def aside(connection: Connection, proposals: Collection[bytes] | None = None) -> Aside:
    """What does not count against these proposals, or against any."""
    wanted = None if proposals is None else _json(proposals)
    rows = await connection.fetch_all(
        "SELECT proposal, reference FROM ruling WHERE $1 IS NULL OR hex(proposal) IN (SELECT value FROM json_each($1))",
        wanted,
    )
    found: defaultdict[bytes, set[bytes]] = defaultdict(set)
    for proposal, reference in rows:
        found[proposal].add(reference)
    return found


async def listed_until(connection: Connection, references: Collection[bytes]) -> dict[bytes, int]:
    """Of those that ended early: the last month by their list."""
    rows = await connection.fetch_all(
        "SELECT DISTINCT coverage.reference, coverage.month_until FROM coverage_end"
        " JOIN coverage ON coverage.reference = coverage_end.reference"
        " WHERE hex(coverage_end.reference) IN (SELECT value FROM json_each($1))",
        _json(references),
    )
    return {row[0]: row[1] for row in rows}


def _json(keys: Collection[bytes]) -> str:
    return msgspec.json.encode([key.hex().upper() for key in keys]).decode()
