"""Letters to test with: the shipped catalogue and texts, two offices, one household."""

from datetime import date

from agent import data
from agent.domain import letters, numbering
from agent.domain.fields import FamilyMember
from agent.domain.letters import Draft, Letter, Letterhead, Signer, Subject
from agent.domain.people import PeopleAnswer, PersonRow
from protocol.ids import Sex
from protocol.letter_kinds import LetterKind, read_shipped
from protocol.letter_texts import LetterText
from protocol.regions import VillageKind

SHIPPED = read_shipped(data.letters_csv(), data.letter_fields_csv(), data.letter_texts())
CATALOGUE = {key: edition.kind for (key, _), edition in SHIPPED.items()}
TEXTS = {at: edition.text for at, edition in SHIPPED.items()}
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

WITNESSES = PeopleAnswer(
    rows=(
        PersonRow(name="SLAMET RIYADI", nik="3510251708700001", note="Petani, Dusun Krajan"),
        PersonRow(name="SITI AMINAH", note="Dusun Sukorejo"),
    )
)
PEOPLE = {
    "father_nik": PeopleAnswer(picked=(SUYATNO.nik,)),
    "mother_nik": PeopleAnswer(picked=(ROKHANA.nik,)),
    "witnesses": WITNESSES,
    "reporter_nik": PeopleAnswer(rows=(PersonRow(name="SLAMET RIYADI", nik="3510251708700001"),)),
    "followers": PeopleAnswer(
        picked=(ROKHANA.nik, RIZKI.nik), rows=(PersonRow(name="MBAH TUMINEM", born="1940-12-31", note="MERTUA"),)
    ),
    "parents": PeopleAnswer(rows=(PersonRow(name="SUKARDI", note="ayah"), PersonRow(name="TUMINEM", note="ibu"))),
    "deceased": PeopleAnswer(rows=(PersonRow(name="SUKARDI", nik="3510250101450001", born="1945-01-01"),)),
    "heirs": PeopleAnswer(
        picked=(SUYATNO.nik,),
        rows=(PersonRow(name="SRI WAHYUNI", nik="3510254506830001", born="1983-06-05", note="anak kandung"),),
    ),
}
"""Answers to every question for people, whichever kind asks it."""

