"""The promises of `Database`, held against real files: durable or not at all, one writer, readers on a snapshot."""

import asyncio
import importlib.metadata
import resource
import sqlite3
import subprocess
import sys
import threading
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aiosqlite
import pytest

from chassis.database import (
    Connection,
    ConstraintViolated,
    Database,
    DatabaseBusy,
    DatabaseClosed,
    DatabaseFailed,
    InPlaceDatabase,
    SqliteDatabase,
    StatementRefused,
    WorkSuspended,
    drive,
    rewrite_placeholders,
)

SCHEMA = """
CREATE TABLE shelf (shelf_id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE book (
  book_id INTEGER PRIMARY KEY,
  shelf_id INTEGER NOT NULL REFERENCES shelf,
  pages INTEGER NOT NULL CHECK (pages > 0)
) STRICT;
"""


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "schema"
    folder.mkdir()
    (folder / "0001-library.sql").write_text(SCHEMA)
    return folder


@pytest.fixture(params=["thread", "in place"])
async def database(request: pytest.FixtureRequest, tmp_path: Path, migrations: Path) -> AsyncIterator[Database]:
    path = tmp_path / "library.db"
    opened: Database
    if request.param == "thread":
        opened = await SqliteDatabase.open(path, migrations)
    else:
        opened = InPlaceDatabase.open(path, migrations)
    yield opened
    await opened.close()


@pytest.fixture
async def served(tmp_path: Path, migrations: Path) -> AsyncIterator[SqliteDatabase]:
    opened = await SqliteDatabase.open(tmp_path / "library.db", migrations)
    yield opened
    await opened.close()


async def count_shelves(connection: Connection) -> int:
    count: int = await connection.fetch_value("SELECT count(*) FROM shelf")
    return count


