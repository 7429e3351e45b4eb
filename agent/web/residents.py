"""Residents: find, register, correct, and open one to serve them. No NIK ever stands in an address: searches are posted."""

from collections.abc import Mapping

import msgspec
from aiohttp import web

from agent.domain.fields import FieldError
from agent.domain.numbering import date_wib
from agent.domain.refusal import RESIDENT_NOT_FOUND, Refusal
from agent.domain.residents import (
    LABELS,
    MARITAL_STATUSES,
    RELATIONS,
    RELIGIONS,
    Resident,
    check_resident,
    resident_warnings,
)
from agent.store import Desk, aid, letters, residents
from agent.store.residents import Registered
from agent.web.office import Office
from agent.web.refused import Refused
from agent.web.words import letter_state, proposal_state
from chassis.database import Connection
from chassis.web import account_of, add_notice, form_key_of, page, read_form, signed_in, submit_once
from chassis.web.accounts import record_access
from protocol.ids import VillageCode

ID = "{id:[0-9a-f]{32}}"


class ResidentPages:
    """/residents and below."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/residents", self.ask),
            web.post("/residents", self.search),
            web.get("/residents/new", self.new),
            web.post("/residents/new", self.register),
            web.get(f"/residents/{ID}", self.one),
            web.get(f"/residents/{ID}/edit", self.edit),
            web.post(f"/residents/{ID}/edit", self.correct),
        ]

    @signed_in
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await page(request, "residents.html", {"typed": "", "found": None})

    @signed_in
    async def search(self, request: web.Request) -> web.StreamResponse:
        typed = (await read_form(request)).text("q")[:100]
        found = await self._office.store.database.read(lambda c: residents.search(c, typed)) if typed else []
        if len(found) == 1:
            raise web.HTTPSeeOther(f"/residents/{found[0].id.hex()}")
        return await page(request, "residents.html", {"typed": typed, "found": found})

    @signed_in
    async def new(self, request: web.Request) -> web.StreamResponse:
        return await self._form(request, {}, [], is_new=True)

    @signed_in
    async def register(self, request: web.Request) -> web.StreamResponse:
        return await self._save(request, b"")

    @signed_in
    async def edit(self, request: web.Request) -> web.StreamResponse:
        found = await self.find(request.match_info["id"])
        return await self._form(request, as_text(found.resident), [], is_new=False)

    @signed_in
    async def correct(self, request: web.Request) -> web.StreamResponse:
        found = await self.find(request.match_info["id"])
        return await self._save(request, found.id)

    async def _save(self, request: web.Request, replaces: bytes) -> web.StreamResponse:
        form = await read_form(request)
        checked = check_resident(form.as_dict(), date_wib(self._office.stamper.now_ms()))
        if not isinstance(checked, Resident):
            return await self._form(request, form.as_dict(), checked, is_new=not replaces)
        account, key, now_ms = account_of(request), form_key_of(form), self._office.stamper.now_ms()
        refused: list[Refusal] = []

        async def work(desk: Desk) -> str:
            async def save(_: Connection) -> str:
                result = await residents.register(desk, checked, account.login, replaces=replaces)
                if isinstance(result, Refusal):
                    refused.append(result)
                    raise Refused
                return f"/residents/{result.hex()}"

            return await submit_once(desk.connection, key, account.account_id, now_ms, save)

        try:
            location = await self._office.store.write(work)
        except Refused:
            error = FieldError("nik", refused[0].code, refused[0].sentence)
            return await self._form(request, form.as_dict(), [error], is_new=not replaces)
        for warning in resident_warnings(checked, VillageCode(self._office.settings.village)):
            await add_notice(request, warning.message)
        raise web.HTTPSeeOther(location)

    async def _form(
        self, request: web.Request, values: Mapping[str, str], errors: list[FieldError], *, is_new: bool
    ) -> web.StreamResponse:
        context = {
            "values": values,
            "errors": {error.field: error.message for error in errors},
            "labels": LABELS,
            "religions": [(w, w) for w in RELIGIONS],
            "statuses": [(w, w) for w in MARITAL_STATUSES],
            "relations": [(w, w) for w in RELATIONS],
            "is_new": is_new,
            "form_key": values.get("form_key"),
        }
        return await page(request, "resident_form.html", context, status=422 if errors else 200)

    @signed_in
    async def one(self, request: web.Request) -> web.StreamResponse:
        found = await self.find(request.match_info["id"])
        now_ms, actor = self._office.stamper.now_ms(), account_of(request).login

        async def look(connection: Connection) -> dict[str, object]:
            return {
                "household": await residents.household(connection, found.resident.kk),
                "letters": await letters.of_resident(connection, found.id),
                "proposals": await aid.of_resident(connection, found.id),
            }

        async def note(connection: Connection) -> None:
            await record_access(connection, now_ms=now_ms, actor=actor, action="view_resident", subject=found.id.hex())

        await self._office.store.database.transact(note)
        context = await self._office.store.database.read(look)
        context |= {
            "found": found,
            "labels": LABELS,
            "values": as_text(found.resident),
            "warnings": resident_warnings(found.resident, VillageCode(self._office.settings.village)),
            "kinds": self._office.kinds,
            "letter_state": lambda x: letter_state(x.is_acked, x.voided_reason),
            "proposal_state": lambda p: proposal_state(p.is_acked, p.decision, p.is_unconfirmed),
        }
        return await page(request, "resident.html", context)

    async def find(self, text: str) -> Registered:
        """The resident of an id in an address; 404 for any other."""
        return await find_resident(self._office, text)


async def find_resident(office: Office, text: str) -> Registered:
    """The resident of an id in an address or form. Raises HTTPNotFound."""
    try:
        resident_id = bytes.fromhex(text)
    except ValueError as error:
        raise web.HTTPNotFound from error
    found = await office.store.database.read(lambda c: residents.get(c, resident_id))
    if found is None:
        raise web.HTTPNotFound(reason=RESIDENT_NOT_FOUND.code)
    return found


def as_text(resident: Resident) -> dict[str, str]:
    """A resident as a form shows it."""
    values = msgspec.structs.asdict(resident)
    return {**values, "birth_date": resident.birth_date.strftime("%d-%m-%Y"), "sex": resident.sex.value}
