"""The centre's numbers: true, few, and without anybody's name or number."""

import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from central.store import facts
from central.web.app import build_app, build_metrics_app
from central.web.desk import Desk
from chassis.database import SqliteDatabase
from chassis.web import require_declarations
from protocol.ids import parse_village_code
from protocol.regions import villages
from tests.central.desk import (
    DAY_MS,
    DESA,
    OTHER_DESA,
    PANGAN,
    REVOKED_DESA,
    RULES,
    START_MS,
    WARD,
    Regency,
    Story,
    fill,
    kk,
    migrations,
    nik,
)

PROMTOOL = shutil.which("promtool")
SERIES_OF_A_VILLAGE_MAX = 14
SERIES_OF_THE_CENTRE_MAX = 600

Sample = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@dataclass
class Monitor:
    story: Story
    client: TestClient
    pages: TestClient

    async def scrape(self) -> Sample:
        answer = await self.client.get("/metrics")
        assert answer.status == 200
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(await answer.text())
            for sample in family.samples
        }


def of(samples: Sample, name: str, **labels: str) -> float | None:
    return samples.get((f"kampung_{name}", tuple(sorted(labels.items()))))


@pytest.fixture
async def monitor(tmp_path: Path) -> AsyncIterator[Monitor]:
    database = await SqliteDatabase.open(tmp_path / "centre.db", migrations())
    regency = Regency(database)
    story = await fill(regency)
    desk, registry = Desk(database, regency.clock, RULES), CollectorRegistry()
    pages = TestClient(TestServer(build_app(desk, registry, "0.1.0")))
    app = build_metrics_app(desk, registry)
    require_declarations(app)
    client = TestClient(TestServer(app))
    await pages.start_server()
    await client.start_server()
    yield Monitor(story, client, pages)
    await pages.close()
    await client.close()
    await database.close()


async def test_a_villages_numbers(monitor: Monitor) -> None:
    samples, now = await monitor.scrape(), monitor.story.regency.clock.at_ms / 1000
    assert of(samples, "village_info", village=DESA, district="351025", version="0.1.0", channel="stable") == 1
    assert of(samples, "village_last_contact_timestamp_seconds", village=DESA) == now
    assert of(samples, "village_last_contact_timestamp_seconds", village=WARD) == START_MS / 1000
    assert of(samples, "village_last_sync_success_timestamp_seconds", village=OTHER_DESA) == now - 15 * DAY_MS / 1000
    assert of(samples, "village_oldest_unacked_timestamp_seconds", village=OTHER_DESA) == now - 3 * 3600
    assert of(samples, "village_oldest_unacked_timestamp_seconds", village=DESA) is None, "nothing waits"
    assert of(samples, "village_unacked_records", village=OTHER_DESA) == 7
    assert of(samples, "village_unacked_records", village=DESA) == 0
    assert of(samples, "village_feed_pending_records", village=DESA) == 1
    assert of(samples, "village_quarantined_records", village=OTHER_DESA) == 1
    assert of(samples, "village_clock_skew_seconds", village=OTHER_DESA) == -90
    assert of(samples, "village_disk_free_ratio", village=DESA) == 0.512
    assert of(samples, "village_disk_free_ratio", village=WARD) is None, "not reported is not zero"


async def test_the_centres_numbers(monitor: Monitor) -> None:
    samples = await monitor.scrape()
    assert of(samples, "decisions", scheme="APBD-PANGAN", outcome="accepted") == 2
    assert of(samples, "decisions", scheme="APBD-PANGAN", outcome="rejected") == 1
    assert of(samples, "decisions", scheme="BLT-DD", outcome="rejected") == 1
    assert of(samples, "undecided_proposals") == 0
    assert of(samples, "waiting_batches") == 0
    assert of(samples, "quarantined_records", reason="bad_header") == 1
    assert of(samples, "clones_suspected") == 1
    assert of(samples, "enrolments_total") == 4
    assert of(samples, "number_clashes") == 1
    assert of(samples, "build_info", version="0.1.0") == 1
    assert of(samples, "login_attempts_total", result="wrong") == 0


async def test_what_waits_is_counted(monitor: Monitor) -> None:
    story = monitor.story
    story.desa.propose()
    await story.regency.send(story.desa, len(story.desa.ops))
    assert of(await monitor.scrape(), "waiting_batches") == 1
    await story.regency.settle()
    assert of(await monitor.scrape(), "waiting_batches") == 0
    await story.regency.database.transact(lambda c: facts.disturb(c, "APBD-PANGAN", ()))
    samples = await monitor.scrape()
    assert of(samples, "undecided_proposals") == await story.regency.value(
        "SELECT count(*) FROM proposal WHERE scheme = 'APBD-PANGAN'"
    )
    oldest = await story.regency.value("SELECT min(received_ms) FROM proposal")
    assert of(samples, "oldest_undecided_timestamp_seconds") == oldest / 1000
    await story.regency.settle()
    assert of(await monitor.scrape(), "undecided_proposals") == 0


