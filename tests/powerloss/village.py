"""A village's day on a recorded disk, and what must stand on it after any power failure of that day.

The day runs the real store, mark and courier against a real centre in memory. `problems` opens what a crash left as
the program would: every op a clerk was told of is there and chained, the views say what the log says, no number is
given twice, and the counter is not stopped.
"""

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from agent.domain.numbering import NumberingError
from agent.domain.refusal import Refusal
from agent.store import Desk, MarkFile, Store, aid, inspection, letters, oplog, residents
from agent.sync import Courier, Reply
from chassis import schema
from chassis.database import Connection, DatabaseError, InPlaceDatabase, MigrationFolder, drive
from chassis.signing import Key
from protocol.codec import decode, encode
from protocol.messages import EnrolReply, EnrolRequest
from protocol.ops import GENESIS, Op
from protocol.session import Condition
from tests.powerloss.crash import CrashState
from tests.powerloss.recording import RecordedDatabase, Recording, recorded_mark
from tests.simulation.clockwork import DAY, Clockwork
from tests.simulation.hardware import Fuse
from tests.simulation.line import Call
from tests.simulation.machine import Badge, Stamper, WallClock
from tests.simulation.people import KINDS, VILLAGES, catalogue, draft, first_cycles, policy, population, some_list
from tests.simulation.regency import Regency

