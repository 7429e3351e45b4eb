"""What people saw, outside every disk: the memory against which the system is judged.

A clerk's success, a number in the paper agenda, and which disks ever held a record. A record is *gone* once the last
disk that held it was destroyed or overwritten; only then may it be missing at the end.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from protocol.ops import NumberHigh
from tests.simulation.people import Printed


@dataclass(frozen=True, slots=True)
class Seen:
    """A write that a clerk saw succeed. `printed`: its letter number, if it was a letter."""

    village: str
    kind: str
    machine: str
    printed: Printed | None = None


@dataclass(slots=True)
class Agenda:
    """One village's paper: every letter that left the desk, and numbers that were used up unseen by a power cut."""

    lines: dict[Printed, list[bytes]] = field(default_factory=dict)
    unseen: dict[Printed, None] = field(default_factory=dict)

    def highest(self) -> list[NumberHigh]:
        """The last line of each series and year, as a person reads them off."""
        high: dict[tuple[str, int], int] = {}
        for line in self.lines:
            key = (line.series, line.year)
            high[key] = max(line.number, high.get(key, 0))
        return [NumberHigh(series, year, number) for (series, year), number in high.items()]


@dataclass(slots=True)
class Ledger:
    seen: dict[bytes, Seen] = field(default_factory=dict)
    gone: dict[bytes, None] = field(default_factory=dict)
    agendas: dict[str, Agenda] = field(default_factory=dict)

    def agenda(self, village: str) -> Agenda:
        return self.agendas.setdefault(village, Agenda())

    def lose(self, lost: Iterable[bytes], holders: Iterable[Iterable[bytes]]) -> None:
        """These records left a disk; what no other holder has is gone."""
        left = dict.fromkeys(lost)
        for holder in holders:
            for held in holder:
                left.pop(held, None)
        self.gone |= left

    def find_again(self, held: Iterable[bytes]) -> None:
        """A backup brought these back."""
        for each in held:
            self.gone.pop(each, None)
