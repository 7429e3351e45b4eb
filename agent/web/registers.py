"""The registers: each book's page, its search, its print and its exports.

A search is posted, so that no name or letter number stands in an address. Every print and export leaves a line in the
access trail before the first word is read. Place in the flow: `agent/domain/registers` words the lines, this shows them,
`agent/render/books` binds them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web

from agent.domain.fields import Fault, check_text
from agent.domain.numbering import date_wib
from agent.domain.registers import (
    EXPEDITION,
    INCOMING,
    MUTATIONS,
    OUTGOING,
    RESIDENTS,
    VOLUME_ROWS,
    Book,
    Line,
    book_head,
    handover_line,
    incoming_line,
    mutation_line,
    outgoing_line,
    resident_line,
    volumes,
)
from agent.render import Paper
from agent.render.books import Bindery, Form, pdf_on
from agent.store import registers
from agent.store.registers import Wanted
from agent.web.desk import COUNTER_ROLES, SUPERIORS, at_counter, by_superior
from agent.web.office import Office
from chassis.csv_text import MARK, csv_text
from chassis.database import Connection
from chassis.web import account_of, formats, page, page_count, page_number, read_form
from chassis.web.accounts import record_access
from language import say

ROWS_MAX = 50
"""Lines on one page: it stays under 100 KB."""
PORTION = 1_000
"""Lines read at a time for a print or an export: a few milliseconds of the database's reader."""
TYPED_MAX = 100
FOUND_MAX = 500
"""Lines that a search finds: who needs more types another letter, and is told so. One look through the year finds them."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Count = Callable[[Connection, Wanted], Awaitable[int]]
Years = Callable[[Connection], Awaitable[list[int]]]
Lines = Callable[[Connection, Wanted, int, int, bool], Awaitable[list[Line]]]
Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Source:
    """Where a book's lines come from, and what its page offers. `link_at`: the column that leads to the record."""

    book: Book
    count: Count
    lines: Lines
    search_hint: str
    record_address: str
    link_at: int
    years: Years = registers.years
    kinds: Callable[[], Sequence[tuple[str, str]]] = tuple
    entry: tuple[str, str] | None = None
    """Address and words of the form that writes into this book."""
    takers: tuple[str, ...] = COUNTER_ROLES
    """Who may take a copy of the whole book out."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The lines of one page, of how many in all, and which page of how many. `is_more`: a search found too many."""

    lines: Sequence[Line] = ()
    total: int = 0
    number: int = 1
    pages: int = 1
    is_more: bool = False


def register_pages(office: Office, bindery: Bindery) -> "list[BookPages | ShelfPages]":
    """The shelf and every book on it."""
    people = residents_source(office)
    sources = [outgoing_source(office), incoming_source(), expedition_source(office), people, mutations_source()]
    pages = ((ResidentBookPages if each is people else BookPages)(office, bindery, each) for each in sources)
    return [ShelfPages([each.book for each in sources]), *pages]


def outgoing_source(office: Office) -> Source:
    return Source(
        book=OUTGOING,
        count=registers.count_outgoing,
        lines=_lines(OUTGOING, registers.outgoing, lambda entry: outgoing_line(entry, _titles(office))),
        search_hint=say("Nomor surat atau nama"),
        record_address="/letters/",
        link_at=1,
        kinds=lambda: tuple((key, say(title)) for key, title in _titles(office).items()),
    )


def incoming_source() -> Source:
    return Source(
        book=INCOMING,
        count=registers.count_incoming,
        lines=_lines(INCOMING, registers.incoming, incoming_line),
        search_hint=say("Nomor, pengirim, atau isi"),
        record_address="/registers/incoming/",
        link_at=5,
        entry=("/registers/incoming/new", say("Catat surat masuk")),
    )


def expedition_source(office: Office) -> Source:
    return Source(
        book=EXPEDITION,
        count=registers.count_handovers,
        lines=_lines(EXPEDITION, registers.handovers, lambda entry: handover_line(entry, _titles(office))),
        search_hint=say("Penerima atau nomor surat"),
        record_address="/letters/",
        link_at=2,
    )


def residents_source(office: Office) -> Source:
    village_kind = office.settings.home.kind
    return Source(
        book=RESIDENTS,
        count=registers.count_residents,
        lines=_lines(RESIDENTS, registers.residents, lambda entry: resident_line(entry, village_kind)),
        search_hint=say("NIK, nomor KK, atau nama"),
        record_address="/residents/",
        link_at=1,
        takers=SUPERIORS,
    )


