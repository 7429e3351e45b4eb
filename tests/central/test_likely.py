"""Who may be one person under two numbers is held until a person has judged; nobody is refused for a likeness."""

from datetime import date
from itertools import permutations

import pytest

from central.domain.decisions import (
    ACCEPTED,
    NEEDS_REVIEW,
    REJECTED,
    WITHDRAWN,
    Case,
    Coverage,
    Known,
    Pairs,
    Proposal,
    decide,
    likely_pairs,
)
from central.domain.identities import Identity, IdentityVerdict
from central.domain.matching import Person, person_of
from central.domain.reasons import ReasonCode
from protocol.ids import Sex, parse_village_code
from protocol.schemes import month
from tests.central.desk import DESA, OTHER_DESA, kk, nik, proposal_fact
from tests.central.test_decisions import POLICY, coverage

BROKEN = "3510259507850001"  # the 95th of July: a slip in `nik(1)`
ANOTHER = "3510026507850031"
SAME, DIFFERENT = IdentityVerdict(Identity.SAME), IdentityVerdict(Identity.DIFFERENT)


def person(number: str, card: str = "", village: str = DESA) -> Person:
    return person_of(
        nik=number,
        name="SITI CONTOH",
        kks=(card,) if card else (),
        birth_date=date(1985, 7, 25),
        sex=Sex.FEMALE,
        mother="DEWI CONTOH",
        village=parse_village_code(village),
    )


def covered(scheme: str = "PKH") -> Coverage:
    return coverage(scheme, nik="", kk="", village=OTHER_DESA)


def known(*proposals: Proposal) -> list[Known]:
    return [Known(p.record, person(p.nik)) for p in proposals]


def of_coverage(proposal: Proposal, found: Coverage) -> Pairs:
    return likely_pairs(known(proposal), [Known(found.reference, person(BROKEN))])


def test_who_is_probably_covered_under_another_number_is_held_with_the_evidence() -> None:
    proposal, found = proposal_fact(1), covered()
    likely = of_coverage(proposal, found)
    verdict = decide(POLICY, [proposal], [found], likely=likely)[proposal.record]
    assert (verdict.outcome, verdict.code) == (NEEDS_REVIEW, ReasonCode.POSSIBLE_DUPLICATE)
    assert [(g.kind, g.reference) for g in verdict.evidence] == [("coverage", found.reference)]
    assert decide(POLICY, [proposal], [found])[proposal.record].outcome == ACCEPTED


@pytest.mark.parametrize(("said", "outcome"), [(SAME, REJECTED), (DIFFERENT, ACCEPTED)])
def test_what_a_person_says_of_the_two_decides(said: IdentityVerdict, outcome: str) -> None:
    proposal, found = proposal_fact(1), covered()
    likely = of_coverage(proposal, found)
    case = Case([proposal], [found], likely)
    (key,) = case.keys()
    held, judged = case.decide(POLICY)[proposal.record], case.decide(POLICY, {key: said})[proposal.record]
    assert judged.outcome == outcome
    assert judged.code is (ReasonCode.COVERED_BY_SCHEME if outcome == REJECTED else None)
    assert judged.facts_hash != held.facts_hash


def test_one_person_may_have_both_until_the_month_a_person_has_said() -> None:
    proposal, found = proposal_fact(1), covered()
    case = Case([proposal], [found], of_coverage(proposal, found))
    (key,) = case.keys()
    for until, outcome in ((month(2021, 12), ACCEPTED), (month(2021, 5), REJECTED)):
        said = {key: IdentityVerdict(Identity.OVERLAP_ALLOWED, until)}
        assert case.decide(POLICY, said)[proposal.record].outcome == outcome


def test_a_scheme_that_excludes_nothing_holds_nobody() -> None:
    proposal, found = proposal_fact(1), covered("PBI-JKN")
    assert decide(POLICY, [proposal], [found], likely=of_coverage(proposal, found))[proposal.record].outcome == ACCEPTED


def test_a_list_that_was_taken_back_holds_nobody() -> None:
    proposal, found = proposal_fact(1), covered()
    verdict = decide(POLICY, [proposal], [], likely=of_coverage(proposal, found))[proposal.record]
    plain = decide(POLICY, [proposal], [])[proposal.record]
    assert (verdict.outcome, verdict.facts_hash) == (ACCEPTED, plain.facts_hash)


def two() -> tuple[Proposal, Proposal]:
    """Of one woman in two villages, with another NIK in one: another district, the same serial number."""
    return proposal_fact(1), proposal_fact(2, nik="3510156507850001", kk=kk(2), village=OTHER_DESA)


def test_two_proposals_for_probably_one_person_are_both_held_in_any_order() -> None:
    proposals = two()
    likely = likely_pairs(known(*proposals), [])
    assert {record: set(others) for record, others in likely.items()} == {
        proposals[0].record: {proposals[1].record},
        proposals[1].record: {proposals[0].record},
    }
    answers = [decide(POLICY, order, [], likely=likely) for order in permutations(proposals)]
    assert answers[0] == answers[1]
    assert [answers[0][p.record].outcome for p in proposals] == [NEEDS_REVIEW, NEEDS_REVIEW]


def test_of_two_proposals_for_one_person_as_a_person_said_the_first_is_accepted() -> None:
    proposals = two()
    case = Case(proposals, [], likely_pairs(known(*proposals), []))
    (key,) = case.keys()
    judged = case.decide(POLICY, {key: SAME})
    assert [judged[p.record].outcome for p in proposals] == [ACCEPTED, REJECTED]
    assert judged[proposals[1].record].code is ReasonCode.PROPOSED_ELSEWHERE
    judged = case.decide(POLICY, {key: DIFFERENT})
    assert [judged[p.record].outcome for p in proposals] == [ACCEPTED, ACCEPTED]


def test_a_withdrawn_proposal_holds_nobody() -> None:
    first, second = two()
    likely = likely_pairs(known(first, second), [])
    withdrawn = proposal_fact(2, nik=second.nik, kk=second.kk, village=OTHER_DESA, is_withdrawn=True)
    verdicts = decide(POLICY, [first, withdrawn], [], likely=likely)
    assert [verdicts[p.record].outcome for p in (first, withdrawn)] == [ACCEPTED, WITHDRAWN]


def test_who_is_refused_for_a_certain_reason_is_refused_and_not_held() -> None:
    proposal, found, own = proposal_fact(1), covered(), coverage(number=2)
    verdict = decide(POLICY, [proposal], [found, own], likely=of_coverage(proposal, found))[proposal.record]
    assert (verdict.outcome, verdict.code) == (REJECTED, ReasonCode.COVERED_BY_SCHEME)


def test_neither_certain_nor_conflicting_records_are_likely() -> None:
    one = Known(b"1" * 16, person(nik(1)))
    certain = Known(b"2" * 32, person(nik(1), village=OTHER_DESA))
    stranger = Known(b"3" * 32, person_of(nik=nik(1), name="MAIMUNAH"))
    far = Known(b"4" * 32, person_of(nik=ANOTHER, name="SITI CONTOH"))
    assert likely_pairs([one], [certain, stranger, far]) == {}
    assert likely_pairs([], []) == {}
