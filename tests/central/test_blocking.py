"""Which records are compared at all, and what a huge block does."""

from datetime import date

import pytest
from msgspec.structs import replace

from central.domain.blocking import BLOCK_MAX, Block, Candidates, Index, keys, name_sound
from central.domain.matching import Person, person_of
from protocol.ids import Kk, Sex, VillageCode
from protocol.names import name_key

HERE = VillageCode("3510252010")
WHOLE = person_of(
    nik="3510251705850001",
    name="SUTRISNO",
    kks=("3510251705150001", "3510251705100009"),
    birth_date=date(1985, 5, 17),
    sex=Sex.MALE,
    village=HERE,
    rt="1",
    rw="2",
)
STRANGER = person_of(nik="3510024101700031", name="MAIMUNAH", kks=("3510021705150001",), birth_date=date(1970, 1, 3))


@pytest.mark.parametrize(
    "other",
    [
        replace(STRANGER, nik=WHOLE.nik),
        person_of(nik="3510251705850041", name="X"),  # one digit
        person_of(nik="3510257705850001", name="X"),  # one digit, and no NIK any more
        replace(STRANGER, kks=frozenset({Kk("3510251705100009")})),  # a card of years ago
        replace(STRANGER, birth_date=WHOLE.birth_date, sex=Sex.MALE),
        replace(STRANGER, name_key=name_key("SOETRISNA"), birth_date=date(1985, 1, 1)),
        person_of(nik="", name="SUTRISNO", village=HERE, rt="001", rw="002"),
    ],
)
def test_somebody_with_one_thing_in_common_is_found(other: Person) -> None:
    index = Index([STRANGER, other, STRANGER])
    assert index.candidates(WHOLE) == Candidates((1,), ())
    assert Index([WHOLE]).candidates(other).numbers == (0,)


def test_nothing_is_found_by_what_says_nothing() -> None:
    nobody = person_of(nik="0" * 16, name="", kks=("0" * 16, "9" * 16), birth_date=date(1950, 7, 1), sex=Sex.MALE)
    assert list(keys(nobody)) == []
    assert Index([WHOLE, nobody]).candidates(nobody) == Candidates((), ())


@pytest.mark.parametrize(
    ("one", "other"),
    [("SUYATNO", "SOEJATNO"), ("NUR HASAN", "NURHASAN"), ("MOCH. ALI", "M ALI"), ("KHOIRUL", "CHOERUL")],
)
def test_a_name_sounds_alike_however_it_is_spelt(one: str, other: str) -> None:
    assert name_sound(name_key(one)) == name_sound(name_key(other)) != ""


def test_a_huge_block_is_named_and_the_others_are_walked() -> None:
    filler = person_of(nik=WHOLE.nik or "", name="X")
    own = replace(WHOLE, nik=None)
    index = Index([filler] * (BLOCK_MAX + 1) + [own])
    found = index.candidates(WHOLE)
    assert found.numbers == (BLOCK_MAX + 1,)
    assert found.skipped == (Block.NIK,)
    near = person_of(nik="3510251705850041", name="X")
    assert Index([filler] * (BLOCK_MAX + 1)).candidates(near).skipped == (Block.MASKED_NIK,)
    assert Index([filler] * BLOCK_MAX).candidates(WHOLE).skipped == ()
