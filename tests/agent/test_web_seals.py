"""The seal on paper: printed by the real press, read by an independent reader (zbar), and what the page then says."""

import io
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from aiohttp import FormData
from PIL import Image

import agent
from agent.domain.refusal import Refusal
from agent.domain.seals import printed_words, seal_of
from agent.domain.sheets import draft_sheet, letter_sheet
from agent.render import Paper, render_pdf, render_svg
from agent.store import MarkFile, Store, letters, seals
from agent.web import photo
from agent.web.seals import DRAFT_CODE
from chassis import schema
from chassis.database import MigrationFolder, SqliteDatabase
from chassis.signing import Key
from protocol import seal
from protocol.feed import EMPTY_DIGEST, LetterRevoked, Revocations, State, VillageKey, revocation_key
from protocol.feed import revocations_message as dated_message
from protocol.ids import mask_name
from tests.agent.letter_samples import CATALOGUE, POLICY, TEXTS, draft, kind_of, letter
from tests.agent.office import (
    BOX_KEY,
    DAY_MS,
    REGENCY_KEY,
    START_MS,
    SUKOJATI,
    Counter,
    Stamps,
    open_counter,
    tell,
    words_of,
)
from tests.chassis.conftest import Browser

needs_zbar = pytest.mark.skipif(
    not shutil.which("zbarimg") or not shutil.which("pdftoppm"), reason="needs zbar-tools and poppler-utils"
)
OTHER_KEY = Key.from_seed(b"\x07" * 32)
OTHER_VILLAGE = "3510152004"
DPI = 150
"""A cheap office scanner at its lowest setting."""


def picture(pdf: bytes, folder: Path, form: str = "png", dpi: int = DPI) -> bytes:
    (folder / "letter.pdf").write_bytes(pdf)
    made = subprocess.run(
        ["pdftoppm", "-r", str(dpi), f"-{form}", "-singlefile", str(folder / "letter.pdf"), str(folder / "letter")],
        check=False,
    )
    assert made.returncode == 0
    return (folder / f"letter.{'jpg' if form == 'jpeg' else form}").read_bytes()


def zbar(pdf: bytes, folder: Path, *more: bytes) -> list[str]:
    """Every code on the first page of each, in their order. Plain grey pictures: packing them takes longer than reading."""
    scans = []
    for place, each in enumerate((pdf, *more)):
        scans.append(folder / f"{place}.pgm")
        made = subprocess.run(
            ["pdftoppm", "-r", str(DPI), "-gray", "-singlefile", "-", str(scans[-1].with_suffix(""))],
            input=each,
            check=False,
        )
        assert made.returncode == 0
    read = subprocess.run(["zbarimg", "-q", "--raw", "--nodbus", *scans], capture_output=True, text=True, check=False)
    return read.stdout.split("\n")[:-1]


def sample_code(kind: str, key: Key = BOX_KEY, village: str = SUKOJATI, **changes: object) -> str:
    """The seal of a letter that this office does not hold."""
    issued = letter(kind, **changes)  # type: ignore[arg-type]
    sheet = letter_sheet(issued, kind_of(kind), TEXTS[kind, issued.text_version])
    return seal.write(seal_of(issued, sheet, village, b"s" * 16), key.public, key.sign)


def key_state(key: Key = OTHER_KEY, village: str = OTHER_VILLAGE, revoked_ms: int | None = None) -> State:
    value = VillageKey(village, 1, key.public, START_MS - 300 * DAY_MS, revoked_ms)
    return State(2, "village_key", False, b"key:" + seal.key_id(key.public), msgspec.msgpack.encode(value))


def dated_state(days_ago: float = 0.5, key: Key = REGENCY_KEY) -> State:
    at = START_MS - int(days_ago * DAY_MS)
    value = Revocations(1, EMPTY_DIGEST, at, key.sign(dated_message(1, EMPTY_DIGEST, at)))
    return State(9, "revocations", False, b"revocations", msgspec.msgpack.encode(value))


