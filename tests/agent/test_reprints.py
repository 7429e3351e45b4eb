"""A letter reprints as it left the desk: what its text's version says stands on the paper, whatever the program has learnt."""

from hashlib import sha256

import msgspec
import pytest

from agent import data
from agent.domain.sheets import letter_sheet
from protocol.letter_kinds import Countersign
from tests.agent.letter_samples import CATALOGUE, TEXTS, letter

PUBLISHED = {
    "skd-1.txt": "cfb8a9d0ba11700c",
    "sktm-1.txt": "cd4a605c263091d1",
    "spm-1.txt": "558c38b951a5fe0f",
}
"""Digests of texts under which letters have been issued: a change is a new version, never an edit."""
BEFORE_THE_SEAL = ("skd", "sktm", "spm")


def test_a_published_text_is_never_edited() -> None:
    files = data.letter_texts()
    assert {name: sha256(files[name].encode()).hexdigest()[:16] for name in PUBLISHED} == PUBLISHED


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_a_later_catalogue_changes_nothing_on_the_paper(key: str) -> None:
    """Titles, codes, who declares and who countersigns may all be changed: an issued letter keeps its own."""
    issued = letter(key)
    text = TEXTS[key, issued.text_version]
    before = letter_sheet(issued, CATALOGUE[key], text)
    kind = msgspec.structs.replace(
        CATALOGUE[key],
        title="Judul Baru",
        code_until_2022="999",
        countersigned_by_camat=Countersign.NO,
        required_documents=(),
        declared_by="heirs",
    )
    later = msgspec.structs.replace(issued, title="Judul Baru", declared_by="heirs")
    assert letter_sheet(later, kind, text) == before


def test_every_newer_text_says_its_title_and_who_signs() -> None:
    silent = {f"{kind}-{version}.txt" for (kind, version), text in TEXTS.items() if not (text.title and text.spots)}
    assert silent == PUBLISHED.keys()


@pytest.mark.parametrize("key", BEFORE_THE_SEAL)
def test_an_older_text_is_signed_and_titled_as_then_and_keeps_no_room_for_a_seal(key: str) -> None:
    sheet = letter_sheet(letter(key, version=1), CATALOGUE[key], TEXTS[key, 1])
    assert sheet.title == CATALOGUE[key].title.upper()
    assert [s.heading for s in sheet.signatures] == {
        "spm": [("Mengetahui,", "KEPALA DESA SUKOJATI"), ("Yang menyatakan,",)]
    }.get(key, [("KEPALA DESA SUKOJATI",)])
    assert not sheet.has_seal_room
