"""The boxes' door on real sockets: whatever comes in, a clear answer within a second, and nothing changes.

Every test speaks to a running centre; the machine that speaks for a village is moved by hand (`tests/central/desk`).
"""

import asyncio
import base64
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgpack
import msgspec
import pytest

from central.ingest import Answer
from chassis.signing import Key
from protocol.codec import MEDIA_TYPE, SENT_BYTES_MAX, decode, encode
from protocol.dictionary import DICTIONARY
from protocol.errors import STATUS, Code
from protocol.messages import Append, Appended, EnrolReply, EnrolRequest, Failure
from protocol.ops import Position, chain, head_message
from tests.acceptance.town import Town, open_town
from tests.central.desk import WARD, Machine, nik, read_welcome

ANSWER_SECONDS_MAX = 1.0
IDLE_SOCKETS = 300
TIMES_AT_ONCE = 10


@dataclass(slots=True)
class Caller:
    """Speaks to the door over HTTP and times it."""

    town: Town
    session: aiohttp.ClientSession
    slowest: float = 0.0

    async def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        started = time.monotonic()
        url = self.town.centre.url + path
        sent = {"Content-Type": MEDIA_TYPE, **headers}
        async with self.session.request(method, url, data=body or None, headers=sent) as answer:
            found = answer.status, await answer.read()
        self.slowest = max(self.slowest, time.monotonic() - started)
        return found

    async def code_of(self, method: str, path: str, body: bytes = b"", **headers: str) -> Code:
        """The error code of a refused request; its status must be the one the code travels under."""
        status, answer = await self.call(method, path, body, **headers)
        said = decode(answer, Failure)
        assert STATUS[Code(said.code)] == status
        return Code(said.code)

    async def machine(self, code: str, seed: int) -> Machine:
        """A village's machine, enrolled by an officer's token and greeted."""
        token = (await self.town.centre.program.command("enrol", code)).strip()
        key, fingerprint = Key.from_seed(bytes([seed]) * 32), bytes([seed]) * 16
        status, body = await self.call("POST", "/v1/enrol", encode(EnrolRequest(token, key.public, fingerprint, code)))
        assert status == 200
        reply = decode(body, EnrolReply)
        machine = Machine(code, key, fingerprint, reply.certificate, reply.central_key, bytes([seed]) * 16)
        await self.greet(machine)
        machine.open_log()
        return machine

    async def greet(self, machine: Machine) -> None:
        status, body = await self.call("POST", "/v1/hello", machine.hello(time.time_ns() // 1_000_000))
        welcome = read_welcome(machine, Answer(status, body))
        assert welcome.session, welcome.directive
        machine.session, machine.nonce = welcome.session, welcome.nonce

    async def send(self, machine: Machine, batch: Append) -> tuple[int, bytes]:
        return await self.call("POST", "/v1/append", encode(batch), **ticket(machine))

    def state(self) -> object:
        """What the centre holds for the villages."""
        return self.town.centre.heads(), len(self.town.centre.records())


def ticket(machine: Machine) -> dict[str, str]:
    return {"Authorization": "Kampung " + base64.urlsafe_b64encode(machine.session).decode()}


@pytest.fixture
async def caller(prepared: Path, cache: Path, tmp_path: Path) -> AsyncIterator[Caller]:
    async with AsyncExitStack() as stack:
        town = await stack.enter_async_context(open_town(prepared, tmp_path / "town", cache, 0))
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)))
        yield Caller(town, session)
        log = town.centre.program.log.read_text()
        assert "Traceback" not in log, log[-3000:]


# --- frames -----------------------------------------------------------------------------------------------------------


def framed(raw: bytes) -> bytes:
    """Any bytes in the wrapping of a frame, so that they are refused no sooner than where they are read."""
    packer = zlib.compressobj(zdict=DICTIONARY)
    return packer.compress(raw) + packer.flush()


