"""A no by the village's own rules: an ordinary value with a code, and the sentence that names the cure to the clerk."""

from dataclasses import dataclass

from language import say


@dataclass(frozen=True, slots=True)
class Refusal:
    """`code` is for tests and metrics; `sentence` is Indonesian and never carries personal data."""

    code: str
    sentence: str


NUMBERING_UNKNOWN = Refusal(
    "numbering_unknown",
    say(
        "Nomor terakhir belum pasti karena server ini baru dipulihkan atau diganti. Buka menu Nomor surat, cocokkan dengan"
        " baris terakhir buku agenda, lalu terbitkan lagi. Isian surat ini tidak hilang."
    ),
)
DATE_UNCONFIRMED = Refusal(
    "date_unconfirmed",
    say(
        "Jam komputer lebih lambat daripada surat terakhir. Periksa tanggal hari ini, lalu centang bahwa tanggalnya benar."
    ),
)
LETTER_NOT_FOUND = Refusal("letter_not_found", say("Surat ini tidak ada di kantor ini."))
LETTER_ALREADY_VOID = Refusal("letter_already_void", say("Surat ini sudah dibatalkan."))
INCOMING_NOT_FOUND = Refusal("incoming_not_found", say("Surat masuk ini tidak tercatat di kantor ini."))
REQUEST_NOT_FOUND = Refusal("request_not_found", say("Permohonan ini tidak ada di kantor ini."))
NOT_YOUR_STEP = Refusal(
    "not_your_step",
    say("Langkah ini bukan wewenang akun Anda. Mintalah kepada yang berwenang; permohonan tetap menunggu."),
)
NOT_FORWARDED = Refusal("not_forwarded", say("Surat jenis ini tidak diteruskan ke instansi mana pun."))
DOSSIER_ON_ITS_WAY = Refusal(
    "dossier_on_its_way",
    say("Berkas surat ini sudah dikirim. Berkas dapat dikirim lagi bila instansi mengembalikannya."),
)
CAMAT_FIRST = Refusal(
    "camat_first",
    say("Surat ini masih di camat atau dikembalikan camat. Kirim ke instansi sesudah camat mengetahuinya."),
)
DOSSIER_DONE = Refusal("dossier_done", say("Berkas surat ini sudah selesai di instansi, jadi tidak dikirim lagi."))
RESIDENT_NOT_FOUND = Refusal("resident_not_found", say("Penduduk ini tidak tercatat di kantor ini."))
NIK_TAKEN = Refusal(
    "nik_taken", say("NIK ini sudah tercatat untuk penduduk lain. Cari NIK itu, lalu perbaiki data yang salah.")
)
ALREADY_DEAD = Refusal(
    "already_dead",
    say("Penduduk ini sudah tercatat meninggal. Bila itu keliru, batalkan dahulu peristiwanya di halaman penduduk."),
)
ALREADY_MOVED = Refusal("already_moved", say("Penduduk ini sudah tercatat pindah."))
ALREADY_HERE = Refusal("already_here", say("Penduduk ini tercatat masih tinggal di sini."))
EVENT_NOT_FOUND = Refusal(
    "event_not_found", say("Peristiwa ini tidak tercatat pada penduduk ini, atau sudah dibatalkan.")
)
NIK_PLACEHOLDER = Refusal(
    "nik_placeholder",
    say("Usulan bantuan memerlukan NIK tetap. Minta KTP-el atau KK, perbaiki data penduduk, lalu usulkan."),
)
CYCLE_CLOSED = Refusal("cycle_closed", say("Masa usulan program ini sudah ditutup atau belum dibuka."))
CYCLE_UNKNOWN = Refusal(
    "cycle_unknown", say("Program ini belum dikenal di kantor ini. Tunggu kabar dari kabupaten, lalu ulangi.")
)
ALREADY_PROPOSED = Refusal("already_proposed", say("Penduduk ini sudah diusulkan untuk program dan periode ini."))
ALREADY_WITHDRAWN = Refusal("already_withdrawn", say("Usulan ini sudah ditarik sebelumnya."))
PROPOSAL_NOT_FOUND = Refusal("proposal_not_found", say("Usulan ini tidak ada di kantor ini."))
DELIBERATION_UNKNOWN = Refusal(
    "deliberation_unknown", say("Berita acara itu tidak memuat periode ini. Pilih berita acara lain, atau kosongkan.")
)
NOTHING_TO_OBJECT = Refusal(
    "nothing_to_object", say("Hanya jawaban yang menolak yang dapat disanggah. Muat ulang halaman usulan ini.")
)
REPORT_NOT_FOUND = Refusal("report_not_found", say("Laporan warga ini tidak ada di kantor ini."))
REPORT_NOT_WORTHY = Refusal(
    "report_not_worthy",
    say("Usulan dari laporan warga hanya untuk periode laporan itu, sesudah kunjungan menyatakan orangnya layak."),
)
QUESTION_CLOSED = Refusal("question_closed", say("Pertanyaan ini sudah dijawab atau sudah dinilai kabupaten."))
ALREADY_OBJECTED = Refusal("already_objected", say("Sanggahan atas jawaban ini sudah dicatat."))
NUMBER_RANGE = Refusal("number_range", say("Nomor itu sudah dipakai atau lebih tinggi dari nomor terakhir."))
NUMBER_TOO_LOW = Refusal(
    "number_too_low", say("Nomor itu lebih rendah dari nomor terakhir yang sudah tercatat di server ini.")
)
UNPRINTABLE = Refusal(
    "unprintable", say("Halaman surat ini tidak dapat disusun untuk dicetak. Singkatkan isiannya, lalu periksa lagi.")
)
