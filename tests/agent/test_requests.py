"""A request's path: every step allowed or refused by a table, two people at once, and the views made again from the log."""

import asyncio
import random
from collections.abc import AsyncIterator
from importlib import resources
from itertools import product
from pathlib import Path

import pytest

from agent.config import load
from agent.domain.letters import Letter, Signer
from agent.domain.refusal import NOT_YOUR_STEP, Refusal
from agent.domain.requests import AFTER, Move, Person, Route, State, may, moves, next_move, waits_for
from agent.store import MarkFile, Store, cards, letters, oplog, requests, residents
from agent.store.requests import RequestRow
from chassis import schema
from chassis.database import Connection, MigrationFolder, SqliteDatabase
from chassis.settings import SettingsError
from protocol.ids import VillageCode
from protocol.regions import village
from tests.agent.letter_samples import CATALOGUE, HEAD, POLICY, SUKOJATI, draft, kind_at
from tests.agent.office import DAY_MS, Stamps, resident_of
from tests.agent.office import SUKOJATI as VILLAGE
from tests.builders import village_people

DIRECT, APPROVAL, SIGNING = Route(), Route(approval=True), Route(signing=True)
FULL = Route(approval=True, signing=True)
ROUTES = (DIRECT, APPROVAL, SIGNING, FULL)

ALLOWED = {
    # state: the steps without, with approval, with signing, with both
    State.REQUESTED: ("verify close",) * 4,
    State.RETURNED: ("verify close",) * 4,
    State.VERIFIED: ("issue reject", "approve reject", "sign reject", "approve reject"),
    State.APPROVED: ("issue reject", "issue reject", "sign reject", "sign reject"),
    State.SIGNED: ("issue reject",) * 4,
    State.ISSUED: ("hand_over",) * 4,
    State.HANDED_OVER: ("",) * 4,
    State.CLOSED: ("",) * 4,
}
CLERK = Person(login="sri", role="clerk")
SECRETARY = Person(login="tono", role="secretary")
HEAD_OF_VILLAGE = Person(login="kades", role="head", signs_as=HEAD)
DELEGATE = Person(login="wati", role="clerk", signs_as=Signer(name="WATI", title="a.n. Kepala Desa\nKasi Pelayanan"))
PEOPLE = (CLERK, SECRETARY, HEAD_OF_VILLAGE, DELEGATE)

