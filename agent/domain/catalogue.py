"""The kinds of letters this office can word: those that ship with the program, and those the regency published.

An edition (`protocol/letter_kinds`) is taken in once and stays: a letter is printed again from the one it was written in.
New letters are written in the newest edition in force on their day, unless that one withdraws the kind. What is not
signed by the regency, or cannot be read here, is not used and is said in words; it never stands in the way of the rest.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from types import MappingProxyType

import msgspec

from agent.domain.letters import with_office_codes
from language import say
from protocol.feed import LetterEdition, letter_edition_message
from protocol.letter_kinds import PUBLISHED_FROM, CatalogueError, Edition, LetterKind, read_edition
from protocol.letter_texts import TextError

NEWS_DAYS = 14
"""So long the first page tells of a wording that came into force: everybody has been at the counter once by then."""


class Complaint(msgspec.Struct, frozen=True):
    """A published edition that is not used here, and why, for whoever can cure it."""

    kind: str
    version: int
    sentence: str


UNSIGNED = say(
    "tidak bertanda tangan kabupaten, sehingga tidak dipakai. Beri tahu petugas TI kabupaten: naskah itu palsu atau berubah"
    " di jalan."
)
CHANGED = say(
    "dikirim lagi dengan isi lain, sehingga yang pertama tetap dipakai. Beri tahu petugas TI kabupaten: perubahan harus"
    " bernomor versi baru."
)
UNREADABLE = say(
    "tidak terbaca oleh program di server ini, sehingga versi sebelumnya tetap dipakai. Naskah itu disimpan, dan dipakai"
    " setelah program diperbarui."
)


class Catalogue:
    """Every edition this office holds, by kind and version. `is_regencys`: (message, signature) -> is it the regency's?

    `place`: how far the archive's published editions were taken in.
    """

    def __init__(
        self,
        shipped: Iterable[Edition],
        codes: Mapping[str, str] | None = None,
        is_regencys: Callable[[bytes, bytes], bool] = lambda message, signature: False,
    ) -> None:
        self.place = 0
        self.complaints: list[Complaint] = []
        self._codes = codes or {}
        self._is_regencys = is_regencys
        self._editions: dict[tuple[str, int], Edition] = {}
        self._said: dict[tuple[str, int], bytes] = {}
        self._in_force: tuple[date, Mapping[str, Edition]] | None = None
        for edition in shipped:
            self._add(edition)

    def take(self, place: int, said: LetterEdition) -> None:
        """An edition as the archive keeps it. The first that holds under a version stays."""
        if place <= self.place:
            return
        self.place = place
        message = letter_edition_message(said)
        if not self._is_regencys(message, said.signature):
            self._complain(said, UNSIGNED)
            return
        if self._said.setdefault((said.kind, said.version), message) != message:
            self._complain(said, CHANGED)
            return
        try:
            self._add(read_edition(said))
        except (CatalogueError, TextError):
            self._complain(said, UNREADABLE)

    def _add(self, edition: Edition) -> None:
        kind = with_office_codes(edition.kind, self._codes)
        self._editions[kind.key, edition.version] = msgspec.structs.replace(edition, kind=kind)
        self._in_force = None

    def _complain(self, said: LetterEdition, sentence: str) -> None:
        self.complaints.append(Complaint(said.kind, said.version, sentence))

    def edition(self, kind: str, version: int) -> Edition | None:
        """The one in which a letter was written."""
        return self._editions.get((kind, version))

    def kind_at(self, kind: str, version: int) -> LetterKind | None:
        """The kind as it was when a letter was written; where that edition is not here (yet), as far as it is known."""
        exact = self._editions.get((kind, version))
        others = (each for (key, _), each in self._editions.items() if key == kind)
        found = exact or max(others, key=lambda each: each.version, default=None)
        return None if found is None else found.kind

    def in_force(self, day: date) -> Mapping[str, Edition]:
        """The newest edition of each kind that is in force on a day, by kind; also one that withdraws it."""
        if self._in_force is None or self._in_force[0] != day:
            found: dict[str, Edition] = {}
            for (key, version), edition in self._editions.items():
                if edition.valid_from <= day and (key not in found or found[key].version < version):
                    found[key] = edition
            self._in_force = day, MappingProxyType(found)
        return self._in_force[1]

    def kinds(self, day: date) -> dict[str, LetterKind]:
        """Every kind there is, by key: as it is on a day, or else as it will be."""
        named = {key: edition.kind for (key, _), edition in self._editions.items()}
        return named | {key: edition.kind for key, edition in self.in_force(day).items()}

    def news(self, day: date) -> list[Edition]:
        """Published editions that come into force or lately did, the next one first."""
        since = day - timedelta(days=NEWS_DAYS)
        published = (e for e in self._editions.values() if e.version >= PUBLISHED_FROM and e.valid_from >= since)
        return sorted(published, key=lambda each: (each.valid_from, each.kind.title), reverse=True)

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Of the kinds that the settings name, those that no edition here knows."""
        known = {key for key, _ in self._editions}
        return sorted(set(names) - known)
