"""One village, its box and the centre, as fixed values: every op kind, every message, every feed value once.

The golden files under `tests/fixtures/wire/v1/` are made from these, and the tests take them where any valid value will
do. Everything here is invented; the keys are for tests only.
"""

from dataclasses import dataclass
from hashlib import sha256

import msgspec
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from protocol import VERSION, coverage
from protocol.codec import Message, encode, pack
from protocol.feed import (
    EMPTY_DIGEST,
    Countersign,
    CoverageKey,
    CoverageList,
    Cycle,
    Decision,
    DossierState,
    Evidence,
    IdentityQuestion,
    Item,
    LetterEdition,
    LetterRevoked,
    Notice,
    NumberClash,
    ObjectionDecided,
    Quarantined,
    Report,
    ResultFile,
    Revocations,
    State,
    VillageKey,
    letter_edition_key,
    letter_edition_message,
    question_key,
    replace,
    report_key,
    revocation_key,
    revocations_message,
)
from protocol.messages import (
    ANCHOR,
    CERTIFICATE,
    HELLO,
    MANIFEST,
    RECEIPT,
    WELCOME,
    Anchor,
    Append,
    Appended,
    AttachmentHeld,
    AttachmentSent,
    Certificate,
    Chunk,
    Cursors,
    Directive,
    EnrolReply,
    EnrolRequest,
    Failure,
    FeedReply,
    FilePart,
    Hello,
    LogHead,
    LogReply,
    Manifest,
    Mark,
    Receipt,
    SnapshotReply,
    Verify,
    Welcome,
    anchor_hash,
    sign,
)
from protocol.ops import (
    HEADER_VERSION,
    AnyBody,
    AttachmentAdded,
    AttachmentRemoved,
    CardBound,
    DeliberationHeld,
    DossierSent,
    Header,
    IdentityAnswered,
    IncomingRegistered,
    LetterHandedOver,
    Letterhead,
    LetterIssued,
    LetterVoided,
    LogOpened,
    NumberHigh,
    NumbersConfirmed,
    NumbersVoided,
    ObjectionMade,
    Op,
    Position,
    ProposalFromReport,
    ProposalMade,
    ProposalWithAnswers,
    ProposalWithdrawn,
    ProposalWithFormer,
    ReportVerified,
    RequestMoved,
    RequestOpened,
    RequestPaper,
    RequestSigner,
    ResidentEvent,
    ResidentRecorded,
    StatusPinGiven,
    Subject,
    head_message,
    make_op,
    start_of,
    write_body,
)
from protocol.parcel import Acknowledgements, Label
from protocol.receipts import pin_verifier
from protocol.schemes import (
    Criterion,
    DeterminedBy,
    Effect,
    ExclusionRule,
    Level,
    Measure,
    RuleSet,
    Scheme,
    Unit,
    month,
)
from protocol.seal import key_id

VILLAGE = "3510252010"
LOG = bytes(range(0x10, 0x20))
PARENT_LOG = bytes(range(0x30, 0x40))
TIMELINE = bytes(range(0x50, 0x60))
BOOT = bytes(range(0x70, 0x78))
FINGERPRINT = sha256(b"a test host").digest()
PICTURE = b"\xff\xd8\xff\xe0 not the rest of a picture"
NONCE, NONCE_NEXT = b"nonce of hello 1", b"nonce of hello 2"
TOKEN = sha256(b"a test session").digest()
NOON_MS = 1_620_018_000_000
"""2021-05-03, noon in Banyuwangi."""

CENTRAL_KEY = SigningKey(b"\x01" * 32)
BOX_KEY = SigningKey(b"\x02" * 32)


def central_sign(message: bytes) -> bytes:
    return CENTRAL_KEY.sign(message).signature


def box_sign(message: bytes) -> bytes:
    return BOX_KEY.sign(message).signature


def verifier(key: SigningKey) -> Verify:
    public: VerifyKey = key.verify_key

    def verify(message: bytes, signature: bytes) -> bool:
        try:
            public.verify(message, signature)
        except (BadSignatureError, ValueError):
            return False
        return True

    return verify


def salt(number: int) -> bytes:
    return sha256(b"salt %d" % number).digest()[:16]


