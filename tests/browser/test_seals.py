"""The page that checks letters in a real browser: a scanner that types like a keyboard, a photograph, no scripts."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from multidict import MultiDict

from tests.agent.letter_samples import CATALOGUE
from tests.agent.office import Counter, open_counter
from tests.agent.test_web_kinds import KINDS, filled
from tests.agent.test_web_seals import OTHER_KEY, dated_state, hear, needs_zbar, picture, printed, sample_code, zbar
from tests.browser.conftest import Aside, photograph, sign_in, until
from tests.chassis.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright import sync_api


@pytest.fixture
def counter(aside: Aside, tmp_path: Path) -> Iterator[Counter]:
    opened = aside.run(open_counter(tmp_path))
    aside.run(hear(opened, dated_state()))
    yield opened
    aside.run(opened.close())


async def letter_of(counter: Counter) -> bytes:
    """A letter as it comes out of the printer."""
    clerk = await counter.browser()
    return await printed(counter, clerk, await counter.issue(clerk))


@needs_zbar
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_scanner_types_the_code_and_the_page_says_what_it_is_worth(
    chromium: "sync_api.Browser", counter: Counter, aside: Aside, tmp_path: Path, pictures: Path, scheme: str
) -> None:
    (code,) = zbar(aside.run(letter_of(counter)), tmp_path)
    address = str(counter.server.make_url("")).rstrip("/")
    page = sign_in(chromium, address, "clerk", PASSWORD, color_scheme=scheme, java_script_enabled=False)
    page.get_by_role("link", name="Surat", exact=True).click()
    page.get_by_role("link", name="Periksa surat").click()
    damaged = code[:99] + ("0" if code[99] != "0" else "1") + code[100:]
    for name, text, answer in (
        ("valid", code, "Sah"),
        ("damaged", damaged, "Rusak"),
        ("unknown_key", sample_code("skd", OTHER_KEY), "Kunci tak dikenal"),
        ("valid_again", code, "Sah"),
    ):
        until(page, '[name="code"]')  # so one scan follows the other
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        page.get_by_role("status").get_by_role("heading", name=answer, exact=True).wait_for()
        photograph(page, path=pictures / f"verify-{name}-{scheme}.png")
        assert code[4:40] not in page.url


@needs_zbar
def test_a_photograph_of_the_letter(
    chromium: "sync_api.Browser", counter: Counter, aside: Aside, tmp_path: Path, pictures: Path
) -> None:
    photo = tmp_path / "foto.jpg"
    photo.write_bytes(picture(aside.run(letter_of(counter)), tmp_path, "jpeg", 200))
    page = sign_in(chromium, str(counter.server.make_url("")).rstrip("/"), "clerk", PASSWORD)
    page.goto(str(counter.server.make_url("/verify")))
    page.get_by_role("button", name="Periksa").click()
    page.get_by_role("alert").wait_for()
    photograph(page, path=pictures / "verify-nothing_given-light.png")
    page.get_by_label("Foto surat").set_input_files(photo)
    page.get_by_role("button", name="Periksa").click()
    page.get_by_role("status").get_by_role("heading", name="Sah", exact=True).wait_for()


@needs_zbar
def test_thirty_letters_from_the_form_to_the_scanner(
    chromium: "sync_api.Browser", counter: Counter, aside: Aside, tmp_path: Path
) -> None:
    """Each kind is issued in the browser, printed, read by a scanner of somebody else's, and found valid on the page."""
    address = str(counter.server.make_url("")).rstrip("/")
    page = sign_in(chromium, address, "clerk", PASSWORD)
    for number, kind in enumerate(KINDS, start=1):
        page.goto(f"{address}/letters/new?kind={kind}&resident={counter.somebody}")
        fill(page, filled(kind, counter))
        page.get_by_role("button", name="Lanjut periksa").click()
        page.get_by_role("button", name="Terbitkan").first.click()
        page.wait_for_url(re.compile(r"/letters/[0-9a-f]{32}$"))
        assert f"/{number:03d}/" in page.get_by_role("heading", level=1).inner_text(), kind
        (code,) = zbar(page.request.get(f"{page.url}/pdf").body(), tmp_path)
        page.goto(f"{address}/verify")
        page.locator('[name="code"]').fill(code)
        page.keyboard.press("Enter")
        page.get_by_role("status").get_by_role("heading").first.wait_for()
        assert page.get_by_role("status").get_by_role("heading").first.inner_text() == "Sah", kind
        assert CATALOGUE[kind].title in page.get_by_role("main").inner_text(), kind
    assert len(KINDS) == 30


def fill(page: "sync_api.Page", answers: "MultiDict[str]") -> None:
    """Ticks, choices and words, as somebody at the counter gives them."""
    for name in dict.fromkeys(answers):
        asked = page.locator(f'[name="{name}"]')
        for place, value in enumerate(answers.getall(name)):
            if asked.first.get_attribute("type") in ("checkbox", "radio"):
                page.locator(f'[name="{name}"][value="{value}"]').check()
            elif asked.first.evaluate("element => element.tagName") == "SELECT":
                asked.first.select_option(value)
            else:
                asked.nth(place).fill(value)
