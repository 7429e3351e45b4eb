"""The box's numbers for Prometheus, on loopback only. Labels are kinds and results, never a person's or a letter's."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from agent.machine import disk_room
from agent.store import feed, oplog
from agent.store.feed import Trouble
from agent.store.oplog import Outbox
from agent.web.office import Office
from chassis.probes import RefreshedCollector

PREFIX = "kampung"
BUCKETS_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)


class Measures:
    """What pages count while they work."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._issued = Counter(f"{PREFIX}_letters_issued", "Letters issued since start", ["kind"], registry=registry)
        self._duration = Histogram(
            f"{PREFIX}_letter_issue_duration_seconds",
            "From the clerk's yes to a durable letter",
            buckets=BUCKETS_SECONDS,
            registry=registry,
        )
        self._print_failures = Counter(f"{PREFIX}_print_failures", "Letters that could not be set", registry=registry)

    def issued(self, kind: str, seconds: float) -> None:
        self._issued.labels(kind).inc()
        self._duration.observe(seconds)

    def print_failed(self) -> None:
        self._print_failures.inc()


@dataclass(frozen=True, slots=True)
class _Look:
    waiting: Outbox
    trouble: Trouble
    database_bytes: int
    wal_bytes: int
    disk_free_ratio: float


class BoxCollector(RefreshedCollector):
    """Renders what was read last; `refresh` is awaited by the handler before it renders."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._look: _Look | None = None

    async def refresh(self) -> None:
        path = self._office.settings.database
        wal = path.with_name(path.name + "-wal")
        self._look = _Look(
            waiting=await self._office.store.database.read(oplog.outbox),
            trouble=await self._office.store.database.read(feed.trouble),
            database_bytes=path.stat().st_size if path.exists() else 0,
            wal_bytes=wal.stat().st_size if wal.exists() else 0,
            disk_free_ratio=disk_room(self._office.settings.data_folder).free_ppm / 1_000_000,
        )

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        look = self._look
        if look is None:
            return
        yield GaugeMetricFamily(
            f"{PREFIX}_outbox_records", "Records the centre has not acknowledged", value=look.waiting.ops
        )
        oldest = GaugeMetricFamily(f"{PREFIX}_oldest_unacked_timestamp_seconds", "When the oldest of them was written")
        if look.waiting.oldest_ms is not None:
            oldest.add_metric([], look.waiting.oldest_ms / 1000)
        yield oldest
        yield GaugeMetricFamily(
            f"{PREFIX}_feed_unreadable_values",
            "Values of the centre that cannot be read until it says them anew",
            value=look.trouble.unreadable,
        )
        yield GaugeMetricFamily(
            f"{PREFIX}_feed_waiting_items", "Items stored that wait for an upgrade", value=look.trouble.waiting
        )
        yield GaugeMetricFamily(f"{PREFIX}_database_bytes", "Size of the database file", value=look.database_bytes)
        yield GaugeMetricFamily(f"{PREFIX}_wal_bytes", "Size of the write-ahead log", value=look.wal_bytes)
        yield GaugeMetricFamily(f"{PREFIX}_disk_free_ratio", "Free part of the data disk", value=look.disk_free_ratio)
        yield from self._road()

    def _road(self) -> Iterator[Metric]:
        status = self._office.road()
        if status is None:
            return
        yield GaugeMetricFamily(f"{PREFIX}_online", "1 while the centre answers", value=int(status.is_online))
        yield GaugeMetricFamily(
            f"{PREFIX}_sync_halted", "1 while a safety rule stops the sync", value=int(bool(status.halted))
        )
        yield GaugeMetricFamily(
            f"{PREFIX}_clock_skew_seconds", "Own clock minus centre clock", value=status.clock_skew_ms / 1000
        )
        attempts = CounterMetricFamily(
            f"{PREFIX}_sync_attempts", "Requests to the centre, by result", labels=["result"]
        )
        for result, count in sorted(status.attempts.items()):
            attempts.add_metric([result], count)
        yield attempts
        yield CounterMetricFamily(
            f"{PREFIX}_digest_mismatches", "Feeds that had to be fetched anew", value=status.digest_mismatches
        )