async def hear(counter: Counter, *states: State) -> None:
    """What the regency tells all."""
    await tell(counter.store, "regency", list(states), START_MS)


async def checked(clerk: Browser, code: str) -> str:
    form = await clerk.fields_of(await clerk.get("/verify"))
    answer = await clerk.post("/verify", {**form, "code": code})
    assert answer.status == 200
    return words_of(await answer.text())


async def printed(counter: Counter, clerk: Browser, address: str) -> bytes:
    answer = await clerk.get(f"{address}/pdf")
    assert answer.status == 200
    return await answer.read()


# --- from the counter to the paper and back ---------------------------------------------------------------------------


@needs_zbar
async def test_a_letter_is_issued_printed_scanned_and_valid(counter: Counter, tmp_path: Path) -> None:
    await hear(counter, dated_state())
    clerk = await counter.browser()
    address = await counter.issue(clerk)
    (code,) = zbar(await printed(counter, clerk, address), tmp_path)
    said = await checked(clerk, code)
    assert "Sah Surat ini diterbitkan oleh Desa Sukojati, Kecamatan Blimbingsari" in said
    name = await counter.value("SELECT subject_name FROM letter")
    number = await counter.value("SELECT printed_number FROM letter")
    for fact in (CATALOGUE["skd"].title, number, "17 Mei 2021", "13 November 2021", mask_name(name), "Buka surat ini"):
        assert fact in said
    assert name not in said
    assert (await clerk.get(f"{address}/pdf?copy=1")).status == 200
    assert await printed(counter, clerk, address) == await printed(counter, clerk, address)


@needs_zbar
@pytest.mark.parametrize("paper", list(Paper))
@pytest.mark.parametrize("kind", sorted(CATALOGUE))
def test_the_code_of_every_kind_is_read_from_the_page(kind: str, paper: Paper, tmp_path: Path) -> None:
    sheet = letter_sheet(letter(kind), kind_of(kind), TEXTS[kind, letter(kind).text_version])
    code, other = sample_code(kind), sample_code(kind, OTHER_KEY)
    sealed, reprint = render_pdf(sheet, paper, seal=code), render_pdf(sheet, paper, seal=other, copy=True)
    assert zbar(sealed, tmp_path, render_pdf(sheet, paper), reprint) == [code, other], "none on the page without a seal"


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
async def test_the_page_knows_every_kind(counter: Counter, kind: str) -> None:
    await hear(counter, dated_state())
    said = await checked(await counter.browser(), sample_code(kind))
    assert "Sah Surat ini" in said
    assert CATALOGUE[kind].title in said
    assert "Buka surat ini" not in said, "this office does not hold it"


async def test_an_ordinary_code_is_no_larger_than_version_12() -> None:
    import segno

    for kind in CATALOGUE:
        assert int(segno.make_qr(sample_code(kind), error="m", boost_error=False).version) <= 12


async def test_a_preview_is_the_page_that_is_printed_with_a_code_that_is_worth_nothing(counter: Counter) -> None:
    sheet = draft_sheet(draft("spm"), kind_of("spm"), TEXTS["spm", draft("spm").text_version])
    (before,), (after,) = (render_svg(sheet, Paper.A4, seal=code) for code in (DRAFT_CODE, sample_code("spm")))
    places = [re.findall(r'<g [^>]*transform="([^"]+)"', page) for page in (before, after)]
    assert len(places[0]) > 20
    assert places[0] == places[1], "every word stands where it will stand"
    assert "Rusak" in await checked(await counter.browser(), DRAFT_CODE)


@needs_zbar
async def test_without_a_key_that_anybody_knows_there_is_no_code(tmp_path: Path) -> None:
    counter = await open_counter(tmp_path, is_enrolled=False)
    clerk = await counter.browser()
    assert zbar(await printed(counter, clerk, await counter.issue(clerk)), tmp_path) == []
    await counter.close()


