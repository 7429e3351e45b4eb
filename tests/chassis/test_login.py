"""Signing in: the same answer for every wrong attempt, a slow-down that never becomes a lock-out, drafts that survive."""

import asyncio
import re

import pytest

from chassis.web.accounts import AccountError, PasswordDesk, hash_password, set_active, set_password
from chassis.web.throttle import BUCKETS_MAX, FREE_FAILURES_PER_SOURCE, WAIT_SECONDS_MAX_PER_SOURCE, begin_attempt

from .conftest import PASSWORD, START_MS, Browser, Office

NEW_PASSWORD = "kata-sandi-baru-7"


def without_tokens(text: str) -> str:
    return re.sub(r'name="csrf" value="[^"]+"', "", text)


async def is_signed_in(browser: Browser) -> bool:
    return (await browser.get("/", allow_redirects=False)).status == 200


async def test_signing_in_leads_back_and_out_again(office: Office) -> None:
    browser = office.browse()
    shown = await browser.get("/audit")
    assert shown.url.path_qs == "/login?next=/audit"
    fields = await browser.fields_of(shown)
    answer = await browser.post("/login", {**fields, "login": " AUDITOR ", "password": PASSWORD})
    assert answer.url.path == "/audit"
    assert office.count("library_login_attempts_total", result="ok") == 1
    assert await office.value("SELECT actor || ' ' || action FROM access_log") == "auditor login"
    await browser.post("/logout", await browser.filled("/search"))
    assert not await is_signed_in(browser)
    assert await office.value("SELECT count(*) FROM login_session") == 0


async def test_wrong_name_and_wrong_password_get_the_same_answer(office: Office) -> None:
    await office.database.transact(lambda connection: set_active(connection, "reader", False))
    texts = set()
    for login, password in (("librarian", "wrong"), ("nobody", PASSWORD), ("reader", PASSWORD), ("librarian", "")):
        answer = await office.browse().sign_in(login, password)
        assert answer.status == 401
        texts.add(without_tokens(await answer.text()).replace(f'value="{login}"', ""))
    assert len(texts) == 1
    assert office.count("library_login_attempts_total", result="wrong") == 4


