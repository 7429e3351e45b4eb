"""Overlaps that stand inside the imported lists themselves: who is in two schemes that may not be held together. Pure.

Nobody is refused for it here - the lists are other offices' - but the regency must know and tell them. The same question
as a decision asks (`protocol.schemes.relation`), month by month, of two coverages that one NIK or one family card ties together.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

from msgspec import Struct

from protocol.schemes import Claim, Effect, Relation, Rulebook, Unit, relation


class Held(NamedTuple):
    """A coverage as far as an overlap looks at it. Empty numbers are not known; months as 12 * year + month - 1;
    `district`: six digits, empty where the list does not say.
    """

    nik: str
    kk: str
    scheme: str
    component: str
    first: int
    until: int
    district: str


class OverlapLine(Struct, frozen=True):
    """How many persons (or households) hold both in a month they may not, or in which nobody has ruled on it."""

    scheme: str
    other: str
    link: Unit
    effect: Effect
    district: str
    count: int
    basis: str


class Tally:
    """Counts each person and each household once a pair of schemes and district, however many rows tie them."""

    def __init__(self, book: Rulebook) -> None:
        self._book = book
        self._by_nik: defaultdict[str, list[Held]] = defaultdict(list)
        self._by_kk: defaultdict[str, list[Held]] = defaultdict(list)
        self._known: dict[tuple[object, ...], Relation] = {}
        self._found: defaultdict[tuple[str, str, Unit, Effect, str, str], set[str]] = defaultdict(set)

    def add(self, coverages: Iterable[Held]) -> None:
        for each in coverages:
            if each.nik:
                self._by_nik[each.nik].append(each)
            if each.kk:
                self._by_kk[each.kk].append(each)

    def _count(self, key: str, one: Held, other: Held, link: Unit) -> None:
        if one.first > other.until or other.first > one.until:
            return
        claims = (link, *one[2:6], *other[2:6])
        answer = self._known.get(claims)
        if answer is None:
            answer = self._known[claims] = self._ask(one, other, link)
        if answer.effect is Effect.ALLOW:
            return
        first, second = sorted((one.scheme, other.scheme))
        basis = answer.rule.basis if answer.rule else answer.ground.sentence
        self._found[first, second, link, answer.effect, one.district or other.district, basis].add(key)

    def _ask(self, one: Held, other: Held, link: Unit) -> Relation:
        """Neither of the two stood there first, so the worse of both directions."""
        a = Claim(one.scheme, one.component, one.first, one.until)
        b = Claim(other.scheme, other.component, other.first, other.until)
        answers = relation(self._book, a, b, link), relation(self._book, b, a, link)
        return max(answers, key=lambda each: _SEVERITY[each.effect])

    def lines(self) -> list[OverlapLine]:
        """What may not be first, then by how many. Asked once, when everything was added."""
        for nik, held in self._by_nik.items():
            for one, other in combinations(held, 2):
                self._count(nik, one, other, Unit.PERSON)
        for kk, held in self._by_kk.items():
            for one, other in combinations(held, 2):
                if not one.nik or one.nik != other.nik:
                    self._count(kk, one, other, Unit.HOUSEHOLD)
        found = [
            OverlapLine(scheme, other, link, effect, district, len(keys), basis)
            for (scheme, other, link, effect, district, basis), keys in self._found.items()
        ]
        return sorted(
            found, key=lambda x: (x.effect is not Effect.REJECT, x.scheme, x.other, x.link.value, -x.count, x.district)
        )


_SEVERITY = {Effect.ALLOW: 0, Effect.WARN: 1, Effect.REJECT: 2}
