"""A schema changes completely or not at all, and only by migrations this program knows."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from chassis.database import (
    InPlaceDatabase,
    MigrationAltered,
    MigrationFailed,
    MigrationFolder,
    SchemaTooNew,
    SqliteDatabase,
    drive,
)
from chassis.database.migrations import split_statements

FIRST = "CREATE TABLE shelf (label TEXT) STRICT;"
SECOND = """
-- A comment; with a semicolon.
ALTER TABLE shelf ADD COLUMN place TEXT NOT NULL DEFAULT 'a;b';
CREATE TABLE book (title TEXT) STRICT;
CREATE TRIGGER book_is_counted AFTER INSERT ON book
BEGIN
  UPDATE shelf SET place = 'x';
  UPDATE shelf SET place = 'y';
END;
INSERT INTO book VALUES ('first');
CREATE INDEX book_by_title ON book (title);
"""

# Dies without any clean-up when the given statement is about to run, as a power cut would have it.
KILLED_MIGRATION = """
import os, pathlib, sqlite3, sys
from chassis.database.migrations import apply_migrations, load_migrations

class DyingConnection(sqlite3.Connection):
    statements_left = int(sys.argv[3])
    def execute(self, *args):
        if self.statements_left == 0:
            os._exit(9)
        self.statements_left -= 1
        return super().execute(*args)

connection = sqlite3.connect(sys.argv[1], isolation_level=None, factory=DyingConnection)
apply_migrations(connection, load_migrations(pathlib.Path(sys.argv[2])))
os._exit(0)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "schema"
    folder.mkdir()
    (folder / "0001-shelf.sql").write_text(FIRST)
    return folder


def tables(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    connection.close()
    return names


def open_and_close(path: Path, source: Path | list[MigrationFolder]) -> None:
    drive(InPlaceDatabase.open(path, source).close())


def test_statements_are_split_like_sqlite_reads_them() -> None:
    statements = list(split_statements(SECOND))
    assert len(statements) == 5
    assert statements[2].startswith("CREATE TRIGGER")
    assert statements[2].endswith("END;")
    assert list(split_statements("SELECT 1; SELECT 2")) == ["SELECT 1;", "SELECT 2"]
    assert list(split_statements("-- nothing\n/* at all */")) == []


def test_only_what_is_missing_is_applied(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "library.db"
    open_and_close(path, folder)
    (folder / "0002-book.sql").write_text(SECOND)
    open_and_close(path, folder)
    open_and_close(path, folder)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT title FROM book").fetchall() == [("first",)]
    assert connection.execute("SELECT component, number, name FROM schema_migration").fetchall() == [
        ("program", 1, "shelf"),
        ("program", 2, "book"),
    ]
    connection.close()


def test_a_migration_killed_at_any_statement_leaves_the_former_schema(tmp_path: Path, folder: Path) -> None:
    former = tmp_path / "former.db"
    open_and_close(former, folder)
    (folder / "0002-book.sql").write_text(SECOND)
    deaths = 0
    while True:
        path = tmp_path / f"{deaths}.db"
        path.write_bytes(former.read_bytes())
        command = [sys.executable, "-c", KILLED_MIGRATION, str(path), str(folder), str(deaths)]
        code = subprocess.run(command, check=False, cwd=Path(__file__).parents[2]).returncode
        if code == 0:
            break
        assert code == 9
        deaths += 1
        assert tables(path) == tables(former)
        open_and_close(path, folder)
        assert "book_by_title" in tables(path)
    # Two reads of what is applied, BEGIN, the record table, two more reads, five statements, the record, COMMIT.
    assert deaths == 13


def test_a_wrong_statement_leaves_the_former_schema(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "library.db"
    open_and_close(path, folder)
    before = tables(path)
    (folder / "0002-wrong.sql").write_text("CREATE TABLE book (title TEXT); CREATE TABEL typo;")
    with pytest.raises(MigrationFailed, match="program 0002-wrong"):
        open_and_close(path, folder)
    assert tables(path) == before


def test_a_migration_must_not_end_its_transaction(tmp_path: Path, folder: Path) -> None:
    (folder / "0002-rude.sql").write_text("COMMIT; CREATE TABLE book (title TEXT);")
    with pytest.raises(MigrationFailed, match="its own transaction"):
        open_and_close(tmp_path / "library.db", folder)


async def test_a_newer_schema_is_refused_untouched(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "library.db"
    (folder / "0002-book.sql").write_text(SECOND)
    open_and_close(path, folder)
    before = path.read_bytes()
    (folder / "0002-book.sql").unlink()
    with pytest.raises(SchemaTooNew, match="newer program"):
        await SqliteDatabase.open(path, folder)
    with pytest.raises(SchemaTooNew):
        open_and_close(path, folder)
    assert path.read_bytes() == before


def test_another_programs_database_is_refused(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "library.db"
    open_and_close(path, [MigrationFolder("clinic", folder)])
    with pytest.raises(SchemaTooNew, match="clinic"):
        open_and_close(path, [MigrationFolder("library", folder)])


def test_an_altered_migration_is_refused(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "library.db"
    open_and_close(path, folder)
    (folder / "0001-shelf.sql").write_text(FIRST.replace("\n", "\r\n"))
    open_and_close(path, folder)
    (folder / "0001-shelf.sql").write_text(FIRST + " -- improved")
    with pytest.raises(MigrationAltered):
        open_and_close(path, folder)


def test_a_removed_or_inserted_migration_is_refused(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "library.db"
    (folder / "0003-book.sql").write_text(SECOND)
    open_and_close(path, folder)
    (folder / "0002-late.sql").write_text("CREATE TABLE late (x TEXT);")
    with pytest.raises(MigrationAltered, match="inserted"):
        open_and_close(path, folder)
    (folder / "0002-late.sql").unlink()
    (folder / "0001-shelf.sql").unlink()
    with pytest.raises(MigrationAltered):
        open_and_close(path, folder)


def test_components_count_for_themselves(tmp_path: Path, folder: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "0001-member.sql").write_text("CREATE TABLE member (name TEXT) STRICT;")
    path = tmp_path / "library.db"
    open_and_close(path, [MigrationFolder("a", folder), MigrationFolder("b", other)])
    assert {"shelf", "member"} <= tables(path)


def test_file_names_are_checked(tmp_path: Path, folder: Path) -> None:
    (folder / "2-book.sql").write_text(SECOND)
    with pytest.raises(MigrationFailed, match="NNNN-name"):
        open_and_close(tmp_path / "library.db", folder)
    (folder / "2-book.sql").rename(folder / "0001-book.sql")
    with pytest.raises(MigrationFailed, match="same number"):
        open_and_close(tmp_path / "library.db", folder)
