"""One person by their NIK: all that indexes find about them, and who looked at it.

The number travels in a form, never in an address. Every answer is a look at a full number: it is recorded first, with the
reason that was typed. Place in the flow: `central/subject` gathers -> here.
"""

from aiohttp import web

from central import subject
from central.domain.subject_words import ACTIONS, SECTIONS, shown
from central.store import access
from central.subject import REASON_LENGTH_MAX, REASON_LENGTH_MIN, Inquiry
from central.web.decisions import PAGES_MAX, READERS, place
from central.web.desk import Desk
from chassis.database import Connection
from chassis.web import Form, account_of, page, page_count, page_number, read_form, roles

NIK_CHARACTERS_MAX = 32
WATCHERS = ("auditor", "admin")
"""Who may read the log of looks: those it watches do not."""
LOOK_AT_LOG = "access_log"


class SubjectPages:
    """/subjects and /access."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/subjects", self.ask),
            web.post("/subjects", self.show),
            web.get("/access", self.log),
            web.post("/access", self.of_person),
        ]

    @roles(*READERS)
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await page(request, "subject.html", _asked(Form(), {}))

    @roles(*READERS)
    async def show(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        read = _read(form, account_of(request).login)
        if not isinstance(read, Inquiry):
            return await page(request, "subject.html", _asked(form, read), status=422)
        found = await subject.report(
            self._desk.database, self._desk.rules, read, self._desk.clock.now_ms(), in_full=False
        )
        context = _asked(form, {}) | {"found": found, "sections": SECTIONS, "shown": shown, "place": place}
        return await page(request, "subject.html", context)

    @roles(*WATCHERS)
    async def log(self, request: web.Request) -> web.StreamResponse:
        actor = request.query.get("actor", "").strip()[:100]

        async def look(connection: Connection) -> dict[str, object]:
            asked = page_number(request.query.get("page", ""), PAGES_MAX)
            lines, total = await access.lines(connection, actor, asked)
            pages = page_count(total, access.PAGE_ROWS)
            number = min(asked, pages)
            if number < asked:  # a page behind the last: the last one is shown
                lines, _ = await access.lines(connection, actor, number)
            return {"lines": lines, "total": total, "number": number, "pages": pages}

        context = await self._desk.database.read(look)
        context |= _asked(Form(), {}) | {"actor": actor, "actions": ACTIONS}
        return await page(request, "access.html", context)

    @roles(*WATCHERS)
    async def of_person(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        read, now_ms = _read(form, account_of(request).login), self._desk.clock.now_ms()
        context = {"actor": "", "actions": ACTIONS, "number": 1, "pages": 1}
        if not isinstance(read, Inquiry):
            context |= _asked(form, read) | {"lines": [], "total": 0}
            return await page(request, "access.html", context, status=422)
        await self._desk.database.transact(lambda c: subject.record(c, read, LOOK_AT_LOG, now_ms))
        lines = await self._desk.database.read(lambda c: access.of_person(c, read.nik))
        return await page(request, "access.html", context | _asked(form, {}) | {"lines": lines, "total": len(lines)})


def _asked(form: Form, errors: dict[str, str]) -> dict[str, object]:
    known = {"nik": form.text("nik"), "reason": form.text("reason"), "errors": errors}
    return known | {"reason_max": REASON_LENGTH_MAX, "found": None}


def _read(form: Form, actor: str) -> Inquiry | dict[str, str]:
    """The inquiry, or what is wrong with it."""
    nik, fault = subject.check_nik(form.text("nik").strip()[:NIK_CHARACTERS_MAX])
    words = " ".join(form.text("reason").split())
    errors = {"nik": fault} if fault else {}
    if not REASON_LENGTH_MIN <= len(words) <= REASON_LENGTH_MAX or not words.isprintable():
        errors["reason"] = (
            f"Alasan melihat: tulis {REASON_LENGTH_MIN} sampai {REASON_LENGTH_MAX} huruf yang dapat dicetak."
        )
    return errors or Inquiry(nik, actor, words)
