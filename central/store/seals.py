"""What every village must know to check a letter's seal: the key list, the revoked letters, and as of when that is complete.

All of it stands on the regency's feed and nowhere else. Place in the flow: enrolment, revocation and tabulation publish
here, in their own transactions; `central/seals` dates the list.
"""

from collections.abc import Callable, Iterable, Sequence

from central.domain.seals import SealList
from central.store import feeds
from central.store.boxes import Box
from chassis.database import Connection
from protocol.codec import pack, unpack
from protocol.feed import (
    REGENCY,
    LetterRevoked,
    Revocations,
    VillageKey,
    revocation_key,
    revocations_message,
)
from protocol.seal import SealKey, day_of, key_id

DATED = b"revocations"
_KEY = b"key:"
_VOID = b"void:"
_WIB_MS, _DAY_MS = 7 * 3_600_000, 86_400_000


async def publish_keys(
    connection: Connection, machines: Iterable[Box], is_revoked: Callable[[str, int], bool], now_ms: int
) -> None:
    """Say of each machine's key what the list lacks: that there is one, or that it was revoked (now)."""
    news = []
    for box in machines:
        key = _KEY + key_id(box.public_key)
        said = await feeds.current(connection, REGENCY, key)
        former = None if said is None else unpack(said, VillageKey)
        is_shut_out = box.state == "revoked" or is_revoked(box.village, box.serial)
        was_revoked_ms = None if former is None else former.revoked_ms
        if former is None or (is_shut_out and was_revoked_ms is None):
            revoked_ms = now_ms if is_shut_out else None
            value = VillageKey(box.village, box.serial, box.public_key, box.enrolled_ms, revoked_ms)
            news.append(feeds.Publication("village_key", key, pack(value), critical=False))
    await feeds.publish(connection, REGENCY, news, now_ms)


async def publish_revoked(
    connection: Connection, village: str, letters: Sequence[tuple[bytes, int]], now_ms: int
) -> None:
    """Letters that their village declared void, and when by its own clock."""
    news = {
        letter: feeds.Publication(
            "letter_revoked",
            revocation_key(village, letter),
            pack(LetterRevoked(village, letter, at_ms)),
            critical=False,
        )
        for letter, at_ms in letters
    }
    await feeds.publish(connection, REGENCY, list(news.values()), now_ms)


async def publish_dated(
    connection: Connection, sign: Callable[[bytes], bytes], now_ms: int, *, older_than_ms: int
) -> bool:
    """Sign what the regency's feed says as complete up to now, unless that was done since `older_than_ms`."""
    said = await feeds.current(connection, REGENCY, DATED)
    if said is not None and older_than_ms < unpack(said, Revocations).as_of_ms <= now_ms:
        return False
    seq, digest = await feeds.head(connection, REGENCY)
    value = Revocations(seq, digest, now_ms, sign(revocations_message(seq, digest, now_ms)))
    await feeds.publish(
        connection, REGENCY, [feeds.Publication("revocations", DATED, pack(value), critical=False)], now_ms
    )
    return True


async def known(connection: Connection, now_ms: int) -> SealList:
    """What the centre itself checks a letter by, now."""
    keys = [unpack(item.value, VillageKey) for item in await feeds.under(connection, REGENCY, _KEY)]
    voided = [unpack(item.value, LetterRevoked) for item in await feeds.under(connection, REGENCY, _VOID)]
    return SealList(
        {key_id(each.public_key): _seal_key(each) for each in keys},
        frozenset((each.village, each.letter) for each in voided),
        now_ms,
    )


def _seal_key(said: VillageKey) -> SealKey:
    revoked_on = None if said.revoked_ms is None else day_of((said.revoked_ms + _WIB_MS) // _DAY_MS)
    return SealKey(said.village, said.public_key, revoked_on)
