"""A letter's path and the kiosk in a real browser: by keyboard, without scripts, on an old screen, in light and dark."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from aiohttp.test_utils import TestServer

from agent.config import Kiosk, Workflow
from agent.store import residents
from agent.web.kiosk import build_kiosk_app
from tests.agent.office import Counter, open_counter
from tests.agent.pictures import photograph as taken
from tests.browser.conftest import SCREEN, Aside, photograph, sign_in, until
from tests.chassis.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright import sync_api

TARGET_PIXELS_MIN = 44
TARGETS = "main button, main [role=button], main summary, main input:not([type=hidden])"


@pytest.fixture
def counter(aside: Aside, tmp_path: Path) -> Iterator[Counter]:
    workflow = Workflow(approval=True, signing=True)
    opened = aside.run(open_counter(tmp_path, workflow=workflow, kiosk=Kiosk(port=8090)))
    yield opened
    aside.run(opened.close())


@pytest.fixture
def kiosk(counter: Counter, aside: Aside) -> Iterator[str]:
    server = TestServer(build_kiosk_app(counter.office))
    aside.run(server.start_server())
    yield str(server.make_url("")).rstrip("/")
    aside.run(server.close())


async def ask(counter: Counter) -> str:
    return await counter.ask(await counter.browser())


def test_a_letter_goes_its_way_by_keyboard_alone(
    chromium: "sync_api.Browser", counter: Counter, aside: Aside, pictures: Path
) -> None:
    path, address = aside.run(ask(counter)), str(counter.server.make_url("")).rstrip("/")
    for login, state in (("secretary", "approved"), ("head", "signed"), ("clerk", "issued")):
        for scheme in ("light", "dark"):
            page = sign_in(chromium, address, login, PASSWORD, color_scheme=scheme)
            page.goto(address + "/requests")
            photograph(page, path=pictures / f"counter-requests-{login}-{scheme}.png")
            page.goto(address + path)
            photograph(page, path=pictures / f"counter-request-{login}-{scheme}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.goto(address + "/requests")
        until(page)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/requests/[0-9a-f]{32}$"))
        until(page)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/letters/" if login == "clerk" else "/requests$"))
        assert aside.run(counter.value("SELECT state FROM letter_request")) == state


async def name_mother(counter: Counter) -> str:
    nik, resident_id = next(iter(counter.people.items()))
    found = await counter.store.database.read(lambda c: residents.get(c, resident_id))
    assert found is not None
    known = msgspec.structs.replace(found.resident, mother="SITI AMINAH")
    await counter.store.write(lambda desk: residents.register(desk, known, "clerk", replaces=resident_id))
    return nik


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_resident_asks_at_the_kiosk_without_scripts(
    chromium: "sync_api.Browser", counter: Counter, kiosk: str, aside: Aside, pictures: Path, scheme: str
) -> None:
    nik = aside.run(name_mother(counter))
    page = chromium.new_context(viewport=SCREEN, java_script_enabled=False, color_scheme=scheme).new_page()
    steps = iter(("number", "name", "uses", "letters", "purpose", "queue", "documents", "documents_sent"))

    def look() -> None:
        photograph(page, path=pictures / f"kiosk-{next(steps)}-{scheme}.png")
        for target in page.locator(f":is({TARGETS}):visible").all():
            box = target.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= TARGET_PIXELS_MIN
            assert box["x"] + box["width"] <= SCREEN["width"]
            assert box["y"] + box["height"] <= SCREEN["height"], "nothing to scroll for"

    page.goto(kiosk)
    look()
    page.get_by_label("NIK").fill(nik)
    page.keyboard.press("Enter")
    page.wait_for_url(kiosk + "/number")
    look()
    page.get_by_label("Nama ibu kandung").fill("Siti Aminah")
    page.keyboard.press("Enter")
    page.wait_for_url(kiosk + "/name")
    look()
    page.get_by_role("button", name="Umum").click()  # the longest list of letters
    look()
    page.get_by_role("button", name="Surat Keterangan Domisili", exact=True).click()
    look()
    page.get_by_label("Untuk keperluan apa?").fill("mendaftar sekolah")
    page.get_by_role("button", name="Minta surat ini").click()
    look()
    assert page.locator(".queue").inner_text() == "1"
    page.get_by_text("Foto dokumen di sini").click()
    look()
    picture = {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": taken(800, 600)}
    page.get_by_label("Foto KTP").set_input_files(picture)
    page.get_by_role("button", name="Kirim foto KTP").click()
    page.get_by_text("Foto yang sudah diterima petugas: KTP.").wait_for()
    look()
    assert page.locator("img").count() == 0


def test_the_kiosk_goes_back_to_its_start_by_itself(
    chromium: "sync_api.Browser", counter: Counter, kiosk: str, aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The minute is made two seconds, so that a test may wait for it; no script runs."""
    monkeypatch.setattr("agent.web.kiosk.pages.IDLE_SECONDS", 2)
    nik = aside.run(name_mother(counter))
    page = chromium.new_context(viewport=SCREEN, java_script_enabled=False).new_page()
    page.goto(kiosk)
    page.get_by_label("NIK").fill(nik)
    page.keyboard.press("Enter")
    page.wait_for_url(kiosk + "/number")
    page.wait_for_url(kiosk + "/", timeout=10_000)
    assert page.get_by_label("NIK").input_value() == ""
