"""The receipt code of a proposal: what a resident keeps on paper and asks with later, in the village or at the regency.

Ten characters (50 bits of the record id) and a check character, in an alphabet without I, L, O and U, so that it can be
read over a telephone; one wrong character (but Z for 0) or two swapped ones are noticed. It names a record and proves
nothing about who asks.
"""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's."""
CHARACTERS = 10
_BITS = 5 * CHARACTERS
_PRIME = 31
"""The largest prime below 32: unlike 32 itself it also tells swapped neighbours apart."""
_READ_AS = str.maketrans("OIL", "011")


def receipt_code(record_id: bytes) -> str:
    """`7K3Q-XM2D-9RD`."""
    number = int.from_bytes(record_id[:8], "big") >> (64 - _BITS)
    text = "".join(ALPHABET[number >> shift & 31] for shift in range(_BITS - 5, -1, -5))
    text += _check(text)
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


def parse_receipt_code(typed: str) -> tuple[bytes, bytes] | None:
    """The first and last record id (16 bytes) that a code may mean; None where it cannot be one."""
    text = "".join(typed.upper().split()).replace("-", "").translate(_READ_AS)
    if len(text) != CHARACTERS + 1 or any(each not in ALPHABET for each in text) or _check(text[:-1]) != text[-1]:
        return None
    number = 0
    for each in text[:-1]:
        number = number << 5 | ALPHABET.index(each)
    low = number << (128 - _BITS)
    return low.to_bytes(16, "big"), (low + (1 << (128 - _BITS)) - 1).to_bytes(16, "big")


def _check(text: str) -> str:
    return ALPHABET[sum((place + 1) * ALPHABET.index(each) for place, each in enumerate(text)) % _PRIME]
