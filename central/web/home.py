"""The overview: is the fleet in touch, what was decided, what waits."""

from collections import Counter
from dataclasses import dataclass

from aiohttp import web

from central.domain.decisions import NEEDS_REVIEW
from central.domain.validators import VALIDATOR
from central.store import objections, overview, rule_changes
from central.web.desk import Desk
from central.web.dossiers import AGENCY
from central.web.fleet import EVERYBODY
from central.web.words import OUTCOMES, STATES, state_of
from chassis.web import account_of, page, roles

TROUBLES = ("clone", "halted", "late")
"""States of a village's server that somebody must look into."""


@dataclass(frozen=True, slots=True)
class Task:
    """What waits for whoever signs in, and where it is done."""

    count: int
    words: str
    url: str


def tasks(role: str, contested: int, doubts: int, changes: int, troubled: int) -> list[Task]:
    """Of this role, what waits; nothing that does not."""
    judged = (
        Task(contested, "sanggahan menunggu putusan", "/objections"),
        Task(doubts, "usulan perlu diperiksa", "/decisions?outcome=needs_review"),
        Task(changes, "perubahan aturan menunggu petugas kedua", "/changes"),
    )
    fleet = (Task(troubled, "server desa bermasalah", "/fleet"),)
    known = {"officer": judged, "auditor": judged, "admin": fleet + judged, "ops": fleet}
    return [task for task in known.get(role, ()) if task.count]


class HomePages:
    """/."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self.home)]

    @roles(*EVERYBODY, AGENCY, VALIDATOR)
    async def home(self, request: web.Request) -> web.StreamResponse:
        if account_of(request).role == VALIDATOR:
            raise web.HTTPSeeOther("/rosters/validations")
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
        changes = await self._desk.database.read(rule_changes.waiting)
        doubts = outcomes[NEEDS_REVIEW]
        troubled = sum(states[state] for state in TROUBLES)
        context["tasks"] = tasks(account_of(request).role, contested, doubts, len(changes), troubled)
        return await page(request, "home.html", context)
