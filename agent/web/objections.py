"""Objections at the counter: the resident's grounds and what they brought, read back before they are written down."""

from collections.abc import Mapping

from aiohttp import web

from agent.domain.fields import Fault, FieldError, check_text
from agent.domain.refusal import Refusal
from agent.store import Desk, aid, cycles, objections
from agent.web.desk import at_counter, send_once
from agent.web.office import Office
from agent.web.words import cycle_names
from chassis.web import Form, account_of, add_notice, page, read_form
from language import say

ID = "{id:[0-9a-f]{32}}"
GROUNDS_LENGTH_MIN = 10
"""Shorter are no grounds but a way past the field."""
GROUNDS_LENGTH_MAX = 1000
EVIDENCE_LENGTH_MAX = 300


class ObjectionPages:
    """/proposals/{id}/object."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"/proposals/{ID}/object", self.ask),
            web.post(f"/proposals/{ID}/object/check", self.check),
            web.post(f"/proposals/{ID}/object", self.make),
        ]

    @at_counter
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, "objection_form.html", Form(), {})

    @at_counter
    async def check(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        read = _read(form)
        if isinstance(read, dict) or form.text("change"):
            return await self._page(request, "objection_form.html", form, read if isinstance(read, dict) else {})
        return await self._page(request, "objection_check.html", form, {})

    @at_counter
    async def make(self, request: web.Request) -> web.StreamResponse:
        proposal, form = bytes.fromhex(request.match_info["id"]), await read_form(request)
        read, actor = _read(form), account_of(request).login
        if isinstance(read, dict):
            return await self._page(request, "objection_form.html", form, read)
        grounds, evidence = read

        async def work(desk: Desk) -> str | Refusal:
            made = await objections.make(desk, proposal, grounds, evidence, actor)
            return made if isinstance(made, Refusal) else f"/proposals/{proposal.hex()}"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            await add_notice(request, sent.sentence)
            raise web.HTTPSeeOther(f"/proposals/{proposal.hex()}")
        if not sent.is_repeat:
            await add_notice(request, say("Sanggahan dicatat. Petugas lain di kabupaten yang memutuskannya."))
        raise web.HTTPSeeOther(sent.location)

    async def _page(
        self, request: web.Request, template: str, form: Form, errors: Mapping[str, str]
    ) -> web.StreamResponse:
        proposal = bytes.fromhex(request.match_info["id"])
        row = await self._office.store.database.read(lambda c: aid.find(c, proposal))
        if row is None:
            raise web.HTTPNotFound
        if not await self._office.store.database.read(lambda c: objections.is_open(c, proposal)):
            raise web.HTTPSeeOther(f"/proposals/{proposal.hex()}")
        context = {
            "row": row,
            "names": cycle_names(await self._office.store.database.read(cycles)),
            "grounds": form.text("grounds"),
            "evidence": form.text("evidence"),
            "errors": errors,
            "form_key": form.text("form_key") or None,
        }
        return await page(request, template, context, status=422 if errors else 200)


def _read(form: Form) -> tuple[str, str] | dict[str, str]:
    """(grounds, evidence), or what is wrong with them."""
    grounds = check_text(form.text("grounds"), GROUNDS_LENGTH_MAX, required=True)
    if isinstance(grounds, str) and len(grounds) < GROUNDS_LENGTH_MIN:
        grounds = Fault(
            "too_short",
            say("tulis alasannya, paling sedikit {grounds_length_min} huruf.", grounds_length_min=GROUNDS_LENGTH_MIN),
        )
    evidence = check_text(form.text("evidence"), EVIDENCE_LENGTH_MAX, required=False)
    faults: list[FieldError] = []
    if isinstance(grounds, Fault):
        faults.append(grounds.at("grounds", say("Alasan sanggahan")))
    if isinstance(evidence, Fault):
        faults.append(evidence.at("evidence", say("Bukti yang dibawa")))
    if isinstance(grounds, Fault) or isinstance(evidence, Fault):
        return {fault.field: fault.message for fault in faults}
    return grounds, evidence
