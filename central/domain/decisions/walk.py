"""The centre's answer on every proposal: `decide(policy, facts)`, a pure function of accepted records and receipts.

No clock, no order of arrival in a database, no quota (that would make every decision depend on all). The same facts in
any order give the same answers, so deciding one proposal's neighbourhood again is the same as deciding everything.

A *neighbourhood* is whatever is tied together by a shared NIK or family card; nothing outside it can change an answer
inside. Within it, rivals are walked once in one total order (scheme priority, the time that anchor and receipt allow,
record id): accept, and refuse what an accepted one excludes.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence, Set
from hashlib import sha256

import msgspec
from msgspec import Struct

from central.domain.decisions.facts import (
    ACCEPTED,
    CARRIED_EPOCH,
    NEEDS_REVIEW,
    REJECTED,
    WITHDRAWN,
    Coverage,
    CyclePolicy,
    Grounds,
    Policy,
    Proposal,
    Verdict,
    grounds_of,
    read_answers,
)
from central.domain.decisions.households import NO_CARDS, NOTHING_LEFT, CardMonths, Households, Left, cards_of, facts_of
from central.domain.decisions.neighbourhood import (
    NO_PAIRS,
    NOBODY_LIKELY,
    Candidate,
    Index,
    Pairs,
    by_nik,
    find_pairs,
    moved,
)
from central.domain.decisions.wording import basis_text, date_text, day_text, home_of, period_text, place_text
from central.domain.identities import Identity, IdentityVerdict
from central.domain.reasons import ReasonCode
from protocol.criteria import Examined, demand, examine
from protocol.ids import NikProblem, parse_nik
from protocol.regions import VillageKind
from protocol.schemes import Claim, DeterminedBy, Effect, Relation, Unit, relation

EVIDENCE_MAX = 8
"""Facts named in one answer: enough to see why, few enough to read."""

RECORD_BYTES = 16
"""A proposal goes by 16 bytes, a coverage by 32."""

_FACTS = b"kampung/facts/1"
_encode = msgspec.msgpack.Encoder().encode


Identities = Mapping[bytes, IdentityVerdict]
"""What people said about records that share a NIK, by `pair_key`."""
NOTHING_SAID: Identities = {}
Finals = Mapping[bytes, Verdict]
"""Answers that a lock fixed, by record: no later fact changes them. Whom a lock determined blocks others as a coverage."""
NOTHING_FINAL: Finals = {}
Aside = Mapping[bytes, Set[bytes]]
"""By proposal: what an officer ruled does not count against it - a coverage, a rival proposal, or its cycle's window."""
NOTHING_ASIDE: Aside = {}
_NONE_ASIDE: Set[bytes] = frozenset()


def decide(
    policy: Policy,
    proposals: Iterable[Proposal],
    coverages: Iterable[Coverage],
    identities: Identities = NOTHING_SAID,
    likely: Pairs = NOBODY_LIKELY,
    finals: Finals = NOTHING_FINAL,
    aside: Aside = NOTHING_ASIDE,
) -> dict[bytes, Verdict]:
    """The answer on every proposal given; they and the coverages must make up whole neighbourhoods: also of whoever is
    `likely` to be one person.
    """
    return Case(proposals, coverages, likely).decide(policy, identities, finals, aside)


class Considered(Struct, frozen=True):
    """What one answer looked at, for whoever asks why: each fact with its link and what the rules say of the two."""

    verdict: Verdict
    coverages: list[tuple[Coverage, Unit, Relation]]
    rivals: list[tuple[Proposal, Unit, Relation]]
    left: Sequence[Left] = NOTHING_LEFT


