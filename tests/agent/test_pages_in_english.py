"""Every page of the counter and the kiosk for a reader of English: nothing is left in Indonesian but data and papers.

The catalogue is replaced by one that puts every sentence in brackets; what a page shows outside of them must be data.
"""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient, TestServer

from agent.config import Kiosk
from agent.domain.residents import MARITAL_STATUSES, RELATIONS, RELIGIONS
from agent.domain.sheets import letterhead_lines, office_address
from agent.web.kiosk import build_kiosk_app
from chassis.database import Connection
from chassis.signing import Key
from chassis.web import choice
from language.catalogue import ENGLISH, catalogue
from tests.agent import test_web_counter
from tests.agent.editions import BBM, SKTM, changed, states
from tests.agent.office import Counter, open_counter, tell, words_of
from tests.agent.pictures import photograph
from tests.browser import test_counter
from tests.chassis.conftest import Browser
from tests.page_words import Bracketing, Outside

PAPERS = re.compile(r"/(?:pdf|xlsx|csv|slip)$")
BOOKS = "/registers/"
"""Registers are official books: what stands in their lines is shown as it is printed."""
COOKIE = {"Cookie": f"{choice.LANGUAGE_COOKIE}={ENGLISH}"}
AS_ON_CARDS = {*RELIGIONS, *MARITAL_STATUSES, *RELATIONS, "NIK", "KK", "RT", "RW", "RT/RW"}
"""Words of the family card, which people must find again in the form as the card prints them."""
DATA = re.compile(
    r"\d+: NIK|Paket pangan Mei-Juli 2021|Sudah terdaftar sebagai penerima PKH .*|H\. AHMAD FAUZI, S\.Sos\.|[A-Z0-9-]{13}"
    r"|DUSUN [A-Z]+, RT \d+ RW \d+|melamar kerja|RSUD Blambangan|keperluan \d|Camat|Undangan|Rumah"
    r"|S\*\*\* C\*{5}|SITI CONTOH|Dusun Krajan, dekat balai|Kehilangan pekerjaan sejak Maret"
    r"|not_found|forbidden|kind_withdrawn"
)
"""The samples' own: a cycle, the centre's sentence, a signer, a receipt code, addresses, what was typed, a report; codes."""
TYPED = ("a", "nothing at all", "nomor 1", "surat sktm a", "surat sktm", "batal", "usul")


@pytest.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Counter]:
    opened = await open_counter(tmp_path, persons=30, kiosk=Kiosk(port=8090))
    yield opened
    await opened.close()


class Reader:
    """Walks pages with the English cookie and keeps what it saw, by a name for each page."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.seen: dict[str, str] = {}

    async def get(self, path: str) -> ClientResponse:
        return await self._keep(path.partition("?")[0], await self.browser.get(path))

    async def send(self, path: str, name: str, /, **values: str) -> ClientResponse:
        """The page's last form as it stands, with `values`."""
        answer = await self.browser.get(path)
        return await self.press(answer, path, name, **values)

    async def press(self, answer: ClientResponse, path: str, name: str, /, **values: str) -> ClientResponse:
        form = re.findall(r'<form[^>]*method="post"[^>]*>', await answer.text())[-1]
        action = re.search(r'action="([^"]*)"', form)
        fields = await self.browser.fields_of(answer)
        return await self._keep(
            name, await self.browser.post(unescape(action[1]) if action else path, {**fields, **values})
        )

    async def _keep(self, name: str, answer: ClientResponse) -> ClientResponse:
        if answer.content_type == "text/html":
            self.seen[name] = await answer.text()
        return answer


async def english(counter: Counter, login: str) -> Reader:
    browser = await counter.browser(login)
    browser.client.session.cookie_jar.update_cookies({choice.LANGUAGE_COOKIE: ENGLISH})
    return Reader(browser)


