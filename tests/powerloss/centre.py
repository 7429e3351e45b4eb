"""A centre's day on a recorded disk: whatever it answered 200 to is there after any power failure of that day.

Three villages' machines send, repeat and greet by hand (`tests/central/desk`); the pipeline tabulates and decides in
between. `examine` starts the centre on what a crash left and lets it finish its work.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from central.audit import audit
from central.store import boxes, logs
from chassis.database import Connection, DatabaseError, InPlaceDatabase, drive
from protocol.messages import Cursors
from protocol.ops import Position
from tests.central.desk import (
    DESA,
    OTHER_DESA,
    PANGAN,
    RULES,
    START_MS,
    WARD,
    Clock,
    Machine,
    Refused,
    Regency,
    kk,
    migrations,
    nik,
    siksng_row,
)
from tests.powerloss.crash import CrashState
from tests.powerloss.recording import RecordedDatabase, Recording
from tests.powerloss.village import Found
from tests.simulation.clockwork import Clockwork

DATABASE = "centre.db"
APPENDS = 60
"""Acknowledgements of one day: some 1,500 events, a dozen checkpoints."""
OPS_MAX = 5


@dataclass(frozen=True, slots=True)
class Acknowledged:
    village: str
    position: Position


@dataclass(frozen=True, slots=True)
class Admitted:
    """A machine holds its certificate, or the nonce of the session it was given."""

    machine: Machine


Promise = Acknowledged | Admitted


@dataclass(slots=True)
class Day:
    recording: Recording


class Office:
    """The day's people and machines."""

    def __init__(self, recording: Recording, seed: int, synchronous: str) -> None:
        self.recording = recording
        self.clockwork = Clockwork(seed)
        self.database = RecordedDatabase.open(recording, DATABASE, migrations(), synchronous=synchronous)
        self.regency = Regency(self.database, Clock(START_MS, self.clockwork.chance))
        self.machines: list[Machine] = []
        self.sent: dict[str, int] = {}
        self.people = 0

    def work(self) -> None:
        drive(self.regency.put_cycle())
        drive(self.regency.import_list(siksng_row(nik(2), kk(2), "DEWI RAHAYU")))
        for village in (DESA, OTHER_DESA, WARD):
            self._enrol(village)
        jobs: list[Callable[[], None]] = [self._send, self._send, self._send, self._settle, self._greet, self._listen]
        while sum(isinstance(e, Acknowledged) for e in self._told()) < APPENDS:
            self.regency.clock.advance(seconds=20)
            self.clockwork.chance.choice(jobs)()

    def _told(self) -> list[Promise]:
        return [e.what for e in self.recording.events if hasattr(e, "what")]

    def _enrol(self, village: str) -> None:
        machine = drive(self.regency.enrol(village))
        self.recording.told(Admitted(machine.copy()))
        machine.open_log()
        self.machines.append(machine)
        self.sent[village] = 0
        self._greet(machine)

    def _greet(self, machine: Machine | None = None) -> None:
        machine = machine or self.clockwork.chance.choice(self.machines)
        drive(self.regency.greet(machine))
        self.recording.told(Admitted(machine.copy()))

    def _send(self) -> None:
        machine = self.clockwork.chance.choice(self.machines)
        for _ in range(self.clockwork.chance.randint(1, OPS_MAX)):
            self._write(machine)
        is_repeat = self.clockwork.happens(0.1) and self.sent[machine.village] > 0
        first = 1 if is_repeat else self.sent[machine.village] + 1
        appended = drive(self.regency.send(machine, first))
        self.sent[machine.village] = len(machine.ops)
        self.recording.told(Acknowledged(machine.village, appended.position))

    def _write(self, machine: Machine) -> None:
        if self.clockwork.happens(0.5):
            machine.issue(len(machine.ops) + 1)
            return
        self.people += 1
        known = self.clockwork.chance.randint(1, self.people)
        machine.propose(cycle=PANGAN, nik=nik(known), kk=kk(known))

    def _settle(self) -> None:
        drive(self.regency.settle())

    def _listen(self) -> None:
        machine = self.clockwork.chance.choice(self.machines)
        at = self.clockwork.chance.randint(0, 1)
        drive(self.regency.feed(machine, Cursors(drive(self.regency.timeline()), at, at, 0, 0), [("outbox_ops", at)]))


def record_day(folder: Path, seed: int, synchronous: str = "") -> Day:
    """One day in `folder`; `synchronous` is what a mutant uses in place of the product's choice."""
    recording = Recording(folder)
    office = Office(recording, seed, synchronous)
    office.work()
    drive(office.database.close())
    return Day(recording)


# --- after the power failure ------------------------------------------------------------------------------------------


def examine(day: Day, state: CrashState, folder: Path, promised: list[Promise]) -> Found:
    """Start the centre on what the crash left in `folder`."""
    found = Found()
    try:
        database = InPlaceDatabase.open(folder / DATABASE, migrations())
    except (DatabaseError, sqlite3.Error) as error:
        found.corrupt.append(f"does not open: {error}")
        return found
    clockwork = Clockwork(state.moment)
    regency = Regency(database, Clock(START_MS + 86_400_000, clockwork.chance))
    try:
        _examine(regency, promised, found)
    except (DatabaseError, sqlite3.Error, Refused, AssertionError) as error:
        found.corrupt.append(f"{type(error).__name__}: {error}")
    finally:
        drive(database.close())
    return found


def _examine(regency: Regency, promised: list[Promise], found: Found) -> None:
    drive(regency.ingest.start())

    async def missing(connection: Connection) -> int:
        lost = 0
        for each in promised:
            match each:
                case Acknowledged(village, position):
                    lost += not await _is_held(connection, village, position)
                case Admitted(machine):
                    box = await boxes.find(connection, machine.village, 1)
                    lost += box is None or box.public_key != machine.key.public
        return lost

    lost = drive(regency.database.read(missing))
    if lost:
        found.lost.append(f"{lost} things that a village was told are not there")
    drive(regency.settle())
    if drive(regency.database.read(missing)) != lost:
        found.corrupt.append("tabulating lost what was held")
    found.corrupt += drive(regency.database.quick_check())
    found.corrupt += drive(regency.database.read(lambda c: audit(c, RULES))).problems
    _come_back(regency, promised, found)


async def _is_held(connection: Connection, village: str, position: Position) -> bool:
    epochs = await logs.of_log_id(connection, village, position.log_id)
    return any([await logs.hash_at(connection, log, position.seq) == position.hash for log in epochs])


def _come_back(regency: Regency, promised: list[Promise], found: Found) -> None:
    """Every machine greets again with what it last kept; none may be taken for a copy."""
    last = {each.machine.village: each.machine for each in promised if isinstance(each, Admitted)}
    for machine in last.values():
        welcome = drive(regency.greet(machine.copy()))
        if not welcome.session:
            found.corrupt.append(f"a machine is not let in again: {welcome.directive}")