class Case:
    """Whole neighbourhoods, compared once. `pairs`: by record, the others that bear its NIK and another person's name
    (the record of a proposal, the reference of a coverage), each with the key of what may have been said about the two.
    `likely`: the same of others that are probably this person under another number (`likely_pairs`).
    """

    def __init__(
        self, proposals: Iterable[Proposal], coverages: Iterable[Coverage], likely: Pairs = NOBODY_LIKELY
    ) -> None:
        self._candidates = [Candidate(p, p.record, p.match_nik, p.match_kk) for p in proposals]
        niks, kks = {c.nik for c in self._candidates if c.nik}, cards_of(c.proposal for c in self._candidates)
        named = {other for others in likely.values() for other in others}
        # most of a long list is about people whom nobody here shares a number with
        self._index = Index(c for c in coverages if c.nik in niks or c.kk in kks or c.reference in named)
        self._likely = likely
        groups = by_nik(self._candidates)
        self.pairs = find_pairs(groups, self._index)
        self._moved = moved(groups)

    def keys(self) -> set[bytes]:
        """Whatever was said about these has a say here; nearly always nothing."""
        return {key for pairs in (self.pairs, self._likely) for others in pairs.values() for key in others.values()}

    def decide(
        self,
        policy: Policy,
        identities: Identities = NOTHING_SAID,
        finals: Finals = NOTHING_FINAL,
        aside: Aside = NOTHING_ASIDE,
    ) -> dict[bytes, Verdict]:
        walk, ordered = self._walk(policy, identities, aside)
        if not finals:
            return {c.record: walk.decide(c) for c in ordered}
        return {c.record: finals.get(c.record) or walk.decide(c) for c in ordered}

    def consider(
        self, policy: Policy, identities: Identities, aside: Aside, record: bytes, finals: Finals = NOTHING_FINAL
    ) -> Considered:
        """The same walk as `decide`, looked at where it comes to one proposal. Raises KeyError where it is not here."""
        walk, ordered = self._walk(policy, identities, aside)
        for candidate in ordered:
            if candidate.record == record:
                return walk.consider(candidate, finals.get(record))
            if candidate.record not in finals:
                walk.decide(candidate)
        raise KeyError(record.hex())

    def in_order(self, policy: Policy) -> list[Proposal]:
        """Every proposal, in the one order in which rivals are walked."""
        return [c.proposal for c in self._ordered(policy)]

    def _walk(self, policy: Policy, identities: Identities, aside: Aside) -> tuple["_Walk", list[Candidate]]:
        ordered = self._ordered(policy)
        return _Walk(policy, self._index, self.pairs, identities, self._likely, ordered, aside, self._moved), ordered

    def _ordered(self, policy: Policy) -> list[Candidate]:
        return sorted(self._candidates, key=lambda c: _order(policy, c.proposal))


def _order(policy: Policy, proposal: Proposal) -> tuple[int, int, bytes]:
    scheme = policy.book.schemes.get(proposal.scheme)
    return (scheme.priority if scheme else 1_000, proposal.time_ms(), proposal.record)


class _Doubt(Struct, frozen=True):
    """Of one proposal: the others of its NIK that nobody has judged, and what was said about the rest.

    `is_conflicted`: one of the open ones is a proposal. `likely`: the others of another number that nobody has judged.
    `strangers`: who is somebody else; `same`: who is this person under another number. `settled`: all of it for the hash.
    """

    is_conflicted: bool = False
    open_pairs: Set[bytes] = frozenset()
    likely: Set[bytes] = frozenset()
    said: Mapping[bytes, IdentityVerdict] = {}
    strangers: Set[bytes] = frozenset()
    same: Set[bytes] = frozenset()
    settled: Sequence[tuple[bytes, str, int]] = ()

    def allows(self, other: bytes, first_until: int, second_until: int) -> bool:
        verdict = self.said.get(other)
        return verdict is not None and verdict.allows(first_until, second_until)


_NO_DOUBT = _Doubt()


