"""One prepared regency for the whole run; every test gets a running copy of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import pytest

from tests.acceptance.town import Town, open_town, prepare

OpenTown = Callable[[int], AbstractAsyncContextManager[Town]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts processes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.processes)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    asyncio.run(prepare(folder, cache))
    return folder


@pytest.fixture
async def town(prepared: Path, cache: Path, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    """A running centre and one village; `@pytest.mark.parametrize("town", [2], indirect=True)` for more."""
    async with AsyncExitStack() as stack:
        boxes = getattr(request, "param", 1)
        yield await stack.enter_async_context(open_town(prepared, tmp_path / "town", cache, boxes))
