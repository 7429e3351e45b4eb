"""Drives what follows an acknowledgement: tabulate, decide, wake the villages that have news. One task, never two.

Appends go first: they are what a village waits for. A backlog is tabulated while no append is under way, but never
later than `DEFER_SECONDS_MAX`, so that a busy fleet is judged too.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import structlog

from central import reconcile, tabulation
from central.domain.answers import Circumstances, Prepared, Rules
from central.domain.batches import Batch, Name
from central.ingest import Clock
from central.reader import Reader
from central.store import facts, feeds, logs, rule_changes
from chassis.database import Connection, Database
from protocol.errors import ProtocolError
from protocol.feed import REGENCY

QUIET_MS = 200
"""Longer than a box on a thin line needs to come with the next batch of a backlog once one is acknowledged."""
QUIET_LOOK_SECONDS = 0.02
DEFER_SECONDS_MAX = 10.0
"""A backlog is judged at the latest now, however many others keep coming."""
SMALL_OPS = 256
"""A batch of a village that is in touch: judged at once, whatever backlog comes in beside it."""
FAULT_SECONDS = 5.0
LOOK_SECONDS = 1.0
"""Commands (an import, a new cycle) change facts from another process; this is how soon they are noticed."""

log = structlog.get_logger()


@dataclass(slots=True)
class Pipeline:
    """`poke` when a batch was kept or a fact changed; `on_published` hears which feeds have news."""

    database: Database
    rules: Rules
    clock: Clock
    on_published: Callable[[str], None]
    heartbeat_ms: dict[str, int] = field(default_factory=dict)
    _poked: asyncio.Event = field(default_factory=asyncio.Event)
    _receiving: int = 0
    _damaged: set[tuple[str, int]] = field(default_factory=set)

    def poke(self) -> None:
        self._poked.set()

    @contextlib.contextmanager
    def receiving(self) -> Iterator[None]:
        """Held while the body of an append comes in: on a thin line one batch takes most of a second."""
        self._receiving += 1
        try:
            yield
        finally:
            self._receiving -= 1

    def reader(self) -> Reader:
        return Reader(Archive(self.database, self.clock, self.rules))

    async def run(self) -> None:
        """Until cancelled."""
        async with self.reader() as reader:
            await reader.start()
            while True:
                await self._poked.wait()
                self._poked.clear()
                try:
                    await self.drain(reader)
                except Exception:
                    # what was acknowledged still waits; the fault is logged and tried again
                    log.exception("pipeline step failed")
                    await asyncio.sleep(FAULT_SECONDS)
                    self._poked.set()

    async def look_around(self) -> None:
        """Until cancelled: notice what commands changed in the database beside this process."""
        seen = await self.database.read(_regency_seq)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            seq, waits = await self.database.read(_regency_seq), await self.database.read(_is_waiting)
            if waits:
                self._poked.set()
            if seq != seen:
                seen = seq
                self.on_published(REGENCY)

    async def drain(self, reader: Reader) -> None:
        """Until nothing waits."""
        started = time.monotonic()
        while True:
            batch = await self._next(reader, started)
            try:
                prepared = None if batch is None else await self._prepared(reader, batch)
                if not await self._judge(batch, prepared) and batch is None:
                    return
            except ProtocolError:
                if batch is None:
                    raise
                self._set_aside(batch)

    def _set_aside(self, batch: Batch) -> None:
        """What was opened when it was kept and cannot be opened now was damaged since. It waits for a sound copy of the
        database; the other villages do not wait with it.
        """
        self._damaged.add(batch.name[:2])
        log.error(
            "a kept batch is damaged: run audit, then restore a backup; its village sends again what the backup lacks",
            village=batch.village,
            first_seq=batch.first_seq,
        )

    async def _next(self, reader: Reader, started: float) -> Batch | None:
        batch = await self._waiting()
        if batch is None or not await self._is_busy():
            return batch
        await self._give_way(reader, started)
        return await self._waiting()

    async def _waiting(self) -> Batch | None:
        return await self.database.read(lambda c: logs.next_batch(c, but_not=self._damaged))

    async def _prepared(self, reader: Reader, batch: Batch) -> Prepared | None:
        await reader.work_ahead()
        prepared = await reader.read(batch)
        await reader.work_ahead(but=batch.name)
        return prepared

    async def _give_way(self, reader: Reader, started: float) -> None:
        """A small batch is handled at once; a backlog waits for a pause, for what is spent on it the senders wait for."""
        while await self._is_busy() and time.monotonic() - started < DEFER_SECONDS_MAX:
            if await self.database.read(lambda c: logs.is_small_waiting(c, SMALL_OPS)):
                return
            await reader.work_ahead()
            with contextlib.suppress(TimeoutError):
                self._poked.clear()
                await asyncio.wait_for(self._poked.wait(), QUIET_LOOK_SECONDS)

    async def _is_busy(self) -> bool:
        since_ms = self.clock.now_ms() - QUIET_MS
        return self._receiving > 0 or await self.database.read(lambda c: logs.is_more_expected(c, since_ms))

    async def _judge(self, batch: Batch | None, prepared: Prepared | None) -> bool:
        """One transaction; whether more may wait behind it."""
        now_ms = self.clock.now_ms()
        villages = await self.database.transact(lambda c: judge(c, self.rules, now_ms, batch, prepared))
        self.heartbeat_ms["decided"] = self.clock.now_ms()
        for village in sorted(villages):
            self.on_published(village)
        # a batch may be decided again without any news while more wait behind it
        return bool(villages) or await self.database.read(facts.is_any_dirty)


@dataclass(frozen=True, slots=True)
class Archive:
    """What the reader asks of the database (`reader.Library`)."""

    database: Database
    clock: Clock
    rules: Rules

    async def large_waiting(self, ops_min: int) -> list[Name]:
        return await self.database.read(lambda c: logs.large_waiting(c, ops_min))

    async def batch_at(self, name: Name) -> Batch | None:
        return await self.database.read(lambda c: logs.batch_at(c, name))

    async def circumstances(self, village: str, cited: Iterable[bytes]) -> tuple[Circumstances, Rules]:
        async def look(connection: Connection) -> tuple[Circumstances, Rules]:
            rules = await rule_changes.in_force(connection, self.rules)
            return await tabulation.circumstances(connection, village, cited), rules

        return await self.database.read(look)

    def now_ms(self) -> int:
        return self.clock.now_ms()


async def judge(
    connection: Connection, rules: Rules, now_ms: int, batch: Batch | None, prepared: Prepared | None = None
) -> set[str]:
    """Bring a batch in and decide it, with whatever else was touched; the villages whose feeds have news.

    `rules` are those that ship with the program; what was approved since takes their place in this very transaction.
    """
    rules = await rule_changes.in_force(connection, rules)
    if batch is None or not await logs.pass_over(connection, batch):
        return await reconcile.reconcile(connection, rules, now_ms)  # nothing waits, or another process was first
    if prepared is None or await tabulation.is_outdated(connection, batch, prepared):
        prepared = await tabulation.prepare_here(connection, rules, batch, now_ms)
    has_news = await tabulation.tabulate(connection, batch, prepared.reading, now_ms)
    new = list(zip(prepared.proposals, prepared.spoken, strict=True))
    villages = await reconcile.reconcile(connection, rules, now_ms, new)
    return villages | {batch.village} if has_news else villages


async def judge_next(connection: Connection, rules: Rules, now_ms: int) -> bool:
    """The same for commands, in place; False when nothing waits any more."""
    batch = await logs.next_batch(connection)
    await judge(connection, rules, now_ms, batch)
    return batch is not None or await facts.is_any_dirty(connection)


async def _regency_seq(connection: Connection) -> int:
    return (await feeds.head(connection, REGENCY))[0]


async def _is_waiting(connection: Connection) -> bool:
    return await facts.is_any_dirty(connection) or await logs.is_any_waiting(connection)
