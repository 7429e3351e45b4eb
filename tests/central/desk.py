"""A regency for tests: the real door, enrolment, tabulation and decisions over a real database, and villages' machines
moved by hand.

A `Machine` speaks the protocol byte by byte and keeps nothing in order by itself, so a test can make it forget, repeat,
fork and lie. Time and chance are the test's own. `fill` tells one story that pages and metrics can be checked against.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib import resources
from typing import Any, TypeVar

import msgspec

from central.domain.answers import Rules
from central.domain.decisions import Proposal, key_kk, key_nik, pack_answers
from central.domain.lists import Kind, Plan, guess
from central.domain.reports import Need
from central.domain.rule_changes import AddExclusion, Change
from central.enrolment import Enrolment
from central.imports import accept, bring, check, table_of
from central.ingest import Answer, Ingest, Quiet
from central.pipeline import judge_next
from central.reports import receive
from central.rules import shipped_edition, shipped_rules
from central.store import boxes, facts, feeds, rule_changes
from central.store.imports import ImportFile, ImportRecord
from chassis import schema
from chassis.database import Connection, Database, InPlaceDatabase, MigrationFolder
from chassis.signing import Key, verify
from protocol import VERSION
from protocol.codec import decode, encode, pack, unpack
from protocol.errors import STATUS
from protocol.feed import REGENCY, Cycle, Decision, Item
from protocol.ids import parse_village_code
from protocol.messages import (
    ANCHOR,
    HELLO,
    RECEIPT,
    WELCOME,
    Anchor,
    Append,
    Appended,
    AttachmentHeld,
    AttachmentSent,
    Cursors,
    EnrolReply,
    EnrolRequest,
    Failure,
    FeedReply,
    Hello,
    Receipt,
    Signed,
    SnapshotReply,
    Welcome,
    anchor_hash,
    open_signed,
    sign,
)
from protocol.ops import (
    HEADER_VERSION,
    AnyBody,
    AttachmentAdded,
    DossierSent,
    Header,
    LetterIssued,
    LetterVoided,
    LogOpened,
    NumberHigh,
    ObjectionMade,
    Op,
    Position,
    ProposalMade,
    ProposalWithAnswers,
    ProposalWithdrawn,
    ProposalWithFormer,
    head_message,
    make_op,
    start_of,
    write_body,
)
from protocol.parcel import OUTBOX, Label, wrap
from protocol.regions import village as village_of
from protocol.schemes import Effect, ExclusionRule, Unit, month
from tests.agent.pictures import photograph as taken
from tests.builders import as_entry, siksng_csv, village_people
from tests.central import kept
from tests.protocol.samples import LETTERHEAD, SUBJECT

DESA, OTHER_DESA, WARD = "3510252010", "3510152004", "3510161001"
"""Two desa and a kelurahan."""
START_MS = 1_620_018_000_000
"""2021-05-03, noon in Banyuwangi."""
DAY_MS = 86_400_000
PANGAN = Cycle(
    code="APBD-PANGAN-2021-05",
    scheme="APBD-PANGAN",
    name="Paket pangan Mei-Juli 2021",
    month_from=month(2021, 5),
    month_until=month(2021, 7),
    opens_ms=START_MS - 30 * DAY_MS,
    closes_ms=START_MS + 14 * DAY_MS,
    objection_days=14,
)
BLT_DD = Cycle(
    code="BLT-DD-2021-05",
    scheme="BLT-DD",
    name="BLT Dana Desa Mei 2021",
    month_from=month(2021, 5),
    month_until=month(2021, 5),
    opens_ms=START_MS - 30 * DAY_MS,
    closes_ms=START_MS + 14 * DAY_MS,
    objection_days=14,
)

TEACHES = pack_answers([("pupils", "12"), ("teaching_since", "2015-07"), ("civil_servant", "tidak")])
"""Answers that meet what the Quran teachers' incentive demands."""

T = TypeVar("T")

