"""The village's program: one composition root, and the commands for those who look after the box.

Exit codes: 0 done, 1 refused or failed (the reason stands on standard error), 2 wrong use. Every command that changes
something names what it changes; `--json` gives machines the same answer.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib import metadata, resources
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from prometheus_client import CollectorRegistry

from agent import config, data, identity
from agent.config import AgentSettings
from agent.domain.catalogue import Catalogue
from agent.domain.numbering import date_wib
from agent.domain.proposal_fields import read_photos, read_questions
from agent.domain.rosters import Fate, RowReport, read_roster
from agent.domain.seals import Answer
from agent.health import Health
from agent.identity import BoxIdentity, NotEnrolled
from agent.machine import MachineStamper
from agent.render.emblem import EmblemRefused, read_emblem
from agent.road import HttpRoad, Lanes, Threads
from agent.store import MarkFile, Store, WrongVillage, feed, inspection, oplog, parcel, rosters, seals
from agent.sync import Courier, LineDown
from agent.web.app import build_app, build_metrics_app
from agent.web.kiosk import build_kiosk_app
from agent.web.office import Office
from chassis import backups, commands, schema, systemd
from chassis.commands import Stopped, out, show
from chassis.database import Connection, Database, MigrationFolder, SqliteDatabase
from chassis.service import run_until, serve, watch
from chassis.spreadsheets import WorkbookRefused, as_csv, is_workbook
from protocol.codec import decode, encode
from protocol.errors import ProtocolError
from protocol.letter_kinds import CatalogueError, read_shipped
from protocol.lists.tables import ListRefused
from protocol.messages import RECEIPT, EnrolReply, EnrolRequest, Failure, Receipt, open_signed
from protocol.parcel import Label, read_acknowledgements
from protocol.seal import TEXT_LENGTH_MAX, Standing
from protocol.session import Condition

VERSION = metadata.version("kampung")
DEFAULT_SETTINGS = Path("/etc/kampung/agent.toml")
PROGRAM = "agent"
ENROL_SECONDS = 30
"""Longest wait for the certificate: a thin line carries it in a few seconds."""
TOKEN_CHARACTERS_MAX = 256
"""A token has 32; more is the wrong file."""
BACKUPS_KEPT = 14
"""Two weeks of daily backups: a fault that nobody saw in a fortnight is in all of them anyway."""
ROLES = ("clerk", "secretary", "head")

log = structlog.get_logger()
program = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

settings_option = typer.Option("--settings", "-s", envvar="KAMPUNG_AGENT_SETTINGS", help="The settings file (TOML).")
SettingsOption = Annotated[Path, settings_option]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def migrations() -> list[MigrationFolder]:
    return [schema.MIGRATIONS, MigrationFolder("agent", resources.files("agent.schema"))]


def catalogue(settings: AgentSettings, who: BoxIdentity | None) -> Catalogue:
    """Every edition that ships with the program, under the office's own codes; the regency's are heard from the archive."""
    shipped = read_shipped(data.letters_csv(), data.letter_fields_csv(), data.letter_texts())
    judge = who.verify_central if who else lambda message, signature: False
    return Catalogue(shipped.values(), settings.numbers.codes, judge)


def office_emblem(settings: AgentSettings) -> str:
    """What stands beside the letterhead. Raises EmblemRefused, naming the setting."""
    if settings.office.logo is None:
        return ""
    try:
        return read_emblem(settings.office.logo)
    except EmblemRefused as error:
        raise EmblemRefused(error.fault, f"office.logo: {settings.office.logo}") from error


@contextlib.contextmanager
def alone(settings: AgentSettings) -> Iterator[None]:
    """Two programs on one data folder would give one number twice: the second is refused."""
    settings.identity_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with backups.only_one(settings.data_folder, PROGRAM):
        yield


@contextlib.asynccontextmanager
async def archive(settings: AgentSettings) -> AsyncIterator[Store]:
    """The opened archive, for a command or for the service."""
    with alone(settings):
        database = await SqliteDatabase.open(settings.database, migrations())
        mark = MarkFile(settings.mark)
        store = Store(database, mark, MachineStamper(), settings.village)
        try:
            await store.open()
            yield store
        finally:
            await database.close()
            mark.close()


@dataclass(slots=True)
class Agent:
    """The running program: pages, metrics, post room and calendar jobs over one archive."""

    settings: AgentSettings
    store: Store
    courier: Courier | None = None
    identity: BoxIdentity | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set."""
        async with contextlib.AsyncExitStack() as stack:
            lanes = await self._open_road(stack)
            office = self._office()
            await self._check_kinds(office)
            registry = CollectorRegistry()
            await serve(
                stack, build_app(office, registry, VERSION), self.settings.listen.host, self.settings.listen.port
            )
            if self.settings.kiosk is not None:
                await serve(stack, build_kiosk_app(office), self.settings.kiosk.host, self.settings.kiosk.port)
            await serve(
                stack,
                build_metrics_app(office, registry),
                self.settings.listen.metrics_host,
                self.settings.listen.metrics_port,
            )
            self._start_jobs(stack)
            log.info("agent ready", village=self.settings.village, condition=str(self.store.condition), version=VERSION)
            systemd.notify("READY=1")
            await run_until(stopping, self._works(lanes))
            systemd.notify("STOPPING=1")

    def _office(self) -> Office:
        return Office(
            settings=self.settings,
            store=self.store,
            stamper=self.store.stamper,
            catalogue=catalogue(self.settings, self.identity),
            road=lambda: self.courier.status if self.courier else None,
            identity=self.identity,
            questions=read_questions(data.proposal_fields_csv()),
            photos=read_photos(data.proposal_fields_csv()),
            unseal=self._unseal,
            logo=office_emblem(self.settings),
        )

    async def _check_kinds(self, office: Office) -> None:
        """A path for a letter that does not exist would be walked by none. Raises CatalogueError.

        A box that is enrolled and lost something, or was never told anything, may yet hear of the kind: it works, and says so.
        """
        await office.hear()
        unknown = office.unknown_kinds()
        if not unknown:
            return
        is_told = self.store.condition is Condition.INTACT and await self.store.database.read(feed.is_told)
        if is_told or self.identity is None:
            table = "workflow.kinds" if unknown[0] in self.settings.workflow.kinds else "numbers.codes"
            raise CatalogueError(f"{table}: no such letter kind: {', '.join(unknown)}")
        log.warning("letter kinds in the settings are not known yet", kinds=unknown)

    def _unseal(self, sealed: bytes) -> bytes | None:
        return self.identity.key.unseal(sealed) if self.identity else None

    async def _open_road(self, stack: contextlib.AsyncExitStack) -> Lanes | None:
        """None on a box that is not enrolled: the counter works all the same."""
        try:
            who = BoxIdentity.load(self.settings.identity_folder)
        except NotEnrolled as error:
            log.warning("not enrolled", cure=str(error))
            return None
        if who.village != self.settings.village:
            raise Stopped(f"the certificate is village {who.village}'s, the settings say {self.settings.village}")
        self.identity = who
        road = HttpRoad.open(self.settings.central.url, self.settings.central.ca_file)
        stack.push_async_callback(road.close)
        health = Health(self.store, self.settings.data_folder)
        stamper = self.store.stamper
        self.courier = Courier(
            store=self.store,
            identity=who,
            road=road,
            chance=lambda: int.from_bytes(stamper.random(4), "big") / 2**32,
            health=health.numbers,
            software=VERSION,
            aside=Threads(),
        )
        lanes = Lanes(self.courier)
        self.store.on_written = lanes.wake
        return lanes

    def _start_jobs(self, stack: contextlib.AsyncExitStack) -> None:
        """Calendar jobs only; the post room never depends on a calendar."""
        if self.settings.backup_folder is None:
            return
        jobs = AsyncIOScheduler(timezone="Asia/Jakarta")
        jobs.add_job(
            self._back_up,
            "cron",
            hour=self.settings.backup_hour,
            misfire_grace_time=6 * 3600,
            coalesce=True,
            id="backup",
        )
        jobs.start()
        stack.callback(jobs.shutdown, wait=False)

    async def _back_up(self) -> None:
        if self.settings.backup_folder is not None:
            path = await back_up(self.store, self.settings.backup_folder)
            log.info("backup written", file=path.name)

    def _works(self, lanes: Lanes | None) -> dict[str, Coroutine[Any, Any, None]]:
        works = {"watchdog": watch(self.store.database, self.store.is_numbering_known, self._words)}
        return works if lanes is None else {**works, "lanes": lanes.run()}

    def _words(self) -> str:
        status = self.courier.status if self.courier else None
        if status is None:
            return "not enrolled; the counter works"
        if status.halted:
            return f"sync halted: {status.halted}; the counter works"
        return (
            "online" if status.is_online else f"offline ({status.last_error or 'not reached yet'}); the counter works"
        )


