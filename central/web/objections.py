"""Objections that residents made at their village's counter: the list, and an officer's answer to one.

Must never let an officer answer who has ruled on the same proposal before, nor answer what has changed since it was read.
Place in the flow: tabulation brings an objection in -> here -> `store/objections` -> decided again, and the village told.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from aiohttp import web

from central.domain.objections import REASON_LENGTH_MAX, Ruling, Way, answer_by, read_ruling, ways
from central.store import objections, overview
from central.store.objections import OPEN, PAGE_ROWS, ObjectionLine
from central.store.overview import Trail
from central.web.decisions import READERS, place
from central.web.desk import Desk
from central.web.words import EVIDENCE, OBJECTIONS, OUTCOMES, REASONS, WAYS
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

FILTERS = {OPEN: "Menunggu putusan", "": "Semua"} | {k: words for k, (words, _) in OBJECTIONS.items() if k != OPEN}
SOON = timedelta(days=3)
WIB_AHEAD = timedelta(hours=7)
SAME_OFFICER = (
    "Anda sudah memutus sesuatu tentang usulan ini, jadi sanggahannya harus diputus petugas lain. Minta rekan Anda."
)
ALREADY_DECIDED = "Tidak tersimpan: sanggahan ini baru saja diputus rekan Anda. Inilah putusannya."
CHANGED = "Tidak tersimpan: jawaban atas usulan ini baru saja berubah. Baca lagi, lalu putuskan."


class ObjectionPages:
    """/objections and /objections/{record}."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        one = "/objections/{record:[0-9a-f]{32}}"
        return [web.get("/objections", self.list), web.get(one, self.one), web.post(one, self.decide)]

    @roles(*READERS)
    async def list(self, request: web.Request) -> web.StreamResponse:
        asked = request.query.get("state", OPEN)
        state = asked if asked in FILTERS else OPEN

        async def look(connection: Connection) -> dict[str, object]:
            counts = await objections.counts(connection)
            counts[""] = sum(counts.values())
            pages = page_count(counts.get(state, 0), PAGE_ROWS)
            number = page_number(request.query.get("page", ""), pages)
            lines = await objections.lines(connection, state, number)
            return {"lines": lines, "counts": counts, "number": number, "pages": pages}

        context = await self._desk.database.read(look)
        now_ms, actor = self._desk.clock.now_ms(), account_of(request).login
        await self._desk.database.transact(
            lambda c: record_access(c, now_ms=now_ms, actor=actor, action="list_objections", subject="")
        )
        context |= {"outcomes": OUTCOMES, "reasons": REASONS, "place": place, "words": OBJECTIONS}
        context |= {"filters": FILTERS, "state": state} | self._deadlines()
        return await page(request, "objections.html", context)

    @roles(*READERS)
    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, Form(), {})

    @roles("officer")
    async def decide(self, request: web.Request) -> web.StreamResponse:
        form, (line, trail) = await read_form(request), await self._open(request)
        account, form_key, now_ms = account_of(request), form_key_of(form), self._desk.clock.now_ms()
        if await self._desk.database.read(lambda c: recall(c, form_key, account.account_id)) is not None:
            raise web.HTTPSeeOther(request.path)  # sent twice: the first time did it, and changed what may be chosen
        ruling = read_ruling(form.as_dict(), _chosen(form), _evidence(trail), ways(line.outcome, line.code))
        if not isinstance(ruling, Ruling):
            return await self._show(request, form, ruling)

        async def work(connection: Connection) -> str:
            if await recall(connection, form_key, account.account_id) is not None:
                return ""  # sent twice: the first time did it
            now = await objections.find(connection, line.record)
            found = await overview.trail(connection, line.proposal)
            if account.login in await objections.ruled_before(connection, line.proposal):
                return ALREADY_DECIDED if now and now.ruling != OPEN else SAME_OFFICER
            if now is None or now.ruling != OPEN:
                return ALREADY_DECIDED
            if found is None or found.decision.facts_hash.hex() != form.text("seen"):
                return CHANGED
            await objections.decide(connection, line, ruling, account.login, now_ms, found.decision.facts_hash)
            await remember(connection, form_key, account.account_id, request.path, now_ms)
            return ""

        refused = await self._desk.database.transact(work)
        if refused == SAME_OFFICER:
            return await self._show(request, form, {"way": SAME_OFFICER})
        self._desk.on_published(line.village)
        await add_notice(request, refused or "Putusan disimpan dan dikirim ke desa. Keputusannya dihitung lagi.")
        raise web.HTTPSeeOther(request.path)

    async def _open(self, request: web.Request) -> tuple[ObjectionLine, Trail]:
        record = bytes.fromhex(request.match_info["record"])
        line = await self._desk.database.read(lambda c: objections.find(c, record))
        if line is None or not line.outcome:
            raise web.HTTPNotFound
        trail = await self._desk.database.read(lambda c: overview.trail(c, line.proposal))
        if trail is None:
            raise RequestRefused(404, "not_found", "Usulan yang disanggah belum diterima kabupaten.")
        return line, trail

    async def _show(self, request: web.Request, form: Form, errors: Mapping[str, str]) -> web.StreamResponse:
        (line, trail), account = await self._open(request), account_of(request)
        before = await self._desk.database.read(lambda c: objections.ruled_before(c, line.proposal))
        allowed = ways(line.outcome, line.code)
        chosen = _chosen(form) if form.fields else frozenset(_evidence(trail))
        context = {"line": line, "trail": trail, "errors": errors, "place": place, "words": OBJECTIONS}
        context |= {"outcomes": OUTCOMES, "evidence_words": EVIDENCE, "chosen": chosen}
        context |= {"ways": [(each.value, WAYS[each]) for each in allowed], "may_end": Way.ENDED in allowed}
        context |= {"may_grant": len(allowed) > 1, "is_officer": account.role == "officer"}
        context |= {"same_officer": SAME_OFFICER if account.login in before else "", "reason_max": REASON_LENGTH_MAX}
        context |= {name: form.text(name) for name in ("way", "since", "reason")}
        context |= {"form_key": form.text("form_key") or None} | self._deadlines()
        return await page(request, "objection.html", context, status=422 if errors else 200)

    def _deadlines(self) -> dict[str, object]:
        """For the pages: the day by which an objection must be answered, and whether that day is near or over."""
        today = (datetime.fromtimestamp(self._desk.clock.now_ms() / 1000, UTC) + WIB_AHEAD).date()

        def urgency(line: ObjectionLine) -> tuple[str, str]:
            left = answer_by(line.received_ms) - today
            if line.ruling != OPEN or left > SOON:
                return "", "plain"
            return ("terlambat", "bad") if left < timedelta(0) else ("hampir habis", "wait")

        return {"answer_by": lambda line: answer_by(line.received_ms), "urgency": urgency}


def _evidence(trail: Trail) -> dict[bytes, str]:
    return {each.reference: each.kind for each in trail.decision.evidence}


def _chosen(form: Form) -> frozenset[bytes]:
    found = set()
    for text in form.all("evidence"):
        try:
            found.add(bytes.fromhex(text))
        except ValueError:
            continue
    return frozenset(found)