async def test_an_unknown_name_costs_a_hash_like_a_known_one() -> None:
    """Not by the clock: the desk really checks a decoy, so its answer for a right guess of the decoy is still no."""
    desk = PasswordDesk()
    assert not await desk.matches(None, "anything")
    decoy = desk._decoy
    assert decoy.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hash_password(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await desk.matches(hash_password(PASSWORD), PASSWORD)


async def test_the_session_changes_at_login(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("reader")
    planted = browser.cookies()["login"]
    victim = office.browse()
    victim.client.session.cookie_jar.update_cookies({"login": planted}, victim.client.make_url("/"))
    await victim.post("/logout", await victim.filled("/search"))
    victim.client.session.cookie_jar.update_cookies({"login": planted}, victim.client.make_url("/"))
    await victim.sign_in("librarian")
    assert victim.cookies()["login"] != planted
    assert not await is_signed_in(browser)


async def test_the_token_itself_is_not_stored(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("reader")
    stored = await office.value("SELECT token_hash FROM login_session")
    assert browser.cookies()["login"].encode() not in stored
    forged = office.browse()
    forged.client.session.cookie_jar.update_cookies({"login": stored.hex()}, forged.client.make_url("/"))
    assert not await is_signed_in(forged)


async def test_guessing_is_slowed_down_more_and_more_and_forgiven(office: Office) -> None:
    browser = office.browse()
    for _ in range(FREE_FAILURES_PER_SOURCE + 1):
        assert (await browser.sign_in("librarian", "wrong")).status == 401
    waits = []
    for _ in range(12):
        answer = await browser.sign_in("librarian", PASSWORD)
        assert answer.status == 429
        waits.append(int(answer.headers["Retry-After"]))
        office.clock.advance(waits[-1])
        assert (await browser.sign_in("librarian", "wrong")).status == 401
    assert waits == sorted(waits)
    assert waits[0] == 1
    assert waits[-1] == WAIT_SECONDS_MAX_PER_SOURCE
    office.clock.advance(WAIT_SECONDS_MAX_PER_SOURCE)
    assert (await browser.sign_in("librarian", PASSWORD)).status == 200
    assert await office.value("SELECT count(*) FROM login_throttle") == 0


async def test_names_that_do_not_exist_are_slowed_down_alike(office: Office) -> None:
    async def answers(login: str) -> list[int]:
        browser = office.browse()
        return [(await browser.sign_in(login, "wrong")).status for _ in range(FREE_FAILURES_PER_SOURCE + 3)]

    assert await answers("librarian") == await answers("nobody")


async def test_fifty_guesses_at_once_do_not_get_fifty_tries(office: Office) -> None:
    browser = office.browse()
    fields = await browser.fields_of(await browser.get("/login"))
    guess = {**fields, "login": "librarian", "password": "wrong"}
    answers = await asyncio.gather(*(browser.post("/login", guess) for _ in range(50)))
    statuses = [answer.status for answer in answers]
    assert statuses.count(401) == FREE_FAILURES_PER_SOURCE + 1
    assert statuses.count(429) == 50 - FREE_FAILURES_PER_SOURCE - 1


async def test_an_attacker_elsewhere_cannot_lock_the_only_clerk_out(office: Office) -> None:
    """A thousand failures from a thousand places: the clerk's own wait stays within seconds."""
    wait = 0
    for number in range(1000):
        source = f"10.0.{number // 250}.{number % 250}"
        now = START_MS + number
        wait = await office.database.transact(
            lambda connection, source=source, now=now: begin_attempt(connection, "librarian", source, now)
        )
    assert 0 < wait <= 10
    office.clock.advance(1 + wait)
    assert (await office.browse().sign_in("librarian")).status == 200


async def test_a_clock_set_back_a_year_locks_nobody_out(office: Office) -> None:
    browser = office.browse()
    for _ in range(FREE_FAILURES_PER_SOURCE + 1):
        await browser.sign_in("librarian", "wrong")
    office.clock.advance(-365 * 24 * 3600)
    assert (await browser.sign_in("librarian")).status == 200


async def test_invented_names_do_not_fill_the_disk(office: Office) -> None:
    await office.database.transact(
        lambda connection: connection.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)"
            " INSERT INTO login_throttle SELECT CAST(printf('%032d', i) AS BLOB), 1, $2 + i, 0 FROM n",
            BUCKETS_MAX,
            START_MS,
        )
    )
    await office.browse().sign_in("nobody", "wrong")
    assert await office.value("SELECT count(*) FROM login_throttle") == BUCKETS_MAX
    office.clock.advance(48 * 3600)
    await office.browse().sign_in("nobody", "wrong")
    assert await office.value("SELECT count(*) FROM login_throttle") == 2


async def test_a_session_ends_when_nobody_is_there(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    for _ in range(5):
        office.clock.advance(800)
        assert await is_signed_in(browser)
    office.clock.advance(901)
    assert not await is_signed_in(browser)


async def test_a_page_that_refreshes_itself_keeps_nobody_signed_in(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    for _ in range(10):
        office.clock.advance(85)
        assert (await browser.get("/poll", allow_redirects=False)).status == 200
    office.clock.advance(85)
    answer = await browser.get("/poll", headers={"HX-Request": "true"}, allow_redirects=False)
    assert answer.status == 401
    assert "Masuk lagi di tab baru" in await answer.text()
    assert "<html" not in await answer.text()


async def test_a_working_day_ends_a_session_and_so_does_a_clock_set_back(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    for _ in range(12 * 6):
        office.clock.advance(600)
        assert await is_signed_in(browser)
    office.clock.advance(600)
    assert not await is_signed_in(browser)
    await browser.sign_in("librarian")
    office.clock.advance(-3600)
    assert not await is_signed_in(browser)


async def test_a_page_view_is_not_worth_a_write(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    before = await office.value("SELECT seen_ms FROM login_session")
    office.clock.advance(30)
    await browser.get("/")
    assert await office.value("SELECT seen_ms FROM login_session") == before
    office.clock.advance(61)
    await browser.get("/")
    assert await office.value("SELECT seen_ms FROM login_session") == before + 91_000


@pytest.mark.parametrize("change", ["password", "closed"])
async def test_a_changed_account_ends_its_sessions(office: Office, change: str) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    if change == "password":
        new_hash = hash_password(NEW_PASSWORD)
        await office.database.transact(lambda connection: set_password(connection, "librarian", new_hash))
    else:
        await office.database.transact(lambda connection: set_active(connection, "librarian", False))
    assert not await is_signed_in(browser)
    assert (await browser.sign_in("librarian")).status == 401
    if change == "password":
        assert (await browser.sign_in("librarian", NEW_PASSWORD)).status == 200


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "x1y2" * 300])
def test_bad_passwords_are_refused(password: str) -> None:
    with pytest.raises(AccountError):
        hash_password(password)


async def test_a_form_sent_after_the_session_ended_is_not_lost(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    title = 'Ronggeng "Dukuh" <Paruk>\n& seterusnya é'
    sent = await browser.filled("/loans/new", title=title)
    office.clock.advance(3600)
    asked = await browser.post("/loans", sent)
    assert asked.status == 401
    assert "Isian yang baru dikirim tidak hilang" in await asked.text()
    assert await office.value("SELECT count(*) FROM loan") == 0

    fields = await browser.fields_of(asked)
    wrong = await browser.post("/login", {**fields, "login": "librarian", "password": "wrong"})
    fields = await browser.fields_of(wrong)
    confirm = await browser.post("/login", {**fields, "login": "librarian", "password": PASSWORD})
    assert "Lanjutkan isian Anda" in await confirm.text()
    assert await office.value("SELECT count(*) FROM loan") == 0

    done = await browser.post("/loans", await browser.fields_of(confirm))
    assert done.status == 200
    assert done.url.path == "/loans/1"
    assert await office.value("SELECT title FROM loan") == title


async def test_a_draft_stays_with_the_browser(office: Office) -> None:
    """Nothing that a stranger sends to a closed door is stored."""
    browser = office.browse()
    answer = await browser.post("/loans", {"title": "Bumi Manusia"})
    assert answer.status == 401
    for table in ("login_session", "form_receipt", "access_log", "loan"):
        assert await office.value(f"SELECT count(*) FROM {table}") == 0


async def test_a_huge_draft_is_given_up_in_words(office: Office) -> None:
    browser = office.browse()
    answer = await browser.post("/loans", {"title": "x" * 40_000})
    assert answer.status == 401
    assert "terlalu panjang untuk disimpan" in await answer.text()


@pytest.mark.parametrize(
    ("action", "draft"),
    [
        ("https://evil.example/", '[["a","b"]]'),
        ("//evil.example/", '[["a","b"]]'),
        ("/loans", "{"),
        ("/loans", '{"a": "b"}'),
        ("/loans", '[["a"]]'),
        ("/loans", '[["a", 7]]'),
        ("/loans", "[" * 20_000),
    ],
)
async def test_a_forged_draft_is_dropped(office: Office, action: str, draft: str) -> None:
    browser = office.browse()
    fields = await browser.fields_of(await browser.get("/login"))
    login = {"login": "librarian", "password": PASSWORD, "draft_action": action, "draft": draft}
    answer = await browser.post("/login", {**fields, **login})
    assert answer.url.path == "/"
    assert answer.status == 200


async def test_a_flood_of_logins_is_answered_busy_not_queued_for_minutes(office: Office) -> None:
    browser = office.browse()
    fields = await browser.fields_of(await browser.get("/login"))
    attempts = [{**fields, "login": f"person{number}", "password": "wrong"} for number in range(80)]
    answers = await asyncio.gather(*(browser.post("/login", attempt) for attempt in attempts))
    statuses = {answer.status for answer in answers}
    assert statuses == {401, 503}
    assert office.count("library_login_attempts_total", result="busy") > 0
    assert (await office.browse().sign_in("librarian")).status == 200
