"""People who sign in: their accounts, their passwords, and the trail of what they looked at.

Functions over `Connection` run inside the caller's transaction. A password is hashed outside any transaction, in a
thread: 19 MiB and some 20 ms each (argon2id, t=2: OWASP password storage, 2023). Must never log or return a password.
"""

import asyncio
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from nacl import exceptions, pwhash

from chassis.database import Connection, Row

T = TypeVar("T")

ARGON2_PASSES = 2
ARGON2_BYTES = 19 * 1024 * 1024
HASHES_AT_ONCE_MAX = 2  # two cores, and 38 MiB on a box of 150
HASHES_WAITING_MAX = 32  # beyond this a flood is answered "busy" instead of queueing for minutes

LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
NAME_CHARACTERS_MAX = 80  # a name with its titles; more would break the head of every page
PASSWORD_CHARACTERS_MIN = 10
PASSWORD_BYTES_MAX = 1024  # argon2 would take more; a page of text is no password

ACCOUNT_COLUMNS = "account_id, login, display_name, title, role, scope, is_active"


class AccountError(Exception):
    """An account cannot be made or changed like this; the message says why, to the operator who runs the command."""


class PasswordDeskBusy(Exception):
    """Too many passwords are being checked at the moment."""


@dataclass(frozen=True)
class Account:
    """A person's account. `role` and `scope` mean what the program says they mean."""

    account_id: int
    login: str
    display_name: str
    title: str
    role: str
    scope: str
    is_active: bool


def account_from(row: Row) -> Account:
    """From a row that begins with ACCOUNT_COLUMNS."""
    account_id, login, display_name, title, role, scope, is_active = tuple(row)[:7]
    return Account(account_id, login, display_name, title, role, scope, bool(is_active))


async def create_account(
    connection: Connection,
    *,
    login: str,
    display_name: str,
    role: str,
    password_hash: str,
    now_ms: int,
    title: str = "",
    scope: str = "",
) -> int:
    """The new account's id. Raises AccountError for an unusable login or name, ConstraintViolated for a login that is taken."""
    check_account(login, display_name)
    account_id: int = await connection.fetch_value(
        "INSERT INTO account (login, display_name, title, role, scope, password_hash, created_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING account_id",
        login,
        display_name,
        title,
        role,
        scope,
        password_hash,
        now_ms,
    )
    return account_id


async def find_account(connection: Connection, login: str) -> tuple[Account, str] | None:
    """The account and its password hash, active or not."""
    row = await connection.fetch_one(f"SELECT {ACCOUNT_COLUMNS}, password_hash FROM account WHERE login = $1", login)
    return None if row is None else (account_from(row), row["password_hash"])


async def list_accounts(connection: Connection) -> list[Account]:
    rows = await connection.fetch_all(f"SELECT {ACCOUNT_COLUMNS} FROM account ORDER BY login")
    return [account_from(row) for row in rows]


async def set_password(connection: Connection, login: str, password_hash: str) -> bool:
    """Also ends every session of the account: whoever knew the old password is out. False for an unknown login."""
    changed = await connection.execute("UPDATE account SET password_hash = $2 WHERE login = $1", login, password_hash)
    await _end_sessions(connection, login)
    return changed == 1


async def set_active(connection: Connection, login: str, is_active: bool) -> bool:
    """Closing an account ends its sessions; nothing is deleted, since records name the account. False if unknown."""
    changed = await connection.execute("UPDATE account SET is_active = $2 WHERE login = $1", login, int(is_active))
    await _end_sessions(connection, login)
    return changed == 1


async def record_access(connection: Connection, *, now_ms: int, actor: str, action: str, subject: str) -> int:
    """One line of the trail; its id. `subject` is a reference (an id of ours), never a person's number or name."""
    access_id: int = await connection.fetch_value(
        "INSERT INTO access_log (at_ms, actor, action, subject) VALUES ($1, $2, $3, $4) RETURNING access_id",
        now_ms,
        actor,
        action,
        subject,
    )
    return access_id


def check_account(login: str, display_name: str) -> None:
    """Raises AccountError for a login or a name that no account can have."""
    if not LOGIN.fullmatch(login):
        raise AccountError(f"{login!r} is no login: 2 to 32 small letters, digits, dots, underscores or hyphens")
    if not display_name.isprintable() or not 1 <= len(display_name.strip()) <= NAME_CHARACTERS_MAX:
        raise AccountError(f"a name has 1 to {NAME_CHARACTERS_MAX} printable characters: it stands on every page")


def check_password(password: str) -> None:
    """Raises AccountError for a password nobody should have."""
    if len(password) < PASSWORD_CHARACTERS_MIN:
        raise AccountError(f"a password has at least {PASSWORD_CHARACTERS_MIN} characters")
    if len(password.encode()) > PASSWORD_BYTES_MAX:
        raise AccountError("that password is too long")
    if len(set(password)) < 4:
        raise AccountError("that password is too easy to guess: use more than three different characters")


def hash_password(password: str) -> str:
    """Takes some 20 ms of the calling thread: for commands; a server uses `PasswordDesk`. Raises AccountError."""
    check_password(password)
    return _hash(password)


class PasswordDesk:
    """Hashes and checks passwords beside the event loop, a few at a time."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(HASHES_AT_ONCE_MAX)
        self._waiting = 0
        self._decoy = ""

    async def hash(self, password: str) -> str:
        """Raises AccountError, PasswordDeskBusy."""
        check_password(password)
        return await self._in_turn(_hash, password)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Without a hash (no such account) a decoy is checked, so that both answers cost the same."""
        if not self._decoy:
            self._decoy = await self._in_turn(_hash, secrets.token_urlsafe(16))
        is_right = await self._in_turn(_matches, password_hash or self._decoy, password)
        return is_right and password_hash is not None

    async def _in_turn(self, call: Callable[..., T], *args: str) -> T:
        if self._waiting >= HASHES_WAITING_MAX:
            raise PasswordDeskBusy
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(call, *args)
        finally:
            self._waiting -= 1


def _hash(password: str) -> str:
    return pwhash.argon2id.str(password.encode(), opslimit=ARGON2_PASSES, memlimit=ARGON2_BYTES).decode()


def _matches(password_hash: str, password: str) -> bool:
    try:
        return pwhash.verify(password_hash.encode(), password.encode()[:PASSWORD_BYTES_MAX])
    except (exceptions.InvalidkeyError, exceptions.CryptPrefixError):
        return False


async def _end_sessions(connection: Connection, login: str) -> None:
    await connection.execute(
        "DELETE FROM login_session WHERE account_id = (SELECT account_id FROM account WHERE login = $1)", login
    )
