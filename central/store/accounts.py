"""Where recipients want their money, as their proposals' forms said: read from the villages' own records. Reads only."""

from collections.abc import Iterable

from central.domain.decisions import Proposal
from central.store import logs
from chassis.database import Connection
from protocol.ops import Op, ProposalWithAnswers, Unreadable, read_op

OPS_AT_ONCE = 1_024
"""Ops of one reading: a batch or two, so that a village's hundreds of proposals cost a few."""

Account = tuple[str, str, str]
"""Bank, account number, account's owner; each may be empty."""
NO_ACCOUNT: Account = ("", "", "")


async def of_proposals(connection: Connection, proposals: Iterable[Proposal]) -> dict[bytes, Account]:
    """By record, of those whose form named a bank or an account."""
    wanted: dict[tuple[str, int], dict[int, bytes]] = {}
    for p in proposals:
        wanted.setdefault((p.village, p.epoch), {})[p.seq] = p.record
    found: dict[bytes, Account] = {}
    for (village, epoch), records in wanted.items():
        for log in await logs.of_village(connection, village):
            if log.epoch == epoch:
                await _of_log(connection, log, records, found)
    return found


async def _of_log(
    connection: Connection, log: logs.Log, records: dict[int, bytes], found: dict[bytes, Account]
) -> None:
    after = 0
    for seq in sorted(records):
        if seq <= after:
            continue
        ops = await logs.read(connection, log, seq - 1, OPS_AT_ONCE)
        for op in ops:
            if records.get(op.seq) == op.record_id and (account := _account(op)) != NO_ACCOUNT:
                found[op.record_id] = account
        after = ops[-1].seq if ops else seq


def _account(op: Op) -> Account:
    try:
        body = read_op(op)[1]
    except Unreadable:
        return NO_ACCOUNT
    if not isinstance(body, ProposalWithAnswers):
        return NO_ACCOUNT
    answers = dict(body.fields)
    return answers.get("bank", ""), answers.get("account_number", ""), answers.get("account_name", "")
