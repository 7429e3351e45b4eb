"""Deny by default: every role on every route, forged and stale forms, and what the headers promise."""

import asyncio
import re
from typing import Any

import pytest
from aiohttp import web

from chassis.web import RouteUndeclared, WebSettings, machine, public, require_declarations, roles, signed_in
from chassis.web.guard import local_path

from .conftest import ROLES, Office

# route -> roles that may; None: everybody
PAGES: dict[str, set[str] | None] = {
    "/": {"librarian", "reader", "auditor"},
    "/loans/new": {"librarian"},
    "/loans/1": {"librarian", "auditor"},
    "/audit": {"auditor"},
    "/poll": {"librarian"},
    "/search": None,
    "/login": None,
    "/static/office.css": None,
}
CHANGES: dict[str, set[str] | None] = {
    "/loans": {"librarian"},
    "/upload": {"librarian"},
    "/logout": {"librarian", "reader", "auditor"},
    "/search": None,
}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("role", [*ROLES, None])
async def test_each_role_on_each_page(office: Office, path: str, role: str | None) -> None:
    browser = office.browse()
    if role is not None:
        await browser.sign_in(role)
    answer = await browser.get(path, allow_redirects=False)
    allowed = PAGES[path]
    if path == "/login" and role is not None:
        assert answer.status == 303
    elif allowed is None or role in allowed:
        assert answer.status == 200
    elif role is None:
        assert answer.status == 303
        assert answer.headers["Location"] == f"/login?next={path}"
    else:
        assert answer.status == 403
        assert "forbidden" in await answer.text()


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("role", [*ROLES, None])
async def test_each_role_on_each_change(office: Office, path: str, role: str | None) -> None:
    browser = office.browse()
    if role is not None:
        await browser.sign_in(role)
    fields = await browser.fields_of(await browser.get("/search"))
    fields |= {"form_key": "a-key-of-the-test", "title": "Laskar Pelangi"}
    answer = await browser.post(path, fields, allow_redirects=False)
    allowed = CHANGES[path]
    if allowed is None or role in allowed:
        assert answer.status in (200, 303)
    else:
        assert answer.status == (401 if role is None else 403)
        assert await office.value("SELECT count(*) FROM loan") == 0


async def test_every_page_of_the_office_is_in_the_tables_above(office: Office) -> None:
    paths = {route.resource.canonical for route in office.app.router.routes() if route.resource}
    tabled = {path.replace("/loans/1", "/loans/{id}").replace("office.css", "{name}") for path in {*PAGES, *CHANGES}}
    assert paths - tabled == {"/sync", "/sync-bug", "/bug", "/broken"}


async def test_a_silent_route_stops_the_start() -> None:
    async def quiet(_request: web.Request) -> web.Response:
        raise AssertionError

    @public
    async def loud(_request: web.Request) -> web.Response:
        raise AssertionError

    app = web.Application()
    app.router.add_get("/quiet/{id}", quiet)
    app.router.add_get("/loud", loud)
    with pytest.raises(RouteUndeclared, match=r"GET /quiet/\{id\}$"):
        require_declarations(app)
    with pytest.raises(ValueError, match="at least one role"):
        roles()


async def test_the_office_itself_declares_everything(office: Office) -> None:
    require_declarations(office.app)
    assert all(callable(declare) for declare in (machine, public, signed_in))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "", "Referer": "http://evil.example/login"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://[broken"},
    ],
    ids=str,
)
async def test_a_change_from_elsewhere_is_refused_even_with_the_token(office: Office, headers: dict[str, str]) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    fields = await browser.filled("/loans/new", title="Bumi Manusia")
    answer = await browser.post("/loans", fields, headers=headers)
    assert answer.status == 403
    assert "cross_site" in await answer.text()
    assert await office.value("SELECT count(*) FROM loan") == 0
    assert office.count("library_web_refusals_total", code="cross_site") == 1


