"""Letters at the agencies: who sees which, what stands in the log is shown and not copied, one step at a time, told once."""

import asyncio
import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image
from prometheus_client import CollectorRegistry

from central.audit import audit
from central.domain.agencies import ScopeError, Seat, parse_agencies, read_seat
from central.domain.batches import Reading, read_batch
from central.domain.dossiers import NOTE_LENGTH_MAX, State, check_note, steps_from
from central.rules import shipped_agencies
from central.store import dossiers, logs
from central.store.dossiers import PAGE_ROWS
from central.web.app import build_app
from central.web.desk import Desk
from chassis.database import Connection, SqliteDatabase
from chassis.web.accounts import create_account, hash_password
from protocol.codec import decode, encode
from protocol.feed import PART_BYTES_MAX, RESULT_BYTES_MAX, Countersign, DossierState
from protocol.messages import AttachmentSent, FilePart
from protocol.ops import GENESIS, AttachmentRemoved, Op, Position
from tests.agent.letter_samples import CATALOGUE
from tests.central.desk import DESA, OTHER_DESA, RULES, Machine, Regency, migrations, unpack
from tests.chassis.conftest import PASSWORD, Browser
from tests.protocol.samples import SUBJECT

HASH = hash_password(PASSWORD)
NIP = "197001011990031001"
REASON = "Fotokopi KK tidak terbaca."
PEOPLE = {"dinkes": "Dinkes", "dinkes2": "Dinkes", "dukcapil": "Dukcapil", "kua": f"KUA/{DESA[:6]}", "lepas": ""}
PEOPLE |= {"camat": f"camat/{DESA[:6]}", "camat2": f"camat/{DESA[:6]}", "camat_lain": f"camat/{OTHER_DESA[:6]}"}
"""Login to scope."""


@dataclass
class Hall:
    regency: Regency
    machine: Machine
    server: TestServer
    browsers: dict[str, Browser]
    woken: list[str]

    async def browser(self, login: str = "dinkes") -> Browser:
        if login not in self.browsers:
            self.browsers[login] = Browser(TestClient(self.server, cookie_jar=CookieJar(unsafe=True)))
            await self.browsers[login].sign_in(login)
        return self.browsers[login]

    async def text(self, path: str, login: str = "dinkes") -> str:
        answer = await (await self.browser(login)).get(path)
        assert answer.status == 200, await answer.text()
        return words_of(await answer.text())

    async def status(self, path: str, login: str) -> int:
        return (await (await self.browser(login)).get(path)).status

    async def form(self, path: str, login: str = "dinkes") -> dict[str, str]:
        browser = await self.browser(login)
        return await browser.fields_of(await browser.get(path))

    async def step(self, path: str, step: str, note: str = "", login: str = "dinkes") -> str:
        form = await self.form(path, login)
        return await self.send(path, {**form, "step": step, "note": note}, login)

    async def send(self, path: str, form: dict[str, str], login: str = "dinkes") -> str:
        return words_of(await (await (await self.browser(login)).post(path, form)).text())

    async def forward(self, *, agency: str = "Dinkes", number: int = 1) -> str:
        """A letter of the village on its way; its page here."""
        op = self.machine.forward(self.machine.issue(number), agency)
        await self.regency.send(self.machine, len(self.machine.ops) - 1)
        await self.regency.settle()
        return f"/dossiers/{op.record_id.hex()}"


def words_of(html: str) -> str:
    main = html.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    database = await SqliteDatabase.open(tmp_path / "centre.db", migrations())
    regency = Regency(database)
    machine = await regency.enrol(DESA)
    await regency.greet(machine)
    machine.open_log()
    await regency.send(machine)

    async def people(connection: Connection) -> None:
        for login, scope in PEOPLE.items():
            await create_account(
                connection, login=login, display_name=login, role="agency", scope=scope, password_hash=HASH, now_ms=0
            )

    await database.transact(people)
    woken: list[str] = []
    server = TestServer(build_app(Desk(database, regency.clock, RULES, woken.append), CollectorRegistry(), "0.1.0"))
    await server.start_server()
    hall = Hall(regency, machine, server, {}, woken)
    yield hall
    for browser in hall.browsers.values():
        await browser.client.close()
    await server.close()
    await database.close()


