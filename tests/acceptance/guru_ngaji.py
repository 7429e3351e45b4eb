"""Guru ngaji 2021: two cycles from files and villages' logs to a payment list, every row's fate held against what was planted.

    python -m tests.acceptance.guru_ngaji            # true size; JSON on stdout, exit 1 where the truth does not come out
    python -m tests.acceptance.guru_ngaji --scale 0.02

What it is for: the real door, tabulation, imports, decisions, validations, lock and papers, played by invented offices that
know the truth (`ngaji_world`). What it must never do: touch a table, or tell the centre anything that an office does not.
"""

import argparse
import asyncio
import json
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

import msgspec

from central.domain.decisions import Case as Facts
from central.domain.identities import Identity, IdentityVerdict
from central.domain.lists import Kind, guess
from central.domain.papers import AMOUNT_AT, TABLE_HEADINGS, payment_sheet, payment_table, total_words
from central.domain.rosters import InputRow, Origin, Reply, Terms, Validation
from central.imports import accept, bring, check
from central.imports.opening import open_list
from central.render.press import render_pdf
from central.render.tables import write_csv, write_xlsx
from central.rosters import Drafts, Lock, Looked, read_ledger
from central.store import facts, identities, rosters
from central.store.determinations import Determined
from central.store.identities import Said
from central.store.imports import ImportFile
from chassis.database import SERVER, Connection, Database, SqliteDatabase
from protocol.feed import Cycle
from protocol.schemes import month
from tests.acceptance.ngaji_world import (
    FATES,
    FILES,
    KEPT,
    MERGED,
    PROPOSAL_HEAD,
    Case,
    CyclePlan,
    Row,
    World,
    insentif_csv,
    plant,
    proposal_cells,
    table,
)
from tests.central.desk import DAY_MS, START_MS, Machine, Regency, migrations
from tests.central.roster_desk import BOTH, act_of, scan_all, terms_of

AMOUNT_RUPIAH = 700_000
OPS_AT_ONCE = 200
AGREED = Validation(Reply.AGREED)
REPLIES = {
    Case.WRONG_NIK: Validation(Reply.REFUSED, "NIK bukan milik orang ini"),
    Case.COVERED_UNSEEN: Validation(Reply.REFUSED, "sudah menerima insentif lain dari APBD"),
    Case.REFUSED: Validation(Reply.REFUSED, "tidak mengajar lagi"),
    Case.DEAD: Validation(Reply.DECEASED, "2021-02-11"),
    Case.MOVED: Validation(Reply.MOVED, "luar desa"),
}
Steps = dict[str, tuple[float, float]]
"""Seconds, and seconds of the processor, by step."""
Place = tuple[str, int]
"""File and row, as the ledger names them."""


@dataclass
class Told:
    """What came out of a cycle."""

    locked: Determined
    fates: Counter[str]
    wrong: list[tuple[Place, Case, tuple[str, str], tuple[str, str]]]
    """(place, story, what should have become of the row, what did)."""
    rows: int
    judged: int
    """Pairs of records that an officer had to judge."""
    entries: dict[int, int]
    """Place in the list to person."""
    paid: list[int]
    owed: set[int]
    """Persons on the list, one for each entry, and persons who are to be on it: somebody with a row that nothing speaks
    against. They must be the same, each once."""
    told_by_people: int
    """Rows with somebody's wrong number, which validators knew and no comparison of numbers can."""


