"""Letters: ask what the kind asks, show the very page, issue with its number, print, void.

Must never give one form two numbers, and never show a draft to anybody but its writer. Place in the flow: the resident's
page leads here; `agent/store/letters` numbers and keeps, `agent/render` prints.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from agent.domain import texts
from agent.domain.fields import FieldError, FieldType
from agent.domain.letters import (
    Draft,
    Fields,
    Letter,
    LetterKind,
    address_line,
    check_fields,
    encode_fields,
    write_draft,
)
from agent.domain.numbering import NumberingError, NumberingPolicy, date_wib
from agent.domain.refusal import DATE_UNCONFIRMED, LETTER_ALREADY_VOID, Refusal
from agent.domain.requests import Move, Person, Route
from agent.domain.residents import member_of, subject_of
from agent.domain.sheets import draft_sheet, letter_sheet
from agent.render import CannotPrint, Paper, render_pdf, render_svg
from agent.store import Desk, letters, requests, residents
from agent.store.requests import RequestRow
from agent.store.residents import Registered
from agent.web.desk import Sent, at_counter, by_superior, check_reason, note_look, person_of, send_once
from agent.web.measure import Measures
from agent.web.office import Office
from agent.web.residents import find_resident
from agent.web.words import letter_state
from chassis.database import Connection
from chassis.web import Form, account_of, add_notice, form_key_of, page, page_count, page_number, read_form

ID = "{id:[0-9a-f]{32}}"
PREVIEWS_MAX = 32
"""Drafts kept for their preview: one a clerk, and a few that were left behind."""
ROWS_MAX = 50
"""Letters on one page of the register: it stays under 100 KB."""
UNPRINTABLE = Refusal(
    "unprintable", "Halaman surat ini tidak dapat disusun untuk dicetak. Singkatkan isiannya, lalu periksa lagi."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A letter as asked for: a checked draft, or what is wrong with the answers. `asked`: the request it answers."""

    kind: LetterKind
    person: Registered
    household: list[Registered]
    draft: Draft | None
    errors: Mapping[str, str]
    route: Route
    asked: RequestRow | None


