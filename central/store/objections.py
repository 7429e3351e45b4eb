"""Objections from the villages, kept for the officer who decides on them."""

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import astuple

from central.domain.batches import Objection
from chassis.database import Connection

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class ObjectionLine:
    """An objection with what it is about: `outcome` and `code` of the answer in force, empty while the proposal is not
    here.
    """

    record: bytes
    village: str
    proposal: bytes
    grounds: str
    evidence: str
    claimed_ms: int
    received_ms: int
    name: str
    cycle: str
    outcome: str
    code: str


async def add(connection: Connection, village: str, objections: Iterable[Objection]) -> None:
    await connection.execute_many(
        "INSERT INTO objection (village, record, proposal, grounds, evidence, actor, claimed_ms, received_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (record) DO NOTHING",
        [(village, *astuple(each)) for each in objections],
    )


async def count(connection: Connection) -> int:
    total: int = await connection.fetch_value("SELECT count(*) FROM objection")
    return total


async def lines(connection: Connection, page: int) -> list[ObjectionLine]:
    """One page, the last to arrive first."""
    rows = await connection.fetch_all(
        _LINES + " ORDER BY objection.received_ms DESC, objection.record LIMIT $1 OFFSET $2",
        PAGE_ROWS,
        (page - 1) * PAGE_ROWS,
    )
    return [ObjectionLine(*row) for row in rows]


async def of_proposal(connection: Connection, proposal: bytes) -> list[ObjectionLine]:
    rows = await connection.fetch_all(
        _LINES + " WHERE objection.proposal = $1 ORDER BY objection.received_ms DESC, objection.record", proposal
    )
    return [ObjectionLine(*row) for row in rows]


_LINES = (
    "SELECT objection.record, objection.village, objection.proposal, grounds, evidence, objection.claimed_ms,"
    " objection.received_ms, coalesce(name, ''), coalesce(cycle, ''), coalesce(outcome, ''), coalesce(code, '')"
    " FROM objection LEFT JOIN proposal ON proposal.record = objection.proposal"
    " AND proposal.village = objection.village"  # only a village's own proposal is contested there
)
