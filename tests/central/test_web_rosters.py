"""A roster on the officers' pages, from the validators' worklist to the payment list, and who may do what."""

import csv
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pypdf
import pytest
from aiohttp import ClientResponse, CookieJar, FormData
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from central.domain.determination import Perkades
from central.domain.rosters import Fate
from central.domain.terbilang import NUMBER_MAX, terbilang
from central.store import access
from central.web.app import build_app
from central.web.desk import Desk
from central.web.lock import read_perkades
from chassis.database import Connection, SqliteDatabase
from chassis.web.accounts import create_account, hash_password
from tests.central.desk import DESA, OTHER_DESA, RULES, WARD, Machine, Regency, migrations, nik
from tests.central.roster_desk import NGAJI, PDF, open_cycle, rule, scan_all, teach, teach_with_answers, validate
from tests.chassis.conftest import PASSWORD, Browser

HASH = hash_password(PASSWORD)
PEOPLE = {
    "sari": ("officer", ""),
    "budi": ("officer", ""),
    "desa": ("validator", f"village/{DESA}"),
    "lptq": ("validator", f"lptq/{DESA[:6]}"),
    "lptq2": ("validator", f"lptq/{OTHER_DESA[:6]}"),
    "desa2": ("validator", f"village/{OTHER_DESA}"),
    "lepas": ("validator", ""),
}
HERE = f"/rosters/{NGAJI.code}"
NASTY = '=HYPERLINK("http://jahat")'


ANSWERS = (("pupils", "25"), ("teaching_since", "2015-07"), ("bank", "Bank Jatim"), ("account_number", "0011223344"))


@dataclass
class Hall:
    """A closed window: two teachers of one village, one of another with a name that a spreadsheet would compute."""

    regency: Regency
    server: TestServer
    records: list[bytes]
    other: Machine
    browsers: dict[str, Browser] = field(default_factory=dict)

    async def browser(self, login: str) -> Browser:
        if login not in self.browsers:
            self.browsers[login] = Browser(TestClient(self.server, cookie_jar=CookieJar(unsafe=True)))
            await self.browsers[login].sign_in(login)
        return self.browsers[login]

    async def get(self, path: str, login: str = "sari") -> ClientResponse:
        return await (await self.browser(login)).get(path, allow_redirects=False)

    async def text(self, path: str, login: str = "sari") -> str:
        return words_of(await (await self.get(path, login)).text())

    async def send(self, path: str, login: str = "sari", **values: str) -> str:
        """Fill in the page's last form; what the answer says."""
        browser = await self.browser(login)
        form = {k: v for k, v in (await browser.filled(path, **values)).items() if k != "list"}
        return words_of(await (await browser.post(path, form)).text())

    async def validate(self) -> None:
        for login in ("desa", "lptq", "desa2", "lptq2"):
            open_lines = {f"reply-{record.hex()}": "" for record in self.records}
            await self.send(f"{HERE}/validations", login, all="yes", **open_lines)


def words_of(html: str) -> str:
    main = html.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with opened_hall(tmp_path) as hall:
        yield hall


@asynccontextmanager
async def opened_hall(folder: Path) -> AsyncIterator[Hall]:
    database = await SqliteDatabase.open(folder / "centre.db", migrations())
    regency = Regency(database)
    await open_cycle(regency)
    desa, other = await regency.enrol(DESA), await regency.enrol(OTHER_DESA)
    for machine in (desa, other):
        await regency.greet(machine)
        machine.open_log()
    records = [teach_with_answers(desa, 1, *ANSWERS), teach(desa, 2), teach(other, 3, name=NASTY)]
    for machine in (desa, other):
        await regency.send(machine)
    await regency.settle()
    regency.clock.advance(days=18)
    await regency.greet(desa)
    await regency.greet(other)

    async def people(connection: Connection) -> None:
        for login, (role, scope) in PEOPLE.items():
            await create_account(
                connection, login=login, display_name=login, role=role, scope=scope, password_hash=HASH, now_ms=0
            )

    await database.transact(people)
    desk = Desk(database, regency.clock, RULES, sign=regency.key.sign)
    server = TestServer(build_app(desk, CollectorRegistry(), "0.1.0"))
    await server.start_server()
    hall = Hall(regency, server, records, other)
    yield hall
    for browser in hall.browsers.values():
        await browser.client.close()
    await server.close()
    await database.close()


