"""Stands before every page: who is it, may they, and did they mean to?

Deny by default. In order: machine routes pass (they prove themselves by signature); a change must come from our own
pages; a route with roles needs a person of that role; a form needs the token of that person's session. Must never
decide on anything the browser merely claims. Place in the flow: the innermost middleware, around the handlers.
"""

import hashlib
import hmac
import secrets
from typing import Protocol
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from aiohttp_session import Session, get_session
from prometheus_client import CollectorRegistry, Counter

from chassis.web.declarations import Access, access_of
from chassis.web.forms import Form, read_form
from chassis.web.refusals import RequestRefused
from chassis.web.sessions import ACCOUNT, CSRF, LoginStorage
from chassis.web.visitor import VISITOR, Visitor
from language import say

SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
NONCE_COOKIE = "form"  # ties a form of an anonymous visitor to their browser
NEXT_CHARACTERS_MAX = 500

SECURITY_HEADERS = {
    # Pico CSS draws its arrows and ticks with images inside the style sheet, hence `data:` for images only.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: under it browsers send `Origin: null` with our own forms (Fetch standard, 3.2), and over plain
    # HTTP on an office network there is no Sec-Fetch-Site to fall back on. Other sites learn nothing either way.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

log = structlog.get_logger()


class Doorkeeper(Protocol):
    """Who answers when the guard cannot let somebody pass but means no harm."""

    async def ask_for_login(self, request: web.Request, form: Form | None) -> web.StreamResponse:
        """The session is missing or over; `form` is what was being sent."""

    async def ask_to_confirm(self, request: web.Request, form: Form) -> web.StreamResponse:
        """The form belongs to an earlier session of a person who has signed in again."""


class GuardMetrics:
    """What was refused and how logins went. The label values are closed sets."""

    def __init__(self, registry: CollectorRegistry, *, prefix: str) -> None:
        self.refusals = Counter(f"{prefix}_web_refusals", "Requests refused, by code", ["code"], registry=registry)
        self.logins = Counter(f"{prefix}_login_attempts", "Login attempts, by result", ["result"], registry=registry)
        for result in ("ok", "wrong", "throttled", "busy"):
            self.logins.labels(result)


def guard_middleware(storage: LoginStorage, doorkeeper: Doorkeeper) -> Middleware:
    """The guard itself."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        access = access_of(request.match_info.handler)
        if access is None:
            # No such route, or one that was added behind our back after start-up: only the former may answer.
            if request.match_info.http_exception is not None:
                return await handler(request)
            raise RequestRefused(403, "forbidden", say("Halaman ini tidak untuk Anda."))
        if access.is_machine:
            return await handler(request)
        return await _admit(request, handler, access, storage, doorkeeper)

    return guard


async def _admit(
    request: web.Request, handler: Handler, access: Access, storage: LoginStorage, doorkeeper: Doorkeeper
) -> web.StreamResponse:
    is_change = request.method not in SAFE_METHODS
    if is_change:
        require_own_origin(request)
    session = await get_session(request)
    visitor = _recognise(request, session)
    request[VISITOR] = visitor
    if access.roles is not None:
        if visitor.account is None:
            form = await read_form(request, access.body_bytes_max) if is_change else None
            return await doorkeeper.ask_for_login(request, form)
        if not access.admits(visitor.account.role):
            log.warning("role refused", route=_template(request), role=visitor.account.role)
            raise RequestRefused(403, "forbidden", say("Halaman ini tidak untuk peran Anda."))
    if is_change:
        form = await read_form(request, access.body_bytes_max)
        if not _has_token(request, form, access, visitor):
            return await doorkeeper.ask_to_confirm(request, form)
    if visitor.account is not None and access.extends_login:
        await storage.mark_seen(session)
    return await handler(request)


def require_own_origin(request: web.Request) -> None:
    """A change must come from a page of ours: the browser says so itself and pages cannot forge it."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        is_own = site == "same-origin"
    else:
        # Browsers older than 2020, and every browser on a plain-HTTP address.
        claimed = request.headers.get(hdrs.ORIGIN) or request.headers.get(hdrs.REFERER) or ""
        is_own = _is_same_host(claimed, request.host or "")
    if not is_own:
        raise RequestRefused(
            403, "cross_site", say("Permintaan ini tidak berasal dari halaman kami, jadi tidak dijalankan.")
        )


def local_path(candidate: str) -> str:
    """The candidate when it is a path on this server, else `/`: a login page must not send people elsewhere."""
    is_clean = candidate.isascii() and candidate.isprintable() and not set(candidate) & set('\\ "<>')
    if not is_clean or len(candidate) > NEXT_CHARACTERS_MAX or not candidate.startswith("/"):
        return "/"
    if candidate.startswith("//"):
        return "/"
    return candidate


def login_location(path: str) -> str:
    """The login page that leads back to `path`."""
    return f"/login?next={quote(local_path(path), safe='/')}"


async def add_security_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """An on_response_prepare signal, so that it covers every answer, streamed ones and refusals included."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    response.headers.pop(hdrs.SERVER, None)  # nobody needs our versions


def anonymous_token(nonce: str) -> str:
    """The form token that belongs to a nonce cookie."""
    return hashlib.sha256(b"form token of " + nonce.encode("utf-8", "replace")).hexdigest()


def _recognise(request: web.Request, session: Session) -> Visitor:
    account = request.get(ACCOUNT)
    if account is not None:
        return Visitor(account, str(session[CSRF]))
    nonce = request.cookies.get(NONCE_COOKIE, "")
    if len(nonce) >= 22:
        return Visitor(None, anonymous_token(nonce))
    nonce = secrets.token_urlsafe(24)
    return Visitor(None, anonymous_token(nonce), new_nonce=nonce)


def _has_token(request: web.Request, form: Form, access: Access, visitor: Visitor) -> bool:
    sent = request.headers.get(CSRF_HEADER) or form.raw(CSRF_FIELD)
    expected = {visitor.csrf}
    if access.roles is None:
        # A public page opened before somebody signed in in another tab is still honest.
        expected.add(anonymous_token(request.cookies.get(NONCE_COOKIE, secrets.token_urlsafe())))
    return any(hmac.compare_digest(sent.encode(), token.encode()) for token in expected)


def _is_same_host(url: str, host: str) -> bool:
    try:
        return bool(host) and urlsplit(url).netloc.lower() == host.lower()
    except ValueError:
        return False


def _template(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "none" if resource is None else resource.canonical
