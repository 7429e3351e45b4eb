"""The roster file through the pages: report first, then confirm; twice is refused; the counter goes on meanwhile."""

import asyncio
import io
import time

import aiohttp
import openpyxl
import pytest

from tests.agent.office import Counter, words_of
from tests.agent.rosters import people, siak
from tests.chassis.conftest import Browser

FOLK = people(60, seed=8)


async def send(browser: Browser, content: bytes, name: str = "penduduk.csv") -> aiohttp.ClientResponse:
    data = aiohttp.FormData(quote_fields=False)
    for field, value in (await browser.fields_of(await browser.get("/residents/rosters"))).items():
        data.add_field(field, value)
    data.add_field("file", content, filename=name, content_type="text/csv")
    return await browser.post("/residents/rosters", data)


async def confirm(browser: Browser, report: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
    return await browser.post("/residents/rosters/confirm", await browser.fields_of(report))


async def test_a_roster_is_looked_at_and_then_taken_in(counter: Counter) -> None:
    clerk = await counter.browser()
    before = await counter.value("SELECT count(*) FROM op")
    content = siak(FOLK) + b"123;456;X" + b";" * 18
    report = await send(clerk, content)
    html = await report.text()
    assert report.status == 200, html
    assert "60 baru" in html
    assert "1 ditolak" in html
    assert await counter.value("SELECT count(*) FROM op") == before, "nothing is written before the clerk says so"
    done = await confirm(clerk, report)
    assert "60 baru" in await done.text()
    assert await counter.value("SELECT count(*) FROM op") == before + 60
    again = await send(clerk, content)
    assert "sudah diimpor sebelumnya" in await again.text()
    assert again.url.path == done.url.path
    longer = await send(clerk, siak(FOLK, Pekerjaan="NELAYAN"))
    assert "60 berubah" in await longer.text()
    await confirm(clerk, longer)
    assert await counter.value("SELECT count(*) FROM resident WHERE occupation = 'NELAYAN'") == 60
    assert await counter.value("SELECT count(*) FROM resident") == 60 + len(counter.people)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Pilih berkas"),
        (b"PK\x03\x04", "tidak dapat dibaca sebagai lembar kerja"),
        (b"%PDF", "bukan CSV"),
        (siak(FOLK, NIK="3.51E+15"), "rusak oleh program"),
    ],
)
async def test_a_wrong_file_is_answered_with_the_cure(counter: Counter, content: bytes, words: str) -> None:
    answer = await send(await counter.browser(), content)
    assert answer.status == 422
    assert words in words_of(await answer.text())


async def test_a_workbook_is_taken_as_it_is(counter: Counter) -> None:
    book = openpyxl.Workbook()
    for line in siak(FOLK).decode().splitlines():
        book.active.append([int(cell) if cell.isdigit() and len(cell) == 16 else cell for cell in line.split(";")])
    out = io.BytesIO()
    book.save(out)
    clerk = await counter.browser()
    report = await send(clerk, out.getvalue(), "penduduk.xlsx")
    assert "60 baru" in await report.text()
    assert (await confirm(clerk, report)).status == 200
    assert await counter.value("SELECT count(*) FROM resident WHERE nik = $1", FOLK[0].nik) == 1
    assert "sudah diimpor sebelumnya" in await (await send(clerk, out.getvalue())).text()


async def test_a_report_shows_no_number_or_name_in_full(counter: Counter) -> None:
    wrong = siak(FOLK, RT="ABCDE", **{"Nomor KK": "35102512034400", "Ibu": "1BU RAHASIA"})
    html = await (await send(await counter.browser(), wrong)).text()
    assert "not_a" not in html
    for person in FOLK:
        assert person.nik not in html
        assert person.name not in html
    assert "35102512034400" not in html
    assert "RAHASIA" not in html


async def test_people_with_a_placeholder_come_in_once_however_often_they_are_sent(counter: Counter) -> None:
    clerk = await counter.browser()
    await confirm(clerk, await send(clerk, siak(FOLK[:5], NIK="9999999999999999")))
    report = await send(clerk, siak(FOLK[:6], NIK="9999999999999999"))
    words = words_of(await report.text())
    assert "5 sama" in words
    assert "1 baru" in words
    await confirm(clerk, report)
    assert await counter.value("SELECT count(*) FROM resident WHERE nik = '9999999999999999'") == 6


async def test_only_who_sent_a_file_may_confirm_it(counter: Counter) -> None:
    clerk, head = await counter.browser(), await counter.browser("head")
    sent = await clerk.fields_of(await send(clerk, siak(FOLK)))
    own = await head.fields_of(await head.get("/residents/rosters"))
    answer = await head.post("/residents/rosters/confirm", {**sent, "csrf": own["csrf"]})
    assert answer.status == 422
    assert await counter.value("SELECT count(*) FROM roster_import") == 0


async def test_an_import_that_was_cut_off_is_done_again_without_doubles(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.store.rosters.BATCH_ROWS", 10)
    clerk = await counter.browser()
    written, stop = counter.store.write, 3

    async def failing(work: object) -> object:
        nonlocal stop
        stop -= 1
        if stop < 0:
            raise RuntimeError("the power went")
        return await written(work)  # type: ignore[arg-type]

    monkeypatch.setattr(counter.store, "write", failing)
    assert (await confirm(clerk, await send(clerk, siak(FOLK)))).status == 500
    monkeypatch.setattr(counter.store, "write", written)
    report = await send(clerk, siak(FOLK))
    assert "30 sama" in words_of(await report.text())
    await confirm(clerk, report)
    assert await counter.value("SELECT count(*) FROM resident") == 60 + len(counter.people)


async def test_the_counter_serves_while_a_roster_comes_in(counter: Counter) -> None:
    clerk, other = await counter.browser(), await counter.browser("secretary")
    report = await send(clerk, siak(people(1500, seed=9)))
    importing = asyncio.create_task(confirm(clerk, report))
    slowest = 0.0
    served = 0
    while not importing.done():
        started = time.perf_counter()
        assert (await other.get("/residents/new")).status == 200
        slowest, served = max(slowest, time.perf_counter() - started), served + 1
    assert (await importing).status == 200
    assert served > 3
    assert slowest < 0.5
