"""Puts guard, sessions, layout and static files into an aiohttp application, in the order that is safe.

Place in the flow: called once by each program's web package before it adds its own routes.
"""

from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable

import aiohttp_session
import jinja2
import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from chassis.database import Database
from chassis.web.choice import KEPT_SECONDS, install_choice
from chassis.web.declarations import RouteUndeclared, access_of, require_declarations
from chassis.web.guard import SAFE_METHODS, GuardMetrics, add_security_headers, guard_middleware, require_own_origin
from chassis.web.layout import ContextSource, NavigationEntry, errors_middleware, install_layout
from chassis.web.login import LoginDesk
from chassis.web.sessions import LoginStorage
from chassis.web.shelf import Shelf
from chassis.web.visitor import Clock, wall_clock_ms


class WebSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an office may change about logins."""

    idle_seconds: int = 900  # a clerk who walks away from the counter
    session_seconds_max: int = 12 * 3600  # a working day
    is_tls: bool = False  # set where browsers reach the pages by https; cookies then never travel in clear


def install(
    app: web.Application,
    *,
    database: Database,
    loader: jinja2.BaseLoader,
    site_name: str,
    navigation: Sequence[NavigationEntry] = (),
    static: Sequence[Traversable] = (),
    status_template: str | None = None,
    context: ContextSource | None = None,
    settings: WebSettings | None = None,
    metrics: GuardMetrics | None = None,
    clock: Clock = wall_clock_ms,
    is_bilingual: bool = False,
) -> jinja2.Environment:
    """The database must hold `chassis.schema.MIGRATIONS`. A metrics middleware, if any, is added before this call.

    `context` adds variables to every page; `status_template` is included in the status bar of every page;
    `is_bilingual`: every page's foot offers the other language. From now on
    the application refuses to start with a route that does not declare who may use it.
    """
    chosen = settings or WebSettings()
    storage = LoginStorage(
        database,
        clock,
        idle_seconds=chosen.idle_seconds,
        session_seconds_max=chosen.session_seconds_max,
        is_tls=chosen.is_tls,
    )
    desk = LoginDesk(database, clock, metrics)
    shelf = Shelf([resources.files("chassis.web") / "static", *static])
    environment = install_layout(
        app,
        loader=loader,
        shelf=shelf,
        site_name=site_name,
        navigation=navigation,
        status_template=status_template,
        context=context,
        is_tls=chosen.is_tls,
    )
    app.middlewares.append(errors_middleware(metrics))
    app.middlewares.append(aiohttp_session.session_middleware(storage))
    app.middlewares.append(guard_middleware(storage, desk))
    app.on_response_prepare.append(add_security_headers)
    app.router.add_get("/static/{name:.+}", shelf.serve)
    app.router.add_routes(desk.routes())
    if is_bilingual:
        install_choice(app, kept_seconds=KEPT_SECONDS, is_tls=chosen.is_tls)
    app.on_startup.append(_require_declarations)
    return environment


def install_public(
    app: web.Application,
    *,
    loader: jinja2.BaseLoader,
    site_name: str,
    static: Sequence[Traversable] = (),
    is_bilingual: bool = False,
) -> jinja2.Environment:
    """Pages for people without accounts, on an origin of their own: no login, no session, every route `public`; no cookie
    but the language."""
    shelf = Shelf([resources.files("chassis.web") / "static", *static])
    environment = install_layout(
        app,
        loader=loader,
        shelf=shelf,
        site_name=site_name,
        navigation=(),
        status_template=None,
        context=None,
        is_tls=False,
    )
    app.middlewares.append(errors_middleware(None))
    app.middlewares.append(_own_forms)
    app.on_response_prepare.append(add_security_headers)
    app.router.add_get("/static/{name:.+}", shelf.serve)
    if is_bilingual:
        install_choice(app, kept_seconds=None, is_tls=False)
    app.on_startup.append(_require_public)
    return environment


@web.middleware
async def _own_forms(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nobody is signed in whose rights a foreign page could borrow, but it could still send forms from their browser."""
    if request.method not in SAFE_METHODS:
        require_own_origin(request)
    return await handler(request)


async def _require_public(app: web.Application) -> None:
    require_declarations(app)
    for route in app.router.routes():
        access = access_of(route.handler)
        if access is None or access.roles is not None:
            raise RouteUndeclared(f"asks for a login, and nobody can sign in here: {route!r}")


async def _require_declarations(app: web.Application) -> None:
    require_declarations(app)
