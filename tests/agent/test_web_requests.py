"""Requests at the counter: who sees what waits for them, who may press what, and that the letter is what was verified."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from pypdf import PdfReader

from agent.config import Delegate, Workflow
from agent.domain.letters import Capacity
from agent.domain.requests import Route
from agent.store import residents
from chassis.database import Connection
from chassis.web.accounts import create_account
from tests.agent.office import DAY_MS, HASH, Counter, open_counter, words_of
from tests.chassis.conftest import Browser

DELEGATE = Delegate(name="SRI UTAMI, S.E.", capacity=Capacity.FOR_THE_HEAD, title="Kasi Pelayanan")
STRICT = Workflow(approval=True, signing=True, kinds={"sktm": Route()})


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Counter]:
    """An office that asks for approval and signing for all letters but one kind, with one named delegate."""
    opened = await open_counter(tmp_path, workflow=STRICT, delegates={"wati": DELEGATE})

    async def account(connection: Connection) -> None:
        await create_account(connection, login="wati", display_name="WATI", role="clerk", password_hash=HASH, now_ms=0)

    await opened.store.database.transact(account)
    yield opened
    await opened.close()


async def press(browser: Browser, path: str, move: str, **values: str) -> tuple[int, str, str]:
    """Press a button of a request's page; status, words, and where it led."""
    fields = await browser.fields_of(await browser.get(path))
    answer = await browser.post(path, {**fields, "move": move, **values})
    return answer.status, words_of(await answer.text()), answer.url.path


async def test_from_the_counter_to_the_hand_with_everybody_in_turn(strict: Counter) -> None:
    clerk, secretary, head = [await strict.browser(role) for role in ("clerk", "secretary", "head")]
    asked = await strict.ask(clerk)
    assert await strict.value("SELECT count(*) FROM letter") == 0
    assert "Menunggu persetujuan sekretaris" in words_of(await (await clerk.get(asked)).text())
    assert "Menunggu Anda: 1" in await (await secretary.get("/")).text()
    assert "Menunggu Anda" not in words_of(await (await head.get("/")).text())
    assert (await press(secretary, asked, "approve"))[0::2] == (200, "/requests")
    assert "Menunggu Anda: 1" in await (await head.get("/residents")).text()
    assert (await press(head, asked, "sign"))[0::2] == (200, "/requests")
    status, words, place = await press(clerk, asked, "issue")
    assert status == 200
    assert place.startswith("/letters/")
    assert "/001/429.508.03/2021" in words
    assert (await press(clerk, asked, "hand_over"))[0] == 200
    page = words_of(await (await clerk.get(asked)).text())
    story = [
        "Diverifikasi clerk",
        "Disetujui secretary",
        "Ditandatangani head",
        "Diterbitkan clerk",
        "Diserahkan clerk",
    ]
    assert sorted(story, key=page.index) == story
    assert "Sudah diserahkan" in page
    issued = await strict.value("SELECT count(*) FROM op JOIN log ON log.ordinal = op.log")
    assert issued == await strict.value("SELECT sum(head_seq) FROM log")


async def test_a_kind_with_a_path_of_its_own_is_issued_in_one_step(strict: Counter) -> None:
    clerk = await strict.browser()
    assert (await strict.issue(clerk, "sktm")).startswith("/letters/")
    assert await strict.value("SELECT count(*) FROM letter_request") == 0


async def test_nobody_signs_for_another(strict: Counter) -> None:
    clerk, secretary, delegate = [await strict.browser(login) for login in ("clerk", "secretary", "wati")]
    asked = await strict.ask(clerk)
    await press(secretary, asked, "approve")
    for browser in (clerk, secretary):
        page = await (await browser.get(asked)).text()
        assert "Tanda tangani</button>" not in page
        status, words, _ = await press(browser, asked, "sign")
        assert status == 409
        assert "bukan wewenang akun Anda" in words
    seen_by = [await (await browser.get(f"{asked}/preview")).text() for browser in (delegate, clerk)]
    assert seen_by[0] != seen_by[1], "who is about to sign sees the page with their own name"
    assert (await press(delegate, asked, "sign"))[0] == 200
    _, _, letter = await press(clerk, asked, "issue")
    paper = PdfReader(io.BytesIO(await (await clerk.get(f"{letter}/pdf")).read())).pages[0].extract_text()
    assert "SRI UTAMI, S.E." in paper
    assert "a.n. KEPALA DESA SUKOJATI" in paper


