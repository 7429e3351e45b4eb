"""The centre's program: one composition root, and the commands for those who look after it.

Exit codes: 0 done, 1 refused or failed (the reason stands on standard error), 2 wrong use. Commands work beside a
running centre; it notices what they changed within a second.
"""

import asyncio
import contextlib
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from prometheus_client import CollectorRegistry

from central import audit as audits
from central import tabulation
from central.commands.cycles import cycles, fates
from central.commands.imports import import_file, import_undo
from central.commands.letters import wordings
from central.commands.office import (
    DEFAULT_SETTINGS,
    PROGRAM,
    JsonOption,
    SettingsOption,
    actor,
    archive,
    begun_archive,
    load,
    migrations,
    record,
    regency_key,
    run_command,
    settings_option,
    settle,
)
from central.commands.privacy import breach, erase
from central.config import CentralSettings
from central.domain.agencies import ScopeError, read_seat
from central.domain.answers import Rules
from central.domain.coverage_sets import month_of
from central.domain.validators import VALIDATOR, read_bench
from central.enrolment import Enrolment
from central.ingest import Ingest
from central.inquiries import Post, add_inquiries
from central.machine import MachineClock, RevocationFile
from central.pipeline import Pipeline
from central.rules import shipped_agencies, shipped_rules
from central.seals import SealLists
from central.store import boxes, coverage_sets, facts, overview, rule_changes, seals
from central.web.app import build_app, build_metrics_app
from central.web.desk import Desk
from central.web.dossiers import AGENCY
from central.web.fleet import EVERYBODY
from central.web.public import build_public_app
from central.web.sync import Door, Wakeups
from chassis import backups, commands, systemd
from chassis.commands import Stopped, out, show
from chassis.database import Connection, Database
from chassis.service import run_until, serve, watch
from chassis.signing import Key
from chassis.web import WebSettings
from protocol.ids import parse_village_code
from protocol.parcel import pack_acknowledgements
from protocol.regions import village

VERSION = metadata.version("kampung")
ROLES = (*EVERYBODY, AGENCY, VALIDATOR)
SERIAL_MAX = 1_000_000
"""No village enrols so often: a larger number is a slip of the keyboard, and it would stand in the list for ever."""
SCOPE_CHARACTERS_MAX = 80
"""The name of an owner as the page of schemes shows it."""
OFFICER = "officer"

log = structlog.get_logger()
program = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
program.add_typer(cycles, name="cycle")
program.add_typer(wordings, name="letters")
program.command("import")(import_file)
program.command("import-undo")(import_undo)
program.command()(fates)
program.command()(breach)
program.command()(erase)


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
            await record(database, "enrolment_token", home.code)
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
            await record(database, "revoke", f"{home.code}/{serial}")
        out.print(f"village {home.code}, machine {serial}: revoked{'' if found else ' (it was not in use here)'}")

    run_command(work())


async def _shut_out(connection: Connection, village_code: str, serial: int) -> bool:
    """End the machine's session, and tell every village that its key seals no more letters. Was it in use?"""
    found = await boxes.revoke(connection, village_code, serial)
    box = await boxes.find(connection, village_code, serial)
    await seals.publish_keys(connection, [box] if box else [], lambda *_: True, MachineClock().now_ms())
    return found


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
            await record(database, "import_outbox", taken.village)
        last = taken.appended[-1].position.seq if taken.appended else 0
        out.print(f"village {taken.village}: {len(taken.appended)} batch(es) held, up to record {last}")

    run_command(work())


@program.command()
def decisions(settings_path: SettingsOption = DEFAULT_SETTINGS, as_json: JsonOption = False) -> None:
    """How many proposals were decided how, by cycle and reason. Decides first what still waits."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            await settle(database)
            counts = await database.read(overview.decision_counts)
        rows = [{"cycle": cycle, "outcome": outcome, "code": code, "count": n} for cycle, outcome, code, n in counts]
        show({"decisions": rows}, as_json=as_json)

    run_command(work())


@program.command("say-again")
def say_again(settings_path: SettingsOption = DEFAULT_SETTINGS) -> None:
    """Give every answer anew. After a restore of the centre, once all villages have been heard: it confirms their answers."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            await database.transact(facts.say_again)
            await record(database, "say_again", "decisions")
            waiting = await database.read(facts.count_dirty)
        out.print(f"{waiting} answer(s) are being given again")

    run_command(work())


@program.command()
def audit(settings_path: SettingsOption = DEFAULT_SETTINGS, as_json: JsonOption = False) -> None:
    """Recompute every chain, digest and decision from the records. Exit 1 when anything differs."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            await settle(database)
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
            await record(database, "restore", backup_file.name)
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
        record=lambda database, action, login: record(database, f"user_{action}", login),
    ),
    name="user",
)
add_inquiries(
    program,
    Post(
        archive=lambda path: archive(load(path)),
        settle=settle,
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
