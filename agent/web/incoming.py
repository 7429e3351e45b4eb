"""Incoming letters at the counter: ask, show the answers once more, enter with the next number; add the disposition later.

Must never give one form two numbers. Place in the flow: the agenda of incoming letters (`registers`) leads here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from agent.domain.incoming import LABELS, IncomingLetter, check_incoming
from agent.domain.numbering import date_wib
from agent.domain.refusal import Refusal
from agent.store import Desk, incoming
from agent.store.incoming import Registered
from agent.web.desk import at_counter, send_once
from agent.web.office import Office
from chassis.web import Form, account_of, add_notice, form_key_of, formats, page, read_form
from language import say

ID = "{id:[0-9a-f]{32}}"
ROOT = "/registers/incoming"
DATE_FIELD = "%d-%m-%Y"


@dataclass(frozen=True)
class Wanted:
    """What a form asks to enter: a checked letter, or what is wrong; `former` where it corrects one."""

    former: Registered | None
    letter: IncomingLetter | None
    errors: Mapping[str, str]


class IncomingPages:
    """/registers/incoming/new, /check and /{id}."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{ROOT}/new", self.new),
            web.post(f"{ROOT}/check", self.check),
            web.post(f"{ROOT}/new", self.enter),
            web.get(f"{ROOT}/{ID}", self.one),
        ]

    @at_counter
    async def new(self, request: web.Request) -> web.StreamResponse:
        """An empty form; with `incoming`, that letter's."""
        former = await self._former(request.query.get("incoming", ""))
        today = date_wib(self._office.stamper.now_ms()).strftime(DATE_FIELD)
        typed = as_text(former.letter) if former else {"received_on": today}
        return await self._form(request, Wanted(former, None, {}), typed, None)

    @at_counter
    async def check(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        wanted = await self._wanted(form)
        if wanted.letter is None or form.text("change"):
            return await self._form(request, wanted, form.as_dict(), form_key_of(form))
        return await self._check_page(request, form, wanted, wanted.letter, None)

    @at_counter
    async def enter(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        wanted = await self._wanted(form)
        if wanted.letter is None:
            return await self._form(request, wanted, form.as_dict(), form_key_of(form))
        letter, former, actor = wanted.letter, wanted.former, account_of(request).login

        async def work(desk: Desk) -> str | Refusal:
            if former is None:
                made = await incoming.register(desk, letter, actor)
            else:
                made = await incoming.correct(desk, former.id, letter, actor)
            return made if isinstance(made, Refusal) else f"{ROOT}/{made.hex()}"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            return await self._check_page(request, form, wanted, letter, sent)
        if sent.is_repeat:
            await add_notice(request, say("Isian itu sudah dicatat sebelumnya; inilah suratnya. Tidak ada nomor baru."))
        raise web.HTTPSeeOther(sent.location)

    @at_counter
    async def one(self, request: web.Request) -> web.StreamResponse:
        found = await self._former(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        return await page(request, "incoming.html", {"found": found, "facts": _facts(found.letter)})

    async def _wanted(self, form: Form) -> Wanted:
        former = await self._former(form.text("incoming"))
        today = date_wib(self._office.stamper.now_ms())
        checked = check_incoming(form.as_dict(), today, year=former.year if former else None)
        if isinstance(checked, IncomingLetter):
            return Wanted(former, checked, {})
        return Wanted(former, None, {error.field: error.message for error in checked})

    async def _former(self, text: str) -> Registered | None:
        """None for no id. Raises HTTPNotFound for one that is not of this office."""
        if not text:
            return None
        try:
            incoming_id = bytes.fromhex(text)
        except ValueError:
            raise web.HTTPNotFound from None
        found = await self._office.store.database.read(lambda c: incoming.get(c, incoming_id))
        if found is None:
            raise web.HTTPNotFound
        return found

    async def _form(
        self, request: web.Request, wanted: Wanted, typed: Mapping[str, str], key: str | None
    ) -> web.StreamResponse:
        values = {name: typed.get(name, "") for name in LABELS}
        context = {
            "labels": LABELS,
            "values": values,
            "errors": wanted.errors,
            "former": wanted.former,
            "form_key": key,
        }
        return await page(request, "incoming_form.html", context, status=422 if wanted.errors else 200)

    async def _check_page(
        self, request: web.Request, form: Form, wanted: Wanted, letter: IncomingLetter, refused: Refusal | None
    ) -> web.StreamResponse:
        context = {
            "facts": _facts(letter),
            "hidden": as_text(letter),
            "former": wanted.former,
            "letter": letter,
            "form_key": form_key_of(form),
            "refused": refused,
        }
        return await page(request, "incoming_check.html", context, status=409 if refused else 200)


def as_text(letter: IncomingLetter) -> dict[str, str]:
    """A letter as its form shows it."""
    return {
        "received_on": letter.received_on.strftime(DATE_FIELD),
        "sender": letter.sender,
        "their_number": letter.their_number,
        "dated": letter.dated.strftime(DATE_FIELD) if letter.dated else "",
        "subject": letter.subject,
        "disposition": letter.disposition,
    }


def _facts(letter: IncomingLetter) -> list[tuple[str, str]]:
    """A letter as people read it."""
    words = as_text(letter) | {
        "received_on": formats.tanggal(letter.received_on),
        "dated": formats.tanggal(letter.dated) if letter.dated else "",
    }
    return [(label, words[name] or "-") for name, label in LABELS.items()]
