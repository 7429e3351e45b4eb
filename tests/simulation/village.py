"""A village office: its clerk at the counter, its paper agenda, its machines (one, unless somebody copied it)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from agent.domain import numbering
from agent.domain.refusal import NUMBERING_UNKNOWN, Refusal
from agent.domain.residents import Resident
from agent.store import Desk, aid, cycles, dossiers, letters, oplog, residents
from agent.store.residents import Registered
from protocol.codec import pack
from protocol.ops import OP_BYTES_MAX, Header, Op, make_op
from tests.simulation import people
from tests.simulation.clockwork import Clockwork
from tests.simulation.hardware import PowerCut
from tests.simulation.ledger import Ledger, Seen
from tests.simulation.line import Line
from tests.simulation.machine import Machine
from tests.simulation.people import Printed

WORK = (("register", 3), ("letter", 6), ("propose", 5), ("void", 1), ("withdraw", 1), ("correct", 1), ("dossier", 3))
"""What people come to the counter for, by weight."""
POISONS = ("unknown_kind", "future_schema", "future_header", "bad_body", "largest_op")


@dataclass(slots=True)
class Village:
    """`backups`: of the database alone, wherever the office keeps them. `takes_turns`: one copy runs a day."""

    code: str
    line: Line
    clockwork: Clockwork
    ledger: Ledger
    people: list[Resident]
    report: Callable[[str], None]
    machines: list[Machine] = field(default_factory=list)
    backups: list[bytes] = field(default_factory=list)
    ops: int = 0
    takes_turns: bool = False

    @property
    def alive(self) -> list[Machine]:
        return [machine for machine in self.machines if machine.is_alive]

    @property
    def running(self) -> list[Machine]:
        return [machine for machine in self.machines if machine.is_on]

    # --- the counter ---

    def serve_somebody(self) -> None:
        """The next person in the queue, at a machine that runs."""
        if not self.running:
            return
        machine = self.clockwork.chance.choice(self.running)
        work = self.clockwork.chance.choices([w for w, _ in WORK], weights=[n for _, n in WORK])[0]
        {
            "register": self._register,
            "letter": self._letter,
            "propose": self._propose,
            "void": self._void,
            "withdraw": self._withdraw,
            "correct": self._correct,
            "dossier": self._send_dossier,
        }[work](machine)

    def _register(self, machine: Machine) -> None:
        person = self.clockwork.chance.choice(self.people)
        self._write(machine, "register", lambda desk: residents.register(desk, person, "petugas"))

    def _correct(self, machine: Machine) -> None:
        known = self._somebody(machine)
        if known is not None:
            self._write(
                machine,
                "correct",
                lambda desk: residents.register(desk, known.resident, "petugas", replaces=known.id),
            )

    def _letter(self, machine: Machine) -> None:
        known = self._somebody(machine)
        if known is None:
            return
        kind = self.clockwork.chance.choice(people.KINDS)
        draft = people.draft(kind, known.resident, numbering.date_wib(machine.clock.now_ms()))

        async def issue(desk: Desk) -> Any:
            return await letters.issue(
                desk,
                draft,
                people.catalogue()[kind],
                people.policy(self.code),
                known.id,
                "petugas",
                is_date_confirmed=True,
            )

        letter = self._write(machine, "letter", issue)
        if letter == NUMBERING_UNKNOWN:
            self.clockwork.note("numbering unknown")

    def _propose(self, machine: Machine) -> None:
        known = self._somebody(machine)
        open_cycles = machine.read(cycles)
        if known is None or not open_cycles:
            return
        cycle = self.clockwork.chance.choice(open_cycles)
        self._write(machine, "propose", lambda desk: aid.propose(desk, cycle.code, known, "", "petugas"))

    def _void(self, machine: Machine) -> None:
        issued = [row for row in machine.read(letters.recent) if row.voided_reason is None]
        if issued:
            row = self.clockwork.chance.choice(issued)
            self._write(machine, "void", lambda desk: letters.void(desk, row.id, "salah ketik", "petugas"))

    def _send_dossier(self, machine: Machine) -> None:
        issued = [row for row in machine.read(letters.recent) if people.catalogue()[row.kind].forward_to]
        if issued:
            row = self.clockwork.chance.choice(issued)
            kind = people.catalogue()[row.kind]
            road = [kind.forward_to]
            self._write(
                machine,
                "dossier",
                lambda desk: dossiers.send(desk, row.id, kind, road, road[0], ["KTP"], "", "petugas"),
            )

    def _withdraw(self, machine: Machine) -> None:
        proposed = [row for row in machine.read(aid.recent) if row.withdrawn_reason is None]
        if proposed:
            row = self.clockwork.chance.choice(proposed)
            self._write(machine, "withdraw", lambda desk: aid.withdraw(desk, row.id, "pindah", "petugas"))

    def _somebody(self, machine: Machine) -> Registered | None:
        async def look(connection: Any) -> Registered | None:
            ids = [row[0] for row in await connection.fetch_all("SELECT id FROM resident ORDER BY id")]
            return await residents.get(connection, self.clockwork.chance.choice(ids)) if ids else None

        return machine.read(look)

    # --- what the clerk sees ---

    def _write(self, machine: Machine, kind: str, work: Callable[[Desk], Awaitable[Any]]) -> Any:
        before = machine.read(oplog.current)
        try:
            result = machine.write(work)
        except Exception as error:
            self.report(f"crash at the counter: {kind}: {type(error).__name__}: {error}")
            return None
        if not machine.is_on:
            self._note_unseen(machine)
            return None
        after = machine.read(oplog.current)
        if isinstance(result, Refusal) or after is None or after == before:
            self.clockwork.note(f"{self.code} {kind} refused")
            return result
        self.ops += 1
        self._see(machine, kind, after[1].hash, result)
        return result

    def _see(self, machine: Machine, kind: str, record: bytes, result: Any) -> None:
        printed = Printed(result.series, result.year, result.number) if kind == "letter" else None
        self.ledger.seen[record] = Seen(self.code, kind, machine.name, printed)
        if printed is None:
            return
        lines = self.ledger.agenda(self.code).lines.setdefault(printed, [])
        if lines and not self._is_doubtful(machine):
            self.report(f"I8 number {printed} printed twice in {self.code} by {machine.name}")
        lines.append(record)

    def _is_doubtful(self, machine: Machine) -> bool:
        """May two papers bear one number just now? Only while two machines number, or one cannot know that it is a copy."""
        return machine.doubt != "" or len(self.alive) > 1

    def _note_unseen(self, machine: Machine) -> None:
        """A letter may have been committed before the power failed: its number is used, though nobody saw it."""

        async def look(connection: Any) -> list[Any]:
            return await connection.fetch_all("SELECT series, year, number FROM letter ORDER BY number")

        machine.disk.spin_up()
        agenda = self.ledger.agenda(self.code)
        for series, year, number in machine.read(look):
            if (printed := Printed(series, year, number)) not in agenda.lines:
                agenda.unseen[printed] = None

    # --- records that the centre cannot read ---

    def write_poison(self, machine: Machine, poison: str) -> None:
        chance = self.clockwork.chance

        async def work(desk: Desk) -> Op:
            body = pack_salted(chance.randbytes(16))
            kind, schema, version = {
                "unknown_kind": ("marriage_recorded", 1, 1),
                "future_schema": ("proposal_made", 99, 1),
                "future_header": ("proposal_made", 1, 9),
                "bad_body": ("letter_issued", 1, 1),
                "largest_op": ("photograph", 1, 1),
            }[poison]
            now_ms = desk.now_ms
            header = pack(Header(version, kind, schema, now_ms, b"poisoned", 0, 0, b""))
            if poison == "largest_op":
                body = chance.randbytes(OP_BYTES_MAX - len(header))
            op = make_op(desk.head, header, body)
            await oplog.append(desk.connection, desk._ordinal, op, now_ms)
            desk.head = op.position
            return op

        try:
            self._write(machine, poison, work)
        except PowerCut:
            machine.lose_power()


def pack_salted(salt: bytes) -> bytes:
    """A msgpack array of a salt and nothing that any schema expects."""
    return b"\x92\xc4\x10" + salt + b"\xc0"
