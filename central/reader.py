"""Reads batches for the pipeline: a small one at once, a backlog's in a process beside, while the last one is decided.

The process does pure work (`domain/batches`) over a pipe, never sees the database or the key, and ends with its pipe; what
it fails to read is read here. Place in the flow: pipeline asks -> here -> tabulation brings the reading in.
"""

import asyncio
import contextlib
import sys
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Self

import msgspec
import structlog

from central.domain.batches import Batch, Reading, read_batch

BESIDE_OPS_MIN = 2_000
"""Smaller batches are read sooner than a process is asked."""
LENGTH_BYTES = 8
STREAM_BYTES = 8 * 1024 * 1024
"""The reading of a whole batch: with less, its pipe would be stopped and started a hundred times."""

log = structlog.get_logger()

_batches = msgspec.msgpack.Decoder(Batch)
_readings = msgspec.msgpack.Decoder(Reading)


@dataclass(slots=True)
class Reader:
    """Use as a context: the process is started with `start`, or when the first large batch comes, and ended with it."""

    _process: asyncio.subprocess.Process | None = None
    _ahead: dict[tuple[str, int, int], asyncio.Task[Reading]] = field(default_factory=dict)
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
            with contextlib.suppress(OSError):
                await self._started()

    def begin(self, batch: Batch | None) -> None:
        """Read this one ahead, if it is large and nothing else is under way; `read` gives it.

        What was read ahead and not asked for gives way: a command may have brought that batch in.
        """
        if batch is None or not _is_large(batch) or _name(batch) in self._ahead:
            return
        if all(task.done() for task in self._ahead.values()):
            self._ahead.clear()
            self._ahead[_name(batch)] = asyncio.create_task(self._read_beside(batch))

    async def read(self, batch: Batch) -> Reading:
        task = self._ahead.pop(_name(batch), None)
        if task is not None:
            return await task
        return await self._read_beside(batch) if _is_large(batch) else read_batch(batch)

    async def _read_beside(self, batch: Batch) -> Reading:
        async with self._turn:
            return await self._ask(batch)

    async def _ask(self, batch: Batch) -> Reading:
        try:
            process = await self._started()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(_framed(msgspec.msgpack.encode(batch)))
            await process.stdin.drain()
            length = int.from_bytes(await process.stdout.readexactly(LENGTH_BYTES), "big")
            return _readings.decode(await process.stdout.readexactly(length))
        except (OSError, asyncio.IncompleteReadError, msgspec.MsgspecError) as error:
            log.warning("the reading process failed; the batch is read here", error=type(error).__name__)
            await self._stop()
            return read_batch(batch)

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "central.reader"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=STREAM_BYTES,
            )
        return self._process

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _is_large(batch: Batch) -> bool:
    return batch.last_seq - batch.first_seq + 1 >= BESIDE_OPS_MIN


def _name(batch: Batch) -> tuple[str, int, int]:
    return batch.village, batch.epoch, batch.first_seq


def _framed(raw: bytes) -> bytes:
    return len(raw).to_bytes(LENGTH_BYTES, "big") + raw


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Answer batches with readings until the pipe ends."""
    while length := incoming.read(LENGTH_BYTES):
        batch = _batches.decode(incoming.read(int.from_bytes(length, "big")))
        outgoing.write(_framed(msgspec.msgpack.encode(read_batch(batch))))
        outgoing.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
