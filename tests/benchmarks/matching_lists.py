"""Two lists of grown-ups of a regency with the dirt of real ones, and who in them is one person."""

import random
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from central.domain.matching import Person, person_of
from protocol.ids import parse_nik
from protocol.regions import villages
from tests.builders import TODAY, Entry, dirty_list
from tests.population import Population, population

RESIDENTS = 1_790_000
GROWN_YEARS = 17


@dataclass(frozen=True)
class TwoLists:
    """`truth`: pairs of places in the two lists that are one person. `kks`: cards each row's person is known on."""

    left: list[Entry]
    right: list[Entry]
    left_kks: list[tuple[str, ...]]
    truth: set[tuple[int, int]]

    def persons(self) -> tuple[list[Person], list[Person]]:
        left = [as_person(entry, kks) for entry, kks in zip(self.left, self.left_kks, strict=True)]
        return left, [as_person(entry, (entry.kk,)) for entry in self.right]

    def is_bad(self, pair: tuple[int, int]) -> bool:
        """One of the two has no NIK, a broken one or somebody else's."""
        return any(parse_nik(entry.nik) != entry.truth for entry in (self.left[pair[0]], self.right[pair[1]]))


def as_person(entry: Entry, kks: tuple[str, ...]) -> Person:
    return person_of(
        nik=entry.nik,
        name=entry.name,
        kks=kks,
        birth_date=entry.birth_date,
        sex=entry.sex,
        mother=entry.mother_name,
        village=entry.village,
        rt=entry.rt,
        rw=entry.rw,
    )


def two_lists(seed: int, left: int, right: int, residents: int = RESIDENTS) -> TwoLists:
    """`left` proposals, of which the covered are no more than anybody else, and `right` covered rows."""
    people = population(seed, villages(), residents)
    rng, draw = random.Random(seed), np.random.default_rng(seed)
    grown = np.flatnonzero(people.born < TODAY.toordinal() - GROWN_YEARS * 365.25)
    proposed, covered = (rows(rng, people, draw.choice(grown, n, replace=False).tolist(), n) for n in (left, right))
    cards = former_cards(people, grown)
    places = defaultdict(list)
    for at, entry in enumerate(covered):
        places[entry.truth].append(at)
    truth = {(at, other) for at, entry in enumerate(proposed) for other in places.get(entry.truth, ())}
    kks = [(entry.kk, *cards.get(entry.truth, ())) for entry in proposed]
    return TwoLists(proposed, covered, kks, truth)


def rows(rng: random.Random, people: Population, numbers: list[int], count: int) -> list[Entry]:
    return dirty_list(rng, (people[number] for number in numbers))[:count]


def former_cards(people: Population, numbers: np.ndarray) -> dict[str, tuple[str, ...]]:
    """What a village's register knows besides the card of today."""
    left = numbers[people.former[numbers] >= 0].tolist()
    return {f"{people.nik[number]:016d}": (people.former_kk(number) or "",) for number in left}
