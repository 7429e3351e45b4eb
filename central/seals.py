"""Keeps the lists by which villages check letters: completes the key list at the start, dates and signs them once a day.

A box may rest for weeks without a revocation: without the date it could not tell a complete list from an old one.
"""

import asyncio
import contextlib
from dataclasses import dataclass

import structlog

from central.domain.batches import read_batch
from central.ingest import Clock, Revocations, Signer
from central.store import boxes, feeds, logs, seals
from chassis.database import Connection, Database
from protocol.errors import ProtocolError
from protocol.feed import REGENCY, revocation_key

LOOK_SECONDS = 3_600
DATED_EVERY_MS = 24 * 3_600_000
"""Each date wakes every box once and is written to its disk; a village allows a list of some days."""
FAULT_SECONDS = 60

log = structlog.get_logger()


@dataclass(slots=True)
class SealLists:
    """`run` beside the pipeline."""

    database: Database
    key: Signer
    clock: Clock
    revocations: Revocations

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.complete()
                await asyncio.sleep(LOOK_SECONDS)
            except Exception:
                log.exception("seal lists not published")
                await asyncio.sleep(FAULT_SECONDS)

    async def complete(self) -> None:
        """Keys that were enrolled before there was a list, machines revoked outside the database, and the date.

        Before the first date: also the letters that were declared void when nobody told all villages yet.
        """
        now_ms = self.clock.now_ms()

        async def work(connection: Connection) -> None:
            if await feeds.current(connection, REGENCY, seals.DATED) is None:
                await _tell_former(connection, now_ms)
            await seals.publish_keys(connection, await boxes.all_boxes(connection), self.revocations.is_revoked, now_ms)
            await seals.publish_dated(connection, self.key.sign, now_ms, older_than_ms=now_ms - DATED_EVERY_MS)

        await self.database.transact(work)


async def _tell_former(connection: Connection, now_ms: int) -> None:
    told = await feeds.keys(connection, REGENCY)
    async for batch in logs.tabulated(connection):
        with contextlib.suppress(ProtocolError):  # a batch that cannot be read is the audit's to name
            voided = read_batch(batch).voided
            untold = [each for each in voided if revocation_key(batch.village, each[0]) not in told]
            await seals.publish_revoked(connection, batch.village, untold, now_ms)
