"""The look all pages share, and the one way to make a page.

Templates of a program extend `chassis/base.html`. Everything is escaped, an unknown variable is an error, and every
page works without JavaScript. Place in the flow: last step of each handler (`return await page(…)`).
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import aiohttp_jinja2
import jinja2
import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from aiohttp_session import get_session
from markupsafe import Markup

from chassis.web import formats
from chassis.web.choice import has_choice, language_of, reading
from chassis.web.declarations import access_of
from chassis.web.guard import CSRF_FIELD, NONCE_COOKIE, SAFE_METHODS, GuardMetrics
from chassis.web.receipts import FORM_KEY_FIELD, new_form_key
from chassis.web.refusals import RequestRefused
from chassis.web.shelf import Shelf
from chassis.web.visitor import visitor_of
from language import listed, say, translated
from language.catalogue import LANGUAGES, READING

log = structlog.get_logger()

ContextSource = Callable[[web.Request], Awaitable[Mapping[str, Any]]]

STATUS_SENTENCES = {
    404: ("not_found", say("Halaman ini tidak ada. Mungkin alamatnya salah ketik, atau isinya sudah dipindah.")),
    405: ("method_not_allowed", say("Halaman ini tidak dapat dibuka dengan cara itu.")),
    413: ("form_too_large", say("Isian atau berkas terlalu besar.")),
}
OTHER_STATUS = ("refused", say("Permintaan ini tidak dapat dijalankan."))
TITLES = {
    403: say("Tidak diizinkan"),
    404: say("Halaman tidak ada"),
    429: say("Mohon tunggu"),
    503: say("Server sibuk"),
}


@dataclass(frozen=True)
class NavigationEntry:
    """One entry of the menu; `roles` empty means everybody who is signed in.

    `entries` stand in a row of their own on the pages of any of them, this entry's own page first among them.

    `also`: pages below this address belong to the entry too.
    """

    label: str
    url: str
    roles: frozenset[str] = frozenset()
    entries: "tuple[NavigationEntry, ...]" = ()
    also: str = ""

    def is_for(self, role: str) -> bool:
        return not self.roles or role in self.roles

    def is_current(self, path: str) -> bool:
        is_own = path == self.url or (self.url != "/" and path.startswith(self.url.rstrip("/") + "/"))
        is_own = is_own or (self.also != "" and path.startswith(self.also + "/"))
        return is_own or any(entry.is_current(path) for entry in self.entries)


@dataclass(frozen=True)
class _PageSettings:
    context: ContextSource | None
    is_tls: bool


PAGE_SETTINGS = web.AppKey("page_settings", _PageSettings)


def install_layout(
    app: web.Application,
    *,
    loader: jinja2.BaseLoader,
    shelf: Shelf,
    site_name: str,
    navigation: Sequence[NavigationEntry],
    status_template: str | None,
    context: ContextSource | None,
    is_tls: bool,
) -> jinja2.Environment:
    """Sets up the templates; returns the environment so that a program may add filters of its own."""
    own = jinja2.FileSystemLoader(str(resources.files("chassis.web") / "templates"))
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.ChoiceLoader([loader, own]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        default_helpers=False,
        extensions=["jinja2.ext.i18n"],
        finalize=_in_page_language,
    )
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    environment.filters.update({each.__name__: each for each in formats.FILTERS})
    environment.globals.update(
        static=shelf.url,
        site_name=site_name,
        navigation=tuple(navigation),
        status_template=status_template,
        _=say,
        gettext=_translate_block,
        listed=listed,
        languages=LANGUAGES,
        csrf_field=_csrf_field,
        form_key_field=_form_key_field,
    )
    app[PAGE_SETTINGS] = _PageSettings(context, is_tls)
    return environment


async def page(
    request: web.Request, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> web.Response:
    """An HTML answer. `context` wins over what every page knows (account, csrf, path, notices, errors)."""
    visitor = visitor_of(request)
    known: dict[str, Any] = {
        "account": visitor.account if visitor else None,
        "csrf": visitor.csrf if visitor else "",
        "path": request.path,
        "notices": await _take_notices(request),
        "errors": {},
        "language": language_of(request),
        # a page that answers a form has no address of its own to come back to
        "is_language_asked": has_choice(request) and request.method in SAFE_METHODS,
        "here": request.path_qs,
    }
    settings = request.app[PAGE_SETTINGS]
    if settings.context is not None:
        known.update(await settings.context(request))
    with reading(known["language"]):
        response = aiohttp_jinja2.render_template(template, request, {**known, **(context or {})}, status=status)
    if visitor is not None and visitor.new_nonce is not None:
        response.set_cookie(
            NONCE_COOKIE, visitor.new_nonce, httponly=True, samesite="Strict", secure=settings.is_tls, path="/"
        )
    return response


def errors_middleware(metrics: GuardMetrics | None) -> Middleware:
    """Turns every no and every bug into a page with a stable code; a traceback goes to the log and nowhere else."""

    @web.middleware
    async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except RequestRefused as refusal:
            if metrics is not None:
                metrics.refusals.labels(refusal.code).inc()
            response = await _error_page(request, refusal.status, refusal.code, refusal.sentence, "")
            response.headers.update(refusal.headers)
            return response
        except web.HTTPException as answer:
            if answer.status < 400 or _is_for_machine(request):
                raise
            code, sentence = STATUS_SENTENCES.get(answer.status, OTHER_STATUS)
            response = await _error_page(request, answer.status, code, sentence, "")
            if hdrs.ALLOW in answer.headers:
                response.headers[hdrs.ALLOW] = answer.headers[hdrs.ALLOW]
            return response
        except Exception:
            reference = secrets.token_hex(4)
            resource = request.match_info.route.resource
            route = resource.canonical if resource is not None else "none"
            log.exception("request failed", reference=reference, method=request.method, route=route)
            sentence = say("Maaf, terjadi kesalahan. Yang sudah tersimpan tetap aman.")
            return await _error_page(request, 500, "internal", sentence, reference)

    return answer_errors


async def _error_page(request: web.Request, status: int, code: str, sentence: str, reference: str) -> web.Response:
    if _is_for_machine(request) or "text/html" not in request.headers.get(hdrs.ACCEPT, "text/html"):
        return web.Response(status=status, text=f"{code} {reference}".strip() + "\n")
    context = {
        "title": TITLES.get(status, say("Terjadi kesalahan") if status >= 500 else say("Tidak dapat diproses")),
        "code": code,
        "sentence": sentence,
        "reference": reference,
        "can_retry": request.method not in SAFE_METHODS,
    }
    try:
        return await page(request, "chassis/error.html", context, status=status)
    except Exception:
        # The page itself cannot be made (a broken database, a bug in a status bar): words without a frame.
        log.exception("error page failed", reference=reference)
        return web.Response(status=status, text=f"{sentence} {reference}".strip() + "\n")


def _is_for_machine(request: web.Request) -> bool:
    access = access_of(request.match_info.handler)
    return access is not None and access.is_machine


async def _take_notices(request: web.Request) -> list[str]:
    visitor = visitor_of(request)
    if visitor is None or visitor.account is None:
        return []
    session = await get_session(request)
    notices: list[str] = session.pop("notices") if "notices" in session else []
    return notices


def _in_page_language(value: Any) -> Any:
    """What `{{ … }}` writes: sentences in the language of the page, everything else as it is."""
    return translated(value, READING.get())


def _translate_block(msgid: str, /, **values: Any) -> Markup:
    """What `{% trans %}` writes. Its text is a template's, so it may hold tags; its values are escaped."""
    template = READING.get().get(msgid, msgid)
    return Markup(template) % {name: _in_page_language(value) for name, value in values.items()}  # noqa: S704


@jinja2.pass_context
def _csrf_field(context: jinja2.runtime.Context) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, context["csrf"])


def _form_key_field(key: str | None = None) -> Markup:
    """A fresh key, or the one that came back when a form is shown again with its errors."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FORM_KEY_FIELD, key or new_form_key())
