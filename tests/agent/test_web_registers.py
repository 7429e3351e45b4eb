"""The registers as the office uses them: searched, paged, printed, exported, and every copy taken out written down."""

import asyncio
import csv
import io
import re
import zipfile
from datetime import date
from pathlib import Path

import pytest
from pypdf import PdfReader

from agent.domain.events import Event, EventKind
from agent.domain.registers import VOLUME_ROWS
from agent.store import events, letters, oplog, registers, views
from agent.store.registers import Wanted
from protocol.ops import NumberHigh
from tests.agent.office import Counter, open_counter, words_of
from tests.chassis.conftest import Browser


async def search(browser: Browser, book: str, **typed: str) -> str:
    token = (await browser.fields_of(await browser.get("/residents/new")))["csrf"]
    answer = await browser.post(f"/registers/{book}", {"csrf": token, "q": "", "year": "2021", **typed})
    assert answer.status == 200
    assert typed.get("q", "") not in str(answer.url).partition("?")[2] or not typed.get("q")
    return await answer.text()


async def void_range(counter: Counter, first: int, last: int) -> None:
    """Numbers that another server gave and that are gone with it."""

    async def floor(connection: object) -> None:
        await views.raise_floor(connection, NumberHigh("semua", 2021, last))  # type: ignore[arg-type]

    await counter.store.database.transact(floor)
    refused = await counter.store.write(
        lambda desk: letters.void_numbers(desk, "semua", 2021, (first, last), "hilang bersama server lama", "head")
    )
    assert refused is None


async def trail(counter: Counter) -> list[tuple[str, str, str]]:
    rows = await counter.store.database.read(
        lambda c: c.fetch_all("SELECT actor, action, subject FROM access_log ORDER BY access_id")
    )
    return [(r[0], r[1], r[2]) for r in rows if "register" in r[1]]