# --- validators -------------------------------------------------------------------------------------------------------


async def test_a_validator_sees_the_own_place_and_nothing_else(hall: Hall) -> None:
    text = await hall.text(f"{HERE}/validations", "desa")
    assert "2 dari 2 orang belum divalidasi" in text
    assert "GURU CONTOH A" in text
    assert "Santri: 25; Mengajar sejak: 2015-07" in text, "the evidence stands beside"
    assert "Bank Jatim" not in text
    assert "HYPERLINK" not in text
    assert nik(1) not in text, "the last four digits are enough"
    assert "1 dari 1 orang" in await hall.text(f"{HERE}/validations", "lptq2")
    for path in ("/", "/rosters", HERE, f"{HERE}/lock"):
        assert (await hall.get(path, "lptq")).status == (303 if path == "/" else 403)
    assert (await hall.get("/rosters/validations", "lepas")).status == 403, "bound to nothing, so it sees nothing"
    assert await hall.regency.value("SELECT count(*) FROM access_log WHERE action = 'view_validations'") == 2


async def test_replies_of_a_page_are_kept_with_who_and_when_and_others_rows_are_not_touched(hall: Hall) -> None:
    first, second, stranger = (record.hex() for record in hall.records)
    said = await hall.send(f"{HERE}/validations", "desa", **{f"reply-{first}": "deceased"})
    assert "Meninggal: tulis tanggal meninggalnya" in said
    assert await hall.regency.value("SELECT count(*) FROM validation") == 0
    replies = {f"reply-{first}": "deceased", f"detail-{first}": "3 Mei 2021", f"reply-{stranger}": "agreed"}
    assert "1 jawaban disimpan." in await hall.send(f"{HERE}/validations", "desa", **replies)
    assert await hall.regency.rows("SELECT hex(record), body, answer, detail, actor FROM validation") == [
        (first.upper(), "village", "deceased", "3 Mei 2021", "desa")
    ]
    assert "1 jawaban disimpan." in await hall.send(f"{HERE}/validations", "desa", all="yes", **{f"reply-{second}": ""})
    assert "Belum ada jawaban" in await hall.send(f"{HERE}/validations", "desa", **{f"reply-{stranger}": "agreed"})
    assert "tercatat meninggal dunia" in await hall.text(f"{HERE}/rows/{first}")


# --- officers ---------------------------------------------------------------------------------------------------------


async def test_what_would_be_paid_if_it_were_locked_now(hall: Hall) -> None:
    text = await hall.text(HERE)
    assert "Jika dikunci sekarang: 0 penerima, Rp0 ; 3 ditahan; 0 desa belum terdengar" in text
    assert "3 baris belum divalidasi desa/kelurahan (3)." in text
    await hall.validate()
    text = await hall.text(HERE)
    assert "Jika dikunci sekarang: 3 penerima, Rp2.100.000 ; 0 ditahan" in text
    assert "Menurut kecamatan" in text
    assert "Blimbingsari 2 0 0 0 0 Rp1.400.000" in text
    assert "Blimbingsari, Sukojati 2 0 0 0 0 Rp1.400.000" in await hall.text(f"{HERE}?district={DESA[:6]}")
    assert "Pindaian berita acara bertanda tangan belum ada dari 4 tempat" in text
    assert "3 baris." in await hall.text(f"{HERE}/rows?fate=kept")
    assert "1 baris." in await hall.text(f"{HERE}/rows?village={OTHER_DESA}")


async def test_an_officer_takes_somebody_off_with_a_reason(hall: Hall) -> None:
    await hall.validate()
    path = f"{HERE}/rows/{hall.records[1].hex()}"
    assert "Alasan: tulis 5 sampai 200 huruf" in await hall.send(path, fate="dropped", reason="x")
    assert "Putusan: pilih salah satu." in await hall.send(path, fate="kept", reason="boleh saja")
    said = await hall.send(path, fate="dropped", reason="sudah tidak mengajar")
    assert "dikeluarkan petugas kabupaten" in said
    assert "sudah tidak mengajar sari" in said
    assert "Jika dikunci sekarang: 2 penerima" in await hall.text(HERE)


