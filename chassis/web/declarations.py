"""Each route says who may use it; a route that says nothing stops the program from starting.

Role names belong to the programs: here they are opaque words. Place in the flow: decorators on handlers, read by the
guard on each request and by `require_declarations` at start-up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web

HandlerT = TypeVar("HandlerT", bound=Callable[..., Any])

FORM_BYTES_MAX = 128 * 1024  # the longest form of ours is a page of text; a file upload declares its own limit

_ATTRIBUTE = "__access__"


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may use a route. `roles` is None for everybody, empty for anybody who is signed in."""

    roles: frozenset[str] | None
    is_machine: bool = False
    extends_login: bool = True
    body_bytes_max: int = FORM_BYTES_MAX

    def admits(self, role: str) -> bool:
        """Whether a signed-in person of this role may pass."""
        return not self.roles or role in self.roles


class RouteUndeclared(Exception):
    """A route does not say who may use it. A bug of ours, found at start-up."""


def roles(
    *names: str, extends_login: bool = True, body_bytes_max: int = FORM_BYTES_MAX
) -> Callable[[HandlerT], HandlerT]:
    """Only these roles. `extends_login=False` for pages that refresh themselves: they are no sign of a person."""
    if not names:
        raise ValueError("name at least one role, or use signed_in")
    access = Access(roles=frozenset(names), extends_login=extends_login, body_bytes_max=body_bytes_max)
    return lambda handler: _declare(handler, access)


def signed_in(handler: HandlerT) -> HandlerT:
    """Anybody with a login, whatever the role."""
    return _declare(handler, Access(roles=frozenset()))


def public(handler: HandlerT) -> HandlerT:
    """Everybody. Forms still need their token."""
    return _declare(handler, Access(roles=None))


def machine(handler: HandlerT) -> HandlerT:
    """No person and no cookie: the handler authenticates the request itself, or there is nothing to protect."""
    return _declare(handler, Access(roles=None, is_machine=True))


def access_of(handler: Any) -> Access | None:
    """What a handler declares; None for one that declares nothing."""
    access = getattr(handler, _ATTRIBUTE, None)
    return access if isinstance(access, Access) else None


def require_declarations(app: web.Application) -> None:
    """Raises RouteUndeclared naming every route that does not say who may use it."""
    silent = [
        f"{route.method} {route.resource.canonical if route.resource else '?'}"
        for route in app.router.routes()
        if access_of(route.handler) is None
    ]
    if silent:
        raise RouteUndeclared(f"no roles declared for: {', '.join(silent)}")


def _declare(handler: HandlerT, access: Access) -> HandlerT:
    setattr(handler, _ATTRIBUTE, access)
    return handler
