"""The shapes in which lists come: each is understood by its headers, or by what an officer says of it."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from central.domain.lists import Fate, Kind, ListReading, ProposalRow, RemarkCode, find_faults, guess, open_table
from central.domain.lists.cells import read_amount, read_question, read_sex
from central.web.import_forms import column_lines
from protocol.lists.dates import Order
from protocol.lists.tables import ListRefused
from protocol.names import name_key
from protocol.schemes import month, month_text
from tests.central.test_lists import HEAD, KK, NIK, NIK_2, SCHEMES, ReadList, codes, faults, read, read_bytes, row

YEAR_2021 = {"first": month(2021, 1), "until": month(2021, 12)}
BNBA = (
    "NO,NIK,NAMA KEPALA KELUARGA,JENIS KELAMIN,TANGGAL LAHIR,JUMLAH ANGGOTA KELUARGA,ALAMAT,RT,RW,JENIS PEKERJAAN,KODE_JP,"
    "KRITERIA BLT,KODE_KRIT,METODE PEMBAYARAN,KODE_BAYAR"
)
BPNT = "NAMA PENERIMA,NIK KTP,TAHAP,BANSOS,IDSEMESTA,NO KEL,NM PROV,NM KAB,NM KEC,NM KEL,ALAMAT"
SIAK = (
    "Nomor KK,NIK,Nama Penduduk,Status,Tempat Lahir,Tanggal Lahir,Kelamin,NIK Ayah,Ayah,NIK Ibu,Ibu,Status Kawin,SHDK,Agama,"
    "Kecamatan,Desa/Kel,Alamat,RW,RT,Pendidikan,Pekerjaan"
)
GURU = "No;NIK;Nama Guru Ngaji;TTL;L/P;Nama Ibu Kandung;Desa/Kelurahan;Kecamatan;RT/RW;Nominal"


def one(answer: object) -> object:
    assert isinstance(answer, ReadList), answer
    assert [report.fate for report in answer.reports] == [Fate.KEPT], answer.reports
    return answer.coverages[0]


def test_bnba_is_blt_dd_of_one_village() -> None:
    line = f"1,{NIK},SUTRISNO,L,17-05-1985,4,DUSUN KRAJAN,001,002,PETANI,1,MISKIN,1,TUNAI,1"
    found = one(read(line, head=BNBA, village="3510252010", **YEAR_2021))
    assert (found.scheme, found.nik, found.kk, found.village) == ("BLT-DD", NIK, None, "3510252010")
    assert (found.birth_date, found.sex, found.rt, found.rw) == ("1985-05-17", "L", "001", "002")


def test_bnba_without_a_period_asks_for_it() -> None:
    line = f"1,{NIK},SUTRISNO,L,17-05-1985,4,DUSUN KRAJAN,001,002,PETANI,1,MISKIN,1,TUNAI,1"
    assert faults(f"{BNBA}\n{line}".encode()).keys() == {"period"}


def test_a_bpnt_payment_list_names_its_scheme_and_stage_in_each_row() -> None:
    line = f"SUTRISNO,{NIK},Tahap 1 2021,BPNT,123,{KK},JAWA TIMUR,BANYUWANGI,BLIMBINGSARI,SUKOJATI,KRAJAN"
    found = one(read(line, head=BPNT))
    assert (found.scheme, found.kk, found.village) == ("BPNT", KK, "3510252010")
    assert (month_text(found.first), month_text(found.until)) == ("2021-01", "2021-03")
    answer = read(line.replace("BPNT", "BANTUAN LAIN"), head=BPNT)
    assert codes(answer.reports[0]) == [RemarkCode.SCHEME_UNKNOWN]


def test_a_siak_roster_is_a_list_of_whatever_the_officer_says() -> None:
    who = f"{KK},{NIK},SUTRISNO,,BANYUWANGI,17/05/1985,LAKI-LAKI,,BUDI,,SITI,KAWIN,KEPALA KELUARGA,ISLAM"
    cells = f"{who},BLIMBINGSARI,SUKOJATI,KRAJAN,2,1,SD,TANI"
    found = one(read(cells, head=SIAK, scheme="RANTANG-KASIH", component="x", **YEAR_2021))
    assert (found.scheme, found.component, found.mother_key) == ("RANTANG-KASIH", "x", name_key("SITI"))
    assert (found.rt, found.rw, found.sex) == ("001", "002", "L")
    assert faults(f"{SIAK}\n{cells}".encode(), **YEAR_2021).keys() == {"scheme"}


def test_an_incentive_list_with_titles_of_its_own() -> None:
    line = f"1;{NIK};H. SUTRISNO, S.Pd;Banyuwangi, 17 Mei 1985;L;SITI;SUKOJATI;BLIMBINGSARI;001/002;Rp 700.000,00"
    found = one(read(line, head=GURU, scheme="INSENTIF-APBD", **YEAR_2021))
    assert (found.birth_date, found.rt, found.rw, found.amount) == ("1985-05-17", "001", "002", 700_000)


def test_a_list_of_proposals() -> None:
    lines = [
        f"1;{NIK};SUTRISNO;;L;SITI;SUKOJATI;BLIMBINGSARI;;",
        "2;3.51E+15;WATI;;P;;SUKOJATI;BLIMBINGSARI;;",
        f"3;{NIK};SUTRISNO;;L;;SUKOJATI;BLIMBINGSARI;;",
        f"4;{NIK_2};;;P;;SUKOJATI;BLIMBINGSARI;;",
        f"5;{NIK_2};SRI;;P;;ANTAH BERANTAH;BLIMBINGSARI;;",
        "JUMLAH;;;;;;;;;",
    ]
    answer = read_bytes("\n".join([GURU, *lines]).encode(), Kind.PROPOSALS, cycle="GURU-2021")
    assert isinstance(answer, ReadList), answer
    assert [report.fate.value for report in answer.reports] == [
        "kept",
        "kept",
        "merged",
        "rejected",
        "rejected",
        "dropped",
    ]
    first, second = answer.coverages
    assert first == ProposalRow(
        source_row=2,
        village="3510252010",
        nik=NIK,
        kk="",
        name="SUTRISNO",
        sex="L",
        mother="SITI",  # type: ignore[arg-type]
    )
    assert isinstance(second, ProposalRow)
    assert second.nik == "3.51E+15"  # the decision refuses it, and says so to the village
    assert [codes(report)[0] for report in answer.reports[3:5]] == [RemarkCode.NAME_MISSING, RemarkCode.VILLAGE_UNKNOWN]


TPQ = "NIK;Nama Guru;Kode Desa;Jumlah Santri;Mengajar Sejak;PNS;Bank;No. Rekening"


def test_a_list_of_proposals_answers_what_the_scheme_asks() -> None:
    lines = [f"{NIK};SUTRISNO;3510252010;012;JUL 2015;TIDAK;BRI;'0012300", f"{NIK_2};WATI;3510252010;belasan;kapan;;;"]
    answer = read_bytes("\n".join([TPQ, *lines]).encode(), Kind.PROPOSALS, cycle="GURU-2021")
    assert isinstance(answer, ReadList), answer
    said = [dict(row.answers) for row in answer.coverages if isinstance(row, ProposalRow)]
    full = {"pupils": "12", "teaching_since": "2015-07", "civil_servant": "tidak", "bank": "BRI"}
    assert said == [full | {"account_number": "0012300"}, {}]
    assert codes(answer.reports[1]) == [RemarkCode.QUESTION_UNCLEAR] * 2
    assert {remark.column for remark in answer.reports[1].remarks} == {"Jumlah Santri", "Mengajar Sejak"}


def test_a_person_proposed_in_two_villages_is_two_proposals_and_twice_in_one_is_one() -> None:
    lines = [f"{NIK};SUTRISNO;{village};;;;;" for village in ("3510252010", "3510152004", "3510252010")]
    answer = read_bytes("\n".join([TPQ, *lines]).encode(), Kind.PROPOSALS, cycle="GURU-2021")
    assert isinstance(answer, ReadList), answer
    assert [report.fate for report in answer.reports] == [Fate.KEPT, Fate.KEPT, Fate.MERGED]
    assert len(answer.coverages) == 2


def test_a_list_of_recipients_has_no_questions_to_answer() -> None:
    table = open_table(f"{TPQ}\n{NIK};SUTRISNO;3510252010;12;;;;".encode())
    assert not isinstance(table, ListRefused)
    assert set(guess(table, Kind.COVERAGE).meanings) == {"nik", "name", "village_code", ""}


def test_proposals_need_a_cycle_and_a_village() -> None:
    content = f"NIK,Nama\n{NIK},SUTRISNO".encode()
    answer = read_bytes(content, Kind.PROPOSALS)
    assert isinstance(answer, list)
    assert {fault.field for fault in answer} == {"cycle", "village"}
    assert isinstance(read_bytes(content, Kind.PROPOSALS, cycle="GURU-2021", village="3510252010"), ReadList)


# ---------------------------------------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (f"{HEAD},NO KK", "NO KK"),
        (f"{HEAD},pkh", "pkh"),
        (HEAD.replace("NIK", "x").replace("NOKK", "y"), "NIK atau Nomor KK"),
        (HEAD.replace("Nama", "x"), "Nama"),
    ],
)
def test_columns_that_are_missing_or_stand_twice_are_asked_about(head: str, words: str) -> None:
    line = row() + ",1" * (head.count(",") - HEAD.count(","))
    assert words in faults(f"{head}\n{line}".encode())["columns"]


def test_without_a_programme_the_officer_is_asked() -> None:
    head = HEAD.replace("PKH", "x").replace("BPNT", "y")
    assert faults(f"{head}\n{row()}".encode(), **YEAR_2021).keys() == {"scheme"}


def test_a_column_may_be_named_by_hand() -> None:
    content = f"nomor induk,sebutan\n{NIK},SUTRISNO".encode()
    assert "columns" in faults(content)
    found = one(read_bytes(content, meanings=("nik", "name"), scheme="PKH", **YEAR_2021))
    assert found.nik == NIK


def test_a_merged_header_over_two_lines_and_the_line_of_numbers() -> None:
    lines = ["DAFTAR PENERIMA;;;;", "NO;NIK;NAMA;ALAMAT;", ";;;RT;RW", "1;2;3;4;5", f"1;{NIK};SUTRISNO;1;2"]
    answer = read_bytes("\n".join(lines).encode(), scheme="PKH", **YEAR_2021)
    assert isinstance(answer, ReadList), answer
    assert [(report.row, report.fate) for report in answer.reports] == [
        (1, Fate.DROPPED),
        (4, Fate.DROPPED),
        (5, Fate.KEPT),
    ]
    assert (answer.coverages[0].rt, answer.coverages[0].rw) == ("001", "002")


# ------------------------------------------------------------------------------------------------ dates


def dated(*cells: str, nik: str = NIK, **chosen: object) -> object:
    lines = [f"{nik},{name},{cell}" for name, cell in zip(("SITI", "BUDI", "WAHYU", "JOKO"), cells, strict=False)]
    return read_bytes("\n".join(["NIK,Nama,Tanggal Lahir", *lines]).encode(), scheme="PKH", **YEAR_2021, **chosen)  # type: ignore[arg-type]


def born(answer: object) -> list[str]:
    assert isinstance(answer, ReadList), answer
    return [row.birth_date for row in answer.coverages]


def test_the_column_shows_which_number_is_the_day() -> None:
    assert born(dated("03/04/1985", "17/05/1985")) == ["1985-04-03", "1985-05-17"]
    assert born(dated("03/04/1985", "05/17/1985")) == ["1985-03-04", "1985-05-17"]


def test_a_column_that_shows_nothing_is_asked_about() -> None:
    answer = dated("03/04/1985")
    assert isinstance(answer, list)
    assert [fault.field for fault in answer] == ["date_order"]
    assert born(dated("03/04/1985", date_order="month_first")) == ["1985-03-04"]


def test_in_a_mixed_column_the_nik_decides_or_the_date_is_left_out() -> None:
    own = "3510250304850001"
    assert born(dated("03/04/1985", "04/03/1985", "17/05/1985", "05/17/1985", nik=own))[:2] == ["1985-04-03"] * 2
    answer = dated("03/04/1985", "17/05/1985", "05/17/1985")
    assert isinstance(answer, ReadList)
    assert (born(answer)[0], codes(answer.reports[0])) == ("", [RemarkCode.DATE_UNCLEAR])


def test_serial_numbers_and_placeholders_of_spreadsheets() -> None:
    assert born(dated("31184", "1985-05-17 00:00:00", "'17-05-1985", "tidak tahu")) == ["1985-05-17"] * 3 + [""]


# ------------------------------------------------------------------------------------------------ cells


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("600000", 600_000),
        ("600000.0", 600_000),
        ("Rp 1.500.000,00", 1_500_000),
        ("Rp1.500.000,-", 1_500_000),
        ("1,500,000.00", 1_500_000),
        ("600.000", 600_000),
        ("", 0),
        ("-", 0),
        ("-600000", None),
        ("6e5", None),
        ("600.00.000", None),
        ("1.500,50", None),
        ("99999999999", None),
        ("enam ratus ribu", None),
    ],
)
def test_rupiah(cell: str, amount: int | None) -> None:
    assert read_amount(cell) == amount


@pytest.mark.parametrize(
    ("cell", "sex"), [("L", "L"), ("Laki-laki", "L"), ("PR.", "P"), ("2", "P"), ("", ""), ("X", None)]
)
def test_sexes(cell: str, sex: str | None) -> None:
    assert read_sex(cell) == sex


@pytest.mark.parametrize(
    ("cell", "order", "month"),
    [
        ("2015-07", Order.DAY_FIRST, "2015-07"),
        ("Juli 2015", Order.DAY_FIRST, "2015-07"),
        ("01-07-2015", Order.DAY_FIRST, "2015-07"),
        ("07/01/2015", Order.MONTH_FIRST, "2015-07"),
        ("07/01/2015", Order.MIXED, None),
        ("2015-07-31 00:00:00", Order.DAY_FIRST, "2015-07"),
        ("2015", Order.DAY_FIRST, "2015"),
        ("2015.0", Order.DAY_FIRST, "2015"),
        ("2015-2018", Order.DAY_FIRST, None),
        ("15", Order.DAY_FIRST, None),
    ],
)
def test_a_month_is_read_as_people_write_it(cell: str, order: Order, month: str | None) -> None:
    assert read_question("month", cell, order) == month


def test_a_row_without_any_number_repeats_nobody() -> None:
    lines = ["1;;WATI;;P;;SUKOJATI;BLIMBINGSARI;;"] * 2
    answer = read_bytes("\n".join([GURU, *lines]).encode(), Kind.PROPOSALS, cycle="GURU-2021")
    assert isinstance(answer, ReadList)
    assert [report.fate for report in answer.reports] == [Fate.KEPT] * 2


def test_a_destroyed_column_can_be_left_out() -> None:
    lines = [row(NIK="3.51025E+15", NOKK=f"35102517051500{at:02d}") for at in range(1, 40)]
    content = "\n".join([HEAD, *lines]).encode()
    assert isinstance(read_bytes(content), ListRefused)
    whole = read(*[row()])
    meanings = tuple("" if meaning == "nik" else meaning for meaning in whole.plan.meanings)
    answer = read_bytes(content, meanings=meanings)
    assert isinstance(answer, ReadList)
    assert {report.fate for report in answer.reports} == {Fate.KEPT}


# ------------------------------------------------------------------------------------------- whatever comes

titles = st.sampled_from(
    [*BNBA.split(","), *BPNT.split(","), *SIAK.split(","), *GURU.split(";"), *HEAD.split(","), "x", ""]
)
cells = st.one_of(
    st.sampled_from(
        [
            NIK,
            KK,
            "YA",
            "TIDAK",
            "3.51E+15",
            "17/05/1985",
            "Tahap 1 2021",
            "PKH",
            "Rp 1.000,-",
            "SUKOJATI",
            '"',
            "JUMLAH",
        ]
    ),
    st.text(max_size=12),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(titles, min_size=1, max_size=8),
    st.lists(st.lists(cells, max_size=9), max_size=8),
    st.sampled_from(";,\t"),
    st.sampled_from(Kind),
    st.sampled_from(["", "day_first", "month_first"]),
    st.binary(max_size=8),
)
def test_any_table_ends_in_a_report(
    head: list[str], rows: list[list[str]], delimiter: str, kind: Kind, date_order: str, tail: bytes
) -> None:
    """Even under a plan that an officer could not have confirmed: it is read to its end, each row with one fate."""
    data = "\n".join(delimiter.join(row) for row in [head, *rows]).encode("utf-8", "replace") + tail
    table = open_table(data)
    if isinstance(table, ListRefused):
        assert table.sentence
        return
    plan = replace(
        guess(table, kind), scheme="PKH", cycle="GURU-2021", village="3510252010", date_order=date_order, **YEAR_2021
    )
    find_faults(table, plan, SCHEMES, ["GURU-2021"])
    reading = ListReading(table, plan, SCHEMES, date(2021, 5, 3))
    batches = list(reading.batches())
    reports = [report for batch in batches for report in batch.reports]
    lines = [report.row for report in reports]
    assert lines == sorted(set(lines))
    assert sum(report.facts for report in reports) == sum(len(batch.readings) for batch in batches)
    has_numbers = plan.place("nik") >= 0 or plan.place("kk") >= 0
    assert all(report.reason for report in reports if report.fate is not Fate.KEPT) or not has_numbers
    reading.refusal()
    column_lines(table, plan)
