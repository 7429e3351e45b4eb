"""A letter to the agency and back, with real programs: sent behind a cut cable, returned with a reason, read in the village."""

import re
import time

import aiohttp

from deploy.demo.counter import Counter
from tests.acceptance.clerk import words
from tests.acceptance.programs import until
from tests.acceptance.town import PASSWORD, Town
from tests.agent.pictures import photograph

REASON = "Surat rujukan puskesmas belum ada."
NEWS_SECONDS_MAX = 5.0
"""The step wakes the village's long-poll; waiting for the next poll would take up to 50."""


async def test_a_letter_travels_to_its_agency_and_comes_back_with_the_reason(town: Town) -> None:
    box = town.boxes[0]
    account = ("user", "add", "dinkes", "--name", "Petugas Dinkes", "--role", "agency", "--scope", "Dinkes")
    await town.centre.program.command(*account, given=PASSWORD + "\n")
    person = town.free[0]
    resident = await box.clerk.register(person)
    letter, number = await box.clerk.issue("spm", resident, [("hospital", "RSUD Blambangan")])
    await box.until_sent()
    box.link.cut()
    await box.until_road("Luring")
    await box.clerk.get(f"{letter}/dossier")
    await box.clerk.post(f"{letter}/dossier", [("documents", "KTP"), ("documents", "KK"), ("note", "")])
    assert "Tersimpan: foto KTP." in words(await box.clerk.attach(letter, "KTP", photograph()))
    assert "Tersimpan di kantor" in (await box.clerk.get(letter)).partition('id="berkas"')[2]
    box.link.mend()
    await box.until_sent()
    assert "Menunggu diterima Dinkes" in await box.clerk.get(letter)

    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        agency = Counter(session, f"http://127.0.0.1:{town.centre.pages_port}")
        await agency.sign_in("dinkes", PASSWORD)

        async def is_there() -> bool:
            return "/dossiers/" in await agency.get("/dossiers")

        await until("the dossier in the agency's worklist", is_there)
        page = re.findall(r'href="(/dossiers/[0-9a-f]{32})"', await agency.get("/dossiers"))[0]
        shown = words(await agency.get(page))
        for said in (person.nik, number, "RSUD Blambangan", "KTP, KK"):
            assert said in shown, said

        async def has_picture() -> bool:
            return "<img" in await agency.get(page)

        await until("the photograph of the document at the agency", has_picture)
        assert "Diterima kabupaten" in (await box.clerk.get(letter)).partition('id="foto"')[2]
        seen = re.findall(r'name="seen" value="(\w+)"', await agency.get(page))[0]
        await agency.post(page, [("seen", seen), ("step", "returned"), ("note", REASON)])

    started = time.monotonic()

    async def is_told() -> bool:
        return "1 kabar berkas" in words(await box.clerk.get("/"))

    await until("the village to hear of it", is_told)
    assert time.monotonic() - started < NEWS_SECONDS_MAX
    told = words(await box.clerk.get(letter))
    assert "Dikembalikan Dinkes" in told
    assert f"Alasan Dinkes: {REASON}" in told
    assert "kabar berkas" not in words(await box.clerk.get("/")), "it has been read"
    assert (await town.centre.audit())["problems"] == "none"
