"""Proposals from a file: send it, read what would become of each row, confirm.

Must never write anything before the clerk has seen the report, nor show a whole NIK of it. A file waits for its
confirmation in memory only.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from agent.domain.numbering import date_wib
from agent.domain.proposal_lists import ProposalList, column_names, read_list
from agent.store import coverage, cycles, proposal_lists
from agent.store.proposal_lists import RowReport
from agent.web.desk import COUNTER_ROLES, at_counter
from agent.web.office import Office
from agent.web.words import check_words, cycle_choice, is_open
from chassis.web import account_of, form_key_of, page, read_form, roles
from language import say
from protocol.feed import Cycle
from protocol.lists.tables import ListRefused

FILE_BYTES_MAX = 1024 * 1024
"""Five hundred rows of two kilobytes."""
HELD_MAX = 4
"""Files that wait for their confirmation: a few officers; one more sends the oldest back to the beginning."""
ROWS_MAX = 200
"""Rows on the report: it stays under 100 KB. Those that cannot be proposed come first."""
at_counter_with_file = roles(*COUNTER_ROLES, body_bytes_max=FILE_BYTES_MAX + 64 * 1024)


@dataclass(frozen=True, slots=True)
class Held:
    """A file between report and confirmation; only whoever sent it may confirm it."""

    account_id: int
    cycle: Cycle
    listed: ProposalList


class ProposalListPages:
    """/proposals/file."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._held: OrderedDict[str, Held] = OrderedDict()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/proposals/file", self.ask),
            web.post("/proposals/file", self.report),
            web.post("/proposals/file/confirm", self.confirm),
        ]

    @at_counter
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await self._ask(request, "", {})

    @at_counter_with_file
    async def report(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        upload, code = form.upload("file"), form.text("cycle")
        cycle = next((each for each in await self._open() if each.code == code), None)
        if cycle is None:
            return await self._ask(request, code, {"cycle": say("Program dan periode: pilih salah satu.")})
        if upload is None or not upload.content:
            return await self._ask(request, code, {"file": say("Berkas: pilih berkas CSV yang akan dikirim.")})
        listed = await asyncio.to_thread(read_list, upload.content, self._office.questions.get(cycle.scheme, ()))
        if isinstance(listed, ListRefused):
            return await self._ask(request, code, {"file": say("Berkas: {sentence}", sentence=listed.sentence)})
        reports = await proposal_lists.preview(self._office.store, self._office.unseal, cycle.code, listed)
        key = form_key_of(form)
        self._held[key] = Held(account_of(request).account_id, cycle, listed)
        while len(self._held) > HELD_MAX:
            self._held.popitem(last=False)
        return await self._show(request, cycle, listed.ignored, reports, key)

    @at_counter
    async def confirm(self, request: web.Request) -> web.StreamResponse:
        held = self._held.pop((await read_form(request)).text("key"), None)
        actor = account_of(request)
        if held is None or held.account_id != actor.account_id:
            sentence = say(
                "Berkas: laporan itu tidak tersimpan lagi. Kirim berkasnya sekali lagi; yang sudah diusulkan tidak diulang."
            )
            return await self._ask(request, "", {"file": sentence})
        unseal = self._office.unseal
        reports = await proposal_lists.take_in(self._office.store, unseal, held.cycle.code, held.listed, actor.login)
        return await self._show(request, held.cycle, held.listed.ignored, reports, "")

    async def _open(self) -> list[Cycle]:
        now_ms = self._office.stamper.now_ms()
        return [cycle for cycle in await self._office.store.database.read(cycles) if is_open(cycle, now_ms)]

    async def _ask(self, request: web.Request, code: str, errors: dict[str, str]) -> web.StreamResponse:
        opened = await self._open()
        context = {
            "options": [(cycle.code, cycle_choice(cycle)) for cycle in opened],
            "columns": [(c.name, column_names(self._office.questions.get(c.scheme, ()))) for c in opened],
            "cycle": code,
            "errors": errors,
        }
        return await page(request, "proposal_file.html", context, status=422 if errors else 200)

    async def _show(
        self, request: web.Request, cycle: Cycle, ignored: Sequence[str], reports: Sequence[RowReport], key: str
    ) -> web.StreamResponse:
        """`key` names the file that waits for its confirmation; empty once it is done."""
        names = await self._office.store.database.read(coverage.scheme_names)
        today = date_wib(self._office.stamper.now_ms())
        sorted_reports = sorted(reports, key=lambda report: (report.refused is None, report.line))[:ROWS_MAX]
        context = {
            "cycle": cycle,
            "key": key,
            "ignored": ignored,
            "rows": [(each, *check_words(each.check, names, today)) for each in sorted_reports],
            "proposed": sum(each.refused is None for each in reports),
            "refused": sum(each.refused is not None for each in reports),
            "more": max(0, len(reports) - ROWS_MAX),
        }
        return await page(request, "proposal_file_report.html", context)
