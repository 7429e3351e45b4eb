"""What a start learns by comparing the database with the mark: is this the past that a clerk was told about?

The mark stands outside the database and outside every backup, and is written after each commit before the clerk hears
of it. Pure; the store reads both and acts on the verdict.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol.messages import Mark
from protocol.ops import Position, highest
from protocol.session import Condition


@dataclass(frozen=True, slots=True)
class Verdict:
    """`numbers`: what the mark adds to the highest numbers known. `advance`: write the mark anew, it is one step old."""

    condition: Condition
    numbers: Mapping[tuple[str, int], int] = field(default_factory=dict)
    advance: bool = False


def judge(head: Position | None, before: Position | None, hash_at_mark: bytes | None, mark: Mark | None) -> Verdict:
    """`head` and `before`: after and before the last transaction; None without any. `hash_at_mark`: own hash there.

    A mark further behind than the last transaction cannot come from a crash, so somebody copied it: the database may
    then be a copy too, and its highest number proves nothing. A mark at seq 0 was set at the village's first enrolment.
    """
    if head is None:
        is_first = mark is None or mark.position.seq == 0
        return (
            Verdict(Condition.FRESH) if is_first else Verdict(Condition.RESTORED, highest(mark.numbers if mark else []))
        )
    if mark is None:
        return Verdict(Condition.UNKNOWN)
    numbers = highest(mark.numbers)
    if mark.position == head:
        return Verdict(Condition.INTACT, numbers)
    is_before_first = mark.position.seq == 0 and before is not None and before.seq == 0
    if mark.position == before or is_before_first:
        return Verdict(Condition.INTACT, numbers, advance=True)
    if hash_at_mark == mark.position.hash:
        return Verdict(Condition.UNKNOWN, numbers)
    return Verdict(Condition.RESTORED, numbers)
