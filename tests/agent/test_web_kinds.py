"""Every letter kind through the pages: asked, checked, issued, printed, and read again on the paper."""

import io
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from multidict import MultiDict
from pypdf import PdfReader

from agent.config import Workflow
from agent.domain.people import PARTS
from protocol.letter_kinds import WRITTEN
from protocol.ops import Body, LetterIssued, RequestMoved, RequestOpened, read_body, read_header
from tests.agent.letter_samples import ANSWERS, CATALOGUE, PEOPLE
from tests.agent.office import Counter, open_counter, words_of
from tests.chassis.conftest import Browser

KINDS = sorted(CATALOGUE)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


async def hidden_of(answer: ClientResponse) -> MultiDict[str]:
    """Hidden fields of the page's last form, repeated ones too."""
    text = (await answer.text()).rpartition("<form")[2]
    return MultiDict((unescape(name), unescape(value)) for name, value in HIDDEN.findall(text))


def filled(key: str, counter: Counter) -> MultiDict[str]:
    """Sample answers as a browser sends them: people in rows, one of them ticked, every document ticked."""
    form = MultiDict({name: value for name, value in ANSWERS[key].items() if name != "patient_nik"})
    form.popall("family_members", None)
    for field in CATALOGUE[key].fields:
        if field.type.value == "documents":
            form.extend([(field.name, choice) for choice in field.choices])
        elif field.type.value == "members":
            form.add(field.name, counter.somebody)
        elif field.type in WRITTEN:
            rows = PEOPLE[field.name].rows
            if not rows or (field.type.value == "people" and field.length_max > len(rows)):
                form.add(field.name, counter.somebody)
            for row in rows:
                form.extend([(f"{field.name}.{part}", getattr(row, part)) for part in PARTS])
    return form


@pytest.mark.parametrize("key", KINDS)
async def test_every_kind_is_issued_and_printed_with_what_was_answered(counter: Counter, key: str) -> None:
    clerk = await counter.browser()
    asked = await clerk.get(f"/letters/new?kind={key}&resident={counter.somebody}")
    form = await hidden_of(asked)
    form.extend(filled(key, counter))
    checked = await clerk.post("/letters/check", form)
    assert checked.status == 200, words_of(await checked.text())
    assert "Syarat yang belum" not in await checked.text()
    issued = await clerk.post("/letters", await hidden_of(checked), allow_redirects=False)
    assert issued.status == 303, words_of(await issued.text())
    page = words_of(await (await clerk.get(issued.headers["Location"])).text())
    assert "; ".join(CATALOGUE[key].required_documents) in page
    for paper in ("A4", "F4"):
        pdf = await (await clerk.get(f"{issued.headers['Location']}/pdf?paper={paper}")).read()
        pages = PdfReader(io.BytesIO(pdf)).pages
        assert len(pages) == 1
        text = " ".join(pages[0].extract_text().split())
        assert f"Nomor: {CATALOGUE[key].code(2021)}/001/429.508.03/2021" in text
        for name, told in paper_words(key).items():
            assert told in text, name