# --- who sees what ----------------------------------------------------------------------------------------------------


async def test_an_office_sees_what_was_sent_to_it_and_nothing_else(hall: Hall) -> None:
    path = await hall.forward()
    assert "1 berkas." in await hall.text("/dossiers")
    assert "0 berkas." in await hall.text("/dossiers", "dukcapil")
    for login, expected in {"dinkes": 200, "dukcapil": 404, "kua": 404, "lepas": 403}.items():
        assert await hall.status(path, login) == expected, login
    assert await hall.status("/dossiers", "lepas") == 403, "bound to nothing, so it sees nothing"
    form, browser = await hall.form(path), await hall.browser("dukcapil")
    token = re.findall(r'name="csrf" value="([^"]+)"', await (await browser.get("/dossiers")).text())[0]
    sent = await browser.post(path, {**form, "csrf": token, "step": "received", "note": ""})
    assert sent.status == 404, "nor does it move what it cannot see"
    assert await hall.regency.value("SELECT state FROM dossier") == "sent"


async def test_an_office_of_a_district_sees_its_own_villages_letters(hall: Hall) -> None:
    path = await hall.forward(agency="KUA")
    assert await hall.status(path, "kua") == 200
    agencies = shipped_agencies()
    for scope, expected in ((f"KUA/{DESA[:6]}", 1), (f"KUA/{OTHER_DESA[:6]}", 0)):
        seat = read_seat(scope, agencies)
        counts = await hall.regency.database.read(lambda c, seat=seat: dossiers.counts(c, seat))  # type: ignore[misc]
        assert sum(counts.values()) == expected


async def test_signing_in_leads_to_the_worklist(hall: Hall) -> None:
    answer = await (await hall.browser()).get("/")
    assert answer.url.path == "/dossiers"
    html = await answer.text()
    assert "Dinas Kesehatan" in html
    assert "Armada" not in html, "nothing in the menu that is not theirs"


async def test_every_opening_is_written_into_the_trail_of_looks(hall: Hall) -> None:
    path = await hall.forward()
    text = await hall.text(path)
    assert SUBJECT.nik in text, "whole, for the agency works with it"
    rows = await hall.regency.rows("SELECT actor, action, subject FROM access_log WHERE action <> 'login'")
    assert rows == [("dinkes", "view_dossier", path.rpartition("/")[2])]
    listed = await (await hall.browser()).get("/dossiers")
    html = await listed.text()
    for secret in (SUBJECT.nik, SUBJECT.name, "429.508.03"):
        assert secret not in html, "the list names no person and no letter number"


# --- what is shown ----------------------------------------------------------------------------------------------------


async def test_the_letter_is_read_from_the_log_and_not_copied(hall: Hall) -> None:
    path = await hall.forward()
    text = await hall.text(path)
    for said in (SUBJECT.name, "470/001/429.508.03/2021", "3 Mei 2021", "KTP, KK", "mohon segera", "Sukojati"):
        assert said in text, said
    assert "Keperluan keringanan biaya sekolah" in text, "under the wording that the village asked it with"
    for row in await hall.regency.rows("SELECT * FROM dossier"):
        assert not {SUBJECT.nik, SUBJECT.name} & set(map(str, row))


async def test_a_letter_that_the_log_does_not_hold_only_goes_back(hall: Hall) -> None:
    nowhere = Position(hall.machine.log_id, 1, GENESIS)
    op = hall.machine.forward(hall.machine.issue(1), letter=nowhere)
    await hall.regency.send(hall.machine, len(hall.machine.ops) - 1)
    await hall.regency.settle()
    path = f"/dossiers/{op.record_id.hex()}"
    text = await hall.text(path)
    assert "tidak ada dalam catatan desa" in text
    assert "Kembalikan ke desa" in text
    assert "Terima" not in text


