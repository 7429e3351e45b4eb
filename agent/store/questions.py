"""The regency's questions about identities in the village's database, and what the village answered.

The questions are read where the feed keeps them, so a program that learns of them later shows those that came before. Only
`views.py` writes the answers.
"""

from dataclasses import dataclass

import msgspec

from agent.domain.questions import Answered
from agent.domain.refusal import QUESTION_CLOSED, Refusal
from agent.store.desk import Desk
from chassis.database import Connection
from protocol import ops
from protocol.feed import VILLAGE, IdentityQuestion, question_key


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What this village said, and how far the record has travelled."""

    answer: str
    how: str
    note: str
    actor: str
    written_ms: int
    is_acked: bool


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question, and what was said here to it, the answer that stands first."""

    question: IdentityQuestion
    said: tuple[AnswerRow, ...]

    @property
    def is_open(self) -> bool:
        """Neither this village nor an officer has said what the two are."""
        return not self.said and not self.question.answer


async def waiting(connection: Connection) -> list[tuple[QuestionRow, str]]:
    """Those that wait for an answer, nearest day first, each with the name it is about; none whose proposal was withdrawn.

    There are few, so all are read.
    """
    rows = await connection.fetch_all(
        "SELECT value FROM feed_state WHERE feed = $1 AND kind = 'identity_question' AND is_readable = 1", VILLAGE
    )
    found = []
    for (value,) in rows:
        row = await _row(connection, value)
        if row is not None and row.is_open:
            name = await connection.fetch_value(
                "SELECT name FROM proposal WHERE id = $1 AND withdrawn_reason IS NULL", row.question.proposal
            )
            if name is not None:
                found.append((row, name))
    return sorted(found, key=lambda each: (each[0].question.answer_by, each[0].question.pair))


async def find(connection: Connection, pair: bytes) -> QuestionRow | None:
    value = await connection.fetch_value(
        "SELECT value FROM feed_state WHERE feed = $1 AND key = $2 AND is_readable = 1", VILLAGE, question_key(pair)
    )
    return None if value is None else await _row(connection, value)


async def answer(desk: Desk, pair: bytes, answered: Answered, actor: str) -> bytes | Refusal:
    """Write down what the village knows; the id of the record. Refused once somebody has said what the two are."""
    row = await find(desk.connection, pair)
    if row is None or not row.is_open:
        return QUESTION_CLOSED
    op = await desk.append(
        lambda salt: ops.IdentityAnswered(
            salt=salt,
            pair=pair,
            proposal=row.question.proposal,
            answer=answered.answer.value,
            how=answered.how,
            note=answered.note,
            actor=actor,
        )
    )
    return op.record_id


async def _row(connection: Connection, value: bytes) -> QuestionRow | None:
    """None for what an older program kept and this one cannot read either."""
    try:
        question = msgspec.msgpack.decode(value, type=IdentityQuestion)
    except msgspec.DecodeError:
        return None
    rows = await connection.fetch_all(
        "SELECT answer, how, note, actor, written_ms, seq <= log.acked_seq FROM identity_answer AS a"
        " JOIN log ON log.ordinal = a.log WHERE pair = $1 ORDER BY a.log DESC, seq DESC",
        question.pair,
    )
    return QuestionRow(question, tuple(AnswerRow(r[0], r[1], r[2], r[3], r[4], bool(r[5])) for r in rows))
