"""The conversation of a village box with the centre, without input or output: what to ask next, and what an answer means.

The box's runner (`agent/sync`, or the simulator) asks `wants_up` and `wants_down` what to do, does it, stores what must
be stored, and only then reports the event with `received`. Being connected is not a state: every answer is either
stored or forgotten, and the same request may be made again. Nothing here keeps a record; the store does.

    up lane:    GREETING -> COMPARED -> (PULLING | SALVAGING | OPENING)* -> SENDING <-> idle
    down lane:  FOLLOWING <-> RESTORING (a snapshot)
    both:       WAITING after a failure, HALTED by a safety rule (asks again every `HALT_SECONDS`)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias, assert_never

from protocol.codec import BATCH_OPS_MAX
from protocol.errors import REMEDY, Code, Remedy
from protocol.messages import Directive, LogHead, SnapshotReply, Welcome
from protocol.ops import Position, start_of

BATCH_OPS_START = 64
"""First batch after a reconnection: a thin or dying line must get at least something through."""
EXCHANGE_SECONDS_TARGET = 1.0
"""Batches double while an exchange stays under this, or grow by as much as would still stay under it (on a good line the
small first batches would cost more round trips than bytes), and halve when it takes more than twice as long."""
GROWTH_MAX = 16
BACKOFF_SECONDS_START, BACKOFF_SECONDS_MAX = 1.0, 120.0
HALT_SECONDS = 600.0
"""A halted box asks again this often: the operator's cure at the centre must not need a visit to the village."""
FEED_WAIT_SECONDS = 50
"""Long-poll: under the 60 s after which middle boxes drop an idle connection; 1.2 requests a minute at rest."""
LOOP_CONFLICTS_MAX, LOOP_SECONDS = 5, 0.5
"""The same position refused this often within this time is a bug of one side: stop for a while, do not hammer."""
RETRY_SECONDS_MAX = 600.0
"""The longest wait a centre can impose: a wrong number in one answer must not silence a village for years."""


class Phase(StrEnum):
    GREETING = "greeting"
    PULLING = "pulling"
    SALVAGING = "salvaging"
    OPENING = "opening"
    SENDING = "sending"
    HALTED = "halted"


class Condition(StrEnum):
    """What the box knows of its own past after comparing database and mark (agent/domain/recovery judges it)."""

    FRESH = "fresh"  # no op was ever written here
    INTACT = "intact"
    RESTORED = "restored"  # the database is older than the mark, which still knows the highest numbers
    UNKNOWN = "unknown"  # the mark is missing or older than the database


@dataclass(frozen=True, slots=True)
class LocalLog:
    """One of the box's logs; `acked_seq` is the last place that the centre acknowledged."""

    head: Position
    acked_seq: int


@dataclass(frozen=True, slots=True)
class Local:
    """What the box's store says now, oldest log first."""

    condition: Condition
    logs: tuple[LocalLog, ...]


# --- what the session wants -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Greet:
    """POST /v1/hello with the store's facts; echo `challenge` when there is one."""

    challenge: bytes = b""


@dataclass(frozen=True, slots=True)
class SendOps:
    """POST /v1/append: the ops of a log after `seq`, at most `ops_max` of them."""

    log_id: bytes
    seq: int
    ops_max: int


@dataclass(frozen=True, slots=True)
class Pull:
    """GET /v1/log: own ops that the box lost. `epoch` tells two branches of one log apart."""

    log_id: bytes
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Salvage:
    """POST /v1/quarantine: this branch of a forked log, after `seq`."""

    log_id: bytes
    seq: int
    ops_max: int


@dataclass(frozen=True, slots=True)
class OpenLog:
    """Open a new log whose first op names its parent. `how`: first, restored, replaced, fork."""

    how: str


@dataclass(frozen=True, slots=True)
class Follow:
    """GET /v1/feed with the stored and applied cursors, waiting up to `wait_seconds` for news."""

    wait_seconds: int


@dataclass(frozen=True, slots=True)
class Restore:
    """Fetch every chunk of these manifests and put them in place of the feed state."""

    reply: SnapshotReply


