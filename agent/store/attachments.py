"""Photographs of documents in the village's database: add, take back, list, and which still have to travel.

The picture lies in a table of the same database and not in a folder of its own: so it is written in the transaction of
the fact that names it, a backup holds both or neither, and a restore brings both back. It costs room in every backup:
twenty photographs a day, 256 KiB each at most, are 1.5 GB a year. The log names a picture by its SHA-256 only,
so a server that was made again from the centre's records knows every photograph, but has no picture of it: that is a
`Place` of its own, never an error.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from agent.domain.attachments import ATTACHMENT_NOT_FOUND, MEDIA_TYPE, PICTURE_BYTES_MAX, may_attach
from agent.domain.refusal import Refusal
from agent.store.desk import Desk
from chassis.database import Connection, Row
from protocol import ops
from protocol.ops import Position

VIEWED = "view_attachment"
"""What the trail of looks calls opening a picture."""


class Place(StrEnum):
    """Where the picture of a photograph is. ASKED: not here, and the centre was not asked yet."""

    HERE = "here"
    SENT = "sent"
    CENTRE_ONLY = "centre_only"
    ASKED = "asked"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """A photograph as recorded; `removed_reason`: it does not stand any more, and why."""

    id: bytes
    about: bytes
    label: str
    sha256: bytes
    size: int
    media_type: str
    actor: str
    written_ms: int
    removed_reason: str | None
    removed_by: str | None
    removed_ms: int | None
    place: Place

    @property
    def is_shown(self) -> bool:
        """Can somebody look at it here?"""
        return self.removed_reason is None and self.place in (Place.HERE, Place.SENT)


@dataclass(frozen=True, slots=True)
class Errand:
    """A picture that the centre lacks or was not asked about. `at`: the record that names it, acknowledged.

    `content` is empty where only the question can be asked: the picture is not here, or the centre held it before.
    """

    sha256: bytes
    at: Position
    content: bytes


async def add(
    desk: Desk, about: bytes, label: str, documents: Collection[str], picture: bytes, actor: str
) -> bytes | Refusal:
    """Keep a picture (a JPEG of ours) and write down what it shows; the id of the record."""
    assert len(picture) <= PICTURE_BYTES_MAX
    digest = sha256(picture).digest()
    refused = may_attach(label, documents, await _standing(desk.connection, about), digest)
    if refused is not None:
        return refused
    await desk.connection.execute(
        "INSERT INTO picture (sha256, content) VALUES ($1, $2)"
        " ON CONFLICT (sha256) DO UPDATE SET content = coalesce(content, excluded.content)",
        digest,
        picture,
    )
    return await _append(desk, about, label, digest, len(picture), actor)


async def _append(desk: Desk, about: bytes, label: str, digest: bytes, size: int, actor: str) -> bytes:
    op = await desk.append(
        lambda salt: ops.AttachmentAdded(
            salt=salt, about=about, label=label, sha256=digest, size=size, media_type=MEDIA_TYPE, actor=actor
        )
    )
    return op.record_id


async def carry_over(desk: Desk, request: bytes, letter: bytes, actor: str) -> None:
    """What lay beside a request lies beside its letter, so that the log says of a letter alone what belongs to it."""
    for each in await of_record(desk.connection, request):
        if each.removed_reason is None:
            await _append(desk, letter, each.label, each.sha256, each.size, actor)


async def remove(desk: Desk, attachment: bytes, reason: str, actor: str) -> Refusal | None:
    """Take a photograph back. Its picture stays in the database, shown to nobody, and is not sent any more."""
    found = await find(desk.connection, attachment)
    if found is None or found.removed_reason is not None:
        return ATTACHMENT_NOT_FOUND
    await desk.append(lambda salt: ops.AttachmentRemoved(salt=salt, attachment=attachment, reason=reason, actor=actor))
    return None


async def of_record(connection: Connection, about: bytes) -> list[AttachmentRow]:
    """What lies beside a letter, request or proposal, oldest first, what was taken back too."""
    rows = await connection.fetch_all(f"{_ROWS} WHERE about = $1 ORDER BY attachment.log, attachment.seq", about)
    return [_row(row) for row in rows]


async def find(connection: Connection, attachment: bytes) -> AttachmentRow | None:
    row = await connection.fetch_one(f"{_ROWS} WHERE attachment.id = $1", attachment)
    return None if row is None else _row(row)


async def picture(connection: Connection, digest: bytes) -> bytes | None:
    """None where this server does not have it."""
    found: bytes | None = await connection.fetch_value("SELECT content FROM picture WHERE sha256 = $1", digest)
    return found


async def labels(connection: Connection, about: bytes) -> list[str]:
    """Which documents have a standing photograph."""
    rows = await connection.fetch_all(
        "SELECT DISTINCT label FROM attachment WHERE about = $1 AND removed_reason IS NULL ORDER BY label", about
    )
    return [row[0] for row in rows]


async def next_errand(connection: Connection, put_off: Collection[bytes]) -> Errand | None:
    """The oldest standing photograph about whose picture the centre, in its present history, has said nothing yet.

    Only where its record is acknowledged. `put_off`: pictures to leave for later.
    """
    rows = await connection.fetch_all(
        "SELECT picture.sha256, log.log_id, attachment.seq, op.hash, is_held, content IS NOT NULL FROM picture"
        " JOIN attachment ON attachment.sha256 = picture.sha256 JOIN log ON log.ordinal = attachment.log"
        " JOIN op ON op.log = attachment.log AND op.seq = attachment.seq"
        f" WHERE (told < ({_TIMELINE}) OR told > ({_TIMELINE})) AND removed_reason IS NULL"
        " AND attachment.seq <= log.acked_seq ORDER BY attachment.log, attachment.seq"
    )
    for row in rows:
        if row[0] not in put_off:
            is_question = bool(row[4]) or not row[5]
            content = b"" if is_question else await picture(connection, row[0]) or b""
            return Errand(row[0], Position(row[1], row[2], row[3]), content)
    return None


async def note_answer(connection: Connection, digest: bytes, *, is_held: bool) -> bool:
    """What the centre says of a picture; whether the matter rests with that.

    A picture that is here and that a restored centre does not hold any more goes there next.
    """
    await connection.execute(
        f"INSERT INTO picture (sha256, told, is_held) VALUES ($1, ({_TIMELINE}), $2)"
        " ON CONFLICT (sha256) DO UPDATE SET is_held = excluded.is_held, told = CASE WHEN excluded.is_held = 0 AND"
        " content IS NOT NULL THEN x'' ELSE excluded.told END",
        digest,
        int(is_held),
    )
    return is_held


async def count_waiting(connection: Connection) -> int:
    """Standing photographs whose picture is here and not known to be at the centre."""
    total: int = await connection.fetch_value(
        "SELECT count(DISTINCT attachment.sha256) FROM attachment JOIN picture ON picture.sha256 = attachment.sha256"
        " WHERE removed_reason IS NULL AND content IS NOT NULL AND is_held = 0"
    )
    return total


async def _standing(connection: Connection, about: bytes) -> list[tuple[str, bytes]]:
    rows = await connection.fetch_all(
        "SELECT label, sha256 FROM attachment WHERE about = $1 AND removed_reason IS NULL", about
    )
    return [(row[0], row[1]) for row in rows]


_TIMELINE = "SELECT timeline FROM feed_cursor WHERE feed = 'village'"
_ROWS = (
    "SELECT attachment.id, about, label, attachment.sha256, size, media_type, actor, written_ms, removed_reason,"
    " removed_by, removed_ms, picture.content IS NOT NULL, coalesce(picture.is_held, 0),"
    " coalesce(picture.told, x'') <> x'' FROM attachment LEFT JOIN picture ON picture.sha256 = attachment.sha256"
)


def _row(row: Row) -> AttachmentRow:
    is_here, is_held, is_told = bool(row[11]), bool(row[12]), bool(row[13])
    if is_here:
        place = Place.SENT if is_held else Place.HERE
    elif is_held:
        place = Place.CENTRE_ONLY
    else:
        place = Place.LOST if is_told else Place.ASKED
    return AttachmentRow(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], place)
