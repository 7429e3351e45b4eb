"""Dossiers at the counter: sent once, waiting without a network, answered by the agency, sent again when they came back."""

import io
import shutil
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pypdf import PdfReader

from agent.domain.dossiers import check_sending, labels_of, open_stations, road_of, ticked_documents
from agent.domain.refusal import DOSSIER_DONE, LETTER_NOT_FOUND
from agent.domain.sheets import has_camat_block
from agent.store import MarkFile, Store, dossiers, oplog, results
from agent.store.dossiers import DossierRow
from agent.web.words import dossier_state
from chassis import schema
from chassis.database import MigrationFolder, SqliteDatabase
from protocol.feed import Countersign, DossierState, ResultFile, State
from protocol.letter_kinds import CAMAT_ASKED, NO
from protocol.ops import DossierSent, Op, Position, read_op
from tests.agent.letter_samples import CATALOGUE, TEXTS
from tests.agent.letter_samples import letter as sample
from tests.agent.office import START_MS, SUKOJATI, Counter, words_of
from tests.agent.test_web_seals import zbar
from tests.chassis.conftest import Browser

REASON = "Fotokopi KK tidak terbaca."


async def spm(counter: Counter, clerk: Browser) -> str:
    return await counter.issue(clerk, "spm", hospital="RSUD Blambangan")


async def send(clerk: Browser, letter: str, **answers: Any) -> str:
    """The words of the page where sending leads."""
    form = await clerk.fields_of(await clerk.get(f"{letter}/dossier"))
    form = {name: value for name, value in form.items() if name != "documents"}
    sent = await clerk.post(f"{letter}/dossier", {**form, **answers})
    return words_of(await sent.text())


async def written(counter: Counter) -> list[tuple[Op, DossierSent]]:
    batch = await counter.store.database.read(_all)
    found = [(op, read_op(op)[1]) for op in batch]
    return [(op, body) for op, body in found if isinstance(body, DossierSent)]


async def _all(connection: Any) -> list[Op]:
    rows = await connection.fetch_all("SELECT log.log_id, seq, hash, header, body FROM op JOIN log ON ordinal = op.log")
    return [Op(*row) for row in rows]


def answer(dossier: bytes, state: str, note: str = "", at_ms: int = START_MS) -> State:
    value = DossierState(dossier, state, note, at_ms)
    return State(1, "dossier_state", False, dossier, msgspec.msgpack.encode(value))


