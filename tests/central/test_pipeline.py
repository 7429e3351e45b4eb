"""What follows an acknowledgement: everything kept is read, everything touched is decided, and nothing is left behind."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
import structlog.testing

from central import pipeline as pipelines
from central import reconcile
from central.pipeline import Pipeline
from central.store import facts, logs
from chassis.database import SqliteDatabase
from protocol.feed import REGENCY
from tests.central.desk import DESA, OTHER_DESA, RULES, Machine, Regency, kk, migrations, nik

PATIENCE_SECONDS = 20


@pytest.fixture
async def regency(tmp_path: Path) -> AsyncIterator[Regency]:
    database = await SqliteDatabase.open(tmp_path / "centre.db", migrations())
    yield Regency(database)
    await database.close()


@pytest.fixture
async def pipeline(regency: Regency) -> Pipeline:
    return Pipeline(regency.database, RULES, regency.clock, regency.published.append)


async def counts(regency: Regency) -> tuple[int, int]:
    """(batches that wait, decisions)."""
    return (
        await regency.database.read(logs.count_waiting),
        await regency.value("SELECT count(*) FROM proposal"),
    )


def propose_many(machine: Machine, count: int) -> None:
    for n in range(count):
        machine.propose(nik=nik(n + 1), kk=kk(n + 1))


async def test_draining_reads_decides_and_wakes_whom_it_concerns(
    regency: Regency, pipeline: Pipeline, machine: Machine, neighbour: Machine
) -> None:
    await regency.put_cycle()
    propose_many(machine, 3)
    await regency.send(machine)
    await regency.send(neighbour)
    await pipeline.drain(pipeline.reader())
    assert await counts(regency) == (0, 3)
    assert regency.published == [DESA], "a village without news is left in peace"
    assert pipeline.heartbeat_ms == {"decided": regency.clock.at_ms}
    await pipeline.drain(pipeline.reader())
    assert regency.published == [DESA]


async def test_a_backlog_without_news_does_not_hide_what_waits_behind_it(
    regency: Regency, pipeline: Pipeline, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is decided again, most of it as before; the one answer that changes may be in the last batch."""
    monkeypatch.setattr(reconcile, "DIRTY_MAX", 2)
    await regency.put_cycle()
    propose_many(machine, 7)
    await regency.send(machine)
    await pipeline.drain(pipeline.reader())
    await regency.database.transact(lambda c: facts.disturb(c, "APBD-PANGAN", ()))
    await pipeline.drain(pipeline.reader())
    assert not await regency.database.read(facts.is_any_dirty)


async def test_a_running_pipeline_works_when_poked(regency: Regency, pipeline: Pipeline, machine: Machine) -> None:
    decided = asyncio.Event()
    pipeline.on_published = lambda feed: decided.set()
    regency.ingest.on_kept = pipeline.poke
    task = asyncio.create_task(pipeline.run())
    propose_many(machine, 2)
    await regency.send(machine)
    await asyncio.wait_for(decided.wait(), PATIENCE_SECONDS)
    assert (await counts(regency))[1] == 2
    await stop(task)


async def test_a_fault_is_tried_again_and_loses_nothing(
    regency: Regency, pipeline: Pipeline, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipelines, "FAULT_SECONDS", 0.01)
    propose_many(machine, 1)
    await regency.send(machine)
    await regency.database.transact(lambda c: c.execute("ALTER TABLE proposal RENAME TO elsewhere"))
    decided = asyncio.Event()
    pipeline.on_published = lambda feed: decided.set()
    with structlog.testing.capture_logs() as lines:
        task = asyncio.create_task(pipeline.run())
        pipeline.poke()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not any(line["event"] == "pipeline step failed" for line in lines):
                await asyncio.sleep(0.01)
    assert await regency.database.read(logs.count_waiting) == 1, "rolled back: the batch still waits"
    assert not decided.is_set()
    await regency.database.transact(lambda c: c.execute("ALTER TABLE elsewhere RENAME TO proposal"))
    await asyncio.wait_for(decided.wait(), PATIENCE_SECONDS)
    assert await counts(regency) == (0, 1)
    await stop(task)


async def test_a_damaged_batch_holds_up_no_other_village(
    regency: Regency, pipeline: Pipeline, machine: Machine, neighbour: Machine
) -> None:
    await regency.put_cycle()
    propose_many(machine, 1)
    await regency.send(machine)
    await regency.database.transact(lambda c: c.execute("UPDATE batch SET frame = substr(frame, 1, 40)"))
    propose_many(neighbour, 2)
    await regency.send(neighbour)
    with structlog.testing.capture_logs() as lines:
        await pipeline.drain(pipeline.reader())
        await pipeline.drain(pipeline.reader())
    said = [(line["village"], line["first_seq"]) for line in lines if line["log_level"] == "error"]
    assert said == [(DESA, 1)], "said once"
    assert {r[0] for r in await regency.rows("SELECT village FROM proposal")} == {OTHER_DESA}
    assert await regency.database.read(logs.count_waiting) == 1, "kept, and shown as waiting"


async def test_what_a_command_changed_is_noticed(
    regency: Regency, pipeline: Pipeline, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipelines, "LOOK_SECONDS", 0.01)
    news: asyncio.Queue[str] = asyncio.Queue()
    pipeline.on_published = news.put_nowait
    tasks = [asyncio.create_task(pipeline.run()), asyncio.create_task(pipeline.look_around())]
    await asyncio.sleep(0)
    propose_many(machine, 1)
    await regency.send(machine)
    assert await asyncio.wait_for(news.get(), PATIENCE_SECONDS) == DESA, "kept by another process"
    await regency.put_cycle()
    heard = {await asyncio.wait_for(news.get(), PATIENCE_SECONDS) for _ in range(2)}
    assert heard == {REGENCY, DESA}
    for task in tasks:
        await stop(task)
    assert OTHER_DESA not in heard


async def test_more_is_expected_until_a_batch_is_smaller_than_the_one_before(
    regency: Regency, machine: Machine
) -> None:
    before_ms = regency.clock.at_ms - 1
    propose_many(machine, 9)
    for last, is_more in ((2, True), (5, True), (8, True), (10, False)):
        await regency.send(machine, 1, last)
        assert await regency.database.read(lambda c: logs.is_more_expected(c, before_ms)) is is_more
    assert not await regency.database.read(lambda c: logs.is_more_expected(c, regency.clock.at_ms))
    machine.propose()
    machine.propose()
    await regency.send(machine)
    await regency.settle()
    assert not await regency.database.read(lambda c: logs.is_more_expected(c, before_ms)), "nothing waits"


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
