"""A small library office behind the real guard, on a real socket, with a browser that keeps cookies."""

import io
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import jinja2
import pytest
import structlog
from aiohttp import ClientResponse, CookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from chassis import logs, schema
from chassis.database import Connection, Database, MigrationFolder, SqliteDatabase
from chassis.web import (
    GuardMetrics,
    NavigationEntry,
    WebSettings,
    account_of,
    add_notice,
    form_key_of,
    install,
    machine,
    page,
    public,
    read_form,
    roles,
    signed_in,
    submit_once,
)
from chassis.web.accounts import create_account, hash_password

PASSWORD = "perpustakaan-2021"
ROLES = ("librarian", "reader", "auditor")
ACCEPT = "text/html,application/xhtml+xml,*/*;q=0.8"
START_MS = 1_620_000_000_000

TEMPLATES = {
    "home.html": '{% extends "chassis/base.html" %}{% block main %}<h1>Depan</h1>{% endblock %}',
    "loan.html": (
        '{% extends "chassis/base.html" %}{% import "chassis/forms.html" as forms %}{% block main %}'
        '<form method="post" action="/loans">{{ csrf_field() }}{{ form_key_field() }}'
        '{{ forms.field("title", "Judul", "", errors) }}<button>Pinjam</button></form>{% endblock %}'
    ),
    "search.html": (
        '{% extends "chassis/base.html" %}{% block main %}'
        '<form method="post" action="/search">{{ csrf_field() }}<input name="q"></form>{% endblock %}'
    ),
    "show.html": '{% extends "chassis/base.html" %}{% block main %}<p>{{ text }}</p>{% endblock %}',
    "broken.html": '{% extends "chassis/base.html" %}{% block main %}{{ no_such_variable }}{% endblock %}',
    "status.html": "<p>Semua tersimpan</p>",
}


@dataclass
class Clock:
    """Time that the test moves."""

    now_ms: int = START_MS

    def __call__(self) -> int:
        return self.now_ms

    def advance(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)


@dataclass
class Browser:
    """Sends what a browser sends: cookies, the origin, and every field of a form."""

    client: TestClient[web.Request, web.Application]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://{self.client.host}:{self.client.port}"

    async def get(self, path: str, **options: Any) -> ClientResponse:
        headers = {"Accept": ACCEPT, **options.pop("headers", {})}
        return await self.client.get(path, headers=headers, **options)

    async def post(self, path: str, data: Any = None, **options: Any) -> ClientResponse:
        headers = {"Accept": ACCEPT, "Origin": self.origin, **self.headers, **options.pop("headers", {})}
        return await self.client.post(path, data=data, headers=headers, **options)

    async def fields_of(self, answer: ClientResponse) -> dict[str, str]:
        """Hidden fields and carried text of the page's last form (the first one signs out)."""
        text = (await answer.text()).rpartition("<form")[2]
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text))
        fields |= dict(re.findall(r'<textarea name="([^"]+)" hidden>\n([^<]*)</textarea>', text))
        return {unescape(name): unescape(value) for name, value in fields.items()}

    async def sign_in(self, login: str, password: str = PASSWORD, **options: Any) -> ClientResponse:
        fields = await self.fields_of(await self.get("/login"))
        return await self.post("/login", {**fields, "login": login, "password": password}, **options)

    async def submit(self, path: str, **values: str) -> ClientResponse:
        """Opens a page and sends its form."""
        return await self.post("/loans" if path == "/loans/new" else path, await self.filled(path, **values))

    async def filled(self, path: str, **values: str) -> dict[str, str]:
        return {**(await self.fields_of(await self.get(path))), **values}

    def cookies(self) -> dict[str, str]:
        return {cookie.key: cookie.value for cookie in self.client.session.cookie_jar}


@dataclass
class Office:
    """The application under test and everything around it."""

    app: web.Application
    database: Database
    clock: Clock
    registry: CollectorRegistry
    browse: Callable[[], Browser]

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0

    async def value(self, sql: str, *args: Any) -> Any:
        return await self.database.read(lambda connection: connection.fetch_value(sql, *args))


