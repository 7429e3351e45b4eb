"""Four eyes on the rules, on the pages: drafted by one officer, judged by another, and in force from then on."""

import re

from aiohttp import ClientResponse

from central.store import rule_changes
from chassis.database import Connection
from chassis.web.accounts import create_account
from tests.central.desk import RULES
from tests.central.test_web_pages import HASH, Hall, hall
from tests.chassis.conftest import Browser

__all__ = ["hall"]

NEW_RULE = "/changes/new/exclusion?scheme=BLT-DD&other=APBD-GIZI"
RULE = {
    "effect": "reject",
    "unit": "person",
    "direction": "two",
    "first": "2021-05",
    "until": "",
    "basis": "Peraturan bupati contoh",
    "reason": "surat Dinsos contoh",
}


async def officer(hall: Hall, login: str, scope: str = "", role: str = "officer") -> Browser:
    """One more person at the desk, signed in."""

    async def add(connection: Connection) -> None:
        await create_account(
            connection, login=login, display_name=login, role=role, scope=scope, password_hash=HASH, now_ms=0
        )

    await hall.story.regency.database.transact(add)
    return await hall.browser(login)


async def drafted(browser: Browser, path: str, form: dict[str, str]) -> str:
    """Where the change stands that was asked for."""
    answer = await browser.submit(path, **form)
    assert answer.status == 200, await answer.text()
    return answer.url.path


async def read(answer: ClientResponse) -> str:
    main = (await answer.text()).partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


async def edition(hall: Hall) -> int:
    count: int = await hall.story.regency.value("SELECT count(*) FROM rule_edition")
    return count


async def test_one_asks_another_approves_and_it_is_in_force(hall: Hall) -> None:
    first, second = await hall.browser(), await officer(hall, "kedua")
    change = await drafted(first, NEW_RULE, RULE)
    assert await edition(hall) == 0
    page = await hall.text(change)
    assert "Rangkap BLT-DD – APBD-GIZI belum ada tidak boleh rangkap, per orang, mulai Mei 2021" in page
    assert "Anda yang mengusulkan perubahan ini" in page
    own = await first.submit(change, verdict="approved", reason="")
    assert own.status == 422
    assert "petugas lain yang menyetujui" in await read(own)
    assert await edition(hall) == 0
    done = await second.submit(change, verdict="approved", reason="")
    assert "Berlaku" in await read(done)
    assert await edition(hall) == 1
    rules = await hall.story.regency.database.read(lambda c: rule_changes.in_force(c, RULES))
    assert len(rules.book.rules.exclusions) == len(RULES.book.rules.exclusions) + 1
    assert "tidak boleh rangkap, per orang" in await hall.text("/exclusions/pair?code=BLT-DD&other=APBD-GIZI")
    again = await second.submit(change, verdict="refused", reason="berubah pikiran")
    assert "Ditolak" not in await read(again), "judged once"


async def test_a_refusal_has_a_reason_and_changes_nothing(hall: Hall) -> None:
    change, admin = await drafted(await hall.browser(), NEW_RULE, RULE), await hall.browser("admin")
    silent = await admin.submit(change, verdict="refused", reason="")
    assert silent.status == 422
    assert 'href="#reason"' in await silent.text()
    done = await read(await admin.submit(change, verdict="refused", reason="dasarnya belum terbit"))
    assert "dasarnya belum terbit" in done
    assert "Ditolak" in done
    assert await edition(hall) == 0
    listed = await hall.text("/changes")
    assert "Aturan rangkap BLT-DD – APBD-GIZI Ditolak officer admin" in listed


async def test_what_moved_under_the_approver_is_shown_again(hall: Hall) -> None:
    first, second = await hall.browser(), await officer(hall, "kedua")
    change = await drafted(first, NEW_RULE, RULE)
    stale = await second.filled(change, verdict="approved", reason="")
    other = await drafted(first, NEW_RULE, RULE | {"effect": "allow", "first": "2021-03"})
    assert (await second.submit(other, verdict="approved", reason="")).status == 200
    answer = await second.post(change, stale)
    assert answer.status == 422
    assert "Aturan berubah sejak halaman ini dibuka" in await read(answer)
    assert "boleh rangkap, per orang, Maret-April 2021" in await read(answer)
    assert (await second.submit(change, verdict="approved", reason="")).status == 200
    assert await edition(hall) == 2


async def test_an_owner_asks_for_its_own_schemes_only(hall: Hall) -> None:
    kesra = await officer(hall, "kesra", "Bagian Kesra")
    refused = await kesra.submit(NEW_RULE, **RULE)
    assert refused.status == 422
    assert "milik Dinkes dan Pemerintah Desa" in await read(refused)
    amount = {"amount": "Rp 800.000", "per": "cycle", "first": "01-2022", "until": "", "reason": "APBD contoh"}
    change = await drafted(kesra, "/changes/new/amount?scheme=GURU-NGAJI", amount)
    page = await hall.text(change)
    assert "Rp700.000 per periode, mulai Januari 2020 Rp700.000 per periode, Januari 2020 - Desember 2021" in page
    dinsos = await officer(hall, "dinsos", "Dinsos")
    assert "milik Bagian Kesra" in await read(await dinsos.get(change))
    assert (await dinsos.submit(change, verdict="approved", reason="")).status == 422
    assert await edition(hall) == 0


