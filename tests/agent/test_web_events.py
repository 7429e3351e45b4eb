"""Births, deaths, moves and family cards through the pages."""

import asyncio

from tests.agent.office import SUKOJATI, Counter, words_of
from tests.chassis.conftest import Browser

DIED = {"kind": "died", "happened_on": "01-05-2021", "place": "RSUD", "reference": "474.3/1", "note": ""}
CHILD = {
    "name": "BAYI BARU",
    "birth_place": "BANYUWANGI",
    "birth_date": "10-05-2021",
    "sex": "P",
    "reference": "474.1/7",
}


async def died(counter: Counter, clerk: Browser) -> str:
    """Records the death of somebody; their page."""
    page = f"/residents/{counter.somebody}"
    form = await clerk.fields_of(await clerk.get(f"{page}/events/new?kind=died"))
    checked = await clerk.post(f"{page}/events/check", {**form, **DIED})
    assert "Periksa sebelum disimpan" in await checked.text()
    assert await counter.value("SELECT count(*) FROM resident_event") == 0
    sent = await clerk.fields_of(checked)
    answers = await asyncio.gather(*(clerk.post(f"{page}/events", sent, allow_redirects=False) for _ in range(5)))
    assert {answer.headers["Location"] for answer in answers} == {page}
    assert await counter.value("SELECT count(*) FROM resident_event") == 1, "a double click is one death"
    return page


async def test_a_death_is_checked_recorded_once_and_warned_of_in_letters(counter: Counter) -> None:
    clerk = await counter.browser()
    page = await died(counter, clerk)
    html = await (await clerk.get(page)).text()
    assert "tercatat meninggal pada 1 Mei 2021" in html
    assert "ALM" in html
    assert "Catat kematian" not in html
    letter = f"/letters/new?kind=skd&resident={counter.somebody}"
    assert "tercatat meninggal" in await (await clerk.get(letter)).text()
    assert "tercatat meninggal" in await (await clerk.get(f"/proposals/new?resident={counter.somebody}")).text()
    nik = next(iter(counter.people))
    form = await clerk.fields_of(await clerk.get("/residents"))
    household = await clerk.post("/residents", {**form, "q": nik[:6]})
    assert "ALM" in await household.text(), "the dead are found, and marked"
    again = await clerk.get(f"{page}/events/new?kind=died")
    assert "sudah tercatat meninggal" in await again.text()


async def test_a_death_recorded_by_mistake_is_withdrawn_with_a_reason(counter: Counter) -> None:
    clerk = await counter.browser()
    page = await died(counter, clerk)
    event = await counter.value("SELECT hex(id) FROM resident_event")
    path = f"{page}/events/{event.lower()}/withdraw"
    form = await clerk.fields_of(await clerk.get(path))
    assert (await clerk.post(path, {**form, "reason": "x"})).status == 422
    done = await clerk.post(path, {**form, "reason": "salah orang"})
    words = words_of(await done.text())
    assert "Dibatalkan salah orang" in words
    assert "tercatat meninggal" not in words
    assert "sudah dibatalkan" in await (await clerk.get(path)).text()


async def test_faults_of_an_event_come_with_the_form_as_typed(counter: Counter) -> None:
    clerk = await counter.browser()
    page = f"/residents/{counter.somebody}"
    form = await clerk.fields_of(await clerk.get(f"{page}/events/new?kind=moved_out"))
    answer = await clerk.post(
        f"{page}/events/check",
        {**form, "kind": "moved_out", "happened_on": "2-13-2021", "place": "", "note": "ikut suami"},
    )
    html = await answer.text()
    assert answer.status == 422
    assert 'href="#happened_on"' in html
    assert "Alamat tujuan: wajib diisi" in html
    assert 'value="ikut suami"' in html
    assert (await clerk.get(f"{page}/events/new?kind=born")).status == 404
    assert (await clerk.get(f"{page}/events/new?kind=x")).status == 404