async def test_a_letter_that_was_voided_only_goes_back(hall: Hall) -> None:
    path = await hall.forward()
    form = await hall.form(path)
    hall.machine.void(hall.machine.ops[-2].record_id)
    await hall.regency.send(hall.machine, len(hall.machine.ops))
    await hall.regency.settle()
    said = await hall.send(path, {**form, "step": "received", "note": ""})
    assert "Surat ini dibatalkan desa" in said
    assert await hall.regency.value("SELECT state FROM dossier") == "sent"
    assert "Surat dibatalkan desa" in await hall.text("/dossiers")
    assert "Tersimpan: dikembalikan." in await hall.step(path, "returned", "Suratnya sudah dibatalkan.")


async def test_a_letter_of_a_former_log_is_found(hall: Hall) -> None:
    letter = hall.machine.issue(1)
    await hall.regency.send(hall.machine, len(hall.machine.ops))
    hall.machine.logs, parent = [hall.machine.head], hall.machine.head
    hall.machine.log_id, hall.machine.ops = hall.regency.clock.random(16), []
    hall.machine.open_log(parent=parent, how="restored")
    op = hall.machine.forward(letter)
    await hall.regency.send(hall.machine)
    await hall.regency.settle()
    assert SUBJECT.name in await hall.text(f"/dossiers/{op.record_id.hex()}")


async def test_the_worklist_filters_and_pages(hall: Hall) -> None:
    for number in range(1, PAGE_ROWS + 2):
        hall.machine.forward(hall.machine.issue(number))
    await hall.regency.send(hall.machine, 2)
    await hall.regency.settle()
    assert "51 berkas." in await hall.text("/dossiers")
    assert "Halaman 2 dari 2" in await hall.text("/dossiers?page=99")
    html = await (await (await hall.browser()).get("/dossiers")).text()
    assert len(html.encode()) < 100_000
    first = re.findall(r'href="(/dossiers/[0-9a-f]{32})"', html)[0]
    await hall.step(first, "returned", REASON)
    assert "50 berkas." in await hall.text("/dossiers")
    assert "1 berkas." in await hall.text("/dossiers?state=returned")
    assert "51 berkas." in await hall.text("/dossiers?state=")
    assert "50 berkas." in await hall.text("/dossiers?state=nonsense")
    assert "0 berkas." in await hall.text(f"/dossiers?village={OTHER_DESA}")
    assert "tidak dikenal" in await hall.text("/dossiers?village=banyuwangi")


# --- steps ------------------------------------------------------------------------------------------------------------


async def told(regency: Regency) -> list[DossierState]:
    return [unpack(item.value, DossierState) for item in await regency.said("dossier_state", DESA)]


async def test_each_step_is_told_to_the_village_and_kept_with_who_took_it(hall: Hall) -> None:
    path = await hall.forward()
    record = bytes.fromhex(path.rpartition("/")[2])
    for step, note in (("received", ""), ("processing", "sedang diperiksa"), ("done", "Silakan diambil.")):
        hall.regency.clock.advance(seconds=60)
        await hall.step(path, step, note)
    assert [(each.state, each.note) for each in await told(hall.regency)] == [
        ("received", ""),
        ("processing", "sedang diperiksa"),
        ("done", "Silakan diambil."),
    ]
    assert all(each.dossier == record for each in await told(hall.regency))
    assert all(item.key == record and not item.critical for item in await hall.regency.said("dossier_state", DESA))
    assert hall.woken == [DESA] * 3, "the village hears it at once"
    text = await hall.text(path)
    assert "Tindakan" not in text, "it is over"
    assert "sedang diperiksa dinkes" in text
    trail = await hall.regency.rows("SELECT actor, action, subject FROM audit_trail WHERE action LIKE 'dossier%'")
    assert trail == [("dinkes", f"dossier_{step}", record.hex()) for step in ("received", "processing", "done")]
    found = await hall.regency.database.read(lambda c: audit(c, RULES))
    assert found.problems == []


async def test_returning_needs_a_reason(hall: Hall) -> None:
    path = await hall.forward()
    said = await hall.step(path, "returned", " a ")
    assert "Alasan pengembalian: tulis alasannya" in said
    assert await told(hall.regency) == []
    assert "Tersimpan: dikembalikan." in await hall.step(path, "returned", REASON)
    assert [(each.state, each.note) for each in await told(hall.regency)] == [("returned", REASON)]


