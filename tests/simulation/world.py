"""One seed from beginning to end: some days of work while things break, then everything is mended, then it must be right.

safety phase    offices open and close, clerks work, faults come; what can be checked at once is checked at once
liveness phase  faults stop, people cure what needs people; within bounded time every queue is empty
rest            nothing happens, and nothing is written
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.store import feed as village_feed
from agent.store import oplog
from central.domain.decisions import Coverage
from central.domain.rule_changes import Change
from central.store import feeds as central_feeds
from chassis.database import Connection, drive
from protocol.feed import REGENCY, Cycle
from protocol.session import Phase
from tests.simulation import people, trouble
from tests.simulation.clockwork import DAY, MINUTE, START_MS, Clockwork, TooManyEvents
from tests.simulation.hardware import CENTRAL_SHELF, VILLAGE_SHELF
from tests.simulation.invariants import check_all, is_held
from tests.simulation.ledger import Ledger
from tests.simulation.line import Line, Weather
from tests.simulation.machine import Machine
from tests.simulation.regency import KIND_OF_TOMORROW, Regency
from tests.simulation.staff import Staff
from tests.simulation.trouble import TROUBLES
from tests.simulation.village import Village

DAYS = (2, 5)
OFFICE_MINUTES = (6, 14)
"""An office day is told in minutes of virtual time: what matters is what happens, not the waiting in between."""
CLERK_OPS_A_DAY = (3, 9)
TROUBLES_A_DAY = (0, 8)
HEAL_MINUTES_MAX = 240
"""Halts last ten minutes and a copy takes several to be retired; beyond this nothing moves any more."""
REST_MINUTES = 5
REQUESTS_A_MINUTE_MAX = 2
VIOLATIONS_MAX = 12
_PASSED = village_feed._PASSED
WEATHERS = (
    "lost_request",
    "lost_reply",
    "late_request",
    "late_reply",
    "duplicated_request",
    "delayed",
    "cut_request",
    "cut_reply",
)


@dataclass(slots=True)
class Outcome:
    """What one seed came to."""

    seed: int
    violations: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    ops: int = 0
    virtual_days: float = 0.0
    steps: int = 0
    trace: str = ""


class World:
    """A centre, some villages, and those who work and mend there."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.clockwork = clockwork = Clockwork(seed)
        self.violations: list[str] = []
        self.is_open = True
        self.is_upgraded = False
        self.novelties = 0
        self.ledger = Ledger()
        self.people = people.population(clockwork)
        self.regency = Regency(clockwork, self.report)
        self.weather = Weather(self._draw_weather())
        self.shelf = trouble.Shelf()
        self.lists: list[tuple[bytes, Sequence[Coverage]]] = []
        self.cycles: dict[str, Cycle] = {}
        self.changes: list[Change] = []
        self.villages = [self._open_village(code) for code in people.VILLAGES[: self._how_many()]]
        self.staff = Staff(clockwork, self.regency, self.new_machine)
        self.staff.reply_lost = 0.1
        self.troubles = self._draw_troubles()

    def _how_many(self) -> int:
        return self.clockwork.chance.choice((2, 2, 2, 3, 3, 4, 5))

    def _draw_weather(self) -> dict[str, float]:
        """Some seeds have a good line; others have a few kinds of trouble, mild or wild."""
        chance = self.clockwork.chance
        kinds = [kind for kind in WEATHERS if chance.random() < 0.5]
        return {kind: chance.choice((0.01, 0.03, 0.1, 0.25)) for kind in kinds} if chance.random() < 0.85 else {}

    def _draw_troubles(self) -> list[str]:
        chance = self.clockwork.chance
        names = [name for name in TROUBLES if chance.random() < 0.45]
        return names or ["kill_box"]

    def _open_village(self, code: str) -> Village:
        chance = self.clockwork.chance
        known = chance.sample(self.people, k=max(3, len(self.people) * 2 // 3))
        line = Line(self.clockwork, self.weather, self.regency)
        return Village(code, line, self.clockwork, self.ledger, known, self.report)

    def report(self, text: str) -> None:
        if len(self.violations) < VIOLATIONS_MAX:
            self.violations.append(f"day {self._day()}: {text}")
            self.clockwork.note(f"violation {text}")

    def _day(self) -> str:
        return f"{(self.clockwork.now_ms - START_MS) / DAY:.4f}"

    def new_machine(self, village: Village) -> Machine:
        machine = Machine(
            name=f"{village.code}/{len(village.machines)}",
            village=village.code,
            clockwork=self.clockwork,
            line=village.line,
            fingerprint=self.clockwork.random(16),
            report=self.report,
            on_acked=self._check_acked,
            on_dark=self.later_on,
        )
        village.machines.append(machine)
        return machine

    def later_on(self, machine: Machine) -> None:
        """After a power cut somebody presses the button, soon or tomorrow."""
        if self.clockwork.happens(0.8):
            self.clockwork.after(self.clockwork.between(100, 3 * MINUTE), "power on", lambda: self.press(machine))

    def press(self, machine: Machine) -> None:
        if self.is_open:  # at night nobody is there
            machine.power_on()

    def replace(self, village: Village) -> None:
        if self.is_open and not village.alive and self.regency.is_on:
            self.staff.install(village)

    # --- the officer ---

    def import_list(self, coverages: Sequence[Coverage]) -> None:
        digest = (len(self.lists) + 1).to_bytes(32, "big")
        self.lists.append((digest, coverages))
        self.regency.import_list(digest, coverages)

    def put_cycle(self, cycle: Cycle) -> None:
        self.cycles[cycle.code] = cycle
        self.regency.put_cycle(cycle)

    def change_rule(self, change: Change) -> None:
        self.changes.append(change)
        self.regency.change_rule(change)

    def _do_again(self) -> None:
        """After a restore of the centre: what an officer did lives in their files, and is done again."""
        for digest, coverages in self.lists:
            self.regency.import_list(digest, coverages)
        for change in self.changes:
            self.regency.change_rule(change)
        known = {cycle.code: cycle for cycle in self.regency.cycles()}
        for cycle in self.cycles.values():
            if known.get(cycle.code) != cycle:
                self.regency.put_cycle(cycle)

    # --- the story ---

    def run(self) -> Outcome:
        village_feed._PASSED = _PASSED
        try:
            self._begin()
            days = self.clockwork.chance.randint(*DAYS)
            for day in range(days):
                self._work(START_MS + day * DAY)
                if day + 1 < days or self.clockwork.happens(0.4):
                    self._close_offices()
                elif self.clockwork.happens(0.5):  # else: mended while all machines run
                    self._strike_at_rest()
            if self._mend():
                self._rest()
                self.violations += check_all(self)[:VIOLATIONS_MAX]
        except TooManyEvents as error:
            self.report(str(error))
        return self._end()

    def _end(self) -> Outcome:
        outcome = Outcome(
            self.seed,
            self.violations,
            self.clockwork.counts,
            sum(village.ops for village in self.villages),
            (self.clockwork.now_ms - START_MS) / DAY,
            self.clockwork.steps,
            self.clockwork.trace,
        )
        for village in self.villages:
            for machine in village.machines:
                machine.power_off()
                VILLAGE_SHELF.give_back(machine.disk)
        CENTRAL_SHELF.give_back(self.regency.disk)
        return outcome

    def _begin(self) -> None:
        for cycle in people.first_cycles(self.clockwork):
            self.put_cycle(cycle)
        for village in self.villages:
            machine = self.new_machine(village)
            village.backups.append(machine.disk.serialize())
            self.staff.enrol(village, machine)

    def _work(self, morning_ms: int) -> None:
        """One office day: machines are switched on, people come, things break, machines are switched off."""
        clockwork = self.clockwork
        clockwork.run_until(morning_ms)
        self.is_open = True
        length = clockwork.between(*OFFICE_MINUTES) * MINUTE
        if not self.regency.is_on:
            self.regency.power_on()
        for n, village in enumerate(self.villages):
            self._open_office(village, morning_ms)
            for _ in range(clockwork.chance.randint(*CLERK_OPS_A_DAY)):
                clockwork.after(clockwork.between(0, length), f"clerk {n}", village.serve_somebody)
            if clockwork.happens(0.5):
                clockwork.after(clockwork.between(0, length), f"staff {n}", lambda v=village: self.staff.visit(v))
        for _ in range(clockwork.chance.randint(*TROUBLES_A_DAY)):
            clockwork.after(clockwork.between(0, length), "trouble", self._strike)
        for _ in range(clockwork.chance.randint(0, 2)):
            clockwork.after(clockwork.between(0, length), "officer", self._officer_works)
        for _ in range(2):
            clockwork.after(clockwork.between(0, length), "copies", self._make_copies)
        clockwork.run_until(morning_ms + int(length))

    def _close_offices(self) -> None:
        self.is_open = False
        for village in self.villages:
            for machine in village.machines:
                machine.power_off()

    def _open_office(self, village: Village, morning_ms: int) -> None:
        machines = village.alive
        if village.takes_turns and machines:
            machines = [machines[morning_ms // DAY % len(machines)]]
        for machine in machines:
            self.clockwork.after(self.clockwork.between(0, MINUTE), "open", machine.power_on)

    def _strike(self) -> None:
        name = self.clockwork.chance.choices(self.troubles, weights=[TROUBLES[t][1] for t in self.troubles])[0]
        village = self.clockwork.chance.choice(self.villages)
        if TROUBLES[name][0](self, village):
            self.clockwork.count(name)

    def _strike_at_rest(self) -> None:
        """The centre goes back by minutes, or a last fault comes, and then nobody writes: boxes at rest must find out."""
        self._make_copies()
        for village in self.villages:
            for _ in range(self.clockwork.chance.randint(0, 3)):
                self.clockwork.after(self.clockwork.between(0, MINUTE), "clerk", village.serve_somebody)
        self.clockwork.run_until(self.clockwork.now_ms + 3 * MINUTE)
        if self.clockwork.happens(0.6) and trouble.restore_centre_from(self, self.shelf.central[-1]):
            self.clockwork.count("restore_centre")
        else:
            self._strike()

    def _officer_works(self) -> None:
        trouble.officer_import(self, self.clockwork.chance.choice(self.villages))
        for _ in range(3):
            if self.regency.is_on:
                self.regency.move_dossier()

    def _make_copies(self) -> None:
        """Backups and images are made by people who mean well."""
        village = self.clockwork.chance.choice(self.villages)
        for machine in village.alive[:1]:
            machine.disk.spin_up()
            village.backups.append(machine.disk.serialize())
            images = self.shelf.images.setdefault(village.code, [])
            images.append(machine.image())
            del village.backups[: -trouble.IMAGES_KEPT], images[: -trouble.IMAGES_KEPT]
        self.shelf.central.append(self.regency.backup())
        del self.shelf.central[: -trouble.IMAGES_KEPT]

    # --- mending ---

    def _mend(self) -> bool:
        """Faults stop. True once every queue is empty; a violation when that takes too long."""
        self._stop_faults()
        if self.novelties:
            self._upgrade()
        start_ms = self.clockwork.now_ms
        is_confirmed = not self.regency.restored_at_ms
        for _ in range(HEAL_MINUTES_MAX):
            for village in self.villages:
                self.staff.visit(village)
            if self.regency.restored_at_ms:
                self._do_again()
            self.clockwork.run_until(self.clockwork.now_ms + MINUTE)
            if self._waiting():
                continue
            if not is_confirmed:
                self.regency.say_answers_again()
                is_confirmed = True
                continue
            return True
        minutes = (self.clockwork.now_ms - start_ms) // MINUTE
        self.report(f"I11 still waiting after {minutes} minutes: {'; '.join(self._waiting())}")
        return False

    def _stop_faults(self) -> None:
        self.weather.is_bad = False
        self.staff.reply_lost = 0.0
        self.regency.clock.shift_ms = 0
        self.regency.fuse.where = ""
        for village in self.villages:
            village.line.cut_until_ms = village.line.portal_until_ms = 0
            village.takes_turns = False
            for machine in village.machines:
                machine.fuse.where = ""
                machine.clock.shift_ms, machine.clock.stuck_at_ms = 0, None
        if self.clockwork.happens(0.3):  # a long weekend: all that is still on its way arrives before anybody works
            self._close_offices()
            self.clockwork.run_until(self.clockwork.now_ms + 4 * DAY)
        self.is_open = True

    def _upgrade(self) -> None:
        """Every village gets the program that knows tomorrow's kind."""
        self.is_upgraded = True
        village_feed._PASSED = _PASSED | {KIND_OF_TOMORROW}
        self._close_offices()
        self.is_open = True

    def _waiting(self) -> list[str]:
        """What keeps the world from rest."""
        batches, dirty = self.regency.waiting()
        waits = [f"centre: {batches} batches, {dirty} undecided"] if batches or dirty else []
        for village in self.villages:
            waits += [f"{village.code}: {why}" for why in self._village_waits(village)]
        return waits

    def _village_waits(self, village: Village) -> list[str]:
        if len(village.alive) != 1:
            return [f"{len(village.alive)} machines"]
        machine = village.alive[0]
        courier = machine.courier
        if not machine.is_on or courier is None:
            return ["off"]
        session, waits = courier.session, []
        if session.phase is not Phase.SENDING or courier.status.halted:
            waits.append(f"{session.phase} {courier.status.halted} {courier.status.last_error}")
        if machine.read(oplog.outbox).ops:
            waits.append(f"{machine.read(oplog.outbox).ops} unsent")
        if not drive(machine.store.is_numbering_known()):
            waits.append("numbers unknown")
        if machine.doubt:
            waits.append(f"nobody has read the agenda yet, though {machine.doubt}")
        waits += self._feed_waits(village, machine)
        return waits

    def _feed_waits(self, village: Village, machine: Machine) -> list[str]:
        async def heads(connection: Connection) -> tuple[int, int]:
            own = await central_feeds.head(connection, village.code)
            return own[0], (await central_feeds.head(connection, REGENCY))[0]

        own, shared = drive(self.regency.disk.read(heads))
        at = machine.read(village_feed.cursors)
        if (at.village_applied, at.regency_applied) == (own, shared) and at.timeline:
            return []
        return [f"feeds at {at.village_applied}/{own} and {at.regency_applied}/{shared}"]

    def _rest(self) -> None:
        """I11: an idle box asks at most twice a minute and writes nothing."""
        self.clockwork.run_until(self.clockwork.now_ms + MINUTE)
        if self._waiting():
            self.report(f"I11 fell out of rest: {'; '.join(self._waiting())}")
            return
        before = [(v.line.calls, v.alive[0].disk.changes, v.alive[0].mark.writes) for v in self.villages]
        self.clockwork.run_until(self.clockwork.now_ms + REST_MINUTES * MINUTE)
        for village, (calls, changes, marks) in zip(self.villages, before, strict=True):
            machine = village.alive[0]
            asked = village.line.calls - calls
            if asked > REST_MINUTES * REQUESTS_A_MINUTE_MAX:
                self.report(f"I11 an idle box made {asked} requests in {REST_MINUTES} minutes")
            if machine.disk.changes != changes or machine.mark.writes != marks:
                self.report(f"I11 an idle box wrote {machine.disk.changes - changes} rows")

    # --- checked at once ---

    def _check_acked(self, machine: Machine) -> None:
        """What a machine takes for acknowledged must be held by the centre, now."""
        logs = machine.read(oplog.local_logs)
        is_restored = self.clockwork.now_ms - self.regency.restored_at_ms < 3 * MINUTE
        for log in logs:
            before = machine.acked.get(log.head.log_id, 0)
            machine.acked[log.head.log_id] = log.acked_seq
            if (
                log.acked_seq > before
                and not is_restored
                and not is_held(self, machine, log.head.log_id, log.acked_seq)
            ):
                self.report(f"I1 {machine.name} takes {log.acked_seq} for acknowledged, the centre does not hold it")
        courier = machine.courier
        if machine.doubt == trouble.IMAGE_DOUBT and courier is not None and courier.session.phase is Phase.SENDING:
            held = dict.fromkeys(self.regency.hashes())
            if any(each in held for each in machine.taken_back):
                machine.doubt = ""  # the centre has spoken: from now on the machine knows what it is a copy of
