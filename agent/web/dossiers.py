"""Dossiers: send an issued letter with its documents to the agency of its kind, and see how far each has come.

Must never say that an agency has something before the regency says so. Place in the flow: the letter's page leads here;
`agent/store/dossiers` keeps; the agency's steps come back by the feed.
"""

from collections.abc import Mapping

from aiohttp import web

from agent.domain.dossiers import can_send, ticked_documents
from agent.domain.fields import Fault, check_text
from agent.domain.letters import Letter
from agent.domain.refusal import Refusal
from agent.store import Desk, dossiers, letters
from agent.web.desk import at_counter, send_once
from agent.web.office import Office
from agent.web.words import DOSSIERS, dossier_state
from chassis.database import Connection
from chassis.web import Form, account_of, add_notice, page, page_count, page_number, read_form
from chassis.web.formats import ago
from language import say

NOTE_LENGTH_MAX = 300
ROWS_MAX = 100
"""Dossiers on one page of the list: it stays under 100 KB."""


class DossierPages:
    """/dossiers, and what stands below a letter."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        path = "/letters/{id:[0-9a-f]{32}}/dossier"
        return [web.get("/dossiers", self.list), web.get(path, self.ask), web.post(path, self.send)]

    @at_counter
    async def list(self, request: web.Request) -> web.StreamResponse:
        asked, now_ms = request.query.get("state", ""), self._office.stamper.now_ms()
        chosen = asked if asked in DOSSIERS else ""

        async def look(connection: Connection) -> dict[str, object]:
            found = await dossiers.counts(connection)
            counts = {"": sum(found.values())} | found
            pages = page_count(counts.get(chosen, 0), ROWS_MAX)
            number = page_number(request.query.get("page", ""), pages)
            rows = await dossiers.recent(connection, chosen, limit=ROWS_MAX, offset=(number - 1) * ROWS_MAX)
            return {"rows": rows, "counts": counts, "number": number, "pages": pages}

        context = await self._office.store.database.read(look)
        context |= {"chosen": chosen, "filters": DOSSIERS, "state": dossier_state, "kinds": self._office.kinds}
        return await page(request, "dossiers.html", context | {"age": lambda row: ago(row.moved_ms, now_ms)})

    @at_counter
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await self._form(request, await self._letter(request), Form(), {})

    @at_counter
    async def send(self, request: web.Request) -> web.StreamResponse:
        letter, form = await self._letter(request), await read_form(request)
        kind, actor = self._office.kinds[letter.kind], account_of(request).login
        note = check_text(form.text("note"), NOTE_LENGTH_MAX, required=False)
        if isinstance(note, Fault):
            return await self._form(request, letter, form, {"note": say("Catatan: {message}", message=note.message)})
        documents = ticked_documents(kind, form.all("documents"))

        async def work(desk: Desk) -> str | Refusal:
            made = await dossiers.send(desk, letter.letter_id, kind, documents, note, actor)
            return made if isinstance(made, Refusal) else f"/letters/{letter.letter_id.hex()}"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            await add_notice(request, sent.sentence)
            raise web.HTTPSeeOther(f"/letters/{letter.letter_id.hex()}")
        await add_notice(
            request,
            say("Berkas itu sudah dikirim sebelumnya. Tidak ada berkas baru.")
            if sent.is_repeat
            else say(
                "Berkas dicatat untuk {forward_to}. Berkas terkirim begitu jaringan tersambung; tidak perlu diulang.",
                forward_to=kind.forward_to,
            ),
        )
        raise web.HTTPSeeOther(sent.location)

    async def _form(
        self, request: web.Request, letter: Letter, form: Form, errors: Mapping[str, str]
    ) -> web.StreamResponse:
        kind = self._office.kinds[letter.kind]
        sent = await self._office.store.database.read(lambda c: dossiers.of_letter(c, letter.letter_id))
        former = sent[0] if sent else None
        context = {
            "letter": letter,
            "kind": kind,
            "former": former,
            "ticked": form.all("documents") if form.fields else former.documents if former else [],
            "note": form.text("note"),
            "errors": errors,
            "form_key": form.text("form_key") or None,
        }
        return await page(request, "dossier_form.html", context, status=422 if errors else 200)

    async def _letter(self, request: web.Request) -> Letter:
        """The letter, if it can be sent now; its page says why where it cannot."""
        letter_id, kinds = bytes.fromhex(request.match_info["id"]), dict(self._office.kinds)
        found = await self._office.store.database.read(lambda c: letters.find(c, letter_id, kinds))
        if found is None or not kinds[found[0].kind].forward_to:
            raise web.HTTPNotFound
        return found[0]


async def dossiers_of(office: Office, row: letters.LetterRow) -> dict[str, object]:
    """What the letter's page shows of its dossiers. Showing an answer is reading it."""
    found = await office.store.database.read(lambda c: dossiers.of_letter(c, row.id))
    if any(each.is_unread for each in found):
        await office.store.database.transact(lambda c: dossiers.note_read(c, row.id))
    kind, last = office.kinds[row.kind], found[0].state if found else None
    is_sendable = bool(kind.forward_to) and row.voided_reason is None and can_send(last)
    return {"dossiers": found, "dossier_state": dossier_state, "is_sendable": is_sendable}
