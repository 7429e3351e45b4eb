"""The officers' pages in a real browser, without scripts, at 1024 x 768, in light and dark, with the keyboard alone.

The pictures in build/screenshots are for people to look at.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from central.web.app import build_app
from central.web.desk import Desk
from chassis.database import Connection, SqliteDatabase
from chassis.web.accounts import create_account, hash_password
from protocol.regions import villages
from tests.browser.conftest import Aside, photograph, sign_in
from tests.browser.rooms import violations
from tests.central.desk import DESA, RULES, START_MS, Regency, Story, fill, migrations
from tests.central.roster_desk import fill_rosters

if TYPE_CHECKING:
    from playwright import sync_api

PASSWORD = "kabupaten-2021"
FLEET = 60
"""Villages enrolled for the pictures, so that the fleet looks like one."""


@dataclass
class Site:
    address: str
    story: Story
    database: SqliteDatabase
    runner: web.AppRunner


async def open_site(folder: Path) -> Site:
    database = await SqliteDatabase.open(folder / "centre.db", migrations())
    regency = Regency(database)
    story = await fill(regency)
    await enrol_more(regency)
    await fill_rosters(story)

    async def people(connection: Connection) -> None:
        hashed = hash_password(PASSWORD)
        for login, title, role, scope in (
            ("petugas", "Dinas Sosial", "officer", ""),
            ("dinkes", "", "agency", "Dinkes"),
            ("pemeriksa", "", "validator", f"village/{DESA}"),
        ):
            await create_account(
                connection,
                login=login,
                display_name="Petugas",
                title=title,
                role=role,
                scope=scope,
                password_hash=hashed,
                now_ms=START_MS,
            )

    await database.transact(people)
    runner = web.AppRunner(build_app(Desk(database, regency.clock, RULES), CollectorRegistry(), "0.1.0"))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return Site(f"http://127.0.0.1:{runner.addresses[0][1]}", story, database, runner)


async def close_site(site: Site) -> None:
    await site.runner.cleanup()
    await site.database.close()


async def enrol_more(regency: Regency) -> None:
    """Villages that were heard from at different times, some with records that wait."""
    rng = random.Random(5)
    now_ms = regency.clock.at_ms
    for each in rng.sample(villages(), FLEET):
        if each.code in {"3510252010", "3510152004", "3510161001", "3510252009"}:
            continue
        regency.clock.at_ms = now_ms - rng.choice([10_000, 40_000, 50_000, 40 * 60_000, 30 * 3_600_000])
        machine = await regency.enrol(each.code)
        waiting = rng.choice([0, 0, 0, 3, 48])
        oldest = regency.clock.at_ms - 5_400_000 if waiting else 0
        health = [("outbox_ops", waiting), ("oldest_unacked_ms", oldest), ("disk_free_ppm", 400_000)]
        await regency.greet(machine, health=health, software="0.1.0")
    regency.clock.at_ms = now_ms


@pytest.fixture(scope="module")
def site(aside: Aside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    opened = aside.run(open_site(tmp_path_factory.mktemp("centre")))
    yield opened
    aside.run(close_site(opened))


def open_page(chromium: "sync_api.Browser", site: Site, scheme: str = "light") -> "sync_api.Page":
    """Signed in, with scripts forbidden."""
    return sign_in(chromium, site.address, "petugas", PASSWORD, color_scheme=scheme, java_script_enabled=False)


ROUTES = {
    "home": "/",
    "fleet": "/fleet",
    "village": "/fleet/3510152004",
    "decisions": "/decisions",
    "decision": "",
    "cycles": "/cycles",
    "schemes": "/schemes",
    "scheme": "/schemes/GURU-NGAJI",
    "exclusions": "/exclusions",
    "pair": "/exclusions/pair?code=BLT-DD&other=BPNT",
    "changes": "/changes",
    "change": "/changes/1",
    "draft": "/changes/new/cycle?scheme=GURU-NGAJI",
    "objections": "/objections",
    "letters": "/letters",
    "imports": "/imports",
    "import": "/imports/1",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_an_old_screen(chromium: "sync_api.Browser", site: Site, scheme: str, pictures: Path) -> None:
    page = open_page(chromium, site, scheme)
    for name, path in ROUTES.items():
        answer = page.goto(site.address + (path or f"/decisions/{site.story.refused.hex()}"))
        assert answer is not None
        assert answer.status == 200, name
        photograph(page, path=str(pictures / f"centre-{name}-{scheme}.png"))
        width = page.locator("main").bounding_box()
        assert width is not None
        assert width["x"] + width["width"] <= 1024, f"{name}: no sideways scrolling"
        frames = page.locator(".table-frame").all()
        for frame in frames:
            table, room = frame.locator("table").bounding_box(), frame.bounding_box()
            assert table is not None
            assert room is not None
            assert table["width"] <= room["width"] + 1, f"{name}: a table wider than the screen"
    page.context.close()


def test_an_officer_finds_the_villages_in_trouble(chromium: "sync_api.Browser", site: Site) -> None:
    page = open_page(chromium, site)
    page.get_by_role("link", name="1 server ganda dicurigai").click()
    assert page.locator("h1").inner_text() == "Armada: 1 desa dan kelurahan"
    page.get_by_role("link", name="Kemiren").click()
    assert "Dua server memakai kunci desa ini" in page.locator("main").inner_text()
    page.get_by_role("link", name="Keputusan untuk desa ini").click()
    assert "0 keputusan" in page.locator("main").inner_text()
    page.context.close()


def test_an_officer_reads_why_somebody_was_refused(chromium: "sync_api.Browser", site: Site) -> None:
    page = open_page(chromium, site)
    page.get_by_role("navigation").get_by_role("link", name="Keputusan").click()
    page.get_by_label("Hasil").select_option("rejected")
    page.get_by_label("Kode desa").fill("3510252010")
    page.get_by_role("button", name="Tampilkan").click()
    page.get_by_role("link", name="D*** R***").click()
    text = page.locator("main").inner_text()
    assert "Sudah terdaftar sebagai penerima Program Keluarga Harapan" in text
    assert "DEWI RAHAYU" in text
    page.context.close()


def test_the_fleet_with_the_keyboard_alone(chromium: "sync_api.Browser", site: Site) -> None:
    page = open_page(chromium, site)
    page.goto(site.address + "/fleet")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Langsung ke isi"
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(":focus").get_attribute("name") == "district":
            break
    page.keyboard.type("Songgon")
    page.keyboard.press("Tab")
    page.keyboard.type("Nama")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/fleet?district=*")
    names = page.locator("tbody tr td:first-child").all_inner_texts()
    assert names == sorted(names)
    assert set(page.locator("tbody tr td:nth-child(2)").all_inner_texts()) == {"Songgon"}
    page.context.close()


LIST = """DAFTAR PENERIMA PKH;;;;;;
No;NIK;Nama;Tgl Lahir;Alamat;;Bulan
;;;;RT;RW;
1;2;3;4;5;6;7
1;3510251705850001;SUTRISNO;03/04/1985;1;2;
2;3.51025E+15;WATI;;1;2;
3;3510255705850002;SRI;;1;2;2021-05
JUMLAH;;;;;;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_officer_imports_a_list_with_the_keyboard_alone(
    chromium: "sync_api.Browser", site: Site, scheme: str, pictures: Path, tmp_path: Path
) -> None:
    """Without a script: an error summary leads to what is missing, the page that goes on by itself leads to the report."""
    page = sign_in(chromium, site.address, "petugas", PASSWORD, color_scheme=scheme, bypass_csp=True)
    listed = tmp_path / f"pkh-{scheme}.csv"
    listed.write_text(LIST + f"\n4;3510255705850003;{'TITIN' if scheme == 'dark' else 'TUTIK'};;1;2;2021-05")

    def look(name: str) -> None:
        photograph(page, path=str(pictures / f"centre-{name}-{scheme}.png"), full_page=True)
        assert violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= 1024, f"{name}: no sideways scrolling"

    page.goto(site.address + "/imports")
    page.locator("summary").press("Enter")
    page.get_by_label("Daftar penerima bantuan").press("Space")
    page.get_by_label("Izin pemakaian data").fill("Nota kesepahaman 7/2021")
    page.get_by_label("Data per tanggal").fill("2021-04-30")
    page.get_by_label("Berkas").set_input_files(listed)
    look("import-new")
    page.get_by_role("button", name="Lanjut").press("Enter")
    page.locator("#column-1").wait_for()
    look("import-plan")
    page.get_by_role("button", name="Periksa semua baris").press("Enter")
    page.locator(".error-summary").wait_for()
    assert page.locator(".error-summary li").count() == 2
    look("import-plan-errors")
    page.get_by_label("Program", exact=False).first.select_option("PKH")
    page.get_by_label("Urutan tanggal lahir").select_option("day_first")
    page.get_by_label("Periode").last.fill("2021-01 s/d 2021-03")
    page.get_by_role("button", name="Periksa semua baris").press("Enter")
    page.get_by_role("button", name="Impor 3 kepesertaan").wait_for()
    look("import-checked")
    page.get_by_label("Hanya baris yang sah").press("Space")
    page.get_by_role("button", name="Impor 3 kepesertaan").press("Enter")
    page.get_by_text("Batalkan impor ini").wait_for()
    page.locator("summary").press("Enter")
    look("import-done")
    page.get_by_label("Alasan").fill("berkas latihan")
    page.get_by_role("button", name="Batalkan impor").press("Enter")
    page.get_by_text("berkas latihan").wait_for()
    page.context.close()
