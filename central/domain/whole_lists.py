"""Two whole lists of persons, compared: 50,000 against 300,000 in seconds.

What it is for: the same pairs and bands as asking `blocking.Index` and `matching.compare` for every person, in columns.
What it must never do: decide by a rule of its own. Columns only drop pairs that cannot reach a band somebody acts on, by
the same weights; what is left is put to `band`. POSSIBLE pairs are not made here: they are for whoever looks at one person.
Place in the flow: imports and rosters give the persons of two lists; certain pairs go on, conflicts and likely ones are held.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.process import cpdist

from central.domain.blocking import BLOCK_MAX, Block, name_sound
from central.domain.matching import (
    DATE_BITS,
    FAR_BITS,
    HOUSE_BITS_MAX,
    LIKELY_MIN,
    LOOSE_NAME_MIN,
    NAME_EQUAL_BITS,
    NEAR_DIGITS_MAX,
    SLIP_BITS,
    SLIP_OF_GOOD_NIKS_BITS,
    SLIP_OF_SAME_DATE_BITS,
    TWO_GOOD_NIKS_BITS,
    Band,
    DateLink,
    Person,
    compare,
    is_weak,
    name_bits,
)
from protocol.ids import DAY_OFFSET_WOMAN, NUMBER_LENGTH, Sex

THREADS = 2
"""Sorting and comparing names let go of the interpreter; an office's server has two cores to give."""
PAIRS_MAX = 2_000_000
"""Pairs weighed at once: some hundred megabytes."""

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Pairs = tuple[Ints, Ints]
Weighed = tuple[Ints, Ints, Ints]
"""Pairs, and what birth date and NIK say of each in bits."""
NOBODY = -1


class Skipped(Struct, frozen=True):
    """Blocks of one kind with more than BLOCK_MAX records of the second list: these records of the first list were not
    compared with them. Whether somebody is in there is not known.
    """

    block: Block
    numbers: tuple[int, ...]


class Matches(Struct, frozen=True):
    """Pairs of places in the two lists, in rising order, each once; never POSSIBLE or NONE."""

    pairs: tuple[tuple[int, int, Band], ...]
    skipped: tuple[Skipped, ...]


def match_lists(left: Sequence[Person], right: Sequence[Person]) -> Matches:
    """Who of the first list is in the second; put the longer one second."""
    return _match(left, right, lambda pairs: pairs)


def match_within(persons: Sequence[Person]) -> Matches:
    """Who stands in one list more than once."""

    def once(pairs: Pairs) -> Pairs:
        first = pairs[0] < pairs[1]
        return pairs[0][first], pairs[1][first]

    return _match(persons, persons, once)


def _match(left: Sequence[Person], right: Sequence[Person], chosen: Callable[[Pairs], Pairs]) -> Matches:
    names = _Names()
    a = _columns(left, names)
    b = a if right is left else _columns(right, names)

    def look(block: tuple[Block, int]) -> tuple[list[Weighed], Ints]:
        pairs, huge = _join(a.keys[block], b.keys[block])
        return [_worth_a_look(a, b, part) for part in _cut(chosen(pairs))], huge

    with ThreadPoolExecutor(THREADS) as threads:
        found = dict(zip(a.keys, threads.map(look, a.keys), strict=True))
    pairs = _named_alike(a, b, [part for parts, _ in found.values() for part in parts], len(right), names)
    bands = ((i, j, compare(left[i], right[j])) for i, j in pairs)
    skipped: dict[Block, set[int]] = {}
    for (block, _), (_, huge) in found.items():
        if len(huge):
            skipped.setdefault(block, set()).update(huge.tolist())
    return Matches(
        tuple(each for each in bands if each[2] in _ACTING),
        tuple(Skipped(block, tuple(sorted(numbers))) for block, numbers in skipped.items()),
    )


_ACTING = (Band.CERTAIN, Band.IDENTITY_CONFLICT, Band.LIKELY)


# --------------------------------------------------------------------------------------------------- columns


