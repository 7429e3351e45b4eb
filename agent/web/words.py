"""What people at the counter read for a state, an outcome or a code of ours. Pure."""

from datetime import UTC, datetime

from agent.domain.numbering import WIB
from agent.domain.status import Status
from agent.store.oplog import Outbox
from protocol.feed import Cycle, Decision

OUTCOMES = {
    "accepted": ("Disetujui", "good"),
    "rejected": ("Ditolak", "bad"),
    "needs_review": ("Perlu diperiksa", "wait"),
    "withdrawn": ("Ditarik", "plain"),
}
HALTED = {
    "duplicate": "Server ini tampak sebagai salinan dari server lain dengan kunci yang sama. Pastikan mana yang asli, matikan"
    " salinannya, lalu minta token pendaftaran baru ke kabupaten.",
    "revoked": "Kabupaten mencabut pendaftaran server ini. Minta token pendaftaran baru ke kabupaten.",
    "unknown_box": "Kabupaten tidak mengenal server ini. Minta token pendaftaran baru ke kabupaten.",
    "too_old": "Program di server ini terlalu lama bagi kabupaten. Hubungi petugas TI untuk memperbarui.",
    "too_new": "Program di server ini lebih baru dari kabupaten. Hubungi petugas TI.",
}
HALTED_OTHER = "Sinkronisasi berhenti demi keamanan data. Hubungi petugas TI kabupaten."
QUARANTINE = {
    "unknown_kind": "jenis catatan belum dikenal kabupaten",
    "future_schema": "bentuk catatan lebih baru dari program kabupaten",
    "bad_header": "kepala catatan tidak terbaca",
    "bad_body": "isi catatan tidak terbaca",
}
NOTICES = {
    "clone_suspected": "Ada server lain yang memakai kunci desa ini. Beri tahu petugas TI kabupaten sekarang juga."
}


def clock_time(ms: int) -> str:
    """`09.12` in WIB."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC).astimezone(WIB):%H.%M}"


def road_words(status: Status | None, waiting: Outbox) -> tuple[str, str]:
    """The status bar: one sentence, and the kind of badge that goes with it."""
    queue = f"{waiting.ops} catatan menunggu dikirim" if waiting.ops else "semua catatan sudah diterima kabupaten"
    if status is None:
        return f"Server ini belum terdaftar di kabupaten - {queue}; pelayanan tetap berjalan", "wait"
    if status.halted:
        return f"Sinkronisasi terhenti - {queue}; pelayanan tetap berjalan", "bad"
    if status.is_online:
        return f"Terhubung - {queue}", "good"
    since = f" sejak {clock_time(status.since_ms)}" if status.since_ms else ""
    return f"Luring{since} - {queue}; pelayanan tetap berjalan", "wait"


def halted_words(reason: str) -> str:
    return HALTED.get(reason, HALTED_OTHER)


def proposal_state(is_acked: bool, decision: Decision | None, is_unconfirmed: bool) -> tuple[str, str]:
    """How far a proposal has travelled, in the clerk's words."""
    if decision is None:
        return ("Diterima kabupaten", "wait") if is_acked else ("Tersimpan di kantor", "plain")
    words, kind = OUTCOMES.get(decision.outcome, (decision.outcome, "plain"))
    return (f"{words}, menunggu penegasan kabupaten", "wait") if is_unconfirmed else (words, kind)


def letter_state(is_acked: bool, voided_reason: str | None) -> tuple[str, str]:
    if voided_reason is not None:
        return "Dibatalkan", "bad"
    return ("Diterima kabupaten", "good") if is_acked else ("Tersimpan di kantor", "plain")


def is_open(cycle: Cycle, now_ms: int) -> bool:
    return cycle.opens_ms <= now_ms < cycle.closes_ms
