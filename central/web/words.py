"""What officers read for a state, an outcome, a reason of ours. Pure."""

from dataclasses import dataclass
from datetime import tzinfo

from central.domain.dossiers import State
from central.domain.identities import Identity
from central.domain.objections import Way
from central.domain.reports import Answer, For
from central.domain.rosters import Fate
from central.store.overview import VillageState
from central.store.reports import ReportLine
from chassis.web.formats import NO_CALENDAR, waktu
from protocol.regions import Village

ONLINE_MS = 3 * 60_000
"""A box at rest asks every 50 seconds; three missed polls and it counts as silent."""
LATE_MS = 24 * 3_600_000
SKEW_SECONDS = 30
"""A clock that is less wrong than this needs nobody's attention."""

OUTCOMES = {
    "accepted": ("Disetujui", "good"),
    "rejected": ("Ditolak", "bad"),
    "needs_review": ("Perlu diperiksa", "wait"),
    "withdrawn": ("Ditarik", "plain"),
}
REASONS = {
    "covered_by_scheme": "sudah menerima bantuan lain",
    "covered_household": "keluarganya sudah menerima bantuan lain",
    "proposed_elsewhere": "sudah diusulkan di tempat lain",
    "already_on_roster": "sudah ada pada daftar penerima",
    "criteria_not_met": "syarat belum terpenuhi",
    "under_age": "umur belum memenuhi syarat",
    "occupation_excluded": "pekerjaan tidak memenuhi syarat",
    "not_for_ward": "bukan untuk warga kelurahan",
    "not_resident": "tidak berdomisili di Banyuwangi",
    "not_validated": "belum divalidasi",
    "validator_refused": "tidak disetujui pemeriksa",
    "window_closed": "masa usulan sudah ditutup",
    "received_late": "diterima setelah masa usulan",
    "quota_full": "kuota penuh",
    "deceased": "tercatat meninggal dunia",
    "moved_out": "tercatat pindah",
    "nik_invalid": "NIK belum benar",
    "name_mismatch": "nama belum cocok dengan NIK",
    "identity_conflict": "satu NIK untuk dua orang",
    "possible_duplicate": "mungkin orang yang sama",
    "cycle_unknown": "periode belum dikenal",
}
"""The reason in a few words, for lists; the whole sentence stands in the decision. One for every code (a test counts)."""
DOSSIER_STATES = {
    State.SENT: ("Menunggu diterima", "wait"),
    State.RECEIVED: ("Diterima", "wait"),
    State.PROCESSING: ("Diproses", "wait"),
    State.DONE: ("Selesai", "good"),
    State.RETURNED: ("Dikembalikan", "bad"),
}
DOSSIER_STEPS = {
    State.RECEIVED: "Terima",
    State.PROCESSING: "Mulai proses",
    State.DONE: "Selesai",
    State.RETURNED: "Kembalikan ke desa",
}
"""What the button says that leads there."""
COUNTERSIGN = ("Diketahui camat", "Diketahui (tanda tangani)")
"""The camat's "done": the state, and the button that leads there."""
IDENTITIES = {
    Identity.SAME: "Orang yang sama",
    Identity.DIFFERENT: "Bukan orang yang sama",
    Identity.OVERLAP_ALLOWED: "Orang yang sama, boleh rangkap sampai tanggal",
}
LOOKS = {
    Answer.COVERED: ("Sudah tercakup", "bad"),
    Answer.UNCOVERED: ("Belum tercakup", "good"),
    Answer.UNKNOWN: ("Belum diketahui", "wait"),
}
"""What the centre found when a report came in; no reporter reads it."""
REPORTED_FOR = {For.SELF: "diri sendiri atau keluarga serumah", For.NEIGHBOUR: "tetangga atau orang lain"}
REPORT_FILTERS = {
    "": "Semua",
    "waiting": "Menunggu kunjungan desa",
    "verified": "Sudah dikunjungi",
    "covered": "Sudah tercakup",
    "repeated": "Berulang",
}
FINDINGS = {
    "worthy": ("Layak", "good"),
    "unworthy": ("Tidak layak", "bad"),
    "not_found": ("Tidak ditemukan", "plain"),
    "moved": ("Sudah pindah", "plain"),
    "deceased": ("Meninggal dunia", "plain"),
}
ANSWERS = {"same": "orang yang sama", "different": "bukan orang yang sama", "unknown": "tidak tahu"}
HOW = {"papers": "KTP atau KK dilihat", "visit": "didatangi", "known": "dikenal petugas"}
"""How the village knows what it answered."""
OBJECTIONS = {
    "open": ("Menunggu putusan", "wait"),
    "granted": ("Dikabulkan", "good"),
    "refused": ("Ditolak", "bad"),
    "settled": ("Tidak perlu diputus", "plain"),
}
WAYS = {
    Way.ENDED: "Dikabulkan: kepesertaan itu sudah berakhir",
    Way.ASIDE: "Dikabulkan: bukti itu tidak berlaku untuk usulan ini",
    Way.REFUSE: "Ditolak: jawaban tetap",
    Way.SETTLE: "Tidak perlu diputus: jawaban yang disanggah sudah tidak berlaku",
}
EVIDENCE = {"coverage": "daftar penerima", "proposal": "usulan lain", "cycle": "masa usulan", "nik": "NIK"}
CHECKS = {"clear": "tidak ditemukan", "overlap": "kemungkinan tumpang tindih", "unknown": "belum diketahui"}
"""What the village's own check said when it proposed; it decided nothing."""
FATES = {"kept": "Dipakai", "merged": "Digabung", "rejected": "Ditolak", "held": "Ditahan", "dropped": "Dilewati"}
IMPORT_STATES = {
    "draft": ("Belum diperiksa", "wait"),
    "checked": ("Sudah diperiksa, belum diimpor", "wait"),
    "done": ("Diimpor", "good"),
    "undone": ("Dibatalkan", "plain"),
}
ROSTER_REASONS = {
    "withdrawn": "ditarik pengusul",
    "taken_off": "dikeluarkan petugas kabupaten",
    "disagreement": "validasi desa dan LPTQ berbeda",
    "objection_open": "sanggahannya belum dijawab",
}
"""Why a row of a roster has its fate, beside the reasons of decisions."""
BODIES = {"village": "Desa/kelurahan", "lptq": "LPTQ kecamatan", "officer": "Petugas kabupaten"}
REPLIES = {
    "agreed": "Sesuai",
    "refused": "Tidak sesuai",
    "deceased": "Meninggal",
    "moved": "Pindah",
    "kept": "Diterima",
    "rejected": "Ditolak",
    "dropped": "Dikeluarkan",
}
RELATIONS = {
    "same": ("Sama", "good"),
    "alike": ("Mirip, ejaan berbeda", "wait"),
    "slip": ("Selisih satu angka, atau dua angka tertukar", "wait"),
    "different": ("Berbeda", "bad"),
    "missing": ("Tidak diisi di salah satu", "plain"),
}
"""How two records relate in one field, and the badge."""
RULINGS = {
    Fate.KEPT: "Terima dalam daftar",
    Fate.REJECTED: "Tolak",
    Fate.DROPPED: "Keluarkan dari daftar",
}
EVIDENCE_FIELDS = {
    "place_of_teaching": "Tempat mengajar",
    "teaching_address": "Alamat mengajar",
    "pupils": "Santri",
    "teaching_since": "Mengajar sejak",
    "organisation": "Organisasi",
    "civil_servant": "ASN",
    "impact": "Dampak",
    "monthly_income_rupiah": "Penghasilan sebulan",
}
"""Answers of proposals that a validator looks at, by the names of their fields."""
LIST_KINDS = {
    "first": "Penetapan",
    "replacement": "Daftar pengganti",
    "follow_up": "Daftar susulan",
    "amendment": "Daftar perbaikan",
}
QUARANTINE = {
    "unknown_kind": "jenis catatan belum dikenal",
    "future_schema": "bentuk catatan lebih baru dari program ini",
    "bad_header": "kepala catatan tidak terbaca",
    "bad_body": "isi catatan tidak terbaca",
}
STATES = {
    "online": ("Terhubung", "good"),
    "silent": ("Tidak terdengar", "wait"),
    "late": ("Diam lebih dari sehari", "bad"),
    "halted": ("Sinkronisasi terhenti", "bad"),
    "clone": ("Server ganda dicurigai", "bad"),
    "revoked": ("Server dicabut", "bad"),
    "absent": ("Belum terdaftar", "plain"),
}
HOUR_MS = 3_600_000
LAGS = {
    "now": ("Paling lama 3 menit", "good", ""),
    "hour": ("Paling lama 1 jam", "wait", "•"),
    "day": ("Paling lama sehari", "wait", "••"),
    "long": ("Lebih dari sehari", "bad", "×"),
    "trouble": ("Perlu ditangani", "bad", "!"),
    "absent": ("Belum terdaftar", "plain", "–"),
}
"""How far behind a village is: in words, by colour, and by the sign in its tile. The first three are of its oldest lag."""
HALTED = {
    "too_old": "Program di server desa terlalu lama bagi kabupaten. Perbarui program di server desa.",
    "too_new": "Program di server desa lebih baru dari kabupaten. Perbarui program kabupaten.",
    "malformed": "Isi kiriman berubah di jalan atau tidak terbaca. Periksa perantara (proxy) di antara desa dan kabupaten.",
    "unsupported": "Kiriman diubah oleh perantara (proxy) di antara desa dan kabupaten. Periksa perantara itu.",
    "bad_signature": "Tanda tangan server desa tidak cocok dengan kuncinya. Daftarkan server itu lagi dengan token baru.",
    "wrong_village": "Server desa membawa catatan desa lain. Pasang kembali folder data yang benar di server desa.",
}
HALTED_OTHER = "Server desa berhenti mengirim demi keamanan data. Lihat halaman Sinkronisasi di server desa itu."
ROADS = {"active": "dipakai", "replaced": "diganti", "revoked": "dicabut"}


