"""The validators' worklist: everybody whom their village or district proposed, what the form said beside each, one reply a line.

Must never show a place that is not theirs. A page of replies is one form; a line left open is not touched. Place in the
flow: here -> central/store/rosters -> the roster is settled anew when it is looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from central.domain.agencies import ScopeError
from central.domain.rosters import Body, Draft, Fate, InputRow, Reply, Validation
from central.domain.validators import VALIDATOR, Bench, read_bench
from central.rosters import Drafts, Gathered
from central.store import answers, determinations, facts, rosters
from central.web.desk import Desk
from central.web.rosters import CYCLE, asked_draft, one_line, short_place
from central.web.words import BODIES, EVIDENCE_FIELDS, REPLIES
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
    roles,
    submit_once,
)
from chassis.web.accounts import record_access

PAGE_ROWS = 25
"""Replies of one form: three fields a line, well below what a form may have, and a page that is read in one go."""
DETAIL_LENGTH_MAX = 200
NO_BENCH = "Akun ini belum terikat pada desa atau LPTQ. Minta petugas TI kabupaten membuatkan akun pemeriksa."
DETAIL_CURE = {
    Reply.REFUSED: "tulis alasannya",
    Reply.DECEASED: "tulis tanggal meninggalnya",
    Reply.MOVED: "tulis ke mana pindahnya",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the worklist, and what this body said of it, if it did."""

    row: InputRow
    said: Validation | None
    other: Validation | None