class _Walk:
    """One pass in order; remembers whom it accepted."""

    def __init__(
        self,
        policy: Policy,
        covered: Index,
        pairs: Pairs,
        identities: Identities,
        likely: Pairs,
        candidates: Sequence[Candidate],
        aside: Aside,
        moved: Mapping[str, Sequence[Candidate]],
    ) -> None:
        self._policy = policy
        self._aside = aside
        self._covered = covered
        self._pairs = pairs
        self._identities = identities
        self._likely = likely
        # whoever has no number of their own is refused for that, and so keeps nobody waiting
        self._standing = {c.record: c for c in candidates if likely and c.nik and not c.proposal.is_withdrawn}
        self._accepted: dict[bytes, Candidate] = {}
        self._by_nik: defaultdict[str, list[Candidate]] = defaultdict(list)
        self._by_kk: defaultdict[str, list[Candidate]] = defaultdict(list)
        self._households = Households(policy, covered, moved, self._by_kk)
        self._relations: dict[tuple[object, ...], Relation] = {}

    def decide(self, candidate: Candidate) -> Verdict:
        doubt = self._doubt(candidate.record)
        linked = self._covered.linked(candidate, doubt.strangers, doubt.same)
        rivals = self._rivals(candidate, doubt.strangers, doubt.same)
        examined = (
            self._examine(candidate.proposal) if candidate.proposal.scheme in self._policy.book.criteria else None
        )
        cards, left = self._former(candidate, doubt, linked, rivals)
        aside = self._ruled_out(candidate.record, [r.record for r, _ in rivals], left) if self._aside else _NONE_ASIDE
        verdict = self._judge(candidate, linked, rivals, doubt, examined, aside, left)
        if verdict.outcome == ACCEPTED:
            self._accept(candidate)
            if cards:
                self._households.accept(candidate, cards)
        ruled = self._ruled(candidate.proposal, linked, rivals) if linked or rivals else []
        verdict.facts_hash = _facts_hash(self._policy, candidate, linked, rivals, doubt, ruled, examined, aside, left)
        return verdict

    def consider(self, candidate: Candidate, final: Verdict | None) -> Considered:
        """Before this proposal is accepted itself, so that it is not its own rival. `final`: what a lock fixed of it."""
        doubt = self._doubt(candidate.record)
        linked = self._covered.linked(candidate, doubt.strangers, doubt.same)
        rivals = self._rivals(candidate, doubt.strangers, doubt.same)
        _, left = self._former(candidate, doubt, linked, rivals)
        cycle = self._policy.cycles.get(candidate.proposal.cycle)
        claim = Claim(candidate.proposal.scheme, "", cycle.first, cycle.until) if cycle else None
        return Considered(
            final or self.decide(candidate),
            [(x, link, self._relation(claim, x, link)) for x, link in linked] if claim else [],
            [(r.proposal, link, self._rivalling(claim, r, link)) for r, link in rivals] if claim else [],
            left,
        )

    def _former(
        self,
        c: Candidate,
        doubt: "_Doubt",
        linked: list[tuple[Coverage, Unit]],
        rivals: list[tuple[Candidate, Unit]],
    ) -> tuple[CardMonths, Sequence[Left]]:
        """The cards this person left, and what that ties the proposal to."""
        if not self._households.concern(c):
            return NO_CARDS, NOTHING_LEFT  # most people
        cards = self._households.cards(c, doubt.open_pairs | doubt.strangers)
        seen = {x.reference for x, _ in linked} | {r.record for r, _ in rivals}
        return cards, self._households.left(c, cards, seen)

    def _doubt(self, record: bytes) -> _Doubt:
        pairs = self._pairs.get(record, NO_PAIRS)
        likely = self._likely.get(record, NO_PAIRS)
        if not pairs and not likely:
            return _NO_DOUBT  # most people
        every = {**pairs, **likely}
        said = {other: self._identities[key] for other, key in every.items() if key in self._identities}
        strangers = {other for other, verdict in said.items() if verdict.identity is Identity.DIFFERENT}
        open_pairs = pairs.keys() - said.keys()
        waiting = self._present(likely.keys() - said.keys())
        settled = sorted((every[other], each.identity.value, each.until) for other, each in said.items())
        return _Doubt(
            is_conflicted=any(len(other) == RECORD_BYTES for other in open_pairs),
            open_pairs=open_pairs,
            likely=waiting,
            said=said,
            strangers=strangers,
            same=said.keys() & likely.keys() - strangers,
            settled=settled + [(other, "", 0) for other in sorted(waiting)],
        )

    def _ruled_out(self, record: bytes, rivals: list[bytes], left: Sequence[Left]) -> Set[bytes]:
        """What does not count against a proposal. Of two proposals neither counts against the other, whoever is first."""
        if not self._aside:
            return _NONE_ASIDE
        own = self._aside.get(record, _NONE_ASIDE)
        others = [*rivals, *(each.reference for each in left)]
        return own | {other for other in others if record in self._aside.get(other, _NONE_ASIDE)}

    def _present(self, likely: Set[bytes]) -> Set[bytes]:
        """Without proposals that were withdrawn and lists that were taken back."""
        return (likely & self._standing.keys()) | {coverage.reference for coverage in self._covered.named(likely)}

    def _judge(
        self,
        c: Candidate,
        linked: list[tuple[Coverage, Unit]],
        rivals: list[tuple[Candidate, Unit]],
        doubt: "_Doubt",
        examined: Examined | None,
        aside: Set[bytes],
        left: Sequence[Left],
    ) -> Verdict:
        p = c.proposal
        if p.is_withdrawn:
            return Verdict(WITHDRAWN)
        if c.nik is None:
            return _bad_nik(p)
        cycle = self._policy.cycles.get(p.cycle)
        if cycle is None or cycle.scheme != p.scheme:
            return Verdict(NEEDS_REVIEW, ReasonCode.CYCLE_UNKNOWN)
        refused = self._ward(p) or (None if cycle.code.encode() in aside else _window(p, cycle))
        if refused is not None:
            return refused
        unmet = _unmet(examined) if examined else None
        if unmet is not None and unmet.outcome == REJECTED:
            return unmet
        if aside:
            linked = [(x, link) for x, link in linked if x.reference not in aside]
            rivals = [(r, link) for r, link in rivals if r.record not in aside]
        if not linked and not rivals and not left and not doubt.is_conflicted and not doubt.likely:
            return unmet or Verdict(ACCEPTED)  # most people
        claim = Claim(p.scheme, "", cycle.first, cycle.until)
        held = self._identity(linked, claim, doubt)
        if held is not None:
            return held
        if doubt.said:
            linked = [(x, link) for x, link in linked if not doubt.allows(x.reference, cycle.until, x.until)]
            rivals = [(r, link) for r, link in rivals if not doubt.allows(r.record, cycle.until, self._until(r))]
        return (
            self._overlap(linked, claim)
            or self._rivalry(c, rivals, claim)
            or self._households.hold(left, aside, EVIDENCE_MAX)
            or self._probably(doubt.likely, claim)
            or unmet
            or Verdict(ACCEPTED, rule=self._warnings(linked, claim))
        )

    def _examine(self, p: Proposal) -> Examined | None:
        """None where there is nothing to ask of it."""
        cycle = self._policy.cycles.get(p.cycle)
        if cycle is None or p.is_withdrawn or p.epoch == CARRIED_EPOCH:
            return None
        examined = examine(self._policy.book.criteria[p.scheme], read_answers(p.answers), cycle.first)
        return examined if examined.failed or examined.unknown else None

    def _ruled(
        self, p: Proposal, linked: list[tuple[Coverage, Unit]], rivals: list[tuple[Candidate, Unit]]
    ) -> list[tuple[str, str]]:
        """What the rules say of this proposal beside each of these: effect and rule."""
        cycle = self._policy.cycles.get(p.cycle)
        if cycle is None:
            return []
        claim = Claim(p.scheme, "", cycle.first, cycle.until)
        answers = [self._relation(claim, coverage, link) for coverage, link in linked]
        for rival, link in rivals:
            its = self._policy.cycles[rival.proposal.cycle]
            answers.append(relation(self._policy.book, claim, Claim(its.scheme, "", its.first, its.until), link))
        return [(answer.effect.value, basis_text(answer)) for answer in answers]

    def _until(self, rival: Candidate) -> int:
        return self._policy.cycles[rival.proposal.cycle].until

    def _ward(self, p: Proposal) -> Verdict | None:
        """A scheme that villages determine is paid from the village fund, which a ward does not have (UU 6/2014)."""
        scheme = self._policy.book.schemes.get(p.scheme)
        if scheme is None or scheme.determined_by is not DeterminedBy.VILLAGE:
            return None
        home = home_of(p.village)
        if home and home.kind is VillageKind.KELURAHAN:
            return Verdict(REJECTED, ReasonCode.NOT_FOR_WARD, {"scheme": scheme.name})
        return None

    def _identity(self, linked: list[tuple[Coverage, Unit]], claim: Claim, doubt: "_Doubt") -> Verdict | None:
        conflicting = [
            coverage
            for coverage, link in linked
            if coverage.reference in doubt.open_pairs
            and link is Unit.PERSON
            and self._relation(claim, coverage, link).effect is Effect.REJECT
        ]
        if not conflicting and not doubt.is_conflicted:
            return None
        evidence = tuple(grounds_of(coverage) for coverage in conflicting[:EVIDENCE_MAX])
        return Verdict(NEEDS_REVIEW, ReasonCode.IDENTITY_CONFLICT, evidence=evidence)

    def _probably(self, likely: Set[bytes], claim: Claim) -> Verdict | None:
        """Held for the village to say who it is: never refused for a likeness, and never paid twice for want of a number."""
        evidence = [
            grounds_of(coverage)
            for coverage in self._covered.named(likely)
            if self._relation(claim, coverage, Unit.PERSON).effect is Effect.REJECT
        ]
        for record in sorted(likely & self._standing.keys()):
            other = self._standing[record].proposal
            cycle = self._policy.cycles.get(other.cycle)
            if cycle is None:
                continue
            theirs = Claim(cycle.scheme, "", cycle.first, cycle.until)
            if relation(self._policy.book, claim, theirs, Unit.PERSON).effect is Effect.REJECT:
                evidence.append(Grounds("proposal", cycle.scheme, cycle.first, cycle.until, other.village, "", record))
        if not evidence:
            return None
        return Verdict(NEEDS_REVIEW, ReasonCode.POSSIBLE_DUPLICATE, evidence=tuple(evidence[:EVIDENCE_MAX]))

    def _overlap(self, linked: list[tuple[Coverage, Unit]], claim: Claim) -> Verdict | None:
        blocking = [
            (coverage, link, answer)
            for coverage, link in linked
            if (answer := self._relation(claim, coverage, link)).effect is Effect.REJECT
        ]
        if not blocking:
            return None
        coverage, link, answer = blocking[0]
        evidence = tuple(grounds_of(each) for each, _, _ in blocking[:EVIDENCE_MAX])
        values = {"scheme": self._name(coverage.scheme), "period": period_text(coverage.first, coverage.until)}
        if link is Unit.HOUSEHOLD:
            return Verdict(REJECTED, ReasonCode.COVERED_HOUSEHOLD, values, basis_text(answer), evidence)
        values |= {"as_of": day_text(coverage.as_of), "place": place_text(coverage.village)}
        return Verdict(REJECTED, ReasonCode.COVERED_BY_SCHEME, values, basis_text(answer), evidence)

    def _rivalry(self, c: Candidate, rivals: list[tuple[Candidate, Unit]], claim: Claim) -> Verdict | None:
        for rival, link in rivals:
            answer = self._rivalling(claim, rival, link)
            if answer.effect is Effect.REJECT:
                cycle = self._policy.cycles[rival.proposal.cycle]
                values = {
                    "place": place_text(rival.proposal.village),
                    "order_rule": self._order_rule(rival.proposal, c.proposal),
                }
                ground = Grounds(
                    "proposal",
                    cycle.scheme,
                    cycle.first,
                    cycle.until,
                    rival.proposal.village,
                    "",
                    rival.record,
                )
                return Verdict(REJECTED, ReasonCode.PROPOSED_ELSEWHERE, values, basis_text(answer), (ground,))
        return None

    def _order_rule(self, first: Proposal, second: Proposal) -> str:
        if _order(self._policy, first)[0] != _order(self._policy, second)[0]:
            return "programnya didahulukan"
        if first.received_ms < second.anchor_ms:
            return "dicatat lebih dahulu"
        return "waktu kedua usulan tidak dapat dibedakan dengan pasti, sehingga dipakai urutan tetap"

    def _warnings(self, linked: list[tuple[Coverage, Unit]], claim: Claim) -> str:
        if not linked:
            return ""
        notes = sorted(
            {
                f"belum diatur: {coverage.scheme}"
                for coverage, link in linked
                if self._relation(claim, coverage, link).effect is Effect.WARN
            }
        )
        return "; ".join(notes)[:300]

    def _relation(self, claim: Claim, coverage: Coverage, link: Unit) -> Relation:
        """Asked more than once of each, and the same of everybody on one list: looked up once a walk."""
        months = (coverage.scheme, coverage.component, coverage.first, coverage.until)
        key = (claim.scheme, claim.first, claim.until, months, link)
        found = self._relations.get(key)
        if found is None:
            found = self._relations[key] = relation(self._policy.book, claim, Claim(*months), link)
        return found

    def _rivalling(self, claim: Claim, rival: Candidate, link: Unit) -> Relation:
        cycle = self._policy.cycles[rival.proposal.cycle]
        return relation(self._policy.book, claim, Claim(cycle.scheme, "", cycle.first, cycle.until), link)

    def _rivals(self, c: Candidate, strangers: Container[bytes], same: Iterable[bytes]) -> list[tuple[Candidate, Unit]]:
        own: Sequence[Candidate] = self._by_nik.get(c.nik, ()) if c.nik else ()
        shared = self._by_kk.get(c.kk, ()) if c.kk else ()
        if not own and not shared and not same:
            return []
        own = [r for r in own if r.record not in strangers]
        own += [self._accepted[each] for each in sorted(same) if each in self._accepted]
        seen = {r.record for r in own}
        return [(r, Unit.PERSON) for r in own] + [(r, Unit.HOUSEHOLD) for r in shared if r.record not in seen]

    def _accept(self, c: Candidate) -> None:
        self._accepted[c.record] = c
        if c.nik:
            self._by_nik[c.nik].append(c)
        if c.kk:
            self._by_kk[c.kk].append(c)

    def _name(self, scheme: str) -> str:
        known = self._policy.book.schemes.get(scheme)
        return known.name if known else scheme


