"""The coverage set's form: finds all whom it holds, hardly anybody else, and tells nothing without its key."""

import random

from hypothesis import given
from hypothesis import strategies as st

from protocol import coverage
from protocol.codec import pack
from protocol.feed import CHUNK_BYTES_MAX, CoveragePart
from protocol.schemes import Unit
from tests.protocol.samples import COVERAGE_KEY, PARTS, SET

ID = b"k" * 16
DIGESTS = st.sets(st.binary(min_size=32, max_size=32), max_size=300)


def part_for(parts: list[CoveragePart], found: bytes) -> CoveragePart:
    return parts[coverage.part_of(found, len(parts))]


@given(DIGESTS, st.randoms(use_true_random=False))
def test_everybody_inside_is_found_whatever_the_order(inside: set[bytes], chance: random.Random) -> None:
    shuffled = sorted(inside)
    chance.shuffle(shuffled)
    parts = coverage.cut(ID, SET, shuffled)
    assert parts == coverage.cut(ID, SET, inside)
    assert sum(part.count for part in parts) == len(inside)
    assert all(coverage.is_in(part_for(parts, found), found) for found in inside)


def test_the_size_and_the_certainty_are_as_promised() -> None:
    chance = random.Random(1)
    inside = [chance.randbytes(32) for _ in range(24_746)]
    parts = coverage.cut(ID, SET, inside)
    assert sum(len(pack(part)) for part in parts) < 60_000
    assert max(len(pack(part)) for part in parts) < CHUNK_BYTES_MAX // 50
    strangers = [chance.randbytes(32) for _ in range(20_000)]
    assert sum(coverage.is_in(part_for(parts, one), one) for one in strangers) <= 3


def test_a_part_that_is_cut_short_never_finds_more_than_it_held() -> None:
    chance = random.Random(2)
    inside = [chance.randbytes(32) for _ in range(200)]
    (part,) = coverage.cut(ID, SET, inside)
    for length in range(len(part.gaps)):
        short = CoveragePart(part.set_id, part.key_id, part.part, part.count, part.gaps[:length])
        found = [one for one in inside if coverage.is_in(short, one)]
        assert len(found) <= length * 8 // 17


def test_a_person_is_not_a_household_and_looks_different_in_another_set_or_month() -> None:
    number = "3510256507850001"
    other_set = coverage.set_id(b"another list".ljust(32), "PKH", "", 1, 2)
    looks = {
        coverage.digest(COVERAGE_KEY, SET, Unit.PERSON, number),
        coverage.digest(COVERAGE_KEY, SET, Unit.HOUSEHOLD, number),
        coverage.digest(COVERAGE_KEY, other_set, Unit.PERSON, number),
        coverage.digest(bytes(32), SET, Unit.PERSON, number),
    }
    assert len(looks) == 4
    assert [coverage.is_in(PARTS[0], one) for one in looks].count(True) == 1
    assert number.encode() not in pack(PARTS[0])