async def test_a_cycle_is_asked_for_changed_and_published(hall: Hall) -> None:
    first, second = await hall.browser(), await officer(hall, "kedua")
    form = {
        "code": "GURU-NGAJI-2021",
        "name": "Insentif guru ngaji 2021",
        "month_from": "2021-01",
        "month_until": "2021-12",
        "opens": "2021-05-01",
        "closes": "2021-06-30",
        "objection_days": "7",
        "quota": "12.373",
        "budget": "8.700.000.000",
        "amount": "Rp 700.000",
        "needs_village": "ya",
        "needs_lptq": "ya",
        "reason": "Surat Bagian Kesra",
    }
    change = await drafted(first, "/changes/new/cycle?scheme=GURU-NGAJI", form)
    assert (await second.submit(change, verdict="approved", reason="")).status == 200
    text = await hall.text("/schemes/GURU-NGAJI")
    assert "GURU-NGAJI-2021 Januari-Desember 2021 1 Mei 2021 - 30 Juni 2021 12.373 Rp8.700.000.000" in text
    assert "desa/kelurahan, LPTQ kecamatan" in text
    told = await hall.story.regency.said("cycle", "regency")
    assert b"GURU-NGAJI-2021" in told[-1].key
    later = await drafted(first, "/changes/new/cycle?code=GURU-NGAJI-2021", form | {"closes": "2021-07-31"})
    page = await hall.text(later)
    assert "Disusun" in await hall.text("/rosters"), "what two officers said it pays is what its roster is made with"
    assert "Periode GURU-NGAJI-2021: usulan sampai 30 Juni 2021 31 Juli 2021" in page
    assert page.count("Periode GURU-NGAJI-2021:") == 1, "only what differs"


async def test_every_fault_of_a_form_is_named_at_once_and_what_was_typed_stays(hall: Hall) -> None:
    browser = await hall.browser()
    wrong = {
        "effect": "",
        "unit": "x",
        "direction": "",
        "first": "kapan",
        "until": "2020-01",
        "basis": "",
        "reason": "x",
    }
    answer = await browser.submit(NEW_RULE, **wrong)
    assert answer.status == 422
    html = await answer.text()
    assert {*re.findall(r'<li><a href="#(\w+)">', html)} == {"effect", "unit", "direction", "first", "basis"} | {
        "reason"
    }
    assert 'value="kapan"' in html
    known = RULES.book.schemes["APBD-GIZI"]
    same = {"name": known.name, "level": "regency", "unit": "person", "priority": "60", "components": ""}
    same |= {"determined_by": "regency", "owner": known.owner, "reason": "coba saja"}
    assert "Tidak ada yang berubah" in await read(await browser.submit("/changes/new/scheme?code=APBD-GIZI", **same))


async def test_a_demand_is_asked_of_a_question_that_the_form_has(hall: Hall) -> None:
    browser = await hall.browser()
    form = {
        "demand": "pupils:at_least",
        "value": "dua belas",
        "label": "Jumlah santri",
        "first": "2022-01",
        "until": "",
    }
    form |= {"basis": "Peraturan bupati contoh", "reason": "surat contoh"}
    answer = await browser.submit("/changes/new/criterion?scheme=GURU-NGAJI", **form)
    assert "Nilai: tulis angka bulat." in await read(answer)
    change = await drafted(browser, "/changes/new/criterion?scheme=GURU-NGAJI", form | {"value": "12"})
    page = await hall.text(change)
    assert "Jumlah santri paling sedikit 10, Januari 2020 - Desember 2021" in page
    assert "Jumlah santri paling sedikit 12, mulai Januari 2022" in page
    assert (await browser.get("/changes/new/criterion?scheme=PKH")).status == 404, "nothing is asked there"


async def test_the_matrix_shows_the_rules_of_a_month(hall: Hall) -> None:
    async def cell(month: str) -> str:
        _, html = await hall.get(f"/exclusions?month={month}")
        row = html.partition('<th scope="row">BLT-DD</th>')[2].partition("</tr>")[0]
        found = re.findall(r"code=BLT-DD&amp;other=BPNT\"><span[^>]*>(.)</span><span[^>]*>([^<]*)", row)
        return " ".join(found[0]) if found else "-"

    assert await cell("2021-05") == "T tidak boleh rangkap"
    assert await cell("2023-05") == "-", "since 2023 only PKH is named"
    assert "Program yang sama" not in await hall.text("/exclusions")
    assert (await hall.get("/exclusions?month=kapan"))[0] == 422


async def test_an_answer_names_its_edition(hall: Hall) -> None:
    one = f"/decisions/{hall.story.refused.hex()}"
    assert "Edisi aturan bawaan program" in await hall.text(one)
