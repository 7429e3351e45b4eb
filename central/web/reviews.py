"""The queue of doubtful pairs: who is held because another record bears their NIK, or is alike under another number.

Must never judge: it shows which pair comes next and what the two records say; the form goes to `identities`. Place in the
flow: reconcile holds a proposal -> here an officer works through the pairs -> `identities` keeps the verdict or the
question.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web

from central import reconcile
from central.domain.decisions import Coverage, Proposal, day_text, period_text, place_text
from central.domain.matching import NikLink, nik_link
from central.questions import relations
from central.store import facts, identities
from central.web.desk import Desk
from central.web.words import REASONS, RELATIONS
from chassis.database import Connection
from chassis.web import add_notice, page, roles
from protocol.ids import mask_nik

SHOWN_MAX = 20
"""Pairs on the page; the rest follow as these are judged."""
HELD_MAX = 500
"""Proposals that are looked through for pairs which nobody has been asked about."""
QUEUE = "/reviews"
NOTHING_LEFT = "Tidak ada lagi yang perlu dinilai sekarang."


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pair that nobody has judged and no village is asked about."""

    proposal: Proposal
    code: str
    key: bytes
    other: Proposal | Coverage

    @property
    def path(self) -> str:
        return f"/decisions/{self.proposal.record.hex()}/identity/{self.key.hex()}?queue=1"


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of two records side by side: the field, both values, how they relate in words, and `kind` of the badge."""

    label: str
    own: str
    other: str
    relation: str
    kind: str


class ReviewPages:
    """/reviews and /reviews/next."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [web.get(QUEUE, self.list), web.get(f"{QUEUE}/next", self.next)]

    @roles("officer")
    async def list(self, request: web.Request) -> web.StreamResponse:
        async def look(connection: Connection) -> dict[str, object]:
            pairs = [pair async for pair in _waiting(connection, SHOWN_MAX)]
            return {"pairs": pairs, "held": await facts.count_doubted(connection)}

        context = await self._desk.database.read(look)
        context |= {"reasons": REASONS, "place": place_text, "mask": mask_nik, "shown_max": SHOWN_MAX}
        return await page(request, "reviews.html", context)

    @roles("officer")
    async def next(self, request: web.Request) -> web.StreamResponse:
        async def look(connection: Connection) -> list[Waiting]:
            return [pair async for pair in _waiting(connection, 1)]

        found = await self._desk.database.read(look)
        if not found:
            await add_notice(request, NOTHING_LEFT)
        raise web.HTTPSeeOther(found[0].path if found else QUEUE)


async def _waiting(connection: Connection, limit: int) -> AsyncIterator[Waiting]:
    """Each pair once, whoever of the two was held first."""
    seen: set[bytes] = set()
    for proposal, code in await facts.doubted(connection, HELD_MAX):
        others = await reconcile.contested(connection, proposal.record)
        said = await identities.in_force(connection, others.keys()) if others else {}
        for key, other in sorted(others.items()):
            if key in seen or key in said or await identities.is_asked(connection, key):
                continue
            seen.add(key)
            yield Waiting(proposal, code, key, other)
            if len(seen) == limit:
                return


def side_by_side(own: Proposal, other: Proposal | Coverage) -> list[Compared]:
    """What the two records say. Of a list's row only a form of the name is kept that is for comparing, so it is not shown."""
    told = dict(relations(own, other))
    number, card = (other.match_nik, other.kk) if isinstance(other, Proposal) else (other.nik, other.kk)
    fields = [
        ("nik", "NIK", mask_nik(own.nik), mask_nik(other.nik) if other.nik else "-"),
        ("name", "Nama", own.name, other.name if isinstance(other, Proposal) else "(lihat daftarnya)"),
        ("birth_date", "Tanggal lahir", _day(own.birth_date), _day(other.birth_date)),
        ("sex", "Jenis kelamin", own.sex or "-", other.sex or "-"),
        ("mother", "Nama ibu", own.mother or "-", (other.mother or "-") if isinstance(other, Proposal) else "-"),
        ("kk", "Nomor KK", mask_nik(own.kk) if own.kk else "-", mask_nik(card) if card else "-"),
    ]
    lines = [Compared(label, a, b, *RELATIONS[told.get(field, "same")]) for field, label, a, b in fields]
    if own.match_nik and number and nik_link(own.match_nik, number) is NikLink.SLIP:
        lines[0] = Compared(lines[0].label, lines[0].own, lines[0].other, *RELATIONS["slip"])
    source = "Usulan" if isinstance(other, Proposal) else f"Daftar, {period_text(other.first, other.until)},"
    return [
        *lines,
        Compared("Tercatat di", place_text(own.village), place_text(other.village) if other.village else "-", "", ""),
        Compared("Program", own.scheme, f"{source} {other.scheme}", "", ""),
    ]


def _day(text: str) -> str:
    return day_text(text) if text else "-"
