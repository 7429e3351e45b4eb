"""Residents in a real browser: a death with the keyboard alone, a roster without scripts, every page on an old screen."""

from pathlib import Path
from typing import TYPE_CHECKING

from tests.agent.office import Counter
from tests.agent.rosters import SIAK, people, siak_row
from tests.browser.conftest import Aside, photograph, until
from tests.browser.test_counter import address_of, counter, open_page

if TYPE_CHECKING:
    from playwright import sync_api

__all__ = ["counter"]  # the fixture


def test_a_death_with_the_keyboard_alone(chromium: "sync_api.Browser", counter: Counter, aside: Aside) -> None:
    page = open_page(chromium, counter)
    until(page)
    page.keyboard.type(next(iter(counter.people)))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/residents/{counter.somebody}")
    until(page)
    while "Catat kematian" not in page.evaluate("document.activeElement.innerText"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/events/new?kind=died")
    until(page, '[name="happened_on"]')
    page.keyboard.type("1-5-2021")
    page.keyboard.press("Enter")
    until(page, 'button:has-text("Simpan")')
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/residents/{counter.somebody}")
    assert page.get_by_text("tercatat meninggal pada 1 Mei 2021").is_visible()
    assert aside.run(counter.value("SELECT count(*) FROM resident_event")) == 1


def test_a_roster_without_scripts_and_every_page_on_an_old_screen(
    chromium: "sync_api.Browser", counter: Counter, tmp_path: Path, pictures: Path
) -> None:
    somebody = f"/residents/{counter.somebody}"
    folk = people(20, seed=4)
    rows = [siak_row(folk[0], NIK="35102512"), siak_row(folk[1], Agama="?"), *map(siak_row, folk[2:])]
    source = tmp_path / "penduduk.csv"
    for scheme in ("light", "dark"):
        page = open_page(chromium, counter, java_script_enabled=False, color_scheme=scheme)

        def take(name: str, page: "sync_api.Page" = page, scheme: str = scheme) -> None:
            photograph(page, path=pictures / f"residents-{name}-{scheme}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name

        for name, path in {
            "resident": somebody,
            "household": f"{somebody}/household",
            "moved_out": f"{somebody}/events/new?kind=moved_out",
            "born": f"/residents/new?arrival=born&from={counter.somebody}",
        }.items():
            page.goto(address_of(counter) + path)
            take(name)
        source.write_text("\n".join([SIAK, *rows, f"TOTAL {scheme}" + ";" * 20]))
        page.goto(f"{address_of(counter)}/residents")
        page.get_by_role("link", name="Impor daftar penduduk").click()
        take("rosters")
        page.get_by_label("Berkas").set_input_files(source)
        page.get_by_role("button", name="Periksa berkas").click()
        take("roster_check")
        if scheme == "light":
            page.get_by_role("button", name="Simpan yang baru dan berubah").click()
            assert page.get_by_text("19 baru").is_visible()
            take("roster")
        else:
            assert page.get_by_text("tidak mengubah apa pun").is_visible(), "another file, the same people"