CERTIFIED = Certificate(VILLAGE, 1, BOX_KEY.verify_key.encode(), NOON_MS)
CERTIFICATE_SIGNED = sign(CERTIFICATE, CERTIFIED, central_sign)
ANCHORED = Anchor(TIMELINE, 41, NOON_MS, sha256(b"root 41").digest(), sha256(b"anchor 40").digest())
ANCHOR_SIGNED = sign(ANCHOR, ANCHORED, central_sign)
PARENT = Position(PARENT_LOG, 7, sha256(b"the seventh op of the former log").digest())
NUMBERS = [NumberHigh("470", 2020, 211), NumberHigh("470", 2021, 37)]
LETTERHEAD = Letterhead(
    regency="Banyuwangi",
    district="Songgon",
    village="Sukojati",
    village_kind="desa",
    address="Jalan Contoh 1",
    postcode="68462",
    phone="",
    email="",
)
SUBJECT = Subject(
    resident=salt(100),
    nik="3510256507850001",
    kk="3510250101100001",
    name="SITI CONTOH",
    birth_place="BANYUWANGI",
    birth_date="1985-07-25",
    sex="P",
    religion="ISLAM",
    marital_status="KAWIN",
    occupation="BURUH HARIAN LEPAS",
    address="DUSUN KRAJAN",
    rt="001",
    rw="002",
)

