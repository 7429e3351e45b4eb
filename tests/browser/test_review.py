"""What officers decide with the keyboard alone: one person or two, who stays on a list, and that the list is locked."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import test_centre
from tests.browser.conftest import Aside, photograph, sign_in
from tests.browser.rooms import violations
from tests.browser.test_every_page import in_doubt
from tests.central.desk import WARD
from tests.central.roster_desk import scan_all
from tests.central.test_web_rosters import ACT, HERE, Hall, opened_hall
from tests.chassis.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright import sync_api

TABS_MAX = 400
"""Every village that is silent has a box of its own on the lock's page."""


def reach(page: "sync_api.Page", wanted: str, value: str = "") -> None:
    """By Tab alone to the field of that name, or the button of that text."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        name, chosen, text = page.evaluate(
            "[document.activeElement.name || '', document.activeElement.value || '', document.activeElement.textContent]"
        )
        if (name == wanted and value in ("", chosen)) or text.strip() == wanted:
            return
    raise AssertionError(f"{wanted} cannot be reached")


def looker(page: "sync_api.Page", pictures: Path, scheme: str) -> Callable[[str], None]:
    def look(name: str) -> None:
        photograph(page, path=pictures / f"centre-{name}-{scheme}.png", full_page=True)
        assert violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= 1024, f"{name}: no sideways scrolling"

    return look


async def _lockable(stack: AsyncExitStack, folder: Path) -> Hall:
    """Everybody validated, every paper back, and one village that nobody has heard from."""
    hall = await stack.enter_async_context(opened_hall(folder))
    await hall.validate()
    await scan_all(hall.regency)
    await hall.regency.enrol(WARD)
    return hall


def test_two_records_are_judged_by_keyboard_alone(
    chromium: "sync_api.Browser", aside: Aside, tmp_path: Path, pictures: Path
) -> None:
    site = aside.run(test_centre.open_site(tmp_path))
    page = sign_in(chromium, site.address, "petugas", test_centre.PASSWORD, color_scheme="dark", bypass_csp=True)
    look = looker(page, pictures, "dark")
    page.goto(site.address + aside.run(in_doubt(site.story)))
    look("review")
    page.evaluate("document.querySelector('main form').noValidate = true")
    reach(page, "Orang yang sama")
    page.keyboard.press("Enter")
    page.locator(".error-summary").wait_for()
    look("review-errors")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#reason"), "the summary leads to the field"
    page.goto(site.address + "/reviews")
    look("reviews")
    page.get_by_role("link", name="Mulai menilai").press("Enter")
    page.get_by_text("Alt+B bukan").wait_for()
    reach(page, "reason")
    page.keyboard.type("dicocokkan dengan KTP")
    keys = page.evaluate(
        "[...document.querySelectorAll('main [accesskey]')].map((each) => each.accessKey + each.value)"
    )
    assert keys == ["ssame", "bdifferent", "task"]  # the browser without a window does not listen to them
    reach(page, "Bukan orang yang sama")
    page.keyboard.press("Enter")
    page.get_by_text("Tidak ada lagi yang perlu dinilai").wait_for()
    page.get_by_text("Penilaian disimpan").wait_for()
    page.context.close()
    aside.run(test_centre.close_site(site))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_list_is_locked_by_keyboard_alone(
    chromium: "sync_api.Browser", aside: Aside, tmp_path: Path, pictures: Path, scheme: str
) -> None:
    stack = AsyncExitStack()
    hall = aside.run(_lockable(stack, tmp_path))
    address = str(hall.server.make_url("")).rstrip("/")

    def enter(login: str) -> tuple["sync_api.Page", Callable[[str], None]]:
        page = sign_in(chromium, address, login, PASSWORD, color_scheme=scheme, bypass_csp=True)
        page.goto(f"{address}{HERE}/lock")
        return page, looker(page, pictures, scheme)

    page, look = enter("sari")
    look("lock")
    typed = {name: ACT[name] for name in ("number", "recipients", "total")} | {"recipients": "4"}
    for name, text in typed.items():
        reach(page, name)
        page.keyboard.type(text)
    page.locator("[name=dated]").fill(ACT["dated"])  # how a date is typed is the browser's and its language's
    page.keyboard.press("Enter")
    page.locator(".error-summary").wait_for()
    assert "Jumlah penerima: SK menyebut 4, daftar ini 3." in page.locator(".error-summary").inner_text()
    look("lock-errors")
    reach(page, "recipients")
    page.keyboard.press("Control+A")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    page.get_by_text("1 desa belum disebut").first.wait_for()
    look("lock-silent")
    reach(page, "silent", WARD)
    page.keyboard.press("Space")
    reach(page, "number")
    page.keyboard.press("Enter")
    page.get_by_text("Daftar diajukan.").wait_for()
    look("lock-claimed")
    page.context.close()
    page, look = enter("budi")
    look("lock-second")
    reach(page, "step", "lock")
    page.keyboard.press("Enter")
    page.wait_for_url("**/lists/1")
    look("lock-done")
    page.context.close()
    aside.run(stack.aclose())
