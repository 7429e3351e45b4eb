"""Numbers of places, people and cards."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.ids import (
    InvalidCode,
    Kk,
    KkProblem,
    Nik,
    NikProblem,
    NikWarning,
    Sex,
    VillageCode,
    birth_date,
    district_of,
    dotted,
    is_placeholder,
    mask_name,
    mask_nik,
    nik_warnings,
    parse_district_code,
    parse_kk,
    parse_nik,
    parse_village_code,
    sex,
)

TODAY = date(2021, 5, 17)
MAN = Nik("3510251705850001")
WOMAN = Nik("3510255705850002")

real_dates = st.dates(date(1930, 1, 1), date(2025, 12, 31))


@st.composite
def niks(draw: st.DrawFn) -> tuple[str, date, Sex]:
    born, which, serial = draw(real_dates), draw(st.sampled_from(Sex)), draw(st.integers(1, 9999))
    day = born.day + (40 if which is Sex.FEMALE else 0)
    return f"3510{draw(st.integers(1, 25)):02d}{day:02d}{born:%m%y}{serial:04d}", born, which


def test_village_code_is_ten_digits_and_the_dotted_form_is_read_and_shown() -> None:
    assert parse_village_code(" 35.10.25.2010 ") == parse_village_code("3510252010") == "3510252010"
    assert dotted(VillageCode("3510252010")) == "35.10.25.2010"
    assert dotted(parse_district_code("35.10.25")) == "35.10.25"
    assert district_of(VillageCode("3510252010")) == "351025"


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("", "ten digits"),
        ("351025201", "ten digits"),
        ("35-10-25-2010", "ten digits"),
        ("٣٥١٠٢٥٢٠١٠", "ten digits"),
        ("9910252010", "province"),
        ("3510120001", "BPS"),
    ],
)
def test_a_wrong_village_code_names_the_cure(text: str, cure: str) -> None:
    with pytest.raises(InvalidCode, match=cure):
        parse_village_code(text)


@pytest.mark.parametrize("text", ["", "3510", "35.10.2x", "001025"])
def test_a_wrong_district_code_is_refused(text: str) -> None:
    with pytest.raises(InvalidCode):
        parse_district_code(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", NikProblem.EMPTY),
        ("  ", NikProblem.EMPTY),
        ("3.51025E+15", NikProblem.DESTROYED),
        ("3,51E+15", NikProblem.DESTROYED),
        ("3510 2517 0585 0001", NikProblem.NOT_DIGITS),
        ("٣٥١٠٢٥١٧٠٥٨٥٠٠٠١", NikProblem.NOT_DIGITS),
        ("351025170585000", NikProblem.LENGTH),
        ("35102517058500011", NikProblem.LENGTH),
        ("9810251705850001", NikProblem.UNKNOWN_REGION),
        ("3500251705850001", NikProblem.UNKNOWN_REGION),
        ("3530251705850001", NikProblem.UNKNOWN_REGION),
        ("3510001705850001", NikProblem.UNKNOWN_REGION),
        ("3510250005850001", NikProblem.IMPOSSIBLE_DATE),
        ("3510253205850001", NikProblem.IMPOSSIBLE_DATE),
        ("3510254005850001", NikProblem.IMPOSSIBLE_DATE),
        ("3510257205850001", NikProblem.IMPOSSIBLE_DATE),
        ("3510258105850001", NikProblem.IMPOSSIBLE_DATE),
        ("3510251713850001", NikProblem.IMPOSSIBLE_DATE),
        ("3510251700850001", NikProblem.IMPOSSIBLE_DATE),
        ("3510253104850001", NikProblem.IMPOSSIBLE_DATE),
        ("3510252902850001", NikProblem.IMPOSSIBLE_DATE),
        ("3510251705850000", NikProblem.SERIAL_ZERO),
    ],
)
def test_each_problem_of_a_nik_is_found_and_told(text: str, problem: NikProblem) -> None:
    assert parse_nik(text) is problem
    assert problem.phrase in problem.sentence
    assert problem.value.startswith("nik_")


def test_29_february_of_year_00_exists_because_it_does_in_2000() -> None:
    assert parse_nik("3510252902000001") == "3510252902000001"
    assert birth_date(Nik("3510252902000001"), TODAY, recorded=date(1900, 3, 1)) == date(2000, 2, 29)


def test_a_kk_has_no_offset_of_the_day() -> None:
    assert parse_kk("3510251705150001") == "3510251705150001"
    assert parse_kk("3510255705150001") is KkProblem.IMPOSSIBLE_DATE
    assert {problem.name for problem in KkProblem} == {problem.name for problem in NikProblem}
    assert all("{" not in problem.sentence for problem in (*NikProblem, *KkProblem))


@pytest.mark.parametrize(
    "text", ["0000000000000000", "9999999999999999", "9999123456789012", "1111111111111111", "0351025201000001"]
)
def test_placeholders_are_accepted_and_identify_nobody(text: str) -> None:
    assert parse_nik(text) == text
    assert parse_kk(text) == text
    assert is_placeholder(Nik(text))
    assert birth_date(Nik(text), TODAY) is None
    assert sex(Nik(text)) is None
    assert nik_warnings(Nik(text), residence=VillageCode("3510252010"), recorded_sex=Sex.MALE) == ()


def test_a_real_nik_is_no_placeholder() -> None:
    assert not is_placeholder(MAN)
    assert not is_placeholder(Kk("3510251705150001"))


def test_the_century_comes_from_the_record_else_it_is_the_latest_that_is_past() -> None:
    child = Nik("3510251705100001")
    assert birth_date(child, TODAY) == date(2010, 5, 17)
    assert birth_date(child, TODAY, recorded=date(1910, 5, 17)) == date(1910, 5, 17)
    assert birth_date(Nik("3510251805210001"), TODAY) == date(1921, 5, 18)  # tomorrow, a hundred years ago
    assert birth_date(Nik("3510251705210001"), TODAY) == TODAY
    assert birth_date(MAN, date(1970, 1, 1)) == date(1985, 5, 17)  # a clock that was never set


@given(niks())
def test_a_nik_says_the_date_and_sex_it_was_made_from(made: tuple[str, date, Sex]) -> None:
    text, born, which = made
    nik = parse_nik(text)
    assert not isinstance(nik, NikProblem)
    assert birth_date(nik, TODAY, recorded=born) == born
    assert sex(nik) is which
    assert nik_warnings(nik, recorded_birth_date=born, recorded_sex=which) == ()


@given(niks(), st.integers(0, 15), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_a_problem_or_another_well_formed_nik(
    made: tuple[str, date, Sex], at: int, digit: str
) -> None:
    text = made[0]
    wrong = text[:at] + digit + text[at + 1 :]
    answer = parse_nik(wrong)
    if isinstance(answer, NikProblem):
        assert wrong != text
    else:
        assert answer == wrong  # taken as it stands, never repaired
        assert is_placeholder(answer) or birth_date(answer, TODAY) is not None


@given(st.text(max_size=40))
def test_any_text_gets_an_answer(text: str) -> None:
    for answer in (parse_nik(text), parse_kk(text)):
        assert isinstance(answer, (NikProblem, KkProblem)) or (answer == text.strip() and answer.isascii())


def test_warnings_compare_only_what_is_known() -> None:
    here, elsewhere, old = VillageCode("3510252010"), VillageCode("3510152004"), VillageCode("3510142008")
    assert nik_warnings(MAN) == ()
    assert nik_warnings(MAN, residence=here) == ()
    assert nik_warnings(MAN, residence=elsewhere) == (NikWarning.DISTRICT_DIFFERS,)
    before_split = Nik("3510141705850001")
    assert nik_warnings(before_split, residence=here, residence_retired=old) == (NikWarning.DISTRICT_RETIRED,)
    assert nik_warnings(before_split, residence=here) == (NikWarning.DISTRICT_DIFFERS,)
    assert nik_warnings(WOMAN, recorded_birth_date=date(1985, 5, 18), recorded_sex=Sex.MALE) == (
        NikWarning.BIRTH_DATE_DIFFERS,
        NikWarning.SEX_DIFFERS,
    )
    assert all(warning.sentence for warning in NikWarning)


def test_a_mask_shows_four_digits() -> None:
    assert mask_nik(MAN) == "************0001"
    assert mask_name("SITI AMINAH") == "S*** A***"
    assert mask_name("I WAYAN ARTA") == "*** W*** A***"
    assert mask_name("") == ""


@given(st.text(max_size=60))
def test_a_masked_number_never_shows_more_than_four_characters(text: str) -> None:
    masked = mask_nik(text)
    assert len(masked) == 16
    shown = masked.strip("*")
    assert shown == "" or (len(shown) <= 4 and shown.isascii() and shown.isdigit() and len(text.strip()) >= 12)


@given(st.text(max_size=60))
def test_a_masked_name_shows_at_most_a_letter_of_each_word(text: str) -> None:
    for word, masked in zip(text.split(), mask_name(text).split(), strict=False):
        assert masked in ("***", f"{word[0]}***")
        assert len(word) > 1 or masked == "***"
