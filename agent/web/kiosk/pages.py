"""The kiosk's five pages: a number, a name, a letter, a purpose, a place in the queue."""

from collections.abc import Mapping
from importlib import resources

import jinja2
from aiohttp import web

from agent.domain.cards import card_digest, check_card
from agent.domain.events import State
from agent.domain.fields import Fault, check_name, check_nik, check_text
from agent.domain.letters import LetterKind
from agent.domain.residents import search_key
from agent.store import cards, requests, residents
from agent.store.residents import Registered
from agent.web.kiosk.visits import IDLE_SECONDS, Visit, Visits
from agent.web.office import Office
from chassis.web import Form, RequestRefused, install_public, page, read_form
from chassis.web.declarations import public
from chassis.web.throttle import begin_attempt, forgive
from language import say
from language.catalogue import INDONESIAN
from protocol.ids import mask_name

FORM_BYTES_MAX = 4_096
"""A purpose is the longest thing typed here."""
PURPOSE_LENGTH_MAX = 150
NAME_LENGTH_MAX = 100
NO_MATCH = say(
    "NIK dan nama ibu kandung itu tidak cocok dengan data kantor. Periksa keduanya, atau minta bantuan petugas di loket."
)
"""One sentence whether the NIK is unknown, a dead person's, or the mother's name is another or was never recorded."""
NO_CARD = say("Nomor itu bukan NIK, dan bukan KTP-el yang sudah didaftarkan petugas. Ketik NIK Anda, 16 angka.")
WAIT_AT_COUNTER = say("Terlalu banyak isian yang keliru. Silakan ke loket: petugas melayani Anda di sana.")


def build_kiosk_app(office: Office) -> web.Application:
    """The pages; served on an address of their own."""
    app = web.Application(client_max_size=FORM_BYTES_MAX)
    install_public(
        app,
        loader=jinja2.PackageLoader("agent.web.kiosk"),
        site_name=say("Anjungan Mandiri {village}", village=office.settings.home.place.split(",")[0]),
        static=[resources.files("agent.web.kiosk") / "static"],
        is_bilingual=True,
    )
    app.on_response_prepare.append(_forget_visitor)
    app.add_routes(KioskPages(office).routes())
    return app


async def _forget_visitor(request: web.Request, response: web.StreamResponse) -> None:
    """Back to the start, in Indonesian, after a minute, by a header: it works without scripts."""
    if response.content_type == "text/html":
        response.headers["Refresh"] = f"{IDLE_SECONDS}; url=/language/{INDONESIAN}"


