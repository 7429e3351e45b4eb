"""What the centre answers a box: hello, append, quarantine, feed, log, chunk, attachment. Stores; never judges.

Every request is one transaction over bytes that came and bytes that go back; the web server and the simulator call the
same functions. Acknowledges only what was compared with the head and durably committed. Judging what an op means is
`central/tabulation` and `central/reconcile`, afterwards.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from central.store import attachments, boxes, dossiers, feeds, logs, seals
from central.store.boxes import Box
from central.store.logs import Log
from chassis.database import Connection, Database
from chassis.signing import verify
from protocol import VERSION
from protocol.codec import GREETING_BYTES_MAX, SENT_BYTES_MAX, Message, decode, encode, pack
from protocol.errors import STATUS, Code, ProtocolError
from protocol.feed import REGENCY, Item, Notice
from protocol.messages import (
    ATTACHMENT_BYTES_MAX,
    CERTIFICATE,
    HALTED,
    HEALTH_MAX,
    HELLO,
    LOGS_MAX,
    MANIFEST,
    RECEIPT,
    WELCOME,
    Append,
    Appended,
    AttachmentHeld,
    AttachmentSent,
    Certificate,
    Cursors,
    Directive,
    Failure,
    FeedReply,
    Hello,
    LogHead,
    LogReply,
    Receipt,
    Signed,
    SnapshotReply,
    Welcome,
    open_signed,
    sign,
)
from protocol.ops import LogOpened, Op, Position, Unreadable, chain, head_message, read_op, start_of
from protocol.parcel import OUTBOX, Acknowledgements, Label, unwrap

SESSION_BYTES, NONCE_BYTES = 32, 16
RETRY_SECONDS = 30
CONTACT_MS = 60_000
"""A quiet poll is noted this often: a village at rest must not look silent, nor cost a write with each request."""
SPREAD_VILLAGES_A_SECOND, SPREAD_SECONDS_MAX = 50, 120
"""After a lost connection the fleet comes back over (villages / 50) seconds, at most two minutes."""
ATTACHMENT_FRAME_BYTES_MAX = ATTACHMENT_BYTES_MAX + 4 * 1024
"""A picture with its place, sent or inflated; what is compressed already grows by a few bytes."""
LOG_OPS_MAX = 4_096
LOG_BYTES_MAX = SENT_BYTES_MAX - 128 * 1024
"""Ops in one answer, before compression: what does not compress must fit a frame too, with LOG_OPS_MAX lengths beside it,
or a village with such records could never read its log back."""
PROOFS_MAX = 256
CHUNK_MS = 24 * 3_600_000
"""Chunks of snapshots are kept this long: the thinnest line has fetched them by then, and they are made anew when asked."""
EPOCHS_MAX = 256
"""Logs and branches of one village: each is a restore, a replacement or a copy. A server that opens more is broken; what it
wrote stays with it until somebody has looked, and does not make every later question about its logs slow."""
NONCE = b"kampung/nonce/1"
_TURNED_AWAY = frozenset({Directive.TOO_OLD, Directive.TOO_NEW})
"""Said before the nonce is looked at, so perhaps to a copy; the next poll of the genuine machine then takes it back."""


class Signer(Protocol):
    """The regency's key."""

    @property
    def public(self) -> bytes: ...

    def sign(self, message: bytes) -> bytes: ...


class Clock(Protocol):
    def now_ms(self) -> int: ...

    def random(self, size: int) -> bytes: ...


