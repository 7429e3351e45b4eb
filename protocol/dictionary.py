"""The preset dictionary of protocol version 1: what a small frame nearly always contains, so that it need not travel.

It is part of the protocol: one altered byte makes every frame unreadable for the other side. Its SHA-256 stands in
`docs/protocol.md` and the bytes under `tests/fixtures/wire/v1/`; a new dictionary is a new protocol version.
zlib looks back for the nearest match, so the commonest strings stand at the end.
"""

DICTIONARY = (
    b"log_opened\x01numbers_confirmed\x01numbers_voided\x01proposal_withdrawn\x01letter_voided\x01resident_recorded\x01"
    b"first mark fork restored replaced agenda central oldest_unacked_ms outbox_ops disk_free_ppm clock_skew_ms "
    b"ISLAM KRISTEN KATOLIK HINDU BUDDHA BELUM KAWIN CERAI HIDUP CERAI MATI KEPALA KELUARGA ISTRI ANAK FAMILI LAIN "
    b"PELAJAR/MAHASISWA MENGURUS RUMAH TANGGA BURUH HARIAN LEPAS WIRASWASTA NELAYAN PEDAGANG PETANI/PEKEBUN "
    b"Sekretaris Desa Kepala Desa Lurah Plt. a.n. "
    b"purpose hospital referral_number dtks_id patient_nik family_members student_name "
    b"persyaratan administrasi pengajuan keringanan biaya sekolah pengobatan "
    b"BANYUWANGI JALAN DUSUN KRAJAN LINGKUNGAN RT 001 RW 001 002 003 004 005 "
    b"PKH BPNT BST BLT-DD GURU-NGAJI APBD-PANGAN-2021-05 APBD-PANGAN "
    b"covered_by_scheme covered_household proposed_elsewhere nik_invalid window_closed received_late identity_conflict "
    b"accepted rejected needs_review decision cycle scheme exclusions objection correct review confirm provisional final "
    b"SITI NUR SRI DEWI WAYAN KETUT MADE AGUS SLAMET SUPRIYADI HARIYANTO MOHAMMAD MUHAMMAD AHMAD ABDUL "
    b"470/ 400.12.2.1/ 401/ 440/ /429.508.03/2020 /429.508.03/2021 /2022 /2023 /2024 /2025 /2026 "
    b"2021-05-01 2021-07-31 -01 -02 -03 -04 -05 -06 -07 -08 -09 -10 -11 -12 1950 1960 1970 1980 1990 2000 2010 2020 "
    b"351001 351002 351010 351015 351016 351025 3510252010 3510152004 3510161010 35102520 35101520 35101610 "
    b"sktm skd spm umum L P \x98\x01\xaeletter_issued\x01\xcf\x00\x00\x01"
    b"\x98\x01\xadproposal_made\x01\xcf\x00\x00\x01"
)
