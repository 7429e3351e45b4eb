"""Files that agencies gave back with a dossier: what the centre told of them, and the parts that have arrived.

A part is kept as it comes, so that a cut line goes on where it stopped; the file is shown when it is whole. Place in the
flow: `agent/store/feed` tells, `agent/sync` fetches, the letter's page shows. A backup holds them like every table.
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from chassis.database import Connection
from protocol.feed import ResultFile


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What is known of a dossier's file, without its bytes."""

    media_type: str
    size: int
    is_here: bool


async def tell(connection: Connection, dossier: bytes, file: ResultFile | None) -> None:
    """The centre's last word on a dossier's file. Parts that are here already stay; without a word nothing is taken away."""
    if file is None:
        return
    known = await connection.fetch_value("SELECT sha256 FROM dossier_result WHERE dossier = $1", dossier)
    if known == file.sha256:
        return
    await connection.execute("DELETE FROM dossier_result_part WHERE dossier = $1", dossier)
    await connection.execute(
        "INSERT OR REPLACE INTO dossier_result (dossier, sha256, size, media_type) VALUES ($1, $2, $3, $4)",
        dossier,
        file.sha256,
        file.size,
        file.media_type,
    )
    await connection.execute_many(
        "INSERT INTO dossier_result_part (dossier, number, digest) VALUES ($1, $2, $3)",
        [(dossier, number, digest) for number, digest in enumerate(file.parts)],
    )


async def missing(connection: Connection, refused: Collection[bytes]) -> bytes | None:
    """Name of a part to fetch, none of the refused ones."""
    rows = await connection.fetch_all(
        "SELECT DISTINCT digest FROM dossier_result_part WHERE content IS NULL LIMIT $1", len(refused) + 1
    )
    return next((row[0] for row in rows if row[0] not in refused), None)


async def keep(connection: Connection, digest: bytes, content: bytes) -> bool:
    """Keep a part. False where a file is complete by it and is not the one that was told: its parts are thrown away."""
    await connection.execute(
        "UPDATE dossier_result_part SET content = $1 WHERE digest = $2 AND content IS NULL", content, digest
    )
    rows = await connection.fetch_all("SELECT DISTINCT dossier FROM dossier_result_part WHERE digest = $1", digest)
    is_right = True
    for (dossier,) in rows:
        row = await of_dossier(connection, dossier)
        if row is not None and row.is_here and await read(connection, dossier) is None:
            await connection.execute("UPDATE dossier_result_part SET content = NULL WHERE dossier = $1", dossier)
            is_right = False
    return is_right


async def of_dossier(connection: Connection, dossier: bytes) -> ResultRow | None:
    row = await connection.fetch_one(
        "SELECT media_type, size, NOT EXISTS (SELECT 1 FROM dossier_result_part AS p WHERE p.dossier = r.dossier"
        " AND p.content IS NULL) FROM dossier_result AS r WHERE r.dossier = $1",
        dossier,
    )
    return None if row is None else ResultRow(row[0], row[1], bool(row[2]))


async def read(connection: Connection, dossier: bytes) -> bytes | None:
    """The file. None where it is not whole, or not the very bytes that the centre told of."""
    rows = await connection.fetch_all(
        "SELECT content FROM dossier_result_part WHERE dossier = $1 ORDER BY number", dossier
    )
    if not rows or any(row[0] is None for row in rows):
        return None
    content = b"".join(row[0] for row in rows)
    told = await connection.fetch_one("SELECT sha256, size FROM dossier_result WHERE dossier = $1", dossier)
    is_told = told is not None and (told[0], told[1]) == (sha256(content).digest(), len(content))
    return content if is_told else None
