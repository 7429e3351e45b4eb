"""Letters: ask what the kind asks, show the very page, issue with its number, print, void."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from agent.domain import texts
from agent.domain.fields import FieldError
from agent.domain.letters import Draft, Letter, LetterKind, Signer, check_fields, head_title, write_draft
from agent.domain.numbering import NumberingError, NumberingPolicy, date_wib
from agent.domain.refusal import DATE_UNCONFIRMED, Refusal
from agent.domain.residents import member_of, subject_of
from agent.domain.sheets import draft_sheet, letter_sheet
from agent.render import CannotPrint, Paper, render_pdf, render_svg
from agent.store import Desk, letters, residents
from agent.store.residents import Registered
from agent.web.measure import Measures
from agent.web.office import Office
from agent.web.refused import Refused
from agent.web.residents import find_resident
from agent.web.words import letter_state
from chassis.database import Connection
from chassis.web import Form, account_of, form_key_of, page, read_form, roles, signed_in, submit_once

ID = "{id:[0-9a-f]{32}}"
PREVIEWS_MAX = 32
"""Drafts kept for their preview: one a clerk, and a few that were left behind."""
REASON_CHARS = (5, 300)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A letter as asked for: checked answers, or what is wrong with them."""

    kind: LetterKind
    person: Registered
    draft: Draft | None
    errors: Mapping[str, str]


