"""Lists of recipients: every row has one fate, and no cell is guessed."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from central.domain.lists import (
    CoverageRow,
    Fate,
    Kind,
    ListReading,
    Plan,
    PlanFault,
    RemarkCode,
    RowReport,
    find_faults,
    guess,
    open_table,
)
from central.domain.lists.cells import find_place, show_period
from central.domain.lists.plans import ignored
from central.domain.periods import Span, parse_period
from central.rules import shipped_rules
from protocol.ids import VillageCode, mask_nik
from protocol.lists import tables
from protocol.lists.cells import clean_number
from protocol.lists.tables import CELL_CHARS_MAX, FileProblem, ListRefused
from protocol.names import name_key
from protocol.regions import village
from protocol.schemes import month, month_text
from tests.builders import as_entry, dirty_list, siksng_csv, village_people

HEAD = (
    "id_desa,kecamatan,desa_kelurahan,NIK,NOKK,Nama,PKH,BPNT,periode_pkh,periode_bpnt,keterangan_meninggal,is_nonaktif"
)
NIK, NIK_2, KK = "3510251705850001", "3510255705850002", "3510251705150001"
YEAR = "2021-01 s/d 2021-12"
SCHEMES = {code: scheme.name for code, scheme in shipped_rules().book.schemes.items()}


def row(**cells: str) -> str:
    """One line under HEAD: a recipient of PKH in 2021, save for what is told otherwise."""
    values = {
        "id_desa": "3510252010",
        "kecamatan": "BLIMBINGSARI",
        "desa_kelurahan": "SUKOJATI",
        "NIK": NIK,
        "NOKK": KK,
        "Nama": "SUTRISNO",
        "PKH": "YA",
        "BPNT": "TIDAK",
        "periode_pkh": YEAR,
        "periode_bpnt": "",
        "keterangan_meninggal": "",
        "is_nonaktif": "0",
    } | cells
    assert set(values) == set(HEAD.split(","))
    return ",".join(values.values())


@dataclass
class ReadList:
    """A list read to its end with the plan that its titles suggest."""

    plan: Plan
    coverages: list[CoverageRow]
    reports: list[RowReport]
    ignored_columns: tuple[str, ...]


def read_bytes(data: bytes, kind: Kind = Kind.COVERAGE, **chosen: object) -> ReadList | ListRefused | list[PlanFault]:
    """What the centre makes of a file; why not, where it is refused."""
    table = open_table(data)
    if isinstance(table, ListRefused):
        return table
    plan: Plan = replace(guess(table, kind), **chosen)
    faults = find_faults(table, plan, SCHEMES, ["GURU-2021"])
    if faults:
        return faults
    reading = ListReading(table, plan, SCHEMES, date(2021, 5, 3))
    batches = list(reading.batches())
    rows = [row for batch in batches for row in batch.readings]
    reports = [report for batch in batches for report in batch.reports]
    return reading.refusal() or ReadList(plan, rows, reports, ignored(table, plan))  # type: ignore[arg-type]


def read(*lines: str, head: str = HEAD, **chosen: object) -> ReadList:
    answer = read_bytes("\n".join([head, *lines]).encode(), **chosen)  # type: ignore[arg-type]
    assert isinstance(answer, ReadList), answer
    return answer


def refused(data: bytes) -> ListRefused:
    answer = read_bytes(data)
    assert isinstance(answer, ListRefused), answer
    return answer


def faults(data: bytes, **chosen: object) -> dict[str, str]:
    answer = read_bytes(data, **chosen)  # type: ignore[arg-type]
    assert isinstance(answer, list), answer
    return {fault.field: fault.sentence for fault in answer}


def only(answer: ReadList) -> tuple[RowReport, list[CoverageRow]]:
    assert len(answer.reports) == 1
    return answer.reports[0], answer.coverages


def codes(report: RowReport) -> list[RemarkCode]:
    return [remark.code for remark in report.remarks]


# -------------------------------------------------------------------------------------------------- a row


def test_a_good_row_is_a_coverage() -> None:
    report, coverages = only(read(row()))
    assert report == RowReport(2, Fate.KEPT, 1)
    assert report.reason == ""
    (kept,) = coverages
    assert (kept.scheme, kept.component, kept.nik, kept.kk, kept.name_key) == ("PKH", "", NIK, KK, "SUTRISNO")
    assert (kept.village, month_text(kept.first), month_text(kept.until)) == ("3510252010", "2021-01", "2021-12")
    assert (kept.name_key, kept.source_row) == ("SUTRISNO", 2)


def test_two_programmes_are_two_coverages() -> None:
    report, coverages = only(read(row(BPNT="1", periode_bpnt="JAN-MAR 2021")))
    assert report.facts == 2
    assert {(kept.scheme, month_text(kept.until)) for kept in coverages} == {("PKH", "2021-12"), ("BPNT", "2021-03")}


@pytest.mark.parametrize("cell", ["YA", "ya", "Ya ", "1", "true", "TRUE", "Y", "1.0"])
def test_yes(cell: str) -> None:
    assert only(read(row(PKH=cell)))[0].fate is Fate.KEPT


@pytest.mark.parametrize("cell", ["TIDAK", "tidak", "0", "false", "", "-", "0.0"])
def test_no(cell: str) -> None:
    report, coverages = only(read(row(PKH=cell)))
    assert (report.fate, codes(report), coverages) == (Fate.DROPPED, [RemarkCode.NO_SCHEME], [])


@pytest.mark.parametrize("cell", ["T", "mungkin", "AKTIF", "HIDUP", "2", "#N/A", "=1+1"])
def test_neither_yes_nor_no_is_not_guessed(cell: str) -> None:
    report, coverages = only(read(row(PKH=cell)))
    assert (report.fate, codes(report), coverages) == (Fate.REJECTED, [RemarkCode.ANSWER_UNCLEAR], [])
    assert report.remarks[0].column == "PKH"


def test_an_unclear_programme_leaves_the_others_standing_and_is_told() -> None:
    report, coverages = only(read(row(BPNT="mungkin")))
    assert (report.fate, report.facts, codes(report)) == (Fate.KEPT, 1, [RemarkCode.ANSWER_UNCLEAR])
    assert [kept.scheme for kept in coverages] == ["PKH"]


def test_a_programme_that_is_no_scheme_is_named() -> None:
    answer = read(row(PKH="TIDAK") + ",YA", head=HEAD + ",BLT_BBM")
    report, _ = only(answer)
    assert (report.fate, codes(report)) == (Fate.DROPPED, [RemarkCode.NO_SCHEME])
    assert "BLT_BBM" in report.reason
    assert answer.ignored_columns == ("BLT_BBM",)


# ------------------------------------------------------------------------------------------------ numbers


def test_a_destroyed_nik_is_refused_and_the_kk_carries_the_row() -> None:
    report, coverages = only(read(row(NIK="3.51025E+15")))
    assert (report.fate, codes(report)) == (Fate.KEPT, [RemarkCode.NIK_WRONG])
    assert (coverages[0].nik, coverages[0].kk) == (None, KK)
    assert "rusak" in report.reason
    assert report.remarks[0].column == "NIK"


def test_a_row_without_any_good_number_is_rejected() -> None:
    report, coverages = only(read(row(NIK="3,51E+15", NOKK="").replace("3,51E+15", '"3,51E+15"')))
    assert (report.fate, coverages) == (Fate.REJECTED, [])
    assert codes(report) == [RemarkCode.NIK_WRONG, RemarkCode.KK_WRONG]


def test_a_row_without_any_good_number_is_kept_where_name_and_birth_date_may_tell_who_it_is() -> None:
    head = "NIK,NAMA KEPALA KELUARGA,TANGGAL LAHIR"
    answer = read(
        '"3,51E+15",SUTRISNO,31/12/1970', head=head, scheme="BLT-DD", first=month(2021, 1), until=month(2021, 3)
    )
    report, coverages = only(answer)
    assert (report.fate, codes(report)) == (Fate.KEPT, [RemarkCode.NO_NUMBER, RemarkCode.NIK_WRONG])
    assert (coverages[0].nik, coverages[0].kk, coverages[0].birth_date) == (None, None, "1970-12-31")


def test_placeholders_are_no_match_keys() -> None:
    report, coverages = only(read(row(NIK="0" * 16)))
    assert (codes(report), coverages[0].nik) == ([RemarkCode.NIK_PLACEHOLDER], None)
    report, _ = only(read(row(NIK="9" * 16, NOKK="1" * 16)))
    assert report.fate is Fate.REJECTED
    assert codes(report) == [RemarkCode.NIK_PLACEHOLDER, RemarkCode.KK_PLACEHOLDER]


@pytest.mark.parametrize(
    "cell",
    [
        f"'{NIK}",
        f"’{NIK}",
        f"\u00a0{NIK}\u00a0",
        f"{NIK}.0",
        f"{NIK}.00",
        f'="{NIK}"',
        "3510 2517 0585 0001",
        f"\u200b{NIK}",
    ],
)
def test_what_a_spreadsheet_puts_around_a_number_is_taken_off(cell: str) -> None:
    assert clean_number(cell) == NIK


@pytest.mark.parametrize(
    "cell", ["351025170585000", "9110251705850001.0", "3.510.251.705.850.001", "3510251705850001.5", "3.51E+15", "٣٥١٠"]
)
def test_no_digit_is_added_or_changed(cell: str) -> None:
    assert clean_number(cell) == cell


def test_a_lost_leading_zero_is_a_wrong_length() -> None:
    report, _ = only(read(row(NIK="351025201000001")))  # was the provisional 0 3510252010 00001
    assert codes(report) == [RemarkCode.NIK_WRONG]
    assert "16" in report.reason


@pytest.mark.parametrize("column", ["NIK", "NOKK"])
def test_a_column_whose_last_digits_are_gone_is_refused_whole(column: str) -> None:
    lines = [row(**{column: f"35102517058500{at:02d}"[:15] + "0"}) for at in range(10, 40)]
    answer = refused("\n".join([HEAD, *lines]).encode())
    assert answer.problem is FileProblem.COLUMN_DESTROYED
    assert column in answer.sentence
    lines = [row(**{column: "3.51025E+15"}) for _ in range(30)]
    assert refused("\n".join([HEAD, *lines]).encode()).problem is FileProblem.COLUMN_DESTROYED


# ------------------------------------------------------------------------------------- people and places


@pytest.mark.parametrize("cell", ["YA", "1", "MENINGGAL 12-03-2021", "Meninggal Dunia", "wafat"])
def test_the_dead_are_not_paid(cell: str) -> None:
    report, coverages = only(read(row(keterangan_meninggal=cell)))
    assert (report.fate, codes(report), coverages) == (Fate.DROPPED, [RemarkCode.DECEASED], [])


@pytest.mark.parametrize("cell", ["TIDAK", "0", "", "HIDUP", "BELUM MENINGGAL", "-"])
def test_the_living_are(cell: str) -> None:
    assert only(read(row(keterangan_meninggal=cell)))[0].fate is Fate.KEPT


@pytest.mark.parametrize(
    ("cell", "fate"),
    [
        *[(cell, Fate.DROPPED) for cell in ("1", "YA", "NONAKTIF", "non aktif")],
        *[(cell, Fate.KEPT) for cell in ("AKTIF", "0", "")],
        ("?", Fate.REJECTED),
    ],
)
def test_the_inactive_are_not_paid(cell: str, fate: Fate) -> None:
    assert only(read(row(is_nonaktif=cell)))[0].fate is fate


def test_the_same_person_twice_is_merged_into_the_first_row() -> None:
    answer = read(row(), row(Nama="H. SOETRISNO"), row(BPNT="YA", periode_bpnt=YEAR))
    assert [report.fate for report in answer.reports] == [Fate.KEPT, Fate.MERGED, Fate.KEPT]
    assert "baris 2" in answer.reports[1].reason
    assert [(kept.scheme, kept.source_row) for kept in answer.coverages] == [("PKH", 2), ("BPNT", 4)]


def test_one_nik_on_two_people_keeps_both_for_a_human() -> None:
    answer = read(row(), row(Nama="MAIMUNAH"))
    assert [report.fate for report in answer.reports] == [Fate.KEPT, Fate.KEPT]
    assert codes(answer.reports[1]) == [RemarkCode.NIK_SHARED]
    assert len(answer.coverages) == 2


def test_without_a_nik_two_members_of_a_household_stay_two() -> None:
    answer = read(row(NIK=""), row(NIK="", Nama="MAIMUNAH"), row(NIK=""))
    assert [report.fate for report in answer.reports] == [Fate.KEPT, Fate.KEPT, Fate.MERGED]


def test_a_name_loses_what_cannot_be_seen() -> None:
    _, coverages = only(read(row(Nama="SITI\u200b  AMINAH\u202e")))
    assert coverages[0].name_key == name_key("SITI AMINAH")
    report, _ = only(read(row(Nama="")))
    assert codes(report) == [RemarkCode.NAME_MISSING]


def test_a_place_is_found_by_code_or_by_name_within_the_district() -> None:
    sukojati = village(VillageCode("3510252010"))
    assert find_place("35.10.25.2010", "", "") == sukojati
    assert find_place("3510142008", "", "") == sukojati  # its code before the split
    assert find_place("3510250010", "SUKOJATI", "BLIMBINGSARI") == sukojati  # BPS coding
    assert find_place("", "SUKOJATI", "") is None
    assert find_place("3510252010", "KEMIREN", "GLAGAH") is None  # code and names disagree
    report, coverages = only(read(row(id_desa="3510120001", desa_kelurahan="", kecamatan="")))
    assert (report.fate, codes(report), coverages[0].village) == (Fate.KEPT, [RemarkCode.VILLAGE_UNKNOWN], None)


# ------------------------------------------------------------------------------------------------ periods


@pytest.mark.parametrize(
    ("text", "first", "until"),
    [
        ("2021-01 s/d 2021-12", "2021-01", "2021-12"),
        ("2021-01 - 2021-12", "2021-01", "2021-12"),
        ("2021-01-01 s.d. 2021-03-31", "2021-01", "2021-03"),
        ("01/2021 sampai dengan 03/2021", "2021-01", "2021-03"),
        ("JAN-MAR 2021", "2021-01", "2021-03"),
        ("Januari – Maret 2021", "2021-01", "2021-03"),
        ("Des 2020 s/d Feb 2021", "2020-12", "2021-02"),
        ("Tahap 1 2021", "2021-01", "2021-03"),
        ("TAHAP IV TAHUN 2021", "2021-10", "2021-12"),
        ("2021-05", "2021-05", "2021-05"),
        ("202105", "2021-05", "2021-05"),
        ("Mei 2021", "2021-05", "2021-05"),
        ("AGUSTUS 2021", "2021-08", "2021-08"),
    ],
)
def test_periods_in_their_spellings(text: str, first: str, until: str) -> None:
    span = parse_period(text, "PKH")
    assert span is not None
    assert (month_text(span.first), month_text(span.until)) == (first, until)


@pytest.mark.parametrize(
    "text",
    [
        *("", "2021", "01/05/2021", "Jan-21", "44317", "2021-13", "JAN-MAR", "2021-12 s/d 2021-01", "Tahap 5 2021"),
        *("Tahap 1", "2001-01 s/d 2091-01", "MAY DAY 2021", "٢٠٢١-٠١", "1" * 500),
    ],
)
def test_what_can_mean_two_things_is_no_period(text: str) -> None:
    assert parse_period(text, "PKH") is None


def test_a_stage_means_months_only_where_they_are_known() -> None:
    assert parse_period("Tahap 1 2021", "BST") is None


@given(st.text(max_size=70))
def test_any_text_is_a_period_or_none(text: str) -> None:
    span = parse_period(text, "PKH")
    assert span is None or span.first <= span.until


def test_a_period_that_is_missing_or_unclear_rejects_and_says_so() -> None:
    report, _ = only(read(row(periode_pkh="")))
    assert (report.fate, codes(report)) == (Fate.REJECTED, [RemarkCode.PERIOD_MISSING])
    report, _ = only(read(row(periode_pkh="01/05/2021")))
    assert (report.fate, codes(report)) == (Fate.REJECTED, [RemarkCode.PERIOD_UNCLEAR])
    assert (report.remarks[0].column, "2021-05" in report.reason) == ("periode_pkh", True)
    may = Span(month(2021, 5), month(2021, 5))
    _, coverages = only(read(row(periode_pkh=""), first=may.first, until=may.until))
    assert (coverages[0].first, coverages[0].until) == (may.first, may.until)


# -------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_and_line_ends(encoding: str, delimiter: str, newline: str) -> None:
    text = newline.join([HEAD, row(Nama="JOSÉ"), ""]).replace(",", delimiter)
    answer = read_bytes(text.encode(encoding))
    assert isinstance(answer, ReadList)
    assert [kept.name_key for kept in answer.coverages] == ["JOSE"]


@pytest.mark.parametrize(
    ("data", "problem", "words"),
    [
        (b"", FileProblem.EMPTY, "kosong"),
        (b" \n\n", FileProblem.EMPTY, "kosong"),
        (b"\xef\xbb\xbf", FileProblem.EMPTY, "kosong"),
        (HEAD.encode(), FileProblem.EMPTY, "baris judul"),
        (b"%PDF-1.7\n...", FileProblem.NOT_A_TABLE, "PDF"),
        (b"PK\x03\x04\x14\x00", FileProblem.NOT_A_TABLE, "xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileProblem.NOT_A_TABLE, "xls"),
        (b"  <!DOCTYPE html><html>", FileProblem.NOT_A_TABLE, "halaman web"),
        (b"\x89PNG\r\n", FileProblem.NOT_A_TABLE, "gambar"),
        (b"1,2\n3,4\n", FileProblem.NO_HEADER, "tidak ditemukan"),
    ],
)
def test_a_wrong_file_is_refused_with_the_cure(data: bytes, problem: FileProblem, words: str) -> None:
    answer = refused(data)
    assert answer.problem is problem
    assert words in answer.sentence


def test_limits_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    data = "\n".join([HEAD, *[row()] * 10]).encode()
    monkeypatch.setattr(tables, "ROWS_MAX", 10)
    assert refused(data).problem is FileProblem.TOO_MANY_ROWS
    monkeypatch.setattr(tables, "FILE_BYTES_MAX", len(data) - 1)
    assert refused(data).problem is FileProblem.TOO_LARGE


def test_renamed_columns_are_known() -> None:
    head = (
        HEAD.replace("NIK", "No. KTP")
        .replace("NOKK", "No KK")
        .replace("Nama", "NAMA PENERIMA")
        .replace("id_desa", "Kode Desa")
    )
    assert only(read(row(), head=head))[0].fate is Fate.KEPT


def test_titles_totals_blanks_and_a_header_again_are_no_recipients() -> None:
    blank = "," * HEAD.count(",")
    total = row(id_desa="JUMLAH", NIK="", NOKK="", Nama="", PKH="1")
    text = "\n".join(["DAFTAR PENERIMA", "", HEAD, row(), blank, HEAD, total, "", row(NIK=NIK_2, Nama="SRI")])
    answer = read_bytes(text.encode())
    assert isinstance(answer, ReadList)
    assert [(report.row, report.fate, codes(report)) for report in answer.reports] == [
        (1, Fate.DROPPED, [RemarkCode.TITLE]),
        (4, Fate.KEPT, []),
        (5, Fate.DROPPED, [RemarkCode.BLANK]),
        (6, Fate.DROPPED, [RemarkCode.HEADER_AGAIN]),
        (7, Fate.DROPPED, [RemarkCode.TOTAL]),
        (9, Fate.KEPT, []),
    ]


def test_a_header_over_two_lines_is_one_header() -> None:
    head = HEAD.replace("Nama", '"Nama\nPenerima"')
    report, coverages = only(read(row(), head=head))
    assert (report.row, report.fate, len(coverages)) == (3, Fate.KEPT, 1)


def test_a_quoted_cell_may_hold_delimiters_quotes_and_line_breaks() -> None:
    answer = read(row(Nama='"SUTRISNO, ""S.PD""\nSIDOREJO"'), row(NIK=NIK_2, Nama="SRI"))
    assert [(report.row, report.fate) for report in answer.reports] == [(2, Fate.KEPT), (4, Fate.KEPT)]
    assert answer.coverages[0].name_key == "SUTRISNO"


@pytest.mark.parametrize("name", ['"SUTRISNO', 'SUTRISNO"', '"SUT"RISNO', '5" PIPA'])
def test_a_stray_quote_costs_at_most_its_own_row(name: str) -> None:
    answer = read(row(Nama=name), *(row(NIK=f"35102517058501{at:02d}", Nama=f"A{'B' * at}") for at in range(1, 9)))
    assert [report.row for report in answer.reports] == list(range(2, 11))
    assert all(report.fate is Fate.KEPT for report in answer.reports[1:])


def test_broken_rows_are_told() -> None:
    cut = row()[:60]
    giant = row(Nama="A" * (CELL_CHARS_MAX + 1))
    huge = row(Nama="A" * (tables.LINE_CHARS_MAX + 1))
    answer = read(cut, giant, huge, row(Nama="SU\x00TRISNO"), row() + ",lebih", row() + ",,")
    assert [report.fate for report in answer.reports] == [Fate.REJECTED] * 5 + [Fate.KEPT]
    assert {code for report in answer.reports[:5] for code in codes(report)} == {RemarkCode.ROW_BROKEN}
    assert all(report.reason for report in answer.reports[:5])


# --------------------------------------------------------------------------------------------- properties


def village_list(seed: int, size: int) -> tuple[str, int]:
    rng = random.Random(seed)
    people = village_people(rng, village(VillageCode("3510252010")), size)
    entries = dirty_list(rng, people)
    return siksng_csv((entry, {"PKH": YEAR} if rng.random() < 0.6 else {}) for entry in entries), len(entries)


def test_a_dirty_village_has_one_fate_a_row_and_the_counts_tie_out() -> None:
    text, rows = village_list(7, 600)
    answer = read_bytes(text.encode())
    assert isinstance(answer, ReadList)
    assert [report.row for report in answer.reports] == list(range(2, rows + 2))
    fates = Counter(report.fate for report in answer.reports)
    assert fates.total() == rows
    assert all(fates[fate] > 0 for fate in (Fate.KEPT, Fate.DROPPED, Fate.MERGED))
    assert sum(report.facts for report in answer.reports) == len(answer.coverages)
    assert {kept.source_row for kept in answer.coverages} == {r.row for r in answer.reports if r.fate is Fate.KEPT}


def test_no_report_holds_a_whole_number_or_name() -> None:
    people = village_people(random.Random(3), village(VillageCode("3510152004")), 40)
    lines = []
    for person in people:
        entry = as_entry(person)
        for shifted in ("PKH", "periode_pkh", "is_nonaktif", "id_desa", "desa_kelurahan", "NIK", "NOKK"):
            for value in (entry.nik, entry.name):
                lines.append(row(**{"Nama": person.name, "NIK": entry.nik, "NOKK": entry.kk} | {shifted: value}))
    answer = read(*lines)
    remarks = [remark for report in answer.reports for remark in report.remarks]
    values, reasons = " ".join(r.value for r in remarks), " ".join(r.reason for r in remarks)
    assert values
    for person in people:
        for number in (person.nik, person.kk):
            assert number not in values
            assert number not in reasons
        assert person.name not in reasons
        assert not any(word in values.split() for word in person.name.split())


def test_masked_cells() -> None:
    assert show_period("SITI AMINAH") == "S*** A***"
    assert show_period("SRI") == "S***"
    assert show_period("3510251705850001") == "***"
    assert show_period("JAN-MAR 21 s/d Tahap 2") == "JAN-MAR 21 s/d Tahap 2"
    assert show_period("01/05/2021") == "01/05/2021"
    assert mask_nik("3.51025E+15") == "*" * 16


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    assert isinstance(read_bytes(data), (ReadList, ListRefused, list))


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_list_is_answered_and_every_row_has_one_fate(data: st.DataObject) -> None:
    raw = bytearray("\n".join([HEAD, *(row(NIK=f"35102517058500{at:02d}") for at in range(1, 6))]).encode())
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), max_size=6)):
        raw[at] = byte
    answer = read_bytes(bytes(raw[: data.draw(st.integers(len(HEAD), len(raw)))]))
    if isinstance(answer, ReadList):
        lines = [report.row for report in answer.reports]
        assert lines == sorted(set(lines))
        assert sum(report.facts for report in answer.reports) == len(answer.coverages)
        assert all(report.remarks for report in answer.reports if report.fate is not Fate.KEPT)


cells = st.text(st.characters(codec="utf-8", exclude_characters='\n\r",\x00'), max_size=20)


@given(st.lists(st.lists(cells, min_size=12, max_size=12), min_size=1, max_size=8))
def test_any_cells_have_one_fate_a_row(rows: list[list[str]]) -> None:
    rows = [[f"x{line[0]}", *line[1:]] for line in rows]
    answer = read(*(",".join(line) for line in rows))
    assert [report.row for report in answer.reports] == list(range(2, len(rows) + 2))