def sheet_of(xlsx: bytes) -> tuple[list[list[str]], str]:
    """The cells of a workbook's sheet and its XML, read without the library that wrote it."""
    with zipfile.ZipFile(io.BytesIO(xlsx)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
        shared = re.findall(r"<si><t[^>]*>([^<]*)</t></si>", archive.read("xl/sharedStrings.xml").decode())
    rows = []
    for row in re.findall(r"<row [^>]*>(.*?)</row>", xml):
        cells = re.findall(r'<c [^>]*t="s"[^>]*><v>(\d+)</v></c>', row)
        rows.append([shared[int(place)] for place in cells])
    return rows, xml


async def test_the_agenda_shows_letters_voids_and_lost_numbers(counter: Counter) -> None:
    clerk, head = await counter.browser(), await counter.browser("head")
    await void_range(counter, 1, 4)
    letter = await counter.issue(clerk)
    await counter.issue(clerk, "sktm")
    form = await head.fields_of(await head.get(f"{letter}/void"))
    await head.post(f"{letter}/void", {**form, "reason": "salah nama"})
    html = await (await clerk.get("/registers/outgoing")).text()
    words = words_of(html)
    assert "1 s/d 4 - - Nomor tanpa surat - BATAL: hilang bersama server lama" in words
    assert "BATAL: salah nama" in words
    assert f'href="{letter}"' in html
    assert words.index("/006/") < words.index("/005/") < words.index("1 s/d 4"), "newest first"


async def test_the_agenda_is_searched_by_number_name_and_kind(counter: Counter) -> None:
    clerk = await counter.browser()
    await void_range(counter, 1, 4)
    for kind in ("skd", "sktm", "skd"):
        await counter.issue(clerk, kind)
    name = await counter.value("SELECT subject_name FROM letter LIMIT 1")
    printed = await counter.value("SELECT printed_number FROM letter WHERE number = 6")
    for typed, found in (
        ({"q": "6"}, 1),
        ({"q": printed}, 1),
        ({"q": "3"}, 1),
        ({"q": name.split()[0].lower()[:3]}, 3),
        ({"q": "%"}, 0),
        ({"q": "bukan siapa-siapa"}, 0),
        ({"q": "\u200b"}, 0),
        ({"kind": "skd"}, 2),
        ({"kind": "sktm", "q": name}, 1),
        ({"kind": "x"}, 4),
        ({"year": "2020"}, 4),
        ({}, 4),
    ):
        html = await search(clerk, "outgoing", **typed)
        assert html.partition("<tbody>")[2].count("<tr><td>") == found, typed


async def test_a_long_agenda_has_pages_also_when_searched(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.web.registers.ROWS_MAX", 2)
    clerk = await counter.browser()
    for _ in range(5):
        await counter.issue(clerk)
    seen = []
    for number in (1, 2, 3):
        seen += re.findall(
            "/letters/([0-9a-f]{32})", await (await clerk.get(f"/registers/outgoing?page={number}")).text()
        )
    assert len(set(seen)) == len(seen) == 5
    name = await counter.value("SELECT subject_name FROM letter LIMIT 1")
    found = []
    for page in ("1", "2", "3"):
        html = await search(clerk, "outgoing", q=name, page=page)
        assert f"Halaman {page} dari 3" in html
        found += re.findall("/letters/([0-9a-f]{32})", html)
    assert found == seen
    for odd in ("?page=999", "?page=x&year=abcd", "?year=1999", "?year=%D9%A2%D9%A0%D9%A2%D9%A1"):
        assert (await clerk.get(f"/registers/outgoing{odd}")).status == 200


async def test_the_agenda_on_paper(counter: Counter) -> None:
    clerk = await counter.browser()
    await void_range(counter, 1, 4)
    await asyncio.gather(*(counter.issue(clerk) for _ in range(60)))
    for paper, width in (("A4", 842), ("F4", 935)):
        answer = await clerk.get(f"/registers/outgoing/pdf?year=2021&paper={paper}")
        assert answer.status == 200
        assert answer.headers["Content-Disposition"] == 'inline; filename="buku-agenda-surat-keluar.pdf"'
        book = PdfReader(io.BytesIO(await answer.read()))
        assert round(float(book.pages[0].mediabox.width)) == width
        texts = [sheet.extract_text() for sheet in book.pages]
        assert len(texts) >= 2
        for number, text in enumerate(texts, start=1):
            assert f"Halaman {number} dari {len(texts)}" in text
            assert "Ditujukan kepada" in text or "/429" not in text, "the heading is repeated"
        assert "KANTOR DESA SUKOJATI" in texts[0]
        assert "BATAL: hilang bersama" in texts[0]
        assert "Mengetahui" in texts[-1]
        assert "H. AHMAD FAUZI, S.Sos." in texts[-1]
        assert all(f"/{n:03d}/429" in "".join(texts) for n in range(5, 65))


async def test_a_book_is_printed_by_volumes(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = await counter.browser()
    for _ in range(5):
        await counter.issue(clerk)
    monkeypatch.setattr("agent.domain.registers.VOLUME_ROWS", 2)
    monkeypatch.setattr("agent.web.registers.VOLUME_ROWS", 2)
    assert "Jilid 3 dari 3" in await (await clerk.get("/registers/outgoing")).text()
    printed = []
    for volume in (1, 2, 3):
        answer = await clerk.get(f"/registers/outgoing/pdf?volume={volume}")
        text = PdfReader(io.BytesIO(await answer.read())).pages[0].extract_text()
        assert f"Jilid {volume} dari 3" in text
        printed.append(re.findall(r"/(\d{3})/429", text))
    assert printed == [["001", "002"], ["003", "004"], ["005"]]
    assert VOLUME_ROWS > 2


async def test_exports_are_text_that_no_spreadsheet_computes(counter: Counter) -> None:
    clerk = await counter.browser()
    await counter.store.database.transact(
        lambda c: c.execute(
            "UPDATE resident SET name = '=cmd|''/C calc''!A0' WHERE id = $1", bytes.fromhex(counter.somebody)
        )
    )
    await counter.issue(clerk)
    answer = await clerk.get("/registers/outgoing/csv?year=2021")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="buku-agenda-surat-keluar.csv"'
    raw = await answer.read()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert [len(row) for row in rows] == [6, 6]
    assert rows[1][4] == "'=cmd|'/C calc'!A0"
    cells, xml = sheet_of(await (await clerk.get("/registers/outgoing/xlsx?year=2021")).read())
    assert "<f>" not in xml
    assert cells[-1][0] == "1", "a number is text as well"
    assert any(cell.startswith("=cmd|") for cell in cells[-1])


async def test_every_copy_taken_out_is_written_down(counter: Counter) -> None:
    clerk, head = await counter.browser(), await counter.browser("head")
    await clerk.get("/registers/outgoing/pdf?year=2021")
    await head.get("/registers/outgoing/csv")
    await head.get("/registers/outgoing/xlsx?year=1999")
    assert await trail(counter) == [
        ("clerk", "print_register", "outgoing/2021"),
        ("head", "export_register", "outgoing/2021"),
        ("head", "export_register", "outgoing/2021"),
    ]


async def test_a_name_that_the_typeface_lacks_does_not_keep_the_book_from_the_press(counter: Counter) -> None:
    """Such a name is refused when it is typed; a log of another program may bring one."""
    clerk = await counter.browser()
    await counter.issue(clerk)
    await counter.store.database.transact(lambda c: c.execute("UPDATE letter SET subject_name = $1", "SITI \U0001f600"))
    assert "SITI \U0001f600" in await (await clerk.get("/registers/outgoing")).text()
    text = PdfReader(io.BytesIO(await (await clerk.get("/registers/outgoing/pdf")).read())).pages[0].extract_text()
    assert "SITI ?" in text


async def test_reasons_that_an_older_program_did_not_keep_are_read_from_the_log(counter: Counter) -> None:
    await void_range(counter, 1, 4)
    await counter.store.database.transact(lambda c: c.execute("DELETE FROM number_void"))
    await counter.store.open()
    found = await counter.store.database.read(lambda c: registers.outgoing(c, Wanted(2021), limit=9, offset=0))
    assert [(each.number, each.last, each.void_reason) for each in found] == [(1, 4, "hilang bersama server lama")]


VIEWS = (
    "SELECT record, series, year, first, last, reason FROM number_void ORDER BY record",
    "SELECT * FROM incoming ORDER BY id",
    "SELECT * FROM handover ORDER BY id",
    "SELECT series, year, number, record, is_void FROM number_used ORDER BY 1, 2, 3, 4",
    "SELECT series, year, number FROM number_floor ORDER BY 1, 2",
)


async def test_a_log_that_comes_back_makes_the_same_registers(counter: Counter, tmp_path: Path) -> None:
    """As after a loss, when the centre gives the village its own records back."""
    clerk = await counter.browser()
    await void_range(counter, 1, 4)
    letter = await counter.issue(clerk)
    incoming = await counter.receive(clerk)
    form = await clerk.fields_of(await clerk.get(f"/registers/incoming/new?incoming={incoming.rpartition('/')[2]}"))
    typed = {"received_on": "17-05-2021", "sender": "Camat", "subject": "Undangan", "disposition": "hadiri"}
    await clerk.post("/registers/incoming/new", {**form, **typed})
    await hand_over(clerk, letter)
    folder = tmp_path / "replaced"
    folder.mkdir()
    other = await open_counter(folder, persons=0, is_first=False)
    try:
        log_id = await counter.value("SELECT log_id FROM log")
        batch = await counter.store.database.read(lambda c: oplog.read_batch(c, log_id, 0, 4_096))
        assert batch is not None
        await other.store.put_back(batch.after, batch.headers, batch.bodies)
        for view in VIEWS:
            rows = [
                [tuple(row) for row in await store.database.read(lambda c, v=view: c.fetch_all(v))]
                for store in (counter.store, other.store)
            ]
            assert rows[0] == rows[1]
            assert rows[0], "there is something to compare"
    finally:
        await other.close()


# --- incoming ---------------------------------------------------------------------------------------------------------


async def test_an_incoming_letter_from_form_to_agenda(counter: Counter) -> None:
    clerk = await counter.browser()
    first = await counter.receive(clerk, their_number="005/214/429.520/2021", dated="30-04-2021")
    second = await counter.receive(clerk, sender="Kepala Dinas Sosial", subject="Permintaan data")
    assert "Surat masuk nomor 2 tahun 2021" in words_of(await (await clerk.get(second)).text())
    html = await (await clerk.get("/registers/incoming")).text()
    assert f'href="{first}"' in html
    assert "1 17 Mei 2021 005/214/429.520/2021 30 April 2021 Camat Blimbingsari Undangan rapat" in words_of(html)
    for typed, found in (
        ("camat", [first]),
        ("005/214", [first]),
        ("permintaan", [second]),
        ("2", [second]),
        ("x", []),
    ):
        html = await search(clerk, "incoming", q=typed)
        assert re.findall(r"/registers/incoming/[0-9a-f]{32}", html) == found, typed


async def test_incoming_and_outgoing_numbers_are_two_agendas(counter: Counter) -> None:
    clerk = await counter.browser()
    await asyncio.gather(*(counter.receive(clerk) for _ in range(20)), *(counter.issue(clerk) for _ in range(20)))
    for table in ("incoming", "letter"):
        numbers = await counter.store.database.read(
            lambda c, t=table: c.fetch_all(f"SELECT number FROM {t} ORDER BY 1")
        )
        assert [row[0] for row in numbers] == list(range(1, 21)), table
    mark = counter.store.mark.read()
    assert mark is not None
    assert {(n.series, n.number) for n in mark.numbers} == {("semua", 20), ("surat-masuk", 20)}


async def test_an_incoming_form_sent_twice_is_one_letter(counter: Counter) -> None:
    clerk = await counter.browser()
    form = await clerk.fields_of(await clerk.get("/registers/incoming/new"))
    ready = {**form, "received_on": "17-05-2021", "sender": "Camat", "subject": "Undangan"}
    answers = await asyncio.gather(
        *(clerk.post("/registers/incoming/new", ready, allow_redirects=False) for _ in range(8))
    )
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert "Tidak ada nomor baru" in await (await clerk.post("/registers/incoming/new", ready)).text()
    assert await counter.value("SELECT count(*) FROM incoming") == 1


async def test_a_disposition_is_added_under_the_same_number(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await counter.receive(clerk)
    await counter.receive(clerk)
    asked = await clerk.get(f"/registers/incoming/new?incoming={letter.rpartition('/')[2]}")
    form = await clerk.fields_of(asked)
    assert 'value="Camat Blimbingsari"' in await asked.text()
    typed = {"received_on": "16-05-2021", "sender": "Camat", "subject": "Undangan", "disposition": "Sekretaris hadiri"}
    checked = await clerk.post("/registers/incoming/check", {**form, **typed})
    assert "Nomor agendanya tetap 1" in words_of(await checked.text())
    done = await clerk.post("/registers/incoming/new", await clerk.fields_of(checked))
    assert done.url.path == letter
    assert "Sekretaris hadiri" in words_of(await done.text())
    assert await counter.value("SELECT group_concat(number) FROM (SELECT number FROM incoming ORDER BY 1)") == "1,2"
    before = await counter.value("SELECT count(*) FROM op")
    same = await clerk.fields_of(await clerk.get(f"/registers/incoming/new?incoming={letter.rpartition('/')[2]}"))
    await clerk.post("/registers/incoming/new", {**same, **typed})
    assert await counter.value("SELECT count(*) FROM op") == before, "nothing was changed, so nothing is written"
    moved = await clerk.post("/registers/incoming/check", {**form, **typed, "received_on": "31-12-2020"})
    assert moved.status == 422
    assert "harus di tahun 2021" in await moved.text()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sender": ""}, "Pengirim: wajib diisi."),
        ({"subject": "\u200b"}, "karakter tersembunyi"),
        ({"received_on": "18-05-2021"}, "belum tiba"),
        ({"received_on": "31-02-2021"}, "tidak ada di kalender"),
        ({"received_on": "01-01-2019"}, "terlalu lama"),
        ({"dated": "18-05-2021"}, "sesudah tanggal diterima"),
        ({"disposition": "x" * 301}, "paling panjang 300"),
    ],
)
async def test_what_an_incoming_letter_lacks_is_said_and_nothing_typed_is_lost(
    counter: Counter, changes: dict[str, str], sentence: str
) -> None:
    clerk = await counter.browser()
    form = await clerk.fields_of(await clerk.get("/registers/incoming/new"))
    typed = {"received_on": "17-05-2021", "sender": "Camat", "subject": "Undangan", "their_number": "005/1", **changes}
    for path in ("check", "new"):
        answer = await clerk.post(f"/registers/incoming/{path}", {**form, **typed})
        html = await answer.text()
        assert answer.status == 422
        assert sentence in html
        assert 'value="005/1"' in html
    assert await counter.value("SELECT count(*) FROM incoming") == 0


async def test_incoming_letters_of_last_year_stand_in_its_agenda(counter: Counter) -> None:
    clerk = await counter.browser()
    await counter.receive(clerk)
    late = await counter.receive(clerk, received_on="30-12-2020")
    assert "nomor 1 tahun 2020" in words_of(await (await clerk.get(late)).text())
    assert late in await (await clerk.get("/registers/incoming?year=2020")).text()
    assert late not in await (await clerk.get("/registers/incoming")).text()


async def test_gaps_in_the_incoming_agenda_are_void_rows(counter: Counter) -> None:
    clerk = await counter.browser()

    async def floor(connection: object) -> None:
        await views.raise_floor(connection, NumberHigh("surat-masuk", 2021, 3))  # type: ignore[arg-type]

    await counter.store.database.transact(floor)
    await counter.receive(clerk)
    head = await counter.browser("head")
    void = {**await head.fields_of(await head.get("/numbers")), "reason": "hilang bersama server lama"}
    assert (void["series"], void["first"], void["last"]) == ("surat-masuk", "1", "3")
    await head.post("/numbers/void", void)
    words = words_of(await (await clerk.get("/registers/incoming")).text())
    assert "1 s/d 3 - - - - Nomor tanpa surat BATAL: hilang bersama server lama" in words
    assert "Nomor tanpa surat" not in words_of(await (await clerk.get("/registers/outgoing")).text())


async def test_incoming_letters_wait_for_the_paper_agenda_after_a_loss(tmp_path: Path) -> None:
    counter = await open_counter(tmp_path, is_first=False)
    try:
        clerk = await counter.browser()
        form = await clerk.fields_of(await clerk.get("/registers/incoming/new"))
        ready = {**form, "received_on": "17-05-2021", "sender": "Camat", "subject": "Undangan"}
        refused = await clerk.post("/registers/incoming/new", ready)
        assert refused.status == 409
        assert "buku agenda" in await refused.text()
        token = {"csrf": form["csrf"], "last-semua-2021": "0"}
        assert (await clerk.post("/numbers/confirm", {**token, "last-surat-masuk-2021": ""})).status == 422
        assert (await clerk.post("/numbers/confirm", {**token, "last-surat-masuk-2021": "41"})).status == 200
        assert "nomor 42 tahun 2021" in words_of(await (await clerk.post("/registers/incoming/new", ready)).text())
    finally:
        await counter.close()


async def test_another_offices_incoming_letter_is_not_here(counter: Counter) -> None:
    clerk = await counter.browser()
    assert (await clerk.get(f"/registers/incoming/{'ab' * 16}")).status == 404
    for odd in ("ab" * 16, "xyz"):
        assert (await clerk.get(f"/registers/incoming/new?incoming={odd}")).status == 404


async def test_the_incoming_agenda_on_paper_and_in_a_sheet(counter: Counter) -> None:
    clerk = await counter.browser()
    await counter.receive(clerk, sender="=1+1", their_number="0051234567890")
    text = PdfReader(io.BytesIO(await (await clerk.get("/registers/incoming/pdf")).read())).pages[0].extract_text()
    assert "BUKU AGENDA SURAT MASUK" in text
    assert "Undangan rapat" in text
    raw = (await (await clerk.get("/registers/incoming/csv")).read()).decode("utf-8-sig")
    row = list(csv.reader(io.StringIO(raw), delimiter=";"))[1]
    assert (row[2], row[4]) == ("'0051234567890", "'=1+1")


# --- handed over ------------------------------------------------------------------------------------------------------


async def hand_over(browser: Browser, letter: str, **answers: str) -> int:
    """A letter leaves the office, through the pages; the status of the answer."""
    form = await browser.fields_of(await browser.get(f"{letter}/hand-over"))
    typed = {"recipient": "Camat Blimbingsari", "received_by": "", "handed_on": "17-05-2021", **answers}
    return (await browser.post(f"{letter}/hand-over", {**form, **typed}, allow_redirects=False)).status


async def test_a_letter_handed_over_stands_in_the_book(counter: Counter) -> None:
    clerk = await counter.browser()
    letter, other = await counter.issue(clerk), await counter.issue(clerk, "sktm")
    assert f'href="{letter}/hand-over"' in await (await clerk.get(letter)).text()
    assert await hand_over(clerk, letter) == 303
    assert await hand_over(clerk, other, recipient="Dinas Sosial", received_by="kurir") == 303
    html = await (await clerk.get("/registers/expedition")).text()
    assert re.findall("/letters/[0-9a-f]{32}", html) == [other, letter]
    words = words_of(html)
    assert "Surat Keterangan Tidak Mampu Dinas Sosial kurir clerk" in words
    assert "Surat Keterangan Domisili Camat Blimbingsari - clerk" in words
    printed = await counter.value("SELECT printed_number FROM letter WHERE number = 2")
    for typed, found in (
        ("dinas", [other]),
        (printed, [other]),
        ("1", [letter]),
        ("kurir", [other]),
        ("camat dinas", []),
    ):
        html = await search(clerk, "expedition", q=typed)
        assert re.findall("/letters/[0-9a-f]{32}", html) == found, typed
    text = PdfReader(io.BytesIO(await (await clerk.get("/registers/expedition/pdf")).read())).pages[0].extract_text()
    assert "BUKU EKSPEDISI" in text
    assert text.index("Camat Blimbingsari") < text.index("Dinas Sosial")
    raw = (await (await clerk.get("/registers/expedition/csv")).read()).decode("utf-8-sig")
    assert [row[0] for row in csv.reader(io.StringIO(raw), delimiter=";")] == ["No.", "1", "2"]


async def test_a_handover_is_written_once_and_of_valid_letters_only(counter: Counter) -> None:
    clerk, head = await counter.browser(), await counter.browser("head")
    letter = await counter.issue(clerk)
    form = await clerk.fields_of(await clerk.get(f"{letter}/hand-over"))
    ready = {**form, "recipient": "Camat", "received_by": "", "handed_on": "17-05-2021"}
    await asyncio.gather(*(clerk.post(f"{letter}/hand-over", ready) for _ in range(5)))
    assert await counter.value("SELECT count(*) FROM handover") == 1
    void = await head.fields_of(await head.get(f"{letter}/void"))
    await head.post(f"{letter}/void", {**void, "reason": "salah nama"})
    other = await clerk.fields_of(await clerk.get(f"{letter}/hand-over"))
    refused = await clerk.post(f"{letter}/hand-over", {**ready, **other})
    assert refused.status == 422
    assert "sudah dibatalkan" in await refused.text()
    assert "(BATAL)" in await (await clerk.get("/registers/expedition")).text()
    assert f"{letter}/hand-over" not in await (await clerk.get(letter)).text()
    assert (await clerk.get(f"/letters/{'ab' * 16}/hand-over")).status == 404


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"recipient": ""}, "Ditujukan kepada: wajib diisi."),
        ({"handed_on": "18-05-2021"}, "belum tiba"),
        ({"handed_on": "16-05-2021"}, "sebelum tanggal suratnya"),
        ({"handed_on": "kemarin"}, "bukan tanggal"),
        ({"received_by": "\u200b"}, "karakter tersembunyi"),
    ],
)
async def test_what_a_handover_lacks_is_said(counter: Counter, changes: dict[str, str], sentence: str) -> None:
    clerk = await counter.browser()
    letter = await counter.issue(clerk)
    form = await clerk.fields_of(await clerk.get(f"{letter}/hand-over"))
    typed = {"recipient": "Camat", "received_by": "", "handed_on": "17-05-2021", **changes}
    answer = await clerk.post(f"{letter}/hand-over", {**form, **typed})
    assert answer.status == 422
    assert sentence in await answer.text()
    assert await counter.value("SELECT count(*) FROM handover") == 0


