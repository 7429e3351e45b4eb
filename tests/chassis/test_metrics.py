"""Requests are counted by route template, whatever is in their path."""

import asyncio

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from chassis.metrics import HttpMetrics, metrics_handler

CANARY = "3510256506900001"


async def show(_request: web.Request) -> web.Response:
    return web.Response(text="a book")


async def refuse(_request: web.Request) -> web.Response:
    raise web.HTTPForbidden


async def fail(_request: web.Request) -> web.Response:
    raise RuntimeError("a bug")


async def test_labels_come_from_a_closed_set() -> None:
    registry = CollectorRegistry()
    metrics = HttpMetrics.create(registry, prefix="library", version="1.2.3")
    app = web.Application(middlewares=[metrics.middleware()])
    app.router.add_get("/books/{id}", show)
    app.router.add_get("/refuse", refuse)
    app.router.add_get("/fail", fail)
    app.router.add_get("/metrics", metrics_handler(registry))
    async with TestClient(TestServer(app)) as client:
        for path in (f"/books/{CANARY}", "/books/2", f"/{CANARY}", "/refuse", "/fail"):
            await client.get(path)
        await client.request("PURGE", "/books/3")
        answer = await client.get("/metrics")
        text = await answer.text()
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    for line in (
        'library_http_requests_total{method="GET",route="/books/{id}",status="200"} 2.0',
        'library_http_requests_total{method="GET",route="none",status="404"} 1.0',
        'library_http_requests_total{method="GET",route="/refuse",status="403"} 1.0',
        'library_http_requests_total{method="GET",route="/fail",status="500"} 1.0',
        'library_http_requests_total{method="other",route="none",status="405"} 1.0',
        'library_http_request_duration_seconds_count{method="GET",route="/books/{id}"} 2.0',
        "library_http_requests_in_flight 1.0",
        'library_build_info{version="1.2.3"} 1.0',
        "library_event_loop_lag_seconds 0.0",
    ):
        assert line in text
    assert CANARY not in text


async def test_a_peer_that_goes_away_is_counted() -> None:
    registry = CollectorRegistry()
    metrics = HttpMetrics.create(registry, prefix="library", version="1")
    has_begun, has_ended = asyncio.Event(), asyncio.Event()

    async def wait(_request: web.Request) -> web.Response:
        has_begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            has_ended.set()
        raise AssertionError

    app = web.Application(middlewares=[metrics.middleware()])
    app.router.add_get("/wait", wait)
    server = TestServer(app)
    await server.start_server()
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    await has_begun.wait()
    writer.close()
    await has_ended.wait()
    await server.close()
    labels = {"method": "GET", "route": "/wait", "status": "499"}
    assert registry.get_sample_value("library_http_requests_total", labels) == 1.0
    assert registry.get_sample_value("library_http_requests_in_flight") == 0.0
    assert reader is not None
