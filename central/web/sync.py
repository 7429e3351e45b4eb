"""The boxes' door: bodies within limits in, frames out. Every decision is `central/ingest`'s; nothing is parsed twice.

Must never let somebody without a session take up room or time that a village needs, nor answer without a code.
Place in the flow: wire -> here -> ingest; a long-poll waits here until something is published or its time is over.
"""

import asyncio
import base64
import binascii
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from central.enrolment import Enrolment
from central.ingest import ATTACHMENT_FRAME_BYTES_MAX, Answer, Ingest, Quiet, failure
from chassis.web.declarations import machine
from protocol.codec import GREETING_SENT_BYTES_MAX, MEDIA_TYPE, SENT_BYTES_MAX, unpack
from protocol.errors import Code, ProtocolError
from protocol.feed import REGENCY
from protocol.messages import HEALTH_MAX, Cursors, Health
from protocol.ops import HASH_BYTES
from protocol.session import FEED_WAIT_SECONDS

APPENDS_MAX = 16
"""Records being received and verified at once: 32 MiB at most. Others are told to come back before theirs are read."""
ATTACHMENTS_MAX = 8
"""Pictures being received and kept at once: 2 MiB. They may wait; records of the same villages do not wait behind them."""
GREETINGS_BYTES_MAX = 16 * 1024 * 1024
"""Of enrolments and hellos that are being received and answered. Bytes that came count, not senders: whoever only holds a
connection open keeps nobody out."""
BUSY_SECONDS = 2
BODY_SECONDS_MAX, GREETING_SECONDS_MAX = 60, 20
"""A body that takes longer holds room that another village needs; the box halves its batch and tries again."""
CHUNK_BYTES = 256 * 1024
WAITS_MAX = 8
"""Questions of one village that wait for news: one of its server, and those of dead connections or of copies of it."""

log = structlog.get_logger()


