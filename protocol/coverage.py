"""The offline coverage set: who is in a list, so that a village can ask without holding the list.

A set stands for one imported list, scheme, component and span of months. Each person (NIK) and household (KK) in it is
an HMAC-SHA-256 under a random key of the month; the digests are cut to 16 bits of certainty, sorted, and the gaps
between them Rice-coded, about 18 bits each. A set is cut into parts by the first half of the digest, so that a look-up
decodes one part. A hit is therefore "possibly covered": of 65,536 strangers one is taken for somebody in the set.

Must never be read as a decision. Place in the flow: `central/domain/coverage_sets` makes sets, the feeds carry them,
`agent/store/coverage` asks them.
"""

import hmac
from collections.abc import Iterable
from hashlib import sha256

from protocol.feed import CoveragePart
from protocol.schemes import Unit

KEY_BYTES = 32
CERTAINTY_BITS = 16
"""A stranger is taken for somebody in a set once in 2^16 look-ups."""
PART_KEYS = 512
"""Digests in a part, on average: 1.2 KB on the wire, and a fifth of a millisecond to look into."""
PARTS_MAX = 4_096
"""Two million digests in parts of that size: all families of the regency in one list are half a million."""

_SET = b"kampung/coverage-set/1"
_TAGS = {Unit.PERSON: b"p", Unit.HOUSEHOLD: b"h"}
_WORD = 64


def set_id(source: bytes, scheme: str, component: str, first: int, until: int) -> bytes:
    """Names a set: sixteen bytes from the digest (32 bytes) of the list's file and what it is about."""
    about = "\0".join((scheme, component, str(first), str(until)))
    return sha256(_SET + source + about.encode()).digest()[:16]


def list_key(name: bytes) -> bytes:
    """The feed key of a set's heading."""
    return b"coverage_list:" + name


def part_key(name: bytes, part: int) -> bytes:
    """The feed key of one of its parts."""
    return b"coverage_part:" + name + part.to_bytes(2, "big")


def digest(key: bytes, name: bytes, unit: Unit, number: str) -> bytes:
    """A person's NIK or a household's KK as it stands in one set; in two sets it looks different."""
    return hmac.digest(key, name + _TAGS[unit] + number.encode("ascii"), "sha256")


def part_count(digests: int) -> int:
    return min(PARTS_MAX, -(-digests // PART_KEYS))


def part_of(found: bytes, parts: int) -> int:
    """Which of a set's parts a digest belongs to."""
    return int.from_bytes(found[:8], "big") * parts >> _WORD


def _place(found: bytes, count: int) -> int:
    return int.from_bytes(found[8:16], "big") * (count << CERTAINTY_BITS) >> _WORD


def cut(key_id: bytes, name: bytes, digests: Iterable[bytes]) -> list[CoveragePart]:
    """All parts of a set, in order; the same digests in any order give the same bytes."""
    whole = set(digests)
    parts = part_count(len(whole))
    sorted_in: list[list[bytes]] = [[] for _ in range(parts)]
    for found in whole:
        sorted_in[part_of(found, parts)].append(found)
    return [
        CoveragePart(name, key_id, number, len(inside), _encode(sorted(_place(d, len(inside)) for d in inside)))
        for number, inside in enumerate(sorted_in)
    ]


def is_in(part: CoveragePart, found: bytes) -> bool:
    """Is the digest in the part it belongs to? A part that is cut short says no for what it lost: the feed's digest
    has vouched for its bytes.
    """
    wanted, at = _place(found, part.count) if part.count else -1, 0
    bits = f"{int.from_bytes(part.gaps, 'big'):0{8 * len(part.gaps)}b}" if part.gaps else ""
    value = 0
    for _ in range(part.count):
        end = bits.find("0", at)
        if end < 0 or end + CERTAINTY_BITS >= len(bits):
            return False
        value += (end - at << CERTAINTY_BITS) + int(bits[end + 1 : end + 1 + CERTAINTY_BITS], 2)
        if value >= wanted:
            return value == wanted
        at = end + 1 + CERTAINTY_BITS
    return False


def _encode(places: Iterable[int]) -> bytes:
    """Each gap as its quotient in ones, a zero, and sixteen bits of remainder; zeros to the full byte."""
    bits, last = [], 0
    for place in places:
        gap, last = place - last, place
        bits.append("1" * (gap >> CERTAINTY_BITS) + "0" + f"{gap & 0xFFFF:016b}")
    text = "".join(bits)
    size = -(-len(text) // 8)
    return int(text.ljust(size * 8, "0") or "0", 2).to_bytes(size, "big")
