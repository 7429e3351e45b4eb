"""Objections that residents make at the counter, in the village's database. Another officer decides them, at the centre."""

from dataclasses import dataclass

from agent.domain import refusal
from agent.domain.refusal import Refusal
from agent.store.desk import Desk
from chassis.database import Connection
from protocol import ops


@dataclass(frozen=True, slots=True)
class ObjectionRow:
    """`outcome`, `reason`: what an officer of the regency answered, empty while nobody has."""

    id: bytes
    grounds: str
    evidence: str
    written_ms: int
    is_acked: bool
    outcome: str
    reason: str
    decided_ms: int
    is_unconfirmed: bool


async def make(desk: Desk, proposal: bytes, grounds: str, evidence: str, actor: str) -> bytes | Refusal:
    """Against the rejection in force. One that comes late is recorded too: a long outage costs nobody their right."""
    if not await is_open(desk.connection, proposal):
        known = await desk.connection.fetch_value("SELECT 1 FROM objection WHERE proposal = $1", proposal)
        return refusal.ALREADY_OBJECTED if known else refusal.NOTHING_TO_OBJECT
    op = await desk.append(
        lambda salt: ops.ObjectionMade(salt=salt, proposal=proposal, grounds=grounds, evidence=evidence, actor=actor)
    )
    return op.record_id


async def is_open(connection: Connection, proposal: bytes) -> bool:
    """Is there a rejection that nobody has contested since it arrived?"""
    found = await connection.fetch_value(
        "SELECT 1 FROM decision JOIN proposal ON proposal.id = decision.proposal WHERE decision.proposal = $1"
        " AND outcome = 'rejected' AND withdrawn_reason IS NULL AND NOT EXISTS (SELECT 1 FROM objection"
        " WHERE objection.proposal = decision.proposal AND objection.written_ms >= decision.arrived_ms)",
        proposal,
    )
    return found is not None


async def of_proposal(connection: Connection, proposal: bytes) -> list[ObjectionRow]:
    """Newest first."""
    rows = await connection.fetch_all(
        "SELECT id, grounds, evidence, written_ms, seq <= log.acked_seq, coalesce(d.outcome, ''), coalesce(d.reason, ''),"
        " coalesce(d.at_ms, 0), coalesce(d.is_unconfirmed, 0) FROM objection"
        " JOIN log ON log.ordinal = objection.log LEFT JOIN objection_decision AS d ON d.objection = objection.id"
        " WHERE objection.proposal = $1 ORDER BY written_ms DESC, id",
        proposal,
    )
    return [ObjectionRow(r[0], r[1], r[2], r[3], bool(r[4]), r[5], r[6], r[7], bool(r[8])) for r in rows]
