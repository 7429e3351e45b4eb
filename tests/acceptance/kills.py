"""`python -m tests.acceptance.kills`: kill -9 of the centre and of village servers at random while clerks are at work.

What a clerk was shown as saved, and what the centre acknowledged, must be on the dead program's disk at that very
moment, before anybody could send it again. The last line is one JSON object; exit code 1 when anything was lost.
"""

import argparse
import asyncio
import contextlib
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp

from deploy.demo.people import household
from protocol.ids import parse_village_code
from protocol.regions import village
from tests.acceptance.programs import Failed, Program, until
from tests.acceptance.town import CYCLE, PASSWORD, VILLAGES, Box, BoxFacts, Centre, Town, open_town, prepare, read_box

WORK_SECONDS = (0.0, 0.5)
"""How long everybody works undisturbed before the next kill."""
START_SECONDS = (0.05, 0.9)
"""When a program that is just starting is killed again."""
AGAIN_SHARE, TWICE_SHARE = 0.2, 0.15
RETRY_SECONDS = 0.05
HEAL_SECONDS = 90.0
LETTERS_A_PERSON = 2
PROBLEMS_SHOWN_MAX = 10


@dataclass(slots=True)
class Shown:
    """What one clerk saw succeed: records by kind, and the number printed on letters that were looked at."""

    records: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    kills: int = 0
    of: dict[str, int] = field(default_factory=lambda: {"centre": 0, "agent": 0})
    while_starting: int = 0
    problems: list[str] = field(default_factory=list)


class Work:
    """A clerk who registers, proposes and issues, and sends a form again when no answer came."""

    def __init__(self, box: Box, seed: int) -> None:
        self.box = box
        self.shown = Shown()
        self._chance = random.Random(f"{seed}/{box.village}")
        self._home, self._taken = village(parse_village_code(box.village)), set[str]()

    async def run(self) -> None:
        """Until cancelled."""
        clerk = self.box.clerk
        while True:
            person = household(self._chance, self._home, taken=self._taken).members[0]
            resident = await self._insist("residents", partial(clerk.register_at_once, person))
            await self._insist("proposals", partial(clerk.propose_at_once, resident, CYCLE))
            for _ in range(LETTERS_A_PERSON):
                letter = await self._insist("letters", partial(clerk.issue_at_once, resident, "sktm"))
                await self._read_number(letter)

    async def _insist(self, kind: str, send: Callable[[str], Awaitable[tuple[int, str]]]) -> str:
        """The same form until it is answered: it must lead to one record however often it was sent."""
        key = f"{self._chance.getrandbits(128):032x}"
        while True:
            try:
                status, record = await send(key)
            except (aiohttp.ClientError, OSError, TimeoutError):
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if status == 303 and len(record) == 32:
                self.shown.records[record] = kind
                return record
            if status in {401, 403}:
                await self._sign_in()
            elif status < 500:
                raise AssertionError(f"a form for {kind} was answered {status}: {record}")
            await asyncio.sleep(RETRY_SECONDS)

    async def _sign_in(self) -> None:
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            await self.box.clerk.sign_in("kepala", PASSWORD)

    async def _read_number(self, letter: str) -> None:
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            printed = await self.box.clerk.number_of(letter)
            self.shown.numbers[letter] = int(printed.split("/")[1])


class Killer:
    """Kills, looks at what is left, starts again."""

    def __init__(self, town: Town, works: Sequence[Work], seed: int) -> None:
        self.town = town
        self.works = works
        self.report = Report()
        self._chance = random.Random(seed)

    async def run(self, kills: int) -> None:
        while self.report.kills < kills:
            await asyncio.sleep(self._chance.uniform(*WORK_SECONDS))
            victims = self._victims()
            for victim in victims:
                await self._kill(victim)
            for victim in victims:
                self._look(victim)
            await asyncio.gather(*(self._start(victim, kills) for victim in victims))

    def _victims(self) -> list[Centre | Box]:
        everybody: list[Centre | Box] = [self.town.centre, *self.town.boxes]
        return self._chance.sample(everybody, 2 if self._chance.random() < TWICE_SHARE else 1)

    async def _kill(self, victim: Centre | Box) -> None:
        await victim.program.kill()
        self.report.kills += 1
        self.report.of["centre" if isinstance(victim, Centre) else "agent"] += 1

    async def _start(self, victim: Centre | Box, kills: int) -> None:
        await victim.program.spawn()
        while self._chance.random() < AGAIN_SHARE and self.report.kills < kills:
            await asyncio.sleep(self._chance.uniform(*START_SECONDS))
            await self._kill(victim)
            self.report.while_starting += 1
            self._look(victim)
            await victim.program.spawn()
        await victim.program.ready()

    def _look(self, victim: Centre | Box) -> None:
        """On a copy of the dead program's files: a look must not mend anything."""
        with copied(victim.database) as path:
            if isinstance(victim, Box):
                work = next(work for work in self.works if work.box is victim)
                self.report.problems += missing_at_box(work.shown, read_box(path))
            else:
                heads = Centre.heads_of(path)
                for box in self.town.boxes:
                    self.report.problems += missing_at_centre(self._facts(box), heads)

    def _facts(self, box: Box) -> BoxFacts:
        if box.program.process is not None:
            return box.facts()
        with copied(box.database) as path:
            return read_box(path)


