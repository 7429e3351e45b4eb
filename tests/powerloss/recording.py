"""One stream of every write, truncation, sync and deletion below the program, with what people were told in between.

The database's writes come from a VFS of SQLite (apsw) over the real one, the mark's from the few calls of `os` that
`agent/store/mark.py` makes; both are carried out as well as recorded. Nothing here knows what the bytes mean.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, TypeVar

import apsw

import agent.store.mark
from chassis.database import ConstraintViolated, Database, Row, drive, rewrite_placeholders
from chassis.database.interface import Work
from chassis.database.migrations import MigrationSource, apply_migrations, check_schema, load_migrations
from chassis.database.sqlite import CONNECTION_PRAGMAS

T = TypeVar("T")

CHECKPOINT_PAGES = 40
"""Far fewer than in production, so that a short story sees the log folded into the main file and begun anew many times."""


@dataclass(frozen=True, slots=True)
class Write:
    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Delete:
    file: str


@dataclass(frozen=True, slots=True)
class Sync:
    file: str


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody was told something here, and relies on it from now on."""

    what: Any


Event = Write | Truncate | Delete | Sync | Told


@dataclass(slots=True)
class Recording:
    """The stream, and the folder in which everything recorded really happens."""

    folder: Path
    events: list[Event] = field(default_factory=list)

    def told(self, what: Any) -> None:
        self.events.append(Told(what))


# --- the database -----------------------------------------------------------------------------------------------------

_names = count()


class RecordingVfs(apsw.VFS):
    """SQLite's own file system, with a note of what it was asked to do."""

    def __init__(self, recording: Recording) -> None:
        self.name = f"recording-{next(_names)}"
        self._recording = recording
        super().__init__(self.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> "RecordingFile":
        return RecordingFile(self._recording, name, flags)

    def xDelete(self, name: str, syncdir: bool) -> None:
        super().xDelete(name, syncdir)
        self._recording.events.append(Delete(Path(name).name))
        if syncdir:
            self._recording.events.append(Sync(Path(name).name))


class RecordingFile(apsw.VFSFile):
    def __init__(self, recording: Recording, name: Any, flags: list[int]) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(path).name
        self._note = recording.events.append
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._note(Write(self._name, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        self._note(Truncate(self._name, size))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._note(Sync(self._name))


class NamedRow(tuple[Any, ...]):
    """As `Row` promises."""

    names: tuple[str, ...]

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self.names.index(key) if isinstance(key, str) else key)

    def keys(self) -> Iterable[str]:
        return self.names


def _name_row(cursor: apsw.Cursor, values: tuple[Any, ...]) -> NamedRow:
    row = NamedRow(values)
    row.names = tuple(column[0] for column in cursor.get_description())
    return row


class RecordedConnection:
    """`Connection` over apsw. Never suspends."""

    def __init__(self, sqlite: apsw.Connection) -> None:
        self._sqlite = sqlite

    async def fetch_all(self, sql: str, /, *args: Any) -> list[Row]:
        return list(self._run(sql, args))

    async def fetch_one(self, sql: str, /, *args: Any) -> Row | None:
        return next(iter(self._run(sql, args).fetchall()), None)

    async def fetch_value(self, sql: str, /, *args: Any) -> Any:
        row = await self.fetch_one(sql, *args)
        return None if row is None else row[0]

    async def execute(self, sql: str, /, *args: Any) -> int:
        before = self._sqlite.total_changes()
        self._run(sql, args).fetchall()
        return int(self._sqlite.total_changes() - before)

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]], /) -> None:
        self._sqlite.cursor().executemany(rewrite_placeholders(sql), rows)

    def _run(self, sql: str, args: Sequence[Any]) -> apsw.Cursor:
        text = rewrite_placeholders(sql)
        try:
            return self._sqlite.execute(text, args)
        except apsw.ConstraintError as error:
            raise ConstraintViolated(str(error), "other") from error


class RecordedDatabase(Database):
    """The promise of `Database` in the calling thread, with the product's own pragmas unless a mutant changes one."""

    def __init__(self, sqlite: apsw.Connection, vfs: RecordingVfs) -> None:
        self._sqlite = sqlite
        self._vfs = vfs  # must outlive the connection
        self._connection = RecordedConnection(sqlite)

    @classmethod
    def open(cls, recording: Recording, name: str, migrations: MigrationSource, *, synchronous: str = "") -> Self:
        """As the product opens a file; `synchronous` replaces the product's choice."""
        vfs, known = RecordingVfs(recording), load_migrations(migrations)
        sqlite = apsw.Connection(str(recording.folder / name), vfs=vfs.name)
        pragmas = [*CONNECTION_PRAGMAS, f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}"]
        if synchronous:
            pragmas.append(f"PRAGMA synchronous = {synchronous}")
        for pragma in pragmas:
            sqlite.execute(pragma)
        check_schema(sqlite, known)
        sqlite.execute("PRAGMA journal_mode = WAL")
        apply_migrations(sqlite, known)
        sqlite.row_trace = _name_row
        return cls(sqlite, vfs)

    async def transact(self, work: Work[T], *, after_commit: Callable[[T], None] | None = None) -> T:
        self._sqlite.execute("BEGIN IMMEDIATE")
        try:
            result = drive(work(self._connection))
            self._sqlite.execute("COMMIT")
        except BaseException:
            if self._sqlite.in_transaction:
                self._sqlite.execute("ROLLBACK")
            raise
        if after_commit is not None:
            after_commit(result)
        return result

    async def read(self, work: Work[T]) -> T:
        self._sqlite.execute("BEGIN DEFERRED")
        try:
            return drive(work(self._connection))
        finally:
            self._sqlite.execute("ROLLBACK")

    async def close(self) -> None:
        self._sqlite.close()

    @property
    def failure(self) -> str | None:
        return None

    async def quick_check(self) -> list[str]:
        found = [row[0] for row in self._sqlite.execute("PRAGMA quick_check")]
        return [problem for problem in found if problem != "ok"]

    async def backup_to(self, path: Path) -> None:
        raise NotImplementedError("a recording is never backed up")


# --- the mark ---------------------------------------------------------------------------------------------------------


@contextmanager
def recorded_mark(recording: Recording) -> Iterator[None]:
    """While this lasts, what `MarkFile` writes is recorded as well as done."""
    names: dict[int, str] = {}

    def open_(path: Any, flags: int, *mode: int) -> int:
        file = os.open(path, flags, *mode)
        if not flags & os.O_DIRECTORY:
            names[file] = Path(path).name
        return file

    def ftruncate(file: int, size: int) -> None:
        os.ftruncate(file, size)
        recording.events.append(Truncate(names[file], size))

    def pwrite(file: int, data: bytes, offset: int) -> int:
        recording.events.append(Write(names[file], offset, bytes(data)))
        return os.pwrite(file, data, offset)

    def sync(file: int) -> None:
        os.fsync(file)
        if file in names:
            recording.events.append(Sync(names[file]))

    def close(file: int) -> None:
        names.pop(file, None)
        os.close(file)

    constants = {name: getattr(os, name) for name in dir(os) if name.startswith("O_")}
    calls = {"open": open_, "ftruncate": ftruncate, "pwrite": pwrite, "fsync": sync, "fdatasync": sync, "close": close}
    agent.store.mark.os = SimpleNamespace(**constants, **calls)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        agent.store.mark.os = os  # type: ignore[attr-defined]
