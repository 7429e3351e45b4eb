"""A village's machine: disk, mark, badge, clock and the program that runs on them, driven by hand.

The courier's two coroutines are stepped as `agent/road.Lanes` steps them, only that time is virtual and that the power
may fail at any of their waits: then they are simply dropped, and the next start finds what was on disk.
"""

import traceback
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agent.store import Desk, Store, oplog
from agent.sync import Courier, LineDown, Reply
from chassis.database import drive
from chassis.signing import Key, verify
from protocol.messages import EnrolReply, Signed
from protocol.session import Condition
from tests.simulation.clockwork import MINUTE, SECOND, Clockwork
from tests.simulation.hardware import VILLAGE_SHELF, Disk, Fuse, MarkSlots, PowerCut
from tests.simulation.line import Call, Line, Road

T = TypeVar("T")

STEPS_A_MINUTE_MAX = 600
"""Of one lane. A catching-up box makes dozens; hundreds mean that it turns in a circle."""


@dataclass(slots=True)
class WallClock:
    """What a machine believes the time is: shifted, or stuck."""

    clockwork: Clockwork
    shift_ms: int = 0
    stuck_at_ms: int | None = None

    def now_ms(self) -> int:
        return self.stuck_at_ms if self.stuck_at_ms is not None else self.clockwork.now_ms + self.shift_ms


class Stamper:
    """Clock and chance of one start of a machine."""

    def __init__(self, clockwork: Clockwork, clock: WallClock) -> None:
        self.boot_id = clockwork.random(8)
        self._clockwork = clockwork
        self._clock = clock
        self._start_ms = clockwork.now_ms

    def now_ms(self) -> int:
        return self._clock.now_ms()

    def mono_ms(self) -> int:
        return self._clockwork.now_ms - self._start_ms

    def random(self, size: int) -> bytes:
        return self._clockwork.random(size)


@dataclass(slots=True)
class Badge:
    """An enrolled machine's identity, on its disk but outside the database."""

    village: str
    key: Key
    certificate: Signed
    central_key: bytes
    fingerprint: bytes
    fuse: Fuse
    serial: int
    nonce: bytes = b""

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)

    def verify_central(self, message: bytes, signature: bytes) -> bool:
        return verify(self.central_key, message, signature)

    def keep_nonce(self, nonce: bytes) -> None:
        if self.fuse.strikes("nonce"):
            raise PowerCut
        self.nonce = nonce
        if self.fuse.strikes("nonce_kept"):
            raise PowerCut


@dataclass(frozen=True, slots=True)
class Image:
    """A copy of a whole disk: database, mark and badge as they stood."""

    database: bytes
    slots: tuple[bytes, bytes]
    badge: tuple[Key, Signed, bytes, bytes, int, bytes] | None


class Lane:
    """One of the courier's lanes: a coroutine when it is at work, a wake-up time when it rests."""

    def __init__(self, machine: "Machine", name: str) -> None:
        self._machine = machine
        self._name = name
        self._coroutine: Coroutine[Any, Any, float | None] | None = None
        self._is_woken = False
        self._rest = 0
        self.had_session = False
        self._minute = 0
        self._steps = 0

    def start(self) -> None:
        self._plan(0)

    def wake(self) -> None:
        self._is_woken = True
        if self._coroutine is None and self._machine.is_on and self._machine.courier is not None:
            self._plan(0)

    def stop(self) -> None:
        self._rest += 1
        if self._coroutine is not None:
            self._coroutine.close()
            self._coroutine = None

    def _plan(self, ms: float) -> None:
        self._rest += 1
        rest, boot = self._rest, self._machine.boots
        self._machine.clockwork.after(ms, f"step {self._name}", lambda: self._step(rest, boot))

    def _step(self, rest: int, boot: int) -> None:
        if rest != self._rest or boot != self._machine.boots or self._coroutine is not None:
            return
        self._is_woken = False
        self._count_step()
        courier = self._machine.courier
        assert courier is not None
        self.had_session = bool(courier.session.token)
        self._coroutine = courier.step_up() if self._name == "up" else courier.step_down()
        self._advance(None)

    def _count_step(self) -> None:
        minute = self._machine.clockwork.now_ms // MINUTE
        if minute != self._minute:
            self._minute, self._steps = minute, 0
        self._steps += 1
        if self._steps == STEPS_A_MINUTE_MAX:
            self._machine.report(f"hot_loop: lane {self._name} made {self._steps} steps in a minute")

    def _advance(self, outcome: Reply | LineDown | None) -> None:
        coroutine, boot = self._coroutine, self._machine.boots
        if coroutine is None:
            return
        try:
            call: Call = coroutine.throw(outcome) if isinstance(outcome, LineDown) else coroutine.send(outcome)
        except StopIteration as end:
            self._coroutine = None
            self._machine.lane_rests(self, self._name, end.value)
        except PowerCut:
            self._coroutine = None
            self._machine.lose_power()
        except Exception as error:  # a bug of the program: the simulator's whole point
            self._coroutine = None
            self._machine.report(f"crash: {describe(error)}")
            self._machine.lose_power()
        else:
            self._machine.line.carry(call, lambda reply: self._resume(reply, boot))

    def _resume(self, outcome: Reply | LineDown, boot: int) -> None:
        if boot == self._machine.boots:
            self._advance(outcome)

    def rest(self, seconds: float | None) -> None:
        """As `Lanes._run` does after a step."""
        if seconds == 0:
            self._plan(1)
        elif self._is_woken:
            self._plan(0)
        elif seconds is not None:
            self._plan(max(seconds * SECOND, 1))


async def _no_health() -> list[tuple[str, int]]:
    return []


