"""The centre's program: one composition root, and the commands for those who look after it.

Exit codes: 0 done, 1 refused or failed (the reason stands on standard error), 2 wrong use. Commands work beside a
running centre; it notices what they changed within a second.
"""

import asyncio
import contextlib
import os
import pwd
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from importlib import metadata, resources
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from prometheus_client import CollectorRegistry
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as BarProgress

from central import audit as audits
from central import config, tabulation
from central.config import CentralSettings
from central.domain.agencies import ScopeError, read_seat
from central.domain.answers import Rules
from central.domain.catalogue import CatalogueError
from central.domain.coverage_sets import month_of
from central.domain.lists import Kind
from central.domain.lists.plans import ignored
from central.domain.rosters import Body, Terms
from central.domain.validators import VALIDATOR, read_bench
from central.enrolment import Enrolment
from central.imports import ImportRefused, Progress, Said, accept, bring, check, open_list, plan_said, undo
from central.ingest import Ingest
from central.inquiries import Post, add_inquiries
from central.machine import MachineClock, RevocationFile
from central.pipeline import Pipeline, judge_next
from central.rosters import read_ledger
from central.rules import shipped_agencies, shipped_rules
from central.seals import SealLists
from central.store import (
    boxes,
    coverage_sets,
    determinations,
    editions,
    facts,
    imports,
    overview,
    rosters,
    rule_changes,
    seals,
    trail,
)
from central.store.imports import ImportFile
from central.web.app import build_app, build_metrics_app
from central.web.desk import Desk
from central.web.dossiers import AGENCY
from central.web.fleet import EVERYBODY
from central.web.public import build_public_app
from central.web.sync import Door, Wakeups
from chassis import backups, commands, schema, systemd
from chassis.commands import Stopped, err, out, show
from chassis.csv_text import csv_text
from chassis.database import SERVER, Connection, Database, MigrationFolder, SqliteDatabase
from chassis.service import run_until, serve, watch
from chassis.signing import Key
from chassis.web import WebSettings
from protocol import letter_kinds
from protocol.errors import ProtocolError
from protocol.feed import Cycle, LetterEdition
from protocol.ids import InvalidCode, parse_village_code
from protocol.letter_kinds import read_publication
from protocol.letter_texts import TextError
from protocol.parcel import pack_acknowledgements
from protocol.regions import UnknownRegion, village
from protocol.schemes import DeterminedBy, month_text, parse_month

VERSION = metadata.version("kampung")
DEFAULT_SETTINGS = Path("/etc/kampung/central.toml")
PROGRAM = "kampung-central"
ROLES = (*EVERYBODY, AGENCY, VALIDATOR)
WIB_MS = 7 * 3_600_000
SERIAL_MAX = 1_000_000
"""No village enrols so often: a larger number is a slip of the keyboard, and it would stand in the list for ever."""
PERMISSION_CHARACTERS_MAX = 300
FACTS = {Kind.COVERAGE: "coverages", Kind.PROPOSALS: "proposals"}
REPORT_ROWS = 5_000
"""Rows of a report that are held at once."""
CYCLE_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,63}")
"""What is published reaches every box and stays: a code or name that a box cannot read would halt them all."""
CYCLE_NAME_CHARACTERS_MAX = 120
ACTOR_CHARACTERS_MAX = 100
SCOPE_CHARACTERS_MAX = 80
"""The name of an owner as the page of schemes shows it."""
OFFICER = "officer"
WORDING_BYTES_MAX = 2**20
"""A table or text to be published: all thirty kinds that ship take 30 KB."""

log = structlog.get_logger()
program = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
cycles = typer.Typer(no_args_is_help=True, help="Rounds of an aid scheme.")
program.add_typer(cycles, name="cycle")
wordings = typer.Typer(no_args_is_help=True, help="Kinds and wording of letters, for every village.")
program.add_typer(wordings, name="letters")

settings_option = typer.Option("--settings", "-s", envvar="KAMPUNG_CENTRAL_SETTINGS", help="The settings file (TOML).")
SettingsOption = Annotated[Path, settings_option]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def migrations() -> list[MigrationFolder]:
    return [schema.MIGRATIONS, MigrationFolder("central", resources.files("central.schema"))]