# --- residents --------------------------------------------------------------------------------------------------------


async def test_the_book_of_residents_shows_four_digits_and_goes_from_house_to_house(counter: Counter) -> None:
    clerk = await counter.browser()
    html = await (await clerk.get("/registers/residents")).text()
    assert not any(nik in html for nik in counter.people)
    assert not re.search(r"\d{16}", html)
    shown = [bytes.fromhex(each) for each in re.findall("/residents/([0-9a-f]{32})", html)]
    rows = await counter.store.database.read(
        lambda c: c.fetch_all("SELECT id FROM resident ORDER BY rw, rt, kk, birth_date")
    )
    assert shown == [row[0] for row in rows]
    nik, person = next(iter(counter.people.items()))
    for typed in (nik, f"{nik[:4]} {nik[4:]}", await counter.value("SELECT name FROM resident WHERE id = $1", person)):
        assert person.hex() in await search(clerk, "residents", q=typed)
    assert "hanya sekretaris atau kepala" in html


async def test_the_book_of_residents_is_taken_out_by_superiors_and_written_down(counter: Counter) -> None:
    clerk, head = await counter.browser(), await counter.browser("head")
    for form in ("pdf", "xlsx", "csv"):
        assert (await clerk.get(f"/registers/residents/{form}")).status == 403
    raw = (await (await head.get("/registers/residents/csv")).read()).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(raw), delimiter=";"))[1:]
    assert {row[10] for row in rows} == {f"'{nik}" for nik in counter.people}
    cells, _ = sheet_of(await (await head.get("/registers/residents/xlsx")).read())
    assert {row[10] for row in cells[3:]} == set(counter.people)
    pages = PdfReader(io.BytesIO(await (await head.get("/registers/residents/pdf?paper=A4")).read())).pages
    text = "".join(sheet.extract_text() for sheet in pages)
    assert all(nik in text for nik in counter.people)
    assert "Keadaan tanggal 17 Mei 2021" in text
    assert await trail(counter) == [
        ("head", "export_register", "residents"),
        ("head", "export_register", "residents"),
        ("head", "print_register", "residents"),
    ]


