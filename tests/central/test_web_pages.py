"""The officers' pages on a real server over a real file: who may see what, that it is true, and that it is harmless."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from central.domain.decisions import ACCEPTED, NEEDS_REVIEW, REJECTED, WITHDRAWN
from central.domain.lists import Fate
from central.domain.reasons import ReasonCode
from central.store import access, overview
from central.store.overview import PAGE_ROWS
from central.web import words
from central.web.app import build_app
from central.web.desk import Desk
from chassis.database import Connection, SqliteDatabase
from chassis.web import formats, require_declarations
from chassis.web.accounts import create_account, hash_password
from protocol.ids import mask_name
from protocol.ops import ObjectionMade
from protocol.regions import districts, villages
from tests.central.desk import (
    DESA,
    NASTY_NAME,
    OTHER_DESA,
    PANGAN,
    REVOKED_DESA,
    RULES,
    WARD,
    Regency,
    Story,
    fill,
    kk,
    migrations,
    nik,
    siksng_row,
)
from tests.central.roster_desk import ROSTER_FORMS, ROSTER_READERS, fill_rosters, roster_paths
from tests.chassis.conftest import PASSWORD, Browser

ROLES = ("officer", "admin", "auditor", "ops", "agency", "validator")
PAGE_BYTES_MAX = 100_000
SCOPES = {"agency": "Dinkes", "validator": f"village/{DESA}"}
HASH = hash_password(PASSWORD)


@dataclass
class Hall:
    """The pages being served, and the story they show."""

    story: Story
    server: TestServer
    app: web.Application
    browsers: dict[str, Browser]

    async def browser(self, role: str = "officer") -> Browser:
        if role not in self.browsers:
            self.browsers[role] = Browser(TestClient(self.server, cookie_jar=CookieJar(unsafe=True)))
            if role:
                await self.browsers[role].sign_in(role)
        return self.browsers[role]

    async def get(self, path: str, role: str = "officer") -> tuple[int, str]:
        answer = await (await self.browser(role)).get(path, allow_redirects=False)
        return answer.status, (await answer.read()).decode(errors="replace")  # a picture is no text

    async def text(self, path: str, role: str = "officer") -> str:
        """The page as read: tags gone, blanks joined."""
        status, html = await self.get(path, role)
        assert status == 200, html
        main = html.partition("<main")[2].partition("</main>")[0]
        return " ".join(re.sub(r"<[^>]+>", " ", main).split())


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with opened_hall(tmp_path) as hall:
        yield hall


@asynccontextmanager
async def opened_hall(folder: Path) -> AsyncIterator[Hall]:
    database = await SqliteDatabase.open(folder / "centre.db", migrations())
    regency = Regency(database)
    story = await fill(regency)
    await fill_rosters(story)

    async def people(connection: Connection) -> None:
        for role in ROLES:
            await create_account(
                connection,
                login=role,
                display_name=role,
                role=role,
                scope=SCOPES.get(role, ""),
                password_hash=HASH,
                now_ms=0,
            )

    await database.transact(people)
    app = build_app(Desk(database, regency.clock, RULES), CollectorRegistry(), "0.1.0")
    server = TestServer(app)
    await server.start_server()
    hall = Hall(story, server, app, {})
    yield hall
    for browser in hall.browsers.values():
        await browser.client.close()
    await server.close()
    await database.close()


IDENTITY = "/decisions/{proposal}/identity/{key}"
"""Nobody in the story is in doubt, so there is nothing to judge: 404 for who may."""


CHANGE, DRAFT = "/changes/{id}", "/changes/new/{kind}"


def paths(story: Story) -> dict[str, str]:
    """One address for every route of a person."""
    return {
        "/": "/",
        "/fleet": "/fleet",
        "/fleet/{village}": f"/fleet/{DESA}",
        "/fleet/map": "/fleet/map",
        "/pictures": "/pictures",
        "/decisions": "/decisions",
        "/decisions/{proposal}": f"/decisions/{story.refused.hex()}",
        IDENTITY: f"/decisions/{story.refused.hex()}/identity/{'0' * 64}",
        "/reviews": "/reviews",
        "/reviews/next": "/reviews/next",
        "/cycles": "/cycles",
        "/schemes": "/schemes",
        "/schemes/{code}": "/schemes/GURU-NGAJI",
        "/exclusions": "/exclusions",
        "/exclusions/pair": "/exclusions/pair?code=BLT-DD&other=BPNT",
        "/changes": "/changes",
        CHANGE: "/changes/1",
        DRAFT: "/changes/new/criterion?scheme=GURU-NGAJI",
        "/objections": "/objections",
        "/reports": "/reports",
        "/reports/{id}": f"/reports/{story.report.hex()}",
        "/objections/{record}": f"/objections/{story.objection.hex()}",
        "/subjects": "/subjects",
        "/access": "/access",
        "/overrides": "/overrides",
        "/overlaps": "/overlaps",
        "/overlaps.csv": "/overlaps.csv",
        "/imports": "/imports",
        "/letters": "/letters",
        "/imports/{id}": "/imports/1",
        "/imports/{id}/plan": "/imports/1/plan",
        "/imports/{id}/progress": "/imports/1/progress",
        "/imports/{id}/report.csv": "/imports/1/report.csv",
        "/dossiers": "/dossiers",
        "/dossiers/{record}": f"/dossiers/{story.dossier.hex()}",
        "/dossiers/{record}/photographs/{attachment}": (
            f"/dossiers/{story.dossier.hex()}/photographs/{story.photograph.hex()}"
        ),
        **roster_paths(story),
    }


LEADING_ON = {"/imports/{id}/plan", "/imports/{id}/progress", "/reviews/next"}
"""The list of the story is imported: there is nothing to map and nothing goes on; no pair waits to be judged."""
OFFICE = {"officer", "admin", "auditor", "ops"}
READERS = {
    "/decisions/{proposal}": {"officer", "admin", "auditor"},
    IDENTITY: {"officer"},
    DRAFT: {"officer"},
    "/reviews": {"officer"},
    "/reviews/next": {"officer"},
    "/objections": {"officer", "admin", "auditor"},
    "/reports": {"officer", "admin", "auditor"},
    "/reports/{id}": {"officer", "admin", "auditor"},
    "/imports/{id}/plan": {"officer"},
    "/objections/{record}": {"officer", "admin", "auditor"},
    "/subjects": {"officer", "admin", "auditor"},
    "/access": {"admin", "auditor"},
    "/overrides": {"officer", "admin", "auditor"},
    "/dossiers": {"agency"},
    "/dossiers/{record}": {"agency"},
    "/dossiers/{record}/photographs/{attachment}": {"agency"},
    **ROSTER_READERS,
}
"""Whole numbers of people are no business of those who keep machines running; dossiers are the agencies' alone."""


