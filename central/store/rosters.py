"""What people said about a cycle before its lock: validations, rulings, signed minutes, the list laid before a second officer.
Only this file writes `validation`, `roster_ruling`, `roster_minutes` and `roster_claim`.

Nothing is changed or taken out: the last word on a thing is in force, each with who and when, and in the audit trail.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from central.domain.determination import Scan
from central.domain.rosters import Body, Fate, Reply, Ruling, Terms, Validation
from central.store import trail
from chassis.database import Connection, Row


async def terms_of(connection: Connection, cycle: str) -> Terms | None:
    """What two officers agreed the cycle pays, as the lock reads it; None while its amount was not said."""
    row = await connection.fetch_one(
        "SELECT amount_rupiah, coalesce(quota, 0), coalesce(budget_rupiah, 0), validations, former FROM cycle"
        " WHERE code = $1 AND amount_rupiah IS NOT NULL",
        cycle,
    )
    if row is None:
        return None
    required = tuple(Body(word) for word in row[3].split(";") if word)
    return Terms(amount_rupiah=row[0], quota=row[1], budget_rupiah=row[2], required=required, former=row[4])


# --- validations and rulings ------------------------------------------------------------------------------------------


async def add_validations(
    connection: Connection,
    cycle: str,
    body: Body,
    said: Iterable[tuple[bytes, Validation]],
    actor: str,
    now_ms: int,
) -> int:
    """How many were recorded."""
    rows = [(cycle, record, body.value, v.reply.value, v.detail, actor, now_ms) for record, v in said]
    await connection.execute_many(
        "INSERT INTO validation (cycle, record, body, answer, detail, actor, at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        rows,
    )
    if rows:
        subject = f"{cycle}/{body}/{len(rows)}"
        await trail.record(connection, at_ms=now_ms, actor=actor, action="validate", subject=subject)
    return len(rows)


async def validations(connection: Connection, cycle: str) -> dict[bytes, dict[Body, Validation]]:
    """Those in force, by record."""
    rows = await connection.fetch_all(
        "SELECT record, body, answer, detail FROM validation WHERE cycle = $1 ORDER BY id", cycle
    )
    found: dict[bytes, dict[Body, Validation]] = {}
    for record, body, reply, detail in rows:
        found.setdefault(record, {})[Body(body)] = Validation(Reply(reply), detail)
    return found


@dataclass(frozen=True, slots=True)
class SaidLine:
    """A validation or a ruling, as a row's page shows it. `by`: a body's word, or `officer`."""

    by: str
    answer: str
    detail: str
    actor: str
    at_ms: int


async def said_on(connection: Connection, cycle: str, record: bytes) -> list[SaidLine]:
    """Everything that was said of a row, in order."""
    rows = await connection.fetch_all(
        "SELECT body, answer, detail, actor, at_ms FROM validation WHERE cycle = $1 AND record = $2"
        " UNION ALL SELECT 'officer', fate, reason, actor, at_ms FROM roster_ruling WHERE cycle = $1 AND record = $2"
        " ORDER BY at_ms",
        cycle,
        record,
    )
    return [SaidLine(*row) for row in rows]


async def put_ruling(
    connection: Connection, cycle: str, record: bytes, ruling: Ruling, actor: str, now_ms: int
) -> None:
    await connection.execute(
        "INSERT INTO roster_ruling (cycle, record, fate, reason, actor, at_ms) VALUES ($1, $2, $3, $4, $5, $6)",
        *(cycle, record, ruling.fate.value, ruling.reason, actor, now_ms),
    )
    action = f"ruling_{ruling.fate}"
    await trail.record(connection, at_ms=now_ms, actor=actor, action=action, subject=record.hex())


async def rulings(connection: Connection, cycle: str) -> dict[bytes, Ruling]:
    rows = await connection.fetch_all(
        "SELECT record, fate, reason FROM roster_ruling WHERE cycle = $1 ORDER BY id", cycle
    )
    return {row[0]: Ruling(Fate(row[1]), row[2]) for row in rows}


# --- minutes ----------------------------------------------------------------------------------------------------------


async def put_scan(
    connection: Connection, cycle: str, scan: Scan, media_type: str, content: bytes, actor: str, now_ms: int
) -> None:
    """The signed minutes of one list of one place; another scan of the same list takes the place of the former."""
    await connection.execute(
        "INSERT INTO roster_minutes (cycle, body, place, list_hash, sha256, media_type, content, actor, at_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (cycle, body, place, list_hash) DO UPDATE SET"
        " sha256 = excluded.sha256, media_type = excluded.media_type, content = excluded.content,"
        " actor = excluded.actor, at_ms = excluded.at_ms",
        *(cycle, scan.body.value, scan.place, scan.list_hash, sha256(content).digest(), media_type, content),
        *(actor, now_ms),
    )
    subject = f"{cycle}/{scan.body}/{scan.place}/{sha256(content).hexdigest()[:16]}"
    await trail.record(connection, at_ms=now_ms, actor=actor, action="minutes", subject=subject)


async def scans(connection: Connection, cycle: str) -> list[Scan]:
    rows = await connection.fetch_all("SELECT body, place, list_hash FROM roster_minutes WHERE cycle = $1", cycle)
    return [Scan(Body(row[0]), row[1], row[2]) for row in rows]


async def scan_content(connection: Connection, cycle: str, scan: Scan) -> tuple[str, bytes] | None:
    """(media type, content)."""
    row: Row | None = await connection.fetch_one(
        "SELECT media_type, content FROM roster_minutes WHERE cycle = $1 AND body = $2 AND place = $3 AND list_hash = $4",
        *(cycle, scan.body.value, scan.place, scan.list_hash),
    )
    return None if row is None else (row[0], row[1])


# --- the list before a second officer ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """A list that waits for a second officer. `content`: its bytes; `hash` names them."""

    id: int
    content: bytes
    hash: bytes
    actor: str
    at_ms: int


async def put_claim(connection: Connection, cycle: str, content: bytes, digest: bytes, actor: str, now_ms: int) -> None:
    """Takes the place of the one that waited."""
    await close_claim(connection, cycle, "returned", actor)
    await connection.execute(
        "INSERT INTO roster_claim (cycle, content, hash, state, actor, at_ms) VALUES ($1, $2, $3, 'open', $4, $5)",
        *(cycle, content, digest, actor, now_ms),
    )
    await trail.record(connection, at_ms=now_ms, actor=actor, action="roster_claim", subject=digest.hex())


async def open_claim(connection: Connection, cycle: str) -> Claim | None:
    row = await connection.fetch_one(
        "SELECT id, content, hash, actor, at_ms FROM roster_claim WHERE cycle = $1 AND state = 'open'", cycle
    )
    return None if row is None else Claim(*row)


async def return_claim(connection: Connection, cycle: str, actor: str, now_ms: int) -> None:
    """Nothing is locked; the list may be laid before again."""
    if await close_claim(connection, cycle, "returned", actor):
        await trail.record(connection, at_ms=now_ms, actor=actor, action="roster_returned", subject=cycle)


async def close_claim(connection: Connection, cycle: str, state: str, actor: str) -> bool:
    """Was one open?"""
    changed = await connection.execute(
        "UPDATE roster_claim SET state = $2, closed_by = $3 WHERE cycle = $1 AND state = 'open'", cycle, state, actor
    )
    return changed == 1
