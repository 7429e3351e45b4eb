"""A service ends soon when its database failed, and strangers cannot make it fill the disk."""

import asyncio
import logging
import socket
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from chassis import service
from chassis.database import InPlaceDatabase
from chassis.service import Garbage, ServiceFailed, serve, watch

ANSWER_SECONDS_MAX = 3.0


@pytest.fixture
def database(tmp_path: Path) -> InPlaceDatabase:
    (tmp_path / "0001-book.sql").write_text("CREATE TABLE book (title TEXT);")
    return InPlaceDatabase.open(":memory:", tmp_path)


def fail(_: object) -> None:
    raise OSError("no space left")


async def test_a_failed_database_ends_the_program_and_names_the_cure(database: InPlaceDatabase) -> None:
    async def look() -> None:
        await database.read(lambda connection: connection.fetch_value("SELECT 1"))

    watching = asyncio.create_task(watch(database, look, lambda: "serving"))
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="no space"):
        await database.transact(lambda c: c.execute("INSERT INTO book VALUES ('x')"), after_commit=fail)
    started = time.monotonic()
    with pytest.raises(ServiceFailed, match="check the disk, then start again"):
        await asyncio.wait_for(watching, ANSWER_SECONDS_MAX)
    assert time.monotonic() - started < ANSWER_SECONDS_MAX


async def test_a_proof_that_fails_is_the_end_as_well(database: InPlaceDatabase) -> None:
    async def write() -> None:
        await database.transact(lambda c: c.execute("INSERT INTO book VALUES ('x')"))

    with pytest.raises(OSError, match="no space"):
        await database.transact(lambda c: c.execute("INSERT INTO book VALUES ('y')"), after_commit=fail)
    with pytest.raises(ServiceFailed, match="the database failed"):
        await watch(database, write, lambda: "serving")


def garbage() -> logging.LogRecord:
    error = BadHttpMessage("Nama: SITI")
    return logging.LogRecord(
        "aiohttp.server", logging.ERROR, "", 1, "Error handling request", (), (type(error), error, None)
    )


def test_garbage_is_one_line_without_what_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    stands_before = Garbage()
    said = [record for record in (garbage() for _ in range(1_000)) if stands_before.filter(record)]
    assert [record.getMessage() for record in said] == ["1 requests that are not HTTP were refused"]
    assert said[0].exc_info is None
    monkeypatch.setattr(service, "GARBAGE_SECONDS", 0.0)
    late = garbage()
    assert stands_before.filter(late)
    assert late.getMessage() == "1000 requests that are not HTTP were refused"


def test_a_fault_of_our_own_keeps_its_traceback() -> None:
    error = ValueError("a bug")
    record = logging.LogRecord("aiohttp.server", logging.ERROR, "", 1, "Error", (), (type(error), error, None))
    assert Garbage().filter(record)
    assert record.exc_info is not None


async def test_a_header_that_never_ends_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drip every now and then does not keep a connection: the time for a first request is bounded."""
    monkeypatch.setattr(service, "KEEPALIVE_SECONDS", 0.3)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with AsyncExitStack() as stack:
        await serve(stack, web.Application(), "127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        dripping = asyncio.create_task(_drip(writer))
        try:
            assert await asyncio.wait_for(reader.read(), 10) == b""
        finally:
            dripping.cancel()
            await asyncio.gather(dripping, return_exceptions=True)
            writer.transport.abort()


async def _drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"POST /v1/append HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    while True:
        writer.write(b"a")
        await asyncio.sleep(0.05)