LAPOR_ASN = ExclusionRule(
    "LAPOR", "", "ASN-PEDULI", "", Unit.HOUSEHOLD, Effect.REJECT, True, month(2021, 6), None, "contoh dasar hukum"
)
"""A rule that nobody has made yet."""

RULES = shipped_rules()


def migrations() -> list[MigrationFolder]:
    return [schema.MIGRATIONS, MigrationFolder("central", resources.files("central.schema"))]


def in_memory() -> InPlaceDatabase:
    return InPlaceDatabase.open(":memory:", migrations())


@dataclass
class Clock:
    """Time that the test moves, and chance that is the same every time."""

    at_ms: int = START_MS
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def now_ms(self) -> int:
        return self.at_ms

    def random(self, size: int) -> bytes:
        return self.chance.randbytes(size)

    def advance(self, *, seconds: float = 0, days: float = 0) -> None:
        self.at_ms += int(seconds * 1000 + days * DAY_MS)


@dataclass
class Revoked:
    """The list outside the database."""

    known: set[tuple[str, int]] = field(default_factory=set)

    def is_revoked(self, village: str, serial: int) -> bool:
        return (village, serial) in self.known


class Refused(Exception):
    """The door's answer was a failure."""

    def __init__(self, answer: Answer) -> None:
        self.failure = decode(answer.body, Failure)
        self.code = self.failure.code
        self.status = answer.status
        self.position = self.failure.position
        super().__init__(f"{answer.status} {self.failure}")
        assert STATUS[self.code] == answer.status  # type: ignore[index]


def opened(answer: Answer | Quiet, kind: type[T]) -> T:
    """The frame of a good answer. Raises Refused."""
    assert isinstance(answer, Answer)
    if answer.status != 200:
        raise Refused(answer)
    return decode(answer.body, kind)


