"""Brings what a batch says into the centre's tables: numbers, withdrawals, objections, void letters, dossiers,
photographs, visits to whom online reports are about, answers to questions, what cannot be read.

What cannot be read is noted with a reason that goes back by the feed; the log moves on. Decides nothing.
Place in the flow: ingest keeps batches, `domain/batches` reads one -> here -> reconcile decides, in one transaction.
"""

from collections.abc import Iterable

from central import questions
from central.domain.answers import Circumstances, Prepared, Rules, prepare
from central.domain.batches import Batch, ReadFault, Reading, read_batch
from central.store import (
    attachments,
    dossiers,
    facts,
    feeds,
    letters,
    logs,
    objections,
    pins,
    reports,
    rule_changes,
    seals,
)
from chassis.database import Connection
from protocol.codec import pack
from protocol.feed import NumberClash, Quarantined


async def circumstances(connection: Connection, village: str, cited: Iterable[bytes]) -> Circumstances:
    """What the answers on a village's batch rest on; `cited`: the anchors that its proposals name."""
    return Circumstances(
        await facts.cycles(connection),
        await logs.anchor_times(connection, cited),
        sorted(await facts.withdrawn(connection, village)),
        await rule_changes.digest(connection),
    )


async def prepare_here(connection: Connection, rules: Rules, batch: Batch, now_ms: int) -> Prepared:
    """Read a batch and decide it by itself, as the reader does beside."""
    reading = read_batch(batch)
    return prepare(rules, reading, await circumstances(connection, batch.village, set(reading.anchors)), now_ms)


async def is_outdated(connection: Connection, batch: Batch, prepared: Prepared) -> bool:
    """Has a cycle, a withdrawal or a rule changed since?"""
    known = prepared.circumstances
    return await circumstances(connection, batch.village, known.anchors) != known


async def tabulate(connection: Connection, batch: Batch, reading: Reading, now_ms: int) -> bool:
    """All of one batch but its proposals; whether its village's feed has news."""
    news = [_fault_notice(fault) for fault in reading.faults]
    await logs.note_unreadable(connection, batch, [(fault.seq, fault.reason) for fault in reading.faults])
    if reading.letters:
        clashes = await letters.add_numbers(connection, batch.village, reading.letters, now_ms)
        news += map(_clash_notice, clashes)
    if reading.numbers:
        await logs.raise_numbers(connection, batch.village, reading.numbers)
    await seals.publish_revoked(connection, batch.village, reading.voided, now_ms)
    for proposal in reading.withdrawn:
        await facts.withdraw(connection, batch.village, proposal)
    is_moot = bool(reading.withdrawn) and await questions.drop(connection, batch.village, reading.withdrawn, now_ms)
    if reading.objections:
        await objections.add(connection, batch.village, reading.objections)
    if reading.verifications:
        await reports.add_verifications(connection, reading.verifications)
    if reading.from_reports:
        await reports.add_proposals(connection, batch.village, reading.from_reports)
    if reading.answers:
        await questions.take(connection, batch.village, reading.answers, now_ms)
    if reading.pins:
        await pins.add(connection, reading.pins)
    await dossiers.add(connection, reading.dossiers)
    await attachments.add(connection, reading.attachments)
    await attachments.remove(connection, batch.village, reading.removed)
    await dossiers.note_void(connection, batch.village, [letter for letter, _ in reading.voided])
    await feeds.publish(connection, batch.village, news, now_ms)
    return bool(news or reading.answers or is_moot)


async def fill_answers(connection: Connection) -> None:
    """Proposals that were brought in before their answers were kept get them from the logs: once, after an upgrade."""
    if await facts.is_any_unasked(connection):
        async for batch in logs.tabulated(connection):
            await facts.fill_answers(connection, [(p.record, p.answers) for p in read_batch(batch).proposals])


def _fault_notice(fault: ReadFault) -> feeds.Publication:
    notice = Quarantined(fault.record, fault.seq, fault.reason)
    return feeds.Publication("quarantined", fault.record, pack(notice), critical=False)


def _clash_notice(clash: NumberClash) -> feeds.Publication:
    return feeds.Publication("number_clash", b"clash:" + clash.second_record, pack(clash), critical=False)
