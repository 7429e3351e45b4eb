"""Roster files: what is read, what is refused for a whole file and for a row, and what a row means beside the record."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain.residents import Resident
from agent.domain.rosters import Fate, Roster, RosterRow, judge, read_roster
from agent.domain.rosters.dates import read_date
from protocol.ids import Sex
from protocol.lists.dates import Order, order_of
from protocol.lists.tables import FileProblem, ListRefused
from tests.agent.rosters import HOME, SIAK, opensid, people, siak, siak_row

TODAY = date(2021, 5, 17)
FOLK = people(40)
ONE = FOLK[0]


def read(data: bytes) -> Roster:
    found = read_roster(data, TODAY, HOME)
    assert isinstance(found, Roster), found
    return found


def refused(data: bytes) -> FileProblem:
    found = read_roster(data, TODAY, HOME)
    assert isinstance(found, ListRefused)
    assert found.sentence.endswith(".")
    return found.problem


def one_row(**cells: str) -> RosterRow:
    [row] = read(siak([ONE], **cells)).rows
    return row


def resident_of(row: RosterRow, known: Resident | None = None) -> Resident:
    made = judge(row, known, TODAY)
    assert made.resident is not None, made.report
    return made.resident


def test_a_siak_row_becomes_a_resident() -> None:
    made = resident_of(one_row())
    assert (made.nik, made.kk, made.name, made.birth_date) == (ONE.nik, ONE.kk, ONE.name, ONE.birth_date)
    assert (made.mother, made.relation, made.marital_status) == (ONE.mother_name, "KEPALA KELUARGA", "KAWIN")
    assert (made.rt, made.rw) == (ONE.rt, ONE.rw)


def test_an_opensid_row_says_in_numbers_what_the_card_says_in_words() -> None:
    made = resident_of(read(opensid([ONE])).rows[0])
    assert (made.sex, made.religion, made.marital_status, made.relation) == (ONE.sex, "ISLAM", "KAWIN", "ANAK")
    assert made.hamlet == "KRAJAN"
    assert made.occupation == "", "their list of 89 occupations is not ours to guess"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_any_office_program_may_have_written_it(encoding: str, delimiter: str) -> None:
    data = siak(FOLK, Alamat="Jalan Rêve 5").decode().replace(";", delimiter).encode(encoding)
    assert [row.nik for row in read(data).rows] == [person.nik for person in FOLK]
    assert read(data).rows[0].values["address"] == "Jalan Rêve 5"


@pytest.mark.parametrize(
    "written",
    ["'{}", " {} ", "{}.0", '="{}"', "\u00a0{}", "{:.4} {:.4}"],
    ids=["quote", "blank", "float", "text", "nbsp", "x"],
)
def test_what_spreadsheets_put_around_a_number_is_taken_off(written: str) -> None:
    groups = " ".join(ONE.nik[at : at + 4] for at in range(0, 16, 4))
    cell = groups if written.endswith("{:.4}") else written.format(ONE.nik)
    assert one_row(NIK='"' + cell.replace('"', '""') + '"').nik == ONE.nik


def test_a_destroyed_column_refuses_the_file() -> None:
    assert refused(siak(FOLK, NIK="3,51025E+15")) is FileProblem.COLUMN_DESTROYED
    cut = "\r\n".join([SIAK, *(siak_row(p, NIK=p.nik[:15] + "0") for p in FOLK)]).encode()
    assert refused(cut) is FileProblem.COLUMN_DESTROYED


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", FileProblem.EMPTY),
        (SIAK.encode(), FileProblem.EMPTY),
        (b"PK\x03\x04...", FileProblem.NOT_A_TABLE),
        (b"%PDF-1.4", FileProblem.NOT_A_TABLE),
        (b"satu;dua\n1;2", FileProblem.NO_HEADER),
        (SIAK.replace("Tanggal Lahir", "Umur").encode() + b"\n", FileProblem.COLUMN_MISSING),
        (SIAK.replace("Pendidikan", "Nama").encode() + b"\n", FileProblem.COLUMN_TWICE),
        (b"\n" * 30_001 + b"x", FileProblem.TOO_MANY_ROWS),
    ],
)
def test_a_file_that_is_no_roster_is_refused_with_the_cure(data: bytes, problem: FileProblem) -> None:
    assert refused(data) is problem


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"NIK": ""}, "nik_empty"),
        ({"NIK": ONE.nik[:15]}, "nik_length"),
        ({"NIK": "351025" + "9913" + ONE.nik[10:]}, "nik_impossible_date"),
        ({"Desa/Kel": "KEMIREN", "Kecamatan": "GLAGAH"}, "other_village"),
        ({"Desa/Kel": "KAOTAN"}, "other_village"),
    ],
)
def test_a_row_without_a_person_of_this_village_is_refused_alone(cells: dict[str, str], code: str) -> None:
    found = read("\n".join([SIAK, siak_row(ONE, **cells), siak_row(FOLK[1])]).encode())
    assert [row.nik for row in found.rows] == [FOLK[1].nik]
    [report] = found.reports
    assert (report.line, report.fate, report.remarks[0].code) == (2, Fate.REFUSED, code)
    assert ONE.nik not in report.remarks[0].value


def test_every_row_has_one_fate() -> None:
    lines = [
        "DAFTAR PENDUDUK",
        SIAK,
        siak_row(ONE),
        siak_row(ONE),
        SIAK,
        siak_row(FOLK[1]) + ";lebih",
        "JUMLAH" + ";" * 20,
    ]
    found = read("\n".join(lines).encode())
    assert [row.line for row in found.rows] == [3]
    told = [(report.line, report.fate.value, report.remarks[0].code) for report in found.reports]
    assert told == [
        (4, "refused", "nik_twice"),
        (5, "passed_over", "header_again"),
        (6, "refused", "row_broken"),
        (7, "passed_over", "total"),
    ]


def test_a_placeholder_is_many_peoples_and_each_of_them_once() -> None:
    provisional = "0351025201000001"
    rows = [siak_row(person, NIK=provisional) for person in (ONE, FOLK[1], ONE)]
    found = read("\n".join([SIAK, *rows]).encode())
    assert [row.line for row in found.rows] == [2, 3]
    assert [(report.line, report.remarks[0].code) for report in found.reports] == [(4, "nik_twice")]


def test_a_faulty_detail_is_left_out_and_told() -> None:
    made = judge(one_row(**{"Nomor KK": "123", "Agama": "JEDI", "RT": "ABC"}), None, TODAY)
    assert made.report.fate is Fate.NEW
    assert made.resident is not None
    assert (made.resident.kk, made.resident.religion, made.resident.rt) == ("", "", "")
    assert [remark.column for remark in made.report.remarks] == ["Nomor KK", "Agama", "RT"]


@pytest.mark.parametrize(
    "cells", [{"Nama Penduduk": "=cmd|"}, {"Alamat": ""}, {"Kelamin": "X"}, {"Tanggal Lahir": "?"}]
)
def test_a_row_that_lacks_an_essential_is_refused(cells: dict[str, str]) -> None:
    made = judge(one_row(**cells), None, TODAY)
    assert made.report.fate is Fate.REFUSED
    assert made.resident is None
    assert made.report.remarks


def test_nothing_on_record_is_emptied_or_rewritten_for_its_letter_case() -> None:
    known = resident_of(one_row())
    assert judge(one_row(), known, TODAY).report.fate is Fate.SAME
    assert judge(one_row(Ibu="", Alamat="", RT="", Agama="-"), known, TODAY).report.fate is Fate.SAME
    assert judge(one_row(Pekerjaan="petani/pekebun"), known, TODAY).report.fate is Fate.SAME
    changed = judge(one_row(Pekerjaan="NELAYAN"), known, TODAY)
    assert changed.report.fate is Fate.CHANGED
    assert changed.resident is not None
    assert changed.resident.mother == known.mother


def test_a_nik_of_somebody_else_changes_nobody() -> None:
    known = resident_of(one_row())
    other = one_row(**{"Nama Penduduk": "ZZZ LAIN SEKALI", "Tanggal Lahir": "02-03-1955"})
    made = judge(other, known, TODAY)
    assert (made.report.fate, made.report.remarks[0].code, made.resident) == (Fate.REFUSED, "nik_of_other", None)
    renamed = one_row(**{"Nama Penduduk": "NAMA BETUL"})
    assert judge(renamed, known, TODAY).report.fate is Fate.CHANGED, "same birth date: a correction"


def test_a_row_of_somebody_dead_is_told() -> None:
    assert [remark.code for remark in one_row(Status="MENINGGAL").remarks] == ["gone"]


# --- dates -------------------------------------------------------------------------------------------------------------

BORN = date(1985, 3, 4)


@pytest.mark.parametrize(
    "cell",
    [
        "04-03-1985",
        "4/3/1985",
        "04.03.1985",
        "1985-03-04",
        "1985-03-04 00:00:00",
        "4 Maret 1985",
        "04-MAR-1985",
        "31110",
        "31110.0",
    ],
)
def test_a_birth_date_in_many_dresses(cell: str) -> None:
    assert read_date(cell, Order.DAY_FIRST, None) == BORN


@pytest.mark.parametrize("cell", ["", "?", "4/3/85", "31-02-1985", "45/45/1985", "1985", "12 Foo 1985", "0"])
def test_what_is_no_date_is_not_guessed(cell: str) -> None:
    assert not isinstance(read_date(cell, Order.DAY_FIRST, None), date)


def test_a_column_shows_its_order() -> None:
    assert order_of(["04/03/1985", "31/12/1990"]) is Order.DAY_FIRST
    assert order_of(["03/04/1985", "12/31/1990"]) is Order.MONTH_FIRST
    assert order_of(["13/04/1985", "12/31/1990"]) is Order.MIXED
    assert order_of(["04/03/1985"]) is Order.DAY_FIRST


def test_in_a_mixed_column_the_nik_decides_or_nobody() -> None:
    assert read_date("3/4/1985", Order.MONTH_FIRST, None) == BORN
    assert read_date("3/4/1985", Order.MIXED, BORN) == BORN
    assert read_date("4/3/1985", Order.MIXED, BORN) == BORN
    assert read_date("25/3/1985", Order.MIXED, None) == date(1985, 3, 25)
    assert read_date("7/7/1985", Order.MIXED, None) == date(1985, 7, 7)
    unclear = read_date("3/4/1985", Order.MIXED, date(1985, 9, 9))
    assert not isinstance(unclear, date)
    assert unclear.code == "two_readings"


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: SIAK.encode() + b"\n" + text.encode()))
@settings(max_examples=200)
def test_any_bytes_get_an_answer(data: bytes) -> None:
    found = read_roster(data, TODAY, HOME)
    if isinstance(found, Roster):
        for row in found.rows:
            judge(row, None, TODAY)


def test_the_sample_has_both_sexes() -> None:
    assert {resident_of(row).sex for row in read(siak(FOLK)).rows} == {Sex.MALE, Sex.FEMALE}
