"""Residents: find, register, correct, and open one to serve them.

Must never put a NIK or a name into an address: searches are posted. Lists show four digits of a NIK; the whole number
stands on one resident's own page, and each look at it is written down.
"""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256

import msgspec
from aiohttp import web

from agent.domain.events import LABELS as EVENT_LABELS
from agent.domain.events import Event, EventKind, check_event
from agent.domain.fields import FieldError
from agent.domain.letters import by_group
from agent.domain.numbering import date_wib
from agent.domain.refusal import NIK_TAKEN, RESIDENT_NOT_FOUND, Refusal
from agent.domain.residents import (
    LABELS,
    MARITAL_STATUSES,
    RELATIONS,
    RELIGIONS,
    Resident,
    check_resident,
    read_search,
    resident_warnings,
)
from agent.store import Desk, aid, cycles, events, letters, residents
from agent.store.residents import Registered
from agent.web.desk import at_counter, note_look, send_once
from agent.web.office import Office
from agent.web.words import EVENT_TITLES, EVENTS, cycle_names, letter_state, proposal_state
from chassis.database import Connection
from chassis.web import Form, account_of, add_notice, form_key_of, formats, page, read_form
from chassis.web.login import is_fragment_request
from language import say
from protocol.ids import Sex, VillageCode

ID = "{id:[0-9a-f]{32}}"
ARRIVALS = (EventKind.BORN.value, EventKind.MOVED_IN.value)
"""How somebody may come to be on record, besides having been here before the records."""
TYPED_MAX = 100
"""Longest search: a NIK, or as much of a name as anybody types."""
FOUND_MAX = 25
"""Residents on one search page: who needs more types another letter, and is told so."""
BLOCK_FOUND_MAX = 200
"""Residents of one RT, which is looked through as a whole; the page stays under 100 KB."""
SEEN = "seen"
"""Form field: what the resident's data was when the form was made, as a digest."""
CHANGED_MEANWHILE = Refusal(
    "changed_meanwhile",
    say(
        "Data penduduk ini diubah petugas lain sejak halaman ini dibuka. Isian Anda masih ada: bandingkan dengan data di"
        " bawah ini, lalu simpan lagi."
    ),
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
        most = BLOCK_FOUND_MAX if read_search(typed).is_block_only else FOUND_MAX
        found = await self._office.store.database.read(lambda c: residents.search(c, typed, most + 1))
        if not is_fragment_request(request):
            _go_to_only_one(found, typed)
        context = {"typed": typed, "found": found[:most], "is_more": len(found) > most}
        return await page(request, "residents.html", context)

    @at_counter
    async def new(self, request: web.Request) -> web.StreamResponse:
        """An empty form; with `arrival` one for a birth or a move, with `from` with what a household has in common."""
        arrival = request.query.get("arrival", "")
        values = {"arrival": arrival} if arrival in ARRIVALS else {}
        if "from" in request.query:
            person = await self.find(request.query["from"])
            values |= _household_of(person.resident, is_birth=arrival == EventKind.BORN)
        if arrival == EventKind.BORN:
            home = self._office.settings.village
            values["nik"] = await self._office.store.database.read(lambda c: residents.provisional_nik(c, home))
        return await self._form(request, values, [], None)

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
        today = date_wib(self._office.stamper.now_ms())
        checked = check_resident(form.as_dict(), today)
        arrived = _arrival(form, checked, today) if former is None else None
        errors = [*_faults(checked), *_faults(arrived)]
        if not isinstance(checked, Resident) or errors or form.text("change"):
            return await self._form(request, form.as_dict(), errors, former)
        if isinstance(arrived, Event) and not form.text("confirmed"):
            return await self._check_page(request, form, checked, arrived)
        actor = account_of(request).login

        async def work(desk: Desk) -> str | Refusal:
            if former is not None and await _digest_now(desk.connection, former.id) != form.text(SEEN):
                return CHANGED_MEANWHILE
            result = await residents.register(desk, checked, actor, replaces=former.id if former else b"")
            if isinstance(result, bytes) and isinstance(arrived, Event):
                await events.record_arrival(desk, result, arrived, actor)
            return result if isinstance(result, Refusal) else f"/residents/{result.hex()}"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            field = "nik" if sent is NIK_TAKEN else "form"
            return await self._form(request, form.as_dict(), [FieldError(field, sent.code, sent.sentence)], former)
        await add_notice(request, say("Data penduduk tersimpan."))
        raise web.HTTPSeeOther(sent.location)

    async def _check_page(
        self, request: web.Request, form: Form, resident: Resident, event: Event
    ) -> web.StreamResponse:
        names = (*LABELS, "arrival", "happened_on", "place", "reference", "note")
        context = {
            "title": EVENT_TITLES[event.kind],
            "labels": LABELS,
            "values": as_words(resident),
            "event": event,
            "event_labels": event_labels(event.kind),
            "hidden": [(name, form.text(name)) for name in names],
            "form_key": form_key_of(form),
            "warnings": resident_warnings(resident, VillageCode(self._office.settings.village)),
        }
        return await page(request, "resident_check.html", context)

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
            "arrival": values.get("arrival", ""),
            "title": _form_title(values.get("arrival", ""), former),
            "event_labels": event_labels(EventKind(values["arrival"])) if values.get("arrival") in ARRIVALS else {},
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
                "cards": await residents.cards(connection, found.id),
                "events": await events.of_resident(connection, found.id),
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
            "event_words": EVENTS,
            "kinds": self._office.kinds,
            "frequent": [kind for kind in self._office.offered.values() if kind.is_frequent],
            "groups": by_group(self._office.offered),
            "has_kiosk": self._office.settings.kiosk is not None,
            "letter_state": lambda row: letter_state(row.is_acked, row.voided_reason),
            "proposal_state": proposal_state,
        }
        return await page(request, "resident.html", context)

    async def find(self, text: str) -> Registered:
        """The resident of an id in an address; 404 for any other."""
        return await find_resident(self._office, text)


