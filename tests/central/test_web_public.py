"""The public pages on a real server: what anybody may do there, and that nobody learns anything about anybody."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from central.store import reports
from central.web.desk import Desk
from central.web.public import build_public_app, pace, site
from central.web.public import seals as seal_pages
from central.web.public.pace import Pace, source_of
from chassis.database import SqliteDatabase
from protocol import seal
from protocol.ops import StatusPinGiven
from protocol.receipts import parse_receipt_code, pin_verifier, receipt_code
from tests.central.desk import DAY_MS, DESA, OTHER_DESA, PANGAN, RULES, Machine, Regency, migrations, nik, siksng_row
from tests.chassis.conftest import Browser

PAGE_BYTES_MAX = 20_000
"""Telephones on a thin line; the style sheets come once."""
TYPED = {
    "cycle": PANGAN.code,
    "reported_for": "self",
    "name": "Siti Contoh",
    "nik": nik(1),
    "kk": "",
    "village": DESA,
    "address": "Dusun Krajan RT 1",
    "need": "Kehilangan pekerjaan sejak Maret",
    "contact": "0812-0000-0000",
}
FORM = "/report?district=351025"


@dataclass
class Square:
    """The public site being served. `mono`: its monotonic clock in ms; `told`: feeds that have news."""

    regency: Regency
    app: web.Application
    browser: Browser
    mono: SimpleNamespace
    told: list[str]

    async def text(self, path: str = "/") -> str:
        answer = await self.browser.get(path)
        assert answer.status == 200
        return words(await answer.text())

    async def send(self, **changes: str) -> tuple[int, str]:
        fields = await self.browser.fields_of(await self.browser.get(FORM))
        answer = await self.browser.post("/report", fields | TYPED | changes)
        return answer.status, await answer.text()

    async def kept(self) -> int:
        return int(await self.regency.value("SELECT count(*) FROM report"))


def words(html: str) -> str:
    main = html.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def code_of(html: str) -> str:
    found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{3}", html)
    assert found, html
    return found[0]


@pytest.fixture
async def square(tmp_path: Path) -> AsyncIterator[Square]:
    regency = Regency(await SqliteDatabase.open(tmp_path / "centre.db", migrations()))
    await regency.put_cycle()
    mono, told = SimpleNamespace(at_ms=0), list[str]()
    desk = Desk(regency.database, regency.clock, RULES, told.append)
    app = build_public_app(desk, is_proxied=False, mono_ms=lambda: mono.at_ms, answer_seconds=0)
    server = TestServer(app)
    await server.start_server()
    browser = Browser(TestClient(server, cookie_jar=CookieJar(unsafe=True)))
    yield Square(regency, app, browser, mono, told)
    await browser.client.close()
    await server.close()
    await regency.database.close()


async def test_a_report_is_kept_its_village_told_and_its_reporter_given_a_code(square: Square) -> None:
    status, html = await square.send()
    assert status == 200
    assert "Laporan diterima" in html
    span = parse_receipt_code(code_of(html))
    assert span is not None
    (line,) = await square.regency.database.read(lambda c: reports.lines(c, "", 1))
    assert span[0] <= line.id <= span[1]
    assert line.answer == "uncovered"
    assert square.told == [DESA]


async def test_the_answer_is_the_same_whoever_is_reported(square: Square) -> None:
    await square.regency.import_list(siksng_row(nik(2), "", "DEWI RAHAYU"))
    answers = {}
    for name, typed in {
        "uncovered": {},
        "covered": {"nik": nik(2), "name": "Dewi Rahayu"},
        "unknown": {"nik": "", "name": "Budi"},
        "repeated": {},
    }.items():
        status, html = await square.send(**typed)
        assert status == 200
        answers[name] = html.replace(code_of(html), "CODE")
    counts = await square.regency.database.read(reports.counts)
    assert (counts["covered"], counts["repeated"], counts["waiting"]) == (1, 1, 2)
    assert len(set(answers.values())) == 1
    assert square.told == [DESA, DESA], "what is covered or repeated wakes no village"


async def test_nor_does_it_come_sooner(square: Square) -> None:
    patient = build_public_app(Desk(square.regency.database, square.regency.clock, RULES), is_proxied=False)
    async with TestClient(TestServer(patient)) as client:
        browser = Browser(client)
        fields = await browser.fields_of(await browser.get(FORM))
        began = time.monotonic()
        assert (await browser.post("/report", fields | TYPED)).status == 200
        assert time.monotonic() - began >= site.ANSWER_SECONDS


async def test_a_form_sent_twice_gives_one_report_and_one_code(square: Square) -> None:
    fields = await square.browser.fields_of(await square.browser.get(FORM))
    sent = await asyncio.gather(*(square.browser.post("/report", fields | TYPED) for _ in range(3)))
    assert len({code_of(await answer.text()) for answer in sent}) == 1
    assert await square.kept() == 1


async def test_what_is_wrong_is_listed_with_its_cure_and_what_was_right_stays(square: Square) -> None:
    status, html = await square.send(name="", nik="123", need="lapar", reported_for="")
    assert status == 422
    for field in ("name", "nik", "need", "reported_for"):
        assert f'href="#{field}"' in html
        assert f'id="{field}"' in html
    assert "Ada yang perlu diperbaiki" in html
    assert 'value="Dusun Krajan RT 1"' in html
    assert re.search(rf'<option value="{DESA}" selected', html)
    assert await square.kept() == 0


async def test_villages_are_offered_by_district_and_a_wrong_district_asks_again(square: Square) -> None:
    _, html = 200, await (await square.browser.get(FORM)).text()
    assert DESA in html
    assert OTHER_DESA not in html
    for wrong in ("", "351099", "x", "<script>"):
        answer = await square.browser.get("/report", params={"district": wrong})
        assert answer.status == 422
        assert "Kecamatan: pilih kecamatan" in await answer.text()


async def test_outside_of_a_window_nothing_is_asked_and_nothing_kept(square: Square) -> None:
    fields = await square.browser.fields_of(await square.browser.get(FORM))
    square.regency.clock.at_ms = PANGAN.closes_ms
    assert "tidak ada masa laporan" in await square.text()
    assert "tidak ada masa laporan" in await square.text(FORM)
    late = await square.browser.post("/report", fields | TYPED)
    assert "tidak ada masa laporan" in await late.text()
    assert await square.kept() == 0
    square.regency.clock.at_ms = PANGAN.opens_ms - DAY_MS
    assert "Berikutnya: Paket pangan Mei-Juli 2021" in await square.text()


async def test_nothing_is_left_in_the_browser_and_no_page_leads_out(square: Square) -> None:
    for path in ("/", FORM, "/status", "/decisions"):
        answer = await square.browser.get(path)
        html = await answer.text()
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "<script" not in html
        assert len(html.encode()) < PAGE_BYTES_MAX
        assert all(link.startswith(("/", "#")) for link in re.findall(r'(?:href|action|src)="([^"]*)"', html))
    routes = {r.resource.canonical for r in square.app.router.routes() if r.resource is not None}
    pages = {"/", "/report", "/status", "/verify", "/decisions"}
    assert routes == pages | {"/verify/list", "/verify-worker.js", "/static/{name}"}, "a new page must be added here"
    for path in ("/login", "/reports", "/fleet", "/nowhere"):
        assert (await square.browser.get(path)).status == 404


async def test_a_foreign_page_cannot_report_and_rubbish_is_refused(square: Square) -> None:
    fields = await square.browser.fields_of(await square.browser.get(FORM))
    foreign = await square.browser.post("/report", fields | TYPED, headers={"Origin": "https://jahat.example"})
    assert foreign.status == 403
    assert (await square.browser.post("/report", TYPED)).status == 400, "no form key"
    assert (await square.browser.post("/report", fields | TYPED | {"need": "x" * 20_000})).status in {413, 422}
    assert (await square.browser.post("/report", fields | TYPED | {"need": "a\x00b" * 5})).status == 400
    assert await square.kept() == 0


async def test_no_log_line_carries_what_was_typed(square: Square, capsys: pytest.CaptureFixture[str]) -> None:
    await square.send()
    await square.send(name="", need="RAHASIA " * 3)
    out, err = capsys.readouterr()
    assert nik(1) not in out + err
    assert "Siti" not in out + err
    assert "RAHASIA" not in out + err


async def test_an_address_that_sends_too_much_waits_and_may_then_go_on(square: Square) -> None:
    fields = await square.browser.fields_of(await square.browser.get(FORM))
    wrong = fields | TYPED | {"name": ""}
    answers = [await square.browser.post("/report", wrong) for _ in range(site.REPORTS.burst + 1)]
    assert [a.status for a in answers] == [422] * site.REPORTS.burst + [429]
    assert answers[-1].headers["Retry-After"] == "180"
    assert "Tunggu sebentar" in await answers[-1].text()
    assert (await square.browser.get("/")).status == 200, "pages can still be read"
    square.mono.at_ms += 180_000
    assert (await square.browser.post("/report", wrong)).status == 422
    assert (await square.browser.post("/report", wrong)).status == 429


async def test_pages_have_a_pace_too(square: Square) -> None:
    statuses = [(await square.browser.get("/")).status for _ in range(site.PAGES.burst + 1)]
    assert statuses == [200] * site.PAGES.burst + [429]


# --- status -------------------------------------------------------------------------------------------------------------

PIN = "4821-0937"


async def proposed(square: Square, *, pin: str = "48210937") -> tuple[Machine, bytes]:
    """A proposal that was refused, and a PIN given for it."""
    machine = await square.regency.enrol(DESA)
    await square.regency.greet(machine)
    machine.open_log()
    await square.regency.import_list(siksng_row(nik(2), "", "DEWI RAHAYU"))
    proposal = machine.propose(nik=nik(2), kk="", name="DEWI RAHAYU").record_id
    give(machine, proposal, pin)
    await square.regency.send(machine)
    await square.regency.settle()
    return machine, proposal


def give(machine: Machine, proposal: bytes, pin: str) -> None:
    salt = machine.salt()
    machine.write(StatusPinGiven(salt, proposal, pin_verifier(salt, proposal, pin), "sri"))


async def status(square: Square, code: str, pin: str) -> tuple[int, str]:
    answer = await square.browser.post("/status", {"code": code, "pin": pin}, headers=await own(square))
    return answer.status, await answer.text()


async def own(square: Square) -> dict[str, str]:
    return {"Origin": str(square.browser.client.make_url("")).rstrip("/")}


async def test_whoever_has_code_and_pin_reads_the_answer_and_nobodys_data(square: Square) -> None:
    _, proposal = await proposed(square)
    code, html = await status(square, receipt_code(proposal), PIN)
    assert code == 200
    text = words(html)
    for said in ("Ditolak", "Sudah terdaftar sebagai penerima Program Keluarga Harapan", "Batas sanggahan 17 Mei 2021"):
        assert said in text, said
    for secret in (nik(2), "DEWI", "D***"):
        assert secret not in html
    looks = await square.regency.rows("SELECT actor, subject FROM access_log WHERE action = 'view_status'")
    assert looks == [("public", proposal.hex())]


async def test_a_wrong_code_and_a_wrong_pin_are_answered_alike(square: Square) -> None:
    _, proposal = await proposed(square)
    right = receipt_code(proposal)
    answers = {
        "pin": await status(square, right, "4821-0938"),
        "code": await status(square, receipt_code(b"n" * 16), PIN),
    }
    assert {status for status, _ in answers.values()} == {422}
    html = {html.replace(right, "CODE").replace(receipt_code(b"n" * 16), "CODE") for _, html in answers.values()}
    assert len(html) == 1
    for code, pin, said in (
        (right[:-1] + "?", PIN, "ada huruf yang salah"),
        (right, "123", "PIN: tulis delapan angka"),
    ):
        refused, page = await status(square, code, pin)
        assert refused == 422
        assert said in page
        assert f'value="{pin}"' not in page


async def test_only_the_newest_pin_of_the_proposals_own_village_opens(square: Square) -> None:
    machine, proposal = await proposed(square)
    thief = await square.regency.enrol(OTHER_DESA)
    await square.regency.greet(thief)
    thief.open_log()
    give(thief, proposal, "11111111")
    await square.regency.send(thief)
    first = len(machine.ops) + 1
    give(machine, proposal, "22222222")
    await square.regency.send(machine, first)
    await square.regency.settle()
    code = receipt_code(proposal)
    assert [(await status(square, code, pin))[0] for pin in ("11111111", "48210937", "22222222")] == [422, 422, 200]


async def test_guessing_is_slowed_down_and_a_resident_is_not_shut_out(square: Square) -> None:
    _, proposal = await proposed(square)
    code = receipt_code(proposal)
    for n in range(5):
        assert (await status(square, code, f"{n:08}"))[0] == 422
    refused, html = await status(square, code, PIN)
    assert refused == 422
    assert "Tunggu 1 detik" in html, "the right PIN too: an answer would tell that it is right"
    square.regency.clock.advance(seconds=1)
    assert (await status(square, code, PIN))[0] == 200


# --- letters ------------------------------------------------------------------------------------------------------------

LETTER = b"L" * 16


def sealed(machine: Machine, village: str = DESA, letter: bytes = LETTER, **changes: date | None) -> str:
    """The code of a letter that a village's machine issued."""
    usual: dict[str, Any] = {"issued_on": date(2021, 5, 3), "valid_until": date(2021, 8, 3)}
    made = seal.make(
        letter=letter,
        kind="sktm",
        number="470/001/429.508.03/2021",
        village=village,
        name="SITI CONTOH",
        nik=nik(1),
        words=["SITI CONTOH"],
        salt=b"s" * 16,
        **usual | changes,
    )
    return seal.write(made, machine.key.public, machine.key.sign)


