"""Decides again whatever new facts touched, and publishes each changed answer, in one transaction.

Collects whole neighbourhoods (everything tied together by a NIK or family card), asks the pure `decide`, compares with
what was said before, and says only what changed. Incremental and batch are the same function over more or fewer facts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from central.domain.answers import Rules, Spoken, policy, speak
from central.domain.decisions import NOTHING_ASIDE, Case, Coverage, Proposal, Verdict, cards_of
from central.domain.explanations import Explanation
from central.domain.explanations import explain as explain_case
from central.store import determinations, facts, feeds, identities, likely, rule_changes, rulings
from central.store.facts import Answer
from chassis.database import Connection

DIRTY_MAX = 2_000
"""Proposals taken at once: a transaction of some tens of milliseconds, so that appends never wait long."""


@dataclass(slots=True)
class Neighbourhood:
    """Proposals and coverages that no fact outside can touch, and what was said on those that are not new.

    `likely`: who of them may be one person under two numbers. `asked`, `met`: for whom and of whom that was read.
    """

    proposals: dict[bytes, Proposal] = field(default_factory=dict)
    coverages: dict[bytes, Coverage] = field(default_factory=dict)
    told: dict[bytes, Answer] = field(default_factory=dict)
    likely: dict[bytes, Mapping[bytes, bytes]] = field(default_factory=dict)
    asked: set[bytes] = field(default_factory=set)
    met: set[bytes] = field(default_factory=set)

    def add(self, answered: Iterable[facts.Answered]) -> list[Proposal]:
        """Proposals that were answered before; those given."""
        found = []
        for proposal, answer in answered:
            self.proposals[proposal.record] = proposal
            self.told[proposal.record] = answer
            found.append(proposal)
        return found

    def touched(self, new: Sequence[Proposal]) -> set[bytes]:
        """Which of these are tied to anything that is not new, directly or through each other."""
        known = [self.proposals[record] for record in self.told]
        niks: set[str | None] = {p.match_nik for p in known} | {c.nik for c in self.coverages.values()}
        kks: set[str | None] = {c.kk for c in self.coverages.values()}
        kks |= cards_of(known)
        reached: set[bytes] = set()
        likely = self.likely.keys()
        while True:
            niks -= {None, ""}
            kks -= {None, ""}
            tied = [
                p
                for p in new
                if p.match_nik in niks
                or p.match_kk in kks
                or p.record in likely
                or (p.former_kks and not kks.isdisjoint(cards_of([p])))
            ]
            if len(tied) == len(reached):
                return reached
            reached = {p.record for p in tied}
            niks |= {p.match_nik for p in tied}
            kks |= cards_of(tied)


async def reconcile(
    connection: Connection, rules: Rules, now_ms: int, new: Sequence[tuple[Proposal, Spoken]] = ()
) -> set[str]:
    """Decide new proposals and one batch of dirty ones, with their neighbourhoods; the villages whose feeds have news.

    `new`: beside each what is said on it if nothing outside these touches it (`answers.prepare`).
    More may still be dirty (`facts.is_any_dirty`).
    """
    dirty = await facts.dirty(connection, DIRTY_MAX)
    if not dirty and not new:
        return set()
    arrived = [proposal for proposal, _ in new]
    around = await collect(connection, dirty, arrived)
    touched = around.touched(arrived)
    spoken = {p.record: said for p, said in new if p.record not in touched}
    spoken |= await _decide(connection, rules, around, spoken, now_ms)
    answers = await _publish(connection, around, spoken, now_ms)
    await likely.put(connection, around.likely)
    await facts.add_proposals(connection, [(p, answers[p.record]) for p in arrived])
    await facts.put_answers(connection, [(r, a) for r, a in answers.items() if r in around.told])
    await facts.settle(connection, around.told)
    return {around.proposals[record].village for record in answers}


async def collect(
    connection: Connection, dirty: Iterable[facts.Answered], new: Iterable[Proposal] = ()
) -> Neighbourhood:
    """Everything that shares a NIK or a family card, also a former one, with these, or is likely to be one person with them,
    directly or through others.
    """
    around = Neighbourhood({p.record: p for p in new})
    around.likely.update(await likely.find(connection, [*around.proposals.values()]))
    frontier = [*around.proposals.values(), *around.add(dirty)]
    niks: set[str] = set()
    kks: set[str] = set()
    while frontier:
        new_niks = {p.match_nik for p in frontier if p.match_nik} - niks
        new_kks = cards_of(frontier) - kks
        niks |= new_niks
        kks |= new_kks
        for column, keys in (("match_nik", new_niks), ("match_kk", new_kks)):
            around.coverages |= {c.reference: c for c in await facts.coverages_by(connection, column, keys)}
        frontier = around.add(await facts.proposals_by(connection, "match_nik", new_niks, around.proposals))
        frontier += around.add(await facts.proposals_by(connection, "match_kk", new_kks, around.proposals))
        frontier += around.add(await facts.proposals_left(connection, new_kks, around.proposals))
        frontier += await _add_likely(connection, around)
    return around


async def _add_likely(connection: Connection, around: Neighbourhood) -> list[Proposal]:
    """Whoever is likely to be one person with somebody here, one by one: they are few. The proposals among them."""
    kept = await likely.of(connection, around.told.keys() - around.asked) if around.told else {}
    around.asked |= around.told.keys()
    for record, others in kept.items():
        around.likely[record] = {**around.likely.get(record, {}), **others}
    found = []
    for other in {other for others in around.likely.values() for other in others} - around.met:
        around.met.add(other)
        if other in around.proposals or other in around.coverages:
            continue
        if (answered := await facts.find(connection, other)) is not None:
            found += around.add([answered])
        elif (coverage := await facts.coverage(connection, other)) is not None:
            around.coverages[other] = coverage
    return found


async def contested(connection: Connection, record: bytes) -> dict[bytes, Proposal | Coverage]:
    """Whoever bears a proposal's NIK and another name, or is likely its person under another, by the key under which a
    person may judge the two."""
    seed = await facts.find(connection, record)
    if seed is None:
        return {}
    around = await collect(connection, [seed])
    pairs = Case(around.proposals.values(), around.coverages.values()).pairs
    others = {**pairs.get(record, {}), **around.likely.get(record, {})}
    here: dict[bytes, Proposal | Coverage] = {**around.coverages, **around.proposals}
    return {key: here[other] for other, key in others.items() if other in here}


async def foresee(connection: Connection, rules: Rules, proposal: Proposal) -> Verdict:
    """What would be answered to a proposal that nobody made. Writes nothing."""
    rules = await rule_changes.in_force(connection, rules)
    around = await collect(connection, (), [proposal])
    cycles = {c.code: c for c in await facts.cycles(connection)}
    case = Case(around.proposals.values(), around.coverages.values(), around.likely)
    keys = case.keys()
    said = await identities.in_force(connection, keys) if keys else {}
    finals = await determinations.finals(connection, around.told.keys())
    aside = await rulings.aside(connection, around.told.keys())
    return case.decide(policy(rules, cycles), said, finals, aside)[proposal.record]


async def explain(connection: Connection, rules: Rules, record: bytes) -> Explanation | None:
    """Why a proposal is answered as it is, as the facts stand now."""
    seed = await facts.find(connection, record)
    if seed is None:
        return None
    rules = await rule_changes.in_force(connection, rules)
    around = await collect(connection, [seed])
    case = Case(around.proposals.values(), around.coverages.values(), around.likely)
    cycles = {c.code: c for c in await facts.cycles(connection)}
    return explain_case(
        case,
        policy(rules, cycles),
        record,
        identities=await identities.in_force(connection, case.keys()),
        aside=await rulings.aside(connection, around.proposals.keys()),
        finals=await determinations.finals(connection, around.proposals.keys()),
        ended=await rulings.listed_until(connection, around.coverages.keys()),
    )


def is_told(verdict: Verdict, told: Answer) -> bool:
    """Does what was said last still say the same, for the same reasons?"""
    return (
        verdict.facts_hash == told.facts_hash
        and verdict.outcome == told.outcome
        and (verdict.code.value if verdict.code else "") == told.code
    )


async def _decide(
    connection: Connection, rules: Rules, around: Neighbourhood, decided: Mapping[bytes, Spoken], now_ms: int
) -> dict[bytes, Spoken]:
    """What is new or has changed on the proposals that are not decided already."""
    proposals = {r: p for r, p in around.proposals.items() if r not in decided}
    if not proposals:
        return {}
    cycles = {c.code: c for c in await facts.cycles(connection)}
    case = Case(proposals.values(), around.coverages.values(), around.likely)
    keys = case.keys()
    said = await identities.in_force(connection, keys) if keys else {}
    finals = await determinations.finals(connection, around.told.keys())
    # only what was answered before can have been ruled on
    aside = await rulings.aside(connection, around.told.keys()) if around.told else NOTHING_ASIDE
    verdicts = case.decide(policy(rules, cycles), said, finals, aside)
    return {
        r: speak(rules, p, cycles.get(p.cycle), verdicts[r], now_ms)
        for r, p in proposals.items()
        if r not in around.told or not is_told(verdicts[r], around.told[r])
    }


async def _publish(
    connection: Connection, around: Neighbourhood, spoken: Mapping[bytes, Spoken], now_ms: int
) -> dict[bytes, Answer]:
    """Say each answer on its village's feed; the answers by record."""
    by_village: dict[str, list[feeds.Publication]] = {}
    for record, said in spoken.items():
        former = around.told.get(record)
        item = feeds.Publication("decision", record, said.value, True, former.feed_seq if former else 0, said.weight)
        by_village.setdefault(around.proposals[record].village, []).append(item)
    answers = {}
    for village, items in by_village.items():
        given = await feeds.publish(connection, village, items, now_ms)
        for item, seq in zip(items, given, strict=True):
            said = spoken[item.key]
            answers[item.key] = Answer(said.outcome, said.code, said.facts_hash, said.decided_ms, seq)
    return answers