async def test_of_two_people_at_once_one_wins_and_the_other_is_told(hall: Hall) -> None:
    path = await hall.forward()
    forms = {login: await hall.form(path, login) for login in ("dinkes", "dinkes2")}
    said = await asyncio.gather(
        hall.send(path, {**forms["dinkes"], "step": "received", "note": ""}),
        hall.send(path, {**forms["dinkes2"], "step": "returned", "note": REASON}, "dinkes2"),
    )
    assert sum("Tersimpan:" in words for words in said) == 1
    assert sum("baru saja ditangani rekan Anda" in words for words in said) == 1
    assert len(await told(hall.regency)) == 1
    assert await hall.regency.value("SELECT count(*) FROM dossier_step") == 1


async def test_one_form_is_one_step(hall: Hall) -> None:
    path = await hall.forward()
    form = {**await hall.form(path), "step": "received", "note": ""}
    for _ in range(2):
        assert "Tersimpan: diterima." in await hall.send(path, form)
    assert len(await told(hall.regency)) == 1


async def test_no_step_is_skipped(hall: Hall) -> None:
    path = await hall.forward()
    form = await hall.form(path)
    for step in ("done", "processing", "sent"):
        assert "baru saja ditangani" in await hall.send(path, {**form, "step": step, "note": ""})
    browser = await hall.browser()
    assert (await browser.post(path, {**form, "step": "archived", "note": ""})).status == 400
    assert await told(hall.regency) == []


async def test_what_was_sent_again_says_so(hall: Hall) -> None:
    first = await hall.forward()
    await hall.step(first, "returned", REASON)
    hall.machine.forward(hall.machine.ops[-2], former=bytes.fromhex(first.rpartition("/")[2]))
    await hall.regency.send(hall.machine, len(hall.machine.ops))
    await hall.regency.settle()
    text = await hall.text("/dossiers")
    assert "1 berkas." in text
    assert "Dikirim lagi" in text


# --- the camat's countersign ---------------------------------------------------------------------------------------


SIGNER = {"name": "Dra. CONTOH, M.Si.", "capacity": "a.n.", "position": "Sekretaris Kecamatan", "rank": "", "nip": NIP}


async def test_the_camat_countersigns_in_one_step_and_the_village_is_told_who(hall: Hall) -> None:
    path = await hall.forward(agency="camat")
    assert await hall.status(path, "camat_lain") == 404
    assert SUBJECT.name in await hall.text(path, "camat")
    html = await (await (await hall.browser("camat")).get(path)).text()
    assert 'value="camat" checked' not in html, "nobody is taken for the camat by default"
    form = await hall.form(path, "camat")
    assert "Tersimpan: diketahui camat." in await hall.send(path, {**form, **SIGNER, "step": "done"}, "camat")
    [said] = await told(hall.regency)
    assert said.state == "done"
    assert said.countersign == Countersign("Dra. CONTOH, M.Si.", "a.n.", "Sekretaris Kecamatan", "", NIP)
    assert "Diketahui Dra. CONTOH, M.Si. (a.n. Camat, Sekretaris Kecamatan)" in await hall.text(path, "camat")
    again = await (await (await hall.browser("camat")).get(await hall.forward(agency="camat", number=2))).text()
    assert NIP in again, "as this person signed the last time"
    assert "Dra. CONTOH" not in await hall.text(await hall.forward(agency="camat", number=3), "camat2")


async def test_what_lacks_in_a_countersign_is_named_and_nothing_is_kept(hall: Hall) -> None:
    path = await hall.forward(agency="camat")
    form = {**await hall.form(path, "camat"), "step": "done"}
    said = await hall.send(path, {**form, "name": "", "position": "", "nip": "12"}, "camat")
    for fault in ("Nama: tulis", "Menandatangani sebagai: pilih", "NIP: 18 angka"):
        assert fault in said
    assert "NIP: isi NIP, atau pangkat" in await hall.send(path, {**form, **SIGNER, "nip": ""}, "camat")
    assert "Jabatan: tulis jabatan" in await hall.send(path, {**form, **SIGNER, "position": ""}, "camat")
    assert await told(hall.regency) == []


