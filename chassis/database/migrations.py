"""Brings a SQLite file to the schema this program was built for.

Migrations are numbered files `NNNN-name.sql`, one folder per component; each is applied in one transaction together
with the row that records it, so a power cut leaves the former schema. An applied file must never be edited: its
checksum is kept and compared. Place in the flow: run once, by whoever opens the database, before anything else.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from chassis.database.interface import DatabaseError

FILE_NAME = re.compile(r"(\d{4})-([a-z0-9-]+)\.sql")
DEFAULT_COMPONENT = "program"

RECORD_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
  component TEXT NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL,
  PRIMARY KEY (component, number)
) STRICT, WITHOUT ROWID
"""


class SchemaRefused(DatabaseError):
    """The file's schema is not one this program may work with. Nothing was changed."""


class SchemaTooNew(SchemaRefused):
    """A newer program wrote this file: install that version again, or restore a backup made before the upgrade."""


class MigrationAltered(SchemaRefused):
    """A migration that this file has already seen was edited, removed or inserted out of order."""


class MigrationFailed(DatabaseError):
    """A migration could not be applied; the file keeps its former schema."""


@dataclass(frozen=True)
class MigrationFolder:
    """The migrations of one component (`chassis`, `agent`, …), numbered independently of the others."""

    component: str
    folder: Traversable


MigrationSource = Traversable | Sequence[MigrationFolder]


@dataclass(frozen=True)
class Migration:
    component: str
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.component} {self.number:04d}-{self.name}"


def load_migrations(source: MigrationSource) -> list[Migration]:
    """Every migration of every component, components in the given order, numbers ascending."""
    folders = source if isinstance(source, Sequence) else [MigrationFolder(DEFAULT_COMPONENT, source)]
    return [migration for folder in folders for migration in _load_folder(folder)]


def check_schema(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Refuses a file of a newer program or of other migrations. Only reads."""
    applied = read_applied(connection)
    known = {(m.component, m.number): m for m in migrations}
    newest_known: dict[str, int] = {}
    for component, number in known:
        newest_known[component] = max(number, newest_known.get(component, 0))
    for (component, number), checksum in applied.items():
        if number > newest_known.get(component, 0):
            raise SchemaTooNew(
                f"the database has migration {number:04d} of {component}, "
                f"this program knows {newest_known.get(component, 0)} of them: it was written by a newer program"
            )
        migration = known.get((component, number))
        if migration is None or migration.checksum != checksum:
            raise MigrationAltered(f"migration {number:04d} of {component} is not the one this database was built with")
    newest_applied: dict[str, int] = {}
    for component, number in applied:
        newest_applied[component] = max(number, newest_applied.get(component, 0))
    for key, migration in known.items():
        if key not in applied and migration.number < newest_applied.get(migration.component, 0):
            raise MigrationAltered(f"{migration} was inserted before a migration that is already applied")


def apply_migrations(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> list[Migration]:
    """Applies what is missing, each in its own transaction. Two processes may do this at once: one waits."""
    applied = read_applied(connection)
    pending = [m for m in migrations if (m.component, m.number) not in applied]
    return [migration for migration in pending if _apply(connection, migration)]


def split_statements(sql: str) -> Iterator[str]:
    """Statements of a script one by one; a `;` inside a string, a comment or a trigger body does not end one."""
    statement = ""
    for piece in re.split(r"(?<=;)", sql):
        statement += piece
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""
    if re.sub(r"--[^\n]*|/\*.*?\*/", "", statement, flags=re.DOTALL).strip():
        yield statement.strip()


def _load_folder(folder: MigrationFolder) -> list[Migration]:
    migrations = []
    for file in folder.folder.iterdir():
        if not file.name.endswith(".sql"):
            continue
        parts = FILE_NAME.fullmatch(file.name)
        if parts is None:
            raise MigrationFailed(f"{file.name} is not named NNNN-name.sql")
        # Line ends are made equal so that a checkout on another system has the same checksum.
        sql = file.read_text(encoding="utf-8").replace("\r\n", "\n")
        migrations.append(Migration(folder.component, int(parts[1]), parts[2], sql))
    migrations.sort(key=lambda migration: migration.number)
    if len({migration.number for migration in migrations}) != len(migrations):
        raise MigrationFailed(f"two migrations of {folder.component} have the same number")
    return migrations


def read_applied(connection: sqlite3.Connection) -> dict[tuple[str, int], str]:
    exists = connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migration'")
    if exists.fetchone() is None:
        return {}
    rows = connection.execute("SELECT component, number, checksum FROM schema_migration").fetchall()
    return {(component, number): checksum for component, number, checksum in rows}


def _apply(connection: sqlite3.Connection, migration: Migration) -> bool:
    """False when another process has applied it in the meantime."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(RECORD_TABLE)
        is_applied = (migration.component, migration.number) in read_applied(connection)
        if not is_applied:
            _run_statements(connection, migration)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise MigrationFailed(f"{migration}: {error}") from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return not is_applied


def _run_statements(connection: sqlite3.Connection, migration: Migration) -> None:
    for statement in split_statements(migration.sql):
        connection.execute(statement)
        if not connection.in_transaction:
            raise MigrationFailed(f"{migration} ends its own transaction; a migration must not")
    connection.execute(
        "INSERT INTO schema_migration (component, number, name, checksum) VALUES (?, ?, ?, ?)",
        (migration.component, migration.number, migration.name, migration.checksum),
    )
