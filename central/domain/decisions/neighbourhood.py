"""A neighbourhood as the walk looks at it: each proposal beside what is read from it more than once, coverages by number,
and who shares a NIK with somebody else. Pure; decides nothing. Place in the flow: `facts` -> here -> `walk`.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from central.domain.decisions.facts import Coverage, Proposal, key_nik
from central.domain.decisions.wording import home_of
from central.domain.identities import pair_key
from central.domain.matching import Band, Person, compare
from protocol.ids import Kk, Sex, VillageCode
from protocol.names import name_key
from protocol.schemes import Unit

Pairs = Mapping[bytes, Mapping[bytes, bytes]]
"""By record, the others that may be its person or bear its NIK, each with the key of what may be said of the two."""
NO_PAIRS: Mapping[bytes, bytes] = {}
NOBODY_LIKELY: Pairs = {}


class Candidate(Struct):
    """A proposal with everything that is read from it more than once."""

    proposal: Proposal
    record: bytes
    nik: str | None
    kk: str | None
    _person: Person | None = None

    def person(self) -> Person:
        """Made only where a NIK is shared: few proposals share one."""
        if self._person is None:
            self._person = at_home(self.proposal)
        return self._person


def person_of(proposal: Proposal) -> Person:
    """What a proposal says of its person."""
    return Person(
        nik=key_nik(proposal.nik),
        name_key=name_key(proposal.name),
        birth_date=_date(proposal.birth_date),
        sex=_sex(proposal.sex),
        mother_key=name_key(proposal.mother),
    )


def at_home(fact: Proposal | Coverage) -> Person:
    """With the card and address, which tell strangers of one number or a like name apart."""
    card = fact.match_kk if isinstance(fact, Proposal) else fact.kk
    return replace(
        person_of(fact) if isinstance(fact, Proposal) else covered_person(fact),
        kks=frozenset([Kk(card)] if card else ()),
        village=_village(fact.village),
        rt=fact.rt.strip().lstrip("0"),
        rw=fact.rw.strip().lstrip("0"),
    )


@lru_cache(maxsize=1_024)
def _village(code: str) -> VillageCode | None:
    home = home_of(code)
    return VillageCode(home.code) if home else None


def verdict_key(a: Person, b: Person) -> bytes:
    """The key of what may be said of two: a card changes, and a verdict must not rest on it; an address it never looks at."""
    return pair_key(replace(a, kks=frozenset()), replace(b, kks=frozenset()))


class Index:
    """Coverages by NIK and by family card, each list in one fixed order."""

    def __init__(self, coverages: Iterable[Coverage]) -> None:
        self._by_nik: dict[str, list[Coverage]] = {}
        self._by_kk: dict[str, list[Coverage]] = {}
        self._by_reference: dict[bytes, Coverage] = {}
        for c in sorted(coverages, key=lambda c: (c.scheme, c.component, c.first, c.until, c.reference)):
            if c.nik:
                self._by_nik.setdefault(c.nik, []).append(c)
            if c.kk:
                self._by_kk.setdefault(c.kk, []).append(c)
            self._by_reference[c.reference] = c

    def of_kk(self, kk: str) -> Sequence[Coverage]:
        return self._by_kk.get(kk, ())

    def named(self, references: Iterable[bytes]) -> list[Coverage]:
        """Those that are there, in one fixed order: a list may have been taken back since."""
        return [self._by_reference[each] for each in sorted(references) if each in self._by_reference]

    def of_nik(self, nik: str | None) -> Sequence[Coverage]:
        return self._by_nik.get(nik, ()) if nik else ()

    def linked(
        self, candidate: Candidate, strangers: Container[bytes], same: Iterable[bytes]
    ) -> list[tuple[Coverage, Unit]]:
        """What covers this person, then what covers the household; each coverage once. `strangers` bear this person's
        NIK and are somebody else's, of this household at the most; `same` bear another number and are this person's.
        """
        own = self.of_nik(candidate.nik)
        shared = self._by_kk.get(candidate.kk, ()) if candidate.kk else ()
        if not own and not shared and not same:
            return []
        own = [c for c in own if c.reference not in strangers] + self.named(same)
        seen = {c.reference for c in own}
        return [(c, Unit.PERSON) for c in own] + [(c, Unit.HOUSEHOLD) for c in shared if c.reference not in seen]


def by_nik(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    """Standing proposals, in the order given."""
    found: dict[str, list[Candidate]] = {}
    for c in candidates:
        if c.nik and not c.proposal.is_withdrawn:
            found.setdefault(c.nik, []).append(c)
    return found


def moved(groups: Mapping[str, list[Candidate]]) -> dict[str, list[Candidate]]:
    """Of whoever stands in them on more than one family card; nearly nobody."""
    return {nik: group for nik, group in groups.items() if len(group) > 1 and len({c.kk for c in group} - {None}) > 1}


def find_pairs(groups: Mapping[str, Sequence[Candidate]], index: Index) -> Pairs:
    """Who shares a NIK with somebody else: both are held, never one dropped for the other, until a person has judged."""
    found: dict[bytes, dict[bytes, bytes]] = {}
    for nik, group in groups.items():
        covered = index.of_nik(nik)
        if len(group) == 1 and not covered:
            continue
        for at, a in enumerate(group):
            for coverage in covered:
                other = at_home(coverage)
                if compare(a.person(), other) is Band.IDENTITY_CONFLICT:
                    found.setdefault(a.record, {})[coverage.reference] = verdict_key(a.person(), other)
            for b in group[at + 1 :]:
                if compare(a.person(), b.person()) is Band.IDENTITY_CONFLICT:
                    key = verdict_key(a.person(), b.person())
                    found.setdefault(a.record, {})[b.record] = key
                    found.setdefault(b.record, {})[a.record] = key
    return found


def covered_person(coverage: Coverage) -> Person:
    return Person(
        nik=key_nik(coverage.nik),
        name_key=coverage.name_key,
        birth_date=_date(coverage.birth_date),
        sex=_sex(coverage.sex),
        mother_key=coverage.mother_key,
    )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _sex(text: str) -> Sex | None:
    try:
        return Sex(text)
    except ValueError:
        return None
