"""Numbers for Prometheus: how this process answers its requests, how late its event loop runs, what was built.

Labels come from a closed set: the route *template*, never the path (a path may hold an id), and the method only when it
is one of HTTP's own. Each program passes its prefix and its registry. Place in the flow: middleware around every
request; `serve` behind `/metrics`.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

LOOP_LAG_INTERVAL_SECONDS = 5.0  # a probe of the loop; often enough for an alert, rare enough to cost nothing
DURATION_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # 100 ms is the promise
NO_ROUTE: Final = "none"  # one label value for every path that does not exist
ALL_ROUTES: Final = "all"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True)
class HttpMetrics:
    """The request metrics of one program, and the middleware that feeds them."""

    requests: Counter
    duration: Histogram
    in_flight: Gauge
    loop_lag: Gauge
    is_by_route: bool = True

    @classmethod
    def create(
        cls, registry: CollectorRegistry, *, prefix: str, version: str, is_by_route: bool = True
    ) -> "HttpMetrics":
        """Registers `<prefix>_http_requests_total` and its neighbours, and `<prefix>_build_info`.

        `is_by_route=False` for a program with many pages and a small budget of series: one route called `all`.
        """
        Info(f"{prefix}_build", "What is running", registry=registry).info({"version": version})
        return cls(
            requests=Counter(
                f"{prefix}_http_requests",
                "Requests answered, by route template",
                ["method", "route", "status"],
                registry=registry,
            ),
            duration=Histogram(
                f"{prefix}_http_request_duration_seconds",
                "Time to answer a request, long polls included",
                ["method", "route"],
                buckets=DURATION_BUCKETS_SECONDS,
                registry=registry,
            ),
            in_flight=Gauge(f"{prefix}_http_requests_in_flight", "Requests being answered now", registry=registry),
            loop_lag=Gauge(
                f"{prefix}_event_loop_lag_seconds", "How late the event loop woke a waiting task", registry=registry
            ),
            is_by_route=is_by_route,
        )

    def middleware(self) -> Middleware:
        """Must stand outermost, so that refusals of the other middlewares are counted too."""

        @web.middleware
        async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
            method = request.method if request.method in METHODS else "other"
            route = route_template(request) if self.is_by_route else ALL_ROUTES
            started = time.perf_counter()
            status = "500"
            with self.in_flight.track_inprogress():
                try:
                    response = await handler(request)
                except web.HTTPException as answer:
                    status = str(answer.status)
                    raise
                except asyncio.CancelledError:
                    status = "499"  # the peer went away before the answer
                    raise
                else:
                    status = str(response.status)
                    return response
                finally:
                    self.requests.labels(method, route, status).inc()
                    self.duration.labels(method, route).observe(time.perf_counter() - started)

        return measure

    async def watched(self, _app: web.Application) -> AsyncIterator[None]:
        """For `cleanup_ctx`: watch the event loop as long as the application runs."""
        watch = asyncio.create_task(self.watch_event_loop())
        yield
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch

    async def watch_event_loop(self) -> None:
        """Runs for ever; start it as a task."""
        while True:
            expected = time.perf_counter() + LOOP_LAG_INTERVAL_SECONDS
            await asyncio.sleep(LOOP_LAG_INTERVAL_SECONDS)
            self.loop_lag.set(max(0.0, time.perf_counter() - expected))


def route_template(request: web.Request) -> str:
    """`/letters/{id}` for `/letters/7`; one fixed word when nothing matches."""
    resource = request.match_info.route.resource
    return NO_ROUTE if resource is None else resource.canonical


def metrics_handler(registry: CollectorRegistry) -> Handler:
    """A handler for `/metrics`. Who may read it is decided by where it is bound: on loopback or the monitoring net."""

    async def serve(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return serve
