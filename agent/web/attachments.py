"""Photographs of documents: taken for a letter, request, proposal or visit, looked at, and taken back with a reason.

A picture is shown to whoever works at the counter, one at a time, and every look leaves a line in the trail. Must never
keep a file as it was uploaded. Place in the flow: those records' own pages lead here; `agent/store/attachments` keeps.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from agent.domain.attachments import OTHER_DOCUMENT, UPLOAD_BYTES_MAX, VISIT_PHOTO, letter_documents
from agent.domain.fields import FieldError
from agent.domain.refusal import Refusal
from agent.domain.requests import OPEN
from agent.store import Desk, aid, attachments, letters, reports, requests
from agent.store.attachments import AttachmentRow
from agent.store.requests import RequestRow
from agent.web.desk import COUNTER_ROLES, at_counter, check_reason, note_look, send_once
from agent.web.office import Office
from agent.web.photo import PhotoRefused, develop
from agent.web.words import about_document, photo_name, picture_place
from chassis.database import Connection
from chassis.web import account_of, add_notice, page, read_form, roles
from language import say

FORM_BYTES_MAX = UPLOAD_BYTES_MAX + 64 * 1024
NOTHING_CHOSEN = say("Pilih fotonya dahulu, atau ambil dengan kamera.")
PICTURE_HEADERS = {
    "Content-Disposition": 'inline; filename="foto.jpg"',
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
}
"""The browser's own picture page, and nothing that could be hidden in a picture: no script, no form, no other address."""


@dataclass(frozen=True, slots=True)
class Owner:
    """What photographs lie beside: its page, what can be photographed for it, and whether it still may be."""

    id: bytes
    location: str
    name: str
    documents: tuple[str, ...]
    is_open: bool


