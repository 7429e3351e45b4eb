"""The press, on the real compiler: the words are there, the page holds them, the bytes are the same every time."""

import io
import re
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from pypdf import PdfReader

import agent.render.press as press
from agent.domain.fields import MEMBERS_MAX, NAME_LENGTH_MAX, FamilyMember
from agent.domain.letters import Capacity, Signer, signer_title
from agent.domain.numbering import WIB
from agent.domain.people import PeopleAnswer, PersonRow
from agent.domain.sheets import LetterSheet, draft_sheet, letter_sheet
from agent.render import CannotPrint, Paper, render_pdf, render_svg
from protocol.letter_kinds import FieldType
from protocol.letter_texts import printable_characters
from tests.agent.letter_samples import (
    ANSWERS,
    CATALOGUE,
    PEOPLE,
    ROKHANA,
    SINGONEGARAN,
    SUBJECT,
    TEXTS,
    draft,
    kind_of,
    letter,
    text_of,
)

POINTS_PER_MM = 72 / 25.4
SIZE_MM = {Paper.A4: (210, 297), Paper.F4: (215, 330)}
KINDS = sorted(CATALOGUE)


def sheet_of(key: str, **changes: object) -> LetterSheet:
    written = letter(key, **changes)  # type: ignore[arg-type]
    return letter_sheet(written, kind_of(key), text_of(written))


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def words_in(pdf: bytes) -> str:
    """The text of all pages, with every run of white space as one blank and no zero-width break opportunities."""
    text = " ".join(page.extract_text() for page in read(pdf).pages)
    return " ".join(text.replace("\u200b", "").split())


def letters_in(pdf: bytes) -> str:
    """The same without any blank: where a line broke does not matter."""
    return words_in(pdf).replace(" ", "")


@pytest.mark.parametrize("paper", list(Paper))
@pytest.mark.parametrize("key", KINDS)
def test_every_kind_is_one_page_of_the_right_size_with_its_words(key: str, paper: Paper) -> None:
    pdf = render_pdf(sheet_of(key), paper)
    pages = read(pdf).pages
    assert len(pages) == 1
    width, height = (float(side) / POINTS_PER_MM for side in (pages[0].mediabox.width, pages[0].mediabox.height))
    assert (round(width), round(height)) == SIZE_MM[paper]
    text = words_in(pdf)
    number = f"Nomor: {kind_of(key).code(2021)}/123/"
    for word in ("KANTOR DESA SUKOJATI", sheet_of(key).title, number, "SUYATNO", "17 Mei 2021", SUBJECT.nik):
        assert word in text
    assert "SALINAN" not in text
    assert "DIBATALKAN" not in text


def test_the_same_letter_gives_the_same_bytes() -> None:
    first = render_pdf(sheet_of("spm"), Paper.F4)
    render_pdf(sheet_of("skd"), Paper.A4)
    press._compiler.cache_clear()
    assert render_pdf(sheet_of("spm"), Paper.F4) == first


def test_another_letter_gives_other_bytes() -> None:
    assert render_pdf(sheet_of("skd", number=1), Paper.A4) != render_pdf(sheet_of("skd", number=2), Paper.A4)


def test_the_time_in_the_document_is_the_date_of_the_letter() -> None:
    pdf = render_pdf(sheet_of("skd"), Paper.A4)
    metadata = read(pdf).metadata
    assert metadata is not None
    assert metadata.creation_date is not None
    assert metadata.creation_date.astimezone(WIB).date() == date(2021, 5, 17)
    assert metadata.title == "SURAT KETERANGAN DOMISILI"
    assert b"pdfaid:part>2<" in pdf
    assert b"pdfaid:conformance>B<" in pdf


def test_the_properties_of_the_file_name_nobody() -> None:
    metadata = read(render_pdf(sheet_of("skd"), Paper.A4)).metadata
    assert metadata is not None
    told = " ".join(str(value) for value in metadata.values())
    assert SUBJECT.name not in told
    assert not re.search(r"\d{16}", told)


