"""What every page of the centre needs at hand. Made once by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass

from central.domain.answers import Rules
from central.ingest import Clock
from central.store import rule_changes
from chassis.database import Database


@dataclass(frozen=True)
class Desk:
    """The archive, the clock and the rules that ship with the program."""

    database: Database
    clock: Clock
    rules: Rules
    on_published: Callable[[str], None] = lambda _feed: None
    """Told of a feed that has news from these pages."""
    sign: Callable[[bytes], bytes] | None = None
    """With the regency's key; without it no list can be determined here."""

    async def rules_in_force(self) -> Rules:
        """As officers changed them last."""
        return await self.database.read(lambda c: rule_changes.in_force(c, self.rules))
