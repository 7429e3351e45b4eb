"""The browser, and a thread for the pages: the browser's driver wants the test's own. Pictures go to build/screenshots."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from playwright import sync_api

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
SCREEN = {"width": 1024, "height": 768}
"""The old screens of village offices."""
WAIT_SECONDS = 60

T = TypeVar("T")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs Chromium."""
    missing = pytest.mark.skipif(
        not CHROMIUM.exists(), reason="no /usr/bin/chromium: sh tests/browser/tools.sh installs it"
    )
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(missing)


class Aside:
    """An event loop on a thread of its own, for the pages."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_SECONDS)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


@pytest.fixture(scope="module")
def aside() -> Iterator[Aside]:
    thread = Aside()
    yield thread
    thread.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator["sync_api.Browser"]:
    driver_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make test installs it")
    with driver_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def pictures() -> Path:
    PICTURES.mkdir(parents=True, exist_ok=True)
    return PICTURES


def sign_in(browser: "sync_api.Browser", address: str, login: str, password: str, **options: object) -> "sync_api.Page":
    """The first page of a site, at the size of an old screen, through its login page and with the keyboard."""
    page = browser.new_context(viewport=SCREEN, locale="id-ID", **options).new_page()
    page.goto(address + "/")
    page.get_by_label("Nama pengguna").fill(login)
    page.get_by_label("Kata sandi").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)  # an agency's first page is its worklist
    return page


def until(page: "sync_api.Page", selector: str = "[autofocus]") -> None:
    """Until the element has the focus; by default the one that asks for it: it has it with the first painted frame."""
    page.locator(f"{selector}:focus").first.wait_for()


def photograph(page: "sync_api.Page", **options: Any) -> None:
    """A picture for people to look at; on a busy machine Chromium may not manage the first one."""
    driver_api = pytest.importorskip("playwright.sync_api")
    for tries_left in (2, 1, 0):
        try:
            page.screenshot(**options)
        except driver_api.Error:
            if not tries_left:
                raise
            page.wait_for_timeout(500)
        else:
            return