@dataclass(frozen=True, slots=True)
class Carry:
    """POST /v1/attachments: one picture, whichever the store has next."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to ask until `seconds` have passed or something new is written (None: only the latter)."""

    seconds: float | None


UpWant: TypeAlias = Greet | SendOps | Pull | Salvage | OpenLog | Rest
AsideWant: TypeAlias = Carry | Rest
DownWant: TypeAlias = Follow | Restore | Rest


# --- what happened ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Greeted:
    """A welcome whose signature held and whose nonce is stored. `hash_at`: own hashes at the heads the centre named."""

    welcome: Welcome
    hash_at: Mapping[tuple[bytes, int], bytes]


@dataclass(frozen=True, slots=True)
class Acked:
    """An acknowledgement, stored. `seconds`: how long the exchange took; `is_salvage`: it was a branch's."""

    position: Position
    seconds: float
    is_salvage: bool = False


@dataclass(frozen=True, slots=True)
class Pulled:
    """Own ops stored again up to `position`."""

    position: Position
    has_more: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """The store opened (or found it need not open) a new log."""


@dataclass(frozen=True, slots=True)
class FeedStored:
    """A feed answer, stored and applied as far as this program can."""


@dataclass(frozen=True, slots=True)
class SnapshotNeeded:
    reply: SnapshotReply


