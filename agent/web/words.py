"""What people at the counter read for a state, an outcome or a code of ours. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import reduce
from typing import assert_never

from agent.domain.coverage import Answer, Check, Hit
from agent.domain.events import EventKind
from agent.domain.events import State as Residence
from agent.domain.fields import FieldValue
from agent.domain.incoming import SERIES_INCOMING
from agent.domain.numbering import SERIES_ALL, WIB, date_wib
from agent.domain.questions import Answer as Answers
from agent.domain.questions import How
from agent.domain.reports import Finding
from agent.domain.requests import Move, Route, State, next_move
from agent.domain.status import Status
from agent.store.aid import ProposalRow
from agent.store.attachments import AttachmentRow, Place
from agent.store.deliberations import DeliberationRow
from agent.store.dossiers import DossierRow
from agent.store.objections import ObjectionRow
from agent.store.oplog import Outbox
from agent.store.questions import QuestionRow
from agent.store.reports import ReportRow
from chassis.web import formats
from language import MONTHS, say
from protocol.feed import Cycle
from protocol.ids import InvalidCode, parse_village_code
from protocol.letter_kinds import Edition, FieldType
from protocol.letter_texts import date_words, rupiah
from protocol.regions import UnknownRegion, village
from protocol.schemes import Unit

OUTCOMES = {
    "accepted": (say("Disetujui"), "good"),
    "rejected": (say("Ditolak"), "bad"),
    "needs_review": (say("Perlu diperiksa"), "wait"),
    "withdrawn": (say("Ditarik"), "plain"),
}
FINDINGS = {
    Finding.WORTHY: (say("Benar, layak dibantu"), "good"),
    Finding.UNWORTHY: (say("Tidak layak"), "bad"),
    Finding.NOT_FOUND: (say("Orangnya tidak ditemukan"), "plain"),
    Finding.MOVED: (say("Sudah pindah"), "plain"),
    Finding.DECEASED: (say("Meninggal dunia"), "plain"),
}
"""What a visit to whom an online report is about found."""
ANSWERS = {
    Answers.SAME: (say("Orang yang sama"), "bad"),
    Answers.DIFFERENT: (say("Bukan orang yang sama"), "good"),
    Answers.UNKNOWN: (say("Tidak tahu"), "wait"),
}
HOW = {
    How.PAPERS: say("KTP atau KK dilihat"),
    How.VISIT: say("Orangnya didatangi"),
    How.KNOWN: say("Dikenal petugas"),
}
"""How this village knows what it answers to a question about identity."""
FIELDS_COMPARED = {
    "name": say("Nama"),
    "birth_date": say("Tanggal lahir"),
    "sex": say("Jenis kelamin"),
    "mother": say("Nama ibu kandung"),
    "kk": say("Nomor KK"),
}
COMPARED = {
    "same": (say("Sama"), "plain"),
    "alike": (say("Mirip"), "wait"),
    "different": (say("Berbeda"), "bad"),
    "missing": (say("Tidak ada di salah satu catatan"), "plain"),
}
SEXES = {"L": say("Laki-laki"), "P": say("Perempuan")}
REPORTED_FOR = {"self": say("Diri sendiri atau keluarga serumah"), "neighbour": say("Tetangga atau orang lain")}
SERIES = {SERIES_ALL: say("semua surat"), SERIES_INCOMING: say("surat masuk")}
OBJECTIONS = {
    "granted": (say("Dikabulkan"), "good"),
    "refused": (say("Tidak dikabulkan"), "bad"),
    "settled": (say("Tidak perlu diputus"), "plain"),
}
EVENTS = {
    EventKind.BORN: say("Kelahiran"),
    EventKind.DIED: say("Kematian"),
    EventKind.MOVED_OUT: say("Pindah keluar"),
    EventKind.MOVED_IN: say("Pindah datang"),
}
EVENT_TITLES = {
    EventKind.BORN: say("Catat kelahiran"),
    EventKind.DIED: say("Catat kematian"),
    EventKind.MOVED_OUT: say("Catat pindah keluar"),
    EventKind.MOVED_IN: say("Catat pindah datang"),
}
DOSSIERS = {
    "": (say("Semua"), "plain"),
    "sent": (say("Menunggu diterima"), "wait"),
    "received": (say("Diterima"), "wait"),
    "processing": (say("Diproses"), "wait"),
    "returned": (say("Dikembalikan"), "bad"),
    "done": (say("Selesai"), "good"),
}
"""By the agency's last step; `sent`: none yet."""
PICTURES = {
    Place.HERE: (say("Tersimpan di kantor"), "plain", ""),
    Place.SENT: (say("Diterima kabupaten"), "good", ""),
    Place.CENTRE_ONLY: (
        say("Hanya di kabupaten"),
        "wait",
        say(
            "Gambarnya tidak ada di server ini karena server ini pernah dipulihkan atau diganti; kabupaten menyimpannya."
        ),
    ),
    Place.ASKED: (
        say("Tidak ada di server ini"),
        "wait",
        say(
            "Server ini pernah dipulihkan atau diganti. Begitu jaringan tersambung, ditanyakan apakah kabupaten menyimpannya."
        ),
    ),
    Place.LOST: (
        say("Gambar hilang"),
        "bad",
        say("Server lama rusak sebelum gambarnya sampai di kabupaten. Bila dokumennya masih ada, foto sekali lagi."),
    ),
}
HALTED = {
    "duplicate": say(
        "Server ini tampak sebagai salinan dari server lain dengan kunci yang sama. Pastikan mana yang asli, matikan"
        " salinannya, lalu minta token pendaftaran baru ke kabupaten."
    ),
    "revoked": say("Kabupaten mencabut pendaftaran server ini. Minta token pendaftaran baru ke kabupaten."),
    "unknown_box": say("Kabupaten tidak mengenal server ini. Minta token pendaftaran baru ke kabupaten."),
    "too_old": say("Program di server ini terlalu lama bagi kabupaten. Hubungi petugas TI untuk memperbarui."),
    "too_new": say("Program di server ini lebih baru dari kabupaten. Hubungi petugas TI."),
}
HALTED_OTHER = say("Sinkronisasi berhenti demi keamanan data. Hubungi petugas TI kabupaten.")
QUARANTINE = {
    "unknown_kind": say("jenis catatan belum dikenal kabupaten"),
    "future_schema": say("bentuk catatan lebih baru dari program kabupaten"),
    "bad_header": say("kepala catatan tidak terbaca"),
    "bad_body": say("isi catatan tidak terbaca"),
}
NOTICES = {
    "clone_suspected": say("Ada server lain yang memakai kunci desa ini. Beri tahu petugas TI kabupaten sekarang juga.")
}


