"""The centre's answer as a pure function: each rule by an example, and the promises by whatever facts come to mind."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from central.domain.answers import policy_of
from central.domain.decisions import (
    ACCEPTED,
    EVIDENCE_MAX,
    NEEDS_REVIEW,
    REJECTED,
    WITHDRAWN,
    Case,
    Coverage,
    CyclePolicy,
    FormerTerm,
    Policy,
    Proposal,
    Verdict,
    date_text,
    day_text,
    decide,
    months_text,
    pack_answers,
    pack_former,
    period_text,
    place_text,
    read_former,
)
from central.domain.explanations import explain
from central.domain.reasons import ReasonCode
from protocol.feed import Cycle
from protocol.names import name_key
from protocol.schemes import month
from tests.central.desk import (
    BLT_DD,
    DAY_MS,
    DESA,
    OTHER_DESA,
    PANGAN,
    RULES,
    START_MS,
    TEACHES,
    WARD,
    kk,
    nik,
    proposal_fact,
)

GIZI = Cycle("APBD-GIZI-2021-05", "APBD-GIZI", "Gizi", month(2021, 5), month(2021, 7), 0, PANGAN.closes_ms, 14)
GURU = Cycle("GURU-NGAJI-2021", "GURU-NGAJI", "Guru", month(2021, 1), month(2021, 12), 0, PANGAN.closes_ms, 14)
CYCLES = (PANGAN, BLT_DD, GIZI, GURU)
POLICY = Policy(RULES.book, {c.code: policy_of(c) for c in CYCLES})


def coverage(scheme: str = "PKH", *, number: int = 1, **changes: object) -> Coverage:
    usual: dict[str, object] = {
        "reference": sha256(b"%d" % number).digest(),
        "scheme": scheme,
        "component": "",
        "nik": nik(1),
        "kk": kk(1),
        "name_key": name_key("SITI CONTOH"),
        "first": month(2021, 1),
        "until": month(2021, 12),
        "village": OTHER_DESA,
        "as_of": "2021-04-30",
    }
    return Coverage(**(usual | changes))  # type: ignore[arg-type]


def one(proposal: Proposal, *coverages: Coverage, policy: Policy = POLICY) -> Verdict:
    return decide(policy, [proposal], coverages)[proposal.record]


def of(proposals: Sequence[Proposal], *coverages: Coverage) -> list[tuple[str, ReasonCode | None]]:
    verdicts = decide(POLICY, proposals, coverages)
    return [(verdicts[p.record].outcome, verdicts[p.record].code) for p in proposals]


def says(verdict: Verdict) -> str:
    """The sentence, which must have no hole."""
    assert verdict.code is not None
    return RULES.reasons.sentence(verdict.code, verdict.values)


# --- one person -------------------------------------------------------------------------------------------------------


def test_somebody_nobody_covers_is_accepted() -> None:
    verdict = one(proposal_fact(1))
    assert (verdict.outcome, verdict.code, verdict.rule, verdict.evidence) == (ACCEPTED, None, "", ())
    assert len(verdict.facts_hash) == 32


def test_a_withdrawn_proposal_is_withdrawn_whatever_else_is_known() -> None:
    assert one(proposal_fact(1, is_withdrawn=True, nik="12"), coverage()).outcome == WITHDRAWN


def test_who_is_covered_by_an_excluding_scheme_is_refused_with_rule_and_evidence() -> None:
    found = coverage()
    verdict = one(proposal_fact(1), found)
    assert (verdict.outcome, verdict.code) == (REJECTED, ReasonCode.COVERED_BY_SCHEME)
    assert verdict.rule.startswith("APBD-PANGAN - PKH: ")
    assert [(g.kind, g.scheme, g.reference) for g in verdict.evidence] == [("coverage", "PKH", found.reference)]
    assert says(verdict) == (
        "Sudah terdaftar sebagai penerima Program Keluarga Harapan untuk Januari-Desember 2021 (data per 30 April 2021);"
        " tercatat di Desa Contoh.".replace("Desa Contoh", place_text(OTHER_DESA))
    )


def test_a_household_scheme_is_refused_to_another_member_of_the_household() -> None:
    verdict = one(proposal_fact(1, nik=nik(2)), coverage())
    assert (verdict.outcome, verdict.code) == (REJECTED, ReasonCode.COVERED_HOUSEHOLD)
    assert "SITI" not in says(verdict)


def test_a_rule_about_a_person_says_nothing_of_the_household() -> None:
    covered = coverage("INSENTIF-APBD")
    own = one(proposal_fact(1, cycle=GURU), covered)
    spouse = one(proposal_fact(1, cycle=GURU, nik=nik(2), name="AGUS"), covered)
    assert (own.outcome, own.code) == (REJECTED, ReasonCode.COVERED_BY_SCHEME)
    assert spouse.outcome == ACCEPTED
    assert spouse.rule == "belum diatur: INSENTIF-APBD"


def test_a_combination_nobody_has_ruled_on_is_accepted_with_a_note() -> None:
    verdict = one(proposal_fact(1), coverage("PBI-JKN"), coverage("RANTANG-KASIH", number=2))
    assert verdict.outcome == ACCEPTED
    assert verdict.rule == "belum diatur: PBI-JKN; belum diatur: RANTANG-KASIH"


def test_an_allowed_combination_is_accepted_without_one() -> None:
    verdict = one(proposal_fact(1, cycle=GIZI), coverage("APBD-PANGAN"))
    assert (verdict.outcome, verdict.rule) == (ACCEPTED, "")


def test_months_apart_exclude_nothing() -> None:
    assert one(proposal_fact(1), coverage(first=month(2021, 1), until=month(2021, 4))).outcome == ACCEPTED
    assert one(proposal_fact(1), coverage(first=month(2021, 8), until=month(2021, 12))).outcome == ACCEPTED
    assert one(proposal_fact(1), coverage(first=month(2021, 7), until=month(2021, 7))).outcome == REJECTED


def test_a_component_that_is_not_known_is_no_refusal() -> None:
    unsure = one(proposal_fact(1, cycle=GIZI), coverage())
    certain = one(proposal_fact(1, cycle=GIZI), coverage(component="pregnancy"))
    other = one(proposal_fact(1, cycle=GIZI), coverage(component="elderly"))
    assert (unsure.outcome, other.outcome) == (ACCEPTED, ACCEPTED)
    assert certain.outcome == REJECTED


@pytest.mark.parametrize("number", ["", "12", "351025650785000X", "3.51E+15", "9999999999999999", "0351025101000001"])
def test_a_bad_number_goes_back_with_the_reason_in_words(number: str) -> None:
    verdict = one(proposal_fact(1, nik=number), coverage(nik=number or nik(1)))
    assert (verdict.outcome, verdict.code) == (REJECTED, ReasonCode.NIK_INVALID)
    assert says(verdict).startswith("NIK belum benar: ")
    assert verdict.evidence == ()


def test_a_placeholder_card_ties_nobody_together() -> None:
    zeros = "0" * 16
    verdicts = of([proposal_fact(1, kk=zeros), proposal_fact(2, nik=nik(2), kk=zeros)], coverage(nik=nik(3), kk=zeros))
    assert verdicts == [(ACCEPTED, None), (ACCEPTED, None)]


def test_a_cycle_nobody_announced_waits_for_an_officer() -> None:
    for cycle, scheme in (("X", "APBD-PANGAN"), (PANGAN.code, "BLT-DD")):
        verdict = one(replace(proposal_fact(1), cycle=cycle, scheme=scheme))
        assert (verdict.outcome, verdict.code) == (NEEDS_REVIEW, ReasonCode.CYCLE_UNKNOWN)
        assert says(verdict)


def test_a_wards_resident_cannot_be_paid_from_a_village_fund() -> None:
    ward = one(proposal_fact(1, cycle=BLT_DD, village=WARD))
    assert (ward.outcome, ward.code) == (REJECTED, ReasonCode.NOT_FOR_WARD)
    assert says(ward) == "Bantuan Langsung Tunai Dana Desa hanya untuk warga desa, bukan kelurahan."
    assert one(proposal_fact(1, cycle=BLT_DD)).outcome == ACCEPTED
    assert one(proposal_fact(1, village=WARD)).outcome == ACCEPTED


# --- the window -------------------------------------------------------------------------------------------------------

CLOSES = PANGAN.closes_ms


@pytest.mark.parametrize(
    ("anchor_ms", "received_ms", "outcome", "code"),
    [
        (0, CLOSES - 1, ACCEPTED, None),
        (CLOSES - 1, CLOSES - 1, ACCEPTED, None),
        (CLOSES, CLOSES + 5, REJECTED, ReasonCode.WINDOW_CLOSED),
        (CLOSES - 1, CLOSES, NEEDS_REVIEW, ReasonCode.RECEIVED_LATE),
        (0, CLOSES + 90 * DAY_MS, NEEDS_REVIEW, ReasonCode.RECEIVED_LATE),
    ],
)
def test_only_an_anchor_proves_that_a_proposal_was_too_late(
    anchor_ms: int, received_ms: int, outcome: str, code: ReasonCode | None
) -> None:
    for claimed_ms in (0, CLOSES - 1, CLOSES + 10**12):
        verdict = one(proposal_fact(1, anchor_ms=anchor_ms, received_ms=received_ms, claimed_ms=claimed_ms))
        assert (verdict.outcome, verdict.code) == (outcome, code), "what a village's clock claims proves nothing"


def test_the_sentences_of_the_window_name_the_days() -> None:
    late = one(proposal_fact(1, received_ms=CLOSES + DAY_MS))
    closed = one(proposal_fact(1, anchor_ms=CLOSES, received_ms=CLOSES))
    assert says(late) == (
        "Usulan dicatat sebelum 17 Mei 2021, tetapi baru diterima kabupaten 18 Mei 2021; menunggu putusan petugas."
    )
    assert says(closed) == "Usulan dicatat setelah masa usulan ditutup pada 17 Mei 2021."
    assert [g.kind for g in closed.evidence] == ["cycle"]


# --- rivals -----------------------------------------------------------------------------------------------------------


def test_the_same_person_twice_the_earlier_is_accepted() -> None:
    first = proposal_fact(2, received_ms=START_MS)
    second = proposal_fact(1, village=OTHER_DESA, anchor_ms=START_MS + 1, received_ms=START_MS + 9)
    verdicts = decide(POLICY, [second, first], [])
    assert verdicts[first.record].outcome == ACCEPTED
    refused = verdicts[second.record]
    assert (refused.outcome, refused.code) == (REJECTED, ReasonCode.PROPOSED_ELSEWHERE)
    assert says(refused) == (
        f"Usulan dari {place_text(DESA)} untuk orang atau keluarga yang sama dipakai karena dicatat lebih dahulu."
    )
    assert [(g.kind, g.reference) for g in refused.evidence] == [("proposal", first.record)]


def test_a_claimed_time_counts_only_between_anchor_and_receipt() -> None:
    boastful = proposal_fact(1, claimed_ms=0, anchor_ms=START_MS + 50, received_ms=START_MS + 90)
    modest = proposal_fact(2, claimed_ms=START_MS + 40, received_ms=START_MS + 99)
    late_clock = proposal_fact(3, claimed_ms=START_MS + 10**12, received_ms=START_MS + 45)
    assert (boastful.time_ms(), modest.time_ms(), late_clock.time_ms()) == (
        START_MS + 50,
        START_MS + 40,
        START_MS + 45,
    )
    verdicts = decide(POLICY, [boastful, modest, late_clock], [])
    assert [verdicts[p.record].outcome for p in (modest, late_clock, boastful)] == [ACCEPTED, REJECTED, REJECTED]


def test_where_time_cannot_tell_the_sentence_says_so() -> None:
    first, second = proposal_fact(1), proposal_fact(2)
    refused = decide(POLICY, [first, second], [])[second.record]
    assert "tidak dapat dibedakan" in says(refused)


def test_a_scheme_of_higher_priority_goes_first_however_late() -> None:
    fund = proposal_fact(2, cycle=BLT_DD, received_ms=START_MS + DAY_MS, anchor_ms=START_MS + DAY_MS)
    parcel = proposal_fact(1)
    verdicts = decide(POLICY, [parcel, fund], [])
    assert verdicts[fund.record].outcome == ACCEPTED
    assert verdicts[parcel.record].code is ReasonCode.PROPOSED_ELSEWHERE
    assert "programnya didahulukan" in says(verdicts[parcel.record])


def test_two_members_of_one_household_for_a_household_scheme() -> None:
    head, spouse = proposal_fact(1), proposal_fact(2, nik=nik(2), name="AGUS")
    assert of([head, spouse]) == [(ACCEPTED, None), (REJECTED, ReasonCode.PROPOSED_ELSEWHERE)]


def test_a_couple_may_both_teach() -> None:
    husband = proposal_fact(1, cycle=GURU)
    wife = proposal_fact(2, cycle=GURU, nik=nik(2), name="DEWI")
    assert of([husband, wife]) == [(ACCEPTED, None), (ACCEPTED, None)]


def test_who_was_refused_is_in_nobodys_way() -> None:
    refused = proposal_fact(1, received_ms=CLOSES + 1, anchor_ms=CLOSES)
    withdrawn = proposal_fact(2, is_withdrawn=True)
    accepted = proposal_fact(3, nik=nik(2))
    assert of([refused, withdrawn, accepted])[2] == (ACCEPTED, None)


def test_a_chain_of_cards_is_walked_once_in_order() -> None:
    """A excludes B, B would exclude C: with B refused, C is free."""
    a = proposal_fact(1, nik=nik(1), kk=kk(1))
    b = proposal_fact(2, nik=nik(1), kk=kk(2))
    c = proposal_fact(3, nik=nik(3), kk=kk(2))
    assert of([a, b, c]) == [(ACCEPTED, None), (REJECTED, ReasonCode.PROPOSED_ELSEWHERE), (ACCEPTED, None)]


# --- who is who -------------------------------------------------------------------------------------------------------

STRANGER = {"name": "BAMBANG SUTRISNO", "birth_date": "1970-02-03", "sex": "L", "mother": "X"}


def test_one_number_for_two_people_holds_both() -> None:
    verdicts = of([proposal_fact(1), proposal_fact(2, kk=kk(2), **STRANGER)])
    assert verdicts == [(NEEDS_REVIEW, ReasonCode.IDENTITY_CONFLICT)] * 2


def test_a_withdrawn_namesake_holds_nobody() -> None:
    assert of([proposal_fact(1), proposal_fact(2, kk=kk(2), is_withdrawn=True, **STRANGER)])[0] == (ACCEPTED, None)


def test_a_list_that_has_the_number_for_somebody_else_refuses_nobody() -> None:
    found = coverage(name_key=name_key("BAMBANG SUTRISNO"), kk=kk(9))
    verdict = one(proposal_fact(1), found)
    assert (verdict.outcome, verdict.code) == (NEEDS_REVIEW, ReasonCode.IDENTITY_CONFLICT)
    assert [g.reference for g in verdict.evidence] == [found.reference]
    assert says(verdict)


def test_another_spelling_of_the_name_is_the_same_person() -> None:
    found = coverage(name_key=name_key("ST. CONTO"))
    assert one(proposal_fact(1), found).code is ReasonCode.COVERED_BY_SCHEME


def test_evidence_is_short() -> None:
    many = [coverage(number=n, first=month(2021, 5), until=month(2021, 5 + n % 3)) for n in range(30)]
    verdict = one(proposal_fact(1), *many)
    assert len(verdict.evidence) == EVIDENCE_MAX


# --- promises ---------------------------------------------------------------------------------------------------------


def test_a_like_name_far_away_on_another_card_is_a_stranger_whose_number_was_written_by_mistake() -> None:
    """One digit wrong in the day made it the number of somebody born in the same month, whose name is nearly the same."""
    proposal = proposal_fact(1, name="DARINI", birth_date="1985-07-28", mother="")
    found = coverage(
        name_key=name_key("SARINI"), nik=nik(1), kk=kk(9), village=OTHER_DESA, birth_date="1985-07-25", sex="P"
    )
    verdict = one(proposal, found)
    assert (verdict.outcome, verdict.code) == (NEEDS_REVIEW, ReasonCode.IDENTITY_CONFLICT)
    at_home = coverage(
        name_key=name_key("SARINI"), nik=nik(1), kk=kk(1), village=DESA, birth_date="1985-07-25", sex="P"
    )
    assert one(proposal, at_home).code is ReasonCode.COVERED_BY_SCHEME


_NAMES = ["SITI CONTOH", "ST. CONTOH", "BAMBANG SUTRISNO", ""]
_BIRTHS = ["1985-07-25", "1970-02-03", "1970-03-02", "1970-07-01", "", "19700203", "salah"]
proposals_of = st.lists(
    st.builds(
        lambda number, cycle, village, person, card, name, born, times, withdrawn, answers, former: proposal_fact(
            number,
            cycle=cycle,
            village=village,
            nik=nik(person) if person else "12",
            kk=kk(card) if card else "",
            name=name,
            birth_date=born,
            claimed_ms=START_MS + times[0],
            anchor_ms=START_MS + times[1],
            received_ms=START_MS + times[1] + times[2],
            is_withdrawn=withdrawn,
            answers=answers,
            former_kks=pack_former(former, kk(card) if card else ""),
        ),
        st.integers(1, 2**60),
        st.sampled_from(CYCLES),
        st.sampled_from([DESA, OTHER_DESA, WARD, "9999999999"]),
        st.integers(0, 4),
        st.integers(0, 3),
        st.sampled_from(_NAMES),
        st.sampled_from(_BIRTHS),
        st.tuples(st.integers(-5, 5), st.integers(-3, 3), st.integers(0, 3)).map(
            lambda t: (t[0], t[1] * 7 * DAY_MS, t[2] * 7 * DAY_MS)
        ),
        st.booleans(),
        st.sampled_from([TEACHES, b"", pack_answers([("pupils", "3"), ("teaching_since", "kapan")])]),
        st.lists(
            st.tuples(st.integers(1, 3).map(kk), st.sampled_from([month(2019, 6), month(2020, 9), month(2021, 3)])),
            max_size=1,
        ),
    ),
    max_size=9,
    unique_by=lambda p: p.record,
)
coverages_of = st.lists(
    st.builds(
        lambda number, scheme, component, person, card, name, first, born: coverage(
            scheme,
            number=number,
            component=component,
            nik=nik(person) if person else "",
            kk=kk(card) if card else "",
            name_key=name_key(name),
            first=month(2021, first),
            until=month(2021, first) + 2,
            birth_date=born,
        ),
        st.integers(1, 2**60),
        st.sampled_from(["PKH", "BPNT", "BST", "APBD-PANGAN", "INSENTIF-APBD", "XYZ"]),
        st.sampled_from(["", "pregnancy"]),
        st.integers(0, 4),
        st.integers(0, 3),
        st.sampled_from(_NAMES),
        st.integers(1, 10),
        st.sampled_from(["", *_BIRTHS]),
    ),
    max_size=6,
    unique_by=lambda c: c.reference,
)


@settings(max_examples=300, deadline=None)
@given(proposals_of, coverages_of, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(proposals: list[Proposal], coverages: list[Coverage], rng: object) -> None:
    verdicts = decide(POLICY, proposals, coverages)
    assert verdicts.keys() == {p.record for p in proposals}
    for _ in range(3):
        rng.shuffle(proposals)  # type: ignore[attr-defined]
        rng.shuffle(coverages)  # type: ignore[attr-defined]
        assert decide(POLICY, proposals, coverages) == verdicts


@settings(max_examples=300, deadline=None)
@given(proposals_of, coverages_of)
def test_every_answer_can_be_said_and_rests_on_something(proposals: list[Proposal], coverages: list[Coverage]) -> None:
    for verdict in decide(POLICY, proposals, coverages).values():
        if verdict.outcome in {ACCEPTED, WITHDRAWN}:
            assert verdict.code is None
            continue
        assert says(verdict)
        assert len(verdict.evidence) <= EVIDENCE_MAX
        assert len(verdict.rule) <= 300


@settings(max_examples=300, deadline=None)
@given(proposals_of, coverages_of)
def test_no_two_accepted_exclude_each_other_and_no_accepted_one_is_covered(
    proposals: list[Proposal], coverages: list[Coverage]
) -> None:
    """What the program is for, said once more without the walk: nobody is paid twice."""
    verdicts = decide(POLICY, proposals, coverages)
    accepted = [p for p in proposals if verdicts[p.record].outcome == ACCEPTED]
    for at, p in enumerate(accepted):
        for other in accepted[at + 1 :]:
            if p.scheme == other.scheme and p.scheme != "GURU-NGAJI":
                assert p.nik != other.nik
                if p.scheme in {"APBD-PANGAN", "BLT-DD"}:
                    assert not p.match_kk or p.match_kk != other.match_kk
        for c in coverages:
            is_same_month = POLICY.cycles[p.cycle].first <= c.until and c.first <= POLICY.cycles[p.cycle].until
            if c.scheme == "PKH" and p.scheme in {"APBD-PANGAN", "BLT-DD"} and is_same_month:
                assert c.nik != p.nik
                assert not c.kk or c.kk != p.match_kk


@settings(max_examples=200, deadline=None)
@given(proposals_of, coverages_of, proposals_of, coverages_of)
def test_what_has_nothing_in_common_changes_nothing(
    here: list[Proposal], covered: list[Coverage], far: list[Proposal], covered_far: list[Coverage]
) -> None:
    """Strangers share neither NIK nor card: their facts must not reach anybody's answer, nor its hash."""
    away = [
        proposal_fact(
            int.from_bytes(p.record, "big") + 2**70,
            village=p.village,
            nik=nik(int(p.nik[-1]) + 5000) if p.match_nik else p.nik,
            kk=kk(int(p.kk[-1]) + 5000) if p.match_kk else p.kk,
            is_withdrawn=p.is_withdrawn,
            former_kks=pack_former([(kk(int(card[-1]) + 5000), left) for card, left in read_former(p.former_kks)], ""),
        )
        for p in far
    ]
    covered_away = [
        replace(
            c,
            reference=sha256(c.reference).digest(),
            nik=nik(int(c.nik[-1]) + 5000) if c.nik else "",
            kk=kk(int(c.kk[-1]) + 5000) if c.kk else "",
        )
        for c in covered_far
    ]
    alone = decide(POLICY, here, covered)
    together = decide(POLICY, [*away, *here], [*covered_away, *covered])
    assert {record: together[record] for record in alone} == alone


