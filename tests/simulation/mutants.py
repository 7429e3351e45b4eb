"""Systems broken on purpose: each takes away one thing that the design leans on, and the simulator must notice.

`python -m tests.simulation.mutants` runs them all and says at which seed each was caught; exit code 1 when one was not
within `SEEDS_MAX`.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import protocol.session
from agent.domain.recovery import Verdict
from agent.store import desk, inspection, oplog
from agent.sync import Courier
from central.ingest import Conflict, Ingest
from central.store import logs
from central.store.logs import Log
from chassis.database import Connection
from protocol.errors import Code
from protocol.messages import Append, Mark
from protocol.ops import Position
from protocol.session import Condition, LogHead
from tests.simulation.hardware import MarkSlots

SEEDS_MAX = 300


def no_prev_hash() -> None:
    """Neither side compares hashes: a batch continues any head that stands at its number."""

    async def log_for(
        self: Ingest, connection: Connection, village: str, batch: Append, hashes: Sequence[bytes]
    ) -> Log:
        epochs = await logs.of_log_id(connection, village, batch.after.log_id)
        if not epochs:
            return await self._open(connection, village, batch, hashes[0])
        if batch.after.seq > epochs[0].head.seq:
            raise Conflict(Code.GAP, epochs[0].head)
        return epochs[0]

    async def held(self: Ingest, connection: Connection, log: Log, batch: Append, hashes: Sequence[bytes]) -> int:
        return max(0, min(log.head.seq - batch.after.seq, len(hashes)))

    def is_same_history(theirs: LogHead, own: Position, hash_at: Any) -> bool:
        return True

    Ingest._log_for = log_for  # type: ignore[method-assign]
    Ingest._held = held  # type: ignore[method-assign]
    protocol.session._is_same_history = is_same_history


def no_mark() -> None:
    """There is no mark: a start believes whatever database it finds."""

    def read(self: MarkSlots) -> Mark | None:
        return None

    def write(self: MarkSlots, mark: Mark) -> None:
        pass

    def judge(head: Position | None, before: Position | None, at_mark: bytes | None, mark: Mark | None) -> Verdict:
        return Verdict(Condition.FRESH if head is None else Condition.INTACT)

    MarkSlots.read = read  # type: ignore[method-assign]
    MarkSlots.write = write  # type: ignore[method-assign]

    async def no_mark_to_check(store: Any) -> list[str]:
        return []

    desk.judge = judge  # type: ignore[attr-defined]
    inspection._check_mark = no_mark_to_check  # that there is none must be found by what it does


def ack_high_water() -> None:
    """An acknowledgement is taken to cover all that the box had written by the time it came."""
    acknowledge = Courier._acknowledge

    async def greedy(self: Courier, appended: Any) -> None:
        await acknowledge(self, appended)
        log_id = appended.position.log_id

        async def work(connection: Connection) -> Position:
            head = next(head for _, head, _ in await oplog.heads(connection) if head.log_id == log_id)
            await connection.execute("UPDATE log SET acked_seq = head_seq WHERE log_id = $1", log_id)
            return head

        self.session.central[log_id] = await self.store.database.transact(work)

    acked = protocol.session.Session._acked

    def keep_high_water(self: Any, event: Any, local: Any) -> None:
        high = self.central.get(event.position.log_id)
        acked(self, event, local)
        if high is not None and high.seq > event.position.seq and not event.is_salvage:
            self.central[event.position.log_id] = high

    Courier._acknowledge = greedy  # type: ignore[method-assign]
    protocol.session.Session._acked = keep_high_water  # type: ignore[method-assign]


MUTANTS: dict[str, Callable[[], None]] = {
    "no_prev_hash": no_prev_hash,
    "no_mark": no_mark,
    "ack_high_water": ack_high_water,
}


def main() -> int:
    """Each mutant in processes of its own, so that none outlives its run."""
    missed = 0
    for mutant in MUTANTS:
        command = [sys.executable, "-m", "tests.simulation", "--seeds", str(SEEDS_MAX), "--mutant", mutant]
        done = subprocess.run([*command, "--stop-at-first"], capture_output=True, text=True, check=False)
        found = json.loads(done.stdout.splitlines()[-1])
        is_caught = bool(found["violations"])
        missed += not is_caught
        said = found["violations"][0] if is_caught else f"NOT CAUGHT within {SEEDS_MAX} seeds"
        sys.stdout.write(f"{mutant}: after {found['seeds']} seeds: {said}\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
