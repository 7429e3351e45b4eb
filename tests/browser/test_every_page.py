"""Every page of the village desk and of the centre, in light and dark: nothing for axe-core to find, nothing heavy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from central import reconcile
from chassis.signing import Key
from tests.agent import test_web_counter
from tests.agent.editions import BBM, SKTM, changed, states
from tests.agent.office import Counter, open_counter, tell
from tests.browser import test_centre, test_counter
from tests.browser.conftest import Aside, sign_in
from tests.browser.rooms import PAGE_BYTES_MAX, addresses, get_routes, is_html, style_bytes, violations
from tests.central.desk import Story, kk, nik, siksng_row
from tests.central.roster_desk import roster_paths
from tests.chassis.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright import sync_api


SCHEMES = ("light", "dark")
PICTURE = "/dossiers/{record}/photographs/{attachment}"


@dataclass(frozen=True)
class Desk:
    """A program with records in it, and who looks at its pages."""

    address: str
    app: web.Application
    samples: Mapping[str, str]
    login: str
    password: str
    closed: frozenset[str] = frozenset()
    """Routes that are not for whoever signs in; what those answer is the matter of the roles' own test."""


async def fill_village(counter: Counter) -> Mapping[str, str]:
    """A record for each route that needs one, and lists with something in them."""
    await test_counter.fill_books(counter)
    forged = changed(BBM, Key.from_seed(b"\x09" * 32).sign, version=101)
    await tell(counter.store, "regency", states(SKTM, BBM, forged), counter.stamps.now_ms())
    found = await test_web_counter.paths(counter, await counter.browser())
    pictures = {
        "/letters/preview/{key}": "/letters/preview/none-with-this-key",
        "/language/{language}": "/language/id",
        "/requests/{id}/preview": f"{found['/requests/{id}']}/preview",
    }
    return {**found, **pictures}