def mutations_source() -> Source:
    return Source(
        book=MUTATIONS,
        count=registers.count_mutations,
        lines=_lines(MUTATIONS, registers.mutations, mutation_line),
        search_hint=say("Nama atau NIK"),
        record_address="/residents/",
        link_at=1,
        years=registers.mutation_years,
    )


def _lines(book: Book, read: Callable[..., Awaitable[Sequence[Entry]]], word: Callable[[Entry], Line]) -> Lines:
    """The entries that `read` finds, in words. A book of no year has no newest line to begin with."""

    async def lines(
        connection: Connection, wanted: Wanted, limit: int, offset: int, is_newest_first: bool
    ) -> list[Line]:
        order = {"is_newest_first": is_newest_first} if book.is_yearly else {}
        return [word(entry) for entry in await read(connection, wanted, limit=limit, offset=offset, **order)]

    return lines


def _titles(office: Office) -> dict[str, str]:
    return {kind.key: kind.title for kind in office.kinds.values()}


class ShelfPages:
    """/registers."""

    def __init__(self, books: Sequence[Book]) -> None:
        self._books = books

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/registers", self.shelf)]

    @at_counter
    async def shelf(self, request: web.Request) -> web.StreamResponse:
        return await page(request, "registers.html", {"books": self._books})