async def test_the_minutes_are_printed_with_the_hash_and_come_back_signed(hall: Hall) -> None:
    await hall.validate()
    path = f"{HERE}/minutes/village/{DESA}"
    printed = await (await hall.get(path)).read()
    pages = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(printed)).pages)
    browser = await hall.browser("sari")
    html = await (await hall.get(f"{HERE}/minutes")).text()
    form = html.partition(f'action="{path}"')[2].partition("</form>")[0]
    fields = dict(re.findall(r'name="([a-z_]+)" value="([^"]+)"', form))
    assert fields["list"] in pages
    assert "GURU CONTOH A" in pages
    assert "2 (dua) orang" in pages
    for content, said in ((b"no picture", "bukan PDF"), (PDF, "disimpan")):
        upload = FormData(fields)
        upload.add_field("scan", content, filename="scan.pdf", content_type="application/pdf")
        assert said in words_of(await (await browser.post(path, upload)).text())
    assert "3 dari 4 berita acara belum kembali" in await hall.text(f"{HERE}/minutes")
    assert await (await hall.get(f"{path}/scan")).read() == PDF
    upload = FormData(fields | {"list": "00" * 32})
    upload.add_field("scan", PDF, filename="scan.pdf", content_type="application/pdf")
    assert "daftar tempat ini berubah" in words_of(await (await browser.post(path, upload)).text())


ACT = {"step": "claim", "number": "188/1/KEP/2021", "dated": "2021-06-01", "recipients": "3", "total": "2.100.000"}


async def test_the_lock_is_refused_with_the_reason_until_nothing_is_in_its_way(hall: Hall) -> None:
    """A missing validation, a held row, missing minutes, wrong sums, a silent village that nobody names: each by its sentence,
    on the page and in the answer to who claims or locks all the same, from a form of before; and nothing is claimed or locked.
    """
    regency, path = hall.regency, f"{HERE}/lock"
    former = f"{HERE}/rows/{hall.records[1].hex()}"

    async def refused(words: str, login: str = "sari", **values: str) -> None:
        claims = await regency.value("SELECT count(*) FROM roster_claim")
        browser = await hall.browser(login)
        sent = await browser.post(path, await browser.filled(former, **ACT | values))
        assert (sent.status, words in words_of(await sent.text())) == (422, True)
        assert await regency.value("SELECT count(*) FROM roster_claim") == claims
        assert await regency.value("SELECT count(*) FROM roster") == 0

    assert "3 baris belum divalidasi" in await hall.text(path)
    await refused("3 baris belum divalidasi", recipients="0", total="0")
    await hall.validate()
    hall.other.anchor = None  # nothing proves that it was written after the window closed
    hall.other.anchor_hash = b""
    late = teach(hall.other, 4)
    await regency.send(hall.other, len(hall.other.ops))
    await regency.settle()
    await validate(regency, late)
    assert "1 baris masih ditahan. Putuskan atau tanyakan dahulu tiap baris itu." in await hall.text(path)
    await refused("1 baris masih ditahan")
    await rule(regency, late, Fate.DROPPED)
    await refused("Pindaian berita acara bertanda tangan belum ada dari 4 tempat")
    await scan_all(regency)
    await refused("Jumlah penerima: SK menyebut 4, daftar ini 3", recipients="4")
    await refused("Jumlah uang: SK menyebut Rp2.100.001, daftar ini Rp2.100.000", total="2.100.001")
    await regency.enrol(WARD)
    await refused("Desa yang belum terdengar: 1 desa belum disebut")
    assert "Daftar diajukan." in await hall.send(path, **ACT, silent=WARD)
    await rule(regency, hall.records[0], Fate.DROPPED)
    await refused("Pindaian berita acara", "budi", step="lock")
    await scan_all(regency)
    await refused("Jumlah penerima: SK menyebut 3, daftar ini 2", "budi", step="lock")


