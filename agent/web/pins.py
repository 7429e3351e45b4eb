"""A PIN for the public page Status: given at the counter to who was proposed, shown once, kept nowhere.

Must never be shown again nor written down here: who lost it gets another, and only the newest opens. Place in the flow: a
proposal's page leads here -> the log carries what verifies it -> the regency's page Status asks for it.
"""

from aiohttp import web

from agent.domain.refusal import ALREADY_WITHDRAWN, Refusal
from agent.store import Desk, aid
from agent.store.aid import ProposalRow
from agent.web.desk import at_counter, send_once
from agent.web.office import Office
from chassis.web import account_of, add_notice, page, read_form
from language import say
from protocol import ops
from protocol.receipts import make_pin, parse_pin, pin_verifier, receipt_code

ID = "{id:[0-9a-f]{32}}"
NOT_IDENTIFIED = say("Pemeriksaan KTP: periksa KTP orang yang diusulkan, lalu centang.")
SHOWN_BEFORE = say("PIN itu sudah ditampilkan dan tidak disimpan. Bila hilang, beri PIN yang baru.")


class PinPages:
    """/proposals/{id}/pin."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [web.get(f"/proposals/{ID}/pin", self.ask), web.post(f"/proposals/{ID}/pin", self.give)]

    @at_counter
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await page(request, "pin_form.html", {"row": await self._find(request)})

    @at_counter
    async def give(self, request: web.Request) -> web.StreamResponse:
        row, form, actor = await self._find(request), await read_form(request), account_of(request).login
        if not form.text("identified"):
            context = {"row": row, "errors": {"identified": NOT_IDENTIFIED}}
            return await page(request, "pin_form.html", context, status=422)
        pin = make_pin(self._office.stamper.random(8))
        address = f"/proposals/{row.id.hex()}"

        async def work(desk: Desk) -> str | Refusal:
            await desk.append(lambda salt: _to_wire(salt, row.id, pin, actor))
            return address

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal) or sent.is_repeat:
            await add_notice(request, sent.sentence if isinstance(sent, Refusal) else SHOWN_BEFORE)
            raise web.HTTPSeeOther(address)
        return await page(request, "pin.html", {"row": row, "pin": pin, "code": receipt_code(row.id)})

    async def _find(self, request: web.Request) -> ProposalRow:
        """Raises HTTPNotFound; a proposal that was taken back leads to its page."""
        proposal = bytes.fromhex(request.match_info["id"])
        row = await self._office.store.database.read(lambda c: aid.find(c, proposal))
        if row is None:
            raise web.HTTPNotFound
        if row.withdrawn_reason is not None:
            await add_notice(request, ALREADY_WITHDRAWN.sentence)
            raise web.HTTPSeeOther(f"/proposals/{proposal.hex()}")
        return row


def _to_wire(salt: bytes, proposal: bytes, pin: str, actor: str) -> ops.StatusPinGiven:
    digits = parse_pin(pin)
    assert digits is not None
    return ops.StatusPinGiven(salt=salt, proposal=proposal, verifier=pin_verifier(salt, proposal, digits), actor=actor)
