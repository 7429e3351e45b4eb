"""The public site, put together: its pages, and the pace at which one address may ask."""

import time
from collections.abc import Callable
from datetime import timedelta, timezone
from importlib import resources
from typing import Any

import jinja2
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from central.web.desk import Desk
from central.web.public.explained import ExplainedPages
from central.web.public.pace import EVERYBODY, SOURCE, Pace, source_of
from central.web.public.reports import ReportPages
from central.web.public.seals import SealPages
from central.web.public.status import StatusPages
from chassis.web import RequestRefused, install_public

FORM_BYTES_MAX = 16 * 1024
"""The longest report takes a quarter of this."""
MENU = (
    ("/", "Lapor"),
    ("/status", "Status usulan"),
    ("/verify", "Periksa surat"),
    ("/decisions", "Cara keputusan dibuat"),
)
WIB = timezone(timedelta(hours=7), "WIB")
PAGES = Pace(burst=120, pause_ms=500)
"""Pages of one address. A mobile operator puts a whole town behind one: its people must not shut each other out."""
REPORTS = Pace(burst=10, pause_ms=180_000)
"""Forms of one address: a hamlet head who reports for ten neighbours goes on after three minutes."""
ALL_REPORTS = Pace(burst=600, pause_ms=3_000)
"""Forms of everybody: 29,000 a day, thrice what a whole regency ever sent, so that nobody fills the disk overnight."""
WAIT = "Terlalu banyak permintaan dari jaringan ini. Tunggu sebentar, lalu coba lagi; isian Anda belum dikirim."


ANSWER_SECONDS = 0.5
"""Every report is answered after this time: how long the look took would tell what it found."""


def _mono_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def build_public_app(
    desk: Desk,
    *,
    is_proxied: bool,
    mono_ms: Callable[[], int] = _mono_ms,
    answer_seconds: float = ANSWER_SECONDS,
) -> web.Application:
    """The pages; served on an address of their own. `is_proxied`: see `pace.source_of`."""
    app = web.Application(client_max_size=FORM_BYTES_MAX)
    environment = install_public(
        app,
        loader=jinja2.PackageLoader("central.web.public"),
        site_name="Layanan Warga Banyuwangi",
        static=[resources.files("central.web.public") / "static"],
    )
    environment.globals.update(wib=WIB, menu=MENU)
    app.middlewares.append(_paced(is_proxied, mono_ms))
    static: Any = environment.globals["static"]
    for pages in (
        ReportPages(desk, answer_seconds),
        StatusPages(desk),
        SealPages(desk, static),
        ExplainedPages(),
    ):
        app.add_routes(pages.routes())
    return app


def _paced(is_proxied: bool, mono_ms: Callable[[], int]) -> Middleware:
    pages, forms, all_forms = (Pace(each.burst, each.pause_ms) for each in (PAGES, REPORTS, ALL_REPORTS))

    @web.middleware
    async def pace(request: web.Request, handler: Handler) -> web.StreamResponse:
        source = source_of(request.remote, request.headers.get("X-Forwarded-For", ""), is_proxied=is_proxied)
        request[SOURCE] = source
        now_ms, is_form = mono_ms(), request.method == hdrs.METH_POST
        wait_ms = pages.wait_ms(source, now_ms)
        if not wait_ms and is_form:
            wait_ms = forms.wait_ms(source, now_ms) or all_forms.wait_ms(EVERYBODY, now_ms)
        if wait_ms:
            raise RequestRefused(429, "too_many_requests", WAIT, {"Retry-After": str(-(-wait_ms // 1_000))})
        return await handler(request)

    return pace