@needs_zbar
async def test_letters_from_before_there_were_seals_are_reprinted_as_they_were(
    counter: Counter, tmp_path: Path
) -> None:
    clerk = await counter.browser()
    old = await counter.issue(clerk)
    await counter.store.database.transact(lambda c: c.execute("INSERT INTO unsealed SELECT ordinal, head_seq FROM log"))
    new = await counter.issue(clerk, purpose="lain")
    assert zbar(await printed(counter, clerk, old), tmp_path) == []
    assert len(zbar(await printed(counter, clerk, new), tmp_path)) == 1


def as_held_before(newer: Path, older: Path) -> None:
    """Copies a village's rows into a database of fewer tables and columns, whose program is no longer at hand."""
    with closing(sqlite3.connect(older)) as connection, connection:
        connection.execute("ATTACH ? AS newer", (str(newer),))
        tables = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            if table != "schema_migration":
                columns = ", ".join(name for _, name, *_ in connection.execute(f"PRAGMA main.table_info({table})"))
                connection.execute(f"DELETE FROM main.{table}")
                connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}")


async def test_an_upgrade_knows_which_letters_were_printed_before_it(tmp_path: Path) -> None:
    schema_now = Path(agent.__file__).parent / "schema"
    shipped = sorted(schema_now.glob("*.sql"))
    (number,) = [place for place, path in enumerate(shipped) if path.name.endswith("-seal.sql")]
    former = tmp_path / "former"
    former.mkdir()
    for path in shipped[:number]:
        shutil.copy(path, former)
    await (await SqliteDatabase.open(tmp_path / "former.db", folders_of(former))).close()
    stamps, records = Stamps(), []
    for name in ("now.db", "former.db"):
        database = await SqliteDatabase.open(tmp_path / name, folders_of(schema_now))
        store = Store(database, MarkFile(tmp_path / "mark"), stamps, SUKOJATI)
        await store.open()
        await store.note_first_of_village()
        issued = await store.write(
            lambda desk: letters.issue(
                desk, draft("skd"), kind_of("skd"), POLICY, b"r" * 16, "sri", is_date_confirmed=True
            )
        )
        assert not isinstance(issued, Refusal)
        records.append(issued.letter_id)
        if name == "former.db":
            salts = [await database.read(lambda c, r=record: seals.salt_of(c, r)) for record in records]  # type: ignore[misc]
        await database.close()
        store.mark.close()  # type: ignore[attr-defined]
        if name == "now.db":
            as_held_before(tmp_path / "now.db", tmp_path / "former.db")
    assert [salt is not None for salt in salts] == [False, True]


def folders_of(schema_folder: Path) -> list[MigrationFolder]:
    return [schema.MIGRATIONS, MigrationFolder("agent", schema_folder)]


# --- the answers ------------------------------------------------------------------------------------------------------


@needs_zbar
async def test_a_letter_that_is_voided_here_is_revoked_at_once(counter: Counter, tmp_path: Path) -> None:
    await hear(counter, dated_state())
    head = await counter.browser("head")
    address = await counter.issue(head)
    (code,) = zbar(await printed(counter, head, address), tmp_path)
    form = await head.fields_of(await head.get(f"{address}/void"))
    await head.post(f"{address}/void", {**form, "reason": "salah nama"})
    said = await checked(head, code)
    assert "Dicabut Surat ini sudah dibatalkan oleh Desa Sukojati, Kecamatan Blimbingsari" in said
    assert "17 Mei 2021" in said
    assert zbar(await printed(counter, head, address), tmp_path) == [], "a void letter carries no code any more"


