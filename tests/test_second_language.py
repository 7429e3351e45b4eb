"""The second language is whole: the catalogue says exactly what the programs say, and no template speaks past it."""

import re
from collections import Counter
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from chassis.web import formats
from language import THOUSANDS, Words, listed, say
from language.catalogue import ENGLISH, INDONESIAN, LANGUAGES, catalogue, read_file
from language.extraction import PROGRAMS, sentences
from tests.page_words import untranslated

PLACEHOLDER = re.compile(r"\{\{|\}\}|\{\w*\}|%\(\w+\)s|</?\w+[^>]*>")
TEMPLATES = [path for program in PROGRAMS for path in sorted(Path(str(resources.files(program))).rglob("*.html"))]


def entries() -> Iterator[tuple[str, str]]:
    return ((str(entry.id), str(entry.string)) for entry in read_file(ENGLISH) if entry.id)


def test_the_catalogue_says_what_the_programs_say_and_nothing_else() -> None:
    known, said = dict(entries()), {found.msgid: found for found in sentences()}
    new = [f"{found.place}:{found.line}: {msgid!r}" for msgid, found in said.items() if msgid not in known]
    assert not new, "run `make catalogue`, then translate:\n" + "\n".join(new)
    assert not known.keys() - said.keys(), "run `make catalogue`: nobody says these any more"
    empty = [msgid for msgid, english in known.items() if not english]
    assert not empty, "translate in language/locale/en/LC_MESSAGES/kampung.po:\n" + "\n".join(empty)
    assert not [entry.id for entry in read_file(ENGLISH) if entry.id and entry.fuzzy]
    assert not read_file(ENGLISH).obsolete
    assert len(known) > 1000


def test_both_languages_have_the_same_places_for_values_and_the_same_tags() -> None:
    wrong = [
        (indonesian, english)
        for indonesian, english in entries()
        if Counter(PLACEHOLDER.findall(indonesian)) != Counter(PLACEHOLDER.findall(english))
    ]
    assert not wrong


def test_letters_have_the_english_title_of_their_own_table() -> None:
    known = dict(entries())
    titles = [found for found in sentences() if found.english]
    assert len(titles) == 30
    assert all(known[found.msgid] == found.english for found in titles)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: "/".join(path.parts[-3:]))
def test_no_template_speaks_past_the_catalogue(path: Path) -> None:
    found = [f"{path}:{line}: {literal!r}" for line, literal in untranslated(path.read_text("utf-8"))]
    assert not found, 'write {{ _("…") }}, with {name} for values:\n' + "\n".join(found)


@pytest.mark.parametrize(
    "template",
    [
        "<p>Surat baru</p>",
        '<a title="Buka surat" href="/">{{ x }}</a>',
        '{{ forms.field("name", "Nama") }}',
        '{{ "Simpan" if x else _("Ubah") }}',
        '{{ _("Nomor") }} sampai {{ x }}',
        '{{ forms.field("name", _("Nama"), hint="seperti tertulis di kartu keluarga") }}',
    ],
)
def test_what_a_template_says_past_the_catalogue_is_found(template: str) -> None:
    assert untranslated(f"{{# x #}}\n{template}")[0][0] == 2


def test_a_sentence_is_indonesian_text_until_a_page_shows_it() -> None:
    english = catalogue(ENGLISH)
    words = say("{label}: {message}", label=say("Nama"), message=say("wajib diisi."))
    assert words == "Nama: wajib diisi."
    assert words.into(english) == "Name: must be filled in."
    assert words.into(catalogue(INDONESIAN)) == words
    assert say("tidak ada di katalog").into(english) == "tidak ada di katalog"
    assert listed(["KTP", "buku nikah"]).into(english) == "KTP, marriage book"
    assert say("").into(english) == ""
    assert say("Nama {x}", x="{y}").into(english) == "Nama {y}"


def test_dates_and_figures_follow_the_language() -> None:
    english = catalogue(ENGLISH)

    def both(words: str) -> tuple[str, str]:
        assert isinstance(words, Words)
        return str(words), words.into(english)

    assert both(formats.tanggal_iso("2021-05-05")) == ("5 Mei 2021", "5 May 2021")
    assert both(formats.bulan("2021-05..2021-07")) == ("Mei-Juli 2021", "May-July 2021")
    assert both(formats.angka(12373)) == ("12.373", "12,373")
    assert both(formats.rupiah(-700_000)) == ("-Rp700.000", "-Rp700,000")
    assert both(formats.ago(0, 3 * 3_600_000)) == ("3 jam", "3 hours")
    assert english[THOUSANDS] == ","
    assert LANGUAGES[INDONESIAN] == "Bahasa Indonesia"
