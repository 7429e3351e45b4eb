"""Gathers the report of overlaps inside the imported lists, in short reads, and keeps it until a list changes."""

import asyncio

from central.domain.overlaps import OverlapLine, Tally
from central.store import overlaps
from chassis.database import Database
from protocol.schemes import Rulebook


class OverlapReport:
    """The report as of the lists that are there; made when it is asked for and something has changed."""

    def __init__(self, database: Database, book: Rulebook) -> None:
        self._database = database
        self._book = book
        self._made: tuple[tuple[int, int, int], list[OverlapLine]] | None = None

    async def lines(self) -> list[OverlapLine]:
        state = await self._database.read(overlaps.state)
        if self._made is None or self._made[0] != state:
            self._made = state, await self._gather()
        return self._made[1]

    async def _gather(self) -> list[OverlapLine]:
        tally = Tally(self._book)
        for part in range(overlaps.PARTS):
            tally.add(await self._database.read(lambda c, p=part: overlaps.part_of(c, p)))  # type: ignore[misc]
        return await asyncio.to_thread(tally.lines)
