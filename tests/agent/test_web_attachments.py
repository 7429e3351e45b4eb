"""Photographs at the counter: taken, looked at by officers alone, taken back with a reason; and where they go from there."""

import io
import re

import pytest
from PIL import Image

from agent.store import attachments
from agent.web.attachments import FORM_BYTES_MAX
from protocol.ops import AttachmentAdded, Op, read_op
from tests.agent.office import Counter, words_of
from tests.agent.pictures import photograph
from tests.agent.test_aid_desk import ANSWERS, TEACHERS, open_cycles
from tests.chassis.conftest import Browser


async def text(browser: Browser, path: str) -> str:
    return words_of(await (await browser.get(path)).text())


async def pictures(browser: Browser, path: str) -> list[str]:
    return re.findall(r'href="(/attachments/[0-9a-f]{32})"', await (await browser.get(path)).text())


async def test_a_document_is_photographed_seen_and_taken_back(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await counter.issue(clerk)
    assert "Belum ada foto." in await text(clerk, letter)
    said = words_of(await (await counter.attach(clerk, letter)).text())
    assert "Tersimpan: foto KTP." in said
    [path] = await pictures(clerk, letter)
    shown = await clerk.get(path)
    assert (shown.status, shown.content_type) == (200, "image/jpeg")
    assert shown.headers["Cache-Control"] == "no-store"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert "script-src" not in shown.headers["Content-Security-Policy"]
    with Image.open(io.BytesIO(await shown.read())) as picture:
        assert picture.size == (800, 600)
    assert await counter.value("SELECT count(*) FROM access_log WHERE action = $1", attachments.VIEWED) == 1
    fields = await clerk.fields_of(await clerk.get(f"{letter}/attachments"))
    short = await clerk.post(f"{path}/remove", {**fields, "reason": "x"})
    assert (short.status, "tulis alasannya" in await short.text()) == (422, True)
    said = words_of(await (await clerk.post(f"{path}/remove", {**fields, "reason": "foto buram"})).text())
    assert "dihapus oleh clerk" in said
    assert "foto buram" in said
    assert (await clerk.get(path)).status == 404
    assert "1 pernah dihapus" in await text(clerk, letter)


async def test_nobody_without_a_login_sees_a_picture(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await counter.issue(clerk)
    await counter.attach(clerk, letter)
    [path] = await pictures(clerk, letter)
    stranger = await counter.browser("")
    answer = await stranger.get(path, allow_redirects=False)
    assert answer.content_type != "image/jpeg"
    assert b"JFIF" not in await answer.read()


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"%PDF-1.7", 422, "bukan foto yang dapat dibaca"),
        (bytes(FORM_BYTES_MAX - 60 * 1024), 422, "paling besar 10 MB"),
        (bytes(FORM_BYTES_MAX + 1), 413, "terlalu besar"),
    ],
    ids=["pdf", "above the limit", "far above it"],
)
async def test_what_cannot_be_kept_is_said_with_the_cure(
    counter: Counter, content: bytes, status: int, words: str
) -> None:
    clerk = await counter.browser()
    letter = await counter.issue(clerk)
    answer = await counter.attach(clerk, letter, content=content)
    assert (answer.status, words in words_of(await answer.text())) == (status, True)
    assert await counter.value("SELECT count(*) FROM picture") == 0


async def test_the_same_form_twice_and_the_same_picture_twice_are_one_photograph(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await counter.issue(clerk)
    await counter.attach(clerk, letter)
    answer = await counter.attach(clerk, letter)
    assert (answer.status, "Foto yang sama sudah tersimpan" in await answer.text()) == (422, True)
    assert await counter.value("SELECT count(*) FROM attachment") == 1


async def test_a_document_that_nobody_asks_for_and_a_record_of_another_noun_are_not_found(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await counter.issue(clerk)
    assert (await counter.attach(clerk, letter, "PASPOR")).status == 404
    assert (await clerk.get(letter.replace("letters", "proposals") + "/attachments")).status == 404
    assert (await clerk.get(f"/letters/{'0' * 32}/attachments")).status == 404


async def test_what_lay_beside_the_request_lies_beside_its_letter(counter: Counter) -> None:
    clerk = await counter.browser()
    asked = await counter.ask(clerk, later="1")
    await counter.attach(clerk, asked, "KK")
    await counter.attach(clerk, asked, "KTP", photograph(400, 400))
    fields = await clerk.fields_of(await clerk.get(f"{asked}/attachments"))
    [_, wrong] = await pictures(clerk, asked)
    form = await clerk.get(f"/letters/new?request={asked.rpartition('/')[2]}")
    checked = await clerk.post("/letters/check", {**await clerk.fields_of(form), "purpose": "melamar kerja"})
    assert "belum dicentang" not in words_of(await checked.text()), "a photographed document is not missing"
    await clerk.post(f"{wrong}/remove", {**fields, "reason": "bukan miliknya"})
    issued = await clerk.post("/letters", await clerk.fields_of(checked), allow_redirects=False)
    letter = issued.headers["Location"]
    assert "Lihat foto KK" in await text(clerk, letter)
    assert "Lihat foto KTP" not in await text(clerk, letter)
    assert (await counter.attach(clerk, asked)).status == 404, "the request has ended"
    rows = await counter.store.database.read(
        lambda c: c.fetch_all("SELECT log_id, seq, hash, header, body FROM op JOIN log ON ordinal = log ORDER BY seq")
    )
    said = [body for row in rows if isinstance(body := read_op(Op(*row))[1], AttachmentAdded)]
    assert [(each.about.hex() in asked, each.about.hex() in letter) for each in said] == [
        (True, False),
        (True, False),
        (False, True),
    ]


async def test_a_photographed_document_is_ticked_on_the_dossiers_form(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await counter.issue(clerk, "spm", hospital="RSUD Blambangan")
    await counter.attach(clerk, letter, "KK")
    page = await (await clerk.get(f"{letter}/dossier")).text()
    assert re.search(r'value="KK" checked[^>]*>KK \(ada fotonya\)', page)
    assert 'value="KTP" checked' not in page


async def test_a_scheme_says_what_is_photographed_for_its_proposals(counter: Counter) -> None:
    assert counter.office.photos == {"GURU-NGAJI": ("Foto daftar santri",), "LAPOR": ("Foto rumah",)}
    clerk = await counter.browser()
    await open_cycles(counter)
    path = f"/proposals/new?resident={counter.somebody}"
    form = await clerk.fields_of(await clerk.get(path)) | {"cycle": TEACHERS.code, "note": ""}
    asked = await clerk.fields_of(await clerk.post("/proposals/new", form))
    made = await clerk.post("/proposals/new", asked | ANSWERS, allow_redirects=False)
    assert made.status == 303, words_of(await made.text())
    proposal = made.headers["Location"]
    await counter.attach(clerk, proposal, "Foto daftar santri")
    assert "Lihat foto daftar santri" in await text(clerk, proposal)
