"""The boxes' door on a real socket: limits before memory, waiting without polling, and no cookie, page or trace of a person."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.test_utils import TestClient, TestServer

from central.web import sync
from central.web.sync import WAITS_MAX, Door, Wakeups
from chassis.database import SqliteDatabase
from chassis.web import require_declarations
from protocol.codec import (
    GREETING_BYTES_MAX,
    GREETING_SENT_BYTES_MAX,
    MEDIA_TYPE,
    SENT_BYTES_MAX,
    decode,
    deflate,
    encode,
    pack,
)
from protocol.feed import REGENCY
from protocol.messages import Appended, EnrolReply, EnrolRequest, Failure, FeedReply, LogReply, Signed, SnapshotReply
from tests.central.desk import DESA, OTHER_DESA, Machine, Regency, migrations, read_welcome

PATIENCE_SECONDS = 20


@dataclass
class Line:
    """A machine's line to the door."""

    regency: Regency
    machine: Machine
    client: TestClient
    wakeups: Wakeups

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": "Kampung " + base64.urlsafe_b64encode(self.machine.session).decode()}

    async def post(self, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        answer = await self.client.post(path, data=body, headers={**self.headers, **headers})
        assert answer.headers["Content-Type"] == MEDIA_TYPE
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
        return answer.status, await answer.read()

    async def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        answer = await self.client.get(path, headers={**self.headers, **headers})
        return answer.status, await answer.read()

    async def feed_path(self, *, village: int = 0, wait: int = 0) -> str:
        timeline = (await self.regency.timeline()).hex()
        return f"/v1/feed?timeline={timeline}&village={village},{village}&regency=0,0&wait={wait}"


class Server(TestServer):
    """As `chassis/service` serves: what a handler does is not cut short when its line breaks."""

    async def _make_runner(self, **_: Any) -> web.AppRunner:
        return web.AppRunner(self.app, access_log=None, auto_decompress=False, shutdown_timeout=0.1)


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    database = await SqliteDatabase.open(tmp_path / "centre.db", migrations())
    regency, wakeups = Regency(database), Wakeups()
    regency.ingest.on_published = wakeups.wake
    machine = await regency.enrol(DESA)
    await regency.greet(machine)
    machine.open_log()
    app = Door(regency.ingest, regency.enrolment, wakeups).application()
    require_declarations(app)
    client = TestClient(Server(app))
    await client.start_server()
    yield Line(regency, machine, client, wakeups)
    await client.close()
    await database.close()


async def test_a_machine_enrols_greets_appends_and_reads(line: Line) -> None:
    token = await line.regency.enrolment.give_token(OTHER_DESA, "command:test")
    status, body = await line.post(
        "/v1/enrol", encode(EnrolRequest(token, line.machine.key.public, b"host", OTHER_DESA))
    )
    assert status == 200
    assert decode(body, EnrolReply).central_key == line.regency.key.public
    status, body = await line.post("/v1/hello", line.machine.hello(line.regency.clock.at_ms))
    assert status == 200
    decode(body, Signed)
    line.machine.session = (await line.regency.greet(line.machine)).session
    line.machine.propose()
    status, body = await line.post("/v1/append", encode(line.machine.batch()))
    assert (status, decode(body, Appended).position) == (200, line.machine.head)
    status, body = await line.post("/v1/quarantine", encode(line.machine.batch()))
    assert (status, decode(body, Appended).position) == (200, line.machine.head)
    await line.regency.settle()
    status, body = await line.get(f"/v1/log?log={line.machine.log_id.hex()}&epoch=1&after=0")
    assert (status, len(decode(body, LogReply).bodies)) == (200, 2)
    status, body = await line.get(await line.feed_path())
    assert (status, len(decode(body, FeedReply).village)) == (200, 1)
    status, body = await line.get("/v1/feed?timeline=&village=0,0&regency=0,0")
    assert (status, decode(body, SnapshotReply).code) == (409, "snapshot")


async def test_the_signed_answer_to_a_hello_reads_as_the_simulator_reads_it(line: Line) -> None:
    answer = await line.regency.ingest.hello(line.machine.hello(line.regency.clock.at_ms))
    assert read_welcome(line.machine, answer).session


async def failure_of(line: Line, path: str, body: bytes, **headers: str) -> tuple[int, str]:
    status, raw = await line.post(path, body, **headers)
    return status, decode(raw, Failure).code


@pytest.mark.parametrize("path", ["/v1/enrol", "/v1/hello", "/v1/append", "/v1/quarantine"])
async def test_a_body_beyond_the_limit_is_refused_by_its_announced_length(line: Line, path: str) -> None:
    assert await failure_of(line, path, b"x" * (SENT_BYTES_MAX + 1)) == (413, "too_large")


async def test_a_body_without_a_length_is_cut_off_at_the_limit(line: Line) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(SENT_BYTES_MAX // 65_536 + 2):
            yield b"x" * 65_536

    answer = await line.client.post("/v1/append", data=endless(), headers=line.headers)
    assert decode(await answer.read(), Failure).code == "too_large"


async def test_only_the_frames_own_compression_is_understood(line: Line) -> None:
    assert await failure_of(line, "/v1/append", b"x", **{"Content-Encoding": "gzip"}) == (415, "unsupported")


async def test_when_all_places_are_taken_the_next_is_asked_to_come_back(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "APPENDS_MAX", 1)
    door = Door(line.regency.ingest, line.regency.enrolment, line.wakeups)
    async with TestClient(TestServer(door.application())) as client:
        gate = asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield b"x"
            await gate.wait()

        first = asyncio.create_task(client.post("/v1/append", data=slow(), headers=line.headers))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                answer = await client.post("/v1/append", data=b"x", headers=line.headers)
                told = decode(await answer.read(), Failure)
                if told.code == "busy":
                    break
        assert (answer.status, told.retry_seconds) == (503, sync.BUSY_SECONDS)
        gate.set()
        assert (await first).status == 400


async def test_a_body_that_trickles_gives_its_place_back(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "BODY_SECONDS_MAX", 0.05)
    never = asyncio.Event()

    async def trickle() -> AsyncIterator[bytes]:
        yield b"x"
        await never.wait()

    async with asyncio.timeout(PATIENCE_SECONDS):
        answer = await line.client.post("/v1/append", data=trickle(), headers=line.headers)
        assert decode(await answer.read(), Failure).code == "busy"
    never.set()


# --- strangers --------------------------------------------------------------------------------------------------------


async def opened(line: Line, head: str, body: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection on which a request has begun."""
    reader, writer = await asyncio.open_connection("127.0.0.1", line.client.port)
    writer.write(head.replace("\n", "\r\n").encode() + body)
    await writer.drain()
    return reader, writer


async def test_strangers_who_send_slowly_keep_no_village_out(line: Line) -> None:
    """Without a session records are refused before they are read; and a greeting takes only the room of what it sent."""
    line.machine.propose()
    slow = []
    for n in range(sync.APPENDS_MAX * 4):
        path = ("append", "quarantine", "hello", "enrol")[n % 4]
        slow.append(await opened(line, f"POST /v1/{path} HTTP/1.1\nHost: x\nContent-Length: 1000\n\n", b"x"))
    async with asyncio.timeout(PATIENCE_SECONDS):
        for reader, _ in slow[::4] + slow[1::4]:
            assert b" 412 " in await reader.readline()
        assert (await line.post("/v1/append", encode(line.machine.batch())))[0] == 200
        assert (await line.post("/v1/hello", line.machine.hello(line.regency.clock.at_ms)))[0] == 200
    for _, writer in slow:
        writer.transport.abort()


async def test_greetings_have_room_for_so_many_bytes_and_give_it_back(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "GREETINGS_BYTES_MAX", 4_000)
    head = "POST /v1/hello HTTP/1.1\nHost: x\nContent-Length: 9000\n\n"
    (near, first), (over, second) = [await opened(line, head, bytes(size)) for size in (3_900, 3_900)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        done, _ = await asyncio.wait(
            [asyncio.create_task(near.readline()), asyncio.create_task(over.readline())],
            return_when=asyncio.FIRST_COMPLETED,
        )
        assert all(b" 503 " in task.result() for task in done)
        first.transport.abort()
        second.transport.abort()
        while (await line.post("/v1/hello", line.machine.hello(line.regency.clock.at_ms)))[0] == 503:
            pass


async def test_a_greeting_is_small_on_the_wire_and_inflated(line: Line) -> None:
    for path in ("/v1/hello", "/v1/enrol"):
        assert await failure_of(line, path, b"x" * (GREETING_SENT_BYTES_MAX + 1)) == (413, "too_large")
        bomb = deflate(bytes(GREETING_BYTES_MAX + 1))
        assert len(bomb) < 1_000
        assert await failure_of(line, path, bomb) == (413, "too_large")
        assert await failure_of(line, path, deflate(bytes(GREETING_BYTES_MAX))) == (400, "malformed")
    assert await failure_of(line, "/v1/append", deflate(bytes(GREETING_BYTES_MAX + 1))) == (400, "malformed")


def untold(caplog: pytest.LogCaptureFixture) -> list[BaseException | None]:
    """Tracebacks in the log, but for what is no HTTP: `chassis/service` counts that."""
    causes = [record.exc_info[1] for record in caplog.records if record.exc_info]
    return [cause for cause in causes if not isinstance(cause, HttpProcessingError)]


async def test_lines_that_break_leave_no_traceback_and_give_their_places_back(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    """A thin line does it every day: a traceback each time would fill the disk."""
    line.machine.propose()
    frame = encode(line.machine.batch())
    head = (
        f"POST /v1/append HTTP/1.1\nHost: x\nAuthorization: {line.headers['Authorization']}\nContent-Length: 1000\n\n"
    )
    broken = [await opened(line, head, b"half") for _ in range(sync.APPENDS_MAX)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await line.post("/v1/append", frame))[0] != 503:
            pass
        for _, writer in broken:
            writer.transport.abort()
        while {s for s, _ in await asyncio.gather(*(line.post("/v1/append", frame) for _ in broken))} != {200}:
            pass
    assert untold(caplog) == []


@pytest.mark.parametrize("path", ["append", "hello"])
@pytest.mark.parametrize(
    ("framing", "body"),
    [
        ("Content-Length: 1000", b"half"),
        ("Transfer-Encoding: chunked", b"4\r\nhalf\r\n"),
        ("Transfer-Encoding: chunked", b"4\r\nhalf\r\nno number\r\n"),
    ],
)
async def test_a_body_that_ends_too_soon_is_no_fault_of_ours(
    line: Line, caplog: pytest.LogCaptureFixture, path: str, framing: str, body: bytes
) -> None:
    ticket = f"Authorization: {line.headers['Authorization']}\n"
    reader, writer = await opened(line, f"POST /v1/{path} HTTP/1.1\nHost: x\n{ticket}{framing}\n\n", body)
    writer.write_eof()
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert b" 500 " not in await reader.read()
    writer.close()
    assert untold(caplog) == []


async def test_a_fault_of_ours_has_its_code_and_no_traceback(line: Line) -> None:
    await line.regency.database.close()
    assert await failure_of(line, "/v1/append", encode(line.machine.batch())) == (500, "internal")
    assert await failure_of(line, "/v1/hello", line.machine.hello(line.regency.clock.at_ms)) == (500, "internal")
    status, body = await line.get("/v1/feed?timeline=&village=0,0&regency=0,0")
    assert (status, decode(body, Failure).code) == (500, "internal")
    assert b"Traceback" not in body
    assert decode(body, Failure).retry_seconds > 0


@pytest.mark.parametrize(
    "authorization",
    ["", "Kampung", "Kampung !!!!", "Bearer AAAA", "Kampung AAAA", "Kampung " + "A" * 5_000, "Kampung ü"],
)
async def test_without_its_session_nobody_is_served(line: Line, authorization: str) -> None:
    headers = {"Authorization": authorization}
    for method, path in (("POST", "/v1/append"), ("GET", await line.feed_path())):
        body = encode(line.machine.batch()) if method == "POST" else None
        answer = await line.client.request(method, path, data=body, headers=headers)
        assert (answer.status, decode(await answer.read(), Failure).code) == (412, "superseded")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "timeline=&village=0&regency=0,0",
        "timeline=zz&village=0,0&regency=0,0",
        "timeline=&village=-1,0&regency=0,0",
        "timeline=&village=1_0,0&regency=0,0",
        "timeline=&village=%D9%A1,0&regency=0,0",
        "timeline=&village=0,0&regency=99999999999999999999,0",
        "timeline=&village=0,0&regency=0,0&wait=x",
        "timeline=&village=,&regency=,",
    ],
)
async def test_a_feed_request_that_is_no_request_is_malformed(line: Line, query: str) -> None:
    status, body = await line.get(f"/v1/feed?{query}")
    assert (status, decode(body, Failure).code) == (400, "malformed")


@pytest.mark.parametrize("query", ["", "log=zz&epoch=1&after=0", "log=00&epoch=x&after=0", "log=00&epoch=1&after=-1"])
async def test_a_log_request_that_is_no_request_is_malformed(line: Line, query: str) -> None:
    status, body = await line.get(f"/v1/log?{query}")
    assert (status, decode(body, Failure).code) == (400, "malformed")


async def test_an_unknown_log_or_chunk_is_not_found(line: Line) -> None:
    for path in (f"/v1/log?log={'0' * 32}&epoch=1&after=0", f"/v1/chunk/{'0' * 64}", "/v1/chunk/zz"):
        assert (await line.get(path))[0] == 404


async def test_health_comes_with_the_feed_request(line: Line) -> None:
    numbers = [("outbox_ops", 3), ("oldest_unacked_ms", 12)]
    encoded = base64.urlsafe_b64encode(pack_health(numbers)).decode()
    assert (await line.get(await line.feed_path(), **{"Kampung-Health": encoded}))[0] == 204
    assert await line.regency.value("SELECT health FROM box") == pack_health(numbers)
    for bad in ("!!", base64.urlsafe_b64encode(b"\xc1").decode(), base64.urlsafe_b64encode(too_many()).decode()):
        assert (await line.get(await line.feed_path(), **{"Kampung-Health": bad}))[0] == 400
    assert await line.regency.value("SELECT health FROM box") == pack_health(numbers)


def pack_health(numbers: list[tuple[str, int]]) -> bytes:
    return pack(numbers)  # type: ignore[arg-type]


def too_many() -> bytes:
    return pack_health([(f"number_{n}", n) for n in range(13)])


async def test_no_news_is_told_at_once_when_nobody_wants_to_wait(line: Line) -> None:
    assert await line.get(await line.feed_path()) == (204, b"")


async def test_a_waiting_village_is_woken_by_its_own_news(line: Line) -> None:
    waiting = asyncio.create_task(line.get(await line.feed_path(wait=50)))
    line.machine.propose()
    await line.post("/v1/append", encode(line.machine.batch()))
    await line.regency.settle()
    line.wakeups.wake(OTHER_DESA)
    line.wakeups.wake(DESA)
    status, body = await asyncio.wait_for(waiting, PATIENCE_SECONDS)
    assert (status, [i.kind for i in decode(body, FeedReply).village]) == (200, ["decision"])


async def test_a_village_that_asks_without_end_holds_a_few_connections(line: Line) -> None:
    path = await line.feed_path(wait=50)
    waiting = [asyncio.create_task(line.get(path)) for _ in range(WAITS_MAX + 3)]
    done: set[asyncio.Task[tuple[int, bytes]]] = set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(done) < 3:
            done, _ = await asyncio.wait(waiting, timeout=0.05)
    assert [task.result() for task in done] == [(204, b"")] * 3
    await line.regency.put_cycle()
    line.wakeups.wake(REGENCY)
    answers = await asyncio.wait_for(asyncio.gather(*(set(waiting) - done)), PATIENCE_SECONDS)
    assert [status for status, _ in answers] == [200] * WAITS_MAX


async def test_news_for_all_wakes_everybody(line: Line) -> None:
    waiting = asyncio.create_task(line.get(await line.feed_path(wait=50)))
    await line.regency.put_cycle()
    line.wakeups.wake(REGENCY)
    status, body = await asyncio.wait_for(waiting, PATIENCE_SECONDS)
    assert (status, [i.kind for i in decode(body, FeedReply).regency]) == (200, ["cycle"])


async def test_news_between_looking_and_waiting_is_not_missed() -> None:
    wakeups = Wakeups()
    ticket = wakeups.ticket()
    wakeups.wake(DESA)
    await asyncio.wait_for(wakeups.wait(DESA, ticket, 3_600), PATIENCE_SECONDS)
    waiting = asyncio.create_task(wakeups.wait(DESA, wakeups.ticket(), 3_600))
    await asyncio.sleep(0)
    wakeups.wake(OTHER_DESA)
    assert not waiting.done()
    wakeups.wake(REGENCY)
    await asyncio.wait_for(waiting, PATIENCE_SECONDS)
    await asyncio.wait_for(wakeups.wait(DESA, wakeups.ticket(), 0.01), PATIENCE_SECONDS)


async def test_there_are_no_pages_at_this_door(line: Line) -> None:
    for path in ("/", "/login", "/fleet", "/metrics", "/v1", "/v1/append"):
        status, body = await line.get(path)
        assert (status, decode(body, Failure).code) == (415, "unsupported")


async def test_a_fault_of_the_centre_is_told_in_a_frame(line: Line) -> None:
    """Anything else would be taken for no answer of the centre at all."""
    await line.regency.ingest.database.transact(lambda connection: connection.execute("DROP TABLE box"))
    status, body = await line.get(await line.feed_path())
    assert (status, decode(body, Failure).code) == (500, "internal")
