"""The emblem beside the letterhead: the office's own file, read within limits, on letters, slips and books alike."""

import asyncio
import contextlib
import io
import re
import sqlite3
from pathlib import Path

import pytest
from aiohttp import ClientResponse, FormData
from PIL import Image
from pypdf import PdfReader

from agent.__main__ import back_up
from agent.config import Office
from agent.render import Paper, render_pdf, render_svg
from agent.render.emblem import DRAWING_BYTES_MAX, FILE_BYTES_MAX, EmblemRefused, read_emblem
from tests.agent.office import Counter, open_counter, words_of
from tests.agent.test_render import sheet_of
from tests.chassis.conftest import Browser

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 12">{}<path d="M5 0L10 2V9L5 12L0 9V2Z" fill="#0a6"/></svg>'
HREF = SVG.replace("<svg ", '<svg xmlns:x="http://www.w3.org/1999/xlink" ')


def picture(folder: Path, form: str = "PNG", size: tuple[int, int] = (900, 1100)) -> Path:
    path = folder / f"arms.{form.lower()}"
    Image.new("RGBA" if form == "PNG" else "RGB", size, (10, 160, 90)).save(path, form)
    return path


def images_on(pdf: bytes) -> int:
    return sum(len(page.images) for page in PdfReader(io.BytesIO(pdf)).pages)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_picture_is_made_small_and_stands_on_every_paper(tmp_path: Path, form: str) -> None:
    emblem = read_emblem(picture(tmp_path, form))
    assert 'width="327" height="400"' in emblem
    for paper in Paper:
        plain, headed = (render_pdf(sheet_of("sktm"), paper, emblem=each) for each in ("", emblem))
        assert (images_on(plain), images_on(headed)) == (0, 1)
        texts = [PdfReader(io.BytesIO(pdf)).pages[0].extract_text() for pdf in (plain, headed)]
        assert texts[0] == texts[1]
        assert len(PdfReader(io.BytesIO(headed)).pages) == 1
    assert "data:image/svg+xml" in render_svg(sheet_of("sktm"), Paper.A4, emblem=emblem)[0], (
        "the preview is the same page"
    )


