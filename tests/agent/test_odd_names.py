"""Ten odd names in every place of the village that takes one: refused with a cure or kept as typed, and never markup."""

from collections.abc import Awaitable, Callable
from html import escape

import pytest
from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient, TestServer

from agent.web.kiosk import build_kiosk_app
from tests.agent.office import CYCLE, Counter
from tests.agent.rosters import people, siak
from tests.agent.test_web_counter import NEW_RESIDENT
from tests.chassis.conftest import Browser

NAMES = {
    "empty": "",
    "one letter": "A",
    "300 letters": "A" * 300,
    "emoji": "SITI \U0001f600",
    "right to left": "SI\u202eTI",
    "zero width": "SI\u200bTI",
    "nul": "SI\x00TI",
    "script": "<script>alert(1)</script>",
    "drop": "'; DROP TABLE op; --",
    "formula": "=cmd|' /C calc'!A0",
}
HIDDEN = ("right to left", "nul")
"""No keyboard produces them: the form itself is refused, before any field is read."""
UNPRINTABLE = ("emoji", "zero width")
NO_NAME = ("script", "drop", "formula")
"""Printable text, and nobody is called so."""

FROM_A_FILE = {"right to left": "SITI", "zero width": "SITI", "drop": ", DROP TABLE op, --"}
"""What spreadsheets leave in cells is taken away first: marks that nobody sees, and the apostrophe that makes a cell text."""

Ask = Callable[[Counter, Browser, str], Awaitable[ClientResponse]]


async def _of_father(counter: Counter, clerk: Browser, name: str) -> ClientResponse:
    form = await clerk.fields_of(await clerk.get("/residents/new"))
    nik = f"351025570890{await counter.value('SELECT 1000 + count(*) FROM resident')}"
    return await clerk.post("/residents/new", {**form, **NEW_RESIDENT, "nik": nik, "sex": "P", "father": name})


async def _of_chair(counter: Counter, clerk: Browser, name: str) -> ClientResponse:
    form = await clerk.fields_of(await clerk.get("/deliberations/new"))
    form |= {"number": "140/05/2021", "held_on": "10-05-2021", "place": "Balai desa", "attendance": "43"}
    return await clerk.post("/deliberations/new", {**form, "cycles": CYCLE.code, "summary": "Sepakat.", "chair": name})


async def _of_heir(counter: Counter, clerk: Browser, name: str) -> ClientResponse:
    page = f"/letters/new?kind=ahli_waris&resident={counter.somebody}"
    form = await clerk.fields_of(await clerk.get(page))
    form |= {"deceased.name": "SURATNO", "heirs.name": name, "heirs.note": "anak", "witnesses.name": "SLAMET"}
    return await clerk.post("/letters/check", form)


async def _of_sender(counter: Counter, clerk: Browser, name: str) -> ClientResponse:
    form = await clerk.fields_of(await clerk.get("/registers/incoming/new"))
    typed = {"received_on": "17-05-2021", "sender": name, "subject": "Undangan"}
    return await clerk.post("/registers/incoming/check", {**form, **typed})


async def _of_recipient(counter: Counter, clerk: Browser, name: str) -> ClientResponse:
    letter = await counter.issue(clerk)
    form = await clerk.fields_of(await clerk.get(f"{letter}/hand-over"))
    answer = await clerk.post(f"{letter}/hand-over", {**form, "recipient": name, "handed_on": "17-05-2021"})
    return await clerk.get("/registers/expedition") if answer.status == 200 else answer


def escaped(name: str) -> str:
    return escape(name).replace("&#x27;", "&#39;")


@pytest.mark.parametrize("ask", [_of_father, _of_chair, _of_heir])
async def test_a_field_for_a_name(counter: Counter, ask: Ask) -> None:
    clerk = await counter.browser()
    for what, name in NAMES.items():
        answer = await ask(counter, clerk, name)
        html = await answer.text()
        assert "<script>alert" not in html, what
        if what in HIDDEN:
            assert answer.status == 400, what
        elif what in UNPRINTABLE + NO_NAME:
            assert (answer.status, 'class="error-summary"' in html) == (422, True), what
            assert escaped(name) in html, f"{what}: what was typed stays"
        elif what == "300 letters" and answer.status == 422:
            assert "paling panjang" in html, "shorter than a resident's name may be"
        elif what != "empty":
            assert answer.status == 200, what
            assert 'class="error-summary"' not in html, what


@pytest.mark.parametrize("ask", [_of_sender, _of_recipient])
async def test_a_field_for_an_office_or_a_name(counter: Counter, ask: Ask) -> None:
    """Offices are called anything that prints; it stands on the page and in the book as it was typed."""
    clerk = await counter.browser()
    for what, name in NAMES.items():
        answer = await ask(counter, clerk, name)
        html = await answer.text()
        assert "<script>alert" not in html, what
        expected = 400 if what in HIDDEN else 422 if what in (*UNPRINTABLE, "empty") else 200
        assert answer.status == expected, (what, answer.status)
        if answer.status == 200:
            assert escaped(name) in html, what
    book = (await (await clerk.get("/registers/expedition/csv")).read()).decode("utf-8-sig")
    assert ";=cmd" not in book
    assert ';"=cmd' not in book


@pytest.mark.parametrize(("what", "name"), NAMES.items(), ids=NAMES)
async def test_a_name_in_a_roster_file(counter: Counter, what: str, name: str) -> None:
    clerk = await counter.browser()
    form = FormData(await clerk.fields_of(await clerk.get("/residents/rosters")))
    content = siak(people(1), **{"Nama Penduduk": name.replace(";", ",")})
    form.add_field("file", content, filename="daftar.csv", content_type="text/csv")
    report = await clerk.post("/residents/rosters", form)
    html = await report.text()
    assert "<script>alert" not in html
    if what in ("empty", "nul", "emoji", "script", "formula"):
        assert "1 ditolak" in html
    else:
        assert "1 baru" in html
        await clerk.post("/residents/rosters/confirm", await clerk.fields_of(report))
        kept = await counter.value("SELECT name FROM resident WHERE nik = $1", people(1)[0].nik)
        assert kept == FROM_A_FILE.get(what, name)


async def test_what_is_searched_for_and_who_signs_in(counter: Counter) -> None:
    clerk, stranger = await counter.browser(), await counter.browser("")
    for what, name in NAMES.items():
        found = await clerk.post("/", {**await clerk.fields_of(await clerk.get("/")), "q": name})
        tried = await stranger.fields_of(await stranger.get("/login"))
        refused = await stranger.post("/login", {**tried, "login": name, "password": name})
        assert found.status == (400 if what in HIDDEN else 200), what
        assert refused.status in ((400,) if what in HIDDEN else (401, 422, 429)), (what, refused.status)
        for answer in (found, refused):
            assert "<script>alert" not in await answer.text(), what


async def test_the_mothers_name_at_the_kiosk(counter: Counter) -> None:
    async with TestClient(TestServer(build_kiosk_app(counter.office))) as client:
        kiosk = Browser(client)
        for what, name in NAMES.items():
            asked = await kiosk.post("/number", {"number": next(iter(counter.people))})
            answer = await kiosk.post("/name", {**await kiosk.fields_of(asked), "mother": name})
            assert answer.status in (400, 422, 429), (what, answer.status)
            assert "<script>alert" not in await answer.text(), what
    assert await counter.value("SELECT count(*) FROM letter_request") == 0
