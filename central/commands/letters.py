"""Kinds and wording of letters: published to every village, and what was published."""

from pathlib import Path
from typing import Annotated, Any

import typer

from central.commands.office import (
    DEFAULT_SETTINGS,
    JsonOption,
    SettingsOption,
    actor,
    archive,
    begun_archive,
    load,
    regency_key,
    run_command,
)
from central.machine import MachineClock
from central.store import editions
from chassis import commands
from chassis.commands import Stopped, show
from chassis.signing import Key
from protocol.feed import LetterEdition
from protocol.letter_kinds import read_publication

ACTOR_CHARACTERS_MAX = 100
WORDING_BYTES_MAX = 2**20
"""A table or text to be published: all thirty kinds that ship take 30 KB."""

wordings = typer.Typer(no_args_is_help=True, help="Kinds and wording of letters, for every village.")


@wordings.command("publish")
def letters_publish(
    folder: Annotated[Path, typer.Argument(help="letters.csv, letter_fields.csv and texts/<kind>-<version>.txt.")],
    by: Annotated[str, typer.Option("--actor", help="For whom it is published, for the trail.")] = "",
    settings_path: SettingsOption = DEFAULT_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Publish letter kinds and their wording to every village, all of a folder or nothing. What is published never changes."""
    settings = load(settings_path)

    async def work() -> None:
        async with begun_archive(settings) as database:
            wanted = _read_wordings(folder, regency_key(settings))
            now_ms, who = MachineClock().now_ms(), _actor_named(by)
            news = await database.transact(lambda c: editions.publish(c, wanted, actor=who, now_ms=now_ms))
        show({"published": [_edition_facts(each) for each in news], "known": len(wanted) - len(news)}, as_json=as_json)

    run_command(work())


def _read_wordings(folder: Path, key: Key) -> list[LetterEdition]:
    """Raises CatalogueError or TextError, naming file, line and cure, and Stopped for a folder of another shape."""
    texts = {path.name: _read_text(path) for path in sorted((folder / "texts").glob("*")) if path.is_file()}
    if not texts:
        raise Stopped(f"{folder}: no texts/<kind>-<version>.txt in it")
    tables = _read_text(folder / "letters.csv"), _read_text(folder / "letter_fields.csv")
    return read_publication(*tables, texts, key.sign)


def _read_text(path: Path) -> str:
    try:
        return commands.read_whole(path, WORDING_BYTES_MAX).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Stopped(f"{path}: not UTF-8 at byte {error.start}: save it as UTF-8") from None


def _actor_named(name: str) -> str:
    """Whoever runs the command, and for whom: a name alone could be anybody's."""
    if not name.isprintable() or len(name) > ACTOR_CHARACTERS_MAX:
        raise Stopped(f"--actor: one line of at most {ACTOR_CHARACTERS_MAX} characters")
    return f"{actor()} for {name.strip()}" if name.strip() else actor()


def _edition_facts(each: LetterEdition) -> dict[str, Any]:
    facts = {"kind": each.kind, "version": each.version, "valid_from": each.valid_from}
    return facts | {"retired": "yes" if each.is_retired else "no"}


@wordings.command("list")
def letters_list(settings_path: SettingsOption = DEFAULT_SETTINGS, as_json: JsonOption = False) -> None:
    """The kinds and versions that were published; what ships with the program is not among them."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            found = await database.read(editions.listed)
        show({"letters": [_edition_facts(each) for each in found]}, as_json=as_json)

    run_command(work())