@dataclass
class Office:
    """The regency with all its villages, at one centre."""

    world: World
    regency: Regency
    machines: dict[str, Machine] = field(default_factory=dict)
    steps: Steps = field(default_factory=dict)
    persons: dict[bytes, int] = field(default_factory=dict)
    """Who each record of any cycle is about, and each coverage of the overlapping lists: what an officer finds out."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started, used = time.perf_counter(), time.process_time()
        yield
        wall, processor = self.steps.get(name, (0.0, 0.0))
        self.steps[name] = wall + time.perf_counter() - started, processor + time.process_time() - used

    async def open(self) -> None:
        for home in self.world.homes:
            machine = self.machines[home.code] = await self.regency.enrol(home.code)
            await self.regency.greet(machine)
            machine.open_log()

    async def open_cycle(self, cycle: Cycle, former: str = "") -> None:
        terms = Terms(amount_rupiah=AMOUNT_RUPIAH, budget_rupiah=20_000 * AMOUNT_RUPIAH, required=BOTH, former=former)
        await self.regency.put_cycle(cycle)
        await self.regency.database.transact(lambda c: facts.put_terms(c, terms_of(cycle, terms)))

    # --- what comes in ---

    async def bring(self, name: str, content: bytes, kind: Kind, **chosen: object) -> int:
        """As a page does: opened, planned, checked, taken over; the import's id."""
        sheet, _ = await open_list(content)
        plan = msgspec.structs.replace(guess(sheet, kind), date_order="day_first", **chosen)
        database, now_ms = self.regency.database, self.regency.clock.now_ms()
        file = ImportFile(sha256(content).digest(), name, "izin contoh", "2021-04-30", now_ms, "petugas", content, kind)
        record = await bring(database, file)
        await check(database, record.id, sheet, plan, self.regency.rules, now_ms)
        chance = self.regency.clock.random
        await accept(database, record.id, rules=self.regency.rules, actor="petugas", now_ms=now_ms, chance=chance)
        return record.id

    async def propose(self, cycle: Cycle, plan: CyclePlan) -> dict[Place, Row]:
        """Every village says what it has to say and sends it; where each row stands in its log."""
        placed = {}
        for village, rows in sorted(plan.by_village.items()):
            for row in rows:
                placed[village, self._write(village, cycle, row)] = row
        for village, wrong, _ in plan.slips:
            placed[village, self._write(village, cycle, wrong)] = wrong
        await self.send()
        for village, wrong, right in plan.slips:
            machine = self.machines[village]
            seq = next(n for (v, n), row in placed.items() if v == village and row is wrong)
            machine.withdraw(machine.ops[seq - 1].record_id)
            placed[village, self._write(village, cycle, right)] = right
        await self.send()
        return placed

    def _write(self, village: str, cycle: Cycle, row: Row) -> int:
        e = row.entry
        told = {"nik": e.nik, "kk": e.kk, "name": e.name, "sex": e.sex.value, "mother": e.mother_name}
        told |= {"birth_date": e.birth_date.isoformat() if e.birth_date else "", "address": e.address}
        op = self.machines[village].answer(
            row.answers, cycle=cycle, claimed_ms=self.regency.clock.now_ms(), rt=e.rt, rw=e.rw, **told
        )
        return op.seq

    async def send(self) -> None:
        for machine in self.machines.values():
            await self.regency.greet(machine)
            first = (await self.regency.heads(machine.village)).get(1, (0, b""))[0] + 1
            for at in range(first, len(machine.ops) + 1, OPS_AT_ONCE):
                await self.regency.send(machine, at, min(at + OPS_AT_ONCE - 1, len(machine.ops)))
        await self.regency.settle()

    # --- what offices say of it ---

    async def validate(self, cycle: Cycle, stories: dict[bytes, Case]) -> None:
        """Each body speaks about every row."""
        now_ms = self.regency.clock.now_ms()
        said = [(record, REPLIES.get(story, AGREED)) for record, story in stories.items()]

        async def work(connection: Connection) -> None:
            for body in BOTH:
                await rosters.add_validations(connection, cycle.code, body, said, f"pemeriksa-{body}", now_ms)

        await self.regency.database.transact(work)

    async def _look(self, drafts: Drafts, cycle: Cycle) -> Looked:
        looked = await drafts.look(cycle.code)
        assert looked is not None
        return looked

    async def judge(self, looked: Looked) -> int:
        """An officer says of everybody who is held, for a NIK that two names bear or for a likeness under two numbers, whether
        they are one person.
        """
        found, now_ms = looked.found, self.regency.clock.now_ms()
        held = {row.record for row in looked.draft.held()}
        own = {p.record for p in found.proposals}
        case = Facts([*found.carried, *found.proposals, *found.around], found.coverages)
        said: dict[bytes, tuple[bytes, Said]] = {}
        doubted = (*case.pairs.items(), *found.likely.items())
        for record, others in doubted:
            for other, key in others.items():
                is_known = {record, other} <= self.persons.keys()
                if not is_known or not held & {record, other} or key in found.identities:
                    continue
                is_same = self.persons[record] == self.persons[other]
                verdict = IdentityVerdict(Identity.SAME if is_same else Identity.DIFFERENT)
                about = record if record in own else other
                said[key] = about, Said(verdict, "diperiksa dengan KTP dan KK", "petugas", now_ms)

        async def work(connection: Connection) -> None:
            for key, (about, each) in said.items():
                await identities.put(connection, key, about, each)

        await self.regency.database.transact(work)
        await self.regency.settle()
        return len(said)

    # --- the end of a cycle ---

    async def finish(
        self,
        cycle: Cycle,
        placed: dict[Place, Row],
        gone: dict[int, Case],
        former: dict[int, int],
        covered: dict[bytes, int],
    ) -> Told:
        """Validated, judged and locked; the fates as the ledger has them. `former`: last list's place to person."""
        regency, database = self.regency, self.regency.database
        with self.step("drafts, validations, verdicts"):
            drafts = Drafts(database, regency.rules)
            first = (await self._look(drafts, cycle)).draft
            whose = {row.record: self._whose(row, placed, former) for row in first.rows}
            self.persons |= whose | covered
            stories = {row.record: self._story(row, placed, gone, former) for row in first.rows}
            await self.validate(cycle, stories)
            judged = await self.judge(await self._look(drafts, cycle))
        regency.clock.at_ms = max(cycle.closes_ms, regency.clock.now_ms()) + (cycle.objection_days + 1) * DAY_MS
        for machine in self.machines.values():
            await regency.greet(machine)
        with self.step("minutes and lock"):
            await scan_all(regency, cycle, (await self._look(drafts, cycle)).draft)
            lock = Lock(database, drafts, regency.key.sign, regency.clock.random)
            act = act_of((await self._look(drafts, cycle)).draft)
            await lock.claim(cycle.code, act, "petugas-a", regency.clock.now_ms())
            locked = await lock.lock(cycle.code, "petugas-b", regency.clock.now_ms())
            await regency.settle()
        ledger = await read_ledger(database, regency.rules, cycle.code)
        assert ledger is not None
        told = {(line.file, line.row): (line.fate, line.reason) for line in ledger}
        expected = self.expected(cycle, placed, gone, former)
        wrong = [
            (place, story, should, told.get(place, ("nowhere", "")))
            for place, (story, should) in expected.items()
            if not _is_as(should, told.get(place, ("nowhere", "")), story)
        ]
        entries = {entry.number: whose[entry.record] for entry in locked.list.entries}
        return Told(
            locked=locked,
            fates=Counter(fate for fate, _ in told.values()),
            wrong=wrong,
            rows=len(told),
            judged=judged,
            entries=entries,
            paid=sorted(entries.values()),
            owed={person for person, story in self._good(placed, gone, former) if story is Case.GOOD},
            told_by_people=sum(case in (Case.WRONG_NIK, Case.COVERED_UNSEEN) for case in stories.values()),
        )

    def _good(
        self, placed: dict[Place, Row], gone: dict[int, Case], former: dict[int, int]
    ) -> Iterator[tuple[int, Case]]:
        yield from ((person, gone.get(person, Case.GOOD)) for person in former.values())
        yield from ((row.person, row.case) for row in placed.values())

    def _whose(self, row: InputRow, placed: dict[Place, Row], former: dict[int, int]) -> int:
        return former[row.number] if row.origin is Origin.FORMER else placed[row.file, row.number].person

    def _story(self, row: InputRow, placed: dict[Place, Row], gone: dict[int, Case], former: dict[int, int]) -> Case:
        if row.origin is Origin.FORMER:
            return gone.get(former[row.number], Case.GOOD)
        return placed[row.file, row.number].case

    def expected(
        self, cycle: Cycle, placed: dict[Place, Row], gone: dict[int, Case], former: dict[int, int]
    ) -> dict[Place, tuple[Case, tuple[str, str]]]:
        """Of every row that the ledger must name: its story and fate. Of several good rows of one person one is kept."""
        before = _former_of(cycle)
        found = {}
        stays = set()
        for number, person in former.items():
            story = gone.get(person, Case.GOOD)
            found[before, number] = story, FATES.get(story, KEPT)
            if story is Case.GOOD:
                stays.add(person)
        for place, row in placed.items():
            fate = FATES.get(row.case) or (MERGED if row.person in stays else KEPT)
            found[place] = row.case, fate
        return found


