"""The receipt code of a proposal: what a resident keeps on paper and asks with later, in the village or at the regency.

Ten characters (50 bits of the record id) and a check character, in an alphabet without I, L, O and U, so that it can be
read over a telephone; one wrong character (but Z for 0) or two swapped ones are noticed. It names a record and proves
nothing about who asks. That does the PIN, which somebody gets at the counter after showing who they are: eight digits.
"""

from hashlib import sha256

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's."""
CHARACTERS = 10
_BITS = 5 * CHARACTERS
_PRIME = 31
"""The largest prime below 32: unlike 32 itself it also tells swapped neighbours apart."""
_READ_AS = str.maketrans("OIL", "011")

PIN_DIGITS = 8
_PIN = b"kampung/status-pin/1"


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


def make_pin(chance: bytes) -> str:
    """`4821-0937`, from eight random bytes."""
    digits = f"{int.from_bytes(chance, 'big') % 10**PIN_DIGITS:0{PIN_DIGITS}}"
    return f"{digits[:4]}-{digits[4:]}"


def parse_pin(typed: str) -> str | None:
    """The digits of a PIN as typed, grouped or not; None where it cannot be one."""
    digits = "".join(typed.split()).replace("-", "")
    return digits if len(digits) == PIN_DIGITS and digits.isascii() and digits.isdigit() else None


def pin_verifier(salt: bytes, proposal: bytes, digits: str) -> bytes:
    """What tells a right PIN from a wrong one: 32 bytes. `salt`: 16 bytes; `digits`: see `parse_pin`."""
    return sha256(_PIN + salt + proposal + digits.encode("ascii")).digest()


def _check(text: str) -> str:
    return ALPHABET[sum((place + 1) * ALPHABET.index(each) for place, each in enumerate(text)) % _PRIME]
