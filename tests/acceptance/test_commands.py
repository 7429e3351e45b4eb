"""What the commands say to somebody in a hurry: wrong files, wrong folders, wrong words. One line, exit code 1, nothing changed."""

import json
import sqlite3
import subprocess
from pathlib import Path

import aiohttp
import pytest

from tests.acceptance.programs import Failed, Program, free_port
from tests.acceptance.town import PASSWORD, VILLAGES, Centre, Town
from tests.agent.rosters import people, siak

CYCLE_WORDS = ("--scheme", "APBD-PANGAN", "--from", "2021-05", "--until", "2021-07", "--opens", "2021-04-01")
LIST = "id_desa,NIK,NOKK,Nama,PKH,periode_pkh\n3510252010,3510251708900001,3510252508150003,SITI,YA,2021-05\n"


@pytest.fixture
def centre(tmp_path: Path, cache: Path) -> Centre:
    """A centre whose settings were written and that never ran."""
    made = Centre(tmp_path / "centre", cache)
    made.write_settings()
    return made


@pytest.fixture
def agent(tmp_path: Path, cache: Path) -> Program:
    """A village's server that never ran; nothing listens where its centre should be."""
    program = Program("agent", tmp_path / "agent.toml", free_port(), cache)
    program.settings.write_text(
        f'village = "{VILLAGES[0]}"\ndata_folder = "{tmp_path}/data"\nidentity_folder = "{tmp_path}/identity"\n'
        f'[office]\naddress = "Jalan Raya 1"\n[central]\nurl = "http://127.0.0.1:{free_port()}"\n'
    )
    return program


async def refused(program: Program, *words: str, given: str = "") -> str:
    """The one line that a command says which must fail with exit code 1."""
    with pytest.raises(Failed) as caught:
        await program.command(*words, given=given)
    assert caught.value.code == 1
    said = caught.value.err.strip()
    assert len(said.splitlines()) == 1, said
    assert "[Errno" not in said
    return said


# --- the first command ------------------------------------------------------------------------------------------------


async def test_an_account_may_be_the_first_thing_a_centre_gets(centre: Centre) -> None:
    await centre.program.command("user", "add", "petugas", "--name", "P", "--role", "officer", given=PASSWORD)
    token = await centre.program.command("enrol", VILLAGES[0])
    assert token.strip().isalnum()
    await centre.program.start()
    assert await centre.program.terminate() == 0


@pytest.mark.parametrize("words", [("audit",), ("cycle", "list"), ("backup", "/tmp")])
async def test_a_question_makes_no_centre(centre: Centre, words: tuple[str, ...]) -> None:
    assert "there is no database at" in await refused(centre.program, *words)
    assert not (centre.folder / "data").exists()


@pytest.mark.parametrize("words", [("status",), ("verify",)])
async def test_a_question_makes_no_village(agent: Program, words: tuple[str, ...]) -> None:
    assert "there is no database at" in await refused(agent, *words)


# --- enrolment --------------------------------------------------------------------------------------------------------


async def test_enrolment_says_what_is_wrong(agent: Program, tmp_path: Path) -> None:
    assert "no token was given" in await refused(agent, "enrol", "-", given="\n")
    assert "No such file" in await refused(agent, "enrol", str(tmp_path / "nothing"))
    binary = tmp_path / "binary"
    binary.write_bytes(bytes(range(128, 256)))
    assert "not text" in await refused(agent, "enrol", str(binary))
    assert "no answer came from the centre" in await refused(agent, "enrol", "-", given="a" * 32)


async def test_a_token_of_another_village_leaves_the_enrolment_as_it_is(town: Town, tmp_path: Path) -> None:
    box = town.boxes[0]
    token = await town.centre.program.command("enrol", VILLAGES[1])
    await box.stop()
    before = {path.name: path.read_bytes() for path in box.identity_folder.iterdir()}
    said = await refused(box.program, "enrol", "-", given=token)
    assert VILLAGES[1] in said
    assert VILLAGES[0] in said
    after = {path.name: path.read_bytes() for path in box.identity_folder.iterdir()}
    assert {name: after[name] for name in ("box.key", "certificate")} == {
        name: before[name] for name in ("box.key", "certificate")
    }
    await box.program.command("export-outbox", str(tmp_path / "parcel"))


