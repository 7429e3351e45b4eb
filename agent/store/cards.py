"""Which e-KTP stands for whom at the kiosk."""

from agent.domain import refusal
from agent.domain.refusal import Refusal
from agent.store.desk import Desk
from agent.store.residents import Registered, get
from chassis.database import Connection
from protocol import ops


async def bind(desk: Desk, resident: bytes, card: bytes, actor: str) -> Refusal | None:
    """The card (its digest) stands for this resident from now on, and for nobody else; b"" takes the card away."""
    if await get(desk.connection, resident) is None:
        return refusal.RESIDENT_NOT_FOUND
    await desk.append(lambda salt: ops.CardBound(salt=salt, resident=resident, card=card, actor=actor))
    return None


async def holder(connection: Connection, card: bytes) -> Registered | None:
    """For whom this card stands."""
    found = await connection.fetch_value("SELECT resident FROM kiosk_card WHERE card = $1", card)
    return None if found is None else await get(connection, found)


async def bound_ms(connection: Connection, resident: bytes) -> int | None:
    """Since when this resident has a card; None without one."""
    since: int | None = await connection.fetch_value("SELECT bound_ms FROM kiosk_card WHERE resident = $1", resident)
    return since
