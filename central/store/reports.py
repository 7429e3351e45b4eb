"""Online reports at the centre: as they came, what was found at the visit, which proposals followed. Reads and writes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import astuple

from central.domain.reports import Answer, Need, Verification, fate_of
from central.domain.rosters import Fate
from central.store import trail
from chassis.database import Connection, Row
from protocol.codec import pack
from protocol.feed import Decision

PAGE_ROWS = 50
PUBLIC = "public"
"""Who reports, in the trail: nobody signs in there."""


@dataclass(frozen=True, slots=True)
class Received:
    """A report that is kept. `repeats`: the open report on the same person, empty where there was none."""

    id: bytes
    need: Need
    received_ms: int
    kept_until_ms: int
    answer: Answer
    look: Decision
    repeats: bytes

    @property
    def is_told(self) -> bool:
        """Does its village hear of it?"""
        return self.answer is not Answer.COVERED and not self.repeats


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A report as lists show it; `finding` is empty until its village has visited, `proposals` follow from it."""

    id: bytes
    name: str
    cycle: str
    village: str
    received_ms: int
    answer: str
    is_repeat: bool
    finding: str
    proposals: int


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A proposal that rests on a report, and the answer in force."""

    proposal: bytes
    received_ms: int
    outcome: str
    code: str


async def put(connection: Connection, received: Received, form_key: str) -> None:
    """Keep a report, with its line in the trail."""
    n = received.need
    await connection.execute(
        "INSERT INTO report (id, form_key, scheme, cycle, village, reported_for, name, nik, kk, address, need, contact,"
        " received_ms, kept_until_ms, answer, look, repeats)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        received.id,
        form_key,
        n.scheme,
        n.cycle,
        n.village,
        n.reported_for,
        n.name,
        n.nik,
        n.kk,
        n.address,
        n.need,
        n.contact,
        received.received_ms,
        received.kept_until_ms,
        received.answer.value,
        pack(received.look),
        received.repeats or None,
    )
    await trail.record(
        connection, at_ms=received.received_ms, actor=PUBLIC, action="report_need", subject=received.id.hex()
    )


async def of_form(connection: Connection, form_key: str) -> bytes | None:
    """The report that this very form led to."""
    found: bytes | None = await connection.fetch_value("SELECT id FROM report WHERE form_key = $1", form_key)
    return found


async def open_on(connection: Connection, nik: str, cycle: str, village: str) -> bytes:
    """The report on this person that its village has yet to verify; empty where there is none."""
    found: bytes | None = await connection.fetch_value(
        "SELECT id FROM report WHERE nik = $1 AND nik != '' AND cycle = $2 AND village = $3 AND answer != 'covered'"
        " AND repeats IS NULL AND NOT EXISTS (SELECT 1 FROM report_verification AS v"
        " WHERE v.report = report.id AND v.village = report.village) LIMIT 1",
        nik,
        cycle,
        village,
    )
    return found or b""


async def add_verifications(connection: Connection, verifications: Iterable[Verification]) -> None:
    await connection.execute_many(
        "INSERT INTO report_verification (record, village, epoch, seq, report, visited_on, visitor, finding, note, actor,"
        " claimed_ms, received_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        " ON CONFLICT (record) DO NOTHING",
        [astuple(each) for each in verifications],
    )


async def add_proposals(connection: Connection, village: str, pairs: Iterable[tuple[bytes, bytes]]) -> None:
    """(proposal, report)."""
    await connection.execute_many(
        "INSERT INTO report_proposal (village, proposal, report) VALUES ($1, $2, $3) ON CONFLICT (proposal) DO NOTHING",
        [(village, *pair) for pair in pairs],
    )


# --- for officers -----------------------------------------------------------------------------------------------------

_FINDING = (
    "coalesce((SELECT finding FROM report_verification AS v WHERE v.report = report.id AND v.village = report.village"
    " ORDER BY epoch DESC, seq DESC LIMIT 1), '')"
)
STATES = {
    "": "1",
    "waiting": f"answer != 'covered' AND repeats IS NULL AND {_FINDING} = ''",
    "verified": f"{_FINDING} != ''",
    "covered": "answer = 'covered'",
    "repeated": "repeats IS NOT NULL",
}
"""What a list can be narrowed to, as conditions on `report`."""


async def lines(connection: Connection, state: str, page: int) -> list[ReportLine]:
    """One page, the last to arrive first. `state` is one of STATES."""
    rows = await connection.fetch_all(
        f"SELECT id, name, cycle, village, received_ms, answer, repeats IS NOT NULL, {_FINDING},"
        " (SELECT count(*) FROM report_proposal AS p WHERE p.report = report.id AND p.village = report.village)"
        f" FROM report WHERE {STATES[state]} ORDER BY received_ms DESC, id LIMIT $1 OFFSET $2",
        PAGE_ROWS,
        (page - 1) * PAGE_ROWS,
    )
    return [ReportLine(r[0], r[1], r[2], r[3], r[4], r[5], bool(r[6]), r[7], r[8]) for r in rows]


async def fates(connection: Connection, cycle: str) -> list[tuple[Fate, str]]:
    """What became of each report of a cycle, and why, in the order of receipt."""
    rows = await connection.fetch_all(
        f"SELECT answer, repeats IS NOT NULL, {_FINDING}, EXISTS (SELECT 1 FROM report_proposal AS p JOIN proposal"
        " ON proposal.record = p.proposal AND proposal.village = p.village WHERE p.report = report.id"
        " AND p.village = report.village) FROM report WHERE cycle = $1 ORDER BY received_ms, id",
        cycle,
    )
    return [fate_of(Answer(r[0]), is_repeat=bool(r[1]), finding=r[2], is_proposed=bool(r[3])) for r in rows]


async def counts(connection: Connection) -> dict[str, int]:
    """Reports by state."""
    columns = ", ".join(f"coalesce(sum({condition}), 0)" for condition in STATES.values())
    row = await connection.fetch_one(f"SELECT {columns} FROM report")
    return dict(zip(STATES, row or (), strict=True))


async def find(connection: Connection, report: bytes) -> Received | None:
    row = await connection.fetch_one(
        "SELECT id, scheme, cycle, village, reported_for, name, nik, kk, address, need, contact, received_ms,"
        " kept_until_ms, answer, look, repeats FROM report WHERE id = $1",
        report,
    )
    return None if row is None else _received(row)


def _received(row: Row) -> Received:
    values = tuple(row)
    look = msgspec.msgpack.decode(values[14], type=Decision)
    return Received(values[0], Need(*values[1:11]), values[11], values[12], Answer(values[13]), look, values[15] or b"")


async def verifications(connection: Connection, report: bytes, village: str) -> Sequence[Verification]:
    """What its village found, the one that stands first."""
    rows = await connection.fetch_all(
        "SELECT record, village, epoch, seq, report, visited_on, visitor, finding, note, actor, claimed_ms, received_ms"
        " FROM report_verification WHERE report = $1 AND village = $2 ORDER BY epoch DESC, seq DESC",
        report,
        village,
    )
    return [Verification(*row) for row in rows]


async def follow_ups(connection: Connection, report: bytes, village: str) -> list[FollowUp]:
    """The proposals of its village that rest on it, newest first."""
    rows = await connection.fetch_all(
        "SELECT record, received_ms, outcome, code FROM report_proposal JOIN proposal ON record = report_proposal.proposal"
        " AND proposal.village = report_proposal.village WHERE report = $1 AND report_proposal.village = $2"
        " ORDER BY received_ms DESC, record",
        report,
        village,
    )
    return [FollowUp(*row) for row in rows]


async def of_proposal(connection: Connection, proposal: bytes) -> bytes | None:
    """The report that a proposal rests on, if it is here and that village's own."""
    found: bytes | None = await connection.fetch_value(
        "SELECT report.id FROM report_proposal JOIN report ON report.id = report_proposal.report"
        " AND report.village = report_proposal.village WHERE proposal = $1",
        proposal,
    )
    return found


async def all_verifications(connection: Connection) -> dict[bytes, Verification]:
    """Every visit, for the audit."""
    rows = await connection.fetch_all(
        "SELECT record, village, epoch, seq, report, visited_on, visitor, finding, note, actor, claimed_ms, received_ms"
        " FROM report_verification"
    )
    return {row[0]: Verification(*row) for row in rows}
