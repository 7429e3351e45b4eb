"""SQLite behind the `Database` promise: durable before it says so, one writer, readers that never wait.

A transaction runs to its end inside one call to the database's thread (0.13 ms saved for every statement that would
otherwise cross threads). After an I/O error nothing more is done on the handle: SQLite may no longer know what is on
disk. Must never know what the tables mean. Place in the flow: the only package that imports a database driver.
"""

import asyncio
import contextlib
import os
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar

import aiosqlite

from chassis.database.interface import (
    ConstraintViolated,
    Database,
    DatabaseBusy,
    DatabaseClosed,
    DatabaseError,
    DatabaseFailed,
    Row,
    StatementRefused,
    Work,
    drive,
)
from chassis.database.migrations import (
    Migration,
    MigrationSource,
    apply_migrations,
    check_schema,
    load_migrations,
    read_applied,
)

T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000  # another process holding the lock longer than this is stuck, not busy
CACHED_STATEMENTS = 512  # more than all SQL texts of one program, so that each is prepared once
REWRITTEN_STATEMENTS_MAX = 2_048  # bounds the memory if somebody builds SQL texts at run time
WAL_KEPT_BYTES = 64 * 1024 * 1024  # what a burst leaves behind is given back to the disk
FILE_MODE = 0o600  # the file holds personal data; WAL and SHM inherit it

CONNECTION_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA synchronous = FULL",  # NORMAL loses committed transactions on a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA temp_store = MEMORY",  # personal data must not spill into temporary files
    f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}",
)


@dataclass(frozen=True, slots=True)
class Room:
    """How much memory and disk one database may take for speed."""

    page_cache_kib: int  # per connection, of which there are two
    checkpoint_pages: int  # a checkpoint costs an fsync of the main file, a long log costs every reader


BOX = Room(page_cache_kib=16_384, checkpoint_pages=2_000)  # two connections must fit a box of 150 MB
SERVER = Room(page_cache_kib=131_072, checkpoint_pages=16_384)

DISK_ERRORS = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CANTOPEN,
    }
)

CONSTRAINT_KINDS = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: "unique",
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: "unique",
    sqlite3.SQLITE_CONSTRAINT_ROWID: "unique",
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: "foreign_key",
    sqlite3.SQLITE_CONSTRAINT_CHECK: "check",
    sqlite3.SQLITE_CONSTRAINT_NOTNULL: "not_null",
}

# Strings, quoted names and comments are matched first so that a `$1` inside them stays as it is.
PLACEHOLDER = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\$(\d+)""", re.DOTALL)


@lru_cache(maxsize=REWRITTEN_STATEMENTS_MAX)
def rewrite_placeholders(sql: str) -> str:
    """`$2` becomes `?2`: SQLite takes a bare `$2` for a *name* and numbers names in order of appearance, silently."""
    return PLACEHOLDER.sub(lambda match: match[0] if match[1] is None else f"?{match[1]}", sql)


class _Health:
    """Shared by the connections of one database: once it has failed it stays failed."""

    __slots__ = ("failure",)

    def __init__(self) -> None:
        self.failure: str | None = None

    def require(self) -> None:
        if self.failure is not None:
            raise DatabaseFailed(self.failure)

    def translate(self, error: sqlite3.Error) -> DatabaseError:
        """Our name for a driver's error; a disk error also marks the database as failed."""
        code: int | None = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        # A file that is not a database is reported as a plain DatabaseError without a code by some paths.
        if primary in DISK_ERRORS:
            self.failure = f"{error} ({getattr(error, 'sqlite_errorname', 'unknown')})"
            return DatabaseFailed(self.failure)
        if code is not None and primary == sqlite3.SQLITE_CONSTRAINT:
            return ConstraintViolated(str(error), CONSTRAINT_KINDS.get(code, "other"))
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return DatabaseBusy(str(error))
        return StatementRefused(str(error))


