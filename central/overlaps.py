"""Gathers the report of overlaps inside the imported lists, in short reads, and keeps it until a list or a rule changes."""

import asyncio

from central.domain.answers import Rules
from central.domain.overlaps import OverlapLine, Tally
from central.store import overlaps, rule_changes
from chassis.database import Database


class OverlapReport:
    """The report as of the lists that are there; made when it is asked for and something has changed."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database = database
        self._rules = rules
        self._made: tuple[tuple[bytes, int, int, int], list[OverlapLine]] | None = None

    async def lines(self) -> list[OverlapLine]:
        rules = await self._database.read(lambda c: rule_changes.in_force(c, self._rules))
        state = (rules.edition, *await self._database.read(overlaps.state))
        if self._made is None or self._made[0] != state:
            self._made = state, await self._gather(rules)
        return self._made[1]

    async def _gather(self, rules: Rules) -> list[OverlapLine]:
        tally = Tally(rules.book)
        for part in range(overlaps.PARTS):
            tally.add(await self._database.read(lambda c, p=part: overlaps.part_of(c, p)))  # type: ignore[misc]
        return await asyncio.to_thread(tally.lines)
