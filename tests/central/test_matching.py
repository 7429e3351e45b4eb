"""Are two records about one person?"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from central.domain.matching import (
    LOOSE_NAME_MIN,
    SAME_NAME_MIN,
    Band,
    DateLink,
    NikLink,
    Person,
    compare,
    date_link,
    has_good_nik,
    match_nik,
    name_similarity,
    nik_link,
    person_of,
    weigh,
)
from protocol.ids import Kk, Nik, Sex, VillageCode
from protocol.names import NAME_CHARS_MAX, name_key

NIK, OTHER_NIK, FAR_NIK = Nik("3510251705850001"), Nik("3510251705850002"), Nik("3510024101700031")
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


FULL = {"birth_date": BORN, "sex": Sex.MALE, "mother_key": name_key("SITI AMINAH"), "kks": frozenset({KK})}
HERE, ELSEWHERE = VillageCode("3510252010"), VillageCode("3510152004")


def test_one_good_nik_and_a_like_name_is_certain() -> None:
    assert compare(person("SUTRISNO"), person("H. Soetrisno")) is Band.CERTAIN
    assert compare(person("SITI AMINAH", birth_date=BORN), person("AMINAH", birth_date=BORN)) is Band.CERTAIN
    assert compare(person("SITI AMINAH"), person("AMINAH")) is Band.IDENTITY_CONFLICT


def test_one_nik_and_another_person_is_a_conflict() -> None:
    assert compare(person("SUTRISNO"), person("MAIMUNAH")) is Band.IDENTITY_CONFLICT
    weak = date(1950, 7, 1)
    assert compare(person("A", birth_date=weak), person("MAIMUNAH", birth_date=weak)) is Band.IDENTITY_CONFLICT


def test_a_birth_date_does_not_vouch_for_a_nik_as_neighbours_in_the_registry_share_it() -> None:
    """One wrong digit makes of a NIK that of somebody born the same day, and of a twin's that of the other."""
    assert compare(person("SUTRISNO", birth_date=BORN), person("PAK TRIS", birth_date=BORN)) is Band.IDENTITY_CONFLICT
    assert compare(person("HASAN", **FULL), person("RIDWAN", **FULL)) is Band.IDENTITY_CONFLICT


@pytest.mark.parametrize(
    "against",
    [
        {"mother_key": name_key("MAIMUNAH")},
        {"sex": Sex.FEMALE},
        {"birth_date": date(1961, 2, 3)},
        {"mother_key": "", "kks": frozenset({Kk("3510151705150007")}), "village": ELSEWHERE},
    ],
)
def test_what_speaks_against_a_like_name_holds_both(against: dict[str, object]) -> None:
    one = person("HASAN BASRI", **FULL, village=HERE)
    assert compare(one, person("HASAN BISRI", **FULL, village=HERE)) is Band.CERTAIN
    assert compare(one, person("HASAN BISRI", **(FULL | {"village": HERE} | against))) is Band.IDENTITY_CONFLICT


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
    assert compare(person(left), person(right, FAR_NIK)) is Band.NONE
    assert compare(person(left), person(right, OTHER_NIK)) in (Band.NONE, Band.POSSIBLE)
    assert compare(person(left, birth_date=BORN), person(right, OTHER_NIK, birth_date=BORN)) in (
        Band.NONE,
        Band.POSSIBLE,
    )
    assert compare(person(left, None), person(right, None)) is Band.NONE
    assert compare(person(left), person(right, None)) is Band.NONE


def test_without_a_nik_the_whole_picture_is_likely_and_a_human_confirms() -> None:
    full = {"birth_date": BORN, "sex": Sex.MALE, "mother_key": name_key("SITI AMINAH")}
    assert compare(person(**full), person(nik=None, **full)) is Band.LIKELY
    by_card = {"birth_date": BORN, "sex": Sex.MALE, "kks": frozenset({KK})}
    assert compare(person(**by_card), person(nik=None, **by_card)) is Band.LIKELY
    assert compare(person(**by_card), person(nik=None, **by_card | {"sex": Sex.FEMALE})) is Band.POSSIBLE
    assert compare(person(**by_card), person(nik=None, **by_card | {"sex": None})) is Band.LIKELY
    assert compare(person(**by_card), person("SUTRISNA", nik=None, **by_card | {"sex": None})) is Band.POSSIBLE
    assert compare(person(birth_date=BORN), person(nik=None, birth_date=BORN)) is Band.POSSIBLE
    swapped = person(nik=None, birth_date=date(1985, 3, 12))
    assert compare(person(birth_date=date(1985, 12, 3)), swapped) is Band.POSSIBLE
    weak = date(1950, 7, 1)
    assert compare(person(birth_date=weak), person(nik=None, birth_date=weak)) is Band.NONE
    nobody = frozenset({Kk("0" * 16)})
    assert compare(person(kks=nobody), person(nik=None, kks=nobody)) is Band.NONE