async def test_who_died_or_moved_stays_in_the_book_of_residents_and_is_marked(counter: Counter) -> None:
    clerk, head = await counter.browser(), await counter.browser("head")
    dead, moved = list(counter.people.items())[:2]
    await happen(counter, dead[1], EventKind.DIED, "2021-05-01")
    await happen(counter, moved[1], EventKind.MOVED_OUT, "2021-05-02")
    html = await (await clerk.get("/registers/residents")).text()
    assert html.count("<strong>Meninggal 1 Mei 2021</strong>") == 1
    assert html.count("<strong>Pindah 2 Mei 2021</strong>") == 1
    raw = (await (await head.get("/registers/residents/csv")).read()).decode("utf-8-sig")
    remarks = {row[10].lstrip("'"): row[-1] for row in list(csv.reader(io.StringIO(raw), delimiter=";"))[1:]}
    assert len(remarks) == len(counter.people)
    assert {nik: words for nik, words in remarks.items() if words} == {
        dead[0]: "Meninggal 1 Mei 2021",
        moved[0]: "Pindah 2 Mei 2021",
    }


# --- births, deaths, moves --------------------------------------------------------------------------------------------


async def happen(counter: Counter, resident: bytes, kind: EventKind, day: str, reference: str = "") -> None:
    made = Event(kind=kind, happened_on=date.fromisoformat(day), place="Jember", reference=reference, note="")
    assert isinstance(await counter.store.write(lambda desk: events.record(desk, resident, made, "sri")), bytes)


