"""Decisions: which, how many, and for one of them the whole trail - record, rule, evidence, time, delivery."""

from aiohttp import web

from central.store import facts, overview
from central.store.overview import PAGE_ROWS, Filter
from central.web.desk import Desk
from central.web.fleet import EVERYBODY
from central.web.words import EVIDENCE, OUTCOMES, REASONS
from chassis.database import Connection
from chassis.web import account_of, page, roles
from chassis.web.accounts import record_access
from protocol.ids import InvalidCode, VillageCode, parse_village_code
from protocol.regions import UnknownRegion, village

PAGE_MAX = 100_000


class DecisionPages:
    """/decisions and /decisions/{proposal}."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/decisions", self.list),
            web.get("/decisions/{proposal:[0-9a-f]{32}}", self.one),
            web.get("/cycles", self.cycles),
        ]

    @roles(*EVERYBODY)
    async def list(self, request: web.Request) -> web.StreamResponse:
        chosen, number = _filter(request), page_number(request)

        async def look(connection: Connection) -> dict[str, object]:
            lines, total = await overview.decisions(connection, chosen, number)
            return {"lines": lines, "total": total, "cycles": await facts.cycles(connection)}

        context = await self._desk.database.read(look)
        context |= {
            "chosen": chosen,
            "outcomes": OUTCOMES,
            "reasons": REASONS,
            "number": number,
            "pages": page_count(context["total"]),
            "place": place,
        }
        return await page(request, "decisions.html", context)

    @roles("officer", "admin", "auditor")
    async def one(self, request: web.Request) -> web.StreamResponse:
        proposal = request.match_info["proposal"]
        found = await self._desk.database.read(lambda c: overview.trail(c, bytes.fromhex(proposal)))
        if found is None:
            raise web.HTTPNotFound
        now_ms, actor = self._desk.clock.now_ms(), account_of(request).login
        await self._desk.database.transact(
            lambda c: record_access(c, now_ms=now_ms, actor=actor, action="view_decision", subject=proposal)
        )
        context = {"trail": found, "outcomes": OUTCOMES, "evidence_words": EVIDENCE, "place": place}
        return await page(request, "decision.html", context)

    @roles(*EVERYBODY)
    async def cycles(self, request: web.Request) -> web.StreamResponse:
        return await page(request, "cycles.html", {"cycles": await self._desk.database.read(facts.cycles)})


def _filter(request: web.Request) -> Filter:
    query = request.query
    return Filter(query.get("outcome", ""), query.get("cycle", "")[:64], query.get("village", "")[:10])


def page_number(request: web.Request) -> int:
    """The page asked for; 1 for anything that is no page."""
    text = request.query.get("page", "1")
    return min(int(text), PAGE_MAX) if text.isascii() and text.isdigit() and len(text) < 8 and int(text) else 1


def page_count(total: object) -> int:
    return max(1, -(-int(str(total)) // PAGE_ROWS))


def place(code: str) -> str:
    """The village's name with its district; the code itself where it is none of ours."""
    try:
        return village(VillageCode(parse_village_code(code))).place
    except (InvalidCode, UnknownRegion):
        return code