class SqliteConnection:
    """`Connection` over a sqlite3 connection of the current thread. Never suspends."""

    __slots__ = ("_health", "_sqlite")

    def __init__(self, sqlite: sqlite3.Connection, health: _Health) -> None:
        self._sqlite = sqlite
        self._health = health

    async def fetch_all(self, sql: str, /, *args: Any) -> list[Row]:
        try:
            return self._sqlite.execute(rewrite_placeholders(sql), args).fetchall()
        except sqlite3.Error as error:
            raise self._health.translate(error) from error

    async def fetch_one(self, sql: str, /, *args: Any) -> Row | None:
        try:
            row: Row | None = self._sqlite.execute(rewrite_placeholders(sql), args).fetchone()
        except sqlite3.Error as error:
            raise self._health.translate(error) from error
        return row

    async def fetch_value(self, sql: str, /, *args: Any) -> Any:
        try:
            row = self._sqlite.execute(rewrite_placeholders(sql), args).fetchone()
        except sqlite3.Error as error:
            raise self._health.translate(error) from error
        return None if row is None else row[0]

    async def execute(self, sql: str, /, *args: Any) -> int:
        try:
            return max(0, self._sqlite.execute(rewrite_placeholders(sql), args).rowcount)
        except sqlite3.Error as error:
            raise self._health.translate(error) from error

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]], /) -> None:
        try:
            self._sqlite.executemany(rewrite_placeholders(sql), rows)
        except sqlite3.Error as error:
            raise self._health.translate(error) from error


