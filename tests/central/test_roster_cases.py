# ruff: noqa: F811 - the fixture `hall` is imported
"""Every shape of bad list that an officer may bring, each through the pages and the real importer with its child process.

What is asked of each: the officer is told in Indonesian what is wrong and what to do; where the file is refused nothing of
it stays; a bad row is that row's problem; the parent answers at once and grows by nothing that the file could choose. Files
that mean harm, and files that come twice, half, or from two desks at once, are in test_roster_hostile.py.

| case                                  | shown by                                                                          |
|---------------------------------------|-----------------------------------------------------------------------------------|
| empty; header only                    | test_a_file_is_refused                                                            |
| BOM, UTF-16, cp1252; `;` and TAB      | test_a_list_is_read (all encodings x delimiters x line ends: test_lists.py)       |
| unclosed quote, giant field, NUL      | test_a_bad_row_is_told                                                            |
| missing, renamed, duplicate columns   | test_columns_are_asked_about, test_a_list_is_read                                 |
| 3.51E+15                              | test_a_bad_row_is_told, test_a_file_is_refused (a whole column)                   |
| d/m against m/d                       | test_the_order_of_dates_is_asked, test_list_shapes.py                             |
| merged cells, hidden sheets, formulas | test_a_list_is_read                                                               |
| password-protected, .xls, renamed PDF | test_a_file_is_refused, test_a_list_is_read                                       |
| zip bomb                              | test_a_bomb_costs_the_child_and_nobody_else (sizes: tests/chassis)                |
| zip-slip, macros; XXE                 | test_what_a_workbook_carries_beside_..., test_an_entity_is_never_resolved         |
| 1 M rows                              | test_a_million_rows_are_refused_at_once, below: tests/acceptance, 250,000 families |
| same person twice, in two villages    | test_one_person_on_several_rows                                                   |
| dead, moved                           | test_a_bad_row_is_told, test_who_moved_is_found_where_they_were                   |
| negative amounts, `Rp 1.500.000,00`   | test_amounts                                                                      |
| wrong programme or year               | test_a_bad_row_is_told, test_the_wrong_year_stands_in_nobodys_way, ..._cycle      |
| same file twice; two officers at once | test_the_same_file_twice_changes_nothing, test_two_officers_at_once_import_once   |
| cut at 50 %                           | test_half_a_file, test_half_an_upload_is_nothing                                  |
| undo                                  | test_imports.py, test_web_imports.py (both kinds, and what rested on it)          |
"""

import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from central.domain.lists import Kind
from tests.central.desk import PANGAN, kk, nik
from tests.central.list_desk import (
    cells_of,
    compound,
    csv_list,
    discard,
    errors_of,
    facts_of,
    hall,  # noqa: F401 - a fixture
    held,
    offer,
    old_workbook,
    open_workbook,
    person,
    report,
    send,
    text_of,
)
from tests.central.test_web_pages import Hall
from tests.chassis.test_spreadsheets import workbook

pytestmark = pytest.mark.asyncio(loop_scope="module")
C, P = Kind.COVERAGE, Kind.PROPOSALS


# --------------------------------------------------------------------------------------- refused as a whole


def pdf(_kind: Kind) -> bytes:
    return b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"


def destroyed(kind: Kind) -> bytes:
    return csv_list(kind, *(person(n, NIK="3.51E+15") for n in range(30)))


