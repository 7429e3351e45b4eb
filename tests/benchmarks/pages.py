"""`python -m tests.benchmarks.pages`: a full office's pages, as its clerk gets them: time, size, and the program's memory.

The real program over a box with 10,000 residents and 50,000 letters, its cable cut. The last line is one JSON object.
"""

import argparse
import asyncio
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from agent.domain.residents import Resident
from agent.store import Store, residents
from deploy.demo.people import household
from protocol.ids import parse_village_code
from protocol.regions import village
from tests.acceptance.clerk import Clerk
from tests.acceptance.test_wire import write_all
from tests.acceptance.town import VILLAGES, Box, prepare
from tests.agent.office import resident_of
from tests.benchmarks.kampung import copy_town, open_store
from tests.benchmarks.records import bodies

RESIDENTS, LETTERS, ASKED = 10_000, 50_000, 60
AT_ONCE = 500
MS_MAX, KB_MAX, RSS_MB_MAX = 50, 100, 150

out = Console(stderr=True)


def people(count: int) -> list[Resident]:
    rng, home, taken = random.Random(1), village(parse_village_code(VILLAGES[0])), set[str]()
    found: list[Resident] = []
    while len(found) < count:
        found += map(resident_of, household(rng, home, taken=taken).members)
    return found[:count]


async def fill(store: Store, count: int, letters: int) -> list[Resident]:
    everybody = people(count)
    for at in range(0, count, AT_ONCE):
        await store.write(lambda desk, at=at: residents.register_all(desk, everybody[at : at + AT_ONCE], "operator"))
    records = list(bodies(letters * 2, seed=1))[::2]  # the letters of them
    for at in range(0, letters, AT_ONCE):
        await write_all(store, records[at : at + AT_ONCE])
    return everybody


def paths(everybody: list[Resident], resident: str, letter: str) -> dict[str, Iterator[str]]:
    """Each page, and what is asked of it: another person each time where a person is asked for."""
    rng = random.Random(2)

    def each(form: str, values: Iterable[str]) -> Iterator[str]:
        return (form.format(value) for value in values)

    some = [rng.choice(everybody) for _ in range(ASKED)]
    return {
        "home": each("/{}", [""] * ASKED),
        "search by NIK": each("q={}", (p.nik for p in some)),
        "letter at once by NIK": each("q=sktm {}", (p.nik for p in some)),
        "letter by number": each("q=401/{}", ("", *map(str, range(1, ASKED)))),
        "search by name": each("q={}", (p.name.split()[0] for p in some)),
        "residents": each("/residents{}", [""] * ASKED),
        "resident": each("/residents/{}", [resident] * ASKED),
        "letters": each("/letters{}", [""] * ASKED),
        "letter": each("/letters/{}", [letter] * ASKED),
        "letter form": each("/letters/new?resident=" + resident + "&kind={}", ["sktm"] * ASKED),
        "proposals": each("/proposals{}", [""] * ASKED),
        "numbers": each("/numbers{}", [""] * ASKED),
        "road": each("/sync{}", [""] * ASKED),
    }


async def ask(clerk: Clerk, path: str) -> tuple[float, int]:
    """(ms, bytes) of one page; `q=...` is a search, which is posted: nobody's name stands in an address."""
    started = time.perf_counter()
    status, text = await (search(clerk, path[2:]) if path.startswith("q=") else clerk.page(path))
    if status != 200:
        raise SystemExit(f"{path} answered {status}")
    return (time.perf_counter() - started) * 1000, len(text.encode())


async def search(clerk: Clerk, typed: str) -> tuple[int, str]:
    return 200, await clerk.post("/", [("q", typed)])


def rss_mb(box: Box) -> float:
    process = box.program.process
    assert process is not None
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


async def measure(folder: Path, count: int, letters: int) -> dict[str, dict[str, float]]:
    (folder / "prepared").mkdir()
    await prepare(folder / "prepared", folder / "cache", VILLAGES[:1])
    town = copy_town(folder / "prepared", folder / "town")
    store = await open_store(town)
    out.print(f"filling a box with {count} residents and {letters} letters ...")
    everybody = await fill(store, count, letters)
    await store.database.close()
    box = town.boxes[0]
    box.write_settings()
    await box.start()
    try:
        await box.clerk.get("/residents")
        _, found = await search(box.clerk, everybody[0].nik)
        resident = re.findall(r"/residents/([0-9a-f]{32})", found)[0]
        letter = (await box.clerk.issue_at_once(resident))[1]
        figures: dict[str, dict[str, float]] = {}
        for name, asked in paths(everybody, resident, letter).items():
            taken = [await ask(box.clerk, path) for path in asked]
            times = sorted(ms for ms, _ in taken)
            figures[name] = {"p95_ms": times[int(len(times) * 0.95)], "kb": max(size for _, size in taken) / 1024}
        figures["memory"] = {"rss_mb": rss_mb(box)}
    finally:
        await box.stop()
    return figures


def show(figures: dict[str, dict[str, float]]) -> None:
    table = Table("page", f"p95, ms (< {MS_MAX})", f"KB (< {KB_MAX})", title=f"on {date.today()}")
    for name, found in figures.items():
        if "kb" in found:
            table.add_row(name, f"{found['p95_ms']:.1f}", f"{found['kb']:.0f}")
    out.print(table)
    out.print(f"memory of the program: {figures['memory']['rss_mb']:.0f} MB (<= {RSS_MB_MAX})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pages", description=__doc__)
    parser.add_argument("--residents", type=int, default=RESIDENTS)
    parser.add_argument("--letters", type=int, default=LETTERS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kampung-pages-") as name:
        figures = asyncio.run(measure(Path(name), args.residents, args.letters))
    show(figures)
    sys.stdout.write(json.dumps(figures) + "\n")