def test_only_fonts_of_the_wheel_and_all_of_them_embedded() -> None:
    names = set()
    for page in read(render_pdf(sheet_of("spm"), Paper.A4)).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            names.add(str(font.get_object()["/BaseFont"]))
    assert names
    assert all("LibertinusSerif" in name and "+" in name for name in names)


def test_a_reprint_is_marked_and_keeps_its_number() -> None:
    text = words_in(render_pdf(sheet_of("skd"), Paper.A4, copy=True))
    assert "SALINAN" in text.replace(" ", "")
    assert "470/123/429.508.03/2021" in text


@pytest.mark.parametrize("copy", [False, True])
def test_a_void_letter_says_so_across_every_page(copy: bool) -> None:
    sheet = letter_sheet(letter("skd"), kind_of("skd"), TEXTS["skd", 2], void_reason="salah nama")
    text = words_in(render_pdf(sheet, Paper.A4, copy=copy))
    assert "DIBATALKAN" in text
    assert "Surat ini dibatalkan: salah nama" in text


def test_a_draft_has_no_number_and_is_marked() -> None:
    text = words_in(render_pdf(draft_sheet(draft("skd"), kind_of("skd"), TEXTS["skd", 2]), Paper.A4))
    assert "PRATINJAU" in text
    assert "(belum terbit)" in text
    assert "470/" not in text


@pytest.mark.parametrize("paper", list(Paper))
@pytest.mark.parametrize(
    "name", [("BAMBANG " * 38)[:NAME_LENGTH_MAX].strip(), "W" * NAME_LENGTH_MAX], ids=["words", "one word"]
)
@pytest.mark.parametrize("key", KINDS)
def test_long_names_and_addresses_stay_whole_and_on_one_page(key: str, name: str, paper: Paper) -> None:
    address = ("Jalan Raya Panjang Sekali " * 12)[:NAME_LENGTH_MAX].strip()
    pdf = render_pdf(sheet_of(key, subject=msgspec.structs.replace(SUBJECT, name=name, address=address)), paper)
    assert len(read(pdf).pages) == 1 or (" " not in name and len(read(pdf).pages) == 2), "no real name is one long word"
    assert name.replace(" ", "") in letters_in(pdf)
    assert address.replace(" ", "") in letters_in(pdf)
    assert _widest(pdf) <= SIZE_MM[paper][0] - 19


def _widest(pdf: bytes) -> float:
    """The right edge, in millimetres, of where the farthest text begins: nothing may start beyond the margin."""
    edges: list[float] = []
    for page in read(pdf).pages:
        page.extract_text(
            visitor_text=lambda text, cm, tm, font, size: edges.append(cm[4] + tm[4]) if text.strip() else None
        )
    return max(edges) / POINTS_PER_MM


def test_the_largest_household_stays_on_one_page() -> None:
    crowd = tuple(
        FamilyMember(str(3510250101800001 + n), f"MUHAMMAD ANGGOTA KELUARGA KE {n}", "FAMILI LAIN", ROKHANA.birth_date)
        for n in range(MEMBERS_MAX)
    )
    answers = {"hospital": "RSUD Blambangan", "family_members": " ".join(member.nik for member in crowd)}
    pdf = render_pdf(sheet_of("spm", answers=answers, household=crowd), Paper.A4)
    assert len(read(pdf).pages) == 1
    assert all(member.nik in words_in(pdf) for member in crowd)


def test_what_no_page_can_hold_flows_on_and_every_page_bears_the_number() -> None:
    crowd = tuple(
        FamilyMember(str(3510250101800001 + n), f"{'SANGAT ' * 40}PANJANG", "FAMILI LAIN", ROKHANA.birth_date)
        for n in range(11)
    )
    answers = {"hospital": "RSUD", "patient_nik": "", "family_members": " ".join(member.nik for member in crowd)}
    subject = msgspec.structs.replace(SUBJECT, name="W" * NAME_LENGTH_MAX, address="x" * NAME_LENGTH_MAX)
    pdf = render_pdf(sheet_of("spm", answers=answers, household=crowd, subject=subject), Paper.A4)
    pages = [page.extract_text() for page in read(pdf).pages]
    assert len(pages) == 2
    assert all(f"halaman {place} dari 2" in text for place, text in enumerate(pages, start=1))
    assert all("440/123/429.508.03/2021" in text for text in pages)
    assert all(member.nik in words_in(pdf) for member in crowd)


