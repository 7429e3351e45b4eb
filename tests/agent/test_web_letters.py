"""Letters at the counter: one form, one number; numbers without holes; nothing typed can harm a page or a paper."""

import asyncio
import io

import pytest
from pypdf import PdfReader

from protocol.messages import Mark
from tests.agent.office import DAY_MS, Counter, words_of
from tests.chassis.conftest import PASSWORD

NASTY = "<script>alert(1)</script> '; DROP TABLE letter; -- =cmd|' /C calc'!A0"


async def test_a_letter_from_search_to_paper(counter: Counter) -> None:
    clerk = await counter.browser()
    nik = next(iter(counter.people))
    found = await clerk.post(
        "/residents", {**await clerk.fields_of(await clerk.get("/")), "q": nik}, allow_redirects=False
    )
    assert found.headers["Location"] == f"/residents/{counter.somebody}"
    form = await clerk.fields_of(await clerk.get(f"/letters/new?kind=sktm&resident={counter.somebody}"))
    checked = await clerk.post("/letters/check", {**form, "purpose": "keringanan biaya sekolah"})
    picture = await clerk.get(f"/letters/preview/{form['form_key']}")
    assert picture.status == 200
    assert (await picture.text()).startswith("<svg")
    issued = await clerk.post("/letters", await clerk.fields_of(checked))
    assert "/001/429.508.03/2021" in await issued.text()
    for paper, height in (("A4", 842), ("F4", 935)):
        printed = await clerk.get(f"{issued.url.path}/pdf?paper={paper}")
        assert printed.headers["Content-Disposition"] == f'inline; filename="surat-{paper}.pdf"'
        sheet = PdfReader(io.BytesIO(await printed.read())).pages[0]
        assert round(float(sheet.mediabox.height)) == height
        assert nik in sheet.extract_text()
    copy = await clerk.get(f"{issued.url.path}/pdf?paper=A4&copy=1")
    mark = PdfReader(io.BytesIO(await copy.read())).pages[0].extract_text()
    assert "SALINAN" in mark.replace(" ", "")
    looks = await counter.value(
        "SELECT group_concat(action, ' ') FROM (SELECT action FROM access_log ORDER BY access_id)"
    )
    assert looks.split()[1:] == ["preview_letter", "print_letter", "print_letter", "print_copy"]


async def test_double_click_and_back_button_give_one_number(counter: Counter) -> None:
    clerk = await counter.browser()
    form = await clerk.fields_of(await clerk.get(f"/letters/new?kind=skd&resident={counter.somebody}"))
    ready = await clerk.fields_of(await clerk.post("/letters/check", {**form, "purpose": "rekening bank"}))
    answers = await asyncio.gather(*(clerk.post("/letters", ready, allow_redirects=False) for _ in range(10)))
    assert len({answer.headers["Location"] for answer in answers}) == 1
    again = await clerk.post("/letters", ready)
    assert "Tidak ada nomor baru" in words_of(await again.text())
    assert await counter.value("SELECT count(*) FROM letter") == 1


async def test_two_tabs_are_two_letters_only_when_both_are_issued(counter: Counter) -> None:
    clerk = await counter.browser()
    page = f"/letters/new?kind=skd&resident={counter.somebody}"
    tabs = [{**await clerk.fields_of(await clerk.get(page)), "purpose": "rekening bank"} for _ in range(2)]
    ready = [await clerk.fields_of(await clerk.post("/letters/check", tab)) for tab in tabs]
    issued = [await clerk.post("/letters", tab, allow_redirects=False) for tab in (*reversed(ready), *ready)]
    assert len({answer.headers["Location"] for answer in issued}) == 2
    assert await counter.value("SELECT group_concat(number) FROM (SELECT number FROM letter ORDER BY 1)") == "1,2"


async def test_a_form_outlives_the_session_it_was_opened_in(counter: Counter) -> None:
    clerk = await counter.browser()
    form = await clerk.fields_of(await clerk.get(f"/letters/new?kind=skd&resident={counter.somebody}"))
    counter.stamps.ms += (counter.office.settings.idle_seconds + 1) * 1000
    asked = await clerk.post("/letters/check", {**form, "purpose": "rekening bank"})
    assert asked.status == 401
    assert "Isian yang baru dikirim tidak hilang" in words_of(await asked.text())
    back = await clerk.post("/login", {**await clerk.fields_of(asked), "login": "clerk", "password": PASSWORD})
    checked = await clerk.post("/letters/check", await clerk.fields_of(back))
    await clerk.post("/letters", await clerk.fields_of(checked))
    assert await counter.value("SELECT number FROM letter") == 1