@settings(max_examples=200, deadline=None)
@given(proposals_of, coverages_of)
def test_another_answer_has_another_hash(proposals: list[Proposal], coverages: list[Coverage]) -> None:
    """Equal hashes say that nothing relevant changed, so an answer may never change under one."""
    before = decide(POLICY, proposals, coverages)
    for removed in coverages:
        after = decide(POLICY, proposals, [c for c in coverages if c is not removed])
        for record, verdict in after.items():
            if verdict.facts_hash == before[record].facts_hash:
                assert verdict == before[record]
    for gone in proposals:
        after = decide(POLICY, [p for p in proposals if p is not gone], coverages)
        for record, verdict in after.items():
            if verdict.facts_hash == before[record].facts_hash:
                assert verdict == before[record]


# --- former households ------------------------------------------------------------------------------------------------


def test_a_household_left_shortly_before_holds_for_a_human_and_an_older_one_does_not() -> None:
    """By what she was proposed with before: a card is split to double aid, and a child does marry out."""
    parents = coverage(number=2, nik=nik(9), kk=kk(9))
    now = proposal_fact(2)

    def then(days: int) -> Proposal:
        at_ms = START_MS - days * DAY_MS
        return proposal_fact(1, cycle=GURU, kk=kk(9), claimed_ms=at_ms, received_ms=at_ms)

    held = decide(POLICY, [then(100), now], [parents])[now.record]
    assert (held.outcome, held.code) == (NEEDS_REVIEW, ReasonCode.COVERED_HOUSEHOLD)
    assert [ground.reference for ground in held.evidence] == [parents.reference]
    assert "KK sebelumnya" in says(held)
    alone = one(now, parents)
    old = decide(POLICY, [then(800), now], [parents])[now.record]
    assert (alone.outcome, old.outcome) == (ACCEPTED, ACCEPTED)
    assert alone.facts_hash != held.facts_hash
    other = replace(then(100), name="BAMBANG LAIN", birth_date="1950-01-02", sex="L", mother="LAIN SEKALI")
    assert decide(POLICY, [other, now], [parents])[now.record].code is ReasonCode.IDENTITY_CONFLICT
    aside = {now.record: frozenset([parents.reference])}
    assert decide(POLICY, [then(100), now], [parents], aside=aside)[now.record].outcome == ACCEPTED


