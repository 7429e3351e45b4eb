"""Seals in the village's database: what a letter's needs to be made, and what checking a shown one rests on.

Keys, revocations and their date are read from the regency's feed as it was stored; nothing is asked over the network.
"""

from typing import TypeVar

from agent.domain.numbering import date_wib
from agent.domain.seals import Answer, Trust
from chassis.database import Connection
from protocol import ops, seal
from protocol.codec import Message, unpack
from protocol.errors import ProtocolError
from protocol.feed import REGENCY, LetterRevoked, Revocations, VillageKey, revocation_key, revocations_message
from protocol.seal import Damaged, SealKey, Standing

DAY_MS = 86_400_000

M = TypeVar("M", bound=Message)


async def salt_of(connection: Connection, letter_id: bytes) -> bytes | None:
    """The salt of a letter's record; None where the letter was printed before there were seals."""
    row = await connection.fetch_one(
        "SELECT op.header, op.body FROM letter JOIN op ON op.log = letter.log AND op.seq = letter.seq"
        " LEFT JOIN unsealed ON unsealed.log = letter.log"
        " WHERE letter.id = $1 AND letter.seq > coalesce(unsealed.upto_seq, 0)",
        letter_id,
    )
    return None if row is None else ops.read_body(ops.read_header(row[0]), row[1]).salt


async def check(connection: Connection, text: str, trust: Trust, *, now_ms: int, days_max: int) -> Answer:
    """The answer on a text as scanned or pasted. `days_max`: how old the revocation list may be."""
    as_of_ms = await list_as_of(connection, trust)
    try:
        sealed = seal.read(text)
        key = await _key(connection, sealed.key_id, trust.own_key)
        if key is None:
            return Answer(standing=Standing.UNKNOWN_KEY, list_as_of_ms=as_of_ms)
        said = seal.open_sealed(sealed, key.public_key, trust.verify)
    except Damaged:
        return Answer(standing=Standing.DAMAGED, list_as_of_ms=as_of_ms)
    is_revoked, revoked_ms = await _revocation(connection, said.village, said.letter)
    standing = seal.judge(
        said,
        key,
        is_revoked=is_revoked,
        list_age_days=None if as_of_ms is None else max(0, now_ms - as_of_ms) // DAY_MS,
        days_max=days_max,
        today=date_wib(now_ms),
    )
    return Answer(
        standing=standing,
        seal=None if standing is Standing.UNKNOWN_KEY else said,
        revoked_ms=revoked_ms,
        is_key_revoked=standing is Standing.REVOKED and not is_revoked,
        list_as_of_ms=as_of_ms,
    )


async def list_as_of(connection: Connection, trust: Trust) -> int | None:
    """Up to when keys and revocations are complete, by the regency's signed word; None where it has not spoken."""
    dated = _read(await _said(connection, b"revocations"), Revocations)
    if dated is None:
        return None
    message = revocations_message(dated.seq, dated.digest, dated.as_of_ms)
    return dated.as_of_ms if trust.verify(trust.central_key, message, dated.signature) else None


async def _key(connection: Connection, key_id: bytes, own_key: SealKey | None) -> SealKey | None:
    value = await _said(connection, b"key:" + key_id)
    if value is None:
        return own_key if own_key is not None and seal.key_id(own_key.public_key) == key_id else None
    said = _read(value, VillageKey)
    if said is None:
        return None
    return SealKey(said.village, said.public_key, None if said.revoked_ms is None else date_wib(said.revoked_ms))


async def _revocation(connection: Connection, village: str, letter: bytes) -> tuple[bool, int | None]:
    """Is it revoked, and when. An own letter is known to be void before the regency has heard of it."""
    voided_ms: int | None = await connection.fetch_value(
        "SELECT voided_ms FROM letter, box WHERE letter.id = $1 AND box.village = $2", letter, village
    )
    if voided_ms is not None:
        return True, voided_ms
    value = await _said(connection, revocation_key(village, letter))
    said = _read(value, LetterRevoked)
    # one that cannot be read revokes all the same: its key says which letter
    return value is not None, None if said is None else said.revoked_ms


async def _said(connection: Connection, key: bytes) -> bytes | None:
    value: bytes | None = await connection.fetch_value(
        "SELECT value FROM feed_state WHERE feed = $1 AND key = $2", REGENCY, key
    )
    return value


def _read(value: bytes | None, kind: type[M]) -> M | None:
    """None also for what an older program stored without being able to read it."""
    try:
        return None if value is None else unpack(value, kind)
    except ProtocolError:
        return None
