"""Which records are worth comparing with a person: those that share a block. Pure, in memory.

What it is for: one person against hundreds of thousands costs microseconds, not a look at each of them.
What it must never do: let a huge block pass in silence. A block of more than BLOCK_MAX records (a placeholder date, a NIK
that a whole list carries) is not walked; `Candidates.skipped` names its kind, and whoever asked does not know what is in
it. A person's other blocks are walked all the same, and two records of one person nearly always share several.
Place in the flow: `keys` defines the blocks; `Index` answers for one person, `whole_lists` joins two lists by the same keys.
"""

import enum
import itertools
from collections.abc import Hashable, Iterable, Iterator

from msgspec import Struct

from central.domain.matching import Person, is_weak, match_nik
from protocol.ids import Sex, is_placeholder

BLOCK_MAX = 1_000
"""Records of one block that are still compared one by one: a few milliseconds. The greatest honest blocks, a common name
with a year of birth, have some hundreds in 300,000 records."""

SOUND_LENGTH = 5
"""Letters of a name that are its beginning as it sounds: the first, then consonants."""
_FAINT = str.maketrans("", "", "AEIOUYJWH")


class Block(enum.Enum):
    """What two records of one block have in common."""

    NIK = "nik"
    MASKED_NIK = "masked_nik"  # all digits but one
    KK = "kk"
    BIRTH = "birth"  # birth date and sex
    NAME = "name"  # beginning of the name as it sounds, and year of birth
    DOOR = "door"  # village, RT, RW and name


def name_sound(name_key: str) -> str:
    """The beginning of a name key without what is written or left out: vowels, Y or J, H, W. Empty for no name."""
    return (name_key[:1] + name_key[1:].translate(_FAINT))[:SOUND_LENGTH]


def digits_of(person: Person) -> str:
    """The sixteen digits a NIK is sought by, also those that are no NIK; empty where there are none."""
    return match_nik(person.nik) or person.broken_nik


def keys(person: Person) -> Iterator[tuple[Block, Hashable]]:
    """Every block this person is in, but those of a NIK with one digit masked: there are sixteen (`near_niks`)."""
    digits, born = digits_of(person), person.birth_date
    if digits:
        yield Block.NIK, digits
    for kk in person.kks:
        if not is_placeholder(kk):
            yield Block.KK, kk
    if born is not None and person.sex is not None and not is_weak(born):
        yield Block.BIRTH, (born, person.sex is Sex.MALE)
    if born is not None and person.name_key:
        yield Block.NAME, (name_sound(person.name_key), born.year)
    if person.village is not None and person.rt and person.rw and person.name_key:
        yield Block.DOOR, (person.village, person.rt, person.rw, person.name_key)


def near_niks(digits: str) -> Iterator[str]:
    """The 144 numbers that differ from this one in one digit: who is found by all digits but one."""
    for at, own in enumerate(digits):
        for digit in "0123456789":
            if digit != own:
                yield digits[:at] + digit + digits[at + 1 :]


class Candidates(Struct, frozen=True):
    """Numbers of records, rising, each once; and the kinds of the blocks that were too big to be walked."""

    numbers: tuple[int, ...]
    skipped: tuple[Block, ...]


class Index:
    """Records by block. They go by the number of their place among those put in. A NIK is kept once and asked for 145 times:
    keys with a digit masked would be sixteen for every record.
    """

    def __init__(self, persons: Iterable[Person] = ()) -> None:
        self._blocks: dict[Block, dict[Hashable, list[int]]] = {block: {} for block in Block}
        self._next = itertools.count()
        for person in persons:
            self.add(person)

    def add(self, person: Person) -> int:
        number = next(self._next)
        for block, key in keys(person):
            self._blocks[block].setdefault(key, []).append(number)
        return number

    def candidates(self, person: Person) -> Candidates:
        found: set[int] = set()
        skipped: dict[Block, None] = {}
        for block, records in self._walked(person):
            if len(records) <= BLOCK_MAX:
                found.update(records)
            else:
                skipped[block] = None
        return Candidates(tuple(sorted(found)), tuple(skipped))

    def _walked(self, person: Person) -> Iterator[tuple[Block, list[int]]]:
        for block, key in keys(person):
            yield block, self._blocks[block].get(key, [])
        by_nik = self._blocks[Block.NIK]
        for nik in near_niks(digits_of(person)):
            if nik in by_nik:
                yield Block.MASKED_NIK, by_nik[nik]
