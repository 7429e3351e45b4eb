"""A regency of two villages for one test: folders, settings, programs, lines, people.

`prepare` builds one by the operators' real commands, once; each test works on a copy of its folders with ports of its
own. Must never write into a program's database; reading it while the program is dead is how losses are found.
"""

import asyncio
import contextlib
import json
import random
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from deploy.demo.people import Person, as_entry, household, siksng_csv
from protocol.ids import parse_village_code
from protocol.regions import village
from tests.acceptance.clerk import Clerk
from tests.acceptance.linkproxy import Link
from tests.acceptance.programs import Program, free_port, until

VILLAGES = ("3510252010", "3510152004")
CYCLE = "APBD-PANGAN-2021-05"
PASSWORD = "melayani-sampai-tuntas"
HEADS = 50
"""Heads of household known in each village; of the first one `COVERED` are in the imported list."""
COVERED = 46


@dataclass(slots=True)
class Box:
    """One village's server, its line, its clerk."""

    village: str
    folder: Path
    cache: Path
    link: Link
    port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)
    program: Program = field(init=False)
    clerk: Clerk = field(init=False)
    data_folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.data_folder = self.folder / "data"
        self.program = Program("agent", self.folder / "agent.toml", self.metrics_port, self.cache)

    @property
    def identity_folder(self) -> Path:
        return self.folder / "identity"

    @property
    def database(self) -> Path:
        return self.data_folder / "village.db"

    def write_settings(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.program.settings.write_text(
            f'village = "{self.village}"\ndata_folder = "{self.data_folder}"\n'
            f'identity_folder = "{self.identity_folder}"\n'
            f'[office]\naddress = "Jalan Raya 1"\nhead_name = "SUPRIYADI"\n'
            f'[central]\nurl = "http://127.0.0.1:{self.link.port}"\n'
            '[numbers]\noffice_code = "429.508.03"\n'
            f"[listen]\nport = {self.port}\nmetrics_port = {self.metrics_port}\n"
        )

    async def start(self) -> None:
        """The server, and its clerk signed in."""
        await self.program.start()
        self.clerk = Clerk(f"http://127.0.0.1:{self.port}")
        await self.clerk.sign_in("kepala", PASSWORD)

    async def stop(self) -> int:
        if hasattr(self, "clerk"):
            await self.clerk.close()
        return await self.program.terminate()

    async def status(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(await self.program.command("status", "--json"))
        return found

    def facts(self) -> "BoxFacts":
        """What the disk holds; also beside a running server."""
        return read_box(self.database)

    async def until_cycle(self, code: str) -> None:
        """Until the box has heard of a round of aid."""

        async def is_known() -> bool:
            with reading(self.database) as connection:
                found = connection.execute("SELECT 1 FROM feed_state WHERE key = ?", (b"cycle:" + code.encode(),))
                return found.fetchone() is not None

        await until(f"cycle {code} in {self.village}", is_known)

    async def until_sent(self, seconds: float = 30.0) -> float:
        """Until the centre acknowledged everything."""

        async def is_empty() -> bool:
            return self.facts().waiting == 0

        return await until(f"the outbox of {self.village} to be empty", is_empty, seconds)

    async def until_road(self, phrase: str, seconds: float = 30.0) -> float:
        """Until the page on the road says something."""

        async def says() -> bool:
            return phrase in await self.clerk.sync_page()

        return await until(f"the clerk of {self.village} to read {phrase!r}", says, seconds)


@dataclass(slots=True)
class Centre:
    folder: Path
    cache: Path
    sync_port: int = field(default_factory=free_port)
    pages_port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)
    program: Program = field(init=False)

    def __post_init__(self) -> None:
        self.program = Program("central", self.folder / "central.toml", self.metrics_port, self.cache)

    @property
    def database(self) -> Path:
        return self.folder / "data" / "centre.db"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.sync_port}"

    def write_settings(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.program.settings.write_text(
            f'data_folder = "{self.folder}/data"\nidentity_folder = "{self.folder}/identity"\n'
            f"[listen]\nsync_port = {self.sync_port}\npages_port = {self.pages_port}\nmetrics_port = {self.metrics_port}\n"
        )

    def heads(self) -> dict[bytes, int]:
        """How far each log is held, by log id; also beside a running centre."""
        return self.heads_of(self.database)

    @staticmethod
    def heads_of(path: Path) -> dict[bytes, int]:
        with reading(path) as connection:
            return dict(connection.execute("SELECT log_id, max(head_seq) FROM log GROUP BY log_id"))

    def records(self) -> set[str]:
        """The id of every record that is held."""
        held: set[str] = set()
        with reading(self.database) as connection:
            for (joined,) in connection.execute("SELECT hashes FROM batch"):
                held |= {joined[at : at + 16].hex() for at in range(0, len(joined), 32)}
        return held

    async def audit(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(await self.program.command("audit", "--json"))
        return found


@dataclass(frozen=True, slots=True)
class BoxFacts:
    """`letters`: number of each letter by its record id; `acked`: by log id."""

    letters: dict[str, int]
    proposals: frozenset[str]
    decisions: dict[str, str]
    acked: dict[bytes, int]
    waiting: int
    records: frozenset[str]


def read_box(path: Path) -> BoxFacts:
    with reading(path) as connection:
        return BoxFacts(
            letters={row[0].hex(): row[1] for row in connection.execute("SELECT id, number FROM letter")},
            proposals=frozenset(row[0].hex() for row in connection.execute("SELECT id FROM proposal")),
            decisions={row[0].hex(): row[1] for row in connection.execute("SELECT proposal, outcome FROM decision")},
            acked=dict(connection.execute("SELECT log_id, acked_seq FROM log")),
            waiting=connection.execute("SELECT coalesce(sum(head_seq - acked_seq), 0) FROM log").fetchone()[0],
            records=frozenset(row[0][:16].hex() for row in connection.execute("SELECT hash FROM op")),
        )


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """One snapshot of a database that may be in use."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        yield connection
    finally:
        connection.close()


@dataclass(slots=True)
class Town:
    folder: Path
    centre: Centre
    boxes: list[Box]
    people: dict[str, list[Person]]

    @property
    def covered(self) -> list[Person]:
        """Heads of household whom the list covers: a proposal for one of them is refused."""
        return self.people[VILLAGES[0]][:COVERED]

    @property
    def free(self) -> list[Person]:
        return self.people[VILLAGES[0]][COVERED:]

    async def start(self, boxes: int | None = None) -> None:
        """Lines, centre, and the first servers (all of them)."""
        for box in self.boxes:
            await box.link.start()
            box.write_settings()
        self.centre.write_settings()
        started = self.boxes if boxes is None else self.boxes[:boxes]
        await asyncio.gather(self.centre.program.start(), *(box.start() for box in started))

    async def stop(self) -> None:
        """The centre is killed: asked to stop it would give its long-polls two seconds, in every test."""
        await asyncio.gather(*(box.stop() for box in self.boxes), self.centre.program.kill())
        for box in self.boxes:
            await box.link.stop()

    async def add_box(self, code: str, name: str = "") -> Box:
        """Another machine, not enrolled."""
        box = Box(code, self.folder / (name or code), self.centre.cache, Link(self.centre.sync_port))
        await box.link.start()
        box.write_settings()
        self.boxes.append(box)
        return box

    async def enrol(self, box: Box) -> None:
        token = await self.centre.program.command("enrol", box.village)
        await box.program.command("enrol", "-", given=token)
        await self.add_account(box)

    async def add_account(self, box: Box) -> None:
        await box.program.command("user", "add", "kepala", "--name", "Kepala", "--role", "head", given=PASSWORD + "\n")

    def logs(self) -> str:
        """The last words of every program, for a test that failed."""
        parts = []
        for program in (self.centre.program, *(box.program for box in self.boxes)):
            if program.log.exists():
                parts += [f"--- {program.log.parent.name}", *program.log.read_text().splitlines()[-15:]]
        return "\n".join(parts)


def invent() -> dict[str, list[Person]]:
    """Heads of household of each village, the same every time."""
    rng, taken = random.Random(2021), set[str]()
    found = {}
    for code in VILLAGES:
        home = village(parse_village_code(code))
        found[code] = [household(rng, home, taken=taken).members[0] for _ in range(HEADS)]
    return found


def lay_out(folder: Path, cache: Path, villages: tuple[str, ...]) -> Town:
    centre = Centre(folder / "centre", cache)
    boxes = [Box(code, folder / code, cache, Link(centre.sync_port)) for code in villages]
    return Town(folder, centre, boxes, invent())


async def prepare(folder: Path, cache: Path, villages: tuple[str, ...] = VILLAGES) -> None:
    """Centre with a cycle and a list, enrolled servers with an account each: all by command, then at rest."""
    town = lay_out(folder, cache, villages)
    for box in town.boxes:
        await box.link.start()
        box.write_settings()
    town.centre.write_settings()
    await town.centre.program.start()
    today = date.today()
    window = ("--opens", f"{today - timedelta(days=7)}", "--closes", f"{today + timedelta(days=30)}")
    await town.centre.program.command(
        *("cycle", "add", CYCLE, "--scheme", "APBD-PANGAN", "--name", "Paket pangan APBD Mei-Juli 2021"),
        *("--from", "2021-05", "--until", "2021-07", *window),
    )
    listed = folder / "siks-ng.csv"
    rows = [(as_entry(person), {"PKH": "2021-01 s/d 2021-12"}) for person in town.covered]
    listed.write_text(siksng_csv(rows), encoding="utf-8")
    await town.centre.program.command("import", str(listed), "--permission", "uji", "--as-of", "2021-04-30")
    await asyncio.gather(*(town.enrol(box) for box in town.boxes))
    await asyncio.gather(*(box.start() for box in town.boxes))
    await asyncio.gather(*(box.until_cycle(CYCLE) for box in town.boxes))
    await town.stop()


@contextlib.asynccontextmanager
async def open_town(prepared: Path, folder: Path, cache: Path, boxes: int) -> AsyncIterator[Town]:
    """A copy of what was prepared, with the first `boxes` villages, running."""
    shutil.copytree(prepared, folder, ignore=shutil.ignore_patterns("*.log"), dirs_exist_ok=True)
    town = lay_out(folder, cache, VILLAGES[:boxes])
    try:
        await town.start()
        yield town
    except BaseException:
        print(town.logs())
        raise
    finally:
        await town.stop()


async def until_answered(box: Box, proposal: str, seconds: float = 30.0) -> tuple[float, str, str]:
    """(seconds, state, sentence) once the clerk's page shows the centre's answer."""
    started = time.monotonic()
    found: list[tuple[str, str]] = []

    async def is_answered() -> bool:
        found[:] = [await box.clerk.answer(f"/proposals/{proposal}")]
        return found[0][0] in {"Disetujui", "Ditolak", "Perlu diperiksa"}

    await until("an answer on the clerk's page", is_answered, seconds)
    return time.monotonic() - started, *found[0]