# --- backups ----------------------------------------------------------------------------------------------------------


async def test_what_is_no_backup_replaces_nothing(centre: Centre, agent: Program, tmp_path: Path) -> None:
    await centre.program.command("user", "add", "orang", "--name", "O", "--role", "officer", given=PASSWORD)
    await agent.command("user", "add", "orang", "--name", "O", "--role", "clerk", given=PASSWORD)
    regency = Path((await centre.program.command("backup", str(tmp_path / "backups"))).strip())
    village = Path((await agent.command("backup", str(tmp_path / "backups"))).strip())
    empty, other, torn = tmp_path / "empty.db", tmp_path / "other.db", tmp_path / "torn.db"
    empty.touch()
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE book (title)")
    torn.write_bytes(regency.read_bytes()[:50_000])
    present = (centre.folder / "data" / "centre.db").read_bytes()
    for file in (empty, other, village, torn, centre.database, Path("/etc/passwd")):
        said = await refused(centre.program, "restore", str(file))
        assert str(file) in said or "damaged" in said
    assert centre.database.read_bytes() == present
    assert [path.name for path in sorted(centre.database.parent.iterdir())] == ["centre.db", "lock"]
    assert "no tables of `agent`" in await refused(agent, "restore", str(regency))
    await centre.program.command("restore", str(regency))


async def test_a_backup_on_a_medium_that_cannot_be_written(centre: Centre, tmp_path: Path) -> None:
    await centre.program.command("user", "add", "petugas", "--name", "P", "--role", "officer", given=PASSWORD)
    stick = tmp_path / "stick"
    saved = Path((await centre.program.command("backup", str(stick))).strip())
    content = saved.read_bytes()
    made = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", stick], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("a read-only medium cannot be made here (needs root)")
    try:
        saved.write_bytes(content)
        subprocess.run(["mount", "-o", "remount,ro", stick], check=True)
        await centre.program.command("restore", str(saved))
        assert "Read-only" in await refused(centre.program, "backup", str(stick / "new"))
    finally:
        subprocess.run(["umount", "-l", stick], check=True)


# --- what is published or recorded for good ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name"),
    [("a b", "Paket"), ("X" * 65, "Paket"), ("C1", "y" * 400)],
)
async def test_a_cycle_that_boxes_could_not_read_is_not_published(centre: Centre, code: str, name: str) -> None:
    await refused(centre.program, "cycle", "add", code, "--name", name, *CYCLE_WORDS, "--closes", "2021-06-01")


async def test_no_cycle_is_opened_for_what_a_ministry_determines(centre: Centre) -> None:
    words = (
        "cycle",
        "add",
        "BPNT-2021-05",
        "--name",
        "BPNT",
        *CYCLE_WORDS,
        "--scheme",
        "BPNT",
        "--closes",
        "2021-06-01",
    )
    assert "import its list instead" in await refused(centre.program, *words)