class _Desk:
    """One sqlite3 connection and what may be done on it, always from the same thread."""

    def __init__(self, sqlite: sqlite3.Connection, health: _Health) -> None:
        self._sqlite = sqlite
        self._health = health
        self._connection = SqliteConnection(sqlite, health)

    def transact(self, work: Work[T], after_commit: Callable[[T], None] | None) -> T:
        self._health.require()
        self._statement("BEGIN IMMEDIATE")
        try:
            result = drive(work(self._connection))
            self._health.require()  # a work that swallowed a disk error must not commit
            self._statement("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        if after_commit is not None:
            self._run_after_commit(after_commit, result)
        return result

    def read(self, work: Work[T]) -> T:
        self._health.require()
        self._statement("BEGIN DEFERRED")
        try:
            return drive(work(self._connection))
        finally:
            self._roll_back()

    def _statement(self, sql: str) -> None:
        try:
            self._sqlite.execute(sql)
        except sqlite3.Error as error:
            raise self._health.translate(error) from error

    def _roll_back(self) -> None:
        # SQLite has already rolled back by itself after some errors.
        if self._sqlite.in_transaction:
            self._statement("ROLLBACK")

    def _run_after_commit(self, after_commit: Callable[[T], None], result: T) -> None:
        try:
            after_commit(result)
        except BaseException as error:
            self._health.failure = f"the step after a commit failed: {type(error).__name__}"
            raise


class SqliteDatabase(Database):
    """A SQLite file in a running program: a writer thread and a reader thread beside the event loop."""

    def __init__(
        self,
        path: Path,
        writer: tuple[aiosqlite.Connection, _Desk],
        reader: tuple[aiosqlite.Connection, _Desk],
        health: _Health,
    ) -> None:
        self.path = path
        self._writer, self._writer_desk = writer
        self._reader, self._reader_desk = reader
        self._health = health
        self._is_open = True

    @classmethod
    async def open(cls, path: Path, migrations: MigrationSource, room: Room = BOX) -> Self:
        """Creates the file when absent and brings its schema up to date.

        Raises SchemaTooNew or MigrationAltered before anything is changed, DatabaseFailed for an unreadable file.
        """
        health = _Health()
        known = load_migrations(migrations)
        # Opened before their threads start: a file that cannot be opened leaves no thread behind.
        writer = await asyncio.to_thread(_open_writer, str(path), known, health, room)
        try:
            reader = await asyncio.to_thread(_open_reader, str(path), health, room)
        except BaseException:
            writer.close()
            raise
        return cls(path, await _start_thread(writer, health), await _start_thread(reader, health), health)

    async def transact(self, work: Work[T], *, after_commit: Callable[[T], None] | None = None) -> T:
        self._require_open()
        return await _run_in_thread(self._writer, lambda: self._writer_desk.transact(work, after_commit))

    async def read(self, work: Work[T]) -> T:
        self._require_open()
        return await _run_in_thread(self._reader, lambda: self._reader_desk.read(work))

    async def close(self) -> None:
        self._is_open = False
        # The reader first: the last connection to close folds the log into the main file, and readers cannot write.
        for connection in (self._reader, self._writer):
            try:
                await connection.close()
            except sqlite3.Error:
                if self._health.failure is None:
                    raise

    @property
    def failure(self) -> str | None:
        return self._health.failure

    async def quick_check(self) -> list[str]:
        # Its own connection: a check of seconds must stop neither readers nor the writer.
        return await asyncio.to_thread(_check_file, self.path)

    async def backup_to(self, path: Path) -> None:
        self._health.require()
        await asyncio.to_thread(_back_up_file, self.path, path)

    def _require_open(self) -> None:
        if not self._is_open:
            raise DatabaseClosed("the database is closed")


class InPlaceDatabase(Database):
    """The same promise in the calling thread, for short commands and for simulations without an event loop.

    Its coroutines never suspend, so they can be awaited as usual or run by `drive`.
    """

    def __init__(self, sqlite: sqlite3.Connection, migrations: Sequence[Migration], health: _Health) -> None:
        self._sqlite = sqlite
        self._migrations = migrations
        self._health = health
        self._desk = _Desk(sqlite, health)
        self._is_open = True

    @classmethod
    def open(cls, path: Path | str, migrations: MigrationSource) -> Self:
        """`path` may be ":memory:". Not a coroutine. Errors as in `SqliteDatabase.open`."""
        health = _Health()
        known = load_migrations(migrations)
        return cls(_open_writer(str(path), known, health), known, health)

    async def transact(self, work: Work[T], *, after_commit: Callable[[T], None] | None = None) -> T:
        self._require_open()
        return self._desk.transact(work, after_commit)

    async def read(self, work: Work[T]) -> T:
        self._require_open()
        # One connection serves both, so a read forbids itself to write while it lasts.
        self._sqlite.execute("PRAGMA query_only = ON")
        try:
            return self._desk.read(work)
        finally:
            self._sqlite.execute("PRAGMA query_only = OFF")

    async def close(self) -> None:
        self._is_open = False
        self._sqlite.close()

    @property
    def failure(self) -> str | None:
        return self._health.failure

    async def quick_check(self) -> list[str]:
        self._require_open()
        return _check(self._sqlite)

    async def backup_to(self, path: Path) -> None:
        self._require_open()
        self._health.require()
        _back_up(self._sqlite, path)

    def serialize(self) -> bytes:
        """The whole database as bytes, as a backup file would hold it."""
        self._require_open()
        return self._sqlite.serialize()

    def deserialize(self, image: bytes) -> None:
        """Replaces a `:memory:` database by the image; an older schema is brought up to date, a newer one refused."""
        self._require_open()
        # A new connection: statements prepared on the old one would point into a schema that SQLite has freed.
        self._sqlite.close()
        self._sqlite = _connect(":memory:")
        self._desk = _Desk(self._sqlite, self._health)
        # Bytes 18 and 19 say "needs a log file beside it"; in memory there is none (SQLite file format, 1.3.3).
        self._sqlite.deserialize(image[:18] + b"\x01\x01" + image[20:])
        check_schema(self._sqlite, self._migrations)
        apply_migrations(self._sqlite, self._migrations)

    def _require_open(self) -> None:
        if not self._is_open:
            raise DatabaseClosed("the database is closed")


async def _run_in_thread(connection: aiosqlite.Connection, call: Callable[[], T]) -> T:
    """The one private call of aiosqlite (`_execute`, 0.22): it has no public way to run a function in its thread.

    The call is queued before the first suspension, so cancelling the caller gives up the answer, never the call.
    """
    execute: Callable[[Callable[[], T]], Awaitable[T]] = connection._execute
    return await execute(call)


async def _start_thread(sqlite: sqlite3.Connection, health: _Health) -> tuple[aiosqlite.Connection, _Desk]:
    connection = aiosqlite.Connection(lambda: sqlite, iter_chunk_size=64)
    # A program that dies of a bug must end, not hang on this thread: SQLite takes the rest for a crash and rolls back.
    connection._thread.daemon = True
    return await connection, _Desk(sqlite, health)


def _open_writer(path: str, migrations: Sequence[Migration], health: _Health, room: Room = BOX) -> sqlite3.Connection:
    try:
        if path != ":memory:":
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE))
        sqlite = _connect(path, room)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseFailed(f"cannot open the database: {error}") from error
    try:
        check_schema(sqlite, migrations)
        sqlite.execute("PRAGMA journal_mode = WAL")
        apply_migrations(sqlite, migrations)
    except sqlite3.Error as error:
        sqlite.close()
        raise health.translate(error) from error
    except BaseException:
        sqlite.close()
        raise
    return sqlite


