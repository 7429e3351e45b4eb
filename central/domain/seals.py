"""The answer on a letter's seal that anybody shows, by what the centre itself knows. Pure.

What a seal is and when it holds says `protocol/seal`; here are the key list and the revocations as they are handed out, so
that a browser can answer by itself when the network is gone.
"""

from collections.abc import Callable

from msgspec import Struct

from protocol import seal
from protocol.seal import Damaged, Seal, SealKey, Standing

DAYS_MAX = 7
"""How old the list may be by which a letter is called valid; as at the villages' counters."""


class SealList(Struct, frozen=True):
    """Everything a letter is checked by: keys by id, the (village, letter) pairs that are void, and as of when (ms)."""

    keys: dict[bytes, SealKey]
    revoked: frozenset[tuple[str, bytes]]
    as_of_ms: int


class Checked(Struct, frozen=True):
    """`seal` only where its signature holds: nothing else of it may be believed."""

    standing: Standing
    seal: Seal | None = None


def check(text: str, known: SealList, today_day: int, verify: Callable[[bytes, bytes, bytes], bool]) -> Checked:
    """`today_day`: days since 1970 in WIB; `verify`: (public key, message, signature)."""
    try:
        sealed = seal.read(text)
        key = known.keys.get(sealed.key_id)
        if key is None:
            return Checked(Standing.UNKNOWN_KEY)
        said = seal.open_sealed(sealed, key.public_key, verify)
    except Damaged:
        return Checked(Standing.DAMAGED)
    is_revoked = (said.village, said.letter) in known.revoked
    today = seal.day_of(today_day)
    standing = seal.judge(said, key, is_revoked=is_revoked, list_age_days=0, days_max=DAYS_MAX, today=today)
    return Checked(standing, None if standing is Standing.UNKNOWN_KEY else said)
