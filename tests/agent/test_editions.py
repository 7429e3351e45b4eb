"""Kinds and wording from the regency: used once they are in force, refused when they are not its word, kept for ever."""

import io
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pypdf import PdfReader

from agent.config import Workflow
from agent.domain.catalogue import CHANGED, UNREADABLE, UNSIGNED, Catalogue
from agent.domain.requests import Route
from agent.store import inspection
from agent.web.kiosk import build_kiosk_app
from chassis.database import Connection
from chassis.signing import Key, verify
from protocol.codec import pack
from protocol.feed import LetterEdition
from tests.agent.editions import BBM, SKTM, changed, states
from tests.agent.letter_samples import SHIPPED
from tests.agent.office import DAY_MS, REGENCY_KEY, Counter, open_counter, tell, words_of
from tests.chassis.conftest import Browser

TODAY = date(2021, 5, 17)
THIEF = Key.from_seed(b"\x09" * 32)
FISHER = {"boat_name": "Sumber Laut", "engine_hp": "24", "litres_month": "1200", "station": "SPBUN Muncar"}


async def hear(counter: Counter, *said: LetterEdition) -> None:
    """What the regency's feed says now, as a whole."""
    await tell(counter.store, "regency", states(*said), counter.stamps.now_ms())


def start_again(counter: Counter, regency: Key) -> None:
    """The program is started anew: what it knows is what ships and what the archive keeps."""
    catalogue = Catalogue(SHIPPED.values(), is_regencys=partial(verify, regency.public))
    object.__setattr__(counter.office, "catalogue", catalogue)


async def pdf(browser: Browser, letter: str) -> bytes:
    answer = await browser.get(f"{letter}/pdf")
    assert answer.status == 200
    return await answer.read()


async def paper(browser: Browser, letter: str) -> str:
    text = PdfReader(io.BytesIO(await pdf(browser, letter))).pages[0].extract_text()
    return " ".join(text.replace("\u200b", "").split())


async def shown(browser: Browser, path: str) -> str:
    answer = await browser.get(path)
    assert answer.status == 200, path
    return words_of(await answer.text())


async def test_new_letters_read_anew_and_old_ones_are_printed_as_they_were(counter: Counter) -> None:
    browser = await counter.browser()
    old = await counter.issue(browser, "sktm")
    printed = await pdf(browser, old)
    assert "BBM" not in await shown(browser, f"/residents/{counter.somebody}")

    await hear(counter, SKTM, BBM)
    home = await shown(browser, "/")
    assert "Naskah Surat Keterangan Tidak Mampu versi 101 berlaku sejak 10 Mei 2021." in home
    assert "Naskah Surat Rekomendasi BBM Nelayan versi 100 berlaku sejak 10 Mei 2021." in home
    assert "Rekomendasi BBM Nelayan" in await shown(browser, f"/residents/{counter.somebody}")
    assert "Surat Rekomendasi BBM Nelayan" in await shown(browser, "/registers/outgoing")

    new = await counter.issue(browser, "sktm", income="1.500.000")
    assert "Rp1.500.000 sebulan" in await paper(browser, new)
    fuel = await counter.issue(browser, "bbm_nelayan", **FISHER)
    assert "Sumber Laut, 24 PK" in await paper(browser, fuel)
    assert "523/003/429.508.03/2021" in await shown(browser, fuel)
    assert "Surat Rekomendasi BBM Nelayan" in await shown(browser, "/letters")
    assert await pdf(browser, old) == printed, "byte for byte"
    assert await counter.value("SELECT count(*) FROM letter") == 3

    await hear(counter)  # a centre that was restored, and knows of no edition any more
    start_again(counter, REGENCY_KEY)
    assert "Sumber Laut, 24 PK" in await paper(browser, fuel), "after a start from the archive alone"
    assert "Rp1.500.000 sebulan" in await paper(browser, new)
    assert await pdf(browser, old) == printed
    assert await inspection.inspect(counter.store) == []


