"""Objections that residents made at their village's counter, for the officers who will decide on them. Reads only."""

from aiohttp import web

from central.store import objections
from central.store.objections import PAGE_ROWS
from central.web.decisions import READERS, place
from central.web.desk import Desk
from central.web.words import OUTCOMES, REASONS
from chassis.database import Connection
from chassis.web import account_of, page, page_count, page_number, roles
from chassis.web.accounts import record_access


class ObjectionPages:
    """/objections."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/objections", self.list)]

    @roles(*READERS)
    async def list(self, request: web.Request) -> web.StreamResponse:
        async def look(connection: Connection) -> dict[str, object]:
            total = await objections.count(connection)
            pages = page_count(total, PAGE_ROWS)
            number = page_number(request.query.get("page", ""), pages)
            lines = await objections.lines(connection, number)
            return {"lines": lines, "total": total, "number": number, "pages": pages}

        context = await self._desk.database.read(look)
        now_ms, actor = self._desk.clock.now_ms(), account_of(request).login
        await self._desk.database.transact(
            lambda c: record_access(c, now_ms=now_ms, actor=actor, action="list_objections", subject="")
        )
        context |= {"outcomes": OUTCOMES, "reasons": REASONS, "place": place}
        return await page(request, "objections.html", context)