async def test_every_role_sees_every_page_it_may_and_no_other(hall: Hall) -> None:
    known = paths(hall.story)
    served = {
        r.resource.canonical
        for r in hall.app.router.routes()
        if r.resource is not None and r.method == "GET" and not r.resource.canonical.startswith(("/static", "/log"))
    }
    assert served == known.keys(), "a new page must be added here"
    require_declarations(hall.app)
    for role in ROLES:
        for route, path in known.items():
            status, html = await hall.get(path, role)
            if route == "/" and role in SCOPES:
                assert status == 303
                continue
            found = 404 if route == IDENTITY else 303 if route in LEADING_ON else 200
            assert status == (found if role in READERS.get(route, OFFICE) else 403), (role, route)
            assert len(html.encode()) < PAGE_BYTES_MAX, route


async def test_without_a_login_there_is_only_the_login(hall: Hall) -> None:
    browser = await hall.browser("")
    for path in paths(hall.story).values():
        answer = await browser.get(path, allow_redirects=False)
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/login?next=")


async def test_these_pages_only_read(hall: Hall) -> None:
    browser = await hall.browser()
    changing = {"/dossiers/{record}", IDENTITY, CHANGE, DRAFT, "/imports", "/imports/{id}/plan", *ROSTER_FORMS}
    changing |= {"/subjects", "/access", "/objections/{record}"}
    for route, path in paths(hall.story).items():
        assert (await browser.post(path)).status == (403 if route in changing else 405)
    changing |= {f"/imports/{{id}}/{step}" for step in ("accept", "undo", "discard")}
    posts = [r for r in hall.app.router.routes() if r.method not in {"GET", "HEAD"} and r.resource is not None]
    assert {r.resource.canonical for r in posts if r.resource and "log" not in r.resource.canonical} == changing


# --- what they show ---------------------------------------------------------------------------------------------------


