"""A clerk at a village's pages, as a browser would be: signs in, fills in forms, reads what comes back."""

import re
from collections.abc import Sequence

import aiohttp

from deploy.demo.people import Person

_FIELD = r'name="{}" value="([^"]*)"'
_BADGE = re.compile(r'class="badge badge-\w+">([^<]*)<')
_HEADING = re.compile(r"<h1>(.*?)</h1>", re.DOTALL)


class Unexpected(Exception):
    """A page did not answer as the story needs."""


class Counter:
    """One signed-in clerk."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base
        self._page = ""
        self.path = ""

    async def get(self, path: str) -> str:
        async with self._session.get(self._base + path) as answer:
            return await self._keep(answer)

    async def post(self, path: str, fields: Sequence[tuple[str, str]]) -> str:
        """Send a form of the page that is open: its hidden fields go along."""
        hidden = [(n, found[1]) for n in ("csrf", "form_key") if (found := re.search(_FIELD.format(n), self._page))]
        data = aiohttp.FormData([*fields, *hidden])
        async with self._session.post(self._base + path, data=data, headers={"Origin": self._base}) as answer:
            return await self._keep(answer)

    async def _keep(self, answer: aiohttp.ClientResponse) -> str:
        self._page = await answer.text()
        self.path = answer.url.path
        if answer.status >= 400:
            raise Unexpected(f"{answer.url.path} answered {answer.status}")
        return self._page

    async def sign_in(self, login: str, password: str) -> None:
        await self.get("/login")
        await self.post("/login", [("login", login), ("password", password)])

    async def register(self, person: Person) -> str:
        """The resident's id."""
        await self.get("/residents/new")
        await self.post("/residents/new", as_form(person))
        return self.path.rsplit("/", 1)[1]

    async def issue(self, kind: str, resident: str, fields: Sequence[tuple[str, str]]) -> tuple[str, str]:
        """(path, printed number) of the new letter."""
        answers = [("kind", kind), ("resident", resident), *fields]
        await self.get(f"/letters/new?kind={kind}&resident={resident}")
        await self.post("/letters/check", answers)
        found = _HEADING.search(await self.post("/letters", answers))
        if found is None or not re.fullmatch(r"/letters/[0-9a-f]{32}", self.path):
            raise Unexpected("the letter was not issued")
        return self.path, found[1]

    async def propose(self, resident: str, cycle: str) -> str:
        """The path of the new proposal."""
        await self.get(f"/proposals/new?resident={resident}")
        await self.post("/proposals/new", [("resident", resident), ("cycle", cycle), ("note", "")])
        return self.path

    async def road(self) -> str:
        """The status bar, in the clerk's words."""
        words: str = _BADGE.findall(await self.get("/sync"))[0]
        return words

    async def answer(self, proposal: str) -> tuple[str, str]:
        """(state, the sentence to read aloud) of a proposal."""
        page = await self.get(proposal)
        main = page[page.index("<main") :]
        said = re.search(r"<blockquote>(.*?)</blockquote>", main, re.DOTALL)
        sentence = re.sub(r"<[^>]+>", " ", said[1]) if said else ""
        return _BADGE.findall(main)[0], " ".join(sentence.split())


def as_form(person: Person) -> list[tuple[str, str]]:
    """A person as the form for a new resident asks for them."""
    return [
        ("nik", person.nik),
        ("kk", person.kk),
        ("name", person.name),
        ("birth_place", "BANYUWANGI"),
        ("birth_date", person.birth_date.strftime("%d-%m-%Y")),
        ("sex", person.sex.value),
        ("mother", person.mother_name),
        ("religion", "ISLAM"),
        ("relation", person.role),
        ("address", person.address),
        ("rt", person.rt),
        ("rw", person.rw),
    ]
