"""Births, deaths and moves in the village's database: record, withdraw, and what happened to somebody."""

from dataclasses import dataclass

from agent.domain import refusal
from agent.domain.events import WITHDRAWN, Event, EventKind, State, may_record
from agent.domain.refusal import Refusal
from agent.store.desk import Desk
from chassis.database import Connection, Row
from protocol import ops

_COLUMNS = (
    "event.id, event.resident, event.kind, happened_on, place, reference, note, actor, written_ms, withdrawn_reason"
)


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as recorded; `withdrawn_reason`: it was written by mistake, and why."""

    id: bytes
    resident: bytes
    kind: EventKind
    happened_on: str
    place: str
    reference: str
    note: str
    actor: str
    written_ms: int
    withdrawn_reason: str | None


async def record(desk: Desk, resident_id: bytes, event: Event, actor: str) -> bytes | Refusal:
    """Write what happened to a resident on record; the id of the event."""
    state = await desk.connection.fetch_value("SELECT state FROM resident WHERE id = $1", resident_id)
    if state is None:
        return refusal.RESIDENT_NOT_FOUND
    refused = may_record(event.kind, State(state))
    return refused or await _append(desk, resident_id, event, actor)


async def record_arrival(desk: Desk, resident_id: bytes, event: Event, actor: str) -> bytes:
    """The birth or move by which somebody came to be on record, in the transaction that registers them."""
    return await _append(desk, resident_id, event, actor)


async def _append(desk: Desk, resident_id: bytes, event: Event, actor: str) -> bytes:
    op = await desk.append(
        lambda salt: ops.ResidentEvent(
            salt=salt,
            resident=resident_id,
            event=event.kind.value,
            happened_on=event.happened_on.isoformat(),
            place=event.place,
            reference=event.reference,
            note=event.note,
            withdraws=b"",
            actor=actor,
        )
    )
    return op.record_id


async def withdraw(desk: Desk, resident_id: bytes, event_id: bytes, reason: str, actor: str) -> Refusal | None:
    """Take back an event that was written by mistake; it stays readable."""
    stands = await desk.connection.fetch_value(
        "SELECT 1 FROM resident_event WHERE id = $1 AND resident = $2 AND withdrawn_reason IS NULL",
        event_id,
        resident_id,
    )
    if stands is None:
        return refusal.EVENT_NOT_FOUND
    await desk.append(
        lambda salt: ops.ResidentEvent(
            salt=salt,
            resident=resident_id,
            event=WITHDRAWN,
            happened_on="",
            place="",
            reference="",
            note=reason,
            withdraws=event_id,
            actor=actor,
        )
    )
    return None


async def of_resident(connection: Connection, resident_id: bytes) -> list[EventRow]:
    """Everything that happened to somebody, the newest first, withdrawn events too."""
    rows = await connection.fetch_all(
        f"SELECT {_COLUMNS} FROM resident_event event WHERE resident = $1 ORDER BY happened_on DESC, log DESC, seq DESC",
        resident_id,
    )
    return [_event(row) for row in rows]


def _event(row: Row) -> EventRow:
    return EventRow(row[0], row[1], EventKind(row[2]), *(row[at] for at in range(3, 10)))
