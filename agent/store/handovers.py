"""Handovers in the village's database: each is written beside the letter that left the office."""

from agent.domain import refusal
from agent.domain.handovers import Handover
from agent.domain.refusal import Refusal
from agent.store.desk import Desk
from protocol import ops


async def hand_over(desk: Desk, letter: bytes, handover: Handover, actor: str) -> bytes | Refusal:
    """The record's id. A letter may go out more than once, a void one does not."""
    row = await desk.connection.fetch_one("SELECT voided_reason FROM letter WHERE id = $1", letter)
    if row is None:
        return refusal.LETTER_NOT_FOUND
    if row[0] is not None:
        return refusal.LETTER_ALREADY_VOID
    op = await desk.append(
        lambda salt: ops.LetterHandedOver(
            salt=salt,
            letter=letter,
            handed_on=handover.handed_on.isoformat(),
            recipient=handover.recipient,
            received_by=handover.received_by,
            actor=actor,
        )
    )
    return op.record_id