async def test_no_number_before_its_turn(strict: Counter) -> None:
    """Whatever is posted: the steps are checked where the number is given."""
    head = await strict.browser("head")
    asked = await strict.ask(head)
    for move in ("issue", "sign", "hand_over", "close"):
        status, words, _ = await press(head, asked, move, reason="alasan yang cukup")
        assert status == 409, move
        assert "tidak dijalankan" in words
    for junk in ("verify", "", "<script>", "print"):
        assert (await press(head, asked, junk))[0] == 400
    assert await strict.value("SELECT count(*) FROM letter") == 0


async def test_sent_back_with_a_reason_and_put_right(strict: Counter) -> None:
    clerk, secretary = await strict.browser(), await strict.browser("secretary")
    asked = await strict.ask(clerk)
    status, words, _ = await press(secretary, asked, "reject", reason="ya")
    assert status == 409
    assert "paling sedikit 5 huruf" in words
    assert (await press(secretary, asked, "reject", reason="Keperluannya kurang jelas"))[0] == 200
    page = await clerk.get(asked)
    assert "Dikembalikan oleh secretary: Keperluannya kurang jelas" in words_of(await page.text())
    form = await clerk.fields_of(await clerk.get(f"/letters/new?request={asked.rpartition('/')[2]}"))
    opened = await (await clerk.get(f"/letters/new?request={asked.rpartition('/')[2]}")).text()
    assert 'value="melamar kerja"' in opened, "what was answered before is there"
    checked = await clerk.post("/letters/check", {**form, "purpose": "melamar kerja di Surabaya"})
    sent = await clerk.post("/letters", await clerk.fields_of(checked), allow_redirects=False)
    assert sent.headers["Location"] == asked
    page_now = words_of(await (await secretary.get(asked)).text())
    assert "melamar kerja di Surabaya" in page_now
    assert await strict.value("SELECT state FROM letter_request") == "verified"


async def test_two_who_press_at_once(strict: Counter) -> None:
    secretary, head = await strict.browser("secretary"), await strict.browser("head")
    asked = await strict.ask(secretary)
    made = await asyncio.gather(
        press(secretary, asked, "approve"), press(head, asked, "reject", reason="Alamatnya sudah lama")
    )
    assert sorted(status for status, _, _ in made) == [200, 409]
    loser = next(words for status, words, _ in made if status == 409)
    assert "Permohonan ini sudah" in loser
    assert await strict.value("SELECT count(*) FROM request_step") == 2


async def test_a_double_click_is_one_step_and_one_number(counter: Counter) -> None:
    clerk = await counter.browser()
    asked = await counter.ask(clerk, later="1")
    form = await clerk.fields_of(await clerk.get(f"/letters/new?request={asked.rpartition('/')[2]}"))
    ready = await clerk.fields_of(await clerk.post("/letters/check", {**form, "purpose": "melamar kerja"}))
    answers = await asyncio.gather(*(clerk.post("/letters", ready, allow_redirects=False) for _ in range(5)))
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert await counter.value("SELECT count(*) FROM letter") == 1
    assert await counter.value("SELECT state FROM letter_request") == "issued"
    letter = answers[0].headers["Location"]
    assert asked in await (await clerk.get(letter)).text(), "the letter leads back to its request"


async def test_two_tabs_of_one_request_give_one_letter(counter: Counter) -> None:
    clerk = await counter.browser()
    asked = await counter.ask(clerk, later="1")
    path = f"/letters/new?request={asked.rpartition('/')[2]}"
    ready = []
    for _ in range(2):
        form = await clerk.fields_of(await clerk.get(path))
        ready.append(await clerk.fields_of(await clerk.post("/letters/check", {**form, "purpose": "melamar kerja"})))
    first, second = [await clerk.post("/letters", each) for each in ready]
    assert first.status == 200
    assert second.status == 409
    assert "diterbitkan oleh clerk" in words_of(await second.text())
    assert await counter.value("SELECT count(*) FROM letter") == 1


