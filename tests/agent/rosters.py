"""Roster files as offices have them, made from invented people."""

import random
from collections.abc import Sequence

from protocol.ids import VillageCode
from protocol.regions import village
from tests.agent.office import SUKOJATI
from tests.builders import Person, village_people

HOME = village(VillageCode(SUKOJATI))
SIAK = (
    "Nomor KK;NIK;Nama Penduduk;Status;Tempat Lahir;Tanggal Lahir;Kelamin;NIK Ayah;Ayah;NIK Ibu;Ibu;Status Kawin;SHDK;Agama;"
    "Kecamatan;Desa/Kel;Alamat;RW;RT;Pendidikan;Pekerjaan"
)
OPENSID = (
    "alamat,dusun,rw,rt,nama,no_kk,nik,sex,tempatlahir,tanggallahir,agama_id,pekerjaan_id,status_kawin,kk_level,nama_ayah,"
    "nama_ibu"
)


def people(count: int, seed: int = 5) -> list[Person]:
    return village_people(random.Random(seed), HOME, count)


def siak_row(person: Person, **cells: str) -> str:
    """One line under SIAK; `cells` by header say something else."""
    values = {
        "Nomor KK": person.kk,
        "NIK": person.nik,
        "Nama Penduduk": person.name,
        "Tempat Lahir": "BANYUWANGI",
        "Tanggal Lahir": person.birth_date.strftime("%d-%m-%Y"),
        "Kelamin": "LAKI-LAKI" if person.sex.value == "L" else "PEREMPUAN",
        "Ibu": person.mother_name,
        "Status Kawin": "KAWIN",
        "SHDK": "KEPALA KELUARGA",
        "Agama": "ISLAM",
        "Kecamatan": HOME.district.name.upper(),
        "Desa/Kel": HOME.name.upper(),
        "Alamat": person.address,
        "RW": person.rw,
        "RT": person.rt,
        "Pekerjaan": "PETANI/PEKEBUN",
    } | cells
    return ";".join(values.get(header, "") for header in SIAK.split(";"))


def siak(persons: Sequence[Person], **cells: str) -> bytes:
    return "\r\n".join([SIAK, *(siak_row(person, **cells) for person in persons), ""]).encode()


def opensid(persons: Sequence[Person]) -> bytes:
    rows = [
        f"{p.address},KRAJAN,{p.rw},{p.rt},{p.name},{p.kk},{p.nik},{1 if p.sex.value == 'L' else 2},BANYUWANGI,"
        f"{p.birth_date.isoformat()},1,9,2,4,,{p.mother_name}"
        for p in persons
    ]
    return "\n".join([OPENSID, *rows]).encode()
