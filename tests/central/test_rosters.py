"""Every row of a cycle has one fate, in any order of arrival, and the sums tie out."""

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from central.domain.answers import policy
from central.domain.decisions import ACCEPTED, REJECTED, Coverage, Proposal, decide
from central.domain.rosters import (
    DISAGREEMENT,
    OFFICER,
    TAKEN_OFF,
    WITHDRAWN_REASON,
    Body,
    Draft,
    Fate,
    InputRow,
    Origin,
    Reply,
    Ruling,
    Rulings,
    Terms,
    Validation,
    Validations,
    precedence,
    settle,
    weigh,
)
from protocol.feed import Cycle
from protocol.schemes import month
from tests.central.desk import DAY_MS, DESA, OTHER_DESA, RULES, START_MS, kk, nik, proposal_fact

NGAJI = Cycle(
    code="GURU-NGAJI-2021",
    scheme="GURU-NGAJI",
    name="Insentif guru ngaji 2021",
    month_from=month(2021, 1),
    month_until=month(2021, 12),
    opens_ms=START_MS - 30 * DAY_MS,
    closes_ms=START_MS + 14 * DAY_MS,
    objection_days=3,
)
BOTH = (Body.VILLAGE, Body.LPTQ)
YES = {body: Validation(Reply.AGREED) for body in BOTH}
PAYS = Terms(amount_rupiah=700_000, required=BOTH)


def rows_of(
    *proposals: Proposal,
    former: int = 0,
    coverages: tuple[Coverage, ...] = (),
    terms: Terms = PAYS,
    said: Validations | None = None,
    ruled: Rulings | None = None,
) -> list[InputRow]:
    """With the answers that `decide` gives on them together; the first `former` are last year's recipients."""
    weighed = weigh(proposals, NGAJI.closes_ms, terms, said or {}, ruled or {})
    verdicts = decide(policy(RULES, {NGAJI.code: NGAJI}), weighed, coverages)
    return [
        InputRow(
            proposal=p,
            origin=Origin.FORMER if at < former else Origin.PROPOSAL,
            file=p.village,
            number=p.seq,
            verdict=verdicts[p.record],
        )
        for at, p in enumerate(proposals)
    ]


def teacher(number: int, **changes: Any) -> Proposal:
    told = {"nik": nik(number), "kk": kk(number), "claimed_ms": START_MS - 1000 + number} | changes
    return proposal_fact(number, cycle=NGAJI, **told)


def insentif(number: int) -> Coverage:
    return Coverage(
        number.to_bytes(32, "big"), "INSENTIF-APBD", "", nik(number), kk(number), "SITICONTOH", month(2021, 1),
        month(2021, 12), DESA, "2021-01-31",
    )  # fmt: skip


def settled(
    *proposals: Proposal,
    terms: Terms = PAYS,
    said: Validations | None = None,
    ruled: Rulings | None = None,
    former: int = 0,
    coverages: tuple[Coverage, ...] = (),
) -> Draft:
    """Everybody is validated unless `said` tells otherwise."""
    said = {p.record: YES for p in proposals} if said is None else said
    rows = rows_of(*proposals, former=former, coverages=coverages, terms=terms, said=said, ruled=ruled)
    return settle(rows, terms, said, ruled or {})


def fates(draft: Draft) -> list[tuple[Fate, str]]:
    """(fate, reason) by the number of the record."""
    found = sorted(draft.outcomes.items())
    return [(outcome.fate, outcome.code) for _, outcome in found]


def test_one_person_from_two_villages_is_one_recipient_and_nobody_is_lost() -> None:
    twice = teacher(3, nik=nik(1), kk=kk(1), village=OTHER_DESA)
    draft = settled(teacher(1), teacher(2), twice)
    assert fates(draft) == [(Fate.KEPT, ""), (Fate.KEPT, ""), (Fate.MERGED, "proposed_elsewhere")]
    assert draft.outcomes[twice.record].into == teacher(1).record
    assert (len(draft.recipients), draft.total_rupiah) == (2, 1_400_000)


def test_last_years_recipient_goes_first_whenever_this_years_proposal_was_written() -> None:
    carried = teacher(9, nik=nik(1), kk=kk(1), claimed_ms=0, received_ms=0)
    draft = settled(carried, teacher(1), former=1)
    assert draft.outcomes[carried.record].fate is Fate.KEPT
    assert draft.outcomes[teacher(1).record].into == carried.record


def test_who_holds_an_excluding_incentive_is_rejected_with_the_reason() -> None:
    draft = settled(teacher(1), teacher(2), coverages=(insentif(2),))
    assert fates(draft) == [(Fate.KEPT, ""), (Fate.REJECTED, "covered_by_scheme")]
    assert draft.outcomes[teacher(2).record].told.values["scheme"] == "Insentif APBD sejenis"


