"""The village counter in a real browser: without scripts, with the keyboard alone, at 1024 x 768, in light and dark.

The pictures in build/screenshots are for people to look at.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.domain.status import Status
from tests.agent.office import (
    CYCLE,
    SENTENCE,
    Counter,
    clash_state,
    decision_state,
    open_counter,
    quarantined_state,
)
from tests.browser.conftest import Aside, photograph, sign_in, until
from tests.chassis.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright import sync_api

KEYSTROKES_MAX = 40
"""From a known resident's NIK to the printed letter, the purpose included in words as short as people type."""


@pytest.fixture
def counter(aside: Aside, tmp_path: Path) -> Iterator[Counter]:
    opened = aside.run(open_counter(tmp_path, persons=30))
    yield opened
    aside.run(opened.close())


def address_of(counter: Counter) -> str:
    return str(counter.server.make_url("")).rstrip("/")


def open_page(
    chromium: "sync_api.Browser", counter: Counter, login: str = "clerk", **options: object
) -> "sync_api.Page":
    return sign_in(chromium, address_of(counter), login, PASSWORD, **options)


def test_a_letter_and_a_proposal_without_scripts(chromium: "sync_api.Browser", counter: Counter) -> None:
    page = open_page(chromium, counter, java_script_enabled=False)
    page.get_by_label("Cari penduduk").fill(next(iter(counter.people)))
    page.get_by_role("button", name="Cari").click()
    person = page.url
    page.get_by_role("button", name="Surat Keterangan Tidak Mampu").click()
    page.get_by_label("Keperluan").fill("keringanan biaya sekolah")
    page.locator("#family_members input").first.check()
    page.get_by_role("button", name="Lanjut periksa").click()
    assert page.locator(".sheet img").bounding_box()["width"] > 300  # type: ignore[index]
    page.get_by_role("button", name="Terbitkan").click()
    assert re.search(r"/001/.*/2021", page.locator("h1").inner_text())
    page.goto(person)
    page.get_by_role("button", name="Usulkan bantuan").click()
    page.get_by_label("Program dan periode").select_option(CYCLE.code)
    page.get_by_role("button", name="Usulkan").click()
    assert page.get_by_text("Tersimpan di kantor").first.is_visible()


def test_an_sktm_with_the_keyboard_alone(chromium: "sync_api.Browser", counter: Counter, aside: Aside) -> None:
    page = open_page(chromium, counter)
    keys = 0

    def press(*names: str) -> None:
        nonlocal keys
        for name in names:
            page.keyboard.press(name)
            keys += 1

    def type_in(text: str) -> None:
        nonlocal keys
        page.keyboard.type(text)
        keys += len(text)

    def enter(expected: str) -> None:
        press("Enter")
        page.wait_for_url(re.compile(expected))
        until(page)

    until(page)
    type_in(f"sktm {next(iter(counter.people))}")
    enter(r"/letters/new")
    type_in("sekolah")
    enter(r"/letters/check")
    enter(r"/letters/[0-9a-f]{32}$")
    assert "Cetak" in page.evaluate("document.activeElement.innerText")
    press("Enter")
    print(f"an SKTM for a known resident, from the first page to the printer: {keys} keystrokes")
    assert keys <= KEYSTROKES_MAX, keys
    assert aside.run(counter.value("SELECT count(*) FROM letter WHERE kind = 'sktm'")) == 1


def test_an_sktm_by_name_without_scripts(chromium: "sync_api.Browser", counter: Counter) -> None:
    """Of several who are called so, the one meant is chosen with Tab and Enter; nothing typed stands in an address."""
    page = open_page(chromium, counter, java_script_enabled=False)
    until(page, "#q")
    page.keyboard.type("surat sktm a")
    page.keyboard.press("Enter")
    page.locator("h1", has_text="Surat Keterangan Tidak Mampu").wait_for()
    until(page, "")
    assert page.url == address_of(counter) + "/"
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.locator("td :focus").count():
            break
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/letters/new\?kind=sktm&resident=[0-9a-f]{32}$"))


def test_a_rare_letter_with_the_keyboard_alone(chromium: "sync_api.Browser", counter: Counter) -> None:
    """Thirty kinds stand in one list by use, and the first letters of a name find it."""
    page = open_page(chromium, counter)
    page.goto(f"{address_of(counter)}/residents/{counter.somebody}")
    while page.evaluate("document.activeElement.id") != "kind":
        page.keyboard.press("Tab")
    page.keyboard.type("Ahl")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/letters/new\?.*kind=ahli_waris"))


def test_a_declaration_of_heirs_without_scripts(chromium: "sync_api.Browser", counter: Counter) -> None:
    page = open_page(chromium, counter, java_script_enabled=False)
    page.goto(f"{address_of(counter)}/letters/new?kind=ahli_waris&resident={counter.somebody}")
    page.locator('[name="deceased.name"]').fill("SUKARDI")
    page.locator("#heirs input[type=checkbox]").first.check()
    page.locator('[name="witnesses.name"]').first.fill("SLAMET")
    page.get_by_role("button", name="Tambah baris orang").click()
    rows = page.locator('[name="heirs.name"]')
    assert rows.count() == 6
    rows.nth(5).fill("SRI WAHYUNI")
    assert page.locator('[name="witnesses.name"]').first.input_value() == "SLAMET"
    page.get_by_label("KTP ahli waris").check()
    page.get_by_role("button", name="Lanjut periksa").click()
    assert "Syarat yang belum dicentang: KK, surat kematian, saksi." in page.locator("main").inner_text()
    page.get_by_role("button", name="Ubah isian").click()
    assert page.locator('[name="heirs.name"]').first.input_value() == "SRI WAHYUNI"
    page.get_by_role("button", name="Lanjut periksa").click()
    page.get_by_role("button", name="Terbitkan").click()
    assert "SRI WAHYUNI" in page.locator("main").inner_text()


