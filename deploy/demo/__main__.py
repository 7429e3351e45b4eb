"""`make demo`: centre and three villages as real programs; the cable is cut, work goes on, the cable is mended, answers return.

The story checks itself: where something is not as told it stops with exit code 1. `--once` ends after the story,
otherwise the programs keep serving until Ctrl-C.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.panel import Panel
from rich.progress import Progress
from rich.table import Table

from deploy.demo.cable import Cable
from deploy.demo.counter import Counter, Unexpected
from deploy.demo.people import Entry, Person, as_entry, dirty, household, siksng_csv
from protocol.ids import parse_village_code
from protocol.regions import Village, village

SEED = 2021
VILLAGES = ("3510252010", "3510152004", "3510161010")
HOUSEHOLDS = 12
COVERED, ELSEWHERE = 4, 2
"""In each village the first households are covered by another scheme; the last ones are proposed by the next village too."""
CYCLE = "APBD-PANGAN-2021-05"
PASSWORD = "melayani-sampai-tuntas"  # noqa: S105 - the demo prints it, on loopback, over invented residents
WAIT_SECONDS = 60.0
PACE_SECONDS = 0.1

console = Console()


@dataclass(slots=True)
class Office:
    """One village of the story."""

    home: Village
    folder: Path
    cable: Cable
    port: int
    metrics_port: int
    households: list[list[Person]]
    process: asyncio.subprocess.Process | None = None
    counter: Counter | None = None
    residents: dict[str, str] = field(default_factory=dict)
    letters: list[tuple[str, str]] = field(default_factory=list)
    proposals: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Path:
        return self.folder / "agent.toml"

    @property
    def clerk(self) -> Counter:
        if self.counter is None:
            raise Unexpected("nobody is signed in")
        return self.counter


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(what: str, ask: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something to become true; the story fails where it does not."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while not await ask():
        if asyncio.get_running_loop().time() > deadline:
            raise Unexpected(f"waited {WAIT_SECONDS:.0f} s for: {what}")
        await asyncio.sleep(PACE_SECONDS)


async def command(*words: str, given: str = "") -> str:
    """Run one of the programs' commands; its standard output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(given.encode())
    if process.returncode != 0:
        raise Unexpected(f"`{' '.join(words[:2])}` failed: {err.decode().strip()}")
    return out.decode()