class KioskPages:
    """/ and the four steps after it."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._visits = Visits(office.stamper.mono_ms)
        self._kinds = {key: kind for key, kind in office.kinds.items() if kind.kiosk}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.start),
            web.post("/number", self.number),
            web.post("/name", self.name),
            web.post("/letter", self.letter),
            web.post("/ask", self.ask),
        ]

    @public
    async def start(self, request: web.Request) -> web.StreamResponse:
        return await _page(request, "start.html", {})

    @public
    async def number(self, request: web.Request) -> web.StreamResponse:
        """A NIK, or what the reader types when a card is held to it."""
        form = await read_form(request, FORM_BYTES_MAX)
        person = await self._card_holder(form.text("number"))
        if person is not None:
            token = self._visits.begin(person.resident.nik)
            return await self._letters(request, token, person)
        nik = check_nik(form.text("number"), required=True)
        if isinstance(nik, Fault):
            is_card = isinstance(check_card(form.text("number")), str)
            return await _page(
                request, "start.html", {"number": NO_CARD if is_card else say("NIK: {message}", message=nik.message)}
            )
        return await _page(request, "name.html", {}, visit=self._visits.begin(nik))

    @public
    async def name(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, FORM_BYTES_MAX)
        token, visit = self._visit(form)
        if visit.queue:
            raise web.HTTPSeeOther("/")
        mother = check_name(form.text("mother"), required=True, length_max=NAME_LENGTH_MAX)
        if isinstance(mother, Fault):
            return await _page(
                request,
                "name.html",
                {"mother": say("Nama ibu kandung: {message}", message=mother.message)},
                visit=token,
            )
        person = await self._identify(request, visit.nik, mother)
        if person is None:
            return await _page(request, "name.html", {"mother": NO_MATCH}, visit=token)
        return await self._letters(request, token, person)

    async def _letters(self, request: web.Request, token: str, person: Registered) -> web.StreamResponse:
        """The visitor has shown who they are: by their card, or by their NIK and their mother's name."""
        visit = self._visits.find(token)
        if visit is None:
            raise web.HTTPSeeOther("/")
        visit.resident = person.id
        who = mask_name(person.resident.name)
        return await _page(request, "letters.html", {}, visit=token, kinds=self._kinds, who=who)

    async def _card_holder(self, typed: str) -> Registered | None:
        """For whom the card stands that was held to the reader. An unknown one counts as a wrong answer. Raises RequestRefused."""
        number = check_card(typed)
        if isinstance(number, Fault):
            return None
        if self._visits.is_closed:
            raise RequestRefused(429, "kiosk_throttled", WAIT_AT_COUNTER)
        person = await self._office.store.database.read(lambda c: cards.holder(c, card_digest(number)))
        if person is None or person.state is State.DEAD:
            self._visits.note_failure()
            return None
        return person

    async def _identify(self, request: web.Request, nik: str, mother: str) -> Registered | None:
        """The resident who gave their NIK and mother's name. Counted before it is checked. Raises RequestRefused (429)."""
        database, now_ms, source = self._office.store.database, self._office.stamper.now_ms(), request.remote or ""
        bucket = f"kiosk {nik}"
        wait_seconds = await database.transact(lambda c: begin_attempt(c, bucket, source, now_ms))
        if wait_seconds or self._visits.is_closed:
            raise RequestRefused(429, "kiosk_throttled", WAIT_AT_COUNTER)
        found = await database.read(lambda c: residents.of_nik(c, nik))
        recorded = search_key(found.resident.mother) if found else ""
        if found is None or found.state is State.DEAD or not recorded or recorded != search_key(mother):
            self._visits.note_failure()
            return None
        await database.transact(lambda c: forgive(c, bucket, source))
        return found

    @public
    async def letter(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, FORM_BYTES_MAX)
        token, kind, visit = self._chosen(form)
        if visit.queue:
            raise web.HTTPSeeOther("/")
        return await _page(request, "purpose.html", {}, visit=token, kind=kind)

    @public
    async def ask(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, FORM_BYTES_MAX)
        token, kind, visit = self._chosen(form)
        purpose = check_text(form.text("purpose"), PURPOSE_LENGTH_MAX, required=True)
        if isinstance(purpose, Fault):
            errors = {"purpose": say("Keperluan: {message}", message=purpose.message)}
            return await _page(request, "purpose.html", errors, visit=token, kind=kind, purpose=form.text("purpose"))
        if not visit.queue:  # a second press shows the number again
            visit.queue = await self._open(kind, visit, purpose)
        return await _page(request, "queue.html", {}, queue=visit.queue, kind=kind)

    async def _open(self, kind: LetterKind, visit: Visit, purpose: str) -> int:
        resident = visit.resident or b""
        asked = await self._office.store.write(lambda desk: requests.ask_at_kiosk(desk, kind, resident, purpose))
        return asked.queue

    def _visit(self, form: Form) -> tuple[str, Visit]:
        """The visit that a form belongs to; over is over. Raises HTTPSeeOther to the start."""
        token = form.text("visit")
        visit = self._visits.find(token)
        if visit is None:
            raise web.HTTPSeeOther("/")
        return token, visit

    def _chosen(self, form: Form) -> tuple[str, LetterKind, Visit]:
        """The letter chosen by somebody who has shown who they are. Raises HTTPSeeOther to the start."""
        token, visit = self._visit(form)
        kind = self._kinds.get(form.text("kind"))
        if kind is None or visit.resident is None:
            raise web.HTTPSeeOther("/")
        return token, kind, visit


async def _page(
    request: web.Request, template: str, errors: Mapping[str, str], **context: object
) -> web.StreamResponse:
    known: dict[str, object] = {"visit": "", "purpose": "", "errors": errors}
    return await page(request, template, known | context, status=422 if errors else 200)
