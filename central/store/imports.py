"""Imported lists: the file as it came, every row's fate, who brought it and under which permission.

A file is one row for good, found by its digest; its state says whether its facts are in force. Only this file writes
`import_file`, `import_row` and `import_part`.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from central.domain.lists import Kind, Plan, RowReport
from central.domain.lists.rows import Fate, Reading
from chassis.database import Connection, Row

DRAFT_MS = 7 * 24 * 3_600_000
"""A file that nobody took over holds people's data for no purpose: after a week it goes."""
PACKING = 1
"""zlib: a list shrinks to a fifth in half a second; more takes seconds for little."""

_DRAFT, _CHECKED, _DONE, _UNDONE = "draft", "checked", "done", "undone"
_encode = msgspec.msgpack.Encoder().encode
_readings = msgspec.msgpack.Decoder(list[Reading])
_remarks = msgspec.json.Decoder(list[tuple[str, str, str]])


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A list to be recorded. `as_of`: the date of its data, as the list or its bringer says."""

    digest: bytes
    name: str
    permission: str
    as_of: str
    brought_ms: int
    brought_by: str
    content: bytes
    kind: Kind = Kind.COVERAGE


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """A list as it stands here. `facts`: how many it gives; `taken`: how often it was taken over."""

    id: int
    digest: bytes
    name: str
    permission: str
    as_of: str
    imported_ms: int
    imported_by: str
    rows: int
    kind: Kind
    state: str
    plan: bytes
    facts: int
    taken: int
    undone_ms: int | None
    undone_by: str
    undone_reason: str

    @property
    def is_open(self) -> bool:
        """It can be looked at, mapped and checked; nothing of it is in force."""
        return self.state != _DONE

    @property
    def is_checked(self) -> bool:
        return self.state == _CHECKED

    @property
    def is_done(self) -> bool:
        return self.state == _DONE

    @property
    def is_undone(self) -> bool:
        return self.state == _UNDONE


_COLUMNS = (
    "id, digest, name, permission, as_of, imported_ms, imported_by, rows, kind, state, plan, facts, taken, undone_ms,"
    " undone_by, undone_reason"
)


def _record(row: Row) -> ImportRecord:
    return ImportRecord(*(*tuple(row)[:8], Kind(row["kind"]), *tuple(row)[9:]))


async def find_digest(connection: Connection, digest: bytes) -> ImportRecord | None:
    """The file of these very bytes."""
    row = await connection.fetch_one(f"SELECT {_COLUMNS} FROM import_file WHERE digest = $1", digest)
    return None if row is None else _record(row)


async def get(connection: Connection, import_id: int) -> ImportRecord | None:
    row = await connection.fetch_one(f"SELECT {_COLUMNS} FROM import_file WHERE id = $1", import_id)
    return None if row is None else _record(row)


async def content(connection: Connection, import_id: int) -> bytes:
    """The file as it came."""
    return zlib.decompress(await connection.fetch_value("SELECT content FROM import_file WHERE id = $1", import_id))


def packed(content: bytes) -> bytes:
    """As it is kept. Half a second for a long list: not for inside a transaction."""
    return zlib.compress(content, PACKING)


async def put(connection: Connection, file: ImportFile, packed_content: bytes | None = None) -> int:
    """Keep a file as a draft; its id. Old drafts that nobody took over go."""
    for row in await connection.fetch_all(
        "SELECT id FROM import_file WHERE taken = 0 AND imported_ms < $1", file.brought_ms - DRAFT_MS
    ):
        await discard(connection, row[0])
    import_id: int = await connection.fetch_value(
        "INSERT INTO import_file (digest, name, permission, as_of, imported_ms, imported_by, rows, content, kind, state,"
        " taken) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, 'draft', 0) RETURNING id",
        file.digest,
        file.name,
        file.permission,
        file.as_of,
        file.brought_ms,
        file.brought_by,
        packed(file.content) if packed_content is None else packed_content,
        file.kind.value,
    )
    return import_id


async def describe(connection: Connection, import_id: int, kind: Kind, permission: str, as_of: str) -> None:
    """What is said of a file that is brought again, after an undo or while it is a draft."""
    await connection.execute(
        "UPDATE import_file SET kind = $2, permission = $3, as_of = $4, plan = x'', state = 'draft' WHERE id = $1",
        import_id,
        kind.value,
        permission,
        as_of,
    )


async def begin_check(connection: Connection, import_id: int, plan: bytes) -> None:
    """Forget what an earlier check found."""
    await connection.execute("DELETE FROM import_row WHERE import = $1", import_id)
    await connection.execute("DELETE FROM import_part WHERE import = $1", import_id)
    await connection.execute(
        "UPDATE import_file SET plan = $2, state = 'draft', rows = 0, facts = 0 WHERE id = $1", import_id, plan
    )


async def add_rows(
    connection: Connection, import_id: int, part: int, reports: Sequence[RowReport], readings: Sequence[Reading]
) -> None:
    """One batch of a check: fates for the report, and what the rows would become."""
    await connection.execute_many(
        "INSERT INTO import_row (import, row, fate, reason, remarks) VALUES ($1, $2, $3, $4, $5)",
        [(import_id, each.row, each.fate.value, each.reason, _remark_text(each)) for each in reports],
    )
    await connection.execute(
        "INSERT INTO import_part (import, part, readings) VALUES ($1, $2, $3)",
        import_id,
        part,
        zlib.compress(_encode(readings), PACKING),
    )


def _remark_text(report: RowReport) -> str:
    if not report.remarks:
        return ""
    return msgspec.json.encode([(each.column, each.value, each.reason) for each in report.remarks]).decode()


async def end_check(connection: Connection, import_id: int, rows: int, facts: int) -> None:
    await connection.execute(
        "UPDATE import_file SET state = 'checked', rows = $2, facts = $3 WHERE id = $1", import_id, rows, facts
    )


async def parts(connection: Connection, import_id: int) -> list[int]:
    rows = await connection.fetch_all("SELECT part FROM import_part WHERE import = $1 ORDER BY part", import_id)
    return [row[0] for row in rows]


async def part(connection: Connection, import_id: int, number: int) -> list[Reading]:
    """What the rows of one batch would become."""
    packed_readings = await connection.fetch_value(
        "SELECT readings FROM import_part WHERE import = $1 AND part = $2", import_id, number
    )
    return _readings.decode(zlib.decompress(packed_readings))


async def mark_done(connection: Connection, import_id: int, actor: str, now_ms: int) -> None:
    """Its facts are in force, and stand in their tables: the parts go."""
    await connection.execute("DELETE FROM import_part WHERE import = $1", import_id)
    await connection.execute(
        "UPDATE import_file SET state = 'done', taken = taken + 1, imported_ms = $2, imported_by = $3 WHERE id = $1",
        import_id,
        now_ms,
        actor,
    )


async def add_whole(connection: Connection, file: ImportFile, rows: Sequence[int]) -> int:
    """A list of the regency's own that needs no check: every row of it is kept. Its id."""
    import_id = await put(connection, file)
    await add_rows(connection, import_id, 0, [RowReport(row, Fate.KEPT, 1) for row in rows], [])
    await end_check(connection, import_id, len(rows), len(rows))
    await mark_done(connection, import_id, file.brought_by, file.brought_ms)
    return import_id


