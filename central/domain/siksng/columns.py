"""Which column of a list means what: headers by synonyms, none guessed, none twice.

What it must never do: choose between two columns of one meaning, or go on without one that the check for overlap needs.
Place in the flow: `reading.py` asks once a file, before the first row.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from protocol.lists.cells import shorten
from protocol.lists.tables import FileProblem, Header, ListRefused, plain_header

SCHEME_COLUMNS: Mapping[str, str] = {"PKH": "PKH", "BPNT": "BPNT", "BST": "BST", "PBI": "PBI-JKN"}
"""Programme column to scheme. Only where both surely mean the same: the ministry's BLT, for one, is not BLT-DD."""

_SYNONYMS = {
    "nik": "nik noktp nikktp nomornik nonik nomorktp nomorindukkependudukan nikpenerima nikpengurus",
    "kk": "nokk kk nomorkk nomorkartukeluarga nokartukeluarga nkk nokel",
    "name": "nama namalengkap namapenerima namakpm namapengurus namaart namapenduduk namakepalakeluarga",
    "village_code": "iddesa kodedesa idkel kodekel iddesakelurahan kddesa",
    "village": "desakelurahan desakel desa kelurahan kelurahandesa namadesa namakelurahan nmkel nmdesa",
    "district": "kecamatan namakecamatan nmkec kec",
    "deceased": "keteranganmeninggal meninggal ismeninggal statusmeninggal",
    "inactive": "isnonaktif nonaktif statusnonaktif",
    "period": "periode bulan masabantuan",
}
_FIELDS = {name: field for field, names in _SYNONYMS.items() for name in names.split()}
_REQUIRED = {"nik": "NIK", "kk": "NOKK", "name": "Nama"}
# Programmes of the ministry that the catalogue does not know as schemes; a row that has only these says so.
_OTHER_PROGRAMMES = frozenset(
    "blt bltbbm bnptppkm bpntppkm atensi pena permakanan rutilahu sembakoadaptif yapi firstsk".split()
)


class Columns(Struct, frozen=True):
    """Where each field stands in a row."""

    names: list[str]
    fields: dict[str, int]
    flags: dict[str, int]
    periods: dict[str, int]
    others: dict[str, int]
    ignored: tuple[str, ...]

    def cell(self, cells: Sequence[str], field: str) -> str:
        at = self.fields.get(field)
        return "" if at is None else cells[at]

    def title(self, field: str) -> str:
        at = self.fields.get(field)
        return "" if at is None else self.names[at]


def scheme_names(schemes: Mapping[str, str]) -> dict[str, str]:
    return {plain_header(column): scheme for column, scheme in schemes.items()}


def map_columns(header: Header, schemes: Mapping[str, str]) -> Columns | ListRefused:
    """Each header cell to what it means; two cells of one meaning are refused, as nobody knows which one counts."""
    flags = scheme_names(schemes)
    periods = {prefix + name + suffix: scheme for name, scheme in flags.items() for prefix, suffix in _PERIOD_WORDS}
    columns = Columns(header.cells, {}, {}, {}, {}, ())
    ignored = []
    for at, cell in enumerate(header.cells):
        name = plain_header(cell)
        for meanings, found in ((_FIELDS, columns.fields), (flags, columns.flags), (periods, columns.periods)):
            if name not in meanings:
                continue
            if meanings[name] in found:
                earlier = header.cells[found[meanings[name]]]
                return ListRefused(
                    FileProblem.COLUMN_TWICE,
                    f"Kolom “{shorten(earlier)}” dan “{shorten(cell)}” berisi hal yang sama. Hapus salah satunya.",
                )
            found[meanings[name]] = at
            break
        else:
            if name in _OTHER_PROGRAMMES:
                columns.others[cell] = at
            if name and name not in _PASSED_OVER:
                ignored.append(shorten(cell))
    return _require(
        Columns(*(columns.names, columns.fields, columns.flags, columns.periods, columns.others), tuple(ignored))
    )


_PERIOD_WORDS = (("periode", ""), ("", "periode"), ("bulan", ""), ("tahap", ""))
_PASSED_OVER = frozenset({"no", "idkec", "idsemesta", "alamat", "rt", "rw"})


def _require(columns: Columns) -> Columns | ListRefused:
    missing = [title for field, title in _REQUIRED.items() if field not in columns.fields]
    if not columns.flags:
        missing.append("program (misalnya PKH atau BPNT)")
    if not missing:
        return columns
    return ListRefused(
        FileProblem.COLUMN_MISSING,
        f"Kolom {', '.join(missing)} tidak ditemukan. Periksa baris judul; nama kolom harus seperti pada unduhan SIKS-NG.",
    )


def is_known_header(cell: str, schemes: Mapping[str, str]) -> bool:
    name = plain_header(cell)
    return name in _FIELDS or name in schemes
