"""The villages' machines in the centre's database: enrolment tokens, keys, sessions, what they last reported.

Only this file writes `box`, `enrolment_token` and `centre`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from chassis.database import Connection, Row
from protocol.messages import Cursors


@dataclass(frozen=True, slots=True)
class Box:
    """One enrolled machine. `session` is None until it said hello; times in ms since 1970."""

    village: str
    serial: int
    public_key: bytes
    state: str
    fingerprint: bytes
    enrolled_ms: int
    nonce: bytes
    nonce_before: bytes
    is_session_used: bool
    session: bytes | None
    challenge: bytes
    clone_suspected_ms: int | None
    last_contact_ms: int | None
    last_append_ms: int | None
    clock_skew_ms: int
    software: str
    health: list[tuple[str, int]]
    cursors: tuple[int, int, int, int]


_COLUMNS = (
    "village, serial, public_key, state, fingerprint, enrolled_ms, nonce, nonce_before, is_session_used, session,"
    " challenge, clone_suspected_ms, last_contact_ms, last_append_ms, clock_skew_ms, software, health,"
    " village_stored, village_applied, regency_stored, regency_applied"
)


def _box(row: Row) -> Box:
    values = dict(zip(row.keys(), row, strict=True))
    values["cursors"] = tuple(
        values.pop(name) for name in ("village_stored", "village_applied", "regency_stored", "regency_applied")
    )
    values["is_session_used"] = bool(values["is_session_used"])
    values["health"] = msgspec.msgpack.decode(values["health"], type=list[tuple[str, int]])
    return Box(**values)


async def find(connection: Connection, village: str, serial: int) -> Box | None:
    row = await connection.fetch_one(f"SELECT {_COLUMNS} FROM box WHERE village = $1 AND serial = $2", village, serial)
    return None if row is None else _box(row)


async def newest(connection: Connection, village: str) -> Box | None:
    row = await connection.fetch_one(
        f"SELECT {_COLUMNS} FROM box WHERE village = $1 ORDER BY serial DESC LIMIT 1", village
    )
    return None if row is None else _box(row)


async def former(connection: Connection, box: Box) -> Box | None:
    """The machine whose place this one took."""
    row = await connection.fetch_one(
        f"SELECT {_COLUMNS} FROM box WHERE village = $1 AND serial < $2 ORDER BY serial DESC LIMIT 1",
        box.village,
        box.serial,
    )
    return None if row is None else _box(row)


async def of_session(connection: Connection, session: bytes) -> Box | None:
    row = await connection.fetch_one(f"SELECT {_COLUMNS} FROM box WHERE session = $1", session)
    return None if row is None else _box(row)


async def fleet(connection: Connection) -> list[Box]:
    """The machine in use of every enrolled village."""
    rows = await connection.fetch_all(
        f"SELECT {_COLUMNS} FROM box WHERE serial = (SELECT max(b.serial) FROM box b WHERE b.village = box.village)"
        " ORDER BY village"
    )
    return [_box(r) for r in rows]


async def all_boxes(connection: Connection) -> list[Box]:
    """Every machine that was ever enrolled."""
    return [_box(r) for r in await connection.fetch_all(f"SELECT {_COLUMNS} FROM box ORDER BY village, serial")]


async def count(connection: Connection) -> int:
    total: int = await connection.fetch_value("SELECT count(DISTINCT village) FROM box WHERE state = 'active'")
    return total


async def bought_with(connection: Connection, token_digest: bytes) -> Box | None:
    """The one machine that a used token was given for."""
    row = await connection.fetch_one(f"SELECT {_COLUMNS} FROM box WHERE token = $1", token_digest)
    return None if row is None else _box(row)


async def add(
    connection: Connection,
    village: str,
    serial: int,
    public_key: bytes,
    fingerprint: bytes,
    now_ms: int,
    *,
    token_digest: bytes | None = None,
) -> None:
    """A newly enrolled machine takes the place of the village's former ones."""
    await connection.execute(
        "UPDATE box SET state = 'replaced', session = NULL WHERE village = $1 AND state = 'active'", village
    )
    await connection.execute(
        "INSERT INTO box (village, serial, public_key, state, fingerprint, enrolled_ms, token)"
        " VALUES ($1, $2, $3, 'active', $4, $5, $6)",
        village,
        serial,
        public_key,
        fingerprint,
        now_ms,
        token_digest,
    )


async def revoke(connection: Connection, village: str, serial: int) -> bool:
    """False when there is no such machine in use."""
    return bool(
        await connection.execute(
            "UPDATE box SET state = 'revoked', session = NULL WHERE village = $1 AND serial = $2 AND state = 'active'",
            village,
            serial,
        )
    )


