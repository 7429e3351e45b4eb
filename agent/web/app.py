"""The counter's pages and the box's numbers, put together."""

import jinja2
from aiohttp import web
from prometheus_client import CollectorRegistry

from agent.domain.numbering import WIB
from agent.render.books import Bindery
from agent.web.attachments import AttachmentPages
from agent.web.cards import CardPages
from agent.web.command import CommandPages
from agent.web.deliberations import DeliberationPages
from agent.web.desk import SUPERIORS
from agent.web.dossiers import DossierPages
from agent.web.events import EventPages
from agent.web.handovers import HandoverPages
from agent.web.home import HomePages
from agent.web.households import HouseholdPages
from agent.web.incoming import IncomingPages
from agent.web.letterhead import LetterheadPages
from agent.web.letters import LetterPages
from agent.web.measure import PREFIX, BoxCollector, Measures
from agent.web.numbers import NumberPages
from agent.web.objections import ObjectionPages
from agent.web.office import Office
from agent.web.pins import PinPages
from agent.web.proposal_lists import ProposalListPages
from agent.web.proposals import ProposalPages
from agent.web.proposing import ProposingPages
from agent.web.questions import QuestionPages
from agent.web.registers import register_pages
from agent.web.reports import ReportPages
from agent.web.requests import RequestPages
from agent.web.residents import ResidentPages
from agent.web.rosters import RosterPages
from agent.web.seals import SealPages
from agent.web.sync_state import SyncPages
from agent.web.worklist import WorklistPages
from chassis.metrics import HttpMetrics
from chassis.probes import build_probes
from chassis.web import GuardMetrics, NavigationEntry, WebSettings, install
from language import say
from protocol.ids import mask_nik

NAVIGATION = (
    NavigationEntry(say("Beranda"), "/"),
    NavigationEntry(say("Penduduk"), "/residents"),
    NavigationEntry(
        say("Surat"),
        "/letters",
        entries=(
            NavigationEntry(say("Surat terbit"), "/letters"),
            NavigationEntry(say("Permohonan"), "/requests"),
            NavigationEntry(say("Berkas"), "/dossiers"),
            NavigationEntry(say("Periksa surat"), "/verify"),
            NavigationEntry(say("Buku register"), "/registers"),
            NavigationEntry(say("Nomor surat"), "/numbers"),
            NavigationEntry(say("Kop surat"), "/letterhead", roles=frozenset(SUPERIORS)),
        ),
    ),
    NavigationEntry(
        say("Usulan"),
        "/proposals",
        entries=(
            NavigationEntry(say("Usulan bantuan"), "/proposals"),
            NavigationEntry(say("Tindak lanjut"), "/worklist", also="/questions"),
            NavigationEntry(say("Laporan warga"), "/reports"),
            NavigationEntry(say("Musyawarah"), "/deliberations"),
        ),
    ),
    NavigationEntry(say("Sinkronisasi"), "/sync"),
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
        is_bilingual=True,
    )
    app.middlewares.append(office.hearing())
    environment.globals["wib"] = WIB
    environment.filters.update(mask_nik=mask_nik, pair=lambda word: (word, word))
    measures = Measures(registry)
    pages = (
        HomePages(office),
        CommandPages(office),
        ResidentPages(office),
        HouseholdPages(office),
        EventPages(office),
        RosterPages(office),
        CardPages(office),
        LetterPages(office, measures),
        AttachmentPages(office),
        DossierPages(office),
        RequestPages(office, measures),
        ProposalPages(office),
        ProposingPages(office),
        PinPages(office),
        ProposalListPages(office),
        WorklistPages(office),
        ObjectionPages(office),
        ReportPages(office),
        QuestionPages(office),
        DeliberationPages(office),
        NumberPages(office),
        LetterheadPages(office),
        SealPages(office),
        IncomingPages(office),
        HandoverPages(office),
        *register_pages(office, Bindery()),
        sync,
    )
    for each in pages:
        app.add_routes(each.routes())
    app.cleanup_ctx.append(measured.watched)
    return app


def build_metrics_app(office: Office, registry: CollectorRegistry) -> web.Application:
    """/metrics and /healthz, for loopback."""
    return build_probes(office.store.database, registry, BoxCollector(office))