def _go_to_only_one(found: list[Registered], typed: str) -> None:
    """One person is opened at once, and so is a family card by its whole number."""
    if len(found) == 1:
        raise web.HTTPSeeOther(f"/residents/{found[0].id.hex()}")
    if found and all(each.resident.kk == "".join(typed.split()) for each in found):
        raise web.HTTPSeeOther(f"/residents/{found[0].id.hex()}/household")


def _arrival(form: Form, checked: Resident | list[FieldError], today: date) -> Event | list[FieldError] | None:
    """The birth or move that came with a registration; None for somebody who has always been here."""
    if form.text("arrival") not in ARRIVALS:
        return None
    kind, raw = EventKind(form.text("arrival")), form.as_dict()
    if kind is EventKind.BORN:  # asked once, as the person's own data
        if not isinstance(checked, Resident):
            return None
        raw |= {"happened_on": checked.birth_date.isoformat(), "place": checked.birth_place}
    born = checked.birth_date if isinstance(checked, Resident) else date.min
    return check_event(raw, kind, born, today)


def _faults(checked: object) -> list[FieldError]:
    return checked if isinstance(checked, list) else []


def event_labels(kind: EventKind) -> Mapping[str, str]:
    """The questions that a registration asks besides the person's own data."""
    asked = ("reference", "note") if kind is EventKind.BORN else ("happened_on", "place", "reference", "note")
    return {name: EVENT_LABELS[kind][name] for name in asked}


def _form_title(arrival: str, former: Registered | None) -> str:
    if former is not None:
        return say("Perbaiki data penduduk")
    return EVENT_TITLES[EventKind(arrival)] if arrival in ARRIVALS else say("Penduduk baru")


def _household_of(resident: Resident, *, is_birth: bool) -> dict[str, str]:
    """What a new member of somebody's household has in common with them; a child also its parent's name."""
    shared = {name: getattr(resident, name) for name in ("kk", "address", "hamlet", "rt", "rw", "religion")}
    if not is_birth:
        return shared
    parent = "mother" if resident.sex is Sex.FEMALE else "father"
    return {**shared, parent: resident.name, "relation": "ANAK", "marital_status": "BELUM KAWIN"}


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
    sex = say("Laki-laki") if resident.sex is Sex.MALE else say("Perempuan")
    return {**as_text(resident), "birth_date": formats.tanggal(resident.birth_date), "sex": sex}
