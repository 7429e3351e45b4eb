"""The sentence a clerk reads aloud."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.catalogue import parse_reasons
from central.domain.reasons import (
    PLACE_WITHHELD,
    NextStep,
    ReasonCode,
    SentenceIncomplete,
    fill,
    find_placeholders,
)
from protocol.ids import NikProblem

DATA = Path(__file__).parents[2] / "central" / "data"
REASONS = parse_reasons(
    (DATA / "rejection_reasons.csv").read_text(encoding="utf-8"), (DATA / "next_steps.csv").read_text(encoding="utf-8")
)
COVERED = {"scheme": "PKH", "period": "Januari-Desember 2021", "as_of": "1 Mei 2021", "place": "Desa Kemiren"}


def test_a_rejection_is_told_in_whole_words() -> None:
    assert REASONS.sentence(ReasonCode.COVERED_BY_SCHEME, COVERED) == (
        "Sudah terdaftar sebagai penerima PKH untuk Januari-Desember 2021 (data per 1 Mei 2021); tercatat di Desa Kemiren."
    )
    assert REASONS.next_step(ReasonCode.COVERED_BY_SCHEME) is NextStep.OBJECTION
    assert REASONS.next_sentence(ReasonCode.COVERED_BY_SCHEME, "31 Mei 2021") == (
        "Sanggahan dapat disampaikan di kantor desa/kelurahan sampai 31 Mei 2021."
    )


def test_a_place_can_be_withheld() -> None:
    sentence = REASONS.sentence(ReasonCode.COVERED_BY_SCHEME, COVERED | {"place": PLACE_WITHHELD})
    assert sentence.endswith("tercatat di tempat yang tidak disebutkan.")


@pytest.mark.parametrize("code", ReasonCode)
def test_every_sentence_can_be_filled_and_never_with_a_hole(code: ReasonCode) -> None:
    needed = REASONS.by_code[code].placeholders
    filled = REASONS.sentence(code, dict.fromkeys(needed, "sesuatu"))
    assert "{" not in filled
    assert REASONS.next_sentence(code, "31 Mei 2021")
    for name in needed:
        with pytest.raises(SentenceIncomplete, match=name):
            REASONS.sentence(code, dict.fromkeys(needed - {name}, "sesuatu"))
        with pytest.raises(SentenceIncomplete, match=name):
            REASONS.sentence(code, dict.fromkeys(needed, "sesuatu") | {name: " "})


def test_a_value_without_a_place_is_a_bug() -> None:
    with pytest.raises(SentenceIncomplete, match="surplus"):
        REASONS.sentence(ReasonCode.UNDER_AGE, {"surplus": "x"})


def test_an_objection_without_a_date_is_a_bug_and_other_steps_need_none() -> None:
    with pytest.raises(SentenceIncomplete, match="objection_until"):
        REASONS.next_sentence(ReasonCode.COVERED_BY_SCHEME, "")
    assert REASONS.next_sentence(ReasonCode.NIK_INVALID, "").startswith("Silakan perbaiki")


@pytest.mark.parametrize("problem", NikProblem)
def test_the_problem_of_a_nik_fits_its_sentence(problem: NikProblem) -> None:
    sentence = REASONS.sentence(ReasonCode.NIK_INVALID, {"problem": problem.phrase})
    assert sentence == f"NIK belum benar: {problem.phrase}. Mohon tunjukkan KK atau KTP-el."


@given(st.text(max_size=30).filter(str.strip))
def test_a_value_is_put_in_as_it_is(value: str) -> None:
    assert fill("a {x} b", {"x": value}) == f"a {value} b"
    assert find_placeholders("{x}{y}{x.__class__}{0}") == {"x", "y"}
