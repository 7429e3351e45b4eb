"""Which column of a roster means what, and what the codes in it stand for.

Headers as SIAK and OpenSID write them, by synonyms; none guessed, none twice. OpenSID writes a number where the family
card has a word: the numbers count the family card's own lists, in its order.
"""

from collections.abc import Mapping, Sequence

from agent.domain.residents import LABELS, RELATIONS, RELIGIONS
from language import say
from protocol.lists.cells import shorten
from protocol.lists.tables import FileProblem, Header, ListRefused, plain_header

_SYNONYMS = {
    "nik": "nik nonik nomornik noktp nomorktp nomorindukkependudukan",
    "kk": "nokk kk nomorkk nokartukeluarga nomorkartukeluarga nkk",
    "name": "nama namapenduduk namalengkap namalgkp",
    "birth_place": "tempatlahir tmplahir tmptlahir tmplhr tmptlhr",
    "birth_date": "tanggallahir tgllahir tgllhr",
    "sex": "sex kelamin jeniskelamin jnskelamin jenkel jk lp",
    "mother": "ibu namaibu namaibukandung namalgkpibu",
    "father": "ayah namaayah namaayahkandung namalgkpayah bapak namabapak",
    "religion": "agama agamaid",
    "marital_status": "statuskawin statuskawinid statusperkawinan stskawin statkwn",
    "occupation": "pekerjaan pekerjaanid jenispekerjaan",
    "relation": "shdk kklevel hubungankeluarga hubungandalamkeluarga statushubungandalamkeluarga stathbkel",
    "address": "alamat alamatsekarang",
    "hamlet": "dusun namadusun lingkungan",
    "rt": "rt nort",
    "rw": "rw norw",
    "status": "status statuspenduduk statusdasar statusdasarid keterangan",
    "village": "desakel desakelurahan kelurahandesa desa kelurahan namadesa namakelurahan namakel",
    "district": "kecamatan namakecamatan namakec kec",
}
_FIELDS = {name: field for field, names in _SYNONYMS.items() for name in names.split()}
_REQUIRED = ("nik", "name", "birth_date", "sex")
_PASSED_OVER = frozenset({"no", "nourut", "nikayah", "nikibu", "pendidikan"})

CODES: Mapping[str, Mapping[str, str]] = {
    "sex": {"1": "L", "2": "P"},
    "religion": {str(code): word for code, word in enumerate(RELIGIONS, 1)},
    "marital_status": {"1": "BELUM KAWIN", "2": "KAWIN", "3": "CERAI HIDUP", "4": "CERAI MATI"},
    "relation": {str(code): word for code, word in enumerate(RELATIONS, 1)},
}


def is_known_header(cell: str) -> bool:
    return plain_header(cell) in _FIELDS


def map_columns(header: Header) -> tuple[dict[str, int], tuple[str, ...]] | ListRefused:
    """Field to its place in a row, and the columns that mean nothing here. Two columns of one meaning are refused."""
    fields: dict[str, int] = {}
    ignored = []
    for at, cell in enumerate(header.cells):
        field = _FIELDS.get(plain_header(cell))
        if field is None:
            if plain_header(cell) not in {"", *_PASSED_OVER}:
                ignored.append(shorten(cell))
        elif field in fields:
            earlier = shorten(header.cells[fields[field]])
            return ListRefused(
                FileProblem.COLUMN_TWICE,
                say(
                    "Kolom “{earlier}” dan “{cell}” berisi hal yang sama. Hapus salah satunya.",
                    earlier=earlier,
                    cell=shorten(cell),
                ),
            )
        else:
            fields[field] = at
    return _require(fields) or (fields, tuple(ignored))


def _require(fields: Mapping[str, int]) -> ListRefused | None:
    missing = [LABELS[field] for field in _REQUIRED if field not in fields]
    if not missing:
        return None
    return ListRefused(
        FileProblem.COLUMN_MISSING,
        say(
            "Kolom {missing} tidak ditemukan. Periksa baris judul; nama kolom harus seperti pada unduhan "
            "SIAK atau OpenSID.",
            missing=", ".join(missing),
        ),
    )


def cell_of(cells: Sequence[str], fields: Mapping[str, int], field: str) -> str:
    at = fields.get(field)
    return "" if at is None else cells[at]