@pytest.fixture(scope="module", params=["village", "centre", "agency", "validator"])
def desk(request: pytest.FixtureRequest, aside: Aside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("desk")
    if request.param == "village":
        counter = aside.run(open_counter(folder, persons=30))
        samples = aside.run(fill_village(counter))
        yield Desk(test_counter.address_of(counter), counter.app, samples, "head", PASSWORD)
        aside.run(counter.close())
    else:
        site = aside.run(test_centre.open_site(folder))
        app: web.Application = site.runner.app  # type: ignore[assignment]
        samples = {
            "/fleet/": "/fleet/3510152004",
            "/decisions/": f"/decisions/{site.story.refused.hex()}",
            "/decisions/{proposal}/identity/{key}": aside.run(in_doubt(site.story)),
            "/reviews/next": "/reviews/next",
            "/objections/": f"/objections/{site.story.objection.hex()}",
            "/imports/": "/imports/1",
            "/reports/": f"/reports/{site.story.report.hex()}",
            "/imports/{id}/report.csv": "/imports/1/report.csv",
            "/imports/{id}/plan": "/imports/1/plan",
            "/schemes/{code}": "/schemes/GURU-NGAJI",
            "/exclusions/pair": "/exclusions/pair?code=BLT-DD&other=BPNT",
            "/changes/{id}": "/changes/1",
            "/changes/new/{kind}": "/changes/new/exclusion?scheme=BLT-DD&other=PKH",
            "/dossiers/": f"/dossiers/{site.story.dossier.hex()}",
            **roster_paths(site.story),
            PICTURE: f"/dossiers/{site.story.dossier.hex()}/photographs/{site.story.photograph.hex()}",
        }
        routes = frozenset(get_routes(app))
        agencies = frozenset(route for route in routes if route.startswith("/dossiers"))
        benches = frozenset(route for route in routes if route.endswith("/validations"))
        login, closed = {
            "centre": ("petugas", agencies | benches | {"/access"}),  # the log of looks is not for those it watches
            "agency": ("dinkes", routes - agencies),
            "validator": ("pemeriksa", routes - benches),
        }[request.param]
        yield Desk(site.address, app, samples, login, test_centre.PASSWORD, closed)
        aside.run(test_centre.close_site(site))


async def in_doubt(story: Story) -> str:
    """A list names another person under an accepted one's NIK; where an officer judges the two."""
    await story.regency.import_list(siksng_row(nik(1), kk(9), "BUDI HARTONO"))
    await story.regency.settle()
    (key,) = await story.regency.database.read(lambda c: reconcile.contested(c, story.accepted))
    return f"/decisions/{story.accepted.hex()}/identity/{key.hex()}"


def test_no_page_is_forgotten_hard_to_use_or_heavy(chromium: "sync_api.Browser", desk: Desk) -> None:
    heaviest = seen = 0
    found: dict[str, list[str]] = {}
    for scheme in SCHEMES:
        page = sign_in(chromium, desk.address, desk.login, desk.password, color_scheme=scheme, bypass_csp=True)
        styles = style_bytes(page)
        for route, path in addresses(desk.app, desk.samples):
            if route in desk.closed:
                continue
            answer = page.request.get(desk.address + path)
            if route in NO_PAGES or (answer.ok and not is_html(answer)):
                continue
            assert answer.ok, f"{route} answered {answer.status}: give this test's samples a record it can show"
            seen += 1
            heaviest = max(heaviest, len(answer.body()) + styles)
            page.goto(desk.address + path)
            if wrong := violations(page):
                found[f"{route}, {scheme}"] = wrong
        page.context.close()
    print(f"{seen // 2} pages in light and dark; the heaviest weighs {heaviest} bytes with its style sheets")
    assert not found
    assert heaviest <= PAGE_BYTES_MAX


def test_pages_that_only_a_form_leads_to(chromium: "sync_api.Browser", aside: Aside, tmp_path: Path) -> None:
    counter = aside.run(open_counter(tmp_path, persons=30))
    samples = aside.run(fill_village(counter))
    address, found = test_counter.address_of(counter), dict[str, list[str]]()
    for scheme in SCHEMES:
        page = sign_in(chromium, address, "head", PASSWORD, color_scheme=scheme, bypass_csp=True)

        def look(name: str, page: "sync_api.Page" = page, scheme: str = scheme) -> None:
            if wrong := violations(page):
                found[f"{name}, {scheme}"] = wrong

        for typed in ("a", "nothing at all", "nomor 1", "surat sktm a", "surat sktm"):
            page.goto(address)
            page.locator("#q").fill(typed)
            with page.expect_navigation():
                page.keyboard.press("Enter")
            look(f"typed {typed!r}")
        for form in (
            samples["/letters/new"],
            "/residents/new",
            samples["/proposals/new"],
            f"{samples['/letters/{id}']}/void",
        ):
            page.goto(address + form)
            page.evaluate("document.querySelectorAll('main form').forEach(form => form.noValidate = true)")
            with page.expect_navigation():
                page.locator("main form button").first.click()
            look(f"errors of {form.partition('?')[0].rpartition('/')[2]}")
        page.goto(address + samples["/letters/new"])
        page.get_by_label("Rumah sakit").fill("RSUD Blambangan")
        with page.expect_navigation():
            page.get_by_role("button", name="Lanjut periksa").click()
        look("a letter to check")
        page.goto(f"{address}/no-such-page")
        look("no such page")
        page.context.clear_cookies()
        page.goto(f"{address}/letters")
        look("signing in")
        page.get_by_label("Nama pengguna").fill("head")
        page.get_by_label("Kata sandi").fill("wrong")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        look("a wrong password")
        page.context.close()
    aside.run(counter.close())
    assert not found


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_server_that_was_replaced(chromium: "sync_api.Browser", aside: Aside, tmp_path: Path, scheme: str) -> None:
    counter = aside.run(open_counter(tmp_path, is_first=False))
    address = test_counter.address_of(counter)
    page = sign_in(chromium, address, "head", PASSWORD, color_scheme=scheme, bypass_csp=True)
    page.goto(f"{address}/numbers")
    assert page.get_by_role("button", name="Pastikan nomor terakhir").is_visible()
    assert violations(page) == []
    for field in page.get_by_label("Nomor terakhir").all():
        field.fill("99999")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator(".error-summary").is_visible()
    assert violations(page) == []
    page.context.close()
    aside.run(counter.close())


def test_axe_finds_what_is_there_to_find(chromium: "sync_api.Browser") -> None:
    page = chromium.new_page()
    page.set_content("<title>x</title><main><h1>x</h1><input><p style='color:#ccc;background:#fff'>pale</p></main>")
    assert {each.partition(":")[0] for each in violations(page)} >= {"label", "color-contrast", "html-has-lang"}
    page.close()


NO_PAGES = {
    "/imports/{id}/progress",  # leads on where nothing goes on
    "/language/{language}",  # leads back to the page that it was asked from
    "/letters/preview/{key}",  # a picture, shown to whoever writes that letter
    "/requests/{id}/preview",  # a picture, shown once there is something to print
    "/sync/line",  # a part of every page
}
