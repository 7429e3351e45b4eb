"""Long work on a list beside the pages: opening a workbook, checking rows, taking them over. One at a time.

What it must never do: hold more than a few lists in memory, or lose a refusal before the officer has read it. Nothing here
needs to survive a restart: a draft is then opened or checked again.
Place in the flow: `central/web/imports` starts a job and shows its progress; the work is `central/imports`'.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web

from central.domain.lists import Plan, Table
from central.imports import ImportRefused, Progress, accept, check, open_list
from central.store import imports
from central.web.desk import Desk
from chassis.spreadsheets import Workbook
from protocol.feed import REGENCY

TABLES_MAX = 2
"""Lists that are held open between two pages of one officer; the longest takes some 150 MB."""
FAILED = "Terjadi kesalahan, dan tidak ada yang diubah. Coba sekali lagi."

log = structlog.get_logger()


@dataclass(slots=True)
class Job:
    """`words`: what is being done, for the page."""

    words: str
    progress: Progress = field(default_factory=Progress)
    task: "asyncio.Task[None] | None" = None


class ImportJobs:
    """By number of the import."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._jobs: dict[int, Job] = {}
        self._refusals: dict[int, str] = {}
        self._tables: OrderedDict[int, tuple[Table, Workbook]] = OrderedDict()
        self._turn = asyncio.Lock()

    def running(self, import_id: int) -> Job | None:
        return self._jobs.get(import_id)

    def take_refusal(self, import_id: int) -> str:
        """Why the last job came to nothing, once; empty where it did its work."""
        return self._refusals.pop(import_id, "")

    def table(self, import_id: int, sheet: int) -> tuple[Table, Workbook] | None:
        """The opened list; None where it has to be opened first. `sheet` 0: whichever is open."""
        found = self._tables.get(import_id)
        return found if found is not None and sheet in (0, found[1].sheet) else None

    def open(self, import_id: int, sheet: int) -> None:
        async def work() -> None:
            await self._opened(import_id, sheet)

        self._start(import_id, Job("Berkas sedang dibuka"), work())

    def check(self, import_id: int, plan: Plan) -> None:
        job = Job("Baris sedang diperiksa")

        async def work() -> None:
            table, _ = await self._opened(import_id, plan.sheet)
            now_ms = self._desk.clock.now_ms()
            await check(
                self._desk.database,
                import_id,
                table,
                plan,
                await self._desk.rules_in_force(),
                now_ms,
                job.progress,
                beside=asyncio.to_thread,
            )

        self._start(import_id, job, work())

    def take(self, import_id: int, actor: str, *, is_whole: bool) -> None:
        job = Job("Daftar sedang diimpor")

        async def work() -> None:
            taken = await accept(
                self._desk.database,
                import_id,
                rules=await self._desk.rules_in_force(),
                actor=actor,
                now_ms=self._desk.clock.now_ms(),
                is_whole=is_whole,
                chance=self._desk.clock.random,
                progress=job.progress,
            )
            self._tables.pop(import_id, None)
            for feed in sorted(taken.feeds | {REGENCY}):
                self._desk.on_published(feed)

        self._start(import_id, job, work())

    def forget(self, import_id: int) -> None:
        self._tables.pop(import_id, None)
        self._refusals.pop(import_id, None)

    async def close(self, _app: web.Application) -> None:
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, import_id: int, job: Job, work: Coroutine[Any, Any, None]) -> None:
        if import_id in self._jobs:  # two officers at once: the first is at work
            work.close()
            return
        self._refusals.pop(import_id, None)
        self._jobs[import_id] = job
        job.task = asyncio.create_task(self._run(import_id, work))

    async def _run(self, import_id: int, work: Coroutine[Any, Any, None]) -> None:
        try:
            async with self._turn:
                await work
        except ImportRefused as refused:
            self._refusals[import_id] = str(refused)
        except Exception:
            log.exception("import failed", number=import_id)
            self._refusals[import_id] = FAILED
        finally:
            del self._jobs[import_id]

    async def _opened(self, import_id: int, sheet: int) -> tuple[Table, Workbook]:
        found = self.table(import_id, sheet)
        if found is None:
            content = await self._desk.database.read(lambda c: imports.content(c, import_id))
            found = await open_list(content, sheet)
            self._tables[import_id] = found
            while len(self._tables) > TABLES_MAX:
                self._tables.popitem(last=False)
        return found
