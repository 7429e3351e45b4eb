"""Objections from the villages, and what officers answered: facts that `decide` rests on, told to the village.

An officer who has ruled on a proposal before never rules on an objection against it. Only this file writes `objection` and
`objection_decision`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import astuple

from central.domain.batches import Objection
from central.domain.objections import Outcome, Ruling
from central.store import feeds, rulings, trail
from chassis.database import Connection, Row
from protocol.codec import pack
from protocol.feed import ObjectionDecided

PAGE_ROWS = 50
OPEN = "open"


@dataclass(frozen=True, slots=True)
class ObjectionLine:
    """An objection with what it is about: `outcome` and `code` of the answer in force, empty while the proposal is not
    here. `ruling`: open, or what an officer answered, with reason, officer and time.
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
    ruling: str
    reason: str
    decided_by: str
    decided_ms: int


async def add(connection: Connection, village: str, objections: Iterable[Objection]) -> None:
    await connection.execute_many(
        "INSERT INTO objection (village, record, proposal, grounds, evidence, actor, claimed_ms, received_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (record) DO NOTHING",
        [(village, *astuple(each)) for each in objections],
    )


async def open_in(connection: Connection, cycle: str) -> set[bytes]:
    """The proposals of a cycle whose answer is contested and not answered yet."""
    rows = await connection.fetch_all(
        "SELECT proposal.record FROM objection JOIN proposal ON proposal.record = objection.proposal"
        " AND proposal.village = objection.village WHERE proposal.cycle = $1"
        " AND NOT EXISTS (SELECT 1 FROM objection_decision AS d WHERE d.objection = objection.record)",
        cycle,
    )
    return {row[0] for row in rows}


async def counts(connection: Connection) -> dict[str, int]:
    """How many there are by what was answered; `open` where nothing was yet."""
    rows = await connection.fetch_all(
        "SELECT coalesce(d.outcome, 'open'), count(*) FROM objection"
        " LEFT JOIN objection_decision AS d ON d.objection = objection.record GROUP BY 1"
    )
    return {row[0]: row[1] for row in rows}


async def lines(connection: Connection, ruling: str, page: int) -> list[ObjectionLine]:
    """One page of those with this answer, or of all: what is open in the order of its deadline, the rest newest first."""
    order = "ASC" if ruling == OPEN else "DESC"
    rows = await connection.fetch_all(
        _LINES + f" WHERE $1 = '' OR coalesce(d.outcome, 'open') = $1"
        f" ORDER BY objection.received_ms {order}, objection.record LIMIT $2 OFFSET $3",
        ruling,
        PAGE_ROWS,
        (page - 1) * PAGE_ROWS,
    )
    return [_line(row) for row in rows]


async def of_proposal(connection: Connection, proposal: bytes) -> list[ObjectionLine]:
    rows = await connection.fetch_all(
        _LINES + " WHERE objection.proposal = $1 ORDER BY objection.received_ms DESC, objection.record", proposal
    )
    return [_line(row) for row in rows]


async def find(connection: Connection, record: bytes) -> ObjectionLine | None:
    row = await connection.fetch_one(_LINES + " WHERE objection.record = $1", record)
    return None if row is None else _line(row)


async def ruled_before(connection: Connection, proposal: bytes) -> set[str]:
    """The officers who have already decided something about this person's proposal: never judges in their own cause."""
    rows = await connection.fetch_all(
        "SELECT actor FROM objection_decision WHERE proposal = $1 UNION SELECT actor FROM identity_verdict"
        " JOIN proposal ON proposal.record = identity_verdict.proposal"
        " WHERE match_nik = (SELECT match_nik FROM proposal WHERE record = $1)",
        proposal,
    )
    return {row[0] for row in rows}


async def decide(
    connection: Connection, line: ObjectionLine, ruling: Ruling, actor: str, now_ms: int, facts_hash: bytes
) -> None:
    """Keep what an officer answered with what it changes, and tell the village, in one transaction."""
    await connection.execute(
        "INSERT INTO objection_decision (objection, proposal, outcome, code, facts_hash, reason, actor, at_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        line.record,
        line.proposal,
        ruling.outcome.value,
        line.code,
        facts_hash,
        ruling.reason,
        actor,
        now_ms,
    )
    if ruling.outcome is Outcome.GRANTED and ruling.month_until:
        await rulings.end_coverages(connection, ruling.references, ruling.month_until, line.record)
    elif ruling.outcome is Outcome.GRANTED:
        await rulings.set_aside(connection, line.proposal, ruling.references, line.record)
    told = ObjectionDecided(line.record, line.proposal, ruling.outcome.value, ruling.reason, now_ms)
    item = feeds.Publication("objection_decided", line.record, pack(told), critical=False)
    await feeds.publish(connection, line.village, [item], now_ms)
    action, subject = f"objection_{ruling.outcome}", line.record.hex()
    await trail.record(connection, at_ms=now_ms, actor=actor, action=action, subject=subject)


_LINES = (
    "SELECT objection.record, objection.village, objection.proposal, grounds, evidence, objection.claimed_ms,"
    " objection.received_ms, coalesce(name, ''), coalesce(cycle, ''), coalesce(proposal.outcome, ''),"
    " coalesce(proposal.code, ''), coalesce(d.outcome, 'open'), coalesce(d.reason, ''), coalesce(d.actor, ''),"
    " coalesce(d.at_ms, 0) FROM objection"
    " LEFT JOIN objection_decision AS d ON d.objection = objection.record"
    " LEFT JOIN proposal ON proposal.record = objection.proposal"
    " AND proposal.village = objection.village"  # only a village's own proposal is contested there
)


def _line(row: Row) -> ObjectionLine:
    return ObjectionLine(*tuple(row))