BODIES: tuple[AnyBody, ...] = (
    LogOpened(salt=salt(1), parent=PARENT, numbers=NUMBERS, how="restored"),
    NumbersConfirmed(salt=salt(2), numbers=[NumberHigh("470", 2021, 40)], how="agenda", actor="sri"),
    ResidentRecorded(
        salt=salt(3),
        resident=b"",
        nik="3510256507850001",
        kk="3510250101100001",
        name="SITI CONTOH",
        birth_place="BANYUWANGI",
        birth_date="1985-07-25",
        sex="P",
        mother="DEWI CONTOH",
        father="",
        religion="ISLAM",
        marital_status="KAWIN",
        occupation="BURUH HARIAN LEPAS",
        relation="ISTRI",
        address="DUSUN KRAJAN",
        hamlet="KRAJAN",
        rt="001",
        rw="002",
        actor="sri",
    ),
    LetterIssued(
        salt=salt(4),
        kind="sktm",
        series="470",
        year=2021,
        number=41,
        printed_number="470/041/429.508.03/2021",
        issued_on="2021-05-03",
        valid_until="2021-08-03",
        subject=SUBJECT,
        fields=[("purpose", "pengajuan keringanan biaya sekolah"), ("student_name", "AGUS CONTOH")],
        signer_name="SLAMET CONTOH",
        signer_title="Kepala Desa",
        signer_nip="",
        letterhead=LETTERHEAD,
        text_version=1,
        actor="sri",
    ),
    LetterVoided(salt=salt(5), letter=salt(101), reason="salah nama", actor="sri"),
    NumbersVoided(salt=salt(6), series="470", year=2021, first=38, last=40, reason="listrik padam", actor="sri"),
    ProposalMade(
        salt=salt(7),
        scheme="APBD-PANGAN",
        cycle="APBD-PANGAN-2021-05",
        nik="3510256507850001",
        kk="3510250101100001",
        name="SITI CONTOH",
        birth_date="1985-07-25",
        sex="P",
        mother="DEWI CONTOH",
        address="DUSUN KRAJAN",
        rt="001",
        rw="002",
        note="",
        actor="sri",
    ),
    ProposalWithdrawn(salt=salt(8), proposal=salt(102), reason="pindah", actor="sri"),
    ResidentEvent(
        salt=salt(9),
        resident=salt(100),
        event="moved_out",
        happened_on="2021-05-02",
        place="Desa Contoh, Kabupaten Jember",
        reference="SKPWNI/3510/02052021/0001",
        note="",
        withdraws=b"",
        actor="sri",
    ),
    IncomingRegistered(
        salt=salt(10),
        incoming=b"",
        series="surat-masuk",
        year=2021,
        number=12,
        received_on="2021-05-03",
        sender="Camat Songgon",
        their_number="005/214/429.520/2021",
        dated="2021-04-30",
        subject="Undangan rapat koordinasi",
        disposition="Sekretaris: hadiri",
        actor="sri",
    ),
    LetterHandedOver(
        salt=salt(11),
        letter=salt(104),
        handed_on="2021-05-04",
        recipient="Camat Songgon",
        received_by="BUDI CONTOH",
        actor="sri",
    ),
    DeliberationHeld(
        salt=salt(12),
        kind="musdes",
        number="140/05/2021",
        held_on="2021-05-02",
        place="Balai desa",
        chair="SLAMET CONTOH",
        attendance=43,
        cycles=["BLT-DD-2021-05"],
        summary="menyepakati calon penerima",
        actor="sri",
    ),
    ProposalWithAnswers(
        salt=salt(13),
        scheme="BLT-DD",
        cycle="BLT-DD-2021-05",
        nik="3510256507850001",
        kk="3510250101100001",
        name="SITI CONTOH",
        birth_date="1985-07-25",
        sex="P",
        mother="DEWI CONTOH",
        address="DUSUN KRAJAN",
        rt="001",
        rw="002",
        note="",
        actor="sri",
        fields=[("impact", "sakit_menahun"), ("monthly_income_rupiah", "600000")],
        check="unknown",
        check_as_of="2021-04-30",
        deliberation=salt(104),
    ),
    ObjectionMade(
        salt=salt(14),
        proposal=salt(102),
        grounds="sudah keluar dari PKH",
        evidence="surat keterangan pendamping",
        actor="sri",
    ),
    RequestOpened(
        salt=salt(15),
        kind="skd",
        resident=salt(100),
        source="kiosk",
        queue=3,
        fields=[("purpose", "pembukaan rekening bank")],
        actor="kiosk",
    ),
    RequestMoved(
        salt=salt(16),
        request=salt(103),
        move="verify",
        paper=RequestPaper(subject=SUBJECT, fields=[("purpose", "pembukaan rekening bank")], text_version=1),
        signer=RequestSigner(name="SLAMET CONTOH", title="Kepala Desa", nip=""),
        letter=b"",
        reason="",
        actor="sri",
    ),
    AttachmentAdded(
        salt=salt(19),
        about=salt(101),
        label="pengantar RT/RW",
        sha256=sha256(PICTURE).digest(),
        size=len(PICTURE),
        media_type="image/jpeg",
        actor="sri",
    ),
    AttachmentRemoved(salt=salt(20), attachment=salt(102), reason="foto buram", actor="sri"),
    CardBound(salt=salt(17), resident=salt(100), card=sha256(b"kampung/card/1" + b"04A1B2C3").digest(), actor="sri"),
    DossierSent(
        salt=salt(18),
        letter=Position(LOG, 4, sha256(b"a letter").digest()),
        former=b"",
        agency="Dinkes",
        title="Surat Pernyataan Miskin",
        labels=[("hospital", "Rumah sakit atau puskesmas tujuan")],
        documents=["KTP", "KK"],
        note="",
        actor="sri",
    ),
    ProposalFromReport(
        salt=salt(24),
        scheme="LAPOR",
        cycle="LAPOR-2021-08",
        nik="3510256507850001",
        kk="3510250101100001",
        name="SITI CONTOH",
        birth_date="1985-07-25",
        sex="P",
        mother="DEWI CONTOH",
        address="DUSUN KRAJAN",
        rt="001",
        rw="002",
        note="",
        actor="sri",
        fields=[("impact", "kehilangan_pekerjaan"), ("reported_for", "tetangga")],
        check="clear",
        check_as_of="2021-04-30",
        deliberation=b"",
        report=salt(112),
    ),
    ReportVerified(
        salt=salt(25),
        report=salt(112),
        visited_on="2021-05-02",
        visitor="Kepala dusun",
        finding="worthy",
        note="rumah berdinding bambu",
        actor="sri",
    ),
    IdentityAnswered(
        salt=salt(26),
        pair=sha256(b"two records").digest(),
        proposal=salt(113),
        answer="different",
        how="papers",
        note="saudara kembar",
        actor="sri",
    ),
    StatusPinGiven(
        salt=salt(27), proposal=salt(102), verifier=pin_verifier(salt(27), salt(102), "48210937"), actor="sri"
    ),
    ProposalWithFormer(
        salt=salt(41),
        scheme="LAPOR",
        cycle="LAPOR-2021-08",
        nik="3510256507850001",
        kk="3510250101100001",
        name="SITI CONTOH",
        birth_date="1985-07-25",
        sex="P",
        mother="DEWI CONTOH",
        address="DUSUN KRAJAN",
        rt="001",
        rw="002",
        note="",
        actor="sri",
        fields=[("impact", "kehilangan_pekerjaan"), ("reported_for", "tetangga")],
        check="clear",
        check_as_of="2021-04-30",
        deliberation=b"",
        report=b"",
        former_kks=[("3510250101050009", 24256)],
    ),
)


