"""A village office behind the real pages: a real server on loopback over a real database file, with people in it."""

import random
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import ClientResponse, CookieJar, FormData, web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from agent import data
from agent.__main__ import office_emblem
from agent.config import AgentSettings, Central, Numbers
from agent.config import Office as OfficeSettings
from agent.domain.catalogue import Catalogue
from agent.domain.proposal_fields import read_photos, read_questions
from agent.domain.residents import Resident
from agent.domain.status import Status
from agent.identity import BoxIdentity
from agent.store import MarkFile, Store, feed, residents
from agent.web.app import build_app, build_metrics_app
from agent.web.office import Office
from chassis import schema
from chassis.database import Connection, MigrationFolder, SqliteDatabase
from chassis.signing import Key, verify
from chassis.web.accounts import create_account, hash_password
from protocol.feed import (
    EMPTY_DIGEST,
    Cycle,
    Decision,
    Evidence,
    IdentityQuestion,
    NumberClash,
    Quarantined,
    Report,
    State,
    question_key,
    replace,
    report_key,
)
from protocol.ids import VillageCode
from protocol.messages import CERTIFICATE, Certificate, sign
from protocol.regions import village
from tests.agent.letter_samples import SHIPPED
from tests.agent.pictures import photograph
from tests.builders import Person, village_people
from tests.chassis.conftest import PASSWORD, Browser

SUKOJATI = "3510252010"
START_MS = int(datetime(2021, 5, 17, 3, 0, tzinfo=UTC).timestamp()) * 1000
"""17 May 2021, 10.00 in Banyuwangi."""
DAY_MS = 86_400_000
HASH = hash_password(PASSWORD)
ROLES = ("clerk", "secretary", "head")
TIMELINE = b"t" * 16
BOX_KEY, REGENCY_KEY = Key.from_seed(b"\x02" * 32), Key.from_seed(b"\x01" * 32)
CYCLE = Cycle(
    code="APBD-PANGAN-2021-05",
    scheme="APBD-PANGAN",
    name="Paket pangan Mei-Juli 2021",
    month_from=12 * 2021 + 4,
    month_until=12 * 2021 + 6,
    opens_ms=START_MS - 10 * DAY_MS,
    closes_ms=START_MS + 10 * DAY_MS,
    objection_days=14,
)
QUESTIONS = read_questions(data.proposal_fields_csv())
PHOTOS = read_photos(data.proposal_fields_csv())
SENTENCE = "Sudah terdaftar sebagai penerima PKH untuk Mei-Juli 2021 (data per 1 Mei 2021)."


@dataclass
class Stamps:
    """Clocks that the test moves, chance with a seed."""

    boot_id: bytes = b"bootboot"
    ms: int = START_MS
    mono: int = 10**9
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def now_ms(self) -> int:
        self.ms += 1
        return self.ms

    def mono_ms(self) -> int:
        return self.mono

    def random(self, size: int) -> bytes:
        return self.chance.randbytes(size)


def settings(folder: Path) -> AgentSettings:
    return AgentSettings(
        village=SUKOJATI,
        data_folder=folder / "data",
        identity_folder=folder / "identity",
        office=OfficeSettings(address="Jalan Raya Sukojati Nomor 12", head_name="H. AHMAD FAUZI, S.Sos."),
        central=Central(url="http://127.0.0.1:9"),
        numbers=Numbers(office_code="429.508.03"),
    )


def enrolled(folder: Path) -> BoxIdentity:
    """Sukojati's server, as the regency admitted it."""
    certificate = Certificate(SUKOJATI, 1, BOX_KEY.public, START_MS - 300 * DAY_MS)
    return BoxIdentity(
        folder=folder,
        key=BOX_KEY,
        village=SUKOJATI,
        serial=1,
        certificate=sign(CERTIFICATE, certificate, REGENCY_KEY.sign),
        central_key=REGENCY_KEY.public,
        fingerprint=b"f" * 16,
        nonce=b"",
    )


def resident_of(person: Person) -> Resident:
    return Resident(
        nik=person.nik,
        kk=person.kk,
        name=person.name,
        birth_place="BANYUWANGI",
        birth_date=person.birth_date,
        sex=person.sex,
        mother=person.mother_name,
        father="",
        religion="ISLAM",
        marital_status="KAWIN",
        occupation="BURUH TANI",
        relation="",
        address=person.address,
        hamlet="",
        rt=person.rt,
        rw=person.rw,
    )