class _Names:
    """Name keys, sounds and homes (village, RT, RW) by number, the same in both lists."""

    def __init__(self) -> None:
        self.keys: dict[str, int] = {"": 0}
        self.homes: dict[tuple[str | None, str, str], int] = {}
        self._sounds: dict[str, int] = {}

    def numbers(self, keys: Sequence[str]) -> Ints:
        known = self.keys
        return np.fromiter((known.setdefault(key, len(known)) for key in keys), np.int64, len(keys))

    def sounds(self) -> Ints:
        """By number of a name key, the number of its sound."""
        known = self._sounds
        return np.array([known.setdefault(name_sound(key), len(known)) for key in self.keys])


@dataclass(frozen=True)
class _Columns:
    """One entry a person. `digits` of the NIK, `born_digits`: one column each. `born`: YYYYMMDD, 0 for none. `sex`: 0, 1 or NOBODY.

    `keys`: pairs of arrays, whose record is in which block; several for NIKs with one digit masked.
    """

    nik: Ints
    digits: NDArray[np.uint8]
    is_good: Bools
    born: Ints
    born_digits: NDArray[np.uint8]
    is_weak: Bools
    sex: Ints
    name: Ints
    keys: dict[tuple[Block, int], Pairs]


_TENS = 10 ** np.arange(NUMBER_LENGTH - 1, -1, -1, dtype=np.int64)