async def test_two_officers_lock_and_the_payment_list_ties_out(hall: Hall) -> None:
    await hall.validate()
    await scan_all(hall.regency)
    said = await hall.send(f"{HERE}/lock", **ACT | {"recipients": "4", "number": ""})
    assert "Nomor SK: isi" in said
    assert "Jumlah penerima: SK menyebut 4, daftar ini 3." in await hall.send(
        f"{HERE}/lock", **ACT | {"recipients": "4"}
    )
    assert "Daftar diajukan." in await hall.send(f"{HERE}/lock", **ACT)
    assert "Petugas lain yang harus mengunci" in await hall.text(f"{HERE}/lock")
    assert "Anda sendiri yang mengajukan" in await hall.send(f"{HERE}/lock", step="lock")
    assert "Pengajuan dikembalikan." in await hall.send(f"{HERE}/lock", "budi", step="return")
    assert "Daftar diajukan." in await hall.send(f"{HERE}/lock", **ACT)
    budi = await hall.browser("budi")
    form = await budi.filled(f"{HERE}/lock", step="lock")
    assert "Periode dikunci: 3 penerima, Rp2.100.000" in words_of(await (await budi.post(f"{HERE}/lock", form)).text())
    again = await budi.post(f"{HERE}/lock", form)
    assert again.url.path == f"{HERE}/lists/1", "a double click leads to the same list"
    assert await hall.regency.rows("SELECT count(*) FROM roster") == [(1,)]
    text = await hall.text(f"{HERE}/lists/1")
    assert "3 penerima, Rp2.100.000 (dua juta seratus ribu rupiah)" in text
    assert "Daftar yang berlaku: Penetapan" in await hall.text(f"{HERE}/lock", "budi")
    reply = {f"reply-{hall.records[0].hex()}": "agreed"}
    assert "Tidak ada yang menunggu" in await hall.text(f"{HERE}/validations?show=all", "desa")
    fields = await (await hall.browser("sari")).filled(f"{HERE}/lock")
    token = await (await hall.browser("desa")).filled(f"{HERE}/validations")
    sent = await (await hall.browser("desa")).post(f"{HERE}/validations", {**fields, **token, **reply})
    assert sent.status == 422
    assert await hall.regency.value("SELECT count(*) FROM validation") == 6

    content = (await (await hall.get(f"{HERE}/lists/1/payment.csv")).read()).decode("utf-8-sig")
    table = csv.reader(io.StringIO(content), delimiter=";")
    headings, *rows = list(table)
    assert sum(int(row[headings.index("JUMLAH")]) for row in rows) == 2_100_000
    by_nik = {row[headings.index("NIK")]: dict(zip(headings, row, strict=True)) for row in rows}
    assert by_nik["'" + nik(3)]["NAMA"] == "'" + NASTY
    first, second = by_nik["'" + nik(1)], by_nik["'" + nik(2)]
    assert [first[name] for name in ("SALURAN", "BANK", "NOMOR REKENING")] == [
        "Transfer bank",
        "Bank Jatim",
        "'0011223344",
    ]
    assert second["SALURAN"] == "Tunai di kantor"
    workbook = openpyxl.load_workbook(io.BytesIO(await (await hall.get(f"{HERE}/lists/1/payment.xlsx")).read()))
    cells = list(workbook.active.iter_rows(min_row=2, max_row=4, values_only=True))
    assert [row[headings.index("JUMLAH")] for row in cells] == [700_000] * 3
    assert cells[0][headings.index("NAMA")] == NASTY
    assert workbook.active.cell(2, headings.index("NAMA") + 1).data_type == "s"
    printed = await (await hall.get(f"{HERE}/lists/1/payment/{DESA[:6]}")).read()
    pages = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(printed)).pages)
    assert "Rp1.400.000 (satu juta empat ratus ribu rupiah)" in " ".join(pages.split())
    actions = await hall.regency.rows("SELECT action, count(*) FROM access_log WHERE action LIKE 'export%' GROUP BY 1")
    assert actions == [("export_payment_list", 3)]
    looks = await hall.regency.database.read(lambda c: access.of_person(c, nik(1)))
    assert [look.action for look in looks] == ["export_payment_list"] * 3, "a look at each person on the list"
    looks = await hall.regency.database.read(lambda c: access.of_person(c, nik(3)))
    assert len(looks) == 2, "the printed district is not theirs"
    newest, *_ = (await hall.regency.database.read(lambda c: access.lines(c, "", 1)))[0]
    assert (newest.people, newest.tag) == (2, ""), "one line of the log, whoever many it shows"


