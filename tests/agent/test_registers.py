"""The words of the registers: one line for page, paper and spreadsheet, and cells that no spreadsheet computes."""

import pytest

from agent.domain.events import EventKind
from agent.domain.registers import (
    MUTATIONS,
    OUTGOING,
    VOLUME_ROWS,
    MutationEntry,
    OutgoingEntry,
    iso_words,
    mutation_line,
    number_words,
    outgoing_line,
    volumes,
)
from agent.store.registers import begins, numbers_in

TITLES = {"sktm": "Surat Keterangan Tidak Mampu"}


def entry(**changes: object) -> OutgoingEntry:
    values = {
        "letter": b"l" * 16,
        "series": "semua",
        "number": 12,
        "last": 12,
        "printed_number": "470/012/429.508.03/2021",
        "issued_on": "2021-05-03",
        "kind": "sktm",
        "subject_name": "SITI CONTOH",
        "void_reason": None,
    }
    return OutgoingEntry(**{**values, **changes})  # type: ignore[arg-type]


def test_a_letter_is_a_line_of_as_many_cells_as_the_book_has_columns() -> None:
    line = outgoing_line(entry(), TITLES)
    assert line.cells == (
        "12",
        "470/012/429.508.03/2021",
        "3 Mei 2021",
        "Surat Keterangan Tidak Mampu",
        "SITI CONTOH",
        "",
    )
    assert len(line.cells) == len(OUTGOING.columns)
    assert not line.is_void


def test_a_kind_that_the_catalogue_does_not_know_is_still_in_the_book() -> None:
    assert outgoing_line(entry(kind="surat_baru"), TITLES).cells[3] == "surat_baru"


def test_voids_say_why() -> None:
    assert outgoing_line(entry(void_reason="salah nama"), TITLES).cells[-1] == "BATAL: salah nama"
    gap = entry(letter=b"", last=15, printed_number="", issued_on="", kind="", subject_name="", void_reason="terbakar")
    line = outgoing_line(gap, TITLES)
    assert line.cells == ("12 s/d 15", "-", "-", "Nomor tanpa surat", "-", "BATAL: terbakar")
    assert (line.record, line.is_void) == (b"", True)


def test_numbers_name_their_series_where_there_are_several() -> None:
    assert number_words("semua", 3, 3) == "3"
    assert number_words("sktm", 3, 4) == "sktm 3 s/d 4"


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        (EventKind.BORN, (5, "Lahir di Jember")),
        (EventKind.MOVED_IN, (5, "Jember")),
        (EventKind.MOVED_OUT, (7, "Jember")),
        (EventKind.DIED, (9, "Jember")),
    ],
)
def test_each_event_stands_in_its_own_two_columns(kind: EventKind, columns: tuple[int, str]) -> None:
    line = mutation_line(
        MutationEntry(
            resident=b"r" * 16,
            place=7,
            name="SITI CONTOH",
            sex="P",
            birth_place="",
            birth_date="1980-03-04",
            kind=kind,
            happened_on="2021-05-03",
            where="Jember",
            reference="474/1",
            note="",
        )
    )
    assert len(line.cells) == len(MUTATIONS.columns)
    at, where = columns
    assert {n: cell for n, cell in enumerate(line.cells[:-1]) if cell and n > 4} == {at: where, at + 1: "3 Mei 2021"}
    assert line.cells[:5] == ("7", "SITI CONTOH", "-", "4 Maret 1980", "P")
    assert line.cells[-1].endswith("; 474/1")


@pytest.mark.parametrize(("raw", "words"), [("2021-05-03", "3 Mei 2021"), ("", "-"), ("2021-02-30", "2021-02-30")])
def test_dates_in_words(raw: str, words: str) -> None:
    assert iso_words(raw) == words


def test_a_long_book_has_volumes() -> None:
    assert [volumes(n) for n in (0, 1, VOLUME_ROWS, VOLUME_ROWS + 1, 50_000)] == [1, 1, 1, 2, 25]


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("123", [123]),
        ("470/123/2021", [123, 470, 2021]),
        ("siti", []),
        ("", []),
        ("% 1 !", []),
        ("1" * 40, [11111]),
    ],
)
def test_what_is_typed_is_a_number_or_a_name(typed: str, numbers: list[int]) -> None:
    assert numbers_in(typed) == numbers


def test_typed_signs_are_no_wildcards() -> None:
    args: list[object] = []
    begins("50%_!", "subject_name", args)
    assert args == ["% 50!%!_!!%"]