@dataclass
class Machine:
    """A village's server, moved by hand. `ops` are those of its present log."""

    village: str
    key: Key
    fingerprint: bytes
    certificate: Signed
    central_key: bytes
    log_id: bytes
    nonce: bytes = b""
    challenge: bytes = b""
    session: bytes = b""
    ops: list[Op] = field(default_factory=list)
    logs: list[Position] = field(default_factory=list)
    receipt: Signed | None = None
    anchor: Anchor | None = None
    anchor_hash: bytes = b""
    salts: int = 0

    @property
    def head(self) -> Position:
        return self.ops[-1].position if self.ops else start_of(self.log_id)

    def copy(self) -> "Machine":
        """What an image of its disk would be."""
        return replace(self, ops=list(self.ops), logs=list(self.logs))

    def write(self, body: AnyBody, *, claimed_ms: int = START_MS, header: bytes | None = None) -> Op:
        """Add one op to the log."""
        kind, schema_number, encoded = write_body(body)
        seq = self.anchor.seq if self.anchor else 0
        usual = Header(HEADER_VERSION, kind, schema_number, claimed_ms, bytes(8), 1_000, seq, self.anchor_hash)
        return self.write_raw(header or pack(usual), encoded)

    def write_raw(self, header: bytes, body: bytes) -> Op:
        self.ops.append(make_op(self.head, header, body))
        return self.ops[-1]

    def salt(self) -> bytes:
        """Another for every record, so that no two are the same op."""
        self.salts += 1
        return self.key.sign(b"%d" % self.salts)[:16]

    def open_log(self, *, parent: Position | None = None, numbers: Sequence[NumberHigh] = (), how: str = "first") -> Op:
        return self.write(LogOpened(self.salt(), parent, list(numbers), how))

    def propose(self, *, cycle: Cycle = PANGAN, claimed_ms: int = START_MS, **changes: Any) -> Op:
        return self.write(proposal_body(self.salt(), cycle=cycle, **changes), claimed_ms=claimed_ms)

    def answer(
        self, fields: Sequence[tuple[str, str]], *, cycle: Cycle = PANGAN, claimed_ms: int = START_MS, **changes: Any
    ) -> Op:
        """Propose with answers to the scheme's questions."""
        made = proposal_body(self.salt(), cycle=cycle, **changes)
        asked = {"fields": list(fields), "check": "unknown", "check_as_of": "", "deliberation": b""}
        return self.write(ProposalWithAnswers(**msgspec.structs.asdict(made), **asked), claimed_ms=claimed_ms)

    def left(
        self, former: Sequence[tuple[str, int]], *, cycle: Cycle = PANGAN, claimed_ms: int = START_MS, **changes: Any
    ) -> Op:
        """Propose somebody who left these family cards in these months."""
        made = proposal_body(self.salt(), cycle=cycle, **changes)
        asked: dict[str, Any] = {
            "fields": [],
            "check": "unknown",
            "check_as_of": "",
            "deliberation": b"",
            "report": b"",
        }
        body = ProposalWithFormer(**msgspec.structs.asdict(made), **asked, former_kks=list(former))
        return self.write(body, claimed_ms=claimed_ms)

    def withdraw(self, proposal: bytes) -> Op:
        return self.write(ProposalWithdrawn(self.salt(), proposal, "pindah", "sri"))

    def object_to(self, proposal: bytes, grounds: str = "Sudah keluar dari PKH") -> Op:
        return self.write(ObjectionMade(self.salt(), proposal, grounds, "surat", "sri"))

    def issue(self, number: int, *, series: str = "470", year: int = 2021) -> Op:
        return self.write(letter_body(self.salt(), number, series=series, year=year))

    def forward(self, sent: Op, agency: str = "Dinkes", **changes: Any) -> Op:
        """Send a letter of this log to an agency."""
        usual: dict[str, Any] = {
            "letter": sent.position,
            "former": b"",
            "agency": agency,
            "title": "Surat Pernyataan Miskin",
            "labels": [("purpose", "Keperluan")],
            "documents": ["KTP", "KK"],
            "note": "mohon segera",
            "actor": "sri",
        }
        return self.write(DossierSent(salt=self.salt(), **(usual | changes)))

    def attach(self, about: bytes, picture: bytes, label: str = "KTP", media_type: str = "image/jpeg") -> Op:
        """A photograph beside a record of this log."""
        digest, size = sha256(picture).digest(), len(picture)
        return self.write(AttachmentAdded(self.salt(), about, label, digest, size, media_type, "sri"))

    def void(self, letter: bytes) -> Op:
        return self.write(LetterVoided(self.salt(), letter, "salah nama", "sri"))

    def batch(self, first: int = 1, last: int | None = None) -> Append:
        """Ops `first` to `last` of the present log, as one append."""
        ops = self.ops[first - 1 : last]
        after = self.ops[first - 2].position if first > 1 else start_of(self.log_id)
        return self.batch_of(ops, after)

    def batch_of(self, ops: Sequence[Op], after: Position, receipts: Sequence[Signed] = ()) -> Append:
        head = Position(after.log_id, after.seq + len(ops), ops[-1].hash)
        signature = self.key.sign(head_message(self.village, head))
        return Append(after, [op.header for op in ops], [op.body for op in ops], signature, list(receipts))

    def hello(self, now_ms: int, **changes: Any) -> bytes:
        """The frame of a hello; `changes` replace its fields."""
        usual: dict[str, Any] = {
            "version_min": VERSION,
            "version_max": VERSION,
            "village": self.village,
            "certificate": self.certificate,
            "logs": [*self.logs, self.head] if self.ops else list(self.logs),
            "mark": None,
            "receipt": self.receipt,
            "cursors": Cursors(b"", 0, 0, 0, 0),
            "nonce": self.nonce,
            "challenge": self.challenge,
            "boot_id": bytes(8),
            "fingerprint": self.fingerprint,
            "clock_ms": now_ms,
            "health": [("outbox_ops", 0)],
            "software": "0.1.0",
        }
        return encode(sign(HELLO, Hello(**(usual | changes)), self.key.sign))

    def note(self, appended: Appended) -> None:
        """What a machine keeps of an acknowledgement."""
        self.receipt = appended.receipt
        self.note_anchor(appended.anchor)

    def note_anchor(self, signed: Signed) -> None:
        self.anchor = open_signed(ANCHOR, signed, Anchor, lambda m, s: verify(self.central_key, m, s))
        self.anchor_hash = anchor_hash(signed.payload)

    def parcel(self, *frames: Append) -> bytes:
        """An outbox on a stick."""
        label = Label(self.village, self.certificate, "0.1.0")
        return wrap(OUTBOX, [encode(label), *(encode(frame) for frame in frames)])


