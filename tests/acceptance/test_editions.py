"""The regency publishes wording and a new kind with real programs: the village writes in it, and prints the old as it was."""

import io
import json
from pathlib import Path

import msgspec
import pytest
from pypdf import PdfReader

from agent.domain.catalogue import UNSIGNED
from central.__main__ import migrations
from central.store import editions
from chassis.database import SqliteDatabase
from chassis.signing import Key
from protocol.feed import LetterEdition, letter_edition_message
from tests.acceptance.clerk import words
from tests.acceptance.programs import Failed, until
from tests.acceptance.town import Box, Town

FOLDER = Path(__file__).parent.parent / "fixtures" / "letters"
PURPOSE = [("purpose", "keringanan biaya sekolah")]
FISHER = [("boat_name", "Sumber Laut"), ("engine_hp", "24"), ("litres_month", "1200"), ("station", "SPBUN Muncar")]


async def printed(box: Box, letter: str) -> bytes:
    async with box.clerk._session.get(f"{box.clerk._base}{letter}/pdf") as answer:
        assert answer.status == 200
        return await answer.read()


async def text_of(box: Box, letter: str) -> str:
    text = PdfReader(io.BytesIO(await printed(box, letter))).pages[0].extract_text()
    return " ".join(text.replace("\u200b", "").split())


async def until_told(box: Box, path: str, phrase: str) -> None:
    async def is_told() -> bool:
        return phrase in words(await box.clerk.get(path))

    await until(f"{path} to say {phrase!r}", is_told)


async def forge(town: Town, said: LetterEdition) -> None:
    """Whoever holds the centre's database without its key."""
    thief = Key.from_seed(b"\x09" * 32)
    forged = msgspec.structs.replace(said, signature=thief.sign(letter_edition_message(said)))
    database = await SqliteDatabase.open(town.centre.database, migrations())
    await database.transact(lambda c: editions.publish(c, [forged], actor="nobody", now_ms=0))
    await database.close()


async def test_the_regency_publishes_and_the_village_writes_in_it(town: Town, tmp_path: Path) -> None:
    box, centre = town.boxes[0], town.centre.program
    resident = await box.clerk.register(town.free[0])
    old, _ = await box.clerk.issue("sktm", resident, PURPOSE)
    before = await printed(box, old)

    answer = await centre.command("letters", "publish", str(FOLDER), "--actor", "Bagian Hukum", "--json")
    assert [each["version"] for each in json.loads(answer)["published"]] == [101, 100]
    await until_told(box, f"/residents/{resident}", "Rekomendasi BBM Nelayan")
    new, _ = await box.clerk.issue("sktm", resident, [*PURPOSE, ("income", "1.500.000")])
    assert "Rp1.500.000 sebulan" in await text_of(box, new)
    fuel, number = await box.clerk.issue("bbm_nelayan", resident, FISHER)
    assert number.startswith("500.5.2/003/")
    assert "Sumber Laut, 24 PK" in await text_of(box, fuel)
    assert await printed(box, old) == before

    changed = tmp_path / "changed"
    (changed / "texts").mkdir(parents=True)
    for name in ("letters.csv", "letter_fields.csv", "texts/sktm-101.txt", "texts/bbm_nelayan-100.txt"):
        (changed / name).write_text((FOLDER / name).read_text().replace("Perahu", "Kapal"))
    with pytest.raises(Failed, match=r"texts/bbm_nelayan-100.txt: .*bbm_nelayan-101.txt"):
        await centre.command("letters", "publish", str(changed))

    database = await SqliteDatabase.open(town.centre.database, migrations())
    said = (await database.read(editions.listed))[0]
    await database.close()
    await forge(town, msgspec.structs.replace(said, version=101, text=said.text.replace("Perahu", "Kapal")))
    await until_told(box, "/sync", f"Naskah surat bbm_nelayan versi 101 {UNSIGNED}")

    await box.stop()
    with box.program.settings.open("a") as settings:
        settings.write("[workflow.kinds.bbm_nelayan]\nsigning = false\n")  # known from the archive, at the start
    await box.start()
    again, _ = await box.clerk.issue("bbm_nelayan", resident, FISHER)
    assert "Perahu : Sumber Laut" in await text_of(box, again), "the forged wording is not used"
    assert await printed(box, old) == before
    await box.until_sent()
    assert (await town.centre.audit())["problems"] == "none"
