"""The centre's numbers for Prometheus. Village numbers carry the village's code as label, never a name or number of a person.

Timestamps that a box reports are exported as the box's own, so that a silent village ages by itself.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from typing import Any

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from central.store import overview
from central.store.overview import Numbers, VillageState
from central.web.desk import Desk
from chassis.database import DatabaseError
from chassis.probes import RefreshedCollector
from protocol.ids import VillageCode
from protocol.regions import village

PREFIX = "kampung"
OTHER = "other"
"""What a label says for a word of a box that is not one of ours: a label must never carry free text."""
VERSION = re.compile(r"(?!.*[0-9]{8})[0-9A-Za-z.+~-]{1,24}")
"""What a program calls its version; no run of digits that could be somebody's number."""

log = structlog.get_logger()


class CentreCollector(RefreshedCollector):
    """Renders the numbers that were read last; `refresh` is awaited by the handler before it renders."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._numbers: Numbers | None = None

    async def refresh(self) -> None:
        """A database that cannot be read leaves no numbers of an earlier look behind: only that it failed."""
        try:
            self._numbers = await self._desk.database.read(overview.numbers)
        except DatabaseError as error:
            self._numbers = None
            log.warning("numbers not read", cause=type(error).__name__)

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        is_failed = self._numbers is None or self._desk.database.failure is not None
        yield GaugeMetricFamily(f"{PREFIX}_database_failed", "1 when the database cannot be used", value=is_failed)
        if self._numbers is not None:
            yield from _village_metrics(self._numbers.villages)
            yield from _centre_metrics(self._numbers, self._desk.rules.book.schemes)


def _gauge(name: str, what: str, rows: Iterable[tuple[str, float | None]]) -> Metric:
    gauge = GaugeMetricFamily(f"{PREFIX}_{name}", what, labels=["village"])
    for code, value in rows:
        if value is not None:
            gauge.add_metric([code], value)
    return gauge


def _village_metrics(villages: dict[str, VillageState]) -> Iterator[Metric]:
    info = InfoMetricFamily(f"{PREFIX}_village", "Which program runs where", labels=["village"])
    for code, v in villages.items():
        home = village(VillageCode(code))
        info.add_metric([code], {"district": home.district.code, "version": _version(v), "channel": "stable"})
    yield info

    def rows(value: Any) -> list[tuple[str, float | None]]:
        return [(code, value(v)) for code, v in villages.items()]

    def seconds(ms: int | None) -> float | None:
        return ms / 1000 if ms else None

    yield _gauge(
        "village_last_contact_timestamp_seconds",
        "Last request of the box",
        rows(lambda v: seconds(v.box.last_contact_ms)),
    )
    yield _gauge(
        "village_last_sync_success_timestamp_seconds",
        "Last acknowledged append",
        rows(lambda v: seconds(v.box.last_append_ms)),
    )
    yield _gauge(
        "village_oldest_unacked_timestamp_seconds",
        "When the oldest record was written that the centre does not hold, by the box's clock",
        rows(lambda v: seconds(v.health("oldest_unacked_ms"))),
    )
    yield _gauge(
        "village_unacked_records", "Records waiting at the box, as it reported", rows(lambda v: v.health("outbox_ops"))
    )
    yield _gauge("village_feed_pending_records", "Feed items the box has not stored", rows(lambda v: v.feed_pending))
    yield _gauge("village_quarantined_records", "Ops that cannot be read", rows(lambda v: v.quarantined))
    yield _gauge(
        "village_sync_halted",
        "1 while a safety rule stops the box, as it reported",
        rows(lambda v: int(bool(v.halted))),
    )
    yield _gauge(
        "village_clock_skew_seconds", "Box clock minus centre clock", rows(lambda v: v.box.clock_skew_ms / 1000)
    )
    yield _gauge(
        "village_disk_free_ratio", "Free part of the box's disk", rows(lambda v: _ratio(v.health("disk_free_ppm")))
    )


def _ratio(ppm: int | None) -> float | None:
    return None if ppm is None else ppm / 1_000_000


def _version(found: VillageState) -> str:
    software = found.box.software
    return software if VERSION.fullmatch(software) else OTHER if software else "unknown"


def _centre_metrics(n: Numbers, schemes: Container[str]) -> Iterator[Metric]:
    decided = GaugeMetricFamily(f"{PREFIX}_decisions", "Decisions in force", labels=["scheme", "outcome"])
    counts: Counter[tuple[str, str]] = Counter()
    for scheme, outcome, count in n.decisions:
        counts[scheme if scheme in schemes else OTHER, outcome] += count
    for labels, count in counts.items():
        decided.add_metric(labels, count)
    yield decided
    quarantined = GaugeMetricFamily(f"{PREFIX}_quarantined_records", "Ops that cannot be read", labels=["reason"])
    for reason, count in n.quarantined:
        quarantined.add_metric([reason], count)
    yield quarantined
    yield GaugeMetricFamily(f"{PREFIX}_undecided_proposals", "Proposals waiting for a decision", value=n.undecided)
    oldest = GaugeMetricFamily(
        f"{PREFIX}_oldest_undecided_timestamp_seconds", "First receipt of the oldest undecided proposal"
    )
    if n.oldest_undecided_ms is not None:
        oldest.add_metric([], n.oldest_undecided_ms / 1000)
    yield oldest
    yield GaugeMetricFamily(f"{PREFIX}_waiting_batches", "Acknowledged batches not yet tabulated", value=n.waiting)
    yield GaugeMetricFamily(f"{PREFIX}_number_clashes", "Letter numbers held by two records", value=n.clashes)
    yield GaugeMetricFamily(f"{PREFIX}_clones_suspected", "Villages with a suspected second server", value=n.clones)
    yield CounterMetricFamily(f"{PREFIX}_enrolments", "Machines ever enrolled", value=n.enrolments)
    yield CounterMetricFamily(f"{PREFIX}_feed_items", "Items ever published", value=n.feed_items)