def _columns(persons: Sequence[Person], names: _Names) -> _Columns:
    n = len(persons)
    everybody = np.arange(n)
    nik = np.fromiter((int(each.nik or each.broken_nik or NOBODY) for each in persons), np.int64, n)
    is_valid = np.fromiter((each.nik is not None for each in persons), np.bool_, n)
    nik[is_valid & _is_placeholder(nik)] = NOBODY
    digits = (np.maximum(nik, 0)[:, None] // _TENS % 10).astype(np.uint8)
    sex = np.fromiter((_SEXES[person.sex] for person in persons), np.int64, n)
    born, weak = _birth_dates(persons)
    name = names.numbers([person.name_key for person in persons])
    sound = names.sounds()[name]
    home = _homes(persons, names)
    card_rows = np.repeat(everybody, np.fromiter((len(each.kks) for each in persons), np.int64, n))
    card = np.fromiter((int(kk) for each in persons for kk in each.kks), np.int64, len(card_rows))
    card_rows, card = card_rows[~_is_placeholder(card)], card[~_is_placeholder(card)]
    has_nik = everybody[nik != NOBODY]
    masked = {
        (Block.MASKED_NIK, at): (has_nik, nik[has_nik] - digits[has_nik, at] * ten) for at, ten in enumerate(_TENS)
    }
    has_birth = everybody[(born != 0) & ~weak & (sex != NOBODY)]
    has_name = everybody[(born != 0) & (name != 0)]
    has_door = everybody[(home != NOBODY) & (name != 0)]
    return _Columns(
        nik=nik,
        digits=digits,
        is_good=is_valid & (nik != NOBODY) & _agrees(digits, born, weak, sex),
        born=born,
        born_digits=(born[:, None] // _TENS[-8:] % 10).astype(np.uint8),
        is_weak=weak,
        sex=sex,
        name=name,
        keys={
            (Block.NIK, 0): (has_nik, nik[has_nik]),
            **masked,
            (Block.KK, 0): (card_rows, card),
            (Block.BIRTH, 0): (has_birth, born[has_birth] * 2 + sex[has_birth]),
            (Block.NAME, 0): (has_name, sound[has_name] * 10_000 + born[has_name] // 10_000),
            (Block.DOOR, 0): (has_door, home[has_door] << 32 | name[has_door]),
        },
    )


_SEXES = {None: NOBODY, Sex.MALE: 0, Sex.FEMALE: 1}


def _birth_dates(persons: Sequence[Person]) -> tuple[Ints, Bools]:
    """YYYYMMDD (0 for none), and which are days that are written where the birth date is not known."""
    dates: dict[date | None, int] = {None: 0}
    numbers = np.fromiter((dates.setdefault(each.birth_date, len(dates)) for each in persons), np.int64, len(persons))
    days = list(dates)
    coded = [0 if day is None else day.year * 10_000 + day.month * 100 + day.day for day in days]
    weak = [day is not None and is_weak(day) for day in days]
    return np.array(coded)[numbers], np.array(weak)[numbers]


def _homes(persons: Sequence[Person], names: _Names) -> Ints:
    known = names.homes
    homes = ((each.village, each.rt, each.rw) for each in persons)
    return np.fromiter(
        (known.setdefault(home, len(known)) if all(home) else NOBODY for home in homes), np.int64, len(persons)
    )


def _is_placeholder(numbers: Ints) -> Bools:
    """`ids.is_placeholder` of numbers that passed its parsers: none of those that begin with 0 is anybody's."""
    found: Bools = (numbers < 10**15) | (numbers // 10**12 == 9999) | (numbers % 1111111111111111 == 0)
    return found


def _agrees(digits: NDArray[np.uint8], born: Ints, weak: Bools, sex: Ints) -> Bools:
    """`matching.has_good_nik` of valid NIKs, in columns."""
    number = digits.astype(np.int64)
    day, month, year = (number[:, at] * 10 + number[:, at + 1] for at in (6, 8, 10))
    is_woman = day > DAY_OFFSET_WOMAN
    day = day - is_woman * DAY_OFFSET_WOMAN
    born_day, born_month = born % 100, born // 100 % 100
    is_day = ((born_day == day) & (born_month == month)) | ((born_day == month) & (born_month == day))
    is_date = (born == 0) | weak | (is_day & (born // 10_000 % 100 == year))
    found: Bools = is_date & ((sex == NOBODY) | (sex == is_woman))
    return found


# ----------------------------------------------------------------------------------------------------- pairs


def _join(left: Pairs, right: Pairs) -> tuple[Pairs, Ints]:
    """Every pair of one key, and the left records whose block is too big."""
    by_key = np.argsort(left[1])  # in rising order a search finds its place beside the last one
    rows, keys = left[0][by_key], left[1][by_key]
    order = np.argsort(right[1])
    ranked = right[1][order]
    first = np.searchsorted(ranked, keys, "left")
    count = np.searchsorted(ranked, keys, "right") - first
    is_huge = count > BLOCK_MAX
    count = np.where(is_huge, 0, count)
    at = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    return (np.repeat(rows, count), right[0][order[at]]), rows[is_huge]


def _cut(pairs: Pairs) -> list[Pairs]:
    return [(pairs[0][at : at + PAIRS_MAX], pairs[1][at : at + PAIRS_MAX]) for at in range(0, len(pairs[0]), PAIRS_MAX)]


_BITS_MIN = LIKELY_MIN - NAME_EQUAL_BITS - HOUSE_BITS_MAX
"""What birth date and NIK must give at the least, whatever name and house add."""


def _worth_a_look(a: _Columns, b: _Columns, pairs: Pairs) -> Weighed:
    """Without the pairs that no name and no house can lift to LIKELY."""
    i, j = pairs
    is_same_nik = (a.nik[i] == b.nik[j]) & (a.nik[i] != NOBODY)
    sex = a.sex[i], b.sex[j]
    may_be_one_sex = (sex[0] == sex[1]) | (sex[0] == NOBODY) | (sex[1] == NOBODY)
    i, j, is_same_nik = (each[is_same_nik | may_be_one_sex] for each in (i, j, is_same_nik))
    day = _date_bits(a, b, (i, j))
    is_open = is_same_nik | (day >= _DATE_MIN)
    i, j, is_same_nik, day = i[is_open], j[is_open], is_same_nik[is_open], day[is_open]
    bits = np.where(is_same_nik, _ENOUGH, day + _nik_bits(a, b, (i, j), day))
    is_kept = bits >= _BITS_MIN
    return i[is_kept], j[is_kept], bits[is_kept]


_ENOUGH = 100
"""For a pair of one NIK, which is looked at whatever the two are called."""
_DATE_MIN = _BITS_MIN - SLIP_BITS


def _date_bits(a: _Columns, b: _Columns, pairs: Pairs) -> Ints:
    """`matching.date_link`, as its weight."""
    one, other = a.born[pairs[0]], b.born[pairs[1]]
    swapped = other // 10_000 * 10_000 + other % 100 * 100 + other // 100 % 100
    is_unsure = a.is_weak[pairs[0]] | b.is_weak[pairs[1]]
    bits = np.full(len(one), DATE_BITS[DateLink.OTHER])
    differing = (a.born_digits[pairs[0]] != b.born_digits[pairs[1]]).sum(1)
    bits[differing == 1] = DATE_BITS[DateLink.SLIP]
    bits[one == swapped] = DATE_BITS[DateLink.SWAPPED]
    bits[one == other] = DATE_BITS[DateLink.SAME]
    bits[is_unsure] = DATE_BITS[DateLink.OTHER]
    bits[is_unsure & (one // 10_000 == other // 10_000)] = DATE_BITS[DateLink.WEAK]
    bits[(one == 0) | (other == 0)] = DATE_BITS[DateLink.UNKNOWN]
    return bits


def _nik_bits(a: _Columns, b: _Columns, pairs: Pairs, day: Ints) -> Ints:
    """`matching.nik_link`, as its weight. Two broken NIKs that are equal weigh as a slip."""
    one, other = a.digits[pairs[0]], b.digits[pairs[1]]
    are_good = a.is_good[pairs[0]] & b.is_good[pairs[1]]
    differs = one != other
    count = differs.sum(1)
    is_slip = count <= 1
    two = np.flatnonzero(count == 2)
    crossed = (one[two, :-1] == other[two, 1:]) & (one[two, 1:] == other[two, :-1])
    is_slip[two] = (differs[two, :-1] & differs[two, 1:] & crossed).any(1)
    is_same_date, is_other_date = day == DATE_BITS[DateLink.SAME], np.isin(day, _OTHER_DATES)
    of_same_date = np.where(are_good, SLIP_OF_GOOD_NIKS_BITS, SLIP_OF_SAME_DATE_BITS)
    bits = np.where(is_slip, np.where(is_same_date, of_same_date, SLIP_BITS), 0)
    bits[~is_slip & (count > NEAR_DIGITS_MAX)] = FAR_BITS
    bits[are_good & (~is_slip | is_other_date)] = TWO_GOOD_NIKS_BITS
    bits[(a.nik[pairs[0]] == NOBODY) | (b.nik[pairs[1]] == NOBODY)] = 0
    return bits


_OTHER_DATES = (DATE_BITS[DateLink.SLIP], DATE_BITS[DateLink.OTHER])


def _named_alike(
    a: _Columns, b: _Columns, parts: Sequence[Weighed], width: int, names: _Names
) -> list[tuple[int, int]]:
    """Pairs of one NIK, and of the others those whose names and the best house may make LIKELY; each pair once, in rising
    order, and every two names compared once.
    """
    if not parts:
        return []
    one, other, weights = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    _, first = np.unique(one * width + other, return_index=True)
    i, j, bits = one[first], other[first], weights[first]
    pairs, place = np.unique(a.name[i] * len(names.keys) + b.name[j], return_inverse=True)
    keys = np.array(list(names.keys), dtype=object)
    left, right = np.divmod(pairs, len(names.keys))
    likeness = cpdist(
        keys[left],
        keys[right],
        scorer=JaroWinkler.normalized_similarity,
        score_cutoff=LOOSE_NAME_MIN,
        dtype=np.float64,
        workers=THREADS,
    )
    is_alike = (likeness >= LOOSE_NAME_MIN) & (left != 0) & (right != 0)
    name = np.where(is_alike, np.fromiter(map(name_bits, likeness.tolist()), np.int64, len(pairs)), -_ENOUGH)
    kept = (bits == _ENOUGH) | (bits + name[place] + HOUSE_BITS_MAX >= LIKELY_MIN)
    return list(zip(i[kept].tolist(), j[kept].tolist(), strict=True))