async def test_requests_are_counted_by_route_never_by_address(monitor: Monitor) -> None:
    await monitor.pages.get(f"/fleet/{DESA}", allow_redirects=False)
    await monitor.pages.get("/nothing/3510256507850001", allow_redirects=False)
    samples = await monitor.scrape()
    assert of(samples, "http_requests_total", method="GET", route="/fleet/{village}", status="303") == 1
    assert of(samples, "event_loop_lag_seconds") is not None
    text = await (await monitor.client.get("/metrics")).text()
    assert "3510256507850001" not in text


async def test_no_person_is_in_the_numbers(monitor: Monitor) -> None:
    text = await (await monitor.client.get("/metrics")).text()
    labels = re.findall(r'="([^"]*)"', text)
    assert not [value for value in labels if re.fullmatch(r"\d{16}", value)]
    for name in ("SITI", "CONTOH", "RAHAYU", "RUKMINI", "SUYATNO", "script"):
        assert name not in text
    names = {each.name for each in villages()}
    assert not names & set(labels), "a village's name stands nowhere but on pages"


async def test_free_text_of_a_box_is_no_label(monitor: Monitor) -> None:
    regency, desa = monitor.story.regency, monitor.story.desa
    for scheme in (nik(8), "SITI CONTOH"):
        desa.propose(cycle=msgspec.structs.replace(PANGAN, code="X", scheme=scheme), nik=nik(8), kk=kk(8))
        await regency.send(desa, len(desa.ops))
    await regency.settle()
    await regency.greet(desa, software=f"0.1.0-{nik(8)}")
    text = await (await monitor.client.get("/metrics")).text()
    assert nik(8) not in text
    assert "SITI" not in text
    samples = await monitor.scrape()
    assert of(samples, "decisions", scheme="other", outcome="needs_review") == 2
    assert of(samples, "village_info", village=DESA, district="351025", version="other", channel="stable") == 1


async def test_a_failed_database_is_told_and_leaves_no_old_numbers(monitor: Monitor) -> None:
    assert of(await monitor.scrape(), "database_failed") == 0
    await monitor.story.regency.database.close()
    samples = await monitor.scrape()
    assert of(samples, "database_failed") == 1
    assert of(samples, "enrolments_total") is None
    answer = await monitor.client.get("/healthz")
    assert (answer.status, (await answer.json())["status"]) == (503, "failed")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian package prometheus)")
async def test_prometheus_has_nothing_to_say_about_the_numbers(monitor: Monitor) -> None:
    body = await (await monitor.client.get("/metrics")).read()
    checked = subprocess.run([str(PROMTOOL), "check", "metrics"], input=body, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b""), checked.stderr.decode()


async def test_the_series_stay_few(monitor: Monitor) -> None:
    samples = await monitor.scrape()
    by_village = [dict(labels)["village"] for _, labels in samples if "village" in dict(labels)]
    assert set(by_village) == {DESA, OTHER_DESA, WARD, REVOKED_DESA}
    assert max(by_village.count(code) for code in set(by_village)) <= SERIES_OF_A_VILLAGE_MAX
    assert len(samples) - len(by_village) <= SERIES_OF_THE_CENTRE_MAX
    assert all(parse_village_code(code) for code in by_village)


async def test_health_is_told_without_a_login(monitor: Monitor) -> None:
    answer = await monitor.client.get("/healthz")
    assert (answer.status, await answer.json()) == (200, {"status": "ok"})


async def test_there_is_nothing_else_at_this_door(monitor: Monitor) -> None:
    for path in ("/", "/fleet", "/decisions", "/login"):
        assert (await monitor.client.get(path)).status == 404


async def test_a_centre_without_villages_has_numbers_too(tmp_path: Path) -> None:
    database = await SqliteDatabase.open(tmp_path / "centre.db", migrations())
    regency = Regency(database)
    client = TestClient(TestServer(build_metrics_app(Desk(database, regency.clock, RULES), CollectorRegistry())))
    await client.start_server()
    text = await (await client.get("/metrics")).text()
    assert "kampung_undecided_proposals 0.0" in text
    await client.close()
    await database.close()
