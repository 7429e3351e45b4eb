"""The centre and its people: the process that answers boxes, the pipeline behind it, the officer, the backups.

One database, the real functions of `central`, each step an event of its own so that batches differ from seed to seed.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.sync import Reply
from central.domain.agencies import read_seat
from central.domain.decisions import Coverage
from central.domain.dossiers import steps_from
from central.domain.rule_changes import Change, ChangeRefused, apply
from central.enrolment import Enrolment
from central.ingest import Answer, Ingest, Quiet
from central.pipeline import judge_next
from central.rules import shipped_agencies, shipped_edition, shipped_rules
from central.store import boxes, dossiers, facts, feeds, imports, likely, logs, rule_changes
from chassis.database import Connection, drive
from chassis.signing import Key
from protocol.codec import pack
from protocol.feed import REGENCY, Cycle
from protocol.messages import Cursors
from tests.central import kept
from tests.simulation.clockwork import SECOND, Clockwork
from tests.simulation.hardware import CENTRAL_SHELF, Disk, Fuse, PowerCut
from tests.simulation.line import Call
from tests.simulation.machine import WallClock, describe

PIPELINE_MS = (1, 8 * SECOND)
"""How long a batch may wait for the pipeline: sometimes several villages' batches pile up."""

KIND_OF_TOMORROW = "tariff"

AnswerTo = Callable[[Reply | None], None]


@dataclass(slots=True)
class Revoked:
    """The list of machines that must never come back, outside the database."""

    known: dict[tuple[str, int], bool] = field(default_factory=dict)

    def is_revoked(self, village: str, serial: int) -> bool:
        return (village, serial) in self.known


@dataclass(frozen=True, slots=True)
class CentralClock:
    clockwork: Clockwork
    clock: WallClock

    def now_ms(self) -> int:
        return self.clock.now_ms()

    def random(self, size: int) -> bytes:
        return self.clockwork.random(size)


@dataclass(slots=True)
class Parked:
    """A long-poll that waits for news."""

    call: Call
    answer: AnswerTo
    token: bytes
    cursors: Cursors
    is_over: bool = False