VILLAGE = VILLAGES[0]
DATABASE, MARK = "village.db", "mark"
WRITES = 70
"""Writes of a clerk in one day: some 1,500 events, a dozen checkpoints."""
VIEWS = (
    "resident",
    "letter",
    "number_used",
    "number_floor",
    "proposal",
    "deliberation",
    "objection",
    "report_verification",
    "identity_answer",
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said:
    """What a clerk saw succeed: the ops of one write, and the number of the letter among them."""

    ops: tuple[bytes, ...]
    number: tuple[str, int, int] | None


@dataclass(slots=True)
class Day:
    """The recording, and what the log of that day makes of the views after each of its ops."""

    recording: Recording
    views: dict[bytes, str] = field(default_factory=dict)


def migrations() -> list[MigrationFolder]:
    return [schema.MIGRATIONS, MigrationFolder("agent", files("agent.schema"))]


# --- the day ----------------------------------------------------------------------------------------------------------


class DirectRoad:
    """To a centre in the same process; a long-poll that finds nothing is over at once."""

    def __init__(self, regency: Regency) -> None:
        self._regency = regency

    async def request(self, method: str, path: str, query: Any, headers: Any, body: bytes, seconds: float) -> Reply:
        answers: list[Reply | None] = []
        call = Call(method, path, query, headers, body, seconds)
        self._regency.receive(call, answers.append)
        while self._regency.parked:
            self._regency._unpark(self._regency.parked[0], Reply(204, b""))
        answer = answers[0]
        assert answer is not None
        return answer


class Counter:
    """A clerk who works through the day and a courier who comes by."""

    def __init__(self, recording: Recording, seed: int, synchronous: str) -> None:
        self.recording = recording
        self.clockwork = Clockwork(seed)
        self.regency = Regency(self.clockwork, _must_not)
        self.database = RecordedDatabase.open(recording, DATABASE, migrations(), synchronous=synchronous)
        stamper = Stamper(self.clockwork, WallClock(self.clockwork))
        self.store = Store(self.database, MarkFile(recording.folder / MARK), stamper, VILLAGE)
        self.people = population(self.clockwork)
        self.letters: list[bytes] = []
        self.proposals: list[bytes] = []

    def work(self) -> None:
        drive(self.store.open())
        for cycle in first_cycles(self.clockwork):
            self.regency.put_cycle(cycle)
        self.regency.import_list(b"l" * 32, some_list(self.clockwork, self.people, 1))
        courier = Courier(self.store, self._enrol(), DirectRoad(self.regency), self.clockwork.chance.random, _no_health)
        drive(self.store.note_first_of_village())
        jobs: list[Callable[[], None]] = [
            self._register,
            self._issue,
            self._issue,
            self._propose,
            self._void,
            self._withdraw,
        ]
        self._register()
        for n in range(WRITES):
            self.clockwork.chance.choice(jobs)()
            if n % 4 == 0:
                self._visit(courier)

    def _enrol(self) -> Badge:
        key = Key.from_seed(self.clockwork.random(32))
        fingerprint = self.clockwork.random(16)
        token = drive(self.regency.enrolment.give_token(VILLAGE, "officer"))
        answer = drive(self.regency.enrolment.enrol(encode(EnrolRequest(token, key.public, fingerprint, VILLAGE))))
        reply = decode(answer.body, EnrolReply)
        return Badge(VILLAGE, key, reply.certificate, reply.central_key, fingerprint, Fuse(), 1)

    def _visit(self, courier: Courier) -> None:
        for _ in range(4):
            drive(courier.step_up())
            drive(courier.step_down())
            self.clockwork.run_until(self.clockwork.now_ms + 10_000)

    def _write(self, work: Callable[[Desk], Awaitable[T]], number_of: Callable[[T], Any] = lambda result: None) -> T:
        """A clerk's write; told once `Store.write` returns."""
        ops: list[bytes] = []

        async def noted(desk: Desk) -> T:
            before = desk.head.seq
            result = await work(desk)
            ops.extend(
                row[0]
                for row in await desk.connection.fetch_all(
                    "SELECT hash FROM op JOIN log ON log.ordinal = op.log WHERE log_id = $1 AND seq > $2",
                    desk.head.log_id,
                    before,
                )
            )
            return result

        result = drive(self.store.write(noted))
        if ops:
            self.recording.told(Said(tuple(ops), number_of(result)))
        return result

    def _register(self) -> None:
        some = self.clockwork.chance.sample(self.people, 3)
        self._write(lambda desk: residents.register_all(desk, some, "sri"))

    def _issue(self) -> None:
        person = self.clockwork.chance.choice(self.people)
        kind = self.clockwork.chance.choice(KINDS)
        letter = self._write(
            lambda desk: _issue(desk, kind, person), lambda made: (made.series, made.year, made.number)
        )
        self.letters.append(letter.letter_id)

    def _void(self) -> None:
        if self.letters:
            letter = self.letters.pop(self.clockwork.chance.randrange(len(self.letters)))
            self._write(lambda desk: letters.void(desk, letter, "salah ketik", "sri"))

    def _propose(self) -> None:
        person = residents.Registered(bytes(16), self.clockwork.chance.choice(self.people))
        cycle = self.clockwork.chance.choice([c.code for c in self.regency.cycles()])
        made = self._write(lambda desk: aid.propose(desk, cycle, person, "", "sri"))
        if isinstance(made, bytes):
            self.proposals.append(made)

    def _withdraw(self) -> None:
        if self.proposals:
            proposal = self.proposals.pop()
            self._write(lambda desk: aid.withdraw(desk, proposal, "pindah", "sri"))


async def _issue(desk: Desk, kind: str, person: residents.Resident) -> letters.Letter:
    made = await letters.issue(
        desk,
        draft(kind, person, date(2021, 5, 17)),
        catalogue()[kind],
        policy(VILLAGE),
        bytes(16),
        "sri",
        is_date_confirmed=True,
    )
    assert not isinstance(made, Refusal), made
    return made


async def _no_health() -> list[tuple[str, int]]:
    return []


def _must_not(problem: str) -> None:
    raise AssertionError(problem)


def record_day(folder: Path, seed: int, synchronous: str = "") -> Day:
    """One day in `folder`; `synchronous` is what a mutant uses in place of the product's choice."""
    recording = Recording(folder)
    with recorded_mark(recording):
        counter = Counter(recording, seed, synchronous)
        counter.work()
        ops = drive(counter.database.read(_ops))
        counter.store.mark.close()  # type: ignore[attr-defined]
        drive(counter.database.close())
    return Day(recording, _views_after_each(ops))


async def _ops(connection: Connection) -> list[Op]:
    rows = await connection.fetch_all(
        "SELECT log_id, seq, hash, header, body, written_ms FROM op JOIN log ON log.ordinal = op.log ORDER BY op.log, seq"
    )
    return [Op(*row[:5]) for row in map(tuple, rows)]


def _views_after_each(ops: list[Op]) -> dict[bytes, str]:
    """The views that an empty database has after applying the log up to each op."""
    database = InPlaceDatabase.open(":memory:", migrations())
    found = {b"": drive(database.read(_dump))}
    ordinal, _ = drive(database.transact(lambda c: oplog.open_log(c, ops[0].log_id)))
    for op in ops:
        drive(database.transact(lambda c, op=op: oplog.append(c, ordinal, op, 0)))
        found[op.hash] = drive(database.read(_dump))
    drive(database.close())
    return found


async def _dump(connection: Connection) -> str:
    """Everything the views say."""
    rows = [
        [table, *map(tuple, await connection.fetch_all(f"SELECT * FROM {table} ORDER BY 1, 2, 3"))] for table in VIEWS
    ]
    return sha256(repr(rows).encode()).hexdigest()


# --- after the power failure ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Found:
    """What is wrong. `lost`: something told is gone, or a number told could be given again."""

    lost: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)


