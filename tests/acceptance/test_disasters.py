"""What goes wrong in an office or a server room, and what people then see: told in words, healed, nothing lost."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import aiohttp
import pytest

from agent.domain.incoming import SERIES_INCOMING
from tests.acceptance.kills import Work, missing_at_box
from tests.acceptance.programs import Failed, Program, until
from tests.acceptance.town import CYCLE, VILLAGES, Box, Town, until_answered

SERIES = "semua"
SMALL_DISK = "size=6m"


def agenda_says(last: int) -> list[tuple[str, str]]:
    """What the clerk reads from the paper agendas: the last letter that went out, and that no letter came in."""
    year = date.today().year
    return [(f"last-{SERIES}-{year}", str(last)), (f"last-{SERIES_INCOMING}-{year}", "0")]


async def some_letters(box: Box, resident: str, count: int) -> list[str]:
    """Issued one after the other; their ids."""
    found = []
    for _ in range(count):
        status, letter = await box.clerk.issue_at_once(resident)
        assert status == 303, letter
        found.append(letter)
    return found


def numbers(box: Box) -> list[int]:
    return sorted(box.facts().letters.values())


async def refused(program: Program, *words: str, given: str = "") -> str:
    """What a command says that must fail with exit code 1."""
    with pytest.raises(Failed) as caught:
        await program.command(*words, given=given)
    assert caught.value.code == 1
    assert "Traceback" not in caught.value.err
    return caught.value.err


# --- stopping ---------------------------------------------------------------------------------------------------------


async def test_a_stop_under_load_ends_cleanly_and_loses_nothing(town: Town) -> None:
    box = town.boxes[0]
    work = Work(box, seed=1)
    task = asyncio.create_task(work.run())
    for _ in range(3):
        await until_worked(work)
        assert await box.program.terminate() == 0
        assert not missing_at_box(work.shown, box.facts())
        await box.program.start()
        assert await town.centre.program.terminate() == 0
        await town.centre.program.start()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await box.until_sent()
    assert numbers(box) == list(range(1, len(numbers(box)) + 1))
    assert work.shown.records.keys() <= town.centre.records()


async def until_worked(work: Work) -> None:
    wanted = len(work.shown.records) + 10

    async def has_more() -> bool:
        return len(work.shown.records) >= wanted

    await until("some work", has_more)


async def test_a_second_agent_on_one_data_folder_is_refused(town: Town) -> None:
    box = town.boxes[0]
    said = await refused(box.program, "run")
    assert "another agent is using" in said
    said = await refused(box.program, "verify")
    assert "another agent is using" in said
    assert (await box.clerk.page("/"))[0] == 200


# --- restored boxes ---------------------------------------------------------------------------------------------------


async def test_a_restored_box_goes_on_where_its_mark_says(town: Town, tmp_path: Path) -> None:
    """Also with the cable cut: the mark knows numbers that the old database does not."""
    box = town.boxes[0]
    resident = await box.clerk.register(town.free[0])
    early = await some_letters(box, resident, 2)
    backup = (await box.program.command("backup", str(tmp_path))).strip()
    late = await some_letters(box, resident, 3)
    await box.until_sent()
    await box.stop()
    box.link.cut()
    assert "condition: restored" in await box.program.command("restore", backup)
    await box.start()
    assert numbers(box) == [1, 2]
    await some_letters(box, resident, 1)
    assert numbers(box) == [1, 2, 6]
    box.link.mend()

    async def is_back() -> bool:
        return numbers(box) == [1, 2, 3, 4, 5, 6]

    await until("the lost letters to come back from the centre", is_back)
    await box.until_sent()
    assert set(early + late) <= town.centre.records()
    await some_letters(box, resident, 1)
    assert numbers(box)[-1] == 7
    await box.until_sent()
    await _proves(town, box)


async def test_a_restored_box_without_its_mark_asks_for_the_agenda(town: Town, tmp_path: Path) -> None:
    box = town.boxes[0]
    resident = await box.clerk.register(town.free[0])
    await some_letters(box, resident, 2)
    await box.until_sent()
    backup = (await box.program.command("backup", str(tmp_path))).strip()
    box.link.cut()
    await some_letters(box, resident, 3)  # only on paper from now on
    await box.stop()
    (box.identity_folder / "mark").unlink()
    await box.program.command("restore", backup)
    await box.start()
    status, sentence = await box.clerk.issue_at_once(resident)
    assert status == 409
    assert "buku agenda" in sentence
    assert numbers(box) == [1, 2]
    status, sentence = await box.clerk.send("/numbers/confirm", agenda_says(1))
    assert "lebih rendah" in sentence
    status, _ = await box.clerk.send("/numbers/confirm", agenda_says(5))
    assert status == 303
    await some_letters(box, resident, 1)
    assert numbers(box) == [1, 2, 6]
    _, page = await box.clerk.page("/numbers")
    assert "nomor 3 sampai 5" in page, "what the paper has and the server has not is named"
    box.link.mend()
    await box.until_sent()
    await _proves(town, box)


@pytest.mark.parametrize("town", [2], indirect=True)
async def test_a_backup_of_another_village_or_a_damaged_one_is_refused_untouched(town: Town, tmp_path: Path) -> None:
    box, other = town.boxes
    resident = await box.clerk.register(town.free[0])
    await some_letters(box, resident, 1)
    foreign = (await other.program.command("backup", str(tmp_path / "foreign"))).strip()
    damaged = Path((await box.program.command("backup", str(tmp_path / "own"))).strip())
    content = bytearray(damaged.read_bytes())
    content[8192:12288] = bytes(4096)
    damaged.write_bytes(content)
    await box.stop()
    before = box.database.read_bytes()
    assert f"village {VILLAGES[1]}'s" in await refused(box.program, "restore", foreign)
    assert "damaged" in await refused(box.program, "restore", str(damaged))
    assert "no backup" in await refused(box.program, "restore", str(tmp_path / "nothing.db"))
    assert box.database.read_bytes() == before
    await box.start()
    assert numbers(box) == [1]


async def test_a_new_machine_gets_the_village_s_log_back_and_asks_for_the_agenda(town: Town) -> None:
    lost = town.boxes[0]
    resident = await lost.clerk.register(town.free[0])
    letters = await some_letters(lost, resident, 3)
    await lost.until_sent()
    await lost.stop()
    fresh = await town.add_box(lost.village, "replacement")
    await town.enrol(fresh)
    await fresh.start()

    async def is_back() -> bool:
        return set(letters) <= fresh.facts().letters.keys()

    await until("the log to come back", is_back)
    status, sentence = await fresh.clerk.issue_at_once(resident)
    assert (status, "buku agenda" in sentence) == (409, True)
    await fresh.clerk.send("/numbers/confirm", agenda_says(3))
    await some_letters(fresh, resident, 1)
    assert numbers(fresh) == [1, 2, 3, 4]
    await fresh.until_sent()
    await lost.start()
    await lost.until_road("Sinkronisasi terhenti")
    assert "mencabut pendaftaran" in await lost.clerk.sync_page()


# --- machines that must not speak -------------------------------------------------------------------------------------


async def test_a_copied_box_is_refused_and_both_are_told(town: Town) -> None:
    box = town.boxes[0]
    await box.clerk.register(town.free[0])
    await box.until_sent()
    await box.stop()
    copy = await town.add_box(box.village, "copy")
    for part in ("data", "identity"):
        shutil.copytree(box.folder / part, copy.folder / part)
    await box.start()
    resident = await box.clerk.register(town.free[1])
    await box.until_sent()
    logs = town.centre.heads().keys()
    await copy.start()
    await copy.until_road("Sinkronisasi terhenti")
    assert "salinan dari server lain" in await copy.clerk.sync_page()
    await box.until_road("Ada server lain yang memakai kunci desa ini")
    await some_letters(box, resident, 2)
    await box.until_sent()
    assert town.centre.heads().keys() == logs, "the copy brought no history of its own"
    async with aiohttp.request("GET", f"http://127.0.0.1:{town.centre.metrics_port}/metrics") as answer:
        assert "clones_suspected 1.0" in await answer.text()
    await copy.stop()
    await box.stop()
    token = await town.centre.program.command("enrol", box.village)
    assert "confirm the last line of the paper agenda" in await box.program.command("enrol", "-", given=token)
    box.link.cut()
    await box.start()
    status, sentence = await box.clerk.issue_at_once(resident)
    assert (status, "buku agenda" in sentence) == (409, True), "the copy may have used that number"
    await box.clerk.send("/numbers/confirm", agenda_says(5))
    await some_letters(box, resident, 1)
    assert numbers(box) == [1, 2, 6]
    box.link.mend()
    await box.until_sent()


async def test_a_revoked_box_is_told_and_its_counter_goes_on(town: Town) -> None:
    box = town.boxes[0]
    resident = await box.clerk.register(town.free[0])
    await box.until_sent()
    held = town.centre.records()
    await town.centre.program.command("revoke", box.village, "1")
    await some_letters(box, resident, 1)
    await box.until_road("Sinkronisasi terhenti")
    assert "mencabut pendaftaran" in await box.clerk.sync_page()
    await some_letters(box, resident, 1)
    assert numbers(box) == [1, 2]
    assert town.centre.records() == held


@pytest.mark.parametrize("town", [2], indirect=True)
async def test_who_may_not_become_a_village_s_server(town: Town) -> None:
    fresh = await town.add_box(VILLAGES[0], "fresh")
    said = await refused(fresh.program, "enrol", "-", given="not-a-token\n")
    assert "bad_token" in said
    token = await town.centre.program.command("enrol", VILLAGES[1])
    said = await refused(fresh.program, "enrol", "-", given=token)
    assert f"that token is for village {VILLAGES[1]}" in said
    other = town.boxes[1]
    await other.stop()
    assert "enrolled" in await other.program.command("enrol", "-", given=token)
    shutil.copytree(other.identity_folder, fresh.identity_folder, dirs_exist_ok=True)
    said = await refused(fresh.program, "run")
    assert f"the certificate is village {VILLAGES[1]}'s" in said


async def test_an_enrolment_whose_answer_was_lost_is_repeated_with_the_same_token(town: Town) -> None:
    fresh = await town.add_box(VILLAGES[0], "fresh")
    token = await town.centre.program.command("enrol", VILLAGES[0])
    fresh.link.down.cut_after = 20
    said = await refused(fresh.program, "enrol", "-", given=token)
    assert "run this command with the same token again" in said
    thief = await town.add_box(VILLAGES[0], "thief")
    assert "bad_token" in await refused(thief.program, "enrol", "-", given=token)
    assert "enrolled" in await fresh.program.command("enrol", "-", given=token)
    await town.add_account(fresh)
    await fresh.start()
    await fresh.until_road("Terhubung")


# --- the centre -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["command", "copied file"])
async def test_a_centre_restored_from_a_backup_is_healed(town: Town, tmp_path: Path, how: str) -> None:
    box = town.boxes[0]
    first, second = [await box.clerk.register(person) for person in town.covered[:2]]
    before = (await box.clerk.propose(first, CYCLE)).rsplit("/", 1)[1]
    await until_answered(box, before)
    backup = (await town.centre.program.command("backup", str(tmp_path))).strip()
    letters = await some_letters(box, first, 3)
    after = (await box.clerk.propose(second, CYCLE)).rsplit("/", 1)[1]
    await until_answered(box, after)
    await town.centre.program.kill()
    if how == "command":
        assert "new timeline" in await town.centre.program.command("restore", backup)
    else:
        town.centre.database.with_name("centre.db-wal").unlink(missing_ok=True)
        town.centre.database.with_name("centre.db-shm").unlink(missing_ok=True)
        shutil.copyfile(backup, town.centre.database)
    assert not set(letters) & town.centre.records()
    await town.centre.program.start()

    async def is_healed() -> bool:
        return {*letters, before, after} <= town.centre.records() and box.facts().waiting == 0

    await until("the village to send again what the centre lost", is_healed)
    for proposal in (before, after):
        assert (await until_answered(box, proposal))[1] == "Ditolak"

    async def is_confirmed() -> bool:
        return "menunggu penegasan" not in words_of(await box.clerk.page("/proposals"))

    await until("the restored centre to confirm its answers", is_confirmed)
    await _proves(town, box)


def words_of(answer: tuple[int, str]) -> str:
    assert answer[0] == 200
    return answer[1]


# --- a stick instead of a line ----------------------------------------------------------------------------------------


async def test_records_travel_on_a_stick_and_acknowledgements_back(town: Town, tmp_path: Path) -> None:
    box = town.boxes[0]
    await box.until_sent()
    box.link.cut()
    resident = await box.clerk.register(town.covered[0])
    letters = await some_letters(box, resident, 2)
    proposal = (await box.clerk.propose(resident, CYCLE)).rsplit("/", 1)[1]
    parcel, acknowledgements = tmp_path / "outbox.kampung", tmp_path / "acks.kampung"
    assert "record(s) of village" in await box.program.command("export-outbox", str(parcel))
    for _ in range(2):  # carried twice by mistake
        await town.centre.program.command("import-outbox", str(parcel), str(acknowledgements))
    assert {*letters, proposal} <= town.centre.records()
    assert "stop it first" in await refused(box.program, "import-acknowledgements", str(acknowledgements))
    await box.stop()
    await box.program.command("import-acknowledgements", str(acknowledgements))
    assert box.facts().waiting == 0
    parcel.write_bytes(parcel.read_bytes()[:-7])
    await refused(town.centre.program, "import-outbox", str(parcel), str(tmp_path / "never"))
    box.link.mend()
    await box.start()
    assert (await until_answered(box, proposal))[1] == "Ditolak"
    await _proves(town, box)


# --- disks ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that is soon full."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", SMALL_DISK, "tmpfs", folder], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("a small disk cannot be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


async def test_a_full_disk_is_said_and_loses_nothing(town: Town, small_disk: Path) -> None:
    box = town.boxes[0]
    resident = await box.clerk.register(town.free[0])
    letters = await some_letters(box, resident, 3)
    await box.stop()
    shutil.copytree(box.data_folder, small_disk / "data")
    box.data_folder = small_disk / "data"
    box.write_settings()
    await box.start()
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        room = os.statvfs(small_disk)
        file.write(bytes(max(0, room.f_bavail * room.f_frsize - 64 * 1024)))
    for _ in range(200):
        status, letter = await box.clerk.issue_at_once(resident)
        if status != 303:
            break
        letters.append(letter)
    assert status in {500, 503}, "the clerk is told that it failed"
    await _has_ended(box, "the database failed")
    filler.unlink()
    await box.start()
    assert set(letters) <= box.facts().letters.keys()
    letters += await some_letters(box, resident, 1)
    assert numbers(box) == list(range(1, len(numbers(box)) + 1))
    await box.until_sent()
    await _proves(town, box)


async def test_a_disk_that_fails_to_sync_stops_the_program_and_loses_nothing(town: Town) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: no disk error can be injected")
    box = town.boxes[0]
    resident = await box.clerk.register(town.free[0])
    letters = await some_letters(box, resident, 2)
    assert box.program.process is not None
    inject = ["-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO"]
    strace = await asyncio.create_subprocess_exec(
        *("strace", "-f", "-q", "-p", str(box.program.process.pid), *inject), stderr=asyncio.subprocess.PIPE
    )
    try:
        key = "a" * 32
        for _ in range(200):  # strace needs a moment to attach
            status, letter = await box.clerk.issue_at_once(resident, form_key=key)
            if status != 303:
                break
            letters.append(letter)
            key = f"{len(letters):032d}"
        if status == 303:
            pytest.skip("strace may not attach here")
        assert status in {500, 503}
        await _has_ended(box, "the database failed")
    finally:
        if strace.returncode is None:
            strace.kill()
        await strace.communicate()
    await box.start()
    assert set(letters) <= box.facts().letters.keys()
    status, letter = await box.clerk.issue_at_once(resident, form_key=key)
    assert status == 303, "the same form, sent again, leads to one letter"
    assert numbers(box) == list(range(1, len(letters) + 2))


async def _has_ended(box: Box, cause: str) -> None:
    """The program gave up with one line that names the cause; systemd would start it again."""
    process = box.program.process
    assert process is not None
    assert await asyncio.wait_for(process.wait(), 30) == 1
    box.program.process = None
    assert cause in box.program.log.read_text()
    await box.clerk.close()


# --- proofs -----------------------------------------------------------------------------------------------------------


async def _proves(town: Town, box: Box) -> None:
    """Both sides recompute everything they hold."""
    await box.stop()
    await box.program.command("verify", "--json")
    assert (await town.centre.audit())["problems"] == "none"