async def test_a_list_is_imported_with_its_permission_and_its_date(centre: Centre, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text(LIST)
    words = ("import", str(listed))
    assert "--permission" in await refused(centre.program, *words, "--permission", " ", "--as-of", "2021-04-30")
    assert "not come yet" in await refused(centre.program, *words, "--permission", "PKS 1", "--as-of", "2099-01-01")
    source = ("--permission", "PKS 1", "--as-of", "2021-04-30")
    assert "No such file" in await refused(centre.program, "import", "/nothing.csv", *source)
    assert "no column of that title" in await refused(centre.program, *words, *source, "--column", "Umur=nik")
    report = tmp_path / "report.csv"
    looked = await centre.program.command(*words, *source, "--dry-run", "--report", str(report), "--json")
    assert json.loads(looked)["fates"] == {"kept": 1}
    assert report.read_text().splitlines() == ["row,fate,column,value,reason", "2,kept,,,"]
    done = json.loads(await centre.program.command(*words, *source, "--json"))
    assert (done["fates"], done["coverages"]) == ({"kept": 1}, 1)
    assert "sudah diimpor" in await refused(centre.program, *words, *source)
    assert "alasan" in await refused(centre.program, "import-undo", str(done["import"]), "--reason", "x")
    assert "undone" in await centre.program.command("import-undo", str(done["import"]), "--reason", "wrong file")
    again = json.loads(await centre.program.command(*words, *source, "--json"))
    assert again["import"] == done["import"], "one file is one import, taken over twice"


async def test_accounts_are_refused_in_the_operators_words(centre: Centre) -> None:
    def add(login: str, name: str, role: str) -> tuple[str, ...]:
        return ("user", "add", login, "--name", name, "--role", role)

    assert "no login" in await refused(centre.program, *add("Bad Name", "A", "officer"), given=PASSWORD)
    assert "a name has" in await refused(centre.program, *add("good", " ", "officer"), given=PASSWORD)
    assert "none of officer" in await refused(centre.program, *add("good", "A", "boss"), given=PASSWORD)
    assert "at least 10" in await refused(centre.program, *add("good", "A", "officer"), given="short\n")
    await centre.program.command(*add("good", "A", "officer"), given=PASSWORD)
    assert "exists already" in await refused(centre.program, *add("good", "A", "officer"), given=PASSWORD)
    await centre.program.command("user", "close", "good")
    assert not json.loads(await centre.program.command("user", "list", "--json"))["accounts"][0]["active"]
    await centre.program.command("user", "reopen", "good")
    assert json.loads(await centre.program.command("user", "list", "--json"))["accounts"][0]["active"]


async def test_an_agencys_account_is_bound_to_its_office(centre: Centre, agent: Program) -> None:
    def add(role: str, *scope: str) -> tuple[str, ...]:
        return ("user", "add", "orang", "--name", "O", "--role", role, *scope)

    assert "none of the agencies: Dukcapil" in await refused(centre.program, *add("agency"), given=PASSWORD)
    assert "none of the agencies" in await refused(centre.program, *add("agency", "--scope", "Dinsos"), given=PASSWORD)
    assert "write KUA/ and" in await refused(centre.program, *add("agency", "--scope", "KUA"), given=PASSWORD)
    assert "bound to nothing" in await refused(centre.program, *add("auditor", "--scope", "Dinkes"), given=PASSWORD)
    assert "bound to nothing" in await refused(agent, *add("clerk", "--scope", "Dinkes"), given=PASSWORD)
    await centre.program.command(*add("agency", "--scope", "KUA/351025"), given=PASSWORD)
    found = json.loads(await centre.program.command("user", "list", "--json"))["accounts"]
    assert found == [{"login": "orang", "role": "agency", "scope": "KUA/351025", "active": True}]


async def test_what_a_cycle_pays_is_said_once_it_is_there_and_its_fates_are_told(centre: Centre) -> None:
    program, code = centre.program, "APBD-PANGAN-2021-05"
    await program.command("cycle", "add", code, "--name", "Paket", *CYCLE_WORDS, "--closes", "2021-06-01")
    assert "no such cycle" in await refused(program, "fates", code)
    change, why = ("cycle", "change"), ("--reason", "Surat Bagian Kesra")
    assert "is no cycle" in await refused(program, *change, "PAKET-9", "--amount", "1", *why)
    assert "village, lptq" in await refused(program, *change, code, "--required", "camat", *why)
    assert "belum ditetapkan" in await refused(program, *change, code, "--former", code, *why)
    again = ("cycle", "add", code, "--name", "Lain", *CYCLE_WORDS, "--closes", "2021-06-01")
    assert "cycle change" in await refused(program, *again), "what is published changes by four eyes alone"
    waits = await program.command(*change, code, "--amount", "300000", "--quota", "10", "--required", "village", *why)
    assert "/changes/1" in waits
    assert "no such cycle" in await refused(program, "fates", code), "nothing changed before somebody approves it"
    code = "APBD-PANGAN-2021-08"
    pays = ("--amount", "300000", "--quota", "10", "--required", "village")
    await program.command("cycle", "add", code, "--name", "Paket", *CYCLE_WORDS, "--closes", "2021-06-01", *pays)
    assert json.loads(await program.command("fates", code, "--json")) == {"cycle": code, "rows": []}


async def test_a_validators_account_is_bound_to_its_place(centre: Centre) -> None:
    words = ("user", "add", "pemeriksa", "--name", "P", "--role", "validator", "--scope")
    for scope in ("", "lptq", "lptq/999999", "village/351025", "camat/351025"):
        await refused(centre.program, *words, scope, given=PASSWORD)
    await centre.program.command(*words, "lptq/351025", given=PASSWORD)


async def test_a_slip_of_the_keyboard_revokes_nothing(centre: Centre) -> None:
    await centre.program.command("enrol", VILLAGES[0])
    with pytest.raises(Failed) as caught:
        await centre.program.command("revoke", VILLAGES[0], "99999999999999999999999")
    assert caught.value.code == 2
    assert not (centre.folder / "identity" / "revoked").exists()


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('log_level = "LOUD"', "log_level"),
        ("backup_hour = 25", "backup_hour"),
        ("idle_seconds = -5", "idle_seconds"),
        ("listen = {port = 99999}", "listen.port"),
        ('backup_folder = "backups"', "from the root on"),
    ],
)
async def test_settings_that_cannot_work_are_refused_before_anything_starts(
    agent: Program, line: str, said: str
) -> None:
    agent.settings.write_text(f"{line}\n{agent.settings.read_text()}")
    assert said in await refused(agent, "run")