async def test_a_voided_letter_is_not_countersigned_and_of_two_people_one_wins(hall: Hall) -> None:
    path = await hall.forward(agency="camat")
    forms = {login: {**await hall.form(path, login), **SIGNER, "step": "done"} for login in ("camat", "camat2")}
    said = await asyncio.gather(*(hall.send(path, form, login) for login, form in forms.items()))
    assert sum("Tersimpan: diketahui camat." in words for words in said) == 1
    assert sum("baru saja ditangani rekan Anda" in words for words in said) == 1
    void = await hall.forward(agency="camat", number=2)
    form = await hall.form(void, "camat")
    hall.machine.void(hall.machine.ops[-2].record_id)
    await hall.regency.send(hall.machine, len(hall.machine.ops))
    await hall.regency.settle()
    assert "Surat ini dibatalkan desa" in await hall.send(void, {**form, **SIGNER, "step": "done"}, "camat")
    assert len(await told(hall.regency)) == 1
    assert await hall.regency.value("SELECT count(*) FROM dossier_countersign") == 1
    assert "Tersimpan: dikembalikan." in await hall.step(void, "returned", "Suratnya dibatalkan.", "camat")


async def test_only_the_camat_countersigns(hall: Hall) -> None:
    path = await hall.forward()
    await hall.step(path, "received")
    await hall.step(path, "processing")
    await hall.send(path, {**await hall.form(path), **SIGNER, "step": "done", "note": ""})
    assert [each.countersign for each in await told(hall.regency)] == [None, None, None]


# --- the file that an agency gives back ----------------------------------------------------------------------------


def png(size: tuple[int, int] = (80, 40)) -> bytes:
    written = io.BytesIO()
    Image.new("RGBA", size, "white").save(written, "PNG")
    return written.getvalue()


def pdf(inside: bytes = b"") -> bytes:
    return b"%PDF-1.7\n" + inside + b"\n%%EOF\n"


async def finish(hall: Hall, path: str, content: bytes, name: str = "hasil.pdf") -> str:
    """Send the file with the last step; the words of the page."""
    form = aiohttp.FormData(quote_fields=False)
    for field_name, value in {**await hall.form(path), "step": "done", "note": "Silakan dicetak."}.items():
        form.add_field(field_name, value)
    form.add_field("result", content, filename=name, content_type="application/octet-stream")
    return words_of(await (await (await hall.browser()).post(path, form)).text())


async def processed(hall: Hall, number: int = 1) -> str:
    path = await hall.forward(number=number)
    await hall.step(path, "received")
    await hall.step(path, "processing")
    return path


async def test_the_file_is_told_to_its_village_and_given_to_no_other(hall: Hall) -> None:
    content = pdf(hall.regency.clock.random(PART_BYTES_MAX + 10).replace(b"/", b"."))
    path = await processed(hall)
    assert "Tersimpan: selesai." in await finish(hall, path, content)
    file = (await told(hall.regency))[-1].result
    assert file is not None
    assert (file.sha256, file.size, file.media_type) == (sha256(content).digest(), len(content), "application/pdf")
    parts = []
    for name in file.parts:
        answer = await hall.regency.ingest.read_chunk(hall.machine.session, name)
        assert answer.status == 200
        assert sha256(answer.body).digest() == name
        parts.append(decode(answer.body, FilePart).content)
    assert b"".join(parts) == content
    other = await hall.regency.enrol(OTHER_DESA)
    await hall.regency.greet(other)
    for session in (other.session, b"", bytes(32)):
        assert (await hall.regency.ingest.read_chunk(session, file.parts[0])).status >= 400
    assert "Berkas hasil dikirim ke desa: PDF, 128 KB" in await hall.text(path)


async def test_a_picture_is_written_anew(hall: Hall) -> None:
    await finish(hall, await processed(hall), png() + b"<script>", "hasil.pdf")
    file = (await told(hall.regency))[-1].result
    assert file is not None
    assert file.media_type == "image/jpeg"
    answer = await hall.regency.ingest.read_chunk(hall.machine.session, file.parts[0])
    assert b"<script>" not in decode(answer.body, FilePart).content