HOLD_AND_TELL = say(
    "Tahan dan beri tahu warga. Ini bukan penolakan: usulan tetap dapat dicatat, dan kabupaten yang memutuskan."
)
NOT_A_YES = say("Ini bukan persetujuan dan bukan penolakan: usulan tetap dapat dicatat, dan kabupaten yang memeriksa.")


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
        case str() if type_ is FieldType.CHOICE:
            return say(answer)
        case _:
            return str(answer)


def withdrawn_words(edition: Edition) -> str:
    """A kind that the regency withdrew, to a clerk who would write it."""
    return say(
        "{title} tidak diterbitkan lagi sejak {day}, menurut kabupaten. Surat yang sudah terbit tetap dapat dicetak.",
        title=say(edition.kind.title),
        day=formats.tanggal(edition.valid_from),
    )


def text_missing_words(version: int) -> str:
    """A letter whose wording has not come (back) to this server."""
    return say(
        "Naskah versi {version} untuk surat ini belum ada di server ini, sehingga surat belum dapat dicetak."
        " Sambungkan server ke kabupaten, lalu coba lagi.",
        version=version,
    )


def edition_words(edition: Edition, today: date) -> str:
    """A wording that came into force or will, in one sentence."""
    is_begun, title, day = edition.valid_from <= today, say(edition.kind.title), formats.tanggal(edition.valid_from)
    if edition.is_retired:
        return (
            say("{title} tidak diterbitkan lagi sejak {day}.", title=title, day=day)
            if is_begun
            else say("{title} berhenti diterbitkan mulai {day}.", title=title, day=day)
        )
    return (
        say("Naskah {title} versi {version} berlaku sejak {day}.", title=title, version=edition.version, day=day)
        if is_begun
        else say(
            "Naskah {title} versi {version} akan berlaku mulai {day}.", title=title, version=edition.version, day=day
        )
    )