REFUSED: dict[str, tuple[Callable[[Kind], bytes], str]] = {
    "empty": (lambda _: b"", "pilih berkas"),
    "blank": (lambda _: b"\xef\xbb\xbf \r\n\r\n", "Berkas kosong. Periksa apakah berkas"),
    "header only": (csv_list, "hanya berisi baris judul. Periksa apakah unduhannya"),
    "header only, workbook": (lambda kind: workbook(list(cells_of(kind))), "tidak memuat lembar yang terisi"),
    "no header": (lambda _: b"1;2;3\n4;5;6\n", "Baris judul (NIK, NOKK, Nama, ...) tidak ditemukan"),
    "renamed PDF": (pdf, "bukan CSV, melainkan PDF. Buka berkas aslinya"),
    "web page named .xls": (lambda _: b"<html><table><tr><td>NIK", "melainkan halaman web atau XML"),
    "password": (lambda _: compound("EncryptedPackage", b"\x08" * 5000), "dikunci kata sandi. Simpan ulang tanpa"),
    "password, .xls": (lambda kind: old_workbook(cells_of(kind, person(1)), is_locked=True), "dikunci kata sandi"),
    "password, ODS": (lambda kind: open_workbook(cells_of(kind, person(1)), is_locked=True), "dikunci kata sandi"),
    "half a workbook": (
        lambda kind: (w := workbook(list(cells_of(kind, person(1)))))[: len(w) // 2],
        "simpan sebagai CSV",
    ),
    "column of numbers destroyed": (destroyed, "sudah rusak oleh program lembar kerja"),
    "hidden sheets only": (
        lambda kind: workbook(list(cells_of(kind, person(1))), [], hidden=1),
        "tidak memuat lembar yang terisi",
    ),
}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("case", REFUSED)
async def test_a_file_is_refused(hall: Hall, kind: Kind, case: str) -> None:
    make, words = REFUSED[case]
    before = await held(hall)
    told = await offer(hall, make(kind), kind)
    assert words in told.refused
    assert told.rows == {}
    after = await held(hall)
    if told.number:  # it has columns, and stays as a draft that the officer may map otherwise or throw away
        await discard(hall, told.number)
        after = await held(hall)
    assert after == before


# ---------------------------------------------------------------------------------------- read, whatever it is


def coded(encoding: str) -> Callable[[Kind], bytes]:
    return lambda kind: text_of(cells_of(kind, person(11, Nama="JOSÉ"), person(12))).encode(encoding)


def delimited(by: str) -> Callable[[Kind], bytes]:
    return lambda kind: text_of(cells_of(kind, person(13), person(14)), by).encode()


def renamed(kind: Kind) -> bytes:
    return (
        csv_list(kind, person(15), person(16))
        .replace(b"No KK", b"NOMOR KARTU KELUARGA")
        .replace(b"Nama", b"NAMA LENGKAP")
    )


def merged(kind: Kind) -> bytes:
    """A title over all columns, and a cell that two rows share: the lower one is empty, as in every spreadsheet."""
    rows = cells_of(kind, person(17), person(18, Desa=""))
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["DAFTAR PENERIMA"])
    for row in rows:
        sheet.append(row)
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(rows[0]))
    sheet.merge_cells(start_row=3, start_column=4, end_row=4, end_column=4)
    return saved(book)