async def test_the_command_bar_and_the_kiosk_know_a_published_kind(counter: Counter) -> None:
    browser = await counter.browser()
    await hear(counter, BBM)
    nik = next(iter(counter.people))
    form = await browser.fields_of(await browser.get("/"))
    found = await browser.post("/", {**form, "q": f"surat bbm {nik}"}, allow_redirects=False)
    assert found.headers["Location"] == f"/letters/new?kind=bbm_nelayan&resident={counter.somebody}"
    async with TestClient(TestServer(build_kiosk_app(counter.office))) as client:
        kiosk = Browser(client)
        asked = await kiosk.post("/number", {**await kiosk.fields_of(await kiosk.get("/")), "number": nik})
        mother = await counter.value("SELECT mother FROM resident WHERE nik = $1", nik)
        chosen = await kiosk.post("/name", {**await kiosk.fields_of(asked), "mother": mother})
        assert "Surat Rekomendasi BBM Nelayan" in await chosen.text()


async def test_wording_waits_for_its_day(counter: Counter) -> None:
    browser = await counter.browser()
    await hear(counter, changed(SKTM, valid_from="2021-05-20"), changed(BBM, valid_from="2021-05-20"))
    assert "versi 101 akan berlaku mulai 20 Mei 2021." in await shown(browser, "/")
    assert "BBM" not in await shown(browser, f"/residents/{counter.somebody}")
    before = await paper(browser, await counter.issue(browser, "sktm"))
    counter.stamps.ms += 3 * DAY_MS
    browser = await counter.browser()
    after = await paper(browser, await counter.issue(browser, "sktm", date_confirmed="1"))
    assert ("menurut pengetahuan kami" in before, "menurut musyawarah" in after) == (True, True)
    counter.stamps.ms += 30 * DAY_MS
    assert "versi 101" not in await shown(await counter.browser(), "/"), "old news"


async def test_what_is_not_the_regencys_or_not_readable_is_not_used_and_said(counter: Counter) -> None:
    browser = await counter.browser()
    forged = changed(BBM, THIEF.sign)
    altered = changed(SKTM, key=lambda message: SKTM.signature, text=SKTM.text.replace("tidak mampu", "mampu"))
    newer = changed(SKTM, version=102, text="[gambar]\nlogo\n")
    await hear(counter, forged, altered, newer)
    told = await shown(browser, "/sync")
    for kind, version, sentence in (("bbm_nelayan", 100, UNSIGNED), ("sktm", 101, UNSIGNED), ("sktm", 102, UNREADABLE)):
        assert f"Naskah surat {kind} versi {version} {sentence}" in told
    assert "BBM" not in await shown(browser, f"/residents/{counter.somebody}")
    assert "menurut pengetahuan kami" in await paper(browser, await counter.issue(browser, "sktm"))

    await hear(counter, forged, altered, newer, SKTM, BBM)
    assert "Sumber Laut" in await paper(browser, await counter.issue(browser, "bbm_nelayan", **FISHER))
    assert "menurut musyawarah" in await paper(browser, await counter.issue(browser, "sktm"))

    await hear(counter, changed(BBM, text=BBM.text + "\nlain : kepala\n"))
    assert f"Naskah surat bbm_nelayan versi 100 {CHANGED}" in await shown(browser, "/sync")
    assert "Sumber Laut" in await paper(browser, await counter.issue(browser, "bbm_nelayan", **FISHER))


async def test_a_withdrawn_kind_is_not_written_any_more_but_printed_again(counter: Counter) -> None:
    browser = await counter.browser()
    await hear(counter, BBM)
    letter = await counter.issue(browser, "bbm_nelayan", **FISHER)
    waiting = await browser.fields_of(await browser.get(f"/letters/new?kind=bbm_nelayan&resident={counter.somebody}"))
    await hear(counter, BBM, changed(BBM, version=101, is_retired=True, valid_from="2021-05-17"))
    assert "Surat Rekomendasi BBM Nelayan tidak diterbitkan lagi sejak 17 Mei 2021." in await shown(browser, "/")
    resident = await (await browser.get(f"/residents/{counter.somebody}")).text()
    assert 'value="skd"' in resident
    assert 'value="bbm_nelayan"' not in resident
    for answer in (
        await browser.get(f"{letter.replace('/letters/', '/letters/new?again=')}"),
        await browser.post("/letters/check", {**waiting, **FISHER}),
    ):
        assert answer.status == 409
        assert "tidak diterbitkan lagi sejak 17 Mei 2021" in await answer.text()
    assert "Sumber Laut" in await paper(browser, letter)
    assert "Surat Rekomendasi BBM Nelayan" in await shown(browser, "/registers/outgoing")