@dataclass
class Counter:
    """The office as tests use it."""

    office: Office
    stamps: Stamps
    server: TestServer
    machines: TestServer
    app: web.Application
    people: dict[str, bytes]
    status: list[Status | None]
    browsers: list[Browser] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.office.store

    @property
    def somebody(self) -> str:
        """The id of a resident with a household."""
        return next(iter(self.people.values())).hex()

    async def browser(self, login: str = "clerk") -> Browser:
        browser = Browser(TestClient(self.server, cookie_jar=CookieJar(unsafe=True)))
        self.browsers.append(browser)
        if login:
            await browser.sign_in(login)
        return browser

    async def machine(self) -> Browser:
        """What reads the numbers."""
        self.browsers.append(Browser(TestClient(self.machines)))
        return self.browsers[-1]

    async def value(self, sql: str, *args: Any) -> Any:
        return await self.store.database.read(lambda c: c.fetch_value(sql, *args))

    async def tell(self, *states: State) -> None:
        """What the centre says to this village, as a snapshot of its feed."""
        await tell(self.store, "village", list(states), self.stamps.now_ms())

    async def issue(self, browser: Browser, kind: str = "skd", **answers: str) -> str:
        """One letter, through the pages; its address."""
        form = await browser.fields_of(await browser.get(f"/letters/new?kind={kind}&resident={self.somebody}"))
        checked = await browser.post("/letters/check", {**form, "purpose": "melamar kerja", **answers})
        assert checked.status == 200, await checked.text()
        issued = await browser.post("/letters", await browser.fields_of(checked), allow_redirects=False)
        assert issued.status == 303, await issued.text()
        return issued.headers["Location"]

    async def receive(self, browser: Browser, **answers: str) -> str:
        """One incoming letter, through the pages; its address."""
        form = await browser.fields_of(await browser.get("/registers/incoming/new"))
        typed = {"received_on": "17-05-2021", "sender": "Camat Blimbingsari", "subject": "Undangan rapat", **answers}
        checked = await browser.post("/registers/incoming/check", {**form, **typed})
        assert checked.status == 200, await checked.text()
        entered = await browser.post("/registers/incoming/new", await browser.fields_of(checked), allow_redirects=False)
        assert entered.status == 303, await entered.text()
        return entered.headers["Location"]

    async def ask(self, browser: Browser, kind: str = "skd", **answers: str) -> str:
        """Send a letter on its way through the pages, or keep it as a request with `later`; the request's address."""
        form = await browser.fields_of(await browser.get(f"/letters/new?kind={kind}&resident={self.somebody}"))
        checked = await browser.post("/letters/check", {**form, "purpose": "melamar kerja", **answers})
        assert checked.status == 200, await checked.text()
        ready = await browser.fields_of(checked)
        sent = await browser.post("/letters", {**ready, **answers}, allow_redirects=False)
        assert sent.status == 303, await sent.text()
        assert sent.headers["Location"].startswith("/requests/")
        return sent.headers["Location"]

    async def propose(self, browser: Browser, resident: str = "") -> str:
        path = f"/proposals/new?resident={resident or self.somebody}"
        form = await browser.fields_of(await browser.get(path))
        sent = await browser.post("/proposals/new", {**form, "cycle": CYCLE.code, "note": ""}, allow_redirects=False)
        assert sent.status == 303, await sent.text()
        return sent.headers["Location"]

    async def attach(self, browser: Browser, owner: str, document: str = "KTP", content: bytes = b"") -> ClientResponse:
        """A photograph of a document for the letter, request or proposal with this address; where that led."""
        form = FormData({**await browser.fields_of(await browser.get(f"{owner}/attachments")), "document": document})
        form.add_field("photo", content or photograph(800, 600), filename="IMG_0001.jpg", content_type="image/jpeg")
        return await browser.post(f"{owner}/attachments", form)

    async def deliberate(self, browser: Browser, **answers: str) -> str:
        """Minutes of a meeting about the cycle, through the pages; their address."""
        form = await browser.fields_of(await browser.get("/deliberations/new"))
        form |= {"number": "140/05/2021", "held_on": "10-05-2021", "place": "Balai desa", "chair": "SLAMET"}
        form |= {"attendance": "43", "cycles": CYCLE.code, "summary": "Disepakati."}
        sent = await browser.post("/deliberations/new", form | answers, allow_redirects=False)
        assert sent.status == 303, await sent.text()
        return sent.headers["Location"]

    async def close(self) -> None:
        for browser in self.browsers:
            await browser.client.close()
        await self.server.close()
        await self.machines.close()
        await self.store.database.close()


async def open_counter(
    folder: Path, *, persons: int = 12, is_first: bool = True, is_enrolled: bool = True, **changes: Any
) -> Counter:
    """`is_first=False`: a server whose numbers are not known, as after a loss. `changes` to the office's settings."""
    chosen, stamps = msgspec.structs.replace(settings(folder), **changes), Stamps()
    chosen.data_folder.mkdir(exist_ok=True)
    chosen.identity_folder.mkdir(exist_ok=True)
    database = await SqliteDatabase.open(
        chosen.database, [schema.MIGRATIONS, MigrationFolder("agent", resources.files("agent.schema"))]
    )
    store = Store(database, MarkFile(chosen.mark), stamps, SUKOJATI)
    await store.open()
    if is_first:
        await store.note_first_of_village()
    people = await _fill(store, persons)
    cycle = State(1, "cycle", True, CYCLE.code.encode(), msgspec.msgpack.encode(CYCLE))
    await tell(store, "regency", [cycle], START_MS)
    status: list[Status | None] = [None]
    office = Office(
        settings=chosen,
        store=store,
        stamper=stamps,
        catalogue=Catalogue(SHIPPED.values(), is_regencys=partial(verify, REGENCY_KEY.public)),
        road=lambda: status[0],
        identity=enrolled(chosen.identity_folder) if is_enrolled else None,
        questions=QUESTIONS,
        photos=PHOTOS,
        logo=office_emblem(chosen),
    )
    registry = CollectorRegistry()
    app = build_app(office, registry, "0.1.0")
    server, machines = TestServer(app), TestServer(build_metrics_app(office, registry))
    await server.start_server()
    await machines.start_server()
    return Counter(office, stamps, server, machines, app, people, status)


