"""Everything that can go wrong in an office, a machine room or a cable, one function a fault.

Each seed draws some of these and how often they come. Whoever destroys a disk tells the ledger what was lost with it;
nothing else may be missing in the end.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.sync import Reply
from tests.simulation import people
from tests.simulation.clockwork import DAY, HOUR, MINUTE, SECOND
from tests.simulation.line import Call
from tests.simulation.machine import Image, Machine
from tests.simulation.village import POISONS, Village

if TYPE_CHECKING:
    from tests.simulation.world import World

COPIES_MAX = 3
"""Machines of one village at once: a second copy of a copy teaches nothing new."""
IMAGES_KEPT = 4
IMAGE_DOUBT = "an image was put back"
TEN_YEARS_MS = 3_652 * DAY

Trouble = Callable[["World", Village], bool]
"""Does something to a village (or the centre); False when there was nothing to do it to, or when it strikes later."""


@dataclass(slots=True)
class Shelf:
    """Old copies that somebody may put back: whole disks by village, and the centre's database."""

    images: dict[str, list[Image]] = field(default_factory=dict)
    central: list[bytes] = field(default_factory=list)


# --- the cable --------------------------------------------------------------------------------------------------------


def partition(world: "World", village: Village) -> bool:
    """The fibre is cut for minutes, or for days."""
    ms = world.clockwork.chance.choice((2 * MINUTE, 10 * MINUTE, DAY, 3 * DAY))
    village.line.cut_until_ms = max(village.line.cut_until_ms, world.clockwork.now_ms + ms)
    return True


def portal(world: "World", village: Village) -> bool:
    """Somebody else answers everything with a login page; each answer is counted by the line."""
    village.line.portal_until_ms = world.clockwork.now_ms + int(world.clockwork.between(MINUTE, 10 * MINUTE))
    return True


def garbage(world: "World", village: Village) -> bool:
    """A stranger's bytes at the door: refused, and nothing changes."""
    path = world.clockwork.chance.choice(("/v1/append", "/v1/hello", "/v1/quarantine"))
    body = world.clockwork.random(world.clockwork.chance.randrange(1, 300))

    def check(reply: Reply | None) -> None:
        if reply is not None and reply.status < 400:
            world.report("garbage was accepted")

    world.regency.receive(Call("POST", path, {}, {}, body, 1, is_damaged=True), check)
    return True


# --- the power --------------------------------------------------------------------------------------------------------


def kill_box(world: "World", village: Village) -> bool:
    machine = _some(world, village.running)
    if machine is None:
        return False
    machine.lose_power()
    return True


def _arm(where: str, fault: str) -> Trouble:
    """Counted when it strikes."""

    def arm(world: "World", village: Village) -> bool:
        machine = _some(world, village.running)
        if machine is None:
            return False
        machine.fuse.where = where
        machine.fuse.after = world.clockwork.chance.randrange(4)
        machine.fuse.on_strike = lambda: world.clockwork.count(fault)
        return False

    return arm


def kill_centre(world: "World", village: Village) -> bool:
    """Between staging and tabulation as often as anywhere."""
    if not world.regency.is_on:
        return False
    world.regency.lose_power()
    world.clockwork.after(world.clockwork.between(SECOND, 5 * MINUTE), "centre on", world.regency.power_on)
    return True


def kill_centre_in_transaction(world: "World", village: Village) -> bool:
    if not world.regency.is_on:
        return False
    world.regency.fuse.where = world.clockwork.chance.choice(("before", "inside", "after"))
    world.regency.fuse.after = world.clockwork.chance.randrange(6)
    world.regency.fuse.on_strike = lambda: world.clockwork.count("kill_centre_in_transaction")
    return False


# --- old copies -------------------------------------------------------------------------------------------------------


def restore_box_with_mark(world: "World", village: Village) -> bool:
    """The database from a backup; mark and badge are the machine's own."""
    return _restore_database(world, village, keeps_mark=True)


def restore_box_without_mark(world: "World", village: Village) -> bool:
    return _restore_database(world, village, keeps_mark=False)


