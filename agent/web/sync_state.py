"""The state of the road in words: on every page in one line, and on its own page in full."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from agent.store import oplog
from agent.web.office import Office
from agent.web.words import NOTICES, QUARANTINE, halted_words, road_words
from chassis.database import Connection
from chassis.web import page, signed_in
from protocol.feed import Notice, NumberClash, Quarantined


class SyncPages:
    """/sync."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/sync", self.show)]

    async def context(self, request: web.Request) -> Mapping[str, Any]:
        """What the status bar of every page needs: one small read."""
        waiting = await self._office.store.database.read(oplog.outbox)
        words, kind = road_words(self._office.road(), waiting)
        return {"road_words": words, "road_kind": kind}

    @signed_in
    async def show(self, request: web.Request) -> web.StreamResponse:
        context = await self._office.store.database.read(_look)
        status = self._office.road()
        context |= {
            "status": status,
            "halted": halted_words(status.halted) if status and status.halted else "",
            "quarantine": QUARANTINE,
            "notice_words": NOTICES,
            "condition": str(self._office.store.condition),
        }
        return await page(request, "sync.html", context)


async def _look(connection: Connection) -> dict[str, Any]:
    rows = await connection.fetch_all(
        "SELECT kind, value FROM feed_state WHERE feed = 'village' AND kind IN ('quarantined', 'number_clash', 'notice')"
    )
    by_kind: dict[str, list[bytes]] = {}
    for kind, value in rows:
        by_kind.setdefault(kind, []).append(value)
    return {
        "waiting": await oplog.outbox(connection),
        "logs": await oplog.heads(connection),
        "quarantined": [msgspec.msgpack.decode(v, type=Quarantined) for v in by_kind.get("quarantined", [])],
        "clashes": [msgspec.msgpack.decode(v, type=NumberClash) for v in by_kind.get("number_clash", [])],
        "told": [msgspec.msgpack.decode(v, type=Notice) for v in by_kind.get("notice", [])],
    }
