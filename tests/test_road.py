"""A village's post room and the centre's door, joined by real HTTP on loopback, with something bad in between."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib import resources
from pathlib import Path

import msgspec
import pytest
from aiohttp.test_utils import TestServer

from agent import identity
from agent.domain.residents import Resident
from agent.health import Health
from agent.identity import BoxIdentity
from agent.road import HttpRoad
from agent.store import MarkFile, Store, aid, feed, highest, inspection, objections, residents, results
from agent.sync import Courier, LineDown, Reply
from central.domain.dossiers import Dossier
from central.domain.dossiers import State as AgencyState
from central.domain.objections import Outcome as ObjectionOutcome
from central.domain.objections import Ruling
from central.store import dossiers, feeds, logs, overview
from central.store import objections as central_objections
from central.store.dossiers import Outcome
from central.web.sync import Door, Wakeups
from chassis import schema
from chassis.database import Connection, MigrationFolder, SqliteDatabase
from protocol.codec import decode, encode, pack
from protocol.feed import PART_BYTES_MAX, VALUES, Cycle, Decision, ResultFile
from protocol.ids import VillageCode
from protocol.messages import EnrolReply, EnrolRequest, FilePart
from protocol.ops import NumberHigh
from protocol.regions import village
from protocol.schemes import month
from protocol.session import HALT_SECONDS, Condition, Phase
from tests.agent.office import resident_of
from tests.builders import village_people
from tests.central.desk import DESA, PANGAN, Regency, migrations, siksng_row

ANSWER_SECONDS = 20
BOX_MIGRATIONS = [schema.MIGRATIONS, MigrationFolder("agent", resources.files("agent.schema"))]


@dataclass
class Stamps:
    """The box's clocks, which the test moves."""

    at_ms: int
    boot_id: bytes = b"bootboot"
    mono: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def now_ms(self) -> int:
        return self.at_ms

    def mono_ms(self) -> int:
        return self.mono

    def random(self, size: int) -> bytes:
        return self.chance.randbytes(size)


