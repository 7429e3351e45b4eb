"""The invented regency: the same seed, the same people; their numbers, families and names as true as the registry's."""

from collections import Counter

import numpy as np
import pytest

from protocol.ids import Sex, birth_date, parse_kk, parse_nik, sex
from protocol.regions import villages
from tests.builders import TODAY
from tests.population import CHILD, HEAD, WIFE, Population, population


@pytest.fixture(scope="module")
def people() -> Population:
    return population(3, villages(), 30_000)


def test_one_seed_tells_one_story(people: Population) -> None:
    again = population(3, villages(), 30_000)
    assert [again[at] for at in range(300)] == [people[at] for at in range(300)]
    assert population(4, villages(), 30_000)[5] != people[5]


def test_numbers_are_unique_and_say_what_the_record_says(people: Population) -> None:
    assert len(people) == len(set(people.nik.tolist())) == 30_000
    assert len(set(people.kk.tolist())) == len(people.kk)
    for number in range(0, len(people), 7):
        person = people[number]
        assert parse_nik(person.nik) == person.nik
        assert parse_kk(person.kk) == person.kk
        assert birth_date(person.nik, TODAY, recorded=person.birth_date) == person.birth_date
        assert sex(person.nik) is person.sex
        assert person.birth_date <= TODAY


def test_children_are_of_the_woman_on_their_card(people: Population) -> None:
    for at, members in enumerate(people.households()):
        assert people.members(at) == members
        family = [people[number] for number in members]
        assert len({person.kk for person in family}) == 1
        adults = [person for person, number in zip(family, members, strict=True) if people.role[number] != CHILD]
        women = {person.name: person for person in adults if person.sex is Sex.FEMALE}
        for person, number in zip(family, members, strict=True):
            if people.role[number] == CHILD:
                mother = women[person.mother_name]
                assert 17 < (person.birth_date - mother.birth_date).days / 365.25 < 43
        if at == 3_000:
            break
    roles = Counter(people.role.tolist())
    assert roles[HEAD] > roles[WIFE] > 0
    assert 2.3 < len(people) / roles[HEAD] < 3.2


def test_there_are_twins_homonyms_movers_dead_and_former_cards(people: Population) -> None:
    twins = np.flatnonzero(people.twin_of >= 0)
    assert len(twins) > 30
    for number in twins.tolist():
        twin, other = people[number], people[int(people.twin_of[number])]
        assert (twin.birth_date, twin.kk, twin.mother_name) == (other.birth_date, other.kk, other.mother_name)
        assert twin.nik != other.nik
    names = Counter(people[number].name for number in range(0, len(people), 3))
    assert names.most_common(1)[0][1] > 20
    assert len(names) > 3_000
    assert 0.005 < people.is_dead.mean() < 0.015
    assert 0.015 < (people.moved_to >= 0).mean() < 0.025
    left = [number for number in range(3_000) if people.former_kk(number)]
    assert 10 < len(left) < 400
    assert all(people.former_kk(number) != people[number].kk for number in left)


def test_the_neighbour_of_a_nik_is_somebody(people: Population) -> None:
    """Serials run without gaps: one wrong digit at the end often meets a living stranger."""
    taken = set(people.nik.tolist())
    assert all(nik - 1 in taken for nik in people.nik.tolist() if nik % 10_000 > 1)
