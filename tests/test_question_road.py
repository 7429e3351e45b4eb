"""A question about identity all the way: officer, feed, village, its answer, the decision, and the officer's last word."""

import pytest

from agent.domain.questions import Answer, Answered
from agent.store import aid, questions, residents
from agent.store.desk import Desk as Transaction
from central import questions as asking
from central import reconcile
from central.audit import audit
from central.domain.identities import Identity, IdentityVerdict
from central.store import identities
from central.store.identities import Said
from protocol import ops
from tests.central.desk import PANGAN, RULES, kk, siksng_row
from tests.test_road import Village, at_village

__all__ = ["at_village"]


async def held(box: Village) -> bytes:
    """A proposal whose NIK stands in a list under another name."""
    await box.regency.put_cycle(PANGAN)
    person = box.people[0]
    await box.regency.import_list(siksng_row(person.nik, kk(9), "ZULKARNAEN QODRATULLAH"))
    await box.up()
    await box.down()
    registered = await box.store.write(lambda desk: residents.register(desk, person, "sri"))
    assert isinstance(registered, bytes)

    async def propose(desk: Transaction) -> object:
        known = await residents.get(desk.connection, registered)
        assert known is not None
        return await aid.propose(desk, PANGAN.code, known, "", "sri", aid.Asked())

    proposal = await box.store.write(propose)
    assert isinstance(proposal, bytes)
    await exchange(box)
    assert await box.regency.outcome(proposal) == ("needs_review", "identity_conflict")
    return proposal


async def exchange(box: Village) -> None:
    await box.up()
    await box.regency.settle()
    await box.down()


async def ask(box: Village, proposal: bytes) -> tuple[bytes, str]:
    database = box.regency.database
    ((key, other),) = (await database.read(lambda c: reconcile.contested(c, proposal))).items()
    village = await database.transact(lambda c: asking.ask(c, proposal, key, other, "rini", box.regency.clock.now_ms()))
    return key, village


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer.SAME, ("rejected", "covered_by_scheme")),
        (Answer.DIFFERENT, ("accepted", "")),
        (Answer.UNKNOWN, ("needs_review", "identity_conflict")),
    ],
)
async def test_a_question_goes_to_the_village_and_its_answer_decides(
    at_village: Village, answer: Answer, outcome: tuple[str, str]
) -> None:
    box = at_village
    proposal = await held(box)
    key, village = await ask(box, proposal)
    assert village == box.store.village
    assert (await ask(box, proposal))[1] == "", "nobody is asked twice"
    await box.down()
    ((row, name),) = await box.store.database.read(questions.waiting)
    assert (row.question.pair, row.question.proposal, name) == (key, proposal, box.people[0].name)
    assert row.question.other_scheme
    assert "ZULKARNAEN" not in repr(row.question)

    said = Answered(answer, "" if answer is Answer.UNKNOWN else "papers", "kartu keluarga dilihat")
    assert isinstance(await box.store.write(lambda desk: questions.answer(desk, key, said, "sri")), bytes)
    await exchange(box)

    assert await box.regency.outcome(proposal) == outcome
    assert await box.store.database.read(questions.waiting) == []
    told = await box.store.database.read(lambda c: questions.find(c, key))
    assert told is not None
    assert (told.question.answer, told.said[0].is_acked) == (answer.value, True)
    assert (await box.regency.database.read(lambda c: audit(c, RULES))).problems == []
    assert box.courier.status.digest_mismatches == 0


async def test_an_officer_outranks_the_village(at_village: Village) -> None:
    box = at_village
    proposal = await held(box)
    key, _ = await ask(box, proposal)
    await box.down()
    await box.store.write(lambda desk: questions.answer(desk, key, Answered(Answer.DIFFERENT, "known", ""), "sri"))
    await exchange(box)
    assert await box.regency.outcome(proposal) == ("accepted", "")

    verdict = Said(IdentityVerdict(Identity.SAME), "KTP diperiksa", "rini", box.regency.clock.now_ms())
    await box.regency.database.transact(lambda c: identities.put(c, key, proposal, verdict))
    await box.regency.database.transact(lambda c: asking.close(c, key, "same", box.regency.clock.now_ms()))
    await exchange(box)
    assert await box.regency.outcome(proposal) == ("rejected", "covered_by_scheme")
    told = await box.store.database.read(lambda c: questions.find(c, key))
    assert told is not None
    assert told.question.answer == "same"


async def test_an_answer_that_nobody_asked_for_says_nothing(at_village: Village) -> None:
    box = at_village
    proposal = await held(box)
    (key,) = await box.regency.database.read(lambda c: reconcile.contested(c, proposal))
    forged = ops.IdentityAnswered(
        salt=b"s" * 16, pair=key, proposal=proposal, answer="different", how="known", note="", actor="sri"
    )

    async def write(desk: Transaction) -> None:
        await desk.append(lambda _salt: forged)

    await box.store.write(write)
    await exchange(box)
    assert await box.regency.outcome(proposal) == ("needs_review", "identity_conflict")
