"""The road under the courier in a running box: HTTPS requests with limits, and the lanes that drive it.

Knows nothing of what is said. A reply larger than a frame may be, slower than its time or cut short is no reply.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import aiohttp
import structlog

from agent.sync import Aside, Courier, LineDown, Reply
from protocol.codec import MEDIA_TYPE, SENT_BYTES_MAX

CONNECT_SECONDS = 10
CHUNK_BYTES = 64 * 1024
FAULT_SECONDS = 5.0
"""After a fault of our own (a bug, a failing disk) a lane waits this long, so that it cannot spin."""

T = TypeVar("T")

log = structlog.get_logger()


class HttpRoad:
    """Requests to one centre. Never follows a redirect: the centre sends none, captive portals do."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._session = session

    @classmethod
    def open(cls, url: str, ca_file: Path | None) -> Self:
        """Must be called inside the event loop."""
        tls = ssl.create_default_context(cafile=str(ca_file)) if ca_file else True
        connector = aiohttp.TCPConnector(ssl=tls, limit=4, keepalive_timeout=75)
        session = aiohttp.ClientSession(connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        return cls(url, session)

    async def request(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Reply:
        timeout = aiohttp.ClientTimeout(total=seconds, connect=CONNECT_SECONDS)
        sent = {**headers, "Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE}
        try:
            async with self._session.request(
                method,
                self._url + path,
                params=dict(query),
                headers=sent,
                data=body or None,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                return Reply(response.status, await _read(response))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise LineDown(type(error).__name__) from error

    async def close(self) -> None:
        await self._session.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    room = SENT_BYTES_MAX
    async for part in response.content.iter_chunked(CHUNK_BYTES):
        room -= len(part)
        if room < 0:
            raise LineDown("the reply is larger than a frame may be")
        parts.append(part)
    return b"".join(parts)


class Threads(Aside):
    """Compression of a backlog takes tenths of a second: beside the event loop, so that no page waits for it."""

    async def compute(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work)

    def begin(self, work: Coroutine[Any, Any, T]) -> Awaitable[T] | None:
        return asyncio.create_task(work)


class Lanes:
    """The three tasks of a running box. A new record wakes the up lane, a new session the down lane, and when no record waits
    any more the lane of pictures."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._aside = asyncio.Event()

    def wake(self) -> None:
        """Something was written."""
        self._up.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._run(self._up_step, self._up), name="up")
            group.create_task(self._run(self._courier.step_down, self._down), name="down")
            group.create_task(self._run(self._courier.step_aside, self._aside), name="aside")

    async def _up_step(self) -> float | None:
        had_session = bool(self._courier.session.token)
        rest = await self._courier.step_up()
        if not had_session and self._courier.session.token:
            self._down.set()
        if rest != 0:
            self._aside.set()
        return rest

    async def _run(self, step: Callable[[], Awaitable[float | None]], woken: asyncio.Event) -> None:
        while True:
            woken.clear()
            try:
                rest = await step()
            except Exception as error:
                # a lane that dies would silence the village; the fault is logged and the watchdog sees a failed database
                log.exception("sync step failed", error=type(error).__name__)
                rest = FAULT_SECONDS
            if rest != 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), rest)
            elif self._courier.session.token == b"":
                self._up.set()  # the other lane lost the session: the up lane must greet again
