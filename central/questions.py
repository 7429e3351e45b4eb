"""Asks a village whether two records that share a NIK, or are alike, are one person; closes the question once that is said.

What a village may see of the other record is decided here: no NIK, no family card, the name masked. Place in the flow: an
officer's page asks -> the village's feed -> its answer comes in by tabulation -> `decide` -> closed on the feed.
"""

from collections.abc import Collection

import msgspec

from central.domain.decisions import Coverage, Proposal, covered_person, day_iso, key_kk, person_of, place_text
from central.domain.identities import ANSWER_DAYS, Answer, compared
from central.domain.matching import Person
from central.store import facts, feeds, identities
from central.store.identities import Asked
from chassis.database import Connection
from protocol.codec import pack
from protocol.feed import IdentityQuestion, question_key
from protocol.ids import mask_name

DAY_MS = 86_400_000
MOOT = "unknown"
"""How a question ends that nobody needs an answer to."""


async def ask(
    connection: Connection, record: bytes, key: bytes, other: Proposal | Coverage, actor: str, now_ms: int
) -> str:
    """The village that is asked about its proposal `record`; empty when it was asked before, or the proposal is gone."""
    found = await facts.find(connection, record)
    if found is None:
        return ""
    own = found[0]
    question = IdentityQuestion(
        pair=key,
        proposal=record,
        other_name=mask_name(other.name) if isinstance(other, Proposal) else "",
        other_scheme="" if isinstance(other, Proposal) else other.scheme,
        other_place=place_text(other.village) if other.village else "",
        compared=relations(own, other),
        asked_ms=now_ms,
        answer_by=day_iso(now_ms + ANSWER_DAYS * DAY_MS),
    )
    if not await identities.ask(connection, Asked(key, own.village, record, pack(question), actor, now_ms)):
        return ""
    await _publish(connection, own.village, question, now_ms)
    return own.village


async def close(connection: Connection, key: bytes, answer: str, now_ms: int) -> set[str]:
    """Somebody has said what the two are: whoever was asked is told. The villages whose feeds have news."""
    told = await identities.questions(connection, [key])
    for asked in told:
        question = msgspec.msgpack.decode(asked.value, type=IdentityQuestion)
        await _publish(connection, asked.village, msgspec.structs.replace(question, answer=answer), now_ms)
    return {asked.village for asked in told}


async def drop(connection: Connection, village: str, proposals: Collection[bytes], now_ms: int) -> bool:
    """A village withdrew these, so what it was asked about them asks nothing any more: each question that is still open is
    closed. Has its feed news?"""
    has_news = False
    for asked in await identities.take_back(connection, village, proposals):
        said = await feeds.current(connection, village, question_key(asked.key))
        question = msgspec.msgpack.decode(said or asked.value, type=IdentityQuestion)
        if not question.answer:
            await _publish(connection, village, msgspec.structs.replace(question, answer=MOOT), now_ms)
            has_news = True
    return has_news


async def take(connection: Connection, village: str, given: Collection[Answer], now_ms: int) -> set[str]:
    """A village's answers: kept, and its own questions closed, so that no other clerk there is asked again."""
    await identities.add_answers(connection, village, given)
    news = set()
    for answer in given:
        for asked in await identities.questions(connection, [answer.pair]):
            if asked.village == village:
                question = msgspec.msgpack.decode(asked.value, type=IdentityQuestion)
                await _publish(connection, village, msgspec.structs.replace(question, answer=answer.answer), now_ms)
                news.add(village)
    return news


async def _publish(connection: Connection, village: str, question: IdentityQuestion, now_ms: int) -> None:
    item = feeds.Publication("identity_question", question_key(question.pair), pack(question), critical=False)
    await feeds.publish(connection, village, [item], now_ms)


def relations(own: Proposal, other: Proposal | Coverage) -> list[tuple[str, str]]:
    """How the two relate, field by field: same, alike, different or missing. The NIK only where they do not bear one."""
    return [*_numbers(own, other), *compared(_with_card(own), _with_card(other))]


def _numbers(own: Proposal, other: Proposal | Coverage) -> list[tuple[str, str]]:
    """Only where the two do not bear one NIK: a village that does not know the field passes over it."""
    its = other.match_nik if isinstance(other, Proposal) else other.nik
    return [] if own.match_nik == its else [("nik", "different" if its else "missing")]


def _with_card(record: Proposal | Coverage) -> Person:
    """With the family card, which a verdict does not rest on (it changes) but a village knows people by."""
    person = person_of(record) if isinstance(record, Proposal) else covered_person(record)
    card = key_kk(record.kk)
    return msgspec.structs.replace(person, kks=frozenset([card] if card else ()))