@dataclass(frozen=True, slots=True)
class FleetLine:
    """One village on the fleet page. Times in ms since 1970; None: never, or nothing waits."""

    village: Village
    state: str
    last_contact_ms: int | None
    oldest_unacked_ms: int | None
    outbox: int | None
    feed_pending: int
    quarantined: int
    clock_skew_seconds: int
    software: str
    halted: str


def fleet_line(village: Village, found: VillageState | None, now_ms: int) -> FleetLine:
    if found is None:
        return FleetLine(village, "absent", None, None, None, 0, 0, 0, "", "")
    return FleetLine(
        village=village,
        state=state_of(found, now_ms),
        last_contact_ms=found.box.last_contact_ms,
        oldest_unacked_ms=found.health("oldest_unacked_ms") or None,
        outbox=found.health("outbox_ops"),
        feed_pending=found.feed_pending,
        quarantined=found.quarantined,
        clock_skew_seconds=found.box.clock_skew_ms // 1000,
        software=found.box.software,
        halted=HALTED.get(found.halted, HALTED_OTHER) if found.halted else "",
    )


def state_of(found: VillageState, now_ms: int) -> str:
    """The one word an operator needs first."""
    box = found.box
    if box.state != "active":
        return "revoked"
    if box.clone_suspected_ms is not None:
        return "clone"
    silent_ms = now_ms - (box.last_contact_ms or 0)
    if silent_ms > LATE_MS:
        return "late"
    if found.halted:
        return "halted"
    return "silent" if silent_ms > ONLINE_MS else "online"


