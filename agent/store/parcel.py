"""The outbox as a parcel for a stick, and the acknowledgements that come back on it."""

from collections.abc import Callable

from agent.store import oplog
from chassis.database import Connection
from protocol.codec import BATCH_OPS_MAX, encode
from protocol.messages import Append, Signed
from protocol.ops import head_message
from protocol.parcel import OUTBOX, Label, wrap

RECEIPTS_MAX = 256


async def export_outbox(connection: Connection, label: Label, sign: Callable[[bytes], bytes]) -> tuple[bytes, int]:
    """Everything that is not acknowledged, oldest log first, as the frames that would be sent; and how many ops."""
    frames = [encode(label)]
    total = 0
    for _, head, acked_seq in await oplog.heads(connection):
        seq = acked_seq
        while seq < head.seq:
            batch = await oplog.read_batch(connection, head.log_id, seq, BATCH_OPS_MAX)
            if batch is None:
                break
            receipts: list[Signed] = await oplog.receipts_for(
                connection, head.log_id, seq + 1, batch.head.seq, RECEIPTS_MAX
            )
            signature = sign(head_message(label.village, batch.head))
            frames.append(encode(Append(batch.after, batch.headers, batch.bodies, signature, receipts)))
            total += len(batch.headers)
            seq = batch.head.seq
    return wrap(OUTBOX, frames), total