def _unmet(examined: Examined) -> Verdict:
    """A demand that the answers do not meet refuses; one that they do not speak of is for a person to settle."""
    words = [demand(each) for each in examined.failed] or [
        f"{demand(each)} (belum dijawab)" for each in examined.unknown
    ]
    criteria = examined.failed or examined.unknown
    basis = "; ".join(dict.fromkeys(each.basis for each in criteria))[:300]
    outcome = REJECTED if examined.failed else NEEDS_REVIEW
    return Verdict(outcome, ReasonCode.CRITERIA_NOT_MET, {"criterion": "; ".join(words)}, basis)


def _window(p: Proposal, cycle: CyclePolicy) -> Verdict | None:
    """Closed only where the anchor proves it was written after; whatever merely arrives late goes to an officer."""
    if p.received_ms < cycle.closes_ms and p.anchor_ms < cycle.closes_ms:
        return None
    ground = Grounds("cycle", cycle.scheme, cycle.first, cycle.until, "", "", cycle.code.encode())
    closed_on = date_text(cycle.closes_ms)
    if p.anchor_ms >= cycle.closes_ms:
        return Verdict(REJECTED, ReasonCode.WINDOW_CLOSED, {"closed_on": closed_on}, "", (ground,))
    values = {"closed_on": closed_on, "received_on": date_text(p.received_ms)}
    return Verdict(NEEDS_REVIEW, ReasonCode.RECEIVED_LATE, values, "", (ground,))


