"""Where a person decided otherwise than the rules or an officer before them had: what it was, what it became, who and why.

Reads only. An override is an identity verdict (the rules had left it open, or another officer had said otherwise) or a
granted objection. Nothing is left out and nothing is ever changed: the rows are those that `decide` rests on.
"""

from dataclasses import dataclass

from chassis.database import Connection

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Override:
    """`was`: a reason code, or the identity that was said before. `became`: an identity; `ended` or `aside` where an
    objection was granted. `first_officer`: empty where the rules alone had decided. `outcome`: of the answer now in force.
    """

    at_ms: int
    kind: str  # identity | objection
    was: str
    became: str
    reason: str
    officer: str
    first_officer: str
    proposal: bytes
    village: str
    cycle: str
    outcome: str


async def lines(connection: Connection, page: int, rows: int = PAGE_ROWS) -> list[Override]:
    """One page, newest first."""
    found = await connection.fetch_all(
        f"SELECT at_ms, kind, was, became, reason, officer, first_officer, proposal.record, village, cycle, outcome"
        f" FROM ({_ALL}) AS o JOIN proposal ON proposal.record = o.proposal ORDER BY at_ms DESC, proposal.record"
        " LIMIT $1 OFFSET $2",
        rows,
        (page - 1) * rows,
    )
    return [Override(*tuple(row)) for row in found]


async def count(connection: Connection) -> int:
    total: int = await connection.fetch_value(
        "SELECT (SELECT count(*) FROM identity_verdict)"
        " + (SELECT count(*) FROM objection_decision WHERE outcome = 'granted')"
    )
    return total


_BEFORE = "FROM identity_verdict AS e WHERE e.key = v.key AND e.id < v.id ORDER BY e.id DESC LIMIT 1"
_ALL = (
    f"SELECT at_ms, 'identity' AS kind, coalesce((SELECT identity {_BEFORE}), 'identity_conflict') AS was,"
    f" identity AS became, reason, actor AS officer, coalesce((SELECT actor {_BEFORE}), '') AS first_officer, proposal"
    " FROM identity_verdict AS v"
    " UNION ALL SELECT at_ms, 'objection', code,"
    " iif(EXISTS (SELECT 1 FROM coverage_end WHERE objection = d.objection), 'ended', 'aside'), reason, actor,"
    " coalesce((SELECT actor FROM identity_verdict AS e WHERE e.proposal = d.proposal AND e.at_ms <= d.at_ms"
    " ORDER BY e.id DESC LIMIT 1), ''), proposal"
    " FROM objection_decision AS d WHERE outcome = 'granted'"
)