@dataclass(frozen=True, slots=True)
class Carried:
    """The centre's word on one picture, or that it cannot take this one now, stored."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The centre answered with an error code. `token`: the session the request was made under (None: the present one)."""

    code: Code
    retry_seconds: int = 0
    token: bytes | None = None


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No usable answer: refused, reset, timed out, cut, or something that is not the centre answered."""


UpEvent: TypeAlias = Greeted | Acked | Pulled | Opened | Failed | Unreachable
AsideEvent: TypeAlias = Carried | Failed | Unreachable
DownEvent: TypeAlias = FeedStored | SnapshotNeeded | Failed | Unreachable
Exchange: TypeAlias = Literal["hello", "up", "down"]


@dataclass(slots=True)
class Lane:
    """Patience of one lane: exponential, with full jitter, reset by any success."""

    failures: int = 0
    until: float = 0.0

    def fail(self, now: float, chance: float, *, at_least: float = 0.0, spread: float = 0.0) -> None:
        """`chance` in [0, 1) comes from the caller. The first failure after a success spreads the whole fleet out."""
        ceiling = min(BACKOFF_SECONDS_MAX, max(BACKOFF_SECONDS_START * 2**self.failures, spread))
        self.failures = min(self.failures + 1, 16)
        # the jitter comes on top of the centre's wish, or all whom it turned away would return in the same moment
        self.until = now + min(max(at_least, 0.0), RETRY_SECONDS_MAX) + chance * ceiling

    def succeed(self) -> None:
        self.failures, self.until = 0, 0.0


@dataclass(slots=True)
class Session:
    """One box's side. `token` is empty until a welcome; `central` holds the centre's head of each own log.

    `halted` is the code that stopped both lanes. It stands until the kind of exchange that met it succeeds again: after a
    box that cannot append has said hello, it is as halted as before, and must be able to say so.
    """

    phase: Phase = Phase.GREETING
    token: bytes = b""
    halted: str = ""
    halted_in: Exchange = "hello"
    central: dict[bytes, Position] = field(default_factory=dict)
    up: Lane = field(default_factory=Lane)
    down: Lane = field(default_factory=Lane)
    aside: Lane = field(default_factory=Lane)
    batch: int = BATCH_OPS_START
    growth: int = GROWTH_MAX
    spread_seconds: float = 0.0
    challenge: bytes = b""
    pulls: list[LogHead] = field(default_factory=list)
    forks: list[Position] = field(default_factory=list)
    salvage_seq: int = 0
    new_log: str = ""
    snapshot: SnapshotReply | None = None
    conflicts: list[float] = field(default_factory=list)

    # --- what to do next ---

    def wants_up(self, local: Local, now: float) -> UpWant:
        if now < self.up.until:
            return Rest(self.up.until - now)
        match self.phase:
            case Phase.GREETING:
                return Greet(self.challenge)
            case Phase.HALTED:
                self.phase = Phase.GREETING
                return Greet(self.challenge)
            case Phase.PULLING:
                return self._pull(local)
            case Phase.SALVAGING:
                return Salvage(self.forks[0].log_id, self.salvage_seq, self.batch)
            case Phase.OPENING:
                return OpenLog(self.new_log)
            case Phase.SENDING:
                return self._send(local)
            case _:
                assert_never(self.phase)

    def wants_down(self, now: float) -> DownWant:
        if not self.token or self.phase is Phase.HALTED:
            return Rest(None)
        if now < self.down.until:
            return Rest(self.down.until - now)
        return Restore(self.snapshot) if self.snapshot else Follow(FEED_WAIT_SECONDS)

    def wants_aside(self, local: Local, now: float) -> AsideWant:
        """Pictures go while no record waits: a record is never behind one."""
        if not self.token or self.phase is not Phase.SENDING or self._unsent(local) is not None:
            return Rest(None)
        return Rest(self.aside.until - now) if now < self.aside.until else Carry()

    def _pull(self, local: Local) -> Pull:
        wanted = self.pulls[0]
        have = next((log.head.seq for log in local.logs if log.head.log_id == wanted.head.log_id), 0)
        return Pull(wanted.head.log_id, wanted.epoch, have)

    def _send(self, local: Local) -> UpWant:
        unsent = self._unsent(local)
        if unsent is not None:
            return SendOps(unsent.log_id, unsent.seq, self.batch)
        self._resume("up")
        return Rest(None)

    def _unsent(self, local: Local) -> Position | None:
        """The centre's place in the oldest log that goes on after it."""
        for log in local.logs:
            at = self.central.get(log.head.log_id, start_of(log.head.log_id))
            if at.seq < log.head.seq:
                return at
        return None

    # --- what an answer means ---

    def received_up(self, event: UpEvent, local: Local, now: float, chance: float) -> None:
        if self._is_stale(event):
            return
        match event:
            case Greeted():
                self._greeted(event, local, now, chance)
            case Acked():
                self._acked(event, local)
            case Pulled():
                self.up.succeed()
                self._resume("up")
                if not event.has_more:
                    self.pulls.pop(0)
                    self.central[event.position.log_id] = event.position
                self._settle(local)
            case Opened():
                self.new_log = ""
                self.phase = Phase.SENDING
            case Failed():
                self._failed(event, local, now, chance)
            case Unreachable():
                self.batch = min(self.batch, BATCH_OPS_START)
                self.up.fail(now, chance, spread=self.spread_seconds)
            case _:
                assert_never(event)

    def _is_stale(self, event: UpEvent | DownEvent | AsideEvent) -> bool:
        """Did the other lane halt, lose or renew the session while this answer travelled?

        What was to be stored is stored by now, and the next hello compares anew: such an answer must not move the phase
        (to sending without a session), cut a halt short, nor end a session that it does not speak of.
        """
        if self.phase is Phase.HALTED:
            return True
        match event:
            case Acked() | Pulled() | Opened():
                return not self.token
            case Failed() if event.token is not None:
                return event.token != self.token
            case _:
                return False

    def received_down(self, event: DownEvent, now: float, chance: float) -> None:
        if self._is_stale(event):
            return
        match event:
            case FeedStored():
                self.snapshot = None
                self.down.succeed()
                self._resume("down")
            case SnapshotNeeded():
                self.snapshot = event.reply  # no success yet: a restore that fails again and again must grow slower
            case Failed(code=Code.SUPERSEDED):
                self._lose_session(now, chance, self.down)
            case Failed():
                self.snapshot = None
                self.down.fail(now, chance, at_least=event.retry_seconds)
                if REMEDY[event.code] is Remedy.HALT:
                    self._halt(event.code, now, "down")
            case Unreachable():
                self.down.fail(now, chance, spread=self.spread_seconds)
            case _:
                assert_never(event)

    def received_aside(self, event: AsideEvent, now: float, chance: float) -> None:
        """No code stops the other lanes from here: records matter more than pictures, and an older centre knows no such
        request."""
        if self._is_stale(event):
            return
        match event:
            case Carried():
                self.aside.succeed()
            case Failed(code=Code.SUPERSEDED):
                self._lose_session(now, chance, self.aside)
            case Failed():
                is_final = REMEDY[event.code] is Remedy.HALT
                self.aside.fail(now, chance, at_least=HALT_SECONDS if is_final else event.retry_seconds)
            case Unreachable():
                self.aside.fail(now, chance, spread=self.spread_seconds)
            case _:
                assert_never(event)

    def _greeted(self, event: Greeted, local: Local, now: float, chance: float) -> None:
        welcome = event.welcome
        echoed, self.challenge = self.challenge, b""
        self.spread_seconds = float(welcome.spread_seconds)
        match welcome.directive:
            case Directive.AGAIN:
                self.challenge = welcome.challenge
                if echoed:  # the answer to a challenge is yes or no, never another challenge: do not chase it
                    self.up.fail(now, chance)
            case Directive.WAIT:
                self.up.fail(now, chance, at_least=welcome.retry_seconds)
            case Directive.DUPLICATE | Directive.TOO_OLD | Directive.TOO_NEW:
                self._halt(welcome.directive, now, "hello")
            case _ if not welcome.session:  # a directive that this program does not know
                self.up.fail(now, chance, at_least=welcome.retry_seconds)
            case _:
                self.token = welcome.session
                self._resume("hello")
                self.down.succeed()
                self.up = Lane(failures=self.up.failures if self.conflicts else 0)
                self._compare(welcome, event.hash_at, local)

    def _compare(self, welcome: Welcome, hash_at: Mapping[tuple[bytes, int], bytes], local: Local) -> None:
        """Decide per log: the centre has a prefix (send), more than we (pull), or another history (salvage)."""
        own = {log.head.log_id: log for log in local.logs}
        self.central = {}
        self.forks = []
        ordered = sorted(welcome.logs, key=lambda head: head.epoch)
        # of two branches of one lost log only the newer comes back: later logs continue it, and a box holds one
        lost = {head.head.log_id: head for head in ordered if head.head.log_id not in own and head.head.seq}
        self.pulls = list(lost.values())
        self.new_log = "replaced" if self.pulls else ""
        for log_id, log in own.items():
            heads = [head for head in welcome.logs if head.head.log_id == log_id]
            valid = [head for head in heads if _is_same_history(head, log.head, hash_at)]
            if heads and not valid:
                self.forks.append(log.head)
                continue
            best = max(valid, key=lambda head: head.head.seq, default=None)
            if best is None:
                continue
            if best.head.seq > log.head.seq:
                self.pulls.append(best)
            else:
                self.central[log_id] = best.head
        self.pulls.sort(key=lambda head: head.epoch)
        if self.forks:
            self.new_log = "fork"
            self._start_salvage(local)
        self._settle(local)

    def _start_salvage(self, local: Local) -> None:
        """From the last place that both held, by the box's own books; those of a restored centre may be shorter."""
        fork = self.forks[0]
        acked = next((log.acked_seq for log in local.logs if log.head.log_id == fork.log_id), 0)
        self.salvage_seq = acked if acked < fork.seq else 0

    def _settle(self, local: Local) -> None:
        """The next thing to put right before ops can flow, in this order."""
        if self.pulls:
            self.phase = Phase.PULLING
        elif self.forks:
            self.phase = Phase.SALVAGING
        elif self.new_log or local.condition is not Condition.INTACT:
            self.phase = Phase.OPENING
            self.new_log = self.new_log or _REOPEN[local.condition]
        else:
            self.phase = Phase.SENDING

    def _acked(self, event: Acked, local: Local) -> None:
        self.up.succeed()
        self._resume("up")
        self.conflicts.clear()
        self._pace(event.seconds)
        if not event.is_salvage:
            self.central[event.position.log_id] = event.position
            return
        self.salvage_seq = event.position.seq
        # letters go on being issued during a salvage, so the branch ends where the log stands now
        if all(log.head.seq <= event.position.seq for log in local.logs if log.head.log_id == event.position.log_id):
            self.central[event.position.log_id] = event.position
            self.forks.pop(0)
            if self.forks:
                self._start_salvage(local)
            self._settle(local)

    def _pace(self, seconds: float) -> None:
        self.growth = max(2, min(GROWTH_MAX, int(EXCHANGE_SECONDS_TARGET / max(seconds, 0.001))))
        if seconds < EXCHANGE_SECONDS_TARGET:
            self.batch = self.next_batch()
        elif seconds > 2 * EXCHANGE_SECONDS_TARGET:
            self.batch = max(self.batch // 2, min(self.batch, BATCH_OPS_START))

    def _failed(self, event: Failed, local: Local, now: float, chance: float) -> None:
        match event.code:
            case Code.SUPERSEDED:
                self._lose_session(now, chance, self.up)
            case Code.TOO_LARGE if self.batch > 1 and self.phase in (Phase.SENDING, Phase.SALVAGING):
                self.batch = max(self.batch // 4, 1)
            case Code.SEALED if self.phase is Phase.SENDING:
                self.new_log = "fork"
                self._salvage_blocked(local)
            case Code.PARENT_MISSING if self.phase is Phase.SENDING and self.conflicts:
                self._salvage_blocked(local)
            case Code.GAP | Code.FORK if self.phase is Phase.SALVAGING and self.salvage_seq:
                self.salvage_seq = 0  # the centre lost even the place last agreed on: offer the branch from its start
            case Code.GAP | Code.FORK | Code.SEALED | Code.PARENT_MISSING | Code.UNKNOWN_LOG:
                self.phase = Phase.GREETING
                self._break_loop(now, chance)
            case _:
                exchange: Exchange = "hello" if self.phase is Phase.GREETING else "up"
                self.up.fail(now, chance, at_least=event.retry_seconds)
                if REMEDY[event.code] is Remedy.HALT:
                    self._halt(event.code, now, exchange)

    def _salvage_blocked(self, local: Local) -> None:
        """Offer as a branch what the centre cannot take as a continuation.

        Either its log was sealed without these ops (an image of the whole disk was restored), or nobody has its parent
        any more: older logs went first, and a fresh hello did not help.
        """
        blocked = self._send(local)
        if isinstance(blocked, SendOps):
            self.forks = [log.head for log in local.logs if log.head.log_id == blocked.log_id]
            self._start_salvage(local)
            self._settle(local)

    def _break_loop(self, now: float, chance: float) -> None:
        """A conflict sends the box back to hello at once; the next one, with nothing acknowledged between, only later."""
        is_again = bool(self.conflicts)
        self.conflicts = [at for at in self.conflicts if now - at < LOOP_SECONDS] + [now]
        if len(self.conflicts) >= LOOP_CONFLICTS_MAX:
            self.up.fail(now, chance, at_least=BACKOFF_SECONDS_MAX / 2)
        elif is_again:
            self.up.fail(now, chance)

    def _lose_session(self, now: float, chance: float, lane: Lane) -> None:
        self.token, self.phase = b"", Phase.GREETING
        lane.fail(now, chance)

    def _halt(self, reason: str, now: float, exchange: Exchange) -> None:
        self.phase, self.token = Phase.HALTED, b""
        self.halted, self.halted_in = str(reason), exchange
        self.up.until = now + HALT_SECONDS

    def _resume(self, exchange: Exchange) -> None:
        """This kind of exchange went well: what stopped the box there is over."""
        if self.halted_in == exchange:
            self.halted = ""

    def next_batch(self) -> int:
        """How many ops the next batch will hold if the one under way goes as the last one did."""
        return min(self.batch * self.growth, BATCH_OPS_MAX)

    def resized(self, ops: int) -> None:
        """The runner could fit only `ops` in a frame: keep the batch at what fits."""
        self.batch = max(1, min(self.batch, ops))


_REOPEN = {Condition.FRESH: "first", Condition.RESTORED: "restored", Condition.UNKNOWN: "replaced"}


def _is_same_history(theirs: LogHead, own: Position, hash_at: Mapping[tuple[bytes, int], bytes]) -> bool:
    if theirs.relation == "fork":
        return False
    if theirs.head.seq == 0 or theirs.head.seq > own.seq:
        return True
    return hash_at.get((own.log_id, theirs.head.seq)) == theirs.head.hash