MAY = {
    # step: clerk, secretary, head, a clerk who is a named delegate
    Move.VERIFY: (True, True, True, True),
    Move.APPROVE: (False, True, True, False),
    Move.SIGN: (False, False, True, True),
    Move.ISSUE: (True, True, True, True),
    Move.HAND_OVER: (True, True, True, True),
    Move.REJECT: (True, True, True, True),
    Move.CLOSE: (True, True, True, True),
}
OWN_WORK = {
    Move.VERIFY: (True, False, False, True),
    Move.APPROVE: (False, True, False, False),
    Move.SIGN: (False, False, True, True),
    Move.ISSUE: (True, False, False, True),
    Move.HAND_OVER: (True, False, False, True),
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("route", ROUTES, ids=["direct", "approval", "signing", "both"])
def test_the_steps_of_every_state(state: State, route: Route) -> None:
    assert {move.value for move in moves(state, route)} == set(ALLOWED[state][ROUTES.index(route)].split())


@pytest.mark.parametrize("move", Move)
def test_who_may_take_a_step(move: Move) -> None:
    assert tuple(may(person, move) for person in PEOPLE) == MAY[move]


@pytest.mark.parametrize("move", OWN_WORK)
def test_whose_work_a_step_is(move: Move) -> None:
    assert tuple(waits_for(person, move) for person in PEOPLE) == OWN_WORK[move]


@pytest.mark.parametrize("route", ROUTES)
def test_every_path_ends_with_the_letter_handed_over(route: Route) -> None:
    state, taken = State.REQUESTED, []
    while (move := next_move(state, route)) is not None:
        taken.append(move)
        state = AFTER[move]
    assert state is State.HANDED_OVER
    assert (Move.APPROVE in taken, Move.SIGN in taken) == (route.approval, route.signing)
    assert taken[-2:] == [Move.ISSUE, Move.HAND_OVER]


# --- in the database -----------------------------------------------------------------------------------------------------


async def _open(folder: Path) -> Store:
    folder.mkdir(exist_ok=True)
    database = await SqliteDatabase.open(
        folder / "village.db", [schema.MIGRATIONS, MigrationFolder("agent", resources.files("agent.schema"))]
    )
    store = Store(database, MarkFile(folder / "mark"), Stamps(), VILLAGE)
    await store.open()
    return store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await _open(tmp_path / "box")
    await opened.note_first_of_village()
    yield opened
    await opened.database.close()


async def _ask(store: Store, source: str = "counter") -> RequestRow:
    fields = [("purpose", "melamar kerja")]
    return await store.write(
        lambda desk: requests.open_request(
            desk, CATALOGUE["skd"], b"r" * 16, fields, source=source, actor="kiosk" if source == "kiosk" else "sri"
        )
    )


async def _row(store: Store, request_id: bytes) -> RequestRow:
    found = await store.database.read(lambda c: requests.find(c, request_id))
    assert found is not None
    return found


async def _take(
    store: Store, request_id: bytes, move: Move, person: Person, route: Route, seen: int | None = None
) -> Refusal | Letter | None:
    """One step, from a page that is up to date unless `seen` says otherwise."""
    at = (await _row(store, request_id)).steps if seen is None else seen
    routes = {"skd": route}
    if move is Move.ISSUE:
        return await store.write(
            lambda desk: requests.issue(
                desk, request_id, person, routes, kind_at, SUKOJATI, POLICY, seen=at, is_date_confirmed=False
            )
        )
    return await store.write(
        lambda desk: requests.move(
            desk,
            request_id,
            move,
            person,
            routes,
            seen=at,
            reason="fotokopi KK kurang" if move in (Move.REJECT, Move.CLOSE) else "",
            draft=draft("skd") if move is Move.VERIFY else None,
        )
    )


PATHS: dict[State, tuple[Move, ...]] = {
    State.REQUESTED: (),
    State.VERIFIED: (Move.VERIFY,),
    State.APPROVED: (Move.VERIFY, Move.APPROVE),
    State.SIGNED: (Move.VERIFY, Move.APPROVE, Move.SIGN),
    State.RETURNED: (Move.VERIFY, Move.REJECT),
    State.ISSUED: (Move.VERIFY, Move.APPROVE, Move.SIGN, Move.ISSUE),
    State.HANDED_OVER: (Move.VERIFY, Move.APPROVE, Move.SIGN, Move.ISSUE, Move.HAND_OVER),
    State.CLOSED: (Move.CLOSE,),
}


@pytest.mark.parametrize("state", State)
async def test_the_archive_takes_exactly_the_steps_of_the_table(store: Store, state: State) -> None:
    """Every move from every state, under every route, by somebody who may take all of them."""
    almighty = Person(login="kades", role="head", signs_as=HEAD)
    for route, move in product(ROUTES, Move):
        asked = await _ask(store)
        for step in PATHS[state]:
            assert not isinstance(await _take(store, asked.id, step, almighty, FULL), Refusal)
        before = await store.database.read(letters.count)
        made = await _take(store, asked.id, move, almighty, route)
        is_allowed = move.value in ALLOWED[state][ROUTES.index(route)].split()
        assert isinstance(made, Refusal) is not is_allowed, (route, move)
        after = await _row(store, asked.id)
        assert after.state is (AFTER[move] if is_allowed else state)
        assert await store.database.read(letters.count) == before + (is_allowed and move is Move.ISSUE)


async def test_only_the_head_or_a_named_delegate_reaches_signed(store: Store) -> None:
    asked = await _ask(store)
    await _take(store, asked.id, Move.VERIFY, CLERK, SIGNING)
    for person in (CLERK, SECRETARY):
        assert await _take(store, asked.id, Move.SIGN, person, SIGNING) == NOT_YOUR_STEP
    assert await _take(store, asked.id, Move.SIGN, DELEGATE, SIGNING) is None
    issued = await _take(store, asked.id, Move.ISSUE, CLERK, SIGNING)
    assert isinstance(issued, Letter)
    assert issued.signer == DELEGATE.signs_as
    found = await store.database.read(lambda c: letters.find(c, issued.letter_id, kind_at))
    assert found is not None
    assert found[0].signer == DELEGATE.signs_as, "the signer is copied into the letter"


async def test_of_two_at_once_one_wins_and_the_other_reads_who_was_first(store: Store) -> None:
    asked = await _ask(store)
    await _take(store, asked.id, Move.VERIFY, CLERK, DIRECT)
    made = await asyncio.gather(*(_take(store, asked.id, Move.ISSUE, CLERK, DIRECT, seen=1) for _ in range(5)))
    refused = [each for each in made if isinstance(each, Refusal)]
    assert len(refused) == 4
    assert all("diterbitkan oleh sri" in each.sentence for each in refused)
    assert await store.database.read(letters.count) == 1


async def test_an_old_page_moves_nothing_on(store: Store) -> None:
    """Sent back and verified anew since: what the secretary saw is not what stands there now."""
    asked = await _ask(store)
    await _take(store, asked.id, Move.VERIFY, CLERK, APPROVAL)
    await _take(store, asked.id, Move.REJECT, HEAD_OF_VILLAGE, APPROVAL)
    await _take(store, asked.id, Move.VERIFY, CLERK, APPROVAL)
    stale = await _take(store, asked.id, Move.APPROVE, SECRETARY, APPROVAL, seen=1)
    assert isinstance(stale, Refusal)
    assert (await _row(store, asked.id)).state is State.VERIFIED
    assert await _take(store, asked.id, Move.APPROVE, SECRETARY, APPROVAL) is None


async def test_what_is_issued_is_what_was_verified_and_who_did_what_is_kept(store: Store) -> None:
    asked = await _ask(store)
    for move, person in (
        (Move.VERIFY, CLERK),
        (Move.APPROVE, SECRETARY),
        (Move.SIGN, HEAD_OF_VILLAGE),
        (Move.ISSUE, CLERK),
        (Move.HAND_OVER, CLERK),
    ):
        assert not isinstance(await _take(store, asked.id, move, person, FULL), Refusal)
    done = await _row(store, asked.id)
    assert done.letter is not None
    found = await store.database.read(lambda c: letters.find(c, done.letter or b"", kind_at))
    assert found is not None
    assert (found[0].subject, found[0].fields) == (draft("skd").subject, draft("skd").fields)
    steps = await store.database.read(lambda c: requests.steps(c, asked.id))
    assert [(step.move.value, step.actor) for step in steps] == [
        ("verify", "sri"),
        ("approve", "tono"),
        ("sign", "kades"),
        ("issue", "sri"),
        ("hand_over", "sri"),
    ]


async def test_a_number_that_cannot_be_given_leaves_the_request_where_it_was(store: Store) -> None:
    asked = await _ask(store)
    await _take(store, asked.id, Move.VERIFY, CLERK, DIRECT)
    await store.database.transact(lambda c: c.execute("UPDATE box SET numbering = 'unknown'"))
    refused = await _take(store, asked.id, Move.ISSUE, CLERK, DIRECT)
    assert isinstance(refused, Refusal)
    assert refused.code == "numbering_unknown"
    assert (await _row(store, asked.id)).state is State.VERIFIED


async def test_queue_numbers_of_the_kiosk_begin_anew_each_day(store: Store) -> None:
    assert [(await _ask(store, source)).queue for source in ("kiosk", "counter", "kiosk")] == [1, 0, 2]
    assert isinstance(store.stamper, Stamps)
    store.stamper.ms += DAY_MS
    assert (await _ask(store, "kiosk")).queue == 1


TABLES = ("letter_request", "request_step", "letter", "number_used", "number_floor", "kiosk_card")


async def _views(store: Store) -> list[list[tuple[object, ...]]]:
    async def look(connection: Connection) -> list[list[tuple[object, ...]]]:
        return [
            [tuple(r) for r in await connection.fetch_all(f"SELECT * FROM {name} ORDER BY 1, 2")] for name in TABLES
        ]

    return await store.database.read(look)


async def _fill(store: Store) -> None:
    for moves_of in PATHS.values():
        asked = await _ask(store, "kiosk" if len(moves_of) % 2 else "counter")
        for move in moves_of:
            await _take(store, asked.id, move, HEAD_OF_VILLAGE, FULL)
    drawn = village_people(random.Random(3), village(VillageCode(VILLAGE)), 3)
    people = [await store.write(lambda d, p=p: residents.register(d, resident_of(p), "sri")) for p in drawn]  # type: ignore[misc]
    for person, card in ((0, b"a" * 32), (1, b"b" * 32), (2, b"a" * 32), (1, b"")):
        bound = people[person]
        assert isinstance(bound, bytes)
        assert await store.write(lambda d, b=bound, c=card: cards.bind(d, b, c, "sri")) is None  # type: ignore[misc]


async def test_a_restart_finds_everything_again(tmp_path: Path) -> None:
    store = await _open(tmp_path / "box")
    await store.note_first_of_village()
    await _fill(store)
    before = await _views(store)
    assert len(before[-1]) == 1, "one card, moved from the first to the third"
    await store.database.close()
    again = await _open(tmp_path / "box")
    assert await _views(again) == before
    await again.database.close()


async def test_the_log_alone_makes_the_same_views_again(store: Store, tmp_path: Path) -> None:
    """Pulled into an empty box from the centre, as after a lost disk."""
    await _fill(store)
    (_, head, _), *_ = await store.database.read(oplog.heads)
    batch = await store.database.read(lambda c: oplog.read_batch(c, head.log_id, 0, 4096))
    assert batch is not None
    empty = await _open(tmp_path / "empty")
    await empty.put_back(batch.after, batch.headers, batch.bodies)
    assert await _views(empty) == await _views(store)
    await empty.database.close()


# --- settings -----------------------------------------------------------------------------------------------------------

SETTINGS = """village = "3510252010"
data_folder = "/var/lib/kampung/data"
identity_folder = "/var/lib/kampung/identity"
[office]
address = "Jalan Raya 1"
head_name = "Contoh Kepala"
[central]
url = "http://127.0.0.1:9"
"""


def _settings(folder: Path, more: str) -> Path:
    path = folder / "agent.toml"
    path.write_text(SETTINGS + more)
    path.chmod(0o600)
    return path


def test_an_office_that_says_nothing_issues_in_one_step(tmp_path: Path) -> None:
    settings = load(_settings(tmp_path, ""))
    assert all(settings.route(kind).is_direct for kind in CATALOGUE)
    assert list(settings.signers()) == [""]


def test_steps_are_chosen_for_the_office_and_for_single_kinds(tmp_path: Path) -> None:
    settings = load(_settings(tmp_path, "[workflow]\nsigning = true\n[workflow.kinds.skd]\napproval = true\n"))
    assert settings.route("sktm") == SIGNING
    assert settings.route("skd") == APPROVAL


@pytest.mark.parametrize(
    ("capacity", "printed"),
    [
        ("a.n.", "a.n. Kepala Desa Sukojati\nKasi Pelayanan"),
        ("u.b.", "a.n. Kepala Desa Sukojati\nSekretaris Desa\nu.b.\nKasi Pelayanan"),
        ("Plt.", "Plt. Kepala Desa Sukojati"),
        ("Plh.", "Plh. Kepala Desa Sukojati"),
        ("Pj.", "Pj. Kepala Desa Sukojati"),
    ],
)
def test_a_delegate_signs_in_their_capacity(tmp_path: Path, capacity: str, printed: str) -> None:
    entry = f'[delegates.wati]\nname = "Contoh"\ncapacity = "{capacity}"\ntitle = "Kasi Pelayanan"\n'
    settings = load(_settings(tmp_path, entry))
    person = settings.person("wati", "clerk")
    assert person.signs_as is not None
    assert person.signs_as.title == printed
    assert settings.person("sri", "clerk").signs_as is None
    head = settings.person("kades", "head").signs_as
    assert head is not None
    assert head.name == "Contoh Kepala"


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ('[delegates.wati]\nname = "Contoh"\ncapacity = ""\n', "capacity"),
        ('[delegates.wati]\nname = "Contoh"\ncapacity = "a.n."\n', "title"),
        ('[delegates.wati]\nname = " "\ncapacity = "Plt."\n', "name"),
        ('[delegates."Bu Wati"]\nname = "Contoh"\ncapacity = "Plt."\n', "login"),
        ('[delegates.wati]\nname = "Contoh"\ncapacity = "p.p."\n', "capacity"),
        ("[workflow]\nsign = true\n", "sign"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(tmp_path: Path, entry: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load(_settings(tmp_path, entry))