class AttachmentPages:
    """/attachments, and what stands below letters, requests, proposals and online reports."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        owners = [
            f"/{noun}/{{id:[0-9a-f]{{32}}}}/attachments" for noun in ("letters", "requests", "proposals", "reports")
        ]
        one = "/attachments/{id:[0-9a-f]{32}}"
        return [
            *(web.get(owner, self.ask) for owner in owners),
            *(web.post(owner, self.add) for owner in owners),
            web.get(one, self.picture),
            web.post(f"{one}/remove", self.remove),
        ]

    @at_counter
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, await self._owner(request), {})

    @roles(*COUNTER_ROLES, body_bytes_max=FORM_BYTES_MAX)
    async def add(self, request: web.Request) -> web.StreamResponse:
        owner, form = await self._owner(request), await read_form(request, FORM_BYTES_MAX)
        label, actor = form.text("document"), account_of(request).login
        if not owner.is_open or label not in owner.documents:
            raise web.HTTPNotFound
        place = f"photo{owner.documents.index(label)}"
        picture = await developed(self._office, form.uploads[0].content if form.uploads else b"")
        if isinstance(picture, str):
            return await self._page(request, owner, {place: about_document(label, picture)})

        async def work(desk: Desk) -> str | Refusal:
            made = await attachments.add(desk, owner.id, label, owner.documents, picture, actor)
            return made if isinstance(made, Refusal) else f"{owner.location}/attachments"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            return await self._page(request, owner, {place: about_document(label, sent.sentence)})
        await add_notice(request, say("Tersimpan: {photo}.", photo=photo_name(label)))
        raise web.HTTPSeeOther(sent.location)

    @at_counter
    async def picture(self, request: web.Request) -> web.StreamResponse:
        row = await self._find(request)
        content = await self._office.store.database.read(lambda c: attachments.picture(c, row.sha256))
        if content is None or not row.is_shown:
            raise web.HTTPNotFound
        await note_look(self._office, request, attachments.VIEWED, row.id)
        return web.Response(body=content, content_type=row.media_type, headers=PICTURE_HEADERS)

    @at_counter
    async def remove(self, request: web.Request) -> web.StreamResponse:
        row, form = await self._find(request), await read_form(request)
        owner = await self._owner_of(row.about)
        reason, actor = check_reason(form), account_of(request).login
        if isinstance(reason, FieldError):
            errors = {f"reason-{row.id.hex()}": about_document(row.label, reason.message)}
            return await self._page(request, owner, errors)
        refused = await self._office.store.write(lambda desk: attachments.remove(desk, row.id, reason, actor))
        await add_notice(
            request,
            refused.sentence if refused else say("Dihapus: {photo}; alasannya tercatat.", photo=photo_name(row.label)),
        )
        raise web.HTTPSeeOther(f"{owner.location}/attachments")

    async def _page(self, request: web.Request, owner: Owner, errors: Mapping[str, str]) -> web.StreamResponse:
        rows = await self._office.store.database.read(lambda c: attachments.of_record(c, owner.id))
        # a document that was asked for when its photograph was taken, and is not any more, keeps its place
        others = dict.fromkeys(row.label for row in rows if row.label not in owner.documents)
        context = {"owner": owner, "rows": rows, "documents": [*owner.documents, *others], "errors": errors}
        context |= {"place": picture_place, "photo_name": photo_name, "bytes_max": UPLOAD_BYTES_MAX}
        return await page(request, "attachments.html", context, status=422 if errors else 200)

    async def _find(self, request: web.Request) -> AttachmentRow:
        attachment_id = bytes.fromhex(request.match_info["id"])
        found = await self._office.store.database.read(lambda c: attachments.find(c, attachment_id))
        if found is None:
            raise web.HTTPNotFound
        return found

    async def _owner(self, request: web.Request) -> Owner:
        """What the address names. Raises HTTPNotFound, also for a record of another noun."""
        owner = await self._owner_of(bytes.fromhex(request.match_info["id"]))
        if request.path != f"{owner.location}/attachments":
            raise web.HTTPNotFound
        return owner

    async def _owner_of(self, about: bytes) -> Owner:
        """Raises HTTPNotFound where this office has no such letter, request, proposal or online report."""

        async def look(connection: Connection) -> Owner | None:
            return (
                await self._letter(connection, about)
                or await self._request(connection, about)
                or await self._proposal(connection, about)
                or await self._report(connection, about)
            )

        owner = await self._office.store.database.read(look)
        if owner is None:
            raise web.HTTPNotFound
        return owner

    async def _letter(self, connection: Connection, about: bytes) -> Owner | None:
        found = await letters.find(connection, about, self._office.catalogue.kind_at)
        if found is None:
            return None
        letter, row = found
        documents = letter_documents(self._office.kind_of(letter))
        return Owner(about, f"/letters/{about.hex()}", letter.printed_number, documents, row.voided_reason is None)

    async def _request(self, connection: Connection, about: bytes) -> Owner | None:
        row = await requests.find(connection, about)
        kind = None if row is None else self._office.kinds.get(row.kind)
        if row is None or kind is None:
            return None
        name = say("{title}, {name}", title=say(kind.title), name=row.name)
        return Owner(about, f"/requests/{about.hex()}", name, letter_documents(kind), may_photograph(row))

    async def _proposal(self, connection: Connection, about: bytes) -> Owner | None:
        row = await aid.find(connection, about)
        if row is None:
            return None
        documents = (*self._office.photos.get(row.scheme, ()), OTHER_DOCUMENT)
        return Owner(about, f"/proposals/{about.hex()}", row.name, documents, row.withdrawn_reason is None)

    async def _report(self, connection: Connection, about: bytes) -> Owner | None:
        """Once somebody was there: the photographs show what they found."""
        row = await reports.find(connection, about)
        if row is None or not row.finding:
            return None
        documents = (VISIT_PHOTO, OTHER_DOCUMENT)
        return Owner(about, f"/reports/{about.hex()}", row.report.name, documents, is_open=True)


def may_photograph(row: RequestRow) -> bool:
    """While the request has no letter yet: after that its letter takes photographs."""
    return row.letter is None and row.state in OPEN


async def developed(office: Office, content: bytes) -> bytes | str:
    """The picture to keep, or the sentence that says why there is none; worked out beside the pages, one at a time."""
    if not content:
        return NOTHING_CHOSEN
    if len(content) > UPLOAD_BYTES_MAX:
        return say("Foto terlalu besar, paling besar {megabytes} MB.", megabytes=UPLOAD_BYTES_MAX // 1024**2)
    try:
        async with office.darkroom:
            return await asyncio.to_thread(develop, content)
    except PhotoRefused as refused:
        return refused.args[0]  # type: ignore[no-any-return]


async def photographs_of(office: Office, about: bytes) -> dict[str, object]:
    """What the page of a letter, request or proposal shows of its photographs."""
    rows = await office.store.database.read(lambda c: attachments.of_record(c, about))
    standing = [row for row in rows if row.removed_reason is None]
    words = {"picture_place": picture_place, "photo_name": photo_name}
    return {"photographs": standing, "photographs_removed": len(rows) - len(standing), **words}
