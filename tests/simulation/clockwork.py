"""Virtual time: one heap of events, one random source, one trace. The same seed tells the same story, byte for byte.

Nothing here knows villages. Must never read a real clock, and nothing that runs on it may iterate a set.
"""

import heapq
import random
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b

START_MS = 1_621_213_200_000
"""17 May 2021, 08:00 in WIB: an ordinary Monday."""
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
EVENTS_MAX = 200_000
"""More in one seed is a loop of one side, not a story."""


class TooManyEvents(Exception):
    """The world does not come to rest."""


class Clockwork:
    """Runs events in the order of their time, and those of one moment in the order in which they were planned."""

    def __init__(self, seed: int) -> None:
        self.now_ms = START_MS
        self.chance = random.Random(f"kampung/{seed}")
        self.counts: Counter[str] = Counter()
        self.steps = 0
        self._heap: list[tuple[int, int, str, Callable[[], None]]] = []
        self._planned = 0
        self._trace = blake2b(digest_size=16)

    def after(self, ms: float, name: str, action: Callable[[], None]) -> None:
        """Plan an event, `ms` from now."""
        self._planned += 1
        heapq.heappush(self._heap, (self.now_ms + max(0, int(ms)), self._planned, name, action))

    def run_until(self, end_ms: int) -> None:
        """Every event up to a moment; the clock then stands there."""
        while self._heap and self._heap[0][0] <= end_ms:
            at_ms, _, name, action = heapq.heappop(self._heap)
            self.now_ms = max(self.now_ms, at_ms)
            self.steps += 1
            if self.steps > EVENTS_MAX:
                raise TooManyEvents(f"{self.steps} events")
            self.note(name)
            action()
        self.now_ms = max(self.now_ms, end_ms)

    def note(self, text: str) -> None:
        """A line of the trace."""
        self._trace.update(f"{self.now_ms} {text}\n".encode())

    def count(self, fault: str) -> None:
        self.counts[fault] += 1
        self.note(f"fault {fault}")

    @property
    def trace(self) -> str:
        return self._trace.hexdigest()

    # --- chance, in the few forms the world needs ---

    def happens(self, share: float) -> bool:
        return self.chance.random() < share

    def between(self, low: float, high: float) -> float:
        return self.chance.uniform(low, high)

    def random(self, size: int) -> bytes:
        return self.chance.randbytes(size)
