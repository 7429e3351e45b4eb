"""The papers around a lock: minutes to be signed, the determined list, its payment files and what came of them.

Full numbers of people leave here in files: each download is a look at everybody on it. Must never show a list as determined
that is not signed. Place in the flow: central/rosters/lock -> here -> central/render.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256

from aiohttp import web

from central.domain.answers import DAY_MS
from central.domain.determination import Entry, Scan, lists_of, minutes_hash
from central.domain.papers import (
    AMOUNT_AT,
    TABLE_HEADINGS,
    list_code,
    minutes,
    payment_sheet,
    payment_table,
    total_words,
)
from central.domain.payments import PaymentFile, RowFault, read_payments
from central.domain.rosters import Body, InputRow
from central.render import render_pdf
from central.render.tables import write_csv, write_xlsx
from central.rosters import Drafts, Gathered
from central.store import access, determinations, facts, rosters
from central.store.determinations import Determined
from central.web.decisions import READERS
from central.web.desk import Desk
from central.web.fleet import EVERYBODY
from central.web.result_file import ResultRefused, check_result
from central.web.rosters import CYCLE, asked_draft, short_place
from central.web.words import BODIES, LIST_KINDS
from chassis.database import Connection
from chassis.spreadsheets import WorkbookRefused, as_csv, is_workbook
from chassis.web import (
    RequestRefused,
    account_of,
    add_notice,
    form_key_of,
    page,
    read_form,
    recall,
    remember,
    roles,
)
from protocol.feed import RESULT_BYTES_MAX
from protocol.lists.tables import ListRefused

SCAN_FORM_BYTES_MAX = RESULT_BYTES_MAX + 256 * 1024
RESULTS_BYTES_MAX = 8 * 1024 * 1024
"""The list of the whole regency as a workbook has 1.2 MB."""
FAULTS_SHOWN_MAX = 100
KNOWN_RESULTS = "Berkas hasil pembayaran: berkas ini sudah pernah dipakai. Tidak ada yang diubah."
WHY_PAYMENT = "mengambil daftar pembayaran"
WIB_MS = 7 * 3_600_000
PDF, XLSX = "application/pdf", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"


class DeterminationPages:
    """/rosters/{cycle}/minutes, /lock and /lists."""

    def __init__(self, desk: Desk, drafts: Drafts) -> None:
        self._desk = desk
        self._drafts = drafts

    def routes(self) -> list[web.RouteDef]:
        one = f"/rosters/{CYCLE}"
        place = one + "/minutes/{body:village|lptq}/{place:[0-9]{6,10}}"
        lists = one + "/lists/{number:[0-9]{1,4}}"
        return [
            web.get(f"{one}/minutes", self.minutes),
            web.get(place, self.minutes_pdf),
            web.post(place, self.upload),
            web.get(f"{place}/scan", self.scan),
            web.get(lists, self.list),
            web.get(f"{lists}/payment.csv", self.csv),
            web.get(f"{lists}/payment.xlsx", self.xlsx),
            web.get(lists + "/payment/{district:[0-9]{6}}", self.pdf),
            web.post(lists, self.results),
        ]

    # --- minutes ---

    @roles(*READERS)
    async def minutes(self, request: web.Request) -> web.StreamResponse:
        return await self._show_minutes(request, {})

    async def _show_minutes(self, request: web.Request, errors: Mapping[str, str]) -> web.StreamResponse:
        found, draft = await asked_draft(request, self._drafts)
        code = found.cycle.code

        async def look(connection: Connection) -> tuple[set[Scan], bool]:
            is_locked = await determinations.in_force(connection, code) is not None
            return set(await rosters.scans(connection, code)), is_locked

        scans, is_locked = await self._desk.database.read(look)
        lines = [
            (body, place, len(rows), scan, scan in scans)
            for body in found.terms.required
            for place, rows in lists_of(draft, body).items()
            for scan in (Scan(body, place, minutes_hash(code, body, place, rows)),)
        ]
        context: dict[str, object] = {"cycle": found.cycle, "lines": lines, "errors": errors, "is_locked": is_locked}
        context |= {"place": short_place, "bodies": BODIES, "missing": sum(not line[4] for line in lines)}
        return await page(request, "minutes.html", context, status=422 if errors else 200)

    @roles(*READERS)
    async def minutes_pdf(self, request: web.Request) -> web.StreamResponse:
        found, body, place, rows = await self._asked_minutes(request)
        digest = minutes_hash(found.cycle.code, body, place, rows)
        sheet = minutes(found.cycle.name, body, place, rows, digest, _today(self._desk.clock.now_ms()))
        await self._note(request, "print_minutes", f"{found.cycle.code}/{body}/{place}")
        return _file(await asyncio.to_thread(render_pdf, sheet), PDF, f"berita-acara-{body}-{place}.pdf")

    @roles("officer", body_bytes_max=SCAN_FORM_BYTES_MAX)
    async def upload(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, SCAN_FORM_BYTES_MAX)
        found, body, place, rows = await self._asked_minutes(request)
        account, now_ms, code = account_of(request), self._desk.clock.now_ms(), found.cycle.code
        scan = Scan(body, place, minutes_hash(code, body, place, rows))
        file = form.upload("scan")
        if file is None:
            return await self._show_minutes(request, {f"scan-{body}-{place}": "Pindaian: pilih berkasnya dahulu."})
        if form.text("list") != scan.list_hash.hex():
            cure = "Pindaian: daftar tempat ini berubah sejak halaman dibuka. Cetak dan tanda tangani yang baru."
            return await self._show_minutes(request, {f"scan-{body}-{place}": cure})
        try:
            media_type, content = await asyncio.to_thread(check_result, file.content)
        except ResultRefused as refused:
            return await self._show_minutes(request, {f"scan-{body}-{place}": f"Pindaian: {refused}"})

        async def work(connection: Connection) -> None:
            if await determinations.in_force(connection, code) is not None:
                raise RequestRefused(409, "locked", "Periode ini sudah dikunci; berita acaranya tidak berubah lagi.")
            if await recall(connection, form_key_of(form), account.account_id) is None:
                await rosters.put_scan(connection, code, scan, media_type, content, account.login, now_ms)
                await remember(connection, form_key_of(form), account.account_id, request.path, now_ms)

        await self._desk.database.transact(work)
        await add_notice(request, f"Pindaian berita acara {short_place(place)} disimpan.")
        raise web.HTTPSeeOther(f"/rosters/{code}/minutes")

    @roles(*READERS)
    async def scan(self, request: web.Request) -> web.StreamResponse:
        found, body, place, rows = await self._asked_minutes(request)
        scan = Scan(body, place, minutes_hash(found.cycle.code, body, place, rows))
        kept = await self._desk.database.read(lambda c: rosters.scan_content(c, found.cycle.code, scan))
        if kept is None:
            raise web.HTTPNotFound
        await self._note(request, "view_minutes", f"{found.cycle.code}/{body}/{place}")
        name = f"berita-acara-{body}-{place}.{'pdf' if kept[0] == PDF else 'jpg'}"
        return _file(kept[1], kept[0], name)

    async def _asked_minutes(self, request: web.Request) -> tuple[Gathered, Body, str, list[InputRow]]:
        found, draft = await asked_draft(request, self._drafts)
        body, place = Body(request.match_info["body"]), request.match_info["place"]
        rows = lists_of(draft, body).get(place)
        if rows is None or body not in found.terms.required:
            raise web.HTTPNotFound
        return found, body, place, rows

    # --- the determined list ---

    @roles(*EVERYBODY)
    async def list(self, request: web.Request) -> web.StreamResponse:
        return await self._show_list(request, {}, ())

    @roles("officer", body_bytes_max=RESULTS_BYTES_MAX)
    async def results(self, request: web.Request) -> web.StreamResponse:
        """What came of the payments; good rows are kept, each bad one is told."""
        form, determined = await read_form(request, RESULTS_BYTES_MAX), await self._asked_list(request)
        key, file = form_key_of(form), form.upload("results")
        found: PaymentFile | str
        try:
            found = await self._read_results(determined, file.content if file else b"")
        except WorkbookRefused as refused:
            found = str(refused)
        if isinstance(found, str) or file is None:
            sentence = found if isinstance(found, str) else ""
            return await self._show_list(request, {"results": f"Berkas hasil pembayaran: {sentence}"}, ())
        account, now_ms, digest = account_of(request), self._desk.clock.now_ms(), sha256(file.content).digest()

        async def work(connection: Connection) -> bool:
            if await recall(connection, key, account.account_id) is not None:
                return True
            if await determinations.is_known_file(connection, digest):
                return False
            await determinations.add_payments(
                connection, determined.hash, digest, found.payments, account.login, now_ms
            )
            await remember(connection, key, account.account_id, request.path, now_ms)
            return True

        if not await self._desk.database.transact(work):
            return await self._show_list(request, {"results": KNOWN_RESULTS}, ())
        await add_notice(request, f"{len(found.payments)} hasil pembayaran disimpan.")
        if found.faults:
            return await self._show_list(
                request, {"results": f"{len(found.faults)} baris tidak dipakai."}, found.faults
            )
        raise web.HTTPSeeOther(request.path)

    async def _read_results(self, determined: Determined, content: bytes) -> PaymentFile | str:
        """What the file says, or why it cannot be used. Raises WorkbookRefused."""
        text = await as_csv(content) if is_workbook(content) else content
        entries = frozenset(entry.number for entry in determined.list.payable)
        today, code = _today(self._desk.clock.now_ms()), list_code(determined.hash)
        found = await asyncio.to_thread(read_payments, text, code, entries, today)
        return found.sentence if isinstance(found, ListRefused) else found

    async def _show_list(
        self, request: web.Request, errors: Mapping[str, str], faults: Sequence[RowFault]
    ) -> web.StreamResponse:
        determined = await self._asked_list(request)
        found = determined.list
        counts = dict(sorted(Counter(entry.village[:6] for entry in found.payable).items()))
        reported = await self._desk.database.read(lambda c: determinations.payments(c, determined.hash))
        cycles = {cycle.code: cycle for cycle in await self._desk.database.read(facts.cycles)}
        objection_ms = determined.locked_ms + cycles[found.cycle].objection_days * DAY_MS
        states = [payment.state for payment in reported.values()]
        context: dict[str, object] = {"determined": determined, "list": found, "counts": counts, "place": short_place}
        context |= {"words": total_words(found), "kinds": LIST_KINDS, "readers": READERS}
        context |= {"objection_ms": objection_ms, "paid": states.count("paid"), "failed": states.count("failed")}
        context |= {"silent": [short_place(code) for code in found.act.silent], "errors": errors}
        context |= {"faults": faults[:FAULTS_SHOWN_MAX], "fault_count": len(faults)}
        return await page(request, "determined.html", context, status=422 if errors else 200)

    @roles(*READERS)
    async def csv(self, request: web.Request) -> web.StreamResponse:
        determined = await self._asked_list(request)
        await self._note(request, "export_payment_list", determined.hash.hex(), determined.list.payable)
        rows = payment_table(determined.list, determined.hash)
        return _file(await asyncio.to_thread(write_csv, TABLE_HEADINGS, rows), CSV, _name(determined, "csv"))

    @roles(*READERS)
    async def xlsx(self, request: web.Request) -> web.StreamResponse:
        determined = await self._asked_list(request)
        await self._note(request, "export_payment_list", determined.hash.hex(), determined.list.payable)
        found = determined.list
        rows, notes = payment_table(found, determined.hash), (total_words(found), f"Sidik: {determined.hash.hex()}")
        dated = date.fromisoformat(found.act.dated)
        made = await asyncio.to_thread(
            write_xlsx, f"Daftar pembayaran {found.cycle}", TABLE_HEADINGS, rows, AMOUNT_AT, dated, notes
        )
        return _file(made, XLSX, _name(determined, "xlsx"))

    @roles(*READERS)
    async def pdf(self, request: web.Request) -> web.StreamResponse:
        determined, place = await self._asked_list(request), request.match_info["district"]
        found = determined.list
        if not any(entry.village.startswith(place) for entry in found.payable):
            raise web.HTTPNotFound
        shown = [entry for entry in found.payable if entry.village.startswith(place)]
        await self._note(request, "export_payment_list", f"{determined.hash.hex()}/{place}", shown)
        sheet = payment_sheet(found.cycle, found, determined.hash, place)
        return _file(await asyncio.to_thread(render_pdf, sheet), PDF, f"{found.cycle}-{place}.pdf")

    async def _asked_list(self, request: web.Request) -> Determined:
        code, number = request.match_info["cycle"], int(request.match_info["number"])
        found = await self._desk.database.read(lambda c: determinations.one(c, code, number))
        if found is None:
            raise web.HTTPNotFound
        return found

    async def _note(self, request: web.Request, action: str, subject: str, shown: Iterable[Entry] = ()) -> None:
        """A look, with everybody whose full number is on what is handed out."""
        now_ms, actor, niks = self._desk.clock.now_ms(), account_of(request).login, {entry.nik for entry in shown}
        await self._desk.database.transact(
            lambda c: access.record_view(
                c, now_ms=now_ms, actor=actor, action=action, subject=subject, niks=niks, why=WHY_PAYMENT
            )
        )


def _today(now_ms: int) -> date:
    return datetime.fromtimestamp((now_ms + WIB_MS) / 1000, UTC).date()


def _name(determined: Determined, ending: str) -> str:
    return f"{determined.cycle}-{determined.number}.{ending}"


def _file(content: bytes, media_type: str, name: str) -> web.Response:
    headers = {"Content-Type": media_type, "Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=content, headers=headers)