ANSWERS = {
    "sku": {
        "business_name": "Warung Sumber Rejeki",
        "business_kind": "perdagangan bahan pokok",
        "business_address": "Dusun Krajan RT 003 RW 001",
        "since": "2015",
        "purpose": "pengajuan kredit usaha rakyat",
    },
    "skdu": {
        "business_name": "CV Maju Bersama",
        "business_kind": "bengkel sepeda motor",
        "business_address": "Jalan Raya Sukojati 20",
        "nib": "1234567890123",
        "countersigned_by_camat": "Ya",
    },
    "skp": {"purpose": "mengurus buku tabungan", "remarks": "buku tabungan lama rusak"},
    "skck": {"purpose": "melamar pekerjaan"},
    "kehilangan": {"item": "STNK sepeda motor", "details": "nomor P 1234 XY", "lost_at": "16-05-2021 08.30"},
    "keramaian": {
        "event": "resepsi pernikahan",
        "starts_at": "20-05-2021 19.30",
        "ends_at": "2021-05-20T23:00",
        "place": "halaman rumah pemohon",
        "entertainment": "gandrung",
    },
    "kelahiran": {
        "child_name": "AHMAD RIDWAN",
        "child_sex": "LAKI-LAKI",
        "born_at": "15-05-2021 04.05",
        "birth_place": "Puskesmas Blimbingsari",
        "weight_grams": "3.200",
        "helper": "Bidan",
    },
    "lahir_mati": {
        "born_at": "15-05-2021 04.05",
        "place": "Puskesmas Blimbingsari",
        "weeks": "32",
        "reporter": "SLAMET RIYADI",
    },
    "kematian": {
        "died_at": "15-05-2021",
        "place": "RSUD Blambangan",
        "cause": "sakit",
        "reporter_relation": "saudara kandung",
    },
    "akta_lahir": {"child_name": "AHMAD RIDWAN"},
    "pindah": {
        "destination_address": "Jalan Melati 3, Desa Kalibaru Wetan, Kecamatan Kalibaru, Kabupaten Banyuwangi",
        "destination_code": "35.10.24.2001",
        "reason": "Pekerjaan",
        "household_left": "Nomor KK tetap",
    },
    "datang": {"origin_address": "Jalan Mawar 8, Kabupaten Jember", "skpwni_number": "SKPWNI/3509/05052021/0007"},
    "kk_baru": {"reason": "Pisah KK", "old_kk": "3510251203070004"},
    "kk_ubah": {"changed_elements": "pekerjaan semula BURUH TANI menjadi PEDAGANG"},
    "ktp": {"reason": "Rusak"},
    "biodata": {},
    "beda_identitas": {
        "other_document": "ijazah SD nomor 12345",
        "other_name": "SUYATNA",
        "other_born_on": "31-12-1980",
        "differing_element": "ejaan nama dan tanggal lahir",
    },
    "nikah": {
        "partner_name": "DEWI SARTIKA",
        "partner_nik": "3510254506900003",
        "guardian": "SUKARDI",
        "wedding_at": "10-06-2021 09.00",
        "former_spouse": "SITI FATIMAH",
    },
    "belum_menikah": {"purpose": "melamar pekerjaan"},
    "janda_duda": {"spouse_name": "SITI FATIMAH", "deed_number": "0123/AC/2019/PA.Bwi", "since": "31-12-2019"},
    "wali": {"relation": "Istri", "destination": "bekerja di Malaysia", "agency": "PT Karya Semesta"},
    "penghasilan": {
        "father_income_rupiah": "Rp 1.500.000,00",
        "mother_income_rupiah": "900000",
        "school": "SMA Negeri 1 Rogojampi",
    },
    "ahli_waris": {},
    "tanah": {
        "object": "tanah pekarangan di Dusun Krajan",
        "area_m2": "1250,5",
        "border_north": "tanah Slamet",
        "border_east": "jalan desa",
        "border_south": "tanah Aminah",
        "border_west": "sungai",
        "proof": "Letter C nomor 123, persil 45",
        "origin": "warisan dari orang tua tahun 1990",
    },
    "kendaraan": {
        "plate": "P 1234 XY",
        "engine_number": "JF51E1234567",
        "chassis_number": "MH1JF5110AK123456",
        "bpkb": "H-01234567",
    },
    "imb": {
        "site": "Dusun Krajan RT 003 RW 001",
        "land_proof": "SHM nomor 123",
        "building_area_m2": "72",
        "use": "rumah tinggal",
        "neighbours_consent": "Sudah ada, tertulis",
    },
    "bepergian": {
        "destination": "Kota Surabaya",
        "from_date": "18-05-2021",
        "to_date": "25-05-2021",
        "purpose": "menjenguk keluarga",
    },
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


def newest(key: str) -> int:
    """The last version of a kind's text that ships."""
    return max(version for kind, version in TEXTS if kind == key)


def kind_at(key: str, version: int) -> LetterKind | None:
    """What the shipped catalogue says of a kind, in whatever version."""
    return CATALOGUE.get(key)


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
    people: dict[str, PeopleAnswer] | None = None,
    version: int = 0,
) -> Draft:
    """A draft in the newest version of its text, or in an older one."""
    answered = ANSWERS[key] if answers is None else answers
    fields = letters.check_fields(CATALOGUE[key], answered, household, PEOPLE if people is None else people, today=DAY)
    assert isinstance(fields, tuple), fields
    version = version or newest(key)
    return letters.write_draft(CATALOGUE[key], subject, fields, signer, office, dated=day, text_version=version)


def text_of(written: Draft) -> LetterText:
    """The text that words a draft or letter."""
    return TEXTS[written.kind, written.text_version]


def letter(key: str, number: int = 123, **changes: object) -> Letter:
    written = draft(key, **changes)  # type: ignore[arg-type]
    printed = numbering.print_number(POLICY, CATALOGUE[key], number, written.date)
    return letters.number_draft(written, bytes(range(16)), numbering.SERIES_ALL, number, printed)
