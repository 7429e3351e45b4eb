"""Login sessions live in the database; the browser holds a random token and nothing else.

A session is stored only for somebody who signed in, so anonymous visitors cannot fill the table. Being used is written
down at most once in a while: a page view is not worth an fsync. Place in the flow: the guard asks who is there; the
login page starts sessions; handlers may keep small things (notices) in the session.
"""

import hashlib
import json
import secrets
from typing import Any

from aiohttp import web
from aiohttp_session import AbstractStorage, Session, get_session, new_session

from chassis.database import Connection, Database
from chassis.web.accounts import ACCOUNT_COLUMNS, Account, account_from
from chassis.web.visitor import Clock

DATA_BYTES_MAX = 16 * 1024  # notices and a preference or two
SEEN_STEP_MS = 60_000  # how exact "last seen" is, at most a tenth of the idle time
CLOCK_SLACK_MS = 300_000  # a clock that is set back further ends sessions rather than prolonging them

ACCOUNT_ID = "account_id"
CSRF = "csrf"
SEEN_MS = "seen_ms"
_OWN_KEYS = (ACCOUNT_ID, CSRF, SEEN_MS)

ACCOUNT = web.RequestKey("account", Account)


class LoginStorage(AbstractStorage):
    """aiohttp-session's storage over our tables."""

    def __init__(
        self, database: Database, clock: Clock, *, idle_seconds: int, session_seconds_max: int, is_tls: bool
    ) -> None:
        # With TLS the browser itself promises that no other host and no plain page can set this cookie.
        super().__init__(
            cookie_name="__Host-login" if is_tls else "login", secure=is_tls, httponly=True, samesite="Strict"
        )
        self._database = database
        self._clock = clock
        self._idle_ms = idle_seconds * 1000
        self._session_ms_max = session_seconds_max * 1000

    async def load_session(self, request: web.Request) -> Session:
        """The session behind the cookie, and its account in the request; an empty one when there is none."""
        token = self.load_cookie(request)
        if not token or len(token) > 128:
            return await self.new_session()
        row = await self._database.read(lambda connection: _find(connection, _digest(token)))
        if row is None or not self._is_alive(row["created_ms"], row["seen_ms"]) or not row["is_active"]:
            return await self.new_session()
        request[ACCOUNT] = account_from(row)
        own = {ACCOUNT_ID: row[ACCOUNT_ID], CSRF: row[CSRF], SEEN_MS: row[SEEN_MS]}
        data: dict[str, Any] = {"created": row["created_ms"] // 1000, "session": json.loads(row["data"]) | own}
        return Session(token, data=data, new=False)  # type: ignore[arg-type]

    async def save_session(self, request: web.Request, response: web.StreamResponse, session: Session) -> None:
        """Called by aiohttp-session after a handler that changed the session."""
        former = self.load_cookie(request) or ""
        if session.empty:
            await self._database.transact(lambda connection: _delete(connection, _digest(former)))
            self.save_cookie(response, "")
        elif session.identity is None:
            token = secrets.token_urlsafe(32)
            await self._start(former, token, session)
            self.save_cookie(response, token)
        else:
            data = _encode(session)
            digest = _digest(str(session.identity))
            await self._database.transact(lambda connection: _update(connection, digest, data))

    async def mark_seen(self, session: Session) -> None:
        """A person did something."""
        now = self._clock()
        if abs(now - session[SEEN_MS]) < min(SEEN_STEP_MS, self._idle_ms // 10):
            return
        digest = _digest(str(session.identity))

        async def work(connection: Connection) -> None:
            await connection.execute("UPDATE login_session SET seen_ms = $2 WHERE token_hash = $1", digest, now)

        await self._database.transact(work)

    async def _start(self, former: str, token: str, session: Session) -> None:
        now = self._clock()

        async def work(connection: Connection) -> None:
            await _delete(connection, _digest(former))
            await connection.execute("DELETE FROM login_session WHERE seen_ms < $1", now - self._idle_ms)
            await connection.execute(
                "INSERT INTO login_session (token_hash, account_id, created_ms, seen_ms, csrf, data)"
                " VALUES ($1, $2, $3, $3, $4, $5)",
                _digest(token),
                session[ACCOUNT_ID],
                now,
                session[CSRF],
                _encode(session),
            )

        await self._database.transact(work)

    def _is_alive(self, created_ms: int, seen_ms: int) -> bool:
        now = self._clock()
        is_recent = seen_ms - CLOCK_SLACK_MS <= now <= seen_ms + self._idle_ms
        return is_recent and now <= created_ms + self._session_ms_max


async def start_session(request: web.Request, account: Account) -> str:
    """A fresh session under a fresh token (the former one ends): what an attacker planted is worth nothing.

    Returns the token for forms.
    """
    session = await new_session(request)
    session[ACCOUNT_ID] = account.account_id
    session[CSRF] = secrets.token_urlsafe(32)
    return str(session[CSRF])


async def end_session(request: web.Request) -> None:
    """Forgets the session, in the database too."""
    (await get_session(request)).invalidate()


def _encode(session: Session) -> str:
    data = json.dumps({key: value for key, value in session.items() if key not in _OWN_KEYS})
    if len(data) > DATA_BYTES_MAX:
        raise ValueError("too much kept in a session")
    return data


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


async def _find(connection: Connection, digest: bytes) -> Any:
    return await connection.fetch_one(
        f"SELECT {ACCOUNT_COLUMNS}, csrf, data, seen_ms, login_session.created_ms"
        " FROM login_session JOIN account USING (account_id) WHERE token_hash = $1",
        digest,
    )


async def _delete(connection: Connection, digest: bytes) -> None:
    await connection.execute("DELETE FROM login_session WHERE token_hash = $1", digest)


async def _update(connection: Connection, digest: bytes, data: str) -> None:
    await connection.execute("UPDATE login_session SET data = $2 WHERE token_hash = $1", digest, data)
