"""Decisions: which, how many, and for one of them the whole trail - record, rule, evidence, time, delivery."""

from aiohttp import web

from central import reconcile
from central.domain.decisions import months_text
from central.store import access, facts, identities, objections, overview, reports, rule_changes
from central.store.overview import PAGE_ROWS, Filter
from central.web.desk import Desk
from central.web.fleet import EVERYBODY
from central.web.words import ANSWERS, CHECKS, EVIDENCE, HOW, IDENTITIES, OBJECTIONS, OUTCOMES, REASONS
from chassis.database import Connection
from chassis.web import account_of, page, page_count, page_number, roles
from protocol.ids import InvalidCode, VillageCode, parse_village_code
from protocol.regions import UnknownRegion, village

READERS = ("officer", "admin", "auditor")
"""Who may read a decision with the person's data; `ops` looks after machines."""
PAGES_MAX = 100_000
"""Behind this page no list of ours ends; the database is not asked to count that far."""
VILLAGE_CHARACTERS_MAX = 13
"""Ten digits with the dots in which the ministry writes them."""
WHY_DECISION = "membuka halaman keputusan"
"""What the trail of looks says of opening a decision; whoever has a reason of their own asks on the page for it."""
UNKNOWN_VILLAGE = "Kode desa itu tidak dikenal. Tulis sepuluh angka, misalnya 3510252010 atau 35.10.25.2010."


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
        chosen, fault = _filter(request)

        async def look(connection: Connection) -> dict[str, object]:
            asked = page_number(request.query.get("page", ""), PAGES_MAX)
            lines, total = await overview.decisions(connection, chosen, asked)
            pages = page_count(total, PAGE_ROWS)
            number = min(asked, pages)
            if number < asked:  # a page behind the last: the last one is shown
                lines, _ = await overview.decisions(connection, chosen, number)
            cycles = await facts.cycles(connection)
            return {"lines": lines, "total": total, "pages": pages, "number": number, "cycles": cycles}

        context = await self._desk.database.read(look)
        context |= {"chosen": chosen, "fault": fault, "outcomes": OUTCOMES, "reasons": REASONS, "place": place}
        context["readers"] = READERS
        return await page(request, "decisions.html", context)

    @roles(*READERS)
    async def one(self, request: web.Request) -> web.StreamResponse:
        proposal = request.match_info["proposal"]
        record = bytes.fromhex(proposal)
        found = await self._desk.database.read(lambda c: overview.trail(c, record))
        if found is None:
            raise web.HTTPNotFound
        said = await self._desk.database.read(lambda c: overview.asked(c, found))
        contested = await self._desk.database.read(lambda c: objections.of_proposal(c, record))
        report = await self._desk.database.read(lambda c: reports.of_proposal(c, record))
        now_ms, actor = self._desk.clock.now_ms(), account_of(request).login
        await self._desk.database.transact(
            lambda c: access.record_view(
                c,
                now_ms=now_ms,
                actor=actor,
                action="view_decision",
                subject=proposal,
                niks=[found.nik],
                why=WHY_DECISION,
            )
        )
        context: dict[str, object] = {
            "trail": found,
            "trail_id": proposal,
            "outcomes": OUTCOMES,
            "evidence_words": EVIDENCE,
            "place": place,
        }
        if found.decision is not None:
            decided_ms = found.decision.decided_ms
            context["edition"] = await self._desk.database.read(lambda c: rule_changes.edition_at(c, decided_ms))
        context |= {"asked": said, "checks": CHECKS, "objections": contested, "objection_words": OBJECTIONS}
        context["report"] = report
        context["told"] = await self._desk.database.read(lambda c: reconcile.explain(c, self._desk.rules, record))
        context |= await self._desk.database.read(lambda c: _doubts(c, record))
        return await page(request, "decision.html", context)

    @roles(*EVERYBODY)
    async def cycles(self, request: web.Request) -> web.StreamResponse:
        known = await self._desk.database.read(facts.cycles)
        context = {"cycles": known, "months": lambda cycle: months_text(cycle.month_from, cycle.month_until)}
        return await page(request, "cycles.html", context)


async def _doubts(connection: Connection, record: bytes) -> dict[str, object]:
    """Who else bears this NIK or is likely this person, and what was said about the two."""
    others = await reconcile.contested(connection, record)
    if not others:
        return {"doubts": []}
    found = await facts.find(connection, record)
    said = await identities.said_on(connection, others.keys())
    asked = {each.key: each for each in await identities.questions(connection, others.keys())}
    answers = {each.pair: each for each in await identities.answers(connection, others.keys())}
    return {"questions": asked, "answers": answers, "answer_words": ANSWERS, "how_words": HOW} | {
        "doubts": sorted(others.items()),
        "key_nik": found[0].match_nik if found else None,
        "said": said,
        "identities": IDENTITIES,
        "period": months_text,
    }


def _filter(request: web.Request) -> tuple[Filter, str]:
    """What to list, and what is wrong with the village asked for."""
    code, fault = village_asked(request)
    return Filter(request.query.get("outcome", ""), request.query.get("cycle", "")[:64], code), fault


def village_asked(request: web.Request) -> tuple[str, str]:
    """The village asked for, and what is wrong with it: no code finds nothing, rather than everything."""
    typed = request.query.get("village", "").strip()[:VILLAGE_CHARACTERS_MAX]
    try:
        return (village(parse_village_code(typed)).code if typed else ""), ""
    except (InvalidCode, UnknownRegion):
        return typed, UNKNOWN_VILLAGE


def place(code: str) -> str:
    """The village's name with its district; the code itself where it is none of ours."""
    try:
        return village(VillageCode(parse_village_code(code))).place
    except (InvalidCode, UnknownRegion):
        return code
