"""The one field on the first page: what it reads in what was typed, and where that leads."""

import pytest

from agent.domain.commands import (
    Command,
    FindLetter,
    FindResident,
    OpenPage,
    Place,
    Propose,
    VoidLetter,
    WriteLetter,
    read_command,
)
from tests.agent.office import Counter, words_of
from tests.chassis.conftest import Browser

KINDS = {
    "skd": "Surat Keterangan Domisili",
    "skdu": "Surat Keterangan Domisili Usaha",
    "sktm": "Surat Keterangan Tidak Mampu",
    "wali": "Surat Izin Wali/Orang Tua/Suami/Istri",
}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", ()),
        ("  \t ", ()),
        ("3510 1708 9000 0001", (FindResident("3510 1708 9000 0001"),)),
        ("siti", (FindResident("siti"),)),
        ("  siti   aminah ", (FindResident("siti aminah"),)),
        ("400/123/...", (FindLetter("400/123/"),)),
        ("400.12.2.1 / 007 / 429.508.03 / 2021", (FindLetter("400.12.2.1/007/429.508.03/2021"),)),
        ("12", (FindResident("12"), FindLetter("12"))),
        ("surat", (OpenPage(Place.LETTERS),)),
        ("NOMOR", (OpenPage(Place.NUMBERS),)),
        ("baru", (OpenPage(Place.NEW_RESIDENT),)),
        ("cari siti", (FindResident("siti"), FindResident("cari siti"))),
        ("surat sktm siti", (WriteLetter("sktm", "siti"), FindResident("surat sktm siti"))),
        ("Surat SKTM", (WriteLetter("sktm", ""), FindResident("Surat SKTM"))),
        ("sktm siti aminah", (WriteLetter("sktm", "siti aminah"), FindResident("sktm siti aminah"))),
        ("surat mampu siti", (WriteLetter("sktm", "siti"), FindResident("surat mampu siti"))),
        ("surat usaha siti", (WriteLetter("skdu", "siti"), FindResident("surat usaha siti"))),
        ("surat domisili siti", (WriteLetter("skd", "siti"), FindResident("surat domisili siti"))),
        ("surat keterangan", (FindResident(""), FindResident("surat keterangan"))),
        (
            "surat keterangan tidak mampu siti",
            (WriteLetter("sktm", "siti"), FindResident("surat keterangan tidak mampu siti")),
        ),
        ("surat keterangan siti", (FindResident("siti"), FindResident("surat keterangan siti"))),
        ("surat 400/12", (FindLetter("400/12"), FindResident("surat 400/12"))),
        ("wali songo", (WriteLetter("wali", "songo"), FindResident("wali songo"))),
        ("usul siti", (Propose("siti"), FindResident("usul siti"))),
        ("nomor 12", (FindLetter("12"), FindResident("nomor 12"))),
        ("batal 400/12", (VoidLetter("400/12"), FindResident("batal 400/12"))),
        ("batal", (VoidLetter(""), FindResident("batal"))),
        ("sur siti", (FindResident("sur siti"), FindResident("siti"))),
        ("us siti", (FindResident("us siti"), Propose("siti"))),
        ("u siti", (FindResident("u siti"),)),
        ("surati", (FindResident("surati"),)),
        ("¹²³", (FindResident("¹²³"),)),
    ],
)
def test_what_was_typed(typed: str, meant: tuple[Command, ...]) -> None:
    assert read_command(typed, KINDS) == meant


@pytest.mark.parametrize("name", ["SURATI", "USUP", "NOMIN", "BATALIPU", "CARIKA", "SKDARMAN"])
def test_a_name_that_begins_like_a_command_is_a_name(name: str) -> None:
    assert read_command(name, KINDS)[0] == FindResident(name)


async def type_in(browser: Browser, typed: str) -> tuple[str, str]:
    """Where the field led (an address, or empty), and the words of the page it showed instead."""
    form = await browser.fields_of(await browser.get("/"))
    answer = await browser.post("/", {**form, "q": typed}, allow_redirects=False)
    assert answer.status in (200, 303), answer.status
    return answer.headers.get("Location", ""), words_of(await answer.text()) if answer.status == 200 else ""


async def test_it_leads_to_people_letters_and_pages(counter: Counter) -> None:
    clerk, nik, somebody = await counter.browser(), next(iter(counter.people)), counter.somebody
    issued = await counter.issue(clerk)
    printed = await counter.value("SELECT printed_number FROM letter")
    kk = await counter.value("SELECT kk FROM resident WHERE nik = $1", nik)
    for typed, expected in {
        nik: f"/residents/{somebody}",
        f"cari {nik}": f"/residents/{somebody}",
        f"{nik[:4]} {nik[4:]}": f"/residents/{somebody}",
        f"sktm {nik}": f"/letters/new?kind=sktm&resident={somebody}",
        f"surat domisili {nik}": f"/letters/new?kind=skd&resident={somebody}",
        f"usul {nik}": f"/proposals/new?resident={somebody}",
        f"us {nik}": f"/proposals/new?resident={somebody}",
        printed: issued,
        printed.lower()[:7] + "...": issued,
        "nomor 1": issued,
        "nomor 001": issued,
        "usul": "/proposals",
        "baru": "/residents/new",
    }.items():
        assert (await type_in(clerk, typed))[0] == expected, typed
    _, family = await type_in(clerk, f"surat sktm {kk}")
    assert "Surat Keterangan Tidak Mampu" in family
    assert nik not in family
    for typed, advice in {
        "surat sktm": "Ketik NIK atau namanya",
        "qqq": "Tidak ditemukan",
        "999/9": "Tidak ada surat",
        "nomor " + "9" * 60: "Tidak ada surat",
        "batal": "Ketik nomornya",
        "": "Ketik dulu",
        "%": "Tidak ditemukan",
    }.items():
        assert advice in (await type_in(clerk, typed))[1], typed


async def test_voiding_by_its_number_is_for_superiors(counter: Counter) -> None:
    clerk, head = await counter.browser(), await counter.browser("head")
    issued = await counter.issue(clerk)
    assert (await type_in(head, "batal 470/001"))[0] == f"{issued}/void"
    assert (await type_in(clerk, "batal 470/001"))[0] == issued
    assert "sekretaris atau kepala" in words_of(await (await clerk.get(issued)).text())


async def test_a_number_of_two_years_shows_both_letters(counter: Counter) -> None:
    clerk = await counter.browser()
    first = await counter.issue(clerk)
    counter.stamps.ms += 300 * 86_400_000
    clerk = await counter.browser()
    second = await counter.issue(clerk)
    where, words = await type_in(clerk, "nomor 1")
    assert not where
    assert "Surat yang cocok" in words
    assert first != second
    assert "/2021" in words
    assert "/2022" in words


async def test_half_a_command_waits_for_the_rest(counter: Counter) -> None:
    clerk, nik, somebody = await counter.browser(), next(iter(counter.people)), counter.somebody
    form = await clerk.fields_of(await clerk.get("/"))
    asked = await clerk.fields_of(await clerk.post("/", {**form, "q": "surat sktm"}))
    assert asked["before"] == "surat sktm"
    for typed, expected in {
        nik: f"/letters/new?kind=sktm&resident={somebody}",
        f"usul {nik}": f"/proposals/new?resident={somebody}",
        "nomor": "/numbers",
    }.items():
        led = await clerk.post("/", {**asked, "q": typed}, allow_redirects=False)
        assert led.headers["Location"] == expected, typed