def test_what_a_village_took_back_is_dropped() -> None:
    assert fates(settled(teacher(1, is_withdrawn=True))) == [(Fate.DROPPED, WITHDRAWN_REASON)]


AGREED, REFUSED = Validation(Reply.AGREED), Validation(Reply.REFUSED, "tidak mengajar")
DEAD, MOVED = Validation(Reply.DECEASED, "3 Mei 2021"), Validation(Reply.MOVED, "Jember")


def test_what_the_bodies_say() -> None:
    teachers = [teacher(number) for number in range(1, 8)]
    replies = [
        {Body.VILLAGE: AGREED},
        {Body.VILLAGE: REFUSED, Body.LPTQ: REFUSED},
        {Body.VILLAGE: AGREED, Body.LPTQ: REFUSED},
        {Body.VILLAGE: DEAD},
        {Body.VILLAGE: MOVED, Body.LPTQ: AGREED},
        {Body.LPTQ: MOVED},
        {Body.VILLAGE: REFUSED},
    ]
    said = {p.record: each for p, each in zip(teachers, replies, strict=True)}
    draft = settled(*teachers, said=said)
    assert fates(draft) == [
        (Fate.HELD, "not_validated"),
        (Fate.REJECTED, "validator_refused"),
        (Fate.HELD, DISAGREEMENT),
        (Fate.DROPPED, "deceased"),
        (Fate.HELD, DISAGREEMENT),
        (Fate.DROPPED, "moved_out"),
        (Fate.HELD, "not_validated"),
    ]
    asked = [draft.outcomes[p.record].asked for p in teachers]
    assert asked == [Body.LPTQ, "", OFFICER, "", OFFICER, "", Body.LPTQ]
    assert draft.outcomes[teachers[3].record].told.values == {"date": "3 Mei 2021"}
    assert fates(settled(teachers[0], terms=Terms(amount_rupiah=1, required=(Body.VILLAGE,)), said=said)) == [
        (Fate.KEPT, "")
    ]


def test_an_officer_decides_where_the_bodies_disagree() -> None:
    p = teacher(1)
    said = {p.record: {Body.VILLAGE: AGREED, Body.LPTQ: REFUSED}}
    assert fates(settled(p, said=said, ruled={p.record: KEEP})) == [(Fate.KEPT, "")]
    assert fates(settled(p, said=said, ruled={p.record: REJECT})) == [(Fate.REJECTED, "validator_refused")]


KEEP, REJECT, DROP = (Ruling(fate, "diputuskan") for fate in (Fate.KEPT, Fate.REJECTED, Fate.DROPPED))


def test_who_came_late_is_held_until_an_officer_lets_him_in_and_is_then_judged_like_all() -> None:
    late = {"received_ms": NGAJI.closes_ms + 1}
    free, covered = teacher(1, **late), teacher(2, **late)
    assert fates(settled(free, covered, coverages=(insentif(2),))) == [(Fate.HELD, "received_late")] * 2
    draft = settled(free, covered, coverages=(insentif(2),), ruled={p.record: KEEP for p in (free, covered)})
    assert fates(draft) == [(Fate.KEPT, ""), (Fate.REJECTED, "covered_by_scheme")]
    assert fates(settled(free, ruled={free.record: REJECT})) == [(Fate.REJECTED, "validator_refused")]
    assert fates(settled(free, said={}, ruled={free.record: KEEP})) == [(Fate.HELD, "not_validated")]


def test_an_officers_word_settles_no_question_of_identity() -> None:
    one, other = teacher(1), teacher(2, nik=nik(1), name="BUDI HARTONO", birth_date="1970-01-02", sex="L")
    draft = settled(one, other, ruled={p.record: KEEP for p in (one, other)})
    assert fates(draft) == [(Fate.HELD, "identity_conflict")] * 2


def test_who_is_taken_off_stays_off_also_by_another_row() -> None:
    one, other = teacher(1), teacher(2, nik=nik(1), kk=kk(1))
    draft = settled(one, other, ruled={one.record: DROP})
    assert fates(draft) == [(Fate.DROPPED, TAKEN_OFF), (Fate.MERGED, "proposed_elsewhere")]


def test_whom_one_village_does_not_know_may_be_kept_by_the_row_of_another() -> None:
    first, second, third = (teacher(n, nik=nik(1), kk=kk(1)) for n in (1, 2, 3))
    no = {body: Validation(Reply.REFUSED, "tidak dikenal di sini") for body in BOTH}
    draft = settled(first, second, third, said={first.record: no, second.record: YES, third.record: YES})
    assert fates(draft) == [
        (Fate.REJECTED, "validator_refused"),
        (Fate.KEPT, ""),
        (Fate.MERGED, "proposed_elsewhere"),
    ]


