"""A counter for each test that asks for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.agent.office import Counter, open_counter


@pytest.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Counter]:
    opened = await open_counter(tmp_path)
    yield opened
    await opened.close()
