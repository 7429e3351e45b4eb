"""Proposals: read what the regency answered - with the sentence to read aloud -, print it, take a proposal back.

Must never decide anything: the regency does. Place in the flow: `proposing` leads here.
"""

import asyncio
from collections.abc import Mapping, Sequence

from aiohttp import web

from agent.domain.fields import FieldError
from agent.domain.numbering import date_wib
from agent.domain.proposal_fields import shown
from agent.domain.slips import TITLES, slip_of
from agent.render.slips import render_slip
from agent.store import aid, cycles, deliberations, objections, reports
from agent.web.attachments import photographs_of
from agent.web.desk import at_counter, check_reason, note_look
from agent.web.office import Office
from agent.web.words import (
    cycle_names,
    deliberation_choice,
    made_check_words,
    objection_state,
    place,
    proposal_state,
    steps,
)
from chassis.database import Connection
from chassis.web import account_of, add_notice, page, page_count, page_number, read_form
from language import say
from protocol.ops import ProposalWithAnswers
from protocol.receipts import receipt_code

ID = "{id:[0-9a-f]{32}}"
FILTERS = {
    "": say("Semua"),
    "waiting": say("Menunggu keputusan"),
    "rejected": say("Ditolak"),
    "needs_review": say("Perlu diperiksa"),
    "accepted": say("Disetujui"),
}
ROWS_MAX = 100
"""Proposals on one page of the list: it stays under 100 KB."""


class ProposalPages:
    """/proposals and below."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/proposals", self.list),
            web.get(f"/proposals/{ID}", self.one),
            web.get(f"/proposals/{ID}/slip", self.slip),
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

        async def look(connection: Connection) -> dict[str, object]:
            found, made = await aid.find(connection, proposal_id), await aid.made(connection, proposal_id)
            if found is None:
                raise web.HTTPNotFound
            asked = made if isinstance(made, ProposalWithAnswers) else None
            return {
                "row": found,
                "decision": found.decision,
                "state": proposal_state(found),
                "steps": steps(found),
                "names": cycle_names(await cycles(connection)),
                "answers": self._answers(asked) if asked else [],
                "check": made_check_words(asked.check, asked.check_as_of) if asked else "",
                "minutes": await deliberations.find(connection, asked.deliberation) if asked else None,
                "objections": await objections.of_proposal(connection, proposal_id),
                "may_object": await objections.is_open(connection, proposal_id),
                "has_slip": found.decision is None or found.decision.outcome in TITLES,
                "code": receipt_code(proposal_id),
                "report": await reports.of_proposal(connection, proposal_id),
            }

        context = await self._office.store.database.read(look)
        await note_look(self._office, request, aid.VIEWED, proposal_id)
        context |= await photographs_of(self._office, proposal_id)
        context |= {
            "errors": errors,
            "reason": reason,
            "place": place,
            "deliberation_choice": deliberation_choice,
            "objection_state": objection_state,
        }
        return await page(request, "proposal.html", context, status=422 if errors else 200)

    def _answers(self, made: ProposalWithAnswers) -> Sequence[tuple[str, str]]:
        """(label, answer) as people read them; a question this program does not ask (any more) by its own name."""
        asked = {each.name: each for each in self._office.questions.get(made.scheme, ())}
        return [(say(asked[k].label), shown(asked[k], v)) if k in asked else (k, v) for k, v in made.fields]

    @at_counter
    async def slip(self, request: web.Request) -> web.StreamResponse:
        proposal_id = bytes.fromhex(request.match_info["id"])
        row = await self._office.store.database.read(lambda c: aid.find(c, proposal_id))
        names = cycle_names(await self._office.store.database.read(cycles))
        if row is None or row.withdrawn_reason is not None:
            raise web.HTTPNotFound
        today, office = date_wib(self._office.stamper.now_ms()), self._office.settings.letterhead()
        cycle = names.get(row.cycle, row.cycle)
        slip = slip_of(proposal_id, row.decision, row.name, row.nik, cycle, office, today)
        if slip is None:
            raise web.HTTPNotFound
        await note_look(self._office, request, "print_slip", proposal_id)
        pdf = await asyncio.to_thread(render_slip, slip, emblem=await self._office.emblem())
        headers = {"Content-Disposition": 'inline; filename="tanda-terima.pdf"'}
        return web.Response(body=pdf, content_type="application/pdf", headers=headers)
