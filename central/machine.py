"""The centre's clock and chance, and the list of revoked machines that lies outside the database."""

import os
import secrets
import time
from pathlib import Path


class MachineClock:
    """`Clock` of a running centre."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def random(self, size: int) -> bytes:
        return secrets.token_bytes(size)


class RevocationFile:
    """One line a machine: village and serial. Only ever grows; a restored database cannot bring a machine back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = set(self._read())

    def _read(self) -> list[tuple[str, int]]:
        try:
            lines = self._path.read_text("ascii").splitlines()
        except FileNotFoundError:
            return []
        pairs = (line.split() for line in lines if line.strip())
        return [(village, int(serial)) for village, serial in pairs]

    def is_revoked(self, village: str, serial: int) -> bool:
        return (village, serial) in self._known

    def add(self, village: str, serial: int) -> None:
        """On disk when this returns."""
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, f"{village} {serial}\n".encode("ascii"))
            os.fsync(file)
        finally:
            os.close(file)
        self._known.add((village, serial))