def _restore_database(world: "World", village: Village, *, keeps_mark: bool) -> bool:
    machine = _some(world, village.alive)
    if machine is None or not village.backups:
        return False
    backup = world.clockwork.chance.choice(village.backups)

    def put() -> None:
        machine.put_database(backup)
        if not keeps_mark:
            machine.lose_mark()

    _overwrite(world, village, machine, put)
    if keeps_mark and world.clockwork.happens(0.5):
        _work_on_unheard(world, village, machine)
    return True


def _work_on_unheard(world: "World", village: Village, machine: Machine) -> None:
    """The cable is dead too, and people stand at the counter: only the mark knows which numbers were used."""
    village.line.cut_until_ms = max(village.line.cut_until_ms, world.clockwork.now_ms + DAY)
    world.clockwork.after(SECOND, "power on", lambda: world.press(machine))

    def serve() -> None:
        if world.clockwork.now_ms < village.line.cut_until_ms:  # else everything is being mended
            village.serve_somebody()

    for _ in range(4):
        world.clockwork.after(world.clockwork.between(MINUTE, 5 * MINUTE), "clerk", serve)


def restore_image(world: "World", village: Village) -> bool:
    """The whole disk as it was: nothing on the machine can tell. Only the centre may, if it has heard of what came after."""
    machine = _some(world, village.alive)
    images = world.shelf.images.get(village.code)
    if machine is None or not images:
        return False
    image = world.clockwork.chance.choice(images)
    before = machine.hashes()
    _overwrite(world, village, machine, lambda: machine.put_image(image))
    kept = dict.fromkeys(machine.hashes())
    machine.doubt = IMAGE_DOUBT
    machine.taken_back += [each for each in before if each not in kept]
    return True


def _overwrite(world: "World", village: Village, machine: Machine, put: Callable[[], None]) -> None:
    machine.power_off()
    before = machine.hashes()
    put()
    after = machine.hashes()
    kept = dict.fromkeys(after)
    others = [other.hashes() for other in village.alive if other is not machine]
    world.ledger.lose([h for h in before if h not in kept], [*others, world.regency.hashes()])
    world.ledger.find_again(after)
    world.later_on(machine)


def clone_together(world: "World", village: Village) -> bool:
    return _clone(world, village, in_turns=False)


def clone_in_turns(world: "World", village: Village) -> bool:
    return _clone(world, village, in_turns=True)


def _clone(world: "World", village: Village, *, in_turns: bool) -> bool:
    """The disk on a second machine; a virtual one shows the same fingerprint."""
    original = _some(world, village.alive)
    if original is None or len(village.alive) >= COPIES_MAX:
        return False
    copy = world.new_machine(village)
    if world.clockwork.happens(0.5):
        copy.fingerprint = original.fingerprint
        world.clockwork.count("clone_same_fingerprint")
    else:
        world.clockwork.count("clone_other_fingerprint")
    copy.put_image(original.image())
    copy.doubt = original.doubt
    village.takes_turns = in_turns
    if in_turns:
        original.power_off()
    copy.power_on()
    return True


def destroy_box(world: "World", village: Village) -> bool:
    """Fire, theft, lightning. What only this disk held is gone, and the next machine must say so."""
    machine = _some(world, village.alive)
    if machine is None:
        return False
    machine.power_off()
    lost = machine.hashes()
    machine.is_alive = False
    others = [other.hashes() for other in village.alive]
    world.ledger.lose(lost, [*others, world.regency.hashes()])
    if village.alive:
        village.alive[0].doubt = "another machine numbered letters too"
    else:
        delay = world.clockwork.between(MINUTE, 10 * MINUTE)
        world.clockwork.after(delay, "replacement", lambda: world.replace(village))
    return True


def restore_centre(world: "World", village: Village) -> bool:
    """By the restore command, which starts a new timeline, or by copying a file, which tells nobody."""
    return bool(world.shelf.central) and restore_centre_from(world, world.clockwork.chance.choice(world.shelf.central))