async def test_the_overview_counts(hall: Hall) -> None:
    text = await hall.text("/")
    for said in ("1 terhubung", "1 server ganda dicurigai", "1 server dicabut", "1 diam lebih dari sehari"):
        assert said in text
    for said in ("2 disetujui", "2 ditolak", "1 perlu diperiksa", "1 ditarik"):
        assert said in text
    assert "Usulan menunggu keputusan 0" in text
    assert "Nomor surat ganda 1" in text
    assert "belum terbaca" in text


async def test_the_overview_leads_each_role_to_what_waits_for_it(hall: Hall) -> None:
    for role, has_judging, has_fleet in (("officer", True, False), ("admin", True, True), ("ops", False, True)):
        _, html = await hall.get("/", role)
        assert ('href="/decisions?outcome=needs_review">1 usulan perlu diperiksa' in html) is has_judging, role
        assert ('href="/fleet">' in html and "server desa bermasalah" in html) is has_fleet, role


async def test_the_fleet_lists_every_village_and_filters(hall: Hall) -> None:
    text = await hall.text("/fleet")
    assert "217 desa dan kelurahan" in text
    status, html = await hall.get("/fleet")
    assert status == 200
    for each in villages():
        assert f'href="/fleet/{each.code}"' in html
    clone = await hall.text("/fleet?state=clone")
    assert "1 desa dan kelurahan" in clone
    assert "3 jam" in clone, "the oldest record that waits, by the box's own word"
    district = districts()[0]
    expected = sum(v.district == district for v in villages())
    assert f"{expected} desa dan kelurahan" in await hall.text(f"/fleet?district={district.code}")
    assert "0 desa dan kelurahan" in await hall.text("/fleet?state=nonsense")


async def test_the_fleet_sorts(hall: Hall) -> None:
    async def order(sort: str) -> list[str]:
        _, html = await hall.get(f"/fleet?sort={sort}")
        return re.findall(r'href="/fleet/(\d{10})"', html)

    names = {v.code: v.name for v in villages()}
    assert await order("code") == sorted(names)
    by_name = [names[code] for code in await order("name")]
    assert by_name == sorted(by_name)
    assert (await order("waiting"))[0] == OTHER_DESA
    assert (await order("unheard-of")) == sorted(names)


async def test_a_village_in_full(hall: Hall) -> None:
    text = await hall.text(f"/fleet/{OTHER_DESA}")
    assert "Server ganda dicurigai" in text
    assert "Belum dikirim menurut server desa 7" in text
    assert "mundur 90 detik" in text
    assert "0.1.0" in text
    assert "kepala catatan tidak terbaca" in text
    assert "bad_header" not in text
    assert "rahasia" not in text, "what cannot be read is counted, never shown"
    assert "Nomor surat yang dipakai dua kali" in text
    assert "470 2021 1" in text
    desa = await hall.text(f"/fleet/{DESA}")
    assert "Terhubung" in desa
    assert "Nomor surat yang dipakai dua kali" not in desa


async def test_a_box_that_stands_still_says_why(hall: Hall) -> None:
    regency, desa = hall.story.regency, hall.story.desa
    await regency.greet(desa, health=[("outbox_ops", 3), ("halted_bad_signature", 1)])
    for path in ("/fleet", "/fleet?state=halted", f"/fleet/{DESA}"):
        text = await hall.text(path)
        assert "Sinkronisasi terhenti" in text, path
        assert "Tanda tangan server desa tidak cocok" in text, path
    await regency.greet(desa, health=[("halted_<b>3510256507850001</b>", 1)])
    _, html = await hall.get(f"/fleet/{DESA}")
    assert "demi keamanan data" in html
    assert "3510256507850001" not in html, "only words of ours are shown"
    await regency.greet(desa, health=[("outbox_ops", 0)])
    assert "Sinkronisasi terhenti" not in await hall.text(f"/fleet/{DESA}")
    assert "1 desa" not in await hall.text("/fleet?state=halted")


async def test_what_a_box_cannot_read_or_does_not_know_is_told(hall: Hall) -> None:
    desa = await hall.text(f"/fleet/{DESA}")
    assert "perlu pembaruan" in desa, "it stored one item more than it applied"
    assert "tidak terbaca di server desa" not in desa
    await hall.story.regency.greet(hall.story.desa, health=[("feed_unreadable", 2)])
    assert "2 kabar dari kabupaten tidak terbaca di server desa" in await hall.text(f"/fleet/{DESA}")
    assert "perlu pembaruan" not in await hall.text(f"/fleet/{OTHER_DESA}")


