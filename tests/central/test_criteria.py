"""What a scheme demands decides: the Quran teachers' incentive, whose demands ship with the program."""

from pathlib import Path

import pytest

from central.domain.catalogue import CatalogueError, parse_criteria, parse_questions
from central.domain.decisions import ACCEPTED, NEEDS_REVIEW, REJECTED, Proposal, decide, pack_answers
from central.domain.lists.columns import ANSWERS
from central.domain.reasons import ReasonCode
from central.rules import shipped_edition, shipped_questions
from tests.central.desk import proposal_fact
from tests.central.test_decisions import GURU, POLICY, coverage, one, says

MET = [("pupils", "12"), ("teaching_since", "2019-01"), ("civil_servant", "tidak")]


def teacher(*changed: tuple[str, str], without: str = "") -> Proposal:
    answers = dict(MET) | dict(changed)
    answers.pop(without, None)
    return proposal_fact(1, cycle=GURU, answers=pack_answers(list(answers.items())))


def test_who_meets_every_demand_is_accepted() -> None:
    assert one(teacher()).outcome == ACCEPTED


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (("pupils", "9"), "Jumlah santri paling sedikit 10."),
        (("teaching_since", "2019-02"), "Lama mengajar paling sedikit 2 tahun pada bulan pertama periode."),
        (("civil_servant", "ya"), "Bukan ASN."),
    ],
)
def test_who_fails_one_is_refused_with_the_demand(answer: tuple[str, str], said: str) -> None:
    verdict = one(teacher(answer))
    assert (verdict.outcome, verdict.code) == (REJECTED, ReasonCode.CRITERIA_NOT_MET)
    assert says(verdict) == f"Syarat program belum terpenuhi: {said}"
    assert verdict.rule == "Syarat Banyuwangi (pemberitaan November 2020)"


def test_what_was_not_answered_is_for_an_officer_and_never_passes() -> None:
    verdict = one(teacher(without="pupils"))
    assert (verdict.outcome, verdict.code) == (NEEDS_REVIEW, ReasonCode.CRITERIA_NOT_MET)
    assert "Jumlah santri paling sedikit 10 (belum dijawab)" in says(verdict)


def test_a_missing_answer_saves_nobody_from_an_overlap_or_from_another_demand() -> None:
    covered = coverage("INSENTIF-APBD")
    assert one(teacher(without="pupils"), covered).code is ReasonCode.COVERED_BY_SCHEME
    assert one(teacher(("civil_servant", "ya"), without="pupils")).outcome == REJECTED


def test_who_is_refused_for_a_demand_blocks_nobody() -> None:
    first, second = teacher(("pupils", "1")), proposal_fact(2, cycle=GURU)
    verdicts = decide(POLICY, [first, second], [])
    assert verdicts[second.record].outcome == ACCEPTED


def test_the_hash_holds_the_demand_that_was_not_met() -> None:
    few, ended = teacher(("pupils", "9")), teacher(("civil_servant", "ya"))
    assert one(few).facts_hash != one(ended).facts_hash != one(teacher()).facts_hash


def test_the_forms_ask_what_the_criteria_are_about() -> None:
    """The villages' own table of questions and the centre's are one."""
    root = Path(__file__).parents[2]
    tables = [(root / side / "data" / "proposal_fields.csv").read_bytes() for side in ("agent", "central")]
    assert tables[0] == tables[1]
    asked = {(each.scheme, each.field): each for each in shipped_questions()}
    for each in shipped_edition().rules.criteria:
        assert asked[each.scheme, each.field].admits(each.measure, each.value)


def test_a_list_can_answer_every_question_of_the_form_but_the_photograph() -> None:
    asked = {each.field: each.kind for each in shipped_questions() if each.scheme == "GURU-NGAJI"}
    assert asked == {**ANSWERS, "pupil_list": "photo"}


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("GURU-NGAJI,salary,at_least,10,Gaji,2020-01,,dasar", "no question"),
        ("GURU-NGAJI,phone,at_least,10,Telepon,2020-01,,dasar", "cannot be held"),
        ("GURU-NGAJI,pupils,is,10,Santri,2020-01,,dasar", "cannot be held"),
        ("GURU-NGAJI,pupils,at_least,sepuluh,Santri,2020-01,,dasar", "cannot be held"),
        ("GURU-NGAJI,civil_servant,is,mungkin,ASN,2020-01,,dasar", "cannot be held"),
        ("GURU-NGAJI,pupils,at_least,10,,2020-01,,dasar", "must not be empty"),
        (
            "GURU-NGAJI,pupils,at_least,10,Santri,2020-01,,dasar\nGURU-NGAJI,pupils,at_least,12,Santri,2021-01,,dasar",
            "already",
        ),
    ],
)
def test_a_wrong_row_is_refused_with_its_place(row: str, complaint: str) -> None:
    header = "scheme,field,measure,value,label_id,valid_from,valid_until,basis\n"
    with pytest.raises(CatalogueError, match=complaint) as raised:
        parse_criteria(header + row, shipped_edition().rules.schemes, shipped_questions())
    assert "scheme_criteria.csv, row" in str(raised.value)


def test_a_question_with_choices_knows_them() -> None:
    (question,) = parse_questions("scheme,field,kind,required,label_id\nLAPOR,impact,choice: a|b,yes,Dampak\n")
    assert question.choices == ("a", "b")