def _is_as(should: tuple[str, str], told: tuple[str, str], story: Case) -> bool:
    """Which of several good rows of one person is the kept one is the order's to say; `Told.paid` has one of them."""
    if story is Case.GOOD and should == KEPT:
        return told[0] in ("kept", "merged")
    return told == should if should != MERGED else told[0] == "merged"


def _former_of(cycle: Cycle) -> str:
    return "GURU-NGAJI-2020" if cycle.code == "GURU-NGAJI-2021" else ""


def _cycle(year: int) -> Cycle:
    opens_ms = START_MS - (366 * DAY_MS if year == 2020 else 0)
    return Cycle(
        f"GURU-NGAJI-{year}", "GURU-NGAJI", f"Insentif guru ngaji {year}", month(year, 1), month(year, 12),
        opens_ms, opens_ms + 14 * DAY_MS, 3,
    )  # fmt: skip


async def _first(office: Office) -> tuple[Told, dict[Place, Row]]:
    cycle, plan = _cycle(2020), office.world.first
    office.regency.clock.at_ms = cycle.opens_ms + DAY_MS
    await office.open()
    await office.open_cycle(cycle)
    with office.step("2020"):
        year = {"first": month(2020, 1), "until": month(2020, 12)}
        listed = await office.bring(
            "insentif-2020.csv", insentif_csv(plan.insentif), Kind.COVERAGE, scheme="INSENTIF-APBD", **year
        )
        placed = await office.propose(cycle, plan)
        covered = await _covered(office.regency.database, listed, plan)
        told = await office.finish(cycle, placed, {}, {}, covered)
    office.steps = {"2020": office.steps["2020"]}
    return told, placed


