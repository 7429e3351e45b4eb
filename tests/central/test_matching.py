"""Are two records about one person?"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from central.domain.matching import (
    SAME_NAME_MIN,
    Band,
    Person,
    compare,
    match_nik,
    name_similarity,
)
from protocol.ids import Kk, Nik, Sex
from protocol.names import NAME_CHARS_MAX, name_key

NIK, OTHER_NIK = Nik("3510251705850001"), Nik("3510251705850002")
KK = Kk("3510251705150001")
BORN = date(1985, 5, 17)


def person(name: str = "SUTRISNO", nik: Nik | None = NIK, **more: object) -> Person:
    return replace(Person(nik=nik, name_key=name_key(name)), **more)


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("H. Sutrisno, S.Pd", "SUTRISNO"),
        ("Drs. H. ACHMAD FAUZI S. Pd I", "Ahmad Fauzi"),
        ("Moch. Ali", "MUHAMMAD ALI"),
        ("MOCH.ALI", "M. Ali"),
        ("SITI NURHALIZA", "St. Noer Haliza"),
        ("ABD. ROHMAN", "Abdul Rohman"),
        ("SOEKARDJO", "Sukarjo"),
        ("TJOKRO", "Cokro"),
        ("SJAMSUL", "Syamsul"),
        ("Khoirul", "CHOIRUL"),
        ("Ma'ruf", "MA’RUF"),
        ("SRI WAHYUNI (ALM)", "Sri  Wahyuni"),
        ("NOVI", "Nofi"),
        ("Sri\u200b Wahyuni\u202e", "SRI WAHYUNI"),
        ("ＳＩＴＩ AMINAH", "siti aminah"),
        ("JOSÉ", "Jose"),
    ],
)
def test_spellings_of_one_name_have_one_key(written: str, same: str) -> None:
    assert name_key(written) == name_key(same)
    assert name_similarity(name_key(written), name_key(same)) == 1.0


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("HAMIDAH", "AMIDAH"),  # a title is a whole word
        ("SITI MUHAMMAD", "SITI MOH"),  # variants count in first position only
        ("SUYANTO", "SUYATNO"),
        ("NUR HASAN", "NUR HASANAH"),
    ],
)
def test_different_names_have_different_keys(left: str, right: str) -> None:
    assert name_key(left) != name_key(right)


def test_a_title_alone_is_still_a_name() -> None:
    assert name_key("H.") == "H"
    assert name_key("ST") == "ST"
    assert name_key("M") == "M"


@given(st.text(max_size=400))
def test_any_text_has_a_key_of_letters(text: str) -> None:
    key = name_key(text)
    assert key == "" or key.isalpha()
    assert len(key) <= NAME_CHARS_MAX * 18  # one ligature of Arabic unfolds to eighteen letters


@given(st.text(max_size=20), st.text(max_size=20))
def test_likeness_is_the_same_both_ways_and_a_missing_name_is_like_none(left: str, right: str) -> None:
    a, b = name_key(left), name_key(right)
    assert name_similarity(a, b) == pytest.approx(name_similarity(b, a))
    assert 0.0 <= name_similarity(a, b) <= 1.0
    assert name_similarity(a, "") == 0.0


def test_one_good_nik_and_a_like_name_or_birth_date_is_certain() -> None:
    assert compare(person("SUTRISNO"), person("H. Soetrisno")) is Band.CERTAIN
    assert compare(person("SUTRISNO", birth_date=BORN), person("PAK TRIS", birth_date=BORN)) is Band.CERTAIN


def test_one_nik_and_another_person_is_a_conflict() -> None:
    assert compare(person("SUTRISNO"), person("MAIMUNAH")) is Band.IDENTITY_CONFLICT
    weak = date(1950, 7, 1)
    assert compare(person("A", birth_date=weak), person("MAIMUNAH", birth_date=weak)) is Band.IDENTITY_CONFLICT


def test_a_placeholder_is_no_nik() -> None:
    zeros = Nik("0" * 16)
    assert match_nik(zeros) is match_nik(None) is None
    assert compare(person("SUTRISNO", zeros), person("SUTRISNO", zeros)) is Band.NONE
    assert compare(person("SUTRISNO", zeros), person("MAIMUNAH", zeros)) is Band.NONE


@pytest.mark.parametrize(
    ("left", "right"), [("SUYANTO", "SUYATNO"), ("NUR HASAN", "NUR HASANAH"), ("SUTRISNO", "SUTRISNO")]
)
def test_a_name_alone_never_acts_on_anybody(left: str, right: str) -> None:
    assert name_similarity(name_key(left), name_key(right)) >= SAME_NAME_MIN
    assert compare(person(left), person(right, OTHER_NIK)) is Band.NONE
    assert compare(person(left, None), person(right, None)) is Band.NONE
    assert compare(person(left), person(right, None)) is Band.NONE


def test_without_a_nik_the_whole_picture_is_likely_and_a_human_confirms() -> None:
    full = {"birth_date": BORN, "sex": Sex.MALE, "mother_key": name_key("SITI AMINAH")}
    assert compare(person(**full), person(nik=None, **full)) is Band.LIKELY
    by_card = {"birth_date": BORN, "sex": Sex.MALE, "kks": frozenset({KK})}
    assert compare(person(**by_card), person(nik=None, **by_card)) is Band.LIKELY
    assert compare(person(**by_card), person(nik=None, **by_card | {"sex": Sex.FEMALE})) is Band.POSSIBLE
    assert compare(person(**by_card), person(nik=None, **by_card | {"sex": None})) is Band.POSSIBLE
    assert compare(person(birth_date=BORN), person(nik=None, birth_date=BORN)) is Band.POSSIBLE
    swapped = person(nik=None, birth_date=date(1985, 3, 12))
    assert compare(person(birth_date=date(1985, 12, 3)), swapped) is Band.POSSIBLE
    weak = date(1950, 7, 1)
    assert compare(person(birth_date=weak), person(nik=None, birth_date=weak)) is Band.NONE
    nobody = frozenset({Kk("0" * 16)})
    assert compare(person(kks=nobody), person(nik=None, kks=nobody)) is Band.NONE


def test_twins_with_like_names_are_two_people() -> None:
    shared = {"birth_date": BORN, "sex": Sex.MALE, "mother_key": name_key("SITI AMINAH"), "kks": frozenset({KK})}
    assert compare(person("HASAN BASRI", **shared), person("HASAN BISRI", OTHER_NIK, **shared)) is Band.POSSIBLE


people = st.builds(
    Person,
    nik=st.sampled_from([None, NIK, OTHER_NIK, Nik("0" * 16)]),
    name_key=st.sampled_from(["", "SUYANTO", "SUYATNO", "NURHASAN", "NURHASANAH"]),
    kks=st.sets(st.sampled_from([KK, Kk("9" * 16)])).map(frozenset),
    birth_date=st.sampled_from([None, BORN, date(1985, 12, 3), date(1985, 3, 12), date(1950, 7, 1)]),
    sex=st.sampled_from([None, *Sex]),
    mother_key=st.sampled_from(["", "SITIAMINAH"]),
    village=st.none(),
)


@given(people, people)
def test_the_band_is_the_same_whichever_comes_first(a: Person, b: Person) -> None:
    assert compare(a, b) is compare(b, a)


@given(people, people)
def test_only_one_good_nik_makes_certain(a: Person, b: Person) -> None:
    if compare(a, b) in (Band.CERTAIN, Band.IDENTITY_CONFLICT):
        assert a.nik == b.nik
        assert match_nik(a.nik) is not None
