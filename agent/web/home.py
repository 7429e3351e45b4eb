"""The first page: find a resident, and see at once what came back from the regency."""

from aiohttp import web

from agent.store import aid, letters, residents
from agent.web.office import Office
from agent.web.words import proposal_state
from chassis.database import Connection
from chassis.web import page, signed_in

RECENT = 8


class HomePages:
    """/."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self.home)]

    @signed_in
    async def home(self, request: web.Request) -> web.StreamResponse:
        async def look(connection: Connection) -> dict[str, object]:
            return {
                "rejected": await aid.recent(connection, outcome="rejected", limit=RECENT),
                "review": await aid.recent(connection, outcome="needs_review", limit=RECENT),
                "counts": await aid.counts(connection),
                "letters": await letters.count(connection),
                "residents": await residents.count(connection),
            }

        context = await self._office.store.database.read(look)
        context |= {"state": lambda p: proposal_state(p.is_acked, p.decision, p.is_unconfirmed)}
        return await page(request, "home.html", context)
