"""Wording: what a published text may say, what is found when it is loaded, and the sheet it becomes."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import data
from agent.domain import letters, sheets
from agent.domain.catalogue import Catalogue
from agent.domain.letters import Capacity, Signer
from agent.domain.sheets import LetterSheet, Standing, draft_sheet, letter_sheet
from protocol.letter_kinds import COMMON_VOCABULARY, Countersign, read_shipped, vocabulary_of
from protocol.letter_texts import (
    FILTERS,
    LetterText,
    TextError,
    ValueType,
    date_words,
    fill,
    parse_template,
    parse_text,
    read_texts,
    rupiah,
)
from tests.agent.letter_samples import (
    ANSWERS,
    CATALOGUE,
    DAY,
    RIZKI,
    ROKHANA,
    SINGONEGARAN,
    SUBJECT,
    SUYATNO,
    TEXTS,
    draft,
    kind_of,
    letter,
    newest,
    text_of,
)

WORDS = {"nama": ValueType.TEXT, "lahir": ValueType.DATE, "gaji": ValueType.NUMBER}


def parse(source: str) -> LetterText:
    return parse_text("uji-1.txt", source, "uji", 1, WORDS)


def sheet_of(key: str, **changes: object) -> LetterSheet:
    written = letter(key, **changes)  # type: ignore[arg-type]
    return letter_sheet(written, kind_of(key), text_of(written))


def words_of(sheet: LetterSheet) -> str:
    return msgspec.json.encode(sheet).decode()


def test_dates_and_rupiah_in_words() -> None:
    assert date_words(date(2026, 11, 24)) == "24 November 2026"
    assert date_words(date(2021, 8, 1)) == "1 Agustus 2021"
    assert [rupiah(amount) for amount in (0, 700_000, 1_500_000, -5)] == ["Rp0", "Rp700.000", "Rp1.500.000", "-Rp5"]


def test_filling_in() -> None:
    template = parse_template("uji", "{{nama|besar}}, {{ lahir|tanggal }}, {{gaji|rupiah}} ({{gaji}})", WORDS)
    values = {"nama": "siti", "lahir": date(1985, 6, 5), "gaji": 700000}
    assert fill(template, values) == "SITI, 5 Juni 1985, Rp700.000 (700000)"


@pytest.mark.parametrize("values", [{"nama": ""}, {"nama": None}])
def test_an_empty_value_leaves_the_whole_sentence_out(values: dict[str, None]) -> None:
    assert fill(parse_template("uji", "Siswa: {{nama}}.", WORDS), values) is None


def test_zero_is_a_value() -> None:
    assert fill(parse_template("uji", "{{gaji}}", WORDS), {"gaji": 0}) == "0"


@given(st.text())
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    template = parse_template("uji", "<{{nama}}>", WORDS)
    assert fill(template, {"nama": value + "{{lahir}}"}) == f"<{value}{{{{lahir}}}}>"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{{siapa}}", "tidak dikenal"),
        ("{{}}", "tidak dikenal"),
        ("{{nama.upper}}", "tidak dikenal"),
        ("{{nama|}}", "tidak dikenal"),
        ("{{nama|besar()}}", "tidak dikenal"),
        ("{{nama or lahir}}", "tidak dikenal"),
        ("{{nama|sandi}}", "saringan sandi tidak dikenal"),
        ("{{nama|tanggal}}", "saringan tanggal untuk tanggal"),
        ("{{gaji|besar}}", "saringan besar untuk teks"),
        ("{{lahir|tanggal|tanggal}}", "saringan tanggal untuk tanggal"),
        ("{{lahir}}", r"tulis \{\{lahir\|tanggal\}\}"),
        ("{nama}", "kurung kurawal"),
        ("{{nama}", "kurung kurawal"),
        ("{{{nama}}}", "kurung kurawal"),
        ("{% if nama %}", "kurung kurawal"),
        ("}}", "kurung kurawal"),
    ],
)
def test_whatever_is_wrong_is_found_when_the_text_is_loaded(text: str, complaint: str) -> None:
    with pytest.raises(TextError, match=complaint) as error:
        parse(f"# catatan\n[paragraf]\n{text}\n")
    assert str(error.value).startswith("uji-1.txt, baris 2: ")


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("", "kosong"),
        ("# hanya catatan", "kosong"),
        ("kalimat tanpa bagian", "harus didahului bagian"),
        ("[puisi]\nx", r"\[puisi\] tidak dikenal"),
        ("[rincian]\nNama {{nama}}", "label : isi"),
        ("[rincian]\nNama : ", "label : isi"),
        ("[paragraf]\n" + "x" * 20_001, "lebih besar"),
    ],
)
def test_a_text_of_another_shape_is_refused(source: str, complaint: str) -> None:
    with pytest.raises(TextError, match=complaint):
        parse(source)


def test_every_shipped_text_loads_and_every_kind_has_one() -> None:
    assert {kind for kind, _ in TEXTS} == set(CATALOGUE)


@pytest.mark.parametrize("name", ["spm.txt", "spm-0.txt", "xyz-1.txt", "spm-1.md", "../spm-1.txt"])
def test_a_file_that_no_kind_asked_for_is_refused(name: str) -> None:
    with pytest.raises(TextError, match="nama berkas"):
        read_texts({name: "[paragraf]\nx"}, {"spm": WORDS})


def test_a_kind_without_a_text_is_refused() -> None:
    with pytest.raises(TextError, match="sktm: belum ada teks"):
        read_texts({"spm-1.txt": "[paragraf]\nx"}, {"spm": WORDS, "sktm": WORDS})


def test_new_letters_take_the_newest_version_and_old_ones_keep_theirs() -> None:
    files = data.letter_texts() | {"skd-3.txt": "[paragraf]\nTeks baru untuk {{nama}}."}
    editions = read_shipped(data.letters_csv(), data.letter_fields_csv(), files)
    assert Catalogue(editions.values()).in_force(DAY)["skd"].version == 3
    old = letter("skd")
    assert "berdomisili" in words_of(letter_sheet(old, kind_of("skd"), editions["skd", 2].text))
    with pytest.raises(ValueError, match="version 2"):
        letter_sheet(old, kind_of("skd"), editions["skd", 3].text)


def test_filters_say_what_they_take_and_give() -> None:
    assert set(FILTERS) == {"tanggal", "hari", "pukul", "rupiah", "angka", "besar"}
    assert all(filter_.gives is ValueType.TEXT for filter_ in FILTERS.values())


def test_every_placeholder_has_a_value() -> None:
    for key, kind in CATALOGUE.items():
        vocabulary = vocabulary_of(kind)
        assert COMMON_VOCABULARY.items() <= vocabulary.items()
        ways = {ValueType.TEXT: "{{%s}}", ValueType.DATE: "{{%s|tanggal}}", ValueType.NUMBER: "{{%s}}"}
        plain = {name: type_ for name, type_ in vocabulary.items() if type_ is not ValueType.PEOPLE}
        source = "[rincian]\n" + "\n".join(f"{name} : {ways[type_] % name}" for name, type_ in plain.items())
        text = parse_text(f"{key}-1.txt", source, key, 1, vocabulary)
        written = letter(key, version=1)
        rows = letter_sheet(written, kind, text).blocks[0].rows
        told = {label for label, _ in rows}
        may_be_empty = {"berlaku_sampai", *(name for name in plain if name.endswith(("_hubungan", "_nik", "_lahir")))}
        asked = {field.placeholder for field in kind.fields if field.name not in ANSWERS[key]}
        assert told <= set(plain) <= told | may_be_empty | asked


def test_a_domicile_letter_says_who_where_and_how_long() -> None:
    sheet = sheet_of("skd")
    assert sheet.letterhead[-1] == "KANTOR DESA SUKOJATI"
    assert (sheet.title, sheet.number) == ("SURAT KETERANGAN DOMISILI", "470/123/429.508.03/2021")
    assert sheet.place_and_date == "Sukojati, 17 Mei 2021"
    rows = dict(sheet.blocks[1].rows)  # type: ignore[arg-type]
    assert rows["Tempat, tanggal lahir"] == "BANYUWANGI, 1 Januari 1980"
    assert rows["Alamat"] == (
        "Jalan Kenanga 5, Dusun Krajan, RT 003 RW 001, Desa Sukojati, Kecamatan Blimbingsari, Kabupaten Banyuwangi"
    )
    assert "13 November 2021" in words_of(sheet)
    assert [signature.heading for signature in sheet.signatures] == [("KEPALA DESA SUKOJATI",)]


def test_spm_is_signed_by_the_applicant_and_acknowledged_by_the_head() -> None:
    left, right = sheet_of("spm").signatures
    assert (left.heading, left.name) == (("Mengetahui,", "KEPALA DESA SUKOJATI"), "H. AHMAD FAUZI, S.Sos.")
    assert (right.heading, right.name) == (("Yang menyatakan,",), "SUYATNO")


def test_spm_names_the_patient_and_the_applicant_where_nobody_else_is_chosen() -> None:
    assert dict(sheet_of("spm").blocks[3].rows)["Pasien"] == ROKHANA.name  # type: ignore[arg-type]
    alone = sheet_of("spm", answers={"hospital": "RSUD Blambangan"})
    rows = dict(alone.blocks[3].rows)  # type: ignore[arg-type]
    assert rows == {
        "Pasien": SUYATNO.name,
        "NIK pasien": SUYATNO.nik,
        "Rumah sakit/puskesmas": "RSUD Blambangan",
    }
    assert all(block.type != "family" for block in alone.blocks)


def test_the_family_table() -> None:
    family = next(block for block in sheet_of("sktm").blocks if block.type == "family")
    assert family.rows == (("1.", "MOCH. RIZKI", RIZKI.nik, "12 Maret 2010", "ANAK"),)


def test_a_lurah_signs_with_a_nip_and_a_delegate_under_the_head() -> None:
    title = letters.signer_title(Capacity.FOR_THE_HEAD, "Sekretaris Kelurahan", letters.head_title(SINGONEGARAN))
    signer = Signer(name="Dra. SRI WAHYUNI", title=title, nip="19700512 199503 2 001")
    sheet = sheet_of("skd", office=SINGONEGARAN, signer=signer)
    assert sheet.letterhead == (
        "PEMERINTAH KABUPATEN BANYUWANGI",
        "KECAMATAN BANYUWANGI",
        "KANTOR KELURAHAN SINGONEGARAN",
    )
    assert sheet.signatures[0].heading == ("a.n. LURAH SINGONEGARAN", "SEKRETARIS KELURAHAN")
    assert sheet.signatures[0].below == ("NIP. 19700512 199503 2 001",)
    assert "Kelurahan Singonegaran" in words_of(sheet)


def test_empty_details_leave_no_empty_row() -> None:
    bare = msgspec.structs.replace(SUBJECT, kk="", religion="", occupation="", rt="", rw="")
    labels = [label for label, _ in sheet_of("skd", subject=bare).blocks[1].rows]
    assert labels == ["Nama", "NIK", "Tempat, tanggal lahir", "Jenis kelamin", "Status perkawinan", "Alamat"]


def test_a_void_letter_and_a_draft_never_look_valid() -> None:
    void = letter_sheet(letter("skd"), kind_of("skd"), TEXTS["skd", 2], void_reason="salah nama")
    assert (void.standing, void.void_reason) == (Standing.VOID, "salah nama")
    unissued = draft_sheet(draft("skd"), kind_of("skd"), TEXTS["skd", 2])
    assert (unissued.standing, unissued.number) == (Standing.DRAFT, sheets.NUMBER_OF_A_DRAFT)


def test_without_a_signer_the_pen_has_a_line() -> None:
    sheet = sheet_of("skd", signer=Signer(name="", title="Kepala Desa Sukojati"))
    assert sheet.signatures[0].name == sheets.DOTTED_LINE


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_whoever_the_catalogue_names_signs(key: str) -> None:
    kind, spots = kind_of(key), TEXTS[key, newest(key)].spots
    signing = {spot.who for spot in spots}
    assert ("camat" in signing) == (kind.countersigned_by_camat is not Countersign.NO)
    assert "kepala" in signing
    if kind.declared_by == "applicant":
        assert "pemohon" in signing
    if kind.declared_by == "heirs":
        assert {"ahli_waris", "saksi"} <= signing
    assert {"saksi"} & {field.placeholder for field in kind.fields} <= signing, (
        "witnesses sign where they are asked for"
    )