def examine(day: Day, state: CrashState, folder: Path, said: list[Said]) -> Found:
    """Start the program on what the crash left in `folder`."""
    found = Found()
    try:
        database = InPlaceDatabase.open(folder / DATABASE, migrations())
    except (DatabaseError, sqlite3.Error) as error:
        found.corrupt.append(f"does not open: {error}")
        return found
    mark = MarkFile(folder / MARK)
    clockwork = Clockwork(state.moment)
    clockwork.now_ms += DAY
    store = Store(database, mark, Stamper(clockwork, WallClock(clockwork)), VILLAGE)
    try:
        _examine(day, store, said, found)
    except (DatabaseError, sqlite3.Error, NumberingError, OSError, AssertionError) as error:
        found.corrupt.append(f"{type(error).__name__}: {error}")
    finally:
        drive(database.close())
        mark.close()
    return found


def _examine(day: Day, store: Store, said: list[Said], found: Found) -> None:
    drive(store.open())
    ops = drive(store.database.read(_ops))
    held = {op.hash for op in ops}
    missing = sum(digest not in held for each in said for digest in each.ops)
    if missing:
        found.lost.append(f"{missing} ops that a clerk was told of")
    prev = GENESIS
    for n, op in enumerate(ops, start=1):
        if op.seq != n or op.hash != _hash(op, prev):
            found.corrupt.append(f"the chain breaks at {n}")
            break
        prev = op.hash
    if drive(store.database.read(_dump)) != day.views[ops[-1].hash if ops else b""]:
        found.corrupt.append("the views differ from the log")
    if not said and store.mark.read() is None:
        return  # nobody was told anything yet: a box that died in its very first write may ask for the paper agenda
    if store.condition is not (Condition.INTACT if ops else Condition.FRESH):
        found.corrupt.append(f"the box takes itself for {store.condition}")
    _go_on(store, said, found)
    found.corrupt += drive(inspection.inspect(store))


def _go_on(store: Store, said: list[Said], found: Found) -> None:
    """The next letter, as a clerk would write it: its number is above every number told."""
    numbers = [each.number for each in said if each.number]
    if not drive(store.is_numbering_known()):
        if said:
            found.corrupt.append("numbering is refused")
        return
    person = population(Clockwork(1))[0]
    letter = drive(store.write(lambda desk: _issue(desk, KINDS[0], person)))
    used = [number for series, year, number in numbers if (series, year) == (letter.series, letter.year)]
    if used and letter.number <= max(used):
        found.lost.append("a number that stands on paper was given again")


def _hash(op: Op, prev: bytes) -> bytes:
    """By this test's own few lines, so that a fault of the product cannot excuse itself."""
    digest = sha256(b"kampung/body/1" + op.body).digest()
    return sha256(b"kampung/op/1" + op.log_id + op.seq.to_bytes(8, "big") + prev + digest + op.header).digest()
