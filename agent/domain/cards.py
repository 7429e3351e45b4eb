"""The number that a reader types when an e-KTP is held to it: what may be one, and the digest by which it is known again.

The number is the chip's own, says nothing of the person, and cannot be read from the chip's protected part; it is a key to
the kiosk all the same, so only its digest is ever kept.
"""

import re
from hashlib import sha256

from agent.domain.fields import Fault
from language import say

LENGTH_MIN = 6
LENGTH_MAX = 14
"""Readers type the chip's 4 or 7 bytes as 8 or 14 hexadecimal digits, or 4 bytes as up to 10 decimal ones."""

_NUMBER = re.compile(rf"[0-9A-F]{{{LENGTH_MIN},{LENGTH_MAX}}}")


def check_card(raw: str) -> str | Fault:
    """The number as its reader typed it, in capitals and without the blanks and colons that some readers put in."""
    number = "".join(raw.split()).replace(":", "").upper()
    if _NUMBER.fullmatch(number):
        return number
    if not number:
        return Fault("required", say("tempelkan KTP-el pada pembaca kartu."))
    return Fault(
        "no_card", say("itu bukan nomor dari pembaca kartu. Kosongkan isian, lalu tempelkan KTP-el pada pembaca.")
    )


def card_digest(number: str) -> bytes:
    """What is kept of a checked number (32 bytes)."""
    return sha256(b"kampung/card/1" + number.encode("ascii")).digest()
