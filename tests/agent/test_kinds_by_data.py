"""Two kinds that no catalogue of ours has, made of rows and a text alone: no line of the program knows them."""

import io

import pytest
from pypdf import PdfReader

from agent import data
from agent.domain import letters
from agent.domain.fields import FieldError
from agent.domain.people import PeopleAnswer, PersonRow
from agent.domain.sheets import letter_sheet
from agent.render import Paper, render_pdf
from protocol.letter_kinds import LetterKind, read_catalogue, vocabulary_of
from protocol.letter_texts import LetterText, TextError, read_texts
from tests.agent.letter_samples import DAY, HEAD, HOUSEHOLD, RIZKI, ROKHANA, SUBJECT, SUKOJATI

LETTERS = """\
bbm_nelayan,Surat Rekomendasi BBM Nelayan,Fuel recommendation for fishers,523,500.5.2,\
boat_name;engine_hp;litres_month;station;valid_from,optional,Dinas Perikanan,KTP;KK;Kartu KUSUKA,yes,30,village,\
unsourced,Usaha,no
kia,Surat Pengantar Kartu Identitas Anak,Child identity card,471.13,400.12.2.1,\
child;reason;guardians,no,Dukcapil,KK;akta kelahiran,yes,,applicant,unsourced,Kependudukan,no
"""
FIELDS = """\
bbm_nelayan,boat_name,text,yes,100,Nama perahu,,nama_perahu,,,
bbm_nelayan,engine_hp,number,yes,4,Daya mesin (PK),,daya_mesin,,,
bbm_nelayan,litres_month,number,yes,5,Kebutuhan solar sebulan (liter),,kebutuhan,,,
bbm_nelayan,station,choice,yes,60,SPBU tujuan,,spbu,SPBUN Muncar;SPBUN Grajagan,,
bbm_nelayan,valid_from,date,yes,20,Berlaku mulai,,berlaku_mulai,,,
kia,child,person,yes,1,Anak,,anak,,,
kia,reason,choice,yes,30,Alasan,,alasan,Baru;Hilang;Rusak,,
kia,guardians,people,no,2,Orang tua,,orang_tua,,,
"""
FILES = {
    "bbm_nelayan-1.txt": """
[judul]
Surat Rekomendasi Pembelian BBM untuk Nelayan
[paragraf]
{{kepala}} memberikan rekomendasi kepada {{nama|besar}}, NIK {{nik}}:
[rincian]
Perahu : {{nama_perahu}}, {{daya_mesin}} PK
Kebutuhan : {{kebutuhan|angka}} liter sebulan di {{spbu}}
Berlaku : {{berlaku_mulai|tanggal}} sampai dengan {{berlaku_sampai|tanggal}}
[pengesahan]
Mengetahui, : camat
Pemohon, : pemohon
kepala
""",
    "kia-1.txt": """
[judul]
Surat Pengantar Kartu Identitas Anak
[rincian]
Nama anak : {{anak_nama|besar}}
Tanggal lahir : {{anak_lahir|tanggal}}
Alasan : {{alasan}}
[daftar orang_tua]
Orang tua:
[pengesahan]
Anak, : anak
kepala
""",
}
ANSWERS = {
    "bbm_nelayan": {
        "boat_name": "Sumber Laut",
        "engine_hp": "24",
        "litres_month": "1.200",
        "station": "SPBUN Muncar",
        "valid_from": "17-05-2021",
        "countersigned_by_camat": "Ya",
        "required_documents": "KTP\nKK",
    },
    "kia": {"reason": "Hilang"},
}
PEOPLE = {
    "child": PeopleAnswer(picked=(RIZKI.nik,)),
    "guardians": PeopleAnswer(picked=(ROKHANA.nik,), rows=(PersonRow(name="SUKARDI", note="ayah"),)),
}


def catalogue() -> dict[str, LetterKind]:
    return read_catalogue(data.letters_csv() + LETTERS, data.letter_fields_csv() + FIELDS)


def all_texts(files: dict[str, str]) -> dict[tuple[str, int], LetterText]:
    return read_texts(data.letter_texts() | files, {k: vocabulary_of(kind) for k, kind in catalogue().items()})


def words_of(key: str, paper: Paper) -> str:
    kind, known = catalogue()[key], all_texts(FILES)
    fields = letters.check_fields(kind, ANSWERS[key], HOUSEHOLD, PEOPLE, today=DAY)
    assert isinstance(fields, tuple), fields
    assert letters.decode_fields(kind, letters.encode_fields(fields)) == fields
    draft = letters.write_draft(kind, SUBJECT, fields, HEAD, SUKOJATI, dated=DAY, text_version=1)
    letter = letters.number_draft(draft, bytes(16), "semua", 7, f"{kind.code(2021)}/007/X/2021")
    pages = PdfReader(io.BytesIO(render_pdf(letter_sheet(letter, kind, known[key, 1]), paper))).pages
    assert len(pages) == 1
    return " ".join(pages[0].extract_text().split())


@pytest.mark.parametrize("paper", list(Paper))
def test_a_fuel_recommendation_for_fishers(paper: Paper) -> None:
    text = words_of("bbm_nelayan", paper)
    for words in (
        "SURAT REKOMENDASI PEMBELIAN BBM UNTUK NELAYAN",
        "523/007/X/2021",
        "Sumber Laut, 24 PK",
        "1.200 liter sebulan di SPBUN Muncar",
        "17 Mei 2021 sampai dengan 16 Juni 2021",
        "CAMAT BLIMBINGSARI",
        "Pemohon,",
    ):
        assert words in text


@pytest.mark.parametrize("paper", list(Paper))
def test_a_child_identity_card(paper: Paper) -> None:
    text = words_of("kia", paper)
    for words in ("MOCH. RIZKI", "12 Maret 2010", "Hilang", "SITI ROKHANA", "SUKARDI", "ayah", "Anak,"):
        assert words in text


def test_what_was_answered_wrong_is_said_in_the_words_of_the_new_kind() -> None:
    errors = letters.check_fields(
        catalogue()["bbm_nelayan"], ANSWERS["bbm_nelayan"] | {"engine_hp": "kuat", "station": ""}, HOUSEHOLD
    )
    assert [(e.field, e.code) for e in errors if isinstance(e, FieldError)] == [
        ("engine_hp", "not_a_number"),
        ("station", "required"),
    ]


def test_a_new_kind_stands_in_its_group_like_any_other() -> None:
    groups = dict(letters.by_group(catalogue()))
    assert "bbm_nelayan" in [kind.key for kind in groups["Usaha"]]
    assert "kia" in [kind.key for kind in groups["Kependudukan"]]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("kepala", "rt"),
        ("[daftar orang_tua]", "[daftar alasan]"),
        ("{{alasan}}", "{{orang_tua}}"),
        ("Anak, : anak", "{{nama}} : anak"),
        ("Surat Pengantar Kartu Identitas Anak", "{{nama}}"),
        ("[pengesahan]", "[pengesahan keluarga]"),
        ("kepala\n", "kepala\n[paragraf]\nx\n"),
    ],
)
def test_a_text_that_asks_for_what_is_not_there_is_refused_when_it_is_loaded(wrong: str, complaint: str) -> None:
    with pytest.raises(TextError, match=r"kia-1\.txt, baris"):
        all_texts(FILES | {"kia-1.txt": FILES["kia-1.txt"].replace(wrong, complaint)})
