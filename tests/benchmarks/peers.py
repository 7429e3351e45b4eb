"""What the figures are compared with: SQLite by itself, and a plain client that posts JSON to a plain server.

The peers are durable too (WAL, synchronous=FULL, one commit before each answer) and idempotent by record id, as any server
must be that takes records twice; their edge reads its own outbox and notes what was taken, as ours does. They carry no
hash chain and decide nothing.
"""

import asyncio
import json
import multiprocessing
import sqlite3
import time
from collections.abc import Iterable, Sequence
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tests.acceptance.programs import free_port

ROWS_A_COMMIT = 1_000
Row = tuple[str, int, bytes, bytes]

TABLE = (
    "CREATE TABLE record (id BLOB PRIMARY KEY, village TEXT NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL) STRICT"
)
INSERT = "INSERT OR IGNORE INTO record (village, seq, id, body) VALUES (?, ?, ?, ?)"


def open_table(path: Path, *, is_idempotent: bool = True) -> sqlite3.Connection:
    """A durable table; without idempotence only a rowid and the village's own number."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(TABLE if is_idempotent else TABLE.replace("BLOB PRIMARY KEY", "BLOB NOT NULL"))
    connection.execute("CREATE UNIQUE INDEX record_place ON record (village, seq)")
    return connection


def rows_of(village: str, bodies: Iterable[bytes]) -> list[Row]:
    return [(village, n, n.to_bytes(16, "little")[::-1], body) for n, body in enumerate(bodies, start=1)]


def raw_sqlite(folder: Path, rows: Sequence[Row], *, is_idempotent: bool) -> float:
    """Records a second, 1,000 a commit, nothing else."""
    connection = open_table(folder / f"raw{is_idempotent}.db", is_idempotent=is_idempotent)
    started = time.perf_counter()
    for at in range(0, len(rows), ROWS_A_COMMIT):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, rows[at : at + ROWS_A_COMMIT])
        connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return len(rows) / seconds


COLUMNS = ("kind", "nik", "kk", "name", "scheme", "cycle", "printed_number", "issued_on")
TYPED = (
    "CREATE TABLE typed (id TEXT PRIMARY KEY, village TEXT NOT NULL, seq INTEGER NOT NULL, "
    + ", ".join(f"{column} TEXT" for column in COLUMNS)
    + ", body TEXT NOT NULL, UNIQUE (village, seq)) STRICT"
)
TAKE = f"INSERT OR IGNORE INTO typed VALUES ({', '.join('?' * (len(COLUMNS) + 4))})"


def typed(record: dict[str, Any]) -> tuple[Any, ...]:
    """The columns a plain server would query by, and the record itself."""
    person = record.get("subject", record)
    found = {**record, "nik": person.get("nik"), "kk": person.get("kk"), "name": person.get("name")}
    return (record["id"], record["village"], record["seq"], *(found.get(c) for c in COLUMNS), json.dumps(record))


def serve_naively(path: str, port: int, ready: Event) -> None:
    """A process of its own: JSON in, columns out, one commit, 200."""

    async def take(request: web.Request) -> web.Response:
        rows = [typed(record) for record in json.loads(await request.read())]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(TAKE, rows)
        connection.execute("COMMIT")
        return web.json_response({"held": len(rows)})

    async def run() -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.add_routes([web.post("/", take)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        ready.set()
        await asyncio.Event().wait()

    connection = open_table(Path(path))
    connection.execute(TYPED)
    asyncio.run(run())


def open_edge(path: Path, rows: Sequence[Row]) -> sqlite3.Connection:
    """What the client wrote while it was cut off: its outbox, as durable as the rest."""
    edge = open_table(path)
    edge.execute("ALTER TABLE record ADD COLUMN is_sent INTEGER NOT NULL DEFAULT 0")
    edge.execute("CREATE INDEX record_waiting ON record (seq) WHERE is_sent = 0")
    edge.execute("BEGIN")
    edge.executemany(INSERT, rows)
    edge.execute("COMMIT")
    return edge


async def naive(folder: Path, rows: Sequence[Row], *, a_post: int) -> float:
    """Records a second of a client that posts its outbox as JSON, waits for each answer and notes what was taken."""
    context, port = multiprocessing.get_context("spawn"), free_port()
    ready = context.Event()
    server = context.Process(target=serve_naively, args=(str(folder / f"naive{a_post}.db"), port, ready), daemon=True)
    server.start()
    edge = open_edge(folder / f"edge{a_post}.db", rows)
    await asyncio.to_thread(ready.wait, 20)
    try:
        async with aiohttp.ClientSession() as session:
            started = time.perf_counter()
            while await post_some(session, edge, port, a_post):
                pass
            return len(rows) / (time.perf_counter() - started)
    finally:
        server.kill()
        server.join()
        edge.close()


async def post_some(session: aiohttp.ClientSession, edge: sqlite3.Connection, port: int, a_post: int) -> int:
    """One exchange; how many records it carried."""
    rows = edge.execute(
        "SELECT seq, id, village, body FROM record WHERE is_sent = 0 ORDER BY seq LIMIT ?", (a_post,)
    ).fetchall()
    if not rows:
        return 0
    records = [{**json.loads(body), "id": i.hex(), "village": v, "seq": n} for n, i, v, body in rows]
    async with session.post(f"http://127.0.0.1:{port}/", json=records) as answer:
        await answer.read()
    edge.execute("UPDATE record SET is_sent = 1 WHERE seq <= ? AND is_sent = 0", (rows[-1][0],))
    return len(rows)