async def test_a_letter_travels_with_its_documents(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await spm(counter, clerk)
    assert "Kirim ke Dinkes" in words_of(await (await clerk.get(letter)).text())
    form = words_of(await (await clerk.get(f"{letter}/dossier")).text())
    assert "Kirim ke Dinkes" in form
    assert "rujukan puskesmas" in form
    said = await send(clerk, letter, documents=["KK", "KTP"], note="mohon segera")
    assert "Berkas dicatat untuk Dinkes" in said
    assert "Dokumen: KTP, KK. Catatan kantor: mohon segera" in said
    assert "Kirim ke Dinkes" not in said
    [(op, body)] = await written(counter)
    record = bytes.fromhex(letter.rpartition("/")[2])
    assert body.letter.hash[:16] == record
    held = await counter.value("SELECT hash FROM op WHERE seq = $1", body.letter.seq)
    assert body.letter == Position(op.log_id, body.letter.seq, held), "the very place of the letter"
    assert (body.agency, body.former, body.documents) == ("Dinkes", b"", ["KTP", "KK"])
    assert body.title == "Surat Pernyataan Miskin"
    assert body.labels == labels_of(CATALOGUE["spm"])
    assert body.actor == "clerk"


async def test_one_form_is_one_dossier_and_a_second_is_refused_while_the_first_is_on_its_way(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await spm(counter, clerk)
    form = await clerk.fields_of(await clerk.get(f"{letter}/dossier"))
    other = await clerk.fields_of(await clerk.get(f"{letter}/dossier"))
    await clerk.post(f"{letter}/dossier", form)
    assert "sudah dikirim sebelumnya" in words_of(await (await clerk.post(f"{letter}/dossier", form)).text())
    said = words_of(await (await clerk.post(f"{letter}/dossier", other)).text())
    assert "Berkas surat ini sudah dikirim. Berkas dapat dikirim lagi bila instansi mengembalikannya." in said
    assert len(await written(counter)) == 1


async def test_only_a_valid_letter_of_a_kind_that_is_forwarded_travels(counter: Counter) -> None:
    head = await counter.browser("head")
    plain = await counter.issue(head)
    assert "Berkas ke" not in words_of(await (await head.get(plain)).text())
    assert (await head.get(f"{plain}/dossier")).status == 404
    void = await spm(counter, head)
    form = await head.fields_of(await head.get(f"{void}/dossier"))
    reason = await head.fields_of(await head.get(f"{void}/void"))
    await head.post(f"{void}/void", {**reason, "reason": "salah nama pasien"})
    said = words_of(await (await head.post(f"{void}/dossier", form)).text())
    assert "Surat ini sudah dibatalkan." in said
    assert "Kirim ke" not in said
    assert await written(counter) == []


async def test_a_request_that_is_not_issued_yet_does_not_travel(counter: Counter) -> None:
    clerk = await counter.browser()
    asked = (await counter.ask(clerk, "spm", later="1", hospital="RSUD Blambangan")).rpartition("/")[2]
    assert "Kirim ke" not in words_of(await (await clerk.get(f"/requests/{asked}")).text())
    assert (await clerk.get(f"/letters/{asked}/dossier")).status == 404
    kind = CATALOGUE["spm"]
    sent = await counter.store.write(
        lambda desk: dossiers.send(desk, bytes.fromhex(asked), kind, ["Dinkes"], "Dinkes", ["KTP"], "", "sri")
    )
    assert sent is LETTER_NOT_FOUND
    assert await written(counter) == []


async def test_a_note_that_cannot_be_printed_is_refused_with_its_cure(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await spm(counter, clerk)
    said = await send(clerk, letter, note="x" * 301, documents=["KTP"])
    assert "Catatan:" in said
    assert await written(counter) == []


async def test_what_nobody_asked_for_is_no_document(counter: Counter) -> None:
    clerk = await counter.browser()
    await send(clerk, await spm(counter, clerk), documents=["KK", "<script>"])
    assert [body.documents for _, body in await written(counter)] == [["KK"]]
    assert ticked_documents(CATALOGUE["spm"], ["rujukan puskesmas", "KTP"]) == ["KTP", "rujukan puskesmas"]


async def test_a_returned_dossier_is_told_read_and_sent_again(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await spm(counter, clerk)
    await send(clerk, letter, documents=["KTP"])
    [(first, _)] = await written(counter)
    home = words_of(await (await clerk.get("/")).text())
    assert "kabar berkas" not in home
    await counter.tell(answer(first.record_id, "returned", REASON))
    assert "1 kabar berkas dari instansi belum dibaca" in words_of(await (await clerk.get("/")).text())
    listed = words_of(await (await clerk.get("/dossiers?state=returned")).text())
    assert "Baru Surat Pernyataan Miskin" in listed
    assert "Dikembalikan Dinkes" in listed
    assert REASON in listed
    shown = words_of(await (await clerk.get(letter)).text())
    assert f"Alasan Dinkes: {REASON}" in shown
    assert "Kirim lagi ke Dinkes" in shown
    assert "kabar berkas" not in words_of(await (await clerk.get("/")).text()), "read on the letter's page"
    await counter.tell(answer(first.record_id, "returned", REASON))
    assert "kabar berkas" not in words_of(await (await clerk.get("/")).text()), "said again is no news"
    again = await clerk.get(f"{letter}/dossier")
    assert REASON in words_of(await again.text())
    assert 'value="KTP" checked' in await again.text(), "what lay beside it the first time"
    await send(clerk, letter, documents=["KTP", "KK"])
    (_, _), (second, body) = await written(counter)
    assert body.former == first.record_id
    listed = words_of(await (await clerk.get("/dossiers")).text())
    assert "Semua (1)" in listed, "the one that was sent again is not counted twice"
    await counter.tell(
        answer(first.record_id, "returned", REASON), answer(second.record_id, "done", "Silakan diambil.")
    )
    shown = words_of(await (await clerk.get(letter)).text())
    assert "Selesai di Dinkes" in shown
    assert "Catatan Dinkes: Silakan diambil." in shown
    assert "Kirim" not in shown


async def test_the_list_filters_and_pages(counter: Counter) -> None:
    clerk = await counter.browser()
    for _ in range(3):
        await send(clerk, await spm(counter, clerk))
    ops = [op for op, _ in await written(counter)]
    await counter.tell(answer(ops[0].record_id, "processing"))
    assert "Diproses Dinkes" in words_of(await (await clerk.get("/dossiers?state=processing")).text())
    waiting = words_of(await (await clerk.get("/dossiers?state=sent")).text())
    assert "Semua (3) Menunggu diterima (2) Diterima (0) Diproses (1)" in waiting
    assert waiting.count("Tersimpan di kantor") == 2, "nothing went out yet"
    assert "Semua (3)" in words_of(await (await clerk.get("/dossiers?state=nonsense&page=99")).text())

    async def look(connection: Any) -> list[DossierRow]:
        return await dossiers.recent(connection, "", limit=2, offset=2)

    assert len(await counter.store.database.read(look)) == 1


async def test_a_restored_centre_takes_no_step_back_unseen(counter: Counter) -> None:
    """A step that the centre does not know any more stays, marked; an older one never takes its place."""
    clerk = await counter.browser()
    letter = await spm(counter, clerk)
    await send(clerk, letter)
    [(op, _)] = await written(counter)
    await counter.tell(answer(op.record_id, "processing", at_ms=START_MS + 5))
    await counter.tell(answer(op.record_id, "received", at_ms=START_MS + 1))
    assert "Diproses Dinkes, menunggu penegasan kabupaten" in words_of(await (await clerk.get(letter)).text())
    await counter.tell(answer(op.record_id, "returned", REASON, at_ms=START_MS + 9))
    assert "penegasan" not in words_of(await (await clerk.get(letter)).text())


SIGNED = Countersign("Dra. CONTOH, M.Si.", "a.n.", "Sekretaris Kecamatan", "Pembina", "197001011990031001")


async def crowd(counter: Counter, clerk: Browser) -> str:
    """A letter that the camat countersigns and that goes to the police."""
    moments = {"starts_at": "20-05-2021 19.30", "ends_at": "20-05-2021 23.00"}
    return await counter.issue(clerk, "keramaian", event="resepsi", place="Balai desa", **moments)


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


async def test_the_camat_comes_first_and_is_named_on_the_reprint_under_the_same_seal(
    counter: Counter, tmp_path: Path
) -> None:
    clerk = await counter.browser()
    letter = await crowd(counter, clerk)
    page = words_of(await (await clerk.get(letter)).text())
    assert page.index("Kirim ke camat") < page.index("hanya bila camat sudah menandatangani kertasnya")
    assert "Kirim ke Polsek" in page
    before = await (await clerk.get(f"{letter}/pdf")).read()
    assert "CAMAT BLIMBINGSARI" in text_of(before)
    await send(clerk, letter)  # to the first of its road
    [(op, body)] = await written(counter)
    assert body.agency == "camat"
    page = words_of(await (await clerk.get(letter)).text())
    assert "Kirim ke" not in page, "while the camat has it"
    form = await clerk.fields_of(await clerk.get(f"{letter}/dossier?to=Polsek"))
    said = words_of(await (await clerk.post(f"{letter}/dossier?to=Polsek", form)).text())
    assert "Surat ini masih di camat" in said
    assert (await clerk.get(f"{letter}/dossier?to=Dukcapil")).status == 404
    told = DossierState(op.record_id, "done", "", START_MS, SIGNED)
    await counter.tell(State(1, "dossier_state", False, op.record_id, msgspec.msgpack.encode(told)))
    page = words_of(await (await clerk.get(letter)).text())
    assert "Diketahui camat" in page
    assert "Cetak lagi surat ini: nama Dra. CONTOH, M.Si. tercetak pada ruang camat" in page
    assert "Kirim ke Polsek" in page
    after = await (await clerk.get(f"{letter}/pdf")).read()
    for words in ("a.n. CAMAT BLIMBINGSARI", "SEKRETARIS KECAMATAN", "Dra. CONTOH, M.Si.", "Pembina", "NIP. 1970"):
        assert words in text_of(after), words
        assert words not in text_of(before)
    number = await counter.value("SELECT printed_number FROM letter")
    assert number in text_of(after)
    assert number in text_of(before)
    if shutil.which("zbarimg") and shutil.which("pdftoppm"):
        assert zbar(after, tmp_path) == zbar(before, tmp_path) != []
    await send(clerk, letter)
    assert [body.agency for _, body in await written(counter)] == ["camat", "Polsek"]


def test_the_road_of_a_letter() -> None:
    crowd_kind, plain = CATALOGUE["keramaian"], CATALOGUE["skd"]
    assert road_of(crowd_kind, has_camat_block=True) == ("camat", "Polsek")
    assert road_of(plain, has_camat_block=True) == ("camat",)
    assert road_of(plain, has_camat_block=False) == ()
    both = ("camat", "Polsek")
    assert open_stations(both, {}) == ["camat", "Polsek"], "the paper may be signed by hand"
    assert open_stations(both, {"camat": ""}) == []
    assert open_stations(both, {"camat": "returned"}) == ["camat"]
    assert open_stations(both, {"camat": "done"}) == ["Polsek"]
    assert open_stations(both, {"camat": "done", "Polsek": "returned"}) == ["Polsek"]
    assert open_stations(both, {"camat": "done", "Polsek": "done"}) == []
    assert check_sending(both, "camat", {"camat": "done"}) is DOSSIER_DONE
    asked = sample("skdu")
    text = TEXTS["skdu", asked.text_version]
    assert has_camat_block(asked, text)
    assert not has_camat_block(msgspec.structs.replace(asked, fields=((CAMAT_ASKED, NO),)), text)


async def test_the_file_of_an_agency_is_opened_without_rights_when_it_is_whole(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await spm(counter, clerk)
    await send(clerk, letter)
    [(op, _)] = await written(counter)
    content = b"%PDF-1.7 hasil %%EOF"
    name = b"p" * 32
    file = ResultFile(sha256(content).digest(), len(content), "application/pdf", [name])
    told = DossierState(op.record_id, "done", "Silakan dicetak.", START_MS, None, file)
    await counter.tell(State(1, "dossier_state", False, op.record_id, msgspec.msgpack.encode(told)))
    path = f"{letter}/dossier/{op.record_id.hex()}/result"
    assert "Hasil dari Dinkes: berkas hasil sedang diunduh" in words_of(await (await clerk.get(letter)).text())
    assert (await clerk.get(path)).status == 404
    assert await counter.store.database.transact(lambda c: results.keep(c, name, content))
    assert "Hasil dari Dinkes Buka / cetak" in words_of(await (await clerk.get(letter)).text())
    answer = await clerk.get(path)
    assert await answer.read() == content
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="hasil.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")
    assert await counter.value("SELECT count(*) FROM access_log WHERE action = 'print_result'") == 1
    other = await spm(counter, clerk)
    assert (await clerk.get(f"{other}/dossier/{op.record_id.hex()}/result")).status == 404
    await counter.tell(answer_of(op.record_id))
    assert (await clerk.get(path)).status == 200, "a centre that does not know the file any more takes nothing away"


def answer_of(dossier: bytes) -> State:
    return answer(dossier, "done", at_ms=START_MS)


async def test_a_value_of_before_is_read(counter: Counter) -> None:
    """As a centre of before the countersign writes it."""
    clerk = await counter.browser()
    letter = await spm(counter, clerk)
    await send(clerk, letter)
    [(op, _)] = await written(counter)
    value = msgspec.msgpack.encode([op.record_id, "processing", "", START_MS])
    await counter.tell(State(1, "dossier_state", False, op.record_id, value))
    assert "Diproses Dinkes" in words_of(await (await clerk.get(letter)).text())


async def test_a_value_that_cannot_be_read_marks_the_step(counter: Counter) -> None:
    clerk = await counter.browser()
    letter = await spm(counter, clerk)
    await send(clerk, letter)
    [(op, _)] = await written(counter)
    await counter.tell(answer(op.record_id, "received"))
    await counter.tell(State(2, "dossier_state", False, op.record_id, b"\xc1"))
    assert "Diterima Dinkes, menunggu penegasan kabupaten" in words_of(await (await clerk.get(letter)).text())


async def test_a_server_that_pulls_its_log_back_shows_the_same_dossiers(counter: Counter, tmp_path: Path) -> None:
    clerk = await counter.browser()
    letter = await spm(counter, clerk)
    await send(clerk, letter, documents=["KTP"], note="mohon segera")
    rows = "SELECT id, seq, letter, former, agency, documents, note, written_ms FROM dossier"
    kept = await counter.store.database.read(lambda c: c.fetch_all(rows))
    [batch] = await counter.store.database.read(_batches)
    parts = [schema.MIGRATIONS, MigrationFolder("agent", resources.files("agent.schema"))]
    database = await SqliteDatabase.open(tmp_path / "other.db", parts)
    try:
        other = Store(database, MarkFile(tmp_path / "other.mark"), counter.stamps, SUKOJATI)
        await other.open()
        await other.put_back(batch.after, batch.headers, batch.bodies)
        pulled = await database.read(lambda c: c.fetch_all(rows))
    finally:
        await database.close()
    assert [tuple(row) for row in pulled] == [tuple(row) for row in kept]


async def _batches(connection: Any) -> list[oplog.Batch]:
    found = []
    for _, head, _ in await oplog.heads(connection):
        batch = await oplog.read_batch(connection, head.log_id, 0, 4_096)
        assert batch is not None
        found.append(batch)
    return found


@pytest.mark.parametrize(
    ("state", "is_acked", "words"),
    [
        ("", False, "Tersimpan di kantor"),
        ("", True, "Menunggu diterima KUA"),
        ("received", True, "Diterima KUA"),
        ("processing", True, "Diproses KUA"),
        ("returned", True, "Dikembalikan KUA"),
        ("done", True, "Selesai di KUA"),
        ("archived", True, "archived di KUA"),
    ],
)
def test_the_state_in_words(state: str, is_acked: bool, words: str) -> None:
    row = DossierRow(b"", b"", "", "", "", "KUA", [], "", 1, is_acked, state, "", 0, False, False)
    assert dossier_state(row)[0] == words
    assert (check_sending(["KUA"], "KUA", {"KUA": state}) is None) == (state == "returned")
    assert check_sending(["KUA"], "KUA", {}) is None