# --- commands ---------------------------------------------------------------------------------------------------------


def run_command(work: Coroutine[Any, Any, None]) -> None:
    foreseen = (NotEnrolled, WrongVillage, ProtocolError, LineDown, CatalogueError, EmblemRefused, WorkbookRefused)
    commands.run_command(PROGRAM, work, foreseen)


def load(path: Path) -> AgentSettings:
    return commands.load(PROGRAM, path, config.load)


@program.command()
def run(settings_path: SettingsOption = DEFAULT_SETTINGS) -> None:
    """Serve the pages and keep in touch with the centre until stopped (SIGTERM, SIGINT)."""
    settings = load(settings_path)

    async def work() -> None:
        stopping = commands.stop_signal()
        async with archive(settings) as store:
            await Agent(settings, store).run(stopping)

    run_command(work())


@program.command()
def enrol(
    token_file: Annotated[Path, typer.Argument(help="File with the one-time token; - reads standard input.")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Make this box the village's server: new keys here, a certificate from the centre.

    When no answer came: the same command with the same token once more.
    """
    settings = load(settings_path)

    async def work() -> None:
        token = commands.read_small(token_file, TOKEN_CHARACTERS_MAX)
        if not token:
            raise Stopped("no token was given: `kampung-central enrol VILLAGE` prints one")
        async with archive(settings) as store:
            key = identity.prepare_key(settings.identity_folder, token)
            request = EnrolRequest(token, key.public, identity.fingerprint(), settings.village)
            reply = await _ask_for_certificate(settings, request)
            certificate = identity.check_enrolment(key, settings.village, reply)
            # a former server may have numbered without ever being heard
            await store.note_enrolment(reply, is_first=certificate.serial == 1 and not reply.logs)
            identity.keep_enrolment(settings.identity_folder, token, reply)
        if reply.is_agenda_needed:
            out.print("another server may have numbered letters: confirm the last line of the paper agenda on /numbers")
        out.print(f"enrolled as village {settings.village}")

    run_command(work())


async def _ask_for_certificate(settings: AgentSettings, request: EnrolRequest) -> EnrolReply:
    road = HttpRoad.open(settings.central.url, settings.central.ca_file)
    try:
        reply = await road.request("POST", "/v1/enrol", {}, {}, encode(request), ENROL_SECONDS)
    except LineDown as error:
        raise Stopped(
            f"no answer came from the centre at {settings.central.url} ({error}): check central.url, then run this command"
            " with the same token again"
        ) from error
    finally:
        await road.close()
    try:
        if reply.status == 200:
            return decode(reply.body, EnrolReply)
        said = decode(reply.body, Failure)
    except ProtocolError as error:
        raise Stopped(f"what answers at {settings.central.url} is not the centre (HTTP {reply.status})") from error
    raise Stopped(f"the centre refused village {settings.village}: {said.code}: {said.detail}")


@program.command()
def status(settings_path: SettingsOption = DEFAULT_SETTINGS, as_json: JsonOption = False) -> None:
    """What this box holds and what waits to be sent. Reads beside a running agent."""
    settings = load(settings_path)

    async def work() -> None:
        async with commands.existing(settings.database, migrations()) as database:
            heads = await database.read(oplog.heads)
            waiting = await database.read(oplog.outbox)
        is_enrolled = (settings.identity_folder / "certificate").exists()
        facts: dict[str, Any] = {
            "village": settings.village,
            "version": VERSION,
            "enrolled": is_enrolled,
            "logs": [{"log": head.log_id.hex(), "head": head.seq, "acknowledged": acked} for _, head, acked in heads],
            "waiting": waiting.ops,
            "oldest_waiting": _time(waiting.oldest_ms),
        }
        show(facts, as_json=as_json)

    run_command(work())


def _time(ms: int | None) -> str | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")


@program.command()
def verify(settings_path: SettingsOption = DEFAULT_SETTINGS, as_json: JsonOption = False) -> None:
    """Read the whole archive again: database pages, hash chains, feed digests, signed wordings, mark. Exit 1 when anything is
    wrong."""
    settings = load(settings_path)

    async def work() -> None:
        try:
            is_regencys = BoxIdentity.load(settings.identity_folder).verify_central
        except NotEnrolled:
            is_regencys = None
        async with commands.existing(settings.database, migrations()):
            pass  # a path without a database must not make one that has nothing wrong with it
        async with archive(settings) as store:
            condition = store.condition
            problems = await inspection.inspect(store, is_regencys)
        if condition not in {Condition.INTACT, Condition.FRESH}:
            problems.append(f"condition: {condition}")
        show({"village": settings.village, "problems": problems or "none"}, as_json=as_json)
        if problems:
            raise Stopped(f"{len(problems)} problem(s) found")

    run_command(work())


@program.command("verify-seal")
def verify_seal(
    code: Annotated[Path, typer.Argument(help="File with the text of a letter's QR code; - reads standard input.")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Is a letter genuine, by the keys and revocations this box holds? Exit 0 only when it is. Reads beside a running agent."""
    settings = load(settings_path)

    async def work() -> None:
        text = commands.read_small(code, TEXT_LENGTH_MAX + 1)
        try:
            trust = identity.trust_of(BoxIdentity.load(settings.identity_folder))
        except NotEnrolled:
            trust = identity.trust_of(None)
        now_ms, days_max = MachineStamper().now_ms(), settings.revocations_days_max
        async with commands.existing(settings.database, migrations()) as database:
            answer = await database.read(lambda c: seals.check(c, text, trust, now_ms=now_ms, days_max=days_max))
        show(_answer_facts(answer), as_json=as_json)
        if answer.standing is not Standing.VALID:
            raise Stopped(f"not to be accepted: {answer.standing}")

    run_command(work())


def _answer_facts(answer: Answer) -> dict[str, Any]:
    facts: dict[str, Any] = {"answer": str(answer.standing), "revocations_as_of": _time(answer.list_as_of_ms)}
    if answer.seal is not None:
        said = answer.seal
        facts |= {
            "letter": said.letter.hex(),
            "kind": said.kind,
            "number": said.number,
            "village": said.village,
            "issued_on": said.issued_on.isoformat(),
            "valid_until": None if said.valid_until is None else said.valid_until.isoformat(),
            "name": said.masked_name,
            "revoked": _time(answer.revoked_ms),
        }
    return facts


@program.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Where to put the backup file.")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Write one consistent copy of the database, also while the agent runs. Keys and mark are never part of it."""
    settings = load(settings_path)

    async def work() -> None:
        async with commands.existing(settings.database, migrations()) as database:
            out.print(str(await backups.write_backup(database, folder, f"village-{settings.village}")))

    run_command(work())


async def back_up(store: Store, folder: Path) -> Path:
    """A backup of a running archive; old ones beyond BACKUPS_KEPT are removed."""
    path = await backups.write_backup(store.database, folder, f"village-{store.village}")
    for old in sorted(folder.glob(f"village-{store.village}-*.db"))[:-BACKUPS_KEPT]:
        old.unlink()
    return path


@program.command()
def restore(
    backup_file: Annotated[Path, typer.Argument(help="A file written by `agent backup`.")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Put a backup in place of the database. The present one is set aside, never deleted; the mark stays."""
    settings = load(settings_path)

    async def is_own(connection: Connection) -> None:
        found = await connection.fetch_value("SELECT village FROM box")
        if found != settings.village:
            raise backups.BackupRefused(f"the backup is village {found}'s; this box is village {settings.village}'s")

    async def work() -> None:
        await backups.restore(PROGRAM, backup_file, settings.database, migrations(), is_own)
        async with archive(settings) as store:
            out.print(f"restored village {settings.village}; condition: {store.condition}")

    run_command(work())


@program.command("export-outbox")
def export_outbox(
    target: Annotated[Path, typer.Argument(help="The file to write.")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Write everything the centre has not acknowledged to a file for a stick (`kampung-central import-outbox` takes it)."""
    settings = load(settings_path)

    async def work() -> None:
        who = BoxIdentity.load(settings.identity_folder)
        async with commands.existing(settings.database, migrations()) as database:
            label = Label(settings.village, who.certificate, VERSION)
            written, ops = await database.read(lambda connection: parcel.export_outbox(connection, label, who.sign))
        identity.replace_file(target, written)
        out.print(f"{ops} record(s) of village {settings.village} written to {target}")

    run_command(work())


@program.command("import-acknowledgements")
def import_acknowledgements(
    source: Annotated[Path, typer.Argument(help="The file that `kampung-central import-outbox` wrote.")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Take the centre's signed acknowledgements from a stick. Only while the agent is stopped."""
    settings = load(settings_path)

    async def work() -> None:
        who = BoxIdentity.load(settings.identity_folder)
        carried = read_acknowledgements(source.read_bytes())
        if carried.village != settings.village:
            raise Stopped(f"these acknowledgements are village {carried.village}'s")
        async with archive(settings) as store:
            for appended in carried.appended:
                receipt = open_signed(RECEIPT, appended.receipt, Receipt, who.verify_central)
                await store.acknowledge(receipt, appended.receipt)
        out.print(f"{len(carried.appended)} acknowledgement(s) taken")

    run_command(work())


@program.command("import-residents")
def import_residents(
    source: Annotated[Path, typer.Argument(help="The village's roster as CSV or workbook, in SIAK or OpenSID shape.")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what the import would do.")] = False,
    actor: Annotated[str, typer.Option(help="Who brings the file, for the record.")] = "import-residents",
    as_json: JsonOption = False,
) -> None:
    """Take the village's people in from a file. Only while the agent is stopped; the page takes files while it runs.

    Known NIKs are changed only where the file differs; nobody is deleted. A bad row is that row's problem.
    """
    settings = load(settings_path)

    async def work() -> None:
        content = commands.read_whole(source, rosters.FILE_BYTES_MAX)
        digest = sha256(content).digest()
        if is_workbook(content):
            content = await as_csv(content)
        async with archive(settings) as store:
            today = date_wib(store.stamper.now_ms())
            roster = read_roster(content, today, settings.home)
            if isinstance(roster, ListRefused):
                raise Stopped(f"{source}: {roster.sentence}")
            if await store.database.read(lambda connection: rosters.find(connection, digest)) is not None:
                raise Stopped(f"{source}: this file was imported before; nothing was changed")
            reports = await rosters.preview(store.database, roster, today)
            if not is_dry_run:
                await rosters.take_in(store, roster, digest=digest, file_name=source.name, today=today, actor=actor)
        show(_roster_facts(settings, reports, roster.ignored, is_dry_run=is_dry_run), as_json=as_json)

    run_command(work())


def _roster_facts(
    settings: AgentSettings, reports: list[RowReport], ignored: tuple[str, ...], *, is_dry_run: bool
) -> dict[str, Any]:
    fates = Counter(report.fate for report in reports)
    told = [
        {"row": report.line, "fate": report.fate.value, "column": r.column, "value": r.value, "reason": r.reason}
        for report in reports
        for r in report.remarks
    ]
    return {
        "village": settings.village,
        "written": not is_dry_run,
        **{fate.value: fates[fate] for fate in Fate},
        "columns passed over": list(ignored) or "none",
        "rows": told,
    }


@contextlib.asynccontextmanager
async def _accounts(settings_path: Path) -> AsyncIterator[Database]:
    """The database beside a running agent: SQLite lets the two writers take turns."""
    settings = load(settings_path)
    settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = await SqliteDatabase.open(settings.database, migrations())
    try:
        yield database
    finally:
        await database.close()


program.add_typer(
    commands.account_commands(
        PROGRAM,
        roles=ROLES,
        settings_option=settings_option,
        default_settings=DEFAULT_SETTINGS,
        open_database=_accounts,
        now_ms=MachineStamper().now_ms,
    ),
    name="user",
)


def main() -> None:
    program()


if __name__ == "__main__":
    main()
