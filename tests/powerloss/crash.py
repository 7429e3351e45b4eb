"""What may stand on the disk when the power fails after any event of a recording.

A synced write is there. Of the others each may be there or not, in any order, and in part: a disk writes sectors, so a
write may arrive torn between any two of them. A file shorter than a write that arrived is filled with zeros. What a
sync of any file makes durable about names (a deletion) follows ext4, XFS and btrfs: their journals commit it as well.
"""

import itertools
import random
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.powerloss.recording import Delete, Event, Sync, Told, Truncate, Write

SECTOR_BYTES = 512
TRIES_PER_STATE = 3
"""Of drawing another state of the same moment: a moment with little unsynced has few."""

Pending = Write | Truncate | Delete
Kept = bool | tuple[bool, ...]
"""What became of one unsynced event: nothing, all of it, or some of its sectors."""


@dataclass(slots=True)
class _File:
    """`durable` is None while the file does not exist. `version` counts how often it changed."""

    durable: bytearray | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class CrashState:
    """`moment`: how many events had happened. `files`: what is found afterwards; None: no such file."""

    moment: int
    how: str
    files: dict[str, bytes | None]


@dataclass(slots=True)
class Disk:
    """The disk as the events go by."""

    files: dict[str, _File] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)

    def take(self, event: Event) -> None:
        match event:
            case Sync(file):
                self._sync(file)
            case Told():
                pass
            case _:
                self.files.setdefault(event.file, _File())
                self.pending.append(event)

    def _sync(self, file: str) -> None:
        durable = [p for p in self.pending if p.file == file or isinstance(p, Delete)]
        for event in durable:
            found = self.files[event.file]
            found.durable = _apply(found.durable, event, True)
            found.version += 1
        self.pending = [p for p in self.pending if p.file != file and not isinstance(p, Delete)]

    def after(self, kept: Sequence[Kept]) -> dict[str, bytes | None]:
        """What is found when of each pending event only that much arrived."""
        found = {name: None if f.durable is None else bytearray(f.durable) for name, f in self.files.items()}
        for event, part in zip(self.pending, kept, strict=True):
            if part is not False:
                found[event.file] = _apply(found[event.file], event, part)
        return {name: None if content is None else bytes(content) for name, content in found.items()}

    def versions(self) -> Hashable:
        return tuple(f.version for f in self.files.values())


def _apply(content: bytearray | None, event: Pending, part: Kept) -> bytearray | None:
    match event:
        case Delete():
            return None
        case Truncate(_, size):
            content = bytearray() if content is None else content
            del content[size:]
            content.extend(bytes(size - len(content)))
        case Write(_, offset, data):
            content = bytearray() if content is None else content
            for n, (first, last) in enumerate(_sectors(event)):
                if part is True or (isinstance(part, tuple) and part[n]):
                    content.extend(bytes(max(0, last - len(content))))
                    content[first:last] = data[first - offset : last - offset]
    return content


def _sectors(write: Write) -> list[tuple[int, int]]:
    """Where a write is cut: at the sectors of the file, not of the write."""
    end = write.offset + len(write.data)
    inner = range(write.offset // SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES, end, SECTOR_BYTES)
    cuts = [write.offset, *inner, end]
    return list(itertools.pairwise(cuts))


# --- choosing ---------------------------------------------------------------------------------------------------------

HOW = ("dropped", "kept", "cut", "reordered", "torn")


def choose(pending: Sequence[Pending], how: str, chance: random.Random) -> list[Kept]:
    """One fate for everything that is not synced."""
    match how:
        case "dropped":
            return [False] * len(pending)
        case "kept":
            return [True] * len(pending)
        case "cut":  # in order, up to somewhere inside one write
            last = chance.randrange(len(pending))
            return [True] * last + [_some(pending[last], chance, 0.5)] + [False] * (len(pending) - last - 1)
        case "reordered":
            share = chance.choice((0.2, 0.5, 0.8))
            return [chance.random() < share for _ in pending]
        case _:
            share = chance.choice((0.1, 0.5, 0.9))
            return [_some(event, chance, share) for event in pending]


def _some(event: Pending, chance: random.Random, share: float) -> Kept:
    if isinstance(event, Write):
        return tuple(chance.random() < share for _ in _sectors(event))
    return chance.random() < share


def plan(events: Sequence[Event], states: int, chance: random.Random) -> list[int]:
    """How many states to draw at each moment: one at least where there are enough, more where more is unsynced."""
    disk, room = Disk(), []
    for event in events:
        disk.take(event)
        room.append(len(disk.pending))
    wanted = [0] * len(events)
    if states < len(events):
        for moment in chance.sample(range(len(events)), states):
            wanted[moment] = 1
        return wanted
    wanted = [1] * len(events)
    rich = [moment for moment, pending in enumerate(room) if pending]
    for moment in chance.choices(rich, weights=[min(room[m], 8) for m in rich], k=states - len(events)):
        wanted[moment] += 1
    return wanted


def crash_states(events: Sequence[Event], wanted: Sequence[int], seed: int) -> Iterator[CrashState]:
    """As many states as wanted at each moment, each once."""
    disk, seen = Disk(), set[Hashable]()
    told = 0
    for moment, event in enumerate(events):
        disk.take(event)
        told += isinstance(event, Told)
        chance = random.Random(f"{seed}/{moment}")
        drawn = 0
        for attempt in range(wanted[moment] * TRIES_PER_STATE):
            if drawn == wanted[moment]:
                break
            how = chance.choice(HOW) if disk.pending and (attempt or wanted[moment] == 1) else "dropped"
            kept = choose(disk.pending, how, chance)
            mark = (disk.versions(), len(disk.pending), tuple(kept), told)
            if mark not in seen:
                seen.add(mark)
                drawn += 1
                yield CrashState(moment + 1, how, disk.after(kept))
