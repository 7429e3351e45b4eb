"""Letters: ask what the kind asks, show the very page, issue with its number, print, void.

Must never give one form two numbers, and never show a draft to anybody but its writer. Place in the flow: the resident's
page leads here; `agent/store/letters` numbers and keeps, `agent/render` prints.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import zip_longest

import msgspec
from aiohttp import web

from agent.domain.events import State
from agent.domain.fields import FamilyMember, FieldError, FieldValue, write_date
from agent.domain.letters import (
    Draft,
    Fields,
    Letter,
    Signer,
    address_line,
    camat_signer,
    check_fields,
    encode_fields,
    write_draft,
)
from agent.domain.numbering import NumberingError, NumberingPolicy, date_wib
from agent.domain.people import PARTS, PeopleAnswer, PersonRow, ask_again
from agent.domain.refusal import DATE_UNCONFIRMED, LETTER_ALREADY_VOID, UNPRINTABLE, Refusal
from agent.domain.requests import Move, Person, Route
from agent.domain.residents import member_of, subject_of
from agent.domain.sheets import draft_sheet, letter_sheet
from agent.render import CannotPrint, Paper, render_pdf, render_svg
from agent.store import Desk, attachments, dossiers, letters, requests, residents
from agent.store.requests import RequestRow
from agent.store.residents import Registered
from agent.web.attachments import photographs_of
from agent.web.desk import Sent, at_counter, by_superior, check_reason, note_look, person_of, send_once, steps_seen
from agent.web.dossiers import dossiers_of
from agent.web.measure import Measures
from agent.web.office import Office
from agent.web.residents import find_resident
from agent.web.seals import draft_text, seal_text
from agent.web.words import answer_words, letter_state, resident_state, text_missing_words, withdrawn_words
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
)
from language import listed, say
from protocol.letter_kinds import DOCUMENTS_SEEN, PICKED, WRITTEN, FieldDefinition, FieldType, LetterKind
from protocol.letter_texts import LetterText

ID = "{id:[0-9a-f]{32}}"
PREVIEWS_MAX = 32
"""Drafts kept for their preview: one a clerk, and a few that were left behind."""
ROWS_MAX = 50
"""Letters on one page of the register: it stays under 100 KB."""
ROWS_SHOWN = {FieldType.PERSON: 1, FieldType.PEOPLE: 3, FieldType.WITNESSES: 2}
"""Rows for people on a fresh form."""
ROWS_ADDED = 3
MORE_ROWS = "rows"
"""Value of the button that asks for more rows."""
DIGITS = frozenset({FieldType.NUMBER, FieldType.RUPIAH, FieldType.YEAR, FieldType.DIGITS, FieldType.NIK, FieldType.KK})
"""Fields for which a screen keyboard shows figures."""


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
        return await self._form(request, wanted, _prefilled(kind, answers, household))

    async def _beginning(self, request: web.Request) -> tuple[LetterKind, Registered, Fields]:
        """What the form opens with: a kind for a resident, a request as it was asked for, or a former letter's answers."""
        if again := request.query.get("again", ""):
            letter, row = await self._find_letter(again)
            return self._offered(letter.kind), await find_resident(self._office, row.resident.hex()), letter.fields
        asked = await self._asked(request.query.get("request", ""))
        if asked is None:
            kind = self._offered(request.query.get("kind", ""))
            return kind, await find_resident(self._office, request.query.get("resident", "")), ()
        kind, row_asked = self._offered(asked.kind), asked
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
        if form.text("change") == MORE_ROWS:
            return await self._form(request, replace(wanted, errors={}), form)
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
            await add_notice(
                request, say("Permohonan tercatat.") if form.text("later") else say("Permohonan sudah diajukan.")
            )
        elif result.is_repeat:
            await add_notice(
                request, say("Isian itu sudah diterbitkan sebelumnya; inilah suratnya. Tidak ada nomor baru.")
            )
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
        seen = steps_seen(form) if wanted.asked else 0
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
            self._office.catalogue.kind_at,
            self._office.settings.letterhead(),
            policy,
            seen=seen + 1,
            is_date_confirmed=bool(form.text("date_confirmed")),
        )
        return letter if isinstance(letter, Refusal) else f"/letters/{letter.letter_id.hex()}"

    async def _wanted(self, form: Form) -> Wanted:
        kind = self._offered(form.text("kind"))
        person = await find_resident(self._office, form.text("resident"))
        asked = await self._asked(form.text("request"))
        if asked is not None and (asked.kind, asked.resident) != (kind.key, person.id):
            raise web.HTTPNotFound
        household, route = await self._household(person), self._office.settings.route(kind.key)
        answers, people = _answers(kind, form, household), _people(kind, form, household)
        today = date_wib(self._office.stamper.now_ms())
        fields = check_fields(
            kind,
            answers,
            [member_of(each.resident) for each in household],
            people,
            known=await self._known(people),
            today=today,
        )
        signer = self._office.settings.signers().get("" if route.signing else form.text("signer"))
        errors = _errors(fields) if isinstance(fields, list) else {}
        if signer is None:
            errors["signer"] = say("Penandatangan: pilih dari daftar.")
        if isinstance(fields, list) or signer is None:
            return Wanted(kind, person, household, None, errors, route, asked)
        letterhead = self._office.settings.letterhead()
        draft = write_draft(
            kind,
            subject_of(person.resident, letterhead.village_kind),
            fields,
            signer,
            letterhead,
            dated=today,
            text_version=self._office.editions[kind.key].version,
        )
        return Wanted(kind, person, household, draft, {}, route, asked)

    def _offered(self, key: str) -> LetterKind:
        """A kind that is written today. Raises HTTPNotFound, or RequestRefused for one that the regency withdrew."""
        edition = self._office.editions.get(key)
        if edition is None:
            raise web.HTTPNotFound
        if edition.is_retired:
            raise RequestRefused(409, "kind_withdrawn", withdrawn_words(edition))
        return edition.kind

    async def _household(self, person: Registered) -> list[Registered]:
        return await self._office.store.database.read(lambda c: residents.household(c, person.resident.kk))

    async def _known(self, people: Mapping[str, PeopleAnswer]) -> dict[str, FamilyMember]:
        """Residents by the NIKs that were written in rows: a NIK alone is enough for those."""
        niks = [nik for answer in people.values() for row in answer.rows if (nik := "".join(row.nik.split()))]
        found = await self._office.store.database.read(lambda c: residents.with_niks(c, niks))
        return {each.resident.nik: member_of(each.resident) for each in found}

    async def _form(self, request: web.Request, wanted: Wanted, form: Form) -> web.StreamResponse:
        names, resident = [field.name for field in wanted.kind.fields], wanted.person.resident
        context = {
            "kind": wanted.kind,
            "person": wanted.person,
            "address": address_line(resident.address, resident.rt, resident.rw),
            "offered": {
                field.name: [(each.id.hex(), _member_words(each)) for each in _offered(field.type, wanted.household)]
                for field in wanted.kind.fields
                if field.type in PICKED
            },
            "values": {name: form.text(name) for name in names},
            "ticked": {name: set(form.all(name)) for name in names},
            "rows": {field.name: _rows(field, form) for field in wanted.kind.fields if field.type in WRITTEN},
            "digits": DIGITS,
            "picked": PICKED,
            "errors": wanted.errors,
            "form_key": form_key_of(form) if "form_key" in form else None,
            "signers": self._signers(wanted.route),
            "signer": form.text("signer"),
            "asked": wanted.asked,
            "seen": steps_seen(form) if "seen" in form else wanted.asked.steps if wanted.asked else 0,
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
        key, names = form_key_of(form), _inputs(wanted.kind)
        refused = refused or await self._prepare_preview(request, key, wanted, draft)
        context = {
            "kind": wanted.kind,
            "person": wanted.person,
            "draft": draft,
            "hidden": [(name, value) for name, value in form.fields if name in names],
            "form_key": key,
            "refused": refused,
            "missing": await self._missing_documents(wanted, draft),
            "must_confirm_date": refused is not None and refused.code == DATE_UNCONFIRMED.code,
            "is_printable": refused is not UNPRINTABLE,
            "route": wanted.route,
            "asked": wanted.asked,
        }
        return await page(request, "letter_check.html", context, status=409 if refused else 200)

    async def _missing_documents(self, wanted: Wanted, draft: Draft) -> list[str]:
        """What was neither ticked nor photographed with the request."""
        seen, asked = set(str(draft.field(DOCUMENTS_SEEN)).split("; ")), wanted.asked
        if asked is not None:
            seen |= set(await self._office.store.database.read(lambda c: attachments.labels(c, asked.id)))
        return [document for document in wanted.kind.required_documents if document not in seen]

    async def _prepare_preview(self, request: web.Request, key: str, wanted: Wanted, draft: Draft) -> Refusal | None:
        """The page is set before anybody may say "terbitkan": what cannot be printed must not get a number."""
        await note_look(self._office, request, "preview_letter", wanted.person.id)
        try:
            sheet, seal = draft_sheet(draft, wanted.kind, self._text(draft)), draft_text(self._office)
            emblem = await self._office.emblem()
            pages = await asyncio.to_thread(lambda: render_svg(sheet, Paper.A4, seal=seal, emblem=emblem))
        except CannotPrint:
            self._measures.print_failed()
            return UNPRINTABLE
        self._previews[key] = (account_of(request).account_id, pages[0])
        while len(self._previews) > PREVIEWS_MAX:
            self._previews.popitem(last=False)
        return None

    def _text(self, draft: Draft) -> LetterText:
        """The wording it was written in, and in no other. Raises RequestRefused where that is not here (yet)."""
        edition = self._office.catalogue.edition(draft.kind, draft.text_version)
        if edition is None:
            raise RequestRefused(409, "text_missing", text_missing_words(draft.text_version))
        return edition.text

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
        kind = self._office.kind_of(letter)
        photographs = await photographs_of(self._office, letter.letter_id)
        context = {
            "letter": letter,
            "row": row,
            "kind": kind,
            "state": _state(row),
            "asked": await self._office.store.database.read(lambda c: requests.of_letter(c, letter.letter_id)),
            "answers": [
                (say(field.label), shown)
                for field in kind.fields
                if (shown := answer_words(field.type, letter.field(field.name)))
            ],
        }
        return await page(request, "letter.html", context | await dossiers_of(self._office, letter, row) | photographs)

    @at_counter
    async def pdf(self, request: web.Request) -> web.StreamResponse:
        letter, row = await self._find(request)
        paper = Paper.F4 if request.query.get("paper") == "F4" else Paper.A4
        is_copy = request.query.get("copy") == "1"
        await note_look(self._office, request, "print_copy" if is_copy else "print_letter", letter.letter_id)
        text, kind, void_reason = self._text(letter), self._office.kind_of(letter), row.voided_reason or ""
        # the seal is that of the letter as it was issued, whoever countersigned it since
        seal = await seal_text(self._office, letter, letter_sheet(letter, kind, text, void_reason=void_reason))
        sheet = letter_sheet(letter, kind, text, void_reason=void_reason, camat=await self._camat(letter))
        emblem = await self._office.emblem_of(letter.letter_id)
        try:
            pdf = await asyncio.to_thread(lambda: render_pdf(sheet, paper, copy=is_copy, seal=seal, emblem=emblem))
        except CannotPrint:
            self._measures.print_failed()
            raise
        headers = {"Content-Disposition": f'inline; filename="surat-{paper.value}.pdf"'}
        return web.Response(body=pdf, content_type="application/pdf", headers=headers)

    async def _camat(self, letter: Letter) -> Signer | None:
        sent = await self._office.store.database.read(lambda c: dossiers.of_letter(c, letter.letter_id))
        signed = dossiers.countersigned(sent)
        return None if signed is None else camat_signer(letter.letterhead, **msgspec.structs.asdict(signed))

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
            else say("Surat dibatalkan. Nomornya tetap terpakai; bila perlu, terbitkan penggantinya di bawah ini."),
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
            letter_id = bytes.fromhex(text)
        except ValueError as error:
            raise web.HTTPNotFound from error
        found = await self._office.store.database.read(
            lambda c: letters.find(c, letter_id, self._office.catalogue.kind_at)
        )
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

    def answer(field: FieldDefinition) -> str:
        match field.type:
            case FieldType.MEMBER | FieldType.MEMBERS:
                return " ".join(_picked(field.type, form.all(field.name), household))
            case FieldType.DOCUMENTS:
                return "\n".join(form.all(field.name))
            case _:
                return form.text(field.name)

    return {field.name: answer(field) for field in kind.fields if field.type not in WRITTEN}


def _people(kind: LetterKind, form: Form, household: list[Registered]) -> dict[str, PeopleAnswer]:
    return {
        field.name: PeopleAnswer(
            tuple(_picked(field.type, form.all(field.name), household)), tuple(_written(field, form))
        )
        for field in kind.fields
        if field.type in WRITTEN
    }


def _picked(type_: FieldType, ticked: Sequence[str], household: Sequence[Registered]) -> list[str]:
    niks = {each.id.hex(): each.resident.nik for each in _offered(type_, household)}
    return [niks.get(each, "?") for each in ticked if each]


def _offered(type_: FieldType, household: Sequence[Registered]) -> Sequence[Registered]:
    """Of a household those who may stand in a field. Members whom somebody supports live here; who asks for people may
    mean the dead (the deceased of the heirs, a child's father) or somebody who moved (an heir), and sees which they are."""
    if type_ in WRITTEN:
        return household
    return [each for each in household if each.state is State.HERE]


def _member_words(each: Registered) -> str:
    """`SITI AMINAH - istri, meninggal 3 Mei 2021`."""
    name, remarks = each.resident.name, [each.resident.relation.lower(), resident_state(each.state, each.state_on)]
    known = [remark for remark in remarks if remark]
    return say("{name} - {remarks}", name=name, remarks=listed(known)) if known else name


def _written(field: FieldDefinition, form: Form) -> list[PersonRow]:
    columns = [form.all(f"{field.name}.{part}") for part in PARTS]
    return [PersonRow(*cells) for cells in zip_longest(*columns, fillvalue="")]


def _rows(field: FieldDefinition, form: Form) -> list[PersonRow]:
    """The rows to show: those that were sent, and as many empty ones as a fresh form has or as were asked for."""
    filled = [row for row in _written(field, form) if not row.is_empty]
    wanted = ROWS_SHOWN[field.type]
    if form.text("change") == MORE_ROWS:
        wanted = max(wanted, len(filled)) + ROWS_ADDED
    return filled + [PersonRow()] * (min(wanted, field.length_max) - len(filled))


def _inputs(kind: LetterKind) -> set[str]:
    """Every input of the kind's form, and what goes with it."""
    rows = {f"{field.name}.{part}" for field in kind.fields if field.type in WRITTEN for part in PARTS}
    return {field.name for field in kind.fields} | rows | {"signer", "request", "seen"}


def _prefilled(kind: LetterKind, answers: Fields, household: list[Registered]) -> Form:
    """Answers given before, as the kind's form sends them. Whoever left the household since stands in a row, or is left out
    where only members are asked for."""
    types = {field.name: field.type for field in kind.fields}
    inputs = [
        pair for name, answer in answers for pair in _input(name, types.get(name, FieldType.TEXT), answer, household)
    ]
    return Form(tuple(inputs))


def _input(name: str, type_: FieldType, answer: FieldValue, household: list[Registered]) -> list[tuple[str, str]]:
    """One answer, as the form sends it: people by our own ids and in rows, documents one by one."""
    match answer:
        case tuple():
            ids = {each.resident.nik: each.id.hex() for each in _offered(type_, household)}
            if type_ not in WRITTEN:
                return [(name, ids[member.nik]) for member in answer if member.nik in ids]
            members = [member_of(each.resident) for each in household] if type_ in PICKED else []
            again = ask_again(answer, members)
            rows = [(f"{name}.{part}", getattr(row, part)) for row in again.rows for part in PARTS]
            return [(name, ids[nik]) for nik in again.picked] + rows
        case date():
            return [(name, write_date(answer))]
        case str() if type_ is FieldType.DOCUMENTS:
            return [(name, document) for document in answer.split("; ")]
        case _:
            return [(name, str(answer))]


def _state(row: letters.LetterRow) -> tuple[str, str]:
    return letter_state(row.is_acked, row.voided_reason)


def _errors(errors: list[FieldError]) -> dict[str, str]:
    return {error.field: error.message for error in errors}
