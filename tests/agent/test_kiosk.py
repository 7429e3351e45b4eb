"""The kiosk: who they are by NIK and mother's name, nothing told to anybody else, a request and never a number."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient, TestServer

from agent.config import Kiosk, load
from agent.domain.catalogue import Catalogue
from agent.domain.events import Event, EventKind
from agent.store import events, residents
from agent.web.kiosk import build_kiosk_app
from agent.web.kiosk.pages import NO_MATCH
from agent.web.kiosk.visits import FAILURES_MAX, IDLE_SECONDS
from chassis.settings import SettingsError
from tests.agent.letter_samples import SHIPPED
from tests.agent.office import DAY_MS, Counter, open_counter, words_of
from tests.agent.pictures import photograph
from tests.agent.test_requests import SETTINGS
from tests.chassis.conftest import Browser


@dataclass
class Screen:
    """The kiosk beside its counter."""

    counter: Counter
    browser: Browser
    nik: str
    mother: str
    name: str

    async def press(self, answer: ClientResponse, path: str, **values: str) -> ClientResponse:
        fields = await self.browser.fields_of(answer)
        return await self.browser.post(path, {**fields, **values})

    async def identified(self) -> ClientResponse:
        name = await self.browser.post("/number", {"number": self.nik})
        return await self.press(name, "/name", mother=self.mother)

    async def queue_number(self, kind: str = "skd") -> str:
        purpose = await self.press(await self.identified(), "/letter", kind=kind)
        done = await self.press(purpose, "/ask", purpose="mendaftar sekolah")
        found = re.search(r'class="queue"[^>]*>(\d+)<', await done.text())
        assert found, await done.text()
        return found[1]


@pytest.fixture
async def screen(tmp_path: Path) -> AsyncIterator[Screen]:
    counter = await open_counter(tmp_path, kiosk=Kiosk(port=8090))
    server = TestServer(build_kiosk_app(counter.office))
    await server.start_server()
    nik, resident_id = next(iter(counter.people.items()))
    found = await counter.store.database.read(lambda c: residents.get(c, resident_id))
    assert found is not None
    known = msgspec.structs.replace(found.resident, mother="SITI AMINAH")
    await counter.store.write(lambda desk: residents.register(desk, known, "clerk", replaces=resident_id))
    browser = Browser(TestClient(server))
    yield Screen(counter, browser, nik, "Siti Aminah", known.name)
    await browser.client.close()
    await server.close()
    await counter.close()


async def test_from_the_screen_to_the_counter(screen: Screen) -> None:
    assert await screen.queue_number() == "1"
    clerk = await screen.counter.browser()
    listed = await (await clerk.get("/requests")).text()
    assert "Anjungan, antrean 1" in listed
    path = re.search(r"/requests/[0-9a-f]{32}", listed)
    assert path
    page = words_of(await (await clerk.get(path[0])).text())
    assert "mendaftar sekolah" in page
    form = await clerk.get(f"/letters/new?request={path[0].rpartition('/')[2]}")
    assert 'value="mendaftar sekolah"' in await form.text()
    fields = {**(await clerk.fields_of(form)), "purpose": "mendaftar sekolah"}
    issued = await clerk.post("/letters", await clerk.fields_of(await clerk.post("/letters/check", fields)))
    assert "/001/429.508.03/2021" in words_of(await issued.text())


async def test_the_screen_gives_no_number_of_a_letter(screen: Screen) -> None:
    await screen.queue_number()
    assert await screen.counter.value("SELECT count(*) FROM letter") == 0
    assert await screen.counter.value("SELECT count(*) FROM number_used") == 0
    assert await screen.counter.value("SELECT group_concat(state) FROM letter_request") == "requested"


async def test_asking_again_gives_the_same_place_and_another_letter_the_next(screen: Screen) -> None:
    numbers = [await screen.queue_number(kind) for kind in ("skd", "skd", "sktm")]
    assert numbers == ["1", "1", "2"]
    screen.counter.stamps.ms += DAY_MS
    assert await screen.queue_number() == "1"


async def test_no_page_shows_more_than_initials(screen: Screen) -> None:
    pages = [await screen.browser.get("/"), await screen.browser.post("/number", {"number": screen.nik})]
    pages.append(await screen.press(pages[-1], "/name", mother=screen.mother))
    assert f"{screen.name[0]}***" in await pages[-1].text()
    pages.append(await screen.press(pages[-1], "/use", group="Umum"))
    pages.append(await screen.press(pages[-1], "/letter", kind="skd"))
    pages.append(await screen.press(pages[-1], "/ask", purpose="mendaftar sekolah"))
    for answer in pages:
        text = (await answer.text()).upper()
        assert answer.status == 200
        for secret in (screen.nik, screen.nik[-4:], screen.name.upper(), "SITI AMINAH"):
            assert not re.search(rf"\b{re.escape(secret)}\b", text), answer.url.path
        assert screen.nik not in str(answer.url)
        assert "visit" not in str(answer.url)


async def test_nobody_learns_whether_a_nik_is_on_record(screen: Screen) -> None:
    unknown = screen.nik[:-4] + "9876"
    assert unknown not in screen.counter.people
    no_mother = list(screen.counter.people)[1]
    row = await screen.counter.store.database.read(lambda c: residents.of_nik(c, no_mother))
    assert row is not None
    blank = msgspec.structs.replace(row.resident, mother="")
    await screen.counter.store.write(lambda desk: residents.register(desk, blank, "clerk", replaces=row.id))
    said = set()
    for nik, mother in ((screen.nik, "Siti Rohmah"), (unknown, "Siti Aminah"), (no_mother, "x"), ("9" * 16, "Siti")):
        answer = await screen.press(await screen.browser.post("/number", {"number": nik}), "/name", mother=mother)
        assert answer.status == 422
        said.add(re.sub(r'value="[^"]*"', "", await answer.text()))
    assert len(said) == 1


async def test_guessing_is_slowed_down_for_one_nik_and_for_all(screen: Screen) -> None:
    for _ in range(5):
        name = await screen.browser.post("/number", {"number": screen.nik})
        assert (await screen.press(name, "/name", mother="Salah")).status == 422
    name = await screen.browser.post("/number", {"number": screen.nik})
    right = await screen.press(name, "/name", mother=screen.mother)
    assert right.status == 429
    assert "Silakan ke loket" in words_of(await right.text())
    screen.counter.stamps.ms += 60_000
    assert "Surat apa" in words_of(await (await screen.identified()).text())


async def _bind(screen: Screen, card: str, **values: str) -> ClientResponse:
    clerk = await screen.counter.browser()
    path = f"/residents/{screen.counter.people[screen.nik].hex()}/card"
    return await clerk.post(path, {**(await clerk.filled(path)), "card": card, **values})


async def test_a_card_that_a_clerk_bound_once_opens_the_screen(screen: Screen) -> None:
    unknown = await screen.browser.post("/number", {"number": "04a1b2c3"})
    assert unknown.status == 422
    assert "bukan KTP-el yang sudah didaftarkan" in words_of(await unknown.text())
    bound = await _bind(screen, "04:A1:B2:C3")
    assert "KTP-el terdaftar" in words_of(await bound.text())
    chosen = await screen.browser.post("/number", {"number": "04a1b2c3"})
    assert "Surat apa" in words_of(await chosen.text())
    purpose = await screen.press(chosen, "/letter", kind="skd")
    assert 'class="queue"' in await (await screen.press(purpose, "/ask", purpose="mendaftar sekolah")).text()
    assert not await screen.counter.value("SELECT count(*) FROM op WHERE instr(body, $1)", b"04A1B2C3")


async def test_a_lost_card_opens_nothing_any_more(screen: Screen) -> None:
    await _bind(screen, "04A1B2C3")
    removed = await _bind(screen, "", remove="1")
    assert "tidak berlaku lagi" in words_of(await removed.text())
    assert (await screen.browser.post("/number", {"number": "04A1B2C3"})).status == 422


@pytest.mark.parametrize("typed", ["", "12345", "3510250101800001", "04A1B2C3ZZ", "04A1B2C3" * 3, "<script>"])
async def test_what_is_no_card(screen: Screen, typed: str) -> None:
    assert (await _bind(screen, typed)).status == 422
    assert await screen.counter.value("SELECT count(*) FROM kiosk_card") == 0


async def test_trying_cards_closes_the_screen_for_a_while(screen: Screen) -> None:
    await _bind(screen, "04A1B2C3")
    for serial in range(FAILURES_MAX):
        assert (await screen.browser.post("/number", {"number": f"04A1B2{serial:02X}"})).status == 422
    assert (await screen.browser.post("/number", {"number": "04A1B2C3"})).status == 429


async def test_a_list_of_niks_closes_the_screen_for_a_while(screen: Screen) -> None:
    for serial in range(FAILURES_MAX):
        name = await screen.browser.post("/number", {"number": f"{screen.nik[:-4]}{serial + 7000}"})
        assert (await screen.press(name, "/name", mother="Siti")).status == 422
    assert (await screen.identified()).status == 429
    screen.counter.stamps.mono += 11 * 60 * 1000
    assert (await screen.identified()).status == 200


async def test_after_the_number_the_visit_is_over_but_a_second_press_shows_it_again(screen: Screen) -> None:
    """Whoever comes next and presses "back" finds nothing to go on with."""
    chosen = await screen.identified()
    purpose = await screen.press(chosen, "/letter", kind="skd")
    for _ in range(2):
        done = await screen.press(purpose, "/ask", purpose="mendaftar sekolah")
        assert re.search(r'class="queue"[^>]*>1<', await done.text())
    assert (await screen.press(chosen, "/letter", kind="sktm")).url.path == "/"
    again = {"mother": screen.mother, **(await screen.browser.fields_of(chosen))}
    assert (await screen.browser.post("/name", again)).url.path == "/"
    assert await screen.counter.value("SELECT count(*) FROM letter_request") == 1


async def test_the_screen_forgets_its_visitor_after_a_minute(screen: Screen) -> None:
    chosen = await screen.identified()
    assert chosen.headers["Refresh"] == f"{IDLE_SECONDS}; url=/language/id", "without scripts too"
    screen.counter.stamps.mono += (IDLE_SECONDS + 10) * 1000
    after = await screen.press(chosen, "/letter", kind="skd")
    assert after.url.path == "/"
    assert "Minta surat sendiri" in words_of(await after.text())


async def test_every_page_forgets_by_itself(screen: Screen) -> None:
    pages = [await screen.browser.get("/"), await screen.browser.get("/nothing")]
    pages.append(await screen.browser.post("/number", {"number": screen.nik}))
    for answer in pages:
        assert answer.headers["Refresh"] == "60; url=/language/id"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "<script" not in await answer.text()
        assert not answer.cookies


async def test_no_letter_before_showing_who_one_is(screen: Screen) -> None:
    fields = await screen.browser.fields_of(await screen.browser.post("/number", {"number": screen.nik}))
    for path, values in (
        ("/use", {"group": "Umum"}),
        ("/letter", {"kind": "skd"}),
        ("/ask", {"kind": "skd", "purpose": "mendaftar sekolah"}),
        ("/ask", {"kind": "skd", "purpose": "mendaftar sekolah", "visit": "x" * 32}),
        ("/name", {"mother": screen.mother, "visit": ""}),
    ):
        answer = await screen.browser.post(path, {**fields, **values}, allow_redirects=False)
        assert answer.status == 303, path
        assert answer.headers["Location"] == "/"
    assert await screen.counter.value("SELECT count(*) FROM letter_request") == 0


async def test_only_letters_that_are_for_the_kiosk(screen: Screen) -> None:
    hidden = msgspec.structs.replace(screen.counter.office.kinds["skd"], kiosk=False)
    office = screen.counter.office
    editions = {**SHIPPED, ("skd", 2): msgspec.structs.replace(SHIPPED["skd", 2], kind=hidden)}
    catalogue = Catalogue(editions.values())
    app = build_kiosk_app(type(office)(office.settings, office.store, office.stamper, catalogue, office.road))
    async with TestClient(TestServer(app)) as client:
        other = Screen(screen.counter, Browser(client), screen.nik, screen.mother, screen.name)
        uses = await other.identified()
        assert "Domisili Usaha" in await uses.text()
        assert "Domisili," not in await uses.text()
        chosen = await other.press(uses, "/use", group="Umum")
        assert 'value="skd"' not in await chosen.text()
        assert 'value="bepergian"' in await chosen.text()
        assert "Surat apa" in await (await other.press(chosen, "/use")).text(), "and back to all uses"
        sent = await other.press(chosen, "/letter", kind="skd")
        assert sent.url.path == "/"


@pytest.mark.parametrize(
    "typed", ["", "12345678", "x" * 3000, "<script>alert(1)</script>", "١" * 16, "3510250101801234567"]
)
async def test_what_is_no_nik(screen: Screen, typed: str) -> None:
    answer = await screen.browser.post("/number", {"number": typed})
    text = await answer.text()
    assert answer.status == 422
    assert "<script>" not in text
    assert typed not in text or not typed


async def test_nobody_asks_as_the_dead(screen: Screen) -> None:
    died = Event(kind=EventKind.DIED, happened_on=date(2021, 5, 1), place="", reference="", note="")
    someone = screen.counter.people[screen.nik]
    assert isinstance(await screen.counter.store.write(lambda desk: events.record(desk, someone, died, "sri")), bytes)
    refused = await screen.identified()
    assert refused.status == 422
    assert NO_MATCH in words_of(await refused.text())


async def test_a_purpose_is_checked(screen: Screen) -> None:
    purpose = await screen.press(await screen.identified(), "/letter", kind="skd")
    for typed in ("", "x" * 151):
        answer = await screen.press(purpose, "/ask", purpose=typed)
        assert answer.status == 422
    assert (await screen.press(purpose, "/ask", purpose="x" * 5000)).status == 413
    nasty = "<b>anak</b> '; DROP TABLE letter_request; --"
    assert (await screen.press(purpose, "/ask", purpose=nasty)).status == 200
    assert await screen.counter.value("SELECT count(*) FROM letter_request") == 1


async def test_a_form_from_elsewhere_and_the_counters_pages(screen: Screen) -> None:
    foreign = await screen.browser.post("/number", {"number": screen.nik}, headers={"Origin": "https://evil.example"})
    assert foreign.status == 403
    for path in ("/login", "/residents", "/letters", "/requests", "/metrics", "/healthz"):
        assert (await screen.browser.get(path)).status == 404, path


def test_the_kiosk_has_an_address_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(SETTINGS)
    assert load(path).kiosk is None, "off unless an office asks for it"
    path.write_text(SETTINGS + "[kiosk]\nport = 8080\n")
    with pytest.raises(SettingsError, match=r"kiosk\.port"):
        load(path)
    path.write_text(SETTINGS + "[kiosk]\nport = 8090\n")
    assert load(path).kiosk == Kiosk(port=8090)


# --- photographs of documents -----------------------------------------------------------------------------------------


async def send_photo(screen: Screen, answer: ClientResponse, document: str, content: bytes) -> ClientResponse:
    visit = (await screen.browser.fields_of(answer))["visit"]
    form = FormData({"visit": visit, "document": document})
    form.add_field("photo", content, filename="IMG.jpg", content_type="image/jpeg")
    return await screen.browser.post("/photo", form, allow_redirects=False)


async def asked_for(screen: Screen, kind: str = "skd") -> ClientResponse:
    purpose = await screen.press(await screen.identified(), "/letter", kind=kind)
    return await screen.press(purpose, "/ask", purpose="mendaftar sekolah")


async def test_a_photograph_goes_to_the_officer_and_never_back_to_the_screen(screen: Screen) -> None:
    sent = await send_photo(screen, await asked_for(screen), "KTP", photograph())
    page = await sent.text()
    assert sent.status == 200
    assert "Foto yang sudah diterima petugas: KTP." in page
    assert "<img" not in page
    assert "attachments" not in page
    assert 'value="KTP"' not in page, "its form is gone"
    clerk = await screen.counter.browser()
    listed = await (await clerk.get("/requests")).text()
    path = re.search(r"/requests/[0-9a-f]{32}", listed)
    assert path
    request = await (await clerk.get(path[0])).text()
    assert "Dari anjungan" in request
    picture = re.search(r"/attachments/[0-9a-f]{32}", request)
    assert picture
    assert (await clerk.get(picture[0])).content_type == "image/jpeg"
    assert (await screen.browser.get(picture[0])).status == 404, "the screen has no such page"


async def test_photographs_of_one_visit_are_few_and_one_a_document(screen: Screen) -> None:
    done = await asked_for(screen, "skd")
    kind = screen.counter.office.kinds["skd"]
    for _ in range(2):
        for document in kind.required_documents:
            await send_photo(screen, done, document, photograph(300, 200, word=document))
    assert await screen.counter.value("SELECT count(*) FROM attachment") == len(kind.required_documents)
    for most in ("PASPOR", ""):
        assert (await send_photo(screen, done, most, photograph(300, 200))).status == 303


async def test_a_visit_has_a_last_photograph(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.web.kiosk.pages.KIOSK_ATTACHMENTS_MAX", 1)
    done = await asked_for(screen)
    await send_photo(screen, done, "KTP", photograph(300, 200))
    refused = await send_photo(screen, done, "KK", photograph(300, 300))
    assert refused.status == 422
    assert "ditunjukkan kepada petugas di loket" in await refused.text()
    assert await screen.counter.value("SELECT count(*) FROM attachment") == 1


async def test_a_photograph_that_cannot_be_read_costs_nothing_but_a_try(screen: Screen) -> None:
    done = await asked_for(screen)
    refused = await send_photo(screen, done, "KTP", b"%PDF-1.7")
    assert refused.status == 422
    assert 'href="#photo0"' in await refused.text()
    assert "Nomor antrean Anda" in await refused.text(), "the number is not lost"
    assert (await send_photo(screen, done, "KTP", bytes(11 * 1024 * 1024))).status == 413
    assert (await send_photo(screen, done, "KTP", photograph(300, 200))).status == 200


async def test_after_a_minute_the_screen_takes_no_photograph_of_the_last_visitor(screen: Screen) -> None:
    done = await asked_for(screen)
    screen.counter.stamps.mono += (IDLE_SECONDS + 6) * 1000
    late = await send_photo(screen, done, "KTP", photograph(300, 200))
    assert (late.status, late.headers["Location"]) == (303, "/")
    assert await screen.counter.value("SELECT count(*) FROM attachment") == 0


async def test_no_photograph_before_there_is_a_request(screen: Screen) -> None:
    early = await send_photo(screen, await screen.identified(), "KTP", photograph(300, 200))
    assert early.status == 303
    assert await screen.counter.value("SELECT count(*) FROM attachment") == 0
