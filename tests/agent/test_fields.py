"""What is typed into a letter's questions, by the kind of question: kept, or refused with the cure."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import letters
from agent.domain.fields import (
    FIELD_TEXT_MAX,
    FamilyMember,
    Fault,
    check_area,
    check_digits,
    check_documents,
    check_moment,
    check_rupiah,
    check_year,
    decode_value,
    encode_value,
    write_date,
)
from agent.domain.people import PeopleAnswer, PersonRow, ask_again, check_people
from protocol.letter_kinds import FieldType
from tests.agent.letter_samples import ANSWERS, DAY, HOUSEHOLD, PEOPLE, RIZKI, ROKHANA, SUYATNO, kind_of


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("17-05-2021 08.30", datetime(2021, 5, 17, 8, 30)),
        ("17/5/2021  8:05", datetime(2021, 5, 17, 8, 5)),
        ("2021-05-17T23:59", datetime(2021, 5, 17, 23, 59)),
        ("17-05-2021, 00.00", datetime(2021, 5, 17, 0, 0)),
        ("17 05 2021 08.30", datetime(2021, 5, 17, 8, 30)),
        ("17-05-2021", date(2021, 5, 17)),
        (" 17 05 2021 ", date(2021, 5, 17)),
    ],
)
def test_a_moment_with_or_without_its_hour(raw: str, kept: date) -> None:
    checked = check_moment(raw, required=True)
    assert checked == kept
    assert type(checked) is type(kept)
    assert decode_value(encode_value(kept), FieldType.MOMENT) == kept


@pytest.mark.parametrize(
    "raw", ["17-05-2021 24.00", "17-05-2021 08.60", "08.30", "31-02-2021 08.30", "kemarin", "١٧-٠٥-٢٠٢١ ٠٨.٣٠"]
)
def test_what_is_no_moment(raw: str) -> None:
    fault = check_moment(raw, required=True)
    assert isinstance(fault, Fault)
    assert fault.code in ("not_a_moment", "not_a_date")


@pytest.mark.parametrize(
    ("raw", "kept"),
    [("1250", "1.250"), ("1.250,50", "1.250,5"), ("120,5 m2", "120,5"), ("72 M²", "72"), ("0,25", "0,25")],
)
def test_an_area(raw: str, kept: str) -> None:
    assert check_area(raw, required=True) == kept
    assert check_area(kept, required=True) == kept


@pytest.mark.parametrize("raw", ["0", "0,00", "12.50", "1,255", "-3", "luas", "9" * 400, "10.000.001", "١٢"])
def test_what_is_no_area(raw: str) -> None:
    assert isinstance(check_area(raw, required=True), Fault)


@pytest.mark.parametrize("raw", ["1500000", "Rp1.500.000", "rp 1.500.000,-", "Rp. 1.500.000,00"])
def test_an_amount(raw: str) -> None:
    assert check_rupiah(raw, required=True) == 1_500_000


@pytest.mark.parametrize("raw", ["Rp", "1.5 juta", "1.500.000,50", "-1", "Rp-5"])
def test_what_is_no_amount(raw: str) -> None:
    assert isinstance(check_rupiah(raw, required=True), Fault)


def test_a_year_and_a_number_of_so_many_digits() -> None:
    assert check_year("2015", required=True) == 2015
    assert all(isinstance(check_year(raw, required=True), Fault) for raw in ("15", "20155", "1066", "٢٠١٥", "dulu"))
    assert check_digits("35.10.25.2010", 10, required=True) == "3510252010"
    assert check_digits(" 3510 25 2010 ", 10, required=True) == "3510252010"
    fault = check_digits("351025", 10, required=True)
    assert isinstance(fault, Fault)
    assert "harus 10, ini 6" in fault.message
    assert isinstance(check_digits("٣٥١٠٢٥٢٠١٠", 10, required=True), Fault)


def test_what_may_stay_empty_does_and_what_must_not_says_so() -> None:
    for check in (check_area, check_rupiah, check_year):
        assert check("", required=False) == ""
        fault = check(" ", required=True)
        assert isinstance(fault, Fault)
        assert fault.code == "required"
    assert check_moment("", required=False) is None


def test_documents_are_kept_in_the_order_of_the_list_and_only_those() -> None:
    assert check_documents("KK\nKTP", ("KTP", "KK", "pengantar RT/RW")) == "KTP; KK"
    assert check_documents("", ("KTP",)) == ""
    assert isinstance(check_documents("paspor", ("KTP",)), Fault)


@pytest.mark.parametrize(
    ("key", "changes", "field", "code"),
    [
        ("kelahiran", {"born_at": "18-05-2021"}, "born_at", "in_the_future"),
        ("janda_duda", {"since": "18-05-2021"}, "since", "in_the_future"),
        ("keramaian", {"ends_at": "20-05-2021 19.29"}, "ends_at", "before_its_beginning"),
        ("bepergian", {"to_date": "17-05-2021"}, "to_date", "before_its_beginning"),
        ("kehilangan", {"lost_at": "17-05-2021 23.59"}, None, ""),
        ("keramaian", {"ends_at": "20-05-2021"}, None, ""),
        ("bepergian", {"to_date": "18-05-2021"}, None, ""),
    ],
)
def test_dates_that_must_have_happened_or_follow_each_other(
    key: str, changes: dict[str, str], field: str | None, code: str
) -> None:
    checked = letters.check_fields(kind_of(key), ANSWERS[key] | changes, HOUSEHOLD, PEOPLE, today=DAY)
    if field is None:
        assert isinstance(checked, tuple), checked
    else:
        assert isinstance(checked, list)
        assert [(error.field, error.code) for error in checked] == [(field, code)]


def people(answer: PeopleAnswer, *, most: int = 20, required: bool = True) -> tuple[FamilyMember, ...] | Fault:
    known = {"3510254506830001": FamilyMember("3510254506830001", "SRI WAHYUNI", "ISTRI", date(1983, 6, 5))}
    return check_people(answer, HOUSEHOLD, known, required=required, most=most)


def test_people_are_picked_first_and_then_written_down_nobody_twice() -> None:
    answer = PeopleAnswer(
        picked=(RIZKI.nik, SUYATNO.nik),
        rows=(PersonRow(), PersonRow(nik="3510 2545 0683 0001"), PersonRow(nik=RIZKI.nik, name="RIZKI", note="cucu")),
    )
    checked = people(answer)
    assert isinstance(checked, tuple)
    assert [(each.name, each.relation) for each in checked] == [
        ("SUYATNO", "KEPALA KELUARGA"),
        ("MOCH. RIZKI", "cucu"),
        ("SRI WAHYUNI", ""),
    ]
    assert checked[2].birth_date == date(1983, 6, 5)
    assert decode_value(encode_value(checked), FieldType.PEOPLE) == checked


def test_two_people_without_a_nik_are_two_people() -> None:
    checked = people(PeopleAnswer(rows=(PersonRow(name="SITI"), PersonRow(name="SITI"))))
    assert checked == (FamilyMember("", "SITI", "", None),) * 2


def test_people_who_share_a_placeholder_are_not_one_person() -> None:
    nobody = "0" * 16
    known = {nobody: FamilyMember(nobody, "ORANG LAIN", "", None)}
    two = PeopleAnswer(rows=(PersonRow(nik=nobody, name="SITI"), PersonRow(nik=nobody, name="AMINAH")))
    checked = check_people(two, (), known, required=True, most=2)
    assert isinstance(checked, tuple)
    assert [each.name for each in checked] == ["SITI", "AMINAH"]
    fault = check_people(PeopleAnswer(rows=(PersonRow(nik=nobody),)), (), known, required=True, most=2)
    assert isinstance(fault, Fault)
    assert fault.code == "name_missing"


@pytest.mark.parametrize(
    "answer",
    [
        PeopleAnswer(picked=(SUYATNO.nik, RIZKI.nik)),
        PeopleAnswer(
            picked=(RIZKI.nik,), rows=(PersonRow(nik=RIZKI.nik, name="RIZKI", note="cucu"), PersonRow(name="SITI"))
        ),
        PeopleAnswer(rows=(PersonRow(name="SITI"), PersonRow(nik="3510254506830001"), PersonRow(name="SITI"))),
        PeopleAnswer(rows=(PersonRow(nik="0" * 16, name="AMINAH", born="1-1-0950", note="bidan"),)),
    ],
)
def test_people_can_be_asked_again(answer: PeopleAnswer) -> None:
    checked = people(answer)
    assert isinstance(checked, tuple)
    again = ask_again(checked, HOUSEHOLD)
    assert set(again.picked) == set(answer.picked)
    assert people(again) == checked


def test_twins_who_share_a_placeholder_are_not_both_ticked_again() -> None:
    one, other = (FamilyMember("0" * 16, name, "ANAK", DAY) for name in ("HASAN", "HUSIN"))
    assert check_people(ask_again((one,), (one, other)), (one, other), {}, required=True, most=9) == (one,)


@pytest.mark.parametrize("moment", [date(950, 1, 2), datetime(2021, 5, 17, 8, 5), date(2021, 5, 17)])
def test_a_moment_is_read_back_as_it_is_written(moment: date) -> None:
    assert check_moment(write_date(moment), required=True) == moment


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (PeopleAnswer(), "required"),
        (PeopleAnswer(rows=(PersonRow(),)), "required"),
        (PeopleAnswer(picked=("?",)), "not_in_household"),
        (PeopleAnswer(rows=(PersonRow(nik="3510250101700009"),)), "name_missing"),
        (PeopleAnswer(rows=(PersonRow(note="anak"),)), "name_missing"),
        (PeopleAnswer(rows=(PersonRow(name="<script>"),)), "not_a_name"),
        (PeopleAnswer(rows=(PersonRow(name="SITI", note="a\u202eb"),)), "hidden_character"),
        (PeopleAnswer(rows=(PersonRow(name="SITI", born="1980"),)), "not_a_date"),
        (PeopleAnswer(picked=(ROKHANA.nik, RIZKI.nik, SUYATNO.nik)), "too_many"),
    ],
)
def test_people_that_cannot_stand_in_a_letter(answer: PeopleAnswer, code: str) -> None:
    fault = people(answer, most=2)
    assert isinstance(fault, Fault)
    assert fault.code == code


def test_more_people_than_the_record_holds_are_refused_and_not_cut() -> None:
    fault = people(PeopleAnswer(rows=tuple(PersonRow(name="A" * 300) for _ in range(FIELD_TEXT_MAX // 300 + 1))))
    assert isinstance(fault, Fault)
    assert fault.code == "too_long"


@given(st.text(max_size=60))
def test_whatever_is_typed_is_kept_readable_or_refused(raw: str) -> None:
    for check, type_ in (
        (check_area, FieldType.AREA),
        (check_rupiah, FieldType.RUPIAH),
        (check_moment, FieldType.MOMENT),
    ):
        value = check(raw, required=False)
        if not isinstance(value, Fault):
            value = "" if value is None else value
            assert decode_value(encode_value(value), type_) == value
    rows = (PersonRow(name=raw, note=raw, nik=raw[:8]),)
    checked = people(PeopleAnswer(rows=rows), required=False)
    if not isinstance(checked, Fault):
        assert decode_value(encode_value(checked), FieldType.PEOPLE) == checked