async def test_the_dotted_code_of_a_village_is_understood(hall: Hall) -> None:
    assert (await hall.get("/fleet/35.10.25.2010"))[0] == 200


async def test_machines_that_were_replaced_or_revoked_are_named(hall: Hall) -> None:
    await hall.story.regency.enrol(DESA, seed=2)
    text = await hall.text(f"/fleet/{DESA}")
    assert "2 dipakai" in text
    assert "1 diganti" in text
    revoked = await hall.text(f"/fleet/{REVOKED_DESA}")
    assert "Server dicabut" in revoked
    assert f"kampung-central enrol {REVOKED_DESA}" in revoked


async def test_a_village_that_never_enrolled_says_how_to(hall: Hall) -> None:
    absent = next(v for v in villages() if v.code not in {DESA, OTHER_DESA, WARD, REVOKED_DESA})
    assert f"kampung-central enrol {absent.code}" in await hall.text(f"/fleet/{absent.code}")


async def test_decisions_newest_first_with_masked_names(hall: Hall) -> None:
    text = await hall.text("/decisions")
    assert "6 keputusan" in text
    assert mask_name("SITI CONTOH") in text
    _, html = await hall.get("/decisions")
    assert re.findall(r'href="/decisions/([0-9a-f]{32})"', html)[0] == hall.story.late.hex()
    for secret in ("CONTOH", "RAHAYU", "SUYATNO", nik(1), kk(1)):
        assert secret not in html
    assert "covered" not in text, "officers read Indonesian"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("outcome=accepted", 2),
        ("outcome=rejected", 2),
        ("outcome=needs_review", 1),
        (f"cycle={PANGAN.code}", 5),
        (f"village={WARD}", 1),
        (f"outcome=rejected&village={DESA}", 1),
        ("outcome=unheard-of", 0),
    ],
)
async def test_decisions_are_filtered(hall: Hall, query: str, count: int) -> None:
    assert f"{count} keputusan" in await hall.text(f"/decisions?{query}")


async def test_decisions_come_in_pages(hall: Hall) -> None:
    regency, machine = hall.story.regency, hall.story.desa
    first = len(machine.ops) + 1
    for n in range(PAGE_ROWS):
        machine.propose(nik=nik(100 + n), kk=kk(100 + n))
    await regency.send(machine, first)
    await regency.settle()
    seen: list[str] = []
    for number in (1, 2):
        _, html = await hall.get(f"/decisions?page={number}")
        assert f"Halaman {number} dari 2" in html
        seen += re.findall(r'href="/decisions/([0-9a-f]{32})"', html)
    assert len(seen) == len(set(seen)) == PAGE_ROWS + 6


async def test_one_decision_tells_the_whole_trail_and_that_it_was_looked_at(hall: Hall) -> None:
    story = hall.story
    text = await hall.text(f"/decisions/{story.refused.hex()}", "auditor")
    for said in (
        nik(2),
        kk(2),
        "DEWI RAHAYU",
        "Ditolak",
        "Sementara",
        "Sudah terdaftar sebagai penerima Program Keluarga Harapan",
        "Sanggahan dapat disampaikan",
        "APBD-PANGAN - PKH:",
        "Januari-Desember 2021",
        "30 April 2021",
        "3 Mei 2021 12.00",
    ):
        assert said in text, said
    told = (await story.regency.decisions())[story.refused]
    assert told.facts_hash.hex()[:16] in text
    rows = await story.regency.rows("SELECT actor, action, subject FROM access_log WHERE action = 'view_decision'")
    assert rows == [("auditor", "view_decision", story.refused.hex())]


ALIKE = "NIK,NAMA,TANGGAL LAHIR,JENIS KELAMIN,KODE DESA\n3510259507850001,SITI CONTOH,25/07/1985,P,3510252010\n"
"""Nobody's number, and a name, a birth date and a village that somebody has."""