async def test_a_letter_whose_wording_is_not_here_is_shown_and_its_print_says_so(counter: Counter) -> None:
    browser = await counter.browser()
    await hear(counter, SKTM)
    letter = await counter.issue(browser, "sktm")
    start_again(counter, THIEF)  # whose word this edition is not
    assert "401/001" in await shown(browser, letter)
    answer = await browser.get(f"{letter}/pdf")
    assert answer.status == 409
    assert "Naskah versi 101 untuk surat ini belum ada di server ini" in await answer.text()


async def test_an_office_sets_the_path_of_a_published_kind(tmp_path: Path) -> None:
    path = Workflow(kinds={"bbm_nelayan": Route(signing=True)})
    counter = await open_counter(tmp_path, workflow=path)
    try:
        clerk, head = await counter.browser(), await counter.browser("head")
        assert counter.office.unknown_kinds() == ["bbm_nelayan"]
        assert "menyebut jenis surat yang tidak ada: bbm_nelayan" in await shown(clerk, "/sync")
        await hear(counter, BBM)
        asked = await counter.ask(clerk, "bbm_nelayan", **FISHER)
        assert counter.office.unknown_kinds() == []
        await hear(counter, BBM, changed(BBM, version=101, text=BBM.text.replace("Perahu", "Kapal")))
        assert "Rekomendasi BBM" in await shown(head, "/")
        assert (await head.get(f"{asked}/preview")).status == 200
        for who, move in ((head, "sign"), (clerk, "issue")):
            form = await who.fields_of(await who.get(asked))
            done = await who.post(asked, {**form, "move": move}, allow_redirects=False)
            assert done.status == 303, move
        text = await paper(clerk, done.headers["Location"])
        assert "Perahu : Sumber Laut" in text, "what the head signed, not what was published since"
    finally:
        await counter.close()


def test_the_first_that_holds_stays() -> None:
    catalogue = Catalogue(SHIPPED.values(), {"bbm_nelayan": "999"}, partial(verify, REGENCY_KEY.public))
    other = changed(BBM, text=BBM.text.replace("Perahu", "Kapal"))
    for place, said in enumerate((changed(other, THIEF.sign), BBM, other, BBM), start=1):
        catalogue.take(place, said)
        catalogue.take(place, other)
    assert [(each.version, each.sentence) for each in catalogue.complaints] == [(100, UNSIGNED), (100, CHANGED)]
    edition = catalogue.edition("bbm_nelayan", 100)
    assert edition is not None
    assert "Perahu" in str(edition.text)
    assert edition.kind.code(2024) == "999", "under the office's own code"
    assert catalogue.in_force(date(2021, 5, 9)).keys() == {key for key, _ in SHIPPED}
    assert [each.version for each in catalogue.news(TODAY)] == [100]
    assert catalogue.news(TODAY + timedelta(days=30)) == []


@pytest.mark.parametrize(
    "where",
    [b"Perahu", BBM.row.encode()[-20:], BBM.kind.encode(), BBM.signature],
    ids=["wording", "row", "kind", "signature"],
)
async def test_one_altered_byte_of_a_kept_edition_is_reported(counter: Counter, where: bytes) -> None:
    judge = partial(verify, REGENCY_KEY.public)
    await hear(counter, SKTM, BBM)
    assert await inspection.inspect(counter.store, judge) == []
    value = pack(BBM)
    at = value.index(where)
    altered = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]

    async def alter(connection: Connection) -> None:
        await connection.execute("UPDATE letter_edition SET value = $1 WHERE value = $2", altered, value)

    await counter.store.database.transact(alter)
    (problem,) = await inspection.inspect(counter.store, judge)
    assert "not signed by the regency" in problem
    assert await inspection.inspect(counter.store) == [], "without the regency's key nothing can be judged"


async def test_a_kept_edition_that_is_torn_is_reported(counter: Counter) -> None:
    await hear(counter, SKTM)

    async def tear(connection: Connection) -> None:
        await connection.execute("UPDATE letter_edition SET value = substr(value, 1, length(value) - 9)")

    await counter.store.database.transact(tear)
    (problem,) = await inspection.inspect(counter.store, partial(verify, REGENCY_KEY.public))
    assert "cannot be read" in problem
