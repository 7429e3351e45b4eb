"""Imports a coverage list: the same file twice is refused, a bad row is that row's problem, nothing is half done."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_bytes

from central.domain.coverage_sets import month_of
from central.domain.decisions import Coverage
from central.domain.periods import Span
from central.domain.siksng import CoverageRow, RowReport, SiksngList, read_siksng
from central.store import coverage_sets, facts, imports, trail
from central.store.imports import ImportFile
from chassis.database import Connection, Database
from protocol.lists.tables import ListRefused

_ROW = b"kampung/coverage/1"


class ImportRefused(Exception):
    """The whole file is refused and nothing was taken over; the message is Indonesian and names the cure."""


@dataclass(frozen=True, slots=True)
class CoverageImport:
    """What became of a list."""

    import_id: int
    rows: int
    fates: dict[str, int]
    coverages: int
    reports: Sequence[RowReport]
    ignored_columns: tuple[str, ...]


def read_list(content: bytes, *, default_period: Span | None = None) -> SiksngList:
    """The list as read, without recording anything: also the dry run. Raises ImportRefused."""
    found = read_siksng(content, default_period=default_period)
    if isinstance(found, ListRefused):
        raise ImportRefused(found.sentence)
    return found


async def import_coverage(
    database: Database,
    content: bytes,
    found: SiksngList,
    *,
    name: str,
    permission: str,
    as_of: str,
    actor: str,
    now_ms: int,
    chance: Callable[[int], bytes] = token_bytes,
) -> CoverageImport:
    """Record a list that was read, and tell the villages whom it covers, as digests.

    Raises ImportRefused when these very bytes were imported before.
    """
    digest = sha256(content).digest()
    file = ImportFile(digest, name, permission, as_of, now_ms, actor, len(found.reports), content)
    rows = [(row.source_row, _coverage(row, digest, as_of)) for row in found.coverages]

    async def work(connection: Connection) -> int:
        earlier = await imports.find_digest(connection, digest)
        if earlier is not None:
            raise ImportRefused(f"Berkas ini sudah diimpor sebagai {earlier}. Tidak ada yang diubah.")
        import_id = await imports.add(connection, file, [(r.row, r.fate.value, r.reason) for r in found.reports])
        await facts.add_coverages(connection, import_id, rows)
        await coverage_sets.publish(connection, month_of(now_ms), chance, now_ms, import_id)
        await trail.record(connection, at_ms=now_ms, actor=actor, action="import_coverage", subject=digest.hex())
        return import_id

    import_id = await database.transact(work)
    fates = Counter(report.fate.value for report in found.reports)
    return CoverageImport(import_id, len(found.reports), dict(fates), len(rows), found.reports, found.ignored_columns)


def _coverage(row: CoverageRow, digest: bytes, as_of: str) -> Coverage:
    """Named by file, row and scheme, so that the auditor finds the very line an answer rests on."""
    place = f"{row.source_row}/{row.scheme}/{row.component}/{row.first}".encode()
    return Coverage(
        reference=sha256(_ROW + digest + place).digest(),
        scheme=row.scheme,
        component=row.component,
        nik=row.nik or "",
        kk=row.kk or "",
        name_key=row.name_key,
        first=row.first,
        until=row.until,
        village=row.village or "",
        as_of=as_of,
    )