async def test_the_book_of_mutations_is_of_its_year_in_order_and_searched(counter: Counter) -> None:
    clerk = await counter.browser()
    (one, first), (two, second), (_, third) = list(counter.people.items())[:3]
    await happen(counter, first, EventKind.DIED, "2021-05-01")
    await happen(counter, second, EventKind.MOVED_OUT, "2021-02-01", "SKPWNI/1")
    await happen(counter, third, EventKind.MOVED_OUT, "2019-12-31")
    html = await (await clerk.get("/registers/mutations")).text()
    assert re.findall("/residents/([0-9a-f]{32})", html) == [first.hex(), second.hex()], "newest first"
    assert re.findall(r"<option value=\"(\d+)\"", html) == ["2021", "2019"]
    assert one not in html
    assert two not in html
    assert third.hex() in await (await clerk.get("/registers/mutations?year=2019")).text()
    name = await counter.value("SELECT name FROM resident WHERE id = $1", second)
    for typed, found in ((two, second), (name, second), (one, first)):
        assert re.findall("/residents/([0-9a-f]{32})", await search(clerk, "mutations", q=typed)) == [found.hex()]
    raw = (await (await clerk.get("/registers/mutations/csv?year=2021")).read()).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(raw), delimiter=";"))
    assert [row[0] for row in rows] == ["No.", "1", "2"]
    assert rows[1][5:] == ["", "", "Jember", "1 Februari 2021", "", "", "Pindah; SKPWNI/1"]
    assert len(set(rows[0])) == len(rows[0]), "each column has a name of its own"
    cells, _ = sheet_of(await (await clerk.get("/registers/mutations/xlsx?year=2021")).read())
    assert cells[-1][9:11] == ["Jember", "1 Mei 2021"]
    text = PdfReader(io.BytesIO(await (await clerk.get("/registers/mutations/pdf")).read())).pages[0].extract_text()
    assert "BUKU MUTASI PENDUDUK" in text
    assert text.index("1 Februari 2021") < text.index("1 Mei 2021")
    assert ("clerk", "print_register", "mutations/2021") in await trail(counter)
