"""Districts and villages of Banyuwangi."""

from collections import Counter

import pytest

from protocol.ids import DistrictCode, VillageCode, parse_village_code
from protocol.regions import (
    UnknownRegion,
    VillageKind,
    district,
    districts,
    find_district,
    find_village,
    village,
    village_by_any_code,
    villages,
)


def test_the_list_is_whole() -> None:
    assert len(districts()) == 25
    assert Counter(each.kind for each in villages()) == {VillageKind.DESA: 189, VillageKind.KELURAHAN: 28}
    assert all(each.is_ward == (each.code[6] == "1") for each in villages())
    assert all(each.district.code == each.code[:6] for each in villages())
    assert all(parse_village_code(each.code) == each.code for each in villages())
    assert len({each.code for each in villages()}) == 217


def test_a_village_is_found_by_its_code() -> None:
    sukojati = village(VillageCode("3510252010"))
    assert (sukojati.name, sukojati.district.name, sukojati.postcode) == ("Sukojati", "Blimbingsari", "68461")
    assert sukojati.place == "Desa Sukojati, Kecamatan Blimbingsari"
    assert village(VillageCode("3510161010")).place == "Kelurahan Singonegaran, Kecamatan Banyuwangi"
    assert district(DistrictCode("351025")).name == "Blimbingsari"


def test_an_unknown_code_names_the_cure() -> None:
    with pytest.raises(UnknownRegion, match=r"now 35\.10\.25\.2010"):
        village(VillageCode("3510142008"))
    with pytest.raises(UnknownRegion, match="list of villages"):
        village(VillageCode("3510252099"))
    with pytest.raises(UnknownRegion, match="kecamatan"):
        district(DistrictCode("351026"))


def test_a_retired_code_still_leads_to_the_village() -> None:
    for each in villages():
        if each.retired_code is not None:
            assert village_by_any_code(each.retired_code) is each
    assert sum(each.retired_code is not None for each in villages()) == 10
    assert village_by_any_code(VillageCode("3510252099")) is None


def test_every_village_is_found_by_its_name_within_its_district_only() -> None:
    for each in villages():
        assert find_village(each.name, each.district.name) is each
        assert find_village(f"  {each.kind.value} {each.name.upper()} ", f"Kec. {each.district.name}") is each


@pytest.mark.parametrize("name", ["Tamansari", "Watukebo", "Karangrejo"])
def test_a_name_that_occurs_twice_means_what_its_district_says(name: str) -> None:
    same = [each for each in villages() if each.name == name]
    assert len(same) == 2
    assert {find_village(name, each.district.name) for each in same} == set(same)


def test_near_names_are_not_taken_for_each_other() -> None:
    assert find_village("Pengantigan", "Rogojampi") is None
    assert find_village("Pengatigan", "Banyuwangi") is None
    assert find_village("Bagorejo", "Bangorejo") is None
    assert find_village("Sukojati", "") is None
    assert find_district("Blimbing") is None


def test_older_spellings_and_the_district_before_a_split_are_known() -> None:
    assert find_village("Sineporejo", "Siliragung") is village(VillageCode("3510222004"))
    assert find_village("Sukojati", "Kabat") is village(VillageCode("3510252010"))
    assert find_village("MACANPUTIH", "KABAT") is village(VillageCode("3510142013"))