async def mark_undone(connection: Connection, import_id: int, actor: str, reason: str, now_ms: int) -> None:
    await connection.execute(
        "UPDATE import_file SET state = 'undone', facts = 0, undone_ms = $2, undone_by = $3, undone_reason = $4"
        " WHERE id = $1",
        import_id,
        now_ms,
        actor,
        reason,
    )


async def discard(connection: Connection, import_id: int) -> None:
    """A file that was never taken over goes without a trace; one that was, keeps its place, done or undone."""
    await connection.execute("DELETE FROM import_part WHERE import = $1", import_id)
    await connection.execute(
        "UPDATE import_file SET state = 'undone', facts = 0 WHERE id = $1 AND taken > 0 AND state != 'done'", import_id
    )
    if await connection.fetch_value("SELECT 1 FROM import_file WHERE id = $1 AND taken = 0", import_id):
        await connection.execute("DELETE FROM import_row WHERE import = $1", import_id)
        await connection.execute("DELETE FROM import_file WHERE id = $1", import_id)


# --- what people look at ----------------------------------------------------------------------------------------------


async def recent(connection: Connection, limit: int) -> list[ImportRecord]:
    """Newest first."""
    rows = await connection.fetch_all(f"SELECT {_COLUMNS} FROM import_file ORDER BY id DESC LIMIT $1", limit)
    return [_record(row) for row in rows]