def header_of(body: AnyBody, number: int) -> bytes:
    kind, schema, _ = write_body(body)
    at = NOON_MS + 60_000 * number
    cited = anchor_hash(ANCHOR_SIGNED.payload)
    return pack(Header(HEADER_VERSION, kind, schema, at, BOOT, 5_000_000 + 60_000 * number, ANCHORED.seq, cited))


def _log() -> tuple[Op, ...]:
    ops: list[Op] = []
    at = start_of(LOG)
    for number, body in enumerate(BODIES, start=1):
        ops.append(make_op(at, header_of(body, number), write_body(body)[2]))
        at = ops[-1].position
    return tuple(ops)


OPS = _log()
HEAD = OPS[-1].position


def append_of(ops: tuple[Op, ...], after: Position) -> Append:
    signature = box_sign(head_message(VILLAGE, ops[-1].position))
    return Append(after, [op.header for op in ops], [op.body for op in ops], signature)


RECEIVED = Receipt(VILLAGE, HEAD, NOON_MS + 900_000, TIMELINE)
RECEIPT_SIGNED = sign(RECEIPT, RECEIVED, central_sign)

# --- feeds ------------------------------------------------------------------------------------------------------------

EVIDENCE = Evidence(
    "coverage", "PKH", "2021-01 s/d 2021-12", "Singonegaran, Banyuwangi", "2021-04-30", sha256(b"a source row").digest()
)
PHOTOGRAPH = next(op for op, body in zip(OPS, BODIES, strict=True) if isinstance(body, AttachmentAdded))
OBJECTION = next(op for op, body in zip(OPS, BODIES, strict=True) if isinstance(body, ObjectionMade))
DOSSIER = next(op for op, body in zip(OPS, BODIES, strict=True) if isinstance(body, DossierSent))
FILE_PART = FilePart(b"%PDF-1.7\n")
VILLAGE_VALUES: tuple[tuple[str, bool, bytes, Message], ...] = (
    (
        "decision",
        True,
        OPS[6].record_id,
        Decision(
            proposal=OPS[6].record_id,
            outcome="rejected",
            code="covered_by_scheme",
            sentence="Sudah menerima PKH pada bulan yang sama.",
            next_step="objection",
            next_sentence="Sanggahan dapat diajukan di kantor desa.",
            objection_until="2021-05-17",
            scheme="APBD-PANGAN",
            cycle="APBD-PANGAN-2021-05",
            period="2021-05 s/d 2021-07",
            rule="APBD-PANGAN x PKH: contoh dasar hukum",
            evidence=[EVIDENCE],
            facts_hash=sha256(b"the facts").digest(),
            is_final=False,
            decided_ms=NOON_MS + 901_000,
        ),
    ),
    ("quarantined", False, OPS[4].record_id, Quarantined(OPS[4].record_id, 5, "bad_body")),
    ("number_clash", False, b"clash:" + OPS[3].record_id, NumberClash("470", 2021, 41, salt(103), OPS[3].record_id)),
    ("notice", False, b"clone_suspected", Notice("clone_suspected", NOON_MS)),
    (
        "dossier_state",
        False,
        DOSSIER.record_id,
        DossierState(DOSSIER.record_id, "returned", "Fotokopi KK tidak terbaca.", NOON_MS + 902_000),
    ),
    (
        "dossier_state",
        False,
        salt(111),
        DossierState(
            salt(111),
            "done",
            "",
            NOON_MS + 903_000,
            Countersign("Contoh, S.Sos.", "a.n.", "Sekretaris Kecamatan", "Penata Tk. I", "197001011990031001"),
            ResultFile(sha256(FILE_PART.content).digest(), 9, "application/pdf", [sha256(encode(FILE_PART)).digest()]),
        ),
    ),
    (
        "report",
        False,
        report_key(salt(112)),
        Report(
            report=salt(112),
            scheme="LAPOR",
            cycle="LAPOR-2021-08",
            nik="3510256507850001",
            kk="",
            name="SITI CONTOH",
            address="Dusun Krajan, di belakang balai dusun",
            need="Kehilangan pekerjaan sejak Maret",
            contact="",
            reported_for="neighbour",
            check="uncovered",
            received_ms=NOON_MS,
        ),
    ),
    (
        "identity_question",
        False,
        question_key(sha256(b"two records").digest()),
        IdentityQuestion(
            pair=sha256(b"two records").digest(),
            proposal=salt(113),
            other_name="S*** C*****",
            other_scheme="",
            other_place="Desa Kemiren, Kecamatan Glagah",
            compared=[("name", "alike"), ("birth_date", "different"), ("mother", "missing")],
            asked_ms=NOON_MS,
            answer_by="2021-05-24",
        ),
    ),
    (
        "objection_decided",
        False,
        OBJECTION.record_id,
        ObjectionDecided(
            OBJECTION.record_id, salt(102), "granted", "Surat pendamping diperiksa: PKH berakhir.", NOON_MS + 904_000
        ),
    ),
    ("coverage_key", False, b"coverage_key", CoverageKey(salt(110), month(2021, 5), bytes(range(80)))),
)
SET = coverage.set_id(sha256(b"a list").digest(), "PKH", "", month(2021, 1), month(2021, 12))
COVERAGE_KEY = sha256(b"a key of a month").digest()
PARTS = coverage.cut(
    salt(110),
    SET,
    [
        coverage.digest(COVERAGE_KEY, SET, Unit.PERSON, "3510256507850001"),
        coverage.digest(COVERAGE_KEY, SET, Unit.HOUSEHOLD, "3510250101100001"),
    ],
)
SCHEME = Scheme(
    "APBD-PANGAN", "Paket pangan daerah", Level.REGENCY, Unit.HOUSEHOLD, 50, (), DeterminedBy.REGENCY, "Dinas Sosial"
)
RULE = ExclusionRule(
    "APBD-PANGAN", "", "PKH", "", Unit.HOUSEHOLD, Effect.REJECT, True, month(2021, 1), None, "contoh dasar hukum"
)
EDITION_UNSIGNED = LetterEdition(
    kind="bbm_nelayan",
    version=100,
    valid_from="2021-06-01",
    is_retired=False,
    row=(
        "key,title_id,code_until_2022,code_from_2023,extra_fields,countersigned_by_camat,forward_to,required_documents,"
        "kiosk,valid_days,declared_by,group\n"
        "bbm_nelayan,Surat Rekomendasi BBM Nelayan,523,500.5.2,boat_name,no,Dinas Perikanan,KTP;KK,yes,30,village,Usaha\n"
    ),
    questions=(
        "kind,field,type,required,length_max,label_id,hint_id,placeholder,choices\n"
        "bbm_nelayan,boat_name,text,yes,100,Nama perahu,,nama_perahu,\n"
    ),
    text="[paragraf]\n{{kepala}} memberikan rekomendasi kepada {{nama|besar}} untuk perahu {{nama_perahu}}.\n",
    signature=bytes(64),
)
EDITION = msgspec.structs.replace(EDITION_UNSIGNED, signature=central_sign(letter_edition_message(EDITION_UNSIGNED)))
CRITERION = Criterion(
    scheme="APBD-PANGAN",
    field="monthly_income_rupiah",
    measure=Measure.AT_MOST,
    value="1500000",
    label="Penghasilan per bulan",
    first=month(2021, 1),
    until=None,
    basis="contoh dasar hukum",
)
KNOWN_VALUES: tuple[tuple[str, bool, bytes, Message], ...] = (
    ("scheme", False, b"scheme:APBD-PANGAN", SCHEME),
    ("exclusions", True, b"exclusions", RuleSet((SCHEME,), (RULE,), (CRITERION,))),
    (
        "cycle",
        True,
        b"cycle:APBD-PANGAN-2021-05",
        Cycle(
            code="APBD-PANGAN-2021-05",
            scheme="APBD-PANGAN",
            name="Paket pangan Mei-Juli 2021",
            month_from=month(2021, 5),
            month_until=month(2021, 7),
            opens_ms=NOON_MS - 86_400_000,
            closes_ms=NOON_MS + 14 * 86_400_000,
            objection_days=14,
        ),
    ),
    (
        "village_key",
        False,
        b"key:" + key_id(CERTIFIED.public_key),
        VillageKey(VILLAGE, CERTIFIED.serial, CERTIFIED.public_key, NOON_MS, None),
    ),
    (
        "letter_revoked",
        False,
        revocation_key(VILLAGE, salt(101)),
        LetterRevoked(VILLAGE, salt(101), NOON_MS + 300_000),
    ),
    ("letter_edition", False, letter_edition_key(EDITION.kind, EDITION.version), EDITION),
    ("coverage_part", False, coverage.part_key(SET, 0), PARTS[0]),
    (
        "coverage_list",
        False,
        coverage.list_key(SET),
        CoverageList(SET, salt(110), "PKH", "", month(2021, 1), month(2021, 12), "2021-04-30", 1),
    ),
)


