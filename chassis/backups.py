"""Backups of a SQLite file: written beside a running program, checked before anything is touched, put in place whole.

The present database is set aside, never deleted. Place in the flow: called by the commands of both programs.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from chassis.database import Database, DatabaseError, MigrationFolder, SqliteDatabase, components_in
from chassis.database.interface import Work

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


async def restore(
    program: str, backup: Path, database: Path, migrations: Sequence[MigrationFolder], approve: Work[object]
) -> None:
    """Put a backup in place of the database of a stopped program. `approve` looks into it and may raise BackupRefused."""
    with only_one(database.parent, program):
        await _check(backup, database, migrations, approve)
        _put_in_place(backup, database)


async def _check(backup: Path, database: Path, migrations: Sequence[MigrationFolder], approve: Work[object]) -> None:
    """Refuses a missing, damaged, foreign or newer backup. Works on a copy beside the database: a stick may be read-only."""
    if not backup.is_file():  # noqa: ASYNC240 - a command: nothing else runs in its event loop
        raise BackupRefused(f"there is no backup at {backup}")
    if database.exists() and backup.samefile(database):  # noqa: ASYNC240
        raise BackupRefused(f"{backup} is the database itself: name a file that `backup` wrote")
    scratch = database.with_suffix(".check")
    try:
        shutil.copyfile(backup, scratch)
        await _look(scratch, backup, migrations, approve)
    except DatabaseError as error:
        raise BackupRefused(f"{backup} cannot be used as a backup: {error}") from error
    finally:
        for leftover in database.parent.glob(scratch.name + "*"):
            leftover.unlink()


async def _look(scratch: Path, backup: Path, migrations: Sequence[MigrationFolder], approve: Work[object]) -> None:
    """Whose file it is comes first: opening an empty or foreign one would make it look like an empty one of ours."""
    own = migrations[-1].component
    if own not in components_in(scratch):
        raise BackupRefused(f"{backup} is no backup of this program: it holds no tables of `{own}`")
    copy = await SqliteDatabase.open(scratch, migrations)
    try:
        problems = await copy.quick_check()
        if problems:
            raise BackupRefused(f"the backup is damaged: {problems[0]}")
        await copy.read(approve)
    finally:
        await copy.close()


def _put_in_place(backup: Path, database: Path) -> None:
    """The backup's bytes as the database, on disk before this returns; what stood there gets a name with the moment."""
    incoming = database.with_suffix(".incoming")
    try:
        shutil.copyfile(backup, incoming)
        incoming.chmod(0o600)
        _sync(incoming, os.O_RDONLY)
    except OSError:
        incoming.unlink(missing_ok=True)  # a full disk: what was copied of it would only be in the way
        raise
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
