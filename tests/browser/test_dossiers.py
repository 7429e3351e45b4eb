"""A letter to its agency in a real browser: the clerk's pages by keyboard, the agency's without scripts, at 1024 x 768.

The pictures in build/screenshots are for people to look at.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from chassis.database import Connection
from chassis.web.accounts import create_account, hash_password
from protocol.feed import DossierState, ResultFile, State
from tests.agent.office import START_MS, Counter, open_counter
from tests.agent.test_dossiers import REASON, SIGNED, answer, crowd, send, spm, written
from tests.browser import test_centre
from tests.browser.conftest import Aside, photograph, sign_in, until
from tests.browser.test_centre import Site, close_site, open_site
from tests.central.desk import DESA
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
    file = ResultFile(bytes(32), 9, "application/pdf", [bytes(32)])
    done = DossierState(ops[2], "done", "Silakan diambil hari Kamis.", START_MS, None, file)
    letters.append(await crowd(counter, clerk))
    await send(clerk, letters[-1])
    camat = (await written(counter))[-1][0].record_id
    signed = DossierState(camat, "done", "", START_MS, SIGNED)
    told = [State(1, "dossier_state", False, each.dossier, msgspec.msgpack.encode(each)) for each in (done, signed)]
    await counter.tell(answer(ops[1], "returned", REASON), *told)
    return letters


def test_the_clerks_pages_fit_an_old_screen(
    chromium: "sync_api.Browser", counter: Counter, aside: Aside, pictures: Path
) -> None:
    fresh, waiting, returned, done, signed = aside.run(fill_books(counter))
    address = str(counter.server.make_url("")).rstrip("/")
    for scheme in ("light", "dark"):
        page = sign_in(chromium, address, "clerk", PASSWORD, color_scheme=scheme)
        paths = {"home": "/", "dossiers": "/dossiers", "dossier_form": f"{fresh}/dossier"}
        paths |= {"letter_waiting": waiting, "letter_returned": returned, "letter_done": done, "letter_signed": signed}
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
    page.wait_for_url(re.compile(r"/dossier\?to=Dinkes$"))
    until(page, '[name="documents"]')  # the first document
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{letter}")
    assert "Dokumen: KTP." in page.locator("main").inner_text()


async def reach_the_camat(site: Site) -> None:
    """A camat's account, and a letter of the district on its way there."""
    desa, regency = site.story.desa, site.story.regency

    async def people(connection: Connection) -> None:
        await create_account(
            connection,
            login="camat",
            display_name="Petugas",
            role="agency",
            scope=f"camat/{DESA[:6]}",
            password_hash=hash_password(PASSWORD),
            now_ms=regency.clock.at_ms,
        )

    await site.database.transact(people)
    desa.forward(desa.issue(7), "camat", title="Surat Pengantar Izin Keramaian")
    await regency.send(desa, len(desa.ops) - 1)
    await regency.settle()


def test_the_camat_countersigns_without_scripts(
    chromium: "sync_api.Browser", site: Site, aside: Aside, pictures: Path
) -> None:
    aside.run(reach_the_camat(site))
    page = sign_in(chromium, site.address, "camat", PASSWORD, java_script_enabled=False)
    page.goto(site.address + "/dossiers")
    page.get_by_role("link", name="Surat Pengantar Izin Keramaian").click()
    page.get_by_role("button", name="Diketahui").click()
    assert page.get_by_role("alert").get_by_text("Menandatangani sebagai: pilih dari daftar.").is_visible()
    photograph(page, path=pictures / "camat-dossier_errors-light.png", full_page=True)
    page.get_by_label("Nama yang menandatangani").fill(SIGNED.name)
    page.get_by_label("Pelaksana tugas (Plt.) Camat").check()
    page.get_by_label("NIP").fill(SIGNED.nip)
    page.keyboard.press("Enter")  # the first button: countersign
    page.get_by_text("Tersimpan: diketahui camat.").wait_for()
    assert f"Diketahui {SIGNED.name} (Plt. Camat), NIP {SIGNED.nip}" in page.locator("main").inner_text()
    photograph(page, path=pictures / "camat-dossier_signed-light.png", full_page=True)
    assert fits(page)


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
