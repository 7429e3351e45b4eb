"""What a column can mean, and which meaning its title suggests: by synonyms, none guessed, none twice.

What it must never do: choose between two columns of one meaning.
Place in the flow: `plans.guess` asks once a file; the mapping page offers `MEANINGS`.
"""

from collections.abc import Mapping, Sequence

from protocol.lists.tables import plain_header

SCHEME_COLUMNS: Mapping[str, str] = {
    "PKH": "PKH",
    "BPNT": "BPNT",
    "BST": "BST",
    "PBI": "PBI-JKN",
    "PBI JKN": "PBI-JKN",
    "BLT DD": "BLT-DD",
    "BPUM": "BPUM",
    "Prakerja": "PRAKERJA",
}
"""Programme column to scheme. Only where both surely mean the same: the ministry's BLT, for one, is not BLT-DD."""

HAS, PERIOD_OF = "has:", "period:"
"""Meanings with a scheme: `has:PKH` is YA or TIDAK, `period:PKH` its months."""

MEANINGS: Mapping[str, str] = {
    "nik": "NIK",
    "kk": "Nomor KK",
    "name": "Nama",
    "birth_date": "Tanggal lahir",
    "sex": "Jenis kelamin",
    "mother": "Nama ibu kandung",
    "village_code": "Kode desa/kelurahan",
    "village": "Nama desa/kelurahan",
    "district": "Nama kecamatan",
    "rt": "RT",
    "rw": "RW",
    "rt_rw": "RT/RW dalam satu kolom",
    "scheme": "Program bantuan",
    "component": "Komponen",
    "period": "Periode atau bulan",
    "amount": "Nilai bantuan (rupiah)",
    "deceased": "Keterangan meninggal",
    "inactive": "Keterangan nonaktif",
    "moved": "Keterangan pindah",
    "place_of_teaching": "Tempat mengajar",
    "teaching_address": "Alamat tempat mengajar",
    "pupils": "Jumlah santri",
    "teaching_since": "Mengajar sejak (bulan)",
    "organisation": "Organisasi pengusul",
    "civil_servant": "ASN (YA/TIDAK)",
    "phone": "Nomor telepon",
    "bank": "Bank",
    "account_number": "Nomor rekening",
    "account_name": "Nama pemilik rekening",
}

ANSWERS: Mapping[str, str] = {
    "place_of_teaching": "text",
    "teaching_address": "text",
    "pupils": "whole number",
    "teaching_since": "month",
    "organisation": "text",
    "civil_servant": "yes or no",
    "phone": "phone",
    "bank": "text",
    "account_number": "text",
    "account_name": "text",
}
"""Meanings that answer a question of a scheme's proposal form, by the question's kind: a list of proposals answers them as
a village's form does."""

