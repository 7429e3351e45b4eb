"""Every page of a program, found by walking its routes: a new page cannot be forgotten.

Each GET route is opened; what answers with a paper, a picture or a table is passed over by its reader. A route that
needs a record is opened with one of `samples`, which maps the beginning of a route to an address.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web
from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright import sync_api

PAGE_BYTES_MAX = 100 * 1024
"""A page with its style sheets, as they are sent."""


def get_routes(app: web.Application) -> list[str]:
    """The templates of all addresses that answer to GET, each once."""
    found = (route.resource.canonical for route in app.router.routes() if route.method == "GET" and route.resource)
    return sorted(set(found))


def addresses(app: web.Application, samples: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(route, address to open). Raises AssertionError where a route needs a record and no sample leads to one."""
    for route in get_routes(app):
        if route.startswith("/static/"):
            continue
        held, brace, rest = route.partition("{")
        if route in samples:
            yield route, samples[route]
        elif not brace:
            yield route, route
        else:
            assert held in samples, f"{route} is a new page: name a record for {held!r} in this test's samples"
            yield route, samples[held] + rest.partition("}")[2]


def is_html(answer: "sync_api.APIResponse") -> bool:
    """A page and not a paper, a picture or a table to keep."""
    return answer.headers.get("content-type", "").startswith("text/html")


def violations(page: "sync_api.Page") -> list[str]:
    """What axe-core holds against the page that is open, by rule and place."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


def style_bytes(page: "sync_api.Page") -> int:
    """What the style sheets of the page that is open weigh on the line: a browser fetches them once a year."""
    sheets = page.locator("link[rel=stylesheet]").evaluate_all("all => all.map(each => each.href)")
    answers = [page.request.get(sheet) for sheet in sheets]
    assert answers
    assert all(answer.ok for answer in answers)
    return sum(int(answer.headers["content-length"]) for answer in answers)
