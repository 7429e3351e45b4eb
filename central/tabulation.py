"""Brings what a batch says into the centre's tables: numbers, withdrawals, and proposals ready to be decided.

What cannot be read is noted with a reason that goes back by the feed; the log moves on. Decides nothing.
Place in the flow: ingest keeps batches, `domain/batches` reads one -> here -> reconcile decides, in one transaction.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from central.domain.batches import Batch, ReadFault, Reading
from central.domain.decisions import Proposal
from central.store import facts, feeds, letters, logs
from chassis.database import Connection
from protocol.codec import pack
from protocol.feed import NumberClash, Quarantined


class Tabulated(Struct, frozen=True):
    """Proposals that wait for their answer, and whether the village's feed has news already."""

    proposals: Sequence[Proposal] = ()
    has_news: bool = False


async def tabulate(connection: Connection, batch: Batch, reading: Reading, now_ms: int) -> Tabulated:
    """One batch and what was read from it; nothing where another process was first."""
    if not await logs.pass_over(connection, batch):
        return Tabulated()
    news = [_fault_notice(fault) for fault in reading.faults]
    await logs.note_unreadable(connection, batch, [(fault.seq, fault.reason) for fault in reading.faults])
    if reading.letters:
        clashes = await letters.add_numbers(connection, batch.village, reading.letters, now_ms)
        news += map(_clash_notice, clashes)
    if reading.numbers:
        await logs.raise_numbers(connection, batch.village, reading.numbers)
    for proposal in reading.withdrawn:
        await facts.withdraw(connection, batch.village, proposal)
    if news:
        await feeds.publish(connection, batch.village, news, now_ms)
    return Tabulated(await _proposals(connection, batch, reading), bool(news))


def _fault_notice(fault: ReadFault) -> feeds.Publication:
    notice = Quarantined(fault.record, fault.seq, fault.reason)
    return feeds.Publication("quarantined", fault.record, pack(notice), critical=False)


def _clash_notice(clash: NumberClash) -> feeds.Publication:
    return feeds.Publication("number_clash", b"clash:" + clash.second_record, pack(clash), critical=False)


async def _proposals(connection: Connection, batch: Batch, reading: Reading) -> list[Proposal]:
    """With the time of the anchor each cites, and what was withdrawn before it was read."""
    if not reading.proposals:
        return []
    anchors = await logs.anchor_times(connection, set(reading.anchors))
    withdrawn = await facts.withdrawn(connection, batch.village)
    if not anchors and not withdrawn:
        return reading.proposals
    return [
        replace(p, anchor_ms=anchors.get(anchor, 0), is_withdrawn=p.record in withdrawn)
        for p, anchor in zip(reading.proposals, reading.anchors, strict=True)
    ]