async def test_a_child_is_born_into_the_household_of_its_mother(counter: Counter) -> None:
    clerk = await counter.browser()
    mother = await counter.value("SELECT hex(id) FROM resident WHERE sex = 'P' LIMIT 1")
    asked = await clerk.get(f"/residents/new?arrival=born&from={mother.lower()}")
    html = await asked.text()
    kk = await counter.value("SELECT kk FROM resident WHERE hex(id) = $1", mother)
    name = await counter.value("SELECT name FROM resident WHERE hex(id) = $1", mother)
    assert f'value="{kk}"' in html
    assert f'id="mother" name="mother" type="text" value="{name}"' in html
    form = await clerk.fields_of(asked)
    child = {
        **form,
        **CHILD,
        "nik": f"0{SUKOJATI}00001",
        "kk": kk,
        "mother": name,
        "address": "DUSUN KRAJAN",
        "note": "",
    }
    checked = await clerk.post("/residents/new", child)
    assert "Periksa sebelum disimpan" in await checked.text()
    assert await counter.value("SELECT count(*) FROM resident") == len(counter.people)
    made = await clerk.post("/residents/new", {**await clerk.fields_of(checked), "confirmed": "1"})
    assert "Kelahiran" in words_of(await made.text())
    row = await counter.value("SELECT kind || happened_on || place || reference FROM resident_event")
    assert row == "born2021-05-10BANYUWANGI474.1/7"
    opened = await (await clerk.get(f"{made.url.path}/household")).text()
    assert "BAYI BARU" in opened
    assert name in opened


async def test_somebody_who_moves_in_says_when_and_where_from(counter: Counter) -> None:
    clerk = await counter.browser()
    form = await clerk.fields_of(await clerk.get("/residents/new?arrival=moved_in"))
    newcomer = {
        **form,
        **CHILD,
        "nik": "3510251005900009",
        "sex": "L",
        "birth_date": "10-05-1990",
        "address": "Dusun Krajan",
    }
    lacking = await clerk.post("/residents/new", newcomer)
    assert lacking.status == 422
    html = await lacking.text()
    assert "Tanggal datang: wajib diisi" in html
    assert "Alamat asal: wajib diisi" in html
    checked = await clerk.post("/residents/new", {**newcomer, "happened_on": "03-05-2021", "place": "Jember"})
    changed = await clerk.post("/residents/new", {**await clerk.fields_of(checked), "change": "1"})
    assert 'value="Jember"' in await changed.text()
    made = await clerk.post("/residents/new", {**await clerk.fields_of(checked), "confirmed": "1"})
    assert "Pindah datang" in words_of(await made.text())


async def test_a_family_card_shows_who_left_it_and_its_number_in_no_address(counter: Counter) -> None:
    clerk = await counter.browser()
    person = f"/residents/{counter.somebody}"
    kk = await counter.value("SELECT kk FROM resident WHERE hex(id) = $1", counter.somebody.upper())
    form = await clerk.fields_of(await clerk.get("/residents"))
    found = await clerk.post("/residents", {**form, "q": kk}, allow_redirects=False)
    assert found.status == 303
    assert found.headers["Location"].endswith("/household")
    assert kk not in found.headers["Location"]
    household = await clerk.get(found.headers["Location"])
    assert kk in await household.text()
    nik = next(iter(counter.people))
    name = await counter.value("SELECT name FROM resident WHERE nik = $1", nik)
    edit = await clerk.get(f"{person}/edit")
    fields = {
        **await clerk.fields_of(edit),
        **CHILD,
        "nik": nik,
        "name": name,
        "kk": "3510251705210002",
        "address": "X 1",
    }
    assert (await clerk.post(f"{person}/edit", fields, allow_redirects=False)).status == 303
    left = words_of(await (await clerk.get(found.headers["Location"])).text())
    assert "Pernah tercatat di KK ini" in left
    assert "Mei 2021 - Mei 2021" in left
    own = words_of(await (await clerk.get(person)).text())
    assert "Riwayat KK" in own
    looks = await counter.value("SELECT count(*) FROM access_log WHERE action = 'view_household'")
    assert looks == 2