def _bad_nik(p: Proposal) -> Verdict:
    problem = parse_nik(p.nik)
    words = problem.phrase if isinstance(problem, NikProblem) else "ini NIK sementara, bukan NIK tetap"
    return Verdict(REJECTED, ReasonCode.NIK_INVALID, {"problem": words})


def _facts_hash(
    policy: Policy,
    c: Candidate,
    linked: list[tuple[Coverage, Unit]],
    rivals: list[tuple[Candidate, Unit]],
    doubt: _Doubt,
    ruled: list[tuple[str, str]],
    examined: Examined | None,
    aside: Set[bytes],
    left: Sequence[Left],
) -> bytes:
    """SHA-256 over everything this answer could have looked at: equal hashes mean that nothing relevant changed.

    Of the rules it holds what they said here, so that an edition that says the same of these facts changes nothing.

    A record id is the hash of all that the village wrote, so of a proposal only what the centre adds stands beside it.
    """
    p = c.proposal
    cycle = policy.cycles.get(p.cycle)
    facts: tuple[object, ...] = (
        (p.record, p.anchor_ms, p.received_ms, bool(p.is_withdrawn)),
        (cycle.first, cycle.until, cycle.closes_ms) if cycle else (),
        [(x.reference, x.scheme, x.component, x.first, x.until, link.value) for x, link in linked],
        [(r.record, link.value) for r, link in rivals],
        doubt.is_conflicted,
    )
    if doubt.settled:  # only then, so that an answer without has the hash it always had and is not said again
        facts = (*facts, doubt.settled)
    if ruled:
        facts = (*facts, "rules", ruled)
    if examined:
        facts = (*facts, "criteria", examined.failed, examined.unknown)
    if aside:
        facts = (*facts, "aside", sorted(aside))
    if former := facts_of(left):
        facts = (*facts, "former", former)
    return sha256(_FACTS + _encode(facts)).digest()
