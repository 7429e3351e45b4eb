"""The public pages in a real browser, light and dark, without scripts and by keyboard alone: nothing for axe-core to find."""

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import TestServer

from central.web.desk import Desk
from central.web.public import build_public_app
from tests.browser.conftest import SCREEN, Aside, photograph, until
from tests.browser.rooms import PAGE_BYTES_MAX, style_bytes, violations
from tests.central.desk import RULES, Regency, in_memory

if TYPE_CHECKING:
    from playwright import sync_api


@pytest.fixture
def square(aside: Aside) -> str:
    """Its address; the database lives on the pages' thread."""

    async def serve() -> str:
        regency = Regency(in_memory())
        await regency.put_cycle()
        app = build_public_app(Desk(regency.database, regency.clock, RULES), is_proxied=False, answer_seconds=0)
        server = TestServer(app)
        await server.start_server()
        return str(server.make_url("")).rstrip("/")

    return aside.run(serve())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_neighbour_is_reported_by_keyboard(
    chromium: "sync_api.Browser", square: str, pictures: Path, scheme: str
) -> None:
    page = chromium.new_context(viewport=SCREEN, locale="id-ID", color_scheme=scheme, bypass_csp=True).new_page()
    page.route("**/*.js", lambda route: route.abort())
    steps = itertools.count(1)

    def look() -> None:
        photograph(page, path=pictures / f"public-{next(steps)}-{scheme}.png", full_page=True)
        assert violations(page) == [], page.url

    page.goto(square)
    assert len(page.content().encode()) + style_bytes(page) < PAGE_BYTES_MAX
    look()
    page.get_by_label("Kecamatan").focus()
    page.keyboard.type("Blimbingsari")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/report?district=*")
    look()
    page.evaluate("document.querySelector('main form').noValidate = true")
    page.get_by_label("Nama").focus()
    page.keyboard.press("Enter")
    until(page, ".error-summary")
    look()
    page.get_by_label("Tetangga atau orang lain").focus()
    page.keyboard.press("Space")
    for label, typed in {
        "Nama": "Siti Contoh",
        "Desa atau kelurahan": "Desa Sukojati",
        "Alamat": "Dusun Krajan RT 1",
        "Keadaan": "Kehilangan pekerjaan sejak Maret",
    }.items():
        page.get_by_label(label).focus()
        page.keyboard.type(typed)
    page.get_by_role("button", name="Kirim laporan").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Laporan diterima").wait_for()
    look()
    for path in ("/status", "/decisions"):
        page.goto(square + path)
        look()
    page.context.close()
