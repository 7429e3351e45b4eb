"""What people at the counter read for a state, an outcome or a code of ours. Pure."""

from datetime import UTC, datetime

from agent.domain.numbering import WIB, date_wib
from agent.domain.status import Status
from agent.store.aid import ProposalRow
from agent.store.dossiers import DossierRow
from agent.store.oplog import Outbox
from chassis.web import formats
from protocol.feed import Cycle
from protocol.ids import InvalidCode, parse_village_code
from protocol.regions import UnknownRegion, village

OUTCOMES = {
    "accepted": ("Disetujui", "good"),
    "rejected": ("Ditolak", "bad"),
    "needs_review": ("Perlu diperiksa", "wait"),
    "withdrawn": ("Ditarik", "plain"),
}
DOSSIERS = {
    "": ("Semua", "plain"),
    "sent": ("Menunggu diterima", "wait"),
    "received": ("Diterima", "wait"),
    "processing": ("Diproses", "wait"),
    "returned": ("Dikembalikan", "bad"),
    "done": ("Selesai", "good"),
}
"""By the agency's last step; `sent`: none yet."""
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


def clock_time(ms: int, now_ms: int) -> str:
    """`09.12` in WIB; with its date when that is not today's."""
    if date_wib(ms) != date_wib(now_ms):
        return formats.waktu(ms, WIB)
    return f"{datetime.fromtimestamp(ms / 1000, UTC).astimezone(WIB):%H.%M}"


def road_words(status: Status | None, waiting: Outbox, now_ms: int) -> tuple[str, str]:
    """The status bar: one sentence, and the kind of badge that goes with it."""
    queue = (
        f"{formats.angka(waiting.ops)} catatan menunggu dikirim"
        if waiting.ops
        else "semua catatan sudah diterima kabupaten"
    )
    if status is None:
        return f"Server ini belum terdaftar di kabupaten - {queue}; pelayanan tetap berjalan", "wait"
    if status.halted:
        return f"Sinkronisasi terhenti - {queue}; pelayanan tetap berjalan", "bad"
    if status.is_online:
        return f"Terhubung - {queue}", "good"
    since = f" sejak {clock_time(status.since_ms, now_ms)}" if status.since_ms else ""
    return f"Luring{since} - {queue}; pelayanan tetap berjalan", "wait"


def halted_words(reason: str) -> str:
    return HALTED.get(reason, HALTED_OTHER)


def proposal_state(row: ProposalRow) -> tuple[str, str]:
    """How far a proposal has travelled, in the clerk's words."""
    if row.withdrawn_reason is not None:
        return "Ditarik", "plain"
    if row.decision is None:
        return ("Diterima kabupaten", "wait") if row.is_acked else ("Tersimpan di kantor", "plain")
    words, kind = OUTCOMES.get(row.decision.outcome, (row.decision.outcome, "plain"))
    return (f"{words}, menunggu penegasan kabupaten", "wait") if row.is_unconfirmed else (words, kind)


def steps(row: ProposalRow) -> list[tuple[str, bool]]:
    """The way of a proposal, and whether each step is done."""
    return [
        ("Tersimpan di kantor", True),
        ("Diterima kabupaten", row.is_acked or row.decision is not None),
        ("Diputuskan", row.decision is not None),
    ]


def letter_state(is_acked: bool, voided_reason: str | None) -> tuple[str, str]:
    if voided_reason is not None:
        return "Dibatalkan", "bad"
    return ("Diterima kabupaten", "good") if is_acked else ("Tersimpan di kantor", "plain")


def dossier_state(row: DossierRow) -> tuple[str, str]:
    """How far a dossier has travelled."""
    if not row.state:
        return (f"Menunggu diterima {row.agency}", "wait") if row.is_acked else ("Tersimpan di kantor", "plain")
    words, kind = DOSSIERS.get(row.state, (row.state, "plain"))
    whole = (
        f"{words} {row.agency}" if row.state in {"received", "processing", "returned"} else f"{words} di {row.agency}"
    )
    return (f"{whole}, menunggu penegasan kabupaten", "wait") if row.is_unconfirmed else (whole, kind)


def is_open(cycle: Cycle, now_ms: int) -> bool:
    return cycle.opens_ms <= now_ms < cycle.closes_ms


def month_words(month: int) -> str:
    """`Mei 2021` for a month counted 12 * year + month - 1."""
    return f"{formats.MONTHS[month % 12]} {month // 12}"


def cycle_names(known: list[Cycle]) -> dict[str, str]:
    """Cycle code to its name."""
    return {cycle.code: cycle.name for cycle in known}


def cycle_choice(cycle: Cycle) -> str:
    """A cycle as the clerk chooses it: what, for which months, until when."""
    first, last = month_words(cycle.month_from), month_words(cycle.month_until)
    span = first if first == last else f"{first} sampai {last}"
    until = formats.tanggal(date_wib(cycle.closes_ms - 1))
    return f"{cycle.name} - untuk {span} - usulan sampai {until}"


def place(code: str) -> str:
    """The village a fact comes from, in words; empty where it does not say."""
    try:
        return village(parse_village_code(code)).place
    except (InvalidCode, UnknownRegion):
        return ""
