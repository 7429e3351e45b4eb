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
    """One look. `subject`: an id of ours, or empty; `people`: how many full numbers were shown; `tag`: hex, of one alone."""

    at_ms: int
    actor: str
    action: str
    subject: str
    tag: str
    why: str
    people: int


async def record_view(
    connection: Connection, *, now_ms: int, actor: str, action: str, subject: str, niks: Iterable[str], why: str
) -> None:
    """Before the full numbers are shown, in the transaction that reads them: one line that names each person by a tag."""
    access = await record_access(connection, now_ms=now_ms, actor=actor, action=action, subject=subject)
    secret = await _secret(connection)
    tags = sorted({_tagged(secret, nik) for nik in niks if nik})
    await connection.execute_many(
        "INSERT INTO subject_access (access, tag, why) VALUES ($1, $2, $3)", [(access, tag, why) for tag in tags]
    )


async def tag_of(connection: Connection, nik: str) -> bytes:
    """The same for the same number, and of no use to whoever has no number to ask for."""
    return _tagged(await _secret(connection), nik)


async def _secret(connection: Connection) -> bytes:
    secret: bytes = await connection.fetch_value("SELECT secret FROM subject_key WHERE id = 1")
    return secret


def _tagged(secret: bytes, nik: str) -> bytes:
    return hmac.digest(secret, _TAG + nik.encode(), sha256)[:TAG_BYTES]


async def lines(connection: Connection, actor: str, page: int) -> tuple[list[AccessLine], int]:
    """One page of all looks, or of one person's, newest first; how many there are."""
    total: int = await connection.fetch_value(
        "SELECT count(*) FROM access_log WHERE $1 = '' OR actor = $1",
        actor,
    )
    rows = await connection.fetch_all(
        "SELECT at_ms, actor, action, subject, CASE WHEN count(tag) = 1 THEN min(tag) END, min(why), count(tag)"
        " FROM (SELECT access_id, at_ms, actor, action, subject FROM access_log WHERE $1 = '' OR actor = $1"
        " ORDER BY access_id DESC LIMIT $2 OFFSET $3) AS look LEFT JOIN subject_access ON access = access_id"
        " GROUP BY access_id, at_ms, actor, action, subject ORDER BY access_id DESC",
        actor,
        PAGE_ROWS,
        (page - 1) * PAGE_ROWS,
    )
    return [_line(row) for row in rows], total


async def of_person(connection: Connection, nik: str) -> list[AccessLine]:
    """Every look at one person's number, newest first."""
    rows = await connection.fetch_all(
        "SELECT at_ms, actor, action, subject, tag, why, 1 FROM access_log JOIN subject_access ON access = access_id"
        " WHERE tag = $1 ORDER BY access_id DESC",
        await tag_of(connection, nik),
    )
    return [_line(row) for row in rows]


def _line(row: Row) -> AccessLine:
    return AccessLine(row[0], row[1], row[2], row[3], row[4].hex() if row[4] else "", row[5] or "", row[6])
