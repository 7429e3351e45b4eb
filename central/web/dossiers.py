"""The agencies' worklist: the letters that villages sent to this very office, and what it does with each.

Must never show a dossier of another office. Every opening shows whole numbers of people, so it leaves a line in the
trail of looks. Place in the flow: tabulation brings a dossier in -> here -> a step goes to the village by its feed.
"""

from collections.abc import Mapping

from aiohttp import web

from central.domain.agencies import ScopeError, Seat, read_seat
from central.domain.attachments import MEDIA_TYPE
from central.domain.dossiers import NOTE_LENGTH_MAX, State, check_note, steps_from
from central.rules import shipped_agencies
from central.store import dossiers
from central.store.dossiers import PAGE_ROWS, Opened
from central.web.decisions import PAGES_MAX, place, village_asked
from central.web.desk import Desk
from central.web.words import DOSSIER_STATES, DOSSIER_STEPS, plain_answer
from chassis.database import Connection
from chassis.web import (
    Form,
    RequestRefused,
    account_of,
    add_notice,
    form_key_of,
    page,
    page_count,
    page_number,
    read_form,
    recall,
    remember,
    roles,
)
from chassis.web.accounts import record_access
from chassis.web.formats import ago

AGENCY = "agency"
"""The role of an agency's people; their scope says of which office."""
FILTERS = {"open": "Belum selesai", "": "Semua"} | {str(state): words for state, (words, _) in DOSSIER_STATES.items()}
VIEWED = "view_dossier"
VIEWED_PICTURE = "view_attachment"
PICTURE_HEADERS = {
    "Content-Disposition": 'inline; filename="foto.jpg"',
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
}
"""The browser's own picture page, and nothing that a village's server could hide in a picture."""
NO_SEAT = "Akun ini belum terikat pada instansi mana pun. Minta petugas TI kabupaten membuatkan akun instansi."
ALREADY_MOVED = "Tidak tersimpan: berkas ini baru saja ditangani rekan Anda. Inilah keadaannya sekarang."


