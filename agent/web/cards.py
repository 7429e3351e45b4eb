"""Binding an e-KTP to a resident, once, with both in front of the clerk: from then on the card opens the kiosk for them."""

from aiohttp import web

from agent.domain.cards import card_digest, check_card
from agent.domain.fields import Fault
from agent.domain.refusal import Refusal
from agent.store import Desk, cards
from agent.web.desk import at_counter, send_once
from agent.web.office import Office
from agent.web.residents import ID, find_resident
from chassis.web import account_of, add_notice, page, read_form
from language import say

REMOVED = say("KTP-el tidak berlaku lagi di anjungan.")
BOUND = say("KTP-el terdaftar: cukup ditempelkan di anjungan.")


class CardPages:
    """/residents/{id}/card."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [web.get(f"/residents/{ID}/card", self.show), web.post(f"/residents/{ID}/card", self.bind)]

    @at_counter
    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, "")

    @at_counter
    async def bind(self, request: web.Request) -> web.StreamResponse:
        found, form = await find_resident(self._office, request.match_info["id"]), await read_form(request)
        is_removal, actor = bool(form.text("remove")), account_of(request).login
        number = "" if is_removal else check_card(form.text("card"))
        if isinstance(number, Fault):
            return await self._page(request, say("Nomor kartu: {message}", message=number.message))
        digest = b"" if is_removal else card_digest(number)

        async def work(desk: Desk) -> str | Refusal:
            return await cards.bind(desk, found.id, digest, actor) or f"/residents/{found.id.hex()}"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            return await self._page(request, sent.sentence)
        await add_notice(request, REMOVED if is_removal else BOUND)
        raise web.HTTPSeeOther(sent.location)

    async def _page(self, request: web.Request, error: str) -> web.StreamResponse:
        found = await find_resident(self._office, request.match_info["id"])
        since = await self._office.store.database.read(lambda c: cards.bound_ms(c, found.id))
        context = {"found": found, "since": since, "errors": {"card": error} if error else {}}
        return await page(request, "card.html", context, status=422 if error else 200)