def _open_reader(path: str, health: _Health, room: Room) -> sqlite3.Connection:
    try:
        sqlite = _connect(path, room)
        sqlite.execute("PRAGMA query_only = ON")
    except sqlite3.Error as error:
        raise health.translate(error) from error
    return sqlite


def _connect(path: str, room: Room = BOX) -> sqlite3.Connection:
    # Opened in one thread and handed to another; each connection is used by one thread at a time.
    sqlite = sqlite3.connect(path, isolation_level=None, cached_statements=CACHED_STATEMENTS, check_same_thread=False)
    sqlite.row_factory = sqlite3.Row
    for pragma in CONNECTION_PRAGMAS:
        sqlite.execute(pragma)
    sqlite.execute(f"PRAGMA cache_size = -{room.page_cache_kib}")
    sqlite.execute(f"PRAGMA wal_autocheckpoint = {room.checkpoint_pages}")
    return sqlite


def components_in(path: Path) -> frozenset[str]:
    """Whose tables a file holds (`chassis`, `agent`, ...): none in an empty file. Raises DatabaseFailed for no database."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as sqlite:
            return frozenset(component for component, _ in read_applied(sqlite))
    except sqlite3.Error as error:
        raise DatabaseFailed(f"it cannot be read: {error}") from error


def _check_file(path: Path) -> list[str]:
    try:
        sqlite = _connect(str(path))
    except sqlite3.Error as error:
        return [str(error)]
    try:
        return _check(sqlite)
    finally:
        sqlite.close()


def _check(sqlite: sqlite3.Connection) -> list[str]:
    try:
        problems = [str(row[0]) for row in sqlite.execute("PRAGMA quick_check")]
        problems += [f"broken reference in {row[0]}" for row in sqlite.execute("PRAGMA foreign_key_check")]
    except sqlite3.Error as error:
        return [str(error)]
    return [problem for problem in problems if problem != "ok"]


def _back_up_file(source: Path, target: Path) -> None:
    try:
        sqlite = _connect(str(source))
    except sqlite3.Error as error:
        raise DatabaseFailed(f"cannot read the database for a backup: {error}") from error
    try:
        _back_up(sqlite, target)
    finally:
        sqlite.close()


def _back_up(sqlite: sqlite3.Connection, target: Path) -> None:
    """Copy beside the target, sync, rename, sync the folder: a power cut leaves the old backup or the new one."""
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE))
    try:
        copy = sqlite3.connect(partial, isolation_level=None)
        try:
            sqlite.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        finally:
            copy.close()
        _sync(partial, os.O_RDWR)
        partial.rename(target)
        _sync(target.parent, os.O_RDONLY)
    except sqlite3.Error as error:
        raise DatabaseFailed(f"the backup could not be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
