"""A line between a village and the centre that can be slow, narrow, cut, dead or somebody else's.

A TCP relay in the test's own event loop. It counts bytes each way and the requests it carried.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

READ_BYTES = 16 * 1024
AHEAD_CHUNKS = 64
"""What a line holds in flight; a sender faster than the line is slowed down by it."""
REQUEST = re.compile(rb"(GET|POST) (/v1/[a-z]+)")
PORTAL = b"<!DOCTYPE html><html><body>Selamat datang di WiFi gratis. Silakan masuk.</body></html>"
PORTAL_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(PORTAL) + PORTAL


@dataclass(slots=True)
class Way:
    """One direction. `cut_after`: bytes that still pass before every connection breaks."""

    passed: int = 0
    cut_after: int | None = None
    free_at: float = 0.0


@dataclass(slots=True)
class Link:
    """`state` is up, cut (refused), dead (bytes vanish, connections stay: half-open) or portal (somebody else answers)."""

    target_port: int
    delay_seconds: float = 0.0
    bytes_a_second: float = 0.0
    state: str = "up"
    port: int = 0
    up: Way = field(default_factory=Way)
    down: Way = field(default_factory=Way)
    requests: list[str] = field(default_factory=list)
    connections: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> None:
        """Listen; `port` is the village's end."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()

    # --- what happens to the line ---

    def cut(self) -> None:
        self._become("cut")

    def mend(self) -> None:
        self._become("up")

    def portal(self) -> None:
        self._become("portal")

    def die(self) -> None:
        """Half-open: nobody is told anything any more. Connections of before stay open and silent."""
        self.state = "dead"

    def break_all(self) -> None:
        """Every connection is reset; new ones pass."""
        for writer in list(self._open):
            writer.transport.abort()

    def _become(self, state: str) -> None:
        self.state = state
        self.break_all()

    def zero(self) -> None:
        """Count anew."""
        self.up.passed = self.down.passed = 0
        self.requests.clear()

    # --- carrying ---

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            match self.state:
                case "cut":
                    writer.transport.abort()
                case "dead":
                    await _swallow(reader)
                case "portal":
                    await _pretend(reader, writer)
                case _:
                    await self._carry(reader, writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            return
        self._open.add(far_writer)
        ways = [
            asyncio.create_task(self._pump(reader, far_writer, self.up, self._note)),
            asyncio.create_task(self._pump(far_reader, writer, self.down, None)),
        ]
        try:
            # HTTP closes both ways at once; a line that went on after one end died would only swallow
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._open.discard(far_writer)
            far_writer.close()

    def _note(self, data: bytes) -> None:
        self.requests += [path.decode() for _, path in REQUEST.findall(data)]

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        way: Way,
        note: Callable[[bytes], None] | None,
    ) -> None:
        """Bytes leave at the time at which a line of this delay and rate would deliver them."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(AHEAD_CHUNKS)
        receiving = asyncio.create_task(self._receive(queue, reader, way, note))
        try:
            await self._deliver(queue, writer, way)
        except ConnectionError:
            pass
        finally:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)

    async def _receive(
        self,
        queue: "asyncio.Queue[tuple[float, bytes]]",
        reader: asyncio.StreamReader,
        way: Way,
        note: Callable[[bytes], None] | None,
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(READ_BYTES):
                if note is not None:
                    note(data)
                await queue.put((self._leaves_at(way, len(data)), data))
        await queue.put((0.0, b""))

    def _leaves_at(self, way: Way, size: int) -> float:
        now = asyncio.get_running_loop().time()
        if self.bytes_a_second:
            way.free_at = now = max(now, way.free_at) + size / self.bytes_a_second
        return now + self.delay_seconds

    async def _deliver(
        self, queue: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter, way: Way
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            at, data = await queue.get()
            if not data:
                break
            if at > loop.time():
                await asyncio.sleep(at - loop.time())
            if self.state == "dead":
                continue
            if way.cut_after is not None:
                data, is_over = data[: way.cut_after], len(data) >= way.cut_after
                way.cut_after -= len(data)
                writer.write(data)
                await writer.drain()
                if is_over:
                    way.cut_after = None
                    self.break_all()
                    return
            else:
                writer.write(data)
                await writer.drain()
            way.passed += len(data)


async def _swallow(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        while await reader.read(READ_BYTES):
            pass


async def _pretend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers 200 with a page to everything, as a captive portal does."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(PORTAL_ANSWER)
            await writer.drain()
