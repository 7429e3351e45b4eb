"""What every command of ours does the same way: one line for an error, a table or JSON for an answer, accounts.

Exit codes: 0 done, 1 refused or failed (the reason stands on standard error), 2 wrong use.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from chassis.backups import BackupRefused
from chassis.database import Connection, ConstraintViolated, Database, DatabaseError
from chassis.service import ServiceFailed
from chassis.settings import SettingsError
from chassis.signing import KeyRefused
from chassis.web.accounts import AccountError, create_account, hash_password, list_accounts, set_active, set_password

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
        stop(program, str(error))


def stop_signal() -> asyncio.Event:
    """Set by SIGTERM and SIGINT. Call inside the event loop."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


def show(facts: Mapping[str, Any], *, as_json: bool) -> None:
    """A two-column table, or one line of JSON."""
    if as_json:
        sys.stdout.write(json.dumps(facts) + "\n")
        return
    table = Table(show_header=False)
    for key, value in facts.items():
        table.add_row(key, json.dumps(value) if isinstance(value, list | dict) else str(value))
    out.print(table)


def read_password() -> str:
    """From the keyboard, twice, or one line of standard input: never an argument, which others on the machine can read."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\n")


Opener = Callable[[Path], AbstractAsyncContextManager[Database]]
Recorder = Callable[[Database, str, str], Awaitable[None]]


def account_commands(
    program: str,
    *,
    roles: Sequence[str],
    settings_option: Any,
    default_settings: Path,
    open_database: Opener,
    now_ms: Callable[[], int],
    record: Recorder | None = None,
) -> typer.Typer:
    """`user add|password|close|list` for a program. `record` writes the change into the program's own trail."""
    users = typer.Typer(no_args_is_help=True, help="Accounts of the people who work here.")
    settings_type = Annotated[Path, settings_option]

    async def change(settings: Path, action: str, login: str, work: Callable[[Connection], Awaitable[Any]]) -> Any:
        async with open_database(settings) as database:
            try:
                result = await database.transact(work)
            except ConstraintViolated:
                raise Stopped(f"the account {login} exists already") from None
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
        settings: settings_type = default_settings,
    ) -> None:
        """Add an account; the password is asked for or read from standard input."""
        if role not in roles:
            stop(program, f"role {role!r} is none of {', '.join(roles)}")

        async def work() -> None:
            hashed = hash_password(read_password())

            async def create(connection: Connection) -> int:
                return await create_account(
                    connection,
                    login=login,
                    display_name=name,
                    role=role,
                    title=title,
                    password_hash=hashed,
                    now_ms=now_ms(),
                )

            await change(settings, "add", login, create)

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
        closing = change(settings, "close", login, lambda connection: set_active(connection, login, False))
        run_command(program, closing)

    @users.command("list")
    def list_(
        settings: settings_type = default_settings,
        as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    ) -> None:
        """Who may sign in here."""

        async def work() -> None:
            async with open_database(settings) as database:
                accounts = await database.read(list_accounts)
            rows = [{"login": a.login, "role": a.role, "active": a.is_active} for a in accounts]
            show({"accounts": rows}, as_json=as_json)

        run_command(program, work())

    return users
