"""A long list through the importer: `python -m tests.benchmarks.lists [--rows N]`, half a minute for 100,000.

A dirty list of recipients is opened, checked and taken over in a database on disk (in a folder that is removed), as a page or
a command does, digests for the villages included; then undone. Prints seconds on the wall and of the processor (both differ
on a busy machine), and beside them the least that anybody could do: the csv module and one plain table of the same rows.
"""

import argparse
import asyncio
import csv
import io
import random
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib import resources
from pathlib import Path

from rich.console import Console
from rich.table import Table

from central.domain.lists import Kind, guess
from central.imports import accept, bring, check, table_of, undo
from central.rules import shipped_rules
from central.store.imports import ImportFile
from chassis import schema
from chassis.database import SERVER, MigrationFolder, SqliteDatabase
from protocol.regions import villages
from tests.builders import dirty_list, siksng_csv, village_people

NOW_MS = 1_620_018_000_000
YEAR = {"PKH": "2021-01 s/d 2021-12"}


def listed(rows: int, seed: int) -> bytes:
    """A list with the dirt of real ones."""
    rng, entries = random.Random(seed), []
    for home in villages():
        entries += dirty_list(rng, village_people(rng, home, rows // len(villages()) + 1))
    return siksng_csv([(entry, YEAR) for entry in entries[:rows]]).encode()


class Stopwatch:
    """Seconds by step."""

    def __init__(self) -> None:
        self.taken: dict[str, tuple[float, float]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        wall, processor = time.perf_counter(), time.process_time()
        yield
        self.taken[name] = time.perf_counter() - wall, time.process_time() - processor


def least(content: bytes, folder: Path) -> None:
    """Split and stored, without a look at any cell."""
    rows = list(csv.reader(io.StringIO(content.decode())))
    database = sqlite3.connect(folder / "least.db")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(f"CREATE TABLE list ({', '.join(f'c{n}' for n in range(len(rows[0])))})")
    database.executemany(f"INSERT INTO list VALUES ({', '.join('?' * len(rows[0]))})", rows)
    database.commit()
    database.close()


async def run(content: bytes, folder: Path, watch: Stopwatch) -> int:
    migrations = [schema.MIGRATIONS, MigrationFolder("central", resources.files("central.schema"))]
    database = await SqliteDatabase.open(folder / "centre.db", migrations, SERVER)
    rules = shipped_rules()
    with watch.step("least: csv and one plain table"):
        least(content, folder)
    with watch.step("open"):
        table = table_of(content)
    file = ImportFile(sha256(content).digest(), "x", "x", "2021-04-30", NOW_MS, "bench", content)
    with watch.step("keep the file"):
        record = await bring(database, file)
    with watch.step("check every row"):
        checked = await check(database, record.id, table, guess(table, Kind.COVERAGE), rules, NOW_MS)
    with watch.step("take over, one transaction"):
        await accept(database, record.id, rules=rules, actor="bench", now_ms=NOW_MS)
    with watch.step("undo"):
        await undo(database, record.id, reason="benchmark", actor="bench", now_ms=NOW_MS)
    await database.close()
    return checked.facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    content, watch = listed(asked.rows, asked.seed), Stopwatch()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        facts = asyncio.run(run(content, Path(folder), watch))
    shown = Table("step", "seconds", "of the processor", title=f"{asked.rows:,} rows, {len(content) / 1e6:.0f} MB")
    for name, (wall, processor) in watch.taken.items():
        shown.add_row(name, f"{wall:.2f}", f"{processor:.2f}")
    ours = [taken for name, taken in watch.taken.items() if name[:5] not in ("least", "undo")]
    total, processor = sum(wall for wall, _ in ours), sum(used for _, used in ours)
    shown.add_row("from bytes to facts", f"{total:.2f}", f"{processor:.2f}")
    Console().print(shown)
    ratio = processor / watch.taken["least: csv and one plain table"][1]
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    Console().print(f"{facts:,} facts; {ratio:.1f} times the least; {more} MB more memory at its highest")


if __name__ == "__main__":
    main()