async def test_a_refused_number_undoes_the_verifying_too(counter: Counter) -> None:
    """The same form can be sent again after the cure."""
    clerk = await counter.browser()
    await counter.issue(clerk)
    counter.stamps.ms -= 2 * DAY_MS
    await clerk.sign_in("clerk")
    asked = await counter.ask(clerk, later="1")
    form = await clerk.fields_of(await clerk.get(f"/letters/new?request={asked.rpartition('/')[2]}"))
    ready = await clerk.fields_of(await clerk.post("/letters/check", {**form, "purpose": "melamar kerja"}))
    refused = await clerk.post("/letters", ready)
    assert refused.status == 409
    assert await counter.value("SELECT state FROM letter_request") == "requested"
    again = {**(await clerk.fields_of(refused)), "date_confirmed": "ya"}
    assert (await clerk.post("/letters", again, allow_redirects=False)).headers["Location"].startswith("/letters/")


async def test_the_letter_is_what_was_verified_not_what_the_register_says_later(strict: Counter) -> None:
    clerk, secretary, head = [await strict.browser(role) for role in ("clerk", "secretary", "head")]
    asked = await strict.ask(clerk)
    resident_id = bytes.fromhex(strict.somebody)
    found = await strict.store.database.read(lambda c: residents.get(c, resident_id))
    assert found is not None
    changed = msgspec.structs.replace(found.resident, name="NAMA YANG DIPERBAIKI")
    await strict.store.write(lambda desk: residents.register(desk, changed, "clerk", replaces=resident_id))
    await press(secretary, asked, "approve")
    await press(head, asked, "sign")
    await press(clerk, asked, "issue")
    assert await strict.value("SELECT subject_name FROM letter") == found.resident.name


async def test_a_void_letter_offers_its_replacement_with_the_same_answers(counter: Counter) -> None:
    head = await counter.browser("head")
    letter = await counter.issue(head, "sktm", purpose="beasiswa")
    void = await head.fields_of(await head.get(f"{letter}/void"))
    shown = await (await head.post(f"{letter}/void", {**void, "reason": "Salah tulis nama sekolah"})).text()
    again = f"/letters/new?again={letter.rpartition('/')[2]}"
    assert again in shown
    form = await head.get(again)
    assert 'value="beasiswa"' in await form.text()
    fields = await head.fields_of(form)
    checked = await head.post("/letters/check", {**fields, "purpose": "beasiswa prestasi"})
    issued = await head.post("/letters", await head.fields_of(checked))
    assert "/002/429.508.03/2021" in words_of(await issued.text())


async def test_a_pen_of_a_delegate_is_chosen_on_the_form(tmp_path: Path) -> None:
    office = await open_counter(tmp_path, delegates={"wati": DELEGATE})
    clerk = await office.browser()
    form = await clerk.get(f"/letters/new?kind=skd&resident={office.somebody}")
    assert "SRI UTAMI, S.E. - a.n. Kepala Desa Sukojati, Kasi Pelayanan" in await form.text()
    fields = {**(await clerk.fields_of(form)), "purpose": "melamar kerja"}
    assert (await clerk.post("/letters/check", {**fields, "signer": "orang lain"})).status == 422
    ready = await clerk.fields_of(await clerk.post("/letters/check", {**fields, "signer": "wati"}))
    issued = await clerk.post("/letters", ready)
    assert "SRI UTAMI, S.E." in words_of(await issued.text())
    await office.close()


@pytest.mark.parametrize(
    "path",
    ["/requests/{other}", "/letters/new?request={other}", "/letters/new?again={other}", "/letters/new?request=zz"],
)
async def test_an_id_that_is_none_of_ours(counter: Counter, path: str) -> None:
    clerk = await counter.browser()
    assert (await clerk.get(path.replace("{other}", "ab" * 16))).status == 404


async def test_a_request_is_not_answered_with_another_persons_letter(counter: Counter) -> None:
    clerk = await counter.browser()
    asked = await counter.ask(clerk, later="1")
    form = await clerk.fields_of(await clerk.get(f"/letters/new?request={asked.rpartition('/')[2]}"))
    other = list(counter.people.values())[1].hex()
    assert (await clerk.post("/letters/check", {**form, "purpose": "melamar kerja", "resident": other})).status == 404
    assert (await clerk.post("/letters", {**form, "purpose": "melamar kerja", "kind": "sktm"})).status == 404
