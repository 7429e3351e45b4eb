"""Family cards that proposals' people left, one row a card: nearly nobody. Found by card; the months stand in the proposal.

Place in the flow: a proposal comes in -> here -> a fact about that card disturbs it, and its neighbourhood finds it.
"""

from collections.abc import Collection, Iterable

from central.domain.decisions import Proposal, read_former
from chassis.database import Connection


async def put(connection: Connection, proposals: Iterable[Proposal]) -> None:
    rows = [(card, p.record) for p in proposals if p.former_kks for card, _ in read_former(p.former_kks)]
    if rows:
        await connection.execute_many(
            "INSERT INTO former_card (card, proposal) VALUES ($1, $2) ON CONFLICT (card, proposal) DO NOTHING", rows
        )


async def disturb_covered(connection: Connection, import_id: int) -> None:
    """Proposals of whoever left a household of this list become dirty."""
    await connection.execute(
        "UPDATE proposal SET is_dirty = 1 WHERE record IN (SELECT former_card.proposal FROM former_card"
        " JOIN coverage ON coverage.match_kk = former_card.card WHERE coverage.import = $1)",
        import_id,
    )


async def disturb(connection: Connection, references: Collection[bytes]) -> None:
    """Proposals of whoever left a household that one of these coverages is of become dirty."""
    await connection.execute_many(
        "UPDATE proposal SET is_dirty = 1 WHERE record IN (SELECT former_card.proposal FROM coverage"
        " JOIN former_card ON former_card.card = coverage.match_kk WHERE coverage.reference = $1)",
        [(reference,) for reference in references],
    )
