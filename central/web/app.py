"""The officers' pages and the machines' numbers, put together."""

from datetime import timedelta, timezone

import jinja2
from aiohttp import web
from prometheus_client import CollectorRegistry

from central.domain.validators import VALIDATOR
from central.rosters import Drafts
from central.web.changes import ChangePages
from central.web.decisions import READERS, DecisionPages
from central.web.desk import Desk
from central.web.determinations import DeterminationPages
from central.web.dossiers import AGENCY, DossierPages
from central.web.drafts import DraftPages
from central.web.editions import EditionPages
from central.web.fleet import EVERYBODY, FleetPages
from central.web.home import HomePages
from central.web.identities import IdentityPages
from central.web.import_jobs import ImportJobs
from central.web.imports import ImportPages
from central.web.lock import LockPages
from central.web.metrics import PREFIX, CentreCollector
from central.web.objections import ObjectionPages
from central.web.overlaps import OverlapPages
from central.web.overrides import OverridePages
from central.web.picture_pages import PicturePages
from central.web.reports import ReportPages
from central.web.reviews import ReviewPages
from central.web.rosters import RosterPages
from central.web.schemes import SchemePages
from central.web.subjects import WATCHERS, SubjectPages
from central.web.validations import ValidationPages
from central.web.words import claimed
from chassis.metrics import HttpMetrics
from chassis.probes import build_probes
from chassis.web import GuardMetrics, NavigationEntry, WebSettings, install
from protocol.ids import mask_name, mask_nik

WIB = timezone(timedelta(hours=7), "WIB")
NAVIGATION = (
    NavigationEntry("Ringkasan", "/", frozenset(EVERYBODY)),
    NavigationEntry(
        "Armada",
        "/fleet",
        frozenset(EVERYBODY),
        entries=(NavigationEntry("Desa dan kelurahan", "/fleet"), NavigationEntry("Gambar", "/pictures")),
    ),
    NavigationEntry(
        "Keputusan",
        "/decisions",
        frozenset(EVERYBODY),
        entries=(
            NavigationEntry("Daftar", "/decisions"),
            NavigationEntry("Orang yang sama?", "/reviews", frozenset({"officer"})),
            NavigationEntry("Sanggahan", "/objections", frozenset(READERS)),
            NavigationEntry("Laporan warga", "/reports", frozenset(READERS)),
        ),
    ),
    NavigationEntry(
        "Aturan",
        "/cycles",
        frozenset(EVERYBODY),
        entries=(
            NavigationEntry("Periode", "/cycles"),
            NavigationEntry("Program", "/schemes"),
            NavigationEntry("Rangkap", "/exclusions"),
            NavigationEntry("Perubahan aturan", "/changes"),
            NavigationEntry("Naskah surat", "/letters"),
        ),
    ),
    NavigationEntry(
        "Penerima",
        "/rosters",
        frozenset(EVERYBODY),
        entries=(NavigationEntry("Daftar penerima", "/rosters"), NavigationEntry("Impor", "/imports")),
    ),
    NavigationEntry("Validasi", "/rosters/validations", frozenset({VALIDATOR})),
    NavigationEntry(
        "Pemeriksaan",
        "/overlaps",
        frozenset(EVERYBODY),
        entries=(
            NavigationEntry("Tumpang tindih", "/overlaps"),
            NavigationEntry("Warga", "/subjects", frozenset(READERS)),
            NavigationEntry("Koreksi petugas", "/overrides", frozenset(READERS)),
            NavigationEntry("Catatan akses", "/access", frozenset(WATCHERS)),
        ),
    ),
    NavigationEntry("Berkas", "/dossiers", frozenset({AGENCY})),
)


def build_app(
    desk: Desk, registry: CollectorRegistry, version: str, settings: WebSettings | None = None
) -> web.Application:
    """The pages. `registry` also gets the request metrics."""
    app = web.Application()
    measured = HttpMetrics.create(registry, prefix=PREFIX, version=version)
    app.middlewares.append(measured.middleware())
    environment = install(
        app,
        database=desk.database,
        loader=jinja2.PackageLoader("central.web"),
        site_name="Kampung Kabupaten",
        navigation=NAVIGATION,
        settings=settings,
        metrics=GuardMetrics(registry, prefix=PREFIX),
        clock=desk.clock.now_ms,
    )
    environment.globals["wib"] = WIB
    environment.filters.update(mask_name=mask_name, mask_nik=mask_nik, claimed=claimed)
    jobs = ImportJobs(desk)
    app.on_cleanup.append(jobs.close)
    drafts = Drafts(desk.database, desk.rules)
    for pages in (
        HomePages(desk),
        PicturePages(desk),  # before the fleet: its map is no village
        FleetPages(desk),
        DecisionPages(desk),
        IdentityPages(desk),
        ReviewPages(desk),
        ObjectionPages(desk),
        ReportPages(desk),
        SubjectPages(desk),
        OverridePages(desk),
        OverlapPages(desk),
        EditionPages(desk),
        SchemePages(desk),
        DraftPages(desk),
        ChangePages(desk),
        DossierPages(desk),
        ImportPages(desk, jobs),
        RosterPages(desk, drafts),
        ValidationPages(desk, drafts),
        LockPages(desk, drafts),
        DeterminationPages(desk, drafts),
    ):
        app.add_routes(pages.routes())
    app.cleanup_ctx.append(measured.watched)
    return app


def build_metrics_app(desk: Desk, registry: CollectorRegistry) -> web.Application:
    """/metrics and /healthz, for the monitoring network."""
    return build_probes(desk.database, registry, CentreCollector(desk))
