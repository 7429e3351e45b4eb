"""Published editions of letter kinds, kept as the regency's feed said them: once each, for ever, in the order they came."""

import contextlib

from chassis.database import Connection
from protocol.codec import unpack
from protocol.errors import ProtocolError
from protocol.feed import LetterEdition


async def keep(connection: Connection, value: bytes) -> None:
    """Also what turns out not to be the regency's: judging needs its key, and comes at use."""
    await connection.execute("INSERT INTO letter_edition (value) VALUES ($1) ON CONFLICT (value) DO NOTHING", value)


async def kept(connection: Connection) -> list[tuple[int, bytes]]:
    """(place, bytes) of every edition, whether it can be read or not."""
    rows = await connection.fetch_all("SELECT place, value FROM letter_edition ORDER BY place")
    return [(row[0], bytes(row[1])) for row in rows]


async def after(connection: Connection, place: int) -> list[tuple[int, LetterEdition]]:
    """(place, edition) of those behind a place; what cannot be read is counted with the feed's (`feed.trouble`)."""
    found = []
    rows = await connection.fetch_all("SELECT place, value FROM letter_edition WHERE place > $1 ORDER BY place", place)
    for row in rows:
        with contextlib.suppress(ProtocolError):
            found.append((row[0], unpack(row[1], LetterEdition)))
    return found
