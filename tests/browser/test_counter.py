"""The village counter in a real browser: without scripts, with the keyboard alone, at 1024 x 768, in light and dark.

The pictures in build/screenshots are for people to look at.
"""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.domain.status import Status
from tests.agent.office import (
    CYCLE,
    SENTENCE,
    Counter,
    clash_state,
    decision_state,
    open_counter,
    quarantined_state,
)
from tests.chassis.conftest import PASSWORD

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: uv sync --all-groups")

CHROMIUM = Path("/usr/bin/chromium")
PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SCREEN = {"width": 1024, "height": 768}
KEYSTROKES_MAX = 40
"""From a known resident's NIK to the printed letter, the purpose included in words as short as people type."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium: sh tests/browser/tools.sh installs it"),
]


class Served:
    """The pages on a thread of their own: the browser's driver wants this one."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.counter: Counter = self.run(open_counter(folder, persons=30))

    def run(self, work):  # type: ignore[no-untyped-def]
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    @property
    def address(self) -> str:
        return str(self.counter.server.make_url("")).rstrip("/")

    def stop(self) -> None:
        self.run(self.counter.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    site = Served(tmp_path)
    yield site
    site.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator["sync_api.Browser"]:
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


def open_page(chromium: "sync_api.Browser", served: Served, login: str = "clerk", **options: object) -> "sync_api.Page":
    page = chromium.new_context(viewport=SCREEN, locale="id-ID", **options).new_page()
    page.goto(served.address)
    page.get_by_label("Nama pengguna").fill(login)
    page.get_by_label("Kata sandi").fill(PASSWORD)
    page.get_by_role("button", name="Masuk").click()
    page.wait_for_url(served.address + "/")
    return page


def test_a_letter_and_a_proposal_without_scripts(chromium: "sync_api.Browser", served: Served) -> None:
    page = open_page(chromium, served, java_script_enabled=False)
    page.get_by_label("Cari penduduk").fill(next(iter(served.counter.people)))
    page.get_by_role("button", name="Cari").click()
    person = page.url
    page.get_by_role("button", name="Surat Keterangan Tidak Mampu").click()
    page.get_by_label("Keperluan").fill("keringanan biaya sekolah")
    page.locator("#family_members input").first.check()
    page.get_by_role("button", name="Lanjut periksa").click()
    assert page.locator(".sheet img").bounding_box()["width"] > 300  # type: ignore[index]
    page.get_by_role("button", name="Terbitkan").click()
    assert re.search(r"/001/.*/2021", page.locator("h1").inner_text())
    page.goto(person)
    page.get_by_role("button", name="Usulkan bantuan").click()
    page.get_by_label("Program dan periode").select_option(CYCLE.code)
    page.get_by_role("button", name="Usulkan").click()
    assert page.get_by_text("Tersimpan di kantor").first.is_visible()


def test_an_sktm_with_the_keyboard_alone(chromium: "sync_api.Browser", served: Served) -> None:
    page = open_page(chromium, served)
    keys = 0

    def press(*names: str) -> None:
        nonlocal keys
        for name in names:
            page.keyboard.press(name)
            keys += 1

    def type_in(text: str) -> None:
        nonlocal keys
        page.keyboard.type(text)
        keys += len(text)

    def enter(expected: str) -> None:
        press("Enter")
        page.wait_for_url(re.compile(expected))
        page.wait_for_function("document.activeElement.matches('[autofocus]')")  # set with the first painted frame

    type_in(next(iter(served.counter.people)))
    enter(r"/residents/[0-9a-f]{32}$")
    while "Tidak Mampu" not in page.evaluate("document.activeElement.innerText"):
        press("Tab")
    enter(r"/letters/new")
    type_in("sekolah")
    enter(r"/letters/check")
    enter(r"/letters/[0-9a-f]{32}$")
    assert "Cetak" in page.evaluate("document.activeElement.innerText")
    press("Enter")
    assert keys <= KEYSTROKES_MAX, keys


async def fill_books(counter: Counter) -> dict[str, str]:
    """A day at the counter: letters, a void one, proposals, a refusal, an unread record."""
    clerk, head = await counter.browser(), await counter.browser("head")
    letters = [await counter.issue(clerk, purpose=f"keperluan {n}") for n in range(6)]
    void = await head.fields_of(await head.get(f"{letters[1]}/void"))
    await head.post(f"{letters[1]}/void", {**void, "reason": "salah nama"})
    proposals = [await counter.propose(clerk, each.hex()) for each in list(counter.people.values())[:6]]
    await counter.tell(decision_state(proposals[0]), clash_state(), quarantined_state(3))
    counter.status[0] = Status(since_ms=counter.stamps.ms - 48 * 60_000, last_error="no answer")
    somebody = counter.somebody
    return {
        "home": "/",
        "residents": "/residents",
        "resident": f"/residents/{somebody}",
        "resident_form": "/residents/new",
        "letters": "/letters",
        "letter_form": f"/letters/new?kind=spm&resident={somebody}",
        "letter": letters[0],
        "letter_void": f"{letters[0]}/void",
        "proposals": "/proposals",
        "proposal_form": f"/proposals/new?resident={somebody}",
        "proposal": proposals[0],
        "numbers": "/numbers",
        "sync": "/sync",
    }


def test_pages_fit_an_old_screen_in_light_and_dark(chromium: "sync_api.Browser", served: Served) -> None:
    pages = served.run(fill_books(served.counter))
    PICTURES.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        page = open_page(chromium, served, "head", color_scheme=scheme)
        for name, path in pages.items():
            page.goto(served.address + path)
            page.screenshot(path=PICTURES / f"counter-{name}-{scheme}.png")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        page.goto(served.address + pages["letter_form"])
        page.get_by_label("Rumah sakit").fill("RSUD Blambangan")
        page.get_by_role("button", name="Lanjut periksa").click()
        page.screenshot(path=PICTURES / f"counter-letter_check-{scheme}.png", full_page=True)
        page.goto(served.address)
        assert page.get_by_text(SENTENCE).is_visible()


def test_a_broken_form_says_so_where_the_keyboard_is(chromium: "sync_api.Browser", served: Served) -> None:
    page = open_page(chromium, served)
    page.goto(f"{served.address}/residents/new")
    page.evaluate("document.querySelectorAll('main form').forEach(form => form.noValidate = true)")
    page.get_by_label("NIK").fill("351025170890000")
    page.get_by_role("button", name="Simpan").click()
    page.wait_for_function("document.activeElement.matches('.error-summary')")
    page.screenshot(path=PICTURES / "counter-resident_errors-light.png")
