"""Proposals and what came back, in the village's database."""

from dataclasses import dataclass
from datetime import date

import msgspec

from agent.domain import refusal
from agent.domain.coverage import NOTHING_KNOWN, Check
from agent.domain.proposal_fields import Answers
from agent.domain.refusal import Refusal
from agent.store import deliberations, reports
from agent.store.desk import Desk, cycles
from agent.store.residents import Registered, cards, former_kks
from chassis.database import Connection, Row
from protocol import ops
from protocol.feed import Cycle, Decision
from protocol.ids import Nik, is_placeholder

LIST_MAX = 200
VIEWED = "view_proposal"
"""What the trail of looks calls opening a proposal."""


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal, how far it has travelled, and the centre's answer when there is one."""

    id: bytes
    scheme: str
    cycle: str
    resident: bytes
    name: str
    nik: str
    written_ms: int
    withdrawn_reason: str | None
    is_acked: bool
    decision: Decision | None
    is_unconfirmed: bool


class Asked(msgspec.Struct, frozen=True):
    """What the form asked beside the person: (key, answer) pairs, what the check said, the minutes it rests on, and the
    online report it follows from.
    """

    fields: Answers = ()
    check: Check = NOTHING_KNOWN
    deliberation: bytes = b""
    report: bytes = b""


NOTHING_ASKED = Asked()


async def propose(
    desk: Desk, cycle_code: str, person: Registered, note: str, actor: str, asked: Asked = NOTHING_ASKED
) -> bytes | Refusal:
    """Write a proposal for a resident in a cycle that is open by this box's clock. The centre judges by what it can prove."""
    cycle = next((c for c in await cycles(desk.connection) if c.code == cycle_code), None)
    if cycle is None:
        return refusal.CYCLE_UNKNOWN
    if not cycle.opens_ms <= desk.now_ms < cycle.closes_ms:
        return refusal.CYCLE_CLOSED
    resident = person.resident
    if is_placeholder(Nik(resident.nik)):
        return refusal.NIK_PLACEHOLDER
    if await is_proposed(desk.connection, cycle_code, resident.nik):
        return refusal.ALREADY_PROPOSED
    if asked.deliberation and not await deliberations.speaks_of(desk.connection, asked.deliberation, cycle_code):
        return refusal.DELIBERATION_UNKNOWN
    if asked.report and not await reports.is_worthy(desk.connection, asked.report, cycle_code):
        return refusal.REPORT_NOT_WORTHY
    former = former_kks(await cards(desk.connection, person.id), resident.kk)
    op = await desk.append(lambda salt: _to_wire(cycle, person, note, actor, asked, former, salt))
    return op.record_id


def _to_wire(
    cycle: Cycle,
    person: Registered,
    note: str,
    actor: str,
    asked: Asked,
    former: list[tuple[str, int]],
    salt: bytes,
) -> ops.ProposalWithAnswers:
    resident = person.resident
    plain = ops.ProposalWithAnswers(
        salt=salt,
        scheme=cycle.scheme,
        cycle=cycle.code,
        nik=resident.nik,
        kk=resident.kk,
        name=resident.name,
        birth_date=resident.birth_date.isoformat(),
        sex=resident.sex.value,
        mother=resident.mother,
        address=resident.address,
        rt=resident.rt,
        rw=resident.rw,
        note=note,
        actor=actor,
        fields=list(asked.fields),
        check=asked.check.answer.value,
        check_as_of=asked.check.as_of,
        deliberation=asked.deliberation,
    )
    if former:
        return ops.ProposalWithFormer(**msgspec.structs.asdict(plain), report=asked.report, former_kks=former)
    if not asked.report:
        return plain
    return ops.ProposalFromReport(**msgspec.structs.asdict(plain), report=asked.report)


async def is_proposed(connection: Connection, cycle_code: str, nik: str) -> bool:
    """Does a proposal of this person for this cycle stand?"""
    found = await connection.fetch_value(
        "SELECT 1 FROM proposal WHERE cycle = $1 AND nik = $2 AND withdrawn_reason IS NULL", cycle_code, nik
    )
    return found is not None


async def withdraw(desk: Desk, proposal_id: bytes, reason: str, actor: str) -> Refusal | None:
    row = await desk.connection.fetch_one("SELECT withdrawn_reason FROM proposal WHERE id = $1", proposal_id)
    if row is None:
        return refusal.PROPOSAL_NOT_FOUND
    if row[0] is not None:
        return refusal.ALREADY_WITHDRAWN
    await desk.append(lambda salt: ops.ProposalWithdrawn(salt=salt, proposal=proposal_id, reason=reason, actor=actor))
    return None


async def recent(
    connection: Connection, *, outcome: str | None = None, limit: int = LIST_MAX, offset: int = 0
) -> list[ProposalRow]:
    """Newest first; `outcome` filters by the centre's answer (`waiting`: none yet, and not withdrawn)."""
    where = {None: "1", "waiting": _WAITING}.get(outcome, "decision.outcome = $3")
    args = (limit, offset) if outcome in {None, "waiting"} else (limit, offset, outcome)
    order = "proposal.written_ms DESC, proposal.id"
    rows = await connection.fetch_all(f"{_ROWS} WHERE {where} ORDER BY {order} LIMIT $1 OFFSET $2", *args)
    return [_row(r) for r in rows]


