"""The emblem beside the letterhead: the office's own file, read within limits, on letters, slips and books alike."""

import asyncio
import io
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from agent.config import Office
from agent.render import Paper, render_pdf, render_svg
from agent.render.emblem import DRAWING_BYTES_MAX, FILE_BYTES_MAX, EmblemRefused, read_emblem
from tests.agent.office import open_counter
from tests.agent.test_render import sheet_of

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
    with pytest.raises(EmblemRefused, match="cannot be read: No such file"):
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