class BookPages:
    """/registers/{key} and below."""

    def __init__(self, office: Office, bindery: Bindery, source: Source) -> None:
        self._office = office
        self._bindery = bindery
        self._source = source
        self._book = source.book

    def routes(self) -> list[web.RouteDef]:
        root = f"/registers/{self._book.key}"
        return [
            web.get(root, self.browse),
            web.post(root, self.search),
            web.get(f"{root}/pdf", self.pdf),
            web.get(f"{root}/csv", self.csv),
            web.get(f"{root}/xlsx", self.xlsx),
        ]

    @at_counter
    async def browse(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, request.query, "", "")

    @at_counter
    async def search(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        typed, kind = form.text("q")[:TYPED_MAX], form.text("kind")
        return await self._page(request, form.as_dict(), typed, kind if kind in dict(self._source.kinds()) else "")

    async def _page(self, request: web.Request, asked: Mapping[str, str], typed: str, kind: str) -> web.StreamResponse:
        checked = check_text(typed, TYPED_MAX, required=False)
        is_odd = isinstance(checked, Fault)

        async def look(connection: Connection) -> dict[str, object]:
            known = await self._years(connection)
            year = _year(asked.get("year", ""), known)
            wanted = Wanted(year, "" if isinstance(checked, Fault) else checked, kind)
            whole = await self._source.count(connection, Wanted(year))
            shown = Shown() if is_odd else await self._shown(connection, wanted, asked.get("page", ""), whole)
            return {"years": known, "year": year, "shown": shown, "volumes": volumes(whole)}

        context = await self._office.store.database.read(look)
        context |= {"headings": [self._book.columns[n].label for n in self._book.shown]}
        context |= {"book": self._book, "source": self._source, "typed": typed, "kind": kind}
        return await page(request, "register.html", context)

    async def _shown(self, connection: Connection, wanted: Wanted, asked: str, whole: int) -> Shown:
        """One page of the book, or of what a search finds."""
        if wanted.typed:
            found = await self._source.lines(connection, wanted, FOUND_MAX + 1, 0, True)
            pages = page_count(min(len(found), FOUND_MAX), ROWS_MAX)
            number = page_number(asked, pages)
            lines = found[: min(FOUND_MAX, number * ROWS_MAX)][(number - 1) * ROWS_MAX :]
            return Shown(lines, min(len(found), FOUND_MAX), number, pages, is_more=len(found) > FOUND_MAX)
        total = await self._source.count(connection, wanted) if wanted.kind else whole
        pages = page_count(total, ROWS_MAX)
        number = page_number(asked, pages)
        lines = await self._source.lines(connection, wanted, ROWS_MAX, (number - 1) * ROWS_MAX, True)
        return Shown(lines, total, number, pages)

    # --- on paper and as files ---------------------------------------------------------------------------------------

    @at_counter
    async def pdf(self, request: web.Request) -> web.StreamResponse:
        paper = Paper.A4 if request.query.get("paper") == "A4" else Paper.F4
        await self._note(request, "print_register")
        made = await self._bind(request, pdf_on(paper))
        return self._file(request, made, "application/pdf", "pdf", "inline")

    @at_counter
    async def xlsx(self, request: web.Request) -> web.StreamResponse:
        await self._note(request, "export_register")
        return self._file(request, await self._bind(request, Form.XLSX), XLSX, "xlsx")

    @at_counter
    async def csv(self, request: web.Request) -> web.StreamResponse:
        await self._note(request, "export_register")
        parts = [MARK, csv_text([[column.label for column in self._book.columns]], ";")]
        async for portion in self._cells(await self._asked_year(request), 0, None):
            parts.append(csv_text(portion, ";"))
        return self._file(request, "".join(parts).encode(), "text/csv; charset=utf-8", "csv")

    async def _bind(self, request: web.Request, form: Form) -> bytes:
        year, setting = await self._asked_year(request), self._office.settings
        of = volumes(await self._office.store.database.read(lambda c: self._source.count(c, Wanted(year))))
        whole, today = form is Form.XLSX, date_wib(self._office.stamper.now_ms())
        volume = 1 if whole else page_number(request.query.get("volume", ""), of)
        head = book_head(
            self._book,
            setting.letterhead(),
            head_name=setting.office.head_name,
            head_nip=setting.office.head_nip,
            period=f"Tahun {year}" if self._book.is_yearly else f"Keadaan tanggal {formats.tanggal(today)}",
            volume=(volume, 1 if whole else of),
            dated=today,
        )
        first, most = (0, None) if whole else ((volume - 1) * VOLUME_ROWS, VOLUME_ROWS)
        return await self._bindery.bind(form, head, self._cells(year, first, most), await self._office.emblem())

    async def _cells(self, year: int, first: int, most: int | None) -> AsyncIterator[list[tuple[str, ...]]]:
        """The lines of a year from the oldest on, portion by portion; at most `most`."""
        offset, end = first, None if most is None else first + most
        while end is None or offset < end:
            limit = PORTION if end is None else min(PORTION, end - offset)
            lines = await self._office.store.database.read(
                lambda c, at=offset, limit=limit: self._source.lines(c, Wanted(year), limit, at, False)  # type: ignore[misc]
            )
            if not lines:
                return
            yield [line.cells for line in lines]
            offset += len(lines)

    async def _asked_year(self, request: web.Request) -> int:
        return _year(request.query.get("year", ""), await self._office.store.database.read(self._years))

    async def _years(self, connection: Connection) -> list[int]:
        """Years that have a book, newest first; this year always has one."""
        this_year = date_wib(self._office.stamper.now_ms()).year
        return sorted({this_year, *await self._source.years(connection)}, reverse=True)

    async def _note(self, request: web.Request, action: str) -> None:
        """The trail says which book of which year was taken out, and by whom."""
        now_ms, actor = self._office.stamper.now_ms(), account_of(request).login
        year = await self._asked_year(request)
        subject = f"{self._book.key}/{year}" if self._book.is_yearly else self._book.key

        async def note(connection: Connection) -> None:
            await record_access(connection, now_ms=now_ms, actor=actor, action=action, subject=subject)

        await self._office.store.database.transact(note)

    def _file(
        self, request: web.Request, body: bytes, kind: str, suffix: str, disposition: str = "attachment"
    ) -> web.Response:
        name = "-".join(self._book.title.lower().split())
        headers = {"Content-Disposition": f'{disposition}; filename="{name}.{suffix}"', "Content-Type": kind}
        return web.Response(body=body, headers=headers)


class ResidentBookPages(BookPages):
    """/registers/residents: copies with the whole NIK of everybody are for the secretary and the head alone."""

    @by_superior
    async def pdf(self, request: web.Request) -> web.StreamResponse:
        return await super().pdf(request)

    @by_superior
    async def xlsx(self, request: web.Request) -> web.StreamResponse:
        return await super().xlsx(request)

    @by_superior
    async def csv(self, request: web.Request) -> web.StreamResponse:
        return await super().csv(request)


def _year(asked: str, known: Sequence[int]) -> int:
    """The year asked for where there is such a book, else the newest."""
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) == 4 and int(asked) in known else known[0]
