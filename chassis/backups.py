"""Backups of a SQLite file: written beside a running program, checked before anything is touched, put in place whole.

The present database is set aside, never deleted. Place in the flow: called by the commands of both programs.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from chassis.database import Database, MigrationSource, SqliteDatabase
from chassis.database.interface import Work

T = TypeVar("T")

STAMP = "%Y%m%dT%H%M%SZ"


class BackupRefused(Exception):
    """The backup cannot be used, or the program is running; nothing was changed. The message names the cure."""


@contextlib.contextmanager
def only_one(folder: Path, program: str) -> Iterator[None]:
    """Hold the data folder: a second program on it, or a restore under a running one, is refused."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise BackupRefused(f"another {program} is using {folder}: stop it first") from None
    try:
        yield
    finally:
        os.close(lock)


async def write_backup(database: Database, folder: Path, prefix: str) -> Path:
    """One consistent copy, named by the moment (UTC)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240 - one call, once a day
    path = folder / f"{prefix}-{datetime.now(UTC).strftime(STAMP)}.db"
    await database.backup_to(path)
    return path


async def check_backup(path: Path, migrations: MigrationSource, look: Work[T]) -> T:
    """What `look` finds in a copy of the backup. Refuses a missing, damaged or newer one, and leaves the file as it was."""
    if not path.is_file():  # noqa: ASYNC240 - a command: nothing else runs in its event loop
        raise BackupRefused(f"there is no backup at {path}")
    scratch = path.with_name(path.name + ".check")
    shutil.copyfile(path, scratch)
    try:
        database = await SqliteDatabase.open(scratch, migrations)
        try:
            problems = await database.quick_check()
            found = await database.read(look)
        finally:
            await database.close()
    finally:
        for leftover in path.parent.glob(scratch.name + "*"):
            leftover.unlink()
    if problems:
        raise BackupRefused(f"the backup is damaged: {problems[0]}")
    return found


def put_in_place(backup: Path, database: Path) -> None:
    """The backup's bytes as the database, on disk before this returns; what stood there gets a name with the moment."""
    incoming = database.with_suffix(".incoming")
    shutil.copyfile(backup, incoming)
    incoming.chmod(0o600)
    _sync(incoming, os.O_RDONLY)
    stamp = datetime.now(UTC).strftime(STAMP)
    for name in (database.name, database.name + "-wal", database.name + "-shm"):
        present = database.with_name(name)
        if present.exists():
            present.rename(database.with_name(f"{name}.before-{stamp}"))
    incoming.replace(database)
    _sync(database.parent, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
