"""Proposals: ask for aid for a resident, and read what the regency answered - with the sentence to read aloud.

Must never decide anything: the regency does. Place in the flow: a resident's page leads here; `agent/store/aid` keeps.
"""

from collections.abc import Mapping

from aiohttp import web

from agent.domain.coverage import Check
from agent.domain.fields import Fault, FieldError, check_text
from agent.domain.numbering import date_wib
from agent.domain.refusal import Refusal
from agent.store import Desk, aid, coverage, cycles
from agent.web.desk import at_counter, check_reason, note_look, send_once
from agent.web.office import Office
from agent.web.residents import find_resident
from agent.web.words import check_words, cycle_choice, cycle_names, is_open, place, proposal_state, steps
from chassis.database import Connection
from chassis.web import Form, account_of, add_notice, page, page_count, page_number, read_form
from protocol.feed import Cycle

ID = "{id:[0-9a-f]{32}}"
FILTERS = {
    "": "Semua",
    "waiting": "Menunggu keputusan",
    "rejected": "Ditolak",
    "needs_review": "Perlu diperiksa",
    "accepted": "Disetujui",
}
NOTE_LENGTH_MAX = 300
CYCLE_NOT_CHOSEN = "Program dan periode: pilih salah satu."
ROWS_MAX = 100
"""Proposals on one page of the list: it stays under 100 KB."""


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

    @at_counter
    async def list(self, request: web.Request) -> web.StreamResponse:
        chosen = request.query.get("outcome", "")
        outcome = chosen if chosen in FILTERS and chosen else None

        async def look(connection: Connection) -> dict[str, object]:
            found = await aid.counts(connection)
            counts = {"": sum(found.values())} | found
            pages = page_count(counts.get(outcome or "", 0), ROWS_MAX)
            number = page_number(request.query.get("page", ""), pages)
            rows = await aid.recent(connection, outcome=outcome, limit=ROWS_MAX, offset=(number - 1) * ROWS_MAX)
            names = cycle_names(await cycles(connection))
            return {"rows": rows, "counts": counts, "names": names, "number": number, "pages": pages}

        context = await self._office.store.database.read(look)
        context |= {"chosen": outcome or "", "filters": FILTERS, "state": proposal_state}
        return await page(request, "proposals.html", context)

    @at_counter
    async def new(self, request: web.Request) -> web.StreamResponse:
        return await self._form(request, request.query.get("resident", ""), Form(), {})

    @at_counter
    async def propose(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        person = await find_resident(self._office, form.text("resident"))
        note, actor = check_text(form.text("note"), NOTE_LENGTH_MAX, required=False), account_of(request).login
        if isinstance(note, Fault):
            return await self._form(request, form.text("resident"), form, {"note": f"Catatan: {note.message}"})
        if not form.text("cycle"):
            return await self._form(request, form.text("resident"), form, {"cycle": CYCLE_NOT_CHOSEN})

        async def work(desk: Desk) -> str | Refusal:
            made = await aid.propose(desk, form.text("cycle"), person, note, actor)
            return made if isinstance(made, Refusal) else f"/proposals/{made.hex()}"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            return await self._form(request, form.text("resident"), form, {"cycle": sent.sentence})
        if sent.is_repeat:
            await add_notice(request, "Isian itu sudah dikirim sebelumnya; inilah usulannya. Tidak ada usulan baru.")
        raise web.HTTPSeeOther(sent.location)

    async def _form(
        self, request: web.Request, resident: str, form: Form, errors: Mapping[str, str]
    ) -> web.StreamResponse:
        person = await find_resident(self._office, resident)
        now_ms = self._office.stamper.now_ms()

        async def look(connection: Connection) -> tuple[list[Cycle], dict[str, Check], dict[str, str]]:
            opened = [cycle for cycle in await cycles(connection) if is_open(cycle, now_ms)]
            checks = await coverage.check(
                connection, self._office.unseal, opened, person.resident.nik, person.resident.kk
            )
            return opened, checks, await coverage.scheme_names(connection)

        opened, checks, names = await self._office.store.database.read(look)
        today = date_wib(now_ms)
        context = {
            "person": person,
            "options": [(cycle.code, cycle_choice(cycle)) for cycle in opened],
            "checks": [(cycle.name, *check_words(checks[cycle.code], names, today)) for cycle in opened],
            "cycle": form.text("cycle"),
            "note": form.text("note"),
            "errors": errors,
            "form_key": form.text("form_key") or None,
        }
        return await page(request, "proposal_form.html", context, status=422 if errors else 200)

    @at_counter
    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, {}, "")

    @at_counter
    async def withdraw(self, request: web.Request) -> web.StreamResponse:
        proposal_id, form = bytes.fromhex(request.match_info["id"]), await read_form(request)
        reason, actor = check_reason(form), account_of(request).login
        if isinstance(reason, FieldError):
            return await self._show(request, {"reason": reason.message}, form.text("reason"))
        refused = await self._office.store.write(lambda desk: aid.withdraw(desk, proposal_id, reason, actor))
        if refused is not None:
            await add_notice(request, refused.sentence)
        raise web.HTTPSeeOther(f"/proposals/{proposal_id.hex()}")

    async def _show(self, request: web.Request, errors: Mapping[str, str], reason: str) -> web.StreamResponse:
        proposal_id = bytes.fromhex(request.match_info["id"])
        found = await self._office.store.database.read(lambda c: aid.find(c, proposal_id))
        if found is None:
            raise web.HTTPNotFound
        await note_look(self._office, request, aid.VIEWED, proposal_id)
        context = {
            "row": found,
            "decision": found.decision,
            "state": proposal_state(found),
            "steps": steps(found),
            "names": cycle_names(await self._office.store.database.read(cycles)),
            "errors": errors,
            "reason": reason,
            "place": place,
        }
        return await page(request, "proposal.html", context, status=422 if errors else 200)
