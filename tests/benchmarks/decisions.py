"""One village's proposal at a full centre: `python -m tests.benchmarks.decisions`, half a minute.

250,000 families of imported lists and 16,018 proposals are there, in a database on disk (in a folder that is removed). Then
proposals come in one by one, some from covered families, some from people proposed already; each is appended through the
real door and decided in a transaction of its own. Prints milliseconds from the append to the durable acknowledgement and
from there to the committed decision; and what the same decisions cost all at once. Last run: build/bench-decisions.json.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from central.pipeline import judge_next
from central.store import facts
from chassis.database import SERVER, SqliteDatabase
from deploy.demo.people import Entry, as_entry, dirty_list, village_people
from protocol.regions import villages
from tests.builders import siksng_csv
from tests.central.desk import Machine, Regency, migrations

FAMILIES, PROPOSALS, ONE_BY_ONE = 250_000, 16_018, 2_000
OPS_AT_ONCE = 200
YEAR = {"PKH": "2021-01 s/d 2021-12"}
COVERED_SHARE, AGAIN_SHARE = 0.2, 0.05
"""Of the proposals that come alone: from families that a list names, and of people whom a village proposed already."""
RESULT = Path("build/bench-decisions.json")

Told = dict[str, str]


class Villages:
    """Machines of every village, and people whom nobody has proposed yet."""

    def __init__(self, regency: Regency, seed: int) -> None:
        self._regency, self._rng = regency, random.Random(seed)
        self._taken: set[str] = set()
        self.machines: list[Machine] = []
        self.families: list[Told] = []
        self.proposed: list[Told] = []

    async def open(self) -> None:
        for home in villages():
            machine = await self._regency.enrol(home.code)
            await self._regency.greet(machine)
            machine.open_log()
            self.machines.append(machine)

    def lists(self) -> list[bytes]:
        """Of covered families, with the dirt of real lists; one file a fifth."""
        entries = []
        for home in villages():
            people = village_people(self._rng, home, FAMILIES // len(villages()) + 1, taken=self._taken)
            self.families += [_told(as_entry(person)) for person in people[:20]]
            entries += dirty_list(self._rng, people)
        fifth = len(entries) // 5 + 1
        return [
            siksng_csv([(e, YEAR) for e in entries[at : at + fifth]]).encode() for at in range(0, len(entries), fifth)
        ]

    async def propose(self, count: int) -> None:
        """Of people whom no list names."""
        each = count // len(self.machines) + 1
        for machine, home in zip(self.machines, villages(), strict=True):
            people = village_people(self._rng, home, each, taken=self._taken)
            for person in people:
                self.proposed.append(_told(as_entry(person)))
                machine.propose(**self.proposed[-1])
            for at in range(1, len(machine.ops) + 1, OPS_AT_ONCE):
                await self._regency.send(machine, at, min(at + OPS_AT_ONCE - 1, len(machine.ops)))
        await self._regency.settle()

    def another(self) -> tuple[Machine, Told]:
        """Whose proposal comes next, and from where."""
        at = self._rng.randrange(len(self.machines))
        draw = self._rng.random()
        if draw < AGAIN_SHARE:
            return self.machines[at], self._rng.choice(self.proposed)
        if draw < AGAIN_SHARE + COVERED_SHARE:
            return self.machines[at], self._rng.choice(self.families)
        person = village_people(self._rng, villages()[at], 1, taken=self._taken)[0]
        return self.machines[at], _told(as_entry(person))


def _told(entry: Entry) -> Told:
    return {
        "nik": entry.nik, "kk": entry.kk, "name": entry.name, "sex": entry.sex.value, "mother": entry.mother_name,
        "birth_date": entry.birth_date.isoformat() if entry.birth_date else "", "rt": entry.rt, "rw": entry.rw,
    }  # fmt: skip


async def run(folder: Path, seed: int) -> tuple[dict[str, float], Counter[str]]:
    database = await SqliteDatabase.open(folder / "centre.db", migrations(), SERVER)
    regency = Regency(database)
    offices = Villages(regency, seed)
    await offices.open()
    await regency.put_cycle()
    for number, content in enumerate(offices.lists()):
        await regency.import_list(content, name=f"pkh-{number}.csv")
    await offices.propose(PROPOSALS)
    kept, decided = [], []
    for _ in range(ONE_BY_ONE):
        machine, told = offices.another()
        seq = machine.propose(**told).seq
        began = time.perf_counter()
        await regency.send(machine, seq, seq)
        acknowledged = time.perf_counter()
        while await database.transact(lambda c: judge_next(c, regency.rules, regency.clock.now_ms())):
            pass
        kept.append(acknowledged - began)
        decided.append(time.perf_counter() - acknowledged)
    await database.transact(facts.say_again)
    began = time.perf_counter()
    await regency.settle()
    again = time.perf_counter() - began
    outcomes = Counter(
        outcome for (outcome,) in await regency.rows("SELECT outcome FROM proposal ORDER BY rowid DESC LIMIT 2000")
    )
    figures = {
        "coverages": float(await regency.value("SELECT count(*) FROM coverage")),
        "proposals": float(await regency.value("SELECT count(*) FROM proposal")),
        **spread("acknowledged", kept),
        **spread("decided", decided),
        "all_decided_again_seconds": again,
    }
    await database.close()
    return figures, outcomes


def spread(name: str, taken: Sequence[float]) -> dict[str, float]:
    ordered = sorted(each * 1_000 for each in taken)
    return {f"{name}_p{part}_ms": ordered[len(ordered) * part // 100] for part in (50, 95, 99)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures, outcomes = asyncio.run(run(Path(folder), asked.seed))
    shown = Table("figure", "measured", title="a proposal that comes alone")
    for name, value in figures.items():
        shown.add_row(name, f"{value:,.2f}" if value < 1_000 else f"{value:,.0f}")
    Console(stderr=True).print(shown)
    result = {"seed": asked.seed, "figures": figures, "outcomes": outcomes}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