class LetterPages:
    """/letters and below."""

    def __init__(self, office: Office, measures: Measures) -> None:
        self._office = office
        self._measures = measures
        self._previews: OrderedDict[str, tuple[int, Draft]] = OrderedDict()

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

    @signed_in
    async def register(self, request: web.Request) -> web.StreamResponse:
        rows = await self._office.store.database.read(letters.recent)
        return await page(request, "letters.html", {"rows": rows, "kinds": self._office.kinds, "state": _state})

    @signed_in
    async def new(self, request: web.Request) -> web.StreamResponse:
        kind = self._kind(request.query.get("kind", ""))
        person = await find_resident(self._office, request.query.get("resident", ""))
        return await self._form(request, Wanted(kind, person, None, {}), Form())

    @signed_in
    async def check(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        wanted = await self._wanted(form)
        if wanted.draft is None or form.text("change"):
            return await self._form(request, wanted, form)
        return await self._check_page(request, wanted, form, None)

    @signed_in
    async def issue(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        wanted = await self._wanted(form)
        policy = self._office.numbering()
        if wanted.draft is None:
            return await self._form(request, wanted, form)
        if isinstance(policy, NumberingError):
            return await self._check_page(request, wanted, form, Refusal("numbering_unset", str(policy)))
        started = time.perf_counter()
        result = await self._issue(request, form, wanted, policy)
        if isinstance(result, Refusal):
            return await self._check_page(request, wanted, form, result)
        self._measures.issued(wanted.kind.key, time.perf_counter() - started)
        raise web.HTTPSeeOther(result)

    async def _issue(self, request: web.Request, form: Form, wanted: Wanted, policy: NumberingPolicy) -> str | Refusal:
        """One transaction: the form's receipt, the number, the letter. The same form again leads to the same letter."""
        account, key, now_ms = account_of(request), form_key_of(form), self._office.stamper.now_ms()
        is_confirmed = bool(form.text("date_confirmed"))
        refused: list[Refusal] = []
        draft = wanted.draft
        assert draft is not None, "only a checked draft is issued"

        async def work(desk: Desk) -> str:
            async def write(_: Connection) -> str:
                letter = await letters.issue(
                    desk, draft, wanted.kind, policy, wanted.person.id, account.login, is_date_confirmed=is_confirmed
                )
                if isinstance(letter, Refusal):
                    refused.append(letter)
                    raise Refused
                return f"/letters/{letter.letter_id.hex()}"

            return await submit_once(desk.connection, key, account.account_id, now_ms, write)

        try:
            return await self._office.store.write(work)
        except Refused:
            return refused[0]

    async def _wanted(self, form: Form) -> Wanted:
        kind = self._kind(form.text("kind"))
        person = await find_resident(self._office, form.text("resident"))
        household = await self._office.store.database.read(lambda c: residents.household(c, person.resident.kk))
        raw = {field.name: " ".join(form.all(field.name)) for field in kind.fields}
        fields = check_fields(kind, raw, [member_of(each.resident) for each in household])
        if isinstance(fields, list):
            return Wanted(kind, person, None, _errors(fields))
        letterhead = self._office.settings.letterhead()
        setting = self._office.settings.office
        draft = write_draft(
            kind,
            subject_of(person.resident, letterhead.village_kind),
            fields,
            Signer(name=setting.head_name, title=head_title(letterhead), nip=setting.head_nip),
            letterhead,
            dated=date_wib(self._office.stamper.now_ms()),
            text_version=texts.newest_version(self._office.texts, kind.key),
        )
        return Wanted(kind, person, draft, {})

    def _kind(self, key: str) -> LetterKind:
        kind = self._office.kinds.get(key)
        if kind is None:
            raise web.HTTPNotFound
        return kind

    async def _form(self, request: web.Request, wanted: Wanted, form: Form) -> web.StreamResponse:
        kk = wanted.person.resident.kk
        household = await self._office.store.database.read(lambda c: residents.household(c, kk))
        context = {
            "kind": wanted.kind,
            "person": wanted.person,
            "household": household,
            "values": {field.name: form.text(field.name) for field in wanted.kind.fields},
            "ticked": {field.name: set(form.all(field.name)) for field in wanted.kind.fields},
            "errors": wanted.errors,
        }
        return await page(request, "letter_form.html", context, status=422 if wanted.errors else 200)

    async def _check_page(
        self, request: web.Request, wanted: Wanted, form: Form, refused: Refusal | None
    ) -> web.StreamResponse:
        assert wanted.draft is not None, "only a checked draft is shown"
        key = form_key_of(form)
        self._keep_preview(key, account_of(request).account_id, wanted.draft)
        context = {
            "kind": wanted.kind,
            "person": wanted.person,
            "draft": wanted.draft,
            "hidden": [(n, v) for n, v in form.fields if n in {f.name for f in wanted.kind.fields}],
            "form_key": key,
            "refused": refused,
            "must_confirm_date": refused is not None and refused.code == DATE_UNCONFIRMED.code,
        }
        return await page(request, "letter_check.html", context, status=409 if refused else 200)

    def _keep_preview(self, key: str, account_id: int, draft: Draft) -> None:
        self._previews[key] = (account_id, draft)
        while len(self._previews) > PREVIEWS_MAX:
            self._previews.popitem(last=False)

    @signed_in
    async def preview(self, request: web.Request) -> web.StreamResponse:
        """The very page as a picture; only for whoever is writing it."""
        owner, draft = self._previews.get(request.match_info["key"], (None, None))
        if draft is None or owner != account_of(request).account_id:
            raise web.HTTPNotFound
        kind = self._office.kinds[draft.kind]
        sheet = draft_sheet(draft, kind, self._office.texts[kind.key, draft.text_version])
        pages = await asyncio.to_thread(render_svg, sheet, Paper.A4)
        return web.Response(text=pages[0], content_type="image/svg+xml")

    @signed_in
    async def one(self, request: web.Request) -> web.StreamResponse:
        letter, row = await self._find(request)
        context = {"letter": letter, "row": row, "kind": self._office.kinds[letter.kind], "state": _state(row)}
        return await page(request, "letter.html", context)

    @signed_in
    async def pdf(self, request: web.Request) -> web.StreamResponse:
        letter, row = await self._find(request)
        paper = Paper.F4 if request.query.get("paper") == "F4" else Paper.A4
        is_copy = request.query.get("copy") == "1"
        text = self._office.texts[letter.kind, letter.text_version]
        sheet = letter_sheet(letter, self._office.kinds[letter.kind], text, void_reason=row.voided_reason or "")
        try:
            pdf = await asyncio.to_thread(lambda: render_pdf(sheet, paper, copy=is_copy))
        except CannotPrint:
            self._measures.print_failed()
            raise
        headers = {"Content-Disposition": f'inline; filename="surat-{letter.kind}.pdf"'}
        return web.Response(body=pdf, content_type="application/pdf", headers=headers)

    @roles("secretary", "head")
    async def ask_void(self, request: web.Request) -> web.StreamResponse:
        return await self._void_page(request, "", {})

    @roles("secretary", "head")
    async def void(self, request: web.Request) -> web.StreamResponse:
        letter, _ = await self._find(request)
        reason = (await read_form(request)).text("reason")
        if not REASON_CHARS[0] <= len(reason) <= REASON_CHARS[1]:
            return await self._void_page(request, reason, {"reason": "Tulis alasan pembatalan, 5 sampai 300 huruf."})
        actor = account_of(request).login
        refused = await self._office.store.write(lambda desk: letters.void(desk, letter.letter_id, reason, actor))
        if refused is not None:
            return await self._void_page(request, reason, {"reason": refused.sentence})
        raise web.HTTPSeeOther(f"/letters/{letter.letter_id.hex()}")

    async def _void_page(self, request: web.Request, reason: str, errors: Mapping[str, str]) -> web.StreamResponse:
        letter, row = await self._find(request)
        context = {"letter": letter, "row": row, "reason": reason, "errors": errors}
        return await page(request, "letter_void.html", context, status=422 if errors else 200)

    async def _find(self, request: web.Request) -> tuple[Letter, letters.LetterRow]:
        letter_id, kinds = bytes.fromhex(request.match_info["id"]), dict(self._office.kinds)
        found = await self._office.store.database.read(lambda c: letters.find(c, letter_id, kinds))
        if found is None:
            raise web.HTTPNotFound
        return found


def _state(row: letters.LetterRow) -> tuple[str, str]:
    return letter_state(row.is_acked, row.voided_reason)


def _errors(errors: list[FieldError]) -> dict[str, str]:
    return {error.field: error.message for error in errors}