@contextlib.contextmanager
def copied(database: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for part in (database, database.with_name(database.name + "-wal")):
            if part.exists():
                shutil.copyfile(part, Path(folder, part.name))
        yield Path(folder, database.name)


def missing_at_box(shown: Shown, facts: BoxFacts) -> list[str]:
    gone = [kind for record, kind in shown.records.items() if record not in facts.records]
    changed = [n for letter, n in shown.numbers.items() if facts.letters.get(letter) != n]
    found = [f"{len(gone)} records that a clerk saw are not on the disk"] if gone else []
    return found + ([f"{len(changed)} letters have another number than was shown"] if changed else [])


def missing_at_centre(facts: BoxFacts, heads: dict[bytes, int]) -> list[str]:
    return [
        f"acknowledged up to {seq}, held up to {heads.get(log, 0)}"
        for log, seq in facts.acked.items()
        if heads.get(log, 0) < seq
    ]


async def run_kills(kills: int, seed: int, prepared: Path, folder: Path, cache: Path) -> dict[str, object]:
    """The whole run; the report."""
    async with open_town(prepared, folder, cache, len(VILLAGES)) as town:
        works = [Work(box, seed) for box in town.boxes]
        killer = Killer(town, works, seed)
        tasks = [asyncio.create_task(work.run()) for work in works]
        started = time.monotonic()
        killing = asyncio.create_task(killer.run(kills))
        done, _ = await asyncio.wait([killing, *tasks], return_when=asyncio.FIRST_COMPLETED)
        took = time.monotonic() - started
        for task in (killing, *tasks):
            task.cancel()
        for task in done:
            task.result()
        await asyncio.gather(killing, *tasks, return_exceptions=True)
        heal_seconds = await heal(town)
        problems = killer.report.problems + await check(town, works)
        facts = [box.facts() for box in town.boxes]
    return {
        "kills": killer.report.kills,
        "of": killer.report.of,
        "while_starting": killer.report.while_starting,
        "shown": sum(len(work.shown.records) for work in works),
        "letters": sum(len(each.letters) for each in facts),
        "decisions": sum(len(each.decisions) for each in facts),
        "lost": len(problems),
        "problems": problems[:PROBLEMS_SHOWN_MAX],
        "seconds_a_kill": round(took / max(killer.report.kills, 1), 2),
        "heal_seconds": round(heal_seconds, 1),
        "seed": seed,
    }


async def heal(town: Town) -> float:
    """Until everything is sent and every answer is back."""

    async def is_whole() -> bool:
        facts = [box.facts() for box in town.boxes]
        return all(each.waiting == 0 and each.proposals <= each.decisions.keys() for each in facts)

    return await until("every record and every answer to arrive", is_whole, HEAL_SECONDS)


async def check(town: Town, works: Sequence[Work]) -> list[str]:
    """Everything at rest: numbers without gap or double, both sides hold what was shown, the proofs hold."""
    found = []
    await asyncio.gather(*(box.program.terminate() for box in town.boxes))
    held = town.centre.records()
    for work in works:
        facts = work.box.facts()
        found += missing_at_box(work.shown, facts)
        if sorted(facts.letters.values()) != list(range(1, len(facts.letters) + 1)):
            found.append(f"{work.box.village}: the numbers are not consecutive")
        if not facts.records <= held:
            found.append(f"{work.box.village}: {len(facts.records - held)} records are not at the centre")
    await town.centre.program.kill()
    proofs: list[tuple[Program, str]] = [(box.program, "verify") for box in town.boxes]
    for program, word in [*proofs, (town.centre.program, "audit")]:
        try:
            await program.command(word, "--json")
        except Failed as error:
            found.append(str(error))
    return found


async def main(kills: int, seed: int) -> int:
    with tempfile.TemporaryDirectory(prefix="kampung-kills-") as name:
        folder = Path(name)
        (folder / "prepared").mkdir()
        await prepare(folder / "prepared", folder / "cache")
        report = await run_kills(kills, seed, folder / "prepared", folder / "town", folder / "cache")
    sys.stdout.write(json.dumps(report) + "\n")
    return 1 if report["lost"] else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    sys.exit(asyncio.run(main(args.kills, args.seed)))
