"""Residents: find, register, correct, and open one to serve them.

Must never put a NIK or a name into an address: searches are posted. Lists show four digits of a NIK; the whole number
stands on one resident's own page, and each look at it is written down.
"""

from collections.abc import Mapping
from hashlib import sha256

import msgspec
from aiohttp import web

from agent.domain.fields import FieldError
from agent.domain.numbering import date_wib
from agent.domain.refusal import NIK_TAKEN, RESIDENT_NOT_FOUND, Refusal
from agent.domain.residents import (
    LABELS,
    MARITAL_STATUSES,
    RELATIONS,
    RELIGIONS,
    Resident,
    check_resident,
    resident_warnings,
)
from agent.store import Desk, aid, cycles, letters, residents
from agent.store.residents import Registered
from agent.web.desk import at_counter, note_look, send_once
from agent.web.office import Office
from agent.web.words import cycle_names, letter_state, proposal_state
from chassis.database import Connection
from chassis.web import account_of, add_notice, formats, page, read_form
from chassis.web.login import is_fragment_request
from protocol.ids import Sex, VillageCode

ID = "{id:[0-9a-f]{32}}"
TYPED_MAX = 100
"""Longest search: a NIK, or as much of a name as anybody types."""
FOUND_MAX = 25
"""Residents on one search page: who needs more types another letter, and is told so."""
SEEN = "seen"
"""Form field: what the resident's data was when the form was made, as a digest."""
CHANGED_MEANWHILE = Refusal(
    "changed_meanwhile",
    "Data penduduk ini diubah petugas lain sejak halaman ini dibuka. Isian Anda masih ada: bandingkan dengan data di"
    " bawah ini, lalu simpan lagi.",
)


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

    @at_counter
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await page(request, "residents.html", {"typed": "", "found": None, "is_more": False})

    @at_counter
    async def search(self, request: web.Request) -> web.StreamResponse:
        typed = (await read_form(request)).text("q")[:TYPED_MAX]
        found = await self._office.store.database.read(lambda c: residents.search(c, typed, FOUND_MAX + 1))
        if len(found) == 1 and not is_fragment_request(request):
            raise web.HTTPSeeOther(f"/residents/{found[0].id.hex()}")
        context = {"typed": typed, "found": found[:FOUND_MAX], "is_more": len(found) > FOUND_MAX}
        return await page(request, "residents.html", context)

    @at_counter
    async def new(self, request: web.Request) -> web.StreamResponse:
        return await self._form(request, {}, [], None)

    @at_counter
    async def register(self, request: web.Request) -> web.StreamResponse:
        return await self._save(request, None)

    @at_counter
    async def edit(self, request: web.Request) -> web.StreamResponse:
        found = await self.find(request.match_info["id"])
        return await self._form(request, as_text(found.resident), [], found)

    @at_counter
    async def correct(self, request: web.Request) -> web.StreamResponse:
        found = await self.find(request.match_info["id"])
        return await self._save(request, found)

    async def _save(self, request: web.Request, former: Registered | None) -> web.StreamResponse:
        form = await read_form(request)
        checked = check_resident(form.as_dict(), date_wib(self._office.stamper.now_ms()))
        if not isinstance(checked, Resident):
            return await self._form(request, form.as_dict(), checked, former)
        actor = account_of(request).login

        async def work(desk: Desk) -> str | Refusal:
            if former is not None and await _digest_now(desk.connection, former.id) != form.text(SEEN):
                return CHANGED_MEANWHILE
            result = await residents.register(desk, checked, actor, replaces=former.id if former else b"")
            return result if isinstance(result, Refusal) else f"/residents/{result.hex()}"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            field = "nik" if sent is NIK_TAKEN else "form"
            return await self._form(request, form.as_dict(), [FieldError(field, sent.code, sent.sentence)], former)
        await add_notice(request, "Data penduduk tersimpan.")
        raise web.HTTPSeeOther(sent.location)

    async def _form(
        self,
        request: web.Request,
        values: Mapping[str, str],
        errors: list[FieldError],
        former: Registered | None,
    ) -> web.StreamResponse:
        now = None if former is None else await self.find(former.id.hex())
        is_changed = any(error.code == CHANGED_MEANWHILE.code for error in errors)
        context = {
            "values": values,
            "errors": {error.field: error.message for error in errors},
            "labels": LABELS,
            "religions": [(w, w) for w in RELIGIONS],
            "statuses": [(w, w) for w in MARITAL_STATUSES],
            "relations": [(w, w) for w in RELATIONS],
            "is_new": former is None,
            "form_key": values.get("form_key"),
            "seen": digest_of(now.resident) if now else "",
            "current": as_words(now.resident) if now and is_changed else {},
        }
        return await page(request, "resident_form.html", context, status=422 if errors else 200)

    @at_counter
    async def one(self, request: web.Request) -> web.StreamResponse:
        found = await self.find(request.match_info["id"])

        async def look(connection: Connection) -> dict[str, object]:
            return {
                "household": await residents.household(connection, found.resident.kk),
                "letters": await letters.of_resident(connection, found.id),
                "proposals": await aid.of_resident(connection, found.id),
                "names": cycle_names(await cycles(connection)),
            }

        await note_look(self._office, request, "view_resident", found.id)
        context = await self._office.store.database.read(look)
        context |= {
            "found": found,
            "labels": LABELS,
            "values": as_words(found.resident),
            "warnings": resident_warnings(found.resident, VillageCode(self._office.settings.village)),
            "kinds": self._office.kinds,
            "has_kiosk": self._office.settings.kiosk is not None,
            "letter_state": lambda row: letter_state(row.is_acked, row.voided_reason),
            "proposal_state": proposal_state,
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


async def _digest_now(connection: Connection, resident_id: bytes) -> str:
    now = await residents.get(connection, resident_id)
    return "" if now is None else digest_of(now.resident)


def digest_of(resident: Resident) -> str:
    """Tells whether somebody else corrected a resident while this form lay open."""
    return sha256(msgspec.json.encode(resident)).hexdigest()[:32]


def as_text(resident: Resident) -> dict[str, str]:
    """A resident as a form shows it."""
    values = msgspec.structs.asdict(resident)
    return {**values, "birth_date": resident.birth_date.strftime("%d-%m-%Y"), "sex": resident.sex.value}


def as_words(resident: Resident) -> dict[str, str]:
    """A resident as people read it."""
    sex = "Laki-laki" if resident.sex is Sex.MALE else "Perempuan"
    return {**as_text(resident), "birth_date": formats.tanggal(resident.birth_date), "sex": sex}