def clock_time(ms: int, now_ms: int) -> str:
    """`09.12` in WIB; with its date when that is not today's."""
    if date_wib(ms) != date_wib(now_ms):
        return formats.waktu(ms, WIB)
    return say("{hour}.{minute}", **formats.clock(datetime.fromtimestamp(ms / 1000, UTC).astimezone(WIB)))


def road_words(status: Status | None, waiting: Outbox, now_ms: int) -> tuple[str, str]:
    """The status bar: one sentence, and the kind of badge that goes with it."""
    queue = (
        say("{ops} catatan menunggu dikirim", ops=formats.angka(waiting.ops))
        if waiting.ops
        else say("semua catatan sudah diterima kabupaten")
    )
    if status is None:
        return say("Server ini belum terdaftar di kabupaten - {queue}; pelayanan tetap berjalan", queue=queue), "wait"
    if status.halted:
        return say("Sinkronisasi terhenti - {queue}; pelayanan tetap berjalan", queue=queue), "bad"
    if status.is_online:
        return say("Terhubung - {queue}", queue=queue), "good"
    if not status.since_ms:
        return say("Luring - {queue}; pelayanan tetap berjalan", queue=queue), "wait"
    since = clock_time(status.since_ms, now_ms)
    return say("Luring sejak {since} - {queue}; pelayanan tetap berjalan", since=since, queue=queue), "wait"


def halted_words(reason: str) -> str:
    return HALTED.get(reason, HALTED_OTHER)


def proposal_state(row: ProposalRow) -> tuple[str, str]:
    """How far a proposal has travelled, in the clerk's words."""
    if row.withdrawn_reason is not None:
        return say("Ditarik"), "plain"
    if row.decision is None:
        return (say("Diterima kabupaten"), "wait") if row.is_acked else (say("Tersimpan di kantor"), "plain")
    words, kind = OUTCOMES.get(row.decision.outcome, (row.decision.outcome, "plain"))
    return (say("{words}, menunggu penegasan kabupaten", words=words), "wait") if row.is_unconfirmed else (words, kind)


def steps(row: ProposalRow) -> list[tuple[str, bool]]:
    """The way of a proposal, and whether each step is done."""
    return [
        (say("Tersimpan di kantor"), True),
        (say("Diterima kabupaten"), row.is_acked or row.decision is not None),
        (say("Diputuskan"), row.decision is not None),
    ]


def objection_state(row: ObjectionRow) -> tuple[str, str]:
    """How far an objection has come, in the clerk's words; an answer that this program does not know by its own name."""
    if not row.outcome:
        return letter_state(row.is_acked, None)
    words, kind = OBJECTIONS.get(row.outcome, (row.outcome, "plain"))
    return (say("{words}, menunggu penegasan kabupaten", words=words), "wait") if row.is_unconfirmed else (words, kind)


def letter_state(is_acked: bool, voided_reason: str | None) -> tuple[str, str]:
    if voided_reason is not None:
        return say("Dibatalkan"), "bad"
    return (say("Diterima kabupaten"), "good") if is_acked else (say("Tersimpan di kantor"), "plain")


def resident_state(state: Residence, since: str) -> str:
    """`meninggal 3 Mei 2021`, `pindah 3 Mei 2021`; empty for who lives here."""
    match state:
        case Residence.HERE:
            return ""
        case Residence.DEAD:
            return say("meninggal {day}", day=formats.tanggal_iso(since))
        case Residence.MOVED:
            return say("pindah {day}", day=formats.tanggal_iso(since))
        case _:
            assert_never(state)