class Story:
    """The programs, the people and the steps."""

    def __init__(self, folder: Path, session_of: Callable[[], aiohttp.ClientSession]) -> None:
        self._folder = folder
        self._session_of = session_of
        self._rng = random.Random(SEED)
        self._sync_port, self._pages_port, self._metrics_port = free_port(), free_port(), free_port()
        self._settings = folder / "centre" / "central.toml"
        self._centre: asyncio.subprocess.Process | None = None
        self.offices: list[Office] = []

    async def tell(self) -> None:
        steps: Sequence[tuple[str, Callable[[], Awaitable[None]]]] = (
            ("The centre starts; an officer opens a cycle and imports who is covered already", self.open_centre),
            ("Three village servers enrol and start", self.open_villages),
            ("Clerks register residents", self.register),
            ("The cable is cut. Letters and proposals go on", self.work_offline),
            ("The cable is mended: every record arrives, every answer comes back", self.mend),
            ("A village server loses power in the middle of the day", self.kill),
            ("The centre proves what it holds", self.audit),
        )
        for number, (title, step) in enumerate(steps, start=1):
            console.print(Panel(f"[bold]{number}. {title}[/bold]", expand=False))
            await step()

    # --- 1 ---

    async def open_centre(self) -> None:
        self._settings.parent.mkdir(parents=True)
        self._settings.write_text(
            f'data_folder = "{self._folder}/centre/data"\nidentity_folder = "{self._folder}/centre/identity"\n'
            f"[listen]\nsync_port = {self._sync_port}\npages_port = {self._pages_port}\nmetrics_port = {self._metrics_port}\n"
        )
        self._centre = await self._start("central", self._settings)
        await until("the centre", lambda: self._answers(self._metrics_port))
        await self._central(
            "user", "add", "petugas", "--name", "Petugas Dinsos", "--role", "officer", given=PASSWORD + "\n"
        )
        today = date.today()  # noqa: DTZ011 - the proposal window must be open wherever the demo is run
        opens, closes = today - timedelta(days=7), today + timedelta(days=30)
        await self._central(
            "cycle", "add", CYCLE, "--scheme", "APBD-PANGAN", "--name", "Paket pangan APBD Mei-Juli 2021",
            "--from", "2021-05", "--until", "2021-07", "--opens", opens.isoformat(), "--closes", closes.isoformat(),
        )  # fmt: skip
        self._invent()
        await self._import()

    def _invent(self) -> None:
        taken: set[str] = set()
        for code in VILLAGES:
            home = village(parse_village_code(code))
            people = [list(household(self._rng, home, taken=taken).members) for _ in range(HOUSEHOLDS)]
            folder = self._folder / code
            folder.mkdir()
            cable = Cable(self._sync_port)
            self.offices.append(Office(home, folder, cable, free_port(), free_port(), people))

    async def _import(self) -> None:
        """The story's covered families, and others with the errors that real lists have."""
        rows: list[tuple[Entry, dict[str, str]]] = []
        for office in self.offices:
            for n, members in enumerate(office.households[:COVERED]):
                rows.append((as_entry(members[0]), {("PKH", "BPNT")[n % 2]: "2021-01 s/d 2021-12"}))
            for _ in range(40):
                stranger = household(self._rng, office.home).members[0]
                rows.append((dirty(self._rng, stranger), {"BPNT": "2021-01 s/d 2021-12"}))
        listed = self._folder / "siks-ng.csv"
        listed.write_text(siksng_csv(rows), encoding="utf-8")
        answer = json.loads(
            await self._central("import", str(listed), "--permission", "demo", "--as-of", "2021-04-30", "--json")
        )
        table = Table(
            "rows", "kept", "refused or dropped", "coverages", title="SIKS-NG list of PKH and BPNT households"
        )
        kept = answer["fates"].get("kept", 0)
        table.add_row(str(answer["rows"]), str(kept), str(answer["rows"] - kept), str(answer["coverages"]))
        console.print(table)

    # --- 2 ---

    async def open_villages(self) -> None:
        await asyncio.gather(*(self._open(office) for office in self.offices))

    async def _open(self, office: Office) -> None:
        await office.cable.lay()
        head = household(random.Random(office.home.code), office.home).members[0].name
        office.settings.write_text(
            f'village = "{office.home.code}"\ndata_folder = "{office.folder}/data"\n'
            f'identity_folder = "{office.folder}/identity"\n'
            f'[office]\naddress = "Jalan Raya {office.home.name}"\nhead_name = "{head}"\n'
            f'[central]\nurl = "http://127.0.0.1:{office.cable.port}"\n'
            f'[numbers]\noffice_code = "429.5.{office.home.code[-3:]}"\n'
            f"[listen]\nport = {office.port}\nmetrics_port = {office.metrics_port}\n"
        )
        token = await self._central("enrol", office.home.code)
        await command("agent", "enrol", "-", "-s", str(office.settings), given=token)
        for login, name, role in (("kepala", head, "head"), ("petugas", "Petugas loket", "clerk")):
            await self._agent(office, "user", "add", login, "--name", name, "--role", role, given=PASSWORD)
        await self._serve(office)
        console.print(f"  {office.home.place}: enrolled")

    async def _serve(self, office: Office) -> None:
        office.process = await self._start("agent", office.settings)
        await until(office.home.name, lambda: self._answers(office.metrics_port))
        office.counter = Counter(self._session_of(), f"http://127.0.0.1:{office.port}")
        await office.counter.sign_in("kepala", PASSWORD)

    # --- 3 ---

    async def register(self) -> None:
        """Each village also knows two heads of household of the next one: they moved, or claim to have."""
        for office, neighbour in zip(self.offices, [*self.offices[1:], self.offices[0]], strict=True):
            office.households += neighbour.households[HOUSEHOLDS - ELSEWHERE : HOUSEHOLDS]
        total = sum(len(members) for office in self.offices for members in office.households)
        with Progress(console=console) as progress:
            task = progress.add_task("  residents", total=total)
            for office in self.offices:
                for members in office.households:
                    for person in members:
                        office.residents[person.nik] = await office.clerk.register(person)
                        progress.advance(task)
        for office in self.offices:
            await until("the cycle reaches the villages", lambda office=office: self._knows_cycle(office))  # type: ignore[misc]

    async def _knows_cycle(self, office: Office) -> bool:
        resident = next(iter(office.residents.values()))
        return CYCLE in await office.clerk.get(f"/proposals/new?resident={resident}")

    # --- 4 ---

    async def work_offline(self) -> None:
        for office in self.offices:
            office.cable.cut()
        with Progress(console=console) as progress:
            task = progress.add_task("  letters and proposals", total=sum(2 * len(o.households) for o in self.offices))
            for office in self.offices:
                for members in office.households:
                    head = members[0]
                    resident = office.residents[head.nik]
                    kind, fields = self._rng.choice(_LETTERS)
                    office.letters.append(await office.clerk.issue(kind, resident, fields))
                    progress.advance(task)
                    office.proposals[head.nik] = await office.clerk.propose(resident, CYCLE)
                    progress.advance(task)
        table = Table("village", "letters", "last number", "proposals", "status bar", title="With the cable cut")
        for office in self.offices:
            row = (
                str(len(office.letters)),
                office.letters[-1][1],
                str(len(office.proposals)),
                await office.clerk.road(),
            )
            table.add_row(office.home.name, *row)
        console.print(table)

    # --- 5 ---

    async def mend(self) -> None:
        for office in self.offices:
            office.cable.mend()
        for office in self.offices:
            await until("every record arrives", lambda office=office: self._is_empty(office))  # type: ignore[misc]
            for path in office.proposals.values():
                await until("every answer comes back", lambda office=office, path=path: self._is_answered(office, path))  # type: ignore[misc]
        await self._show_answers()

    async def _is_empty(self, office: Office) -> bool:
        waiting: int = json.loads(await self._agent(office, "status", "--json"))["waiting"]
        return waiting == 0

    async def _is_answered(self, office: Office, proposal: str) -> bool:
        state, _ = await office.clerk.answer(proposal)
        return state in {"Disetujui", "Ditolak", "Perlu diperiksa"}

    async def _show_answers(self) -> None:
        table = Table("village", "answer", "what the clerk reads aloud", title="Refused, and why", show_lines=True)
        accepted: dict[str, int] = {}
        for office in self.offices:
            for n, (nik, path) in enumerate(office.proposals.items()):
                state, sentence = await office.clerk.answer(path)
                accepted[nik] = accepted.get(nik, 0) + (state == "Disetujui")
                if n < COVERED and state != "Ditolak":
                    raise Unexpected("a covered household was not refused")
                if state != "Disetujui":
                    table.add_row(office.home.name, state, sentence)
        console.print(table)
        covered = {m[0].nik for office in self.offices for m in office.households[:COVERED]}
        wrong = [nik for nik, times in accepted.items() if times != (0 if nik in covered else 1)]
        if wrong:
            raise Unexpected(f"{len(wrong)} household(s) were accepted twice or not at all")
        console.print(
            f"  {sum(accepted.values())} accepted, {len(table.rows)} refused; nobody twice, nobody without a reason"
        )

    # --- 6 ---

    async def kill(self) -> None:
        office = self.offices[0]
        if office.process is None:
            raise Unexpected("no server to kill")
        office.process.kill()
        await office.process.wait()
        await self._serve(office)
        for path, number in office.letters:
            if number not in await office.clerk.get(path):
                raise Unexpected("a letter is lost")
        resident = next(iter(office.residents.values()))
        kind, fields = _LETTERS[0]
        office.letters.append(await office.clerk.issue(kind, resident, fields))
        await until("the new letter arrives", lambda: self._is_empty(office))
        text = f"{len(office.letters) - 1} letters are all there; the next number is {office.letters[-1][1]}"
        console.print(f"  {office.home.name}: killed (SIGKILL) and started again; {text}")

    # --- 7 ---

    async def audit(self) -> None:
        found = json.loads(await self._central("audit", "--json"))
        if found["problems"] != "none":
            raise Unexpected(f"the audit found {found['problems']}")
        counts = json.loads(await self._central("decisions", "--json"))["decisions"]
        table = Table(
            "outcome",
            "reason",
            "count",
            title=f"{found['ops']} records checked, {found['decisions']} decisions recomputed",
        )
        for row in counts:
            table.add_row(row["outcome"], row["code"], str(row["count"]))
        console.print(table)

    def show_addresses(self) -> None:
        table = Table("where", "address", "login", title=f"Open in a browser; the password is {PASSWORD}")
        table.add_row("Kabupaten", f"http://127.0.0.1:{self._pages_port}", "petugas")
        for office in self.offices:
            table.add_row(office.home.name, f"http://127.0.0.1:{office.port}", "petugas (clerk), kepala (head)")
        console.print(table)

    async def stop(self) -> None:
        for process in [office.process for office in self.offices] + [self._centre]:
            if process is not None and process.returncode is None:
                process.terminate()
                await process.wait()
        for office in self.offices:
            await office.cable.remove()

    # --- tools ---

    async def _start(self, program: str, settings: Path) -> asyncio.subprocess.Process:
        log = os.open(settings.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", program, "run", "-s", str(settings), stdout=log, stderr=log
            )
        finally:
            os.close(log)

    async def _answers(self, port: int) -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            async with aiohttp.request("GET", f"http://127.0.0.1:{port}/healthz") as answer:
                return answer.status == 200
        return False

    async def _central(self, *words: str, given: str = "") -> str:
        return await command("central", *words, "-s", str(self._settings), given=given)

    async def _agent(self, office: Office, *words: str, given: str = "") -> str:
        return await command("agent", *words, "-s", str(office.settings), given=given)