async def test_what_is_no_document_is_refused_with_its_cure(hall: Hall) -> None:
    path = await processed(hall)
    for content, fault in {
        b"<html>": "bukan PDF, JPEG, atau PNG",
        b"": "bukan PDF, JPEG, atau PNG",
        b"%PDF-1.7 terpotong": "tidak lengkap",
        pdf(b"<< /OpenAction << /S /JavaScript >> >>"): "memuat program",
        pdf(b"<< /Encrypt 4 0 R >>"): "terkunci",
        pdf(bytes(RESULT_BYTES_MAX)): "lebih dari 2 MB",
        png((9_000, 9_000)): "terlalu besar",
        png()[:60]: "bukan PDF",
    }.items():
        said = await finish(hall, path, content)
        assert fault in said, fault
        assert "Berkas hasil:" in said
    assert [each.state for each in await told(hall.regency)] == ["received", "processing"]


# --- keeping ----------------------------------------------------------------------------------------------------------


async def test_the_same_batch_read_twice_is_one_dossier(hall: Hall) -> None:
    await hall.forward()
    batches = await hall.regency.database.read(_tabulated)
    for batch in batches:
        await hall.regency.database.transact(lambda c, b=batch: dossiers.add(c, b.dossiers))  # type: ignore[misc]
    assert await hall.regency.value("SELECT count(*) FROM dossier") == 1


async def _tabulated(connection: Connection) -> list[Reading]:
    return [read_batch(batch) async for batch in logs.tabulated(connection)]


async def test_a_reading_crosses_between_processes(hall: Hall) -> None:
    await hall.forward()
    hall.machine.void(hall.machine.ops[-2].record_id)
    await hall.regency.send(hall.machine, len(hall.machine.ops))
    await hall.regency.settle()
    for reading in await hall.regency.database.read(_tabulated):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(reading), type=Reading) == reading


async def test_an_audit_finds_a_dossier_that_was_taken_out_or_slipped_in(hall: Hall) -> None:
    await hall.forward()
    await hall.regency.database.transact(lambda c: c.execute("UPDATE dossier SET record = zeroblob(16)"))
    found = await hall.regency.database.read(lambda c: audit(c, RULES))
    assert found.problems == ["dossiers: 1 of the logs are missing, 1 stand in no log"]


# --- rules ------------------------------------------------------------------------------------------------------------


def test_the_steps() -> None:
    assert steps_from(State.SENT, is_letter_valid=True) == (State.RECEIVED, State.RETURNED)
    assert steps_from(State.RECEIVED, is_letter_valid=True) == (State.PROCESSING, State.RETURNED)
    assert steps_from(State.PROCESSING, is_letter_valid=True) == (State.DONE, State.RETURNED)
    for over in (State.DONE, State.RETURNED):
        assert steps_from(over, is_letter_valid=True) == ()
    for state in (State.SENT, State.RECEIVED, State.PROCESSING):
        assert steps_from(state, is_letter_valid=False) == (State.RETURNED,)
        assert steps_from(state, is_letter_valid=True, is_camat=True) == (State.DONE, State.RETURNED)
        assert steps_from(state, is_letter_valid=False, is_camat=True) == (State.RETURNED,)
    assert steps_from(State.DONE, is_letter_valid=True, is_camat=True) == ()


@pytest.mark.parametrize(
    ("step", "raw", "note"),
    [
        (State.RECEIVED, "", ""),
        (State.RECEIVED, "  dua\n baris ", "dua baris"),
        (State.RETURNED, "KK lama", "KK lama"),
        (State.RECEIVED, "x" * NOTE_LENGTH_MAX, "x" * NOTE_LENGTH_MAX),
    ],
)
def test_a_note(step: State, raw: str, note: str) -> None:
    assert check_note(step, raw) == (note, "")


@pytest.mark.parametrize(
    ("step", "raw"),
    [
        (State.RETURNED, ""),
        (State.RETURNED, "KK"),
        (State.RECEIVED, "x" * (NOTE_LENGTH_MAX + 1)),
        (State.RECEIVED, "a\u202eb"),
        (State.DONE, "a\x00b"),
    ],
)
def test_a_note_that_is_refused(step: State, raw: str) -> None:
    note, fault = check_note(step, raw)
    assert note == ""
    assert fault


