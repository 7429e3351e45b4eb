"""What a scheme's form asked beside the person, as proposals answered: read from the villages' own records,
of a list's proposals from what was kept of the row. Reads only."""

from collections.abc import Iterable, Mapping

from central.domain.decisions import LIST_EPOCH, Proposal, read_answers
from central.store import logs
from chassis.database import Connection
from protocol.ops import Op, ProposalWithAnswers, Unreadable, read_op

OPS_AT_ONCE = 256
"""Ops of one reading: a batch or two, so that a village's hundreds of proposals cost a few."""

Account = tuple[str, str, str]
"""Bank, account number, account's owner; each may be empty."""


async def of_proposals(connection: Connection, proposals: Iterable[Proposal]) -> dict[bytes, Mapping[str, str]]:
    """Answers by field, by record; nothing of a proposal whose form asked nothing."""
    wanted: dict[tuple[str, int], dict[int, bytes]] = {}
    found: dict[bytes, Mapping[str, str]] = {}
    for p in proposals:
        if p.epoch != LIST_EPOCH:
            wanted.setdefault((p.village, p.epoch), {})[p.seq] = p.record
        elif p.answers:
            found[p.record] = read_answers(p.answers)
    for (village, epoch), records in wanted.items():
        for log in await logs.of_village(connection, village):
            if log.epoch == epoch:
                await _of_log(connection, log, records, found)
    return found


def account_of(answers: Mapping[str, str]) -> Account:
    return answers.get("bank", ""), answers.get("account_number", ""), answers.get("account_name", "")


async def _of_log(
    connection: Connection, log: logs.Log, records: dict[int, bytes], found: dict[bytes, Mapping[str, str]]
) -> None:
    after = 0
    for seq in sorted(records):
        if seq <= after:
            continue
        ops = await logs.read(connection, log, seq - 1, OPS_AT_ONCE)
        for op in ops:
            if records.get(op.seq) == op.record_id and (answers := _answers(op)):
                found[op.record_id] = answers
        after = ops[-1].seq if ops else seq


def _answers(op: Op) -> Mapping[str, str]:
    try:
        body = read_op(op)[1]
    except Unreadable:
        return {}
    return dict(body.fields) if isinstance(body, ProposalWithAnswers) else {}