class _Inputs(HTMLParser):
    """What a browser would send of a page's last form if it were sent as it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: MultiDict[str] = MultiDict()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "form":
            self.sent.clear()
        elif tag == "input" and known.get("name"):
            if known.get("type") not in ("radio", "checkbox") or "checked" in known:
                self.sent.add(str(known["name"]), known.get("value") or "")
        else:
            assert tag not in ("select", "textarea"), "not read here"


async def sent_as_it_stands(answer: ClientResponse) -> MultiDict[str]:
    assert answer.status == 200
    parser = _Inputs()
    parser.feed(await answer.text())
    return parser.sent


async def bodies(counter: Counter, body: type[Body]) -> list[Any]:
    """What the log holds of this kind, in the order in which it was written."""
    rows = await counter.store.database.read(lambda c: c.fetch_all("SELECT header, body FROM op ORDER BY log, seq"))
    read = [read_body(read_header(header), content) for header, content in rows]
    return [each for each in read if isinstance(each, body)]


@pytest.mark.parametrize("key", KINDS)
async def test_a_request_and_a_replacement_keep_every_answer(counter: Counter, key: str) -> None:
    """Kept for later, opened, verified and issued; void, replaced: nothing typed twice, nothing lost."""
    head = await counter.browser("head")
    form = await hidden_of(await head.get(f"/letters/new?kind={key}&resident={counter.somebody}"))
    form.extend(filled(key, counter))
    for field in CATALOGUE[key].fields:
        if field.name not in form and field.type not in WRITTEN:  # samples leave these two open
            form.add(field.name, {"patient_nik": counter.somebody, "countersigned_by_camat": "Ya"}[field.name])
    checked = await hidden_of(await head.post("/letters/check", form))
    checked.add("later", "1")
    asked = (await head.post("/letters", checked, allow_redirects=False)).headers["Location"]
    shown = words_of(await (await head.get(asked)).text())
    for field in CATALOGUE[key].fields:
        assert field.label in shown
    opened = await head.get(f"/letters/new?request={asked.rpartition('/')[2]}")
    checked = await hidden_of(await head.post("/letters/check", await sent_as_it_stands(opened)))
    letter = (await head.post("/letters", checked, allow_redirects=False)).headers["Location"]
    reason = {**await head.fields_of(await head.get(f"{letter}/void")), "reason": "Salah tulis"}
    assert (await head.post(f"{letter}/void", reason)).status == 200
    again = await head.get(f"/letters/new?again={letter.rpartition('/')[2]}")
    checked = await hidden_of(await head.post("/letters/check", await sent_as_it_stands(again)))
    second = (await head.post("/letters", checked, allow_redirects=False)).headers["Location"]
    assert second != letter
    (request,), (verified, *_) = await bodies(counter, RequestOpened), await bodies(counter, RequestMoved)
    first, replacement = await bodies(counter, LetterIssued)
    assert len(request.fields) == len(CATALOGUE[key].fields)
    assert request.fields == verified.paper.fields == first.fields == replacement.fields


@pytest.mark.parametrize("key", ["kelahiran", "ahli_waris"])
async def test_what_was_verified_is_what_is_issued_also_after_it_was_sent_back(tmp_path: Path, key: str) -> None:
    strict = await open_counter(tmp_path, workflow=Workflow(approval=True, signing=True))
    clerk, secretary, head = [await strict.browser(login) for login in ("clerk", "secretary", "head")]
    form = await hidden_of(await clerk.get(f"/letters/new?kind={key}&resident={strict.somebody}"))
    form.extend(filled(key, strict))
    checked = await hidden_of(await clerk.post("/letters/check", form))
    asked = (await clerk.post("/letters", checked, allow_redirects=False)).headers["Location"]

    async def press(browser: Browser, move: str, **values: str) -> None:
        fields = await browser.fields_of(await browser.get(asked))
        assert (await browser.post(asked, {**fields, "move": move, **values})).status == 200

    await press(secretary, "reject", reason="Tanggalnya?")
    opened = await clerk.get(f"/letters/new?request={asked.rpartition('/')[2]}")
    checked = await hidden_of(await clerk.post("/letters/check", await sent_as_it_stands(opened)))
    await clerk.post("/letters", checked)
    await press(secretary, "approve")
    await press(head, "sign")
    await press(clerk, "issue")
    papers = [move.paper.fields for move in await bodies(strict, RequestMoved) if move.paper]
    (issued,) = await bodies(strict, LetterIssued)
    assert papers == [issued.fields] * 2
    assert len(issued.fields) == len(CATALOGUE[key].fields)
    await strict.close()


def paper_words(key: str) -> dict[str, str]:
    """Answers as the paper shows them, where that is how they were typed."""
    plain = {"text", "choice", "year", "digits", "kk", "nik"}
    unchanged = {field.name for field in CATALOGUE[key].fields if field.type.value in plain}
    told = {name: value for name, value in ANSWERS[key].items() if name in unchanged - SHOWN_OTHERWISE}
    for field in CATALOGUE[key].fields:
        if field.type in WRITTEN:
            told |= {f"{field.name} {row.name}": row.name for row in PEOPLE[field.name].rows}
    return told | PRINTED.get(key, {})


SHOWN_OTHERWISE = {"countersigned_by_camat", "destination_code"}
PRINTED = {
    "kehilangan": {"lost_at": "Minggu, 16 Mei 2021", "hour": "08.30 WIB"},
    "keramaian": {"starts_at": "Kamis, 20 Mei 2021", "ends_at": "23.00 WIB", "camat": "CAMAT BLIMBINGSARI"},
    "kelahiran": {"weight_grams": "3.200 gram", "born_at": "Sabtu, 15 Mei 2021", "hour": "04.05 WIB"},
    "pindah": {"destination_code": "3510242001", "born": "31 Desember 1940"},
    "penghasilan": {"father": "Rp1.500.000", "mother": "Rp900.000"},
    "tanah": {"area_m2": "1.250,5 m"},
    "imb": {"camat": "CAMAT BLIMBINGSARI", "area": "72 m"},
    "skdu": {"camat": "CAMAT BLIMBINGSARI"},
    "ahli_waris": {"camat": "CAMAT BLIMBINGSARI", "born": "1 Januari 1945", "hand": "Tanda tangan"},
    "bepergian": {"from": "Selasa, 18 Mei 2021", "to": "Selasa, 25 Mei 2021"},
    "kematian": {"signature": "Pelapor,"},
}


async def test_a_nik_on_record_is_enough_for_a_person(counter: Counter) -> None:
    clerk = await counter.browser()
    nik, name = await counter.store.database.read(
        lambda c: c.fetch_one("SELECT nik, name FROM resident ORDER BY kk DESC, nik LIMIT 1")
    )
    form = await hidden_of(await clerk.get(f"/letters/new?kind=akta_lahir&resident={counter.somebody}"))
    form.extend({"child_name": "AHMAD", "mother_nik": "", "mother_nik.nik": nik})
    checked = await clerk.post("/letters/check", form)
    assert checked.status == 200
    issued = await clerk.post("/letters", await hidden_of(checked))
    assert name in words_of(await issued.text())


async def test_more_rows_are_given_without_scripts_and_without_complaints(counter: Counter) -> None:
    clerk = await counter.browser()
    form = await hidden_of(await clerk.get(f"/letters/new?kind=ahli_waris&resident={counter.somebody}"))
    form.extend({"heirs.name": "SRI WAHYUNI", "heirs.note": "anak", "change": "rows"})
    answer = await clerk.post("/letters/check", form)
    html = await answer.text()
    assert answer.status == 200
    assert html.count('name="heirs.name"') == 6
    assert html.count('name="witnesses.name"') == 2, "two witnesses are all that the letter takes"
    assert 'value="SRI WAHYUNI"' in html
    assert "error-summary" not in html


async def test_what_is_wrong_with_a_person_names_the_row_and_the_cure(counter: Counter) -> None:
    clerk = await counter.browser()
    fresh = await hidden_of(await clerk.get(f"/letters/new?kind=ahli_waris&resident={counter.somebody}"))
    for changes, complaint in (
        ({"heirs.nik": "3510254506830001"}, "Ahli waris: baris 1, nama: NIK ini belum terdaftar di sini"),
        ({"heirs.name": "S1TI"}, "baris 1, nama: tanda"),
        ({"heirs.name": "SITI", "heirs.born": "31-02-1980"}, "baris 1, tanggal lahir: tanggal ini tidak ada"),
        ({"heirs": "ff" * 16}, "bukan anggota kartu keluarga"),
        ({}, "Ahli waris: wajib diisi. Pilih dari keluarga atau tulis namanya."),
    ):
        form = fresh.copy()
        form.extend(changes)
        answer = await clerk.post("/letters/check", form)
        assert answer.status == 422
        assert complaint in words_of(await answer.text()), changes


async def test_documents_not_ticked_are_told_and_hinder_nothing(counter: Counter) -> None:
    clerk = await counter.browser()
    form = await hidden_of(await clerk.get(f"/letters/new?kind=sktm&resident={counter.somebody}"))
    form.extend({"purpose": "sekolah", "required_documents": "KTP"})
    checked = await clerk.post("/letters/check", form)
    assert "Syarat yang belum dicentang: KK, pengantar RT/RW." in words_of(await checked.text())
    issued = await clerk.post("/letters", await hidden_of(checked))
    assert "Syarat yang ditunjukkan KTP" in words_of(await issued.text())


async def test_the_camat_signs_where_the_clerk_says_so(counter: Counter) -> None:
    clerk = await counter.browser()
    for answer, is_there in (("Ya", True), ("Tidak", False), ("", False)):
        letter = await counter.issue(clerk, "skck", countersigned_by_camat=answer)
        text = PdfReader(io.BytesIO(await (await clerk.get(f"{letter}/pdf")).read())).pages[0].extract_text()
        assert ("CAMAT BLIMBINGSARI" in text) == is_there
