"""What came back from the regency and asks for somebody, nearest deadline first; and a proposal or report by its receipt code."""

from aiohttp import web

from agent.domain.numbering import date_wib
from agent.store import aid, cycles, questions, reports
from agent.web.desk import at_counter
from agent.web.office import Office
from agent.web.words import cycle_names, proposal_state
from chassis.database import Connection
from chassis.web import page, page_count, page_number, read_form
from language import say
from protocol.receipts import parse_receipt_code

ROWS_MAX = 50
"""Answers on one page: with their sentences it stays under 100 KB."""
QUESTIONS_MAX = 20
"""Questions above the answers; the next ones follow when these are answered."""
CODE_SHOWN_MAX = 20
NOT_A_CODE = say(
    "Kode tanda terima: ada huruf yang salah atau kurang. Cocokkan dengan kertasnya, misalnya 7K3Q-XM2D-9RD."
)
NOT_HERE = say("Kode tanda terima: kode ini benar, tetapi usulan atau laporannya tidak ada di kantor ini.")


class WorklistPages:
    """/worklist and /proposals/find."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/worklist", self.list), web.post("/proposals/find", self.find)]

    @at_counter
    async def list(self, request: web.Request) -> web.StreamResponse:
        return await self._list(request, "", "")

    @at_counter
    async def find(self, request: web.Request) -> web.StreamResponse:
        typed = (await read_form(request)).text("code")[:CODE_SHOWN_MAX]
        span = parse_receipt_code(typed)
        if span is None:
            return await self._list(request, typed, NOT_A_CODE)
        found = await self._office.store.database.read(lambda c: aid.by_receipt(c, *span))
        reported = await self._office.store.database.read(lambda c: reports.by_receipt(c, *span))
        addresses = [f"/proposals/{each.hex()}" for each in found] + [f"/reports/{each.hex()}" for each in reported]
        if len(addresses) != 1:
            return await self._list(request, typed, NOT_HERE)
        raise web.HTTPSeeOther(addresses[0])

    async def _list(self, request: web.Request, code: str, fault: str) -> web.StreamResponse:
        today = date_wib(self._office.stamper.now_ms())

        async def look(connection: Connection) -> dict[str, object]:
            total, unread = await aid.count_worklist(connection, today)
            pages = page_count(total, ROWS_MAX)
            number = page_number(request.query.get("page", ""), pages)
            rows = await aid.worklist(connection, today, limit=ROWS_MAX, offset=(number - 1) * ROWS_MAX)
            names = cycle_names(await cycles(connection))
            reported = await reports.count_open(connection)
            shown = {"rows": rows, "total": total, "unread": unread, "number": number, "pages": pages, "names": names}
            return shown | {"reported": reported, "questions": (await questions.waiting(connection))[:QUESTIONS_MAX]}

        context = await self._office.store.database.read(look)
        context |= {"state": proposal_state, "code": code, "errors": {"code": fault} if fault else {}}
        return await page(request, "worklist.html", context, status=422 if fault else 200)