def left(card: int, year: int, in_month: int) -> bytes:
    return pack_former([(kk(card), month(year, in_month))], kk(1))


PARENTS = coverage(number=2, nik=nik(9), kk=kk(9))


@pytest.mark.parametrize(
    ("year", "in_month", "outcome"),
    [
        (2021, 4, NEEDS_REVIEW),
        (2020, 5, NEEDS_REVIEW),  # twelve months before May 2021
        (2020, 4, ACCEPTED),  # thirteen
        (2009, 7, ACCEPTED),
    ],
)
def test_a_card_that_the_village_knows_to_be_left_holds_for_twelve_months(
    year: int, in_month: int, outcome: str
) -> None:
    """A split to double aid is held; a daughter who married out long ago is not covered by her parents."""
    verdict = one(proposal_fact(1, former_kks=left(9, year, in_month)), PARENTS)
    assert verdict.outcome == outcome
    if outcome == NEEDS_REVIEW:
        assert verdict.code is ReasonCode.COVERED_HOUSEHOLD
        assert [ground.reference for ground in verdict.evidence] == [PARENTS.reference]


def test_the_months_are_policy_dated_by_the_cycles_first_month() -> None:
    proposal = proposal_fact(1, former_kks=left(9, 2020, 4))

    def with_terms(*terms: FormerTerm) -> str:
        return one(proposal, PARENTS, policy=Policy(POLICY.book, POLICY.cycles, terms)).outcome

    assert with_terms(FormerTerm(month(2020, 1), None, 13)) == NEEDS_REVIEW
    assert with_terms(FormerTerm(month(2020, 1), month(2021, 4), 13)) == ACCEPTED
    assert (
        with_terms(FormerTerm(month(2020, 1), month(2021, 4), 0), FormerTerm(month(2021, 5), None, 24)) == NEEDS_REVIEW
    )


