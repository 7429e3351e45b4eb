"""Letters to test with: the shipped catalogue and texts, two offices, one household."""

from datetime import date

from agent import data
from agent.domain import letters, numbering, texts
from agent.domain.fields import FamilyMember
from agent.domain.letters import Draft, Letter, Letterhead, LetterKind, Signer, Subject
from agent.domain.sheets import vocabulary_of
from protocol.ids import Sex
from protocol.regions import VillageKind

CATALOGUE = letters.read_catalogue(data.letters_csv(), data.letter_fields_csv())
TEXTS = texts.read_texts(data.letter_texts(), {key: vocabulary_of(kind) for key, kind in CATALOGUE.items()})
DAY = date(2021, 5, 17)

SUKOJATI = Letterhead(
    regency="Banyuwangi",
    district="Blimbingsari",
    village="Sukojati",
    village_kind=VillageKind.DESA,
    address="Jalan Raya Sukojati Nomor 12",
    postcode="68462",
    phone="(0333) 000000",
)
SINGONEGARAN = Letterhead(
    regency="Banyuwangi",
    district="Banyuwangi",
    village="Singonegaran",
    village_kind=VillageKind.KELURAHAN,
    address="Jalan Letjen Sutoyo Nomor 7",
)
HEAD = Signer(name="H. AHMAD FAUZI, S.Sos.", title="Kepala Desa Sukojati")

SUYATNO = FamilyMember("3510250101800001", "SUYATNO", "KEPALA KELUARGA", date(1980, 1, 1))
ROKHANA = FamilyMember("3510254506850002", "SITI ROKHANA", "ISTRI", date(1985, 6, 5))
RIZKI = FamilyMember("3510251203100003", "MOCH. RIZKI", "ANAK", date(2010, 3, 12))
HOUSEHOLD = (SUYATNO, ROKHANA, RIZKI)

SUBJECT = Subject(
    nik=SUYATNO.nik,
    kk="3510251203070004",
    name="SUYATNO",
    birth_place="BANYUWANGI",
    birth_date=SUYATNO.birth_date,
    sex=Sex.MALE,
    religion="ISLAM",
    marital_status="KAWIN",
    occupation="BURUH TANI",
    address="Jalan Kenanga 5, Dusun Krajan",
    rt="003",
    rw="001",
)

ANSWERS = {
    "spm": {
        "patient_nik": ROKHANA.nik,
        "hospital": "RSUD Blambangan",
        "referral_number": "445/087/2021",
        "family_members": f"{ROKHANA.nik} {RIZKI.nik}",
        "dtks_id": "3510250012345678",
    },
    "sktm": {"purpose": "keringanan biaya sekolah", "student_name": "MOCH. RIZKI", "family_members": RIZKI.nik},
    "skd": {"purpose": "pembukaan rekening bank"},
}

POLICY = numbering.numbering_policy(
    numbering.SeriesPolicy.ONE,
    "{klas}/{nomor:03d}/{kode_instansi}/{tahun}",
    kode_desa="3510252010",
    kode_instansi="429.508.03",
)


def kind_of(key: str) -> LetterKind:
    return CATALOGUE[key]


def draft(
    key: str,
    *,
    answers: dict[str, str] | None = None,
    subject: Subject = SUBJECT,
    household: tuple[FamilyMember, ...] = HOUSEHOLD,
    signer: Signer = HEAD,
    office: Letterhead = SUKOJATI,
    day: date = DAY,
) -> Draft:
    fields = letters.check_fields(CATALOGUE[key], ANSWERS[key] if answers is None else answers, household)
    assert isinstance(fields, tuple), fields
    version = texts.newest_version(TEXTS, key)
    return letters.write_draft(CATALOGUE[key], subject, fields, signer, office, dated=day, text_version=version)


def letter(key: str, number: int = 123, **changes: object) -> Letter:
    written = draft(key, **changes)  # type: ignore[arg-type]
    printed = numbering.print_number(POLICY, CATALOGUE[key], number, written.date)
    return letters.number_draft(written, bytes(range(16)), numbering.SERIES_ALL, number, printed)