async def worklist(
    connection: Connection, today: date, *, limit: int = LIST_MAX, offset: int = 0
) -> list[tuple[ProposalRow, bool]]:
    """What came back and asks for somebody: refused, or held with a question; the nearest deadline first, then what has
    none; and whose objection was answered, until somebody has read it. True where nobody has opened the proposal since the
    answer arrived; what is unread stays past its deadline.
    """
    rows = await connection.fetch_all(
        _ROWS.replace("SELECT ", f"SELECT {_UNREAD} AS is_unread, ", 1)
        + _OPEN
        + " ORDER BY decision.objection_until = '', decision.objection_until, decision.arrived_ms DESC, proposal.id"
        " LIMIT $3 OFFSET $4",
        VIEWED,
        today.isoformat(),
        limit,
        offset,
    )
    return [(_row(r), bool(r["is_unread"])) for r in rows]


async def count_worklist(connection: Connection, today: date) -> tuple[int, int]:
    """(all, unread) of the worklist."""
    row = await connection.fetch_one(
        f"SELECT count(*), coalesce(sum({_UNREAD}), 0) FROM proposal"
        " JOIN decision ON decision.proposal = proposal.id" + _OPEN,
        VIEWED,
        today.isoformat(),
    )
    return (row[0], row[1]) if row else (0, 0)


async def by_receipt(connection: Connection, first: bytes, last: bytes) -> list[bytes]:
    """Proposals whose record id lies in what a receipt code may mean: one, or none."""
    rows = await connection.fetch_all("SELECT id FROM proposal WHERE id BETWEEN $1 AND $2 LIMIT 2", first, last)
    return [row[0] for row in rows]


async def count_since(connection: Connection, since_ms: int) -> int:
    """Proposals written from this moment on, by the box's clock."""
    total: int = await connection.fetch_value("SELECT count(*) FROM proposal WHERE written_ms >= $1", since_ms)
    return total


async def find(connection: Connection, proposal_id: bytes) -> ProposalRow | None:
    row = await connection.fetch_one(_ROWS + " WHERE proposal.id = $1", proposal_id)
    return None if row is None else _row(row)


async def made(connection: Connection, proposal_id: bytes) -> ops.ProposalMade | None:
    """The proposal exactly as written, from its own record."""
    row = await connection.fetch_one(
        "SELECT header, body FROM op JOIN proposal ON op.log = proposal.log AND op.seq = proposal.seq"
        " WHERE proposal.id = $1",
        proposal_id,
    )
    body = ops.read_body(ops.read_header(row[0]), row[1]) if row else None
    return body if isinstance(body, ops.ProposalMade) else None


async def of_resident(connection: Connection, resident: bytes) -> list[ProposalRow]:
    rows = await connection.fetch_all(
        _ROWS + " WHERE proposal.resident = $1 ORDER BY proposal.written_ms DESC LIMIT $2", resident, LIST_MAX
    )
    return [_row(r) for r in rows]


async def counts(connection: Connection) -> dict[str, int]:
    """Proposals by the centre's answer; `waiting` are those without one that were not withdrawn."""
    rows = await connection.fetch_all(
        "SELECT coalesce(decision.outcome, iif(withdrawn_reason IS NULL, 'waiting', 'withdrawn')), count(*)"
        " FROM proposal LEFT JOIN decision ON decision.proposal = proposal.id GROUP BY 1"
    )
    return {r[0]: r[1] for r in rows}


_UNREAD = (
    "(NOT EXISTS (SELECT 1 FROM access_log WHERE subject = lower(hex(proposal.id)) AND action = $1"
    " AND at_ms >= max(decision.arrived_ms, coalesce((SELECT max(arrived_ms) FROM objection_decision AS o"
    " WHERE o.proposal = proposal.id), 0))))"
)
_IS_ANSWERED = "EXISTS (SELECT 1 FROM objection_decision AS o WHERE o.proposal = proposal.id)"
_OPEN = (
    " WHERE proposal.withdrawn_reason IS NULL AND (decision.outcome IN ('rejected', 'needs_review')"
    f" AND (decision.objection_until = '' OR decision.objection_until >= $2 OR {_UNREAD})"
    f" OR decision.outcome IS NOT NULL AND {_IS_ANSWERED} AND {_UNREAD})"
)
_WAITING = "decision.outcome IS NULL AND proposal.withdrawn_reason IS NULL"


_ROWS = (
    "SELECT proposal.id, proposal.scheme, proposal.cycle, proposal.resident, proposal.name, proposal.nik,"
    " proposal.written_ms, proposal.withdrawn_reason, proposal.seq <= log.acked_seq AS is_acked, decision.value,"
    " coalesce(decision.is_unconfirmed, 0) AS is_unconfirmed"
    " FROM proposal JOIN log ON log.ordinal = proposal.log LEFT JOIN decision ON decision.proposal = proposal.id"
)


def _row(row: Row) -> ProposalRow:
    decision = None if row["value"] is None else msgspec.msgpack.decode(row["value"], type=Decision)
    return ProposalRow(
        id=row["id"],
        scheme=row["scheme"],
        cycle=row["cycle"],
        resident=row["resident"],
        name=row["name"],
        nik=row["nik"],
        written_ms=row["written_ms"],
        withdrawn_reason=row["withdrawn_reason"],
        is_acked=bool(row["is_acked"]),
        decision=decision,
        is_unconfirmed=bool(row["is_unconfirmed"]),
    )