WAITING = {
    Move.VERIFY: say("Menunggu diperiksa petugas"),
    Move.APPROVE: say("Menunggu persetujuan sekretaris"),
    Move.SIGN: say("Menunggu tanda tangan"),
    Move.ISSUE: say("Siap diterbitkan"),
    Move.HAND_OVER: say("Terbit, belum diserahkan"),
}
STEPS = {
    Move.VERIFY: say("Diverifikasi"),
    Move.APPROVE: say("Disetujui"),
    Move.SIGN: say("Ditandatangani"),
    Move.ISSUE: say("Diterbitkan"),
    Move.HAND_OVER: say("Diserahkan"),
    Move.REJECT: say("Dikembalikan ke petugas"),
    Move.CLOSE: say("Ditutup tanpa surat"),
}


def request_state(state: State, route: Route) -> tuple[str, str]:
    """What a request waits for, or how it ended."""
    match state:
        case State.RETURNED:
            return say("Dikembalikan ke petugas"), "bad"
        case State.CLOSED:
            return say("Ditutup tanpa surat"), "plain"
        case State.HANDED_OVER:
            return say("Sudah diserahkan"), "good"
    onward = next_move(state, route)
    assert onward is not None, "only the two ends above lead nowhere"
    return WAITING[onward], "good" if onward in (Move.ISSUE, Move.HAND_OVER) else "wait"


def request_source(source: str, queue: int) -> str:
    """Where it was asked for, and the number that is called out."""
    return (
        say("Anjungan, antrean {queue}", queue=queue)
        if queue
        else say("Anjungan")
        if source == "kiosk"
        else say("Loket")
    )


def dossier_state(row: DossierRow) -> tuple[str, str]:
    """How far a dossier has travelled."""
    if not row.state:
        return (
            (say("Menunggu diterima {agency}", agency=row.agency), "wait")
            if row.is_acked
            else (say("Tersimpan di kantor"), "plain")
        )
    words, kind = DOSSIERS.get(row.state, (row.state, "plain"))
    if row.countersign is not None:
        whole = say("Diketahui {agency}", agency=row.agency)
    elif row.state in {"received", "processing", "returned"}:
        whole = say("{words} {agency}", words=words, agency=row.agency)
    else:
        whole = say("{words} di {agency}", words=words, agency=row.agency)
    return (say("{whole}, menunggu penegasan kabupaten", whole=whole), "wait") if row.is_unconfirmed else (whole, kind)


def is_open(cycle: Cycle, now_ms: int) -> bool:
    return cycle.opens_ms <= now_ms < cycle.closes_ms


