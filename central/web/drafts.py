"""An officer drafts a change of the rules. Nothing is in force by it: another officer judges on the change's own page.

Must never keep a change that does not fit the book, or one of a scheme that is not the officer's. Place in the flow: links
on the pages of schemes, exclusions and cycles lead here -> `draft_forms` reads -> `store/rule_changes` keeps -> /changes/{id}.
"""

from collections.abc import Callable, Mapping

from aiohttp import web

from central.domain.rule_changes import Book, Change, ChangeRefused, apply, may_change, schemes_of
from central.domain.rule_words import differences
from central.rules import shipped_edition, shipped_questions
from central.store import rule_changes
from central.web import draft_forms
from central.web.cycle_form import cycle_form
from central.web.desk import Desk
from central.web.draft_forms import DraftForm, Reader
from chassis.database import Connection
from chassis.web import Form, account_of, form_key_of, page, read_form, roles, submit_once

DRAFTERS = ("officer",)
REASON_MIN, REASON_MAX = 5, 300
NOT_YOURS = (
    "Program ini milik {owner}; akun Anda mengurus program {scope}. Petugas pemiliknya yang mengusulkan perubahan."
)
NO_CHANGE = "Tidak ada yang berubah dengan isian ini."
REASON_WRONG = f"Alasan: tulis {REASON_MIN} sampai {REASON_MAX} huruf yang dapat dicetak."

Asked = Mapping[str, str]
FORMS: Mapping[str, Callable[[Book, Asked], DraftForm | None]] = {
    "scheme": lambda book, asked: draft_forms.scheme_form(book, asked.get("code", "")),
    "amount": lambda book, asked: draft_forms.amount_form(book, asked.get("scheme", "")),
    "exclusion": lambda book, asked: draft_forms.exclusion_form(book, asked.get("scheme", ""), asked.get("other", "")),
    "end-exclusion": lambda book, asked: draft_forms.end_exclusion_form(book, asked.get("row", "")),
    "criterion": lambda book, asked: draft_forms.criterion_form(book, asked.get("scheme", ""), shipped_questions()),
    "end-criterion": lambda book, asked: draft_forms.end_criterion_form(book, asked.get("row", "")),
    "cycle": lambda book, asked: cycle_form(book, asked.get("code", ""), asked.get("scheme", "")),
}


async def book_in_force(connection: Connection) -> Book:
    """What a change is held against."""
    return await rule_changes.book(connection, shipped_edition())


def reason_of(form: Form, name: str = "reason") -> str | None:
    """One printable line; None where it is no reason."""
    reason = " ".join(form.text(name).split())
    return reason if REASON_MIN <= len(reason) <= REASON_MAX and reason.isprintable() else None


class DraftPages:
    """/changes/new/{kind}; the query says what the change is about."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        new = f"/changes/new/{{kind:{'|'.join(FORMS)}}}"
        return [web.get(new, self.ask), web.post(new, self.draft)]

    @roles(*DRAFTERS)
    async def ask(self, request: web.Request) -> web.StreamResponse:
        _, form = await self._asked(request)
        return await self._show(request, form, Form(), {})

    @roles(*DRAFTERS)
    async def draft(self, request: web.Request) -> web.StreamResponse:
        typed, (book, form) = await read_form(request), await self._asked(request)
        account, now_ms = account_of(request), self._desk.clock.now_ms()
        reader = Reader(typed.text, form)
        change, reason = form.read(reader), reason_of(typed)
        errors = reader.errors or _fault(book, change, account.scope, form)
        if reason is None:
            errors |= {"reason": REASON_WRONG}
        if errors or reason is None:
            return await self._show(request, form, typed, errors)

        async def work(connection: Connection) -> str:
            made = await rule_changes.draft(connection, change, reason=reason, actor=account.login, now_ms=now_ms)
            return f"/changes/{made}"

        key = form_key_of(typed)
        location = await self._desk.database.transact(lambda c: submit_once(c, key, account.account_id, now_ms, work))
        raise web.HTTPSeeOther(location)

    async def _asked(self, request: web.Request) -> tuple[Book, DraftForm]:
        """Raises 404 where what the change is about is not (or no longer) in the book."""
        book = await self._desk.database.read(book_in_force)
        form = FORMS[request.match_info["kind"]](book, request.query)
        if form is None:
            raise web.HTTPNotFound
        return book, form

    async def _show(
        self, request: web.Request, form: DraftForm, typed: Form, errors: Mapping[str, str]
    ) -> web.StreamResponse:
        values = {each.name: typed.text(each.name) if typed.fields else each.value for each in form.fields}
        context = {
            "form": form,
            "values": values,
            "reason": typed.text("reason"),
            "reason_max": REASON_MAX,
            "errors": errors,
            "form_key": typed.text("form_key") or None,
        }
        return await page(request, "draft.html", context, status=422 if errors else 200)


def _fault(book: Book, change: Change, scope: str, form: DraftForm) -> dict[str, str]:
    """Why this change cannot wait for anybody's approval; empty where it can."""
    if not may_change(book, scope, change):
        return {"reason": not_yours(book, change, scope)}
    try:
        after = apply(book, change)
    except ChangeRefused as refused:
        is_asked = any(each.name == refused.field for each in form.fields)
        return {refused.field if is_asked else "reason": refused.sentence}
    return {} if differences(book, after) else {"reason": NO_CHANGE}


def not_yours(book: Book, change: Change, scope: str) -> str:
    owners = sorted({book.schemes[code].owner for code in schemes_of(change) if code in book.schemes})
    return NOT_YOURS.format(owner=" dan ".join(owners) or "pemilik lain", scope=scope)