def test_todays_card_refuses_and_what_may_be_combined_holds_nobody() -> None:
    former = left(9, 2021, 4)
    refused = one(proposal_fact(1, former_kks=former), PARENTS, coverage())
    assert (refused.outcome, refused.code) == (REJECTED, ReasonCode.COVERED_BY_SCHEME)
    assert (
        one(proposal_fact(1, cycle=GIZI, former_kks=former), replace(PARENTS, scheme="APBD-PANGAN")).outcome == ACCEPTED
    )
    assert one(proposal_fact(1, former_kks=former), replace(PARENTS, until=month(2021, 4))).outcome == ACCEPTED


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
@pytest.mark.parametrize("in_month", [4, 1])
def test_of_a_card_split_to_two_proposals_the_second_is_held(order: tuple[int, int], in_month: int) -> None:
    """Whoever asks first: who left it, or who stayed; or two who left it for a card each."""
    went = proposal_fact(order[0], former_kks=left(9, 2021, in_month), claimed_ms=START_MS + order[0])
    stayed = proposal_fact(order[1], nik=nik(9), kk=kk(9), name="BAMBANG", claimed_ms=START_MS + order[1])
    parted = replace(stayed, kk=kk(8), match_kk=kk(8), former_kks=left(9, 2021, 3))
    for other in (stayed, parted):
        at_once = decide(POLICY, [went, other], [])
        first, second = sorted((went, other), key=lambda p: p.record)
        assert at_once[first.record].outcome == ACCEPTED
        held = at_once[second.record]
        assert (held.outcome, held.code) == (NEEDS_REVIEW, ReasonCode.COVERED_HOUSEHOLD)
        assert [(g.kind, g.reference) for g in held.evidence] == [("proposal", first.record)]
        assert decide(POLICY, [other, went], []) == at_once
        aside = {first.record: frozenset([second.record])}
        assert decide(POLICY, [went, other], [], aside=aside)[second.record].outcome == ACCEPTED
    old = replace(went, former_kks=left(9, 2020, 4))
    assert {v.outcome for v in decide(POLICY, [old, stayed], []).values()} == {ACCEPTED}


