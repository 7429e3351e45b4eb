"""No page of the counter grows with the office: the longest of each kind stays under 100 KB with its style sheets."""

import re
from pathlib import Path

import msgspec

from agent.domain.letters import Signer, head_title, write_draft
from agent.domain.numbering import NumberingError, date_wib
from agent.domain.residents import subject_of
from agent.store import aid, letters, residents
from tests.agent.letter_samples import CATALOGUE
from tests.agent.office import CYCLE, Counter, decision_state, open_counter

PAGE_BYTES_MAX = 100 * 1024
PERSONS = 130
"""More than a page of proposals."""
LETTERS = 210
"""More letters of one resident than their page shows."""
FAMILY_CARD = "3510250101010001"


async def fill(counter: Counter) -> None:
    """Everybody on one family card, proposed and refused; one of them with letters of years."""
    letterhead, policy = counter.office.settings.letterhead(), counter.office.numbering()
    assert not isinstance(policy, NumberingError)
    refusals = []
    for each in counter.people.values():
        found = await counter.store.database.read(lambda c, each=each: residents.get(c, each))  # type: ignore[misc]
        assert found is not None
        related = msgspec.structs.replace(found.resident, kk=FAMILY_CARD)
        await counter.store.write(lambda d, r=related, e=each: residents.register(d, r, "clerk", replaces=e))  # type: ignore[misc]
        made = await counter.store.write(lambda d, f=found: aid.propose(d, CYCLE.code, f, "", "clerk"))  # type: ignore[misc]
        assert isinstance(made, bytes)
        refusals.append(decision_state(f"/proposals/{made.hex()}"))
    await counter.tell(*refusals)
    kind = CATALOGUE["skd"]
    draft = write_draft(
        kind,
        subject_of(found.resident, letterhead.village_kind),
        (("purpose", "melamar kerja"),),
        Signer(name="", title=head_title(letterhead), nip=""),
        letterhead,
        dated=date_wib(counter.stamps.ms),
        text_version=1,
    )
    person = bytes.fromhex(counter.somebody)
    for _ in range(LETTERS):
        await counter.store.write(
            lambda desk: letters.issue(desk, draft, kind, policy, person, "clerk", is_date_confirmed=True)
        )


async def test_the_longest_pages(tmp_path: Path) -> None:
    counter = await open_counter(tmp_path, persons=PERSONS)
    await fill(counter)
    head, sizes = await counter.browser("head"), {}
    asked = await head.fields_of(await head.get("/"))
    home = await (await head.get("/")).text()
    styles = 0
    for sheet in re.findall(r'<link rel="stylesheet" href="([^"]+)"', home):
        styles += int((await head.get(sheet, headers={"Accept-Encoding": "gzip"})).headers["Content-Length"])
    assert styles > 1000
    for path in ("/", "/letters", "/proposals", f"/residents/{counter.somebody}", "/numbers", "/sync"):
        sizes[path.partition(counter.somebody)[0]] = len(await (await head.get(path)).read())
    for form in (f"/letters/new?kind=sktm&resident={counter.somebody}", f"/residents/{counter.somebody}/edit"):
        sizes[form.replace(counter.somebody, "")] = len(await (await head.get(form)).read())
    for typed in ("a", "470/", f"sktm {FAMILY_CARD}"):
        answer = await head.post("/", {**asked, "q": typed})
        assert "yang cocok" in await answer.text()
        sizes[typed] = len(await answer.read())
    await counter.close()
    print({name: size + styles for name, size in sizes.items()})
    assert {name: size for name, size in sizes.items() if size + styles > PAGE_BYTES_MAX} == {}