async def test_what_was_paid_comes_back_in_the_same_file(hall: Hall) -> None:
    await hall.validate()
    await scan_all(hall.regency)
    act = {"number": "188/1/KEP/2021", "dated": "2021-05-01", "recipients": "3", "total": "2100000"}
    await hall.send(f"{HERE}/lock", step="claim", **act)
    await hall.send(f"{HERE}/lock", "budi", step="lock")
    await hall.regency.settle()
    path, browser = f"{HERE}/lists/1", await hall.browser("sari")
    workbook = openpyxl.load_workbook(io.BytesIO(await (await hall.get(f"{path}/payment.xlsx")).read()))
    sheet = workbook.active
    columns = {cell.value: cell.column for cell in sheet[1]}
    for row, (status, day, reason) in enumerate(
        (("dibayar", "10/05/2021", ""), ("gagal salur", "", "rekening tutup"), ("dibayar", "kemarin", "")), start=2
    ):
        for name, value in (("STATUS", status), ("TANGGAL", day), ("ALASAN", reason)):
            sheet.cell(row, columns[name], value)
    filled = io.BytesIO()
    workbook.save(filled)

    async def send(content: bytes) -> str:
        upload = FormData(await browser.filled(path))
        upload.add_field("results", content, filename="hasil.xlsx", content_type="application/octet-stream")
        return words_of(await (await browser.post(path, upload)).text())

    said = await send(filled.getvalue())
    assert "1 baris tidak dipakai" in said
    assert "4 Dibayar: tulis tanggalnya" in said
    assert await hall.regency.rows(
        "SELECT entry, state, paid_on, reason, actor FROM payment_result ORDER BY entry"
    ) == [
        (1, "paid", "2021-05-10", "", "sari"),
        (2, "failed", "", "rekening tutup", "sari"),
    ]
    assert "berkas ini sudah pernah dipakai" in await send(filled.getvalue())
    assert "tidak ada. Pakai berkas yang diunduh" in await send(b"NAMA;NIK\nA;1")
    assert "Dibayar 1 Gagal salur 1" in await hall.text(path)
    act = {"number": "188/2/KEP/2021", "dated": "2021-05-12", "recipients": "3", "total": "2100000", "step": "claim"}
    said = await hall.send(f"{HERE}/lock", kind="replacement", lines="1; pindah", **act)
    assert "Nomor 1 sudah dibayar" in said
    assert "Daftar tunggu hanya memuat 0 orang" in said
    said = await hall.send(f"{HERE}/lock", kind="amendment", lines="2; Bank Jatim; 0099; GURU CONTOH", **act)
    assert "Daftar diajukan" in said
    assert "Jenis Daftar perbaikan" in said
    assert "Periode dikunci: 3 penerima" in await hall.send(f"{HERE}/lock", "budi", step="lock")
    assert "0 dikeluarkan, 1 ditambahkan atau diperbaiki" in await hall.text(f"{HERE}/lists/2")
    listed = (await (await hall.get(f"{HERE}/lists/2/payment.csv")).read()).decode()
    assert listed.count("\r\n") == 2
    assert "Bank Jatim;'0099;GURU CONTOH" in listed


def test_a_line_for_each_villages_perkades() -> None:
    lines = f"{OTHER_DESA}; 7/2021 ; 2021-05-21\n\n35.10.25.2010;3/2021;2021-05-20"
    assert read_perkades(lines) == (
        Perkades(OTHER_DESA, "7/2021", "2021-05-21"),
        Perkades(DESA, "3/2021", "2021-05-20"),
    )
    for wrong in ("", f"{DESA}; ; ", f"{DESA};3/2021", f"{DESA};3/2021;kemarin", "3510252;3/2021;2021-05-20"):
        with pytest.raises(ValueError, match="kode desa"):
            read_perkades(wrong)


def test_numbers_in_words() -> None:
    known = {
        0: "nol",
        11: "sebelas",
        19: "sembilan belas",
        100: "seratus",
        1_000: "seribu",
        1_001_000: "satu juta seribu",
        12_373: "dua belas ribu tiga ratus tujuh puluh tiga",
        8_661_100_000: "delapan miliar enam ratus enam puluh satu juta seratus ribu",
    }
    assert {number: terbilang(number) for number in known} == known
    for wrong in (-1, NUMBER_MAX + 1):
        with pytest.raises(ValueError, match="outside"):
            terbilang(wrong)