async def _fill(store: Store, persons: int) -> dict[str, bytes]:
    """Accounts of every role and residents, those of large households first; NIK to id."""

    async def accounts(connection: Connection) -> None:
        for role in ROLES:
            await create_account(
                connection, login=role, display_name=role.upper(), role=role, password_hash=HASH, now_ms=0
            )

    await store.database.transact(accounts)
    drawn = village_people(random.Random(3), village(VillageCode(SUKOJATI)), persons)
    drawn.sort(key=lambda person: -sum(person.kk == other.kk for other in drawn))
    people = {}
    for person in drawn:
        resident = resident_of(person)
        made = await store.write(lambda desk, r=resident: residents.register(desk, r, "petugas"))  # type: ignore[misc]
        assert isinstance(made, bytes)
        people[str(person.nik)] = made
    return people


async def tell(store: Store, name: str, states: list[State], now_ms: int) -> None:
    digest = EMPTY_DIGEST
    for state in states:
        digest = replace(digest, state.key, None, state.value)

    async def work(connection: Connection) -> None:
        mismatch = await feed.replace_state(connection, name, TIMELINE, len(states), digest, states, now_ms)
        assert mismatch is None

    await store.database.transact(work)


def decision_state(proposal: str, *, outcome: str = "rejected", sentence: str = SENTENCE) -> State:
    """The centre's answer on the proposal with this address."""
    proposal_id = bytes.fromhex(proposal.rpartition("/")[2])
    decision = Decision(
        proposal=proposal_id,
        outcome=outcome,
        code="covered_by_scheme" if outcome == "rejected" else "",
        sentence=sentence,
        next_step="objection",
        next_sentence="Sanggahan dapat disampaikan di kantor desa/kelurahan sampai 31 Mei 2021.",
        objection_until="2021-05-31",
        scheme="APBD-PANGAN",
        cycle=CYCLE.code,
        period="Mei-Juli 2021",
        rule="APBD-PANGAN tidak boleh rangkap dengan PKH",
        evidence=[Evidence("coverage", "PKH", "Mei-Juli 2021", "3510152004", "2021-05-01", b"row")],
        facts_hash=b"f" * 32,
        is_final=False,
        decided_ms=START_MS,
    )
    return State(1, "decision", True, proposal_id, msgspec.msgpack.encode(decision))


REPORTED = b"\x0e" * 16
"""The id of the online report that `report_state` tells."""


def report_state(**changes: Any) -> State:
    """A resident's need as reported online, for this village to verify."""
    usual: dict[str, Any] = {"report": REPORTED, "scheme": CYCLE.scheme, "cycle": CYCLE.code, "nik": "", "kk": ""}
    usual |= {"name": "SITI CONTOH", "address": "Dusun Krajan, dekat balai", "need": "Kehilangan pekerjaan sejak Maret"}
    usual |= {"contact": "0812-0000-0000", "reported_for": "neighbour", "check": "uncovered", "received_ms": START_MS}
    said = Report(**usual | changes)
    return State(2, "report", False, report_key(said.report), msgspec.msgpack.encode(said))


def question_state(proposal: str, **changes: Any) -> State:
    """The regency asks whether the person of this proposal is another of their NIK."""
    usual: dict[str, Any] = {"pair": b"\x0f" * 32, "proposal": bytes.fromhex(proposal.rpartition("/")[2])}
    usual |= {"other_name": "S*** C*****", "other_scheme": "", "other_place": "Desa Kemiren, Kecamatan Glagah"}
    usual |= {"compared": [("name", "alike"), ("birth_date", "different"), ("sex", "same"), ("mother", "missing")]}
    usual |= {"asked_ms": START_MS, "answer_by": "2021-05-24"}
    said = IdentityQuestion(**usual | changes)
    return State(3, "identity_question", False, question_key(said.pair), msgspec.msgpack.encode(said))


def quarantined_state(seq: int) -> State:
    value = Quarantined(record=b"q" * 16, seq=seq, reason="bad_body")
    return State(8, "quarantined", True, b"q" * 16, msgspec.msgpack.encode(value))


def clash_state() -> State:
    value = NumberClash(series="semua", year=2021, number=4, first_record=b"a" * 16, second_record=b"b" * 16)
    return State(9, "number_clash", True, b"b" * 16, msgspec.msgpack.encode(value))


def words_of(html: str) -> str:
    """The main part of a page as read: tags gone, blanks joined."""
    main = html.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())