async def test_doubtful_pairs_are_judged_one_after_the_other(hall: Hall) -> None:
    """One bears the NIK under another name, one is alike without any: about the second the village is asked."""
    regency, browser = hall.story.regency, await hall.browser()
    assert "Tidak ada pasangan" in await hall.text("/reviews")
    await regency.import_list(siksng_row(nik(1), kk(9), "BUDI HARTONO"))
    await regency.import_list(ALIKE.encode(), name="bst.csv", scheme="BST")
    await regency.settle()
    text = await hall.text("/reviews")
    assert text.count("Bandingkan") == 2
    assert "************0001" in text
    judged = set()
    for identity in ("different", "ask"):
        led = await browser.get("/reviews/next", allow_redirects=False)
        path = led.headers["Location"]
        judged.add(path)
        page = await hall.text(path)
        assert (
            "Nama SITI CONTOH (lihat daftarnya) Berbeda" in page
            or "Tanggal lahir 25 Juli 1985 25 Juli 1985 Sama" in page
        )
        form = await browser.fields_of(await browser.get(path))
        answer = await browser.post(
            path, form | {"identity": identity, "reason": "dua KTP dilihat"}, allow_redirects=False
        )
        assert (answer.status, answer.headers["Location"]) == (303, "/reviews/next")
        await regency.settle()
    assert len(judged) == 2
    assert (await browser.get("/reviews/next", allow_redirects=False)).headers["Location"] == "/reviews"
    assert "Tidak ada pasangan" in await hall.text("/reviews"), "who is being asked about waits for the answer"
    assert [item.kind for item in await regency.said("identity_question")] == ["identity_question"]
    assert await regency.outcome(hall.story.accepted) == ("needs_review", "possible_duplicate")


async def test_an_officer_judges_whether_two_are_one_and_the_decision_follows(hall: Hall) -> None:
    regency = hall.story.regency
    await regency.import_list(siksng_row(nik(1), kk(9), "BUDI HARTONO"))
    await regency.settle()
    assert await regency.outcome(hall.story.accepted) == ("needs_review", "identity_conflict")
    one = f"/decisions/{hall.story.accepted.hex()}"
    assert "Daftar PKH" in await hall.text(one, "auditor")
    assert "BUDI" not in await hall.text(one, "auditor")
    assert "/identity/" not in (await hall.get(one, "auditor"))[1]
    path = re.findall(r'href="([^"]+/identity/[^"]+)"', (await hall.get(one))[1])[0]
    browser = await hall.browser()
    fields = await browser.fields_of(await browser.get(path))
    wrong = await browser.post(path, fields | {"identity": "overlap_allowed", "until": "besok", "reason": "x"})
    text = await wrong.text()
    assert wrong.status == 422
    assert 'href="#until"' in text
    assert 'href="#reason"' in text
    form = fields | {"identity": "different", "until": "", "reason": "KTP diperiksa di loket"}
    for _ in range(2):
        assert (await browser.post(path, form, allow_redirects=False)).status == 303
    assert await regency.value("SELECT count(*) FROM identity_verdict") == 1, "sent twice, kept once"
    await regency.settle()
    assert await regency.outcome(hall.story.accepted) == ("accepted", "")
    assert "Bukan orang yang sama KTP diperiksa di loket - officer" in await hall.text(one, "auditor")
    strange = await browser.post(path[:-64] + "0" * 64, form | {"form_key": "0" * 32}, allow_redirects=False)
    assert strange.status in {400, 404}


async def test_evidence_leads_to_the_row_of_the_list(hall: Hall) -> None:
    _, html = await hall.get(f"/decisions/{hall.story.refused.hex()}", "auditor")
    assert '<a href="/imports/1">pkh.csv</a>, baris 2' in html


@pytest.mark.parametrize("claimed_ms", [2**53, -(2**53), -62_200_000_000_000])
async def test_a_box_whose_clock_stands_in_no_year_hides_no_decision(hall: Hall, claimed_ms: int) -> None:
    story = hall.story
    record = story.desa.propose(nik=nik(6), kk=kk(6), claimed_ms=claimed_ms).record_id
    await story.regency.send(story.desa, len(story.desa.ops))
    await story.regency.settle()
    assert "jam server desa salah" in await hall.text(f"/decisions/{record.hex()}")


async def test_what_nobody_may_see_is_not_noted_as_seen(hall: Hall) -> None:
    await hall.get(f"/decisions/{hall.story.refused.hex()}", "ops")
    await hall.get(f"/decisions/{'0' * 32}")
    assert await hall.story.regency.value("SELECT count(*) FROM access_log WHERE action = 'view_decision'") == 0