def items(values: tuple[tuple[str, bool, bytes, Message], ...], after: int = 0) -> list[Item]:
    """The values as consecutive items of a feed that was empty before."""
    digest, out = EMPTY_DIGEST, []
    for seq, (kind, critical, key, value) in enumerate(values, start=after + 1):
        digest = replace(digest, key, None, pack(value))
        out.append(Item(seq, kind, critical, key, pack(value), digest))
    return out


def dated(covered: list[Item]) -> tuple[str, bool, bytes, Message]:
    """The centre's signed word that these items are complete."""
    seq, digest, at = covered[-1].seq, covered[-1].digest, NOON_MS + 600_000
    signature = central_sign(revocations_message(seq, digest, at))
    return "revocations", False, b"revocations", Revocations(seq, digest, at, signature)


REGENCY_VALUES = (*KNOWN_VALUES, dated(items(KNOWN_VALUES)))
VILLAGE_ITEMS, REGENCY_ITEMS = items(VILLAGE_VALUES), items(REGENCY_VALUES)
CHUNK = Chunk([State(item.seq, item.kind, item.critical, item.key, item.value) for item in REGENCY_ITEMS])
CHUNK_NAME = sha256(encode(CHUNK)).digest()
MANIFESTED = Manifest("regency", "", TIMELINE, len(REGENCY_ITEMS), REGENCY_ITEMS[-1].digest, [CHUNK_NAME])
MANIFEST_SIGNED = sign(MANIFEST, MANIFESTED, central_sign)