async def test_fifty_at_once_get_fifty_numbers_without_holes(counter: Counter) -> None:
    clerk = await counter.browser()
    await asyncio.gather(*(counter.issue(clerk) for _ in range(50)))
    numbers = await counter.store.database.read(lambda c: c.fetch_all("SELECT number FROM letter ORDER BY number"))
    assert [row[0] for row in numbers] == list(range(1, 51))
    mark = counter.store.mark.read()
    assert isinstance(mark, Mark)
    assert [n.number for n in mark.numbers] == [50]


async def test_what_is_typed_harms_neither_page_nor_paper(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await counter.issue(clerk, purpose=NASTY)
    html = await (await clerk.get(letter)).text()
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html
    text = PdfReader(io.BytesIO(await (await clerk.get(f"{letter}/pdf")).read())).pages[0].extract_text()
    assert "<script>" in text
    assert "DROP TABLE" in text
    assert await counter.value("SELECT count(*) FROM letter") == 1


@pytest.mark.parametrize(
    ("typed", "status"),
    [("", 422), ("x" * 301, 422), ("\u200b", 422), ("😀", 422), ("a\u202eb", 400), ("a\x00b", 400)],
    ids=["empty", "too long", "zero width", "emoji", "right to left", "nul"],
)
async def test_a_purpose_that_cannot_be_printed_is_refused_and_kept(counter: Counter, typed: str, status: int) -> None:
    clerk = await counter.browser()
    form = await clerk.fields_of(await clerk.get(f"/letters/new?kind=skd&resident={counter.somebody}"))
    answer = await clerk.post("/letters/check", {**form, "purpose": typed})
    html = await answer.text()
    assert answer.status == status, html
    if status == 422:
        assert 'class="error-summary"' in html
        assert f'value="{typed}"' in html
    assert await counter.value("SELECT count(*) FROM letter") == 0


async def test_a_clock_set_back_asks_for_the_date_and_reopens_no_number(counter: Counter) -> None:
    await counter.issue(await counter.browser())
    counter.stamps.ms -= 60 * DAY_MS
    clerk = await counter.browser()
    form = await clerk.fields_of(await clerk.get(f"/letters/new?kind=skd&resident={counter.somebody}"))
    ready = await clerk.fields_of(await clerk.post("/letters/check", {**form, "purpose": "rekening bank"}))
    asked = await clerk.post("/letters", ready)
    assert asked.status == 409
    assert 'name="date_confirmed"' in await asked.text()
    confirmed = await clerk.post("/letters", {**ready, "date_confirmed": "ya"}, allow_redirects=False)
    assert confirmed.status == 303
    assert await counter.value("SELECT max(number) FROM letter WHERE year = 2021") == 2


async def test_voiding_is_for_superiors_needs_a_reason_and_shows_on_paper(counter: Counter) -> None:
    letter = await counter.issue(await counter.browser())
    head = await counter.browser("head")
    form = await head.fields_of(await head.get(f"{letter}/void"))
    refused = await head.post(f"{letter}/void", {**form, "reason": "ya"})
    assert refused.status == 422
    done = await head.post(f"{letter}/void", {**form, "reason": "salah nama"})
    assert "Dibatalkan" in words_of(await done.text())
    late = await head.post(f"{letter}/void", {**form, "reason": "sekali lagi"})
    assert "sudah dibatalkan" in await late.text()
    text = PdfReader(io.BytesIO(await (await head.get(f"{letter}/pdf")).read())).pages[0].extract_text()
    assert "DIBATALKAN" in text


async def test_a_draft_is_shown_to_its_writer_only(counter: Counter) -> None:
    clerk, head = await counter.browser(), await counter.browser("head")
    form = await clerk.fields_of(await clerk.get(f"/letters/new?kind=skd&resident={counter.somebody}"))
    await clerk.post("/letters/check", {**form, "purpose": "rekening bank"})
    assert (await head.get(f"/letters/preview/{form['form_key']}")).status == 404


async def test_another_villages_letter_is_not_here(counter: Counter) -> None:
    head = await counter.browser("head")
    for path in ("", "/pdf", "/void"):
        assert (await head.get(f"/letters/{'ab' * 16}{path}")).status == 404


async def test_the_household_is_ticked_without_its_numbers_in_the_page(counter: Counter) -> None:
    clerk = await counter.browser()
    answer = await clerk.get(f"/letters/new?kind=sktm&resident={counter.somebody}")
    html = await answer.text()
    assert not any(nik in html for nik in counter.people)
    form = await clerk.fields_of(answer)
    stranger = await clerk.post("/letters/check", {**form, "purpose": "sekolah", "family_members": "ff" * 16})
    assert stranger.status == 422
    checked = await clerk.post("/letters/check", {**form, "purpose": "sekolah", "family_members": counter.somebody})
    assert checked.status == 200


async def test_the_dead_and_the_moved_are_offered_only_where_a_letter_may_mean_them(counter: Counter) -> None:
    """Nobody supports the dead; the heirs' letter asks for them by name."""
    clerk = await counter.browser()
    dead = await counter.value(
        "SELECT id FROM resident WHERE kk = (SELECT kk FROM resident WHERE id = $1) AND id != $1",
        bytes.fromhex(counter.somebody),
    )
    await counter.store.database.transact(
        lambda c: c.execute("UPDATE resident SET state = 'dead', state_on = '2021-05-01' WHERE id = $1", dead)
    )
    answer = await clerk.get(f"/letters/new?kind=sktm&resident={counter.somebody}")
    assert dead.hex() not in await answer.text()
    form = {**await clerk.fields_of(answer), "purpose": "sekolah"}
    assert (await clerk.post("/letters/check", {**form, "family_members": dead.hex()})).status == 422
    heirs = words_of(await (await clerk.get(f"/letters/new?kind=ahli_waris&resident={counter.somebody}")).text())
    assert heirs.count("meninggal 1 Mei 2021") == 2, "as the deceased, and among the heirs"


async def test_the_register_has_pages(counter: Counter) -> None:
    clerk = await counter.browser()
    await asyncio.gather(*(counter.issue(clerk) for _ in range(51)))
    first, second = [await (await clerk.get(f"/letters?page={n}")).text() for n in (1, 2)]
    assert first.count("<td><a href") == 50
    assert second.count("<td><a href") == 1
    assert "Tersimpan di kantor" in first
    assert (await clerk.get("/letters?page=%3Cscript%3E")).status == 200


async def test_a_void_letter_is_shown_and_not_voided_again(counter: Counter) -> None:
    clerk, head = await counter.browser(), await counter.browser("head")
    letter = await counter.issue(clerk)
    form = {**await head.fields_of(await head.get(f"{letter}/void")), "reason": "salah nama"}
    assert "Alasan: wajib diisi." in await (await head.post(f"{letter}/void", {**form, "reason": ""})).text()
    assert "Surat dibatalkan." in await (await head.post(f"{letter}/void", form)).text()
    before = await counter.value("SELECT count(*) FROM op")
    for answer in (
        await head.post(f"{letter}/void", {**form, "reason": "lagi, lagi"}),
        await head.get(f"{letter}/void"),
    ):
        assert answer.url.path == letter
        assert "sudah dibatalkan" in await answer.text()
        assert "Surat ini dibatalkan: salah nama" in await answer.text()
    assert await counter.value("SELECT count(*) FROM op") == before


async def test_a_letter_leads_back_to_its_resident_and_a_list_never_looks_empty(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await counter.issue(clerk)
    assert f'href="/residents/{counter.somebody}"' in await (await clerk.get(letter)).text()
    assert "Belum ada surat" not in await (await clerk.get("/letters?page=99")).text()


async def test_a_colleague_at_the_same_browser_sends_no_form_a_second_time(counter: Counter) -> None:
    """The clerk issues, leaves, the head signs in, goes back and sends what still stands in the browser."""
    clerk, head = await counter.browser(), await counter.browser("head")
    form = await clerk.fields_of(await clerk.get(f"/letters/new?kind=skd&resident={counter.somebody}"))
    ready = {**form, "purpose": "rekening bank"}
    assert "/001/" in await (await clerk.post("/letters", ready)).text()
    token = (await head.fields_of(await head.get("/letters")))["csrf"]
    answer = await head.post("/letters", {**ready, "csrf": token})
    assert answer.status == 409
    assert "sudah dikirim petugas lain" in words_of(await answer.text())
    assert await counter.value("SELECT count(*) FROM letter") == 1