class ValidationPages:
    """/rosters/validations and /rosters/{cycle}/validations."""

    def __init__(self, desk: Desk, drafts: Drafts) -> None:
        self._desk = desk
        self._drafts = drafts

    def routes(self) -> list[web.RouteDef]:
        one = f"/rosters/{CYCLE}/validations"
        return [web.get("/rosters/validations", self.list), web.get(one, self.one), web.post(one, self.say)]

    @roles(VALIDATOR)
    async def list(self, request: web.Request) -> web.StreamResponse:
        bench = _bench(request)

        async def look(connection: Connection) -> list[object]:
            found: list[object] = []
            for cycle in await facts.cycles(connection):
                terms = await rosters.terms_of(connection, cycle.code)
                if terms is not None and bench.body in terms.required:
                    found.append((cycle, await determinations.in_force(connection, cycle.code) is not None))
            return found

        cycles = await self._desk.database.read(look)
        return await page(request, "validation_cycles.html", {"cycles": cycles, "bench": bench})

    @roles(VALIDATOR)
    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, Form(), {})

    @roles(VALIDATOR)
    async def say(self, request: web.Request) -> web.StreamResponse:
        form, bench = await read_form(request), _bench(request)
        found, draft = await asked_draft(request, self._drafts)
        mine = {line.row.record for line in _lines(found, draft, bench)}
        replies, errors = _read_replies(form, mine)
        if errors:
            return await self._show(request, form, errors)
        account, now_ms, code = account_of(request), self._desk.clock.now_ms(), found.cycle.code
        here = f"/rosters/{code}/validations"

        async def work(connection: Connection) -> str:
            for record, _ in replies:
                if not await determinations.is_open(connection, code, record):
                    raise RequestRefused(409, "locked", "Periode ini sudah dikunci; validasi tidak dapat diubah lagi.")
            await rosters.add_validations(connection, code, bench.body, replies, account.login, now_ms)
            return here

        key = form_key_of(form)
        await self._desk.database.transact(lambda c: submit_once(c, key, account.account_id, now_ms, work))
        await add_notice(request, f"{len(replies)} jawaban disimpan.")
        raise web.HTTPSeeOther(here)

    async def _show(self, request: web.Request, form: Form, errors: Mapping[str, str]) -> web.StreamResponse:
        bench, (found, draft) = _bench(request), await asked_draft(request, self._drafts)
        if bench.body not in found.terms.required:
            raise web.HTTPNotFound
        everybody = _lines(found, draft, bench)
        is_open_only = (form.text("show") or request.query.get("show", "open")) == "open"
        lines = [line for line in everybody if line.said is None or not is_open_only]
        pages = page_count(len(lines), PAGE_ROWS)
        number = page_number(form.text("page") or request.query.get("page", ""), pages)
        shown = lines[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
        account, now_ms = account_of(request), self._desk.clock.now_ms()

        async def look(connection: Connection) -> dict[str, object]:
            subject = found.cycle.code
            await record_access(
                connection, now_ms=now_ms, actor=account.login, action="view_validations", subject=subject
            )
            said = await answers.of_proposals(connection, [line.row.proposal for line in shown])
            return {"evidence": {record: _evidence(each) for record, each in said.items()}}

        context = await self._desk.database.transact(look)
        context |= {"cycle": found.cycle, "bench": bench, "lines": shown, "number": number, "pages": pages}
        context |= {"open": sum(line.said is None for line in everybody), "all": len(everybody), "errors": errors}
        context |= {"show": "open" if is_open_only else "all", "place": short_place, "replies": REPLIES}
        context |= {"options": [(reply.value, REPLIES[reply]) for reply in Reply], "sent": form.as_dict()}
        context |= {"other": BODIES[_other(bench.body)], "detail_max": DETAIL_LENGTH_MAX}
        context |= {"form_key": form.text("form_key") or None}
        return await page(request, "validations.html", context, status=422 if errors else 200)


def _lines(found: Gathered, draft: Draft, bench: Bench) -> list[Line]:
    """Everybody of this place who may still be paid or whom a body turned down, in the roster's order; after the lock who
    came since."""
    lines, candidates, late = [], {row.record for row in draft.candidates()}, found.late
    for row in draft.rows:
        said = found.validations.get(row.record, {})
        is_wanted = row.record in candidates or draft.outcomes[row.record].fate is Fate.HELD
        is_open = not found.determined or row.record in late
        if is_open and bench.serves(row.proposal.village) and (is_wanted or said):
            lines.append(Line(row, said.get(bench.body), said.get(_other(bench.body))))
    return lines


def _evidence(said: Mapping[str, str]) -> str:
    """What speaks for somebody, in a line; where the money goes is not a validator's business."""
    return "; ".join(f"{label}: {said[field]}" for field, label in EVIDENCE_FIELDS.items() if said.get(field))


def _other(body: Body) -> Body:
    return Body.LPTQ if body is Body.VILLAGE else Body.VILLAGE


def _read_replies(form: Form, mine: set[bytes]) -> tuple[list[tuple[bytes, Validation]], dict[str, str]]:
    """What was said on this page, and what is wrong with it, by field. `all`: every line that was left open is right."""
    replies, errors = [], {}
    for name, value in form.fields:
        if not name.startswith("reply-"):
            continue
        record = _record(name.removeprefix("reply-"))
        reply = next((each for each in Reply if each.value == value), None)
        if reply is None and form.text("all"):
            reply = Reply.AGREED
        if reply is None or record not in mine:
            continue
        detail = one_line(form.text(f"detail-{record.hex()}"))
        if reply is Reply.AGREED:
            detail = ""
        elif not 2 <= len(detail) <= DETAIL_LENGTH_MAX or not detail.isprintable():
            errors[f"detail-{record.hex()}"] = (
                f"{REPLIES[reply]}: {DETAIL_CURE[reply]}, paling panjang {DETAIL_LENGTH_MAX} huruf."
            )
        replies.append((record, Validation(reply, detail)))
    if not replies and not errors:
        errors["main"] = "Belum ada jawaban yang dipilih."
    return replies, errors


def _record(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _bench(request: web.Request) -> Bench:
    try:
        return read_bench(account_of(request).scope)
    except ScopeError as error:
        raise RequestRefused(403, "no_bench", NO_BENCH) from error
