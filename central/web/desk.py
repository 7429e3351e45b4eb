"""What every page of the centre needs at hand. Made once by the composition root."""

from dataclasses import dataclass

from central.domain.answers import Rules
from central.ingest import Clock
from chassis.database import Database


@dataclass(frozen=True)
class Desk:
    """The archive, the clock and the rules in force."""

    database: Database
    clock: Clock
    rules: Rules
