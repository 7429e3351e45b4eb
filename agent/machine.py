"""The clocks and the chance of a real machine, and the numbers it reports about itself."""

import os
import secrets
import time
from pathlib import Path

import msgspec


class MachineStamper:
    """`Stamper` of a running box. `boot_id` is drawn once per process: mono_ms counts from one start to the next."""

    def __init__(self) -> None:
        self.boot_id = secrets.token_bytes(8)

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def mono_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def random(self, size: int) -> bytes:
        return secrets.token_bytes(size)


class DiskRoom(msgspec.Struct, frozen=True):
    """Free and total bytes of the disk that holds the data."""

    free: int
    total: int

    @property
    def free_ppm(self) -> int:
        """Parts per million, so that health numbers stay whole."""
        return self.free * 1_000_000 // max(self.total, 1)


def disk_room(folder: Path) -> DiskRoom:
    """Free and total bytes of the disk that holds the data."""
    found = os.statvfs(folder)
    return DiskRoom(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
