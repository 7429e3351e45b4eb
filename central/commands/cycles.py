"""Rounds of an aid scheme: add one, say what it pays, and what became of every row brought to it."""

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import typer

from central.commands.office import (
    DEFAULT_SETTINGS,
    WIB_MS,
    JsonOption,
    SettingsOption,
    actor,
    archive,
    begun_archive,
    load,
    midnight_ms,
    record,
    run_command,
    settle,
)
from central.domain.answers import Rules
from central.domain.rosters import Body, Terms
from central.machine import MachineClock
from central.rosters import read_ledger
from central.rules import shipped_rules
from central.store import determinations, facts, rosters, rule_changes
from chassis.commands import Stopped, out, show
from chassis.database import Connection
from protocol.feed import Cycle
from protocol.schemes import DeterminedBy, month_text, parse_month

CYCLE_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,63}")
"""What is published reaches every box and stays: a code or name that a box cannot read would halt them all."""
CYCLE_NAME_CHARACTERS_MAX = 120

cycles = typer.Typer(no_args_is_help=True, help="Rounds of an aid scheme.")


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
            await record(database, "cycle", code)
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
    opens_ms, closes_ms = (midnight_ms(day) for day in window)
    if until < first or closes_ms <= opens_ms:
        raise Stopped("a period or window ends before it begins")
    if not CYCLE_CODE.fullmatch(code):
        raise Stopped(f"{code!r} is no code: 2 to 64 capital letters, digits and hyphens, like APBD-PANGAN-2021-05")
    if not name.isprintable() or not 1 <= len(name.strip()) <= CYCLE_NAME_CHARACTERS_MAX:
        raise Stopped(f"--name has 1 to {CYCLE_NAME_CHARACTERS_MAX} printable characters: clerks choose by it")
    return Cycle(code, scheme, name.strip(), first, until, opens_ms, closes_ms, objection_days)


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


def _months(cycle: Cycle) -> dict[str, str]:
    return {"from": month_text(cycle.month_from), "until": month_text(cycle.month_until)}


def _day(ms: int) -> str:
    return datetime.fromtimestamp((ms + WIB_MS) / 1000, UTC).date().isoformat()


def fates(
    code: Annotated[str, typer.Argument(metavar="CYCLE")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """What became of every row that was brought to a cycle: of its determined list, else as the facts stand now."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            await settle(database)
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
