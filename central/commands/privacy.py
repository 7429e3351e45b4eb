"""What the law on personal data asks of whoever runs the centre: whom a breach touched, and what is erased when."""

import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from central.commands.office import (
    DEFAULT_SETTINGS,
    WIB_MS,
    JsonOption,
    SettingsOption,
    actor,
    archive,
    load,
    midnight_ms,
    run_command,
)
from central.machine import MachineClock
from central.store import access, breaches, retention
from chassis.commands import Stopped, out, show
from chassis.csv_text import csv_text
from chassis.database import Connection
from protocol.ids import parse_village_code
from protocol.regions import village as village_of

DAY_MS = 86_400_000
REASON_MIN, REASON_MAX = 5, 300


def breach(
    reason: Annotated[str, typer.Option(help="What happened: it stands in the log of looks.")],
    found: Annotated[
        str, typer.Option(help="The day it became known, like 2021-05-17: three days later is the deadline.")
    ],
    village: Annotated[str, typer.Option(help="The village whose server was lost.")] = "",
    account: Annotated[str, typer.Option(help="The login that was misused.")] = "",
    first: Annotated[str, typer.Option("--from", help="First day of an account's misuse.")] = "2000-01-01",
    until: Annotated[str, typer.Option(help="Last day; by default the day it became known.")] = "",
    people: Annotated[
        Path | None, typer.Option(help="Write the full numbers to this new file (CSV), for the notices.")
    ] = None,
    settings_path: SettingsOption = DEFAULT_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Whom a breach touched, and until when they must be told (Law 27/2022, article 46)."""
    settings = load(settings_path)

    async def work() -> None:
        if bool(village) == bool(account):
            raise Stopped("name what was breached: either --village or --account")
        said = " ".join(reason.split())
        if not REASON_MIN <= len(said) <= REASON_MAX or not said.isprintable():
            raise Stopped(f"--reason has {REASON_MIN} to {REASON_MAX} printable characters")
        found_ms, end_ms = midnight_ms(found), midnight_ms(until or found) + DAY_MS
        code = village_of(parse_village_code(village)).code if village else ""

        async def look(connection: Connection) -> breaches.Touched:
            if account:
                touched = await breaches.by_account(connection, account, midnight_ms(first), end_ms)
            else:
                touched = await breaches.by_village(connection, code, end_ms)
            now_ms, niks = MachineClock().now_ms(), touched.people if people else ()
            await access.record_view(
                connection, now_ms=now_ms, actor=actor(), action="breach", subject=code or account, niks=niks, why=said
            )
            if people:
                _write(people, touched.people)  # before the commit: no list without its line in the log of looks
            return touched

        async with archive(settings) as database:
            touched = await database.transact(look)
        told = {"people": len(touched.people), "places": dict(sorted(touched.places.items()))}
        told |= {"seen_and_unknown": touched.unknown, "notice_due": _moment(found_ms + breaches.NOTICE_MS)}
        show(told, as_json=as_json)
        if village and not as_json:
            out.print("the village's own register of residents is not at the centre: notify whom it holds, too")

    run_command(work())


def _write(path: Path, niks: set[str]) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Stopped(f"--people {path}: {error.strerror}; name a file that is not there yet") from error
    with open(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(csv_text([["NIK"], *([nik] for nik in sorted(niks))]))


def _moment(ms: int) -> str:
    return datetime.fromtimestamp((ms + WIB_MS) / 1000, UTC).strftime("%Y-%m-%d %H:%M WIB")


def erase(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    settings_path: SettingsOption = DEFAULT_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """Erase what is older than the settings keep it (`[retention]`): residents' reports, photographs, logins."""
    settings = load(settings_path)

    async def work() -> None:
        now_ms, kept = MachineClock().now_ms(), settings.retention
        limits = retention.Limits(
            reports_ms=now_ms - kept.reports_days * DAY_MS,
            pictures_ms=now_ms - kept.pictures_days * DAY_MS if kept.pictures_days else 0,
            logins_ms=now_ms - kept.logins_days * DAY_MS,
        )
        async with archive(settings) as database:
            if dry_run:
                found = await database.read(lambda c: retention.due(c, limits))
            else:
                found = await database.transact(lambda c: retention.erase(c, limits, actor=actor(), now_ms=now_ms))
        show({"erased": not dry_run, **asdict(found)}, as_json=as_json)

    run_command(work())
