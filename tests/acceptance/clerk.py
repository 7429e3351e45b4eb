"""A clerk at a village's pages, for tests: the demo's, who can also be told no and who remembers what was shown."""

import html
import re
import secrets
from collections.abc import Sequence

import aiohttp

from deploy.demo.counter import Counter, Unexpected, as_form
from deploy.demo.people import Person

_CSRF = re.compile(r'name="csrf" value="([^"]*)"')
_ERRORS = re.compile(r'<div class="error-summary".*?</div>', re.DOTALL)
_NOTICES = re.compile(r'<p class="notice[^"]*"[^>]*>(.*?)</p>', re.DOTALL)
_RECORD = re.compile(r"/(letters|proposals|residents)/([0-9a-f]{32})")


class Clerk(Counter):
    """One signed-in clerk; `login` again after the server forgot."""

    def __init__(self, base: str) -> None:
        super().__init__(aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)), base)
        self.csrf = ""

    async def close(self) -> None:
        await self._session.close()

    async def sign_in(self, login: str, password: str) -> None:
        await super().sign_in(login, password)
        found = _CSRF.search(await self.get("/sync"))
        assert found is not None
        self.csrf = found[1]

    async def send(self, path: str, fields: Sequence[tuple[str, str]], form_key: str = "") -> tuple[int, str]:
        """One form in one request: (status, the record's id it led to or the page's sentences). Raises on a dead line.

        The same `form_key` sent again leads to the same record.
        """
        key = form_key or secrets.token_urlsafe(16)
        data = aiohttp.FormData([*fields, ("csrf", self.csrf), ("form_key", key)])
        headers = {"Origin": self._base}
        async with self._session.post(self._base + path, data=data, headers=headers, allow_redirects=False) as answer:
            body = await answer.text()
            found = _RECORD.fullmatch(answer.headers.get("Location", ""))
            return answer.status, found[2] if found else said(body)

    async def attach(self, owner: str, document: str, photograph: bytes) -> str:
        """A photograph of a document for the letter, request or proposal with this address; the page it led to."""
        data = aiohttp.FormData([("document", document), ("csrf", self.csrf), ("form_key", secrets.token_urlsafe(16))])
        data.add_field("photo", photograph, filename="IMG_0001.jpg", content_type="image/jpeg")
        path = f"{self._base}{owner}/attachments"
        async with self._session.post(path, data=data, headers={"Origin": self._base}) as answer:
            return await self._keep(answer)

    async def register_at_once(self, person: Person, form_key: str = "") -> tuple[int, str]:
        return await self.send("/residents/new", as_form(person), form_key)

    async def issue_at_once(self, resident: str, kind: str = "sktm", form_key: str = "") -> tuple[int, str]:
        fields = [("kind", kind), ("resident", resident), ("purpose", "keringanan biaya sekolah")]
        return await self.send("/letters", fields, form_key)

    async def propose_at_once(self, resident: str, cycle: str, form_key: str = "") -> tuple[int, str]:
        return await self.send("/proposals/new", [("resident", resident), ("cycle", cycle), ("note", "")], form_key)

    async def page(self, path: str) -> tuple[int, str]:
        """Status and whole text, whatever the status."""
        async with self._session.get(self._base + path) as answer:
            return answer.status, await answer.text()

    async def sync_page(self) -> str:
        """The page on the road, as words."""
        status, page = await self.page("/sync")
        if status != 200:
            raise Unexpected(f"/sync answered {status}")
        return words(page)

    async def number_of(self, letter: str) -> str:
        """The printed number of a letter."""
        return words(re.findall(r"<h1>(.*?)</h1>", await self.get(f"/letters/{letter}"), re.DOTALL)[0])


def said(page: str) -> str:
    """What a page tells its reader in error summaries and notices."""
    return " ".join(words(found) for found in [*_ERRORS.findall(page), *_NOTICES.findall(page)])


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
