"""The post room: carries out what the session wants, over the only outbound network the village has.

Store first, then tell the session: an acknowledgement counts once it is in the database. Nothing at the counter waits
for this file. `Courier` makes one step at a time over a `Road`; the running box has HTTP under it, the simulator a
virtual network; both run this very code.
"""

import base64
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol, TypeVar

import msgspec

from agent.domain.status import Status
from agent.store import Store, attachments, feed, oplog, results
from chassis.database import Connection
from protocol import VERSION
from protocol.codec import Message, decode, encode
from protocol.errors import Code, ProtocolError
from protocol.feed import FEEDS, REGENCY, VILLAGE, State
from protocol.messages import (
    ANCHOR,
    HALTED,
    HEALTH_MAX,
    HELLO,
    MANIFEST,
    RECEIPT,
    WELCOME,
    Anchor,
    Append,
    Appended,
    AttachmentHeld,
    AttachmentSent,
    Chunk,
    Cursors,
    Failure,
    FeedReply,
    FilePart,
    Hello,
    LogReply,
    Manifest,
    Receipt,
    Signed,
    SnapshotReply,
    Welcome,
    open_signed,
    sign,
)
from protocol.ops import Position, head_message
from protocol.session import (
    Acked,
    AsideEvent,
    Carried,
    DownEvent,
    Failed,
    FeedStored,
    Follow,
    Greet,
    Greeted,
    Opened,
    OpenLog,
    Pull,
    Pulled,
    Rest,
    Restore,
    Salvage,
    SendOps,
    Session,
    SnapshotNeeded,
    Unreachable,
    UpEvent,
)

T = TypeVar("T")
M = TypeVar("M", bound=Message)

RECEIPTS_MAX = 256
REPLY_SECONDS = 30
PUT_OFF_SECONDS = 600
"""A picture that the centre cannot take now (its record is not there yet, after a restore) waits, and the others go on."""
_PUT_OFF = frozenset({Code.UNKNOWN_ATTACHMENT, Code.TOO_LARGE, Code.MALFORMED})
_SHOWN = frozenset({Code.GAP, Code.FORK, Code.TOO_LARGE})
"""Our own findings that the session must act on: compare anew, or send less at once."""
"""How long an answer may take beyond what was asked to wait for; a dead line must not hold the outbox."""


