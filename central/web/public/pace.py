"""How often one address may ask: so often in a row, then one more after each pause. In memory, and bounded.

Must never keep more than SOURCES_MAX addresses, nor write one down. Times are those of a monotonic clock, in ms.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field

from aiohttp import web

SOURCES_MAX = 20_000
"""Some 3 MB. Whoever has more addresses than this makes us forget the oldest, and is held back by the shared pace."""
EVERYBODY = "everybody"
SOURCE = web.RequestKey("source", str)
"""Whose request it is, for pages that slow down guessing."""


@dataclass(slots=True)
class Pace:
    """`burst` requests at once, and one more every `pause_ms`."""

    burst: int
    pause_ms: int
    _due: OrderedDict[str, int] = field(default_factory=OrderedDict)

    def wait_ms(self, source: str, now_ms: int) -> int:
        """Count a request; 0 when it may go on, else how long to wait, and then nothing was counted."""
        due = max(self._due.get(source, now_ms), now_ms)
        wait = due - now_ms - (self.burst - 1) * self.pause_ms
        if wait > 0:
            return wait
        self._due[source] = due + self.pause_ms
        self._due.move_to_end(source)
        while len(self._due) > SOURCES_MAX:
            self._due.popitem(last=False)
        return 0


def source_of(remote: str | None, forwarded: str, *, is_proxied: bool) -> str:
    """Whose request it is: of IPv6 the network, since a single line has a whole one.

    Only the last address of X-Forwarded-For was written by our own proxy; those before it are the visitor's word.
    """
    claimed = forwarded.rpartition(",")[2].strip() if is_proxied else ""
    try:
        address = ipaddress.ip_address(claimed or remote or "")
    except ValueError:
        return remote or ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
