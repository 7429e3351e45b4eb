"""What every command of ours does the same way: one line for an error, a table or JSON for an answer, accounts.

Exit codes: 0 done, 1 refused or failed (the reason stands on standard error), 2 wrong use.
"""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Any, NoReturn, Protocol, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from chassis import logs
from chassis.backups import BackupRefused
from chassis.database import (
    BOX,
    Connection,
    ConstraintViolated,
    Database,
    DatabaseError,
    MigrationSource,
    Room,
    SqliteDatabase,
)
from chassis.service import ServiceFailed
from chassis.settings import LogLevel, SettingsError
from chassis.signing import KeyRefused
from chassis.web.accounts import (
    AccountError,
    check_account,
    create_account,
    hash_password,
    list_accounts,
    set_active,
    set_password,
)

out, err = Console(soft_wrap=True, markup=False, highlight=False), Console(stderr=True)
"""Answers are read by scripts too: a path must come out in one line, whatever its length and its brackets."""

FORESEEN: tuple[type[Exception], ...] = (
    SettingsError,
    KeyRefused,
    DatabaseError,
    AccountError,
    ServiceFailed,
    BackupRefused,
    OSError,
)
"""Errors whose message is meant for the operator; anything else is a bug and keeps its traceback."""


class Stopped(Exception):
    """A command that cannot go on; the message names the cure."""


def stop(program: str, message: str) -> NoReturn:
    err.print(f"{program}: {message}", style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(1)


def run_command(program: str, work: Coroutine[Any, Any, None], foreseen: tuple[type[Exception], ...] = ()) -> None:
    """Run a command's work; every error it can foresee ends in one line and exit code 1."""
    try:
        asyncio.run(work)
    except Exception as error:
        if not isinstance(error, (Stopped, *FORESEEN, *foreseen)):
            raise
        stop(program, _words(error))


def _words(error: Exception) -> str:
    """An error of the system without its number: the file and what is wrong with it."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename2 or error.filename}: {error.strerror}"
    return str(error)


class Logged(Protocol):
    """Settings of any program of ours."""

    @property
    def log_level(self) -> LogLevel: ...


SettingsT = TypeVar("SettingsT", bound=Logged)


def load(program: str, path: Path, read: Callable[[Path], SettingsT]) -> SettingsT:
    """The settings, with the logs set up as they say; a mistake in them ends the command."""
    try:
        settings = read(path)
    except SettingsError as error:
        stop(program, str(error))
    logs.configure(json=not sys.stderr.isatty(), level=settings.log_level)
    return settings


@contextlib.asynccontextmanager
async def existing(database: Path, migrations: MigrationSource, room: Room = BOX) -> AsyncIterator[Database]:
    """A program's database, also beside the running program. A path without one is a mistake, never a new database."""
    if not database.exists():  # noqa: ASYNC240 - a command: nothing else runs in its event loop
        raise Stopped(f"there is no database at {database}: check data_folder, or run the program once")
    opened = await SqliteDatabase.open(database, migrations, room)
    try:
        yield opened
    finally:
        await opened.close()


def read_small(path: Path, most: int) -> str:
    """A line or two of text from a file, `-` for standard input. Raises Stopped."""
    if str(path) == "-":
        return sys.stdin.read(most).strip()
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(most).strip()
    except UnicodeDecodeError:
        raise Stopped(f"{path}: not text") from None


def read_whole(path: Path, most: int) -> bytes:
    """A file of a bearable size. Raises Stopped."""
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise Stopped(f"{path}: larger than {most // 2**20} MB")
    return content


def stop_signal() -> asyncio.Event:
    """Set by SIGTERM and SIGINT. Call inside the event loop."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


def show(facts: Mapping[str, Any], *, as_json: bool) -> None:
    """One line of JSON; or a two-column table, with a table of its own below it for every list of rows."""
    if as_json:
        sys.stdout.write(json.dumps(facts) + "\n")
        return
    rows = {key: value for key, value in facts.items() if isinstance(value, list) and _is_rows(value)}
    single = [(key, _cell(value)) for key, value in facts.items() if key not in rows]
    if single:
        table = Table(show_header=False)
        for key, words in single:
            table.add_row(key, words)
        out.print(table)
    for key, lines in rows.items():
        out.print(_table(key, lines) if lines else f"{key}: none")


def _is_rows(values: Sequence[Any]) -> bool:
    return all(isinstance(value, Mapping) for value in values)


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(*rows[0], title=title, title_justify="left")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(f"{key} {_cell(each)}" for key, each in value.items()) or "none"
        case list():
            return "\n".join(map(_cell, value)) or "none"
        case _:
            return str(value)


def read_password() -> str:
    """From the keyboard, twice, or one line of standard input: never an argument, which others on the machine can read."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\n")