async def _covered(database: Database, import_id: int, plan: CyclePlan) -> dict[bytes, int]:
    """Who stands behind each coverage of the overlapping list, by its place in the file (below one line of titles)."""
    rows = await database.read(
        lambda c: c.fetch_all("SELECT reference, row FROM coverage WHERE import = $1", import_id)
    )
    return {reference: plan.insentif[row - 2][0] for reference, row in rows}


async def _second(office: Office, former: dict[int, int]) -> tuple[Told, dict[str, Counter[str]]]:
    cycle, plan, world = _cycle(2021), office.world.second, office.world
    regency = office.regency
    regency.clock.at_ms = cycle.opens_ms + DAY_MS
    await office.open_cycle(cycle, former=_former_of(cycle))
    year = {"first": month(2021, 1), "until": month(2021, 12)}
    files = {name: _proposal_file(name, plan.lists[name]) for name in FILES}
    with office.step("lists of families"):
        for name, content in world.covered.items():
            chosen = {"scheme": "BLT-DD", "village": name[7:17], **year} if name.startswith("blt") else {}
            await office.bring(name, content, Kind.COVERAGE, **chosen)
        listed = await office.bring(
            "insentif-2021.csv", insentif_csv(plan.insentif), Kind.COVERAGE, scheme="INSENTIF-APBD", **year
        )  # fmt: skip
        await regency.settle()
    covered = await _covered(regency.database, listed, plan)
    with office.step("villages' logs"):
        placed = await office.propose(cycle, plan)
    regency.clock.advance(days=1)
    reports = {}
    with office.step("lists of proposals"):
        for name, content in files.items():
            import_id = await office.bring(name, content, Kind.PROPOSALS, cycle=cycle.code)
            fates = await _row_fates(regency.database, import_id)
            reports[name] = Counter(fates.values())
            for line, row in enumerate(plan.lists[name], start=2):
                if fates[line] == "kept":
                    placed[name, line] = row
                else:
                    assert _is_read_as(row, fates[line]), (name, line, row.case, fates[line])
        await regency.settle()
    told = await office.finish(cycle, placed, plan.gone, former, covered)
    with office.step("payment list"):
        _print_all(told.locked)
    return told, reports


