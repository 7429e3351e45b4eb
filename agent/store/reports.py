"""Online reports in the village's database: what the regency's feed brought, and what the village found at its visits.

The reports are read where the feed keeps them, so a program that learns of them later shows those that came before. Only
`views.py` writes the visits.
"""

from dataclasses import dataclass

import msgspec

from agent.domain.refusal import REPORT_NOT_FOUND, Refusal
from agent.domain.reports import Finding, Visit
from agent.store.desk import Desk
from chassis.database import Connection, Row
from protocol import ops
from protocol.feed import REPORT_KEYS, VILLAGE, Report, report_key


@dataclass(frozen=True, slots=True)
class VisitRow:
    """What was found, and how far the record has travelled."""

    id: bytes
    visited_on: str
    visitor: str
    finding: str
    note: str
    actor: str
    written_ms: int
    is_acked: bool


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report, and what the newest visit found: empty until there was one."""

    report: Report
    finding: str


async def lines(connection: Connection, *, is_open: bool, limit: int, offset: int = 0) -> list[ReportRow]:
    """Those that wait for a visit, the oldest first; or those that were visited, the newest first."""
    order = "feed_state.seq" if is_open else "feed_state.seq DESC"
    rows = await connection.fetch_all(
        f"SELECT value, {_FINDING} AS finding FROM feed_state WHERE {_REPORTS} AND finding {'=' if is_open else '!='} ''"
        f" ORDER BY {order} LIMIT $4 OFFSET $5",
        VILLAGE,
        REPORT_KEYS,
        _BEHIND,
        limit,
        offset,
    )
    return [found for row in rows if (found := _row(row)) is not None]


async def count_open(connection: Connection) -> int:
    """Reports that wait for a visit."""
    return (await counts(connection))[0]


async def counts(connection: Connection) -> tuple[int, int]:
    """(waiting, visited)."""
    row = await connection.fetch_one(
        "SELECT coalesce(sum(finding = ''), 0), coalesce(sum(finding != ''), 0) FROM"
        f" (SELECT {_FINDING} AS finding FROM feed_state WHERE {_REPORTS})",
        VILLAGE,
        REPORT_KEYS,
        _BEHIND,
    )
    return (row[0], row[1]) if row else (0, 0)


async def find(connection: Connection, report: bytes) -> ReportRow | None:
    row = await connection.fetch_one(
        f"SELECT value, {_FINDING} AS finding FROM feed_state WHERE feed = $1 AND key = $2", VILLAGE, report_key(report)
    )
    return None if row is None else _row(row)


async def by_receipt(connection: Connection, first: bytes, last: bytes) -> list[bytes]:
    """Reports whose id lies in what a receipt code may mean: one, or none."""
    rows = await connection.fetch_all(
        f"SELECT substr(key, {len(REPORT_KEYS) + 1}) FROM feed_state WHERE {_REPORTS} AND key BETWEEN $4 AND $5 LIMIT 2",
        VILLAGE,
        REPORT_KEYS,
        _BEHIND,
        report_key(first),
        report_key(last),
    )
    return [row[0] for row in rows]


async def visits(connection: Connection, report: bytes) -> list[VisitRow]:
    """What was found, the visit that stands first."""
    rows = await connection.fetch_all(
        "SELECT id, visited_on, visitor, finding, note, actor, written_ms, seq <= log.acked_seq"
        " FROM report_verification AS v JOIN log ON log.ordinal = v.log WHERE report = $1 ORDER BY v.log DESC, seq DESC",
        report,
    )
    return [VisitRow(r[0], r[1], r[2], r[3], r[4], r[5], r[6], bool(r[7])) for r in rows]


async def verify(desk: Desk, report: bytes, visit: Visit, actor: str) -> bytes | Refusal:
    """Write down what was found; a later visit corrects an earlier one. The id of the record."""
    if await find(desk.connection, report) is None:
        return REPORT_NOT_FOUND
    op = await desk.append(
        lambda salt: ops.ReportVerified(
            salt=salt,
            report=report,
            visited_on=visit.visited_on.isoformat(),
            visitor=visit.visitor,
            finding=visit.finding.value,
            note=visit.note,
            actor=actor,
        )
    )
    return op.record_id


async def is_worthy(connection: Connection, report: bytes, cycle: str) -> bool:
    """May a proposal for this cycle follow from the report?"""
    found = await find(connection, report)
    return found is not None and found.finding == Finding.WORTHY and found.report.cycle == cycle


async def proposals_of(connection: Connection, report: bytes) -> list[bytes]:
    """The proposals that follow from it, newest first."""
    rows = await connection.fetch_all(
        "SELECT id FROM proposal WHERE report = $1 AND report != x'' ORDER BY written_ms DESC, id", report
    )
    return [row[0] for row in rows]


async def of_proposal(connection: Connection, proposal: bytes) -> bytes:
    """The report that a proposal follows from, or empty."""
    found: bytes | None = await connection.fetch_value("SELECT report FROM proposal WHERE id = $1", proposal)
    return found or b""


_BEHIND = REPORT_KEYS + b"\xff" * 17
_REPORTS = "feed = $1 AND key > $2 AND key < $3 AND kind = 'report' AND is_readable = 1"
_FINDING = (
    f"coalesce((SELECT finding FROM report_verification AS v WHERE v.report = substr(key, {len(REPORT_KEYS) + 1})"
    " ORDER BY v.log DESC, v.seq DESC LIMIT 1), '')"
)


def _row(row: Row) -> ReportRow | None:
    """None for what an older program kept and this one cannot read either."""
    try:
        return ReportRow(msgspec.msgpack.decode(row["value"], type=Report), row["finding"])
    except msgspec.MsgspecError:
        return None
