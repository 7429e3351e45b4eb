"""The seal: what the QR code on a letter says, signed by the server of the village that issued it.

`SK1:` and base45 (RFC 9285) of a COSE_Sign1 (RFC 9052) with EdDSA (RFC 8032). There is one way to write a seal: what is
read is put together again and must be the same to the byte, and nothing of the payload is decoded before its signature
holds. It carries no NIK and no whole name. NIK and words enter as tags under the salt of the letter's record, which never
leaves village and centre: nobody can try out all numbers against a photographed code, and an erased record ends the tie.

Pure: keys, lists and today's date come from the caller. Place in the flow: printing makes one, checking reads one.
"""

import hmac
import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

import base45
import cbor2
import msgspec
from msgspec import Meta

from protocol.ids import VillageCode, mask_name
from protocol.ops import Id

PREFIX = "SK1:"
KEY_ID_BYTES = 8
SEAL_BYTES_MAX = 512
"""The longest letter number and the longest masked name make some 350; an ordinary seal has 190."""
TEXT_LENGTH_MAX = len(PREFIX) + 3 * SEAL_BYTES_MAX // 2

_KEY_ID = b"kampung/seal-key/1"
_NIK = b"kampung/seal-nik/1"
_WORDS = b"kampung/seal-words/1"
_SIGNATURE_BYTES = 64
_NIK_TAG_BYTES = 8
_DIGEST_BYTES = 16
_COSE_SIGN1 = 18
_PROTECTED = b"\xa2\x01\x27\x04\x48"
"""{1: -8, 4: h'...'}: EdDSA, and the eight bytes of the key id that follow."""
_OPENING = b"\xd2\x84\x4d" + _PROTECTED
_LETTERS = re.compile(r"SK1:[0-9A-Z $%*+\-./:]+")
_EPOCH = date(1970, 1, 1)
_DAYS_MAX = (date.max - _EPOCH).days

_Days = Annotated[int, Meta(ge=0, le=_DAYS_MAX)]


def day_of(days: int) -> date:
    """The date that many days after 1970-01-01."""
    return _EPOCH + timedelta(days=days)


class Standing(StrEnum):
    """The six answers to "is this letter genuine?". The set is closed."""

    VALID = "sah"
    REVOKED = "dicabut"
    EXPIRED = "kedaluwarsa"
    UNKNOWN_KEY = "kunci tak dikenal"
    DAMAGED = "rusak"
    LIST_TOO_OLD = "daftar cabut terlalu lama"