def proposal_body(salt: bytes, *, cycle: Cycle = PANGAN, **changes: Any) -> ProposalMade:
    usual: dict[str, Any] = {
        "scheme": cycle.scheme,
        "cycle": cycle.code,
        "nik": "3510256507850001",
        "kk": "3510250101100001",
        "name": "SITI CONTOH",
        "birth_date": "1985-07-25",
        "sex": "P",
        "mother": "DEWI CONTOH",
        "address": "DUSUN KRAJAN",
        "rt": "001",
        "rw": "002",
        "note": "",
        "actor": "sri",
    }
    return ProposalMade(salt=salt, **(usual | changes))


def letter_body(salt: bytes, number: int, *, series: str = "470", year: int = 2021) -> LetterIssued:
    return LetterIssued(
        salt=salt,
        kind="sktm",
        series=series,
        year=year,
        number=number,
        printed_number=f"{series}/{number:03d}/429.508.03/{year}",
        issued_on="2021-05-03",
        valid_until="2021-08-03",
        subject=SUBJECT,
        fields=[("purpose", "keringanan biaya sekolah")],
        signer_name="SLAMET CONTOH",
        signer_title="Kepala Desa",
        signer_nip="",
        letterhead=LETTERHEAD,
        text_version=1,
        actor="sri",
    )


def proposal_fact(number: int, *, cycle: Cycle = PANGAN, village: str = DESA, **changes: Any) -> Proposal:
    """A proposal as the pure rules see it; `number` names the record."""
    usual: dict[str, Any] = {
        "record": number.to_bytes(16, "big"),
        "village": village,
        "epoch": 1,
        "seq": number,
        "scheme": cycle.scheme,
        "cycle": cycle.code,
        "nik": nik(1),
        "kk": kk(1),
        "name": "SITI CONTOH",
        "birth_date": "1985-07-25",
        "sex": "P",
        "mother": "DEWI CONTOH",
        "claimed_ms": START_MS,
        "anchor_ms": 0,
        "received_ms": START_MS,
        "is_withdrawn": False,
        "answers": TEACHES,
    }
    told = usual | changes
    return Proposal(match_nik=key_nik(told["nik"]), match_kk=key_kk(told["kk"]), **told)


def nik(number: int) -> str:
    """A good NIK of a woman born on 25 July 1985, no slip away from those of the next numbers: they are other women."""
    return f"3510{(number + 23) % 25 + 1:02d}650785{number:04d}"


def kk(number: int) -> str:
    return f"351025010110{number:04d}"


