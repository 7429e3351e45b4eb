"""What every page of the village needs at hand: the archive, the rules of the office, and the state of the road."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from agent.config import AgentSettings
from agent.domain.catalogue import Catalogue
from agent.domain.letters import Draft
from agent.domain.numbering import NumberingError, NumberingPolicy, date_wib
from agent.domain.proposal_fields import Question
from agent.domain.requests import Person, Route, State, waiting_pairs
from agent.domain.status import Status
from agent.identity import BoxIdentity
from agent.store import Stamper, Store, editions, emblems
from protocol.letter_kinds import Edition, LetterKind


@dataclass(frozen=True)
class Office:
    """Made once by the composition root. `road` gives None, and `identity` is None, on a box that is not enrolled yet.

    `questions` are those of a proposal, by scheme, and `photos` what can be photographed for it; `darkroom` is held
    while a photograph is worked on: one takes tens of megabytes. `unseal` opens what the centre sealed to this box, None
    for the rest; `logo`: the emblem that the settings name, as SVG, or empty: it stands until one is put in place by a page.
    """

    settings: AgentSettings
    store: Store
    stamper: Stamper
    catalogue: Catalogue
    road: Callable[[], Status | None]
    identity: BoxIdentity | None = None
    questions: Mapping[str, tuple[Question, ...]] = field(default_factory=dict)
    photos: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    darkroom: asyncio.Lock = field(default_factory=asyncio.Lock)
    unseal: Callable[[bytes], bytes | None] = lambda sealed: None
    logo: str = ""

    @property
    def editions(self) -> Mapping[str, Edition]:
        """The edition of each kind that is in force today."""
        return self.catalogue.in_force(date_wib(self.stamper.now_ms()))

    @property
    def kinds(self) -> dict[str, LetterKind]:
        """Every kind by key, as it is today; also those of which only old letters are left, or that are yet to come."""
        return self.catalogue.kinds(date_wib(self.stamper.now_ms()))

    @property
    def offered(self) -> dict[str, LetterKind]:
        """The kinds that are written today."""
        return {key: edition.kind for key, edition in self.editions.items() if not edition.is_retired}

    def kind_of(self, letter: Draft) -> LetterKind:
        """The kind as it was when the letter was written."""
        kind = self.catalogue.kind_at(letter.kind, letter.text_version)
        assert kind is not None, "a letter is read by its kind"
        return kind

    def unknown_kinds(self) -> list[str]:
        """Kinds that the settings name and nobody knows: a slip of the keyboard, or what the regency has yet to say."""
        return self.catalogue.unknown([*self.settings.workflow.kinds, *self.settings.numbers.codes])

    async def hear(self) -> None:
        """Take in what the regency published since."""
        place = self.catalogue.place
        for each, said in await self.store.database.read(lambda c: editions.after(c, place)):
            self.catalogue.take(each, said)

    def hearing(self) -> Middleware:
        """Every page is made from what the regency has published by then."""

        @web.middleware
        async def hear(request: web.Request, handler: Handler) -> web.StreamResponse:
            await self.hear()
            return await handler(request)

        return hear

    def numbering(self) -> NumberingPolicy | NumberingError:
        """The policy, or what is missing in the settings, to be shown to whoever can set it."""
        try:
            return self.settings.numbering()
        except NumberingError as error:
            return error

    async def emblem(self) -> str:
        """What stands beside the letterhead today, as SVG; empty for none."""
        row = await self.store.database.read(emblems.newest)
        return self.logo if row is None else row.svg

    async def emblem_of(self, letter: bytes) -> str:
        """What stood there when the letter was written: a reprint shows it again."""
        svg = await self.store.database.read(lambda c: emblems.of_letter(c, letter))
        return self.logo if svg is None else svg

    def routes(self) -> dict[str, Route]:
        """The steps of every kind of letter."""
        return {kind: self.settings.route(kind) for kind in self.kinds}

    def work_of(self, person: Person) -> list[tuple[State, str]]:
        """The (state, kind of letter) pairs that wait for this person."""
        return waiting_pairs(person, self.routes(), self.kinds)