async def give_session(connection: Connection, box: Box, session: bytes, nonce: bytes, nonce_before: bytes) -> None:
    await connection.execute(
        "UPDATE box SET session = $1, nonce = $2, nonce_before = $3, is_session_used = 0, challenge = x''"
        " WHERE village = $4 AND serial = $5",
        session,
        nonce,
        nonce_before,
        box.village,
        box.serial,
    )


async def fence_sessions(connection: Connection, random: Callable[[int], bytes], size: int) -> None:
    """Put an unknown session in place of every one that was given. A box whose answer was lost can still be told its own."""
    rows = await connection.fetch_all("SELECT village, serial FROM box WHERE session IS NOT NULL")
    await connection.execute_many(
        "UPDATE box SET session = $1 WHERE village = $2 AND serial = $3", [(random(size), r[0], r[1]) for r in rows]
    )


async def note_session_used(connection: Connection, box: Box) -> None:
    if not box.is_session_used:
        await connection.execute(
            "UPDATE box SET is_session_used = 1 WHERE village = $1 AND serial = $2", box.village, box.serial
        )


async def set_challenge(connection: Connection, box: Box, challenge: bytes) -> None:
    await connection.execute(
        "UPDATE box SET challenge = $1 WHERE village = $2 AND serial = $3", challenge, box.village, box.serial
    )


async def suspect_clone(connection: Connection, box: Box, now_ms: int) -> None:
    await connection.execute(
        "UPDATE box SET clone_suspected_ms = coalesce(clone_suspected_ms, $1), challenge = x'' WHERE village = $2 AND serial = $3",
        now_ms,
        box.village,
        box.serial,
    )


async def note_report(
    connection: Connection, box: Box, *, now_ms: int, clock_skew_ms: int, software: str, health: list[tuple[str, int]]
) -> None:
    """What a hello says about the machine itself."""
    await connection.execute(
        "UPDATE box SET last_contact_ms = $1, clock_skew_ms = $2, software = $3, health = $4"
        " WHERE village = $5 AND serial = $6",
        now_ms,
        clock_skew_ms,
        software,
        msgspec.msgpack.encode(health),
        box.village,
        box.serial,
    )


async def note_append(connection: Connection, box: Box, now_ms: int) -> None:
    await connection.execute(
        "UPDATE box SET last_contact_ms = $1, last_append_ms = $1, is_session_used = 1 WHERE village = $2 AND serial = $3",
        now_ms,
        box.village,
        box.serial,
    )


async def note_cursors(
    connection: Connection, box: Box, cursors: Cursors, health: list[tuple[str, int]] | None, now_ms: int
) -> None:
    """The feed acknowledgement, and health numbers when the request carried some."""
    await connection.execute(
        "UPDATE box SET village_stored = $1, village_applied = $2, regency_stored = $3, regency_applied = $4,"
        " last_contact_ms = $5, is_session_used = 1, health = coalesce($6, health) WHERE village = $7 AND serial = $8",
        cursors.village_stored,
        cursors.village_applied,
        cursors.regency_stored,
        cursors.regency_applied,
        now_ms,
        None if health is None else msgspec.msgpack.encode(health),
        box.village,
        box.serial,
    )


# --- tokens -----------------------------------------------------------------------------------------------------------


async def add_token(connection: Connection, digest: bytes, village: str, expires_ms: int, created_by: str) -> None:
    await connection.execute(
        "INSERT INTO enrolment_token (digest, village, expires_ms, created_by) VALUES ($1, $2, $3, $4)",
        digest,
        village,
        expires_ms,
        created_by,
    )


async def use_token(connection: Connection, digest: bytes, now_ms: int) -> str | None:
    """The village an unused, unexpired token is for; it is used up by this."""
    village: str | None = await connection.fetch_value(
        "UPDATE enrolment_token SET used_ms = $1 WHERE digest = $2 AND used_ms IS NULL AND expires_ms > $1 RETURNING village",
        now_ms,
        digest,
    )
    return village


# --- the centre itself ------------------------------------------------------------------------------------------------


async def timeline(connection: Connection) -> bytes | None:
    found: bytes | None = await connection.fetch_value("SELECT timeline FROM centre")
    return found


async def start_timeline(connection: Connection, timeline_id: bytes, now_ms: int) -> None:
    """A new history begins: after the first start, and after a restore."""
    await connection.execute(
        "INSERT INTO centre (id, timeline, started_ms) VALUES (1, $1, $2)"
        " ON CONFLICT (id) DO UPDATE SET timeline = excluded.timeline, started_ms = excluded.started_ms",
        timeline_id,
        now_ms,
    )