def add_shelf(label: str):
    async def work(connection: Connection) -> int:
        return await connection.execute("INSERT INTO shelf (label) VALUES ($1)", label)

    return work


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """The kernel refuses writes beyond this size: a real I/O error without a broken disk."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


async def test_committed_work_is_read_back(database: Database) -> None:
    assert await database.transact(add_shelf("A")) == 1
    row = await database.read(lambda c: c.fetch_one("SELECT shelf_id, label FROM shelf"))
    assert row is not None
    shelf_id, label = row
    assert (shelf_id, label, row["label"], row[1], len(row)) == (1, "A", "A", "A", 2)


async def test_placeholders_bind_by_number_not_by_appearance(database: Database) -> None:
    row = await database.read(lambda c: c.fetch_one("SELECT $2 AS second, $1 AS first, '$1' AS quoted", "one", "two"))
    assert row is not None
    assert tuple(row) == ("two", "one", "$1")


def test_placeholders_are_left_alone_in_strings_names_and_comments() -> None:
    sql = """SELECT $1, '$2 it''s', "$3" -- $4
    /* $5 */ , $12"""
    assert rewrite_placeholders(sql) == sql.replace("$1,", "?1,").replace("$12", "?12")


async def test_work_that_raises_is_rolled_back_and_its_exception_passes_through(database: Database) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("INSERT INTO shelf (label) VALUES ('A')")
        raise LookupError("changed my mind")

    with pytest.raises(LookupError, match="changed my mind"):
        await database.transact(work)
    assert await database.read(count_shelves) == 0
    await database.transact(add_shelf("A"))


async def test_constraints_speak_our_language(database: Database) -> None:
    await database.transact(add_shelf("A"))
    broken = {
        "unique": "INSERT INTO shelf (label) VALUES ('A')",
        "not_null": "INSERT INTO shelf (label) VALUES (NULL)",
        "foreign_key": "INSERT INTO book (shelf_id, pages) VALUES (99, 1)",
        "check": "INSERT INTO book (shelf_id, pages) VALUES (1, 0)",
    }
    for kind, sql in broken.items():
        with pytest.raises(ConstraintViolated) as caught:
            await database.transact(lambda c, sql=sql: c.execute(sql))
        assert caught.value.kind == kind
    assert database.failure is None


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StatementRefused):
        await database.read(add_shelf("A"))
    await database.transact(add_shelf("A"))
    assert await database.read(count_shelves) == 1
    assert database.failure is None


async def test_many_rows_at_once(database: Database) -> None:
    rows = [(number, f"shelf {number}") for number in range(1, 501)]
    await database.transact(lambda c: c.execute_many("INSERT INTO shelf VALUES ($1, $2)", rows))
    assert len(await database.read(lambda c: c.fetch_all("SELECT * FROM shelf"))) == 500
    assert await database.transact(lambda c: c.execute("DELETE FROM shelf WHERE shelf_id > $1", 100)) == 400


async def test_after_commit_sees_the_result_of_committed_work(database: Database, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def look(result: int) -> None:
        other = sqlite3.connect(tmp_path / "library.db")
        seen.append((result, other.execute("SELECT count(*) FROM shelf").fetchone()[0]))
        other.close()

    await database.transact(add_shelf("A"), after_commit=look)
    assert seen == [(1, 1)]


async def test_a_failing_step_after_the_commit_fails_the_database(database: Database) -> None:
    def fail(_result: int) -> None:
        raise OSError("the mark could not be written")

    with pytest.raises(OSError, match="mark"):
        await database.transact(add_shelf("A"), after_commit=fail)
    assert database.failure is not None
    with pytest.raises(DatabaseFailed):
        await database.transact(add_shelf("B"))
    with pytest.raises(DatabaseFailed):
        await database.read(count_shelves)


async def test_work_that_awaits_something_else_is_refused(database: Database) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("INSERT INTO shelf (label) VALUES ('A')")
        await asyncio.sleep(0)

    with pytest.raises(WorkSuspended):
        await database.transact(work)
    assert await database.read(count_shelves) == 0


async def test_a_reader_sees_only_committed_data_and_never_waits(served: SqliteDatabase) -> None:
    has_written, may_commit = threading.Event(), threading.Event()

    async def work(connection: Connection) -> None:
        await connection.execute("INSERT INTO shelf (label) VALUES ('A')")
        has_written.set()
        assert may_commit.wait(10)

    writing = asyncio.create_task(served.transact(work))
    await asyncio.to_thread(has_written.wait, 10)
    assert await served.read(count_shelves) == 0
    may_commit.set()
    await writing
    assert await served.read(count_shelves) == 1


async def test_a_read_is_one_snapshot(served: SqliteDatabase) -> None:
    has_read, may_go_on = threading.Event(), threading.Event()

    async def work(connection: Connection) -> tuple[int, int]:
        before = await count_shelves(connection)
        has_read.set()
        assert may_go_on.wait(10)
        return before, await count_shelves(connection)

    reading = asyncio.create_task(served.read(work))
    await asyncio.to_thread(has_read.wait, 10)
    await served.transact(add_shelf("A"))
    may_go_on.set()
    assert await reading == (0, 0)


async def test_writers_take_turns(served: SqliteDatabase) -> None:
    await served.transact(add_shelf("0"))

    async def increment(connection: Connection) -> None:
        label = await connection.fetch_value("SELECT label FROM shelf")
        await connection.execute("UPDATE shelf SET label = $1", str(int(label) + 1))

    await asyncio.gather(*(served.transact(increment) for _ in range(50)))
    assert await served.read(lambda c: c.fetch_value("SELECT label FROM shelf")) == "50"


@pytest.mark.parametrize("moment", ["running", "queued"])
async def test_cancelling_the_caller_never_interrupts_a_transaction(served: SqliteDatabase, moment: str) -> None:
    has_started, may_end = threading.Event(), threading.Event()

    async def work(connection: Connection) -> None:
        await connection.execute("INSERT INTO shelf (label) VALUES ('first')")
        has_started.set()
        assert may_end.wait(10)
        await connection.execute("INSERT INTO shelf (label) VALUES ('second')")

    running = asyncio.create_task(served.transact(work))
    await asyncio.to_thread(has_started.wait, 10)
    queued = asyncio.create_task(served.transact(add_shelf("third")))
    await asyncio.sleep(0)
    cancelled = running if moment == "running" else queued
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    may_end.set()
    await served.transact(add_shelf("fourth"))
    assert await served.read(count_shelves) == 4


async def test_a_lock_held_by_another_process_is_busy_not_broken(served: SqliteDatabase, tmp_path: Path) -> None:
    await served.transact(lambda c: c.fetch_value("SELECT 1"))
    other = sqlite3.connect(tmp_path / "library.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        # The wait of production would make this test sleep.
        await served._writer.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(DatabaseBusy):
            await served.transact(add_shelf("A"))
    finally:
        other.close()
    assert served.failure is None
    await served.transact(add_shelf("A"))


async def test_an_io_error_fails_the_database_for_good(database: Database, tmp_path: Path) -> None:
    await database.transact(add_shelf("A"))
    with file_size_limit((tmp_path / "library.db-wal").stat().st_size), pytest.raises(DatabaseFailed):
        await database.transact(add_shelf("B" * 100_000))
    assert "IOERR" in str(database.failure) or "FULL" in str(database.failure)
    with pytest.raises(DatabaseFailed):
        await database.transact(add_shelf("C"))
    with pytest.raises(DatabaseFailed):
        await database.read(count_shelves)


async def test_work_that_swallows_an_io_error_is_not_committed(
    database: Database, tmp_path: Path, migrations: Path
) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("INSERT INTO shelf (label) VALUES ('A')")
        with suppress(DatabaseFailed):
            # More than the page cache holds, so that it reaches the disk inside the transaction.
            await connection.execute("INSERT INTO shelf (label) VALUES ($1)", "B" * 40_000_000)

    with file_size_limit(1_000_000), pytest.raises(DatabaseFailed):
        await database.transact(work)
    again = InPlaceDatabase.open(tmp_path / "library.db", migrations)
    assert await again.read(count_shelves) == 0
    await again.close()


async def test_a_full_disk_fails_the_database(database: Database) -> None:
    pages = await database.read(lambda c: c.fetch_value("PRAGMA page_count"))
    await database.transact(lambda c: c.fetch_value(f"PRAGMA max_page_count = {pages + 2}"))
    with pytest.raises(DatabaseFailed, match="FULL"):
        await database.transact(add_shelf("A" * 50_000))
    assert database.failure is not None


async def test_a_damaged_file_is_noticed(tmp_path: Path, migrations: Path) -> None:
    path = tmp_path / "library.db"
    first = await SqliteDatabase.open(path, migrations)
    rows = [(number, f"{number:0200d}") for number in range(1, 2001)]
    await first.transact(lambda c: c.execute_many("INSERT INTO shelf VALUES ($1, $2)", rows))
    assert await first.quick_check() == []
    await first.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xff" * 8192)
    second = await SqliteDatabase.open(path, migrations)
    assert await second.quick_check() != []
    with pytest.raises(DatabaseFailed, match="CORRUPT"):
        await second.read(lambda c: c.fetch_all("SELECT label FROM shelf NOT INDEXED"))
    with pytest.raises(DatabaseFailed):
        await second.transact(add_shelf("A"))
    await second.close()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, migrations: Path) -> None:
    path = tmp_path / "library.db"
    path.write_bytes(b"a letter to the editor, not a database\n" * 500)
    before = path.read_bytes()
    with pytest.raises(DatabaseFailed):
        await SqliteDatabase.open(path, migrations)
    with pytest.raises(DatabaseFailed):
        InPlaceDatabase.open(path, migrations)
    assert path.read_bytes() == before


async def test_a_missing_folder_is_refused(tmp_path: Path, migrations: Path) -> None:
    with pytest.raises(DatabaseFailed):
        await SqliteDatabase.open(tmp_path / "nowhere" / "library.db", migrations)


async def test_the_file_is_durable_and_private(served: SqliteDatabase, tmp_path: Path) -> None:
    async def pragmas(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "trusted_schema")
        return [await connection.fetch_value(f"PRAGMA {name}") for name in names]

    assert await served.transact(pragmas) == ["wal", 2, 1, 5000, 0]
    for name in ("library.db", "library.db-wal"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


async def test_backup_is_one_consistent_file(database: Database, tmp_path: Path, migrations: Path) -> None:
    await database.transact(add_shelf("A"))
    target = tmp_path / "backup" / "library.db"
    target.parent.mkdir()
    await database.backup_to(target)
    await database.transact(add_shelf("B"))
    await database.backup_to(target)
    assert [file.name for file in target.parent.iterdir()] == ["library.db"]
    assert target.stat().st_mode & 0o777 == 0o600
    restored = InPlaceDatabase.open(target, migrations)
    assert await restored.read(count_shelves) == 2
    assert await restored.quick_check() == []
    await restored.close()


async def test_a_backup_that_does_not_fit_leaves_the_former_one(
    database: Database, tmp_path: Path, migrations: Path
) -> None:
    target = tmp_path / "copy.db"
    await database.backup_to(target)
    former = target.read_bytes()
    await database.transact(add_shelf("A" * 200_000))
    with file_size_limit(50_000), pytest.raises(DatabaseFailed):
        await database.backup_to(target)
    assert target.read_bytes() == former
    assert not (tmp_path / "copy.db.partial").exists()


async def test_a_closed_database_says_so(tmp_path: Path, migrations: Path) -> None:
    served = await SqliteDatabase.open(tmp_path / "library.db", migrations)
    in_place = InPlaceDatabase.open(":memory:", migrations)
    for database in (served, in_place):
        await database.close()
        with pytest.raises(DatabaseClosed):
            await database.transact(add_shelf("A"))
        with pytest.raises(DatabaseClosed):
            await database.read(count_shelves)
    assert not (tmp_path / "library.db-wal").exists()


def test_in_place_needs_no_event_loop_and_travels_as_bytes(tmp_path: Path, migrations: Path) -> None:
    first = InPlaceDatabase.open(":memory:", migrations)
    drive(first.transact(add_shelf("A")))
    image = first.serialize()
    drive(first.transact(add_shelf("B")))
    first.deserialize(image)
    assert drive(first.read(count_shelves)) == 1
    drive(first.transact(add_shelf("C")))
    with pytest.raises(ConstraintViolated):
        drive(first.transact(lambda c: c.execute("INSERT INTO book (shelf_id, pages) VALUES (99, 1)")))

    on_disk = InPlaceDatabase.open(tmp_path / "library.db", migrations)
    drive(on_disk.transact(add_shelf("D")))
    first.deserialize(on_disk.serialize())
    assert drive(first.read(lambda c: c.fetch_value("SELECT label FROM shelf"))) == "D"
    drive(first.transact(add_shelf("E")))
    drive(first.close())
    drive(on_disk.close())


def test_the_private_call_is_the_one_we_know() -> None:
    """`_run_in_thread` uses aiosqlite's `_execute`; another version may not have it, so it is pinned."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    pins = [need for need in project["project"]["dependencies"] if need.startswith("aiosqlite")]
    assert pins == [f"aiosqlite=={importlib.metadata.version('aiosqlite')}"]


async def test_the_private_call_runs_once_in_the_databases_thread(tmp_path: Path) -> None:
    connection = await aiosqlite.connect(tmp_path / "any.db")
    calls: list[int] = []

    def call() -> str:
        calls.append(threading.get_ident())
        return "done"

    execute = connection._execute
    assert await execute(call) == "done"  # type: ignore[no-untyped-call]
    assert calls == [connection._thread.ident]
    await connection.close()
    with pytest.raises(ValueError, match="closed"):
        await execute(call)  # type: ignore[no-untyped-call]


DYING_PROGRAM = """
import asyncio, pathlib, sys
from chassis.database import SqliteDatabase

async def main():
    await SqliteDatabase.open(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
    raise RuntimeError("a bug")

asyncio.run(main())
"""


def test_a_program_that_dies_of_a_bug_ends(tmp_path: Path, migrations: Path) -> None:
    """A service manager restarts what ended; it cannot see that something hangs."""
    command = [sys.executable, "-c", DYING_PROGRAM, str(tmp_path / "library.db"), str(migrations)]
    ended = subprocess.run(command, check=False, cwd=Path(__file__).parents[2], capture_output=True, timeout=60)
    assert ended.returncode == 1
    assert b"RuntimeError: a bug" in ended.stderr
