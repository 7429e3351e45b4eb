"""The two programs as processes: started, asked whether they are ready, stopped, killed; and their commands."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

ROOT = Path(__file__).parents[2]
READY_SECONDS = 20.0
WAIT_SECONDS = 30.0
POLL_SECONDS = 0.02
PORTS = range(20_000, 32_000)
"""Below the range from which the system draws ports for outgoing connections: those of a dead process stay free."""

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_untaken = list(PORTS[_worker :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))])
random.shuffle(_untaken)


class Failed(Exception):
    """A command did not end with exit code 0."""

    def __init__(self, words: tuple[str, ...], code: int, err: str) -> None:
        super().__init__(f"`{' '.join(words)}` ended with {code}: {err.strip()}")
        self.code, self.err = code, err


def free_port() -> int:
    """One that nothing listens on and that was not handed out before, here or to another worker of the test run."""
    while True:
        port = _untaken.pop()
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


async def until(what: str, ask: Callable[[], Awaitable[bool]], seconds: float = WAIT_SECONDS) -> float:
    """Poll until true; how long that took. Fails when it does not become true in time."""
    started = time.monotonic()
    while not await ask():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"waited {seconds:.0f} s for: {what}")
        await asyncio.sleep(POLL_SECONDS)
    return time.monotonic() - started


def environment(cache: Path) -> dict[str, str]:
    """Byte code goes to a folder of the tests', so that the hundredth start is as fast as the second."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return env | {"PYTHONPYCACHEPREFIX": str(cache), "PYTHONPATH": str(ROOT)}


@dataclass(slots=True)
class Program:
    """`name` is the module (agent or central); one settings file, one process at a time."""

    name: str
    settings: Path
    health_port: int
    cache: Path
    process: asyncio.subprocess.Process | None = None
    starts: int = 0
    wrapper: tuple[str, ...] = field(default=())

    @property
    def log(self) -> Path:
        return self.settings.with_suffix(".log")

    async def spawn(self) -> None:
        """Begin to start; see `ready`."""
        self.starts += 1
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.wrapper,
                *(sys.executable, "-m", self.name, "run", "-s", str(self.settings)),
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=environment(self.cache),
            )

    async def start(self) -> None:
        await self.spawn()
        await self.ready()

    async def ready(self) -> None:
        """Until it answers; fails at once when the process has ended."""
        async with aiohttp.ClientSession() as session:
            await until(f"{self.name} to answer", lambda: self._answers(session), READY_SECONDS)

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        assert self.process is not None
        assert self.process.returncode is None, f"{self.name} ended: {self.log.read_text()[-2000:]}"
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get(f"http://127.0.0.1:{self.health_port}/healthz") as answer:
                return answer.status == 200
        return False

    async def kill(self) -> None:
        """kill -9."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """SIGTERM; the exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: int) -> int:
        process = self.process
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        code = await asyncio.wait_for(process.wait(), READY_SECONDS)
        self.process = None
        return code

    async def command(self, *words: str, given: str = "") -> str:
        """Run one of the program's commands; its standard output. Raises Failed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", self.name, *words, "-s", str(self.settings)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env=environment(self.cache),
        )
        out, err = await process.communicate(given.encode())
        if process.returncode != 0:
            raise Failed((self.name, *words), process.returncode or 0, err.decode())
        return out.decode()