def test_quota_and_budget_leave_the_rest_waiting_in_the_same_order() -> None:
    teachers = [teacher(number) for number in range(1, 6)]
    terms = Terms(amount_rupiah=700_000, quota=4, budget_rupiah=2_799_999, required=BOTH)
    draft = settled(*teachers, terms=terms)
    assert [row.number for row in draft.recipients] == [1, 2, 3]
    assert [row.number for row in draft.waiting] == [4, 5]
    assert draft.total_rupiah == 2_100_000
    last = draft.outcomes[teachers[4].record]
    assert (last.fate, last.code, last.told.values) == (Fate.REJECTED, "quota_full", {"position": "2"})


REPLIES = st.sampled_from([Validation(reply, "" if reply is Reply.AGREED else "x") for reply in Reply])
RULINGS = st.none() | st.sampled_from([Fate.KEPT, Fate.REJECTED, Fate.DROPPED]).map(lambda fate: Ruling(fate, "x"))


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[InputRow], Terms, dict[bytes, Any], dict[bytes, Ruling]]:
    """Few people, many rows: recipients of last year, late and withdrawn proposals, holders of another incentive."""
    count = draw(st.integers(1, 12))
    proposals, former = [], draw(st.integers(0, 3))
    for number in range(1, count + 1):
        who = draw(st.integers(1, 5))
        is_former = number <= former
        received_ms = 0 if is_former else draw(st.sampled_from([START_MS, NGAJI.closes_ms + 1]))
        proposals.append(
            teacher(
                number,
                nik=nik(who),
                kk=kk(draw(st.integers(1, 4))),
                name=draw(st.sampled_from(["SITI CONTOH", "BUDI HARTONO"])),
                claimed_ms=0 if is_former else START_MS - draw(st.integers(0, 3)),
                received_ms=received_ms,
                is_withdrawn=not is_former and draw(st.booleans()),
            )
        )
    coverages = tuple(insentif(who) for who in draw(st.sets(st.integers(1, 5), max_size=2)))
    terms = Terms(
        amount_rupiah=700_000,
        quota=draw(st.integers(0, 4)),
        budget_rupiah=draw(st.sampled_from([0, 699_999, 2_100_000])),
        required=draw(st.sampled_from([(), (Body.VILLAGE,), BOTH])),
    )
    said = {p.record: draw(st.dictionaries(st.sampled_from(BOTH), REPLIES)) for p in proposals}
    ruled = {p.record: ruling for p in proposals if (ruling := draw(RULINGS)) is not None}
    rows = rows_of(*proposals, former=former, coverages=coverages, terms=terms, said=said, ruled=ruled)
    return rows, terms, said, ruled


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_one_fate_each_whatever_the_order_and_nobody_paid_twice(
    history: tuple[list[InputRow], Terms, dict[bytes, Any], dict[bytes, Ruling]], chance: random.Random
) -> None:
    rows, terms, said, ruled = history
    draft = settle(rows, terms, said, ruled)
    assert draft.outcomes.keys() == {row.record for row in rows}
    counts = draft.count()
    assert sum(counts.values()) == len(rows)
    assert counts[Fate.KEPT] == len(draft.recipients)
    assert draft.total_rupiah == counts[Fate.KEPT] * terms.amount_rupiah
    assert not terms.quota or len(draft.recipients) <= terms.quota
    assert not terms.budget_rupiah or draft.total_rupiah <= terms.budget_rupiah
    paid = [row.proposal.match_nik for row in draft.candidates()]
    assert len(paid) == len(set(paid)), "one person stands twice"
    assert [precedence(row) for row in draft.candidates()] == sorted(precedence(row) for row in draft.candidates())
    for row in rows:
        outcome = draft.outcomes[row.record]
        if outcome.fate is Fate.MERGED:
            assert outcome.into in draft.outcomes
            assert outcome.into != row.record
            assert draft.outcomes[outcome.into].fate is not Fate.MERGED
        if outcome.fate is Fate.KEPT:
            assert outcome.told.outcome == ACCEPTED
            assert set(said[row.record]) >= set(terms.required)
        if outcome.fate is Fate.REJECTED:
            assert (outcome.told.outcome, outcome.told.code is None) == (REJECTED, False)
        assert (outcome.asked != "") == (outcome.fate is Fate.HELD)
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert settle(shuffled, terms, said, ruled) == draft
