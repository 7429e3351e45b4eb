"""The counter's pages and the box's numbers, put together."""

import jinja2
from aiohttp import web
from prometheus_client import CollectorRegistry

from agent.domain.numbering import WIB
from agent.web.dossiers import DossierPages
from agent.web.home import HomePages
from agent.web.letters import LetterPages
from agent.web.measure import PREFIX, BoxCollector, Measures
from agent.web.numbers import NumberPages
from agent.web.office import Office
from agent.web.proposals import ProposalPages
from agent.web.residents import ResidentPages
from agent.web.sync_state import SyncPages
from chassis.metrics import HttpMetrics
from chassis.probes import build_probes
from chassis.web import GuardMetrics, NavigationEntry, WebSettings, install
from protocol.ids import mask_nik

NAVIGATION = (
    NavigationEntry("Beranda", "/"),
    NavigationEntry("Penduduk", "/residents"),
    NavigationEntry("Surat", "/letters"),
    NavigationEntry("Berkas", "/dossiers"),
    NavigationEntry("Usulan", "/proposals"),
    NavigationEntry("Nomor surat", "/numbers"),
    NavigationEntry("Sinkronisasi", "/sync"),
)


def build_app(office: Office, registry: CollectorRegistry, version: str) -> web.Application:
    """The pages. `registry` also gets what they count: by page would be some 400 series, a box has 250 for everything."""
    app = web.Application()
    measured = HttpMetrics.create(registry, prefix=PREFIX, version=version, is_by_route=False)
    app.middlewares.append(measured.middleware())
    sync = SyncPages(office)
    settings = office.settings
    environment = install(
        app,
        database=office.store.database,
        loader=jinja2.PackageLoader("agent.web"),
        site_name=settings.home.place.split(",")[0],
        navigation=NAVIGATION,
        status_template="road.html",
        context=sync.context,
        settings=WebSettings(idle_seconds=settings.idle_seconds, is_tls=settings.listen.is_tls),
        metrics=GuardMetrics(registry, prefix=PREFIX),
        clock=office.stamper.now_ms,
    )
    environment.globals["wib"] = WIB
    environment.filters.update(mask_nik=mask_nik, pair=lambda word: (word, word))
    pages = (
        HomePages(office),
        ResidentPages(office),
        LetterPages(office, Measures(registry)),
        DossierPages(office),
        ProposalPages(office),
        NumberPages(office),
        sync,
    )
    for each in pages:
        app.add_routes(each.routes())
    app.cleanup_ctx.append(measured.watched)
    return app


def build_metrics_app(office: Office, registry: CollectorRegistry) -> web.Application:
    """/metrics and /healthz, for loopback."""
    return build_probes(office.store.database, registry, BoxCollector(office))
