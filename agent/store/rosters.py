"""Roster files in the village's database: what a file would change, and the changes themselves, in small transactions.

Must never delete a resident or empty what is on record. An import that was cut off is simply done again: rows that are
in already are then the same, and only a file that went through to its end is remembered as imported.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from agent.domain.residents import Resident
from agent.domain.rosters import Fate, Judgement, Roster, RosterRow, RowReport, judge
from agent.store import residents
from agent.store.desk import Desk, Store
from agent.store.residents import Registered
from chassis.database import Connection, Database, Row
from protocol.ids import Nik, is_placeholder

FILE_BYTES_MAX = 8 * 1024 * 1024
"""ROWS_MAX rows of the longest roster (`agent/domain/rosters/reading.py`), at some 250 bytes each."""
BATCH_ROWS = 100
"""Rows of one transaction: some 20 ms, so that a clerk who issues a letter meanwhile does not notice."""

_REMARKS = msgspec.msgpack.Decoder(list[RowReport])
_COLUMNS = "id, file_name, imported_ms, imported_by, new, changed, same, refused, passed_over"


@dataclass(frozen=True, slots=True)
class RosterImport:
    """A file that was taken in, and how many rows met which fate."""

    id: int
    file_name: str
    imported_ms: int
    imported_by: str
    fates: dict[Fate, int]


async def preview(database: Database, roster: Roster, today: date) -> list[RowReport]:
    """What an import would do now, row by row; writes nothing."""
    reports = list(roster.reports)
    for batch in _batches(roster.rows):
        judged = await database.read(lambda connection, rows=batch: _judge(connection, rows, today))  # type: ignore[misc]
        reports += [judgement.report for _, judgement in judged]
    return sorted(reports, key=lambda report: report.line)


async def take_in(
    store: Store, roster: Roster, *, digest: bytes, file_name: str, today: date, actor: str
) -> RosterImport:
    """Write what is new or changed. Pages are served between the batches; the last one remembers the file."""
    reports = list(roster.reports)
    for batch in _batches(roster.rows):
        reports += await store.write(lambda desk, rows=batch: _write(desk, rows, today, actor))  # type: ignore[misc]

    async def note(desk: Desk) -> RosterImport:
        await _remember(desk, sorted(reports, key=lambda report: report.line), digest, file_name, actor)
        noted = await find(desk.connection, digest)
        assert noted is not None
        return noted

    return await store.write(note)


async def find(connection: Connection, digest: bytes) -> RosterImport | None:
    """The import of a file with this SHA-256."""
    row = await connection.fetch_one(f"SELECT {_COLUMNS} FROM roster_import WHERE digest = $1", digest)
    return None if row is None else _imported(row)


async def recent(connection: Connection, limit: int) -> list[RosterImport]:
    rows = await connection.fetch_all(f"SELECT {_COLUMNS} FROM roster_import ORDER BY id DESC LIMIT {limit:d}")
    return [_imported(row) for row in rows]


async def get(connection: Connection, import_id: int) -> tuple[RosterImport, list[RowReport]] | None:
    """An import, and the rows of its file that there was something to say about."""
    row = await connection.fetch_one(f"SELECT {_COLUMNS}, remarks FROM roster_import WHERE id = $1", import_id)
    return None if row is None else (_imported(row), _REMARKS.decode(row["remarks"]))


async def _write(desk: Desk, rows: Sequence[RosterRow], today: date, actor: str) -> list[RowReport]:
    for known, judgement in (judged := await _judge(desk.connection, rows, today)):
        if judgement.resident is not None:
            await residents.record(desk, judgement.resident, actor, replaces=known.id if known else b"")
    return [judgement.report for _, judgement in judged]


async def _judge(
    connection: Connection, rows: Sequence[RosterRow], today: date
) -> list[tuple[Registered | None, Judgement]]:
    on_record: dict[str, list[Registered]] = {}
    for each in await residents.with_niks(connection, [row.nik for row in rows]):
        on_record.setdefault(each.resident.nik, []).append(each)
    judged = []
    for row in rows:
        known = _same_person(row, on_record.get(row.nik, []))
        judged.append((known, judge(row, known.resident if known else None, today)))
    return judged


def _same_person(row: RosterRow, holders: Sequence[Registered]) -> Registered | None:
    """A placeholder is on many people's papers: only the same name and birth date make it the same person."""
    if not is_placeholder(Nik(row.nik)):
        return holders[0] if holders else None
    return next((each for each in holders if _is_like(row, each.resident)), None)


def _is_like(row: RosterRow, resident: Resident) -> bool:
    is_same_name = row.values.get("name", "").casefold() == resident.name.casefold()
    return is_same_name and row.values.get("birth_date") == resident.birth_date.isoformat()


async def _remember(desk: Desk, reports: list[RowReport], digest: bytes, file_name: str, actor: str) -> None:
    """Two officers may have sent one file at once: the first to end is remembered."""
    fates = Counter(report.fate for report in reports)
    await desk.connection.execute(
        "INSERT INTO roster_import (digest, file_name, imported_ms, imported_by, new, changed, same, refused, passed_over,"
        " remarks) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (digest) DO NOTHING",
        digest,
        file_name,
        desk.now_ms,
        actor,
        *(fates[fate] for fate in Fate),
        msgspec.msgpack.encode([report for report in reports if report.remarks], enc_hook=str),
    )


def _batches(rows: Sequence[RosterRow]) -> Iterator[Sequence[RosterRow]]:
    return (rows[at : at + BATCH_ROWS] for at in range(0, len(rows), BATCH_ROWS))


def _imported(row: Row) -> RosterImport:
    fates = {fate: row[fate.value] for fate in Fate}
    return RosterImport(row["id"], row["file_name"], row["imported_ms"], row["imported_by"], fates)
