"""Photographs of documents: small and plain, written with the fact that names them, known also where the picture is not."""

import io
import random
import shutil
import zlib
from importlib import resources
from pathlib import Path

import pytest
from PIL import Image

from agent.domain.attachments import (
    ALREADY_ATTACHED,
    ATTACHMENT_NOT_FOUND,
    ATTACHMENTS_MAX,
    OTHER_DOCUMENT,
    PICTURE_BYTES_MAX,
    SIDE_PIXELS_MAX,
    UNKNOWN_DOCUMENT,
    letter_documents,
    may_attach,
)
from agent.store import MarkFile, Store, attachments, inspection, oplog
from agent.store.attachments import Place
from agent.web.photo import PhotoRefused, develop
from chassis import schema
from chassis.backups import write_backup
from chassis.database import MigrationFolder, SqliteDatabase
from tests.agent.letter_samples import CATALOGUE
from tests.agent.office import START_MS, SUKOJATI, Counter, Stamps, tell
from tests.agent.pictures import noise, photograph

ABOUT = b"a" * 16
DOCUMENTS = ("KTP", "KK", OTHER_DOCUMENT)


# --- the picture ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_what_is_kept_is_a_plain_small_jpeg(form: str) -> None:
    kept = develop(photograph(2000, 1500, form=form))
    with Image.open(io.BytesIO(kept)) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (SIDE_PIXELS_MAX, SIDE_PIXELS_MAX * 3 // 4)
        assert not picture.getexif()
        assert set(picture.info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"RAHASIA" not in kept
    assert len(kept) <= PICTURE_BYTES_MAX


def test_a_picture_taken_sideways_stands_upright() -> None:
    with Image.open(io.BytesIO(develop(photograph(800, 600, orientation=6)))) as picture:
        assert picture.size == (600, 800)
        assert picture.getpixel((5, 5)) != (0, 0, 0)


def test_the_worst_picture_still_fits() -> None:
    assert len(develop(noise(4000, 3000))) <= PICTURE_BYTES_MAX


def test_what_is_transparent_is_on_white_paper() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (200, 100), (0, 0, 0, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(develop(out.getvalue()))) as picture:
        assert picture.getpixel((100, 50)) == (255, 255, 255)


def _bomb() -> bytes:
    """A PNG that says it is 30,000 pixels wide and high, in 100 bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = (30_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [b"", b"%PDF-1.7 not a picture", b"GIF89a" + bytes(100), photograph()[:4000], _bomb(), b"\xff\xd8\xff" + bytes(50)],
    ids=["empty", "pdf", "gif", "cut", "bomb", "head only"],
)
def test_what_is_no_photograph_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(PhotoRefused, match=r"foto|Foto"):
        develop(content)


def _saved(picture: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, form)
    return out.getvalue()


def test_a_png_beyond_the_pixels_is_refused_and_a_large_jpeg_is_not() -> None:
    with pytest.raises(PhotoRefused, match="Perkecil"):
        develop(_saved(Image.new("1", (9_000, 9_000)), "PNG"))
    assert develop(photograph(6000, 4000))
    with pytest.raises(PhotoRefused, match="Perkecil"):
        develop(_saved(Image.new("RGB", (2_400, 1_800)), "WEBP"))


# --- the rules --------------------------------------------------------------------------------------------------------


def test_a_photograph_is_of_a_document_that_is_asked_for() -> None:
    assert may_attach("KTP", letter_documents(CATALOGUE["skd"]), [], b"x") is None
    assert may_attach("IMB", DOCUMENTS, [], b"x") is UNKNOWN_DOCUMENT
    assert may_attach("KTP", DOCUMENTS, [("KTP", b"x")], b"x") is ALREADY_ATTACHED
    assert may_attach("KK", DOCUMENTS, [("KTP", b"x")], b"x") is None, "one page may show two documents"
    full = [("KTP", bytes([n])) for n in range(ATTACHMENTS_MAX)]
    refused = may_attach("KTP", DOCUMENTS, full, b"x")
    assert refused is not None
    assert refused.code == "too_many_attachments"


def test_a_number_of_photographs_is_enough_for_every_kind() -> None:
    assert max(len(letter_documents(kind)) for kind in CATALOGUE.values()) < ATTACHMENTS_MAX


# --- the archive ------------------------------------------------------------------------------------------------------


async def put(store: Store, label: str = "KTP", word: str = "KTP") -> bytes:
    picture = develop(photograph(400, 300, word=word))
    made = await store.write(lambda desk: attachments.add(desk, ABOUT, label, DOCUMENTS, picture, "clerk"))
    assert isinstance(made, bytes)
    return made


async def kept(store: Store) -> list[attachments.AttachmentRow]:
    return await store.database.read(lambda c: attachments.of_record(c, ABOUT))


async def test_a_photograph_is_one_fact_and_one_picture(counter: Counter) -> None:
    made = await put(counter.store)
    again = await put(counter.store, "KK")
    assert made != again
    rows = await kept(counter.store)
    assert [(row.label, row.place, row.is_shown) for row in rows] == [
        ("KTP", Place.HERE, True),
        ("KK", Place.HERE, True),
    ]
    assert await counter.value("SELECT count(*) FROM picture") == 1, "the same picture lies there once"
    assert (
        len(await counter.store.database.read(lambda c: attachments.picture(c, rows[0].sha256)) or b"") == rows[0].size
    )
    assert await counter.value("SELECT max(length(body)) FROM op") < 1000, "no picture is in the log"


async def test_a_fact_that_is_not_written_leaves_no_picture(counter: Counter) -> None:
    picture = develop(photograph(400, 300))

    async def work(desk: object) -> None:
        await attachments.add(desk, ABOUT, "KTP", DOCUMENTS, picture, "clerk")  # type: ignore[arg-type]
        raise RuntimeError("the power fails")

    with pytest.raises(RuntimeError):
        await counter.store.write(work)
    assert await counter.value("SELECT count(*) FROM picture") == 0
    assert await kept(counter.store) == []


async def test_taking_back_is_a_record_with_its_reason(counter: Counter) -> None:
    made = await put(counter.store)
    store = counter.store
    assert await store.write(lambda desk: attachments.remove(desk, made, "foto buram", "sri")) is None
    [row] = await kept(store)
    assert (row.removed_reason, row.removed_by, row.is_shown) == ("foto buram", "sri", False)
    assert await counter.value("SELECT count(*) FROM picture WHERE content IS NOT NULL") == 1, (
        "nothing is silently lost"
    )
    again = await store.write(lambda desk: attachments.remove(desk, made, "foto buram", "sri"))
    assert again is ATTACHMENT_NOT_FOUND
    assert await store.database.read(lambda c: attachments.labels(c, ABOUT)) == []
    await put(store)
    assert await store.database.read(lambda c: attachments.labels(c, ABOUT)) == ["KTP"], "the same picture once more"


async def reopened(path: Path, folder: Path) -> Store:
    database = await SqliteDatabase.open(
        path, [schema.MIGRATIONS, MigrationFolder("agent", resources.files("agent.schema"))]
    )
    store = Store(database, MarkFile(folder / "mark"), Stamps(chance=random.Random(8)), SUKOJATI)
    await store.open()
    return store


async def test_a_backup_holds_the_pictures(counter: Counter, tmp_path: Path) -> None:
    made = await put(counter.store)
    path = await write_backup(counter.store.database, tmp_path / "backups", "village")
    shutil.copy(path, tmp_path / "restored.db")
    store = await reopened(tmp_path / "restored.db", tmp_path)
    [row] = await kept(store)
    assert (row.id, row.place) == (made, Place.HERE)
    await store.database.close()


async def test_a_server_made_again_from_the_log_knows_its_photographs_without_their_pictures(
    counter: Counter, tmp_path: Path
) -> None:
    first, second = await put(counter.store), await put(counter.store, "KK", "KK")
    await counter.store.write(lambda desk: attachments.remove(desk, first, "foto buram", "sri"))
    [(_, head, _)] = await counter.store.database.read(oplog.heads)
    batch = await counter.store.database.read(lambda c: oplog.read_batch(c, head.log_id, 0, 10_000))
    assert batch is not None
    other = await reopened(tmp_path / "rebuilt.db", tmp_path)
    await other.put_back(batch.after, batch.headers, batch.bodies)
    rows = await kept(other)
    assert [(row.id, row.removed_reason, row.place) for row in rows] == [
        (first, "foto buram", Place.ASKED),
        (second, None, Place.ASKED),
    ]
    await tell(other, "village", [], START_MS)
    for is_held, place in ((True, Place.CENTRE_ONLY), (False, Place.LOST)):
        await other.database.transact(lambda c, h=is_held: attachments.note_answer(c, rows[1].sha256, is_held=h))  # type: ignore[misc]
        assert (await kept(other))[1].place is place
    assert (await inspection.inspect(other)) == ["mark: missing; numbering will ask for the paper agenda"]
    await put(other, OTHER_DOCUMENT, "KK")
    assert (await kept(other))[1].place is Place.HERE, "whoever has the paper still can photograph it again"
    await other.database.close()