Opener = Callable[[Path], AbstractAsyncContextManager[Database]]
Recorder = Callable[[Database, str, str], Awaitable[None]]


def no_scope(role: str, scope: str) -> None:
    """For roles that are bound to nothing. Raises Stopped."""
    if scope:
        raise Stopped(f"--scope: the role {role} is bound to nothing")


def account_commands(
    program: str,
    *,
    roles: Sequence[str],
    settings_option: Any,
    default_settings: Path,
    open_database: Opener,
    now_ms: Callable[[], int],
    check_scope: Callable[[str, str], None] = no_scope,
    record: Recorder | None = None,
) -> typer.Typer:
    """`user add|password|close|reopen|list` for a program. `record` writes the change into the program's own trail.

    `check_scope(role, scope)` raises Stopped for a scope that the role cannot have, or for one that it lacks.
    """
    users = typer.Typer(no_args_is_help=True, help="Accounts of the people who work here.")
    settings_type = Annotated[Path, settings_option]

    async def change(settings: Path, action: str, login: str, work: Callable[[Connection], Awaitable[Any]]) -> Any:
        async with open_database(settings) as database:
            result = await database.transact(work)
            if result is False:
                raise Stopped(f"there is no account {login}")
            if record is not None:
                await record(database, action, login)
        out.print(f"account {login}: {action} done")

    @users.command("add")
    def add(
        login: str,
        name: Annotated[str, typer.Option(help="Name as shown and printed.")],
        role: Annotated[str, typer.Option(help=", ".join(roles))],
        title: Annotated[str, typer.Option(help="Office held.")] = "",
        scope: Annotated[str, typer.Option(help="What the account is bound to, for roles that are.")] = "",
        settings: settings_type = default_settings,
    ) -> None:
        """Add an account; the password is asked for or read from standard input."""

        async def work() -> None:
            if role not in roles:
                raise Stopped(f"role {role!r} is none of {', '.join(roles)}")
            check_scope(role, scope)
            check_account(login, name)  # before somebody thinks up a password
            hashed = hash_password(read_password())

            async def create(connection: Connection) -> int:
                return await create_account(
                    connection,
                    login=login,
                    display_name=name,
                    role=role,
                    title=title,
                    scope=scope,
                    password_hash=hashed,
                    now_ms=now_ms(),
                )

            try:
                await change(settings, "add", login, create)
            except ConstraintViolated:
                raise Stopped(f"the account {login} exists already") from None

        run_command(program, work())

    @users.command("password")
    def password(login: str, settings: settings_type = default_settings) -> None:
        """Set a new password and end the account's sessions."""

        async def work() -> None:
            hashed = hash_password(read_password())
            await change(settings, "password", login, lambda connection: set_password(connection, login, hashed))

        run_command(program, work())

    @users.command("close")
    def close(login: str, settings: settings_type = default_settings) -> None:
        """Close an account; its records keep its name."""
        run_command(program, change(settings, "close", login, lambda c: set_active(c, login, False)))

    @users.command("reopen")
    def reopen(login: str, settings: settings_type = default_settings) -> None:
        """Let a closed account in again, with the password it had."""
        run_command(program, change(settings, "reopen", login, lambda c: set_active(c, login, True)))

    @users.command("list")
    def list_(
        settings: settings_type = default_settings,
        as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    ) -> None:
        """Who may sign in here."""

        async def work() -> None:
            async with open_database(settings) as database:
                accounts = await database.read(list_accounts)
            rows = [{"login": a.login, "role": a.role, "scope": a.scope, "active": a.is_active} for a in accounts]
            show({"accounts": rows}, as_json=as_json)

        run_command(program, work())

    return users
