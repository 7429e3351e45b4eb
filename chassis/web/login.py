"""The login page, and what happens to a form that was sent after the session had ended.

Such a form is not lost: the login page carries it along, and after signing in the clerk confirms it with one button.
It stays in the browser all the while; nothing of it is stored here for somebody who has not signed in. Files must be
chosen again. Wrong name and wrong password give the same answer at the same cost.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from aiohttp import web
from aiohttp_session import get_session

from chassis.database import Connection, Database
from chassis.web.accounts import Account, PasswordDesk, PasswordDeskBusy, find_account, record_access
from chassis.web.choice import in_language_of
from chassis.web.declarations import public, signed_in
from chassis.web.forms import Form, read_form
from chassis.web.guard import CSRF_FIELD, GuardMetrics, local_path, login_location
from chassis.web.layout import page
from chassis.web.refusals import RequestRefused
from chassis.web.sessions import end_session, start_session
from chassis.web.throttle import begin_attempt, forgive
from chassis.web.visitor import VISITOR, Clock, Visitor, visitor_of
from language import say

DRAFT_BYTES_MAX = 32 * 1024  # as JSON; sending it tripled by percent signs must still fit the limit of a form
LOGIN_CHARACTERS_MAX = 64

log = structlog.get_logger()


@dataclass(frozen=True)
class Draft:
    """A form on its way through the login page."""

    action: str
    fields: tuple[tuple[str, str], ...]

    def encode(self) -> str:
        return json.dumps(self.fields, ensure_ascii=False)


class LoginDesk:
    """The handlers of /login and /logout."""

    def __init__(self, database: Database, clock: Clock, metrics: GuardMetrics | None) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._passwords = PasswordDesk()

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.get("/login", self.show),
            web.post("/login", self.sign_in),
            web.post("/logout", self.sign_out),
        ]

    @public
    async def show(self, request: web.Request) -> web.StreamResponse:
        destination = local_path(request.query.get("next", "/"))
        visitor = visitor_of(request)
        if visitor is not None and visitor.account is not None:
            raise web.HTTPSeeOther(destination)
        return await _login_page(request, destination=destination)

    @public
    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        login = form.text("login").lower()[:LOGIN_CHARACTERS_MAX]
        account = await self._check(request, login, form.raw("password"))
        draft = _draft_from(form)
        destination = local_path(form.text("next") or "/")
        if account is None:
            errors: dict[str, str] = {"login": say("Nama pengguna atau kata sandi salah.")}
            return await _login_page(
                request, destination=destination, login=login, draft=draft, errors=errors, status=401
            )
        request[VISITOR] = Visitor(account, await start_session(request, account))
        if draft is None:
            raise web.HTTPSeeOther(destination)
        return await page(request, "chassis/draft.html", {"draft": draft, "has_lost_files": False})

    @signed_in
    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        await end_session(request)
        raise web.HTTPSeeOther("/login")

    async def ask_for_login(self, request: web.Request, form: Form | None) -> web.StreamResponse:
        """The guard's answer to a missing or ended session."""
        if is_fragment_request(request):
            # Sending the whole page to the login would lose what is typed in it: say so beside it instead.
            return await page(request, "chassis/expired.html", {"login_url": login_location("/")}, status=401)
        if form is None:
            raise web.HTTPSeeOther(login_location(request.path_qs))
        draft = _draft_of(request, form)
        return await _login_page(
            request,
            destination="/",
            draft=draft,
            has_lost_files=bool(form.uploads),
            has_lost_draft=draft is None,
            is_expired=True,
            status=401,
        )

    async def ask_to_confirm(self, request: web.Request, form: Form) -> web.StreamResponse:
        """The guard's answer to a form of an earlier session: nothing is done before the person says so again."""
        draft = _draft_of(request, form)
        visitor = visitor_of(request)
        if draft is None or visitor is None or visitor.account is None or is_fragment_request(request):
            raise RequestRefused(
                403, "csrf", say("Halaman ini sudah terlalu lama terbuka. Muat ulang lalu kirim kembali.")
            )
        return await page(
            request, "chassis/draft.html", {"draft": draft, "has_lost_files": bool(form.uploads)}, status=403
        )

    async def _check(self, request: web.Request, login: str, password: str) -> Account | None:
        source = request.remote or ""
        wait_seconds = await self._database.transact(
            lambda connection: begin_attempt(connection, login, source, self._clock())
        )
        if wait_seconds:
            self._count("throttled")
            raise RequestRefused(
                429,
                "login_throttled",
                say("Terlalu banyak percobaan masuk. Coba lagi dalam {wait_seconds} detik.", wait_seconds=wait_seconds),
                {"Retry-After": str(wait_seconds)},
            )
        found = await self._database.read(lambda connection: find_account(connection, login))
        account, password_hash = found if found is not None and found[0].is_active else (None, None)
        try:
            is_right = await self._passwords.matches(password_hash, password)
        except PasswordDeskBusy:
            self._count("busy")
            raise RequestRefused(
                503, "login_busy", say("Server sedang sibuk. Coba lagi sebentar."), {"Retry-After": "5"}
            ) from None
        if account is None or not is_right:
            self._count("wrong")
            log.info("login refused")
            return None
        await self._database.transact(lambda connection: _note_success(connection, account, source, self._clock()))
        self._count("ok")
        return account

    def _count(self, result: str) -> None:
        if self._metrics is not None:
            self._metrics.logins.labels(result).inc()


async def add_notice(request: web.Request, sentence: str) -> None:
    """Shows a sentence on the next page this person sees, after a redirect."""
    session = await get_session(request)
    session["notices"] = [*session.get("notices", []), in_language_of(request, sentence)][-5:]


async def _note_success(connection: Connection, account: Account, source: str, now_ms: int) -> None:
    await forgive(connection, account.login, source)
    await record_access(connection, now_ms=now_ms, actor=account.login, action="login", subject="")


async def _login_page(
    request: web.Request,
    *,
    destination: str,
    login: str = "",
    draft: Draft | None = None,
    errors: dict[str, str] | None = None,
    is_expired: bool = False,
    has_lost_files: bool = False,
    has_lost_draft: bool = False,
    status: int = 200,
) -> web.Response:
    context = {
        "destination": destination,
        "login": login,
        "draft": draft,
        "errors": errors or {},
        "is_expired": is_expired,
        "has_lost_files": has_lost_files,
        "has_lost_draft": has_lost_draft,
    }
    return await page(request, "chassis/login.html", context, status=status)


def _draft_of(request: web.Request, form: Form) -> Draft | None:
    """None when the form is too large to be carried along."""
    fields = tuple((name, value) for name, value in form.fields if name != CSRF_FIELD)
    draft = Draft(local_path(request.path_qs), fields)
    return draft if len(draft.encode().encode()) <= DRAFT_BYTES_MAX and draft.action != "/" else None


def _draft_from(form: Form) -> Draft | None:
    """The draft that the login page carried; it went through the browser, so it is read like any other input."""
    action = local_path(form.text("draft_action") or "/")
    try:
        fields = json.loads(form.raw("draft") or "null")
    except (ValueError, RecursionError):
        return None
    if action == "/" or not isinstance(fields, list):
        return None
    pairs = tuple(tuple(pair) for pair in fields if isinstance(pair, list))
    if any(len(pair) != 2 or not all(isinstance(item, str) for item in pair) for pair in pairs):
        return None
    return Draft(action, pairs)


def is_fragment_request(request: web.Request) -> bool:
    """Whether htmx asks for a piece of a page."""
    return request.headers.get("HX-Request") == "true"
