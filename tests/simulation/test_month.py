"""A month behind a cut cable: every letter and proposal of thirty days is on one machine, then arrives at once."""

from collections.abc import Callable
from typing import Any

from agent.domain.refusal import ALREADY_PROPOSED
from agent.domain.residents import Resident
from agent.store import aid, oplog, residents
from central.audit import audit
from chassis.database import Connection, drive
from protocol.feed import Cycle
from protocol.schemes import month
from tests.simulation import people
from tests.simulation.clockwork import DAY, MINUTE, SECOND, START_MS
from tests.simulation.invariants import check_all
from tests.simulation.machine import Machine
from tests.simulation.village import Village
from tests.simulation.world import World

DAYS, LETTERS_A_DAY, PROPOSALS_A_DAY, POWER_CUTS_A_DAY = 30, 200, 40, 4
OFFICE = 10 * MINUTE
CUTS = ("before", "inside", "after", "mark", "torn")
TRIES = 5


class Month(World):
    """One office. Nobody restores or copies anything; the power fails several times a day."""

    def _how_many(self) -> int:
        return 1

    def _draw_weather(self) -> dict[str, float]:
        return {}

    def run_month(self) -> Machine:
        self._begin()
        (village,) = self.villages
        (machine,) = village.machines
        for code, scheme in people.CYCLES:
            now_ms = self.clockwork.now_ms
            self.put_cycle(
                Cycle(code, scheme, code, month(2021, 5), month(2021, 7), now_ms - DAY, now_ms + (DAYS + 10) * DAY, 14)
            )
        machine.power_on()
        self.clockwork.run_until(START_MS + 5 * MINUTE)
        village.line.cut_until_ms = START_MS + DAYS * DAY
        village.people = [
            people._resident(self.clockwork, serial, f"35102501019{serial:05d}")
            for serial in range(1, DAYS * PROPOSALS_A_DAY // len(people.CYCLES) + 1)
        ]
        for person in village.people:
            self._insist(village, machine, lambda person=person: self._register(village, machine, person))  # type: ignore[misc]
        for day in range(DAYS):
            self._work_a_day(village, machine, day)
        return machine

    def _work_a_day(self, village: Village, machine: Machine, day: int) -> None:
        clockwork = self.clockwork
        clockwork.run_until(START_MS + day * DAY + 10 * MINUTE)
        machine.power_on()
        work = [lambda: village._letter(machine)] * LETTERS_A_DAY
        for n in range(day * PROPOSALS_A_DAY, (day + 1) * PROPOSALS_A_DAY):
            work.append(lambda n=n: self._propose(village, machine, n))  # type: ignore[misc]
        for each in work:
            act = lambda each=each: self._insist(village, machine, each)  # type: ignore[misc] # noqa: E731
            clockwork.after(clockwork.between(0, OFFICE), "clerk", act)
        for _ in range(POWER_CUTS_A_DAY):
            clockwork.after(clockwork.between(0, OFFICE), "storm", lambda: self._arm(machine))
        clockwork.run_until(clockwork.now_ms + OFFICE)
        machine.power_off()

    def _arm(self, machine: Machine) -> None:
        machine.fuse.where = self.clockwork.chance.choice(CUTS)
        machine.fuse.on_strike = lambda: self.clockwork.count("power_cut")

    def later_on(self, machine: Machine) -> None:
        self.clockwork.after(self.clockwork.between(SECOND, MINUTE), "power on", machine.power_on)

    def _insist(self, village: Village, machine: Machine, act: Callable[[], Any]) -> None:
        """The clerk waits for the power and does it again, until it is done, or was done when the power failed."""
        before = village.ops
        for _ in range(TRIES):
            machine.power_on()
            answer = act()
            if village.ops > before or answer == ALREADY_PROPOSED:
                return
        self.report("a clerk could not do the work")

    def _register(self, village: Village, machine: Machine, person: Resident) -> Any:
        return village._write(machine, "register", lambda desk: residents.register(desk, person, "petugas"))

    def _propose(self, village: Village, machine: Machine, n: int) -> Any:
        person, (code, _) = village.people[n // len(people.CYCLES)], people.CYCLES[n % len(people.CYCLES)]
        (known,) = machine.read(lambda c: residents.search(c, person.nik, 2))
        return village._write(machine, "propose", lambda desk: aid.propose(desk, code, known, "", "petugas"))


def test_a_month_without_a_network_arrives_whole() -> None:
    world = Month(1)
    machine = world.run_month()
    waiting = machine.read(oplog.outbox).ops
    assert waiting >= DAYS * (LETTERS_A_DAY + PROPOSALS_A_DAY)
    assert world.clockwork.counts["power_cut"] > DAYS
    assert world._mend(), world.violations
    assert world.violations + check_all(world) == []
    found = drive(world.regency.disk.read(lambda c: audit(c, world.regency.rules)))
    assert found.problems == []
    assert found.decisions == DAYS * PROPOSALS_A_DAY

    async def numbers(connection: Connection) -> list[int]:
        return [r[0] for r in await connection.fetch_all("SELECT number FROM letter ORDER BY number")]

    assert len(machine.read(numbers)) >= DAYS * LETTERS_A_DAY
    assert machine.read(numbers) == list(range(1, len(machine.read(numbers)) + 1))
    assert machine.read(oplog.outbox).ops == 0
