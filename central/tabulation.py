"""Reads what was acknowledged: staged batches become rows, numbers, proposals and withdrawals, one transaction a batch.

What cannot be read is quarantined with a reason that goes back by the feed; the log moves on. Decides nothing.
Place in the flow: ingest stages -> here -> reconcile decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from central.domain.decisions import Proposal, key_kk, key_nik
from central.store import facts, feeds, letters, logs
from central.store.facts import NewProposal
from chassis.database import Connection
from protocol.codec import pack
from protocol.feed import NumberClash, Quarantined
from protocol.ops import (
    AnyBody,
    Header,
    LetterIssued,
    LogOpened,
    NumberHigh,
    NumbersConfirmed,
    NumbersVoided,
    Op,
    ProposalMade,
    ProposalWithdrawn,
    Unreadable,
    read_op,
)


@dataclass(slots=True)
class _Batch:
    """What one staged batch adds up to."""

    reasons: list[str] = field(default_factory=list)
    publications: list[feeds.Publication] = field(default_factory=list)
    proposals: list[tuple[Op, Header, ProposalMade, int]] = field(default_factory=list)
    withdrawn: list[bytes] = field(default_factory=list)
    letters: list[tuple[bytes, LetterIssued]] = field(default_factory=list)
    numbers: list[NumberHigh] = field(default_factory=list)


async def tabulate_next(connection: Connection, now_ms: int, village: str | None = None) -> int:
    """Tabulate the oldest staged batch (of one village, or of all); how many ops that were, 0 when nothing waits."""
    staged = await logs.next_staged(connection, village)
    if staged is None:
        return 0
    batch = _sort(staged)
    await logs.tabulate(connection, staged, batch.reasons)
    await _keep_numbers(connection, staged.village, batch, now_ms)
    await _keep_proposals(connection, staged, batch)
    for proposal in batch.withdrawn:
        await facts.withdraw(connection, staged.village, proposal)
    if batch.publications:
        await feeds.publish(connection, staged.village, batch.publications, now_ms)
    return len(staged.ops)


def _sort(staged: logs.Staged) -> _Batch:
    batch = _Batch()
    for op, received_ms in zip(staged.ops, staged.received_ms, strict=True):
        try:
            header, body = read_op(op)
        except Unreadable as error:
            batch.reasons.append(error.reason)
            notice = Quarantined(op.record_id, op.seq, error.reason)
            batch.publications.append(feeds.Publication("quarantined", op.record_id, pack(notice), critical=False))
            continue
        batch.reasons.append("")
        _sort_one(batch, op, header, body, received_ms)
    return batch


def _sort_one(batch: _Batch, op: Op, header: Header, body: AnyBody, received_ms: int) -> None:
    match body:
        case ProposalMade():
            batch.proposals.append((op, header, body, received_ms))
        case LetterIssued():
            batch.letters.append((op.record_id, body))
        case ProposalWithdrawn():
            batch.withdrawn.append(body.proposal)
        case LogOpened() | NumbersConfirmed():
            batch.numbers += body.numbers
        case NumbersVoided():
            batch.numbers.append(NumberHigh(body.series, body.year, body.last))
        case _:
            pass  # residents and voids stay in the log; nothing at the centre reads them yet


async def _keep_numbers(connection: Connection, village: str, batch: _Batch, now_ms: int) -> None:
    if not batch.letters and not batch.numbers:
        return
    for clash in await letters.add_numbers(connection, village, batch.letters, now_ms):
        batch.publications.append(_clash_notice(clash))
    await logs.raise_numbers(connection, village, [*batch.numbers, *_highs(batch.letters)])


def _highs(issued: Sequence[tuple[bytes, LetterIssued]]) -> list[NumberHigh]:
    high: dict[tuple[str, int], int] = {}
    for _, body in issued:
        key = (body.series, body.year)
        high[key] = max(high.get(key, 0), body.number)
    return [NumberHigh(series, year, number) for (series, year), number in high.items()]


def _clash_notice(clash: NumberClash) -> feeds.Publication:
    return feeds.Publication("number_clash", b"clash:" + clash.second_record, pack(clash), critical=False)


async def _keep_proposals(connection: Connection, staged: logs.Staged, batch: _Batch) -> None:
    if not batch.proposals:
        return
    anchors = await logs.anchor_times(connection, (header.anchor_hash for _, header, _, _ in batch.proposals))
    withdrawn = await facts.withdrawn(connection, staged.village) | set(batch.withdrawn)
    new = []
    for op, header, body, received_ms in batch.proposals:
        proposal = Proposal(
            record=op.record_id,
            village=staged.village,
            scheme=body.scheme,
            cycle=body.cycle,
            nik=body.nik,
            kk=body.kk,
            match_nik=key_nik(body.nik),
            match_kk=key_kk(body.kk),
            name=body.name,
            birth_date=body.birth_date,
            sex=body.sex,
            mother=body.mother,
            claimed_ms=header.claimed_ms,
            anchor_ms=anchors.get(header.anchor_hash, 0),
            received_ms=received_ms,
            is_withdrawn=op.record_id in withdrawn,
        )
        new.append(NewProposal(proposal, staged.epoch, op.seq))
    await facts.add_proposals(connection, new)