async def test_an_old_browser_without_origin_is_known_by_its_referrer(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    fields = await browser.filled("/loans/new", title="Bumi Manusia")
    headers = {"Origin": "", "Referer": f"{browser.origin}/loans/new"}
    assert (await browser.post("/loans", fields, headers=headers)).status == 200


@pytest.mark.parametrize("token", ["", "guessed", "tökén", "0" * 64])
async def test_a_form_without_its_token_changes_nothing(office: Office, token: str) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    fields = await browser.filled("/loans/new", title="Bumi Manusia", csrf=token)
    answer = await browser.post("/loans", fields)
    assert answer.status == 403
    assert await office.value("SELECT count(*) FROM loan") == 0


async def test_another_persons_token_is_worth_nothing(office: Office) -> None:
    librarian, reader = office.browse(), office.browse()
    await librarian.sign_in("librarian")
    await reader.sign_in("reader")
    stolen = (await reader.fields_of(await reader.get("/search")))["csrf"]
    fields = await librarian.filled("/loans/new", title="Bumi Manusia", csrf=stolen)
    assert (await librarian.post("/loans", fields)).status == 403


async def test_a_token_in_the_header_serves_scripts(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    fields = await browser.filled("/loans/new", title="Bumi Manusia")
    token = fields.pop("csrf")
    assert (await browser.post("/loans", fields, headers={"X-CSRF-Token": token})).status == 200


async def test_a_form_of_an_earlier_session_asks_before_it_acts(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    stale = await browser.filled("/loans/new", title="Bumi Manusia")
    await browser.post("/logout", await browser.filled("/search"))
    await browser.sign_in("librarian")
    answer = await browser.post("/loans", stale)
    assert answer.status == 403
    assert await office.value("SELECT count(*) FROM loan") == 0
    again = await browser.fields_of(answer)
    assert again["title"] == "Bumi Manusia"
    assert again["csrf"] != stale["csrf"]
    assert (await browser.post("/loans", again)).status == 200
    assert await office.value("SELECT title FROM loan") == "Bumi Manusia"


async def test_machines_pass_without_cookie_and_get_plain_answers(office: Office) -> None:
    browser = office.browse()
    answer = await browser.client.post("/sync", data=b"\x93\x00frame")
    assert await answer.read() == b"\x93\x00frame"
    assert "Set-Cookie" not in answer.headers
    answer = await browser.client.post("/sync-bug", data=b"")
    assert answer.status == 500
    assert (await answer.text()).startswith("internal ")
    assert answer.content_type == "text/plain"


async def test_a_public_form_needs_its_token_too(office: Office) -> None:
    browser = office.browse()
    fields = await browser.filled("/search", q="laskar")
    assert "laskar" in await (await browser.post("/search", fields)).text()
    assert (await browser.post("/search", {"q": "laskar"})).status == 403
    stranger = office.browse()
    assert (await stranger.post("/search", fields)).status == 403


async def test_a_public_form_opened_before_signing_in_still_works(office: Office) -> None:
    browser = office.browse()
    fields = await browser.filled("/search", q="laskar")
    await browser.sign_in("reader")
    assert (await browser.post("/search", fields)).status == 200


@pytest.mark.parametrize("path", ["/login", "/nowhere", "/bug", "/static/office.css", "/search"])
async def test_every_answer_carries_the_security_headers(office: Office, path: str) -> None:
    answer = await office.browse().get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "Server" not in answer.headers
    if "static" not in path:
        assert answer.headers["Cache-Control"] == "no-store"


async def test_cookies_are_out_of_reach_of_scripts_and_other_sites(office: Office) -> None:
    answer = await office.browse().sign_in("librarian", allow_redirects=False)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("login=")
    for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie
    assert "Secure" not in cookie


class TestBehindTls:
    @pytest.fixture
    def web_settings(self) -> WebSettings:
        return WebSettings(is_tls=True)

    async def test_cookies_travel_only_encrypted(self, office: Office) -> None:
        browser = office.browse()
        shown = await browser.get("/login")
        assert "Secure" in shown.headers["Set-Cookie"]
        # This client talks plain HTTP and rightly keeps no Secure cookie, so the test carries it by hand.
        cookies = {name: cookie.value for name, cookie in shown.cookies.items()}
        fields = await browser.fields_of(shown) | {"login": "librarian", "password": "perpustakaan-2021"}
        answer = await browser.post("/login", fields, cookies=cookies, allow_redirects=False)
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-login=")
        assert "Secure" in cookie


@pytest.mark.parametrize(
    ("candidate", "path"),
    [
        ("/loans?page=2", "/loans?page=2"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("/<script>", "/"),
        ("/é", "/"),
        ("/" + "x" * 600, "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_the_way_back_stays_on_this_server(candidate: str, path: str) -> None:
    assert local_path(candidate) == path


async def test_slow_and_parallel_visitors_do_not_share_anything(office: Office) -> None:
    browsers = [office.browse() for _ in ROLES]
    await asyncio.gather(*(browser.sign_in(role) for browser, role in zip(browsers, ROLES, strict=True)))

    async def name_on_page(browser: Any) -> str:
        text = await (await browser.get("/")).text()
        return next(role for role in ROLES if re.search(f'site-account-name"[^>]*>{role}<', text))

    assert await asyncio.gather(*(name_on_page(browser) for browser in browsers)) == list(ROLES)