def test_the_offices() -> None:
    agencies = shipped_agencies()
    assert read_seat("Dukcapil", agencies) == Seat(agencies["Dukcapil"], "")
    assert read_seat("KUA/351025", agencies).name == "Kantor Urusan Agama Blimbingsari"
    for wrong in ("", "Dinsos", "dukcapil", "KUA", "KUA/", "KUA/999999", "Dukcapil/351025", "KUA/3510252010"):
        with pytest.raises(ScopeError):
            read_seat(wrong, agencies)
    with pytest.raises(ValueError, match="seat must be"):
        parse_agencies("key,name,seat\nKUA,Kantor Urusan Agama,village\n")


def test_every_agency_of_the_village_catalogue_is_known_here() -> None:
    assert {kind.forward_to for kind in CATALOGUE.values() if kind.forward_to} <= shipped_agencies().keys()


# --- photographs beside the letter ------------------------------------------------------------------------------------

PICTURE = b"\xff\xd8\xff\xe0 not the rest of a picture"


async def photographed(hall: Hall, *, media_type: str = "image/jpeg") -> tuple[str, Op]:
    """A dossier whose letter has a photograph, whose picture has not come yet; its page and the photograph's record."""
    machine = hall.machine
    letter = machine.issue(1)
    photograph = machine.attach(letter.record_id, PICTURE, media_type=media_type)
    dossier = machine.forward(letter, "Dinkes")
    await hall.regency.send(machine, len(machine.ops) - 2)
    await hall.regency.settle()
    return f"/dossiers/{dossier.record_id.hex()}", photograph


async def bring(hall: Hall, photograph: Op) -> None:
    body, digest = encode(AttachmentSent(photograph.position, PICTURE)), sha256(PICTURE).digest()
    assert (await hall.regency.ingest.attachment(hall.machine.session, digest, body)).status == 200


async def test_an_office_sees_the_pictures_of_its_letters_and_each_look_is_recorded(hall: Hall) -> None:
    path, photograph = await photographed(hall)
    picture = f"{path}/photographs/{photograph.record_id.hex()}"
    assert "KTP: fotonya masih dalam perjalanan dari desa" in await hall.text(path)
    assert await hall.status(picture, "dinkes") == 404
    await bring(hall, photograph)
    page = await (await (await hall.browser()).get(path)).text()
    assert f'<img src="{picture}"' in page
    shown = await (await hall.browser()).get(picture)
    assert (shown.status, shown.content_type, await shown.read()) == (200, "image/jpeg", PICTURE)
    assert shown.headers["Cache-Control"] == "no-store"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    looks = "SELECT count(*) FROM access_log WHERE action = 'view_attachment' AND subject = $1 AND actor = 'dinkes'"
    assert await hall.regency.value(looks, photograph.record_id.hex()) == 1
    for login, expected in {"dukcapil": 404, "kua": 404, "lepas": 403}.items():
        assert await hall.status(picture, login) == expected, login
    findings = await hall.regency.database.read(lambda c: audit(c, RULES))
    assert findings.problems == []


async def test_a_picture_is_shown_only_by_the_dossier_of_its_letter_and_while_it_stands(hall: Hall) -> None:
    path, photograph = await photographed(hall)
    await bring(hall, photograph)
    other = await hall.forward(number=2)
    assert await hall.status(f"{other}/photographs/{photograph.record_id.hex()}", "dinkes") == 404
    assert "Desa tidak menyertakan foto" in await hall.text(other)
    hall.machine.write(AttachmentRemoved(hall.machine.salt(), photograph.record_id, "foto buram", "sri"))
    await hall.regency.send(hall.machine, len(hall.machine.ops))
    await hall.regency.settle()
    assert await hall.status(f"{path}/photographs/{photograph.record_id.hex()}", "dinkes") == 404
    assert "Desa tidak menyertakan foto" in await hall.text(path)


async def test_what_calls_itself_anything_but_a_jpeg_is_kept_and_not_shown(hall: Hall) -> None:
    path, photograph = await photographed(hall, media_type="text/html")
    await bring(hall, photograph)
    assert await hall.status(f"{path}/photographs/{photograph.record_id.hex()}", "dinkes") == 404
