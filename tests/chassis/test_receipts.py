"""One form, one result: double click, back button, two tabs, fifty at once."""

import asyncio

import pytest

from chassis.web import RequestRefused
from chassis.web.receipts import KEPT_MS, new_form_key, recall, remember

from .conftest import START_MS, Office


async def test_sending_a_form_again_leads_to_the_first_result(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    fields = await browser.filled("/loans/new", title="Saman")
    places = {(await browser.post("/loans", fields)).url.path for _ in range(3)}
    assert places == {"/loans/1"}
    assert await office.value("SELECT count(*) FROM loan") == 1
    fresh = await browser.filled("/loans/new", title="Larung")
    assert (await browser.post("/loans", fresh)).url.path == "/loans/2"


async def test_fifty_at_once_make_one(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    fields = await browser.filled("/loans/new", title="Saman")
    answers = await asyncio.gather(*(browser.post("/loans", fields) for _ in range(50)))
    assert {answer.url.path for answer in answers} == {"/loans/1"}
    assert await office.value("SELECT count(*) FROM loan") == 1


@pytest.mark.parametrize("key", ["", "short", "with space in it..", "x" * 65])
async def test_a_form_without_a_key_is_refused(office: Office, key: str) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    answer = await browser.post("/loans", await browser.filled("/loans/new", title="Saman", form_key=key))
    assert answer.status == 400
    assert "form_key_missing" in await answer.text()


async def test_another_persons_key_tells_nothing(office: Office) -> None:
    key = new_form_key()
    await office.database.transact(lambda c: remember(c, key, 1, "/loans/7", START_MS))
    assert await office.database.read(lambda c: recall(c, key, 1)) == "/loans/7"
    assert await office.database.read(lambda c: recall(c, key, 2)) is None
    with pytest.raises(RequestRefused, match="form_of_colleague"):
        await office.database.transact(lambda c: remember(c, key, 2, "/loans/8", START_MS))


async def test_old_receipts_are_cleared_away(office: Office) -> None:
    await office.database.transact(lambda c: remember(c, new_form_key(), 1, "/loans/1", START_MS))
    await office.database.transact(lambda c: remember(c, new_form_key(), 1, "/loans/2", START_MS + KEPT_MS + 1))
    assert await office.value("SELECT count(*) FROM form_receipt") == 1
