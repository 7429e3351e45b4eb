"""Lists of other offices as commands: taken in with a report for each row, and taken out of force again."""

import contextlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as BarProgress

from central.commands.office import (
    DEFAULT_SETTINGS,
    JsonOption,
    SettingsOption,
    actor,
    archive,
    begun_archive,
    load,
    midnight_ms,
    run_command,
)
from central.domain.lists import Kind
from central.domain.lists.plans import ignored
from central.imports import Progress, Said, accept, bring, check, open_list, plan_said, undo
from central.machine import MachineClock
from central.rules import shipped_rules
from central.store import imports
from central.store.imports import ImportFile
from chassis.commands import Stopped, err, out, show
from chassis.csv_text import csv_text
from chassis.database import Database

PERMISSION_CHARACTERS_MAX = 300
FACTS = {Kind.COVERAGE: "coverages", Kind.PROPOSALS: "proposals"}
REPORT_ROWS = 5_000
"""Rows of a report that are held at once."""


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
            with shown(f"reading {file.name}", progress):
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
def shown(words: str, progress: Progress) -> Iterator[None]:
    """How far it is, on a terminal."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with BarProgress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task(words, total=None)
        progress.on_change = lambda: bar.update(task, total=progress.total, completed=progress.rows)
        yield


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
    if midnight_ms(as_of) > MachineClock().now_ms():
        raise Stopped(f"--as-of {as_of}: that day has not come yet")


async def _write_report(database: Database, import_id: int, path: Path) -> None:
    """Row, fate, and each remark with its column and masked value."""
    with path.open("w", newline="", encoding="utf-8") as target:
        target.write(csv_text([("row", "fate", "column", "value", "reason")]))
        row = 0
        while lines := await database.read(lambda c, after=row: imports.rows_after(c, import_id, after, REPORT_ROWS)):  # type: ignore[misc]
            target.write(csv_text(imports.report_cells(lines)))
            row = lines[-1].row
