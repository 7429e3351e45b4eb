"""Dossiers: send an issued letter with its documents to the agency of its kind, and see how far each has come.

Must never say that an agency has something before the regency says so. Place in the flow: the letter's page leads here;
`agent/store/dossiers` keeps; the agency's steps come back by the feed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from agent.domain.dossiers import CAMAT, check_sending, open_stations, road_of, ticked_documents
from agent.domain.fields import Fault, check_text
from agent.domain.letters import Letter
from agent.domain.refusal import Refusal
from agent.domain.sheets import has_camat_block
from agent.store import Desk, attachments, dossiers, letters, results
from agent.web.desk import at_counter, note_look, send_once
from agent.web.office import Office
from agent.web.words import DOSSIERS, dossier_state
from chassis.database import Connection
from chassis.web import Form, account_of, add_notice, page, page_count, page_number, read_form
from chassis.web.formats import ago
from language import say

NOTE_LENGTH_MAX = 300
ROWS_MAX = 100
"""Dossiers on one page of the list: it stays under 100 KB."""
EXTENSIONS = {"application/pdf": "pdf", "image/jpeg": "jpg"}
"""Kinds of files that are given to the browser at all. The centre looked into each; here nothing is opened."""
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; sandbox"


@dataclass(frozen=True, slots=True)
class Sending:
    """A letter, the agency that it shall go to, and the whole road of such a letter."""

    letter: Letter
    agency: str
    road: tuple[str, ...]


class DossierPages:
    """/dossiers, and what stands below a letter."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        path = "/letters/{id:[0-9a-f]{32}}/dossier"
        return [
            web.get("/dossiers", self.list),
            web.get(path, self.ask),
            web.post(path, self.send),
            web.get(path + "/{dossier:[0-9a-f]{32}}/result", self.result),
        ]

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
        return await self._form(request, await self._sending(request), Form(), {})

    @at_counter
    async def send(self, request: web.Request) -> web.StreamResponse:
        sending, form = await self._sending(request), await read_form(request)
        letter, agency, actor = sending.letter, sending.agency, account_of(request).login
        kind = self._office.kind_of(letter)
        note = check_text(form.text("note"), NOTE_LENGTH_MAX, required=False)
        if isinstance(note, Fault):
            return await self._form(request, sending, form, {"note": say("Catatan: {message}", message=note.message)})
        documents = ticked_documents(kind, form.all("documents"))

        async def work(desk: Desk) -> str | Refusal:
            made = await dossiers.send(desk, letter.letter_id, kind, sending.road, agency, documents, note, actor)
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
                forward_to=agency,
            ),
        )
        raise web.HTTPSeeOther(sent.location)

    @at_counter
    async def result(self, request: web.Request) -> web.StreamResponse:
        """The file that the agency gave back, for the printer: a foreign file, so it gets no rights in our pages."""
        letter_id, dossier = bytes.fromhex(request.match_info["id"]), bytes.fromhex(request.match_info["dossier"])

        async def look(connection: Connection) -> tuple[str, bytes | None]:
            if all(each.id != dossier for each in await dossiers.of_letter(connection, letter_id)):
                return "", None
            row = await results.of_dossier(connection, dossier)
            return (row.media_type if row else ""), await results.read(connection, dossier)

        media_type, content = await self._office.store.database.read(look)
        if content is None or media_type not in EXTENSIONS:
            raise web.HTTPNotFound
        await note_look(self._office, request, "print_result", dossier)
        # a browser shows no PDF in a sandbox: that one is handed to the program that opens PDFs
        how = "attachment" if media_type == "application/pdf" else "inline"
        headers = {
            "Content-Disposition": f'{how}; filename="hasil.{EXTENSIONS[media_type]}"',
            "Content-Security-Policy": SANDBOX,
            "X-Content-Type-Options": "nosniff",
        }
        return web.Response(body=content, content_type=media_type, headers=headers)

    async def _form(
        self, request: web.Request, sending: Sending, form: Form, errors: Mapping[str, str]
    ) -> web.StreamResponse:
        letter = sending.letter
        sent = await self._office.store.database.read(lambda c: dossiers.of_letter(c, letter.letter_id))
        former = dossiers.last_by_agency(sent).get(sending.agency)
        beside = former or (sent[0] if sent else None)  # what lay beside it for the camat lies beside it for the agency
        photographed = await self._office.store.database.read(lambda c: attachments.labels(c, letter.letter_id))
        context = {
            "letter": letter,
            "kind": self._office.kind_of(letter),
            "agency": sending.agency,
            "former": former,
            "ticked": form.all("documents") if form.fields else {*(beside.documents if beside else []), *photographed},
            "photographed": photographed,
            "note": form.text("note"),
            "errors": errors,
            "form_key": form.text("form_key") or None,
        }
        return await page(request, "dossier_form.html", context, status=422 if errors else 200)

    async def _sending(self, request: web.Request) -> Sending:
        """The letter and where it shall go: `?to=`, else the first of its road that is open."""
        letter_id, kind_at = bytes.fromhex(request.match_info["id"]), self._office.catalogue.kind_at
        found = await self._office.store.database.read(lambda c: letters.find(c, letter_id, kind_at))
        if found is None:
            raise web.HTTPNotFound
        road = road_of_letter(self._office, found[0])
        sent = await self._office.store.database.read(lambda c: dossiers.of_letter(c, letter_id))
        agency = request.query.get("to", "") or next(iter([*open_stations(road, _states(sent)), *road]), "")
        if agency not in road:
            raise web.HTTPNotFound
        return Sending(found[0], agency, road)


def road_of_letter(office: Office, letter: Letter) -> tuple[str, ...]:
    """The agencies that the letter may be sent to."""
    edition = office.catalogue.edition(letter.kind, letter.text_version)
    has_room = edition is not None and has_camat_block(letter, edition.text)
    return road_of(office.kind_of(letter), has_camat_block=has_room)


def _states(rows: list[dossiers.DossierRow]) -> dict[str, str]:
    return {agency: row.state for agency, row in dossiers.last_by_agency(rows).items()}


async def dossiers_of(office: Office, letter: Letter, row: letters.LetterRow) -> dict[str, object]:
    """What the letter's page shows of its dossiers, by agency in the order of the road. Showing an answer is reading it."""

    async def look(connection: Connection) -> tuple[list[dossiers.DossierRow], dict[bytes, results.ResultRow]]:
        found = await dossiers.of_letter(connection, row.id)
        files = {each.id: file for each in found if (file := await results.of_dossier(connection, each.id))}
        return found, files

    found, files = await office.store.database.read(look)
    if any(each.is_unread for each in found):
        await office.store.database.transact(lambda c: dossiers.note_read(c, row.id))
    road = road_of_letter(office, letter)
    states = _states(found)
    is_void = row.voided_reason is not None
    stations = {
        agency: {
            "rows": [each for each in found if each.agency == agency],
            "is_open": not is_void and check_sending(road, agency, states) is None,
            "is_aside": agency != CAMAT and CAMAT in road and CAMAT not in states,
        }
        for agency in dict.fromkeys([*road, *states])
    }
    shown = {agency: each for agency, each in stations.items() if each["rows"] or each["is_open"]}
    return {"stations": shown, "files": files, "dossier_state": dossier_state}
