"""The public pages in a real browser, light and dark, without scripts and by keyboard alone: nothing for axe-core to find."""

import itertools
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import base45
import msgspec
import pytest
from aiohttp.test_utils import TestServer

from central.web.desk import Desk
from central.web.public import build_public_app
from chassis.signing import Key
from protocol.receipts import receipt_code
from tests.browser.conftest import SCREEN, Aside, photograph, until
from tests.browser.rooms import PAGE_BYTES_MAX, style_bytes, violations
from tests.central.desk import DESA, PANGAN, RULES, Regency, in_memory
from tests.central.test_web_public import give, sealed

if TYPE_CHECKING:
    from playwright import sync_api


PROPOSED: list[bytes] = []
"""A proposal that has a PIN."""
CODES: list[str] = []
"""A letter's seal; the same out of date; of a void letter; and of a machine that nobody enrolled."""


@pytest.fixture
def square(aside: Aside) -> str:
    """Its address; the database lives on the pages' thread."""

    async def serve() -> str:
        regency = Regency(in_memory())
        regency.clock.at_ms = time.time_ns() // 1_000_000
        await regency.put_cycle(msgspec.structs.replace(PANGAN, opens_ms=0, closes_ms=2 * regency.clock.at_ms))
        machine = await regency.enrol(DESA)
        stranger = replace(machine, key=Key.from_seed(b"\x09" * 32))
        await regency.greet(machine)
        machine.open_log()
        machine.void(b"V" * 16)
        PROPOSED[:] = [machine.propose(name="DEWI RAHAYU").record_id]
        give(machine, PROPOSED[0], "48210937")
        await regency.send(machine)
        await regency.settle()
        later = date(2199, 1, 1)
        CODES[:] = [
            sealed(machine, valid_until=later),
            sealed(machine),
            sealed(machine, letter=b"V" * 16, valid_until=later),
            sealed(stranger, valid_until=later),
        ]
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
    for path in ("/status", "/verify", "/decisions"):
        page.goto(square + path)
        look()
    page.goto(square + "/status")
    page.get_by_label("Kode tanda terima").fill(receipt_code(PROPOSED[0]))
    page.get_by_label("PIN").fill("4821-0937")
    page.keyboard.press("Enter")
    page.get_by_text("tercantum sebagai calon penerima").wait_for()
    look()
    page.context.close()


def test_a_letter_is_checked_in_the_browser_also_without_a_network(chromium: "sync_api.Browser", square: str) -> None:
    page = chromium.new_context(viewport=SCREEN, locale="id-ID").new_page()
    page.goto(square + "/verify")
    assert page.evaluate("import(document.querySelector('script[type=module]').src).then(m => m.hasEd25519())")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))

    def check(code: str) -> str:
        page.get_by_label("Kode keaslian").fill(code)
        page.get_by_role("button", name="Periksa").press("Enter")
        page.locator("#answer h2").wait_for()
        return page.locator("#answer h2").inner_text()

    genuine = CODES[0]
    assert check(genuine) == "Sah"
    assert "S*** C***" in page.locator("#answer").inner_text()
    assert violations(page) == []
    page.context.set_offline(True)
    page.reload()
    assert [check(code) for code in CODES] == ["Sah", "Kedaluwarsa", "Dicabut", "Kunci tak dikenal"]
    assert "POST" not in asked, "no code leaves the browser"
    raw = base45.b45decode(genuine.removeprefix("SK1:"))
    altered = [raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in range(len(raw))]
    texts = ["SK1:" + base45.b45encode(each).decode() for each in [*altered, raw + b"\0", raw[:-1]]]
    standings = page.evaluate(
        """async (texts) => {
            const seals = await import(document.querySelector('script[type=module]').src);
            const list = await (await fetch('/verify/list')).json();
            return Promise.all(texts.map(async (text) => (await seals.check(text, list, Date.now())).standing));
        }""",
        texts,
    )
    assert set(standings) == {"rusak", "kunci tak dikenal"}, "every altered byte is refused"
    stale = page.evaluate(
        """async (text) => {
            const seals = await import(document.querySelector('script[type=module]').src);
            const list = await (await fetch('/verify/list')).json();
            return (await seals.check(text, list, list.as_of_ms + 9 * 86400000)).standing;
        }""",
        genuine,
    )
    assert stale == "daftar cabut terlalu lama"
    page.context.close()
