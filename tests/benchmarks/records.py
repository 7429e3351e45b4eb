"""The records every contestant carries: seeded letters and proposals of a village, 400-600 bytes each as JSON."""

import random
from collections.abc import Callable, Iterator

import msgspec

from deploy.demo.people import Person, household
from protocol import ops
from protocol.ids import parse_village_code
from protocol.ops import AnyBody
from protocol.regions import village

VILLAGE = "3510252010"
CYCLE = "APBD-PANGAN-2021-05"
LETTERHEAD = ops.Letterhead(
    regency="Banyuwangi",
    district="Blimbingsari",
    village="Sukojati",
    village_kind="desa",
    address="Jalan Raya Sukojati 1",
    postcode="68462",
    phone="",
    email="",
)
PURPOSES = (
    "persyaratan administrasi sekolah",
    "pengajuan keringanan biaya",
    "pengobatan di RSUD Blambangan",
    "melamar kerja",
)

BodyOf = Callable[[bytes], AnyBody]


def heads_of_household(count: int, seed: int) -> list[Person]:
    """One person a family card, as a village proposes food aid."""
    rng, home, taken = random.Random(seed), village(parse_village_code(VILLAGE)), set[str]()
    return [household(rng, home, taken=taken).members[0] for _ in range(count)]


def bodies(count: int, seed: int) -> Iterator[BodyOf]:
    """Letters and proposals in turn: each household is proposed once, letters go to anybody."""
    rng = random.Random(seed)
    everyone = heads_of_household(max((count + 1) // 2, 50), seed)
    for n in range(count):
        person = rng.choice(everyone) if n % 2 == 0 else everyone[(n // 2) % len(everyone)]
        yield _letter(rng, person, n // 2 + 1) if n % 2 == 0 else _proposal(person)


def _letter(rng: random.Random, person: Person, number: int) -> BodyOf:
    subject = ops.Subject(
        resident=rng.randbytes(16),
        nik=person.nik,
        kk=person.kk,
        name=person.name,
        birth_place="BANYUWANGI",
        birth_date=person.birth_date.isoformat(),
        sex=person.sex.value,
        religion="ISLAM",
        marital_status="KAWIN",
        occupation="PETANI/PEKEBUN",
        address="DUSUN KRAJAN",
        rt=f"{rng.randint(1, 9):03d}",
        rw=f"{rng.randint(1, 4):03d}",
    )
    purpose = rng.choice(PURPOSES)
    return lambda salt: ops.LetterIssued(
        salt=salt,
        kind="sktm",
        series="semua",
        year=2021,
        number=number,
        printed_number=f"401/{number:03d}/429.508.03/2021",
        issued_on="2021-05-17",
        valid_until="2021-08-15",
        subject=subject,
        fields=[("purpose", purpose)],
        signer_name="SUPRIYADI",
        signer_title="Kepala Desa Sukojati",
        signer_nip="",
        letterhead=LETTERHEAD,
        text_version=1,
        actor="operator",
    )


def _proposal(person: Person) -> BodyOf:
    return lambda salt: ops.ProposalMade(
        salt=salt,
        scheme="APBD-PANGAN",
        cycle=CYCLE,
        nik=person.nik,
        kk=person.kk,
        name=person.name,
        birth_date=person.birth_date.isoformat(),
        sex=person.sex.value,
        mother=person.mother_name,
        address="DUSUN KRAJAN",
        rt="001",
        rw="002",
        note="",
        actor="operator",
    )


def as_json(body_of: BodyOf) -> bytes:
    """The same record as a plain client would send it, with its fields' names."""
    body = body_of(bytes(16))
    named = {**msgspec.structs.asdict(body), "salt": bytes(16).hex()}
    for name in ("subject", "letterhead"):
        if name in named:
            named[name] = msgspec.structs.asdict(named[name])
    if "subject" in named:
        named["subject"]["resident"] = bytes(16).hex()
    return msgspec.json.encode(named)
