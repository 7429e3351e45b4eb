"""The at most twelve numbers a box reports about itself with each hello: what the centre shows and alarms on.

Computed from one small read; never a name, a NIK or a letter's number.
"""

from pathlib import Path

from agent.machine import disk_room
from agent.store import Store, feed, oplog
from agent.store.feed import Trouble
from agent.store.oplog import Outbox
from chassis.database import Connection


class Health:
    """Reads the archive and the disk when asked."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    async def numbers(self) -> list[tuple[str, int]]:
        """Names as in docs/protocol.md; times in ms since 1970 by the box's clock, 0: nothing waits."""
        waiting, trouble = await self._store.database.read(_look)
        return [
            ("outbox_ops", waiting.ops),
            ("oldest_unacked_ms", waiting.oldest_ms or 0),
            ("disk_free_ppm", disk_room(self._folder).free_ppm),
            ("feed_unreadable", trouble.unreadable),
        ]


async def _look(connection: Connection) -> tuple[Outbox, Trouble]:
    return await oplog.outbox(connection), await feed.trouble(connection)