class LetterPages:
    """/letters and below."""

    def __init__(self, office: Office, measures: Measures) -> None:
        self._office = office
        self._measures = measures
        self._previews: OrderedDict[str, tuple[int, str]] = OrderedDict()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/letters", self.register),
            web.post("/letters", self.issue),
            web.get("/letters/new", self.new),
            web.post("/letters/check", self.check),
            web.get("/letters/preview/{key:[A-Za-z0-9_-]{16,64}}", self.preview),
            web.get(f"/letters/{ID}", self.one),
            web.get(f"/letters/{ID}/pdf", self.pdf),
            web.get(f"/letters/{ID}/void", self.ask_void),
            web.post(f"/letters/{ID}/void", self.void),
        ]

    @at_counter
    async def register(self, request: web.Request) -> web.StreamResponse:
        async def look(connection: Connection) -> dict[str, object]:
            pages = page_count(await letters.count(connection), ROWS_MAX)
            number = page_number(request.query.get("page", ""), pages)
            rows = await letters.recent(connection, limit=ROWS_MAX, offset=(number - 1) * ROWS_MAX)
            return {"rows": rows, "number": number, "pages": pages}

        context = await self._office.store.database.read(look)
        return await page(request, "letters.html", context | {"kinds": self._office.kinds, "state": _state})

    # --- writing one ---------------------------------------------------------------------------------------------

    @at_counter
    async def new(self, request: web.Request) -> web.StreamResponse:
        kind, person, answers = await self._beginning(request)
        household = await self._household(person)
        asked = await self._asked(request.query.get("request", ""))
        wanted = Wanted(kind, person, household, None, {}, self._office.settings.route(kind.key), asked)
        return await self._form(request, wanted, _prefilled(answers, household))

    async def _beginning(self, request: web.Request) -> tuple[LetterKind, Registered, Fields]:
        """What the form opens with: a kind for a resident, a request as it was asked for, or a former letter's answers."""
        if again := request.query.get("again", ""):
            letter, row = await self._find_letter(again)
            return self._kind(letter.kind), await find_resident(self._office, row.resident.hex()), letter.fields
        asked = await self._asked(request.query.get("request", ""))
        if asked is None:
            kind = self._kind(request.query.get("kind", ""))
            return kind, await find_resident(self._office, request.query.get("resident", "")), ()
        kind, row_asked = self._kind(asked.kind), asked
        answers = await self._office.store.database.read(lambda c: requests.answers(c, row_asked, kind))
        return kind, await find_resident(self._office, asked.resident.hex()), answers

    async def _asked(self, text: str) -> RequestRow | None:
        """The request of an id in an address or form; None where there is none. Raises HTTPNotFound for any other."""
        if not text:
            return None
        try:
            request_id = bytes.fromhex(text)
        except ValueError as error:
            raise web.HTTPNotFound from error
        found = await self._office.store.database.read(lambda c: requests.find(c, request_id))
        if found is None:
            raise web.HTTPNotFound
        return found

    @at_counter
    async def check(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        wanted = await self._wanted(form)
        if wanted.draft is None or form.text("change"):
            return await self._form(request, wanted, form)
        return await self._check_page(request, wanted, wanted.draft, form, None)

    @at_counter
    async def issue(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        wanted = await self._wanted(form)
        if wanted.draft is None:
            return await self._form(request, wanted, form)
        started = time.perf_counter()
        result = await self._issue(request, form, wanted, wanted.draft)
        if isinstance(result, Refusal):
            return await self._check_page(request, wanted, wanted.draft, form, result)
        if not result.location.startswith("/letters/"):
            await add_notice(request, "Permohonan tercatat." if form.text("later") else "Permohonan sudah diajukan.")
        elif result.is_repeat:
            await add_notice(request, "Isian itu sudah diterbitkan sebelumnya; inilah suratnya. Tidak ada nomor baru.")
        else:
            self._measures.issued(wanted.kind.key, time.perf_counter() - started)
        raise web.HTTPSeeOther(result.location)

    async def _issue(self, request: web.Request, form: Form, wanted: Wanted, draft: Draft) -> Sent | Refusal:
        """One transaction: the form's receipt, the number, the letter."""
        policy = self._office.numbering()
        if isinstance(policy, NumberingError):
            return Refusal("numbering", str(policy))
        person, is_confirmed = person_of(self._office, request), bool(form.text("date_confirmed"))

        async def work(desk: Desk) -> str | Refusal:
            if wanted.asked is None and form.text("later"):
                return f"/requests/{(await self._open(desk, wanted, draft, person.login)).id.hex()}"
            if wanted.asked is not None or not wanted.route.is_direct:
                return await self._submit(desk, wanted, draft, person, policy, form)
            letter = await letters.issue(
                desk, draft, wanted.kind, policy, wanted.person.id, person.login, is_date_confirmed=is_confirmed
            )
            return letter if isinstance(letter, Refusal) else f"/letters/{letter.letter_id.hex()}"

        return await send_once(self._office, request, form, work)

    async def _open(self, desk: Desk, wanted: Wanted, draft: Draft, actor: str) -> RequestRow:
        fields = encode_fields(draft.fields)
        return await requests.open_request(
            desk, wanted.kind, wanted.person.id, fields, source=requests.COUNTER, actor=actor
        )

    async def _submit(
        self, desk: Desk, wanted: Wanted, draft: Draft, person: Person, policy: NumberingPolicy, form: Form
    ) -> str | Refusal:
        """Verified and on its way to whoever approves or signs; issued at once where the office asks for neither."""
        asked = wanted.asked or await self._open(desk, wanted, draft, person.login)
        seen = _seen(form) if wanted.asked else 0
        routes = {wanted.kind.key: wanted.route}
        refused = await requests.move(desk, asked.id, Move.VERIFY, person, routes, seen=seen, draft=draft)
        if refused is not None:
            return refused
        if not wanted.route.is_direct:
            return f"/requests/{asked.id.hex()}"
        letter = await requests.issue(
            desk,
            asked.id,
            person,
            routes,
            self._office.kinds,
            self._office.settings.letterhead(),
            policy,
            seen=seen + 1,
            is_date_confirmed=bool(form.text("date_confirmed")),
        )
        return letter if isinstance(letter, Refusal) else f"/letters/{letter.letter_id.hex()}"

    async def _wanted(self, form: Form) -> Wanted:
        kind = self._kind(form.text("kind"))
        person = await find_resident(self._office, form.text("resident"))
        asked = await self._asked(form.text("request"))
        if asked is not None and (asked.kind, asked.resident) != (kind.key, person.id):
            raise web.HTTPNotFound
        household, route = await self._household(person), self._office.settings.route(kind.key)
        fields = check_fields(kind, _answers(kind, form, household), [member_of(each.resident) for each in household])
        signer = self._office.settings.signers().get("" if route.signing else form.text("signer"))
        errors = _errors(fields) if isinstance(fields, list) else {}
        if signer is None:
            errors["signer"] = "Penandatangan: pilih dari daftar."
        if isinstance(fields, list) or signer is None:
            return Wanted(kind, person, household, None, errors, route, asked)
        letterhead = self._office.settings.letterhead()
        draft = write_draft(
            kind,
            subject_of(person.resident, letterhead.village_kind),
            fields,
            signer,
            letterhead,
            dated=date_wib(self._office.stamper.now_ms()),
            text_version=texts.newest_version(self._office.texts, kind.key),
        )
        return Wanted(kind, person, household, draft, {}, route, asked)

    def _kind(self, key: str) -> LetterKind:
        kind = self._office.kinds.get(key)
        if kind is None:
            raise web.HTTPNotFound
        return kind

    async def _household(self, person: Registered) -> list[Registered]:
        return await self._office.store.database.read(lambda c: residents.household(c, person.resident.kk))

    async def _form(self, request: web.Request, wanted: Wanted, form: Form) -> web.StreamResponse:
        names, resident = [field.name for field in wanted.kind.fields], wanted.person.resident
        context = {
            "kind": wanted.kind,
            "person": wanted.person,
            "address": address_line(resident.address, resident.rt, resident.rw),
            "household": wanted.household,
            "values": {name: form.text(name) for name in names},
            "ticked": {name: set(form.all(name)) for name in names},
            "errors": wanted.errors,
            "form_key": form_key_of(form) if "form_key" in form else None,
            "signers": self._signers(wanted.route),
            "signer": form.text("signer"),
            "asked": wanted.asked,
            "seen": _seen(form) if "seen" in form else wanted.asked.steps if wanted.asked else 0,
        }
        return await page(request, "letter_form.html", context, status=422 if wanted.errors else 200)

    def _signers(self, route: Route) -> list[tuple[str, str]]:
        """Whose pen may sign, to choose from; empty where there is no choice or a login signs."""
        signers = self._office.settings.signers()
        if route.signing or len(signers) == 1:
            return []
        return [
            (login, f"{each.name or '-'} - {', '.join(each.title.splitlines())}") for login, each in signers.items()
        ]

    async def _check_page(
        self, request: web.Request, wanted: Wanted, draft: Draft, form: Form, refused: Refusal | None
    ) -> web.StreamResponse:
        key, names = form_key_of(form), {field.name for field in wanted.kind.fields} | {"signer", "request", "seen"}
        refused = refused or await self._prepare_preview(request, key, wanted, draft)
        context = {
            "kind": wanted.kind,
            "person": wanted.person,
            "draft": draft,
            "hidden": [(name, value) for name, value in form.fields if name in names],
            "form_key": key,
            "refused": refused,
            "must_confirm_date": refused is not None and refused.code == DATE_UNCONFIRMED.code,
            "is_printable": refused is not UNPRINTABLE,
            "route": wanted.route,
            "asked": wanted.asked,
        }
        return await page(request, "letter_check.html", context, status=409 if refused else 200)

    async def _prepare_preview(self, request: web.Request, key: str, wanted: Wanted, draft: Draft) -> Refusal | None:
        """The page is set before anybody may say "terbitkan": what cannot be printed must not get a number."""
        await note_look(self._office, request, "preview_letter", wanted.person.id)
        text = self._office.texts[draft.kind, draft.text_version]
        try:
            pages = await asyncio.to_thread(render_svg, draft_sheet(draft, wanted.kind, text), Paper.A4)
        except CannotPrint:
            self._measures.print_failed()
            return UNPRINTABLE
        self._previews[key] = (account_of(request).account_id, pages[0])
        while len(self._previews) > PREVIEWS_MAX:
            self._previews.popitem(last=False)
        return None

    @at_counter
    async def preview(self, request: web.Request) -> web.StreamResponse:
        """The very page as a picture; only for whoever is writing it."""
        owner, picture = self._previews.get(request.match_info["key"], (None, ""))
        if owner != account_of(request).account_id:
            raise web.HTTPNotFound
        response = web.Response(text=picture, content_type="image/svg+xml")
        response.enable_compression()
        return response

    # --- one that was issued ---------------------------------------------------------------------------------------

    @at_counter
    async def one(self, request: web.Request) -> web.StreamResponse:
        letter, row = await self._find(request)
        kind = self._office.kinds[letter.kind]
        context = {
            "letter": letter,
            "row": row,
            "kind": kind,
            "state": _state(row),
            "asked": await self._office.store.database.read(lambda c: requests.of_letter(c, letter.letter_id)),
            "answers": [(field.label, shown) for field in kind.fields if (shown := _shown(letter, field.name))],
        }
        return await page(request, "letter.html", context)

    @at_counter
    async def pdf(self, request: web.Request) -> web.StreamResponse:
        letter, row = await self._find(request)
        paper = Paper.F4 if request.query.get("paper") == "F4" else Paper.A4
        is_copy = request.query.get("copy") == "1"
        await note_look(self._office, request, "print_copy" if is_copy else "print_letter", letter.letter_id)
        text = self._office.texts[letter.kind, letter.text_version]
        sheet = letter_sheet(letter, self._office.kinds[letter.kind], text, void_reason=row.voided_reason or "")
        try:
            pdf = await asyncio.to_thread(lambda: render_pdf(sheet, paper, copy=is_copy))
        except CannotPrint:
            self._measures.print_failed()
            raise
        headers = {"Content-Disposition": f'inline; filename="surat-{paper.value}.pdf"'}
        return web.Response(body=pdf, content_type="application/pdf", headers=headers)

    @by_superior
    async def ask_void(self, request: web.Request) -> web.StreamResponse:
        letter, row = await self._find(request)
        await _require_valid(request, row)
        return await self._void_page(request, letter, "", {})

    @by_superior
    async def void(self, request: web.Request) -> web.StreamResponse:
        letter, row = await self._find(request)
        await _require_valid(request, row)
        form = await read_form(request)
        reason, actor = check_reason(form), account_of(request).login
        if isinstance(reason, FieldError):
            return await self._void_page(request, letter, form.text("reason"), {"reason": reason.message})
        refused = await self._office.store.write(lambda desk: letters.void(desk, letter.letter_id, reason, actor))
        await add_notice(
            request,
            refused.sentence
            if refused
            else "Surat dibatalkan. Nomornya tetap terpakai; bila perlu, terbitkan penggantinya di bawah ini.",
        )
        raise web.HTTPSeeOther(f"/letters/{letter.letter_id.hex()}")

    async def _void_page(
        self, request: web.Request, letter: Letter, reason: str, errors: Mapping[str, str]
    ) -> web.StreamResponse:
        context = {"letter": letter, "reason": reason, "errors": errors}
        return await page(request, "letter_void.html", context, status=422 if errors else 200)

    async def _find(self, request: web.Request) -> tuple[Letter, letters.LetterRow]:
        return await self._find_letter(request.match_info["id"])

    async def _find_letter(self, text: str) -> tuple[Letter, letters.LetterRow]:
        try:
            letter_id, kinds = bytes.fromhex(text), dict(self._office.kinds)
        except ValueError as error:
            raise web.HTTPNotFound from error
        found = await self._office.store.database.read(lambda c: letters.find(c, letter_id, kinds))
        if found is None:
            raise web.HTTPNotFound
        return found


async def _require_valid(request: web.Request, row: letters.LetterRow) -> None:
    """A letter that is void already is shown instead: two tabs, a form sent again, an old link."""
    if row.voided_reason is not None:
        await add_notice(request, LETTER_ALREADY_VOID.sentence)
        raise web.HTTPSeeOther(f"/letters/{row.id.hex()}")


def _answers(kind: LetterKind, form: Form, household: list[Registered]) -> dict[str, str]:
    """What was typed; ticked members travel as our own ids, so that no page carries the NIK of a whole household."""
    niks = {each.id.hex(): each.resident.nik for each in household}
    return {
        field.name: " ".join(niks.get(ticked, "?") for ticked in form.all(field.name) if ticked)
        if field.type in {FieldType.MEMBER, FieldType.MEMBERS}
        else form.text(field.name)
        for field in kind.fields
    }


def _prefilled(answers: Fields, household: list[Registered]) -> Form:
    """Answers given before, as the form sends them: members by our own ids, those who left the household left out."""
    ids = {each.resident.nik: each.id.hex() for each in household}
    fields: list[tuple[str, str]] = []
    for name, answer in answers:
        if isinstance(answer, tuple):
            fields += [(name, ids[member.nik]) for member in answer if member.nik in ids]
        else:
            fields.append((name, str(answer)))
    return Form(tuple(fields))


def _seen(form: Form) -> int:
    """How many steps the request had made when its form was opened; what is no number matches none."""
    text = form.text("seen")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _shown(letter: Letter, name: str) -> str:
    answer = letter.field(name)
    return ", ".join(member.name for member in answer) if isinstance(answer, tuple) else str(answer)


def _state(row: letters.LetterRow) -> tuple[str, str]:
    return letter_state(row.is_acked, row.voided_reason)


def _errors(errors: list[FieldError]) -> dict[str, str]:
    return {error.field: error.message for error in errors}
