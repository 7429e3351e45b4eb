"""A validator works a page of the list without a mouse and without scripts."""

from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser import test_centre
from tests.browser.conftest import Aside, photograph, sign_in
from tests.browser.rooms import violations
from tests.central.desk import PANGAN

if TYPE_CHECKING:
    from playwright import sync_api


def test_a_page_of_replies_by_keyboard_alone(
    chromium: "sync_api.Browser", aside: Aside, tmp_path: Path, pictures: Path
) -> None:
    site = aside.run(test_centre.open_site(tmp_path))
    page = sign_in(
        chromium, site.address, "pemeriksa", test_centre.PASSWORD, java_script_enabled=False, bypass_csp=True
    )
    page.goto(f"{site.address}/rosters/{PANGAN.code}/validations")
    assert "3 dari 4 orang belum divalidasi" in page.locator("main").inner_text()
    reply = page.get_by_label("Jawaban untuk SITI CONTOH")
    reply.focus()
    page.keyboard.type("Meninggal")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert "tulis tanggal meninggalnya" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Jawaban untuk SITI CONTOH").input_value() == "deceased", "what was chosen is still there"
    photograph(page, path=pictures / "centre-validations-error.png", full_page=True)
    detail = page.get_by_label("Keterangan untuk SITI CONTOH")
    detail.focus()
    page.keyboard.type("3 Mei 2021")
    page.keyboard.press("Enter")
    page.get_by_role("status").wait_for()
    assert "2 dari 4 orang belum divalidasi" in page.locator("main").inner_text()
    page.context.close()
    with_scripts = sign_in(chromium, site.address, "pemeriksa", test_centre.PASSWORD, bypass_csp=True)
    with_scripts.goto(f"{site.address}/rosters/{PANGAN.code}/validations?show=all")
    assert violations(with_scripts) == []
    with_scripts.context.close()
    aside.run(test_centre.close_site(site))