def regency_key(settings: CentralSettings) -> Key:
    """The signing key. Made together with the database and never later: a lost key must not be replaced unseen."""
    return Key.load(settings.key)


@contextlib.asynccontextmanager
async def archive(settings: CentralSettings) -> AsyncIterator[Database]:
    """The database of a centre that exists."""
    async with commands.existing(settings.database, migrations(), SERVER) as database:
        yield database


@contextlib.asynccontextmanager
async def begun_archive(settings: CentralSettings) -> AsyncIterator[Database]:
    """The same for what an operator may do first of all: the first of these commands makes key and database."""
    if not settings.database.exists():
        for folder in (settings.identity_folder, settings.data_folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not settings.key.exists():
            Key.create(settings.key)
        await (await SqliteDatabase.open(settings.database, migrations())).close()
    async with archive(settings) as database:
        yield database


@dataclass(slots=True)
class Central:
    """The running centre: the boxes' door, officers' and public pages, metrics and the pipeline over one database."""

    settings: CentralSettings
    database: Database
    key: Key

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set."""
        clock, rules, wakeups = MachineClock(), shipped_rules(), Wakeups()
        await self.database.transact(tabulation.fill_answers)
        await self.database.transact(lambda c: _announce(c, rules, clock))
        pipeline = Pipeline(self.database, rules, clock, wakeups.wake)
        revoked = RevocationFile(self.settings.revoked)
        ingest = Ingest(self.database, self.key, clock, revoked, pipeline.poke, wakeups.wake)
        await ingest.start()
        enrolment = Enrolment(self.database, self.key, clock, revoked)
        door = Door(ingest, enrolment, wakeups, pipeline.receiving).application()
        desk, registry = Desk(self.database, clock, rules, wakeups.wake, self.key.sign), CollectorRegistry()
        listen = self.settings.listen
        async with contextlib.AsyncExitStack() as stack:
            await serve(stack, door, listen.host, listen.sync_port)
            logins = WebSettings(idle_seconds=self.settings.idle_seconds, is_tls=listen.is_tls)
            await serve(stack, build_app(desk, registry, VERSION, logins), listen.host, listen.pages_port)
            if (public := self.settings.public) is not None:
                site = build_public_app(desk, is_proxied=public.is_proxied)
                await serve(stack, site, public.host, public.port)
            await serve(stack, build_metrics_app(desk, registry), listen.metrics_host, listen.metrics_port)
            log.info("centre ready", version=VERSION)
            systemd.notify("READY=1")
            pipeline.poke()
            await run_until(stopping, self._works(pipeline, SealLists(self.database, self.key, clock, revoked)))
            systemd.notify("STOPPING=1")

    def _works(self, pipeline: Pipeline, lists: SealLists) -> dict[str, Coroutine[Any, Any, None]]:
        return {
            "pipeline": pipeline.run(),
            "seal_lists": lists.run(),
            "look_around": pipeline.look_around(),
            "watchdog": watch(self.database, lambda: self.database.read(boxes.timeline), lambda: "serving"),
        }


async def _announce(connection: Connection, rules: Rules, clock: MachineClock) -> None:
    """What every village must have to check at its counter: the rule book, and this month's key over all sets."""
    now_ms = clock.now_ms()
    in_force = await rule_changes.in_force(connection, rules)
    await coverage_sets.publish_rules(connection, in_force.book.rules, now_ms)
    await coverage_sets.publish(connection, month_of(now_ms), clock.random, now_ms)


# --- commands ---------------------------------------------------------------------------------------------------------


def run_command(work: Coroutine[Any, Any, None]) -> None:
    wordings_refused = (letter_kinds.CatalogueError, TextError, editions.EditionRefused)
    foreseen = (ProtocolError, ImportRefused, CatalogueError, InvalidCode, UnknownRegion, *wordings_refused)
    commands.run_command(PROGRAM, work, foreseen)


def load(path: Path) -> CentralSettings:
    return commands.load(PROGRAM, path, config.load)


def actor() -> str:
    """Who runs a command, for the trail."""
    with contextlib.suppress(KeyError):
        return "command:" + (os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name)
    return f"command:{os.getuid()}"


@program.command()
def run(settings_path: SettingsOption = DEFAULT_SETTINGS) -> None:
    """Serve boxes and officers until stopped (SIGTERM, SIGINT)."""
    settings = load(settings_path)

    async def work() -> None:
        stopping = commands.stop_signal()
        with backups.only_one(settings.data_folder, PROGRAM):
            async with begun_archive(settings) as database:
                await Central(settings, database, regency_key(settings)).run(stopping)

    run_command(work())


@program.command()
def enrol(
    village_code: Annotated[str, typer.Argument(metavar="VILLAGE", help="Ten digits, or the dotted form.")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Give a one-time token (72 hours) with which one machine may become this village's server. Prints only the token."""
    settings = load(settings_path)

    async def work() -> None:
        home = village(parse_village_code(village_code))
        async with begun_archive(settings) as database:
            key, revoked = regency_key(settings), RevocationFile(settings.revoked)
            token = await Enrolment(database, key, MachineClock(), revoked).give_token(home.code, actor())
            await _record(database, "enrolment_token", home.code)
        sys.stdout.write(token + "\n")

    run_command(work())


@program.command()
def revoke(
    village_code: Annotated[str, typer.Argument(metavar="VILLAGE")],
    serial: Annotated[
        int, typer.Argument(min=1, max=SERIAL_MAX, help="Which enrolment of the village; its fleet page lists them.")
    ],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Shut a machine out for good (stolen, copied). Also kept outside the database, so that no restore forgets it."""
    settings = load(settings_path)

    async def work() -> None:
        home = village(parse_village_code(village_code))
        async with archive(settings) as database:
            RevocationFile(settings.revoked).add(home.code, serial)
            found = await database.transact(lambda connection: _shut_out(connection, home.code, serial))
            await _record(database, "revoke", f"{home.code}/{serial}")
        out.print(f"village {home.code}, machine {serial}: revoked{'' if found else ' (it was not in use here)'}")

    run_command(work())


async def _shut_out(connection: Connection, village_code: str, serial: int) -> bool:
    """End the machine's session, and tell every village that its key seals no more letters. Was it in use?"""
    found = await boxes.revoke(connection, village_code, serial)
    box = await boxes.find(connection, village_code, serial)
    await seals.publish_keys(connection, [box] if box else [], lambda *_: True, MachineClock().now_ms())
    return found


async def _record(database: Database, action: str, subject: str) -> None:
    now_ms = MachineClock().now_ms()
    await database.transact(
        lambda connection: trail.record(connection, at_ms=now_ms, actor=actor(), action=action, subject=subject)
    )


@program.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A list as CSV, TSV or workbook (XLSX, XLS, ODS).")],
    permission: Annotated[str, typer.Option(help="The permission under which the list is used.")],
    as_of: Annotated[str, typer.Option(help="Date of the list's data, like 2021-04-30.")],
    kind: Annotated[Kind, typer.Option(help="What a row becomes.")] = Kind.COVERAGE,
    period: Annotated[str, typer.Option(help="Months of rows without a period of their own.")] = "",
    scheme: Annotated[str, typer.Option(help="Scheme of rows that name none.")] = "",
    component: Annotated[str, typer.Option(help="Component of rows that name none.")] = "",
    cycle: Annotated[str, typer.Option(help="The cycle that proposals are for.")] = "",
    village_code: Annotated[str, typer.Option("--village", help="Village of rows that name none.")] = "",
    date_order: Annotated[str, typer.Option(help="day_first or month_first, where the dates do not show it.")] = "",
    column: Annotated[
        list[str] | None, typer.Option(help="TITLE=MEANING of a column, e.g. 'No Induk=nik'; again for more.")
    ] = None,
    sheet: Annotated[int, typer.Option(min=0, help="Which visible sheet, from 1; 0: the first with rows.")] = 0,
    is_whole: Annotated[bool, typer.Option("--all-or-nothing", help="Import only if no row is rejected.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what each row would become.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the per-row report here (CSV).")] = None,
    settings_path: SettingsOption = DEFAULT_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Import a list of recipients or proposals. A bad row is that row's problem; the same file twice is refused."""
    settings = load(settings_path)
    said = Said(kind, scheme, component, period, cycle, village_code, date_order, tuple(column or ()))

    async def work() -> None:
        _check_source(permission, as_of)
        content = file.read_bytes()
        table, book = await open_list(content, sheet)
        plan, now_ms = plan_said(table, said, book.sheet), MachineClock().now_ms()
        brought = ImportFile(sha256(content).digest(), file.name, permission, as_of, now_ms, actor(), content, kind)
        progress = Progress()
        async with begun_archive(settings) as database:
            with _shown(f"reading {file.name}", progress):
                record = await bring(database, brought)
                try:
                    checked = await check(database, record.id, table, plan, shipped_rules(), now_ms, progress)
                    if report is not None:
                        await _write_report(database, record.id, report)
                    if not dry_run:
                        await accept(
                            database, record.id, rules=shipped_rules(), actor=actor(), now_ms=now_ms, is_whole=is_whole
                        )
                finally:
                    if record.taken or record.imported_ms == now_ms:  # not one that somebody has open on a page
                        await database.transact(lambda c: imports.discard(c, record.id))
        summary = {"file": file.name, "rows": checked.rows, "fates": checked.fates, FACTS[kind]: checked.facts}
        summary |= {"ignored_columns": list(ignored(table, plan))} | ({} if dry_run else {"import": record.id})
        show(summary, as_json=as_json)

    run_command(work())


@contextlib.contextmanager
def _shown(words: str, progress: Progress) -> Iterator[None]:
    """How far it is, on a terminal."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with BarProgress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task(words, total=None)
        progress.on_change = lambda: bar.update(task, total=progress.total, completed=progress.rows)
        yield


@program.command("import-undo")
def import_undo(
    number: Annotated[int, typer.Argument(metavar="IMPORT", min=1, help="Its number, as `import` and the page say.")],
    reason: Annotated[str, typer.Option(help="Why, for whoever asks later.")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Take everything that a list brought out of force; what rested on it is decided again. Its file and report stay."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            done = await undo(database, number, reason=reason, actor=actor(), now_ms=MachineClock().now_ms())
        out.print(f"import {number}, {done.record.name}: undone")

    run_command(work())


def _check_source(permission: str, as_of: str) -> None:
    """Whoever is refused because of a list may ask by what right it is used and how old it is."""
    if not permission.isprintable() or not 1 <= len(permission.strip()) <= PERMISSION_CHARACTERS_MAX:
        raise Stopped("--permission: name the permission in one line, for example the number of the agreement")
    if _date(as_of) > MachineClock().now_ms():
        raise Stopped(f"--as-of {as_of}: that day has not come yet")


async def _write_report(database: Database, import_id: int, path: Path) -> None:
    """Row, fate, and each remark with its column and masked value."""
    with path.open("w", newline="", encoding="utf-8") as target:
        target.write(csv_text([("row", "fate", "column", "value", "reason")]))
        row = 0
        while lines := await database.read(lambda c, after=row: imports.rows_after(c, import_id, after, REPORT_ROWS)):  # type: ignore[misc]
            target.write(csv_text(imports.report_cells(lines)))
            row = lines[-1].row


@program.command("import-outbox")
def import_outbox(
    parcel: Annotated[Path, typer.Argument(help="The file that `agent export-outbox` wrote.")],
    acknowledgements: Annotated[Path, typer.Argument(help="Where to write the acknowledgements to carry back.")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Take a village's records from a stick; taking the same file again changes nothing."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            ingest = Ingest(database, regency_key(settings), MachineClock(), RevocationFile(settings.revoked))
            taken = await ingest.take_parcel(parcel.read_bytes())
            acknowledgements.write_bytes(pack_acknowledgements(taken.village, taken.appended))
            await _record(database, "import_outbox", taken.village)
        last = taken.appended[-1].position.seq if taken.appended else 0
        out.print(f"village {taken.village}: {len(taken.appended)} batch(es) held, up to record {last}")

    run_command(work())


@cycles.command("add")
def cycle_add(
    code: Annotated[str, typer.Argument(help="For example APBD-PANGAN-2021-05.")],
    scheme: Annotated[str, typer.Option(help="A scheme of the rule book.")],
    name: Annotated[str, typer.Option(help="As clerks read it.")],
    first: Annotated[str, typer.Option("--from", help="First month, like 2021-05.")],
    until: Annotated[str, typer.Option(help="Last month, like 2021-07.")],
    opens: Annotated[str, typer.Option(help="First day of the proposal window, like 2021-04-01.")],
    closes: Annotated[str, typer.Option(help="First day after the window.")],
    objection_days: Annotated[int, typer.Option(min=1, max=365)] = 14,
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Add a cycle, or change one that has the same code, and publish it to every village."""
    settings = load(settings_path)

    async def work() -> None:
        cycle = _cycle(code, scheme, name, (first, until), (opens, closes), objection_days)
        async with begun_archive(settings) as database:
            now_ms = MachineClock().now_ms()

            async def put(connection: Connection) -> None:
                _check_scheme(scheme, await rule_changes.in_force(connection, shipped_rules()))
                await facts.put_cycle(connection, cycle)
                await rule_changes.publish_cycle(connection, cycle, now_ms)

            await database.transact(put)
            await _record(database, "cycle", code)
        out.print(f"cycle {code} published")

    run_command(work())


def _check_scheme(scheme: str, rules: Rules) -> None:
    known = rules.book.schemes.get(scheme)
    if known is None:
        raise Stopped(f"{scheme!r} is no scheme: {', '.join(sorted(rules.book.schemes))}")
    if known.determined_by is DeterminedBy.MINISTRY:
        raise Stopped(f"{scheme} is determined by its ministry: import its list instead, villages propose it elsewhere")


def _cycle(
    code: str, scheme: str, name: str, months: tuple[str, str], window: tuple[str, str], objection_days: int
) -> Cycle:
    try:
        first, until = (parse_month(month) for month in months)
    except ValueError as error:
        raise Stopped(f"--from/--until: {error}") from error
    opens_ms, closes_ms = (_date(day) for day in window)
    if until < first or closes_ms <= opens_ms:
        raise Stopped("a period or window ends before it begins")
    if not CYCLE_CODE.fullmatch(code):
        raise Stopped(f"{code!r} is no code: 2 to 64 capital letters, digits and hyphens, like APBD-PANGAN-2021-05")
    if not name.isprintable() or not 1 <= len(name.strip()) <= CYCLE_NAME_CHARACTERS_MAX:
        raise Stopped(f"--name has 1 to {CYCLE_NAME_CHARACTERS_MAX} printable characters: clerks choose by it")
    return Cycle(code, scheme, name.strip(), first, until, opens_ms, closes_ms, objection_days)


def _date(text: str) -> int:
    """Midnight in WIB, in ms since 1970."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Stopped(f"{text!r} is no date: write it like 2021-05-17") from error
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000 - WIB_MS


@cycles.command("list")
def cycle_list(settings_path: SettingsOption = DEFAULT_SETTINGS, as_json: JsonOption = False) -> None:
    """The cycles and their windows."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            found = await database.read(facts.cycles)
        rows = [
            {"code": c.code, "scheme": c.scheme, "opens": _day(c.opens_ms), "closes": _day(c.closes_ms)} | _months(c)
            for c in found
        ]
        show({"cycles": rows}, as_json=as_json)

    run_command(work())


@cycles.command("terms")
def cycle_terms(
    code: Annotated[str, typer.Argument(help="A cycle that was added.")],
    amount: Annotated[int, typer.Option(min=1, help="Rupiah for each recipient.")],
    quota: Annotated[int, typer.Option(min=0, help="Recipients at most; 0 for no limit.")] = 0,
    budget: Annotated[int, typer.Option(min=0, help="Rupiah at most; 0 for no limit.")] = 0,
    required: Annotated[str, typer.Option(help="Who must validate: village, lptq or village,lptq.")] = "",
    former: Annotated[str, typer.Option(help="The determined cycle whose recipients come over.")] = "",
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Say what a cycle pays, to how many, and who validates. Until its list is determined; the last word counts."""
    settings = load(settings_path)

    async def work() -> None:
        try:
            bodies = tuple(Body(word.strip()) for word in required.split(",") if word.strip())
        except ValueError:
            raise Stopped(f"--required {required!r}: write village, lptq or village,lptq") from None
        terms = Terms(amount_rupiah=amount, quota=quota, budget_rupiah=budget, required=bodies, former=former)

        async def put(connection: Connection) -> None:
            known = {cycle.code for cycle in await facts.cycles(connection)}
            if code not in known:
                raise Stopped(f"{code!r} is no cycle: {', '.join(sorted(known)) or 'none was added yet'}")
            if await determinations.in_force(connection, code) is not None:
                raise Stopped(f"the list of {code} is determined: what it pays cannot change any more")
            if former and await determinations.in_force(connection, former) is None:
                raise Stopped(f"--former {former}: no list of that cycle is determined")
            await rosters.put_terms(connection, code, terms, actor(), MachineClock().now_ms())

        async with archive(settings) as database:
            await database.transact(put)
        out.print(f"cycle {code}: terms recorded")

    run_command(work())


@program.command()
def fates(
    code: Annotated[str, typer.Argument(metavar="CYCLE")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """What became of every row that was brought to a cycle: of its determined list, else as the facts stand now."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            await _settle(database)
            ledger = await read_ledger(database, shipped_rules(), code)
        if ledger is None:
            raise Stopped(f"{code!r}: no such cycle, or `cycle terms` has not said yet what it pays")
        rows = [
            {
                "file": line.file,
                "row": line.row,
                "fate": line.fate,
                "reason": line.reason,
                "decision": line.record.hex(),
            }
            for line in ledger
        ]
        if as_json:
            show({"cycle": code, "rows": rows}, as_json=True)
        else:
            counts = Counter((row["fate"], row["reason"]) for row in rows)
            table = [{"fate": fate, "reason": reason, "rows": n} for (fate, reason), n in sorted(counts.items())]
            show({"fates": table, "rows": len(rows)}, as_json=False)

    run_command(work())


def _months(cycle: Cycle) -> dict[str, str]:
    return {"from": month_text(cycle.month_from), "until": month_text(cycle.month_until)}


def _day(ms: int) -> str:
    return datetime.fromtimestamp((ms + WIB_MS) / 1000, UTC).date().isoformat()


@wordings.command("publish")
def letters_publish(
    folder: Annotated[Path, typer.Argument(help="letters.csv, letter_fields.csv and texts/<kind>-<version>.txt.")],
    by: Annotated[str, typer.Option("--actor", help="For whom it is published, for the trail.")] = "",
    settings_path: SettingsOption = DEFAULT_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Publish letter kinds and their wording to every village, all of a folder or nothing. What is published never changes."""
    settings = load(settings_path)

    async def work() -> None:
        async with begun_archive(settings) as database:
            wanted = _read_wordings(folder, regency_key(settings))
            now_ms, who = MachineClock().now_ms(), _actor_named(by)
            news = await database.transact(lambda c: editions.publish(c, wanted, actor=who, now_ms=now_ms))
        show({"published": [_edition_facts(each) for each in news], "known": len(wanted) - len(news)}, as_json=as_json)

    run_command(work())


def _read_wordings(folder: Path, key: Key) -> list[LetterEdition]:
    """Raises CatalogueError or TextError, naming file, line and cure, and Stopped for a folder of another shape."""
    texts = {path.name: _read_text(path) for path in sorted((folder / "texts").glob("*")) if path.is_file()}
    if not texts:
        raise Stopped(f"{folder}: no texts/<kind>-<version>.txt in it")
    tables = _read_text(folder / "letters.csv"), _read_text(folder / "letter_fields.csv")
    return read_publication(*tables, texts, key.sign)


def _read_text(path: Path) -> str:
    try:
        return commands.read_whole(path, WORDING_BYTES_MAX).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Stopped(f"{path}: not UTF-8 at byte {error.start}: save it as UTF-8") from None


def _actor_named(name: str) -> str:
    """Whoever runs the command, and for whom: a name alone could be anybody's."""
    if not name.isprintable() or len(name) > ACTOR_CHARACTERS_MAX:
        raise Stopped(f"--actor: one line of at most {ACTOR_CHARACTERS_MAX} characters")
    return f"{actor()} for {name.strip()}" if name.strip() else actor()


def _edition_facts(each: LetterEdition) -> dict[str, Any]:
    facts = {"kind": each.kind, "version": each.version, "valid_from": each.valid_from}
    return facts | {"retired": "yes" if each.is_retired else "no"}


@wordings.command("list")
def letters_list(settings_path: SettingsOption = DEFAULT_SETTINGS, as_json: JsonOption = False) -> None:
    """The kinds and versions that were published; what ships with the program is not among them."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            found = await database.read(editions.listed)
        show({"letters": [_edition_facts(each) for each in found]}, as_json=as_json)

    run_command(work())


@program.command()
def decisions(settings_path: SettingsOption = DEFAULT_SETTINGS, as_json: JsonOption = False) -> None:
    """How many proposals were decided how, by cycle and reason. Decides first what still waits."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            await _settle(database)
            counts = await database.read(overview.decision_counts)
        rows = [{"cycle": cycle, "outcome": outcome, "code": code, "count": n} for cycle, outcome, code, n in counts]
        show({"decisions": rows}, as_json=as_json)

    run_command(work())


async def _settle(database: Database) -> None:
    """Tabulate and decide whatever waits; the running centre does the same, one transaction at a time."""
    clock, rules = MachineClock(), shipped_rules()
    await database.transact(tabulation.fill_answers)
    while await database.transact(lambda c: judge_next(c, rules, clock.now_ms())):
        pass


@program.command("say-again")
def say_again(settings_path: SettingsOption = DEFAULT_SETTINGS) -> None:
    """Give every answer anew. After a restore of the centre, once all villages have been heard: it confirms their answers."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            await database.transact(facts.say_again)
            await _record(database, "say_again", "decisions")
            waiting = await database.read(facts.count_dirty)
        out.print(f"{waiting} answer(s) are being given again")

    run_command(work())


@program.command()
def audit(settings_path: SettingsOption = DEFAULT_SETTINGS, as_json: JsonOption = False) -> None:
    """Recompute every chain, digest and decision from the records. Exit 1 when anything differs."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            await _settle(database)
            problems = await database.quick_check()
            found = await database.read(lambda connection: audits.audit(connection, shipped_rules()))
        problems += found.problems
        counts = {"ops": found.ops, "feed_items": found.feed_items, "decisions": found.decisions}
        show({**counts, "problems": problems or "none"}, as_json=as_json)
        if problems:
            raise Stopped(f"{len(problems)} problem(s) found")

    run_command(work())


@program.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Where to put the backup file.")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Write one consistent copy of the database, also while the centre runs. The key is never part of it."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            path = await backups.write_backup(database, folder, "centre")
        out.print(str(path))

    run_command(work())


@program.command()
def restore(
    backup_file: Annotated[Path, typer.Argument(help="A file written by `kampung-central backup`.")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Put a backup in place of the database (stop the centre first) and start a new timeline, which the boxes heal."""
    settings = load(settings_path)

    async def work() -> None:
        regency_key(settings)  # a centre without its key cannot speak to any box: say so before anything is touched
        await backups.restore(PROGRAM, backup_file, settings.database, migrations(), boxes.timeline)
        clock = MachineClock()
        async with archive(settings) as database:
            timeline, now_ms = clock.random(16), clock.now_ms()
            await database.transact(lambda connection: boxes.start_timeline(connection, timeline, now_ms))
            await _record(database, "restore", backup_file.name)
        out.print(f"restored {backup_file.name}; a new timeline began, the villages will send what is missing")

    run_command(work())


def check_scope(role: str, scope: str) -> None:
    """An agency's account is bound to its office, a validator's to its place, an officer's may be to the owner of some
    schemes, whose rules alone they change; all others see what their role sees."""
    if role == OFFICER and scope.isprintable() and len(scope) <= SCOPE_CHARACTERS_MAX:
        return
    if role not in {AGENCY, VALIDATOR}:
        commands.no_scope(role, scope)
        return
    try:
        if role == VALIDATOR:
            read_bench(scope)
        else:
            read_seat(scope, shipped_agencies())
    except ScopeError as error:
        raise Stopped(f"--scope: {error}") from error


program.add_typer(
    commands.account_commands(
        PROGRAM,
        roles=ROLES,
        settings_option=settings_option,
        default_settings=DEFAULT_SETTINGS,
        open_database=lambda path: begun_archive(load(path)),
        now_ms=MachineClock().now_ms,
        check_scope=check_scope,
        record=lambda database, action, login: _record(database, f"user_{action}", login),
    ),
    name="user",
)
add_inquiries(
    program,
    Post(
        archive=lambda path: archive(load(path)),
        settle=_settle,
        run=run_command,
        rules=shipped_rules,
        actor=actor,
        now_ms=MachineClock().now_ms,
    ),
    settings_option,
    DEFAULT_SETTINGS,
)


def main() -> None:
    program()


if __name__ == "__main__":
    main()
