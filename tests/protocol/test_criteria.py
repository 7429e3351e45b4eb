"""What a scheme demands of a proposal's answers: met, failed, or not to be told from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.criteria import Examined, demand, examine
from protocol.schemes import Criterion, Measure, month, month_text

CYCLE = month(2021, 1)


def criterion(measure: Measure, value: str, first: int = month(2020, 1), until: int | None = None) -> Criterion:
    return Criterion("GURU-NGAJI", "asked", measure, value, "Jumlah santri", first, until, "contoh dasar hukum")


@pytest.mark.parametrize(
    ("measure", "value", "answer", "expected"),
    [
        (Measure.AT_LEAST, "10", "10", "met"),
        (Measure.AT_LEAST, "10", "9", "failed"),
        (Measure.AT_LEAST, "10", "sepuluh", "unknown"),
        (Measure.AT_LEAST, "10", "-12", "unknown"),
        (Measure.AT_LEAST, "10", "١٢", "unknown"),
        (Measure.AT_LEAST, "10", "9" * 40, "unknown"),
        (Measure.AT_MOST, "1500000", "1500000", "met"),
        (Measure.AT_MOST, "1500000", "1500001", "failed"),
        (Measure.YEARS, "2", "2019-01", "met"),
        (Measure.YEARS, "2", "2019-02", "failed"),
        (Measure.YEARS, "2", "2022-05", "failed"),
        (Measure.YEARS, "2", "2019", "unknown"),
        (Measure.IS, "tidak", "tidak", "met"),
        (Measure.IS, "tidak", "ya", "failed"),
        (Measure.IS, "tidak", "", "unknown"),
    ],
)
def test_an_answer_is_held_against_a_criterion(measure: Measure, value: str, answer: str, expected: str) -> None:
    each = criterion(measure, value)
    found = examine([each], {"asked": answer}, CYCLE)
    assert found == {"met": Examined(), "failed": Examined((each,)), "unknown": Examined((), (each,))}[expected]


def test_a_question_that_was_not_asked_leaves_it_unknown() -> None:
    each = criterion(Measure.AT_LEAST, "10")
    assert examine([each], {"other": "12"}, CYCLE) == Examined((), (each,))


@pytest.mark.parametrize(
    ("first", "until", "counts"),
    [
        (CYCLE, CYCLE, True),
        (CYCLE + 1, None, False),
        (CYCLE - 12, CYCLE - 1, False),
    ],
)
def test_a_criterion_is_for_cycles_that_begin_in_its_months(first: int, until: int | None, counts: bool) -> None:
    each = criterion(Measure.AT_LEAST, "10", first, until)
    assert examine([each], {"asked": "1"}, CYCLE) == (Examined((each,)) if counts else Examined())


@given(st.integers(0, 60), st.integers(0, 5))
def test_years_are_whole_years_before_the_first_month(months: int, years: int) -> None:
    found = examine([criterion(Measure.YEARS, str(years))], {"asked": month_text(CYCLE - months)}, CYCLE)
    assert (not found.failed) == (months >= 12 * years)


@pytest.mark.parametrize(("year", "is_met"), [("2018", True), ("2019", None), ("2020", False)])
def test_a_year_without_its_month_proves_what_both_its_ends_say(year: str, is_met: bool | None) -> None:
    demanded = criterion(Measure.YEARS, "2")  # by January 2021
    found = examine([demanded], {"asked": year}, CYCLE)
    assert found == {True: Examined(), None: Examined(unknown=(demanded,)), False: Examined((demanded,))}[is_met]


def test_a_demand_is_a_sentence() -> None:
    assert demand(criterion(Measure.AT_LEAST, "10")) == "Jumlah santri paling sedikit 10"
    assert "2 tahun" in demand(criterion(Measure.YEARS, "2"))
