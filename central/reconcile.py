"""Decides again whatever new facts touched, and publishes each changed answer, in one transaction.

Collects whole neighbourhoods (everything tied together by a NIK or family card), asks the pure `decide`, compares with
what was said before, and says only what changed. Incremental and batch are the same function over more or fewer facts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from central.domain.decisions import (
    Coverage,
    Policy,
    Proposal,
    Verdict,
    date_text,
    decide,
    months_text,
    period_text,
)
from central.domain.reasons import NextStep, Reasons
from central.store import facts, feeds
from central.store.facts import Answer
from chassis.database import Connection
from protocol.codec import pack
from protocol.feed import Cycle, Decision, Evidence
from protocol.schemes import Rulebook

DIRTY_MAX = 2_000
"""Proposals taken at once: a transaction of some tens of milliseconds, so that appends never wait long."""
OBJECTION_DAYS_DEFAULT = 14
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Rules:
    """What an office may change: the rule book and the sentences. Read once at start."""

    book: Rulebook
    reasons: Reasons


@dataclass(slots=True)
class Neighbourhood:
    """Proposals and coverages that no fact outside can touch, and what was said on those that are not new."""

    proposals: dict[bytes, Proposal] = field(default_factory=dict)
    coverages: dict[bytes, Coverage] = field(default_factory=dict)
    told: dict[bytes, Answer] = field(default_factory=dict)

    def add(self, answered: Iterable[facts.Answered]) -> list[Proposal]:
        """Proposals that were answered before; those given."""
        found = []
        for proposal, answer in answered:
            self.proposals[proposal.record] = proposal
            self.told[proposal.record] = answer
            found.append(proposal)
        return found


async def reconcile(connection: Connection, rules: Rules, now_ms: int, new: Sequence[Proposal] = ()) -> set[str]:
    """Decide new proposals and one batch of dirty ones, with their neighbourhoods; the villages whose feeds have news.

    More may still be dirty (`facts.is_any_dirty`).
    """
    dirty = await facts.dirty(connection, DIRTY_MAX)
    if not dirty and not new:
        return set()
    around = await collect(connection, dirty, new)
    cycles = {c.code: c for c in await facts.cycles(connection)}
    policy = Policy(rules.book, {code: facts.policy_of(c) for code, c in cycles.items()})
    verdicts = decide(policy, around.proposals.values(), around.coverages.values())
    told = around.told
    changed = {r: v for r, v in verdicts.items() if r not in told or not is_told(v, told[r])}
    answers = await _publish(connection, rules, around.proposals, cycles, changed, told, now_ms)
    await facts.add_proposals(connection, [(p, answers[p.record]) for p in new])
    await facts.put_answers(connection, [(r, a) for r, a in answers.items() if r in told])
    await facts.settle(connection, told)
    return {around.proposals[record].village for record in answers}


async def collect(
    connection: Connection, dirty: Iterable[facts.Answered], new: Iterable[Proposal] = ()
) -> Neighbourhood:
    """Everything that shares a NIK or a family card with these, directly or through others."""
    around = Neighbourhood({p.record: p for p in new})
    frontier = [*around.proposals.values(), *around.add(dirty)]
    niks: set[str] = set()
    kks: set[str] = set()
    while frontier:
        new_niks = {p.match_nik for p in frontier if p.match_nik} - niks
        new_kks = {p.match_kk for p in frontier if p.match_kk} - kks
        niks |= new_niks
        kks |= new_kks
        for column, keys in (("match_nik", new_niks), ("match_kk", new_kks)):
            around.coverages |= {c.reference: c for c in await facts.coverages_by(connection, column, keys)}
        frontier = around.add(await facts.proposals_by(connection, "match_nik", new_niks, around.proposals))
        frontier += around.add(await facts.proposals_by(connection, "match_kk", new_kks, around.proposals))
    return around


def is_told(verdict: Verdict, told: Answer) -> bool:
    """Does what was said last still say the same, for the same reasons?"""
    return (
        verdict.facts_hash == told.facts_hash
        and verdict.outcome == told.outcome
        and (verdict.code.value if verdict.code else "") == told.code
    )


async def _publish(
    connection: Connection,
    rules: Rules,
    proposals: Mapping[bytes, Proposal],
    cycles: Mapping[str, Cycle],
    changed: Mapping[bytes, Verdict],
    told: Mapping[bytes, Answer],
    now_ms: int,
) -> dict[bytes, Answer]:
    """Say each changed answer on its village's feed; the answers by record."""
    by_village: dict[str, list[Decision]] = {}
    for record, verdict in changed.items():
        proposal = proposals[record]
        decision = word(rules, proposal, cycles.get(proposal.cycle), verdict, now_ms)
        by_village.setdefault(proposal.village, []).append(decision)
    answers = {}
    for village, decisions in by_village.items():
        items = [
            feeds.Publication("decision", d.proposal, pack(d), True, _former_seq(told, d.proposal)) for d in decisions
        ]
        given = await feeds.publish(connection, village, items, now_ms)
        for d, seq in zip(decisions, given, strict=True):
            answers[d.proposal] = Answer(d.outcome, d.code, d.facts_hash, d.decided_ms, seq)
    return answers


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
        is_final=False,
        decided_ms=now_ms,
    )


def _former_seq(told: Mapping[bytes, Answer], record: bytes) -> int:
    former = told.get(record)
    return former.feed_seq if former else 0


def _iso(ms: int) -> str:
    return date.fromordinal(date(1970, 1, 1).toordinal() + (ms + 7 * 3_600_000) // DAY_MS).isoformat()
