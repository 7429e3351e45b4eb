"""Online reports, for officers: which came, what the look found, what the village saw, what followed. Reads only."""

from aiohttp import web

from central.store import access, reports
from central.store.reports import PAGE_ROWS, STATES
from central.web.decisions import READERS, place
from central.web.desk import Desk
from central.web.words import EVIDENCE, FINDINGS, LOOKS, OUTCOMES, REASONS, REPORT_FILTERS, REPORTED_FOR, report_state
from chassis.database import Connection
from chassis.web import account_of, page, page_count, page_number, roles
from protocol.receipts import receipt_code

WHY = "memeriksa laporan warga"


class ReportPages:
    """/reports and /reports/{id}."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/reports", self.list), web.get("/reports/{id:[0-9a-f]{32}}", self.one)]

    @roles(*READERS)
    async def list(self, request: web.Request) -> web.StreamResponse:
        asked = request.query.get("state", "")
        state = asked if asked in STATES else ""

        async def look(connection: Connection) -> dict[str, object]:
            counts = await reports.counts(connection)
            pages = page_count(counts[state], PAGE_ROWS)
            number = page_number(request.query.get("page", ""), pages)
            lines = await reports.lines(connection, state, number)
            return {"lines": lines, "counts": counts, "number": number, "pages": pages}

        context = await self._desk.database.read(look)
        context |= {"chosen": state, "filters": REPORT_FILTERS, "state": report_state, "place": place}
        return await page(request, "reports.html", context)

    @roles(*READERS)
    async def one(self, request: web.Request) -> web.StreamResponse:
        report = bytes.fromhex(request.match_info["id"])
        found = await self._desk.database.read(lambda c: reports.find(c, report))
        if found is None:
            raise web.HTTPNotFound

        async def look(connection: Connection) -> dict[str, object]:
            home = found.need.village
            return {
                "found": found,
                "visits": await reports.verifications(connection, report, home),
                "follow_ups": await reports.follow_ups(connection, report, home),
            }

        context = await self._desk.database.read(look)
        now_ms, actor = self._desk.clock.now_ms(), account_of(request).login
        await self._desk.database.transact(
            lambda c: access.record_view(
                c,
                now_ms=now_ms,
                actor=actor,
                action="view_report",
                subject=report.hex(),
                niks=[found.need.nik],
                why=WHY,
            )
        )
        words = {"looks": LOOKS, "findings": FINDINGS, "outcomes": OUTCOMES, "reasons": REASONS, "evidence": EVIDENCE}
        context |= {**words, "reported_for": REPORTED_FOR, "place": place, "code": receipt_code(report)}
        return await page(request, "report.html", context)