# --- messages ---------------------------------------------------------------------------------------------------------

HELLO_MESSAGE = Hello(
    version_min=VERSION,
    version_max=VERSION,
    village=VILLAGE,
    certificate=CERTIFICATE_SIGNED,
    logs=[PARENT, HEAD],
    mark=Mark(HEAD, [NumberHigh("470", 2020, 211), NumberHigh("470", 2021, 41)]),
    receipt=RECEIPT_SIGNED,
    cursors=Cursors(TIMELINE, 3, 3, 2, 2),
    nonce=NONCE,
    challenge=b"",
    boot_id=BOOT,
    fingerprint=FINGERPRINT,
    clock_ms=NOON_MS + 1_000_000,
    health=[("outbox_ops", 0), ("disk_free_ppm", 512_000)],
    software="0.1.0",
)
HELLO_SIGNED = sign(HELLO, HELLO_MESSAGE, box_sign)
WELCOME_MESSAGE = Welcome(
    request=sha256(HELLO_SIGNED.payload).digest(),
    version=VERSION,
    directive=Directive.OK,
    session=TOKEN,
    nonce=NONCE_NEXT,
    challenge=b"",
    timeline=TIMELINE,
    anchor=ANCHOR_SIGNED,
    logs=[LogHead(1, PARENT, "known"), LogHead(2, HEAD, "known")],
    numbers=[NumberHigh("470", 2020, 211), NumberHigh("470", 2021, 41)],
    spread_seconds=4,
    retry_seconds=0,
    central_ms=NOON_MS + 1_000_500,
)
WELCOME_SIGNED = sign(WELCOME, WELCOME_MESSAGE, central_sign)


