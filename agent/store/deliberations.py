"""Minutes of deliberations, in the village's database."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from agent.store.desk import Desk
from chassis.database import Connection, Row
from protocol import ops

LIST_MAX = 200


class Minutes(msgspec.Struct, frozen=True):
    """A deliberation as its minutes say. `kind`: musdes or muskel; `held_on`: 2021-05-17; `cycles`: their codes."""

    kind: str
    number: str
    held_on: str
    place: str
    chair: str
    attendance: int
    cycles: list[str]
    summary: str


@dataclass(frozen=True, slots=True)
class DeliberationRow:
    """`proposals`: how many name it."""

    id: bytes
    kind: str
    number: str
    held_on: str
    place: str
    chair: str
    attendance: int
    summary: str
    is_acked: bool
    proposals: int
    cycles: list[str]


async def hold(desk: Desk, minutes: Minutes, actor: str) -> bytes:
    op = await desk.append(lambda salt: ops.DeliberationHeld(salt=salt, actor=actor, **msgspec.structs.asdict(minutes)))
    return op.record_id


async def speaks_of(connection: Connection, deliberation: bytes, cycle: str) -> bool:
    found = await connection.fetch_value(
        "SELECT 1 FROM deliberation_cycle WHERE cycle = $1 AND deliberation = $2", cycle, deliberation
    )
    return found is not None


async def recent(connection: Connection) -> list[DeliberationRow]:
    """The latest meeting first."""
    rows = await connection.fetch_all(_ROWS + " ORDER BY held_on DESC, deliberation.id LIMIT $1", LIST_MAX)
    return [await _row(connection, row) for row in rows]


async def of_cycles(connection: Connection, cycles: Sequence[str]) -> list[DeliberationRow]:
    """Those that spoke of any of these cycles, the latest meeting first."""
    rows = await connection.fetch_all(
        _ROWS
        + " WHERE deliberation.id IN (SELECT deliberation FROM json_each($1) AS code CROSS JOIN deliberation_cycle"
        " ON deliberation_cycle.cycle = code.value) ORDER BY held_on DESC, deliberation.id LIMIT $2",
        msgspec.json.encode(list(cycles)).decode(),
        LIST_MAX,
    )
    return [await _row(connection, row) for row in rows]


async def find(connection: Connection, deliberation: bytes) -> DeliberationRow | None:
    row = await connection.fetch_one(_ROWS + " WHERE deliberation.id = $1", deliberation)
    return None if row is None else await _row(connection, row)


_ROWS = (
    "SELECT deliberation.id, kind, number, held_on, place, chair, attendance, summary, seq <= log.acked_seq AS is_acked,"
    " (SELECT count(*) FROM proposal WHERE proposal.deliberation = deliberation.id AND proposal.deliberation != x''"
    " AND withdrawn_reason IS NULL) AS proposals FROM deliberation JOIN log ON log.ordinal = deliberation.log"
)


async def _row(connection: Connection, row: Row) -> DeliberationRow:
    cycles = await connection.fetch_all(
        "SELECT cycle FROM deliberation_cycle WHERE deliberation = $1 ORDER BY cycle", row["id"]
    )
    values = dict(zip(row.keys(), row, strict=True))
    return DeliberationRow(**values | {"is_acked": bool(row["is_acked"])}, cycles=[each[0] for each in cycles])
