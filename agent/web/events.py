"""What happened to a resident: died, moved out, moved in again; asked, checked, recorded once, and taken back.

Births and first arrivals are recorded with the registration (`residents.py`).
"""

from aiohttp import web

from agent.domain.events import LABELS, Event, EventKind, check_event, may_record
from agent.domain.numbering import date_wib
from agent.domain.refusal import EVENT_NOT_FOUND, Refusal
from agent.store import Desk, events
from agent.store.events import EventRow
from agent.store.residents import Registered
from agent.web.desk import at_counter, check_reason, note_look, send_once
from agent.web.office import Office
from agent.web.residents import ID, find_resident
from agent.web.words import EVENT_TITLES, EVENTS
from chassis.web import Form, account_of, add_notice, form_key_of, page, read_form
from language import say

EVENT_ID = "{event:[0-9a-f]{32}}"
FIELDS = ("happened_on", "place", "reference", "note")
LATER = (EventKind.DIED, EventKind.MOVED_OUT, EventKind.MOVED_IN)
"""What can happen to somebody who is on record."""


class EventPages:
    """/residents/{id}/events and below."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"/residents/{ID}/events/new", self.new),
            web.post(f"/residents/{ID}/events/check", self.check),
            web.post(f"/residents/{ID}/events", self.record),
            web.get(f"/residents/{ID}/events/{EVENT_ID}/withdraw", self.ask_withdraw),
            web.post(f"/residents/{ID}/events/{EVENT_ID}/withdraw", self.withdraw),
        ]

    @at_counter
    async def new(self, request: web.Request) -> web.StreamResponse:
        person = await self._person(request)
        return await self._form(request, person, _kind(request.query.get("kind", "")), Form(), {})

    @at_counter
    async def check(self, request: web.Request) -> web.StreamResponse:
        person, form = await self._person(request), await read_form(request)
        kind, checked = self._checked(form, person)
        if isinstance(checked, dict) or form.text("change"):
            return await self._form(request, person, kind, form, checked if isinstance(checked, dict) else {})
        await note_look(self._office, request, "view_resident", person.id)
        context = {
            "person": person,
            "title": EVENT_TITLES[kind],
            "kind": kind.value,
            "event": checked,
            "labels": LABELS[kind],
            "hidden": [(name, form.text(name)) for name in FIELDS],
            "form_key": form_key_of(form),
        }
        return await page(request, "event_check.html", context)

    @at_counter
    async def record(self, request: web.Request) -> web.StreamResponse:
        person, form = await self._person(request), await read_form(request)
        kind, checked = self._checked(form, person)
        if isinstance(checked, dict):
            return await self._form(request, person, kind, form, checked)
        actor = account_of(request).login

        async def work(desk: Desk) -> str | Refusal:
            made = await events.record(desk, person.id, checked, actor)
            return made if isinstance(made, Refusal) else f"/residents/{person.id.hex()}"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            return await self._form(request, person, kind, form, {"form": sent.sentence})
        await add_notice(request, say("{events} tersimpan.", events=EVENTS[kind]))
        raise web.HTTPSeeOther(sent.location)

    def _checked(self, form: Form, person: Registered) -> tuple[EventKind, Event | dict[str, str]]:
        kind = _kind(form.text("kind"))
        today = date_wib(self._office.stamper.now_ms())
        checked = check_event(form.as_dict(), kind, person.resident.birth_date, today)
        if isinstance(checked, list):
            return kind, {error.field: error.message for error in checked}
        return kind, checked

    async def _form(
        self, request: web.Request, person: Registered, kind: EventKind, form: Form, errors: dict[str, str]
    ) -> web.StreamResponse:
        refused = may_record(kind, person.state)
        context = {
            "person": person,
            "title": EVENT_TITLES[kind],
            "kind": kind.value,
            "labels": LABELS[kind],
            "is_place_required": kind is not EventKind.DIED,
            "values": {name: form.text(name) for name in FIELDS},
            "errors": errors or ({"form": refused.sentence} if refused else {}),
            "form_key": form_key_of(form) if form.fields else None,
        }
        return await page(request, "event_form.html", context, status=422 if errors else 200)

    # --- taking back -------------------------------------------------------------------------------------------------

    @at_counter
    async def ask_withdraw(self, request: web.Request) -> web.StreamResponse:
        person = await self._person(request)
        return await self._withdraw_form(request, person, await self._event(request, person), "", {})

    @at_counter
    async def withdraw(self, request: web.Request) -> web.StreamResponse:
        person, form = await self._person(request), await read_form(request)
        event, reason, actor = await self._event(request, person), check_reason(form), account_of(request).login
        if not isinstance(reason, str):
            return await self._withdraw_form(request, person, event, form.text("reason"), {"reason": reason.message})

        async def work(desk: Desk) -> str | Refusal:
            refused = await events.withdraw(desk, person.id, event.id, reason, actor)
            return refused or f"/residents/{person.id.hex()}"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            return await self._withdraw_form(request, person, event, reason, {"reason": sent.sentence})
        await add_notice(request, say("Peristiwa itu dibatalkan."))
        raise web.HTTPSeeOther(sent.location)

    async def _withdraw_form(
        self, request: web.Request, person: Registered, event: EventRow, reason: str, errors: dict[str, str]
    ) -> web.StreamResponse:
        context = {"person": person, "event": event, "word": EVENTS[event.kind], "reason": reason, "errors": errors}
        return await page(request, "event_withdraw.html", context, status=422 if errors else 200)

    async def _event(self, request: web.Request, person: Registered) -> EventRow:
        wanted = bytes.fromhex(request.match_info["event"])
        found = await self._office.store.database.read(lambda c: events.of_resident(c, person.id))
        for event in found:
            if event.id == wanted:
                return event
        raise web.HTTPNotFound(reason=EVENT_NOT_FOUND.code)

    async def _person(self, request: web.Request) -> Registered:
        return await find_resident(self._office, request.match_info["id"])


def _kind(text: str) -> EventKind:
    for kind in LATER:
        if kind.value == text:
            return kind
    raise web.HTTPNotFound