async def verify_page(square: Square, code: str) -> str:
    answer = await square.browser.post("/verify", {"code": code}, headers=await own(square))
    assert answer.status == 200
    return words(await answer.text())


async def test_without_scripts_the_server_says_whether_a_letter_is_genuine(
    square: Square, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal_pages, "LIST_SECONDS", -1)
    machine = await square.regency.enrol(DESA)
    await square.regency.greet(machine)
    machine.open_log()
    code = sealed(machine)
    text = await verify_page(square, f" {code}\n")
    for said in ("Sah", "Desa Sukojati", "470/001/429.508.03/2021", "S*** C***", "3 Agustus 2021"):
        assert said in text, said
    assert "Kedaluwarsa" in await verify_page(square, sealed(machine, valid_until=date(2021, 5, 2)))
    assert "Kunci tak dikenal" in await verify_page(square, sealed(machine, village=OTHER_DESA))
    assert "Rusak" in await verify_page(square, code[:-1] + "%")
    assert "Rusak" in await verify_page(square, "SK1:<script>")
    machine.void(LETTER)
    await square.regency.send(machine)
    await square.regency.settle()
    assert "Dicabut" in await verify_page(square, code)
    empty = await square.browser.post("/verify", {"code": ""}, headers=await own(square))
    assert empty.status == 422
    assert 'href="#code"' in await empty.text()