NONSENSE: dict[str, bytes] = {
    "empty": b"",
    "one byte": b"\x00",
    "html": b"<!DOCTYPE html><html></html>",
    "noise": bytes(range(256)) * 16,
    "zeros": bytes(4096),
    "without the dictionary": zlib.compress(bytes(4096)),
    "framed noise": framed(bytes(range(256)) * 16),
    "deflate bomb": framed(bytes(64 * 1024 * 1024)),
    "four billion entries": framed(b"\xdd\xff\xff\xff\xff"),
    "four gigabytes": framed(b"\xc6\xff\xff\xff\xff"),
    "very deep": framed(b"\x91" * 100_000 + b"\xc0"),
    "extension type": framed(msgpack.packb(msgpack.ExtType(42, b"x"))),
    "not a number": framed(msgpack.packb([float("nan")])),
    "map": framed(msgpack.packb({"a": 1})),
    "bad utf-8": framed(b"\x91\xa2\xff\xfe"),
}


@pytest.mark.parametrize("path", ["/v1/enrol", "/v1/hello", "/v1/append", "/v1/quarantine"])
async def test_nonsense_is_called_malformed(caller: Caller, path: str) -> None:
    machine = await caller.machine(WARD, 1)
    before = caller.state()
    for name, body in NONSENSE.items():
        code = await caller.code_of("POST", path, body, **ticket(machine))
        assert code in {Code.MALFORMED, Code.TOO_LARGE, Code.UNSUPPORTED}, name
    assert caller.slowest < ANSWER_SECONDS_MAX
    assert caller.state() == before


async def test_a_good_frame_with_something_wrong(caller: Caller) -> None:
    machine = await caller.machine(WARD, 1)
    machine.issue(1)
    good = encode(machine.batch())
    before = caller.state()
    steps = max(1, len(good) // 40)
    wrong = [good[:at] for at in range(0, len(good), steps)] + [good + b"\x00", good + good]
    for at in range(0, len(good), steps):
        wrong.append(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])
    for body in wrong:
        code = await caller.code_of("POST", "/v1/append", body, **ticket(machine))
        assert code in {Code.MALFORMED, Code.UNSUPPORTED, Code.TOO_LARGE, Code.BAD_SIGNATURE, Code.GAP, Code.FORK}, code
    assert caller.state() == before
    assert (await caller.send(machine, machine.batch()))[0] == 200
    assert caller.slowest < ANSWER_SECONDS_MAX


async def test_too_large_is_said_before_it_is_read(caller: Caller) -> None:
    assert await caller.code_of("POST", "/v1/append", bytes(SENT_BYTES_MAX + 1)) is Code.TOO_LARGE
    head = f"POST /v1/append HTTP/1.1\r\nHost: x\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {10**12}\r\n\r\n".encode()
    assert b" 413 " in await raw(caller, head, seconds=ANSWER_SECONDS_MAX)
    code = await caller.code_of("POST", "/v1/append", b"x", **{"Content-Encoding": "gzip"})
    assert code is Code.UNSUPPORTED


# --- whose, and where -------------------------------------------------------------------------------------------------


async def test_who_speaks_is_proved_before_anything_is_stored(caller: Caller) -> None:
    machine, other = await caller.machine(WARD, 1), await caller.machine("3510252009", 2)
    assert (await caller.send(machine, machine.batch()))[0] == 200
    before = caller.state()
    machine.issue(1)
    good = machine.batch(2)
    signed_by_other = altered(good, signature=other.key.sign(head_message(machine.village, machine.head)))
    cases: list[tuple[Code, bytes, dict[str, str]]] = [
        (Code.SUPERSEDED, encode(good), {}),
        (Code.SUPERSEDED, encode(good), {"Authorization": "Kampung AAAA"}),
        (Code.SUPERSEDED, encode(good), {"Authorization": "Basic dXNlcjpwYXNz"}),
        (Code.BAD_SIGNATURE, encode(signed_by_other), ticket(machine)),
        (Code.BAD_SIGNATURE, encode(good), ticket(other)),
    ]
    for expected, body, headers in cases:
        assert await caller.code_of("POST", "/v1/append", body, **headers) is expected
    stranger = Machine(WARD, Key.from_seed(b"s" * 32), bytes(16), machine.certificate, b"", bytes(16))
    assert await caller.code_of("POST", "/v1/hello", stranger.hello(0)) is Code.BAD_SIGNATURE
    renamed = machine.hello(0, village="3510252009")
    assert await caller.code_of("POST", "/v1/hello", renamed) is Code.WRONG_VILLAGE
    token = EnrolRequest("never given", Key.from_seed(b"t" * 32).public, bytes(16), WARD)
    assert await caller.code_of("POST", "/v1/enrol", encode(token)) is Code.BAD_TOKEN
    assert caller.state() == before
    assert caller.slowest < ANSWER_SECONDS_MAX