class Wakeups:
    """Who waits for which feed. A ticket taken before looking makes sure that no news falls between look and wait.

    A broken server that asks without end holds `WAITS_MAX` connections: each further question ends its oldest one.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[bool]]] = defaultdict(set)
        self._of_village: dict[str, list[asyncio.Future[bool]]] = defaultdict(list)
        self._count = 0
        self._last: dict[str, int] = {}

    def ticket(self) -> int:
        """This moment, as `wait` understands it."""
        return self._count

    def wake(self, feed: str) -> None:
        self._count += 1
        self._last[feed] = self._count
        for future in self._waiting.pop(feed, set()):
            _settle(future, is_last=True)

    async def wait(self, village: str, ticket: int, seconds: float) -> bool:
        """Until the village's feed or the regency's has news since the ticket, or the time is over.

        False when the village asked too often meanwhile: nobody listens here any more.
        """
        feeds = (village, REGENCY)
        if any(self._last.get(feed, 0) > ticket for feed in feeds):
            return True
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        own = self._of_village[village]
        own.append(future)
        if len(still := [each for each in own if not each.done()]) > WAITS_MAX:
            _settle(still[0], is_last=False)
        for feed in feeds:
            self._waiting[feed].add(future)
        try:
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(future, seconds)
            return True
        finally:
            for feed in feeds:
                self._waiting.get(feed, set()).discard(future)
            own.remove(future)
            if not own:
                self._of_village.pop(village, None)


def _settle(future: asyncio.Future[bool], *, is_last: bool) -> None:
    if not future.done():
        future.set_result(is_last)


class Door:
    """The handlers of /v1. `receiving` is held while an append comes in and is stored."""

    def __init__(
        self,
        ingest: Ingest,
        enrolment: Enrolment,
        wakeups: Wakeups,
        receiving: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self._ingest = ingest
        self._enrolment = enrolment
        self._wakeups = wakeups
        self._receiving = receiving
        self._places = asyncio.Semaphore(APPENDS_MAX)
        self._picture_places = asyncio.Semaphore(ATTACHMENTS_MAX)
        self._greetings_bytes = 0

    def application(self) -> web.Application:
        """The handlers, ready to be served."""
        app = web.Application(middlewares=[always_a_frame])
        app.add_routes(self._routes())
        return app

    def _routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/enrol", self.enrol),
            web.post("/v1/hello", self.hello),
            web.post("/v1/append", self.append),
            web.post("/v1/quarantine", self.quarantine),
            web.get("/v1/feed", self.feed),
            web.get("/v1/log", self.log),
            web.get("/v1/chunk/{digest}", self.chunk),
            web.post("/v1/attachments/{digest}", self.attachment),
        ]

    @machine
    async def enrol(self, request: web.Request) -> web.Response:
        return await self._greet(request, self._enrolment.enrol)

    @machine
    async def hello(self, request: web.Request) -> web.Response:
        return await self._greet(request, self._ingest.hello)

    @machine
    async def append(self, request: web.Request) -> web.Response:
        return await self._take(request, self._ingest.append, self._receiving())

    @machine
    async def quarantine(self, request: web.Request) -> web.Response:
        return await self._take(request, self._ingest.quarantine, contextlib.nullcontext())

    async def _greet(self, request: web.Request, answer: Callable[[bytes], Awaitable[Answer]]) -> web.Response:
        """From anybody."""
        held = 0

        def note(size: int) -> None:
            nonlocal held
            held += size
            self._greetings_bytes += size
            if self._greetings_bytes > GREETINGS_BYTES_MAX:
                raise _busy("too many greetings at once")

        try:
            return _respond(await answer(await _read(request, GREETING_SENT_BYTES_MAX, GREETING_SECONDS_MAX, note)))
        finally:
            self._greetings_bytes -= held

    async def _take(
        self,
        request: web.Request,
        answer: Callable[[bytes, bytes], Awaitable[Answer]],
        receiving: AbstractContextManager[None],
    ) -> web.Response:
        """Records, from a village: who it is comes first."""
        _check_announced(request, SENT_BYTES_MAX)
        session = _session(request)
        await self._ingest.admit(session)
        if self._places.locked():
            raise _busy("too many at once")
        async with self._places:
            with receiving:
                return _respond(await answer(session, await _read(request, SENT_BYTES_MAX, BODY_SECONDS_MAX)))

    @machine
    async def feed(self, request: web.Request) -> web.Response:
        cursors, seconds, health = _feed_query(request)
        session = _session(request)
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            ticket = self._wakeups.ticket()
            answer = await self._ingest.feed(session, cursors, health)
            left = deadline - asyncio.get_running_loop().time()
            if not isinstance(answer, Quiet):
                return _respond(answer)
            health = None  # noted once
            if left <= 0 or not await self._wakeups.wait(answer.village, ticket, left):
                return web.Response(status=204)

    @machine
    async def log(self, request: web.Request) -> web.Response:
        query = request.query
        try:
            log_id, epoch, seq = bytes.fromhex(query["log"]), _whole(query["epoch"]), _whole(query["after"])
        except (KeyError, ValueError) as error:
            raise ProtocolError(Code.MALFORMED, "log, epoch and after are needed") from error
        return _respond(await self._ingest.read_log(_session(request), log_id, epoch, seq))

    @machine
    async def chunk(self, request: web.Request) -> web.Response:
        try:
            digest = bytes.fromhex(request.match_info["digest"])
        except ValueError as error:
            raise ProtocolError(Code.UNKNOWN_CHUNK, "not a digest") from error
        return _respond(await self._ingest.read_chunk(_session(request), digest))

    @machine
    async def attachment(self, request: web.Request) -> web.Response:
        """A picture, from a village: who it is comes first, as with records."""
        digest = _digest(request)
        _check_announced(request, ATTACHMENT_FRAME_BYTES_MAX)
        session = _session(request)
        await self._ingest.admit(session)
        if self._picture_places.locked():
            raise _busy("too many pictures at once")
        async with self._picture_places:
            body = await _read(request, ATTACHMENT_FRAME_BYTES_MAX, BODY_SECONDS_MAX)
            return _respond(await self._ingest.attachment(session, digest, body))


@web.middleware
async def always_a_frame(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What is no frame is no answer to a box: every failure has its code, and what is only ours is logged."""
    try:
        return await handler(request)
    except ProtocolError as error:
        return _respond(failure(error))
    except web.HTTPException:
        return _respond(failure(ProtocolError(Code.UNSUPPORTED, "this centre knows no such request")))
    except Exception as error:
        log.exception("request failed", error=type(error).__name__)
        return _respond(failure(ProtocolError(Code.INTERNAL, "see the centre's log", retry_seconds=BUSY_SECONDS)))