@dataclass
class BadRoad:
    """HTTP through something that changes bodies on the way; nobody waits for news here."""

    road: HttpRoad
    spoilt: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    on_the_way: dict[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)
    cut_after: dict[str, int] = field(default_factory=dict)
    """Beginning of a path: how many such requests still pass."""

    async def request(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Reply:
        asked = {**query, "wait": "0"} if "wait" in query else query
        for beginning in self.cut_after:
            if path.startswith(beginning):
                self.cut_after[beginning] -= 1
                if self.cut_after[beginning] < 0:
                    raise LineDown("cut")
        if path in self.on_the_way:
            await self.on_the_way.pop(path)()
        sent = self.spoilt.get(path, lambda same: same)(body)
        return await self.road.request(method, path, asked, headers, sent, seconds)


@dataclass
class Village:
    regency: Regency
    store: Store
    stamps: Stamps
    road: BadRoad
    courier: Courier
    people: list[Resident]

    async def up(self) -> float | None:
        """Everything that can be sent now; how long the lane then rests."""
        while (rest := await self.courier.step_up()) == 0:
            pass
        return rest

    async def down(self) -> None:
        """Ask for the feed; fetch it whole where the centre says so; tell how far one is."""
        for _ in range(3):
            assert await self.courier.step_down() == 0

    async def hear(self, *answers: Decision | tuple[bytes, bytes]) -> None:
        """The centre publishes these for the village, or garbled ones as (key, value), and the village asks."""
        told = [(a.proposal, pack(a)) if isinstance(a, Decision) else a for a in answers]
        items = [feeds.Publication("decision", key, value) for key, value in told]
        await self.regency.database.transact(lambda c: feeds.publish(c, DESA, items, self.regency.clock.at_ms))
        await self.down()

    async def copied(self, folder: Path) -> None:
        """The same keys speak from another machine: the alarm is raised."""
        database = await SqliteDatabase.open(folder / "copy.db", BOX_MIGRATIONS)
        store = Store(database, MarkFile(folder / "copy.mark"), self.stamps, DESA)
        await store.open()
        who = replace(BoxIdentity.load(folder / "identity"), fingerprint=b"another machine.")
        copy = Courier(store, who, self.road, self.stamps.chance.random, Health(store, folder).numbers)
        while await copy.step_up() == 0:
            pass
        assert copy.status.halted == "duplicate"
        await database.close()

    async def shown(self) -> dict[bytes, tuple[str, int]]:
        """Proposal to (outcome, is it waiting to be confirmed)."""
        sql = "SELECT proposal, outcome, is_unconfirmed FROM decision"
        return {r[0]: (r[1], r[2]) for r in await self.store.database.read(lambda c: c.fetch_all(sql))}

    async def write(self) -> None:
        resident = self.people.pop()
        await self.store.write(lambda desk: residents.register(desk, resident, "sri"))

    async def halted(self) -> str:
        """What the centre knows of it."""
        return (await self.regency.database.read(overview.villages))[DESA].halted


@pytest.fixture
async def at_village(tmp_path: Path) -> AsyncIterator[Village]:
    regency = Regency(await SqliteDatabase.open(tmp_path / "centre.db", migrations()))
    server = TestServer(Door(regency.ingest, regency.enrolment, Wakeups()).application())
    await server.start_server()
    box = await SqliteDatabase.open(tmp_path / "box.db", BOX_MIGRATIONS)
    stamps = Stamps(regency.clock.at_ms)
    store = Store(box, MarkFile(tmp_path / "mark"), stamps, DESA)
    await store.open()
    road = HttpRoad.open(str(server.make_url("")), None)
    who = await enrolled(regency, road, tmp_path / "identity", store)

    bad = BadRoad(road)
    people = [resident_of(each) for each in village_people(random.Random(1), village(VillageCode(DESA)), 9)]
    courier = Courier(store, who, bad, stamps.chance.random, Health(store, tmp_path).numbers)
    yield Village(regency, store, stamps, bad, courier, people)
    await road.close()
    await server.close()
    await box.close()
    await regency.database.close()


async def enrolled(regency: Regency, road: HttpRoad, folder: Path, store: Store) -> BoxIdentity:
    """As `agent enrol` does it."""
    token = await regency.enrolment.give_token(DESA, "command:test")
    key = identity.prepare_key(folder, token)
    request = EnrolRequest(token, key.public, identity.fingerprint(), DESA)
    reply = await road.request("POST", "/v1/enrol", {}, {}, encode(request), ANSWER_SECONDS)
    answer = decode(reply.body, EnrolReply)
    certificate = identity.check_enrolment(key, DESA, answer)
    await store.note_enrolment(answer, is_first=certificate.serial == 1 and not answer.logs)
    identity.keep_enrolment(folder, token, answer)
    return BoxIdentity.load(folder)


async def test_a_box_that_was_stopped_says_so_until_what_stopped_it_works_again(at_village: Village) -> None:
    """A proxy cuts records off and lets everything else pass, so the box can say hello and yet not send."""
    box = at_village
    assert await box.up() is None
    box.road.spoilt["/v1/append"] = lambda body: body[:-1]
    await box.write()
    assert await box.up() == HALT_SECONDS
    assert await box.halted() == "", "a box that stands still asks nobody"
    box.stamps.mono += int(HALT_SECONDS * 1000)
    assert await box.courier.step_up() == 0, "hello"
    assert await box.halted() == "malformed"
    await box.down()
    assert await box.halted() == "malformed", "that the feed passes says nothing about the records"
    assert await box.up() == HALT_SECONDS
    assert box.courier.status.halted == "malformed"
    box.road.spoilt.clear()
    box.stamps.mono += int(HALT_SECONDS * 1000)
    assert await box.up() is None
    assert box.courier.status.halted == ""
    await box.down()
    assert await box.halted() == ""


async def test_a_request_of_the_former_session_does_not_end_the_present_one(at_village: Village) -> None:
    """A long-poll is under way for most of the time, and the up lane greets anew after a conflict."""
    box = at_village
    await box.up()
    former = box.courier.session.token

    async def greet_anew() -> None:
        box.courier.session.phase = Phase.GREETING
        await box.up()

    box.road.on_the_way["/v1/feed"] = greet_anew
    assert await box.courier.step_down() == 0
    assert box.courier.status.attempts["superseded"] == 1
    assert box.courier.session.token not in {b"", former}
    await box.down()
    assert box.courier.status.attempts["superseded"] == 1


GARBLED = b"\x91\xa2\xff\xfe"
"""An array with a text that is no UTF-8."""


async def test_an_answer_that_cannot_be_read_stops_no_other(at_village: Village, tmp_path: Path) -> None:
    """A fault of the centre: the box keeps it, says so, and goes on; the next answer for the same proposal is read."""
    box = at_village
    await box.up()
    first, second = decision(b"a" * 16), decision(b"b" * 16)
    await box.hear(first, second)
    assert await box.shown() == {first.proposal: ("accepted", 0), second.proposal: ("accepted", 0)}
    refused = msgspec.structs.replace(second, outcome="rejected")
    await box.hear((first.proposal, GARBLED), refused)
    assert await box.shown() == {first.proposal: ("accepted", 1), second.proposal: ("rejected", 0)}
    assert await box.store.database.read(feed.trouble) == feed.Trouble(unreadable=1, waiting=0)
    state = (await box.regency.database.read(overview.villages))[DESA]
    assert (state.health("feed_unreadable"), state.feed_pending, state.unapplied) == (1, 0, 0)
    await box.store.open()  # a restart must not trip over it either
    await box.hear(msgspec.structs.replace(first, outcome="rejected"))
    assert await box.shown() == {first.proposal: ("rejected", 0), second.proposal: ("rejected", 0)}
    assert await box.store.database.read(feed.trouble) == feed.Trouble(0, 0)
    assert box.courier.status.digest_mismatches == 0
    assert await inspection.inspect(box.store) == []


async def test_an_upgraded_program_reads_what_the_former_could_not(
    at_village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = at_village
    await box.up()
    answer = decision(b"a" * 16)
    with monkeypatch.context() as former:
        former.setitem(VALUES, "decision", Cycle)  # a program to which this form of an answer is unknown
        await box.hear(answer)
        assert await box.shown() == {}
    await box.store.open()
    assert await box.shown() == {answer.proposal: ("accepted", 0)}
    assert await box.store.database.read(feed.trouble) == feed.Trouble(0, 0)


def decision(proposal: bytes) -> Decision:
    return Decision(
        proposal=proposal,
        outcome="accepted",
        code="",
        sentence="Usulan diterima.",
        next_step="",
        next_sentence="",
        objection_until="",
        scheme="APBD-PANGAN",
        cycle="APBD-PANGAN-2021-05",
        period="Mei-Juli 2021",
        rule="",
        evidence=[],
        facts_hash=b"f" * 32,
        is_final=False,
        decided_ms=1,
    )


async def test_a_box_that_was_copied_numbers_nothing_after_its_new_enrolment_until_the_agenda_was_read(
    at_village: Village, tmp_path: Path
) -> None:
    """Not even before it said hello, nor after a restart: the copy may have used the next number."""
    box = at_village
    await box.up()
    await box.store.learn([NumberHigh("semua", 2021, 3)])
    await box.write()
    await box.up()
    known = box.store.mark.read()
    assert known is not None
    assert known.numbers
    await box.copied(tmp_path)
    high = NumberHigh("semua", 2021, 41)
    await box.regency.database.transact(lambda c: logs.raise_numbers(c, DESA, [high]))
    assert await box.store.is_numbering_known()
    await enrolled(box.regency, box.road.road, tmp_path / "identity", box.store)
    assert not await box.store.is_numbering_known()
    assert await box.store.database.read(highest) == {("semua", 2021): 41}
    verdict = await box.store.open()
    assert (verdict.condition, await box.store.is_numbering_known()) == (Condition.INTACT, False)
    mark = box.store.mark.read()
    assert mark is not None
    assert mark.numbers == [], "a copy of the database that is put back now must ask too"
    await box.store.confirm_numbers([high], "agenda", "sri")
    assert await box.store.is_numbering_known()


# --- a file that an agency gave back --------------------------------------------------------------------------------


async def gave_back(box: Village, number: int, content: bytes) -> bytes:
    """An agency finished a dossier of the village, with this file; the dossier."""
    record = bytes([number]) * 16
    sent = Dossier(record, DESA, 1, 1, b"l" * 16, 1, record * 2, b"", "Dinkes", "Surat", 0, 0)
    outcome = Outcome(media_type="application/pdf", content=content)

    async def work(connection: Connection) -> None:
        await dossiers.add(connection, [sent])
        step = (connection, record, AgencyState.SENT, AgencyState.DONE, "", "dinkes", box.regency.clock.at_ms, outcome)
        assert await dossiers.take_step(*step) == DESA

    await box.regency.database.transact(work)
    return record


async def held(box: Village, record: bytes) -> tuple[results.ResultRow | None, bytes | None]:
    async def look(connection: Connection) -> tuple[results.ResultRow | None, bytes | None]:
        return await results.of_dossier(connection, record), await results.read(connection, record)

    return await box.store.database.read(look)


async def step_down(box: Village, times: int) -> None:
    for _ in range(times):
        box.stamps.mono += 200_000
        await box.courier.step_down()


async def test_a_file_comes_in_parts_and_goes_on_where_the_line_was_cut(at_village: Village) -> None:
    box = at_village
    await box.up()
    content = box.stamps.random(2 * PART_BYTES_MAX + 5)
    await step_down(box, 5)
    record = await gave_back(box, 1, content)
    box.road.cut_after["/v1/chunk/"] = 1
    await step_down(box, 12)
    row, whole = await held(box, record)
    assert row == results.ResultRow("application/pdf", len(content), is_here=False)
    assert whole is None
    count = "SELECT count(*) FROM dossier_result_part WHERE content IS NULL"
    left = await box.store.database.read(lambda c: c.fetch_value(count))
    assert 0 < left < 3, "what came before the cut is kept"
    assert not box.courier.status.is_online
    box.road.cut_after.clear()
    await step_down(box, 8)
    assert await held(box, record) == (results.ResultRow("application/pdf", len(content), is_here=True), content)


async def test_a_part_with_other_bytes_is_thrown_away_and_news_go_on(at_village: Village) -> None:
    box = at_village
    await box.up()
    await step_down(box, 5)
    spoilt = "UPDATE dossier_result_part SET frame = $1 WHERE record = $2"
    record = await gave_back(box, 1, b"%PDF-1.7 yang benar")
    right = await box.regency.value("SELECT frame FROM dossier_result_part")
    await box.regency.database.transact(lambda c: c.execute(spoilt, encode(FilePart(b"%PDF-1.7 yang lain")), record))
    await step_down(box, 4)
    assert (await held(box, record))[1] is None
    assert box.courier.status.attempts["bad_part"] == 1, "asked once, until the next hello"
    other = await gave_back(box, 2, b"%PDF-1.7 kedua")
    await step_down(box, 4)
    assert (await held(box, other))[1] == b"%PDF-1.7 kedua"
    await box.regency.database.transact(lambda c: c.execute(spoilt, right, record))
    box.courier.session.phase = Phase.GREETING
    await box.up()
    await step_down(box, 4)
    assert (await held(box, record))[1] == b"%PDF-1.7 yang benar"


async def test_a_box_from_an_old_backup_fetches_the_file_again(at_village: Village) -> None:
    box = at_village
    await box.up()
    record = await gave_back(box, 1, b"%PDF-1.7 hasil")
    await step_down(box, 8)
    assert (await held(box, record))[1] == b"%PDF-1.7 hasil"

    async def as_before(connection: Connection) -> None:
        await connection.execute("DELETE FROM dossier_result_part")
        await connection.execute("DELETE FROM dossier_result")
        await connection.execute("DELETE FROM dossier_state")
        await connection.execute("DELETE FROM feed_state WHERE feed = 'village'")
        await connection.execute(
            "UPDATE feed_cursor SET timeline = x'', stored = 0, applied = 0, digest = zeroblob(32)"
        )

    await box.store.database.transact(as_before)
    assert await held(box, record) == (None, None)
    await step_down(box, 8)
    assert (await held(box, record))[1] == b"%PDF-1.7 hasil"


async def test_parts_that_do_not_make_the_file_that_was_told_are_thrown_away(at_village: Village) -> None:
    """Each part is as it is named, and yet the whole is not what the centre told of."""
    box = at_village
    part = FilePart(b"%PDF-1.7 hasil")
    name = sha256(encode(part)).digest()
    told = ResultFile(bytes(32), len(part.content), "application/pdf", [name])
    await box.store.database.transact(lambda c: results.tell(c, bytes(16), told))
    assert not await box.store.database.transact(lambda c: results.keep(c, name, part.content))
    row, whole = await held(box, bytes(16))
    assert row is not None
    assert not row.is_here
    assert whole is None


# --- an objection there and back ------------------------------------------------------------------------------------


async def test_an_objection_goes_to_an_officer_and_its_answer_comes_back_with_the_new_decision(
    at_village: Village,
) -> None:
    box, resident = at_village, at_village.people[0]
    await box.regency.put_cycle()
    await box.regency.import_list(siksng_row(resident.nik, resident.kk, resident.name))
    await box.up()
    await step_down(box, 6)
    written = await box.store.write(lambda desk: residents.register(desk, resident, "sri"))
    assert isinstance(written, bytes)
    person = await box.store.database.read(lambda c: residents.get(c, written))
    assert person is not None
    made = await box.store.write(lambda desk: aid.propose(desk, PANGAN.code, person, "", "sri"))
    assert isinstance(made, bytes)

    async def exchange() -> None:
        await box.up()
        await box.regency.settle()
        await step_down(box, 4)

    await exchange()
    assert await box.shown() == {made: ("rejected", 0)}
    objection = await box.store.write(lambda desk: objections.make(desk, made, "Sudah keluar dari PKH", "surat", "sri"))
    assert isinstance(objection, bytes)
    await exchange()

    async def grant(connection: Connection) -> None:
        line = await central_objections.find(connection, objection)
        trail = await overview.trail(connection, made)
        assert line is not None
        assert trail is not None
        references = frozenset(each.reference for each in trail.decision.evidence)
        ruling = Ruling(ObjectionOutcome.GRANTED, "Surat pendamping diperiksa", references, month(2021, 2))
        await central_objections.decide(connection, line, ruling, "rini", box.regency.clock.at_ms, b"f" * 32)

    await box.regency.database.transact(grant)
    await exchange()
    assert await box.shown() == {made: ("accepted", 0)}
    (row,) = await box.store.database.read(lambda c: objections.of_proposal(c, made))
    assert (row.outcome, row.reason, row.is_unconfirmed) == ("granted", "Surat pendamping diperiksa", False)
    assert await inspection.inspect(box.store) == []
