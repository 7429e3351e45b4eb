"""The agencies' worklist: the letters that villages sent to this very office, and what it does with each.

Must never show a dossier of another office. Every opening shows whole numbers of people, so it leaves a line in the
trail of looks. Place in the flow: tabulation brings a dossier in -> here -> a step goes to the village by its feed.
"""

import asyncio
import re
from collections.abc import Mapping

import msgspec
from aiohttp import web

from central.domain.agencies import ScopeError, Seat, read_seat
from central.domain.attachments import MEDIA_TYPE
from central.domain.dossiers import (
    CAMAT,
    CAPACITIES,
    HEAD,
    NOTE_LENGTH_MAX,
    State,
    check_countersign,
    check_note,
    steps_from,
)
from central.rules import shipped_agencies
from central.store import access, dossiers
from central.store.dossiers import NOTHING, PAGE_ROWS, Opened, Outcome
from central.web.decisions import PAGES_MAX, place, village_asked
from central.web.desk import Desk
from central.web.result_file import ResultRefused, check_result
from central.web.words import COUNTERSIGN, DOSSIER_STATES, DOSSIER_STEPS, plain_answer
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
from chassis.web.formats import ago
from protocol.feed import RESULT_BYTES_MAX, Countersign

AGENCY = "agency"
"""The role of an agency's people; their scope says of which office."""
FILTERS = {"open": "Belum selesai", "": "Semua"} | {str(state): words for state, (words, _) in DOSSIER_STATES.items()}
VIEWED = "view_dossier"
VIEWED_PICTURE = "view_attachment"
WHY = "menangani berkas"
_NUMBER = re.compile(r"(?<![0-9])[0-9]{16}(?![0-9])")
PICTURE_HEADERS = {
    "Content-Disposition": 'inline; filename="foto.jpg"',
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
}
"""The browser's own picture page, and nothing that a village's server could hide in a picture."""
SIGNER_FIELDS = ("name", "capacity", "position", "rank", "nip")
FORM_BYTES_MAX = RESULT_BYTES_MAX + 256 * 1024
"""A file a little above its limit is still read, so that the page can say so."""
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
        return await self._show(request, Form(), {})

    @roles(AGENCY, body_bytes_max=FORM_BYTES_MAX)
    async def step(self, request: web.Request) -> web.StreamResponse:
        record, form = bytes.fromhex(request.match_info["record"]), await read_form(request, FORM_BYTES_MAX)
        step, seen = _state(form.text("step")), _state(form.text("seen"))
        note, fault = check_note(step, form.raw("note"))
        outcome = await _outcome(_seat(request), step, form)
        errors = ({"note": fault} if fault else {}) | (outcome if isinstance(outcome, dict) else {})
        if errors or isinstance(outcome, dict):
            return await self._show(request, form, errors)
        village, is_refused = await self._take(request, form, record, (seen, step), note, outcome)
        if village:
            self._desk.on_published(village)
        words = COUNTERSIGN[0] if outcome.countersign else DOSSIER_STATES[step][0]
        await add_notice(request, ALREADY_MOVED if is_refused else f"Tersimpan: {words.lower()}.")
        raise web.HTTPSeeOther(f"/dossiers/{record.hex()}")

    @roles(AGENCY)
    async def photograph(self, request: web.Request) -> web.StreamResponse:
        """One picture beside the letter of a dossier of this office; the look is recorded before it is shown."""
        record, seat, now_ms = bytes.fromhex(request.match_info["record"]), _seat(request), self._desk.clock.now_ms()
        attachment, actor = bytes.fromhex(request.match_info["attachment"]), account_of(request).login

        async def look(connection: Connection) -> tuple[str, bytes] | None:
            found = await dossiers.picture(connection, seat, record, attachment)
            if found is not None:
                opened = await dossiers.open_dossier(connection, seat, record)
                await access.record_view(
                    connection,
                    now_ms=now_ms,
                    actor=actor,
                    action=VIEWED_PICTURE,
                    subject=attachment.hex(),
                    niks=_niks(opened),
                    why=WHY,
                )
            return found

        found = await self._desk.database.transact(look)
        if found is None or found[0] != MEDIA_TYPE:
            raise web.HTTPNotFound
        return web.Response(body=found[1], content_type=MEDIA_TYPE, headers=PICTURE_HEADERS)

    async def _take(
        self, request: web.Request, form: Form, record: bytes, way: tuple[State, State], note: str, outcome: Outcome
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
            if step not in _steps(seat, seen, opened):
                return "", True
            village = await dossiers.take_step(connection, record, seen, step, note, account.login, now_ms, outcome)
            if village is None:
                return "", True
            await remember(connection, key, account.account_id, request.path, now_ms)
            return village, False

        return await self._desk.database.transact(work)

    async def _show(self, request: web.Request, form: Form, errors: Mapping[str, str]) -> web.StreamResponse:
        record, seat, now_ms = bytes.fromhex(request.match_info["record"]), _seat(request), self._desk.clock.now_ms()
        account = account_of(request)

        async def look(connection: Connection) -> tuple[Opened | None, Countersign | None]:
            found = await dossiers.open_dossier(connection, seat, record)
            if found is not None:
                await access.record_view(
                    connection,
                    now_ms=now_ms,
                    actor=account.login,
                    action=VIEWED,
                    subject=record.hex(),
                    niks=_niks(found),
                    why=WHY,
                )
            return found, await dossiers.last_countersign(connection, account.login)

        opened, former = await self._desk.database.transact(look)
        if opened is None:
            raise web.HTTPNotFound
        steps, is_camat = _steps(seat, opened.line.state, opened), seat.agency.key == CAMAT
        labels = DOSSIER_STEPS | ({State.DONE: COUNTERSIGN[1]} if is_camat else {})
        context = {"opened": opened, "line": opened.line, "seat": seat, "states": DOSSIER_STATES, "place": place}
        context |= {"media_type": MEDIA_TYPE}
        context |= {"steps": [(step, labels[step]) for step in steps], "answers": _answers(opened)}
        context |= {"note": form.raw("note"), "errors": errors, "note_max": NOTE_LENGTH_MAX}
        context |= {"form_key": form.text("form_key") or None, "capacities": list(CAPACITIES.items())}
        context |= {"signer": _signer(form, former, account.display_name)}
        context |= {"asks_signer": is_camat and State.DONE in steps}
        context |= {"asks_file": not is_camat and State.DONE in steps}
        return await page(request, "dossier.html", context, status=422 if errors else 200)


def _steps(seat: Seat, state: State, opened: Opened) -> tuple[State, ...]:
    return steps_from(state, is_letter_valid=opened.is_letter_valid, is_camat=seat.agency.key == CAMAT)


async def _outcome(seat: Seat, step: State, form: Form) -> Outcome | dict[str, str]:
    """What comes with the last step: the camat's countersign or the agency's file, or what is wrong with it."""
    if step is not State.DONE:
        return NOTHING
    if seat.agency.key == CAMAT:
        signed = check_countersign(form.as_dict())
        return signed if isinstance(signed, dict) else Outcome(countersign=signed)
    upload = form.upload("result")
    if upload is None:
        return NOTHING
    try:
        media_type, content = await asyncio.to_thread(check_result, upload.content)
    except ResultRefused as refused:
        return {"result": f"Berkas hasil: {refused}"}
    return Outcome(media_type=media_type, content=content)


def _signer(form: Form, former: Countersign | None, display_name: str) -> dict[str, str]:
    """What the form shows: what was sent; else as this person signed before, or the name of the account alone."""
    sent = form.as_dict() if form.fields else {}
    known = {} if former is None else msgspec.structs.asdict(former) | {"capacity": former.capacity or HEAD}
    begun = dict.fromkeys(SIGNER_FIELDS, "") | {"name": display_name} | known
    return {name: sent.get(name, "") if sent else begun[name] for name in SIGNER_FIELDS}


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


def _niks(opened: Opened | None) -> set[str]:
    """Everybody whose number the letter shows: its subject, and members of a household in its answers."""
    if opened is None or opened.letter is None:
        return set()
    named = {number for _, answer in opened.letter.fields for number in _NUMBER.findall(answer)}
    return {opened.letter.subject.nik, *named} - {opened.letter.subject.kk, ""}


def _answers(opened: Opened) -> list[tuple[str, str]]:
    """The letter's own questions with its answers; a question without wording goes by its name."""
    if opened.letter is None:
        return []
    labels = dict(opened.sent.labels) if opened.sent else {}
    return [(labels.get(name, name), plain_answer(answer)) for name, answer in opened.letter.fields if answer]
