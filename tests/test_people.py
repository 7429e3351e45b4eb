"""The invented residents: the same seed, the same village; and as dirty as real lists are."""

import random
from collections import Counter

from protocol.ids import Sex, VillageCode, birth_date, is_placeholder, parse_kk, parse_nik, sex
from protocol.regions import village
from tests.builders import TODAY, dirty, dirty_list, household, village_people

SUKOJATI = village(VillageCode("3510252010"))
KEMIREN = village(VillageCode("3510152004"))


def test_one_seed_tells_one_story() -> None:
    once, again = (village_people(random.Random(5), SUKOJATI, 200) for _ in range(2))
    assert once == again
    assert len(once) == 200
    assert village_people(random.Random(6), SUKOJATI, 200) != once


def test_numbers_are_well_formed_and_say_what_the_record_says() -> None:
    taken: set[str] = set()
    people = [
        *village_people(random.Random(1), SUKOJATI, 800, taken=taken),
        *village_people(random.Random(2), KEMIREN, 800, taken=taken),
    ]
    for person in people:
        assert parse_nik(person.nik) == person.nik
        assert parse_kk(person.kk) == person.kk
        assert not is_placeholder(person.nik)
        assert birth_date(person.nik, TODAY, recorded=person.birth_date) == person.birth_date
        assert sex(person.nik) is person.sex
        assert person.birth_date <= TODAY
    assert len({person.nik for person in people}) == len(people)
    first_words = Counter(person.name.split()[0] for person in people)
    assert {"I", "NI", "SITI", "SRI", "MOH"} <= set(first_words)  # Balinese, Using, Javanese, Madurese
    assert 0.2 < sum(" " not in person.name for person in people) / len(people) < 0.7


def test_a_household_shares_card_address_and_mother() -> None:
    rng = random.Random(4)
    for _ in range(200):
        family = household(rng, SUKOJATI)
        assert family.head.role == "KEPALA KELUARGA"
        assert {person.kk for person in family.members} == {family.kk}
        assert {person.address for person in family.members} == {family.address}
        mothers = {person.name for person in family.members if person.sex is Sex.FEMALE}
        assert all(person.mother_name in mothers for person in family.members if person.role == "ANAK")


def test_errors_come_at_their_rates() -> None:
    rng = random.Random(8)
    people = village_people(rng, KEMIREN, 4000)
    faults = Counter(fault for person in people for fault in dirty(rng, person).faults)
    assert 0.12 < faults["kk_wrong"] / 4000 < 0.20
    assert 0.035 < faults["nik_wrong_digit"] / 4000 < 0.065
    assert 0.25 < faults["mother_missing"] / 4000 < 0.35
    entries = dirty_list(rng, people)
    assert 1.02 < len(entries) / 4000 < 1.07
    assert {entry.truth for entry in entries} == {person.nik for person in people}
