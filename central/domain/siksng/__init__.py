"""Reads a recipients' list in SIKS-NG/DTKS shape: bytes in, coverages and one fate for every row out.

What it is for: a ministry's list becomes coverage that the overlap check can trust, and the officer sees what happened to
each row and why.
What it must never do: guess (a number that a spreadsheet has destroyed, a period it does not understand), lose a row
without a word, or stop at a bad one; nor put a whole NIK or name into a report.
Place in the flow: `central/imports` reads and stores the file; this turns it into values; `decide` reads the coverages.

Columns (the order is free, others are passed over): id_kec, id_desa, kecamatan, desa_kelurahan, idsemesta, NIK, NOKK, Nama,
Alamat, one column a programme (YA/TIDAK, 1/0, true/false, empty), periode_<programme>, keterangan_meninggal, is_nonaktif.
"""

from central.domain.siksng.columns import SCHEME_COLUMNS
from central.domain.siksng.reading import read_siksng
from central.domain.siksng.rows import CoverageRow, Fate, Remark, RemarkCode, RowReport, SiksngList

__all__ = ["SCHEME_COLUMNS", "CoverageRow", "Fate", "Remark", "RemarkCode", "RowReport", "SiksngList", "read_siksng"]
