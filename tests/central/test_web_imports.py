# ruff: noqa: F811 - the fixture `hall` is imported
"""An officer brings a list, says what its columns mean, sees each row's fate, imports it, and takes it back."""

import re
from hashlib import sha256

import pytest

from tests.central.desk import PANGAN, kk, nik
from tests.central.list_desk import bring, columns, send, settled
from tests.central.test_web_pages import Hall, hall  # noqa: F401 - a fixture
from tests.chassis.test_spreadsheets import workbook

HEAD = "NIK;No KK;Nama;Desa;Kecamatan;Bansos;Masa"
ROWS = [
    f"{nik(1)};{kk(1)};SITI CONTOH;SUKOJATI;BLIMBINGSARI;PKH;2021",
    "12;13;'=cmd|calc;SUKOJATI;BLIMBINGSARI;PKH;2021",
    f"{nik(7)};{kk(7)};JOKO;SUKOJATI;BLIMBINGSARI;PKH;2021",
]


def csv_of(*rows: str) -> bytes:
    return "\n".join([HEAD, *rows]).encode()


async def test_from_the_file_to_the_facts_and_back(hall: Hall) -> None:
    regency = hall.story.regency
    before = await regency.value("SELECT count(*) FROM coverage")
    path, html = await bring(hall, csv_of(*ROWS))
    assert path == "/imports/2/plan"
    assert [columns(html)[f"column-{n}"] for n in range(7)] == [
        *("nik", "kk", "name", "village", "district", "scheme", ""),
    ]
    for secret in (nik(1), kk(1), "CONTOH"):
        assert secret not in html
    assert "Masa" in html
    path, html = await send(hall, path, html, **columns(html))
    assert path == "/imports/2/plan"
    assert 'href="#period"' in html, "no column says which months"
    path, html = await send(hall, path, html, **columns(html), period="2021-01 s/d 2021-12")
    assert path == "/imports/2"
    for said in ("2 dipakai", "1 ditolak", "Impor 2 kepesertaan", "Sudah diperiksa"):
        assert said in html
    assert await regency.value("SELECT count(*) FROM coverage") == before, "nothing is done before the officer says so"
    report = await (await (await hall.browser()).get("/imports/2/report.csv")).text()
    assert report.startswith("\ufeffBaris;Hasil;Kolom;Isi (disamarkan);Sebab\r\n")
    assert len(report.splitlines()) > 4
    path, html = await send(hall, "/imports/2/accept", html)
    assert 'href="#mode"' in html
    path, html = await send(hall, "/imports/2/accept", html, mode="whole")
    assert "1 baris ditolak, jadi tidak ada yang diimpor" in html
    assert await regency.value("SELECT count(*) FROM coverage") == before
    path, html = await send(hall, "/imports/2/accept", html, mode="valid")
    assert await regency.value("SELECT count(*) FROM coverage") == before + 2
    await regency.settle()
    assert (await regency.outcome(hall.story.accepted))[0] == "rejected"
    assert await regency.rows("SELECT permission, imported_by FROM import_file WHERE id = 2") == [
        ("MoU 7/2021", "officer")
    ]
    _, again = await bring(hall, csv_of(*ROWS), name="lain.csv")
    assert "sudah diimpor sebagai daftar.csv" in again
    path, html = await send(hall, "/imports/2/undo", html, reason="")
    assert 'href="#reason"' in html
    path, html = await send(hall, "/imports/2/undo", html, reason="berkas tahun lalu")
    assert "berkas tahun lalu" in html
    await regency.settle()
    assert (await regency.outcome(hall.story.accepted))[0] == "accepted"
    path, html = await bring(hall, csv_of(*ROWS))
    assert (path, 'value="2021-01 s/d 2021-12"' in html) == ("/imports/2/plan", False)


async def test_a_workbook_of_several_sheets_and_a_list_of_proposals(hall: Hall) -> None:
    people = [["NIK", "Nama", "Desa", "Kecamatan"], [int(nik(8)), "JOKO", "SUKOJATI", "BLIMBINGSARI"]]
    content = workbook([["CATATAN", "x"], ["isi", "y"]], people)
    path, html = await bring(hall, content, name="usulan.xlsx", kind="proposals")
    assert "CATATAN" in html
    path, html = await settled(hall, await (await hall.browser()).get("/imports/2/plan?sheet=2"))
    assert list(columns(html).values()) == ["nik", "name", "village", "district"]
    path, html = await send(hall, path, html, **columns(html), cycle=PANGAN.code)
    assert "Impor 1 usulan" in html
    path, html = await send(hall, "/imports/2/accept", html, mode="whole")
    regency = hall.story.regency
    await regency.settle()
    record = await regency.value("SELECT record FROM proposal WHERE import = 2")
    assert await regency.outcome(record) == ("needs_review", "received_late"), "the window closed the day before"
    said = await hall.text(f"/decisions/{record.hex()}")
    assert "usulan.xlsx, baris 2" in said
    assert "Daftar usulan yang memuatnya" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7", "melainkan PDF"),
        (b"PK\x03\x04" + bytes(500), "tidak dapat dibaca sebagai lembar kerja"),
        (b"NIK;Nama\n", "hanya berisi baris judul"),
    ],
)
async def test_what_is_no_list_is_refused_beside_the_field(hall: Hall, content: bytes, words: str) -> None:
    _, html = await bring(hall, content)
    assert words in html
    assert 'href="#file"' in html
    assert await hall.story.regency.value("SELECT count(*) FROM import_file") == 1


async def test_where_it_comes_from_must_be_said(hall: Hall) -> None:
    _, html = await bring(hall, b"", kind="", permission="x", as_of="2099-01-01")
    for field in ("kind", "permission", "as_of", "file"):
        assert f'href="#{field}"' in html
    assert await hall.story.regency.value("SELECT count(*) FROM import_file") == 1


async def test_a_draft_can_be_thrown_away(hall: Hall) -> None:
    content = csv_of(*ROWS)
    path, html = await bring(hall, content)
    path, html = await send(hall, "/imports/2/discard", html)
    assert path == "/imports"
    digest = sha256(content).digest()
    assert await hall.story.regency.value("SELECT 1 FROM import_file WHERE digest = $1", digest) is None


async def test_only_officers_import(hall: Hall) -> None:
    for role in ("admin", "auditor", "ops"):
        assert "Impor daftar baru" not in await hall.text("/imports", role)
        assert "Batalkan impor" not in await hall.text("/imports/1", role)
        browser = await hall.browser(role)
        token = re.findall(r'name="csrf" value="([^"]+)"', await (await browser.get("/imports")).text())[0]
        for path in ("/imports", "/imports/1/plan", "/imports/1/accept", "/imports/1/undo", "/imports/1/discard"):
            assert (await browser.post(path, {"csrf": token})).status == 403
