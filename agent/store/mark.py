"""The mark file: what a clerk was last told, kept outside the database, so that a restored database cannot hide its age.

Two slots, written in turn, each with a counter and a checksum; a torn write spoils one and the other still stands.
Written and fsynced after every commit and before the clerk hears "terbit". Never part of a backup.
"""

import os
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from protocol.codec import pack, unpack
from protocol.errors import ProtocolError
from protocol.messages import Mark

SLOT_BYTES = 64 * 1024
"""Room for the highest numbers of some thousand series and years."""
_HEAD_BYTES = 8 + 4 + 32


class MarkKeeper(Protocol):
    """A place for the mark: a file in a running box, memory in the simulator."""

    def read(self) -> Mark | None: ...

    def write(self, mark: Mark) -> None:
        """On disk when this returns. Raises OSError: treat as a crash."""


class MarkFile:
    """The mark on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counter = 0
        self._file: int | None = None

    def read(self) -> Mark | None:
        """The newer readable slot; None when there is no file or neither slot is whole."""
        found = sorted(self._slots(), key=lambda slot: slot[0])
        if not found:
            return None
        self._counter, mark = found[-1]
        return mark

    def _slots(self) -> list[tuple[int, Mark]]:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return []
        slots = (read_slot(raw[at : at + SLOT_BYTES]) for at in (0, SLOT_BYTES))
        return [slot for slot in slots if slot is not None]

    def write(self, mark: Mark) -> None:
        if self._file is None:
            self._file = self._open()
        self._counter += 1
        os.pwrite(self._file, write_slot(self._counter, mark), SLOT_BYTES * (self._counter % 2))
        os.fdatasync(self._file)

    def _open(self) -> int:
        """Opens, and makes both slots exist on disk first, so that later writes change no file length."""
        is_new = not self._path.exists()
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if is_new:
            os.ftruncate(file, 2 * SLOT_BYTES)
            os.fsync(file)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(folder)
            os.close(folder)
        return file

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def write_slot(counter: int, mark: Mark) -> bytes:
    payload = pack(mark)
    if len(payload) + _HEAD_BYTES > SLOT_BYTES:
        raise OSError("the mark has outgrown its slot")
    head = counter.to_bytes(8, "big") + len(payload).to_bytes(4, "big")
    return head + sha256(head + payload).digest() + payload


def read_slot(raw: bytes) -> tuple[int, Mark] | None:
    if len(raw) < _HEAD_BYTES:
        return None
    head, length = raw[:12], int.from_bytes(raw[8:12], "big")
    payload = raw[_HEAD_BYTES : _HEAD_BYTES + length]
    if sha256(head + payload).digest() != raw[12:_HEAD_BYTES]:
        return None
    try:
        return int.from_bytes(raw[:8], "big"), unpack(payload, Mark)
    except ProtocolError:
        return None
