"""Proposals: ask for aid for a resident, and read what the regency answered - with the sentence to read aloud."""

from collections.abc import Mapping

from aiohttp import web

from agent.domain.refusal import Refusal
from agent.store import Desk, aid, cycles
from agent.web.office import Office
from agent.web.refused import Refused
from agent.web.residents import find_resident
from agent.web.words import is_open, proposal_state
from chassis.database import Connection
from chassis.web import Form, account_of, form_key_of, page, read_form, signed_in, submit_once
from protocol.ids import InvalidCode, parse_village_code
from protocol.regions import UnknownRegion, village

ID = "{id:[0-9a-f]{32}}"
FILTERS = {
    "": "Semua",
    "waiting": "Menunggu keputusan",
    "rejected": "Ditolak",
    "needs_review": "Perlu diperiksa",
    "accepted": "Disetujui",
}
NOTE_CHARS_MAX = 300
REASON_CHARS = (5, 300)


class ProposalPages:
    """/proposals and below."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/proposals", self.list),
            web.get("/proposals/new", self.new),
            web.post("/proposals/new", self.propose),
            web.get(f"/proposals/{ID}", self.one),
            web.post(f"/proposals/{ID}/withdraw", self.withdraw),
        ]

    @signed_in
    async def list(self, request: web.Request) -> web.StreamResponse:
        chosen = request.query.get("outcome", "")
        outcome = chosen if chosen in FILTERS and chosen else None
        rows = await self._office.store.database.read(lambda c: aid.recent(c, outcome=outcome))
        context = {"rows": rows, "chosen": outcome or "", "filters": FILTERS, "state": _state}
        return await page(request, "proposals.html", context)

    @signed_in
    async def new(self, request: web.Request) -> web.StreamResponse:
        return await self._form(request, request.query.get("resident", ""), Form(), {})

    @signed_in
    async def propose(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        person = await find_resident(self._office, form.text("resident"))
        note = form.text("note")
        if len(note) > NOTE_CHARS_MAX:
            return await self._form(request, form.text("resident"), form, {"note": "Catatan paling banyak 300 huruf."})
        account, key, now_ms = account_of(request), form_key_of(form), self._office.stamper.now_ms()
        refused: list[Refusal] = []

        async def work(desk: Desk) -> str:
            async def write(_: Connection) -> str:
                made = await aid.propose(desk, form.text("cycle"), person, note, account.login)
                if isinstance(made, Refusal):
                    refused.append(made)
                    raise Refused
                return f"/proposals/{made.hex()}"

            return await submit_once(desk.connection, key, account.account_id, now_ms, write)

        try:
            location = await self._office.store.write(work)
        except Refused:
            return await self._form(request, form.text("resident"), form, {"cycle": refused[0].sentence})
        raise web.HTTPSeeOther(location)

    async def _form(
        self, request: web.Request, resident: str, form: Form, errors: Mapping[str, str]
    ) -> web.StreamResponse:
        person = await find_resident(self._office, resident)
        now_ms = self._office.stamper.now_ms()
        found = await self._office.store.database.read(cycles)
        context = {
            "person": person,
            "options": [(c.code, c.name) for c in found if is_open(c, now_ms)],
            "cycle": form.text("cycle"),
            "note": form.text("note"),
            "errors": errors,
        }
        return await page(request, "proposal_form.html", context, status=422 if errors else 200)

    @signed_in
    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, {})

    @signed_in
    async def withdraw(self, request: web.Request) -> web.StreamResponse:
        proposal_id = bytes.fromhex(request.match_info["id"])
        reason = (await read_form(request)).text("reason")
        if not REASON_CHARS[0] <= len(reason) <= REASON_CHARS[1]:
            return await self._show(request, {"reason": "Tulis alasan penarikan, 5 sampai 300 huruf."})
        actor = account_of(request).login
        refused = await self._office.store.write(lambda desk: aid.withdraw(desk, proposal_id, reason, actor))
        if refused is not None:
            return await self._show(request, {"reason": refused.sentence})
        raise web.HTTPSeeOther(f"/proposals/{proposal_id.hex()}")

    async def _show(self, request: web.Request, errors: Mapping[str, str]) -> web.StreamResponse:
        proposal_id = bytes.fromhex(request.match_info["id"])
        found = await self._office.store.database.read(lambda c: aid.find(c, proposal_id))
        if found is None:
            raise web.HTTPNotFound
        context = {"row": found, "decision": found.decision, "state": _state(found), "errors": errors, "place": place}
        return await page(request, "proposal.html", context, status=422 if errors else 200)


def _state(row: aid.ProposalRow) -> tuple[str, str]:
    return proposal_state(row.is_acked, row.decision, row.is_unconfirmed)


def place(code: str) -> str:
    """The village a fact comes from, in words; empty where it does not say."""
    try:
        return village(parse_village_code(code)).place
    except (InvalidCode, UnknownRegion):
        return ""
