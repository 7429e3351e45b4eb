"""Good lists of every shape that is known, to be spoilt. Every person in them is a canary: nobody else has their number."""

import io
import random
from datetime import datetime
from functools import cache

import xlsxwriter

from central.domain.lists import Kind
from protocol.ids import parse_village_code
from protocol.regions import village
from tests.builders import dirty_list, siksng_csv, village_people
from tests.central.desk import kk, nik
from tests.central.list_desk import cells_of, compound, old_workbook, open_workbook, person, text_of
from tests.central.test_list_shapes import BNBA, BPNT, GURU, SIAK, TPQ

CANARIES = range(7_000, 7_012)
HOME = "3510252010"
NAME = "KENARI"
"""The word that is in every name: it may stand in the archive, and nowhere else."""


@cache
def seeds() -> tuple[bytes, ...]:
    """The same ones every time."""
    people = [person(n, Nama=f"{NAME} {n}", **{"Tanggal Lahir": "25/07/1985", "L/P": "P"}) for n in CANARIES]
    tables = [cells_of(kind, *people) for kind in Kind]
    texts = [
        text_of(tables[0]).encode(),
        text_of(tables[1], ",").encode("utf-8-sig"),
        text_of(tables[0], "\t").encode("utf-16"),
        text_of(tables[1], "|").encode("cp1252"),
        _siksng(),
        *_known_shapes(),
    ]
    books = [
        *(_workbook(rows) for rows in tables),
        _workbook(tables[0], is_hidden=True, has_formulas=True),
        old_workbook([[cell[:200] for cell in row] for row in tables[0]]),
        old_workbook(tables[1], is_locked=True),
        compound("EncryptedPackage", bytes(5_000)),
        *(open_workbook(rows) for rows in tables),
    ]
    return (*texts, *books)


def secrets() -> tuple[str, ...]:
    """What nobody may find in a log, a page or a temporary file."""
    return (*(nik(n) for n in CANARIES), *(kk(n) for n in CANARIES))


def _siksng() -> bytes:
    rng = random.Random(3)
    entries = dirty_list(rng, village_people(rng, village(parse_village_code(HOME)), 30))
    return siksng_csv([(entry, _YEAR) for entry in entries]).encode()


_YEAR = {"PKH": "2021-01 s/d 2021-12", "BPNT": "JAN-MAR 2021"}


def _known_shapes() -> list[bytes]:
    rows = {
        BNBA: lambda n: f"{n},{nik(n)},{NAME} {n},P,25-07-1985,4,KRAJAN,001,002,TANI,1,MISKIN,1,TUNAI,1",
        BPNT: lambda n: (
            f"{NAME} {n},{nik(n)},Tahap 1 2021,BPNT,1,{kk(n)},JATIM,BANYUWANGI,BLIMBINGSARI,SUKOJATI,KRAJAN"
        ),
        SIAK: lambda n: (
            f"{kk(n)},{nik(n)},{NAME} {n},,BWI,25/07/1985,P,,BUDI,,SITI,KAWIN,ISTRI,ISLAM,BLIMBINGSARI,SUKOJATI,KRAJAN,2,1,SD,TANI"
        ),
        GURU: lambda n: f"{n};{nik(n)};{NAME} {n};BWI, 25 Juli 1985;P;SITI;SUKOJATI;BLIMBINGSARI;001/002;Rp 700.000,00",
        TPQ: lambda n: f"{nik(n)};{NAME} {n};{HOME};12;JUL 2015;TIDAK;BRI;'0012300",
    }
    return ["\n".join([head, *map(row, CANARIES)]).encode() for head, row in rows.items()]


def _workbook(rows: list[list[str]], *, is_hidden: bool = False, has_formulas: bool = False) -> bytes:
    """As another hand than the tests' writes it: shared texts, numbers as numbers, a title over merged cells."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.set_properties({"created": datetime(2021, 5, 3)})
        if is_hidden:
            book.add_worksheet("lama").hide()
        sheet = book.add_worksheet("data")
        if is_hidden:
            sheet.activate()
            sheet.set_first_sheet()
        sheet.merge_range(0, 0, 0, 3, "DAFTAR PENERIMA")
        for at, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if cell.isdigit() and has_formulas:
                    sheet.write_formula(at, column, f'="{cell}"', None, cell)
                elif cell.isdigit():
                    sheet.write_number(at, column, int(cell))
                else:
                    sheet.write_string(at, column, cell)
    return out.getvalue()