@dataclass
class Regency:
    """The centre, without sockets."""

    database: Database
    clock: Clock = field(default_factory=Clock)
    revoked: Revoked = field(default_factory=Revoked)
    key: Key = field(default_factory=lambda: Key.from_seed(b"k" * 32))
    rules: Rules = RULES
    published: list[str] = field(default_factory=list)
    batches_kept: int = 0
    ingest: Ingest = field(init=False)
    enrolment: Enrolment = field(init=False)

    def __post_init__(self) -> None:
        self.ingest = Ingest(self.database, self.key, self.clock, self.revoked, self._note_kept, self.published.append)
        self.enrolment = Enrolment(self.database, self.key, self.clock, self.revoked)

    def _note_kept(self) -> None:
        self.batches_kept += 1

    # --- reading what is there ---

    async def value(self, sql: str, *args: Any) -> Any:
        return await self.database.read(lambda connection: connection.fetch_value(sql, *args))

    async def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        return [tuple(r) for r in await self.database.read(lambda connection: connection.fetch_all(sql, *args))]

    async def heads(self, village: str = DESA) -> dict[int, tuple[int, bytes]]:
        """(seq, hash) by epoch."""
        found = await self.rows("SELECT epoch, head_seq, head_hash FROM log WHERE village = $1 ORDER BY epoch", village)
        return {epoch: (seq, digest) for epoch, seq, digest in found}

    async def decisions(self) -> dict[bytes, Decision]:
        """What each village was last told, by proposal."""
        told = [unpack(item.value, Decision) for item in await self.said("decision")]
        return {each.proposal: each for each in told}

    async def said(self, kind: str, feed: str | None = None) -> list[Item]:
        """Every item of a kind, of one feed or of all, in order."""
        return [item for _, item in await self.database.read(lambda c: kept.said(c, feed)) if item.kind == kind]

    async def ops(self, village: str = DESA) -> list[kept.KeptOp]:
        return [each for each in await self.database.read(kept.ops) if each.village == village]

    async def outcome(self, record: bytes) -> tuple[str, str]:
        found = (await self.decisions())[record]
        return found.outcome, found.code

    # --- what an office does ---

    async def put_cycle(self, cycle: Cycle = PANGAN) -> None:
        async def put(connection: Connection) -> None:
            await facts.put_cycle(connection, cycle)
            item = feeds.Publication("cycle", b"cycle:" + cycle.code.encode(), pack(cycle))
            await feeds.publish(connection, REGENCY, [item], self.clock.now_ms())

        await self.database.transact(put)

    async def draft(self, change: Change, actor: str = "pengusul") -> int:
        now_ms = self.clock.now_ms()
        return await self.database.transact(
            lambda c: rule_changes.draft(c, change, reason="surat dinas", actor=actor, now_ms=now_ms)
        )

    async def approve(self, change: Change) -> int:
        """Drafted by one and approved by another."""
        change_id, now_ms = await self.draft(change), self.clock.now_ms()

        async def work(connection: Connection) -> None:
            found = await rule_changes.find(connection, change_id)
            assert found is not None
            book = await rule_changes.book(connection, shipped_edition())
            await rule_changes.approve(connection, found, book, actor="penyetuju", now_ms=now_ms)

        await self.database.transact(work)
        return change_id

    async def import_list(
        self,
        content: bytes,
        *,
        name: str = "pkh.csv",
        as_of: str = "2021-04-30",
        kind: Kind = Kind.COVERAGE,
        is_whole: bool = False,
        **chosen: object,
    ) -> ImportRecord:
        """Bring a list, check it with the plan its titles suggest, and take it over; rows without a period mean 2021."""
        table = table_of(content)
        plan: Plan = msgspec.structs.replace(guess(table, kind), **chosen)
        if kind is Kind.COVERAGE and not plan.first:
            plan = msgspec.structs.replace(plan, first=month(2021, 1), until=month(2021, 12))
        now_ms, actor = self.clock.now_ms(), "command:test"
        file = ImportFile(sha256(content).digest(), name, "contoh", as_of, now_ms, actor, content, kind)
        brought = await bring(self.database, file)
        await check(self.database, brought.id, table, plan, self.rules, now_ms)
        taken = await accept(
            self.database,
            brought.id,
            rules=self.rules,
            actor=actor,
            now_ms=now_ms,
            is_whole=is_whole,
            chance=self.clock.random,
        )
        return taken.record

    async def settle(self) -> set[str]:
        """Until nothing waits; the feeds that have news."""
        before = dict(await self.rows("SELECT feed, seq FROM feed_head"))
        while await self.database.transact(lambda c: judge_next(c, self.rules, self.clock.now_ms())):
            pass
        return {feed for feed, seq in await self.rows("SELECT feed, seq FROM feed_head") if seq != before.get(feed)}

    # --- what a village's machine does ---

    async def enrol(self, village: str = DESA, *, seed: int = 1) -> Machine:
        token = await self.enrolment.give_token(village, "command:test")
        key = Key.from_seed(f"{village}-{seed}".encode().ljust(32, b"."))
        fingerprint = self.clock.random(16)
        reply = opened(
            await self.enrolment.enrol(encode(EnrolRequest(token, key.public, fingerprint, village))), EnrolReply
        )
        log_id = self.clock.random(16)
        return Machine(village, key, fingerprint, reply.certificate, reply.central_key, log_id)

    async def greet(self, machine: Machine, **changes: Any) -> Welcome:
        """Say hello and keep what a machine keeps of the answer."""
        frame = machine.hello(self.clock.now_ms(), **changes)
        welcome = read_welcome(machine, await self.ingest.hello(frame))
        machine.challenge = welcome.challenge
        if welcome.session:
            machine.session, machine.nonce = welcome.session, welcome.nonce
            machine.note_anchor(welcome.anchor)
        return welcome

    async def send(self, machine: Machine, first: int = 1, last: int | None = None) -> Appended:
        """Append ops `first` to `last` of the machine's log. Raises Refused."""
        return await self.append(machine, machine.batch(first, last))

    async def append(self, machine: Machine, batch: Append) -> Appended:
        appended = opened(await self.ingest.append(machine.session, encode(batch)), Appended)
        self.check(machine, appended)
        return appended

    async def quarantine(self, machine: Machine, batch: Append) -> Appended:
        appended = opened(await self.ingest.quarantine(machine.session, encode(batch)), Appended)
        self.check(machine, appended)
        return appended

    def check(self, machine: Machine, appended: Appended) -> Receipt:
        """An acknowledgement is signed, for this village and for the very place it names."""
        receipt = open_signed(RECEIPT, appended.receipt, Receipt, lambda m, s: verify(self.key.public, m, s))
        assert (receipt.village, receipt.position) == (machine.village, appended.position)
        machine.note(appended)
        return receipt

    async def report(self, cycle: Cycle = PANGAN, *, form_key: str = "", **changes: str) -> bytes:
        """Somebody reports need online; the report's id."""
        usual = {"nik": nik(1), "kk": "", "name": "Siti Contoh", "address": "Dusun Krajan RT 1", "contact": ""}
        usual |= {"village": DESA, "reported_for": "neighbour", "need": "Kehilangan pekerjaan sejak Maret"}
        need = Need(scheme=cycle.scheme, cycle=cycle.code, **usual | changes)
        chance, now_ms = self.clock.random(16), self.clock.now_ms()
        key = form_key or chance.hex()
        report, _ = await self.database.transact(lambda c: receive(c, self.rules, need, chance, key, now_ms))
        return report

    async def feed(
        self, machine: Machine, cursors: Cursors, health: list[tuple[str, int]] | None = None
    ) -> FeedReply | SnapshotReply | None:
        """None: nothing new."""
        answer = await self.ingest.feed(machine.session, cursors, health)
        if isinstance(answer, Quiet):
            return None
        if answer.status == 409:
            return decode(answer.body, SnapshotReply)
        return opened(answer, FeedReply)

    async def timeline(self) -> bytes:
        found = await self.database.read(boxes.timeline)
        assert found is not None
        return found


