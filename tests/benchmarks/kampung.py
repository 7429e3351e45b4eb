"""Kampung itself: a village's backlog to the centre's durable acknowledgement and to its decisions; a letter at the desk."""

import asyncio
import contextlib
import random
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.health import Health
from agent.identity import BoxIdentity
from agent.machine import MachineStamper
from agent.road import HttpRoad, Threads
from agent.store import Desk, MarkFile, Store
from agent.sync import Courier, Reply, Road
from chassis.database import SqliteDatabase
from chassis.memory import spare_collector
from tests.acceptance.programs import until
from tests.acceptance.test_wire import migrations, write_all
from tests.acceptance.town import VILLAGES, Town, lay_out, reading
from tests.benchmarks.records import bodies

LINE_DELAY_SECONDS, LINE_BITS_A_SECOND = 0.010, 20e6
"""A village's fibre as measured in the design: 20 ms there and back, 20 Mbit/s."""
LETTERS = 500
SETTLED_SECONDS = 1.0
"""A centre that runs for months is measured, not the seconds in which it starts."""
LOOK_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Backlog:
    """Ops a second to the acknowledgement and to the last decision; bytes an op on the wire."""

    acked: float
    decided: float
    bytes_an_op: float


async def open_store(town: Town) -> Store:
    box = town.boxes[0]
    database = await SqliteDatabase.open(box.database, migrations())
    store = Store(database, MarkFile(box.identity_folder / "mark"), MachineStamper(), box.village)
    await store.open()
    return store


def copy_town(prepared: Path, folder: Path) -> Town:
    shutil.copytree(prepared, folder, ignore=shutil.ignore_patterns("*.log"))
    return lay_out(folder, folder / "cache", VILLAGES[:1])


async def fill(town: Town, count: int, seed: int) -> Store:
    """The backlog of an outage, in the box's own database."""
    store = await open_store(town)
    records = list(bodies(count, seed))
    for at in range(0, count, 1_000):
        await write_all(store, records[at : at + 1_000])
    return store


async def backlog(prepared: Path, folder: Path, count: int, seed: int) -> Backlog:
    """The real courier over loopback HTTP to the real centre in its own process, with its embedded SQLite."""
    town = copy_town(prepared, folder)
    store = await fill(town, count, seed)
    spare_collector()  # as the running program does
    town.centre.write_settings()
    await town.centre.program.start()
    await asyncio.sleep(SETTLED_SECONDS)
    road = HttpRoad.open(town.centre.url, None)
    counted = Counted(road)
    identity = BoxIdentity.load(town.boxes[0].identity_folder)
    numbers = Health(store, town.boxes[0].data_folder).numbers
    courier = Courier(store, identity, counted, random.random, numbers, aside=Threads())
    try:
        started = time.perf_counter()
        while await courier.step_up() == 0:
            pass
        acked = time.perf_counter() - started
        with looking_on(town.centre.database) as connection:
            while not is_decided(connection):
                await asyncio.sleep(LOOK_SECONDS)
        decided = time.perf_counter() - started
    finally:
        await road.close()
        await store.database.close()
        await town.centre.program.kill()
    return Backlog(count / acked, count / decided, counted.sent / count)


@contextlib.contextmanager
def looking_on(database: Path) -> Iterator[sqlite3.Connection]:
    """Opened once, sees every commit, and takes as little part as it can."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)) as connection:
        yield connection


def is_decided(connection: sqlite3.Connection) -> bool:
    waiting = "SELECT 1 FROM log WHERE tabulated_seq < head_seq UNION SELECT 1 FROM proposal WHERE is_dirty = 1"
    return connection.execute(waiting).fetchone() is None


class Counted:
    """A road that counts what it carries."""

    def __init__(self, road: Road) -> None:
        self._road = road
        self.sent = 0

    async def request(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Reply:
        self.sent += len(body)
        return await self._road.request(method, path, query, headers, body, seconds)


async def thin_line(prepared: Path, folder: Path, count: int, seed: int) -> tuple[float, float]:
    """(ops a second, share of the line used) of the real programs over 20 ms and 20 Mbit/s."""
    town = copy_town(prepared, folder)
    store = await fill(town, count, seed)
    await store.database.close()
    box = town.boxes[0]
    box.link.delay_seconds, box.link.bytes_a_second = LINE_DELAY_SECONDS, LINE_BITS_A_SECOND / 8
    await box.link.start()
    box.write_settings()
    town.centre.write_settings()
    await town.centre.program.start()
    await box.program.start()

    async def has_begun() -> bool:
        return "/v1/append" in " ".join(box.link.requests)

    async def is_empty() -> bool:
        with reading(box.database) as connection:
            waiting: int = connection.execute("SELECT sum(head_seq - acked_seq) FROM log").fetchone()[0]
        return waiting == 0

    try:
        await until("the first append", has_begun)
        started, before = time.perf_counter(), box.link.up.passed
        await until("the outbox to be empty", is_empty, 120)
        seconds = time.perf_counter() - started
        passed = box.link.up.passed - before
    finally:
        await box.program.kill()
        await town.centre.program.kill()
        await box.link.stop()
    return count / seconds, passed * 8 / seconds / LINE_BITS_A_SECOND


async def letters(prepared: Path, folder: Path, issue: Callable[[Desk], Awaitable[object]]) -> list[float]:
    """Milliseconds of each letter, durable with its mark fsynced, through the running program's database thread."""
    store = await open_store(copy_town(prepared, folder))
    taken = []
    for _ in range(LETTERS):
        started = time.perf_counter()
        await store.write(issue)
        taken.append((time.perf_counter() - started) * 1000)
    await store.database.close()
    return sorted(taken)
