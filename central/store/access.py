"""Who saw whose full number, when and why. Every place of the centre that shows one calls `record_view` first.

A line names its subject twice: by an id of ours (a decision, a dossier), and by a keyed tag of the NIK, so that the looks
at one person are found by their number and a log that is handed over names nobody. Only this file writes
`subject_access`.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from chassis.database import Connection, Row
from chassis.web.accounts import record_access

PAGE_ROWS = 50
TAG_BYTES = 16
_TAG = b"kampung/subject/1"


@dataclass(frozen=True, slots=True)
class AccessLine:
    """One look. `subject`: an id of ours, or empty; `tag`: hex, empty where no full number was shown."""

    at_ms: int
    actor: str
    action: str
    subject: str
    tag: str
    why: str


async def record_view(
    connection: Connection, *, now_ms: int, actor: str, action: str, subject: str, niks: Iterable[str], why: str
) -> None:
    """Before the full numbers are shown, in the transaction that reads them: one line for each person."""
    for nik in sorted(set(niks)) or [""]:
        access = await record_access(connection, now_ms=now_ms, actor=actor, action=action, subject=subject)
        if nik:
            await connection.execute(
                "INSERT INTO subject_access (access, tag, why) VALUES ($1, $2, $3)",
                access,
                await tag_of(connection, nik),
                why,
            )


async def tag_of(connection: Connection, nik: str) -> bytes:
    """The same for the same number, and of no use to whoever has no number to ask for."""
    secret: bytes = await connection.fetch_value("SELECT secret FROM subject_key WHERE id = 1")
    return hmac.digest(secret, _TAG + nik.encode(), sha256)[:TAG_BYTES]


async def lines(connection: Connection, actor: str, page: int) -> tuple[list[AccessLine], int]:
    """One page of all looks, or of one person's, newest first; how many there are."""
    total: int = await connection.fetch_value(
        "SELECT count(*) FROM access_log WHERE $1 = '' OR actor = $1",
        actor,
    )
    rows = await connection.fetch_all(
        _LINES + " WHERE $1 = '' OR actor = $1 ORDER BY access_id DESC LIMIT $2 OFFSET $3",
        actor,
        PAGE_ROWS,
        (page - 1) * PAGE_ROWS,
    )
    return [_line(row) for row in rows], total


async def of_person(connection: Connection, nik: str) -> list[AccessLine]:
    """Every look at one person's number, newest first."""
    rows = await connection.fetch_all(_LINES + " WHERE tag = $1 ORDER BY access_id DESC", await tag_of(connection, nik))
    return [_line(row) for row in rows]


_LINES = "SELECT at_ms, actor, action, subject, tag, why FROM access_log LEFT JOIN subject_access ON access = access_id"


def _line(row: Row) -> AccessLine:
    return AccessLine(row[0], row[1], row[2], row[3], row[4].hex() if row[4] else "", row[5] or "")
