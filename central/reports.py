"""Takes an online report in: looks at it once, keeps it with what was found, and tells its village, in one transaction.

Must never answer differently for one person than for another: whoever reports learns that it arrived, and a code.
Place in the flow: `central/web/public` -> here -> the village's feed; what the village finds comes back in its log.
"""

import msgspec

from central import reconcile
from central.domain import answers
from central.domain.answers import Rules
from central.domain.reports import Need, answer_of, as_proposal, kept_until_ms
from central.store import facts, feeds, reports
from central.store.reports import Received
from chassis.database import Connection
from protocol.codec import pack
from protocol.feed import Report, report_key


async def receive(
    connection: Connection, rules: Rules, need: Need, report: bytes, form_key: str, now_ms: int
) -> tuple[bytes, bool]:
    """The id of the report, `report` or the one that this very form led to before; and whether its village has news.

    `need` names a cycle that is known; `report`: 16 random bytes.
    """
    earlier = await reports.of_form(connection, form_key)
    if earlier is not None:
        return earlier, False
    received = await _look(connection, rules, need, report, now_ms)
    await reports.put(connection, received, form_key)
    if received.is_told:
        await feeds.publish(connection, need.village, [_told(received)], now_ms)
    return report, received.is_told


async def _look(connection: Connection, rules: Rules, need: Need, report: bytes, now_ms: int) -> Received:
    cycle = next(c for c in await facts.cycles(connection) if c.code == need.cycle)
    proposal = as_proposal(report, need, now_ms)
    verdict = await reconcile.foresee(connection, rules, proposal)
    return Received(
        report,
        need,
        now_ms,
        kept_until_ms(cycle),
        answer_of(verdict),
        answers.word(rules, proposal, cycle, verdict, now_ms),
        await reports.open_on(connection, need.nik, need.cycle, need.village),
    )


def _told(received: Received) -> feeds.Publication:
    said = Report(
        report=received.id,
        check=received.answer.value,
        received_ms=received.received_ms,
        **{k: v for k, v in msgspec.structs.asdict(received.need).items() if k != "village"},
    )
    return feeds.Publication("report", report_key(received.id), pack(said), critical=False)