class Revocations(Protocol):
    """Machines that must never come back, kept outside the database too, so that no restore forgets them."""

    def is_revoked(self, village: str, serial: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and a frame."""

    status: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Quiet:
    """No news on this village's feeds yet: the caller may wait and ask again."""

    village: str


Sender = Callable[[Connection], Awaitable[Box]]
"""Who sends, asked inside the transaction that writes."""
Take = Callable[[Connection, str, "Incoming", int], Awaitable[Position]]
"""What becomes of a village's batch: the head that is held afterwards."""


@dataclass(slots=True)
class Ingest:
    """The centre's side of the road. `on_kept` and `on_published` wake whoever tabulates or waits."""

    database: Database
    key: Signer
    clock: Clock
    revocations: Revocations
    on_kept: Callable[[], None] = lambda: None
    on_published: Callable[[str], None] = lambda feed: None

    async def start(self) -> None:
        """At every start of the centre's process, before it answers anybody: every box must say hello and compare anew.

        Somebody may have put an older database in place. A box at rest would never ask about its ops again: its session
        would still hold, and the feed alone does not tell that records are missing.
        """
        await self.database.transact(lambda c: boxes.fence_sessions(c, self.clock.random, SESSION_BYTES))

    async def hello(self, body: bytes) -> Answer:
        return await self._answer(self._hello(body))

    async def admit(self, session: bytes) -> None:
        """Before a body is read: nobody without a session takes up room. Raises ProtocolError(SUPERSEDED)."""
        await self.database.read(lambda c: self._session(c, session))

    async def append(self, session: bytes, body: bytes) -> Answer:
        return await self._answer(self._append(session, body))

    async def quarantine(self, session: bytes, body: bytes) -> Answer:
        return await self._answer(self._quarantine(session, body))

    async def read_log(self, session: bytes, log_id: bytes, epoch: int, after_seq: int) -> Answer:
        return await self._answer(self._read_log(session, log_id, epoch, after_seq))

    async def read_chunk(self, session: bytes, digest: bytes) -> Answer:
        return await self._answer(self._read_chunk(session, digest))

    async def attachment(self, session: bytes, digest: bytes, body: bytes) -> Answer:
        return await self._answer(self._attachment(session, digest, body))

    async def feed(self, session: bytes, cursors: Cursors, health: list[tuple[str, int]] | None) -> Answer | Quiet:
        try:
            return await self._feed(session, cursors, health)
        except ProtocolError as error:
            return failure(error)

    async def _answer(self, work: Awaitable[Message | bytes]) -> Answer:
        try:
            reply = await work
        except ProtocolError as error:
            return failure(error)
        return Answer(200, reply if isinstance(reply, bytes) else encode(reply))

    # --- hello ---

    async def _hello(self, body: bytes) -> Message:
        signed = decode(body, Signed, GREETING_BYTES_MAX)
        hello, certificate = self._authenticate(signed)
        now_ms = self.clock.now_ms()

        async def work(connection: Connection) -> Welcome:
            box = await self._box_of(connection, certificate, hello, now_ms)
            await self._notice_restore(connection, box, hello, now_ms)
            directive, session, nonce, challenge = await self._admit(connection, box, hello, now_ms)
            if session or directive in _TURNED_AWAY:
                health = hello.health if session else [(HALTED + directive, 1), *hello.health][:HEALTH_MAX]
                await boxes.note_report(
                    connection,
                    box,
                    now_ms=now_ms,
                    clock_skew_ms=hello.clock_ms - now_ms,
                    software=hello.software,
                    health=health,
                )
                if session and hello.mark is not None:
                    await logs.raise_numbers(connection, box.village, hello.mark.numbers)
            heads = await self._compare(connection, box.village, hello.logs) if session else []
            timeline = await self._timeline(connection)
            anchor, _ = await logs.anchor(connection, timeline, self.key.sign, now_ms)
            fleet = await boxes.count(connection)
            return Welcome(
                request=sha256(signed.payload).digest(),
                version=VERSION,
                directive=directive if not session else _directive(heads, hello.logs),
                session=session,
                nonce=nonce,
                challenge=challenge,
                timeline=timeline,
                anchor=anchor,
                logs=heads,
                numbers=await logs.numbers(connection, box.village) if session else [],
                spread_seconds=min(fleet // SPREAD_VILLAGES_A_SECOND, SPREAD_SECONDS_MAX),
                retry_seconds=RETRY_SECONDS,
                central_ms=now_ms,
            )

        welcome = await self.database.transact(work)
        if welcome.directive == Directive.DUPLICATE:
            # only now is its notice committed, and only here is this the caller's own thread
            self.on_published(hello.village)
        return sign(WELCOME, welcome, self.key.sign)

    def _authenticate(self, signed: Signed) -> tuple[Hello, Certificate]:
        """Who speaks, before the database is asked. The certificate proves the key, the key proves the hello."""
        hello = open_unverified(signed)
        certificate = open_signed(
            CERTIFICATE, hello.certificate, Certificate, lambda message, sig: verify(self.key.public, message, sig)
        )
        if not verify(certificate.public_key, HELLO + signed.payload, signed.signature):
            raise ProtocolError(Code.BAD_SIGNATURE, "hello")
        if certificate.village != hello.village:
            raise ProtocolError(Code.WRONG_VILLAGE, "the certificate is another village's")
        return hello, certificate

    async def _box_of(self, connection: Connection, certificate: Certificate, hello: Hello, now_ms: int) -> Box:
        """The machine's row; a restored centre that lost it takes the certificate's word."""
        if self.revocations.is_revoked(certificate.village, certificate.serial):
            raise ProtocolError(Code.REVOKED, "enrol this server again with a new token")
        box = await boxes.find(connection, certificate.village, certificate.serial)
        if box is None:
            newest = await boxes.newest(connection, certificate.village)
            if newest is not None and newest.serial > certificate.serial:
                raise ProtocolError(Code.REVOKED, "another server was enrolled for this village since")
            await boxes.add(
                connection, certificate.village, certificate.serial, certificate.public_key, hello.fingerprint, now_ms
            )
            box = await boxes.find(connection, certificate.village, certificate.serial)
            await seals.publish_keys(connection, [box] if box else [], self.revocations.is_revoked, now_ms)
        if box is None or box.state != "active" or box.public_key != certificate.public_key:
            raise ProtocolError(Code.REVOKED, "enrol this server again with a new token")
        return box

    async def _admit(
        self, connection: Connection, box: Box, hello: Hello, now_ms: int
    ) -> tuple[str, bytes, bytes, bytes]:
        """(directive, session, next nonce, challenge). A session is given only to the one machine that knows the nonce."""
        if hello.version_max < VERSION:
            return Directive.TOO_OLD, b"", b"", b""
        if hello.version_min > VERSION:
            return Directive.TOO_NEW, b"", b"", b""
        if hello.fingerprint == box.fingerprint:
            if hello.nonce == box.nonce or self._is_ahead(box, hello):
                return await self._give_session(connection, box, hello.nonce)
            if hello.nonce == box.nonce_before and not box.is_session_used and box.session:
                return Directive.OK, box.session, box.nonce, b""
        if not box.challenge or hello.challenge != box.challenge:
            # perhaps only a late copy of an old request: whoever asks must show that it hears the answers
            challenge = box.challenge or self.clock.random(NONCE_BYTES)
            await boxes.set_challenge(connection, box, challenge)
            return Directive.AGAIN, b"", b"", challenge
        await self._suspect_clone(connection, box, now_ms)
        return Directive.DUPLICATE, b"", b"", b""

    async def _give_session(
        self, connection: Connection, box: Box, presented: bytes
    ) -> tuple[str, bytes, bytes, bytes]:
        session = self.clock.random(SESSION_BYTES)
        nonce = self._nonce(box, count_of(presented) + 1)
        await boxes.give_session(connection, box, session, nonce, presented)
        return Directive.OK, session, nonce, b""

    def _nonce(self, box: Box, count: int) -> bytes:
        """A count, and our word for it: a machine can present only what we once gave to its village's key."""
        message = b"".join((NONCE, box.village.encode(), box.serial.to_bytes(8, "big"), count.to_bytes(8, "big")))
        return count.to_bytes(8, "big") + self.key.sign(message)[: NONCE_BYTES - 8]

    def _is_ahead(self, box: Box, hello: Hello) -> bool:
        """A nonce of ours that we do not remember giving: it is the centre's database that is the older copy."""
        count = count_of(hello.nonce)
        return count > count_of(box.nonce) and hello.nonce == self._nonce(box, count)

    async def _suspect_clone(self, connection: Connection, box: Box, now_ms: int) -> None:
        await boxes.suspect_clone(connection, box, now_ms)
        if box.clone_suspected_ms is None:
            await publish_notice(connection, box.village, "clone_suspected", now_ms)

    async def _notice_restore(self, connection: Connection, box: Box, hello: Hello, now_ms: int) -> None:
        """Proof, from within the present timeline, of something this database does not know: it is an older copy."""
        timeline = await self._timeline(connection)
        is_older = hello.cursors.timeline == timeline and (
            self._is_ahead(box, hello) or await self._is_beyond(connection, box.village, hello.cursors)
        )
        if is_older or await self._is_receipt_unknown(connection, hello, timeline):
            await boxes.start_timeline(connection, self.clock.random(16), now_ms)

    async def _is_beyond(self, connection: Connection, village: str, cursors: Cursors) -> bool:
        own, shared = await feeds.head(connection, village), await feeds.head(connection, REGENCY)
        return cursors.village_stored > own[0] or cursors.regency_stored > shared[0]

    async def _is_receipt_unknown(self, connection: Connection, hello: Hello, timeline: bytes) -> bool:
        receipt = self._read_receipt(hello.receipt) if hello.receipt else None
        if receipt is None or receipt.village != hello.village or receipt.timeline != timeline:
            return False
        for log in await logs.of_log_id(connection, hello.village, receipt.position.log_id):
            if await logs.hash_at(connection, log, receipt.position.seq) == receipt.position.hash:
                return False
        return True

    def _read_receipt(self, signed: Signed) -> Receipt | None:
        try:
            return open_signed(RECEIPT, signed, Receipt, lambda m, s: verify(self.key.public, m, s))
        except ProtocolError:
            return None

    async def _compare(self, connection: Connection, village: str, presented: Sequence[Position]) -> list[LogHead]:
        """Every log of the village beside what the box presents of it."""
        by_id: dict[bytes, Position] = {p.log_id: p for p in presented}
        heads = []
        for log in await logs.of_village(connection, village):
            own = by_id.get(log.head.log_id)
            relation = "other"
            if own is not None:
                held = await logs.hash_at(connection, log, own.seq)
                relation = "known" if held is None or held == own.hash else "fork"
            heads.append(LogHead(log.epoch, log.head, relation))
        return heads[-LOGS_MAX:]

    async def _timeline(self, connection: Connection) -> bytes:
        timeline = await boxes.timeline(connection)
        if timeline is None:
            timeline = self.clock.random(16)
            await boxes.start_timeline(connection, timeline, self.clock.now_ms())
        return timeline

    # --- append ---

    async def _append(self, session: bytes, body: bytes) -> Message:
        appended = await self._store(open_batch(body), lambda c: self._session(c, session), self._append_from)
        self.on_kept()
        return appended

    async def _store(self, incoming: "Incoming", sender: Sender, take: Take) -> Appended:
        """One transaction: who sends, then what becomes of the batch."""
        now_ms = self.clock.now_ms()

        async def work(connection: Connection) -> Appended:
            box = await sender(connection)
            self._check_head(box, incoming)
            position = await take(connection, box.village, incoming, now_ms)
            return await self._acknowledge(connection, box, position, now_ms)

        return await self.database.transact(work)

    async def _append_from(self, connection: Connection, village: str, incoming: "Incoming", now_ms: int) -> Position:
        log = await self._log_for(connection, village, incoming.batch, incoming.hashes)
        skip = await self._held(connection, log, incoming.batch, incoming.hashes)
        if skip == len(incoming.hashes):
            return log.head
        if log.sealed_seq is not None:
            raise ProtocolError(Code.SEALED, "the village opened another log")
        return await self._keep(connection, log, incoming, skip, now_ms)

    async def _keep(self, connection: Connection, log: Log, incoming: "Incoming", skip: int, now_ms: int) -> Position:
        proofs = self._proofs(log.village, incoming.batch)
        return await logs.keep(connection, log, incoming.frame, skip, incoming.hashes[skip:], proofs, now_ms)

    def _check_head(self, box: Box, incoming: "Incoming") -> None:
        if not verify(box.public_key, head_message(box.village, incoming.head), incoming.batch.signature):
            raise ProtocolError(Code.BAD_SIGNATURE, "the new head is not signed by this village's server")

    async def _log_for(self, connection: Connection, village: str, batch: Append, hashes: Sequence[bytes]) -> Log:
        """The epoch this batch continues; a log that is new opens one."""
        epochs = await logs.of_log_id(connection, village, batch.after.log_id)
        if not epochs:
            return await self._open(connection, village, batch, hashes[0])
        reached: list[Log] = []
        for log in epochs:
            held = await logs.hash_at(connection, log, batch.after.seq)
            if held is not None:
                reached.append(log)
            if held == batch.after.hash and (
                batch.after == log.head or await logs.hash_at(connection, log, batch.after.seq + 1) == hashes[0]
            ):
                return log
        raise Conflict(Code.FORK, reached[0].head) if reached else Conflict(Code.GAP, epochs[0].head)

    async def _held(self, connection: Connection, log: Log, batch: Append, hashes: Sequence[bytes]) -> int:
        """How many ops of the batch the centre holds already. Raises when it holds others in their place."""
        held = max(0, min(log.head.seq - batch.after.seq, len(hashes)))
        if held and await logs.hash_at(connection, log, batch.after.seq + held) != hashes[held - 1]:
            raise Conflict(Code.FORK, log.head)
        return held

    async def _open(self, connection: Connection, village: str, batch: Append, first_hash: bytes) -> Log:
        """A log's first op says what it continues; the parent is sealed at the head the centre holds.

        A log without a parent is taken even where the village has others (a replaced server wrote before it could ask):
        records come first, and such a server may not number until the agenda was read.
        """
        owner = await logs.owner(connection, batch.after.log_id)
        if owner is not None and owner != village:
            raise ProtocolError(Code.WRONG_VILLAGE, "this log belongs to another village")
        if batch.after != start_of(batch.after.log_id):
            raise Conflict(Code.GAP, start_of(batch.after.log_id))
        opened = _opening(batch, first_hash)
        parent = None
        if opened.parent is not None:
            parent = await self._parent(connection, village, opened.parent)
            await logs.seal(connection, parent, parent.head.seq)
        return await self._begin(
            connection, village, start_of(batch.after.log_id), parent_epoch=parent.epoch if parent else None
        )

    async def _begin(
        self, connection: Connection, village: str, at: Position, *, parent_epoch: int | None, branch_seq: int = 0
    ) -> Log:
        log = await logs.open_epoch(connection, village, at, parent_epoch=parent_epoch, branch_seq=branch_seq)
        if log.epoch > EPOCHS_MAX:
            raise ProtocolError(Code.BUSY, "this village has too many logs: look at its server", retry_seconds=600)
        return log

    async def _parent(self, connection: Connection, village: str, at: Position) -> Log:
        for log in await logs.of_log_id(connection, village, at.log_id):
            if await logs.hash_at(connection, log, at.seq) == at.hash:
                return log
        raise ProtocolError(Code.PARENT_MISSING, "send the parent log up to that place first")

    def _proofs(self, village: str, batch: Append) -> list[tuple[int, int]]:
        """Earlier receipts of ours for these ops: a restored centre must not make anybody late."""
        proofs = []
        for signed in batch.receipts[:PROOFS_MAX]:
            receipt = self._read_receipt(signed)
            if receipt and receipt.village == village and receipt.position.log_id == batch.after.log_id:
                proofs.append((receipt.position.seq, receipt.received_ms))
        return proofs

    async def _acknowledge(self, connection: Connection, box: Box, position: Position, now_ms: int) -> Appended:
        await boxes.note_append(connection, box, now_ms)
        timeline = await self._timeline(connection)
        anchor, _ = await logs.anchor(connection, timeline, self.key.sign, now_ms)
        receipt = Receipt(box.village, position, now_ms, timeline)
        return Appended(position, sign(RECEIPT, receipt, self.key.sign), anchor)

    async def _session(self, connection: Connection, session: bytes) -> Box:
        """Checked inside the transaction that writes, so that a superseded machine cannot slip in between."""
        box = await boxes.of_session(connection, session) if session else None
        if box is None or box.state != "active":
            raise ProtocolError(Code.SUPERSEDED, "say hello again")
        return box

    # --- quarantine: a branch that cannot be appended, kept beside the log and judged like it ---

    async def _quarantine(self, session: bytes, body: bytes) -> Message:
        appended = await self._store(open_batch(body), lambda c: self._session(c, session), self._quarantine_from)
        self.on_kept()
        return appended

    async def _quarantine_from(
        self, connection: Connection, village: str, incoming: "Incoming", now_ms: int
    ) -> Position:
        log, skip = await self._branch(connection, village, incoming.batch, incoming.hashes)
        if skip == len(incoming.hashes):
            return incoming.head
        return await self._keep(connection, log, incoming, skip, now_ms)

    async def _branch(
        self, connection: Connection, village: str, batch: Append, hashes: Sequence[bytes]
    ) -> tuple[Log, int]:
        """The epoch that shares most of this batch, and how many of its ops that is; a new branch where they part."""
        best: tuple[Log, int] | None = None
        epochs = await logs.of_log_id(connection, village, batch.after.log_id)
        if not epochs and batch.after == start_of(batch.after.log_id):
            return await self._orphan(connection, village, batch, hashes[0]), 0
        for log in epochs:
            if await logs.hash_at(connection, log, batch.after.seq) != batch.after.hash:
                continue
            shared = await self._shared(connection, log, batch.after.seq, hashes)
            if best is None or shared > best[1]:
                best = (log, shared)
        if best is None:
            raise ProtocolError(Code.GAP, "the centre does not hold the place where this branch begins")
        log, shared = best
        at_seq = batch.after.seq + shared
        if shared == len(hashes) or (at_seq == log.head.seq and log.sealed_seq is None):
            return log, shared
        at = Position(batch.after.log_id, at_seq, hashes[shared - 1] if shared else batch.after.hash)
        branch = await self._begin(connection, village, at, parent_epoch=log.epoch, branch_seq=at_seq)
        return branch, shared

    async def _orphan(self, connection: Connection, village: str, batch: Append, first_hash: bytes) -> Log:
        """A log whose parent nobody holds any more: its records are kept all the same, beside the others."""
        owner = await logs.owner(connection, batch.after.log_id)
        if owner is not None and owner != village:
            raise ProtocolError(Code.WRONG_VILLAGE, "this log belongs to another village")
        _opening(batch, first_hash)
        return await self._begin(connection, village, start_of(batch.after.log_id), parent_epoch=None)

    async def _shared(self, connection: Connection, log: Log, after_seq: int, hashes: Sequence[bytes]) -> int:
        """How many ops from the batch's start this epoch holds: hashes are chained, so bisect for the last equal one."""
        low, high = 0, min(len(hashes), max(0, log.head.seq - after_seq))
        while low < high:
            middle = (low + high + 1) // 2
            if await logs.hash_at(connection, log, after_seq + middle) == hashes[middle - 1]:
                low = middle
            else:
                high = middle - 1
        return low

    # --- a parcel: the same frames on a stick ---

    async def take_parcel(self, parcel: bytes) -> Acknowledgements:
        """Every frame of an exported outbox, taken as append or, where it forks, as quarantine. Idempotent.

        Raises ProtocolError for a damaged parcel or one of a machine that is not enrolled (any more).
        """
        frames = unwrap(OUTBOX, parcel)
        if not frames:
            raise ProtocolError(Code.MALFORMED, "an empty parcel")
        label = decode(frames[0], Label)
        appended = [await self._take_frame(label, frame) for frame in frames[1:]]
        self.on_kept()
        return Acknowledgements(label.village, appended)

    async def _take_frame(self, label: Label, frame: bytes) -> Appended:
        incoming = open_batch(frame)
        try:
            return await self._store(incoming, lambda c: self._sender(c, label), self._append_from)
        except ProtocolError as error:
            if error.code not in {Code.FORK, Code.SEALED}:
                raise
        return await self._store(incoming, lambda c: self._sender(c, label), self._quarantine_from)

    async def _sender(self, connection: Connection, label: Label) -> Box:
        certificate = open_signed(
            CERTIFICATE, label.certificate, Certificate, lambda m, s: verify(self.key.public, m, s)
        )
        box = await boxes.find(connection, certificate.village, certificate.serial)
        if certificate.village != label.village or box is None or box.public_key != certificate.public_key:
            raise ProtocolError(Code.UNKNOWN_BOX, "this server is not enrolled here")
        if box.state == "revoked" or self.revocations.is_revoked(box.village, box.serial):
            raise ProtocolError(Code.REVOKED, "this server was revoked")
        return box

    # --- feed ---

    async def _feed(self, session: bytes, cursors: Cursors, health: list[tuple[str, int]] | None) -> Answer | Quiet:
        now_ms = self.clock.now_ms()

        async def look(connection: Connection) -> tuple[Box, bytes, list[list[Item]], list[int]]:
            box = await self._session(connection, session)
            feed_names = (box.village, REGENCY)
            stored = (cursors.village_stored, cursors.regency_stored)
            items = [await feeds.after(connection, feed, at) for feed, at in zip(feed_names, stored, strict=True)]
            heads = [(await feeds.head(connection, feed))[0] for feed in feed_names]
            return box, await boxes.timeline(connection) or b"", items, heads

        box, timeline, items, heads = await self.database.read(look)
        is_beyond = cursors.village_stored > heads[0] or cursors.regency_stored > heads[1]
        if is_beyond or cursors.timeline != timeline:
            return await self._snapshots(session, now_ms, is_older=is_beyond and cursors.timeline == timeline)
        told = (cursors.village_stored, cursors.village_applied, cursors.regency_stored, cursors.regency_applied)
        is_news = any(items)
        is_stale = abs(now_ms - (box.last_contact_ms or 0)) >= CONTACT_MS
        if told != box.cursors or health is not None or is_stale or not box.is_session_used:
            await self.database.transact(lambda c: boxes.note_cursors(c, box, cursors, health, now_ms))
        if not is_news:
            return Quiet(box.village)
        anchor, _ = await self.database.transact(lambda c: logs.anchor(c, timeline, self.key.sign, now_ms))
        return Answer(200, encode(FeedReply(timeline, anchor, items[0], items[1], heads[0], heads[1])))

    async def _snapshots(self, session: bytes, now_ms: int, *, is_older: bool) -> Answer:
        async def work(connection: Connection) -> SnapshotReply:
            box = await self._session(connection, session)
            await boxes.note_session_used(connection, box)
            if is_older:
                await boxes.start_timeline(connection, self.clock.random(16), now_ms)
            timeline = await self._timeline(connection)
            await feeds.forget_chunks(connection, now_ms - CHUNK_MS)
            made = [await feeds.snapshot(connection, feed, timeline, now_ms) for feed in (box.village, REGENCY)]
            anchor, _ = await logs.anchor(connection, timeline, self.key.sign, now_ms)
            return SnapshotReply(Code.SNAPSHOT, anchor, [sign(MANIFEST, m, self.key.sign) for m in made])

        return Answer(STATUS[Code.SNAPSHOT], encode(await self.database.transact(work)))

    # --- own log, chunks ---

    async def _read_log(self, session: bytes, log_id: bytes, epoch: int, after_seq: int) -> Message:
        async def work(connection: Connection) -> LogReply:
            box = await self._session(connection, session)
            log = next((x for x in await logs.of_log_id(connection, box.village, log_id) if x.epoch == epoch), None)
            after_hash = None if log is None else await logs.hash_at(connection, log, after_seq)
            if log is None or after_hash is None:
                raise ProtocolError(Code.UNKNOWN_LOG, "this village has no such place")
            ops = _within(await logs.read(connection, log, after_seq, LOG_OPS_MAX), LOG_BYTES_MAX)
            return LogReply(
                epoch=epoch,
                after=Position(log_id, after_seq, after_hash),
                headers=[op.header for op in ops],
                bodies=[op.body for op in ops],
                has_more=bool(ops) and ops[-1].seq < log.head.seq,
            )

        return await self.database.read(work)

    async def _read_chunk(self, session: bytes, digest: bytes) -> bytes:
        async def work(connection: Connection) -> bytes:
            box = await self._session(connection, session)
            frame = await feeds.chunk(connection, digest, box.village)
            if frame is None:
                frame = await dossiers.result_part(connection, digest, box.village)
            if frame is None:
                raise ProtocolError(Code.UNKNOWN_CHUNK, "ask for a new manifest")
            return frame

        return await self.database.read(work)

    # --- pictures that ops name ---

    async def _attachment(self, session: bytes, digest: bytes, body: bytes) -> Message:
        """Keep a picture under the name of its own hash, if this village's log names it; or say what is held."""
        sent = decode(body, AttachmentSent, ATTACHMENT_FRAME_BYTES_MAX)
        if len(sent.content) > ATTACHMENT_BYTES_MAX:
            raise ProtocolError(Code.TOO_LARGE, f"a picture of {len(sent.content)} bytes")
        if sent.content and sha256(sent.content).digest() != digest:
            raise ProtocolError(Code.MALFORMED, "other bytes than the address names")

        async def work(connection: Connection) -> AttachmentHeld:
            village = (await self._session(connection, session)).village
            held = await attachments.size_of(connection, village, digest)
            size = len(sent.content) or None
            if not held and not await attachments.is_named(connection, village, sent.at, digest, size):
                raise ProtocolError(Code.UNKNOWN_ATTACHMENT, "no record of this village's log names this picture there")
            if not held and size:
                await attachments.keep(connection, village, digest, sent.content, self.clock.now_ms())
            return AttachmentHeld(digest, held or len(sent.content))

        return await self.database.transact(work)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A batch as it came, and the hashes that its chain leads to."""

    frame: bytes
    batch: Append
    hashes: list[bytes]

    @property
    def head(self) -> Position:
        after = self.batch.after
        return Position(after.log_id, after.seq + len(self.hashes), self.hashes[-1])


def open_batch(frame: bytes) -> Incoming:
    """Raises ProtocolError; the database is asked only about what has the form of a chain."""
    batch = decode(frame, Append)
    if not batch.headers:
        raise ProtocolError(Code.MALFORMED, "a batch without ops")
    return Incoming(frame, batch, chain(batch.after, batch.headers, batch.bodies))


class Conflict(ProtocolError):
    """The batch does not continue the head; the answer names where the head is."""

    def __init__(self, code: Code, position: Position) -> None:
        super().__init__(code)
        self.position = position


def failure(error: ProtocolError) -> Answer:
    """The answer to whoever broke the protocol."""
    position = error.position if isinstance(error, Conflict) else None
    return Answer(STATUS[error.code], encode(Failure(error.code, error.detail[:300], error.retry_seconds, position)))


def count_of(nonce: bytes) -> int:
    """How many sessions came before; an empty nonce is the first."""
    return int.from_bytes(nonce[:8], "big")


def open_unverified(signed: Signed) -> Hello:
    """The hello before its signature is known to hold: needed to learn whose key to ask for."""
    return open_signed(HELLO, signed, Hello, lambda message, signature: True)


async def publish_notice(connection: Connection, village: str, code: str, now_ms: int) -> None:
    notice = feeds.Publication("notice", code.encode(), pack(Notice(code, now_ms)), critical=False)
    await feeds.publish(connection, village, [notice], now_ms)


def _opening(batch: Append, first_hash: bytes) -> LogOpened:
    try:
        _, body = read_op(Op(batch.after.log_id, 1, first_hash, batch.headers[0], batch.bodies[0]))
    except Unreadable as error:
        raise ProtocolError(Code.MALFORMED, f"the first op of a log: {error.reason}") from error
    if not isinstance(body, LogOpened):
        raise ProtocolError(Code.MALFORMED, "the first op of a log must be log_opened")
    return body


def _directive(heads: Sequence[LogHead], presented: Sequence[Position]) -> str:
    """In one word what the heads say in full; the box acts on the heads."""
    own = {p.log_id: p for p in presented}
    mine = [h for h in heads if h.head.log_id in own]
    if any(h.relation == "fork" for h in mine) and not any(h.relation == "known" for h in mine):
        return Directive.FORK
    if any(h.relation == "other" and h.head.seq for h in heads):
        return Directive.NEW_LOG
    if any(h.head.seq > own[h.head.log_id].seq for h in mine):
        return Directive.PULL_OWN_LOG
    behind = any(h.head.seq < own[h.head.log_id].seq for h in mine) or any(
        p.log_id not in {h.head.log_id for h in mine} for p in presented
    )
    return Directive.SEND_FROM if behind else Directive.OK


def _within(ops: list[Op], bytes_max: int) -> list[Op]:
    room = bytes_max
    for n, op in enumerate(ops):
        room -= len(op.header) + len(op.body)
        if room < 0 and n:
            return ops[:n]
    return ops
