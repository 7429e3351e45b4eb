"""Ed25519 keys: made, kept in a file that only the service may read, signing and verifying (RFC 8032, through libsodium).

Place in the flow: programs pass `Key.sign` and `verify` to code that must not know where keys come from.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from nacl.exceptions import BadSignatureError, CryptoError
from nacl.public import SealedBox
from nacl.signing import SigningKey, VerifyKey

SEED_BYTES = 32


class KeyRefused(Exception):
    """The key file is missing, damaged or readable by others; the message names the cure."""


@dataclass(frozen=True)
class Key:
    """A private key. Never printed."""

    _key: SigningKey

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        return cls(SigningKey(seed))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises KeyRefused."""
        try:
            mode = path.stat().st_mode
            seed = path.read_bytes()
        except OSError as error:
            raise KeyRefused(f"cannot read the key {path}: {error.strerror}") from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyRefused(f"the key {path} is readable by others: chmod 600 {path}")
        if len(seed) != SEED_BYTES:
            raise KeyRefused(f"the key {path} is damaged: {len(seed)} bytes instead of {SEED_BYTES}")
        return cls.from_seed(seed)

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new key in a new file, on disk before this returns. Raises FileExistsError: never overwrites a key."""
        seed = os.urandom(SEED_BYTES)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, seed)
            os.fsync(file)
        finally:
            os.close(file)
        return cls.from_seed(seed)

    @property
    def public(self) -> bytes:
        return bytes(self._key.verify_key)

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message).signature

    def unseal(self, sealed: bytes) -> bytes | None:
        """What somebody sealed to this key; None where it was not for this key, or is damaged."""
        try:
            return SealedBox(self._key.to_curve25519_private_key()).decrypt(sealed)
        except (CryptoError, ValueError):
            return None

    def __repr__(self) -> str:
        return "Key(…)"


def seal(public: bytes, message: bytes) -> bytes | None:
    """A message that only the holder of this key can read; None where the key is none (all bytes are not)."""
    try:
        return SealedBox(VerifyKey(public).to_curve25519_public_key()).encrypt(message)
    except (CryptoError, ValueError, RuntimeError):
        return None


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Is the signature the key holder's? False for a key or signature of any wrong form as well."""
    try:
        VerifyKey(public).verify(message, signature)
    except (BadSignatureError, ValueError, TypeError):
        return False
    return True