def test_what_a_village_writes_of_former_cards_is_kept_where_a_card_can_be_matched() -> None:
    told = [(kk(2), 24000), (kk(1), 24001), ("0" * 16, 24002), ("3510", 24003), (kk(2), 24004)]
    assert read_former(pack_former(told, kk(1))) == [(kk(2), 24004)]
    assert pack_former([(kk(1), 24000)], kk(1)) == b""


@pytest.mark.parametrize(("year", "effect"), [(2021, "warn"), (2019, "allow")])
def test_why_names_the_month_in_which_the_card_was_left(year: int, effect: str) -> None:
    proposal = proposal_fact(1, former_kks=left(9, year, 3))
    told = explain(Case([proposal], [PARENTS]), POLICY, proposal.record, identities={}, aside={}, ended={})
    assert [(each.kind, each.reference, each.effect) for each in told.weighed] == [
        ("coverage", PARENTS.reference, effect)
    ]
    assert f"kartu lama, ditinggalkan bulan Maret {year}" in told.weighed[0].words
    assert ("Diperiksa petugas" in told.weighed[0].words) == (year == 2021)


# --- words ------------------------------------------------------------------------------------------------------------


def test_periods_and_days_in_words() -> None:
    assert period_text(month(2021, 5), month(2021, 7)) == "Mei-Juli 2021"
    assert period_text(month(2020, 11), month(2021, 1)) == "November 2020 - Januari 2021"
    assert period_text(month(2021, 5), month(2021, 5)) == "Mei 2021"
    assert months_text(month(2021, 5), month(2021, 7)) == "2021-05..2021-07"
    assert date_text(0) == "1 Januari 1970"
    assert day_text("2021-04-30") == "30 April 2021"
    assert day_text("triwulan I 2021") == "triwulan I 2021"
    assert day_text(" ") == "tanggal yang tidak disebutkan", "a sentence never has a hole"
    assert date_text(1_621_270_799_999) == "17 Mei 2021"
    assert date_text(1_621_270_800_000) == "18 Mei 2021", "midnight in Banyuwangi"


def test_a_place_is_named_with_its_district_and_never_guessed() -> None:
    assert place_text(DESA).startswith("Desa ")
    assert "Kecamatan" in place_text(WARD)
    assert place_text("") == place_text("9999999999") == place_text("x") == "daftar kabupaten"


def test_a_cycle_of_another_scheme_is_not_this_ones() -> None:
    policy = Policy(RULES.book, {"C": CyclePolicy("C", "BLT-DD", 0, 5, 10)})
    assert one(replace(proposal_fact(1), cycle="C"), policy=policy).code is ReasonCode.CYCLE_UNKNOWN