HOSTILE = [
    '#panic() #import "@preview/x:1.0.0" #sys.inputs',
    "<script>alert(1)</script>",
    "$x^2$ *tebal* _miring_ `kode` @rujukan <label> = judul",
    "\\ \\u{41} \\n {{nama}} ]} \" ' --- ...",
    "=cmd|' /C calc'!A0",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_words_are_never_code(words: str) -> None:
    pdf = render_pdf(sheet_of("skd", answers={"purpose": words}), Paper.A4)
    assert words.replace(" ", "") in letters_in(pdf)


def test_every_character_that_may_be_typed_can_be_printed() -> None:
    every = printable_characters().replace(" ", "")
    for start in range(0, len(every), 200):
        part = every[start : start + 200]
        sheet = sheet_of("skd", subject=msgspec.structs.replace(SUBJECT, occupation=part))
        assert part in letters_in(render_pdf(sheet, Paper.A4))


@pytest.mark.parametrize("character", ["\U0001f600", "中", "ا"])
def test_what_the_typeface_lacks_is_an_error_without_the_words(character: str) -> None:
    sheet = sheet_of("skd", subject=msgspec.structs.replace(SUBJECT, name=f"SITI {character}"))
    with pytest.raises(CannotPrint) as error:
        render_pdf(sheet, Paper.A4)
    assert "SITI" not in str(error.value)
    assert character not in str(error.value)
    assert error.value.__suppress_context__
    render_pdf(sheet_of("skd"), Paper.A4)


def test_a_sheet_beyond_all_limits_is_refused_before_it_is_set() -> None:
    sheet = sheet_of("skd", subject=msgspec.structs.replace(SUBJECT, occupation="x" * press.SHEET_BYTES_MAX))
    with pytest.raises(CannotPrint, match="bytes"):
        render_pdf(sheet, Paper.A4)


@pytest.mark.parametrize("paper", list(Paper))
def test_the_preview_is_the_same_page_as_a_harmless_picture(paper: Paper) -> None:
    (page,) = render_svg(sheet_of("skd", answers={"purpose": "<script>alert(1)</script>"}), paper)
    root = ET.fromstring(page)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    sides = [float(root.attrib[side].removesuffix("pt")) / POINTS_PER_MM for side in ("width", "height")]
    assert tuple(round(side) for side in sides) == SIZE_MM[paper]
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not tags & {"script", "foreignObject", "a", "image", "style"}
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert page == render_svg(sheet_of("skd", answers={"purpose": "<script>alert(1)</script>"}), paper)[0]


def test_the_preview_of_a_letter_of_two_pages_has_two() -> None:
    crowd = tuple(
        FamilyMember(str(3510250101800001 + n), f"{'SANGAT ' * 40}PANJANG", "ANAK", ROKHANA.birth_date)
        for n in range(11)
    )
    answers = {"hospital": "RSUD", "family_members": " ".join(member.nik for member in crowd)}
    subject = msgspec.structs.replace(SUBJECT, name="W" * NAME_LENGTH_MAX, address="x" * NAME_LENGTH_MAX)
    assert len(render_svg(sheet_of("spm", answers=answers, household=crowd, subject=subject), Paper.A4)) == 2


def test_two_counters_print_at_once() -> None:
    sheets = [sheet_of("skd", number=number) for number in range(1, 13)]
    alone = [render_pdf(sheet, Paper.A4) for sheet in sheets]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda sheet: render_pdf(sheet, Paper.A4), sheets)) == alone


def test_a_lurah_with_nip_and_a_delegate_fit() -> None:
    title = signer_title(Capacity.THROUGH_SECRETARY, "Kasi Pemerintahan", "Lurah Singonegaran", "Sekretaris Kelurahan")
    signer = Signer(name="SRI WAHYUNI, S.Sos.", title=title, nip="19700512 199503 2 001")
    text = words_in(render_pdf(sheet_of("spm", office=SINGONEGARAN, signer=signer), Paper.F4))
    for words in ("a.n. LURAH SINGONEGARAN", "SEKRETARIS KELURAHAN", "u.b.", "KASI PEMERINTAHAN", "NIP. 19700512"):
        assert words in text


