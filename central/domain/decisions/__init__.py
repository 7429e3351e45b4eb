"""The centre's answer on every proposal: `facts` are what it rests on, `walk` is the rule, `wording` says it; `likely` finds
who may be one person under two numbers.
"""

from central.domain.decisions.facts import (
    ACCEPTED,
    LIST_EPOCH,
    NEEDS_REVIEW,
    REJECTED,
    WITHDRAWN,
    Coverage,
    CyclePolicy,
    Grounds,
    Policy,
    Proposal,
    Verdict,
    key_kk,
    key_nik,
    pack_answers,
    read_answers,
)
from central.domain.decisions.likely import Known, likely_pairs
from central.domain.decisions.walk import (
    EVIDENCE_MAX,
    NOBODY_LIKELY,
    NOTHING_SAID,
    Case,
    Identities,
    Pairs,
    covered_person,
    decide,
    person_of,
)
from central.domain.decisions.wording import date_text, day_iso, day_text, months_text, period_text, place_text

__all__ = [
    "ACCEPTED",
    "EVIDENCE_MAX",
    "LIST_EPOCH",
    "NEEDS_REVIEW",
    "NOBODY_LIKELY",
    "NOTHING_SAID",
    "REJECTED",
    "WITHDRAWN",
    "Case",
    "Coverage",
    "CyclePolicy",
    "Grounds",
    "Identities",
    "Known",
    "Pairs",
    "Policy",
    "Proposal",
    "Verdict",
    "covered_person",
    "date_text",
    "day_iso",
    "day_text",
    "decide",
    "key_kk",
    "key_nik",
    "likely_pairs",
    "months_text",
    "pack_answers",
    "period_text",
    "person_of",
    "place_text",
    "read_answers",
]