class Identity(Protocol):
    """Who this box is: key, certificate and the nonce of its last session, all outside the database and its backups."""

    village: str
    certificate: Signed
    central_key: bytes
    fingerprint: bytes
    nonce: bytes

    def sign(self, message: bytes) -> bytes: ...

    def verify_central(self, message: bytes, signature: bytes) -> bool: ...

    def keep_nonce(self, nonce: bytes) -> None:
        """On disk when this returns: the session it belongs to must not be used before."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes


class LineDown(Exception):
    """No answer came: refused, reset, timed out or cut short."""


class Road(Protocol):
    """One request, one answer. Raises LineDown."""

    async def request(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Reply: ...


class Aside:
    """Where heavy work is done. This one does it on the spot, which is what a simulator wants; a running box has threads."""

    async def compute(self, work: Callable[[], T]) -> T:
        """The result of a function that takes milliseconds of processor time."""
        return work()

    def begin(self, work: Coroutine[Any, Any, T]) -> Awaitable[T] | None:
        """Start something that will probably be wanted next; None where nothing runs beside."""
        work.close()
        return None


@dataclass(frozen=True, slots=True)
class Parcelled:
    """A batch as it goes on the road, and the place it leads to."""

    seq: int
    ops_max: int
    ops: int
    head: Position
    frame: bytes


@dataclass(slots=True)
class Courier:
    """One box's side of the road. `chance` gives numbers in [0, 1); `health` the numbers a box reports."""

    store: Store
    identity: Identity
    road: Road
    chance: Callable[[], float]
    health: Callable[[], Awaitable[list[tuple[str, int]]]]
    software: str = ""
    session: Session = field(default_factory=Session)
    status: Status = field(default_factory=Status)
    on_decisions: Callable[[], None] = lambda: None
    aside: Aside = field(default_factory=Aside)
    _put_off: dict[bytes, float] = field(default_factory=dict)
    _ahead: Awaitable[Parcelled | None] | None = None
    _refused_parts: set[bytes] = field(default_factory=set)
    """Parts of files that the centre does not have, or not as they are named: asked for again after the next hello."""

    # --- up: hello, append, pull, salvage ---

    async def step_up(self) -> float | None:
        """Do the next thing on the up lane; 0 to be called again at once, else how long to rest (None: until woken)."""
        local = await self.store.local()
        want = self.session.wants_up(local, self._now())
        self._note_halt()
        if isinstance(want, Rest):
            return want.seconds
        started = self._now()
        try:
            event = await self._do_up(want, started)
        except ProtocolError as error:
            event = self._not_understood(error)
        except LineDown as error:
            event = self._line_down(str(error))
        self.session.received_up(event, await self.store.local(), self._now(), self.chance())
        self._note_halt()
        return 0

    async def _do_up(self, want: Greet | SendOps | Pull | Salvage | OpenLog, started: float) -> UpEvent:
        match want:
            case Greet(challenge):
                return await self._greet(challenge)
            case SendOps(log_id, seq, ops_max):
                return await self._send(log_id, seq, ops_max, started)
            case Salvage(log_id, seq, ops_max):
                return await self._send(log_id, seq, ops_max, started, is_salvage=True)
            case Pull():
                return await self._pull(want)
            case OpenLog(how):
                await self.store.open_log(how)
                return Opened()

    async def _greet(self, challenge: bytes) -> UpEvent:
        hello = await self._hello(challenge)
        signed = sign(HELLO, hello, self.identity.sign)
        reply = await self._ask("POST", "/v1/hello", encode(signed))
        if isinstance(reply, Failed):
            return reply
        welcome = open_signed(WELCOME, self._open(reply, Signed), Welcome, self.identity.verify_central)
        if welcome.request != sha256(signed.payload).digest():
            raise ProtocolError(Code.BAD_SIGNATURE, "an answer to another hello")
        self.status.clock_skew_ms = self.store.stamper.now_ms() - welcome.central_ms
        if welcome.session:
            await self._accept(welcome)
        return Greeted(welcome, await self._hashes_at(welcome))

    async def _hello(self, challenge: bytes) -> Hello:
        stamper = self.store.stamper

        async def look(connection: Connection) -> tuple[list[Position], Signed | None, Cursors]:
            heads = [head for _, head, _ in await oplog.heads(connection)]
            return heads, await oplog.newest_receipt(connection), await feed.cursors(connection)

        heads, receipt, cursors = await self.store.database.read(look)
        return Hello(
            version_min=VERSION,
            version_max=VERSION,
            village=self.identity.village,
            certificate=self.identity.certificate,
            logs=heads[-64:],
            mark=self.store.mark.read(),
            receipt=receipt,
            cursors=cursors,
            nonce=self.identity.nonce,
            challenge=challenge,
            boot_id=stamper.boot_id,
            fingerprint=self.identity.fingerprint,
            clock_ms=stamper.now_ms(),
            health=await self._health(),
            software=self.software,
        )

    async def _health(self) -> list[tuple[str, int]]:
        """The box's numbers, and what stopped it, so that an officer need not drive there to learn it."""
        halted = [(HALTED + self.session.halted, 1)] if self.session.halted else []
        return [*halted, *await self.health()][:HEALTH_MAX]

    async def _accept(self, welcome: Welcome) -> None:
        """Keep the nonce before the session is used, learn numbers, and note what the centre's heads prove."""
        self.identity.keep_nonce(welcome.nonce)
        self._refused_parts.clear()
        self._see(welcome.anchor)
        await self.store.learn(welcome.numbers)

        async def note(connection: Connection) -> None:
            for known in welcome.logs:
                if known.relation == "known":
                    own = await oplog.hash_at(connection, known.head.log_id, known.head.seq)
                    if own == known.head.hash:
                        await oplog.set_acknowledged(connection, known.head)

        await self.store.database.transact(note)

    async def _hashes_at(self, welcome: Welcome) -> dict[tuple[bytes, int], bytes]:
        async def look(connection: Connection) -> dict[tuple[bytes, int], bytes]:
            found = {}
            for known in welcome.logs:
                own = await oplog.hash_at(connection, known.head.log_id, known.head.seq)
                if own is not None:
                    found[known.head.log_id, known.head.seq] = own
            return found

        return await self.store.database.read(look)

    async def _send(
        self, log_id: bytes, seq: int, ops_max: int, started: float, *, is_salvage: bool = False
    ) -> UpEvent:
        parcelled = await self._take(log_id, seq, ops_max)
        if parcelled is None:
            raise ProtocolError(Code.GAP, "nothing to send after that place")
        self.session.resized(parcelled.ops)
        if parcelled.ops == ops_max:  # more than one batch waits: prepare the next while this one travels
            self._ahead = self.aside.begin(self._prepare(log_id, parcelled.head.seq, self.session.next_batch()))
        reply = await self._ask("POST", "/v1/quarantine" if is_salvage else "/v1/append", parcelled.frame)
        if isinstance(reply, Failed):
            return reply
        appended = self._open(reply, Appended)
        await self._acknowledge(appended)
        return Acked(appended.position, self._now() - started, is_salvage)

    async def _take(self, log_id: bytes, seq: int, ops_max: int) -> Parcelled | None:
        """The batch prepared ahead, when it begins where it must and is about as large as wanted now; else a new one."""
        ahead, self._ahead = self._ahead, None
        prepared = await ahead if ahead is not None else None
        if (
            prepared is not None
            and (prepared.head.log_id, prepared.seq) == (log_id, seq)
            and ops_max // 2 <= prepared.ops_max <= ops_max * 2
        ):
            return prepared
        return await self._prepare(log_id, seq, ops_max)

    async def _prepare(self, log_id: bytes, seq: int, ops_max: int) -> Parcelled | None:
        async def look(connection: Connection) -> tuple[oplog.Batch | None, list[Signed]]:
            batch = await oplog.read_batch(connection, log_id, seq, ops_max)
            if batch is None:
                return None, []
            return batch, await oplog.receipts_for(connection, log_id, seq + 1, batch.head.seq, RECEIPTS_MAX)

        batch, receipts = await self.store.database.read(look)
        if batch is None:
            return None
        signature = self.identity.sign(head_message(self.identity.village, batch.head))
        append = Append(batch.after, batch.headers, batch.bodies, signature, receipts)
        frame = await self.aside.compute(lambda: encode(append))
        return Parcelled(seq, ops_max, len(batch.headers), batch.head, frame)

    async def _acknowledge(self, appended: Appended) -> None:
        """Only the centre's signed word for this very history counts."""
        receipt = open_signed(RECEIPT, appended.receipt, Receipt, self.identity.verify_central)
        if receipt.position != appended.position or receipt.village != self.identity.village:
            raise ProtocolError(Code.BAD_SIGNATURE, "a receipt for something else")
        self._see(appended.anchor)
        await self.store.database.transact(
            lambda connection: oplog.acknowledge(connection, appended.position, receipt, appended.receipt)
        )

    async def _pull(self, want: Pull) -> UpEvent:
        query = {"log": want.log_id.hex(), "epoch": str(want.epoch), "after": str(want.seq)}
        reply = await self._ask("GET", "/v1/log", query=query)
        if isinstance(reply, Failed):
            return reply
        page = self._open(reply, LogReply)
        head = await self.store.put_back(page.after, page.headers, page.bodies)
        if not page.has_more:
            await self.store.rejudge()
        return Pulled(head, page.has_more)

    # --- down: feeds ---

    async def step_down(self) -> float | None:
        """Do the next thing on the down lane; results as in `step_up`."""
        want = self.session.wants_down(self._now())
        try:
            match want:
                case Rest(seconds):
                    return seconds
                case Follow(wait_seconds):
                    event = await self._fetch_part() or await self._follow(wait_seconds)
                case Restore(snapshot):
                    event = await self._restore(snapshot)
        except ProtocolError as error:
            event = self._not_understood(error)
        except LineDown as error:
            event = self._line_down(str(error))
        self.session.received_down(event, self._now(), self.chance())
        self._note_halt()
        return 0

    async def _follow(self, wait_seconds: int) -> DownEvent:
        cursors = await self.store.database.read(feed.cursors)
        query = {
            "timeline": cursors.timeline.hex(),
            "village": f"{cursors.village_stored},{cursors.village_applied}",
            "regency": f"{cursors.regency_stored},{cursors.regency_applied}",
            "wait": str(wait_seconds),
        }
        numbers = msgspec.msgpack.encode(await self._health())
        reply = await self._ask(
            "GET",
            "/v1/feed",
            query=query,
            headers={"Kampung-Health": base64.urlsafe_b64encode(numbers).decode()},
            seconds=wait_seconds + REPLY_SECONDS,
        )
        if isinstance(reply, Failed):
            return reply
        if reply.status == 204:
            return FeedStored()
        if reply.status == 409:
            return SnapshotNeeded(self._open(reply, SnapshotReply))
        page = self._open(reply, FeedReply)
        self._see(page.anchor)
        await self._store_page(page)
        return FeedStored()

    async def _fetch_part(self) -> DownEvent | None:
        """One missing part of a file that an agency gave back; None where there is none. News never wait for a bad one."""
        name = await self.store.database.read(lambda c: results.missing(c, self._refused_parts))
        if name is None:
            return None
        reply = await self._ask("GET", f"/v1/chunk/{name.hex()}")
        if isinstance(reply, Failed):
            if reply.code is not Code.UNKNOWN_CHUNK:
                return reply
            self._refused_parts.add(name)
            return FeedStored()
        part = self._open(reply, FilePart)
        is_right = sha256(reply.body).digest() == name
        if is_right:
            is_right = await self.store.database.transact(lambda c: results.keep(c, name, part.content))
        if not is_right:
            self.status.count("bad_part")
            self._refused_parts.add(name)
        return FeedStored()

    async def _store_page(self, page: FeedReply) -> None:
        now_ms = self.store.stamper.now_ms()

        async def work(connection: Connection) -> int:
            mismatches = 0
            for name, items in ((VILLAGE, page.village), (REGENCY, page.regency)):
                if await feed.store_items(connection, name, page.timeline, items, now_ms):
                    await feed.forget_timeline(connection, name)
                    mismatches += 1
            return mismatches

        self.status.digest_mismatches += await self.store.database.transact(work)
        if page.village:
            self.on_decisions()

    async def _restore(self, snapshot: SnapshotReply) -> DownEvent:
        manifests = [open_signed(MANIFEST, m, Manifest, self.identity.verify_central) for m in snapshot.manifests]
        states: dict[str, list[State]] = {}
        for manifest in manifests:
            if manifest.feed not in FEEDS or manifest.village not in {"", self.identity.village}:
                raise ProtocolError(Code.MALFORMED, "a manifest for somebody else")
            found = states.setdefault(manifest.feed, [])
            for name in manifest.chunks:
                reply = await self._ask("GET", f"/v1/chunk/{name.hex()}")
                if isinstance(reply, Failed):
                    return reply
                if sha256(reply.body).digest() != name:
                    raise ProtocolError(Code.MALFORMED, "a chunk with other bytes than its name says")
                found += self._open(reply, Chunk).states
        self._see(snapshot.anchor)
        await self._replace(manifests, states)
        return FeedStored()

    async def _replace(self, manifests: list[Manifest], states: Mapping[str, list[State]]) -> None:
        now_ms = self.store.stamper.now_ms()

        async def work(connection: Connection) -> int:
            mismatches = 0
            for m in manifests:
                if await feed.replace_state(
                    connection, m.feed, m.timeline, m.seq, m.digest, states.get(m.feed, []), now_ms
                ):
                    await feed.forget_timeline(connection, m.feed)
                    mismatches += 1
            return mismatches

        self.status.digest_mismatches += await self.store.database.transact(work)
        self.on_decisions()

    # --- aside: pictures ---

    async def step_aside(self) -> float | None:
        """Bring the next picture to the centre while no record waits; results as in `step_up`."""
        now = self._now()
        want = self.session.wants_aside(await self.store.local(), now)
        if isinstance(want, Rest):
            return want.seconds
        self._put_off = {digest: until for digest, until in self._put_off.items() if until > now}
        errand = await self.store.database.read(lambda c: attachments.next_errand(c, self._put_off))
        if errand is None:
            return min(self._put_off.values()) - now if self._put_off else None
        try:
            event = await self._carry(errand)
        except ProtocolError as error:
            event = self._not_understood(error)
        except LineDown as error:
            event = self._line_down(str(error))
        self.session.received_aside(event, self._now(), self.chance())
        return 0

    async def _carry(self, errand: attachments.Errand) -> AsideEvent:
        """One picture whole, or the question whether the centre holds it. The answer is stored before it counts."""
        body = encode(AttachmentSent(errand.at, errand.content))
        reply = await self._ask("POST", f"/v1/attachments/{errand.sha256.hex()}", body)
        if isinstance(reply, Failed):
            if reply.code not in _PUT_OFF:
                return reply
            self._put_off[errand.sha256] = self._now() + PUT_OFF_SECONDS
            return Carried()
        held = self._open(reply, AttachmentHeld)
        if held.sha256 != errand.sha256:
            raise ProtocolError(Code.MALFORMED, "an answer about another picture")
        await self.store.database.transact(
            lambda connection: attachments.note_answer(connection, errand.sha256, is_held=held.size > 0)
        )
        return Carried()

    # --- one request ---

    async def _ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = REPLY_SECONDS,
    ) -> Reply | Failed:
        """The reply when it may be the centre's own (`_open` finds out); its error code as an event. Anything else is
        LineDown."""
        # the other lane may renew the session while this request travels; a hello has none
        token = None if path == "/v1/hello" else self.session.token
        reply = await self.road.request(
            method, path, query or {}, {**_authorization(token), **(headers or {})}, body, seconds
        )
        if reply.status == 204:
            self._line_up()
        if reply.status in {200, 204} or (reply.status == 409 and path == "/v1/feed"):
            return reply
        try:
            said = decode(reply.body, Failure)
            code = Code(said.code)
        except (ProtocolError, ValueError) as error:
            raise LineDown(f"HTTP {reply.status} from something that is not the centre") from error
        self._line_up()
        self.status.count(code)
        return Failed(code, said.retry_seconds, token)

    def _open(self, reply: Reply, kind: type[M]) -> M:
        """The frame in a reply. A captive portal answers 200 to everything: only what can be read shows that the line is up."""
        try:
            frame = decode(reply.body, kind)
        except ProtocolError as error:
            raise LineDown(f"HTTP {reply.status} from something that is not the centre") from error
        self._line_up()
        return frame

    def _see(self, signed: Signed) -> None:
        """An anchor that does not verify is simply not cited."""
        with contextlib.suppress(ProtocolError):
            self.store.anchor.see(signed.payload, open_signed(ANCHOR, signed, Anchor, self.identity.verify_central))

    def _now(self) -> float:
        return self.store.stamper.mono_ms() / 1000

    def _line_up(self) -> None:
        now_ms = self.store.stamper.now_ms()
        if not self.status.is_online:
            self.status.is_online, self.status.since_ms = True, now_ms
        self.status.last_contact_ms = now_ms
        self.status.last_error = ""
        self.status.count("ok")

    def _line_down(self, why: str) -> Unreachable:
        if self.status.is_online or self.status.since_ms is None:
            self.status.is_online, self.status.since_ms = False, self.store.stamper.now_ms()
        self.status.last_error = why
        self.status.count("unreachable")
        return Unreachable()

    def _not_understood(self, error: ProtocolError) -> Failed | Unreachable:
        """Our own reading of an answer failed. A conflict of histories asks for a new hello; the rest is a bad line."""
        self.status.last_error = str(error)
        self.status.count(f"bad_{error.code}")
        return Failed(error.code) if error.code in _SHOWN else Unreachable()

    def _note_halt(self) -> None:
        self.status.halted = self.session.halted


def _authorization(token: bytes | None) -> dict[str, str]:
    return {"Authorization": "Kampung " + base64.urlsafe_b64encode(token).decode()} if token else {}
