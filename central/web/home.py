"""The overview: is the fleet in touch, what was decided, what waits; and the lists that were imported."""

from collections import Counter

from aiohttp import web

from central.store import overview
from central.web.decisions import page_count, page_number
from central.web.desk import Desk
from central.web.fleet import EVERYBODY
from central.web.words import FATES, OUTCOMES, STATES, state_of
from chassis.database import Connection
from chassis.web import page, roles


class HomePages:
    """/, /imports and /imports/{id}."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.home),
            web.get("/imports", self.imports),
            web.get("/imports/{id:[0-9]{1,9}}", self.one_import),
        ]

    @roles(*EVERYBODY)
    async def home(self, request: web.Request) -> web.StreamResponse:
        now_ms = self._desk.clock.now_ms()
        numbers = await self._desk.database.read(overview.numbers)
        outcomes: Counter[str] = Counter()
        for _, outcome, count in numbers.decisions:
            outcomes[outcome] += count
        states = Counter(state_of(found, now_ms) for found in numbers.villages.values())
        context = {"numbers": numbers, "outcomes": outcomes, "words": OUTCOMES, "states": states, "state_words": STATES}
        return await page(request, "home.html", context)

    @roles(*EVERYBODY)
    async def imports(self, request: web.Request) -> web.StreamResponse:
        files = await self._desk.database.read(overview.imports)
        return await page(request, "imports.html", {"files": files, "words": FATES})

    @roles(*EVERYBODY)
    async def one_import(self, request: web.Request) -> web.StreamResponse:
        import_id, number = int(request.match_info["id"]), page_number(request)

        async def look(connection: Connection) -> dict[str, object]:
            return {
                "file": next((f for f in await overview.imports(connection) if f.id == import_id), None),
                "fates": await overview.import_fates(connection, import_id),
                "rows": await overview.import_rows(connection, import_id, number),
            }

        context = await self._desk.database.read(look)
        if context["file"] is None:
            raise web.HTTPNotFound
        context |= {"number": number, "pages": page_count(context["file"].rows), "words": FATES}  # type: ignore[attr-defined]
        return await page(request, "import.html", context)