def month_words(month: int) -> str:
    """`Mei 2021` for a month counted 12 * year + month - 1."""
    return say("{month} {year}", month=MONTHS[month % 12], year=month // 12)


def cycle_names(known: list[Cycle]) -> dict[str, str]:
    """Cycle code to its name."""
    return {cycle.code: cycle.name for cycle in known}


def cycle_choice(cycle: Cycle) -> str:
    """A cycle as the clerk chooses it: what, for which months, until when."""
    span = span_words(cycle.month_from, cycle.month_until)
    until = formats.tanggal(date_wib(cycle.closes_ms - 1))
    return say("{name} - untuk {span} - usulan sampai {until}", name=cycle.name, span=span, until=until)


def check_words(check: Check, names: Mapping[str, str], today: date) -> tuple[str, str, str]:
    """The three-valued check: what the lamp says, its kind, and the sentence beside it. `names`: of schemes, by code."""
    age = _age_words(check.as_of, today)
    match check.answer:
        case Answer.OVERLAP:
            found = dict.fromkeys(_hit_words(hit, names) for hit in check.hits)
            held = reduce(lambda first, more: say("{first}; {more}", first=first, more=more), found)
            return (
                say("Tahan"),
                "bad",
                say("Kemungkinan {held}. {age} {hold_and_tell}", held=held, age=age, hold_and_tell=HOLD_AND_TELL),
            )
        case Answer.CLEAR:
            return (
                say("Tidak ditemukan"),
                "good",
                say("Tidak ditemukan dalam daftar bantuan yang tidak boleh rangkap. {age}", age=age),
            )
        case Answer.UNKNOWN if check.missing:
            lacking = ", ".join(names.get(code, code) for code in check.missing)
            return (
                say("Belum diketahui"),
                "wait",
                say(
                    "Daftar yang belum sampai di kantor ini: {lacking}. {not_a_yes}",
                    lacking=lacking,
                    not_a_yes=NOT_A_YES,
                ),
            )
        case Answer.UNKNOWN:
            return (
                say("Belum diketahui"),
                "wait",
                say("Daftar bantuan lain belum sampai di kantor ini. {not_a_yes}", not_a_yes=NOT_A_YES),
            )
        case other:
            assert_never(other)


MADE_CHECKS = {
    "clear": say("Tidak ditemukan tumpang tindih"),
    "overlap": say("Kemungkinan tumpang tindih: warga diberi tahu"),
    "unknown": say("Belum diketahui"),
}


def made_check_words(answer: str, as_of: str) -> str:
    """What the check said when a proposal was written; empty for an answer that this program does not know."""
    words = MADE_CHECKS.get(answer, "")
    return (
        say("{words} (data per {as_of})", words=words, as_of=formats.tanggal_iso(as_of)) if words and as_of else words
    )


def _hit_words(hit: Hit, names: Mapping[str, str]) -> str:
    who = say("orang ini") if hit.link is Unit.PERSON else say("keluarga ini")
    return say(
        "{who} tercakup {scheme} {span_words}",
        who=who,
        scheme=names.get(hit.scheme, hit.scheme),
        span_words=span_words(hit.first, hit.until),
    )


def _age_words(as_of: str, today: date) -> str:
    """How old the oldest list is that an answer rests on."""
    try:
        day = date.fromisoformat(as_of)
    except ValueError:
        return say("Tanggal datanya tidak disebutkan.")
    days = (today - day).days
    dated = formats.tanggal(day)
    if days <= 0:
        return say("Data per {dated}.", dated=dated)
    return say("Data per {dated}, {days} hari yang lalu.", dated=dated, days=formats.angka(days))


def span_words(first: int, until: int) -> str:
    """`Mei 2021`, `Mei 2021 sampai Juli 2021`."""
    return (
        month_words(first)
        if first == until
        else say(
            "{month_words} sampai {month_words_2}", month_words=month_words(first), month_words_2=month_words(until)
        )
    )


DELIBERATIONS = {"musdes": say("Musyawarah desa"), "muskel": say("Musyawarah kelurahan")}


def deliberation_choice(row: DeliberationRow) -> str:
    """Minutes as the clerk chooses them."""
    return say(
        "{kind} {number}, {held_on}",
        kind=DELIBERATIONS.get(row.kind, row.kind),
        number=row.number,
        held_on=formats.tanggal_iso(row.held_on),
    )


def place(code: str) -> str:
    """The village a fact comes from, in words; empty where it does not say."""
    try:
        return village(parse_village_code(code)).place
    except (InvalidCode, UnknownRegion):
        return ""


def picture_place(row: AttachmentRow) -> tuple[str, str, str]:
    """Badge, its kind, and a sentence where somebody should know more."""
    return PICTURES[row.place]


def question_state(row: QuestionRow) -> tuple[str, str]:
    """What was said to a question about identity, here or by an officer."""
    said = row.said[0].answer if row.said else row.question.answer
    if said == "overlap_allowed":
        return say("Kabupaten: boleh rangkap"), "plain"
    found = next((each for each in Answers if each == said), None)
    if found is None:
        return (said, "plain") if said else (say("Menunggu jawaban desa"), "wait")
    return ANSWERS[found]


def report_state(row: ReportRow) -> tuple[str, str]:
    """What the newest visit found; a word that only a newer program knows stands as it is."""
    found = next((each for each in Finding if each == row.finding), None)
    if found is None:
        return (row.finding, "plain") if row.finding else (say("Menunggu kunjungan"), "wait")
    return FINDINGS[found]


def photo_name(label: str) -> str:
    """`KTP` and `Foto rumah`, as the tables have them, within a sentence: foto KTP, foto rumah."""
    return say("foto {document}", document=say(label.removeprefix("Foto ")))


def series_name(series: str) -> str:
    """A series of numbers as a page names it: a kind or code of letters stands for itself."""
    return SERIES.get(series, series)


def about_document(label: str, sentence: str) -> str:
    """What is wrong with a photograph of a document."""
    return say("{label}: {message}", label=say(label), message=sentence)
