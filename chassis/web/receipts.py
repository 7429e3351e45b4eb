"""Sending the same form twice leads to what the first time made: double click, back button, two tabs.

A page puts a fresh key into its form; the handler's transaction looks the key up, does its work and stores where that
led, all in ONE transaction. Must never be used outside the transaction of the work itself.
"""

import re
import secrets
from collections.abc import Awaitable, Callable

from chassis.database import Connection
from chassis.web.forms import Form
from chassis.web.refusals import RequestRefused
from language import say

FORM_KEY_FIELD = "form_key"
FORM_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
FORM_OF_COLLEAGUE = say(
    "Isian ini sudah dikirim petugas lain dari peramban ini, jadi tidak dikirim lagi. Buka halamannya dari awal bila"
    " memang masih perlu."
)
KEPT_MS = 30 * 24 * 3600 * 1000  # a tab left open over the longest holiday still finds its receipt


def new_form_key() -> str:
    """A key for one showing of a form."""
    return secrets.token_urlsafe(16)


def form_key_of(form: Form) -> str:
    """The key that came back with a form. Raises RequestRefused when the page did not send one."""
    key = form.raw(FORM_KEY_FIELD)
    if not FORM_KEY.fullmatch(key):
        raise RequestRefused(400, "form_key_missing", say("Halaman ini tidak lengkap. Muat ulang lalu isi kembali."))
    return key


async def recall(connection: Connection, key: str, account_id: int) -> str | None:
    """Where this form led when it was first sent; None when it was not. Another person's key is nobody's."""
    location: str | None = await connection.fetch_value(
        "SELECT location FROM form_receipt WHERE form_key = $1 AND account_id = $2", key, account_id
    )
    return location


async def remember(connection: Connection, key: str, account_id: int, location: str, now_ms: int) -> None:
    """Stores where the form led. Raises RequestRefused for a form that a colleague sent: the work is not done again."""
    if await connection.fetch_value("SELECT 1 FROM form_receipt WHERE form_key = $1", key):
        raise RequestRefused(409, "form_of_colleague", FORM_OF_COLLEAGUE)
    await connection.execute("DELETE FROM form_receipt WHERE made_ms < $1", now_ms - KEPT_MS)
    await connection.execute(
        "INSERT INTO form_receipt (form_key, account_id, location, made_ms) VALUES ($1, $2, $3, $4)",
        key,
        account_id,
        location,
        now_ms,
    )


async def submit_once(
    connection: Connection, key: str, account_id: int, now_ms: int, work: Callable[[Connection], Awaitable[str]]
) -> str:
    """Does `work` (it returns the location it led to) unless this form was already sent; the location either way."""
    earlier = await recall(connection, key, account_id)
    if earlier is not None:
        return earlier
    location = await work(connection)
    await remember(connection, key, account_id, location, now_ms)
    return location
