"""Where officers decided otherwise, for the auditor: what it was, what it became, who, who before them, and why. Reads only."""

from aiohttp import web

from central.domain.identities import Identity
from central.domain.objections import Way
from central.store import overrides
from central.store.overrides import PAGE_ROWS, Override
from central.web.decisions import READERS, place
from central.web.desk import Desk
from central.web.words import IDENTITIES, OUTCOMES, REASONS, WAYS
from chassis.database import Connection
from chassis.web import page, page_count, page_number, roles

_IDENTITIES = {each.value for each in Identity}


class OverridePages:
    """/overrides."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/overrides", self.list)]

    @roles(*READERS)
    async def list(self, request: web.Request) -> web.StreamResponse:
        async def look(connection: Connection) -> dict[str, object]:
            total = await overrides.count(connection)
            pages = page_count(total, PAGE_ROWS)
            number = page_number(request.query.get("page", ""), pages)
            return {
                "lines": await overrides.lines(connection, number),
                "total": total,
                "number": number,
                "pages": pages,
            }

        context = await self._desk.database.read(look)
        context |= {"was": was_words, "became": became_words, "outcomes": OUTCOMES, "place": place}
        return await page(request, "overrides.html", context)


def was_words(line: Override) -> str:
    """What had been said before."""
    if line.was in _IDENTITIES:
        return IDENTITIES[Identity(line.was)]
    return REASONS.get(line.was, line.was).capitalize()


def became_words(line: Override) -> str:
    return WAYS[Way(line.became)] if line.kind == "objection" else IDENTITIES[Identity(line.became)]
