"""The one field on the first page: what was typed leads to a page, or to the few it may have meant.

Must never put what was typed into an address: it is posted, and what it finds is addressed by ids of ours. Place in
the flow: `agent/domain/commands` reads the words, the archive says whether there is such a person or letter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from aiohttp import web

from agent.domain.commands import (
    Command,
    FindLetter,
    FindResident,
    OpenPage,
    Place,
    Propose,
    VoidLetter,
    WriteLetter,
    read_command,
)
from agent.store import letters, residents
from agent.store.letters import LetterRow
from agent.store.residents import Registered
from agent.web.desk import SUPERIORS, at_counter
from agent.web.office import Office
from agent.web.residents import FOUND_MAX, TYPED_MAX
from agent.web.words import letter_state
from chassis.database import Connection
from chassis.web import account_of, add_notice, page, read_form
from language import say

ADDRESSES: Mapping[Place, str] = {
    Place.RESIDENTS: "/residents",
    Place.NEW_RESIDENT: "/residents/new",
    Place.LETTERS: "/letters",
    Place.PROPOSALS: "/proposals",
    Place.NUMBERS: "/numbers",
    Place.SYNC: "/sync",
}
EMPTY = say("Ketik dulu siapa atau apa yang dicari.")
WHO_IS_MISSING = say("Untuk siapa? Ketik NIK atau namanya.")
NUMBER_IS_MISSING = say("Surat yang mana? Ketik nomornya.")
MANY = say(
    "Yang cocok lebih dari {found_max}. Ketik lebih lengkap, misalnya dua kata dari namanya.", found_max=FOUND_MAX
)
NOTHING = say("Tidak ditemukan. Periksa ejaannya, atau catat sebagai penduduk baru.")
NO_LETTER = say("Tidak ada surat dengan nomor itu di server ini. Periksa nomornya; cukup ketik awalnya.")
VOIDED_BY_SUPERIORS = say("Surat dibatalkan oleh sekretaris atau kepala, dari halaman ini dengan nama pengguna mereka.")


@dataclass(frozen=True, slots=True)
class Found:
    """What a command came to: one address, or a page of what fits (`lead` + a resident's id opens it)."""

    heading: str
    location: str = ""
    advice: str = ""
    lead: str = "/residents/"
    people: Sequence[Registered] = ()
    rows: Sequence[LetterRow] = ()
    is_half: bool = False
    """The command waits for whom or what it is about: that alone is typed next."""

    @property
    def is_something(self) -> bool:
        return bool(self.location or self.people or self.rows)


class CommandPages:
    """What is posted to /."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/", self.obey)]

    @at_counter
    async def obey(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        typed, before = form.text("q")[:TYPED_MAX], form.text("before")[:TYPED_MAX]
        titles = {key: kind.title for key, kind in self._office.offered.items()}
        completed = read_command(f"{before} {typed}", titles) if before and typed else ()
        found = await self._first((*completed, *read_command(typed, titles)))
        if found.location:
            raise web.HTTPSeeOther(await self._allowed(request, found.location))
        context = {
            "typed": "" if found.is_half else typed,
            "before": typed if found.is_half else "",
            "heading": found.heading,
            "advice": found.advice,
            "lead": found.lead,
            "people": found.people[:FOUND_MAX],
            "rows": found.rows[:FOUND_MAX],
            "kinds": self._office.kinds,
            "state": lambda row: letter_state(row.is_acked, row.voided_reason),
        }
        return await page(request, "command.html", context)

    async def _first(self, commands: Sequence[Command]) -> Found:
        """The first reading that finds something, else what the likeliest one has to say."""

        async def look(connection: Connection) -> Found:
            answers = [] if commands else [Found(say("Cari"), advice=EMPTY)]
            for command in commands:
                answers.append(await self._look(connection, command))
                if answers[-1].is_something:
                    return answers[-1]
            return answers[0]

        return await self._office.store.database.read(look)

    async def _look(self, connection: Connection, command: Command) -> Found:
        match command:
            case OpenPage(place):
                return Found("", ADDRESSES[place])
            case FindResident(who):
                return await _person(connection, who, say("Cari penduduk"), "/residents/")
            case WriteLetter(kind, who):
                title = say(self._office.kinds[kind].title)
                return await _person(connection, who, title, f"/letters/new?kind={kind}&resident=")
            case Propose(who):
                return await _person(connection, who, say("Usulkan bantuan"), "/proposals/new?resident=")
            case FindLetter(number):
                return await _letter(connection, number, say("Cari surat"), "")
            case VoidLetter(number):
                return await _letter(connection, number, say("Batalkan surat"), "/void")
            case _:
                assert_never(command)

    async def _allowed(self, request: web.Request, location: str) -> str:
        """A clerk who may not void is shown the letter, and told who may."""
        if location.endswith("/void") and account_of(request).role not in SUPERIORS:
            await add_notice(request, VOIDED_BY_SUPERIORS)
            return location.removesuffix("/void")
        return location


async def _person(connection: Connection, who: str, heading: str, lead: str) -> Found:
    if not who:
        return Found(heading, advice=WHO_IS_MISSING, is_half=True)
    found = await residents.search(connection, who, FOUND_MAX + 1)
    if len(found) == 1:
        return Found(heading, lead + found[0].id.hex())
    advice = MANY if len(found) > FOUND_MAX else "" if found else NOTHING
    return Found(heading, advice=advice, lead=lead, people=found)


async def _letter(connection: Connection, number: str, heading: str, then: str) -> Found:
    if not number:
        return Found(heading, advice=NUMBER_IS_MISSING, is_half=True)
    rows = await letters.by_number(connection, number, FOUND_MAX + 1)
    if len(rows) == 1:
        return Found(heading, f"/letters/{rows[0].id.hex()}{then}")
    return Found(heading, advice="" if rows else NO_LETTER, rows=rows)