_LETTERS: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    ("sktm", [("purpose", "keringanan biaya sekolah")]),
    ("skd", [("purpose", "pembukaan rekening bank")]),
    ("spm", [("hospital", "RSUD Blambangan Banyuwangi")]),
)


async def main(is_once: bool) -> int:
    folder = Path(tempfile.mkdtemp(prefix="kampung-demo-"))
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)

        def session() -> aiohttp.ClientSession:
            opened = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
            stack.push_async_callback(opened.close)
            return opened

        story = Story(folder, session)
        stack.push_async_callback(story.stop)
        telling = asyncio.create_task(story.tell())
        ended = asyncio.create_task(stopping.wait())
        await asyncio.wait([telling, ended], return_when=asyncio.FIRST_COMPLETED)
        if not telling.done():
            telling.cancel()
            return 130
        try:
            telling.result()
        except Unexpected as error:
            console.print(f"[red]The story went wrong:[/red] {error}")
            for log in sorted(folder.rglob("*.log")):
                console.print(
                    f"--- {log.name} of {log.parent.name}", *log.read_text().splitlines()[-5:], sep="\n", markup=False
                )
            return 1
        story.show_addresses()
        if not is_once:
            console.print("Serving until Ctrl-C.")
            await stopping.wait()
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the story")
    sys.exit(asyncio.run(main(parser.parse_args().once)))
