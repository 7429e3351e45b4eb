"""Reading beside: the same as reading here, whatever becomes of the process that does it."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

from central.domain.batches import Batch, read_batch
from central.reader import BESIDE_OPS_MIN, Reader
from central.store import logs
from tests.central.desk import Machine, Regency


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    async with Reader() as reader:
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
        look = partial(logs.batch_behind, found[-1]) if found else logs.next_batch
        batch = await regency.database.read(look)
        assert batch is not None
        found.append(batch)
    return found


async def test_a_large_batch_is_read_beside_and_says_the_same(
    regency: Regency, machine: Machine, reader: Reader
) -> None:
    (batch,) = await batches(regency, machine, BESIDE_OPS_MIN)
    assert await reader.read(batch) == read_batch(batch)
    assert reader._process is not None


async def test_a_small_batch_needs_no_process(regency: Regency, machine: Machine, reader: Reader) -> None:
    (batch,) = await batches(regency, machine, 3)
    assert await reader.read(batch) == read_batch(batch)
    assert reader._process is None


async def test_what_was_begun_is_given_and_what_was_not_waits_its_turn(
    regency: Regency, machine: Machine, reader: Reader
) -> None:
    first, second = await batches(regency, machine, BESIDE_OPS_MIN, BESIDE_OPS_MIN + 1)
    reader.begin(first)
    reader.begin(second)
    assert await reader.read(second) == read_batch(second)
    assert await reader.read(first) == read_batch(first)
    assert await reader.read(second) == read_batch(second), "asked once more"


async def test_what_nobody_asked_for_gives_way(regency: Regency, machine: Machine, reader: Reader) -> None:
    """A command beside the running centre may have brought the first one in."""
    first, second = await batches(regency, machine, BESIDE_OPS_MIN, BESIDE_OPS_MIN)
    reader.begin(first)
    await asyncio.wait(reader._ahead.values())
    reader.begin(second)
    assert [name[2] for name in reader._ahead] == [second.first_seq]
    assert await reader.read(second) == read_batch(second)


@pytest.mark.parametrize("is_under_way", [False, True])
async def test_a_process_that_dies_costs_nothing(
    regency: Regency, machine: Machine, reader: Reader, is_under_way: bool
) -> None:
    (batch,) = await batches(regency, machine, BESIDE_OPS_MIN)
    await reader.start()
    if is_under_way:
        reader.begin(batch)
    assert reader._process is not None
    reader._process.kill()
    assert await reader.read(batch) == read_batch(batch)
    assert await reader.read(batch) == read_batch(batch), "by a new one"


async def test_it_ends_with_its_context(regency: Regency, machine: Machine) -> None:
    (batch,) = await batches(regency, machine, BESIDE_OPS_MIN)
    async with Reader() as reader:
        await reader.start()
        process = reader._process
        reader.begin(batch)
    assert process is not None
    assert process.returncode is not None