async def test_another_villages_letter_and_its_revocation(counter: Counter) -> None:
    clerk, code = await counter.browser(), sample_code("skd", OTHER_KEY, OTHER_VILLAGE)
    await hear(counter, dated_state(), key_state())
    assert "Sah Surat ini diterbitkan oleh Desa Kemiren, Kecamatan Glagah" in await checked(clerk, code)
    record = letter("skd").letter_id
    value = LetterRevoked(OTHER_VILLAGE, record, START_MS - 3 * DAY_MS)
    revoked = State(3, "letter_revoked", False, revocation_key(OTHER_VILLAGE, record), msgspec.msgpack.encode(value))
    await hear(counter, dated_state(), key_state(), revoked)
    said = await checked(clerk, code)
    assert "Dicabut Surat ini sudah dibatalkan oleh Desa Kemiren, Kecamatan Glagah" in said
    assert "14 Mei 2021" in said
    assert "Sah Surat ini" in await checked(clerk, sample_code("skd")), "the same record id in another village"


async def test_what_cannot_be_read_is_never_taken_for_a_yes(counter: Counter) -> None:
    clerk, code = await counter.browser(), sample_code("skd", OTHER_KEY, OTHER_VILLAGE)
    revoked = State(3, "letter_revoked", False, revocation_key(OTHER_VILLAGE, letter("skd").letter_id), b"\x01")
    key = State(2, "village_key", False, key_state().key, b"\x90")
    dated = State(9, "revocations", False, b"revocations", b"\x93")
    for states, answer in (
        ((dated_state(), key_state(), revoked), "Dicabut Surat ini sudah dibatalkan oleh Desa Kemiren"),
        ((dated_state(), key), "Kunci tak dikenal"),
        ((dated, key_state()), "Belum pasti"),
    ):
        await hear(counter, *states)
        assert answer in await checked(clerk, code)


async def test_a_key_that_the_regency_never_listed_is_unknown(counter: Counter) -> None:
    await hear(counter, dated_state())
    said = await checked(await counter.browser(), sample_code("skd", OTHER_KEY))
    assert "Kunci tak dikenal" in said
    assert "470/123" not in said, "what nobody vouches for is not shown"


async def test_a_village_does_not_speak_for_another(counter: Counter) -> None:
    await hear(counter, dated_state(), key_state())
    said = await checked(await counter.browser(), sample_code("skd", OTHER_KEY, SUKOJATI))
    assert "Kunci tak dikenal" in said
    assert "470/123" not in said


async def test_a_revoked_key(counter: Counter) -> None:
    clerk, code = await counter.browser(), sample_code("skd", OTHER_KEY, OTHER_VILLAGE)
    await hear(counter, dated_state(), key_state(revoked_ms=START_MS - DAY_MS))
    assert "Dicabut Kunci server Desa Kemiren, Kecamatan Glagah" in await checked(clerk, code)
    await hear(counter, dated_state(), key_state(revoked_ms=START_MS + DAY_MS))
    assert "Sah Surat ini" in await checked(clerk, code), "old letters of a key that was revoked later"


async def test_the_own_key_too_is_what_the_regency_says_of_it(counter: Counter) -> None:
    await hear(counter, dated_state(), key_state(BOX_KEY, SUKOJATI, START_MS - DAY_MS))
    assert "Dicabut Kunci server Desa Sukojati" in await checked(await counter.browser(), sample_code("skd"))


async def test_a_damaged_code(counter: Counter) -> None:
    await hear(counter, dated_state())
    clerk, code = await counter.browser(), sample_code("skd")
    other = "A" if code[60] != "A" else "B"
    for damaged in (code[:60] + other + code[61:], code[:150], "SK1:", "https://contoh.id/surat/1", code.lower()):
        said = await checked(clerk, damaged)
        assert "Rusak" in said
        assert "470/123" not in said


async def test_an_expired_letter(counter: Counter) -> None:
    await hear(counter, dated_state())
    clerk, code = await counter.browser(), sample_code("skd")
    counter.stamps.ms += 181 * DAY_MS
    await hear(counter, dated_state(-180))
    clerk = await counter.browser()
    assert "Kedaluwarsa Surat ini asli, tetapi hanya berlaku sampai 13 November 2021" in await checked(clerk, code)