async def walk_counter(counter: Counter) -> dict[str, str]:
    await test_counter.fill_books(counter)
    found = await test_web_counter.paths(counter, await counter.browser())
    head, somebody = await english(counter, "head"), counter.somebody
    for path in [path for path in found.values() if not PAPERS.search(path)] + ["/no-such-page"]:
        await head.get(path)
    await head.get("/residents/new?arrival=born")
    await head.get(found["/letters/{id}/dossier/{dossier}/result"].partition("/dossier")[0])
    letter = found["/letters/{id}"]
    for name, content in (("no photo", b"%PDF-1.7"), ("photo", b""), ("same photo", b"")):
        await head._keep(name, await counter.attach(head.browser, letter, content=content))
    photo = re.findall(r'action="(/attachments/[^"]*)"', head.seen["same photo"])[-1]
    fields = await head.browser.fields_of(await head.browser.get(f"{letter}/attachments"))
    for reason in ("x", "foto buram"):
        await head._keep(f"removed {reason}", await head.browser.post(photo, {**fields, "reason": reason}))
    for kind in counter.office.kinds:
        path = f"/letters/new?kind={kind}&resident={somebody}"
        head.seen[f"form {kind}"] = await (await head.browser.get(path)).text()
        await head.send(path, f"check {kind}")
    await head.send(f"/letters/new?kind=skd&resident={somebody}", "letter to check", purpose="melamar kerja")
    for typed in TYPED:
        await head.send("/", f"typed {typed}", q=typed)
    for path, values in {
        "/residents/new": {"nik": "12"},
        found["/residents/{id}/edit"]: {"name": "", "rt": "xx"},
        found["/residents/{id}/card"]: {},
        found["/residents/{id}/events/new"]: {"happened_on": "x"},
        found["/letters/{id}/void"]: {},
        found["/letters/{id}/hand-over"]: {},
        found["/requests/{id}"]: {"move": "close", "reason": ""},
        found["/proposals/new"]: {},
        found["/proposals/{id}/object"]: {},
        "/registers/incoming/new": {},
        "/deliberations/new": {},
        "/residents/rosters": {},
        "/proposals/file": {},
        "/worklist": {"code": "7"},
        "/verify": {"code": "x"},
    }.items():
        await head.send(path, f"errors {path}", **values)
    incoming = {"received_on": "17-05-2021", "sender": "Camat", "subject": "Undangan"}
    await head.send("/registers/incoming/new", "incoming to check", **incoming)
    event = {"happened_on": "01-05-2021", "place": "Rumah"}
    await head.send(found["/residents/{id}/events/new"], "event to check", **event)
    forged = changed(SKTM, Key.from_seed(b"\x09" * 32).sign, version=SKTM.version + 1)
    await tell(
        counter.store,
        "regency",
        states(SKTM, BBM, changed(BBM, version=101, is_retired=True, valid_from="2021-05-17"), forged),
        counter.stamps.ms,
    )
    for path in ("/", "/sync", f"/letters/new?kind={BBM.kind}&resident={somebody}"):
        head.seen[f"published {path}"] = await (await head.browser.get(path)).text()
    stranger = await english(counter, "")
    await stranger.get("/login")
    await stranger.send("/login", "wrong password", login="x", password="y")
    return {**head.seen, **stranger.seen}


async def walk_kiosk(counter: Counter) -> dict[str, str]:
    server = TestServer(build_kiosk_app(counter.office))
    await server.start_server()
    browser = Browser(TestClient(server), headers=COOKIE)
    visitor, nik = Reader(browser), next(iter(counter.people))
    mother = await counter.value("SELECT mother FROM resident WHERE nik = $1", nik)
    start = await visitor._keep("kiosk", await browser.get("/", headers=COOKIE))
    await visitor.press(start, "/", "kiosk, no NIK", number="12")
    name = await visitor.press(start, "/", "kiosk, name", number=nik)
    await visitor.press(name, "/", "kiosk, wrong name", mother="ZZZ")
    uses = await visitor.press(name, "/", "kiosk, uses", mother=mother)
    letters = await visitor.press(uses, "/", "kiosk, letters", group="Umum")
    visit = await browser.fields_of(letters)
    chosen = await browser.post("/letter", {**visit, "kind": "skd"})  # the page's last form leads back to all uses
    purpose = await visitor._keep("kiosk, purpose", chosen)
    await visitor.press(purpose, "/", "kiosk, no purpose", purpose="")
    await visitor.press(purpose, "/", "kiosk, queue", purpose="sekolah")
    for name_, content in (("kiosk, photo refused", b"%PDF-1.7"), ("kiosk, photo sent", photograph(300, 200))):
        sent = FormData({**visit, "document": "KTP"})
        sent.add_field("photo", content, filename="IMG.jpg", content_type="image/jpeg")
        await visitor._keep(name_, await browser.post("/photo", sent, allow_redirects=False))
    assert {"kiosk, purpose", "kiosk, photo refused", "kiosk, photo sent"} <= visitor.seen.keys()
    await browser.client.close()
    await server.close()
    return visitor.seen


async def data_of(counter: Counter) -> set[str]:
    """Every text in the village's database."""

    async def look(connection: Connection) -> set[str]:
        found: set[str] = set()
        for table in await connection.fetch_all("SELECT name FROM sqlite_master WHERE type = 'table'"):
            rows: list[Any] = list(await connection.fetch_all(f'SELECT * FROM "{table["name"]}"'))
            found |= {value for row in rows for value in dict(row).values() if isinstance(value, str)}
        return found

    return await counter.store.database.read(look)