@pytest.mark.parametrize("start", ["", '<?xml version="1.0"?>\n', "<!-- arms -->", "\ufeff"])
def test_a_drawing_stays_one(tmp_path: Path, start: str) -> None:
    path = tmp_path / "arms.svg"
    path.write_text(start + SVG.format('<a href="#x"><circle r="1"/></a>'))
    emblem = read_emblem(path)
    assert emblem.count("path") == 1
    assert render_pdf(sheet_of("skd"), Paper.F4, emblem=emblem) != render_pdf(sheet_of("skd"), Paper.F4)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no picture that can be read"),
        (b"%PDF-1.7", "no picture that can be read"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 100, "no picture that can be read"),
        (b"0" * (FILE_BYTES_MAX + 1), "larger than 4 MB"),
        (SVG.format("<g/>" * DRAWING_BYTES_MAX).encode(), "give it as a PNG"),
        (b"<svg>", "is no SVG"),
        (b"<svg/>", "XML, but no SVG"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + SVG.format("").encode(), "defines entities"),
        (HREF.format('<image x:href="file:///etc/passwd"/>').encode(), "refers to another file"),
        (SVG.format('<image href=" http://127.0.0.1/x.png"/>').encode(), "refers to another file"),
    ],
)
def test_what_cannot_stand_on_paper_is_refused_with_the_cure(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "arms"
    path.write_bytes(content)
    with pytest.raises(EmblemRefused, match=words):
        read_emblem(path)


def test_a_huge_picture_is_refused_before_it_is_held(tmp_path: Path) -> None:
    with pytest.raises(EmblemRefused, match="million pixels"):
        read_emblem(picture(tmp_path, size=(4_000, 3_001)))
    with pytest.raises(EmblemRefused, match="No such file or directory"):
        read_emblem(tmp_path / "none.png")


async def test_letters_slips_and_books_of_an_office_carry_it(tmp_path: Path) -> None:
    office = Office(address="Jalan Raya 1", head_name="SRI", logo=picture(tmp_path))
    counter = await open_counter(tmp_path, office=office)
    try:
        clerk = await counter.browser()
        letter, proposal = await asyncio.gather(counter.issue(clerk), counter.propose(clerk))
        for path in (f"{letter}/pdf", f"{letter}/pdf?paper=F4&copy=1", f"{proposal}/slip", "/registers/outgoing/pdf"):
            assert images_on(await (await clerk.get(path)).read()) == 1, path
    finally:
        await counter.close()


# --- put in place by a page -------------------------------------------------------------------------------------------


async def put(browser: Browser, content: bytes, name: str = "arms.png") -> ClientResponse:
    form = FormData({"csrf": (await browser.fields_of(await browser.get("/letterhead")))["csrf"]})
    form.add_field("emblem", content, filename=name, content_type="image/png")
    return await browser.post("/letterhead", form)


async def take_away(browser: Browser) -> ClientResponse:
    return await browser.post("/letterhead/remove", await browser.fields_of(await browser.get("/letterhead")))


async def pdf_of(browser: Browser, letter: str) -> bytes:
    answer = await browser.get(f"{letter}/pdf")
    assert answer.status == 200
    return await answer.read()


async def test_an_emblem_is_put_replaced_and_taken_away_and_old_letters_keep_theirs(
    counter: Counter, tmp_path: Path
) -> None:
    clerk, head = await counter.browser(), await counter.browser("head")
    letters, papers = [], []
    for turn in range(4):
        letters.append(await counter.issue(clerk))
        papers.append(await pdf_of(clerk, letters[-1]))
        match turn:
            case 0:
                said = await put(head, picture(tmp_path).read_bytes())
                assert "Lambang tersimpan" in words_of(await said.text())
                shown = await head.get("/letterhead/emblem")
                assert Image.open(io.BytesIO(await shown.read())).format == "PNG"
            case 1:
                assert (await put(head, SVG.format("").encode(), "arms.svg")).status == 200
            case 2:
                assert "Lambang dihapus" in words_of(await (await take_away(head)).text())
                assert (await head.get("/letterhead/emblem")).status == 404
    assert [images_on(paper) for paper in papers] == [0, 1, 0, 0]
    plain = [len(paper) for paper in papers]
    assert plain[2] > plain[3], "a drawing has paths and no picture"
    assert [await pdf_of(clerk, letter) for letter in letters] == papers, "byte for byte"
    assert await counter.value("SELECT group_concat(actor) FROM emblem") == "head,head,head"


async def test_the_preview_and_the_books_show_what_stands_now(counter: Counter, tmp_path: Path) -> None:
    clerk, head = await counter.browser(), await counter.browser("head")
    await put(head, picture(tmp_path).read_bytes())
    form = await clerk.fields_of(await clerk.get(f"/letters/new?kind=skd&resident={counter.somebody}"))
    checked = await (await clerk.post("/letters/check", {**form, "purpose": "melamar kerja"})).text()
    preview = re.findall(r'"(/letters/preview/[^"]+)"', checked)[0]
    assert "data:image/svg+xml" in await (await clerk.get(preview)).text()
    assert images_on(await (await clerk.get("/registers/outgoing/pdf")).read()) == 1


async def test_the_emblem_of_the_settings_stands_until_a_page_puts_one(tmp_path: Path) -> None:
    office = Office(address="Jalan Raya 1", head_name="SRI", logo=picture(tmp_path))
    counter = await open_counter(tmp_path, office=office)
    try:
        clerk, head = await counter.browser(), await counter.browser("head")
        assert "Dari pengaturan server." in words_of(await (await head.get("/letterhead")).text())
        old = await counter.issue(clerk)
        await take_away(head)
        new = await counter.issue(clerk)
        assert [images_on(await pdf_of(clerk, letter)) for letter in (old, new)] == [1, 0]
    finally:
        await counter.close()


USES = "".join('<g id="a{}">{}</g>'.format(i + 1, f'<use href="#a{i}"/>' * 10) for i in range(9))
BOMBS = {
    "deep": "<g>" * 5_000 + "</g>" * 5_000,
    "repeated": f'<defs><path id="a0" d="M0 0h1v1z"/>{USES}</defs><use href="#a9"/>',
}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "pilih berkasnya dahulu"),
        (b"%PDF-1.7", "bukan gambar yang dapat dibaca"),
        (b"0" * (FILE_BYTES_MAX + 1), "paling besar 4 MB"),
        (SVG.format("<g>").encode(), "bukan SVG yang utuh"),
        (SVG.format("<script>alert(1)</script>").encode(), "simpan ulang sebagai SVG biasa"),
        (SVG.format('<g onload="alert(1)"/>').encode(), "simpan ulang sebagai SVG biasa"),
        (b'<?xml version="1.0" encoding="utf-16"?>' + SVG.format("").encode("utf-16"), "bukan SVG yang utuh"),
        (SVG.format('<image href="/etc/passwd"/>').encode(), "merujuk ke berkas lain"),
        *((SVG.format(bomb).encode(), "tidak dapat dicetak") for bomb in BOMBS.values()),
    ],
)
async def test_a_file_that_is_no_emblem_changes_nothing(counter: Counter, content: bytes, words: str) -> None:
    head = await counter.browser("head")
    answer = await put(head, content, "arms.svg")
    assert answer.status == 422
    assert words in words_of(await answer.text())
    assert await counter.value("SELECT count(*) FROM emblem") == 0


async def test_a_backup_holds_the_emblem(counter: Counter, tmp_path: Path) -> None:
    await put(await counter.browser("head"), picture(tmp_path).read_bytes())
    copy = await back_up(counter.store, tmp_path)
    with contextlib.closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT svg FROM emblem").fetchone()[0] == await counter.office.emblem()
