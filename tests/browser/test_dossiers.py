"""A letter to its agency in a real browser: the clerk's pages by keyboard, the agency's without scripts, at 1024 x 768.

The pictures in build/screenshots are for people to look at.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.agent.office import Counter, open_counter
from tests.agent.test_dossiers import REASON, answer, send, spm, written
from tests.browser import test_centre
from tests.browser.conftest import Aside, photograph, sign_in, until
from tests.browser.test_centre import Site, close_site, open_site
from tests.chassis.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright import sync_api


@pytest.fixture
def counter(aside: Aside, tmp_path: Path) -> Iterator[Counter]:
    opened = aside.run(open_counter(tmp_path, persons=30))
    yield opened
    aside.run(opened.close())


@pytest.fixture
def site(aside: Aside, tmp_path: Path) -> Iterator[Site]:
    opened = aside.run(open_site(tmp_path))

    yield opened
    aside.run(close_site(opened))


def fits(page: "sync_api.Page") -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


async def fill_books(counter: Counter) -> list[str]:
    """A letter not sent, one on its way, one that came back, one that is done; their pages."""
    clerk = await counter.browser()
    letters = [await spm(counter, clerk) for _ in range(4)]
    for letter in letters[1:]:
        await send(clerk, letter, documents=["KTP", "KK"], note="mohon segera")
    ops = [op.record_id for op, _ in await written(counter)]
    await counter.tell(answer(ops[1], "returned", REASON), answer(ops[2], "done", "Silakan diambil hari Kamis."))
    return letters


def test_the_clerks_pages_fit_an_old_screen(
    chromium: "sync_api.Browser", counter: Counter, aside: Aside, pictures: Path
) -> None:
    fresh, waiting, returned, done = aside.run(fill_books(counter))
    address = str(counter.server.make_url("")).rstrip("/")
    for scheme in ("light", "dark"):
        page = sign_in(chromium, address, "clerk", PASSWORD, color_scheme=scheme)
        paths = {"home": "/", "dossiers": "/dossiers", "dossier_form": f"{fresh}/dossier"}
        paths |= {"letter_waiting": waiting, "letter_returned": returned, "letter_done": done}
        paths["dossier_again"] = f"{returned}/dossier"
        for name, path in paths.items():
            page.goto(address + path)
            photograph(page, path=pictures / f"dossier-{name}-{scheme}.png", full_page=True)
            assert fits(page), name


def test_a_clerk_sends_with_the_keyboard_alone(chromium: "sync_api.Browser", counter: Counter, aside: Aside) -> None:
    clerk = aside.run(counter.browser())
    letter = aside.run(spm(counter, clerk))
    address = str(counter.server.make_url("")).rstrip("/")
    page = sign_in(chromium, address, "clerk", PASSWORD, java_script_enabled=False)
    page.goto(address + letter)
    for _ in range(40):
        if "Kirim ke Dinkes" in page.locator(":focus").inner_text():
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/dossier")
    until(page, '[name="documents"]')  # the first document
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{letter}")
    assert "Dokumen: KTP." in page.locator("main").inner_text()


def test_the_agency_returns_a_dossier_without_scripts(chromium: "sync_api.Browser", site: Site, pictures: Path) -> None:
    for scheme in ("dark", "light"):
        page = chromium.new_context(
            viewport={"width": 1024, "height": 768}, java_script_enabled=False, color_scheme=scheme
        ).new_page()  # type: ignore[arg-type]
        page.goto(site.address + "/")
        page.get_by_label("Nama pengguna").fill("dinkes")
        page.get_by_label("Kata sandi").fill(test_centre.PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/dossiers")
        photograph(page, path=pictures / f"agency-dossiers-{scheme}.png")
        page.get_by_role("link", name="Surat Pernyataan Miskin").click()
        photograph(page, path=pictures / f"agency-dossier-{scheme}.png", full_page=True)
        assert page.locator("main").bounding_box()["width"] <= 1024  # type: ignore[index]
    page.get_by_role("button", name="Kembalikan ke desa").click()
    assert page.get_by_role("alert").get_by_text("Alasan pengembalian").is_visible()
    photograph(page, path=pictures / "agency-dossier_errors-light.png", full_page=True)
    page.get_by_label("Catatan untuk desa").fill(REASON)
    page.get_by_role("button", name="Kembalikan ke desa").click()
    assert page.get_by_text("Tersimpan: dikembalikan.").is_visible()
    photograph(page, path=pictures / "agency-dossier_returned-light.png", full_page=True)
