"""Incoming letters in the village's database: registered with the next number of their agenda, corrected, found again."""

from dataclasses import dataclass
from datetime import date

from agent.domain import numbering, refusal
from agent.domain.incoming import SERIES_INCOMING, IncomingLetter
from agent.domain.refusal import Refusal
from agent.store.desk import Desk
from chassis.database import Connection
from protocol import ops


@dataclass(frozen=True, slots=True)
class Registered:
    """An incoming letter with its place in the agenda. `recorded_ms`: when it was last registered or corrected."""

    id: bytes
    year: int
    number: int
    letter: IncomingLetter
    recorded_ms: int


async def register(desk: Desk, letter: IncomingLetter, actor: str) -> bytes | Refusal:
    """Enter a letter; the next number is read and used inside this one transaction. Raises NumberingError."""
    if not await desk.is_numbering_known():
        return refusal.NUMBERING_UNKNOWN
    number = numbering.next_number(await desk.highest(), SERIES_INCOMING, letter.year)
    return (await desk.append(lambda salt: _to_wire(letter, salt, b"", number, actor))).record_id


async def correct(desk: Desk, incoming: bytes, letter: IncomingLetter, actor: str) -> bytes | Refusal:
    """Enter it again under the number it has, for example with its disposition."""
    former = await get(desk.connection, incoming)
    if former is None:
        return refusal.INCOMING_NOT_FOUND
    if former.letter != letter:
        await desk.append(lambda salt: _to_wire(letter, salt, incoming, former.number, actor))
    return incoming


async def get(connection: Connection, incoming: bytes) -> Registered | None:
    row = await connection.fetch_one(
        "SELECT year, number, received_on, sender, their_number, dated, subject, disposition, recorded_ms"
        " FROM incoming WHERE id = $1",
        incoming,
    )
    if row is None:
        return None
    letter = IncomingLetter(
        received_on=date.fromisoformat(row[2]),
        sender=row[3],
        their_number=row[4],
        dated=date.fromisoformat(row[5]) if row[5] else None,
        subject=row[6],
        disposition=row[7],
    )
    return Registered(incoming, row[0], row[1], letter, row[8])


def _to_wire(letter: IncomingLetter, salt: bytes, incoming: bytes, number: int, actor: str) -> ops.IncomingRegistered:
    return ops.IncomingRegistered(
        salt=salt,
        incoming=incoming,
        series=SERIES_INCOMING,
        year=letter.year,
        number=number,
        received_on=letter.received_on.isoformat(),
        sender=letter.sender,
        their_number=letter.their_number,
        dated=letter.dated.isoformat() if letter.dated else "",
        subject=letter.subject,
        disposition=letter.disposition,
        actor=actor,
    )
