"""Requests for letters: what waits for whom, who did what, and the buttons that bring one on.

The office's route says which buttons there are (`agent/domain/requests`); each is checked again in the transaction.
Verifying is the letter's own form (`agent/web/letters`). Must never give a number other than through `store/requests.issue`.
"""

import asyncio
import time
from dataclasses import dataclass

import msgspec
from aiohttp import web

from agent.domain.fields import FieldError
from agent.domain.letters import Draft, Fields
from agent.domain.numbering import NumberingError, date_wib
from agent.domain.refusal import DATE_UNCONFIRMED, UNPRINTABLE, Refusal
from agent.domain.requests import Move, is_reason_needed, may, moves, next_move
from agent.domain.sheets import draft_sheet
from agent.render import CannotPrint, Paper, render_svg
from agent.store import Desk, requests
from agent.store.requests import RequestRow, Step
from agent.web.attachments import may_photograph, photographs_of
from agent.web.desk import at_counter, check_reason, note_look, person_of, send_once, steps_seen
from agent.web.measure import Measures
from agent.web.office import Office
from agent.web.seals import draft_text
from agent.web.words import STEPS, WAITING, answer_words, request_source, request_state
from chassis.database import Connection
from chassis.web import Form, add_notice, form_key_of, page, page_count, page_number, read_form
from language import say
from protocol.letter_kinds import FieldType, LetterKind

ID = "{id:[0-9a-f]{32}}"
ROWS_MAX = 50
"""Requests on one page: it stays under 100 KB."""
FILTERS = {"mine": say("Menunggu Anda"), "open": say("Semua yang berjalan"), "done": say("Selesai")}
BUTTONS = {
    Move.APPROVE: say("Setujui"),
    Move.SIGN: say("Tanda tangani"),
    Move.ISSUE: say("Terbitkan"),
    Move.HAND_OVER: say("Surat sudah diserahkan"),
}
"""The steps that are one press; verifying opens the form, sending back and closing ask for a reason."""


@dataclass(frozen=True, slots=True)
class Found:
    """A request with all its page shows. `draft` is None before it was verified."""

    row: RequestRow
    steps: list[Step]
    answers: Fields
    draft: Draft | None


