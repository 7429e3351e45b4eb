"""Laporan warga: what residents reported online and somebody has to look at, what the visit found, and the proposal from it.

Must never decide on aid, nor tell the reporter anything: the person reported learns the answer here, after identification.
Place in the flow: the regency's feed brings reports -> here -> `proposing` for who was found worthy.
"""

from collections.abc import Sequence

from aiohttp import web

from agent.domain.fields import FieldError
from agent.domain.numbering import date_wib
from agent.domain.refusal import Refusal
from agent.domain.reports import NOTE_LENGTH_MAX, REPORT_LABELS, VISITOR_LENGTH_MAX, Finding, check_visit
from agent.store import Desk, aid, cycles, reports, residents
from agent.store.reports import ReportRow
from agent.store.residents import Registered
from agent.web.attachments import photographs_of
from agent.web.desk import at_counter, note_look, send_once
from agent.web.office import Office
from agent.web.words import FINDINGS, REPORTED_FOR, cycle_names, letter_state, proposal_state, report_state
from chassis.database import Connection
from chassis.web import Form, account_of, add_notice, page, page_count, page_number, read_form
from language import say
from protocol.feed import Report
from protocol.receipts import receipt_code

ID = "{id:[0-9a-f]{32}}"
VIEWED = "view_report"
"""What the trail of looks calls opening a report."""
ROWS_MAX = 50
"""Reports on one page: with what is needed in each it stays under 100 KB."""
CANDIDATES_MAX = 5
"""Residents offered for a name; who is not among them is found on the residents' page."""
FILTERS = {"open": say("Menunggu kunjungan"), "done": say("Sudah dikunjungi")}
FIELDS = ("visited_on", "visitor", "finding", "note")


class ReportPages:
    """/reports and below."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/reports", self.list),
            web.get(f"/reports/{ID}", self.one),
            web.get(f"/reports/{ID}/verify", self.ask),
            web.post(f"/reports/{ID}/verify", self.verify),
        ]

    @at_counter
    async def list(self, request: web.Request) -> web.StreamResponse:
        chosen = "done" if request.query.get("show") == "done" else "open"

        async def look(connection: Connection) -> dict[str, object]:
            counts = dict(zip(FILTERS, await reports.counts(connection), strict=True))
            pages = page_count(counts[chosen], ROWS_MAX)
            number = page_number(request.query.get("page", ""), pages)
            offset = (number - 1) * ROWS_MAX
            rows = await reports.lines(connection, is_open=chosen == "open", limit=ROWS_MAX, offset=offset)
            names = cycle_names(await cycles(connection))
            return {"rows": rows, "counts": counts, "names": names, "number": number, "pages": pages}

        context = await self._office.store.database.read(look)
        context |= {"chosen": chosen, "filters": FILTERS, "state": report_state}
        return await page(request, "reports.html", context)

    @at_counter
    async def one(self, request: web.Request) -> web.StreamResponse:
        report = bytes.fromhex(request.match_info["id"])

        async def look(connection: Connection) -> dict[str, object]:
            row = await self._find(connection, report)
            made = [await aid.find(connection, each) for each in await reports.proposals_of(connection, report)]
            is_worthy = row.finding == Finding.WORTHY
            return {
                "row": row,
                "visits": await reports.visits(connection, report),
                "proposals": [each for each in made if each is not None],
                "candidates": await _candidates(connection, row.report) if is_worthy else [],
                "is_worthy": is_worthy,
                "names": cycle_names(await cycles(connection)),
            }

        context = await self._office.store.database.read(look)
        await note_look(self._office, request, VIEWED, report)
        context |= await photographs_of(self._office, report)
        context |= {
            "state": report_state,
            "findings": FINDINGS,
            "reported_for": REPORTED_FOR,
            "proposal_state": proposal_state,
            "visit_state": lambda each: letter_state(each.is_acked, None),
            "code": receipt_code(report),
        }
        return await page(request, "report.html", context)

    @at_counter
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await self._form(request, Form(), [])

    @at_counter
    async def verify(self, request: web.Request) -> web.StreamResponse:
        report, form, actor = (
            bytes.fromhex(request.match_info["id"]),
            await read_form(request),
            account_of(request).login,
        )
        row = await self._office.store.database.read(lambda c: self._find(c, report))
        today = date_wib(self._office.stamper.now_ms())
        # a clock that was set back must not keep anybody from writing down what they saw
        visit = check_visit(form.as_dict(), today, min(today, date_wib(row.report.received_ms)))
        if isinstance(visit, list):
            return await self._form(request, form, visit)

        async def work(desk: Desk) -> str | Refusal:
            made = await reports.verify(desk, report, visit, actor)
            return made if isinstance(made, Refusal) else f"/reports/{report.hex()}"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            raise web.HTTPNotFound
        if not sent.is_repeat:
            await add_notice(request, say("Hasil kunjungan dicatat dan dikirim ke kabupaten."))
        raise web.HTTPSeeOther(sent.location)

    async def _form(self, request: web.Request, form: Form, errors: Sequence[FieldError]) -> web.StreamResponse:
        report = bytes.fromhex(request.match_info["id"])
        row = await self._office.store.database.read(lambda c: self._find(c, report))
        context = {
            "row": row,
            "labels": REPORT_LABELS,
            "findings": [(each.value, FINDINGS[each][0]) for each in Finding],
            "values": {field: form.text(field) for field in FIELDS},
            "visitor_max": VISITOR_LENGTH_MAX,
            "note_max": NOTE_LENGTH_MAX,
            "errors": {error.field: error.message for error in errors},
            "form_key": form.text("form_key") or None,
        }
        return await page(request, "report_visit.html", context, status=422 if errors else 200)

    async def _find(self, connection: Connection, report: bytes) -> ReportRow:
        """Raises HTTPNotFound."""
        row = await reports.find(connection, report)
        if row is None:
            raise web.HTTPNotFound
        return row


async def _candidates(connection: Connection, report: Report) -> list[Registered]:
    """Who on record may be meant: the one with that NIK, else those with that name."""
    known = await residents.of_nik(connection, report.nik) if report.nik else None
    return [known] if known else await residents.search(connection, report.name, CANDIDATES_MAX)