def _digest(request: web.Request) -> bytes:
    """Raises ProtocolError(MALFORMED) for an address that is no SHA-256."""
    try:
        digest = bytes.fromhex(request.match_info["digest"])
    except ValueError:
        digest = b""
    if len(digest) != HASH_BYTES:
        raise ProtocolError(Code.MALFORMED, "not a SHA-256")
    return digest


def _busy(detail: str) -> ProtocolError:
    return ProtocolError(Code.BUSY, detail, retry_seconds=BUSY_SECONDS)


def _check_announced(request: web.Request, bytes_max: int) -> None:
    """What the headers alone rule out."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise ProtocolError(Code.UNSUPPORTED, "frames carry their own compression")
    if request.content_length is not None and request.content_length > bytes_max:
        raise ProtocolError(Code.TOO_LARGE, "frame")


async def _read(
    request: web.Request, bytes_max: int, seconds_max: float, note: Callable[[int], None] = lambda size: None
) -> bytes:
    """The body, never more than a frame may have and never for longer than is fair. `note` hears of each part."""
    _check_announced(request, bytes_max)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds_max):
            async for part in request.content.iter_chunked(CHUNK_BYTES):
                body += part
                note(len(part))
                if len(body) > bytes_max:
                    raise ProtocolError(Code.TOO_LARGE, "frame")
    except TimeoutError as error:
        raise _busy("the body came too slowly") from error
    except (ConnectionError, web.RequestPayloadError, HttpProcessingError) as error:
        # a thin line does this every day: nobody hears the answer, and it is not worth a traceback
        raise ProtocolError(Code.MALFORMED, "the body was cut off") from error
    return bytes(body)


def _session(request: web.Request) -> bytes:
    """The session a request claims; whether it is in force is asked inside the transaction."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Kampung":
        return b""
    try:
        return base64.urlsafe_b64decode(token)
    except (binascii.Error, ValueError):
        return b""


def _feed_query(request: web.Request) -> tuple[Cursors, float, list[tuple[str, int]] | None]:
    query = request.query
    try:
        village = [_whole(part) for part in query["village"].split(",")]
        regency = [_whole(part) for part in query["regency"].split(",")]
        cursors = Cursors(bytes.fromhex(query["timeline"]), village[0], village[1], regency[0], regency[1])
        seconds = min(_whole(query.get("wait", "0")), FEED_WAIT_SECONDS)
    except (KeyError, ValueError, IndexError) as error:
        raise ProtocolError(Code.MALFORMED, "timeline, village, regency and wait are needed") from error
    return cursors, float(seconds), _health(request)


def _health(request: web.Request) -> list[tuple[str, int]] | None:
    header = request.headers.get("Kampung-Health")
    if header is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(header)
    except (binascii.Error, ValueError) as error:
        raise ProtocolError(Code.MALFORMED, "Kampung-Health") from error
    numbers: list[tuple[str, int]] = unpack(raw, Health)
    if len(numbers) > HEALTH_MAX:
        raise ProtocolError(Code.MALFORMED, "Kampung-Health")
    return numbers


def _whole(text: str) -> int:
    """A whole number of at most 16 ASCII digits: int() would also take signs, blanks, underscores and other scripts."""
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise ValueError(text)
    return int(text)


def _respond(answer: Answer) -> web.Response:
    headers = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"}
    return web.Response(status=answer.status, body=answer.body, headers=headers)