class RequestPages:
    """/requests and below."""

    def __init__(self, office: Office, measures: Measures) -> None:
        self._office = office
        self._measures = measures

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/requests", self.listed),
            web.get(f"/requests/{ID}", self.one),
            web.post(f"/requests/{ID}", self.move),
            web.get(f"/requests/{ID}/preview", self.preview),
        ]

    @at_counter
    async def listed(self, request: web.Request) -> web.StreamResponse:
        chosen = request.query.get("show", "")
        chosen = chosen if chosen in FILTERS else "mine"
        pairs = self._office.work_of(person_of(self._office, request))

        async def look(connection: Connection) -> dict[str, object]:
            counts = {
                "mine": await requests.count_waiting(connection, pairs),
                "open": await requests.count(connection, is_open=True),
                "done": await requests.count(connection, is_open=False),
            }
            pages = page_count(counts[chosen], ROWS_MAX)
            number = page_number(request.query.get("page", ""), pages)
            offset = (number - 1) * ROWS_MAX
            rows = (
                await requests.waiting(connection, pairs, limit=ROWS_MAX, offset=offset)
                if chosen == "mine"
                else await requests.listed(connection, is_open=chosen == "open", limit=ROWS_MAX, offset=offset)
            )
            return {"rows": rows, "counts": counts, "number": number, "pages": pages}

        context = await self._office.store.database.read(look)
        return await page(
            request, "requests.html", context | {"filters": FILTERS, "chosen": chosen} | words(self._office)
        )

    @at_counter
    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, await self._find(request), Form(), None)

    @at_counter
    async def move(self, request: web.Request) -> web.StreamResponse:
        found, form = await self._find(request), await read_form(request)
        chosen = _move(form)
        reason = check_reason(form) if is_reason_needed(chosen) else ""
        if isinstance(reason, FieldError):
            return await self._page(request, found, form, Refusal(f"reason_{chosen}", reason.message))
        started = time.perf_counter()
        made = await self._move(request, found.row, chosen, reason, form)
        if isinstance(made, Refusal):
            return await self._page(request, await self._find(request), form, made)
        if chosen is Move.ISSUE and made.startswith("/letters/"):
            self._measures.issued(found.row.kind, time.perf_counter() - started)
        else:
            await add_notice(request, f"{STEPS[chosen]}.")
        raise web.HTTPSeeOther(made)

    async def _move(
        self, request: web.Request, row: RequestRow, chosen: Move, reason: str, form: Form
    ) -> str | Refusal:
        """One transaction; where it leads, or why not."""
        office, person = self._office, person_of(self._office, request)
        policy, seen = office.numbering(), steps_seen(form)
        if isinstance(policy, NumberingError):
            return Refusal("numbering", str(policy))

        async def work(desk: Desk) -> str | Refusal:
            if chosen is Move.ISSUE:
                letter = await requests.issue(
                    desk,
                    row.id,
                    person,
                    office.routes(),
                    office.catalogue.kind_at,
                    office.settings.letterhead(),
                    policy,
                    seen=seen,
                    is_date_confirmed=bool(form.text("date_confirmed")),
                )
                return letter if isinstance(letter, Refusal) else f"/letters/{letter.letter_id.hex()}"
            refused = await requests.move(desk, row.id, chosen, person, office.routes(), seen=seen, reason=reason)
            # whoever approves or signs goes back to what else waits; the clerk stays with this one
            return refused or ("/requests" if chosen in (Move.APPROVE, Move.SIGN) else f"/requests/{row.id.hex()}")

        sent = await send_once(office, request, form, work)
        return sent if isinstance(sent, Refusal) else sent.location

    async def _page(
        self, request: web.Request, found: Found, form: Form, refused: Refusal | None
    ) -> web.StreamResponse:
        row, person = found.row, person_of(self._office, request)
        route = self._office.settings.route(row.kind)
        possible = {move for move in moves(row.state, route) if may(person, move)}
        onward = next_move(row.state, route)
        kind = self._office.kinds.get(row.kind)
        context = words(self._office) | {
            "row": row,
            "steps": found.steps,
            "labels": STEPS,
            "answers": _answers(kind, found.answers),
            "signer": found.draft.signer if found.draft else None,
            "has_paper": found.draft is not None,
            "buttons": [(move.value, BUTTONS[move]) for move in BUTTONS if move in possible],
            "can_verify": Move.VERIFY in possible and kind is not None,
            "can_reject": Move.REJECT in possible,
            "can_close": Move.CLOSE in possible,
            "waits": "" if onward is None or onward in possible else WAITING[onward],
            "may_photograph": may_photograph(row),
            "refused": refused,
            "reason": form.text("reason"),
            "must_confirm_date": refused is not None and refused.code == DATE_UNCONFIRMED.code,
        }
        context |= await photographs_of(self._office, row.id)
        return await page(request, "request.html", context, status=409 if refused else 200)

    @at_counter
    async def preview(self, request: web.Request) -> web.StreamResponse:
        """The very page that will be issued, as a picture; for whoever is about to sign, with their own name on it."""
        found = await self._find(request)
        draft = found.draft
        edition = None if draft is None else self._office.catalogue.edition(draft.kind, draft.text_version)
        if draft is None or edition is None:
            raise web.HTTPNotFound
        person = person_of(self._office, request)
        onward = next_move(found.row.state, self._office.settings.route(draft.kind))
        if onward is Move.SIGN and person.signs_as is not None:
            draft = msgspec.structs.replace(draft, signer=person.signs_as)
        await note_look(self._office, request, "preview_letter", found.row.resident)
        sheet = draft_sheet(draft, edition.kind, edition.text)
        seal = draft_text(self._office)
        emblem = await self._office.emblem()
        try:
            pages = await asyncio.to_thread(lambda: render_svg(sheet, Paper.A4, seal=seal, emblem=emblem))
        except CannotPrint:
            self._measures.print_failed()
            raise web.HTTPConflict(text=UNPRINTABLE.sentence) from None
        response = web.Response(text=pages[0], content_type="image/svg+xml")
        response.enable_compression()
        return response

    async def _find(self, request: web.Request) -> Found:
        request_id = bytes.fromhex(request.match_info["id"])
        office, today = self._office, date_wib(self._office.stamper.now_ms())

        async def look(connection: Connection) -> Found | None:
            row = await requests.find(connection, request_id)
            if row is None:
                return None
            steps, kind = await requests.steps(connection, row.id), office.kinds.get(row.kind)
            if kind is None:
                return Found(row, steps, (), None)
            draft = await requests.read_draft(
                connection, row, office.catalogue.kind_at, office.settings.letterhead(), today
            )
            return Found(row, steps, await requests.answers(connection, row, kind), draft)

        found = await office.store.database.read(look)
        if found is None:
            raise web.HTTPNotFound
        return found


def words(office: Office) -> dict[str, object]:
    """How lists and pages name a request's kind, place and state."""
    return {
        "kinds": office.kinds,
        "request_state": lambda row: request_state(row.state, office.settings.route(row.kind)),
        "request_source": lambda row: request_source(row.source, row.queue),
    }


def _move(form: Form) -> Move:
    """The button that was pressed; verifying is another page's. Raises HTTPBadRequest for what no page of ours sends."""
    try:
        chosen = Move(form.text("move"))
    except ValueError as error:
        raise web.HTTPBadRequest from error
    if chosen is Move.VERIFY:
        raise web.HTTPBadRequest
    form_key_of(form)
    return chosen


def _answers(kind: LetterKind | None, answers: Fields) -> list[tuple[str, str]]:
    """Question and answer; what the kiosk asked and the kind does not, is the purpose."""
    asked = {field.name: field for field in kind.fields} if kind else {}
    shown = (
        (say(asked[name].label), answer_words(asked[name].type, answer))
        if name in asked
        else (say("Keperluan"), answer_words(FieldType.TEXT, answer))
        for name, answer in answers
    )
    return [(label, text) for label, text in shown if text]