def read_welcome(machine: Machine, answer: Answer) -> Welcome:
    signed = opened(answer, Signed)
    return open_signed(WELCOME, signed, Welcome, lambda m, s: verify(machine.central_key, m, s))


# --- one story for pages and metrics ----------------------------------------------------------------------------------

NASTY_NAME = "<script>alert('SITI')</script> & \"CONTOH\""
REVOKED_DESA = "3510252009"


@dataclass
class Story:
    """What `fill` left behind."""

    regency: Regency
    desa: Machine
    other: Machine
    ward: Machine
    accepted: bytes
    refused: bytes
    nasty: bytes
    late: bytes
    dossier: bytes
    photograph: bytes
    report: bytes
    objection: bytes


async def fill(regency: Regency) -> Story:
    """A desa in order, with every kind of answer; a desa with a clone and trouble in its log; a silent ward; a revoked one."""
    await regency.put_cycle()
    await regency.put_cycle(BLT_DD)
    desa, other, ward = [await regency.enrol(code) for code in (DESA, OTHER_DESA, WARD)]
    revoked = await regency.enrol(REVOKED_DESA)
    for machine in (desa, other, ward, revoked):
        await regency.greet(machine, software="0.1.0")
        machine.open_log()
    await regency.database.transact(lambda c: boxes.revoke(c, REVOKED_DESA, 1))
    letter, picture = ward.issue(1), taken(800, 600)
    photograph = ward.attach(letter.record_id, picture)
    ward.attach(letter.record_id, b"a picture on its way", "KK")
    dossier = ward.forward(letter).record_id
    ward.propose(cycle=BLT_DD, nik=nik(40), kk=kk(40), name="RUKMINI")
    await regency.send(ward)
    sent = encode(AttachmentSent(photograph.position, picture))
    opened(await regency.ingest.attachment(ward.session, sha256(picture).digest(), sent), AttachmentHeld)
    accepted = desa.propose(nik=nik(1), kk=kk(1), name="SITI CONTOH").record_id
    refused = desa.propose(nik=nik(2), kk=kk(2), name="DEWI RAHAYU").record_id
    nasty = desa.propose(nik=nik(3), kk=kk(3), name=NASTY_NAME).record_id
    desa.withdraw(desa.propose(nik=nik(4), kk=kk(4)).record_id)
    await regency.send(desa)
    await regency.settle()
    await regency.import_list(siksng_row(nik(2), kk(9), "DEWI RAHAYU"))
    report = await regency.report(nik=nik(2), name="Dewi Rahayu")
    await _trouble(regency, other)
    objection = desa.object_to(refused).record_id
    late = desa.propose(nik=nik(5), kk=kk(5), name="SUYATNO").record_id
    regency.clock.advance(days=15)
    await regency.greet(desa, health=[("outbox_ops", 0), ("oldest_unacked_ms", 0), ("disk_free_ppm", 512_000)])
    await regency.send(desa, len(desa.ops) - 1)
    await regency.settle()
    timeline = await regency.timeline()
    await regency.feed(desa, Cursors(timeline, 6, 5, 2, 2))
    waiting = [("outbox_ops", 7), ("oldest_unacked_ms", regency.clock.at_ms - 3 * 3_600_000)]
    await regency.greet(other, clock_ms=regency.clock.at_ms - 90_000, health=waiting)
    await regency.draft(AddExclusion(LAPOR_ASN))
    return Story(
        regency, desa, other, ward, accepted, refused, nasty, late, dossier, photograph.record_id, report, objection
    )


async def _trouble(regency: Regency, machine: Machine) -> None:
    """An op that cannot be read, one number on two letters in two branches, and a living copy of the disk."""
    machine.write_raw(b"\xc1", b"rahasia")
    await regency.send(machine)
    image = machine.copy()
    image.salts += 100
    machine.issue(1)
    await regency.send(machine, len(machine.ops))
    image.issue(1)
    await regency.quarantine(image, image.batch())
    image.fingerprint = b"another host...."
    await regency.greet(image)
    await regency.greet(image)


def siksng_row(number: str, card: str, name: str, village: str = OTHER_DESA) -> bytes:
    """A list of one household on PKH through 2021."""
    person = village_people(random.Random(1), village_of(parse_village_code(village)), 1)[0]
    entry = msgspec.structs.replace(as_entry(person), nik=number, kk=card, name=name)
    return siksng_csv([(entry, {"PKH": "2021-01 s/d 2021-12"})]).encode()