def report_state(line: ReportLine) -> tuple[str, str]:
    """How far a report is: what the village found, else why it will not go there, else that it waits."""
    if line.finding:
        return FINDINGS.get(line.finding, (line.finding, "plain"))
    if line.answer == Answer.COVERED:
        return LOOKS[Answer.COVERED]
    return ("Laporan berulang", "plain") if line.is_repeat else ("Menunggu kunjungan desa", "wait")


def lag_of(line: FleetLine, now_ms: int) -> str:
    """A key of LAGS: since when it was not heard, or since when its oldest record waits, whichever is longer."""
    if line.state == "absent":
        return "absent"
    if line.state in {"halted", "clone", "revoked"}:
        return "trouble"
    since_ms = min(line.last_contact_ms or 0, line.oldest_unacked_ms or now_ms)
    lag_ms = now_ms - since_ms
    if lag_ms <= ONLINE_MS:
        return "now"
    if lag_ms <= HOUR_MS:
        return "hour"
    return "day" if lag_ms <= LATE_MS else "long"


def skew(seconds: int) -> str:
    """`-` where the clock is right enough, else by how much it runs ahead or behind."""
    if abs(seconds) < SKEW_SECONDS:
        return "-"
    size = abs(seconds)
    words = f"{size} detik" if size < 120 else f"{size // 60} menit" if size < 7_200 else f"{size // 3_600} jam"
    return ("maju " if seconds > 0 else "mundur ") + words


def claimed(ms: int, zone: tzinfo) -> str:
    """A time by a box's clock, which may stand in any year, also in one that no calendar has."""
    words = waktu(ms, zone)
    return "tidak masuk akal: jam server desa salah" if words == NO_CALENDAR else words


def plain_answer(answer: str) -> str:
    """A letter's answer as it travels, to be read: members of a household stand one a line, their parts between tabs."""
    return "; ".join(", ".join(filter(None, line.split("\t"))) for line in answer.split("\n"))
