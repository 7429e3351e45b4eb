"""A verdict in words, and what is said on a batch's proposals while nothing outside the batch touches them.

Pure. Most people are proposed once and paid by nobody, so nearly all of a backlog is decided here, beside the database's
transaction; what shares a NIK or family card with anything outside is decided again in `central/reconcile`.
Place in the flow: `batches` reads a batch -> here -> tabulation brings it in -> reconcile publishes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from central.domain.batches import Reading
from central.domain.decisions import (
    CyclePolicy,
    FormerTerm,
    Policy,
    Proposal,
    Verdict,
    date_text,
    decide,
    months_text,
    period_text,
)
from central.domain.reasons import NextStep, Reasons
from protocol.codec import pack
from protocol.feed import Cycle, Decision, Evidence, weight
from protocol.schemes import Rulebook

OBJECTION_DAYS_DEFAULT = 14
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Rules:
    """What an office may change: the rule book and the sentences. `edition`: the digest of the book's, empty for the first,
    which ships with the program. `former_terms`: how long a former family card holds."""

    book: Rulebook
    reasons: Reasons
    edition: bytes = b""
    former_terms: tuple[FormerTerm, ...] = ()


class Spoken(Struct, frozen=True, array_like=True):
    """An answer as it is published: what the centre remembers of it, and `value`, the bytes the village gets.

    `weight`: what it adds to the feed's digest, 32 bytes.
    """

    outcome: str
    code: str
    facts_hash: bytes
    decided_ms: int
    value: bytes
    weight: bytes


class Circumstances(Struct, frozen=True, array_like=True):
    """What a batch's answers rest on beside the batch itself, as long as nobody in it is known already.

    `anchors`: when those that it cites were made (ms), where the centre knows them; `withdrawn`: record ids; `edition`: of
    the rules.
    """

    cycles: list[Cycle] = []
    anchors: dict[bytes, int] = {}
    withdrawn: list[bytes] = []
    edition: bytes = b""


class Prepared(Struct, frozen=True, array_like=True):
    """A batch ready to be brought in: its proposals with their times, and beside each what is said if nothing touches it."""

    circumstances: Circumstances
    reading: Reading
    proposals: list[Proposal] = []
    spoken: list[Spoken] = []


def prepare(rules: Rules, reading: Reading, circumstances: Circumstances, now_ms: int) -> Prepared:
    """Decide a batch as if there were nothing else. The reading's proposals move into the answer."""
    proposals = _placed(reading, circumstances)
    cycles = {c.code: c for c in circumstances.cycles}
    verdicts = decide(policy(rules, cycles), proposals, ())
    spoken = [speak(rules, p, cycles.get(p.cycle), verdicts[p.record], now_ms) for p in proposals]
    return Prepared(circumstances, replace(reading, proposals=[], anchors=[]), proposals, spoken)


def _placed(reading: Reading, circumstances: Circumstances) -> list[Proposal]:
    """With the time of the anchor each cites, and what was withdrawn, before or in this very batch."""
    anchors, withdrawn = circumstances.anchors, {*circumstances.withdrawn, *reading.withdrawn}
    if not anchors and not withdrawn:
        return reading.proposals
    return [
        replace(p, anchor_ms=anchors.get(anchor, 0), is_withdrawn=p.record in withdrawn)
        for p, anchor in zip(reading.proposals, reading.anchors, strict=True)
    ]


def policy(rules: Rules, cycles: Mapping[str, Cycle]) -> Policy:
    return Policy(rules.book, {code: policy_of(cycle) for code, cycle in cycles.items()}, rules.former_terms)


def policy_of(cycle: Cycle) -> CyclePolicy:
    return CyclePolicy(cycle.code, cycle.scheme, cycle.month_from, cycle.month_until, cycle.closes_ms)


def speak(rules: Rules, proposal: Proposal, cycle: Cycle | None, verdict: Verdict, now_ms: int) -> Spoken:
    decision = word(rules, proposal, cycle, verdict, now_ms)
    value = pack(decision)
    added = weight(proposal.record, value).to_bytes(32, "big")
    return Spoken(decision.outcome, decision.code, decision.facts_hash, now_ms, value, added)


def word(rules: Rules, proposal: Proposal, cycle: Cycle | None, verdict: Verdict, now_ms: int) -> Decision:
    """The answer in words: the sentence a clerk reads aloud, the next step and its deadline."""
    code = verdict.code
    step = rules.reasons.next_step(code) if code else None
    until_ms = now_ms + (cycle.objection_days if cycle else OBJECTION_DAYS_DEFAULT) * DAY_MS
    return Decision(
        proposal=proposal.record,
        outcome=verdict.outcome,
        code=code.value if code else "",
        sentence=rules.reasons.sentence(code, verdict.values) if code else "",
        next_step=step.value if step else "",
        next_sentence=rules.reasons.next_sentence(code, date_text(until_ms)) if code else "",
        objection_until=_iso(until_ms) if step is NextStep.OBJECTION else "",
        scheme=proposal.scheme,
        cycle=proposal.cycle,
        period=period_text(cycle.month_from, cycle.month_until) if cycle else "",
        rule=verdict.rule,
        evidence=[
            Evidence(g.kind, g.scheme, months_text(g.first, g.until), g.village, g.as_of, g.reference)
            for g in verdict.evidence
        ],
        facts_hash=verdict.facts_hash,
        is_final=verdict.is_final,
        decided_ms=now_ms,
    )


def _iso(ms: int) -> str:
    return date.fromordinal(date(1970, 1, 1).toordinal() + (ms + 7 * 3_600_000) // DAY_MS).isoformat()