def describe(error: BaseException) -> str:
    """Type, message and the innermost lines of our own."""
    frames = [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)]
    return f"{type(error).__name__}: {error} at {' < '.join(reversed(frames[-4:]))}"


@dataclass(slots=True, eq=False)
class Machine:
    """One box. `is_alive`: its disk still exists; `is_on`: its program runs.

    `was_intact`: nobody touched the disk since the program last ran in order, so a start must need no human.
    `doubt`: why this machine cannot know by itself that other letters were numbered.
    `taken_back`: ops that an image made it forget; the centre can tell it, if it holds one of them.
    `asked_with`: token and key of an enrolment whose answer did not come.
    """

    name: str
    village: str
    clockwork: Clockwork
    line: Line
    fingerprint: bytes
    report: Callable[[str], None]
    on_acked: Callable[["Machine"], None]
    on_dark: Callable[["Machine"], None]
    disk: Disk = field(default_factory=VILLAGE_SHELF.take)
    fuse: Fuse = field(default_factory=Fuse)
    badge: Badge | None = None
    is_alive: bool = True
    is_on: bool = False
    boots: int = 0
    store: Store = field(init=False)
    courier: Courier | None = None
    mark: MarkSlots = field(init=False)
    clock: WallClock = field(init=False)
    lanes: tuple[Lane, Lane] = field(init=False)
    acked: dict[bytes, int] = field(default_factory=dict)
    was_intact: bool = False
    doubt: str = ""
    taken_back: list[bytes] = field(default_factory=list)
    asked_with: tuple[str, Key] | None = None

    def __post_init__(self) -> None:
        self.mark = MarkSlots(self.fuse)
        self.clock = WallClock(self.clockwork)
        self.disk.fuse = self.fuse
        self.lanes = (Lane(self, "up"), Lane(self, "down"))
        self.store = Store(self.disk, self.mark, Stamper(self.clockwork, self.clock), self.village)

    # --- power ---

    def power_on(self) -> None:
        if self.is_on or not self.is_alive:
            return
        self.boots += 1
        self.disk.spin_up()
        self.is_on = True
        stamper = Stamper(self.clockwork, self.clock)
        self.store = Store(self.disk, self.mark, stamper, self.village)
        self.store.on_written = self.lanes[0].wake
        try:
            drive(self.store.open())
        except PowerCut:
            self.lose_power()
            return
        except Exception as error:
            self.report(f"crash at start: {describe(error)}")
            self.lose_power()
            return
        if self.was_intact and self.store.condition is not Condition.INTACT:
            self.report(f"I11 {self.name}: a plain restart made the machine {self.store.condition}")
        self.courier = None
        self.acked = {log.head.log_id: log.acked_seq for log in self.read(oplog.local_logs)}
        if self.badge is not None:
            self.courier = Courier(
                self.store, self.badge, Road(), self.clockwork.chance.random, health=_no_health, software="simulated"
            )
            for lane in self.lanes:
                lane.start()

    def power_off(self) -> None:
        """The program dies at whatever it waits for."""
        if not self.is_on:
            return
        self.is_on = False
        self.was_intact = self.store.condition is Condition.INTACT
        self.boots += 1
        for lane in self.lanes:
            lane.stop()

    def lose_power(self) -> None:
        self.power_off()
        self.disk.spin_up()
        self.fuse.where = ""
        self.on_dark(self)

    def lane_rests(self, lane: Lane, name: str, seconds: float | None) -> None:
        courier = self.courier
        assert courier is not None
        if name == "up" and seconds == 0:
            self.on_acked(self)
        if name == "up" and courier.session.token and not lane.had_session:
            self.lanes[1].wake()
        if seconds == 0 and not courier.session.token:
            self.lanes[0].wake()
        lane.rest(seconds)

    # --- the counter ---

    def write(self, work: Callable[[Desk], Awaitable[T]]) -> T | None:
        """A clerk's write; None when the power failed in the middle, so that the clerk saw nothing."""
        try:
            return drive(self.store.write(work))
        except PowerCut:
            self.lose_power()
            return None

    def read(self, work: Callable[[Any], Awaitable[T]]) -> T:
        return drive(self.disk.read(work))

    # --- copies ---

    def image(self) -> Image:
        badge = self.badge
        copied = (
            (badge.key, badge.certificate, badge.central_key, badge.fingerprint, badge.serial, badge.nonce)
            if badge
            else None
        )
        return Image(self.disk.serialize(), (self.mark.slots[0], self.mark.slots[1]), copied)

    def put_image(self, image: Image) -> None:
        """The whole disk as it once was. The machine stays the one it is."""
        self.put_database(image.database)
        self.mark.slots = list(image.slots)
        if image.badge is None:
            self.badge = None
            return
        key, certificate, central_key, _, serial, nonce = image.badge
        self.badge = Badge(self.village, key, certificate, central_key, self.fingerprint, self.fuse, serial, nonce)

    def put_database(self, image: bytes) -> None:
        self.was_intact = False
        self.disk.spin_up()
        self.disk.deserialize(image)

    def lose_mark(self) -> None:
        self.was_intact = False
        self.mark.slots = [b"", b""]
        self.mark.counter = 0

    def take_badge(self, key: Key, reply: EnrolReply, serial: int) -> None:
        self.badge = Badge(self.village, key, reply.certificate, reply.central_key, self.fingerprint, self.fuse, serial)

    def hashes(self) -> list[bytes]:
        """Every op this disk holds."""

        async def look(connection: Any) -> list[bytes]:
            return [row[0] for row in await connection.fetch_all("SELECT hash FROM op ORDER BY log, seq")]

        return self.read(look)