async def test_the_list_names_keys_and_void_letters_and_the_worker_keeps_what_there_is(square: Square) -> None:
    machine = await square.regency.enrol(DESA)
    known = await (await square.browser.get("/verify/list")).json()
    (key,) = known["keys"].items()
    assert key == (
        seal.key_id(machine.key.public).hex(),
        {
            "village": DESA,
            "place": "Desa Sukojati, Kecamatan Blimbingsari",
            "public_key": machine.key.public.hex(),
            "revoked_day": None,
        },
    )
    assert (known["revoked"], known["as_of_ms"], known["days_max"]) == ([], square.regency.clock.at_ms, 7)
    worker = await (await square.browser.get("/verify-worker.js")).text()
    kept = re.findall(r'"(/[^"]+)"', worker.partition("FILES = [")[2].partition("]")[0])
    assert {"/verify", "/verify/list"} < set(kept)
    html = await (await square.browser.get("/verify")).text()
    assert set(re.findall(r'(?:src|href)="(/static/[^"]+)"', html)) == {each for each in kept if "static" in each}
    for each in kept:
        assert (await square.browser.get(each)).status == 200


# --- the pace by itself -------------------------------------------------------------------------------------------------


def test_addresses_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "SOURCES_MAX", 100)
    slow = Pace(burst=1, pause_ms=1_000)
    assert all(slow.wait_ms(str(n), 0) == 0 for n in range(250))
    assert len(slow._due) == 100
    assert slow.wait_ms("249", 0) == 1_000
    assert slow.wait_ms("249", 999) == 1
    assert slow.wait_ms("249", 1_000) == 0
    assert slow.wait_ms("0", 0) == 0, "forgotten"


@pytest.mark.parametrize(
    ("remote", "forwarded", "is_proxied", "source"),
    [
        ("203.0.113.9", "", False, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.7", False, "203.0.113.9"),
        ("127.0.0.1", "10.0.0.1, 198.51.100.7", True, "198.51.100.7"),
        ("127.0.0.1", "", True, "127.0.0.1"),
        ("127.0.0.1", "rubbish", True, "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "", False, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "", False, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "", False, "203.0.113.9"),
        (None, "", False, ""),
    ],
)
def test_whose_request_it_is(remote: str | None, forwarded: str, is_proxied: bool, source: str) -> None:
    assert source_of(remote, forwarded, is_proxied=is_proxied) == source