@pytest.mark.parametrize("states", [(), (dated_state(8.5),), (dated_state(0.5, OTHER_KEY),)])
async def test_without_a_list_of_these_days_nothing_is_called_valid(counter: Counter, states: tuple[State]) -> None:
    await hear(counter, *states)
    said = await checked(await counter.browser(), sample_code("skd"))
    assert "Belum pasti: daftar cabut terlalu lama" in said
    assert "470/123" in said


# --- a photograph -----------------------------------------------------------------------------------------------------


async def send_photo(clerk: Browser, content: bytes, name: str = "foto.jpg", code: str = "") -> tuple[int, str]:
    fields = await clerk.fields_of(await clerk.get("/verify"))
    form = FormData({**fields, "code": code})
    form.add_field("photo", content, filename=name, content_type="image/jpeg")
    answer = await clerk.post("/verify", form)
    return answer.status, words_of(await answer.text())


@needs_zbar
async def test_a_photograph_of_the_letter_is_enough(counter: Counter, tmp_path: Path) -> None:
    await hear(counter, dated_state())
    clerk = await counter.browser()
    pdf = await printed(counter, clerk, await counter.issue(clerk))
    taken = Image.open(io.BytesIO(picture(pdf, tmp_path, "jpeg", 200)))
    for turned in (0, 4, 90, 180):
        file = io.BytesIO()
        taken.rotate(turned, expand=True, fillcolor=(230, 230, 230)).save(file, "JPEG", quality=70)
        status, said = await send_photo(clerk, file.getvalue())
        assert status == 200
        assert "Sah Surat ini" in said
    assert photo.find_code(picture(pdf, tmp_path), seal.PREFIX) == zbar(pdf, tmp_path)[0]


async def test_a_photograph_that_helps_nobody_says_what_to_do(counter: Counter) -> None:
    clerk = await counter.browser()
    white, huge = io.BytesIO(), io.BytesIO()
    Image.new("L", (300, 300), 255).save(white, "JPEG")
    Image.new("1", (9_000, 9_000)).save(huge, "PNG")
    for content, words in (
        (white.getvalue(), "Tidak ada kode keaslian yang terbaca"),
        (huge.getvalue(), "Foto terlalu besar"),
        (white.getvalue()[:200], "bukan foto yang dapat dibaca"),
        (b"GIF89a" + bytes(50), "bukan foto yang dapat dibaca"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "bukan foto yang dapat dibaca"),
        (b"", "Pindai kodenya, tempel teksnya, atau pilih foto"),
    ):
        status, said = await send_photo(clerk, content)
        assert (status, words in said) == (422, True), words
    assert (await send_photo(clerk, bytes(11 * 1024 * 1024)))[0] == 413


async def test_a_code_of_something_else_on_the_photograph(counter: Counter) -> None:
    import segno

    file = io.BytesIO()
    segno.make_qr("https://contoh.id").save(file, kind="png", scale=8)
    status, said = await send_photo(await counter.browser(), file.getvalue(), "foto.png")
    assert (status, "Tidak ada kode keaslian" in said) == (422, True)


# --- what the digest stands on ----------------------------------------------------------------------------------------


def test_the_digest_is_of_every_word_on_the_paper() -> None:
    text = TEXTS["spm", letter("spm").text_version]
    sheet = letter_sheet(letter("spm"), kind_of("spm"), text)
    words = printed_words(sheet)
    for word in ("SURAT PERNYATAAN MISKIN", sheet.number, sheet.place_and_date, sheet.signatures[0].name):
        assert word in words
    assert all("".join(row) in "".join(words) for block in sheet.blocks for row in block.rows)
    void = letter_sheet(letter("spm"), kind_of("spm"), text, void_reason="salah nama")
    assert printed_words(void) == words, "the seal is of the letter as it was issued"
    assert printed_words(draft_sheet(draft("spm"), kind_of("spm"), text)) != words


async def test_a_letter_that_is_not_there_has_no_salt(counter: Counter) -> None:
    assert await counter.store.database.read(lambda c: seals.salt_of(c, bytes(16))) is None
