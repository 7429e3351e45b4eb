"""The regency asks whether two records of one NIK are one person; the village answers once, from what it knows."""

from typing import Any

import pytest

from agent.store import questions
from protocol import ops
from tests.agent.office import Counter, question_state, words_of
from tests.chassis.conftest import Browser

PAIR = b"\x0f" * 32
PATH = "/questions/" + PAIR.hex()


async def asked(counter: Counter, **changes: Any) -> tuple[Browser, str]:
    clerk = await counter.browser()
    proposal = await counter.propose(clerk, counter.somebody)
    await counter.tell(question_state(proposal, **changes))
    return clerk, proposal


async def send(clerk: Browser, **typed: str) -> tuple[int, str]:
    fields = await clerk.fields_of(await clerk.get(PATH))
    answer = await clerk.post(PATH, fields | {"answer": "", "how": "", "note": ""} | typed, allow_redirects=False)
    return answer.status, words_of(await answer.text())


async def test_a_question_waits_on_the_worklist_until_it_is_answered(counter: Counter) -> None:
    clerk, _ = await asked(counter)
    assert PATH in await (await clerk.get("/worklist")).text()
    assert "1 pertanyaan kabupaten" in await (await clerk.get("/")).text()
    html = await (await clerk.get(PATH)).text()
    assert 'href="/worklist" aria-current="page"' in html, "the menu says where it belongs"
    shown = words_of(html)
    assert "S*** C*****" in shown
    assert "Mirip" in shown
    assert (await send(clerk, answer="different", how="papers", note="saudara kembar"))[0] == 303
    assert PATH not in await (await clerk.get("/worklist")).text()
    (row,) = await counter.store.database.read(_said)
    assert (row.answer, row.how, row.note, row.is_acked) == ("different", "papers", "saudara kembar", False)
    assert "form" not in await _form_of(clerk), "who has answered is not asked again"


async def _said(connection: Any) -> tuple[questions.AnswerRow, ...]:
    row = await questions.find(connection, PAIR)
    assert row is not None
    return row.said


async def _form_of(clerk: Browser) -> str:
    text = await (await clerk.get(PATH)).text()
    return "form" if 'name="answer"' in text else ""


async def test_the_answer_is_a_record_of_the_village(counter: Counter) -> None:
    clerk, proposal = await asked(counter)
    await send(clerk, answer="unknown")
    raw = await counter.store.database.read(
        lambda c: c.fetch_one("SELECT header, body FROM op ORDER BY seq DESC LIMIT 1")
    )
    assert raw is not None
    body = ops.read_body(ops.read_header(raw[0]), raw[1])
    assert isinstance(body, ops.IdentityAnswered)
    assert (body.pair, body.answer, body.how) == (PAIR, "unknown", "")
    assert body.proposal.hex() == proposal.rpartition("/")[2]


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"answer": "perhaps"},
        {"answer": "same"},
        {"answer": "same", "how": "guess"},
        {"answer": "different", "how": "known", "note": "x" * 301},
    ],
)
async def test_who_does_not_say_how_is_asked_again(counter: Counter, typed: dict[str, str]) -> None:
    clerk, _ = await asked(counter)
    status, text = await send(clerk, **typed)
    assert status == 422
    assert "pilih salah satu" in text or "300" in text
    assert await counter.value("SELECT count(*) FROM identity_answer") == 0


@pytest.mark.parametrize("ended", ["same", "different", "overlap_allowed", "unknown", "a word of tomorrow"])
async def test_what_was_judged_elsewhere_asks_for_nothing(counter: Counter, ended: str) -> None:
    clerk, proposal = await asked(counter)
    fields = await clerk.fields_of(await clerk.get(PATH))
    await counter.tell(question_state(proposal, answer=ended))
    late = await clerk.post(PATH, fields | {"answer": "same", "how": "papers", "note": ""})
    assert late.status == 422
    assert "sudah dijawab" in words_of(await late.text())
    assert PATH not in await (await clerk.get("/worklist")).text()


async def test_a_withdrawn_proposal_is_not_asked_about(counter: Counter) -> None:
    clerk, proposal = await asked(counter)
    fields = await clerk.fields_of(await clerk.get(proposal))
    assert (await clerk.post(f"{proposal}/withdraw", fields | {"reason": "salah orang"})).status == 200
    assert PATH not in await (await clerk.get("/worklist")).text()
