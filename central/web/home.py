"""The overview: is the fleet in touch, what was decided, what waits; and the lists that were imported."""

from collections import Counter

from aiohttp import web

from central.store import objections, overview
from central.store.overview import PAGE_ROWS
from central.web.desk import Desk
from central.web.dossiers import AGENCY
from central.web.fleet import EVERYBODY
from central.web.words import FATES, OUTCOMES, STATES, state_of
from chassis.database import Connection
from chassis.web import account_of, page, page_count, page_number, roles


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

    @roles(*EVERYBODY, AGENCY)
    async def home(self, request: web.Request) -> web.StreamResponse:
        if account_of(request).role == AGENCY:  # signing in leads here; theirs is the worklist alone
            raise web.HTTPSeeOther("/dossiers")
        now_ms = self._desk.clock.now_ms()
        numbers = await self._desk.database.read(overview.numbers)
        contested = (await self._desk.database.read(objections.counts)).get(objections.OPEN, 0)
        outcomes: Counter[str] = Counter()
        for _, outcome, count in numbers.decisions:
            outcomes[outcome] += count
        states = Counter(state_of(found, now_ms) for found in numbers.villages.values())
        context = {"numbers": numbers, "outcomes": outcomes, "words": OUTCOMES, "states": states, "state_words": STATES}
        context["contested"] = contested
        return await page(request, "home.html", context)

    @roles(*EVERYBODY)
    async def imports(self, request: web.Request) -> web.StreamResponse:
        files = await self._desk.database.read(overview.imports)
        return await page(request, "imports.html", {"files": files, "words": FATES})

    @roles(*EVERYBODY)
    async def one_import(self, request: web.Request) -> web.StreamResponse:
        import_id = int(request.match_info["id"])

        async def look(connection: Connection) -> dict[str, object] | None:
            file = next((f for f in await overview.imports(connection) if f.id == import_id), None)
            if file is None:
                return None
            pages = page_count(file.rows, PAGE_ROWS)
            number = page_number(request.query.get("page", ""), pages)
            rows = await overview.import_rows(connection, import_id, number)
            fates = await overview.import_fates(connection, import_id)
            return {"file": file, "fates": fates, "rows": rows, "number": number, "pages": pages}

        context = await self._desk.database.read(look)
        if context is None:
            raise web.HTTPNotFound
        return await page(request, "import.html", context | {"words": FATES})
