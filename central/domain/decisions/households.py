"""Family cards that somebody was on before: a card is split to double aid, and a child does marry out. Pure.

A card left shortly before a cycle holds a proposal for a human; an older one is evidence only. Neither ever refuses.
A card is known from the village's history of its residents, or from an earlier proposal of the same person.
Place in the flow: `batches` packs what the village wrote -> `walk` asks here -> `explanations` says it.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date

import msgspec
from msgspec import Struct

from central.domain.decisions.facts import (
    NEEDS_REVIEW,
    Coverage,
    FormerTerm,
    Grounds,
    Policy,
    Proposal,
    Verdict,
    grounds_of,
    key_kk,
)
from central.domain.decisions.neighbourhood import Candidate, Index
from central.domain.decisions.wording import basis_text, day_iso, period_text
from central.domain.reasons import ReasonCode
from protocol.schemes import Claim, Effect, Relation, Unit, relation

FORMER_MONTHS = 12
"""How many months before a cycle, where no row of the policy speaks of its first month."""

CardMonths = dict[str, int]
"""Former family cards, each with the last month (12 * year + month - 1) in which its person is known to have been on it."""
NO_CARDS: CardMonths = {}


class Left(Struct, frozen=True):
    """Aid that excludes a proposal and is held on a card that one of the two left in `month`. `is_recent`: it holds."""

    fact: Coverage | Proposal
    relation: Relation
    month: int
    is_recent: bool

    @property
    def reference(self) -> bytes:
        return self.fact.reference if isinstance(self.fact, Coverage) else self.fact.record


NOTHING_LEFT: Sequence[Left] = ()


def pack_former(cards: Iterable[tuple[str, int]], current: str) -> bytes:
    """(card, month left) as a village wrote them, as they are kept beside a proposal; empty where no card can be matched."""
    latest: CardMonths = {}
    for text, left in cards:
        card = key_kk(text)
        if card and card != current:
            latest[card] = max(left, latest.get(card, 0))
    return msgspec.msgpack.encode(sorted(latest.items())) if latest else b""


def read_former(packed: bytes) -> list[tuple[str, int]]:
    return _cards.decode(packed) if packed else []


_cards = msgspec.msgpack.Decoder(list[tuple[str, int]])


def cards_of(proposals: Iterable[Proposal]) -> set[str]:
    """Every card that ties these to others: their own and those their villages know to be left."""
    found: set[str] = set()
    for p in proposals:
        if p.match_kk:
            found.add(p.match_kk)
        if p.former_kks:
            found.update(card for card, _ in read_former(p.former_kks))
    return found


def months_held(terms: Iterable[FormerTerm], first: int) -> int:
    """How many months before a cycle that begins in `first` a card holds."""
    for term in terms:
        if term.first <= first and (term.until is None or first <= term.until):
            return term.months
    return FORMER_MONTHS


class Households:
    """Of one walk: who left which card. `moved`: by NIK, proposals of whoever stands in them on more than one card;
    `accepted`: by card, those that the walk has accepted so far.
    """

    def __init__(
        self,
        policy: Policy,
        covered: Index,
        moved: Mapping[str, Sequence[Candidate]],
        accepted: Mapping[str, Sequence[Candidate]],
    ) -> None:
        self._policy = policy
        self._covered = covered
        self._moved = moved
        self._accepted = accepted
        self._left_by: dict[str, list[tuple[Candidate, int]]] = {}

    def concern(self, c: Candidate) -> bool:
        """Has this person left a card, or anybody who was accepted? Hardly ever."""
        return bool(c.proposal.former_kks) or c.nik in self._moved or bool(self._left_by)

    def cards(self, c: Candidate, others: Container[bytes]) -> CardMonths:
        """The cards this person left. `others` bear the same NIK and are not known to be this person."""
        p = c.proposal
        if not p.former_kks and c.nik not in self._moved:
            return NO_CARDS  # most people
        found = dict(read_former(p.former_kks))
        for each in self._moved.get(c.nik or "", ()):
            if each.kk and each.record not in others and each.proposal.time_ms() < p.time_ms():
                found[each.kk] = max(_month(each.proposal.time_ms()), found.get(each.kk, 0))
        found.pop(c.kk or "", None)
        return found

    def accept(self, c: Candidate, cards: CardMonths) -> None:
        for card, left in cards.items():
            self._left_by.setdefault(card, []).append((c, left))

    def left(self, c: Candidate, cards: CardMonths, seen: Container[bytes]) -> Sequence[Left]:
        """What would exclude this proposal if its person, or an accepted rival, had not left a card; without what is `seen`
        to be about the person or today's household."""
        cycle = self._policy.cycles.get(c.proposal.cycle)
        if (not cards and not self._left_by) or cycle is None or c.proposal.is_withdrawn:
            return NOTHING_LEFT
        claim = Claim(c.proposal.scheme, "", cycle.first, cycle.until)
        since = cycle.first - months_held(self._policy.former_terms, cycle.first)
        found = []
        facts: list[tuple[Coverage | Proposal, Claim, int]] = [
            (x, Claim(x.scheme, x.component, x.first, x.until), cards[card])
            for card in sorted(cards)
            for x in self._covered.of_kk(card)
            if x.reference not in seen
        ]
        for rival, left in self._rivals(c, cards, seen):
            its = self._policy.cycles[rival.cycle]
            facts.append((rival, Claim(its.scheme, "", its.first, its.until), left))
        for fact, theirs, left in facts:
            answer = relation(self._policy.book, claim, theirs, Unit.HOUSEHOLD)
            if answer.effect is Effect.REJECT:
                found.append(Left(fact, answer, left, left >= since))
        return found

    def _rivals(self, c: Candidate, cards: CardMonths, seen: Container[bytes]) -> list[tuple[Proposal, int]]:
        """Accepted proposals on a card that one of the two left, or both; of both the earlier month."""
        tied: dict[bytes, tuple[Proposal, int]] = {}

        def offer(rival: Candidate, left: int) -> None:
            if rival.record not in seen and left > tied.get(rival.record, (rival.proposal, -1))[1]:
                tied[rival.record] = (rival.proposal, left)

        for card, left in cards.items():
            for rival in self._accepted.get(card, ()):
                offer(rival, left)
            for rival, theirs in self._left_by.get(card, ()):
                offer(rival, min(left, theirs))
        for rival, theirs in self._left_by.get(c.kk or "", ()):
            offer(rival, theirs)
        return [tied[record] for record in sorted(tied)]

    def hold(self, left: Sequence[Left], aside: Container[bytes], evidence_max: int) -> Verdict | None:
        """For a human where a card was left shortly before; None where nothing of that counts."""
        held = [each for each in left if each.is_recent and each.reference not in aside]
        if not held:
            return None
        evidence = tuple(self._grounds(each.fact) for each in held[:evidence_max])
        scheme = self._policy.book.schemes.get(evidence[0].scheme)
        values = {
            "scheme": scheme.name if scheme else evidence[0].scheme,
            "period": period_text(evidence[0].first, evidence[0].until),
        }
        return Verdict(
            NEEDS_REVIEW, ReasonCode.COVERED_HOUSEHOLD, values, basis_text(held[0].relation), evidence=evidence
        )

    def _grounds(self, fact: Coverage | Proposal) -> Grounds:
        if isinstance(fact, Coverage):
            return grounds_of(fact)
        cycle = self._policy.cycles[fact.cycle]
        return Grounds("proposal", cycle.scheme, cycle.first, cycle.until, fact.village, "", fact.record)


def facts_of(left: Sequence[Left]) -> list[tuple[object, ...]]:
    """What a facts hash holds of former cards: those that count."""
    return [
        (each.reference, each.month, _dated(each.fact), basis_text(each.relation)) for each in left if each.is_recent
    ]


def _dated(fact: Coverage | Proposal) -> tuple[object, ...]:
    if isinstance(fact, Coverage):
        return (fact.scheme, fact.component, fact.first, fact.until)
    return (fact.scheme, fact.cycle)


def _month(ms: int) -> int:
    """12 * year + month - 1, also of a clock that stands before any month a rule may name."""
    day = date.fromisoformat(day_iso(max(ms, 0)))
    return 12 * day.year + day.month - 1
