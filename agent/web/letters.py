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
    Letter,
    LetterKind,
    Signer,
    address_line,
    check_fields,
    head_title,
    write_draft,
)
from agent.domain.numbering import NumberingError, date_wib
from agent.domain.refusal import DATE_UNCONFIRMED, LETTER_ALREADY_VOID, Refusal
from agent.domain.residents import member_of, subject_of
from agent.domain.sheets import draft_sheet, letter_sheet
from agent.render import CannotPrint, Paper, render_pdf, render_svg
from agent.store import Desk, letters, residents
from agent.store.residents import Registered
from agent.web.desk import Sent, at_counter, by_superior, check_reason, note_look, send_once
from agent.web.dossiers import dossiers_of
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
    """A letter as asked for: a checked draft, or what is wrong with the answers."""

    kind: LetterKind
    person: Registered
    household: list[Registered]
    draft: Draft | None
    errors: Mapping[str, str]


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
        kind = self._kind(request.query.get("kind", ""))
        person = await find_resident(self._office, request.query.get("resident", ""))
        household = await self._household(person)
        return await self._form(request, Wanted(kind, person, household, None, {}), Form())

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
        if result.is_repeat:
            await add_notice(request, "Isian itu sudah diterbitkan sebelumnya; inilah suratnya. Tidak ada nomor baru.")
        else:
            self._measures.issued(wanted.kind.key, time.perf_counter() - started)
        raise web.HTTPSeeOther(result.location)

    async def _issue(self, request: web.Request, form: Form, wanted: Wanted, draft: Draft) -> Sent | Refusal:
        """One transaction: the form's receipt, the number, the letter."""
        policy = self._office.numbering()
        if isinstance(policy, NumberingError):
            return Refusal("numbering", str(policy))
        actor, is_confirmed = account_of(request).login, bool(form.text("date_confirmed"))

        async def work(desk: Desk) -> str | Refusal:
            letter = await letters.issue(
                desk, draft, wanted.kind, policy, wanted.person.id, actor, is_date_confirmed=is_confirmed
            )
            return letter if isinstance(letter, Refusal) else f"/letters/{letter.letter_id.hex()}"

        return await send_once(self._office, request, form, work)

    async def _wanted(self, form: Form) -> Wanted:
        kind = self._kind(form.text("kind"))
        person = await find_resident(self._office, form.text("resident"))
        household = await self._household(person)
        fields = check_fields(kind, _answers(kind, form, household), [member_of(each.resident) for each in household])
        if isinstance(fields, list):
            return Wanted(kind, person, household, None, _errors(fields))
        letterhead, setting = self._office.settings.letterhead(), self._office.settings.office
        draft = write_draft(
            kind,
            subject_of(person.resident, letterhead.village_kind),
            fields,
            Signer(name=setting.head_name, title=head_title(letterhead), nip=setting.head_nip),
            letterhead,
            dated=date_wib(self._office.stamper.now_ms()),
            text_version=texts.newest_version(self._office.texts, kind.key),
        )
        return Wanted(kind, person, household, draft, {})

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
            "form_key": form_key_of(form) if form.fields else None,
        }
        return await page(request, "letter_form.html", context, status=422 if wanted.errors else 200)

    async def _check_page(
        self, request: web.Request, wanted: Wanted, draft: Draft, form: Form, refused: Refusal | None
    ) -> web.StreamResponse:
        key, names = form_key_of(form), {field.name for field in wanted.kind.fields}
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
            "answers": [(field.label, shown) for field in kind.fields if (shown := _shown(letter, field.name))],
        }
        return await page(request, "letter.html", context | await dossiers_of(self._office, row))

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
        await add_notice(request, refused.sentence if refused else "Surat dibatalkan. Nomornya tetap terpakai.")
        raise web.HTTPSeeOther(f"/letters/{letter.letter_id.hex()}")

    async def _void_page(
        self, request: web.Request, letter: Letter, reason: str, errors: Mapping[str, str]
    ) -> web.StreamResponse:
        context = {"letter": letter, "reason": reason, "errors": errors}
        return await page(request, "letter_void.html", context, status=422 if errors else 200)

    async def _find(self, request: web.Request) -> tuple[Letter, letters.LetterRow]:
        letter_id, kinds = bytes.fromhex(request.match_info["id"]), dict(self._office.kinds)
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


def _shown(letter: Letter, name: str) -> str:
    answer = letter.field(name)
    return ", ".join(member.name for member in answer) if isinstance(answer, tuple) else str(answer)


def _state(row: letters.LetterRow) -> tuple[str, str]:
    return letter_state(row.is_acked, row.voided_reason)


def _errors(errors: list[FieldError]) -> dict[str, str]:
    return {error.field: error.message for error in errors}
