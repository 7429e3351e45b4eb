"""Slows down guessing of passwords, and never shuts anybody out for good.

Failures are counted per login name and source, and more leniently per login name alone (an attacker may have many
addresses, but must not be able to keep a village's only clerk out: that wait stays short). Names that do not exist are
counted alike. An attempt is counted BEFORE its password is checked, so fifty at once do not get fifty guesses.
"""

import hashlib
from dataclasses import dataclass

from chassis.database import Connection

FREE_FAILURES_PER_SOURCE = 4  # a tired clerk with caps lock on
FREE_FAILURES_PER_LOGIN = 20
WAIT_SECONDS_MAX_PER_SOURCE = 300
WAIT_SECONDS_MAX_PER_LOGIN = 10
FORGOTTEN_AFTER_MS = 24 * 3600 * 1000
BUCKETS_MAX = 20_000  # invented names must not fill the disk: beyond this the oldest are forgotten


@dataclass(frozen=True)
class _Bucket:
    digest: bytes
    free_failures: int
    wait_seconds_max: int

    def wait_ms(self, failures: int) -> int:
        """1, 2, 4, 8… seconds after the free ones."""
        excess = failures - self.free_failures
        return 0 if excess <= 0 else min(2 ** min(excess - 1, 30), self.wait_seconds_max) * 1000


async def begin_attempt(connection: Connection, login: str, source: str, now_ms: int) -> int:
    """Counts an attempt; 0 when it may go on, else the seconds to wait (then nothing was counted)."""
    buckets = _buckets(login, source)
    waits = [await _remaining_ms(connection, bucket, now_ms) for bucket in buckets]
    if any(waits):
        return -(-max(waits) // 1000)
    for bucket in buckets:
        await _count(connection, bucket, now_ms)
    await _forget(connection, now_ms)
    return 0


async def forgive(connection: Connection, login: str, source: str) -> None:
    """After a success."""
    for bucket in _buckets(login, source):
        await connection.execute("DELETE FROM login_throttle WHERE bucket = $1", bucket.digest)


def _buckets(login: str, source: str) -> tuple[_Bucket, _Bucket]:
    per_source = hashlib.sha256(f"{login}\0{source}".encode("utf-8", "replace")).digest()
    per_login = hashlib.sha256(f"{login}\0".encode("utf-8", "replace")).digest()
    return (
        _Bucket(per_source, FREE_FAILURES_PER_SOURCE, WAIT_SECONDS_MAX_PER_SOURCE),
        _Bucket(per_login, FREE_FAILURES_PER_LOGIN, WAIT_SECONDS_MAX_PER_LOGIN),
    )


async def _remaining_ms(connection: Connection, bucket: _Bucket, now_ms: int) -> int:
    until_ms = await connection.fetch_value(
        "SELECT blocked_until_ms FROM login_throttle WHERE bucket = $1", bucket.digest
    )
    remaining = 0 if until_ms is None else until_ms - now_ms
    # A longer wait than we ever impose means that the clock was set back: do not let that lock anybody out.
    return remaining if 0 < remaining <= bucket.wait_seconds_max * 1000 else 0


async def _count(connection: Connection, bucket: _Bucket, now_ms: int) -> None:
    failures = 1 + (
        await connection.fetch_value("SELECT failures FROM login_throttle WHERE bucket = $1", bucket.digest) or 0
    )
    await connection.execute(
        "INSERT INTO login_throttle (bucket, failures, failed_ms, blocked_until_ms) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (bucket) DO UPDATE SET failures = $2, failed_ms = $3, blocked_until_ms = $4",
        bucket.digest,
        failures,
        now_ms,
        now_ms + bucket.wait_ms(failures),
    )


async def _forget(connection: Connection, now_ms: int) -> None:
    await connection.execute("DELETE FROM login_throttle WHERE failed_ms < $1", now_ms - FORGOTTEN_AFTER_MS)
    excess = await connection.fetch_value("SELECT count(*) - $1 FROM login_throttle", BUCKETS_MAX)
    if excess > 0:
        await connection.execute(
            "DELETE FROM login_throttle WHERE bucket IN"
            " (SELECT bucket FROM login_throttle ORDER BY failed_ms LIMIT $1)",
            excess,
        )