@dataclass(frozen=True)
class Sample:
    """A message as it stands in a frame: `way` is the request or answer that carries it."""

    name: str
    way: str
    message: Message


MESSAGES = (
    Sample(
        "enrol_request",
        "POST /v1/enrol, body",
        EnrolRequest("TEST-TOKEN-1", CERTIFIED.public_key, FINGERPRINT, CERTIFIED.village),
    ),
    Sample(
        "enrol_reply",
        "POST /v1/enrol, 200",
        EnrolReply(
            CERTIFICATE_SIGNED,
            CENTRAL_KEY.verify_key.encode(),
            TIMELINE,
            [LogHead(1, PARENT, "other")],
            NUMBERS,
            is_agenda_needed=True,
        ),
    ),
    Sample("hello", "POST /v1/hello, body", HELLO_SIGNED),
    Sample("welcome", "POST /v1/hello, 200", WELCOME_SIGNED),
    Sample("append", "POST /v1/append and /v1/quarantine, body", append_of(OPS, start_of(LOG))),
    Sample("appended", "POST /v1/append and /v1/quarantine, 200", Appended(HEAD, RECEIPT_SIGNED, ANCHOR_SIGNED)),
    Sample(
        "feed_reply",
        "GET /v1/feed, 200",
        FeedReply(TIMELINE, ANCHOR_SIGNED, VILLAGE_ITEMS, REGENCY_ITEMS, len(VILLAGE_ITEMS), len(REGENCY_ITEMS)),
    ),
    Sample("snapshot_reply", "GET /v1/feed, 409", SnapshotReply("snapshot", ANCHOR_SIGNED, [MANIFEST_SIGNED])),
    Sample("chunk", "GET /v1/chunk/{sha256}, 200", CHUNK),
    Sample("file_part", "GET /v1/chunk/{sha256}, 200", FILE_PART),
    Sample("attachment_sent", "POST /v1/attachments/{sha256}, body", AttachmentSent(PHOTOGRAPH.position, PICTURE)),
    Sample(
        "attachment_held",
        "POST /v1/attachments/{sha256}, 200",
        AttachmentHeld(sha256(PICTURE).digest(), len(PICTURE)),
    ),
    Sample(
        "log_reply",
        "GET /v1/log, 200",
        LogReply(2, OPS[1].position, [op.header for op in OPS[2:4]], [op.body for op in OPS[2:4]], True),
    ),
    Sample("parcel_label", "first frame of an exported outbox", Label(VILLAGE, CERTIFICATE_SIGNED, "0.1.0")),
    Sample(
        "parcel_acknowledgements",
        "the frame of the acknowledgements carried back",
        Acknowledgements(VILLAGE, [Appended(HEAD, RECEIPT_SIGNED, ANCHOR_SIGNED)]),
    ),
    Sample("failure", "every other status", Failure("gap", "the log ends before this place", 0, OPS[3].position)),
)
SIGNED = {
    b"kampung/certificate/1": (Certificate, CERTIFICATE_SIGNED, CENTRAL_KEY),
    b"kampung/anchor/1": (Anchor, ANCHOR_SIGNED, CENTRAL_KEY),
    b"kampung/receipt/1": (Receipt, RECEIPT_SIGNED, CENTRAL_KEY),
    b"kampung/hello/1": (Hello, HELLO_SIGNED, BOX_KEY),
    b"kampung/welcome/1": (Welcome, WELCOME_SIGNED, CENTRAL_KEY),
    b"kampung/manifest/1": (Manifest, MANIFEST_SIGNED, CENTRAL_KEY),
}
"""Domain -> type, one signed value, whose key."""
