"""A person's report in words, for paper and for the page: headings and labels in Indonesian, times in WIB. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from central.domain.decisions import date_text
from central.domain.explanations import OUTCOMES

_OUTCOMES = OUTCOMES | {"granted": "dikabulkan", "refused": "tidak dikabulkan", "settled": "tidak perlu diputus"}
_WIB_MS = 7 * 3_600_000

SECTIONS = {
    "proposals": "Usulan bantuan",
    "explanations": "Mengapa diputuskan begitu",
    "answers": "Semua jawaban yang pernah disampaikan ke desa",
    "coverages": "Kepesertaan atas nama sendiri, dari daftar yang diimpor",
    "household_coverages": "Kepesertaan keluarga (nomor KK yang sama)",
    "identity_verdicts": "Penilaian petugas: satu orang atau dua",
    "objections": "Sanggahan",
    "records": "Catatan desa yang memuat NIK ini, dan yang menyertainya",
    "list_rows": "Baris daftar yang memuat NIK ini, seperti aslinya",
    "dossier_steps": "Langkah instansi atas berkas",
    "audit_trail": "Tindakan petugas atas catatan ini",
    "access_log": "Siapa yang melihat data ini, dan mengapa",
}
"""In the order in which they are read; the keys are those of the report (`central/subject`)."""
ACTIONS = {
    "login": "masuk",
    "view_decision": "membuka keputusan",
    "view_dossier": "membuka berkas",
    "view_attachment": "membuka foto dokumen",
    "view_report": "membuka laporan warga",
    "view_roster_row": "membuka satu baris daftar penerima",
    "view_validations": "membuka daftar validasi",
    "view_minutes": "membuka berita acara",
    "print_minutes": "mencetak berita acara",
    "export_payment_list": "mengambil daftar pembayaran",
    "view_status": "membaca hasil dengan kode dan PIN",
    "list_objections": "membuka daftar sanggahan",
    "subject_report": "mencari data satu warga",
    "why": "menanyakan alasan keputusan",
    "access_log": "mencari siapa yang melihat",
    "objection_granted": "mengabulkan sanggahan",
    "objection_refused": "menolak sanggahan",
    "objection_settled": "menutup sanggahan",
    "identity_same": "menilai: orang yang sama",
    "identity_different": "menilai: bukan orang yang sama",
    "identity_overlap_allowed": "menilai: orang yang sama, boleh rangkap",
}
"""What a line of the log of looks or of the trail says was done."""
LABELS = {
    "access_log": "catatan akses",
    "action": "tindakan",
    "actor": "oleh",
    "agency": "instansi",
    "anchor_ms": "pasti ditulis sesudah",
    "as_of": "data per",
    "birth_date": "tanggal lahir",
    "claimed_ms": "waktu menurut server desa",
    "code": "kode alasan",
    "component": "komponen",
    "cycle": "periode",
    "decided_by": "diputuskan oleh",
    "decided_ms": "diputuskan",
    "dossier": "berkas",
    "ended": "diputuskan berakhir",
    "epoch": "bagian catatan",
    "evidence": "bukti yang dibawa",
    "facts_hash": "sidik fakta",
    "family_cards": "nomor KK",
    "fate": "hasil",
    "feed_item": "nomor kabar",
    "file": "berkas daftar",
    "follows_from_the_facts": "sesuai fakta sekarang",
    "grounds": "alasan warga",
    "identity": "penilaian",
    "imported_by": "diimpor oleh",
    "imported_ms": "diimpor",
    "is_withdrawn": "ditarik",
    "kind": "jenis",
    "kk": "nomor KK",
    "line": "isi baris",
    "month_from": "bulan pertama",
    "month_until": "bulan terakhir",
    "mother": "nama ibu",
    "name": "nama",
    "names": "nama",
    "nik": "NIK",
    "note": "keterangan",
    "objection": "sanggahan",
    "order_is_certain": "urutan pasti",
    "outcome": "hasil",
    "permission": "izin",
    "proposal": "usulan",
    "at_ms": "waktu",
    "reason": "alasan",
    "received_ms": "diterima kabupaten",
    "record": "catatan",
    "reference": "rujukan",
    "row": "baris",
    "rule": "aturan",
    "said": "isi",
    "scheme": "program",
    "sentence": "kalimat",
    "seq": "urutan",
    "sex": "jenis kelamin",
    "state": "keadaan",
    "subject": "tentang",
    "taken_by": "dicatat oleh",
    "title": "judul",
    "until": "sampai bulan",
    "village": "desa/kelurahan",
    "why": "alasan melihat",
    "words": "penjelasan",
}


def as_text(report: Mapping[str, Any]) -> str:
    """The whole report, to be read or printed; an empty section says so."""
    person = report["person"]
    lines = [f"Laporan data pribadi: NIK {person['nik']}", ""]
    lines += [f"{LABELS[name]}: {', '.join(person[name]) or '-'}" for name in ("names", "family_cards")]
    for key, title in SECTIONS.items():
        rows = report[key]
        lines += ["", f"{title} ({len(rows)})", "-" * len(title)]
        for row in rows:
            lines += [f"  {label}: {value}" for label, value in shown(row)]
            lines.append("")
        if not rows:
            lines.append("  tidak ada")
    return "\n".join(lines).rstrip() + "\n"


def shown(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, value) of whatever a row says; what is empty is left out."""
    return [
        (LABELS.get(name, name.replace("_", " ")), _value(name, value))
        for name, value in row.items()
        if value not in ("", None, [], {}) and not (name.endswith("_ms") and value == 0)
    ]


def _value(name: str, value: Any) -> str:
    if name.endswith("_ms"):
        return moment_text(value)
    if name == "outcome":
        return str(_OUTCOMES.get(value, value))
    if name == "action":
        return ACTIONS.get(str(value), str(value))
    if isinstance(value, bool) or name == "is_withdrawn":
        return "ya" if value else "tidak"
    if isinstance(value, Mapping):
        return "; ".join(f"{label} {words}" for label, words in shown(value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ("\n    " if name == "words" else ", ").join(_value("", each) for each in value)
    return str(value)


def moment_text(ms: int) -> str:
    """`17 Mei 2021 14.05` in WIB; a clock outside the calendar as it stands."""
    try:
        minutes = (ms + _WIB_MS) // 60_000 % 1_440
        return f"{date_text(ms)} {minutes // 60:02d}.{minutes % 60:02d}"
    except (ValueError, OverflowError):
        return f"{ms} ms (jam server desa salah)"
