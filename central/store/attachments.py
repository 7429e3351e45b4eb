"""Photographs of documents at the centre: what the logs name, and the pictures that have come.

The two come apart and in any order, so neither refers to the other. Only this file writes `attachment` and
`attachment_content`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from central.domain.attachments import Attachment
from central.store import logs
from chassis.database import Connection
from protocol.ops import AttachmentAdded, Position, Unreadable, read_op


@dataclass(frozen=True, slots=True)
class AttachmentLine:
    """A standing photograph; `is_here`: its picture has come."""

    record: bytes
    label: str
    media_type: str
    claimed_ms: int
    is_here: bool


async def add(connection: Connection, attachments: Iterable[Attachment]) -> None:
    """Records of a log; one that is there already (it was pulled and sent again) changes nothing."""
    for each in attachments:
        await connection.execute(
            "INSERT INTO attachment (record, village, epoch, seq, about, label, sha256, size, media_type, claimed_ms)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (record) DO NOTHING",
            each.record,
            each.village,
            each.epoch,
            each.seq,
            each.about,
            each.label,
            each.sha256,
            each.size,
            each.media_type,
            each.claimed_ms,
        )


async def remove(connection: Connection, village: str, records: Iterable[bytes]) -> None:
    await connection.execute_many(
        "UPDATE attachment SET is_removed = 1 WHERE record = $1 AND village = $2",
        [(record, village) for record in records],
    )


async def is_named(connection: Connection, village: str, at: Position, sha256: bytes, size: int | None) -> bool:
    """Does this very record of the village name this picture? Asked of the log: what is acknowledged need not be tabulated.

    `size` in bytes; None where only its name matters.
    """
    for log in await logs.of_log_id(connection, village, at.log_id):
        ops = await logs.read(connection, log, at.seq - 1, 1) if at.seq else []
        if not ops or ops[0].position != at:
            continue
        try:
            _, body = read_op(ops[0])
        except Unreadable:
            return False
        return isinstance(body, AttachmentAdded) and body.sha256 == sha256 and size in {None, body.size}
    return False


async def keep(connection: Connection, village: str, sha256: bytes, content: bytes, now_ms: int) -> None:
    await connection.execute(
        "INSERT INTO attachment_content (village, sha256, content, received_ms) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (village, sha256) DO NOTHING",
        village,
        sha256,
        content,
        now_ms,
    )


async def size_of(connection: Connection, village: str, sha256: bytes) -> int:
    """Bytes held under this name; 0 where nothing has come."""
    size: int | None = await connection.fetch_value(
        "SELECT length(content) FROM attachment_content WHERE village = $1 AND sha256 = $2", village, sha256
    )
    return size or 0


async def of_record(connection: Connection, village: str, about: bytes) -> list[AttachmentLine]:
    """What stands beside a letter, request or proposal, in the order of its village."""
    rows = await connection.fetch_all(
        "SELECT record, label, media_type, claimed_ms, EXISTS (SELECT 1 FROM attachment_content AS c"
        " WHERE c.village = attachment.village AND c.sha256 = attachment.sha256)"
        " FROM attachment WHERE village = $1 AND about = $2 AND is_removed = 0 ORDER BY epoch, seq",
        village,
        about,
    )
    return [AttachmentLine(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]


async def picture(connection: Connection, village: str, about: bytes, record: bytes) -> tuple[str, bytes] | None:
    """(media type, content) of a standing photograph beside this very record; None where it has not come."""
    row = await connection.fetch_one(
        "SELECT media_type, content FROM attachment JOIN attachment_content USING (village, sha256)"
        " WHERE record = $1 AND village = $2 AND about = $3 AND is_removed = 0",
        record,
        village,
        about,
    )
    return None if row is None else (row[0], row[1])


async def all_records(connection: Connection) -> dict[bytes, tuple[str, int, int]]:
    """(village, epoch, seq) of every photograph, for the audit."""
    rows = await connection.fetch_all("SELECT record, village, epoch, seq FROM attachment")
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


async def contents(connection: Connection) -> list[tuple[str, bytes]]:
    """(village, SHA-256) of everything that has come, for the audit."""
    rows = await connection.fetch_all("SELECT village, sha256 FROM attachment_content ORDER BY village, sha256")
    return [(row[0], row[1]) for row in rows]


async def content(connection: Connection, village: str, sha256: bytes) -> bytes | None:
    found: bytes | None = await connection.fetch_value(
        "SELECT content FROM attachment_content WHERE village = $1 AND sha256 = $2", village, sha256
    )
    return found
