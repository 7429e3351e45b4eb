"""What every page of the village needs at hand: the archive, the rules of the office, and the state of the road."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent.config import AgentSettings
from agent.domain.letters import LetterKind
from agent.domain.numbering import NumberingError, NumberingPolicy
from agent.domain.proposal_fields import Question
from agent.domain.requests import Person, Route, State, waiting_pairs
from agent.domain.status import Status
from agent.domain.texts import LetterText
from agent.identity import BoxIdentity
from agent.store import Stamper, Store


@dataclass(frozen=True)
class Office:
    """Made once by the composition root. `road` gives None, and `identity` is None, on a box that is not enrolled yet.

    `questions` are those of a proposal, by scheme, and `photos` what can be photographed for it; `darkroom` is held
    while a photograph is worked on: one takes tens of megabytes. `unseal` opens what the centre sealed to this box, None
    for the rest.
    """

    settings: AgentSettings
    store: Store
    stamper: Stamper
    kinds: Mapping[str, LetterKind]
    texts: Mapping[tuple[str, int], LetterText]
    road: Callable[[], Status | None]
    identity: BoxIdentity | None = None
    questions: Mapping[str, tuple[Question, ...]] = field(default_factory=dict)
    photos: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    darkroom: asyncio.Lock = field(default_factory=asyncio.Lock)
    unseal: Callable[[bytes], bytes | None] = lambda sealed: None

    def numbering(self) -> NumberingPolicy | NumberingError:
        """The policy, or what is missing in the settings, to be shown to whoever can set it."""
        try:
            return self.settings.numbering()
        except NumberingError as error:
            return error

    def routes(self) -> dict[str, Route]:
        """The steps of every kind of letter."""
        return {kind: self.settings.route(kind) for kind in self.kinds}

    def work_of(self, person: Person) -> list[tuple[State, str]]:
        """The (state, kind of letter) pairs that wait for this person."""
        return waiting_pairs(person, self.routes(), self.kinds)