async def test_a_revoked_machine_is_told_so(caller: Caller) -> None:
    machine = await caller.machine(WARD, 1)
    await caller.town.centre.program.command("revoke", WARD, "1")
    assert await caller.code_of("POST", "/v1/append", encode(machine.batch()), **ticket(machine)) is Code.SUPERSEDED
    assert await caller.code_of("POST", "/v1/hello", machine.hello(0)) is Code.REVOKED


async def test_gaps_forks_and_ends_are_conflicts_that_name_the_place(caller: Caller) -> None:
    machine = await caller.machine(WARD, 1)
    for number in range(1, 5):
        machine.issue(number)
    assert (await caller.send(machine, machine.batch(1, 3)))[0] == 200
    before = caller.state()
    for batch, expected in (
        (machine.batch(5), Code.GAP),
        (forked(machine), Code.FORK),
        (altered(machine.batch(4), after=Position(machine.log_id, 3, bytes(32))), Code.FORK),
        (altered(machine.batch(4), after=Position(bytes(16), 3, machine.ops[2].hash)), Code.GAP),
    ):
        signed = altered(batch, signature=sign_head(machine, batch))
        status, body = await caller.send(machine, signed)
        said = decode(body, Failure)
        assert (status, said.code) == (409, expected), said
        if batch.after.log_id == machine.log_id:
            assert said.position == machine.ops[2].position
    assert caller.state() == before
    status, body = await caller.send(machine, machine.batch(2))
    assert (status, decode(body, Appended).position) == (200, machine.head), "an overlap is no conflict"


def forked(machine: Machine) -> Append:
    """Other records in the place of those that the centre holds."""
    copy = machine.copy()
    copy.ops, copy.salts = copy.ops[:1], 100
    copy.issue(7)
    copy.issue(8)
    return copy.batch(2)


def sign_head(machine: Machine, batch: Append) -> bytes:
    hashes = chain(batch.after, batch.headers, batch.bodies)
    head = Position(batch.after.log_id, batch.after.seq + len(hashes), hashes[-1])
    return machine.key.sign(head_message(machine.village, head))


def altered(batch: Append, **changes: Any) -> Append:
    return msgspec.structs.replace(batch, **changes)


# --- again and again --------------------------------------------------------------------------------------------------


async def test_one_batch_many_times_at_once_is_stored_once(caller: Caller) -> None:
    machine = await caller.machine(WARD, 1)
    for n in range(1, 30):
        machine.propose(nik=nik(n))
    frame = encode(machine.batch())
    posts = [caller.call("POST", "/v1/append", frame, **ticket(machine)) for _ in range(TIMES_AT_ONCE)]
    answers = await asyncio.gather(*posts)
    assert {status for status, _ in answers} == {200}
    assert {decode(body, Appended).position for _, body in answers} == {machine.head}
    assert caller.town.centre.heads()[machine.log_id] == 30
    assert (await caller.town.centre.audit())["problems"] == "none"


async def test_empty_and_out_of_season(caller: Caller) -> None:
    """No ops at all; times of 1970 and 2099: stored as they are, for order is by place."""
    machine = await caller.machine(WARD, 1)
    assert (await caller.send(machine, machine.batch()))[0] == 200
    empty = Append(machine.head, [], [], machine.key.sign(b""), [])
    assert await caller.code_of("POST", "/v1/append", encode(empty), **ticket(machine)) is Code.MALFORMED
    machine.propose(nik=nik(1), claimed_ms=0)
    machine.propose(nik=nik(2), claimed_ms=4_102_444_800_000)
    assert (await caller.send(machine, machine.batch(2)))[0] == 200
    assert (await caller.town.centre.audit())["problems"] == "none"


