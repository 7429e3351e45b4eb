"""Who stands in front of the kiosk, for a minute at a time, in memory only; and how often somebody may guess wrongly.

A visit is found by a random token that travels in the page's own form, never in an address or a cookie. Times are those
of the monotonic clock. Must never write anything down: a restart forgets every visitor, which is what the screen wants.
"""

import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

IDLE_SECONDS = 60
"""After this the page goes back to its start by itself, so that nobody finds another person's visit."""
GRACE_MS = 5_000
"""A press in the last second still counts while it is on its way."""
VISITS_MAX = 200
"""One screen has one visitor; more is somebody who plays with the start page, and then the oldest are forgotten."""
FAILURES_MAX = 20
FAILURE_WINDOW_MS = 10 * 60 * 1000
"""Wrong answers of everybody together in ten minutes: a queue of hurried people stays below, a list of NIKs does not."""


@dataclass(slots=True)
class Visit:
    """`resident` is None until the visitor has shown who they are; with `queue` they have their number and can only
    add photographs of documents to `request`: `photographed` names those they sent."""

    nik: str
    until_ms: int
    resident: bytes | None = None
    queue: int = 0
    request: bytes = b""
    kind: str = ""
    photographed: list[str] = field(default_factory=list)


class Visits:
    """All visits of this run."""

    def __init__(self, mono_ms: Callable[[], int]) -> None:
        self._mono_ms = mono_ms
        self._visits: OrderedDict[str, Visit] = OrderedDict()
        self._failures: deque[int] = deque(maxlen=FAILURES_MAX)

    def begin(self, nik: str) -> str:
        """The token of a new visit."""
        token = secrets.token_urlsafe(24)
        self._visits[token] = Visit(nik, self._until())
        while len(self._visits) > VISITS_MAX:
            self._visits.popitem(last=False)
        return token

    def find(self, token: str) -> Visit | None:
        """The visit, which then lasts another minute; None when it is over."""
        visit = self._visits.get(token)
        if visit is None or visit.until_ms < self._mono_ms():
            self._visits.pop(token, None)
            return None
        visit.until_ms = self._until()
        return visit

    def note_failure(self) -> None:
        self._failures.append(self._mono_ms())

    @property
    def is_closed(self) -> bool:
        """Too many wrong answers lately, whoever gave them."""
        return len(self._failures) == FAILURES_MAX and self._failures[0] > self._mono_ms() - FAILURE_WINDOW_MS

    def _until(self) -> int:
        return self._mono_ms() + IDLE_SECONDS * 1000 + GRACE_MS
