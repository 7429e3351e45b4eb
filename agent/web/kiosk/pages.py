"""The kiosk's pages: a number, a name, a use, a letter for it, a purpose, a place in the queue with photographs of documents."""

from collections.abc import Mapping
from importlib import resources

import jinja2
from aiohttp import web

from agent.domain.attachments import ALREADY_ATTACHED, KIOSK_ATTACHMENTS_MAX, TOO_MANY_AT_KIOSK
from agent.domain.cards import card_digest, check_card
from agent.domain.events import State
from agent.domain.fields import Fault, check_name, check_nik, check_text
from agent.domain.letters import by_group
from agent.domain.refusal import Refusal
from agent.domain.residents import search_key
from agent.store import attachments, cards, requests, residents
from agent.store.residents import Registered
from agent.web.attachments import FORM_BYTES_MAX as PHOTO_FORM_BYTES_MAX
from agent.web.attachments import developed
from agent.web.kiosk.visits import IDLE_SECONDS, Visit, Visits
from agent.web.office import Office
from agent.web.words import about_document
from chassis.web import Form, RequestRefused, install_public, page, read_form
from chassis.web.declarations import public
from chassis.web.throttle import begin_attempt, forgive
from language import say
from language.catalogue import INDONESIAN
from protocol.ids import mask_name
from protocol.letter_kinds import LetterKind

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
    app.middlewares.append(office.hearing())
    app.on_response_prepare.append(_forget_visitor)
    app.add_routes(KioskPages(office).routes())
    return app


async def _forget_visitor(request: web.Request, response: web.StreamResponse) -> None:
    """Back to the start, in Indonesian, after a minute, by a header: it works without scripts."""
    if response.content_type == "text/html":
        response.headers["Refresh"] = f"{IDLE_SECONDS}; url=/language/{INDONESIAN}"


class KioskPages:
    """/ and the five steps after it."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._visits = Visits(office.stamper.mono_ms)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.start),
            web.post("/number", self.number),
            web.post("/name", self.name),
            web.post("/use", self.use),
            web.post("/letter", self.letter),
            web.post("/ask", self.ask),
            web.post("/photo", self.photo),
        ]

    @property
    def _groups(self) -> dict[str, list[LetterKind]]:
        return dict(by_group(self._kinds))

    @property
    def _kinds(self) -> dict[str, LetterKind]:
        return {key: kind for key, kind in self._office.offered.items() if kind.kiosk}

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
            return await self._uses(request, token, person)
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
        return await self._uses(request, token, person)

    async def _uses(self, request: web.Request, token: str, person: Registered) -> web.StreamResponse:
        """The visitor has shown who they are: by their card, or by their NIK and their mother's name."""
        visit = self._visits.find(token)
        if visit is None:
            raise web.HTTPSeeOther("/")
        visit.resident = person.id
        who = mask_name(person.resident.name)
        return await _page(request, "uses.html", {}, visit=token, groups=self._groups, who=who)

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
    async def use(self, request: web.Request) -> web.StreamResponse:
        """The letters of one use; all uses again where none is named."""
        form = await read_form(request, FORM_BYTES_MAX)
        token, visit = self._visit(form)
        if visit.queue or visit.resident is None:
            raise web.HTTPSeeOther("/")
        group = form.text("group")
        if group not in self._groups:
            return await _page(request, "uses.html", {}, visit=token, groups=self._groups, who="")
        return await _page(request, "letters.html", {}, visit=token, group=group, kinds=self._groups[group])

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
            await self._open(kind, visit, purpose)
        return await self._queue(request, token, visit, {})

    async def _open(self, kind: LetterKind, visit: Visit, purpose: str) -> None:
        resident = visit.resident or b""
        asked = await self._office.store.write(lambda desk: requests.ask_at_kiosk(desk, kind, resident, purpose))
        visit.queue, visit.request, visit.kind = asked.queue, asked.id, kind.key

    @public
    async def photo(self, request: web.Request) -> web.StreamResponse:
        """A document for the request of this visit, one at a time. It goes to the officers and never back to the screen."""
        form = await read_form(request, PHOTO_FORM_BYTES_MAX)
        token, visit = self._visit(form)
        if not visit.queue:
            raise web.HTTPSeeOther("/")
        document = form.text("document")
        documents = self._office.kinds[visit.kind].required_documents
        if document not in documents:
            raise web.HTTPSeeOther("/")
        sentence = await self._attach(visit, document, form.uploads[0].content if form.uploads else b"")
        errors = {f"photo{documents.index(document)}": about_document(document, sentence)} if sentence else {}
        return await self._queue(request, token, visit, errors)

    async def _attach(self, visit: Visit, document: str, content: bytes) -> str:
        """Keep the photograph; or the sentence that says why not."""
        if document in visit.photographed:
            return ""  # a second press
        if len(visit.photographed) >= KIOSK_ATTACHMENTS_MAX:
            return TOO_MANY_AT_KIOSK.sentence
        visit.photographed.append(document)  # before the work, so that a crowd of presses is not a crowd of pictures
        sentence = await self._keep(visit, document, content)
        if sentence:
            visit.photographed.remove(document)
        return sentence

    async def _keep(self, visit: Visit, document: str, content: bytes) -> str:
        picture = await developed(self._office, content)
        if isinstance(picture, str):
            return picture
        documents = self._office.kinds[visit.kind].required_documents
        made = await self._office.store.write(
            lambda desk: attachments.add(desk, visit.request, document, documents, picture, requests.KIOSK)
        )
        return made.sentence if isinstance(made, Refusal) and made is not ALREADY_ATTACHED else ""

    async def _queue(
        self, request: web.Request, token: str, visit: Visit, errors: Mapping[str, str]
    ) -> web.StreamResponse:
        kind, is_full = self._office.kinds[visit.kind], len(visit.photographed) >= KIOSK_ATTACHMENTS_MAX
        open_for = [] if is_full else [x for x in enumerate(kind.required_documents) if x[1] not in visit.photographed]
        context = {"queue": visit.queue, "kind": kind, "sent": visit.photographed, "open_for": open_for}
        return await _page(request, "queue.html", errors, visit=token, **context)

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
