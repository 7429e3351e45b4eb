"""Who stands behind a request, decided once by the guard and read by everything after it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from chassis.web.accounts import Account

Clock = Callable[[], int]


def wall_clock_ms() -> int:
    """Milliseconds since 1970. Sessions outlive a restart, so they cannot be measured by a monotonic clock."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Visitor:
    """`account` is None for somebody who has not signed in. `csrf` is the token for the forms of this answer."""

    account: Account | None
    csrf: str
    new_nonce: str | None = None


VISITOR = web.RequestKey("visitor", Visitor)


def visitor_of(request: web.Request) -> Visitor | None:
    """None on machine routes and on paths that do not exist."""
    return request.get(VISITOR)


def account_of(request: web.Request) -> Account:
    """The signed-in person, on a route that declares roles."""
    visitor = visitor_of(request)
    if visitor is None or visitor.account is None:
        raise LookupError("this route declares no roles, so nobody needs to be signed in")
    return visitor.account
