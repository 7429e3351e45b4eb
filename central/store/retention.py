"""Erases what is older than the office keeps it, and says in the trail how much went. Never touches a log, a feed, a list that
was determined, or the trail: their hashes prove what was decided, and the office's archive schedule keeps them (docs/dpia.md).
"""

from dataclasses import dataclass

from central.store import trail
from chassis.database import Connection

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Erased:
    """How many of each went, or would go."""

    reports: int
    pictures: int
    logins: int


@dataclass(frozen=True, slots=True)
class Limits:
    """In ms since 1970: what is older goes. A report's own time stands with it; `pictures_ms` 0 keeps all photographs."""

    reports_ms: int
    pictures_ms: int
    logins_ms: int


async def due(connection: Connection, limits: Limits) -> Erased:
    """What `erase` would take now."""
    return Erased(
        await connection.fetch_value(f"SELECT count(*) FROM report WHERE {_REPORTS}", limits.reports_ms),
        await connection.fetch_value(f"SELECT count(*) FROM attachment_content WHERE {_PICTURES}", limits.pictures_ms),
        await connection.fetch_value(f"SELECT count(*) FROM login_session WHERE {_LOGINS}", limits.logins_ms),
    )


async def erase(connection: Connection, limits: Limits, *, actor: str, now_ms: int) -> Erased:
    """In one transaction, with one line in the trail for each kind that lost anything."""
    found = Erased(
        # a report that repeats another names it, and both are due on one day
        await connection.execute(f"DELETE FROM report WHERE repeats IS NOT NULL AND {_REPORTS}", limits.reports_ms)
        + await connection.execute(f"DELETE FROM report WHERE {_REPORTS} AND {_UNNAMED}", limits.reports_ms),
        await connection.execute(f"DELETE FROM attachment_content WHERE {_PICTURES}", limits.pictures_ms),
        await connection.execute(f"DELETE FROM login_session WHERE {_LOGINS}", limits.logins_ms),
    )
    for what, count in (("reports", found.reports), ("pictures", found.pictures), ("logins", found.logins)):
        if count:
            await trail.record(connection, at_ms=now_ms, actor=actor, action=f"erase_{what}", subject=str(count))
    return found


_REPORTS = "kept_until_ms < $1"
_UNNAMED = "NOT EXISTS (SELECT 1 FROM report AS other WHERE other.repeats = report.id)"
_PICTURES = "received_ms < $1"
_LOGINS = "seen_ms < $1"