def routes(database: Database, clock: Clock) -> list[web.RouteDef]:
    @signed_in
    async def home(request: web.Request) -> web.StreamResponse:
        return await page(request, "home.html")

    @roles("librarian")
    async def new_loan(request: web.Request) -> web.StreamResponse:
        return await page(request, "loan.html")

    @roles("librarian")
    async def lend(request: web.Request) -> web.StreamResponse:
        form, account = await read_form(request), account_of(request)

        async def work(connection: Connection) -> str:
            loan_id = await connection.fetch_value(
                "INSERT INTO loan (title) VALUES ($1) RETURNING loan_id", form.text("title")
            )
            return f"/loans/{loan_id}"

        key = form_key_of(form)
        location = await database.transact(
            lambda connection: submit_once(connection, key, account.account_id, clock(), work)
        )
        await add_notice(request, "Buku dipinjamkan.")
        raise web.HTTPSeeOther(location)

    @roles("librarian", "auditor")
    async def show_loan(request: web.Request) -> web.StreamResponse:
        loan_id = int(request.match_info["id"])
        title = await database.read(lambda c: c.fetch_value("SELECT title FROM loan WHERE loan_id = $1", loan_id))
        return await page(request, "show.html", {"text": title})

    @roles("auditor")
    async def audit(request: web.Request) -> web.StreamResponse:
        return await page(request, "home.html")

    @roles("librarian", extends_login=False)
    async def poll(request: web.Request) -> web.StreamResponse:
        return web.Response(text="tenang")

    @public
    async def search(request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            return await page(request, "show.html", {"text": (await read_form(request)).text("q")})
        return await page(request, "search.html")

    @roles("librarian", body_bytes_max=1_000_000)
    async def upload(request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        file = form.upload("file")
        return web.json_response(
            [form.text("note"), file.file_name if file else None, len(file.content if file else "")]
        )

    @machine
    async def sync(request: web.Request) -> web.StreamResponse:
        return web.Response(body=await request.read())

    @machine
    async def sync_bug(_request: web.Request) -> web.StreamResponse:
        raise RuntimeError("a bug of the machine")

    @public
    async def bug(_request: web.Request) -> web.StreamResponse:
        raise RuntimeError("secret detail 3510256506900001")

    @public
    async def broken(request: web.Request) -> web.StreamResponse:
        return await page(request, "broken.html")

    return [
        web.get("/", home),
        web.get("/loans/new", new_loan),
        web.post("/loans", lend),
        web.get("/loans/{id}", show_loan),
        web.get("/audit", audit),
        web.get("/poll", poll),
        web.get("/search", search),
        web.post("/search", search),
        web.post("/upload", upload),
        web.post("/sync", sync),
        web.post("/sync-bug", sync_bug),
        web.get("/bug", bug),
        web.get("/broken", broken),
    ]


@pytest.fixture
def log_stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def web_settings() -> WebSettings:
    return WebSettings()


@pytest.fixture
async def office(tmp_path: Path, clock: Clock, web_settings: WebSettings) -> AsyncIterator[Office]:
    loans = tmp_path / "schema"
    loans.mkdir()
    (loans / "0001-loan.sql").write_text("CREATE TABLE loan (loan_id INTEGER PRIMARY KEY, title TEXT NOT NULL) STRICT;")
    database = await SqliteDatabase.open(
        tmp_path / "library.db", [schema.MIGRATIONS, MigrationFolder("library", loans)]
    )
    password_hash = hash_password(PASSWORD)

    async def people(connection: Connection) -> None:
        for role in ROLES:
            await create_account(
                connection, login=role, display_name=role, role=role, password_hash=password_hash, now_ms=clock()
            )

    await database.transact(people)
    registry = CollectorRegistry()
    app = web.Application()
    install(
        app,
        database=database,
        loader=jinja2.DictLoader(TEMPLATES),
        site_name="Perpustakaan",
        navigation=[
            NavigationEntry("Depan", "/"),
            NavigationEntry("Pinjam", "/loans", frozenset({"librarian"})),
            NavigationEntry("Periksa", "/audit", frozenset({"auditor"})),
        ],
        status_template="status.html",
        settings=web_settings,
        metrics=GuardMetrics(registry, prefix="library"),
        clock=clock,
    )
    app.add_routes(routes(database, clock))
    server = TestServer(app)
    await server.start_server()
    browsers: list[Browser] = []

    def browse() -> Browser:
        browsers.append(Browser(TestClient(server, cookie_jar=CookieJar(unsafe=True))))
        return browsers[-1]

    yield Office(app, database, clock, registry, browse)
    for browser in browsers:
        await browser.client.close()
    await server.close()
    await database.close()
