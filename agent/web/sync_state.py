"""The state of the road in words: on every page in one line, and on its own page in full.

Must never make a page wait for the road: it reads what the post room noted. The line refreshes itself where scripts
run, and is true at every page view where they do not.
"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from agent.store import attachments, feed, is_numbering_known, letters, oplog, requests
from agent.web.desk import COUNTER_ROLES, at_counter, person_of
from agent.web.office import Office
from agent.web.words import NOTICES, QUARANTINE, halted_words, road_words, series_name
from chassis.database import Connection
from chassis.web import page, roles, visitor_of
from protocol.feed import NumberClash

LISTED_MAX = 50
"""Unread records or clashes on the page: the first few tell the story, the regency has them all."""


class SyncPages:
    """/sync."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/sync", self.show), web.get("/sync/line", self.line)]

    async def context(self, request: web.Request) -> Mapping[str, Any]:
        """What the status bar of every page needs: one small read."""

        visitor = visitor_of(request)
        is_known_person = visitor is not None and visitor.account is not None
        pairs = self._office.work_of(person_of(self._office, request)) if is_known_person else []

        async def look(connection: Connection) -> tuple[oplog.Outbox, bool, int]:
            mine = await requests.count_waiting(connection, pairs) if pairs else 0
            return await oplog.outbox(connection), await is_numbering_known(connection), mine

        waiting, is_known, mine = await self._office.store.database.read(look)
        words, kind = road_words(self._office.road(), waiting, self._office.stamper.now_ms())
        return {"road_words": words, "road_kind": kind, "is_numbering_known": is_known, "mine_count": mine}

    @roles(*COUNTER_ROLES, extends_login=False)
    async def line(self, request: web.Request) -> web.StreamResponse:
        """The status bar alone, for a page that stays open."""
        return await page(request, "road.html")

    @at_counter
    async def show(self, request: web.Request) -> web.StreamResponse:
        context = await self._office.store.database.read(_look)
        status = self._office.road()
        context |= {
            "status": status,
            "halted": halted_words(status.halted) if status and status.halted else "",
            "quarantine": QUARANTINE,
            "series_name": series_name,
            "notice_words": NOTICES,
            "complaints": self._office.catalogue.complaints,
            "unknown_kinds": self._office.unknown_kinds(),
        }
        return await page(request, "sync.html", context)


async def _look(connection: Connection) -> dict[str, Any]:
    clashes = await feed.values(connection, "number_clash", LISTED_MAX)
    records = [each for clash in clashes if isinstance(clash, NumberClash) for each in _records(clash)]
    return {
        "waiting": await oplog.outbox(connection),
        "pictures_waiting": await attachments.count_waiting(connection),
        "logs": await oplog.heads(connection),
        "quarantined": await feed.values(connection, "quarantined", LISTED_MAX),
        "clashes": clashes,
        "held": {each for each in records if await letters.is_held(connection, each)},
        "trouble": await feed.trouble(connection),
        "told": await feed.values(connection, "notice", LISTED_MAX),
    }


def _records(clash: NumberClash) -> tuple[bytes, bytes]:
    return clash.first_record, clash.second_record