_SYNONYMS = {
    "nik": "nik noktp nikktp nomornik nonik nomorktp nomorindukkependudukan nikpenerima nikpengurus nikkpm nikkepalakeluarga",
    "kk": "nokk kk nomorkk nomorkartukeluarga nokartukeluarga nkk nokel nomorkeluarga",
    "name": "nama namalengkap namapenerima namakpm namapengurus namaart namapenduduk namakepalakeluarga namalgkp namaguru"
    " namagurungaji namaustadz namaustadzah namapenerimamanfaat namalengkapgelar namalengkapdengangelar namacalonpenerima",
    "birth_date": "tanggallahir tgllahir tgllhr tanggallhr ttl tempattanggallahir tempattgllahir tmptgllahir",
    "sex": "sex kelamin jeniskelamin jnskelamin jenkel jk lp",
    "mother": "ibu namaibu namaibukandung ibukandung namagadisibukandung namagadisibu namalgkpibu",
    "village_code": "iddesa kodedesa idkel kodekel iddesakelurahan kddesa kodewilayah",
    "village": "desakelurahan desakel desa kelurahan kelurahandesa keldesa namadesa namakelurahan nmkel nmdesa namakel",
    "district": "kecamatan namakecamatan nmkec kec namakec",
    "rt": "rt nort",
    "rw": "rw norw",
    "rt_rw": "rtrw",
    "scheme": "bansos program namaprogram jenisbansos jenisbantuan bantuan namabantuan",
    "component": "komponen",
    "period": "periode bulan masabantuan tahap bulanbayar bulanpembayaran",
    "amount": "nominal jumlahbantuan besaran besaranbantuan besarbantuan nilai nilaibantuan jumlahuang jumlahdana insentif"
    " jumlahinsentif nominalbantuan jumlahrp nominalrp",
    "deceased": "keteranganmeninggal meninggal ismeninggal statusmeninggal",
    "inactive": "isnonaktif nonaktif statusnonaktif",
    "moved": "keteranganpindah pindah ispindah statuspindah",
    "place_of_teaching": "tempatmengajar namatpq tpq namalembaga lembaga",
    "teaching_address": "alamattempatmengajar alamatmengajar alamattpq alamatlembaga",
    "pupils": "jumlahsantri santri jmlsantri jumlahmurid",
    "teaching_since": "mengajarsejak mulaimengajar tmtmengajar",
    "organisation": "organisasi organisasipengusul",
    "civil_servant": "asn pns asnpns statusasn",
    "phone": "telepon nomortelepon notelepon notelp nohp nomorhp hp",
    "bank": "bank namabank",
    "account_number": "norekening nomorrekening norek rekening",
    "account_name": "namapemilikrekening pemilikrekening namarekening atasnama",
}
_FIELDS = {name: field for field, names in _SYNONYMS.items() for name in names.split()}
_FLAGS = {plain_header(column): scheme for column, scheme in SCHEME_COLUMNS.items()}
_PERIODS = {
    prefix + name + suffix: scheme
    for name, scheme in _FLAGS.items()
    for prefix, suffix in (("periode", ""), ("", "periode"), ("bulan", ""), ("tahap", ""))
}

OTHER_PROGRAMMES = frozenset(
    "blt bltbbm bnptppkm bpntppkm atensi pena permakanan rutilahu sembakoadaptif yapi firstsk".split()
)
"""Programmes of the ministry that the catalogue does not know as schemes; a row that has only these says so."""
_PASSED_OVER = frozenset(
    "no nourut nomor nomorurut idkec idsemesta alamat alamatsekarang dusun namadusun lingkungan tempatlahir status nikayah ayah"
    " nikibu statuskawin shdk agama agamaid pendidikan pekerjaan jenispekerjaan kodejp kriteriablt kodekrit metodepembayaran"
    " kodebayar jumlahanggotakeluarga nmprov nmkab provinsi kabupaten".split()
)
"""Columns that are in every list and say nothing here; the others are named to the officer, who may have meant them."""
_MARKS = {"kriteriablt": "BLT-DD", "kodekrit": "BLT-DD"}
"""Columns that only one scheme's lists have."""


def meaning_of(title: str) -> str:
    """The meaning that a title suggests; empty where it suggests none."""
    name = plain_header(title)
    if name in _FLAGS:
        return HAS + _FLAGS[name]
    if name in _PERIODS:
        return PERIOD_OF + _PERIODS[name]
    return _FIELDS.get(name, "")


def is_known_header(title: str) -> bool:
    return bool(meaning_of(title))


def is_other_programme(title: str) -> bool:
    return plain_header(title) in OTHER_PROGRAMMES


def is_passed_over(title: str) -> bool:
    name = plain_header(title)
    return not name or name in _PASSED_OVER


def marked_scheme(titles: Sequence[str]) -> str:
    """The scheme whose lists alone have such columns; empty where there is none."""
    return next((_MARKS[name] for name in map(plain_header, titles) if name in _MARKS), "")


def meaning_label(meaning: str) -> str:
    """A meaning in words, for the officer."""
    if meaning.startswith(HAS):
        return f"Program {meaning.removeprefix(HAS)} (YA/TIDAK)"
    if meaning.startswith(PERIOD_OF):
        return f"Periode {meaning.removeprefix(PERIOD_OF)}"
    return MEANINGS.get(meaning, meaning)
