"""The smallest village box and centre that a session can talk to: logs are lists of hashes, requests are calls.

Not a stand-in for the real stores (the simulator drives those); it holds the session to its promises against a centre
that keeps the rules of `docs/protocol.md` to the letter, in microseconds, so that hypothesis can look for the sequence
that breaks one.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from protocol.errors import Code
from protocol.messages import Directive, LogHead, Signed, Welcome
from protocol.ops import Position, start_of
from protocol.session import (
    Acked,
    Condition,
    Failed,
    Greet,
    Greeted,
    Local,
    LocalLog,
    Opened,
    OpenLog,
    Pull,
    Pulled,
    Rest,
    Salvage,
    SendOps,
    Session,
    UpEvent,
    UpWant,
)

PULL_OPS_MAX = 3
"""Small, so that a pull of a few ops takes several answers."""
NOBODY = Signed(b"", bytes(64))


@dataclass
class Log:
    """One history: the centre's `epoch` of a log, or the box's copy."""

    log_id: bytes
    parent: Position | None
    hashes: list[bytes] = field(default_factory=list)
    acked: int = 0
    sealed_at: int | None = None

    @property
    def head(self) -> Position:
        return self.at(len(self.hashes))

    def at(self, seq: int) -> Position:
        return Position(self.log_id, seq, self.hashes[seq - 1]) if seq else start_of(self.log_id)

    def holds(self, place: Position) -> bool:
        return place.log_id == self.log_id and place.seq <= len(self.hashes) and self.at(place.seq) == place


@dataclass
class Centre:
    logs: list[Log] = field(default_factory=list)
    sessions: int = 0

    def head(self, epoch: int, shown: dict[bytes, Position]) -> LogHead:
        log = self.logs[epoch - 1]
        theirs = shown.get(log.log_id)
        if theirs is None:
            return LogHead(epoch, log.head, "other")
        is_fork = theirs.seq <= log.head.seq and not log.holds(theirs)
        return LogHead(epoch, log.head, "fork" if is_fork else "known")

    @property
    def token(self) -> bytes:
        return b"session %d" % self.sessions

    def welcome(self, local: Local, directive: str = Directive.OK) -> Welcome:
        self.sessions += 1
        shown = {log.head.log_id: log.head for log in local.logs}
        heads = [self.head(epoch, shown) for epoch in range(1, len(self.logs) + 1)]
        return welcome(directive, self.token, heads)

    def append(self, after: Position, hashes: list[bytes], parent: Position | None) -> Position | Code:
        own = [log for log in self.logs if log.log_id == after.log_id]
        if not own:
            return self._open(after, hashes, parent)
        fitting = [log for log in own if log.holds(after)]
        if not fitting:
            return Code.GAP if after.seq > max(log.head.seq for log in own) else Code.FORK
        refusals: list[Code] = []
        for log in fitting:
            held = log.hashes[after.seq : after.seq + len(hashes)]
            if held != hashes[: len(held)]:
                refusals.append(Code.FORK)
            elif log.sealed_at is not None and after.seq + len(hashes) > log.sealed_at:
                refusals.append(Code.SEALED)
            else:
                log.hashes += hashes[len(held) :]
                return log.at(after.seq + len(hashes))
        return Code.SEALED if Code.SEALED in refusals else Code.FORK

    def _open(self, after: Position, hashes: list[bytes], parent: Position | None) -> Position | Code:
        if after.seq:
            return Code.GAP
        if parent is not None:
            holders = [log for log in self.logs if log.holds(parent)]
            if not holders:
                return Code.PARENT_MISSING
            for holder in holders:
                holder.sealed_at = len(holder.hashes)
        self.logs.append(Log(after.log_id, parent, list(hashes)))
        return self.logs[-1].head

    def quarantine(self, after: Position, hashes: list[bytes], parent: Position | None) -> Position | Code:
        """As append, but what differs from all that is held becomes a branch: an epoch of its own under the same log_id."""
        holder = next((log for log in self.logs if log.holds(after)), None)
        if holder is None and after.seq:
            return Code.GAP
        shared = holder.hashes[: after.seq] if holder else []
        for log in self.logs:
            whole = shared + hashes
            common = min(len(whole), len(log.hashes))
            is_same = log.log_id == after.log_id and log.hashes[:common] == whole[:common]
            if is_same and (log.sealed_at is None or len(whole) <= log.sealed_at):
                log.hashes += whole[common:]
                return log.at(len(whole))
        self.logs.append(Log(after.log_id, parent, shared + hashes))
        return self.logs[-1].head


@dataclass
class Box:
    logs: list[Log] = field(default_factory=list)
    current: int = -1
    condition: Condition = Condition.FRESH
    mark: Position | None = None
    written: int = 0

    def local(self) -> Local:
        return Local(self.condition, tuple(LocalLog(log.head, log.acked) for log in self.logs))

    def log(self, log_id: bytes) -> Log | None:
        return next((log for log in self.logs if log.log_id == log_id), None)

    def write(self, count: int) -> None:
        """A clerk at the counter; never waits for the road."""
        if self.condition is not Condition.INTACT:
            self._reopen()
        for _ in range(count):
            self._append(self.logs[self.current])

    def open_log(self, how: str) -> None:
        if how in {"first", "restored"} and self.condition is Condition.INTACT:
            return
        self._reopen()

    def _reopen(self) -> None:
        pulled = [log for log in self.logs[self.current + 1 :] if log.hashes]
        parent = pulled[-1].head if pulled else (self.logs[self.current].head if self.current >= 0 else None)
        self.written += 1
        fresh = sha256(b"log %d" % self.written).digest()[:16]
        self.logs.append(Log(fresh, parent))
        self.current = len(self.logs) - 1
        self._append(self.logs[-1])

    def _append(self, log: Log) -> None:
        self.written += 1
        log.hashes.append(sha256(log.head.hash + b"%d" % self.written).digest())
        self.mark, self.condition = log.head, Condition.INTACT

    def put_back(self, after: Position, hashes: list[bytes], parent: Position | None) -> Position | None:
        """None: what came continues another history than the one that stands here."""
        log = self.log(after.log_id)
        if log is None:
            log = Log(after.log_id, parent)
            self.logs.append(log)
        if log.head != after:
            return None
        log.hashes += hashes
        log.acked = len(log.hashes)
        return log.head

    def judge(self) -> None:
        """What a start learns from database and mark."""
        head = self.logs[self.current].head if self.current >= 0 else None
        if head is None:
            self.condition = Condition.FRESH if self.mark is None else Condition.RESTORED
        elif self.mark is None:
            self.condition = Condition.UNKNOWN
        elif self.mark == head:
            self.condition = Condition.INTACT
        else:
            is_behind = any(log.holds(self.mark) for log in self.logs)
            self.condition = Condition.UNKNOWN if is_behind else Condition.RESTORED

    def rejudge(self) -> None:
        if self.condition is Condition.RESTORED and self.mark and any(log.holds(self.mark) for log in self.logs):
            self.condition = Condition.INTACT


@dataclass
class World:
    """A box, its session and the centre; `step` does what the session wants, with success wherever that is possible."""

    box: Box = field(default_factory=Box)
    centre: Centre = field(default_factory=Centre)
    session: Session = field(default_factory=Session)
    now: float = 0.0
    wants: list[UpWant] = field(default_factory=list)

    def want(self) -> UpWant:
        want = self.session.wants_up(self.box.local(), self.now)
        self.wants.append(want)
        return want

    def step(self) -> UpWant:
        want = self.want()
        if isinstance(want, Rest):
            self.now += want.seconds or 0.0
        else:
            self.report(self.answer(want))
        return want

    def report(self, event: UpEvent, chance: float = 0.5) -> None:
        self.session.received_up(event, self.box.local(), self.now, chance)

    def answer(self, want: UpWant) -> UpEvent:
        """What the centre does with the request, and what the box stores of the answer."""
        if not isinstance(want, Greet | OpenLog) and self.session.token != self.centre.token:
            return Failed(Code.SUPERSEDED, token=self.session.token)
        match want:
            case Greet():
                answer = self.centre.welcome(self.box.local())
                named = [head.head for head in answer.logs]
                own = [(log, head) for head in named if (log := self.box.log(head.log_id)) and head.seq <= log.head.seq]
                return Greeted(answer, {(head.log_id, head.seq): log.at(head.seq).hash for log, head in own})
            case SendOps(log_id, seq, ops_max):
                return self._send(log_id, seq, ops_max, is_salvage=False)
            case Salvage(log_id, seq, ops_max):
                return self._send(log_id, seq, ops_max, is_salvage=True)
            case Pull(log_id, epoch, seq):
                return self._pull(log_id, epoch, seq)
            case OpenLog(how):
                self.box.open_log(how)
                return Opened()
            case Rest():
                raise AssertionError("nothing to answer")

    def _send(self, log_id: bytes, seq: int, ops_max: int, *, is_salvage: bool) -> UpEvent:
        log = self.box.log(log_id)
        assert log is not None, "asked to send a log that is not here"
        batch = log.hashes[seq : seq + ops_max]
        assert batch, "asked to send nothing"
        take = self.centre.quarantine if is_salvage else self.centre.append
        outcome = take(log.at(seq), batch, log.parent)
        if isinstance(outcome, Code):
            return Failed(outcome)
        log.acked = max(log.acked, outcome.seq)
        return Acked(outcome, 0.1, is_salvage)

    def _pull(self, log_id: bytes, epoch: int, seq: int) -> UpEvent:
        if epoch > len(self.centre.logs) or self.centre.logs[epoch - 1].log_id != log_id:
            return Failed(Code.UNKNOWN_LOG)
        log = self.centre.logs[epoch - 1]
        if seq > len(log.hashes):
            return Failed(Code.GAP)
        hashes = log.hashes[seq : seq + PULL_OPS_MAX]
        head = self.box.put_back(log.at(seq), hashes, log.parent)
        if head is None:
            return Failed(Code.FORK)
        has_more = head.seq < len(log.hashes)
        if not has_more:
            self.box.rejudge()
        return Pulled(head, has_more)

    def is_whole(self) -> bool:
        """Does the centre hold every op that the box holds?"""
        return all(any(held.holds(log.head) for held in self.centre.logs) for log in self.box.logs)


def welcome(directive: str, session: bytes = b"", logs: list[LogHead] | None = None, **changes: object) -> Welcome:
    """A welcome in which only what a test is about is told."""
    values: dict[str, object] = {
        "request": bytes(32),
        "version": 1,
        "directive": directive,
        "session": session,
        "nonce": b"next",
        "challenge": b"",
        "timeline": bytes(16),
        "anchor": NOBODY,
        "logs": logs or [],
        "numbers": [],
        "spread_seconds": 0,
        "retry_seconds": 0,
        "central_ms": 0,
    }
    return Welcome(**(values | changes))  # type: ignore[arg-type]
