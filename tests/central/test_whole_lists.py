"""Two whole lists compared: what one by one would find, on planted truth, and nobody merged who is two."""

from collections import Counter
from itertools import combinations

import pytest
from msgspec.structs import replace

from central.domain.blocking import BLOCK_MAX, Block, Index
from central.domain.matching import Band, Person, compare, person_of
from central.domain.whole_lists import Matches, Skipped, match_lists, match_within
from tests.benchmarks.matching_lists import TwoLists, two_lists

ACTING = (Band.CERTAIN, Band.IDENTITY_CONFLICT, Band.LIKELY)


@pytest.fixture(scope="module")
def lists() -> TwoLists:
    return two_lists(seed=5, left=1_500, right=2_500, residents=4_000)


@pytest.fixture(scope="module")
def persons(lists: TwoLists) -> tuple[list[Person], list[Person]]:
    return lists.persons()


@pytest.fixture(scope="module")
def matches(persons: tuple[list[Person], list[Person]]) -> Matches:
    return match_lists(*persons)


def one_by_one(left: list[Person], right: list[Person]) -> set[tuple[int, int, Band]]:
    index = Index(right)
    pairs = ((i, j) for i, person in enumerate(left) for j in index.candidates(person).numbers)
    bands = {(i, j, compare(left[i], right[j])) for i, j in pairs}
    return {each for each in bands if each[2] in ACTING}


def test_columns_find_what_one_by_one_finds(persons: tuple[list[Person], list[Person]], matches: Matches) -> None:
    assert set(matches.pairs) == one_by_one(*persons)
    assert list(matches.pairs) == sorted(set(matches.pairs), key=lambda each: each[:2])
    assert matches.skipped == ()
    assert {band for _, _, band in matches.pairs} == set(ACTING)


def test_records_with_gaps_are_found_as_one_by_one(persons: tuple[list[Person], list[Person]]) -> None:
    """Lists lack whole columns: no birth date, no sex, no home, no mother."""
    gaps = (
        {"birth_date": None},
        {"sex": None},
        {"village": None, "rt": "", "rw": ""},
        {"mother_key": ""},
        {"birth_date": None, "sex": None, "mother_key": "", "rt": "", "rw": ""},
        {"nik": None, "broken_nik": ""},
        {"kks": frozenset()},
    )
    left, right = ([replace(p, **gaps[at % len(gaps)]) for at, p in enumerate(each)] for each in persons)
    assert set(match_lists(left, right).pairs) == one_by_one(left, right)


def test_nobody_is_merged_who_is_two_and_nearly_all_are_found(lists: TwoLists, matches: Matches) -> None:
    certain = {(i, j) for i, j, band in matches.pairs if band is Band.CERTAIN}
    found = certain | {(i, j) for i, j, band in matches.pairs if band is Band.LIKELY}
    assert len(lists.truth) > 1_000
    assert certain <= lists.truth
    bad = {pair for pair in lists.truth if lists.is_bad(pair)}
    assert len(bad & found) >= 0.97 * len(bad)
    assert 2 * len(found & lists.truth) >= 0.96 * (len(found) + len(lists.truth))


def test_one_list_against_itself_names_each_pair_once(
    lists: TwoLists, persons: tuple[list[Person], list[Person]]
) -> None:
    left, _ = persons
    found = match_within(left).pairs
    assert {(i, j) for i, j, _ in found} <= set(combinations(range(len(left)), 2))
    assert set(found) == {each for each in one_by_one(left, left) if each[0] < each[1]}
    certain = {(i, j) for i, j, band in found if band is Band.CERTAIN}
    assert certain
    assert all(lists.left[i].truth == lists.left[j].truth for i, j in certain)


def test_empty_lists_have_nobody_in_common(persons: tuple[list[Person], list[Person]]) -> None:
    for left, right in (([], []), ([], persons[1]), (persons[0], []), ([person_of(nik="", name="")], persons[1])):
        assert match_lists(left, right) == Matches((), ())


def test_a_huge_block_is_named_and_its_records_are_found_by_their_other_blocks() -> None:
    nik = "3510251705850001"
    filler = [person_of(nik=nik, name=f"{at}") for at in range(BLOCK_MAX)]
    own = person_of(nik=nik, name="SUTRISNO", kks=("3510251705150001",))
    found = match_lists([own, person_of(nik="", name="X")], [*filler, own])
    assert found.pairs == ((0, BLOCK_MAX, Band.CERTAIN),)
    assert found.skipped == (Skipped(Block.NIK, (0,)), Skipped(Block.MASKED_NIK, (0,)))
    bands = Counter(band for _, _, band in match_lists([own], filler).pairs)
    assert bands == {Band.IDENTITY_CONFLICT: BLOCK_MAX}