async def test_other_doors_say_what_they_want(caller: Caller) -> None:
    machine = await caller.machine(WARD, 1)
    go = ticket(machine)
    for path in (
        "/v1/feed",
        "/v1/feed?timeline=zz&village=0,0&regency=0,0",
        "/v1/feed?timeline=&village=-1,0&regency=0,0",
    ):
        assert await caller.code_of("GET", path, **go) is Code.MALFORMED
    assert await caller.code_of("GET", "/v1/log?log=00&epoch=1&after=x", **go) is Code.MALFORMED
    assert await caller.code_of("GET", f"/v1/log?log={'00' * 16}&epoch=1&after=0", **go) is Code.UNKNOWN_LOG
    assert await caller.code_of("GET", f"/v1/chunk/{'00' * 32}", **go) is Code.UNKNOWN_CHUNK
    assert await caller.code_of("GET", "/v1/nothing") is Code.UNSUPPORTED
    assert await caller.code_of("DELETE", "/v1/append") is Code.UNSUPPORTED


# --- sockets ----------------------------------------------------------------------------------------------------------


async def raw(caller: Caller, sent: bytes, *, seconds: float = 5.0) -> bytes:
    """What a socket answers to bytes; empty when it is only closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", caller.town.centre.sync_port)
    try:
        writer.write(sent)
        await writer.drain()
        return await asyncio.wait_for(reader.read(4096), seconds)
    except ConnectionError:
        return b""
    finally:
        writer.close()


SMUGGLING: dict[str, bytes] = {
    "two lengths": b"POST /v1/hello HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "length and chunks": (
        b"POST /v1/hello HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "negative length": b"POST /v1/hello HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "folded header": b"GET /v1/feed HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "bare line feed in a name": b"GET /v1/feed HTTP/1.1\r\nHost: x\r\nX\n: a\r\n\r\n",
    "no http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",
    "huge header": b"GET /v1/feed HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    "huge line": b"GET /v1/" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
}


async def test_smuggling_is_refused(caller: Caller) -> None:
    before = caller.state()
    for name, sent in SMUGGLING.items():
        started = time.monotonic()
        answer = await raw(caller, sent)
        assert not answer or b" 400 " in answer.split(b"\r\n", 1)[0] or b" 404 " in answer.split(b"\r\n", 1)[0], name
        assert answer.count(b"HTTP/1.1") <= 1, name
        assert b"Traceback" not in answer
        assert time.monotonic() - started < ANSWER_SECONDS_MAX
    assert caller.state() == before


async def test_many_who_say_nothing_keep_nobody_waiting(caller: Caller) -> None:
    """Idle sockets, half a header, half a body: the next village is served all the same."""
    machine = await caller.machine(WARD, 1)
    half = (
        b"",
        b"POST /v1/append HTTP/1.1\r\nHost: x\r\n",
        b"POST /v1/append HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    )
    writers = []
    for n in range(IDLE_SOCKETS):
        _, writer = await asyncio.open_connection("127.0.0.1", caller.town.centre.sync_port)
        writer.write(half[n % len(half)])
        writers.append(writer)
    try:
        caller.slowest = 0.0
        assert (await caller.send(machine, machine.batch()))[0] == 200
        await caller.greet(machine)
        assert caller.slowest < ANSWER_SECONDS_MAX
    finally:
        for writer in writers:
            writer.transport.abort()


# --- a bad line, seen from the village --------------------------------------------------------------------------------


async def test_a_captive_portal_is_no_centre(town: Town) -> None:
    box = town.boxes[0]
    resident = await box.clerk.register(town.free[0])
    await box.until_sent()
    box.link.portal()
    _, letter = await box.clerk.issue_at_once(resident)
    await box.until_road("Luring")
    assert box.facts().waiting == 1
    box.link.mend()
    await box.until_sent()
    assert letter in town.centre.records()
    assert "Traceback" not in box.program.log.read_text()


@pytest.mark.parametrize("way", ["up", "down"])
async def test_a_line_that_breaks_after_any_number_of_bytes_heals(town: Town, way: str) -> None:
    """Also where the centre stored and the answer never came."""
    box = town.boxes[0]
    resident = await box.clerk.register(town.free[0])
    await box.until_sent()
    letters = []
    for bytes_more in (1, 40, 200, 400, 600):
        (box.link.up if way == "up" else box.link.down).cut_after = bytes_more
        _, letter = await box.clerk.issue_at_once(resident)
        letters.append(letter)
        await box.until_sent()
    assert set(letters) <= town.centre.records()
    assert sorted(box.facts().letters.values()) == [1, 2, 3, 4, 5]
    await box.until_road("Terhubung")
    assert (await town.centre.audit())["problems"] == "none"