class Seal(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a seal says of its letter, in the order of the payload. Dates are days since 1970-01-01."""

    letter: Id
    kind: Annotated[str, Meta(min_length=1, max_length=64)]
    number: Annotated[str, Meta(min_length=1, max_length=120)]
    village_number: Annotated[int, Meta(ge=10**9, lt=10**10)]
    issued_day: _Days
    valid_until_day: _Days | None
    masked_name: Annotated[str, Meta(max_length=64)]
    nik_tag: Annotated[bytes, Meta(min_length=_NIK_TAG_BYTES, max_length=_NIK_TAG_BYTES)]
    digest: Annotated[bytes, Meta(min_length=_DIGEST_BYTES, max_length=_DIGEST_BYTES)]

    @property
    def village(self) -> VillageCode:
        return VillageCode(str(self.village_number))

    @property
    def issued_on(self) -> date:
        return _EPOCH + timedelta(days=self.issued_day)

    @property
    def valid_until(self) -> date | None:
        return None if self.valid_until_day is None else _EPOCH + timedelta(days=self.valid_until_day)


class Sealed(msgspec.Struct, frozen=True):
    """A seal as it was read, before anybody knows whether its signature holds."""

    key_id: bytes
    payload: bytes
    signature: bytes


class SealKey(msgspec.Struct, frozen=True):
    """A key of the regency's list. `revoked_on`: letters of that day and later are not its village's any more."""

    village: str
    public_key: bytes
    revoked_on: date | None


class Damaged(ValueError):
    """The text is no seal, or not as it was printed."""


def make(
    *,
    letter: bytes,
    kind: str,
    number: str,
    village: str,
    issued_on: date,
    valid_until: date | None,
    name: str,
    nik: str,
    words: Iterable[str],
    salt: bytes,
) -> Seal:
    """The seal of a letter. `words`: everything that stands on its paper; `salt`: that of the letter's record."""
    return Seal(
        letter=letter,
        kind=kind,
        number=number,
        village_number=int(village),
        issued_day=(issued_on - _EPOCH).days,
        valid_until_day=None if valid_until is None else (valid_until - _EPOCH).days,
        masked_name=mask_name(name),
        nik_tag=nik_tag(salt, nik),
        digest=digest(salt, words),
    )


def nik_tag(salt: bytes, nik: str) -> bytes:
    """HMAC-SHA-256 under the record's salt, 8 bytes: says "this person" to whoever holds the record, else nothing."""
    return hmac.digest(salt, _NIK + nik.encode(), "sha256")[:_NIK_TAG_BYTES]


def digest(salt: bytes, words: Iterable[str]) -> bytes:
    """HMAC-SHA-256 under the record's salt, 16 bytes, over each text behind its length in bytes (4, big-endian)."""
    said = b"".join(len(text).to_bytes(4, "big") + text for text in (word.encode() for word in words))
    return hmac.digest(salt, _WORDS + said, "sha256")[:_DIGEST_BYTES]


def key_id(public_key: bytes) -> bytes:
    """The name of a key in a seal: the first eight bytes of a hash of it."""
    return sha256(_KEY_ID + public_key).digest()[:KEY_ID_BYTES]


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure of RFC 9052, 4.4, without external data. Begins like no other thing that a server signs."""
    return cbor2.dumps(["Signature1", protected, b"", payload])


def write(seal: Seal, public_key: bytes, sign: Callable[[bytes], bytes]) -> str:
    """The text of the QR code. The same seal and key give the same text."""
    key, payload = key_id(public_key), cbor2.dumps(msgspec.structs.astuple(seal))
    signature = sign(to_be_signed(_PROTECTED + key, payload))
    raw = _assemble(Sealed(key, payload, signature))
    if len(raw) > SEAL_BYTES_MAX:
        raise ValueError(f"a seal of {len(raw)} bytes fits no code that a telephone reads; at most {SEAL_BYTES_MAX}")
    return PREFIX + str(base45.b45encode(raw), "ascii")


def read(text: str) -> Sealed:
    """Take a seal apart, outer blanks and line ends apart. Raises Damaged. Proves nothing yet: see `open_sealed`."""
    # no base45 text ends in a blank: the highest digit of a pair or triple stops before the blank's value
    text = text.strip()
    if len(text) > TEXT_LENGTH_MAX or not _LETTERS.fullmatch(text):
        raise Damaged("not the letters of a seal")
    try:
        raw = base45.b45decode(text.removeprefix(PREFIX))
    except ValueError as error:
        raise Damaged("not base45") from error
    # the length of the payload takes one, two or three bytes; only one of them gives the same bytes again
    for start in (len(_OPENING) + KEY_ID_BYTES + 1 + size for size in (1, 2, 3)):
        kid = raw[len(_OPENING) : len(_OPENING) + KEY_ID_BYTES]
        sealed = Sealed(kid, raw[start : -_SIGNATURE_BYTES - 2], raw[-_SIGNATURE_BYTES:])
        if len(kid) == KEY_ID_BYTES and _assemble(sealed) == raw:
            return sealed
    raise Damaged("not the one form of a seal")


def open_sealed(sealed: Sealed, public_key: bytes, verify: Callable[[bytes, bytes, bytes], bool]) -> Seal:
    """What the key's holder said. `verify`: (public key, message, signature). Raises Damaged."""
    if not verify(public_key, to_be_signed(_PROTECTED + sealed.key_id, sealed.payload), sealed.signature):
        raise Damaged("the signature does not hold")
    try:
        seal = msgspec.convert(cbor2.loads(sealed.payload), Seal)
    except (cbor2.CBORDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise Damaged("signed, but no seal of this version") from error
    if cbor2.dumps(msgspec.structs.astuple(seal)) != sealed.payload:
        raise Damaged("signed, but not in its one form")
    return seal


def judge(
    seal: Seal, key: SealKey, *, is_revoked: bool, list_age_days: int | None, days_max: int, today: date
) -> Standing:
    """The answer on a seal whose signature holds. `list_age_days`: of the revocation list, None where there is none.

    What is certain comes first: a revoked letter is revoked however old the list is.
    """
    if key.village != seal.village:
        return Standing.UNKNOWN_KEY
    if is_revoked or (key.revoked_on is not None and seal.issued_on >= key.revoked_on):
        return Standing.REVOKED
    if seal.valid_until is not None and today > seal.valid_until:
        return Standing.EXPIRED
    if list_age_days is None or list_age_days > days_max:
        return Standing.LIST_TOO_OLD
    return Standing.VALID


def _assemble(sealed: Sealed) -> bytes:
    """The COSE_Sign1 with its tag, in canonical CBOR: the protected header is ours to the byte, the other one empty."""
    parts = [_PROTECTED + sealed.key_id, {}, sealed.payload, sealed.signature]
    return cbor2.dumps(cbor2.CBORTag(_COSE_SIGN1, parts))