async def fill_books(counter: Counter) -> dict[str, str]:
    """A day at the counter: letters, a void one, proposals, a refusal, an unread record."""
    clerk, head = await counter.browser(), await counter.browser("head")
    letters = [await counter.issue(clerk, purpose=f"keperluan {n}") for n in range(6)]
    void = await head.fields_of(await head.get(f"{letters[1]}/void"))
    await head.post(f"{letters[1]}/void", {**void, "reason": "salah nama"})
    proposals = [await counter.propose(clerk, each.hex()) for each in list(counter.people.values())[2:8]]
    await counter.tell(decision_state(proposals[0]), clash_state(), quarantined_state(3))
    deliberation = await counter.deliberate(clerk)
    counter.status[0] = Status(since_ms=counter.stamps.ms - 48 * 60_000, last_error="no answer")
    somebody = counter.somebody
    return {
        "home": "/",
        "residents": "/residents",
        "resident": f"/residents/{somebody}",
        "resident_form": "/residents/new",
        "letters": "/letters",
        "letter_form": f"/letters/new?kind=spm&resident={somebody}",
        "letter_form_heirs": f"/letters/new?kind=ahli_waris&resident={somebody}",
        "letter": letters[0],
        "letter_void": f"{letters[0]}/void",
        "proposals": "/proposals",
        "proposal_form": f"/proposals/new?resident={somebody}",
        "proposal": proposals[0],
        "verify": "/verify",
        "objection_form": f"{proposals[0]}/object",
        "worklist": "/worklist",
        "proposal_file": "/proposals/file",
        "deliberations": "/deliberations",
        "deliberation": deliberation,
        "deliberation_form": "/deliberations/new",
        "numbers": "/numbers",
        "sync": "/sync",
    }


def test_pages_fit_an_old_screen_in_light_and_dark(
    chromium: "sync_api.Browser", counter: Counter, aside: Aside, pictures: Path
) -> None:
    pages = aside.run(fill_books(counter))
    for scheme in ("light", "dark"):
        page = open_page(chromium, counter, "head", color_scheme=scheme)
        for name, path in pages.items():
            page.goto(address_of(counter) + path)
            photograph(page, path=pictures / f"counter-{name}-{scheme}.png")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        page.goto(address_of(counter) + pages["letter_form"])
        page.get_by_label("Rumah sakit").fill("RSUD Blambangan")
        page.get_by_role("button", name="Lanjut periksa").click()
        photograph(page, path=pictures / f"counter-letter_check-{scheme}.png", full_page=True)
        page.goto(address_of(counter))
        assert page.get_by_text(SENTENCE).is_visible()


def test_a_broken_form_says_so_where_the_keyboard_is(
    chromium: "sync_api.Browser", counter: Counter, pictures: Path
) -> None:
    page = open_page(chromium, counter)
    page.goto(f"{address_of(counter)}/residents/new")
    page.evaluate("document.querySelectorAll('main form').forEach(form => form.noValidate = true)")
    page.get_by_label("NIK").fill("351025170890000")
    page.get_by_role("button", name="Simpan").click()
    until(page, ".error-summary")
    photograph(page, path=pictures / "counter-resident_errors-light.png")


OUTSIDE_LANDMARKS = """() => [...document.querySelectorAll('body *')].filter(each =>
  [...each.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim()) &&
  !each.closest('header, main, footer, nav, [role=region], .skip-link, script, style')).map(each => each.outerHTML)"""
SEARCH_LOOKS = """() => getComputedStyle(document.querySelector('main form').parentElement).boxShadow"""


def test_a_screen_reader_finds_everything_in_a_landmark(chromium: "sync_api.Browser", counter: Counter) -> None:
    page = open_page(chromium, counter)
    for path in ("/", "/residents", "/letters", "/sync"):
        page.goto(address_of(counter) + path)
        assert page.evaluate(OUTSIDE_LANDMARKS) == [], path


def test_the_search_stands_in_no_frame_of_the_style_sheet(chromium: "sync_api.Browser", counter: Counter) -> None:
    """Pico draws one oval field round everything that calls itself a search."""
    page = open_page(chromium, counter)
    assert page.evaluate(SEARCH_LOOKS) == "none"


def test_a_letter_about_somebody_sick_begins_with_who_is_sick(chromium: "sync_api.Browser", counter: Counter) -> None:
    page = open_page(chromium, counter)
    page.goto(f"{address_of(counter)}/letters/new?kind=spm&resident={counter.somebody}")
    until(page)
    assert page.evaluate("document.activeElement.name") == "patient_nik"
