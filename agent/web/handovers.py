"""A letter leaves the office: to whom, when, and who took it. Place in the flow: a letter's page leads here, and from here
to the buku ekspedisi."""

from collections.abc import Mapping

from aiohttp import web

from agent.domain.handovers import LABELS, Handover, check_handover
from agent.domain.numbering import date_wib
from agent.domain.refusal import Refusal
from agent.store import Desk, handovers, letters
from agent.store.letters import LetterRow
from agent.web.desk import at_counter, send_once
from agent.web.office import Office
from chassis.web import account_of, add_notice, form_key_of, page, read_form
from language import say

ID = "{id:[0-9a-f]{32}}"
BOOK = "/registers/expedition"


class HandoverPages:
    """/letters/{id}/hand-over."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [web.get(f"/letters/{ID}/hand-over", self.ask), web.post(f"/letters/{ID}/hand-over", self.hand_over)]

    @at_counter
    async def ask(self, request: web.Request) -> web.StreamResponse:
        row = await self._row(request)
        today = date_wib(self._office.stamper.now_ms()).strftime("%d-%m-%Y")
        return await self._form(request, row, {"handed_on": today}, {}, None)

    @at_counter
    async def hand_over(self, request: web.Request) -> web.StreamResponse:
        row, form = await self._row(request), await read_form(request)
        checked = check_handover(form.as_dict(), row.issued_on, date_wib(self._office.stamper.now_ms()))
        if not isinstance(checked, Handover):
            errors = {error.field: error.message for error in checked}
            return await self._form(request, row, form.as_dict(), errors, form_key_of(form))
        actor = account_of(request).login

        async def work(desk: Desk) -> str | Refusal:
            made = await handovers.hand_over(desk, row.id, checked, actor)
            return made if isinstance(made, Refusal) else f"{BOOK}?year={checked.handed_on.year}"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            return await self._form(request, row, form.as_dict(), {"recipient": sent.sentence}, form_key_of(form))
        await add_notice(
            request,
            say("Penyerahan itu sudah dicatat sebelumnya.") if sent.is_repeat else say("Penyerahan surat dicatat."),
        )
        raise web.HTTPSeeOther(sent.location)

    async def _row(self, request: web.Request) -> LetterRow:
        letter_id = bytes.fromhex(request.match_info["id"])
        row = await self._office.store.database.read(lambda c: letters.row(c, letter_id))
        if row is None:
            raise web.HTTPNotFound
        return row

    async def _form(
        self, request: web.Request, row: LetterRow, typed: Mapping[str, str], errors: Mapping[str, str], key: str | None
    ) -> web.StreamResponse:
        values = {name: typed.get(name, "") for name in LABELS}
        context = {"row": row, "labels": LABELS, "values": values, "errors": errors, "form_key": key}
        return await page(request, "handover_form.html", context, status=422 if errors else 200)
