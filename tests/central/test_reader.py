"""Preparing beside: the same as preparing here, whatever becomes of the process that does it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from central import reader as readers
from central.domain.answers import Prepared
from central.domain.batches import Batch
from central.domain.rule_changes import AddCriterion
from central.pipeline import Archive, Pipeline, judge
from central.reader import AHEAD_MAX, Reader
from central.store import facts, logs
from central.tabulation import prepare_here
from protocol.schemes import Criterion, Measure, month
from tests.central.desk import BLT_DD, Machine, Regency

LARGE = 60
"""Here; two thousand ops take their time to sign and send."""


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "BESIDE_OPS_MIN", LARGE)


@pytest.fixture
async def reader(regency: Regency) -> AsyncIterator[Reader]:
    async with Reader(Archive(regency.database, regency.clock, regency.rules)) as reader:
        yield reader


async def batches(regency: Regency, machine: Machine, *sizes: int) -> list[Batch]:
    """Kept one behind the other: letters, proposals and something that cannot be read."""
    found: list[Batch] = []
    for size in sizes:
        first = len(machine.ops) + 1 if found else 1
        machine.write_raw(b"\xc1", b"\x90")
        while len(machine.ops) < first + size - 1:
            machine.issue(len(machine.ops))
            machine.propose()
        await regency.send(machine, first)
        batch = (
            await regency.database.read(lambda c: logs.batch_at(c, found[-1].behind))
            if found
            else await regency.database.read(logs.next_batch)
        )
        assert batch is not None
        found.append(batch)
    return found


async def here(regency: Regency, batch: Batch) -> Prepared:
    return await regency.database.read(lambda c: prepare_here(c, regency.rules, batch, regency.clock.now_ms()))


async def test_a_large_batch_is_prepared_beside_and_says_the_same(
    regency: Regency, machine: Machine, reader: Reader
) -> None:
    (batch,) = await batches(regency, machine, LARGE)
    prepared = await reader.read(batch)
    assert prepared == await here(regency, batch)
    assert prepared.circumstances.anchors, "the village cites an anchor, and the process was told of when it is"


async def test_a_small_batch_needs_no_process(regency: Regency, machine: Machine, reader: Reader) -> None:
    (batch,) = await batches(regency, machine, 3)
    await reader.work_ahead()
    assert await reader.read(batch) is None
    assert reader._process is None


async def test_what_was_begun_is_given_and_what_was_not_waits_its_turn(
    regency: Regency, machine: Machine, reader: Reader
) -> None:
    first, small, second = await batches(regency, machine, LARGE, 3, LARGE + 1)
    await reader.work_ahead()
    assert list(reader._ahead) == [first.name, second.name], "small ones need no process"
    assert await reader.read(second) == await here(regency, second)
    assert await reader.read(small) is None
    assert await reader.read(first) == await here(regency, first)
    assert await reader.read(second) == await here(regency, second), "asked once more"


async def test_there_is_an_end_to_what_is_prepared_ahead(regency: Regency, machine: Machine, reader: Reader) -> None:
    kept = await batches(regency, machine, *[LARGE] * (AHEAD_MAX + 1))
    await reader.work_ahead()
    await reader.work_ahead()
    assert list(reader._ahead) == [batch.name for batch in kept[:AHEAD_MAX]]
    await reader.read(kept[0])
    await reader.work_ahead(but=kept[0].name)
    assert list(reader._ahead) == [batch.name for batch in kept[1:]]


async def test_two_backlogs_at_once_are_each_prepared_once(
    regency: Regency, machine: Machine, neighbour: Machine, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for village in (machine, neighbour):
        await batches(regency, village, LARGE, LARGE, LARGE)
    asked: list[tuple[str, int]] = []
    ask = Reader._ask

    async def counting(self: Reader, process: Any, batch: Batch) -> bytes:
        asked.append((batch.village, batch.first_seq))
        return await ask(self, process, batch)

    monkeypatch.setattr(Reader, "_ask", counting)
    await Pipeline(regency.database, regency.rules, regency.clock, lambda feed: None).drain(reader)
    assert sorted(asked) == sorted(set(asked))
    assert len(asked) == 6


async def test_what_nobody_will_ask_for_gives_way(regency: Regency, machine: Machine, reader: Reader) -> None:
    """A command beside the running centre may have brought the first one in."""
    first, second = await batches(regency, machine, LARGE, LARGE)
    await reader.work_ahead()
    await asyncio.wait(reader._ahead.values())
    await regency.database.transact(lambda c: judge(c, regency.rules, regency.clock.now_ms(), first))
    await reader.work_ahead()
    assert list(reader._ahead) == [second.name]


async def test_what_was_prepared_before_a_cycle_changed_is_prepared_again(
    regency: Regency, machine: Machine, reader: Reader
) -> None:
    (batch,) = await batches(regency, machine, LARGE)
    stale = await reader.read(batch)
    await regency.database.transact(lambda c: facts.put_cycle(c, BLT_DD))
    await regency.database.transact(lambda c: facts.withdraw(c, batch.village, machine.ops[-1].record_id))
    await regency.database.transact(lambda c: judge(c, regency.rules, regency.clock.now_ms(), batch, stale))
    assert stale != await here(regency, batch)
    decisions = await regency.decisions()
    assert decisions[machine.ops[-1].record_id].outcome == "withdrawn"
    assert len(decisions) == len((await here(regency, batch)).proposals)


async def test_rules_that_were_approved_meanwhile_hold_beside_too(
    regency: Regency, machine: Machine, reader: Reader
) -> None:
    (batch,) = await batches(regency, machine, LARGE)
    stale = await reader.read(batch)
    await regency.put_cycle()
    income = Criterion(
        "APBD-PANGAN", "income", Measure.AT_MOST, "1000000", "Penghasilan", month(2020, 1), None, "contoh"
    )
    await regency.approve(AddCriterion(income))
    fresh = await reader.read(batch)
    assert fresh is not None
    assert {each.code for each in fresh.spoken} == {"criteria_not_met"}, "the same process, told of the new edition"
    await regency.database.transact(lambda c: judge(c, regency.rules, regency.clock.now_ms(), batch, stale))
    assert {each.code for each in (await regency.decisions()).values()} == {"criteria_not_met"}, "prepared again here"


@pytest.mark.parametrize("is_under_way", [False, True])
async def test_a_process_that_dies_costs_nothing(
    regency: Regency, machine: Machine, reader: Reader, is_under_way: bool
) -> None:
    (batch,) = await batches(regency, machine, LARGE)
    await reader.start()
    assert reader._process is not None
    if is_under_way:
        await reader.work_ahead()
    reader._process.process.kill()
    assert await reader.read(batch) is None, "it will be prepared where it is brought in"
    assert await reader.read(batch) == await here(regency, batch), "by a new one"


async def test_it_ends_with_its_context(regency: Regency, machine: Machine) -> None:
    await batches(regency, machine, LARGE)
    async with Reader(Archive(regency.database, regency.clock, regency.rules)) as reader:
        await reader.start()
        beside = reader._process
        await reader.work_ahead()
    assert beside is not None
    assert beside.process.returncode is not None