class Regency:
    """The centre as a process on a machine of its own."""

    def __init__(self, clockwork: Clockwork, report: Callable[[str], None]) -> None:
        self.clockwork = clockwork
        self.report = report
        self.fuse = Fuse()
        self.disk: Disk = CENTRAL_SHELF.take()
        self.disk.fuse = self.fuse
        self.clock = WallClock(clockwork)
        self.key = Key.from_seed(clockwork.random(32))
        self.revoked = Revoked()
        self.rules = shipped_rules()
        clock = CentralClock(clockwork, self.clock)
        self.ingest = Ingest(self.disk, self.key, clock, self.revoked)
        self.ingest.on_kept = self._poke
        self.ingest.on_published = lambda feed: self._wake()
        self.enrolment = Enrolment(self.disk, self.key, clock, self.revoked)
        self.is_on = True
        self.runs = 0
        self.parked: list[Parked] = []
        self.restored_at_ms = 0
        self.requests = 0
        self._is_poked = False

    # --- answering ---

    def receive(self, call: Call, answer: AnswerTo) -> None:
        if not self.is_on:
            answer(None)
            return
        self.requests += 1
        changes = self.disk.changes
        try:
            reply = self._reply(call, answer)
            if call.is_damaged and self.disk.changes != changes:
                self.report(f"a damaged {call.path} changed the centre")
        except PowerCut:
            self.lose_power()
            answer(None)
            return
        except Exception as error:  # a bug: a real centre would answer 500, the simulator tells
            self.report(f"centre_crash: {call.method} {call.path}: {describe(error)}")
            answer(Reply(500, b""))
            return
        if reply is not None:
            answer(Reply(reply.status, reply.body))

    def _reply(self, call: Call, answer: AnswerTo) -> Answer | None:
        token = _token(call)
        match call.path.split("/")[2]:
            case "hello":
                return drive(self.ingest.hello(call.body))
            case "append":
                return drive(self.ingest.append(token, call.body))
            case "quarantine":
                return drive(self.ingest.quarantine(token, call.body))
            case "log":
                query = call.query
                return drive(
                    self.ingest.read_log(token, bytes.fromhex(query["log"]), int(query["epoch"]), int(query["after"]))
                )
            case "chunk":
                return drive(self.ingest.read_chunk(token, bytes.fromhex(call.path.rsplit("/", 1)[1])))
            case _:
                return self._feed(call, token, answer)

    def _feed(self, call: Call, token: bytes, answer: AnswerTo) -> Answer | None:
        query = call.query
        village = [int(part) for part in query["village"].split(",")]
        shared = [int(part) for part in query["regency"].split(",")]
        cursors = Cursors(bytes.fromhex(query["timeline"]), village[0], village[1], shared[0], shared[1])
        found = drive(self.ingest.feed(token, cursors, None))
        if not isinstance(found, Quiet):
            return found
        parked = Parked(call, answer, token, cursors)
        self.parked.append(parked)
        self.clockwork.after(int(query["wait"]) * SECOND, "wait over", lambda: self._give_up(parked))
        return None

    def _give_up(self, parked: Parked) -> None:
        if not parked.is_over:
            self._unpark(parked, Reply(204, b""))

    def _unpark(self, parked: Parked, reply: Reply | None) -> None:
        parked.is_over = True
        self.parked.remove(parked)
        parked.answer(reply)

    def _wake(self) -> None:
        """Something was published: whoever waits looks again."""
        for parked in list(self.parked):
            try:
                found = drive(self.ingest.feed(parked.token, parked.cursors, None))
            except PowerCut:
                self.lose_power()
                return
            if not isinstance(found, Quiet):
                self._unpark(parked, Reply(found.status, found.body))

    # --- the pipeline ---

    def _poke(self) -> None:
        if not self._is_poked:
            self._is_poked = True
            self.clockwork.after(self.clockwork.between(*PIPELINE_MS), "pipeline", self._run_pipeline)

    def _run_pipeline(self) -> None:
        """One step; planned again while there is something to do."""
        self._is_poked = False
        if not self.is_on:
            return
        now_ms = self.clock.now_ms()
        try:
            is_more = drive(self.disk.transact(lambda c: judge_next(c, self.rules, now_ms)))
        except PowerCut:
            self.lose_power()
            return
        except Exception as error:
            self.report(f"centre_crash: pipeline: {describe(error)}")
            return
        self._wake()
        if is_more:
            self._poke()

    def waiting(self) -> tuple[int, int]:
        """Batches not tabulated, proposals not decided."""

        async def look(connection: Connection) -> tuple[int, int]:
            return await logs.count_waiting(connection), await facts.count_dirty(connection)

        return drive(self.disk.read(look))

    # --- power, backups ---

    def lose_power(self) -> None:
        """Connections break; what was committed stays."""
        self.is_on = False
        self.runs += 1
        self.fuse.where = ""
        for parked in list(self.parked):
            self._unpark(parked, None)

    def power_on(self) -> None:
        if self.is_on:
            return
        self.disk.spin_up()
        drive(self.ingest.start())
        self.is_on = True
        self._poke()

    def backup(self) -> bytes:
        return self.disk.serialize()

    def restore(self, image: bytes, *, is_told: bool) -> None:
        """An older copy in place of the database. `is_told`: through the restore command, which starts a new timeline."""
        self.lose_power()
        self.disk.spin_up()
        self.disk.deserialize(image)
        self.restored_at_ms = self.clockwork.now_ms
        if is_told:
            timeline = self.clockwork.random(16)
            drive(self.disk.transact(lambda c: boxes.start_timeline(c, timeline, self.clock.now_ms())))

    def hashes(self) -> list[bytes]:
        """Every op the centre durably holds."""
        return [each.op.hash for each in drive(self.disk.read(kept.ops))]

    # --- the officer ---

    def cycles(self) -> list[Cycle]:
        return drive(self.disk.read(facts.cycles))

    def put_cycle(self, cycle: Cycle) -> None:
        now_ms = self.clock.now_ms()

        async def work(connection: Connection) -> None:
            await facts.put_cycle(connection, cycle)
            news = feeds.Publication("cycle", b"cycle:" + cycle.code.encode(), pack(cycle))
            await feeds.publish(connection, REGENCY, [news], now_ms)

        self._do(work)

    def change_rule(self, change: Change) -> None:
        """One officer asks, another approves; nothing where it is so already, or does not fit."""
        now_ms = self.clock.now_ms()

        async def work(connection: Connection) -> None:
            book = await rule_changes.book(connection, shipped_edition())
            try:
                if apply(book, change) == book:
                    return
            except ChangeRefused:
                return
            made = await rule_changes.draft(connection, change, reason="contoh", actor="satu", now_ms=now_ms)
            found = await rule_changes.find(connection, made)
            assert found is not None
            await rule_changes.approve(connection, found, book, actor="dua", now_ms=now_ms)

        self._do(work)

    def move_dossier(self) -> None:
        """An agency's person opens the worklist and does the next thing with one letter."""
        seat = read_seat("Dinkes", shipped_agencies())

        async def work(connection: Connection) -> None:
            lines, _ = await dossiers.worklist(connection, seat, "open", "", 1)
            if not lines:
                return
            line = self.clockwork.chance.choice(lines)
            opened = await dossiers.open_dossier(connection, seat, line.record)
            assert opened is not None
            if opened.letter is None:
                self.report(f"a dossier of {line.village} arrived and its letter cannot be found")
            step = self.clockwork.chance.choice(steps_from(line.state, is_letter_valid=opened.is_letter_valid))
            now_ms = self.clock.now_ms()
            await dossiers.take_step(connection, line.record, line.state, step, "catatan", "dinkes", now_ms)
            self.clockwork.count("dossier_moved")

        self._do(work)

    def import_list(self, digest: bytes, coverages: Sequence[Coverage]) -> None:
        """A list of people in other schemes; the same list again changes nothing."""

        async def work(connection: Connection) -> None:
            if await imports.find_digest(connection, digest) is not None:
                return
            now_ms = self.clock.now_ms()
            list_ = imports.ImportFile(digest, "daftar.csv", "simulasi", "2021-05-01", now_ms, "petugas", b"")
            file_id = await imports.put(connection, list_)
            await facts.add_coverages(connection, file_id, enumerate(coverages, start=1))
            await likely.note_covered(connection, file_id)
            await imports.mark_done(connection, file_id, "petugas", now_ms)

        self._do(work)

    def say_something_new(self, serial: int) -> None:
        """A centre one version ahead tells villages what their program does not know, and that it matters."""
        key = serial.to_bytes(4, "big")

        async def work(connection: Connection) -> None:
            news = feeds.Publication(KIND_OF_TOMORROW, b"tomorrow:" + key, key)
            await feeds.publish(connection, REGENCY, [news], self.clock.now_ms())

        self._do(work)

    def say_answers_again(self) -> None:
        """Once the villages have sent again what a restore had lost."""
        self._do(facts.say_again)

    def _do(self, work: Callable[[Connection], object]) -> None:
        try:
            drive(self.disk.transact(work))  # type: ignore[arg-type]
        except PowerCut:
            self.lose_power()
            return
        self._wake()
        self._poke()


def _token(call: Call) -> bytes:
    return base64.urlsafe_b64decode(call.headers.get("Authorization", "Kampung ")[8:])
