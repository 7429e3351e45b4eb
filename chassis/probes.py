"""/metrics and /healthz of a program: for machines, on an address that only they can reach.

Place in the flow: each program gives its own collector; what is healthy is the same for all: the writer answers.
"""

import asyncio
from abc import abstractmethod

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from chassis.database import Database, DatabaseError
from chassis.web.declarations import machine

HEALTH_SECONDS_MAX = 5.0
"""A writer that does not answer within this is stuck behind a disk; whoever asks must hear so before it gives up."""

log = structlog.get_logger()


class RefreshedCollector(Collector):
    """A collector whose numbers are read from the database first, beside the event loop, and rendered then."""

    @abstractmethod
    async def refresh(self) -> None: ...


class Probes:
    """The two pages."""

    def __init__(self, database: Database, registry: CollectorRegistry, collector: RefreshedCollector) -> None:
        self._database = database
        self._registry = registry
        self._collector = collector

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/metrics", self.metrics), web.get("/healthz", self.health)]

    @machine
    async def metrics(self, request: web.Request) -> web.StreamResponse:
        await self._collector.refresh()
        body = await asyncio.to_thread(generate_latest, self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    @machine
    async def health(self, request: web.Request) -> web.StreamResponse:
        cause = "the database failed: check the disk, then restart"
        if self._database.failure is None:
            try:
                async with asyncio.timeout(HEALTH_SECONDS_MAX):
                    await self._database.transact(lambda connection: connection.fetch_value("SELECT 1"))
            except (DatabaseError, TimeoutError) as error:
                log.warning("health check failed", cause=type(error).__name__)
                cause = "the writer does not answer: check the disk, then restart"
            else:
                return web.json_response({"status": "ok"})
        return web.json_response({"status": "failed", "cause": cause}, status=503)


def build_probes(database: Database, registry: CollectorRegistry, collector: RefreshedCollector) -> web.Application:
    """An application with the two pages."""
    registry.register(collector)
    app = web.Application()
    app.add_routes(Probes(database, registry, collector).routes())
    return app
