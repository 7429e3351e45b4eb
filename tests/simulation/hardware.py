"""What breaks in a machine: the disk under the database, the mark beside it, the power.

A power cut is an exception that no program catches: what was committed stays, what was not is gone, and the machine
starts again from there. Everything here keeps the real bytes (SQLite's pages, the mark's slots).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TypeVar

from agent.store.mark import read_slot, write_slot
from chassis import schema
from chassis.database import InPlaceDatabase, MigrationFolder
from chassis.database.interface import Work
from protocol.messages import Mark

T = TypeVar("T")

SHELF_MAX = 16
"""Databases kept for the next seed: opening one anew costs a whole migration."""


class PowerCut(BaseException):
    """The machine stops here, between two instructions."""


@dataclass(slots=True)
class Fuse:
    """Where the next power cut strikes: `where` is before, inside or after a transaction, or at the mark or nonce.

    `on_strike` counts it when it happens, not when it was prepared: many a machine is switched off before.
    """

    where: str = ""
    after: int = 0
    on_strike: Callable[[], None] = lambda: None

    def strikes(self, where: str) -> bool:
        if self.where != where:
            return False
        self.after -= 1
        if self.after >= 0:
            return False
        self.where = ""
        self.on_strike()
        return True


class Disk(InPlaceDatabase):
    """A database that can lose power around any transaction."""

    fuse: Fuse = Fuse()
    commits: int = 0

    async def transact(self, work: Work[T], *, after_commit: Callable[[T], None] | None = None) -> T:
        if self.fuse.strikes("before"):
            raise PowerCut
        if self.fuse.strikes("inside"):

            async def cut(connection: object) -> T:
                await work(connection)  # type: ignore[arg-type]
                raise PowerCut

            return await super().transact(cut)
        result = await super().transact(work, after_commit=after_commit)
        self.commits += 1
        if self.fuse.strikes("after"):
            raise PowerCut
        return result

    def spin_up(self) -> None:
        """After a power cut: a new handle on the same bytes."""
        self._health.failure = None

    @property
    def changes(self) -> int:
        """Rows written since the start of this program: an idle machine writes none."""
        return self._sqlite.total_changes


class Shelf:
    """Empty databases of one side, with the tables that every service has. Taking one is putting an image into it."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._image: bytes | None = None
        self._spare: list[Disk] = []

    def take(self, image: bytes | None = None) -> Disk:
        disk = self._spare.pop() if self._spare else self._open()
        disk.spin_up()
        disk.fuse = Fuse()
        disk.commits = 0
        disk.deserialize(image if image is not None else self.blank)
        return disk

    @property
    def blank(self) -> bytes:
        """The image of a fresh database, migrated once."""
        if self._image is None:
            self._image = self._open().serialize()
        return self._image

    def give_back(self, disk: Disk) -> None:
        if len(self._spare) < SHELF_MAX:
            self._spare.append(disk)

    def _open(self) -> Disk:
        side = MigrationFolder(self._package.partition(".")[0], files(self._package))
        return Disk.open(":memory:", [schema.MIGRATIONS, side])


VILLAGE_SHELF = Shelf("agent.schema")
CENTRAL_SHELF = Shelf("central.schema")


@dataclass(slots=True)
class MarkSlots:
    """The mark file's two slots as bytes, written in turn as `MarkFile` does."""

    fuse: Fuse
    slots: list[bytes] = field(default_factory=lambda: [b"", b""])
    counter: int = 0
    writes: int = 0

    def read(self) -> Mark | None:
        found = sorted((slot for slot in map(read_slot, self.slots) if slot is not None), key=lambda slot: slot[0])
        if not found:
            return None
        self.counter, mark = found[-1]
        return mark

    def write(self, mark: Mark) -> None:
        if self.fuse.strikes("mark"):
            raise PowerCut
        fresh = write_slot(self.counter + 1, mark)
        place = (self.counter + 1) % 2
        if self.fuse.strikes("torn"):
            half = len(fresh) // 2
            self.slots[place] = fresh[:half] + self.slots[place][half:]
            raise PowerCut
        self.counter += 1
        self.slots[place] = fresh
        self.writes += 1