async def test_delivery_is_told_as_the_village_acknowledged_it(hall: Hall) -> None:
    story = hall.story
    delivery = {}
    for record in (story.accepted, story.refused, story.nasty, story.late):
        text = await hall.text(f"/decisions/{record.hex()}")
        delivery[record] = re.findall(r"Sampai di desa (sudah ditampilkan|sudah tersimpan|belum)", text)[0]
    seqs = dict(await story.regency.rows("SELECT record, feed_seq FROM proposal"))
    for record, said in delivery.items():
        expected = "sudah ditampilkan" if seqs[record] <= 5 else "sudah tersimpan" if seqs[record] <= 6 else "belum"
        assert said == expected
    assert set(delivery.values()) == {"sudah ditampilkan", "sudah tersimpan", "belum"}


async def test_a_village_is_found_by_either_form_of_its_code_and_a_wrong_code_finds_nothing(hall: Hall) -> None:
    plain, dotted = (
        await hall.text("/decisions?village=3510252010"),
        await hall.text("/decisions?village=35.10.25.2010"),
    )
    assert plain == dotted
    assert "0 keputusan" not in plain
    wrong = await hall.text("/decisions?village=3510252")
    assert "0 keputusan" in wrong
    assert "Kode desa itu tidak dikenal" in wrong


async def test_nobody_is_led_where_they_may_not_go(hall: Hall) -> None:
    for role in ("officer", "ops"):
        _, html = await hall.get("/decisions", role)
        statuses = {(await hall.get(path, role))[0] for path in set(re.findall(r'href="(/decisions/[0-9a-f]+)"', html))}
        assert statuses == ({200} if role == "officer" else set())


async def test_a_page_behind_the_last_is_the_last(hall: Hall) -> None:
    assert await hall.text("/decisions?page=9") == await hall.text("/decisions")
    assert await hall.text("/imports/1?page=9") == await hall.text("/imports/1")


async def test_cycles_and_imports(hall: Hall) -> None:
    cycles = await hall.text("/cycles")
    assert PANGAN.name in cycles
    assert "Mei-Juli 2021" in cycles
    assert "17 Mei 2021 14 hari" in cycles, "the last day on which a village may propose"
    imports = await hall.text("/imports")
    assert "pkh.csv Diimpor contoh 30 April 2021" in imports
    assert "command:test 1 1 kepesertaan" in imports, "rows, and what they gave"
    one = await hall.text("/imports/1")
    assert "1 dipakai" in one


# --- hostile ----------------------------------------------------------------------------------------------------------


async def test_a_name_is_text_wherever_it_stands(hall: Hall) -> None:
    for path in ("/decisions", f"/decisions/{hall.story.nasty.hex()}"):
        _, html = await hall.get(path)
        assert "<script>alert" not in html
        assert NASTY_NAME not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "path",
    [
        "/decisions?page=0",
        "/decisions?page=-1",
        "/decisions?page=x",
        "/decisions?page=99999999999999999999",
        "/decisions?page=9999999",
        "/decisions?page=%D9%A3",
        "/decisions?outcome=%3Cscript%3E&cycle=%22%3E%3Cscript%3E&village=%27",
        "/decisions?outcome=%00&cycle=%00",
        "/decisions?outcome=" + "x" * 5_000,
        "/fleet?district=%3Cscript%3E&state=%22%3E%3Cscript%3E&sort=%3Cscript%3E",
        "/fleet?sort=code&sort=name",
        "/imports/1?page=7777",
    ],
)
async def test_a_strange_question_gets_a_plain_answer(hall: Hall, path: str) -> None:
    status, html = await hall.get(path)
    assert status == 200
    assert "<script>" not in html
    assert len(html.encode()) < PAGE_BYTES_MAX


@pytest.mark.parametrize(
    "path",
    [
        "/fleet/1",
        "/fleet/9999999999",
        "/fleet/%3Cscript%3E",
        "/decisions/" + "0" * 32,
        "/decisions/" + "A" * 32,
        "/decisions/zz",
        "/imports/999",
        "/imports/x",
        "/imports/0",
        "/nowhere",
    ],
)
async def test_what_is_not_there_is_not_found(hall: Hall, path: str) -> None:
    status, html = await hall.get(path)
    assert status == 404
    assert "<script>" not in html


async def test_no_address_or_log_line_carries_a_persons_number(hall: Hall, capsys: pytest.CaptureFixture[str]) -> None:
    for path in paths(hall.story).values():
        _, html = await hall.get(path)
        for link in re.findall(r'(?:href|action)="([^"]*)"', html):
            assert not re.search(r"\d{16}", link)
    out, err = capsys.readouterr()
    assert nik(2) not in out + err