def formulas(kind: Kind) -> bytes:
    """What a formula gave when it was saved is read; nothing is computed here."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(cells_of(kind, person(19), person(20))):
            for column, cell in enumerate(row):
                if at and column == 0:
                    sheet.write_formula(at, column, f'="{cell[:8]}"&"{cell[8:]}"', None, cell)
                else:
                    sheet.write_string(at, column, cell)
    return out.getvalue()


def hidden(kind: Kind) -> bytes:
    return workbook(
        list(cells_of(kind, *map(person, range(90, 99)))), list(cells_of(kind, person(21), person(22))), hidden=1
    )


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


READ: dict[str, Callable[[Kind], bytes]] = {
    "UTF-8 with BOM": coded("utf-8-sig"),
    "UTF-16": coded("utf-16"),
    "UTF-16 without a mark": coded("utf-16-le"),
    "cp1252": coded("cp1252"),
    "semicolons": delimited(";"),
    "TABs": delimited("\t"),
    "commas": delimited(","),
    "renamed columns": renamed,
    "formulas": formulas,
    "hidden sheets": hidden,
    "XLS": lambda kind: old_workbook(cells_of(kind, person(23), person(24))),
    "ODS": lambda kind: open_workbook(cells_of(kind, person(27), person(28))),
    "XLSX": lambda kind: workbook(list(cells_of(kind, person(25), person(26)))),
}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("case", READ)
async def test_a_list_is_read(hall: Hall, kind: Kind, case: str) -> None:
    told = await offer(hall, READ[case](kind), kind)
    assert (told.refused, told.fates()) == ("", ["Dipakai", "Dipakai"])
    assert await facts_of(hall, told.number) == 2


async def test_a_cell_that_is_merged_downwards_is_not_filled_in(hall: Hall) -> None:
    assert (await offer(hall, merged(C), C)).fates() == ["Dilewati", "Dipakai", "Dipakai"]
    told = await offer(hall, merged(P), P)
    assert told.fates() == ["Dilewati", "Dipakai", "Ditolak"]
    assert "Desa tidak dikenali" in told.rows[4][1]


# ------------------------------------------------------------------------------------------- a row at a time

GOOD = person(30)


def line_of(kind: Kind, **cells: str) -> str:
    return text_of(cells_of(kind, person(31, **cells))[1:])


BAD_ROWS: dict[str, tuple[dict[str, str], dict[Kind, str], str]] = {
    # what the row says · its fate in a coverage list and in a list of proposals · the reason
    "unclosed quote": ({"Nama": '"SITI'}, {C: "Ditolak", P: "Ditolak"}, "Tanda kutip pada baris ini tidak ditutup"),
    "giant field": ({"Nama": "A" * 30_000}, {C: "Ditolak", P: "Ditolak"}, "terlalu panjang"),
    "NUL": ({"Nama": "SI\0TI"}, {C: "Ditolak", P: "Ditolak"}, "karakter yang rusak (NUL)"),
    "too few cells": ({"Desa": "\r\n"}, {C: "Ditolak", P: "Ditolak"}, "Jumlah kolom pada baris ini berbeda"),
    "3.51E+15": ({"NIK": "3.51E+15"}, {C: "Dipakai", P: "Dipakai"}, "sudah rusak oleh program lembar kerja"),
    "3.51E+15 in both": ({"NIK": "3.51E+15", "No KK": "3,51E+15"}, {C: "Ditolak", P: "Dipakai"}, "rusak"),
    "no name": ({"Nama": ""}, {C: "Dipakai", P: "Ditolak"}, "Nama tidak diisi"),
    "no such village": ({"Desa": "ANTAH"}, {C: "Dipakai", P: "Ditolak"}, "Desa tidak dikenali dari kode maupun"),
    "dead": ({"Meninggal": "YA"}, {C: "Dilewati", P: "Dilewati"}, "Tercatat meninggal dunia"),
    "dead, in words": ({"Meninggal": "WAFAT 3/2021"}, {C: "Dilewati", P: "Dilewati"}, "Tercatat meninggal dunia"),
    "moved": ({"Keterangan Pindah": "YA"}, {C: "Dilewati", P: "Dilewati"}, "Tercatat pindah"),
    "moved, in words": ({"Meninggal": "Pindah ke Jember"}, {C: "Dilewati", P: "Dilewati"}, "Tercatat pindah"),
    "wrong programme": ({"Bansos": "BANTUAN LAIN"}, {C: "Ditolak"}, "Program ini tidak ada dalam daftar program"),
    "no year": ({"Periode": "JAN-MAR"}, {C: "Ditolak"}, "Periode PKH tidak dapat dibaca. Tulis seperti 2021-01"),
    "a year in another century": ({"Periode": "2121-01"}, {C: "Ditolak"}, "Periode PKH tidak dapat dibaca"),
}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("case", BAD_ROWS)
async def test_a_bad_row_is_told(hall: Hall, kind: Kind, case: str) -> None:
    """Beside a sound row, which is taken whatever stands next to it; what the officer sees is masked."""
    cells, fates, words = BAD_ROWS[case]
    if kind not in fates:
        return  # lists of proposals have no programme and no months of their own: the cycle has
    sound = dict.fromkeys(cells.keys() - GOOD.keys(), "TIDAK")
    content = csv_list(kind, person(30, **sound), person(31, **cells), person(32, **sound))
    told = await offer(hall, content, kind)
    assert told.refused == ""
    assert [told.rows[2], told.rows[max(told.rows)]] == [["Dipakai"], ["Dipakai"]]
    fate, *remarks = told.rows[3]
    assert fate == fates[kind], told.rows
    assert words in " ".join(remarks)
    assert nik(31) not in str(told.rows)
    assert kk(31) not in str(told.rows)
    assert await facts_of(hall, told.number) == 2 + (fate == "Dipakai")


@pytest.mark.parametrize(
    ("titles", "words"),
    [
        ({"NIK": "x1", "No KK": "x2"}, "NIK"),
        ({"Nama": "x3"}, "Kolom Nama belum ditentukan"),
        ({"Kecamatan": "NIK"}, "berisi hal yang sama (NIK). Pilih salah satunya"),
    ],
    ids=["no number", "no name", "twice"],
)
@pytest.mark.parametrize("kind", Kind)
async def test_columns_are_asked_about(hall: Hall, kind: Kind, titles: dict[str, str], words: str) -> None:
    """And once the officer has said what they mean, the same draft goes on."""
    content = csv_list(kind, person(33), person(34))
    head, _, rows = content.partition(b"\r\n")
    head = ";".join(titles.get(title, title) for title in head.decode().split(";")).encode()
    before = await held(hall)
    told = await offer(hall, head + b"\r\n" + rows, kind)
    assert words in told.refused
    path = f"/imports/{told.number}/plan"
    html = await (await (await hall.browser()).get(path)).text()
    meant = ("nik", "kk", "name", "village", "district", "scheme", "period")
    said = {f"column-{at}": meant[at] for at in range(head.count(b";") + 1)}
    assert {**before, "import_file": before["import_file"] + 1} == await held(hall)
    path, html = await send(hall, path, html, **said | ({} if kind is C else {"cycle": PANGAN.code}))
    assert (path, errors_of(html)) == (f"/imports/{told.number}", "")
    assert [fate for fate, *_ in (await report(hall, told.number)).values()] == ["Dipakai", "Dipakai"]
    await discard(hall, told.number)
    assert await held(hall) == before


@pytest.mark.parametrize("kind", Kind)
async def test_the_order_of_dates_is_asked(hall: Hall, kind: Kind) -> None:
    """3/4/1985 alone may be April or March; with 25/7 beside it the column says so itself."""
    unsure = csv_list(kind, person(35, Tanggal_Lahir="03/04/1985"))
    told = await offer(hall, unsure.replace(b"Tanggal_Lahir", b"Tanggal Lahir"), kind)
    assert "Urutan tanggal pada kolom “Tanggal Lahir” tidak dapat dipastikan" in told.refused
    await discard(hall, told.number)
    both = csv_list(kind, person(35, Tanggal_Lahir="03/04/1985"), person(36, Tanggal_Lahir="25/07/1985"))
    told = await offer(hall, both.replace(b"Tanggal_Lahir", b"Tanggal Lahir"), kind)
    table = "coverage" if kind is C else "proposal"
    rows = await hall.story.regency.rows(f"SELECT birth_date FROM {table} WHERE import = $1", told.number)
    assert sorted(rows) == [("1985-04-03",), ("1985-07-25",)]


async def test_amounts(hall: Hall) -> None:
    amounts = ["Rp 1.500.000,00", "-600000", "600.000", "1,5 juta", "99999999999"]
    people = [person(40 + at, Nominal=amount) for at, amount in enumerate(amounts)]
    told = await offer(hall, csv_list(C, *people), C)
    assert told.fates() == ["Dipakai"] * 5
    for line in (3, 5, 6):
        assert "Nilai bantuan tidak dapat dibaca; baris ini dipakai tanpa nilainya" in told.rows[line][1]
    rows = await hall.story.regency.rows("SELECT amount FROM coverage WHERE import = $1 ORDER BY row", told.number)
    assert [amount for (amount,) in rows] == [1_500_000, 0, 600_000, 0, 0]


async def test_one_person_on_several_rows(hall: Hall) -> None:
    """Covered, they are covered once; proposed by two villages they are two proposals, and the decision says which stands."""
    elsewhere = {"Desa": "KEMIREN", "Kecamatan": "GLAGAH"}
    rows = [person(47), person(47, Nama=f"H. {person(47)['Nama']}"), person(47, **elsewhere)]
    covered = await offer(hall, csv_list(C, *rows), C)
    assert covered.fates() == ["Dipakai", "Digabung", "Digabung"]
    assert "Sama dengan baris 2; orang yang sama tercantum dua kali" in covered.rows[3][1]
    proposed = await offer(hall, csv_list(P, *rows), P)
    assert proposed.fates() == ["Dipakai", "Digabung", "Dipakai"]
    assert (await facts_of(hall, covered.number), await facts_of(hall, proposed.number)) == (1, 2)


async def test_who_moved_is_found_where_they_were(hall: Hall) -> None:
    """Covered as somebody of another village and kecamatan, under an older family card: it is the NIK that counts."""
    regency = hall.story.regency
    await regency.settle()
    assert (await regency.outcome(hall.story.accepted))[0] == "accepted"
    left = person(1, Desa="KEMIREN", Kecamatan="GLAGAH", Nama="SITI CONTOH") | {"No KK": kk(77)}
    told = await offer(hall, csv_list(C, left), C)
    await regency.settle()
    assert await regency.outcome(hall.story.accepted) == ("rejected", "covered_by_scheme")
    html = await (await (await hall.browser()).get(f"/imports/{told.number}")).text()
    await send(hall, f"/imports/{told.number}/undo", html, reason="sudah pindah dan keluar")
    await regency.settle()
    assert (await regency.outcome(hall.story.accepted))[0] == "accepted"


async def test_the_wrong_year_stands_in_nobodys_way(hall: Hall) -> None:
    regency = hall.story.regency
    told = await offer(hall, csv_list(C, person(1, Periode="2020-01 s/d 2020-12", Nama="SITI CONTOH")), C)
    await regency.settle()
    assert (told.fates(), await facts_of(hall, told.number)) == (["Dipakai"], 1)
    assert (await regency.outcome(hall.story.accepted))[0] == "accepted"


async def test_a_wrong_cycle_is_asked_about(hall: Hall) -> None:
    before = await held(hall)
    told = await offer(hall, csv_list(P, person(48)), P, cycle="PANGAN-1999")
    assert "Pilih periode yang diusulkan" in told.refused
    await discard(hall, told.number)
    assert await held(hall) == before
