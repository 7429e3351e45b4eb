"""Prepares large batches in a process beside, while the villages are answered and earlier batches are brought in.

The process does pure work (`domain/batches`, `domain/answers`), never sees the database or the key, and ends with its
pipe. What it has not prepared is prepared where it is brought in. One exchange for each batch: the batch there, the
anchors it cites back; what the database knows there, the prepared batch back.
Place in the flow: pipeline asks -> here -> `judge` brings in what was prepared.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Protocol, Self

import msgspec
import structlog

from central.domain.answers import Circumstances, Prepared, Rules, prepare
from central.domain.batches import Batch, Name, read_batch
from central.domain.decisions import FormerTerm
from central.domain.reasons import Reasons
from chassis.memory import spare_collector
from protocol.schemes import Rulebook, RuleSet

BESIDE_OPS_MIN = 2_000
"""Smaller batches are prepared sooner than a process is asked."""
AHEAD_MAX = 4
"""Batches prepared and not yet brought in: a few megabytes each."""
LENGTH_BYTES = 8
NICENESS = 15
"""What the villages wait for goes first where there are few processors."""

FAILURES = (OSError, asyncio.IncompleteReadError, msgspec.MsgspecError)

log = structlog.get_logger()

_batches = msgspec.msgpack.Decoder(Batch)
_cited = msgspec.msgpack.Decoder(list[bytes])
Told = tuple[RuleSet, Reasons, tuple[FormerTerm, ...]]
"""What a reader needs of the rules to make its own."""

_circumstances = msgspec.msgpack.Decoder(tuple[Circumstances, int, Told | None])
_prepared = msgspec.msgpack.Decoder(Prepared)


class Library(Protocol):
    """What the reader needs of the database and the clock."""

    async def large_waiting(self, ops_min: int) -> list[Name]: ...

    async def batch_at(self, name: Name) -> Batch | None: ...

    async def circumstances(self, village: str, cited: Iterable[bytes]) -> tuple[Circumstances, Rules]:
        """Both as of one moment."""

    def now_ms(self) -> int: ...


@dataclass(slots=True)
class Reader:
    """Use as a context: the process is started with `start`, or when the first large batch comes, and ended with it."""

    library: Library
    _process: "_Beside | None" = None
    _ahead: dict[Name, asyncio.Task[bytes | None]] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for task in self._ahead.values():
            task.cancel()
        self._ahead.clear()
        await self._stop()

    async def start(self) -> None:
        """So that the first backlog need not wait for it. Where it cannot be started now, it is tried again when needed."""
        async with self._turn:
            with contextlib.suppress(*FAILURES):
                await self._started()

    async def work_ahead(self, but: Name | None = None) -> None:
        """Prepare the large batches that wait, in the order in which they will be asked for, as far as there is room.

        `but`: the one that is being brought in. What no longer waits gives way: a command may have brought it in.
        """
        waiting = [name for name in await self.library.large_waiting(BESIDE_OPS_MIN) if name != but]
        self._ahead = {name: task for name, task in self._ahead.items() if name in waiting or not task.done()}
        for name in waiting[:AHEAD_MAX]:
            if name in self._ahead or len(self._ahead) >= AHEAD_MAX:
                continue
            batch = await self.library.batch_at(name)
            if batch is not None:
                self._ahead[name] = asyncio.create_task(self._prepared_beside(batch))

    async def read(self, batch: Batch) -> Prepared | None:
        """None for a small batch, or where the process failed."""
        if not _is_large(batch):
            return None
        task = self._ahead.pop(batch.name, None)
        raw = await (task or self._prepared_beside(batch))
        return None if raw is None else _prepared.decode(raw)

    async def _prepared_beside(self, batch: Batch) -> bytes | None:
        async with self._turn:
            try:
                return await self._ask(await self._started(), batch)
            except FAILURES as error:
                log.warning("the reading process failed; the batch is prepared here", error=type(error).__name__)
                await self._stop()
                return None

    async def _ask(self, process: "_Beside", batch: Batch) -> bytes:
        await process.send(batch)
        cited = _cited.decode(await process.receive())
        circumstances, rules = await self.library.circumstances(batch.village, cited)
        await process.send((circumstances, self.library.now_ms(), process.news_of(rules)))
        return await process.receive()

    async def _started(self) -> "_Beside":
        if self._process is None:
            self._process = await _Beside.start()
        return self._process

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.stop()


@dataclass(slots=True)
class _Beside:
    """The running process. What it is told and what it tells stands in memory that both see, one message at a time; the
    pipes say only how long it is. Through the pipes themselves five megabytes would take a hundred turns of this
    process's loop, each of which waits for the thread that is bringing a batch in.
    """

    process: asyncio.subprocess.Process
    there: int
    back: int
    _knows: bytes | None = None  # which edition of the rules it was told

    def news_of(self, rules: Rules) -> Told | None:
        """The rules, where it was told others or none; it keeps them."""
        if self._knows == rules.edition:
            return None
        self._knows = rules.edition
        return rules.book.rules, rules.reasons, rules.former_terms

    @classmethod
    async def start(cls) -> Self:
        there, back = os.memfd_create("there"), os.memfd_create("back")
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "central.reader", str(there), str(back)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=(there, back),
            )
        except OSError:
            os.close(there)
            os.close(back)
            raise
        return cls(process, there, back)

    async def send(self, value: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(_put(self.there, value))
        await self.process.stdin.drain()

    async def receive(self) -> bytes:
        assert self.process.stdout is not None
        return _take(self.back, await self.process.stdout.readexactly(LENGTH_BYTES))

    async def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        os.close(self.there)
        os.close(self.back)


def _is_large(batch: Batch) -> bool:
    return batch.last_seq - batch.first_seq + 1 >= BESIDE_OPS_MIN


def _put(memory: int, value: object) -> bytes:
    """Leave a value in the memory; its length, for the pipe."""
    raw = msgspec.msgpack.encode(value)
    os.ftruncate(memory, 0)
    written = 0
    while written < len(raw):
        written += os.pwrite(memory, memoryview(raw)[written:], written)
    return len(raw).to_bytes(LENGTH_BYTES, "big")


def _take(memory: int, length: bytes) -> bytes:
    return os.pread(memory, int.from_bytes(length, "big"), 0)


def serve(there: int, back: int, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Prepare batches until the pipe ends."""

    def read() -> bytes:
        return _take(there, incoming.read(LENGTH_BYTES))

    def write(value: object) -> None:
        outgoing.write(_put(back, value))
        outgoing.flush()

    rules: Rules | None = None
    while raw := read():
        reading = read_batch(_batches.decode(raw))
        write(sorted(set(reading.anchors)))
        circumstances, now_ms, told = _circumstances.decode(read())
        if told is not None:
            rules = Rules(Rulebook(told[0]), told[1], circumstances.edition, told[2])
        assert rules is not None, "told with the first batch"
        write(prepare(rules, reading, circumstances, now_ms))


if __name__ == "__main__":
    os.nice(NICENESS)
    spare_collector()
    serve(int(sys.argv[1]), int(sys.argv[2]), sys.stdin.buffer, sys.stdout.buffer)