def test_layouts_fetch_nothing() -> None:
    for layout in (Path(press.__file__).parent / "layouts").glob("*.typ"):
        source = layout.read_text("utf-8").replace(
            '#import "lambang.typ": beside-emblem', ""
        )  # the only file they share
        assert not re.search(r"#?(import|include|eval|read|plugin)\b\s*[(\"@]", source)


def test_nobodys_place_to_sign_is_torn_between_two_pages() -> None:
    heirs = PeopleAnswer(
        rows=tuple(PersonRow(name=f"AHLI WARIS {'PANJANG ' * 9}{chr(65 + n)}", note="anak kandung") for n in range(20))
    )
    pages = read(render_pdf(sheet_of("ahli_waris", people={**PEOPLE, "heirs": heirs}), Paper.A4)).pages
    texts_of_pages = [" ".join(page.extract_text().split()) for page in pages]
    assert len(pages) > 1
    for first, last in (
        ("Para ahli waris yang menyatakan", "PANJANG T anak kandung"),
        ("Saksi-saksi", "Dusun Sukorejo"),
        ("Dikuatkan oleh", "H. AHMAD FAUZI"),
    ):
        (place,) = [n for n, text in enumerate(texts_of_pages) if first in text]
        assert last in texts_of_pages[place].partition(first)[2], first


@pytest.mark.parametrize("paper", list(Paper))
@pytest.mark.parametrize("key", KINDS)
def test_answers_as_long_as_they_may_be_lose_no_word(key: str, paper: Paper) -> None:
    longest = {
        field.name: ("KATA " * field.length_max)[: field.length_max].strip()
        for field in kind_of(key).fields
        if field.type in {FieldType.TEXT, FieldType.NAME}
    }
    pdf = render_pdf(sheet_of(key, answers=ANSWERS[key] | longest), paper)
    words = letters_in(pdf)
    placed = {field.name for field in kind_of(key).fields if field.placeholder in str(text_of(draft(key)).blocks)}
    for name, text in longest.items():
        assert name not in placed or text.replace(" ", "") in words, name


SEAL_POINTS = 28 * POINTS_PER_MM
BOTTOM_POINTS = 18 * POINTS_PER_MM


@pytest.mark.parametrize("key", KINDS)
def test_the_lower_left_corner_of_the_letter_is_free_for_the_seal(key: str) -> None:
    """Below the last signature, or left of a lone one, nothing stands in a square of 28 mm."""
    sheet = sheet_of(key)
    page = read(render_pdf(sheet, Paper.A4)).pages[-1]
    left: list[float] = []
    right: list[float] = []
    middle = float(page.mediabox.width) / 2

    def place(text: str, page_to_text: list[float], inside: list[float], *_: object) -> None:
        if text.strip():
            (left if page_to_text[4] + inside[4] < middle else right).append(page_to_text[5])

    page.extract_text(visitor_text=place)
    floor = min(right) if len(sheet.signatures) == 1 else BOTTOM_POINTS
    assert min(left) - floor >= SEAL_POINTS, "from the lowest words on the left down to the end of the letter"


@pytest.mark.parametrize("paper", list(Paper))
@pytest.mark.parametrize("key", KINDS)
def test_a_page_is_set_once(monkeypatch: pytest.MonkeyPatch, key: str, paper: Paper) -> None:
    """Every further try costs as much again as the page itself."""
    tried: list[float] = []
    compile_page = press._compile

    def count(
        form: Literal["pdf", "svg"], inputs: dict[str, str], fitting: str, size: float, dated: date
    ) -> list[bytes]:
        tried.append(size)
        return compile_page(form, inputs, fitting, size, dated)

    monkeypatch.setattr(press, "_compile", count)
    render_pdf(sheet_of(key), paper)
    assert len(tried) == 1
    assert tried[0] >= 10, "and is easily read"
