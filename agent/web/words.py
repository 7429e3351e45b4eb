"""What people at the counter read for a state, an outcome or a code of ours. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import assert_never

from agent.domain.coverage import Answer, Check, Hit
from agent.domain.events import EventKind
from agent.domain.fields import FieldValue
from agent.domain.numbering import WIB, date_wib
from agent.domain.requests import Move, Route, State, next_move
from agent.domain.status import Status
from agent.store.aid import ProposalRow
from agent.store.attachments import AttachmentRow, Place
from agent.store.deliberations import DeliberationRow
from agent.store.dossiers import DossierRow
from agent.store.oplog import Outbox
from chassis.web import formats
from protocol.feed import Cycle
from protocol.ids import InvalidCode, parse_village_code
from protocol.letter_kinds import Edition, FieldType
from protocol.letter_texts import date_words, rupiah
from protocol.regions import UnknownRegion, village
from protocol.schemes import Unit

OUTCOMES = {
    "accepted": ("Disetujui", "good"),
    "rejected": ("Ditolak", "bad"),
    "needs_review": ("Perlu diperiksa", "wait"),
    "withdrawn": ("Ditarik", "plain"),
}
EVENTS = {
    EventKind.BORN: "Kelahiran",
    EventKind.DIED: "Kematian",
    EventKind.MOVED_OUT: "Pindah keluar",
    EventKind.MOVED_IN: "Pindah datang",
}
EVENT_TITLES = {kind: f"Catat {word.lower()}" for kind, word in EVENTS.items()}
DOSSIERS = {
    "": ("Semua", "plain"),
    "sent": ("Menunggu diterima", "wait"),
    "received": ("Diterima", "wait"),
    "processing": ("Diproses", "wait"),
    "returned": ("Dikembalikan", "bad"),
    "done": ("Selesai", "good"),
}
"""By the agency's last step; `sent`: none yet."""
PICTURES = {
    Place.HERE: ("Tersimpan di kantor", "plain", ""),
    Place.SENT: ("Diterima kabupaten", "good", ""),
    Place.CENTRE_ONLY: (
        "Hanya di kabupaten",
        "wait",
        "Gambarnya tidak ada di server ini karena server ini pernah dipulihkan atau diganti; kabupaten menyimpannya.",
    ),
    Place.ASKED: (
        "Tidak ada di server ini",
        "wait",
        "Server ini pernah dipulihkan atau diganti. Begitu jaringan tersambung, ditanyakan apakah kabupaten menyimpannya.",
    ),
    Place.LOST: (
        "Gambar hilang",
        "bad",
        "Server lama rusak sebelum gambarnya sampai di kabupaten. Bila dokumennya masih ada, foto sekali lagi.",
    ),
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


HOLD_AND_TELL = (
    "Tahan dan beri tahu warga. Ini bukan penolakan: usulan tetap dapat dicatat, dan kabupaten yang memutuskan."
)
NOT_A_YES = "Ini bukan persetujuan dan bukan penolakan: usulan tetap dapat dicatat, dan kabupaten yang memeriksa."


def answer_words(type_: FieldType, answer: FieldValue) -> str:
    """An answer to a letter's question, in one line: people by their names, dates and amounts as a letter words them."""
    match answer:
        case tuple():
            return ", ".join(member.name for member in answer)
        case datetime():
            return f"{date_words(answer)} {answer:%H.%M}"
        case date():
            return date_words(answer)
        case int() if type_ is FieldType.RUPIAH:
            return rupiah(answer)
        case _:
            return str(answer)


def withdrawn_words(edition: Edition) -> str:
    """A kind that the regency withdrew, to a clerk who would write it."""
    return (
        f"{edition.kind.title} tidak diterbitkan lagi sejak {date_words(edition.valid_from)}, menurut kabupaten."
        " Surat yang sudah terbit tetap dapat dicetak."
    )


def text_missing_words(version: int) -> str:
    """A letter whose wording has not come (back) to this server."""
    return (
        f"Naskah versi {version} untuk surat ini belum ada di server ini, sehingga surat belum dapat dicetak."
        " Sambungkan server ke kabupaten, lalu coba lagi."
    )


def edition_words(edition: Edition, today: date) -> str:
    """A wording that came into force or will, in one sentence."""
    is_begun, title = edition.valid_from <= today, edition.kind.title
    if edition.is_retired:
        said = f"{title} {'tidak diterbitkan lagi sejak' if is_begun else 'berhenti diterbitkan mulai'}"
    else:
        said = f"Naskah {title} versi {edition.version} {'berlaku sejak' if is_begun else 'akan berlaku mulai'}"
    return f"{said} {date_words(edition.valid_from)}."


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


WAITING = {
    Move.VERIFY: "Menunggu diperiksa petugas",
    Move.APPROVE: "Menunggu persetujuan sekretaris",
    Move.SIGN: "Menunggu tanda tangan",
    Move.ISSUE: "Siap diterbitkan",
    Move.HAND_OVER: "Terbit, belum diserahkan",
}
STEPS = {
    Move.VERIFY: "Diverifikasi",
    Move.APPROVE: "Disetujui",
    Move.SIGN: "Ditandatangani",
    Move.ISSUE: "Diterbitkan",
    Move.HAND_OVER: "Diserahkan",
    Move.REJECT: "Dikembalikan ke petugas",
    Move.CLOSE: "Ditutup tanpa surat",
}


def request_state(state: State, route: Route) -> tuple[str, str]:
    """What a request waits for, or how it ended."""
    match state:
        case State.RETURNED:
            return "Dikembalikan ke petugas", "bad"
        case State.CLOSED:
            return "Ditutup tanpa surat", "plain"
        case State.HANDED_OVER:
            return "Sudah diserahkan", "good"
    onward = next_move(state, route)
    assert onward is not None, "only the two ends above lead nowhere"
    return WAITING[onward], "good" if onward in (Move.ISSUE, Move.HAND_OVER) else "wait"


def request_source(source: str, queue: int) -> str:
    """Where it was asked for, and the number that is called out."""
    return f"Anjungan, antrean {queue}" if queue else "Anjungan" if source == "kiosk" else "Loket"


def dossier_state(row: DossierRow) -> tuple[str, str]:
    """How far a dossier has travelled."""
    if not row.state:
        return (f"Menunggu diterima {row.agency}", "wait") if row.is_acked else ("Tersimpan di kantor", "plain")
    words, kind = DOSSIERS.get(row.state, (row.state, "plain"))
    if row.countersign is not None:
        whole = f"Diketahui {row.agency}"
    elif row.state in {"received", "processing", "returned"}:
        whole = f"{words} {row.agency}"
    else:
        whole = f"{words} di {row.agency}"
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
    span = span_words(cycle.month_from, cycle.month_until)
    until = formats.tanggal(date_wib(cycle.closes_ms - 1))
    return f"{cycle.name} - untuk {span} - usulan sampai {until}"


def check_words(check: Check, names: Mapping[str, str], today: date) -> tuple[str, str, str]:
    """The three-valued check: what the lamp says, its kind, and the sentence beside it. `names`: of schemes, by code."""
    age = _age_words(check.as_of, today)
    match check.answer:
        case Answer.OVERLAP:
            held = "; ".join(dict.fromkeys(_hit_words(hit, names) for hit in check.hits))
            return "Tahan", "bad", f"Kemungkinan {held}. {age} {HOLD_AND_TELL}"
        case Answer.CLEAR:
            return "Tidak ditemukan", "good", f"Tidak ditemukan dalam daftar bantuan yang tidak boleh rangkap. {age}"
        case Answer.UNKNOWN if check.missing:
            lacking = ", ".join(names.get(code, code) for code in check.missing)
            return "Belum diketahui", "wait", f"Daftar yang belum sampai di kantor ini: {lacking}. {NOT_A_YES}"
        case Answer.UNKNOWN:
            return "Belum diketahui", "wait", f"Daftar bantuan lain belum sampai di kantor ini. {NOT_A_YES}"
        case other:
            assert_never(other)


MADE_CHECKS = {
    "clear": "Tidak ditemukan tumpang tindih",
    "overlap": "Kemungkinan tumpang tindih: warga diberi tahu",
    "unknown": "Belum diketahui",
}


def made_check_words(answer: str, as_of: str) -> str:
    """What the check said when a proposal was written; empty for an answer that this program does not know."""
    words = MADE_CHECKS.get(answer, "")
    return f"{words} (data per {formats.tanggal_iso(as_of)})" if words and as_of else words


def _hit_words(hit: Hit, names: Mapping[str, str]) -> str:
    who = "orang ini" if hit.link is Unit.PERSON else "keluarga ini"
    return f"{who} tercakup {names.get(hit.scheme, hit.scheme)} {span_words(hit.first, hit.until)}"


def _age_words(as_of: str, today: date) -> str:
    """How old the oldest list is that an answer rests on."""
    try:
        day = date.fromisoformat(as_of)
    except ValueError:
        return "Tanggal datanya tidak disebutkan."
    days = (today - day).days
    return f"Data per {formats.tanggal(day)}" + (f", {formats.angka(days)} hari yang lalu." if days > 0 else ".")


def span_words(first: int, until: int) -> str:
    """`Mei 2021`, `Mei 2021 sampai Juli 2021`."""
    return month_words(first) if first == until else f"{month_words(first)} sampai {month_words(until)}"


DELIBERATIONS = {"musdes": "Musyawarah desa", "muskel": "Musyawarah kelurahan"}


def deliberation_choice(row: DeliberationRow) -> str:
    """Minutes as the clerk chooses them."""
    return f"{DELIBERATIONS.get(row.kind, row.kind)} {row.number}, {formats.tanggal_iso(row.held_on)}"


def place(code: str) -> str:
    """The village a fact comes from, in words; empty where it does not say."""
    try:
        return village(parse_village_code(code)).place
    except (InvalidCode, UnknownRegion):
        return ""


def picture_place(row: AttachmentRow) -> tuple[str, str, str]:
    """Badge, its kind, and a sentence where somebody should know more."""
    return PICTURES[row.place]


def photo_name(label: str) -> str:
    """`KTP` and `Foto rumah`, as the tables have them, within a sentence: foto KTP, foto rumah."""
    return "foto " + label.removeprefix("Foto ")