def test_twins_with_like_names_are_two_people() -> None:
    assert compare(person("HASAN BASRI", **FULL), person("HASAN BISRI", OTHER_NIK, **FULL)) is Band.POSSIBLE
    assert compare(person("HASAN BASRI", **FULL), person("RIDWAN", OTHER_NIK, **FULL)) is Band.NONE


def test_a_slip_between_two_good_niks_is_likely_only_with_everything_else() -> None:
    slip = Nik("3510151705850001")  # another district, the same serial number: a digit, or a neighbour's neighbour
    assert compare(person("HASAN BASRI", **FULL), person("HASAN BASRI", OTHER_NIK, **FULL)) is Band.LIKELY
    assert compare(person("HASAN BASRI", **FULL), person("HASAN BISRI", slip, **FULL)) is Band.LIKELY
    alone = {"birth_date": BORN, "sex": Sex.MALE}
    assert compare(person("HASAN BASRI", **alone), person("HASAN BASRI", slip, **alone)) is Band.POSSIBLE
    other_date = FULL | {"birth_date": date(1985, 5, 14)}  # and the NIK says so too
    other_nik = Nik("3510251405850001")
    assert compare(person("HASAN BASRI", **FULL), person("HASAN BISRI", other_nik, **other_date)) is not Band.LIKELY


def test_somebody_with_two_niks_is_likely_by_everything_else() -> None:
    assert compare(person(**FULL), person(nik=FAR_NIK, **FULL)) is Band.LIKELY
    less = FULL | {"mother_key": "", "kks": frozenset()}
    assert compare(person(**less), person(nik=FAR_NIK, **less)) is Band.NONE


def test_a_list_of_names_cards_and_villages_finds_who_is_on_it_without_a_nik() -> None:
    """Lists of the ministry have neither birth date nor sex."""
    bare = {"kks": frozenset({KK}), "village": HERE}
    full = person("SUYANTO", **FULL, village=HERE)
    assert compare(full, person("SUYANTO", nik=None, **bare)) is Band.LIKELY
    assert compare(full, person("SUYATNO", nik=None, **bare)) is Band.POSSIBLE  # a brother
    assert compare(full, person("SUYANTO", nik=None, village=HERE)) is Band.NONE
    assert compare(full, person("SUYANTO", OTHER_NIK, village=HERE)) is Band.LIKELY
    assert compare(full, person("SUYATNO", OTHER_NIK, **bare)) is Band.POSSIBLE


def test_digits_that_are_no_nik_are_compared_with_a_nik() -> None:
    broken = person_of(nik="3510257705850001", name="SUTRISNO", birth_date=BORN, sex=Sex.MALE)  # the 77th of May
    assert (broken.nik, broken.broken_nik) == (None, "3510257705850001")
    assert weigh(broken, person(birth_date=BORN)).nik is NikLink.SLIP
    assert compare(broken, person(birth_date=BORN, sex=Sex.MALE)) is Band.LIKELY
    assert weigh(broken, broken).nik is NikLink.SLIP
    assert weigh(person_of(nik="3.51E+15", name="A"), person()).nik is NikLink.UNKNOWN


def test_texts_of_a_list_become_a_person() -> None:
    found = person_of(
        nik=f" {NIK} ", name="H. Sutrisno, S.Pd", kks=(KK, "123", "0" * 16), mother="St. Aminah", rt="005", rw=" 1"
    )
    assert (found.nik, found.name_key, found.kks) == (NIK, "SUTRISNO", frozenset({KK}))
    assert (found.mother_key, found.rt, found.rw) == (name_key("Siti Aminah"), "5", "1")