async def test_pages_need_no_script(hall: Hall) -> None:
    for path in (path for route, path in paths(hall.story).items() if route not in LEADING_ON):
        _, html = await hall.get(path)
        if not html.startswith("<!doctype html>"):
            continue  # a file
        assert "onclick" not in html
        assert "javascript:" not in html
        if path.endswith(".csv"):
            continue
        assert html.count("<h1") == 1
        assert re.search(r"<title>[^<]+</title>", html)
        for control in re.findall(r'<(?:select|input)(?! type="(?:hidden|radio|checkbox)")[^>]*>', html):
            identity = re.search(r'id="([^"]+)"', control)
            assert identity, control
            assert f'for="{identity[1]}"' in html, "every field has its label"


async def test_decision_counts_feed_the_command(hall: Hall) -> None:
    counts = await hall.story.regency.database.read(overview.decision_counts)
    assert (PANGAN.code, "rejected", "covered_by_scheme", 1) in counts
    assert sum(n for *_, n in counts) == 6


def test_every_reason_outcome_and_fate_has_its_words() -> None:
    assert words.REASONS.keys() == {code.value for code in ReasonCode}
    assert words.FATES.keys() >= {fate.value for fate in Fate}
    assert words.OUTCOMES.keys() == {ACCEPTED, REJECTED, NEEDS_REVIEW, WITHDRAWN}
    assert words.QUARANTINE.keys() == {"bad_header", "unknown_kind", "future_schema", "bad_body"}


def test_how_long_ago_in_the_roughest_unit_that_still_tells() -> None:
    def told(minutes: float) -> str:
        return formats.ago(0, int(minutes * 60_000))

    assert formats.ago(None, 0) == "-"
    assert [told(n) for n in (-5, 0.9, 1, 119, 120, 2_879, 2_880)] == [
        "baru saja",
        "baru saja",
        "1 menit",
        "119 menit",
        "2 jam",
        "47 jam",
        "2 hari",
    ]


def test_a_clock_that_is_right_enough_is_not_mentioned() -> None:
    told = [words.skew(n) for n in (0, 29, -29, 30, -90, 600, -86_400)]
    assert told == ["-", "-", "-", "maju 30 detik", "mundur 90 detik", "maju 10 menit", "mundur 24 jam"]


async def test_objections_stand_in_the_officers_list_masked_and_on_the_decision_in_full(hall: Hall) -> None:
    story = hall.story
    grounds = "Sudah keluar dari PKH sejak Maret <b>2021</b>. " + "x" * 400
    story.desa.write(ObjectionMade(story.desa.salt(), story.refused, grounds, "surat pendamping", "sri"))
    await story.regency.send(story.desa, len(story.desa.ops))
    await story.regency.settle()
    _, html = await hall.get("/objections")
    assert "Sudah keluar dari PKH sejak Maret &lt;b&gt;2021&lt;/b&gt;." in html
    assert "D*** R***" in html
    assert "DEWI RAHAYU" not in html
    assert f'href="/decisions/{story.refused.hex()}"' in html
    assert "x" * 400 in (await hall.get(f"/decisions/{story.refused.hex()}"))[1]
    assert await story.regency.value("SELECT count(*) FROM access_log WHERE action = 'list_objections'") == 1


async def test_a_report_is_masked_in_the_list_and_whole_with_its_reason_on_its_page(hall: Hall) -> None:
    story = hall.story
    _, html = await hall.get("/reports")
    assert "D*** R***" in html
    assert "Dewi Rahayu" not in html
    assert "Tidak ada laporan." in await hall.text("/reports?state=waiting")
    assert "Sudah tercakup" in await hall.text("/reports?state=covered")
    text = await hall.text(f"/reports/{story.report.hex()}", "auditor")
    for said in ("Dewi Rahayu", nik(2), "Sudah terdaftar sebagai penerima Program Keluarga Harapan", "Belum ada."):
        assert said in text, said
    looks = await story.regency.rows("SELECT actor, subject FROM access_log WHERE action = 'view_report'")
    assert looks == [("auditor", story.report.hex())]
    looks = await story.regency.database.read(lambda c: access.of_person(c, nik(2)))
    assert [look.action for look in looks] == ["view_report"]
    assert (await hall.get(f"/reports/{'0' * 32}"))[0] == 404