async def fates(connection: Connection, import_id: int) -> dict[str, int]:
    rows = await connection.fetch_all(
        "SELECT fate, count(*) FROM import_row WHERE import = $1 GROUP BY fate ORDER BY fate", import_id
    )
    return {row[0]: row[1] for row in rows}


async def left_out(connection: Connection, cycle: str) -> list[tuple[str, int, str, str]]:
    """(file, row, fate, reason) of every row that became no proposal of a cycle when its list was read, in the order of
    the lists; of undone ones too, whose proposals are withdrawn."""
    lists = await connection.fetch_all(
        "SELECT id, name, plan FROM import_file WHERE kind = 'proposals' AND taken > 0 ORDER BY id"
    )
    names = {row[0]: row[1] for row in lists if msgspec.json.decode(row[2], type=Plan).cycle == cycle}
    rows = await connection.fetch_all(
        "SELECT import, row, fate, reason FROM import_row WHERE fate <> 'kept'"
        " AND import IN (SELECT value FROM json_each($1)) ORDER BY import, row",
        msgspec.json.encode(list(names)).decode(),
    )
    return [(names[row[0]], row[1], row[2], row[3]) for row in rows]


@dataclass(frozen=True, slots=True)
class RowLine:
    """A row of the report: (column, masked value, reason) of each thing there is to say."""

    row: int
    fate: str
    remarks: list[tuple[str, str, str]]


async def count_rows(connection: Connection, import_id: int, fate: str) -> int:
    """Rows with this fate; empty: with anything to say."""
    total: int = await connection.fetch_value(
        f"SELECT count(*) FROM import_row WHERE import = $1 AND {_CHOSEN}", import_id, fate
    )
    return total


async def rows(connection: Connection, import_id: int, fate: str, limit: int, offset: int) -> list[RowLine]:
    """In the order of the file."""
    found = await connection.fetch_all(
        f"SELECT row, fate, reason, remarks FROM import_row WHERE import = $1 AND {_CHOSEN}"
        " ORDER BY row LIMIT $3 OFFSET $4",
        import_id,
        fate,
        limit,
        offset,
    )
    return [_line(row) for row in found]


async def rows_after(connection: Connection, import_id: int, row: int, limit: int) -> list[RowLine]:
    """All rows in the order of the file, a piece at a time."""
    found = await connection.fetch_all(
        "SELECT row, fate, reason, remarks FROM import_row WHERE import = $1 AND row > $2 ORDER BY row LIMIT $3",
        import_id,
        row,
        limit,
    )
    return [_line(each) for each in found]


_CHOSEN = "($2 = '' AND reason != '' OR fate = $2)"


def _line(row: Row) -> RowLine:
    if row["remarks"]:
        return RowLine(row["row"], row["fate"], _remarks.decode(row["remarks"]))
    return RowLine(row["row"], row["fate"], [("", "", row["reason"])] if row["reason"] else [])


def report_cells(lines: Iterable[RowLine]) -> Iterator[tuple[str, ...]]:
    """Row, fate, column, masked value, reason: one line for each remark, and one for a row without any."""
    for line in lines:
        for remark in line.remarks or [("", "", "")]:
            yield (str(line.row), line.fate, *remark)