@pytest.mark.parametrize(
    ("one", "other", "link"),
    [
        ("3510251705850001", "3510251705850001", NikLink.SAME),
        ("3510251705850001", "3510251705850091", NikLink.SLIP),
        ("3510251705850001", "3510251075850001", NikLink.SLIP),
        ("3510251705850001", "3510251705851001", NikLink.SLIP),
        ("3510251705850012", "3510251705850021", NikLink.SLIP),
        ("3510251705850012", "3510251705850023", NikLink.NEAR),
        ("3510251705850001", "3510024101700031", NikLink.FAR),
    ],
)
def test_what_a_hand_does_to_sixteen_digits(one: str, other: str, link: NikLink) -> None:
    assert nik_link(one, other) is nik_link(other, one) is link


@pytest.mark.parametrize(
    ("other", "link"),
    [
        (date(1985, 5, 12), DateLink.SAME),
        (date(1985, 12, 5), DateLink.SWAPPED),
        (date(1985, 5, 22), DateLink.SLIP),
        (date(1995, 5, 12), DateLink.SLIP),
        (date(1985, 7, 1), DateLink.WEAK),
        (date(1984, 7, 1), DateLink.OTHER),
        (date(1986, 6, 13), DateLink.OTHER),
        (date(985, 5, 12), DateLink.SLIP),
        (date(85, 5, 12), DateLink.OTHER),
        (None, DateLink.UNKNOWN),
    ],
)
def test_what_lists_do_to_a_birth_date(other: date | None, link: DateLink) -> None:
    assert date_link(date(1985, 5, 12), other) is date_link(other, date(1985, 5, 12)) is link


def test_a_nik_is_good_when_it_agrees_with_its_own_record() -> None:
    assert has_good_nik(person(birth_date=BORN, sex=Sex.MALE))
    assert has_good_nik(person(birth_date=date(1985, 7, 1)))
    assert not has_good_nik(person(birth_date=date(1985, 5, 18)))
    assert not has_good_nik(person(sex=Sex.FEMALE))
    assert has_good_nik(person(nik=Nik("3510250512850001"), birth_date=date(1985, 5, 12)))
    assert not has_good_nik(person(nik=None))


people = st.builds(
    Person,
    nik=st.sampled_from([None, NIK, OTHER_NIK, FAR_NIK, Nik("3510257105850001"), Nik("0" * 16)]),
    name_key=st.sampled_from(["", "SUYANTO", "SUYATNO", "NURHASAN", "NURHASANAH", "HASAN"]),
    kks=st.sets(st.sampled_from([KK, Kk("3510151705150007"), Kk("9" * 16)])).map(frozenset),
    birth_date=st.sampled_from([None, BORN, date(1985, 12, 3), date(1985, 3, 12), date(1950, 7, 1), date(1985, 5, 14)]),
    sex=st.sampled_from([None, *Sex]),
    mother_key=st.sampled_from(["", "SITIAMINAH", "AMINAH", "MAIMUNAH"]),
    village=st.sampled_from([None, HERE, ELSEWHERE]),
    rt=st.sampled_from(["", "1", "2"]),
    rw=st.sampled_from(["", "3"]),
    broken_nik=st.sampled_from(["", "3510257705850001"]),
).map(lambda each: each if each.nik is None else replace(each, broken_nik=""))


@given(people, people)
def test_evidence_and_band_are_the_same_whichever_comes_first(a: Person, b: Person) -> None:
    assert weigh(a, b) == weigh(b, a)
    assert compare(a, b) is compare(b, a)


@given(people, people)
def test_only_one_good_nik_makes_certain(a: Person, b: Person) -> None:
    if compare(a, b) in (Band.CERTAIN, Band.IDENTITY_CONFLICT):
        assert a.nik == b.nik
        assert match_nik(a.nik) is not None


@given(people, people)
def test_nothing_but_a_nik_acts_on_two_names_that_are_not_alike(a: Person, b: Person) -> None:
    if name_similarity(a.name_key, b.name_key) < LOOSE_NAME_MIN and a.nik != b.nik:
        assert compare(a, b) is Band.NONE


@given(people, people)
def test_a_name_and_a_slip_never_hold_anybody_by_themselves(a: Person, b: Person) -> None:
    bare = {"kks": frozenset(), "mother_key": "", "village": None, "birth_date": None}
    if match_nik(a.nik) is None or a.nik != b.nik:
        assert compare(replace(a, **bare), replace(b, **bare)) in (Band.NONE, Band.POSSIBLE)
