"""The office's emblem in the village's database: put in place, taken away, and which one a letter was printed with.

It is no fact about a resident and travels nowhere: backups hold it, a server made again from the centre's records does not.
"""

from dataclasses import dataclass

from agent.store import oplog
from chassis.database import Connection


@dataclass(frozen=True, slots=True)
class EmblemRow:
    """What somebody put beside the letterhead; `svg` is empty where they took the emblem away."""

    svg: str
    actor: str
    written_ms: int


async def put(connection: Connection, svg: str, actor: str, now_ms: int) -> None:
    """From the next letter on; empty: none. What stands already is not written once more."""
    standing = await newest(connection)
    if standing is not None and standing.svg == svg:
        return
    log, head = await oplog.current(connection) or (0, None)
    await connection.execute(
        "INSERT INTO emblem (after_log, after_seq, actor, written_ms, svg) VALUES ($1, $2, $3, $4, $5)",
        log,
        0 if head is None else head.seq,
        actor,
        now_ms,
        svg,
    )


async def newest(connection: Connection) -> EmblemRow | None:
    """The one that stands; None where nobody ever put or took away one."""
    row = await connection.fetch_one("SELECT svg, actor, written_ms FROM emblem ORDER BY id DESC LIMIT 1")
    return None if row is None else EmblemRow(*row)


async def of_letter(connection: Connection, letter: bytes) -> str | None:
    """The emblem that stood when the letter was written; None where nobody had put one yet."""
    svg: str | None = await connection.fetch_value(
        "SELECT svg FROM emblem WHERE (after_log, after_seq) < (SELECT log, seq FROM letter WHERE id = $1)"
        " ORDER BY id DESC LIMIT 1",
        letter,
    )
    return svg
