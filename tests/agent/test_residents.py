"""Residents: what is refused, what only warned of, and who is found by which spelling."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.fields import FieldError
from agent.domain.residents import (
    LABELS,
    Resident,
    check_resident,
    member_of,
    read_search,
    resident_warnings,
    search_key,
    search_words,
    subject_of,
)
from protocol.ids import Sex, VillageCode
from protocol.regions import VillageKind

TODAY = date(2021, 5, 17)
SUKOJATI = VillageCode("3510252010")
RAW = {
    "nik": "3510254506850002",
    "kk": "3510251203070004",
    "name": "SITI ROKHANA",
    "birth_place": "BANYUWANGI",
    "birth_date": "05-06-1985",
    "sex": "PEREMPUAN",
    "mother": "SUMINAH",
    "father": "",
    "religion": "Islam",
    "marital_status": "kawin",
    "occupation": "MENGURUS RUMAH TANGGA",
    "relation": "isteri",
    "address": "Jalan Kenanga 5",
    "hamlet": "Krajan",
    "rt": "3",
    "rw": "01",
}


def resident(**changes: str) -> Resident:
    checked = check_resident(RAW | changes, TODAY)
    assert isinstance(checked, Resident), checked
    return checked


def errors(**changes: str) -> dict[str, FieldError]:
    checked = check_resident(RAW | changes, TODAY)
    assert isinstance(checked, list), checked
    return {error.field: error for error in checked}


def test_a_resident_as_written_on_the_family_card() -> None:
    siti = resident()
    assert (siti.name, siti.birth_date, siti.sex) == ("SITI ROKHANA", date(1985, 6, 5), Sex.FEMALE)
    assert (siti.religion, siti.marital_status, siti.relation) == ("ISLAM", "KAWIN", "ISTRI")
    assert (siti.rt, siti.rw) == ("003", "001")


def test_only_what_a_letter_needs_is_required() -> None:
    needed = {"nik", "name", "birth_place", "birth_date", "sex", "address"}
    checked = check_resident({}, TODAY)
    assert isinstance(checked, list)
    assert {error.field for error in checked} == needed
    assert isinstance(check_resident({field: RAW[field] for field in needed}, TODAY), Resident)


def test_errors_come_in_the_order_of_the_form_and_name_the_question() -> None:
    checked = check_resident({}, TODAY)
    assert isinstance(checked, list)
    order = list(LABELS)
    assert [error.field for error in checked] == sorted((error.field for error in checked), key=order.index)
    assert all(error.message.startswith(LABELS[error.field]) for error in checked)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("nik", "351025450685000", "nik_length"),
        ("nik", "3510254513850002", "nik_impossible_date"),
        ("nik", "٣٥١٠٢٥٤٥٠٦٨٥٠٠٠٢", "nik_not_digits"),
        ("nik", "3.51025E+15", "nik_destroyed"),
        ("kk", "3510251203070000", "kk_serial_zero"),
        ("name", "SITI\u202eANAHKOR", "hidden_character"),
        ("name", "SITI \U0001f600", "unprintable"),
        ("name", "<script>", "not_a_name"),
        ("name", "A" * 301, "too_long"),
        ("mother", "=cmd|'", "not_a_name"),
        ("birth_date", "31-02-1985", "not_a_date"),
        ("birth_date", "18-05-2021", "in_the_future"),
        ("birth_date", "05-06-1885", "too_long_ago"),
        ("sex", "X", "not_a_choice"),
        ("religion", "JEDI", "not_a_choice"),
        ("marital_status", "?", "not_a_choice"),
        ("relation", "TETANGGA", "not_a_choice"),
        ("address", "Jalan\u200bKenanga", "hidden_character"),
        ("rt", "1234", "not_a_block"),
        ("rw", "A1", "not_a_block"),
    ],
)
def test_what_is_refused(field: str, value: str, code: str) -> None:
    found = errors(**{field: value})
    assert list(found) == [field]
    assert found[field].code == code
    assert found[field].message.endswith(".")


@pytest.mark.parametrize("rt", ["", "-", "0", "000"])
def test_no_rt_has_many_spellings(rt: str) -> None:
    assert resident(rt=rt).rt == ""


@given(st.dictionaries(st.sampled_from(sorted(LABELS)), st.text(max_size=40)))
def test_any_form_gets_an_answer(raw: dict[str, str]) -> None:
    checked = check_resident(raw, TODAY)
    assert isinstance(checked, Resident) or checked


def warned(**changes: str) -> set[str]:
    return {warning.code for warning in resident_warnings(resident(**changes), SUKOJATI)}


def test_a_record_that_fits_together_warns_of_nothing() -> None:
    assert warned() == set()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"birth_date": "06-05-1985"}, "nik_birth_date_differs"),
        ({"sex": "L"}, "nik_sex_differs"),
        ({"nik": "3510154506850002"}, "nik_district_differs"),
        ({"nik": "9999999999999999"}, "nik_placeholder"),
        ({"kk": ""}, "kk_empty"),
        ({"name": "N"}, "name_one_letter"),
    ],
)
def test_what_is_odd_is_told_and_accepted(changes: dict[str, str], code: str) -> None:
    assert warned(**changes) == {code}


def test_the_copy_in_a_letter_has_the_hamlet_in_its_address() -> None:
    assert subject_of(resident(), VillageKind.DESA).address == "Jalan Kenanga 5, Dusun Krajan"
    assert subject_of(resident(), VillageKind.KELURAHAN).address == "Jalan Kenanga 5, Lingkungan Krajan"
    assert subject_of(resident(hamlet="Dusun Krajan"), VillageKind.DESA).address == "Jalan Kenanga 5, Dusun Krajan"
    assert subject_of(resident(address="Dusun Krajan"), VillageKind.DESA).address == "Dusun Krajan"
    assert subject_of(resident(hamlet=""), VillageKind.DESA).address == "Jalan Kenanga 5"


def test_a_member_of_the_household() -> None:
    member = member_of(resident())
    assert (member.nik, member.name, member.relation) == ("3510254506850002", "SITI ROKHANA", "ISTRI")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Moch. Ali", "Muhammad Ali"),
        ("M. Ali", "MUHAMMAD ALI"),
        ("Achmad Soebandi", "AHMAD SUBANDI"),
        ("Abd. Rokhim", "ABDUL ROHIM"),
        ("St. Aisyah", "SITI AISAH"),
        ("Djoko Tjahjono", "JOKO CAHJONO"),
        ("Choirul Anam", "KHOIRUL ANAM"),
        ("Sjarifah", "SYARIFAH"),
        ("Muhammad Novi", "Moh Nofi"),
        ("H. Drs. Sutrisno, M.Pd.", "SUTRISNO"),
        ("Drs.H.Sutrisno", "SUTRISNO"),
        ("Budi Santoso S.Pd", "BUDI SANTOSO"),
        ("SUMINAH (ALMH)", "SUMINAH ALMH"),
        ("Mu'in", "MUIN"),
        ("Sénì", "SENI"),
        ("  nur   HASAN ", "NUR HASAN"),
    ],
)
def test_spellings_found_alike(one: str, other: str) -> None:
    assert search_key(one) == search_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("SUYANTO", "SUYATNO"), ("NUR HASAN", "NUR HASANAH"), ("ALI MUH", "ALI MUHAMMAD"), ("SITI", "SRI")],
)
def test_other_people_stay_other_people(one: str, other: str) -> None:
    assert search_key(one) != search_key(other)


@pytest.mark.parametrize("name", ["H", "SH", "ALM", "M", "Dr.", "IBU"])
def test_a_name_that_looks_like_a_title_is_not_lost(name: str) -> None:
    assert search_key(name)


@given(st.text(alphabet="ABCDEHIJKLMNOSTUVY .'", max_size=30))
def test_a_search_key_is_plain(name: str) -> None:
    key = search_key(name)
    assert key == key.strip()
    assert "  " not in key
    assert set(key) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ")


@pytest.mark.parametrize("name", ["MUHAMMAD ALI", "MOHTAR", "SITI AISYAH", "SUBANDI", "H. ABDUL ROHIM"])
def test_a_whole_name_typed_finds_itself(name: str) -> None:
    words = search_key(name).split()
    assert all(any(word.startswith(form) for word in words for form in forms) for forms in search_words(name))


def test_a_name_half_typed() -> None:
    assert search_words("moh") == (("MOH", "MUHAMAD"),)
    assert search_words("m") == (("M",),)
    assert search_words("soeb dj") == (("SUB",), ("J",))
    assert search_words(" . ") == ()


@pytest.mark.parametrize(
    ("typed", "digits", "joined", "rt", "rw"),
    [
        ("3510 2544", "35102544", "", "", ""),
        ("siti rt 3 rw 1", "", "SITI", "003", "001"),
        ("RT. 03/RW.001", "", "", "003", "001"),
        ("rt/rw 3/1 siti", "", "SITI", "003", "001"),
        ("siti 003 / 001", "", "SITI", "003", "001"),
        ("rw 12", "", "", "", "012"),
        ("kartini", "", "KARTINI", "", ""),
        ("moh ali 2/1", "", "MUHAMADALI", "002", "001"),
        ("3510254506850002 rt 1", "3510254506850002", "", "001", ""),
        ("12/34/56", "", "", "012", "034"),
        ("", "", "", "", ""),
    ],
)
def test_what_a_search_means(typed: str, digits: str, joined: str, rt: str, rw: str) -> None:
    wanted = read_search(typed)
    assert (wanted.digits, wanted.joined, wanted.rt, wanted.rw) == (digits, joined, rt, rw)
    assert wanted.is_block_only == (bool(rt or rw) and not digits and not joined)


@given(st.text(max_size=100))
def test_any_search_is_understood(typed: str) -> None:
    wanted = read_search(typed)
    assert wanted.digits.isascii()
    assert len(wanted.rt) in (0, 3)
