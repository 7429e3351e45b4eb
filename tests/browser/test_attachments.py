"""A photograph of a document in a real browser: chosen without scripts, looked at, taken back, at 1024 x 768.

The pictures in build/screenshots are for people to look at.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.agent.office import Counter, open_counter
from tests.agent.pictures import photograph as taken
from tests.agent.test_dossiers import spm
from tests.browser.conftest import Aside, photograph, sign_in
from tests.chassis.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright import sync_api


@pytest.fixture
def counter(aside: Aside, tmp_path: Path) -> Iterator[Counter]:
    opened = aside.run(open_counter(tmp_path, persons=30))
    yield opened
    aside.run(opened.close())


def test_a_clerk_photographs_looks_and_takes_back(
    chromium: "sync_api.Browser", counter: Counter, aside: Aside, pictures: Path
) -> None:
    letter = aside.run(spm(counter, aside.run(counter.browser())))
    address = str(counter.server.make_url("")).rstrip("/")
    page = sign_in(chromium, address, "clerk", PASSWORD)
    page.goto(address + letter)
    page.get_by_role("link", name="Tambah atau hapus foto").click()
    page.wait_for_url("**/attachments")
    field = page.get_by_label("Pilih foto KTP")
    assert field.get_attribute("capture") == "environment"
    for name, content in (("kwitansi.pdf", b"%PDF-1.7"), ("IMG_0001.jpg", taken())):
        field.set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": content})
        with page.expect_navigation():
            page.get_by_role("button", name="Simpan foto KTP").click()
        photograph(page, path=pictures / f"attachments-{name.rpartition('.')[2]}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(address + letter)
    photograph(page, path=pictures / "attachments-letter.png", full_page=True)
    page.get_by_role("link", name="Lihat foto KTP").click()
    page.wait_for_url("**/attachments/*")
    assert page.evaluate("[...document.images].map(each => each.naturalWidth)") == [1600]
    photograph(page, path=pictures / "attachments-picture.png")
    page.goto(f"{address}{letter}/attachments")
    page.get_by_text("Hapus foto KTP 1").click()
    page.get_by_label("Alasan dihapus").fill("foto buram")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "foto buram" in page.locator("main").inner_text()
    photograph(page, path=pictures / "attachments-removed.png", full_page=True)
