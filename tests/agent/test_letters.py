"""Letter kinds, their answers, and the letter as it is kept."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import data
from agent.domain import letters
from agent.domain.catalogue import Catalogue
from agent.domain.fields import (
    MEMBERS_MAX,
    FamilyMember,
    FieldError,
    check_choice,
    check_date,
    check_name,
    check_nik,
    check_number,
    check_text,
    decode_value,
    encode_value,
)
from agent.domain.letters import Capacity, signer_title
from protocol.letter_kinds import (
    COMMON_VOCABULARY,
    WRITTEN,
    CatalogueError,
    FieldDefinition,
    FieldType,
    LetterKind,
    read_catalogue,
)
from tests.agent.letter_samples import (
    ANSWERS,
    CATALOGUE,
    HOUSEHOLD,
    RIZKI,
    ROKHANA,
    SHIPPED,
    SUYATNO,
    WITNESSES,
    draft,
    kind_of,
    letter,
)

FIELDS_ON_THE_WIRE = 32
"""How many answers the record of a letter holds."""


def errors_of(key: str, **changes: str) -> list[FieldError]:
    checked = letters.check_fields(kind_of(key), ANSWERS[key] | changes, HOUSEHOLD)
    assert isinstance(checked, list), checked
    return checked


def test_the_catalogue_holds_the_thirty_kinds_of_the_regency_each_under_a_use() -> None:
    assert len(CATALOGUE) == 30
    assert {LetterKind.SPM, LetterKind.SKTM, LetterKind.SKD} <= CATALOGUE.keys()
    assert [kind.key for kind in CATALOGUE.values() if kind.is_frequent] == ["sktm", "skd", "sku", "spm"]
    assert len({kind.group for kind in CATALOGUE.values()}) == 7
    assert len({kind.short_title for kind in CATALOGUE.values()}) == 30


def test_no_question_hides_what_every_letter_knows() -> None:
    for kind in CATALOGUE.values():
        names, placeholders = [f.name for f in kind.fields], [f.placeholder for f in kind.fields]
        assert len(set(names)) == len(names) <= FIELDS_ON_THE_WIRE
        assert len(set(placeholders) | COMMON_VOCABULARY.keys()) == len(placeholders) + len(COMMON_VOCABULARY)


def test_spm_is_declared_by_the_applicant_and_valid_for_ninety_days() -> None:
    spm = kind_of(LetterKind.SPM)
    assert (spm.title, spm.declared_by) == ("Surat Pernyataan Miskin", "applicant")
    assert (spm.code(2022), spm.code(2023)) == ("440", "400.9")
    assert spm.valid_until(date(2021, 5, 17)) == date(2021, 8, 15)
    assert spm.kiosk
    assert spm.required_documents == ("KTP", "KK", "rujukan puskesmas")


def test_an_office_may_change_a_code() -> None:
    skd, spm = (letters.with_office_codes(kind_of(key), {"skd": "145"}) for key in ("skd", "spm"))
    assert (skd.code(2021), skd.code(2024), spm.code(2021)) == ("145", "145", "440")
    assert Catalogue(SHIPPED.values()).unknown(["skx", "skd"]) == ["skx"]


def test_a_catalogue_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(CatalogueError, match="extra_fields"):
        read_catalogue(data.letters_csv(), "\n".join(data.letter_fields_csv().splitlines()[:-1]))
    with pytest.raises(CatalogueError, match="no such letter kind: xyz"):
        read_catalogue(data.letters_csv(), data.letter_fields_csv() + "xyz,a,text,no,1,A,,a,\n")
    with pytest.raises(CatalogueError, match="rune"):
        read_catalogue(data.letters_csv(), data.letter_fields_csv().replace(",name,", ",rune,"))


def test_answers_are_checked_and_kept_in_the_order_of_the_questions() -> None:
    fields = dict(draft("spm").fields)
    asked = ["patient_nik", "hospital", "referral_number", "family_members", "dtks_id"]
    assert list(fields) == [*asked, "required_documents"]
    assert fields["patient_nik"] == (ROKHANA,)
    assert fields["family_members"] == (ROKHANA, RIZKI)


def test_every_fault_is_reported_at_once_in_the_words_of_the_form() -> None:
    errors = errors_of("spm", hospital=" ", family_members="3510250101990009", dtks_id="9" * 41)
    assert [(error.field, error.code) for error in errors] == [
        ("hospital", "required"),
        ("family_members", "not_in_household"),
        ("dtks_id", "too_long"),
    ]
    assert errors[0].message == "Rumah sakit atau puskesmas tujuan: wajib diisi."
    assert "Pilih dari daftar" in errors[1].message


def test_optional_answers_may_stay_empty_and_strangers_are_ignored() -> None:
    fields = letters.check_fields(kind_of("spm"), {"hospital": "RSUD", "csrf": "x"}, HOUSEHOLD)
    assert fields == (
        ("patient_nik", ()),
        ("hospital", "RSUD"),
        ("referral_number", ""),
        ("family_members", ()),
        ("dtks_id", ""),
        ("required_documents", ""),
    )


def test_only_one_patient() -> None:
    assert errors_of("spm", patient_nik=f"{ROKHANA.nik},{RIZKI.nik}")[0].code == "too_many"


def test_members_stand_in_the_order_of_the_family_card_and_only_once() -> None:
    fields = letters.check_fields(
        kind_of("spm"), ANSWERS["spm"] | {"family_members": f"{RIZKI.nik}, {SUYATNO.nik} {RIZKI.nik}"}, HOUSEHOLD
    )
    assert dict(fields)["family_members"] == (SUYATNO, RIZKI)  # type: ignore[arg-type]


def test_more_members_than_a_page_holds_are_refused() -> None:
    crowd = tuple(FamilyMember(str(3510250101800001 + n), f"ANAK {n}", "ANAK", RIZKI.birth_date) for n in range(40))
    raw = ANSWERS["spm"] | {"patient_nik": "", "family_members": " ".join(m.nik for m in crowd[: MEMBERS_MAX + 1])}
    errors = letters.check_fields(kind_of("spm"), raw, crowd)
    assert isinstance(errors, list)
    assert errors[0].code == "too_many"


BAD_NAMES = [
    ("zero width", "SITI\u200bAISYAH", "hidden_character"),
    ("right to left override", "SITI \u202eHASIA", "hidden_character"),
    ("isolate", "SITI\u2066A", "hidden_character"),
    ("NUL", "SITI\x00", "hidden_character"),
    ("escape", "SITI\x1b[31m", "hidden_character"),
    ("soft hyphen", "SI\u00adTI", "hidden_character"),
    ("byte order mark", "\ufeffSITI", "hidden_character"),
    ("lone surrogate", "SITI\ud800", "hidden_character"),
    ("private use", "SITI\ue000", "hidden_character"),
    ("emoji", "SITI \U0001f600", "unprintable"),
    ("arabic", "سيتي", "unprintable"),
    ("cjk", "西蒂", "unprintable"),
    ("stray accent", "SITI x\u0323\u0301\u0300", "unprintable"),
    ("markup", "<script>alert(1)</script>", "not_a_name"),
    ("formula", "=cmd|' /C calc'!A0", "not_a_name"),
    ("sql", "'; DROP TABLE letter; --", "not_a_name"),
    ("digits", "S1TI", "not_a_name"),
    ("no letter", "...", "not_a_name"),
    ("too long", "A" * 301, "too_long"),
    ("far too long", "A" * 100_000, "too_long"),
    ("empty", "", "required"),
    ("blanks", " \t\u00a0 ", "required"),
]


@pytest.mark.parametrize(("what", "name", "code"), BAD_NAMES, ids=[row[0] for row in BAD_NAMES])
def test_bad_names_are_refused_with_a_cure(what: str, name: str, code: str) -> None:
    fault = check_name(name, required=True)
    assert not isinstance(fault, str), what
    assert fault.code == code
    assert fault.message.endswith(".")
    assert len(fault.message) < 200


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("A", "A"),
        ("A" * 300, "A" * 300),
        ("  SITI\u00a0 \t AISYAH ", "SITI AISYAH"),
        ("NI LUH PUTU AYU DEWI", "NI LUH PUTU AYU DEWI"),
        ("MU'IN, S.Pd.I (ALM)", "MU'IN, S.Pd.I (ALM)"),
        ("Se\u0301ni", "S\u00e9ni"),
        ("MOH. ALI-FAUZI", "MOH. ALI-FAUZI"),
    ],
)
def test_good_names_are_kept_as_written(written: str, kept: str) -> None:
    assert check_name(written, required=True) == kept


def test_free_text_takes_what_a_page_can_print_literally() -> None:
    for text in ("<script>alert(1)</script>", "=cmd|' /C calc'!A0", "100% & *tebal* #code $x$ @a"):
        assert check_text(text, 300, required=True) == text


@given(st.text(max_size=400))
def test_text_is_either_printable_and_short_or_refused(raw: str) -> None:
    checked = check_text(raw, 100, required=False)
    if isinstance(checked, str):
        assert len(checked) <= 100
        assert checked == checked.strip()
        assert checked.isprintable()
        assert check_text(checked, 100, required=False) == checked


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("1500000", 1_500_000), ("1.500.000", 1_500_000), ("0", 0), (" 7 ", 7)],
)
def test_whole_numbers(raw: str, expected: int) -> None:
    assert check_number(raw, required=True) == expected


@pytest.mark.parametrize("raw", ["1,5", "1.5", "15.00.000", "-3", "١٢٣", "1e6", "2²", "9" * 400, "2147483649"])
def test_what_is_no_whole_number(raw: str) -> None:
    fault = check_number(raw, required=True)
    assert not isinstance(fault, int | str)
    assert fault.code in ("not_a_number", "number_too_large")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(text, date(1980, 12, 31)) for text in ("1980-12-31", "31-12-1980", "31/12/1980", "31.12.1980", "31 12 1980")],
)
def test_dates_as_browsers_and_people_write_them(raw: str, expected: date) -> None:
    assert check_date(raw, required=True) == expected


@pytest.mark.parametrize(
    "raw", ["31-02-1980", "12-31-1980", "1980", "31-12-80", "٣١-١٢-١٩٨٠", "0-0-0000", "31-12-0000"]
)
def test_what_is_no_date(raw: str) -> None:
    fault = check_date(raw, required=True)
    assert not isinstance(fault, date)
    assert fault is not None
    assert fault.code == "not_a_date"


def test_choices_ignore_letter_case_and_name_the_list() -> None:
    assert check_choice("Islam", ["ISLAM", "HINDU"], required=True) == "ISLAM"
    fault = check_choice("x", ["ISLAM", "HINDU"], required=True)
    assert not isinstance(fault, str)
    assert "ISLAM, HINDU" in fault.message


def test_a_nik_is_checked_by_the_rules_of_both_sides() -> None:
    assert check_nik(" 3510250101800001 ", required=True) == "3510250101800001"
    assert check_nik("3510 2501 0180\u00a00001", required=True) == "3510250101800001"
    short = check_nik("3510 2501 0180 000", required=True)
    assert not isinstance(short, str)
    assert short.message.startswith("jumlah angkanya harus 16, ini 15.")
    assert check_nik("0000000000000000", required=True) == "0000000000000000"
    for bad in ("351025010180000", "3510253201800001", "٣٥١٠٢٥٠١٠١٨٠٠٠٠١"):
        fault = check_nik(bad, required=True)
        assert not isinstance(fault, str)
        assert bad not in fault.message
    assert check_nik("", required=False) == ""


def test_every_field_type_can_be_asked() -> None:
    questions = tuple(
        FieldDefinition(
            name=f"f_{type_.value}",
            type=type_,
            required=True,
            length_max=10,
            label="Isian",
            hint="",
            placeholder="x",
            choices=("satu", "dua"),
        )
        for type_ in FieldType
    )
    kind = msgspec.structs.replace(kind_of("skd"), fields=questions)
    raw = {
        "f_text": "teks",
        "f_name": "SITI",
        "f_choice": "Dua",
        "f_number": "12",
        "f_rupiah": "Rp 1.500.000",
        "f_area": "120,5",
        "f_year": "2015",
        "f_digits": "3510252010",
        "f_date": "31-12-1980",
        "f_moment": "31-12-1980 08.30",
        "f_kk": "3510251203070004",
        "f_documents": "dua",
        "f_nik": SUYATNO.nik,
        "f_member": RIZKI.nik,
        "f_members": f"{RIZKI.nik} {ROKHANA.nik}",
    }
    people = {f"f_{type_.value}": WITNESSES for type_ in WRITTEN}
    kind = msgspec.structs.replace(
        kind,
        fields=tuple(msgspec.structs.replace(f, length_max=2) if f.type in WRITTEN else f for f in kind.fields),
    )
    fields = letters.check_fields(kind, raw, HOUSEHOLD, people)
    assert isinstance(fields, tuple), fields
    assert letters.decode_fields(kind, letters.encode_fields(fields)) == fields
    assert isinstance(letters.check_fields(kind, {}, HOUSEHOLD), list)


def test_fields_survive_the_wire() -> None:
    for key in CATALOGUE:
        fields = draft(key).fields
        assert letters.decode_fields(kind_of(key), letters.encode_fields(fields)) == fields


def test_a_field_no_longer_asked_for_is_still_readable() -> None:
    assert letters.decode_fields(kind_of("skd"), [("former", "x")]) == (("former", "x"),)


def test_a_damaged_member_list_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(ValueError, match="unpack"):
        decode_value("3510250101800001\tSITI", FieldType.MEMBERS)
    assert encode_value(()) == ""


def test_a_letter_holds_its_own_invariants() -> None:
    whole = letter("skd")
    assert (whole.year, whole.printed_number, whole.valid_until) == (
        2021,
        "470/123/429.508.03/2021",
        date(2021, 11, 13),
    )
    for wrong in ({"letter_id": b"short"}, {"number": 0}, {"printed_number": ""}, {"year": 2022}):
        with pytest.raises(ValueError, match="letter"):
            msgspec.structs.replace(whole, **wrong)


def test_a_letter_cannot_be_edited() -> None:
    with pytest.raises(AttributeError):
        letter("skd").number = 124  # type: ignore[misc]


@pytest.mark.parametrize(
    ("capacity", "lines"),
    [
        (Capacity.HEAD, ["Kepala Desa X"]),
        (Capacity.ACTING, ["Plt. Kepala Desa X"]),
        (Capacity.DAILY_ACTING, ["Plh. Kepala Desa X"]),
        (Capacity.CARETAKER, ["Pj. Kepala Desa X"]),
        (Capacity.FOR_THE_HEAD, ["a.n. Kepala Desa X", "Kasi Pelayanan"]),
        (Capacity.THROUGH_SECRETARY, ["a.n. Kepala Desa X", "Sekretaris Desa", "u.b.", "Kasi Pelayanan"]),
    ],
)
def test_the_lines_above_a_signature(capacity: Capacity, lines: list[str]) -> None:
    assert signer_title(capacity, "Kasi Pelayanan", "Kepala Desa X", "Sekretaris Desa").split("\n") == lines


@pytest.mark.parametrize(
    ("address", "rt", "rw", "line"),
    [
        ("Jalan Kenanga 5", "003", "001", "Jalan Kenanga 5, RT 003 RW 001"),
        ("Jalan Kenanga 5", "", "", "Jalan Kenanga 5"),
        ("Dusun Krajan", "003", "", "Dusun Krajan, RT 003"),
        ("Dusun Krajan rt. 3/rw. 1", "003", "001", "Dusun Krajan rt. 3/rw. 1"),
        ("Jalan Martapura", "003", "001", "Jalan Martapura, RT 003 RW 001"),
    ],
)
def test_an_address_names_rt_and_rw_once(address: str, rt: str, rw: str, line: str) -> None:
    assert letters.address_line(address, rt, rw) == line
