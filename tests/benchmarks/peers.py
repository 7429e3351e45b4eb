"""What the figures are compared with: SQLite by itself, and a plain client that posts JSON to a plain server.

The peers are durable too (WAL, synchronous=FULL, one commit before each answer) and idempotent by record id, as any server
must be that takes records twice; they carry no hash chain and decide nothing.
"""

import asyncio
import json
import multiprocessing
import sqlite3
import time
from collections.abc import Iterable, Sequence
from multiprocessing.synchronize import Event
from pathlib import Path

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


def serve_naively(path: str, port: int, ready: Event) -> None:
    """A process of its own: JSON in, one commit, 200 out."""

    async def take(request: web.Request) -> web.Response:
        found = json.loads(await request.read())
        rows = [(r["village"], r["seq"], bytes.fromhex(r["id"]), r["body"].encode()) for r in found]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, rows)
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
    asyncio.run(run())


async def naive(folder: Path, rows: Sequence[Row], *, a_post: int) -> float:
    """Records a second of a client that posts JSON and waits for each answer."""
    context, port = multiprocessing.get_context("spawn"), free_port()
    ready = context.Event()
    server = context.Process(target=serve_naively, args=(str(folder / f"naive{a_post}.db"), port, ready), daemon=True)
    server.start()
    await asyncio.to_thread(ready.wait, 20)
    try:
        async with aiohttp.ClientSession() as session:
            started = time.perf_counter()
            for at in range(0, len(rows), a_post):
                part = [
                    {"village": v, "seq": n, "id": i.hex(), "body": b.decode()} for v, n, i, b in rows[at : at + a_post]
                ]
                async with session.post(f"http://127.0.0.1:{port}/", data=json.dumps(part)) as answer:
                    await answer.read()
            return len(rows) / (time.perf_counter() - started)
    finally:
        server.kill()
        server.join()
