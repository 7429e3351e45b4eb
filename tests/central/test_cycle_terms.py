"""What an older centre's command had set of a cycle comes over into its one home, the cycle."""

import sqlite3
from importlib import resources

from tests.central.desk import START_MS


def _apply(database: sqlite3.Connection, first: str, until: str) -> None:
    for each in sorted(resources.files("central.schema").iterdir(), key=lambda file: file.name):
        if each.name.endswith(".sql") and first <= each.name[:4] <= until:
            database.executescript(each.read_text("utf-8"))


def test_the_last_word_of_the_command_comes_over_where_officers_said_nothing() -> None:
    database = sqlite3.connect(":memory:")
    _apply(database, "0001", "0015")
    for code, quota in (("A-1", None), ("A-2", 7), ("A-3", None)):
        database.execute(
            "INSERT INTO cycle (code, scheme, name, month_from, month_until, opens_ms, closes_ms, objection_days, quota)"
            " VALUES (?, 'A', 'A', 1, 2, ?, ?, 3, ?)",
            (code, START_MS, START_MS + 1, quota),
        )
    said = [("A-1", 5, 0, 100, "", ""), ("A-1", 9, 900, 300, "village lptq", "A-0"), ("A-2", 9, 0, 300, "lptq", "")]
    database.executemany(
        "INSERT INTO cycle_terms (cycle, quota, budget_rupiah, amount_rupiah, required_validations, former, actor, at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, 'command:root', 1)",
        said,
    )
    _apply(database, "0016", "0016")
    columns = "quota, budget_rupiah, validations, amount_rupiah, former"
    assert database.execute(f"SELECT {columns} FROM cycle ORDER BY code").fetchall() == [
        (9, 900, "village;lptq", 300, "A-0"),
        (7, None, "lptq", 300, ""),
        (None, None, "", None, ""),
    ]
