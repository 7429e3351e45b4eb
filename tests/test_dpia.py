"""docs/dpia.md tells the truth as far as a program can compare: tables, files, commands and pages that it names are there."""

import re
import sqlite3
from pathlib import Path

from typer.main import get_command

from central.__main__ import program
from central.web.app import NAVIGATION

ROOT = Path(__file__).parent.parent
DPIA = (ROOT / "docs" / "dpia.md").read_text(encoding="utf-8")
MARKED = set(re.findall(r"`([^`]+)`", DPIA))
PERSONAL = {
    "nik",
    "kk",
    "match_nik",
    "match_kk",
    "name_key",
    "birth_date",
    "mother",
    "subject_name",
    "grounds",
    "card",
    "display_name",
}
"""Columns that are about a person whatever the table."""


def tables(side: str) -> dict[str, set[str]]:
    connection = sqlite3.connect(":memory:")
    for folder in ("chassis", side):
        for file in sorted((ROOT / folder / "schema").glob("*.sql")):
            connection.executescript(file.read_text(encoding="utf-8"))
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for name in names}


def test_every_table_with_a_persons_data_is_named() -> None:
    for side in ("agent", "central"):
        missing = {name for name, columns in tables(side).items() if columns & PERSONAL} - MARKED
        assert not missing, f"{side}: say in docs/dpia.md whose data stands there: {sorted(missing)}"


def test_what_is_named_is_there() -> None:
    known = set(tables("agent")) | set(tables("central"))
    for name in MARKED:
        if "/" in name and name.endswith((".py", ".md")):
            assert (ROOT / name).exists(), name
        elif re.fullmatch(r"[a-z_]+", name):
            assert name in known, f"{name} is no table"
    commands = set(get_command(program).commands)  # type: ignore[attr-defined]
    named = {words.split()[1] for words in MARKED if words.startswith("kampung-central ")}
    assert named <= commands
    assert "Impor" in {entry.label for group in NAVIGATION for entry in group.entries}
