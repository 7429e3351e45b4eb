"""Proves that the centre holds what it acknowledged and said what follows from it. Reads everything, changes nothing.

Recomputes: every log's chain, that acknowledged heads stand on stored ops, every feed's items and digests, every
decision from all facts at once (batch), and the trail of what people did.
"""

from dataclasses import dataclass, field

from central.domain.decisions import Policy, decide
from central.reconcile import Rules
from central.store import facts, feeds, logs, trail
from chassis.database import Connection
from protocol.feed import EMPTY_DIGEST, replace
from protocol.ops import chain, start_of

OPS_AT_ONCE = 4_096
ITEMS_AT_ONCE = 4_096


@dataclass(slots=True)
class Findings:
    """Counts of what was checked, and what is wrong in words for an operator."""

    ops: int = 0
    feed_items: int = 0
    decisions: int = 0
    problems: list[str] = field(default_factory=list)


async def audit(connection: Connection, rules: Rules) -> Findings:
    """Everything staged must be tabulated and decided first; what still waits is counted as a problem of time, not of truth."""
    found = Findings()
    for row in await connection.fetch_all("SELECT DISTINCT village FROM log ORDER BY village"):
        await _check_logs(connection, row[0], found)
    for row in await connection.fetch_all("SELECT feed FROM feed_head ORDER BY feed"):
        await _check_feed(connection, row[0], found)
    await _check_decisions(connection, rules, found)
    found.problems += await trail.check(connection)
    return found


async def _check_logs(connection: Connection, village: str, found: Findings) -> None:
    for log in await logs.of_village(connection, village):
        at = start_of(log.head.log_id)
        seq, last = 0, at.hash
        while ops := await logs.read(connection, log, seq, OPS_AT_ONCE):
            expected = chain(type(at)(at.log_id, seq, last), [op.header for op in ops], [op.body for op in ops])
            if [op.hash for op in ops] != expected or ops[0].seq != seq + 1:
                found.problems.append(f"village {village}, log {log.epoch}: the chain breaks after {seq}")
                break
            seq, last = ops[-1].seq, ops[-1].hash
            found.ops += sum(op.seq > log.branch_seq for op in ops)
        if seq < log.tabulated_seq or (seq == log.head.seq and last != log.head.hash):
            found.problems.append(
                f"village {village}, log {log.epoch}: acknowledged up to {log.head.seq}, held up to {seq}"
            )


async def _check_feed(connection: Connection, feed: str, found: Findings) -> None:
    """Said again from the first item: also what was replaced since must still be what was said."""
    head = await feeds.head(connection, feed)
    said: dict[bytes, bytes] = {}
    seq, digest = 0, EMPTY_DIGEST
    while rows := await connection.fetch_all(
        "SELECT seq, key, value, digest FROM feed_item WHERE feed = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        feed,
        seq,
        ITEMS_AT_ONCE,
    ):
        for at, key, value, told in rows:
            digest = replace(digest, key, said.get(key), value)
            if at != seq + 1 or told != digest:
                found.problems.append(f"feed {feed}: item {at} is not what was said after item {seq}")
                return
            said[key] = value
            seq = at
            found.feed_items += 1
    if (seq, digest) != head:
        found.problems.append(f"feed {feed}: ends at item {seq}, but {head[0]} were published")


async def _check_decisions(connection: Connection, rules: Rules, found: Findings) -> None:
    cycles = {c.code: facts.policy_of(c) for c in await facts.cycles(connection)}
    proposals = await facts.all_proposals(connection)
    verdicts = decide(Policy(rules.book, cycles), proposals, await facts.all_coverages(connection))
    told = await facts.decisions_of(connection, list(verdicts))
    waiting = await facts.count_dirty(connection)
    found.decisions = len(told)
    wrong = sum(
        told.get(record) != (v.outcome, v.code.value if v.code else "", v.facts_hash) for record, v in verdicts.items()
    )
    if wrong > waiting:
        found.problems.append(
            f"decisions: {wrong} differ from what all facts together say; {waiting} are being decided"
        )