async def test_pages_show_nothing_untranslated_but_data(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "catalogue", lambda language: Bracketing() if language == ENGLISH else {})
    seen = {**await walk_counter(counter), **await walk_kiosk(counter)}
    assert len(seen) > 120
    known = {
        *await data_of(counter),
        *AS_ON_CARDS,
        *letterhead_lines(counter.office.settings.letterhead()),
        office_address(counter.office.settings.letterhead()),
        counter.office.settings.home.place.split(",")[0],
        "Bahasa Indonesia",
    }
    known |= {f"{each} - {counter.office.settings.home.place.split(',')[0]}" for each in known}
    left: dict[str, str] = {}
    for name, html in seen.items():
        page = Outside()
        page.feed(html)
        assert page.has_brackets, f"{name} is not in English at all"
        assert '<html lang="en">' in html or "<html" not in html, name
        shown = page.said if name.startswith(BOOKS) else page.said + page.cells
        left |= {words: name for words in shown if words not in known and not DATA.fullmatch(words)}
    assert not left, "\n".join(f"{name}: {words!r}" for words, name in left.items())


async def test_nobody_reads_english_who_did_not_ask(counter: Counter) -> None:
    clerk = await counter.browser()
    page = await (await clerk.get("/letters?page=1", headers={"Accept-Language": "en-GB,en;q=0.9"})).text()
    assert '<html lang="id">' in page
    assert "Surat terbit" in words_of(page)
    link = re.search(r'href="(/language/en\?[^"]*)"', page)
    assert link
    answer = await clerk.get(unescape(link[1]), allow_redirects=False)
    assert answer.headers["Location"] == "/letters?page=1"
    set_cookie = answer.headers["Set-Cookie"]
    assert "language=en" in set_cookie
    assert "HttpOnly" in set_cookie
    assert "SameSite=Strict" in set_cookie
    assert "Issued letters" in words_of(await (await clerk.get("/letters")).text())
    assert "Surat terbit" in words_of(await (await (await counter.browser()).get("/letters")).text())
    away = await clerk.get("/language/id?next=https://jahat.example/", allow_redirects=False)
    assert away.headers["Location"] == "/"
    assert "Surat terbit" in words_of(await (await clerk.get("/letters")).text())
    assert (await clerk.get("/language/nl")).status == 404


async def test_notices_after_a_form_and_refusals_are_in_english(counter: Counter) -> None:
    clerk = await counter.browser()
    clerk.client.session.cookie_jar.update_cookies({choice.LANGUAGE_COOKIE: ENGLISH})
    path = await counter.ask(clerk, later="1")
    assert catalogue(ENGLISH)["Permohonan tercatat."] in words_of(await (await clerk.get(path)).text())
    missing = await clerk.get("/no-such-page")
    assert missing.status == 404
    assert "There is no such page." in words_of(await missing.text())


async def test_papers_stay_indonesian(counter: Counter) -> None:
    clerk, head = await counter.browser(), await counter.browser("head")
    letter = await counter.issue(clerk)
    papers = [f"{letter}/pdf", "/registers/outgoing/csv", "/registers/outgoing/pdf", "/registers/residents/csv"]
    before = [await (await head.get(path)).read() for path in papers]
    head.client.session.cookie_jar.update_cookies({choice.LANGUAGE_COOKIE: ENGLISH})
    assert "Issued letters" in words_of(await (await head.get("/letters")).text())
    assert [await (await head.get(path)).read() for path in papers] == before


async def test_the_kiosk_goes_back_to_indonesian_by_itself(counter: Counter) -> None:
    server = TestServer(build_kiosk_app(counter.office))
    await server.start_server()
    browser = Browser(TestClient(server))
    start = await browser.get("/")
    assert re.search(r'class="language" href="/language/en\?next=/" lang="en"', await start.text())
    chosen = await browser.get("/language/en?next=/", allow_redirects=False)
    assert "Max-Age" not in chosen.headers["Set-Cookie"]
    english_start = await browser.get("/", headers=COOKIE)
    assert "Ask for a letter yourself" in await english_start.text()
    back = english_start.headers["Refresh"].partition("url=")[2]
    again = await browser.get(back, allow_redirects=False)
    assert again.headers["Location"] == "/"
    assert "language=id" in again.headers["Set-Cookie"]
    await browser.client.close()
    await server.close()
