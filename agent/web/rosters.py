"""The roster file of the village: send it, look at what it would do, confirm; and what became of each row.

Must never write anything before the clerk has seen the report, nor show a whole NIK or name of it. A file waits for its
confirmation in memory only: it is the whole village's data, and nobody needs it twice.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from aiohttp import web

from agent.domain.numbering import date_wib
from agent.domain.rosters import Fate, Remark, Roster, RowReport, read_roster
from agent.store import rosters
from agent.web.desk import COUNTER_ROLES, at_counter
from agent.web.office import Office
from chassis.database import Connection
from chassis.spreadsheets import WorkbookRefused, as_csv, is_workbook
from chassis.web import account_of, add_notice, form_key_of, page, page_count, page_number, read_form, roles
from language import say
from protocol.lists.tables import ListRefused

HELD_MAX = 2
"""Files that wait for their confirmation: two officers may be at it; a third sends the oldest back to the beginning."""
ROWS_MAX = 100
"""Remarks on one page: it stays under 100 KB."""
IMPORTS_MAX = 20

FATES = {
    Fate.NEW: (say("baru"), "good"),
    Fate.CHANGED: (say("berubah"), "good"),
    Fate.SAME: (say("sama"), "plain"),
    Fate.REFUSED: (say("ditolak"), "bad"),
    Fate.PASSED_OVER: (say("dilewati"), "plain"),
}
at_counter_with_file = roles(*COUNTER_ROLES, body_bytes_max=rosters.FILE_BYTES_MAX + 64 * 1024)


@dataclass(frozen=True, slots=True)
class Held:
    """A file between report and confirmation; only whoever sent it may confirm it."""

    account_id: int
    file_name: str
    digest: bytes
    roster: Roster


class RosterPages:
    """/residents/rosters and below."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._held: OrderedDict[str, Held] = OrderedDict()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/residents/rosters", self.ask),
            web.post("/residents/rosters", self.report),
            web.post("/residents/rosters/confirm", self.confirm),
            web.get("/residents/rosters/{number:[0-9]{1,9}}", self.one),
        ]

    @at_counter
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await self._ask(request, {})

    async def _ask(self, request: web.Request, errors: dict[str, str]) -> web.StreamResponse:
        imports = await self._office.store.database.read(lambda c: rosters.recent(c, IMPORTS_MAX))
        context = {"imports": imports, "errors": errors, "fates": FATES}
        return await page(request, "rosters.html", context, status=422 if errors else 200)

    @at_counter_with_file
    async def report(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        upload = form.upload("file")
        if upload is None or not upload.content:
            return await self._ask(request, {"file": say("Pilih berkas yang akan diimpor.")})
        digest = sha256(upload.content).digest()
        await self._lead_to_earlier(request, digest)
        today = date_wib(self._office.stamper.now_ms())
        try:
            content = await as_csv(upload.content) if is_workbook(upload.content) else upload.content
        except WorkbookRefused as refused:
            return await self._ask(request, {"file": str(refused)})
        roster = await asyncio.to_thread(read_roster, content, today, self._office.settings.home)
        if isinstance(roster, ListRefused):
            return await self._ask(request, {"file": roster.sentence})
        reports = await rosters.preview(self._office.store.database, roster, today)
        self._hold(form_key_of(form), Held(account_of(request).account_id, upload.file_name, digest, roster))
        counts = Counter(report.fate for report in reports)
        context = {
            "file_name": upload.file_name,
            "key": form_key_of(form),
            "fates": [(words, kind, counts[fate]) for fate, (words, kind) in FATES.items()],
            "is_idle": not counts[Fate.NEW] and not counts[Fate.CHANGED],
            "ignored": roster.ignored,
            "remarks": _remarks(reports)[:ROWS_MAX],
            "remarks_more": max(0, len(_remarks(reports)) - ROWS_MAX),
        }
        return await page(request, "roster_check.html", context)

    def _hold(self, key: str, held: Held) -> None:
        self._held[key] = held
        while len(self._held) > HELD_MAX:
            self._held.popitem(last=False)

    @at_counter
    async def confirm(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        held = self._held.pop(form.text("key"), None)
        if held is None or held.account_id != account_of(request).account_id:
            return await self._ask(
                request, {"file": say("Laporan itu tidak tersimpan lagi. Kirim berkasnya sekali lagi.")}
            )
        await self._lead_to_earlier(request, held.digest)
        done = await rosters.take_in(
            self._office.store,
            held.roster,
            digest=held.digest,
            file_name=held.file_name,
            today=date_wib(self._office.stamper.now_ms()),
            actor=account_of(request).login,
        )
        await add_notice(request, say("Daftar penduduk sudah diimpor."))
        raise web.HTTPSeeOther(f"/residents/rosters/{done.id}")

    async def _lead_to_earlier(self, request: web.Request, digest: bytes) -> None:
        earlier = await self._office.store.database.read(lambda c: rosters.find(c, digest))
        if earlier is not None:
            await add_notice(
                request, say("Berkas ini sudah diimpor sebelumnya; inilah hasilnya. Tidak ada yang diubah.")
            )
            raise web.HTTPSeeOther(f"/residents/rosters/{earlier.id}")

    @at_counter
    async def one(self, request: web.Request) -> web.StreamResponse:
        number = int(request.match_info["number"])

        async def look(connection: Connection) -> tuple[rosters.RosterImport, list[RowReport]] | None:
            return await rosters.get(connection, number)

        found = await self._office.store.database.read(look)
        if found is None:
            raise web.HTTPNotFound
        done, remarks = found[0], _remarks(found[1])
        pages = page_count(len(remarks), ROWS_MAX)
        at = page_number(request.query.get("page", ""), pages)
        context = {
            "done": done,
            "fates": [(words, kind, done.fates[fate]) for fate, (words, kind) in FATES.items()],
            "remarks": remarks[(at - 1) * ROWS_MAX : at * ROWS_MAX],
            "number": at,
            "pages": pages,
        }
        return await page(request, "roster.html", context)


def _remarks(reports: Sequence[RowReport]) -> list[tuple[int, str, Remark]]:
    """Row, fate in words, remark: refused rows first, as they need somebody's work."""
    told = [(report, remark) for report in reports for remark in report.remarks]
    told.sort(key=lambda each: (each[0].fate is not Fate.REFUSED, each[0].line))
    return [(report.line, FATES[report.fate][0], remark) for report, remark in told]
