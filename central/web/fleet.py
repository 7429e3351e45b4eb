"""The fleet: which village is behind, since when, why; and one village in full."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from central.store import overview
from central.web.desk import Desk
from central.web.words import QUARANTINE, ROADS, STATES, FleetLine, fleet_line, skew
from chassis.database import Connection
from chassis.web import page, roles
from chassis.web.formats import ago
from protocol.ids import InvalidCode, parse_village_code
from protocol.regions import UnknownRegion, Village, districts, village, villages

EVERYBODY = ("officer", "admin", "auditor", "ops")
"""The people of the regency's own office; agencies see their dossiers and nothing else."""
SORTS: dict[str, Callable[[FleetLine], tuple[Any, ...]]] = {
    "code": lambda line: (line.village.code,),
    "name": lambda line: (line.village.name, line.village.code),
    "contact": lambda line: (line.last_contact_ms or 0, line.village.code),
    "waiting": lambda line: (line.oldest_unacked_ms or 2**62, line.village.code),
}


class FleetPages:
    """/fleet and /fleet/{village}."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/fleet", self.fleet), web.get("/fleet/{village}", self.one)]

    @roles(*EVERYBODY)
    async def fleet(self, request: web.Request) -> web.StreamResponse:
        now_ms = self._desk.clock.now_ms()
        found = await self._desk.database.read(overview.villages)
        lines = [fleet_line(each, found.get(each.code), now_ms) for each in villages()]
        counts = {state: sum(line.state == state for line in lines) for state in STATES}
        district, state = request.query.get("district", ""), request.query.get("state", "")
        sort = request.query.get("sort", "code")
        shown = [x for x in lines if district in {"", x.village.district.code} and state in {"", x.state}]
        context = {
            "lines": sorted(shown, key=SORTS.get(sort, SORTS["code"])),
            "counts": counts,
            "states": STATES,
            "districts": districts(),
            "chosen": {"district": district, "state": state, "sort": sort if sort in SORTS else "code"},
            "ago": lambda ms: ago(ms, now_ms),
            "skew": skew,
        }
        return await page(request, "fleet.html", context)

    @roles(*EVERYBODY)
    async def one(self, request: web.Request) -> web.StreamResponse:
        home = _village(request.match_info["village"])
        now_ms = self._desk.clock.now_ms()

        async def look(connection: Connection) -> dict[str, object]:
            found = (await overview.villages(connection)).get(home.code)
            return {
                "line": fleet_line(home, found, now_ms),
                "held": found.held if found else 0,
                "unreadable": found.health("feed_unreadable") if found else 0,
                "unapplied": found.unapplied if found else 0,
                "logs": await overview.logs_of(connection, home.code),
                "machines": await overview.machines_of(connection, home.code),
                "quarantined": await overview.quarantined_of(connection, home.code),
                "clashes": await overview.clashes_of(connection, home.code),
            }

        context = await self._desk.database.read(look)
        context |= {"village": home, "states": STATES, "roads": ROADS, "reasons": QUARANTINE, "skew": skew}
        context["ago"] = lambda ms: ago(ms, now_ms)
        return await page(request, "village.html", context)


def _village(text: str) -> Village:
    try:
        return village(parse_village_code(text))
    except (InvalidCode, UnknownRegion) as error:
        raise web.HTTPNotFound from error
