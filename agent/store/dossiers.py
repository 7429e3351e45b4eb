"""Dossiers in the village's database: a letter with its documents on its way to an agency, and how far it has come.

One dossier of a letter is on its way to an agency at a time; one that came back is sent again as another that names it.
The agency's steps arrive by the feed (`agent/store/feed`); until the network works a dossier waits here like every record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from agent.domain import refusal
from agent.domain.dossiers import CAMAT, check_sending, labels_of
from agent.domain.refusal import Refusal
from agent.store.desk import Desk
from chassis.database import Connection, Row
from protocol import ops
from protocol.feed import Countersign
from protocol.letter_kinds import LetterKind
from protocol.ops import Position

LIST_MAX = 200
"""Dossiers of one letter, or on one page."""


@dataclass(frozen=True, slots=True)
class DossierRow:
    """A dossier and how far it has come. `state` is empty until the agency has taken a step."""

    id: bytes
    letter: bytes
    kind: str
    printed_number: str
    subject_name: str
    agency: str
    documents: Sequence[str]
    note: str
    written_ms: int
    is_acked: bool
    state: str
    answer: str
    at_ms: int
    is_unconfirmed: bool
    is_unread: bool
    countersign: Countersign | None = None

    @property
    def moved_ms(self) -> int:
        """When it last moved: the agency's step, else the sending."""
        return self.at_ms or self.written_ms


async def send(
    desk: Desk,
    letter: bytes,
    kind: LetterKind,
    road: Sequence[str],
    agency: str,
    documents: Sequence[str],
    note: str,
    actor: str,
) -> bytes | Refusal:
    """Send a letter to an agency of its road (`agent.domain.dossiers.road_of`); after it came back, once more.

    Only one that has its number and is not void travels: a request that waits for a signature is no `letter` yet.
    """
    row = await desk.connection.fetch_one(
        "SELECT voided_reason, log.log_id, op.seq, op.hash FROM letter JOIN log ON log.ordinal = letter.log"
        " JOIN op ON op.log = letter.log AND op.seq = letter.seq WHERE letter.id = $1 AND letter.kind = $2",
        letter,
        kind.key,
    )
    if row is None:
        return refusal.LETTER_NOT_FOUND
    if row[0] is not None:
        return refusal.LETTER_ALREADY_VOID
    former = last_by_agency(await of_letter(desk.connection, letter))
    refused = check_sending(road, agency, {each: row.state for each, row in former.items()})
    if refused is not None:
        return refused
    op = await desk.append(
        lambda salt: ops.DossierSent(
            salt=salt,
            letter=Position(row[1], row[2], row[3]),
            former=former[agency].id if agency in former else b"",
            agency=agency,
            title=kind.title,
            labels=labels_of(kind),
            documents=list(documents),
            note=note,
            actor=actor,
        )
    )
    return op.record_id


async def of_letter(connection: Connection, letter: bytes) -> list[DossierRow]:
    """The last one sent first."""
    rows = await connection.fetch_all(
        _ROWS + " WHERE dossier.letter = $1 ORDER BY dossier.log DESC, dossier.seq DESC LIMIT $2", letter, LIST_MAX
    )
    return [_row(r) for r in rows]


def last_by_agency(rows: Sequence[DossierRow]) -> dict[str, DossierRow]:
    """Of a letter's dossiers, the last one first, the last to each agency."""
    return {row.agency: row for row in reversed(rows)}


def countersigned(rows: Sequence[DossierRow]) -> Countersign | None:
    """Who countersigned the letter of these dossiers."""
    camat = last_by_agency(rows).get(CAMAT)
    return camat.countersign if camat else None


async def recent(connection: Connection, state: str, *, limit: int = LIST_MAX, offset: int = 0) -> list[DossierRow]:
    """Those whose last step was this one ("": all; `sent`: none yet), newest first; not those that were sent again."""
    rows = await connection.fetch_all(
        f"{_ROWS}{_WHERE} ORDER BY dossier.written_ms DESC, dossier.id LIMIT $2 OFFSET $3", state, limit, offset
    )
    return [_row(r) for r in rows]


async def counts(connection: Connection) -> dict[str, int]:
    """Dossiers by the agency's last step, `sent` where there was none; not those that were sent again."""
    rows = await connection.fetch_all(
        "SELECT coalesce(s.state, 'sent'), count(*) FROM dossier LEFT JOIN dossier_state AS s ON s.dossier = dossier.id"
        f" WHERE {_LAST} GROUP BY 1"
    )
    return {r[0]: r[1] for r in rows}


async def note_read(connection: Connection, letter: bytes) -> None:
    """Somebody has the letter's page before them, with every answer on it."""
    await connection.execute(
        "UPDATE dossier_state SET is_read = 1 WHERE is_read = 0"
        " AND dossier IN (SELECT id FROM dossier WHERE letter = $1)",
        letter,
    )


async def count_unread(connection: Connection) -> int:
    """Answers of agencies that nobody has opened since they arrived."""
    total: int = await connection.fetch_value(
        "SELECT count(*) FROM dossier_state AS s JOIN dossier ON dossier.id = s.dossier WHERE s.is_read = 0"
    )
    return total


_LAST = "NOT EXISTS (SELECT 1 FROM dossier AS next WHERE next.former = dossier.id AND next.former <> x'')"
"""Not sent again; the second half lets SQLite look in the index that holds only those that were."""
_WHERE = f" WHERE ($1 = '' OR coalesce(s.state, 'sent') = $1) AND {_LAST}"
_ROWS = (
    "SELECT dossier.id, dossier.letter, coalesce(letter.kind, '') AS kind,"
    " coalesce(letter.printed_number, '') AS printed_number, coalesce(letter.subject_name, '') AS subject_name,"
    " dossier.agency, dossier.documents, dossier.note, dossier.written_ms, dossier.seq <= log.acked_seq AS is_acked,"
    " coalesce(s.state, '') AS state, coalesce(s.note, '') AS answer, coalesce(s.at_ms, 0) AS at_ms,"
    " coalesce(s.is_unconfirmed, 0) AS is_unconfirmed, coalesce(s.is_read, 1) = 0 AS is_unread,"
    " s.countersign"
    " FROM dossier JOIN log ON log.ordinal = dossier.log LEFT JOIN letter ON letter.id = dossier.letter"
    " LEFT JOIN dossier_state AS s ON s.dossier = dossier.id"
)


def _row(row: Row) -> DossierRow:
    values: dict[str, Any] = dict(zip(row.keys(), row, strict=True))
    flags = {name: bool(values[name]) for name in ("is_acked", "is_unconfirmed", "is_unread")}
    documents = msgspec.msgpack.decode(values["documents"], type=list[str])
    raw = values["countersign"]
    signed = None if raw is None else msgspec.msgpack.decode(raw, type=Countersign)
    return DossierRow(**values | flags | {"documents": documents, "countersign": signed})
