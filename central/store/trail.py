"""What people did at the centre: each row carries the hash of the one before, so that none can be taken out unseen."""

from hashlib import sha256

from chassis.database import Connection

_TRAIL = b"kampung/trail/1"


async def record(connection: Connection, *, at_ms: int, actor: str, action: str, subject: str) -> None:
    """`subject` is a code or an id of ours, never a person's number or name."""
    row = await connection.fetch_one("SELECT seq, hash FROM audit_trail ORDER BY seq DESC LIMIT 1")
    seq, before = (row[0] + 1, row[1]) if row else (1, bytes(32))
    await connection.execute(
        "INSERT INTO audit_trail (seq, at_ms, actor, action, subject, hash) VALUES ($1, $2, $3, $4, $5, $6)",
        seq,
        at_ms,
        actor,
        action,
        subject,
        _hash(before, seq, at_ms, (actor, action, subject)),
    )


async def check(connection: Connection) -> list[str]:
    """Where the chain breaks; empty when it is whole."""
    before = bytes(32)
    rows = await connection.fetch_all("SELECT seq, at_ms, actor, action, subject, hash FROM audit_trail ORDER BY seq")
    for n, row in enumerate(rows, start=1):
        if row[0] != n or row[5] != _hash(before, row[0], row[1], (row[2], row[3], row[4])):
            return [f"audit trail: broken at entry {n}"]
        before = row[5]
    return []


def _hash(before: bytes, seq: int, at_ms: int, words: tuple[str, str, str]) -> bytes:
    parts = [seq.to_bytes(8, "big"), at_ms.to_bytes(8, "big", signed=True)]
    parts += [len(word.encode()).to_bytes(4, "big") + word.encode() for word in words]
    return sha256(_TRAIL + before + b"".join(parts)).digest()
