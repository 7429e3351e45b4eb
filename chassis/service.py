"""What a long-running program of ours does around its own work: serve, keep its tasks, prove to systemd that it works.

Place in the flow: called by the composition roots only.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.log import server_logger

from chassis import systemd
from chassis.database import Database, DatabaseFailed
from chassis.memory import spare_collector

WATCHDOG_SECONDS_DEFAULT = 10.0
FAILURE_LOOK_SECONDS = 1.0
"""A program whose database failed answers no to everybody; it must end soon, so that it is started again."""
KEEPALIVE_SECONDS = 75
"""Longer than a long-poll waits, so that a box's connection is not closed under it."""
SHUTDOWN_SECONDS = 2.0
"""Long-polls that still wait at a stop are ended after this."""
BACKLOG = 1024


GARBAGE_SECONDS = 60.0
"""What is not HTTP is worth one line in this time, however much of it comes: it must not fill the disk."""


class Garbage(logging.Filter):
    """Stands before aiohttp's log, which writes a traceback and the sender's own bytes for every malformed request."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._said = -GARBAGE_SECONDS

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError):
            return True
        self._count += 1
        if time.monotonic() - self._said < GARBAGE_SECONDS:
            return False
        record.msg, record.args, record.exc_info = f"{self._count} requests that are not HTTP were refused", (), None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        self._count, self._said = 0, time.monotonic()
        return True


GARBAGE = Garbage()


class ServiceFailed(Exception):
    """The program cannot go on; the message names what failed and the cure."""


async def serve(stack: contextlib.AsyncExitStack, app: web.Application, host: str, port: int) -> None:
    """Serve an application until the stack is left. Bodies are inflated by nobody but ourselves, within limits."""
    server_logger.addFilter(GARBAGE)
    runner = web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=KEEPALIVE_SECONDS,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, host, port, backlog=BACKLOG).start()


async def run_until(stopping: asyncio.Event, works: dict[str, Coroutine[Any, Any, None]]) -> None:
    """Run the works beside each other until asked to stop. A work that ends or fails ends the program with its error."""
    spare_collector()
    tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
    waiting = asyncio.create_task(stopping.wait(), name="stopping")
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in (waiting, *tasks):
        task.cancel()
    await asyncio.gather(waiting, *tasks, return_exceptions=True)
    for task in done - {waiting}:
        task.result()


async def watch(database: Database, prove: Callable[[], Awaitable[object]], words: Callable[[], str]) -> None:
    """Ping the watchdog only after the database has proved that it still works; a failed one ends the program."""
    seconds = systemd.watchdog_interval_seconds() or WATCHDOG_SECONDS_DEFAULT
    while True:
        try:
            await prove()
        except DatabaseFailed as error:
            raise _failed(str(error)) from error
        systemd.notify("WATCHDOG=1")
        systemd.status(words())
        await _rest(database, seconds)


async def _rest(database: Database, seconds: float) -> None:
    """Sleep, but not past a failure."""
    while seconds > 0:
        if database.failure is not None:
            raise _failed(database.failure)
        await asyncio.sleep(min(seconds, FAILURE_LOOK_SECONDS))
        seconds -= FAILURE_LOOK_SECONDS


def _failed(cause: str) -> ServiceFailed:
    return ServiceFailed(f"the database failed ({cause}): check the disk, then start again")
