"""Changes of the rules: which wait, what each would alter, and the second officer's word.

Four eyes: whoever drafted a change never judges it. One approves what was on the page: had the rules changed meanwhile, the
page is shown again. Place in the flow: `drafts` leads here -> `store/rule_changes` puts it in force and tells the villages.
"""

from collections.abc import Mapping
from hashlib import sha256

import msgspec
from aiohttp import web

from central.domain.rule_changes import Book, ChangeRefused, apply, may_change
from central.domain.rule_words import Difference, differences, title
from central.store import rule_changes
from central.store.rule_changes import APPROVED, REFUSED, WAITING, Draft
from central.web.desk import Desk
from central.web.drafts import REASON_MAX, REASON_WRONG, book_in_force, not_yours, reason_of
from central.web.fleet import EVERYBODY
from chassis.database import Connection
from chassis.web import Account, account_of, add_notice, page, page_count, page_number, read_form, roles
from protocol.feed import REGENCY

JUDGES = ("officer", "admin")
STATES = {WAITING: ("Menunggu persetujuan", "wait"), APPROVED: ("Berlaku", "good"), REFUSED: ("Ditolak", "bad")}
OWN = "Anda yang mengusulkan perubahan ini; petugas lain yang menyetujui atau menolaknya."
MOVED = "Aturan berubah sejak halaman ini dibuka. Periksa lagi apa yang berubah, lalu putuskan."
JUDGED = "Perubahan ini baru saja diputuskan petugas lain. Inilah hasilnya."
NO_VERDICT = "Putusan: pilih setuju atau tolak."


class ChangePages:
    """/changes and /changes/{id}."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        one = "/changes/{id:[0-9]{1,9}}"
        return [web.get("/changes", self.list), web.get(one, self.one), web.post(one, self.judge)]

    @roles(*EVERYBODY)
    async def list(self, request: web.Request) -> web.StreamResponse:
        async def look(connection: Connection) -> dict[str, object]:
            book = await book_in_force(connection)
            pages = page_count(await rule_changes.count_judged(connection), rule_changes.PAGE_ROWS)
            number = page_number(request.query.get("page", ""), pages)
            waiting, judged = await rule_changes.waiting(connection), await rule_changes.judged(connection, number)
            return {
                "number": number,
                "pages": pages,
                "waiting": [(each, title(each.change, book)) for each in waiting],
                "judged": [(each, title(each.change, book)) for each in judged],
            }

        context = await self._desk.database.read(look)
        return await page(request, "changes.html", context | {"states": STATES})

    @roles(*EVERYBODY)
    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, {}, "", "")

    @roles(*JUDGES)
    async def judge(self, request: web.Request) -> web.StreamResponse:
        form, account, now_ms = await read_form(request), account_of(request), self._desk.clock.now_ms()
        verdict, reason, seen = form.text("verdict"), reason_of(form), form.text("seen")

        async def work(connection: Connection) -> dict[str, str]:
            book, found = await self._found(connection, request)
            if found.state != WAITING:
                return {"state": JUDGED}
            shown, fault = _shown(book, found)
            errors = {}
            if refused := _barred(book, found, account):
                errors["verdict"] = refused
            elif verdict not in {APPROVED, REFUSED}:
                errors["verdict"] = NO_VERDICT
            elif verdict == REFUSED and reason is None:
                errors["reason"] = REASON_WRONG
            elif verdict == APPROVED and (fault or seen != _digest(shown)):
                errors["verdict"] = fault or MOVED
            if errors:
                return errors
            if verdict == APPROVED:
                await rule_changes.approve(connection, found, book, actor=account.login, now_ms=now_ms)
            else:
                said = reason or ""
                await rule_changes.refuse(connection, found, shown, reason=said, actor=account.login, now_ms=now_ms)
            return {}

        errors = await self._desk.database.transact(work)
        if "state" in errors:
            await add_notice(request, errors["state"])
        elif errors:
            return await self._show(request, errors, verdict, form.text("reason"))
        elif verdict == APPROVED:
            self._desk.on_published(REGENCY)
            await add_notice(request, "Perubahan berlaku dan dikirim ke desa. Keputusan yang terkait dihitung lagi.")
        raise web.HTTPSeeOther(request.path)

    async def _show(
        self, request: web.Request, errors: Mapping[str, str], verdict: str, reason: str
    ) -> web.StreamResponse:
        book, found = await self._desk.database.read(lambda c: self._found(c, request))
        account = account_of(request)
        shown, fault = _shown(book, found)
        context = {
            "change": found,
            "title": title(found.change, book),
            "state": STATES[found.state],
            "differences": shown,
            "seen": _digest(shown),
            "fault": fault,
            "barred": _barred(book, found, account) if account.role in JUDGES else "",
            "may_judge": found.state == WAITING and account.role in JUDGES,
            "verdicts": [(APPROVED, "Setuju: berlaku dan dikirim ke desa"), (REFUSED, "Tolak, dengan alasan")],
            "verdict": verdict,
            "reason": reason,
            "reason_max": REASON_MAX,
            "errors": errors,
        }
        return await page(request, "change.html", context, status=422 if errors else 200)

    async def _found(self, connection: Connection, request: web.Request) -> tuple[Book, Draft]:
        found = await rule_changes.find(connection, int(request.match_info["id"]))
        if found is None:
            raise web.HTTPNotFound
        return await book_in_force(connection), found


def _shown(book: Book, found: Draft) -> tuple[list[Difference], str]:
    """What the change alters, and why it cannot be made any more; of a judged one, what its judge saw."""
    if found.state != WAITING:
        return list(found.differences), ""
    try:
        return differences(book, apply(book, found.change)), ""
    except ChangeRefused as refused:
        return [], refused.sentence


def _barred(book: Book, found: Draft, account: Account) -> str:
    """Why this person may not judge this change."""
    if account.login == found.drafted_by:
        return OWN
    if not may_change(book, account.scope, found.change):
        return not_yours(book, found.change, account.scope)
    return ""


def _digest(shown: list[Difference]) -> str:
    return sha256(msgspec.msgpack.encode(shown)).hexdigest()[:32]
