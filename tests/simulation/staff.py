"""The people who mend: they enrol, replace, retire copies, and read the paper agenda when a machine asks for it.

They see what people see (the page of a machine, the fleet page, the book in the drawer) and follow the runbooks:

- no machine left: install another, from the last backup if there is one;
- more than one machine: let the copy hand over what only it holds, under an enrolment of its own, then retire it for
  good; the machine that stays is enrolled anew and its numbers are read from the agenda;
- a halted machine: enrol it again; numbers unknown: read the agenda.
"""

from collections.abc import Callable

import msgspec

from chassis.database import drive
from chassis.signing import Key
from protocol.codec import decode, encode
from protocol.messages import Certificate, EnrolReply, EnrolRequest
from protocol.session import Phase
from tests.simulation.clockwork import Clockwork
from tests.simulation.hardware import PowerCut
from tests.simulation.machine import Machine
from tests.simulation.regency import Regency
from tests.simulation.village import Village

NewMachine = Callable[[Village], Machine]


class Staff:
    """`reply_lost`: the share of enrolments whose answer gets lost, while the network is bad."""

    def __init__(self, clockwork: Clockwork, regency: Regency, new_machine: NewMachine) -> None:
        self._clockwork = clockwork
        self._regency = regency
        self._new_machine = new_machine
        self.reply_lost = 0.0

    def visit(self, village: Village) -> None:
        """Look at one village and do the next thing that is needed."""
        if not self._regency.is_on:
            self._regency.power_on()
        if not village.alive:
            self.install(village)
        for machine in village.alive:
            machine.power_on()
        if len(village.alive) > 1:
            self._retire_copy(village)
        elif village.running:
            self._look_after(village, village.running[0])

    def install(self, village: Village) -> None:
        """A new machine in place of a lost one."""
        machine = self._new_machine(village)
        if village.backups and self._clockwork.happens(0.6):
            machine.put_database(self._clockwork.chance.choice(village.backups))
            village.ledger.find_again(machine.hashes())
        self.enrol(village, machine)

    def enrol(self, village: Village, machine: Machine) -> None:
        """A token typed on the machine; it makes new keys and starts with its certificate.

        Where no answer came the same token is typed again; where that one is refused another is asked for.
        """
        asked_with, machine.asked_with = machine.asked_with, None
        try:
            if asked_with is None:
                token = drive(self._regency.enrolment.give_token(village.code, "staff"))
                asked_with = token, Key.from_seed(self._clockwork.random(32))
            token, key = asked_with
            request = EnrolRequest(token, key.public, machine.fingerprint, village.code)
            answer = drive(self._regency.enrolment.enrol(encode(request)))
        except PowerCut:
            self._regency.lose_power()
            machine.asked_with = asked_with
            return
        if answer.status != 200:
            return
        if self._clockwork.happens(self.reply_lost):
            machine.asked_with = asked_with
            return
        reply = decode(answer.body, EnrolReply)
        serial = msgspec.msgpack.decode(reply.certificate.payload, type=Certificate).serial
        machine.power_on()
        is_first = serial == 1 and not reply.logs
        self._try(machine, lambda: drive(machine.store.note_enrolment(reply, is_first=is_first)))
        if not machine.is_on:
            machine.asked_with = asked_with
            return
        if reply.is_agenda_needed:
            machine.doubt = ""  # the machine itself knows now that it does not know
        machine.power_off()
        machine.take_badge(key, reply, serial)
        machine.power_on()

    def read_agenda(self, village: Village, machine: Machine) -> None:
        """The last line of the paper book, typed in at the machine."""
        lines = village.ledger.agenda(village.code).highest()
        self._try(machine, lambda: drive(machine.store.confirm_numbers(lines, "agenda", "petugas")))
        if machine.is_on:
            machine.doubt, machine.taken_back = "", []

    def _try(self, machine: Machine, work: Callable[[], None]) -> None:
        try:
            work()
        except PowerCut:
            machine.lose_power()

    def _look_after(self, village: Village, machine: Machine) -> None:
        courier = machine.courier
        if courier is None or courier.status.halted:
            self.enrol(village, machine)
        elif not drive(machine.store.is_numbering_known()) or machine.doubt:
            self.read_agenda(village, machine)

    def _retire_copy(self, village: Village) -> None:
        keeper, copy = village.alive[0], village.alive[1]
        if self._is_drained(copy):
            copy.power_off()
            copy.is_alive = False
            self._clockwork.note(f"{copy.name} retired")
            for machine in (copy, keeper):
                if machine.badge is not None:
                    self._regency.revoked.known[village.code, machine.badge.serial] = True
            keeper.doubt = "a copy numbered letters too"
            self.enrol(village, keeper)
        elif copy.courier is None or copy.courier.status.halted:
            self.enrol(village, copy)
        # else: its courier is at work, or waits for the line

    def _is_drained(self, machine: Machine) -> bool:
        """Does the centre hold everything this machine holds?"""
        courier = machine.courier
        if courier is None or courier.session.phase is not Phase.SENDING:
            return False
        held = dict.fromkeys(self._regency.hashes())
        return all(each in held for each in machine.hashes())