def restore_centre_from(world: "World", image: bytes) -> bool:
    regency = world.regency
    before = regency.hashes()
    regency.restore(image, is_told=world.clockwork.happens(0.4))
    after = dict.fromkeys(regency.hashes())
    holders = [machine.hashes() for each in world.villages for machine in each.alive]
    world.ledger.lose([h for h in before if h not in after], holders)
    world.ledger.find_again(after)
    world.clockwork.after(world.clockwork.between(SECOND, MINUTE), "centre on", regency.power_on)
    return True


# --- clocks, people, peers --------------------------------------------------------------------------------------------


def clock_jump(world: "World", village: Village) -> bool:
    machine = _some(world, village.alive)
    if machine is None:
        return False
    kind = world.clockwork.chance.choice(("future", "past", "backwards", "stuck", "right"))
    machine.clock.stuck_at_ms = machine.clock.now_ms() if kind == "stuck" else None
    machine.clock.shift_ms = {
        "future": TEN_YEARS_MS,
        "past": -TEN_YEARS_MS,
        "backwards": -world.clockwork.chance.randrange(DAY),
    }.get(kind, 0)
    return True


def central_clock_back(world: "World", village: Village) -> bool:
    """A centre's clock is set by NTP; it may be put back a little."""
    world.regency.clock.shift_ms = -world.clockwork.chance.randrange(HOUR)
    return True


def poison(world: "World", village: Village) -> bool:
    machine = _some(world, village.running)
    if machine is None:
        return False
    village.write_poison(machine, world.clockwork.chance.choice(POISONS))
    return True


def newer_centre(world: "World", village: Village) -> bool:
    """Villages store what they do not understand, apply nothing beyond it, and catch up when their program is upgraded."""
    if not world.regency.is_on or world.is_upgraded:
        return False
    world.novelties += 1
    world.regency.say_something_new(world.novelties)
    return True


def re_enrolment(world: "World", village: Village) -> bool:
    machine = _some(world, village.running)
    if machine is None or not world.regency.is_on:
        return False
    world.staff.enrol(village, machine)
    return True


def officer_import(world: "World", village: Village) -> bool:
    """No fault, but it must cross everything else: a list of people in other schemes arrives, a window moves, a rule changes."""
    if not world.regency.is_on:
        return False
    if world.clockwork.happens(0.7):
        world.import_list(people.some_list(world.clockwork, world.people, len(world.lists) + 1))
    elif world.clockwork.happens(0.5):
        world.put_cycle(people.changed_cycle(world.clockwork))
    else:
        world.change_rule(people.changed_rule(world.clockwork))
    return True


def _some(world: "World", machines: list[Machine]) -> Machine | None:
    return world.clockwork.chance.choice(machines) if machines else None


TROUBLES: dict[str, tuple[Trouble, int]] = {
    "partition": (partition, 4),
    "portal": (portal, 2),
    "garbage_request": (garbage, 1),
    "kill_box": (kill_box, 4),
    "power_cut_before_commit": (_arm("before", "power_cut_before_commit"), 2),
    "power_cut_in_transaction": (_arm("inside", "power_cut_in_transaction"), 2),
    "power_cut_before_mark": (_arm("mark", "power_cut_before_mark"), 4),
    "power_cut_after_commit": (_arm("after", "power_cut_after_commit"), 2),
    "power_cut_at_nonce": (_arm("nonce", "power_cut_at_nonce"), 2),
    "power_cut_after_nonce": (_arm("nonce_kept", "power_cut_after_nonce"), 2),
    "torn_mark": (_arm("torn", "torn_mark"), 3),
    "kill_centre": (kill_centre, 3),
    "kill_centre_in_transaction": (kill_centre_in_transaction, 3),
    "restore_box_with_mark": (restore_box_with_mark, 3),
    "restore_box_without_mark": (restore_box_without_mark, 2),
    "restore_image": (restore_image, 2),
    "clone_together": (clone_together, 1),
    "clone_in_turns": (clone_in_turns, 1),
    "destroy_box": (destroy_box, 2),
    "restore_centre": (restore_centre, 2),
    "clock_jump": (clock_jump, 3),
    "central_clock_back": (central_clock_back, 1),
    "poison_record": (poison, 3),
    "re_enrolment": (re_enrolment, 1),
    "newer_centre": (newer_centre, 1),
}
"""Each fault and its weight."""
