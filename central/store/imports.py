"""Imported lists: the file as it came, every row's fate, who brought it and under which permission."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from chassis.database import Connection


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A list to be recorded. `as_of`: the date of its data, as the list or its bringer says."""

    digest: bytes
    name: str
    permission: str
    as_of: str
    imported_ms: int
    imported_by: str
    rows: int
    content: bytes


async def find_digest(connection: Connection, digest: bytes) -> str | None:
    """The name under which these very bytes were imported before."""
    name: str | None = await connection.fetch_value("SELECT name FROM import_file WHERE digest = $1", digest)
    return name


async def add(connection: Connection, file: ImportFile, fates: Iterable[tuple[int, str, str]]) -> int:
    """Record a file and the (row, fate, reason) of each of its rows; its id."""
    import_id: int = await connection.fetch_value(
        "INSERT INTO import_file (digest, name, permission, as_of, imported_ms, imported_by, rows, content)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
        file.digest,
        file.name,
        file.permission,
        file.as_of,
        file.imported_ms,
        file.imported_by,
        file.rows,
        zlib.compress(file.content),
    )
    await connection.execute_many(
        "INSERT INTO import_row (import, row, fate, reason) VALUES ($1, $2, $3, $4)",
        [(import_id, row, fate, reason) for row, fate, reason in fates],
    )
    return import_id
