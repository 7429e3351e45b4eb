"""Lists from outside: brought, mapped, looked at row by row, taken over, and undone if need be.

Must never show a whole NIK or name of a list, nor change a fact before an officer has seen what each row would become.
Place in the flow: forms here -> `import_jobs` -> `central/imports` -> the pipeline decides again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec
from aiohttp import web

from central.domain.lists import Kind, Plan, Table, guess
from central.domain.lists.plans import DATE_ORDERS, choices, ignored
from central.imports import ImportRefused, bring, undo
from central.store import facts, imports
from central.store.imports import ImportFile, ImportRecord
from central.store.overview import PAGE_ROWS
from central.web.desk import Desk
from central.web.fleet import EVERYBODY
from central.web.import_forms import KINDS, Origin, column_lines, read_origin, read_plan, typed_of
from central.web.import_jobs import ImportJobs
from central.web.words import FATES, IMPORT_STATES
from chassis.csv_text import csv_text
from chassis.database import Connection
from chassis.spreadsheets import Workbook
from chassis.web import Form, Upload, account_of, add_notice, page, page_count, page_number, read_form, roles

FILE_BYTES_MAX = 64 * 1024 * 1024
"""A list of every family of the regency as text; a workbook of it is a third of that."""
LISTED_MAX = 200
REPORT_ROWS = 5_000
"""Rows of the report that are held at once."""
REFRESH_SECONDS = 2

ONE = "/imports/{id:[0-9]{1,9}}"
with_file = roles("officer", body_bytes_max=FILE_BYTES_MAX + 64 * 1024)


class ImportPages:
    """/imports and below."""

    def __init__(self, desk: Desk, jobs: ImportJobs) -> None:
        self._desk, self._jobs = desk, jobs

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/imports", self.list),
            web.post("/imports", self.bring),
            web.get(ONE, self.one),
            web.get(ONE + "/progress", self.progress),
            web.get(ONE + "/report.csv", self.report),
            web.get(ONE + "/plan", self.plan),
            web.post(ONE + "/plan", self.check),
            web.post(ONE + "/accept", self.accept),
            web.post(ONE + "/undo", self.undo),
            web.post(ONE + "/discard", self.discard),
        ]

    # --- bringing ---

    @roles(*EVERYBODY)
    async def list(self, request: web.Request) -> web.StreamResponse:
        return await self._list(request, Form(), {})

    async def _list(self, request: web.Request, form: Form, errors: Mapping[str, str]) -> web.StreamResponse:
        files = await self._desk.database.read(lambda c: imports.recent(c, LISTED_MAX))
        context = {"files": files, "states": IMPORT_STATES, "kinds": KINDS, "errors": errors, "typed": form.as_dict()}
        return await page(request, "imports.html", context, status=422 if errors else 200)

    @with_file
    async def bring(self, request: web.Request) -> web.StreamResponse:
        form, now_ms = await read_form(request), self._desk.clock.now_ms()
        origin, upload = read_origin(form, now_ms), form.upload("file")
        errors = {} if isinstance(origin, Origin) else origin
        if upload is None or not upload.content:
            errors["file"] = "Berkas: pilih berkas yang akan diimpor."
        if errors or not isinstance(origin, Origin) or upload is None:
            return await self._list(request, form, errors)
        try:
            record = await self._keep(upload, origin, account_of(request).login, now_ms)
        except ImportRefused as refused:
            return await self._list(request, form, {"file": str(refused)})
        self._jobs.forget(record.id)
        raise web.HTTPSeeOther(f"/imports/{record.id}/plan")

    async def _keep(self, upload: Upload, origin: Origin, actor: str, now_ms: int) -> ImportRecord:
        digest, packed = await asyncio.to_thread(_pack, upload.content)
        name, said = upload.file_name, origin
        file = ImportFile(digest, name, said.permission, said.as_of, now_ms, actor, upload.content, said.kind)
        return await bring(self._desk.database, file, packed)

    # --- mapping ---

    @roles("officer")
    async def plan(self, request: web.Request) -> web.StreamResponse:
        record = await self._open_record(request)
        sheet = int(asked) if (asked := request.query.get("sheet", "")).isdecimal() and len(asked) < 4 else 0
        opened = self._jobs.table(record.id, sheet)
        if opened is None:
            if refused := self._jobs.take_refusal(record.id):
                if not sheet and not record.plan:  # no list at all: nobody needs it kept
                    await self._desk.database.transact(lambda c: imports.discard(c, record.id))
                return await self._list(request, Form(), {"file": refused})
            self._jobs.open(record.id, sheet)
            raise web.HTTPSeeOther(f"/imports/{record.id}/progress?to=plan")
        table, book = opened
        plan = _plan_of(record, table, book)
        errors = {"columns": refused} if (refused := self._jobs.take_refusal(record.id)) else {}
        return await self._show_plan(request, record, opened, plan, typed_of(plan), errors)

    @roles("officer")
    async def check(self, request: web.Request) -> web.StreamResponse:
        record, form = await self._open_record(request), await read_form(request)
        opened = self._jobs.table(record.id, 0)
        if opened is None:
            raise web.HTTPSeeOther(f"/imports/{record.id}/plan")
        cycles = await self._desk.database.read(facts.cycles)
        plan, errors = read_plan(form, _plan_of(record, *opened), opened[0], await self._desk.rules_in_force(), cycles)
        if errors:
            return await self._show_plan(request, record, opened, plan, form.as_dict(), errors)
        self._jobs.check(record.id, plan)
        raise web.HTTPSeeOther(f"/imports/{record.id}/progress")

    async def _show_plan(
        self,
        request: web.Request,
        record: ImportRecord,
        opened: tuple[Table, Workbook],
        plan: Plan,
        typed: Mapping[str, str],
        errors: Mapping[str, str],
    ) -> web.StreamResponse:
        table, book = opened
        schemes = (await self._desk.rules_in_force()).book.schemes
        cycles = await self._desk.database.read(facts.cycles)
        context = {
            "file": record,
            "is_coverage": record.kind is Kind.COVERAGE,
            "columns": column_lines(table, plan),
            "meanings": choices(plan.kind),
            "ignored": ignored(table, plan),
            "sheets": list(enumerate(book.sheets, start=1)),
            "sheet": book.sheet,
            "schemes": [(code, scheme.name) for code, scheme in sorted(schemes.items())],
            "cycles": [(cycle.code, cycle.name) for cycle in cycles],
            "date_orders": list(DATE_ORDERS.items()),
            "typed": typed,
            "errors": errors,
        }
        return await page(request, "import_plan.html", context, status=422 if errors else 200)

    # --- looking ---

    @roles(*EVERYBODY, extends_login=False)
    async def progress(self, request: web.Request) -> web.StreamResponse:
        number = int(request.match_info["id"])
        job = self._jobs.running(number)
        if job is None:
            tail = "/plan" if request.query.get("to") == "plan" else ""
            raise web.HTTPSeeOther(f"/imports/{number}{tail}")
        response = await page(request, "import_progress.html", {"job": job, "number": number})
        response.headers["Refresh"] = str(REFRESH_SECONDS)
        return response

    @roles(*EVERYBODY)
    async def one(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, {})

    async def _show(self, request: web.Request, errors: Mapping[str, str]) -> web.StreamResponse:
        record = await self._record(request)
        if self._jobs.running(record.id):
            raise web.HTTPSeeOther(f"/imports/{record.id}/progress")
        if refused := self._jobs.take_refusal(record.id):
            errors = {"accept" if record.is_checked else "columns": refused, **errors}
        fate = request.query.get("fate", "")

        async def look(connection: Connection) -> dict[str, object]:
            chosen = fate if fate in FATES else ""
            total = await imports.count_rows(connection, record.id, chosen)
            pages = page_count(total, PAGE_ROWS)
            number = page_number(request.query.get("page", ""), pages)
            rows = await imports.rows(connection, record.id, chosen, PAGE_ROWS, (number - 1) * PAGE_ROWS)
            fates = await imports.fates(connection, record.id)
            return {"fates": fates, "rows": rows, "number": number, "pages": pages, "fate": chosen, "total": total}

        context = await self._desk.database.read(look)
        context |= {"file": record, "words": FATES, "states": IMPORT_STATES, "kinds": KINDS, "errors": errors}
        return await page(request, "import.html", context, status=422 if errors else 200)

    @roles(*EVERYBODY)
    async def report(self, request: web.Request) -> web.StreamResponse:
        """Every row with what became of it, for a spreadsheet; written as it is read."""
        record = await self._record(request)
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/csv; charset=utf-8",
                "Content-Disposition": f'attachment; filename="impor-{record.id}.csv"',
            }
        )
        await response.prepare(request)
        heading = csv_text([("Baris", "Hasil", "Kolom", "Isi (disamarkan)", "Sebab")], ";")
        await response.write(b"\xef\xbb\xbf" + heading.encode())
        row = 0
        while lines := await self._report_lines(record.id, row):
            cells = ((n, FATES.get(fate, fate), *rest) for n, fate, *rest in imports.report_cells(lines))
            await response.write(csv_text(cells, ";").encode())
            row = lines[-1].row
        await response.write_eof()
        return response

    async def _report_lines(self, import_id: int, row: int) -> Sequence[imports.RowLine]:
        return await self._desk.database.read(lambda c: imports.rows_after(c, import_id, row, REPORT_ROWS))

    # --- deciding ---

    @roles("officer")
    async def accept(self, request: web.Request) -> web.StreamResponse:
        record, form = await self._record(request), await read_form(request)
        mode = form.text("mode")
        if mode not in ("whole", "valid"):
            return await self._show(
                request, {"mode": "Pilih: semua atau tidak sama sekali, atau hanya baris yang sah."}
            )
        if record.is_checked and self._jobs.running(record.id) is None:
            self._jobs.take(record.id, account_of(request).login, is_whole=mode == "whole")
        raise web.HTTPSeeOther(f"/imports/{record.id}/progress")

    @roles("officer")
    async def undo(self, request: web.Request) -> web.StreamResponse:
        record, form = await self._record(request), await read_form(request)
        try:
            done = await undo(
                self._desk.database,
                record.id,
                reason=form.text("reason"),
                actor=account_of(request).login,
                now_ms=self._desk.clock.now_ms(),
            )
        except ImportRefused as refused:
            return await self._show(request, {"reason": str(refused)})
        for feed in done.feeds:
            self._desk.on_published(feed)
        await add_notice(request, "Impor dibatalkan. Keputusan yang bersandar padanya dihitung lagi.")
        raise web.HTTPSeeOther(f"/imports/{record.id}")

    @roles("officer")
    async def discard(self, request: web.Request) -> web.StreamResponse:
        record = await self._record(request)
        if self._jobs.running(record.id) is None:
            await self._desk.database.transact(lambda c: imports.discard(c, record.id))
            self._jobs.forget(record.id)
        raise web.HTTPSeeOther("/imports")

    async def _record(self, request: web.Request) -> ImportRecord:
        number = int(request.match_info["id"])
        record = await self._desk.database.read(lambda c: imports.get(c, number))
        if record is None:
            raise web.HTTPNotFound
        return record

    async def _open_record(self, request: web.Request) -> ImportRecord:
        """One that can still be mapped; any other leads to what became of it."""
        record = await self._record(request)
        if self._jobs.running(record.id):
            raise web.HTTPSeeOther(f"/imports/{record.id}/progress")
        if not record.is_open:
            raise web.HTTPSeeOther(f"/imports/{record.id}")
        return record


def _pack(content: bytes) -> tuple[bytes, bytes]:
    return sha256(content).digest(), imports.packed(content)


def _plan_of(record: ImportRecord, table: Table, book: Workbook) -> Plan:
    """As it was confirmed last, if it was for this sheet; else what the titles say."""
    if record.plan:
        plan = msgspec.json.decode(record.plan, type=Plan)
        if plan.kind is record.kind and plan.sheet == book.sheet and len(plan.meanings) == len(table.titles):
            return plan
    return guess(table, record.kind, book.sheet)
