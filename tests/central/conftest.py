"""A centre in memory for every test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from tests.central.desk import DESA, OTHER_DESA, Machine, Regency, in_memory


@pytest.fixture
async def regency() -> AsyncIterator[Regency]:
    database = in_memory()
    yield Regency(database)
    await database.close()


@pytest.fixture
async def machine(regency: Regency) -> Machine:
    """Enrolled, greeted, with a log of its own that is not sent yet."""
    enrolled = await regency.enrol(DESA)
    await regency.greet(enrolled)
    enrolled.open_log()
    return enrolled


@pytest.fixture
async def neighbour(regency: Regency) -> Machine:
    enrolled = await regency.enrol(OTHER_DESA)
    await regency.greet(enrolled)
    enrolled.open_log()
    return enrolled