def _proposal_file(name: str, rows: list[Row]) -> bytes:
    cells = proposal_cells(rows)
    if name.endswith(".xlsx"):
        return write_xlsx("Usulan", PROPOSAL_HEAD, cells, 0, date(2021, 5, 1), ())
    return table(PROPOSAL_HEAD, cells, ";")


async def _row_fates(database: Database, import_id: int) -> dict[int, str]:
    rows = await database.read(lambda c: c.fetch_all("SELECT row, fate FROM import_row WHERE import = $1", import_id))
    return dict(map(tuple, rows))  # type: ignore[arg-type]


def _is_read_as(row: Row, fate: str) -> bool:
    """What a list's own reading may do with a row: the dead are dropped, and one who stands there already is merged."""
    return fate == ("dropped" if row.case is Case.LISTED_DEAD else "merged")


def _print_all(locked: Determined) -> None:
    """The files an office takes to the bank: CSV, XLSX, a sheet a sub-district."""
    found = locked.list
    rows = payment_table(found, locked.hash)
    assert sum(int(row[AMOUNT_AT]) for row in rows) == locked.total_rupiah
    write_csv(TABLE_HEADINGS, rows)
    write_xlsx(found.cycle, TABLE_HEADINGS, rows, AMOUNT_AT, date.fromisoformat(found.act.dated), (total_words(found),))
    for place in sorted({entry.village[:6] for entry in found.entries}):
        assert render_pdf(payment_sheet(found.cycle, found, locked.hash, place)).startswith(b"%PDF")


@dataclass
class Played:
    world: World
    first: Told
    second: Told
    reports: dict[str, Counter[str]]
    steps: Steps


async def play(world: World, database: Database) -> Played:
    office = Office(world, Regency(database))
    first, _ = await _first(office)
    second, reports = await _second(office, first.entries)
    return Played(world, first, second, reports, office.steps)


def is_true(played: Played) -> bool:
    """Every fate is the planted one, each who is owed is paid once, and both lists are as long as planted."""
    world, told = played.world, (played.first, played.second)
    planted = [world.recipients_first, world.recipients_second]
    return (
        [each.locked.recipients for each in told] == planted
        and not any(each.wrong for each in told)
        and all(each.paid == sorted(each.owed) for each in told)
    )


async def _at_size(scale: float, seed: int) -> Played:
    world = plant(scale, seed)
    with tempfile.TemporaryDirectory() as folder:
        database = await SqliteDatabase.open(Path(folder) / "centre.db", migrations(), SERVER)
        try:
            return await play(world, database)
        finally:
            await database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=2021)
    asked = parser.parse_args()
    played = asyncio.run(_at_size(asked.scale, asked.seed))
    second = played.second
    for each in (*played.first.wrong[:20], *second.wrong[:20]):
        print(*each)
    steps = {name: [round(each, 2) for each in taken] for name, taken in played.steps.items()}
    seconds, processor = (sum(taken[at] for name, taken in played.steps.items() if name != "2020") for at in range(2))
    figures = {
        "villages": len(played.world.homes),
        "residents": len(played.world.people),
        "proposals_2020": played.first.rows,
        "recipients_2020": played.first.locked.recipients,
        "recipients_2020_planted": played.world.recipients_first,
        "rows_2021": second.rows,
        "fates_2021": dict(second.fates),
        "recipients_2021": second.locked.recipients,
        "recipients_2021_planted": played.world.recipients_second,
        "total_rupiah": second.locked.total_rupiah,
        "wrong_fates": [len(played.first.wrong), len(second.wrong)],
        "wrong_persons": [len(set(each.paid) ^ each.owed) for each in (played.first, second)],
        "paid_twice": [len(each.paid) - len(set(each.paid)) for each in (played.first, second)],
        "left_to_validators": second.told_by_people,
        "lists": {name: dict(fates) for name, fates in played.reports.items()},
        "pairs_judged": [played.first.judged, second.judged],
        "steps": steps,
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(figures))
    if not is_true(played):
        raise SystemExit("what came out is not what was planted")


if __name__ == "__main__":
    main()
