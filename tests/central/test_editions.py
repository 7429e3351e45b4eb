"""The centre publishes wording: checked as a whole, signed one by one, never changed, and in the trail."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from central.store import editions, feeds, trail
from central.store.editions import EditionRefused
from chassis.database import Connection, SqliteDatabase
from chassis.signing import Key, verify
from protocol.feed import REGENCY, LetterEdition, letter_edition_message
from protocol.letter_kinds import CatalogueError, read_edition, read_publication
from protocol.letter_texts import TextError
from tests.central.desk import migrations

FOLDER = Path(__file__).parent.parent / "fixtures" / "letters"
LETTERS, FIELDS = ((FOLDER / name).read_text("utf-8") for name in ("letters.csv", "letter_fields.csv"))
TEXTS = {path.name: path.read_text("utf-8") for path in (FOLDER / "texts").iterdir()}
KEY = Key.from_seed(b"\x01" * 32)


def publication(
    letters: str = LETTERS, fields: str = FIELDS, texts: dict[str, str] | None = None
) -> list[LetterEdition]:
    return read_publication(letters, fields, TEXTS if texts is None else texts, KEY.sign)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = await SqliteDatabase.open(tmp_path / "centre.db", migrations())
    yield opened
    await opened.close()


async def publish(database: SqliteDatabase, wanted: list[LetterEdition]) -> list[str]:
    news = await database.transact(lambda c: editions.publish(c, wanted, actor="command:rina", now_ms=1))
    return [f"{each.kind}-{each.version}" for each in news]


def test_each_edition_is_signed_and_reads_as_the_folder_says() -> None:
    found = {each.kind: each for each in publication()}
    assert set(found) == {"sktm", "bbm_nelayan"}
    assert all(verify(KEY.public, letter_edition_message(each), each.signature) for each in found.values())
    sktm = read_edition(found["sktm"])
    assert (sktm.version, sktm.valid_from.isoformat(), sktm.kind.valid_days) == (101, "2021-05-10", 60)
    assert "income" in [field.name for field in sktm.kind.fields]
    for field, other in (("kind", "sktn"), ("version", 102), ("valid_from", "2020-01-01"), ("is_retired", True)):
        changed = msgspec.structs.replace(found["sktm"], **{field: other})
        assert not verify(KEY.public, letter_edition_message(changed), changed.signature), field
    for field in ("row", "questions", "text"):
        changed = msgspec.structs.replace(found["sktm"], **{field: getattr(found["sktm"], field) + " "})
        assert not verify(KEY.public, letter_edition_message(changed), changed.signature), field


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("letters", "2021-05-10,no\nbbm", "soon,no\nbbm", r"letters.csv, line 2 \(sktm\): valid_from"),
        ("letters", ",valid_from,retired", ",mulai,retired", "heading lacks valid_from"),
        ("letters", "yes,60,", "ja,60,", r"line 2 \(sktm\): kiosk is yes or no"),
        ("letters", "yes,60,", "yes,0,", "valid_days is a whole number"),
        ("letters", "bbm_nelayan,Surat", "BBM,Surat", "small letters"),
        ("letters", "500.5.2", "{klas}", "classification code"),
        ("letters", "no,Dinas", "perhaps,Dinas", "countersigned_by_camat"),
        ("letters", "BBM Nelayan,Fuel", "BBM \u202eNelayan,Fuel", "no letter can print"),
        ("fields", "keperluan,,,", "nama,,,", "taken: nama"),
        ("fields", "bbm_nelayan,station", "bbm_nelayan,kind", "extra_fields"),
        ("fields", "bbm_nelayan,boat_name,text,yes,100", "bbm_nelayan,boat_name,text,yes,9999", "line 6 .*length_max"),
        ("fields", "SPBUN Muncar;SPBUN Grajagan", "", "a choice has its words"),
        ("fields", "engine_hp,number", "engine_hp,horses", "none of text"),
        ("fields", "Nama perahu,,nama_perahu,,,", '"Nama perahu,,nama_perahu,,,', "line 6: unexpected end"),
        ("sktm-101.txt", "{{alamat}}", "{{alamat.jalan}}", "sktm-101.txt, baris 9"),
        ("sktm-101.txt", "{{penghasilan|rupiah}}", "{{penghasilan|eval}}", "saringan eval"),
        ("sktm-101.txt", "tidak mampu", "tidak\u200bmampu", "tidak dapat dicetak"),
        ("bbm_nelayan-100.txt", "{{nama_perahu}}", "{{income}}", "bbm_nelayan-100.txt, baris 7"),
    ],
)
def test_a_folder_that_is_wrong_anywhere_is_refused_with_file_line_and_cure(
    file: str, old: str, new: str, complaint: str
) -> None:
    tables = {"letters": LETTERS, "fields": FIELDS} | TEXTS
    assert old in tables[file]
    tables[file] = tables[file].replace(old, new, 1)
    letters, fields = tables.pop("letters"), tables.pop("fields")
    with pytest.raises((CatalogueError, TextError), match=complaint):
        publication(letters, fields, tables)


def test_a_version_that_ships_with_the_program_is_not_the_regencys_to_take() -> None:
    texts = {name.replace("-101", "-3"): text for name, text in TEXTS.items()}
    with pytest.raises(CatalogueError, match="100 to 9999"):
        publication(texts=texts)


def test_a_row_without_its_text_and_a_text_without_its_row() -> None:
    with pytest.raises(CatalogueError, match="no texts/sktm"):
        publication(texts={"bbm_nelayan-100.txt": TEXTS["bbm_nelayan-100.txt"]})
    with pytest.raises(TextError, match=r"texts/skd-101.txt"):
        publication(texts=TEXTS | {"skd-101.txt": "[paragraf]\nx"})
    with pytest.raises(TextError, match="one version at a time"):
        publication(texts=TEXTS | {"sktm-102.txt": TEXTS["sktm-101.txt"]})


async def test_what_is_published_never_changes_and_stands_in_the_trail(database: SqliteDatabase) -> None:
    assert await publish(database, publication()) == ["sktm-101", "bbm_nelayan-100"]
    assert await publish(database, publication()) == [], "the same folder again says nothing new"

    other = {name.replace("bbm_nelayan-100", "bbm_nelayan-101"): text for name, text in TEXTS.items()}
    other["sktm-101.txt"] += "\n"
    with pytest.raises(EditionRefused, match=r"texts/sktm-101.txt: .*sktm-102.txt"):
        await publish(database, publication(texts=other))
    held = await database.read(editions.listed)
    assert [(each.kind, each.version) for each in held] == [("bbm_nelayan", 100), ("sktm", 101)], "all or nothing"

    later = {name.replace("-101", "-102").replace("-100", "-101"): text for name, text in TEXTS.items()}
    assert await publish(database, publication(texts=later)) == ["sktm-102", "bbm_nelayan-101"]

    async def look(connection: Connection) -> tuple[list[str], list[str], list[str]]:
        rows = await connection.fetch_all(
            "SELECT actor, subject FROM audit_trail WHERE action = 'letters_publish' ORDER BY seq"
        )
        said = [item.kind for item in await feeds.after(connection, REGENCY, 0)]
        return [" ".join(row) for row in rows], said, await trail.check(connection)

    lines, said, broken = await database.read(look)
    published = ["sktm-101", "bbm_nelayan-100", "sktm-102", "bbm_nelayan-101"]
    assert lines == [f"command:rina {each}" for each in published]
    assert (said, broken) == (["letter_edition"] * 4, [])
