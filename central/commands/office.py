"""What every command of the centre has at hand: the settings, the archive, who runs it, and how a refusal is told.

Place in the flow: `central/__main__` hangs the commands of this folder into the program.
"""

import contextlib
import os
import pwd
from collections.abc import AsyncIterator, Coroutine
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from central import config, tabulation
from central.config import CentralSettings
from central.domain.catalogue import CatalogueError
from central.imports import ImportRefused
from central.machine import MachineClock
from central.pipeline import judge_next
from central.rules import shipped_rules
from central.store import editions, trail
from chassis import commands, schema
from chassis.commands import Stopped
from chassis.database import SERVER, Database, MigrationFolder, SqliteDatabase
from chassis.signing import Key
from protocol import letter_kinds
from protocol.errors import ProtocolError
from protocol.ids import InvalidCode
from protocol.letter_texts import TextError
from protocol.regions import UnknownRegion

DEFAULT_SETTINGS = Path("/etc/kampung/central.toml")
PROGRAM = "kampung-central"
WIB_MS = 7 * 3_600_000

settings_option = typer.Option("--settings", "-s", envvar="KAMPUNG_CENTRAL_SETTINGS", help="The settings file (TOML).")
SettingsOption = Annotated[Path, settings_option]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def migrations() -> list[MigrationFolder]:
    return [schema.MIGRATIONS, MigrationFolder("central", resources.files("central.schema"))]


def regency_key(settings: CentralSettings) -> Key:
    """The signing key. Made together with the database and never later: a lost key must not be replaced unseen."""
    return Key.load(settings.key)


@contextlib.asynccontextmanager
async def archive(settings: CentralSettings) -> AsyncIterator[Database]:
    """The database of a centre that exists."""
    async with commands.existing(settings.database, migrations(), SERVER) as database:
        yield database


@contextlib.asynccontextmanager
async def begun_archive(settings: CentralSettings) -> AsyncIterator[Database]:
    """The same for what an operator may do first of all: the first of these commands makes key and database."""
    if not settings.database.exists():
        for folder in (settings.identity_folder, settings.data_folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not settings.key.exists():
            Key.create(settings.key)
        await (await SqliteDatabase.open(settings.database, migrations())).close()
    async with archive(settings) as database:
        yield database


def run_command(work: Coroutine[Any, Any, None]) -> None:
    wordings_refused = (letter_kinds.CatalogueError, TextError, editions.EditionRefused)
    foreseen = (ProtocolError, ImportRefused, CatalogueError, InvalidCode, UnknownRegion, *wordings_refused)
    commands.run_command(PROGRAM, work, foreseen)


def load(path: Path) -> CentralSettings:
    return commands.load(PROGRAM, path, config.load)


def actor() -> str:
    """Who runs a command, for the trail."""
    with contextlib.suppress(KeyError):
        return "command:" + (os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name)
    return f"command:{os.getuid()}"


async def record(database: Database, action: str, subject: str) -> None:
    now_ms = MachineClock().now_ms()
    await database.transact(
        lambda connection: trail.record(connection, at_ms=now_ms, actor=actor(), action=action, subject=subject)
    )


async def settle(database: Database) -> None:
    """Tabulate and decide whatever waits; the running centre does the same, one transaction at a time."""
    clock, rules = MachineClock(), shipped_rules()
    await database.transact(tabulation.fill_answers)
    while await database.transact(lambda c: judge_next(c, rules, clock.now_ms())):
        pass


def midnight_ms(text: str) -> int:
    """Midnight in WIB, in ms since 1970."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Stopped(f"{text!r} is no date: write it like 2021-05-17") from error
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000 - WIB_MS
