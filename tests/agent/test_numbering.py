"""Numbers of letters: series, years, printed form, gaps, and clocks that stand wrong."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.numbering import (
    CLOCK_SLACK_MS,
    NUMBER_MAX,
    SERIES_ALL,
    NumberingError,
    NumberingPolicy,
    SeriesPolicy,
    date_wib,
    gaps,
    needs_date_confirmation,
    next_number,
    numbering_policy,
    parse_format,
    print_number,
    series_of,
    year_wib,
)
from tests.agent.letter_samples import CATALOGUE, POLICY, kind_of

FORMAT = "{klas}/{nomor:03d}/{kode_instansi}/{tahun}"


def policy(series: SeriesPolicy = SeriesPolicy.ONE, text: str = FORMAT, **settings: str) -> NumberingPolicy:
    given_settings = {"kode_desa": "3510252010", "kode_instansi": "429.508.03"} | settings
    return numbering_policy(series, text, **given_settings)


def ms(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


def test_the_number_that_banyuwangi_prints() -> None:
    assert print_number(POLICY, kind_of("skd"), 123, date(2021, 3, 4)) == "470/123/429.508.03/2021"


def test_codes_changed_in_2023() -> None:
    assert print_number(POLICY, kind_of("spm"), 7, date(2022, 12, 31)) == "440/007/429.508.03/2022"
    assert print_number(POLICY, kind_of("spm"), 7, date(2023, 1, 1)) == "400.9/007/429.508.03/2023"


def test_every_token() -> None:
    every = policy(text="{klas}.{nomor}/{bidang}/{kode_desa}/{bulan_romawi}/{tahun}", bidang="KESRA")
    assert print_number(every, kind_of("sktm"), 45, date(2021, 9, 1)) == "401.45/KESRA/3510252010/IX/2021"


def test_a_number_wider_than_its_format_is_printed_whole() -> None:
    assert print_number(POLICY, kind_of("skd"), 12345, date(2021, 1, 1)).startswith("470/12345/")


@pytest.mark.parametrize(
    ("series", "expected"),
    [(SeriesPolicy.ONE, SERIES_ALL), (SeriesPolicy.PER_CODE, "440"), (SeriesPolicy.PER_KIND, "spm")],
)
def test_series_by_office_setting(series: SeriesPolicy, expected: str) -> None:
    assert series_of(kind_of("spm"), policy(series), 2021) == expected


def test_the_series_of_a_code_follows_the_code_of_the_year() -> None:
    assert series_of(kind_of("spm"), policy(SeriesPolicy.PER_CODE), 2023) == "400.9"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 81,
        "{nomor",
        "nomor}/{tahun}",
        "{}",
        "{nomor.__class__}/{tahun}",
        "{nomor[0]}/{tahun}",
        "{nomor!r}/{tahun}",
        "{0}/{tahun}",
        "{nomor:>5000}/{tahun}",
        "{nomor:03d}{rahasia}/{tahun}",
        "{tahun:03d}/{nomor}",
        "{nomor:03d }/{tahun}",
        "{{nomor}}/{tahun}",
        "{nomor:٠3d}/{tahun}",
        "{nomor}/{tahun}\n",
        "{nomor}/{tahun}/<b>",
        "{nomor}/{tahun}\u202e",
    ],
)
def test_anything_but_the_listed_tokens_is_refused(text: str) -> None:
    with pytest.raises(NumberingError, match="Format nomor"):
        parse_format(text)


@pytest.mark.parametrize(
    ("series", "text", "missing"),
    [
        (SeriesPolicy.ONE, "{klas}/{tahun}", "{nomor}"),
        (SeriesPolicy.ONE, "{klas}/{nomor}", "{tahun}"),
        (SeriesPolicy.PER_CODE, "{nomor}/{tahun}", "{klas}"),
        (SeriesPolicy.PER_KIND, "{nomor}/{tahun}", "{klas}"),
    ],
)
def test_a_format_that_could_print_one_number_twice_is_refused(series: SeriesPolicy, text: str, missing: str) -> None:
    with pytest.raises(NumberingError) as error:
        policy(series, text)
    assert missing in str(error.value)


@pytest.mark.parametrize("setting", ["kode_instansi", "bidang"])
def test_a_setting_without_a_value_is_named_with_its_cure(setting: str) -> None:
    with pytest.raises(NumberingError, match=f"Isi {setting} di setelan kantor"):
        policy(text=f"{{nomor}}/{{{setting}}}/{{tahun}}", **{setting: ""})


def test_the_office_code_is_never_guessed() -> None:
    with pytest.raises(NumberingError, match="kode_instansi"):
        numbering_policy(SeriesPolicy.ONE, FORMAT, kode_desa="3510252010")
    assert numbering_policy(SeriesPolicy.ONE, "{nomor}/{kode_desa}/{tahun}", kode_desa="3510252010").kode_instansi == ""


def test_a_setting_cannot_smuggle_characters() -> None:
    with pytest.raises(NumberingError, match="kode_instansi"):
        policy(kode_instansi="429<script>")


def test_each_series_and_year_starts_at_one() -> None:
    highest = {("semua", 2021): 812, ("440", 2021): 5}
    assert next_number(highest, "semua", 2021) == 813
    assert next_number(highest, "440", 2021) == 6
    assert next_number(highest, "semua", 2022) == 1


def test_a_runaway_series_stops() -> None:
    with pytest.raises(NumberingError, match="buku agenda"):
        next_number({("semua", 2021): NUMBER_MAX}, "semua", 2021)


@given(st.dictionaries(st.tuples(st.sampled_from(["semua", "440"]), st.integers(2020, 2022)), st.integers(0, 9_000)))
def test_the_next_number_was_never_used(highest: dict[tuple[str, int], int]) -> None:
    for (series, year), last in highest.items():
        assert next_number(highest, series, year) == last + 1


@given(st.sets(st.integers(1, 60)), st.lists(st.tuples(st.integers(1, 60), st.integers(0, 8)), max_size=6))
def test_gaps_are_exactly_what_is_neither_used_nor_void(used: set[int], voids: list[tuple[int, int]]) -> None:
    ranges = [(first, first + length) for first, length in voids]
    highest = max([0, *used, *(last for _, last in ranges)])
    covered = used | {number for first, last in ranges for number in range(first, last + 1)}
    found = gaps(used, ranges, highest)
    assert [n for first, last in found for n in range(first, last + 1)] == sorted(set(range(1, highest + 1)) - covered)
    assert all(first <= last for first, last in found)


def test_gaps_look_no_further_than_the_highest_number() -> None:
    assert gaps([1, 2, 5], [], 4) == [(3, 4)]
    assert gaps([], [], 3) == [(1, 3)]
    assert gaps([], [], 0) == []


def test_the_year_is_the_year_in_wib() -> None:
    assert year_wib(ms(2021, 12, 31, 16, 59)) == 2021
    assert year_wib(ms(2021, 12, 31, 17, 0)) == 2022
    assert date_wib(ms(2021, 5, 16, 17, 0)) == date(2021, 5, 17)


def test_a_time_before_1970_has_a_date() -> None:
    assert date_wib(-1) == date(1970, 1, 1)
    assert year_wib(ms(1969, 6, 1)) == 1969


def test_a_clock_beyond_the_calendar_is_an_error_that_says_so() -> None:
    for absurd in (2**53, -(2**53)):
        with pytest.raises(NumberingError, match="Jam komputer"):
            date_wib(absurd)


def test_a_clock_behind_the_last_record_asks_for_the_date() -> None:
    last = ms(2021, 5, 17, 3)
    assert not needs_date_confirmation(None, last)
    assert not needs_date_confirmation(last, last)
    assert not needs_date_confirmation(last, last + 1)
    assert not needs_date_confirmation(last, last - CLOCK_SLACK_MS)
    assert needs_date_confirmation(last, last - CLOCK_SLACK_MS - 1)
    assert needs_date_confirmation(last, ms(2020, 5, 17, 3))


def test_a_second_back_across_midnight_asks_too() -> None:
    midnight = ms(2021, 5, 16, 17)
    assert needs_date_confirmation(midnight, midnight - 1)


@given(st.integers(0, 5_000), st.integers(-(10**12), 10**12))
def test_a_clock_set_back_never_reopens_a_number(used: int, skew: int) -> None:
    now = ms(2021, 5, 17) + skew
    highest = {(SERIES_ALL, 2021): used, (SERIES_ALL, 2020): used + 1}
    number = next_number(highest, SERIES_ALL, year_wib(now))
    assert number > highest.get((SERIES_ALL, year_wib(now)), 0)


@given(st.integers(1, NUMBER_MAX), st.dates(date(2018, 1, 1), date(2035, 12, 31)), st.sampled_from(sorted(CATALOGUE)))
def test_printed_numbers_of_one_year_differ(number: int, day: date, key: str) -> None:
    kind = kind_of(key)
    assert print_number(POLICY, kind, number, day) != print_number(POLICY, kind, number + 1, day)
