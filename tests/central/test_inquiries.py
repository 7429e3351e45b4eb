"""The auditor's commands, as they are typed: what they say, what they refuse, and that each leaves its line in the log."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from central.__main__ import program
from chassis.database import SqliteDatabase
from tests.central.desk import Regency, fill, migrations, nik

Command = Callable[..., Result]
WHY = ("--reason", "permintaan warga")


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    """The program beside a centre with a story in it. A command sets up the logs of its process, which is ours here."""
    data, settings = tmp_path / "data", tmp_path / "central.toml"
    data.mkdir()
    settings.write_text(f'data_folder = "{data}"\nidentity_folder = "{tmp_path}/identity"\n')

    async def build() -> None:
        database = await SqliteDatabase.open(data / "centre.db", migrations())
        await fill(Regency(database))
        await database.close()

    asyncio.run(build())
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield lambda *words, **more: CliRunner().invoke(program, [*words, "--settings", str(settings)], **more)
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def test_why_and_the_report_answer_and_are_looks(command: Command) -> None:
    told = command("why", nik(2), *WHY)
    assert told.exit_code == 0, told.output
    assert "Hasil: ditolak. Sudah terdaftar" in told.output
    as_json = json.loads(command("why", nik(2), *WHY, "--json").output)
    assert [each["code"] for each in as_json["proposals"]] == ["covered_by_scheme"]
    report = json.loads(command("subject-report", "-", *WHY, "--json", input=f"{nik(2)}\n").output)
    assert [x["name"] for x in report["proposals"]] == ["DEWI RAHAYU"]
    assert [x["action"] for x in report["access_log"]] == ["subject_report", "why", "why"]
    assert all(x["actor"].startswith("command:") and x["why"] == WHY[1] for x in report["access_log"])
    assert "Laporan data pribadi" in command("subject-report", nik(2), *WHY).output
    assert "Tidak ada usulan" in command("why", nik(99), *WHY).output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("why", "3510", *WHY), "that is no NIK"),
        (("subject-report", "9" * 16, *WHY), "that is no NIK"),
        (("why", nik(2), "--reason", "x"), "--reason: say in 5"),
    ],
)
def test_what_is_refused_names_the_cure_and_repeats_no_number(
    command: Command, words: tuple[str, ...], said: str
) -> None:
    told = command(*words)
    assert told.exit_code == 1
    assert said in told.output
    assert words[1] not in told.output


def test_the_overrides_are_listed(command: Command) -> None:
    assert json.loads(command("overrides", "--json").output) == {"overrides": []}