async def test_a_village_takes_its_people_in_from_a_file(agent: Program, tmp_path: Path) -> None:
    source = tmp_path / "penduduk.csv"
    source.write_bytes(siak(people(3)) + b"1;2;X" + b";" * 18)
    looked = json.loads(await agent.command("import-residents", str(source), "--dry-run", "--json"))
    assert (looked["written"], looked["new"], looked["refused"]) == (False, 3, 1)
    done = json.loads(await agent.command("import-residents", str(source), "--json"))
    assert (done["written"], done["new"], done["refused"]) == (True, 3, 1)
    assert [row["row"] for row in done["rows"]] == [5]
    assert "imported before" in await refused(agent, "import-residents", str(source))
    source.write_bytes(b"%PDF-1.4")
    assert "bukan CSV" in await refused(agent, "import-residents", str(source))


# --- the kiosk --------------------------------------------------------------------------------------------------------


async def test_the_kiosk_has_a_door_of_its_own_and_none_unless_asked_for(agent: Program) -> None:
    plain, kiosk, pages = agent.settings.read_text(), free_port(), free_port()
    agent.settings.write_text(f"{plain}[listen]\nport = {pages}\nmetrics_port = {agent.health_port}\n")
    await agent.start()
    with pytest.raises(aiohttp.ClientConnectorError):
        await _first_page(kiosk)
    assert await agent.terminate() == 0
    agent.settings.write_text(f"{agent.settings.read_text()}[kiosk]\nport = {kiosk}\n")
    await agent.start()
    assert "Minta surat sendiri" in await _first_page(kiosk)
    assert "Minta surat sendiri" not in await _first_page(pages)
    assert await agent.terminate() == 0


async def test_a_path_for_a_letter_that_does_not_exist_is_refused(agent: Program) -> None:
    agent.settings.write_text(f"{agent.settings.read_text()}[workflow.kinds.sktn]\nsigning = true\n")
    assert "workflow.kinds: no such letter kind: sktn" in await refused(agent, "run")


async def _first_page(port: int) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as answer:
        return await answer.text()
