"""One spoilt list after another through the centre's real pages, and through every other reader of lists; what must hold.

An officer never sees a traceback or an apology; a refusal is a sentence and changes nothing; every row has one fate and the
facts are those that the report counts; no child and no file outlives a case; nobody's number is in a log or on a page.
Place in the flow: `__main__` and the suite ask for cases by number; a case depends on its seed and number alone.
"""

import io
import json
import multiprocessing
import os
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random

from agent.domain.proposal_lists import read_list
from agent.domain.rosters.reading import read_roster
from central.domain.lists import Kind
from central.domain.payments import read_payments
from central.web.import_jobs import FAILED
from chassis import logs
from protocol.ids import parse_village_code
from protocol.regions import village
from tests.central.list_desk import bring, columns, discard, errors_of, facts_of, held, report, send
from tests.central.test_web_pages import Hall, opened_hall
from tests.fuzz.lists import HOME, NAME, secrets, seeds
from tests.fuzz.mutations import mutate

TODAY = date(2021, 5, 3)
SAID = {
    Kind.COVERAGE: {"scheme": "PKH", "period": "2021-01 s/d 2021-12", "village": HOME, "date_order": "day_first"},
    Kind.PROPOSALS: {"cycle": "APBD-PANGAN-2021-05", "village": HOME, "date_order": "day_first"},
}


class Broken(AssertionError):
    """Something that must hold does not; `content` is the file that showed it."""

    def __init__(self, words: str, content: bytes) -> None:
        super().__init__(words)
        self.content = content


@dataclass
class Fuzzer:
    """An open office, and what has come of the lists that were brought to it."""

    hall: Hall
    folder: Path
    log: io.StringIO
    ends: Counter[str] = field(default_factory=Counter)

    async def case(self, seed: int, number: int) -> None:
        """Raises Broken."""
        rng = Random(f"{seed}/{number}")
        content = mutate(rng, rng.choice(seeds()), rng.choice(seeds()))
        kind = rng.choice(tuple(Kind))
        try:
            self._read_elsewhere(content)
            self.ends[await self._import(content, kind, rng.random() < 0.5)] += 1
            self._look_around()
        except Exception as found:
            words = f"case {seed}/{number}, {kind.value}: {found!r}\n{self.log.getvalue()}"
            raise Broken(words, content) from found

    def _read_elsewhere(self, content: bytes) -> None:
        """A village's roster and proposals, and payment results: pure readers, which never raise."""
        read_roster(content, TODAY, village(parse_village_code(HOME)))
        read_list(content, ())
        read_payments(content, "0" * 12, frozenset((1, 2)), TODAY)

    async def _import(self, content: bytes, kind: Kind, is_whole: bool) -> str:
        """From the file to the facts, as far as an officer gets."""
        before = await held(self.hall)
        path, html = await bring(self.hall, content, "daftar", kind=kind.value)
        if refused := self._refusal(html):
            require("bukan" in refused or len(refused) > 20, refused)
            require(await held(self.hall) == before, "a refused file has changed something")
            return "refused"
        number, has_names = int(path.split("/")[2]), NAME in html  # then a row has come to stand among the titles
        path, html = await send(self.hall, path, html, **columns(html) | SAID[kind])
        if self._refusal(html):
            await self._throw_away(number, before)
            return "not mapped"
        rows = await report(self.hall, number)
        now = await held(self.hall)
        require(now["import_row"] - before["import_row"] == len(rows), "the report does not tell every row once")
        require({t: now[t] for t in _FACTS} == {t: before[t] for t in _FACTS}, "facts before anybody accepted them")
        require(all(len(told) > 1 for told in rows.values() if told[0] in ("Ditolak", "Dilewati")), "no reason given")
        told = "\n".join(" ".join(each) for each in rows.values())
        self._look_at(told, "the report")
        require(has_names or NAME not in told, "somebody's name is in the report")
        path, html = await send(self.hall, f"/imports/{number}/accept", html, mode="whole" if is_whole else "valid")
        if self._refusal(html):
            await self._throw_away(number, before)
            return "not whole"
        facts = await self.hall.story.regency.value("SELECT facts FROM import_file WHERE id = $1", number)
        require(await facts_of(self.hall, number) == facts, "other facts than the report has counted")
        return "imported"

    async def _throw_away(self, number: int, before: dict[str, int]) -> None:
        await discard(self.hall, number)
        require(await held(self.hall) == before, "a discarded file has left something")

    def _refusal(self, html: str) -> str:
        self._look_at(html, "a page")
        refused = errors_of(html)
        require(FAILED not in refused, "an apology: the program has a fault")
        require("<h1" in html and "Traceback" not in html, "no page of ours")
        return refused

    def _look_at(self, text: str, where: str) -> None:
        for secret in secrets():
            require(secret not in text, f"somebody's number is in {where}")

    def _look_around(self) -> None:
        """What is left when nobody is at work."""
        require(not any(self.folder.iterdir()), "a temporary file was left")
        require(not _children(), "a child process was left")
        self._look_at(self.log.getvalue(), "the log")
        require(NAME not in self.log.getvalue(), "somebody's name is in the log")
        for line in self.log.getvalue().splitlines():
            require(json.loads(line).get("level") not in ("error", "critical"), line)
        self.log.seek(0)
        self.log.truncate()


_FACTS = ("coverage", "proposal", "audit_trail")


def require(is_so: bool, words: str) -> None:
    if not is_so:
        raise AssertionError(words)


def _children() -> Sequence[str]:
    """Of this process, as the kernel knows them; not those of a test runner that works in several."""
    own = {str(each.pid) for each in multiprocessing.active_children()}
    return [pid for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split() if pid not in own]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Fuzzer]:
    """An office in this folder, with a folder of its own for temporary files, and its log in memory."""
    temporary, former, log = folder / "temporary", tempfile.tempdir, io.StringIO()
    temporary.mkdir()
    tempfile.tempdir = os.environ["TMPDIR"] = str(temporary)
    logs.configure(stream=log)
    try:
        async with opened_hall(folder) as hall:
            yield Fuzzer(hall, temporary, log)
    finally:
        tempfile.tempdir = former
        os.environ.pop("TMPDIR")