class DossierPages:
    """/dossiers and below."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        one = "/dossiers/{record:[0-9a-f]{32}}"
        return [
            web.get("/dossiers", self.list),
            web.get(one, self.one),
            web.post(one, self.step),
            web.get(f"{one}/photographs/{{attachment:[0-9a-f]{{32}}}}", self.photograph),
        ]

    @roles(AGENCY)
    async def list(self, request: web.Request) -> web.StreamResponse:
        seat, now_ms = _seat(request), self._desk.clock.now_ms()
        asked_state = request.query.get("state", "open")
        state = asked_state if asked_state in FILTERS else "open"
        village, fault = village_asked(request)

        async def look(connection: Connection) -> dict[str, object]:
            asked = page_number(request.query.get("page", ""), PAGES_MAX)
            lines, total = await dossiers.worklist(connection, seat, state, village, asked)
            pages = page_count(total, PAGE_ROWS)
            number = min(asked, pages)
            if number < asked:  # a page behind the last: the last one is shown
                lines, _ = await dossiers.worklist(connection, seat, state, village, number)
            counts = await dossiers.counts(connection, seat)
            return {"lines": lines, "total": total, "pages": pages, "number": number, "counts": counts}

        context = await self._desk.database.read(look)
        context |= {"seat": seat, "state": state, "village": village, "fault": fault, "filters": FILTERS}
        context |= {"states": DOSSIER_STATES, "place": place, "ago": lambda ms: ago(ms, now_ms)}
        return await page(request, "dossiers.html", context)

    @roles(AGENCY)
    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, "", {}, "")

    @roles(AGENCY)
    async def step(self, request: web.Request) -> web.StreamResponse:
        record, form = bytes.fromhex(request.match_info["record"]), await read_form(request)
        step, seen = _state(form.text("step")), _state(form.text("seen"))
        note, fault = check_note(step, form.raw("note"))
        if fault:
            return await self._show(request, form.raw("note"), {"note": fault}, form_key_of(form))
        village, is_refused = await self._take(request, form, record, (seen, step), note)
        if village:
            self._desk.on_published(village)
        await add_notice(request, ALREADY_MOVED if is_refused else f"Tersimpan: {DOSSIER_STATES[step][0].lower()}.")
        raise web.HTTPSeeOther(f"/dossiers/{record.hex()}")

    @roles(AGENCY)
    async def photograph(self, request: web.Request) -> web.StreamResponse:
        """One picture beside the letter of a dossier of this office; the look is recorded before it is shown."""
        record, seat, now_ms = bytes.fromhex(request.match_info["record"]), _seat(request), self._desk.clock.now_ms()
        attachment, actor = bytes.fromhex(request.match_info["attachment"]), account_of(request).login

        async def look(connection: Connection) -> tuple[str, bytes] | None:
            found = await dossiers.picture(connection, seat, record, attachment)
            if found is not None:
                subject = attachment.hex()
                await record_access(connection, now_ms=now_ms, actor=actor, action=VIEWED_PICTURE, subject=subject)
            return found

        found = await self._desk.database.transact(look)
        if found is None or found[0] != MEDIA_TYPE:
            raise web.HTTPNotFound
        return web.Response(body=found[1], content_type=MEDIA_TYPE, headers=PICTURE_HEADERS)

    async def _take(
        self, request: web.Request, form: Form, record: bytes, way: tuple[State, State], note: str
    ) -> tuple[str, bool]:
        """(village with news, or empty; was somebody else first). One transaction: receipt, step, feed and trail."""
        seat, account, key = _seat(request), account_of(request), form_key_of(form)
        now_ms = self._desk.clock.now_ms()

        async def work(connection: Connection) -> tuple[str, bool]:
            opened = await dossiers.open_dossier(connection, seat, record)
            if opened is None:
                raise web.HTTPNotFound
            if await recall(connection, key, account.account_id) is not None:
                return "", False  # sent twice: the first time did it
            seen, step = way
            if step not in steps_from(seen, is_letter_valid=opened.is_letter_valid):
                return "", True
            village = await dossiers.take_step(connection, record, seen, step, note, account.login, now_ms)
            if village is None:
                return "", True
            await remember(connection, key, account.account_id, request.path, now_ms)
            return village, False

        return await self._desk.database.transact(work)

    async def _show(
        self, request: web.Request, note: str, errors: Mapping[str, str], form_key: str
    ) -> web.StreamResponse:
        record, seat, now_ms = bytes.fromhex(request.match_info["record"]), _seat(request), self._desk.clock.now_ms()
        actor = account_of(request).login

        async def look(connection: Connection) -> Opened | None:
            found = await dossiers.open_dossier(connection, seat, record)
            if found is not None:
                subject = record.hex()
                await record_access(connection, now_ms=now_ms, actor=actor, action=VIEWED, subject=subject)
            return found

        opened = await self._desk.database.transact(look)
        if opened is None:
            raise web.HTTPNotFound
        steps = steps_from(opened.line.state, is_letter_valid=opened.is_letter_valid)
        context = {"opened": opened, "line": opened.line, "seat": seat, "states": DOSSIER_STATES, "place": place}
        context |= {"media_type": MEDIA_TYPE}
        context |= {"steps": [(step, DOSSIER_STEPS[step]) for step in steps], "answers": _answers(opened)}
        context |= {"note": note, "errors": errors, "form_key": form_key or None, "note_max": NOTE_LENGTH_MAX}
        return await page(request, "dossier.html", context, status=422 if errors else 200)


def _seat(request: web.Request) -> Seat:
    """The office of whoever is signed in. Without one nobody sees anything."""
    try:
        return read_seat(account_of(request).scope, shipped_agencies())
    except ScopeError as error:
        raise RequestRefused(403, "no_seat", NO_SEAT) from error


def _state(word: str) -> State:
    try:
        return State(word)
    except ValueError as error:
        raise RequestRefused(
            400, "unknown_step", "Halaman ini tidak lengkap. Muat ulang lalu pilih kembali."
        ) from error


def _answers(opened: Opened) -> list[tuple[str, str]]:
    """The letter's own questions with its answers; a question without wording goes by its name."""
    if opened.letter is None:
        return []
    labels = dict(opened.sent.labels) if opened.sent else {}
    return [(labels.get(name, name), plain_answer(answer)) for name, answer in opened.letter.fields if answer]
