"""NATS JetStream, durable: one stream in one file store, every acknowledgement after its fsync (`sync_interval: always`).

Its documentation knows two ways to publish much: asynchronously, where messages follow one another and each one's
acknowledgement is collected later, and (since 2.12) in atomic batches, whose last message is acknowledged for all. Both
are measured. In the peer's favour: its records come from memory, not from an outbox, and it knows no repeats.
"""

import asyncio
import shutil
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.acceptance.programs import free_port, until
from tests.benchmarks.foreign import EXTRA, Absent, Measure, running
from tests.benchmarks.peers import Row

try:
    import nats
    from nats.aio.client import Client
    from nats.js import JetStreamContext
    from nats.js.api import StorageType, StreamConfig
except ModuleNotFoundError:
    nats = None

ONE_BY_ONE, IN_BATCHES = 10_000, 50_000
WINDOW = 1_000
"""Messages under way at once: from 64 to 4,000 it makes no difference, each waits for an fsync of its own."""
BATCH, BATCHES_UNDER_WAY = 1_000, 10
"""The most that a server takes in one batch; ten under way are a half faster than one, forty are no faster than ten."""
STREAM, SUBJECT = "RECORDS", "records"


def prepare(folder: Path) -> Measure:
    beside = Path(sys.executable).parent
    program = shutil.which("nats-server", path=beside) or shutil.which("nats-server")
    if nats is None or program is None:
        raise Absent(EXTRA)
    return partial(measure, Path(program))


async def measure(program: Path, folder: Path, rows: Sequence[Row]) -> dict[str, float]:
    port = free_port()
    settings = folder / "nats.conf"
    settings.write_text(
        f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{folder / "nats"}", sync_interval: always }}\n'
    )

    async def listens() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    with running([program, "-c", settings], folder / "nats.log"):
        await until("NATS to listen", listens)
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        try:
            bodies = [body for *_, body in rows]
            one_by_one = await published(client, bodies[:ONE_BY_ONE])
            return {"nats": one_by_one, "nats_batches": await published_in_batches(client, bodies[:IN_BATCHES])}
        finally:
            await client.close()


async def published(client: "Client", bodies: Sequence[bytes]) -> float:
    """Messages a second, each with its own acknowledgement, `WINDOW` of them awaited at a time."""
    stream = await empty_stream(client, WINDOW)
    started = time.perf_counter()
    acks = [await stream.publish_async(SUBJECT, body) for body in bodies]
    await asyncio.gather(*acks)
    seconds = time.perf_counter() - started
    await check(stream, len(bodies))
    return len(bodies) / seconds


async def published_in_batches(client: "Client", bodies: Sequence[bytes]) -> float:
    """Messages a second in atomic batches: the last of each carries the commit and brings the acknowledgement of all."""
    stream = await empty_stream(client, BATCHES_UNDER_WAY)
    started = time.perf_counter()
    acks = []
    for at in range(0, len(bodies), BATCH):
        *before, last = bodies[at : at + BATCH]
        for place, body in enumerate(before, start=1):
            await client.publish(SUBJECT, body, headers=place_of(at, place))
        headers = {**place_of(at, len(before) + 1), "Nats-Batch-Commit": "1"}
        acks.append(await stream.publish_async(SUBJECT, last, headers=headers))
    await asyncio.gather(*acks)
    seconds = time.perf_counter() - started
    await check(stream, len(bodies))
    return len(bodies) / seconds


def place_of(batch: int, place: int) -> dict[str, str]:
    return {"Nats-Batch-Id": str(batch), "Nats-Batch-Sequence": str(place)}


async def empty_stream(client: "Client", under_way: int) -> "JetStreamContext":
    stream = client.jetstream(publish_async_max_pending=under_way)
    await stream.add_stream(StreamConfig(name=STREAM, subjects=[SUBJECT], storage=StorageType.FILE, allow_atomic=True))
    return stream


async def check(stream: "JetStreamContext", expected: int) -> None:
    """Everything is there; then room for whoever comes next."""
    held = (await stream.stream_info(STREAM)).state.messages
    assert held == expected, f"{held} of {expected} records are in the stream"
    await stream.delete_stream(STREAM)
