"""Rounds of an aid scheme: add one, ask a second officer to change one, and what became of every row brought to it.

`cycle add` is the first set-up, before any village heard of the cycle; whatever exists changes by four eyes alone, on the
pages or with `cycle change`.
"""

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import typer
from msgspec.structs import replace

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
from central.domain.catalogue import AMOUNT_RUPIAH_MAX
from central.domain.rule_changes import VALIDATORS, Book, ChangeRefused, CycleTerms, PutCycle, apply
from central.machine import MachineClock
from central.rosters import read_ledger, read_left_out
from central.rules import shipped_edition, shipped_rules
from central.store import facts, rule_changes
from chassis.commands import Stopped, out, show
from chassis.database import Connection
from protocol.feed import Cycle
from protocol.schemes import DeterminedBy, month_text, parse_month

CYCLE_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,63}")
"""What is published reaches every box and stays: a code or name that a box cannot read would halt them all."""
CYCLE_NAME_CHARACTERS_MAX = 120
REASON_MIN, REASON_MAX = 5, 300
NOBODY = "none"

cycles = typer.Typer(no_args_is_help=True, help="Rounds of an aid scheme.")

AmountOption = Annotated[int | None, typer.Option(min=1, max=AMOUNT_RUPIAH_MAX, help="Rupiah for each recipient.")]
QuotaOption = Annotated[int | None, typer.Option(min=0, help="Recipients at most; 0 for no limit.")]
BudgetOption = Annotated[int | None, typer.Option(min=0, help="Rupiah at most; 0 for no limit.")]
RequiredOption = Annotated[
    str | None, typer.Option(help="Who must validate: village, lptq, village,lptq, or none.", show_default=False)
]
FormerOption = Annotated[str | None, typer.Option(help="The determined cycle whose recipients come over, or none.")]
DaysOption = Annotated[int | None, typer.Option(min=1, max=365, help="Days in which an answer may be contested.")]


@cycles.command("add")
def cycle_add(
    code: Annotated[str, typer.Argument(help="For example APBD-PANGAN-2021-05.")],
    scheme: Annotated[str, typer.Option(help="A scheme of the rule book.")],
    name: Annotated[str, typer.Option(help="As clerks read it.")],
    first: Annotated[str, typer.Option("--from", help="First month, like 2021-05.")],
    until: Annotated[str, typer.Option(help="Last month, like 2021-07.")],
    opens: Annotated[str, typer.Option(help="First day of the proposal window, like 2021-04-01.")],
    closes: Annotated[str, typer.Option(help="First day after the window.")],
    objection_days: DaysOption = 14,
    amount: AmountOption = None,
    quota: QuotaOption = None,
    budget: BudgetOption = None,
    required: RequiredOption = None,
    former: FormerOption = None,
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Set up a new cycle and publish it to every village. One that exists is changed with `cycle change`."""
    settings = load(settings_path)

    async def work() -> None:
        _check_code(code)
        started = CycleTerms(Cycle(code, scheme, "", 0, 0, 0, 0, 0))
        terms = _changed(started, name, (first, until), (opens, closes), objection_days)
        terms = _paying(terms, amount, quota, budget, required, former)
        async with begun_archive(settings) as database:
            now_ms = MachineClock().now_ms()

            async def put(connection: Connection) -> None:
                book = await rule_changes.book(connection, shipped_edition())
                if code in book.cycles:
                    raise Stopped(
                        f"{code} is published already: `cycle change {code}` asks a second officer to change it"
                    )
                _check_scheme(scheme, book)
                _check_fits(book, PutCycle(terms))
                await facts.put_terms(connection, terms)
                await rule_changes.publish_cycle(connection, terms.cycle, now_ms)

            await database.transact(put)
            await record(database, "cycle", code)
        out.print(f"cycle {code} published")

    run_command(work())


@cycles.command("change")
def cycle_change(
    code: Annotated[str, typer.Argument(help="A cycle that was added.")],
    reason: Annotated[str, typer.Option(help="Read by the officer who judges it: the letter it rests on.")],
    name: Annotated[str | None, typer.Option(help="As clerks read it.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First month, like 2021-05.")] = None,
    until: Annotated[str | None, typer.Option(help="Last month, like 2021-07.")] = None,
    opens: Annotated[str | None, typer.Option(help="First day of the proposal window, like 2021-04-01.")] = None,
    closes: Annotated[str | None, typer.Option(help="First day after the window.")] = None,
    objection_days: DaysOption = None,
    amount: AmountOption = None,
    quota: QuotaOption = None,
    budget: BudgetOption = None,
    required: RequiredOption = None,
    former: FormerOption = None,
    settings_path: SettingsOption = DEFAULT_SETTINGS,
) -> None:
    """Ask for a change of a cycle. It is in force when an officer approves it on the page Aturan; what is not named stays."""
    settings = load(settings_path)

    async def work() -> None:
        said = " ".join(reason.split())
        if not REASON_MIN <= len(said) <= REASON_MAX or not said.isprintable():
            raise Stopped(f"--reason has {REASON_MIN} to {REASON_MAX} printable characters: an officer decides by it")

        async def put(connection: Connection) -> int:
            book = await rule_changes.book(connection, shipped_edition())
            if code not in book.cycles:
                raise Stopped(f"{code!r} is no cycle: {', '.join(sorted(book.cycles)) or 'none was added yet'}")
            terms = _changed(book.cycles[code], name, (first, until), (opens, closes), objection_days)
            change = PutCycle(_paying(terms, amount, quota, budget, required, former))
            _check_fits(book, change)
            now_ms = MachineClock().now_ms()
            return await rule_changes.draft(connection, change, reason=said, actor=actor(), now_ms=now_ms)

        async with archive(settings) as database:
            number = await database.transact(put)
        out.print(f"change {number} of cycle {code} waits for an officer: page /changes/{number}")

    run_command(work())


def _check_scheme(scheme: str, book: Book) -> None:
    known = book.schemes.get(scheme)
    if known is None:
        raise Stopped(f"{scheme!r} is no scheme: {', '.join(sorted(book.schemes))}")
    if known.determined_by is DeterminedBy.MINISTRY:
        raise Stopped(f"{scheme} is determined by its ministry: import its list instead, villages propose it elsewhere")


def _check_fits(book: Book, change: PutCycle) -> None:
    try:
        apply(book, change)
    except ChangeRefused as refused:
        raise Stopped(f"{refused.field}: {refused.sentence}") from refused


def _check_code(code: str) -> None:
    if not CYCLE_CODE.fullmatch(code):
        raise Stopped(f"{code!r} is no code: 2 to 64 capital letters, digits and hyphens, like APBD-PANGAN-2021-05")


def _changed(
    terms: CycleTerms,
    name: str | None,
    months: tuple[str | None, str | None],
    window: tuple[str | None, str | None],
    objection_days: int | None,
) -> CycleTerms:
    """What villages are told of the cycle; what is None stays."""
    cycle = terms.cycle
    try:
        first, until = (None if month is None else parse_month(month) for month in months)
    except ValueError as error:
        raise Stopped(f"--from/--until: {error}") from error
    opens_ms, closes_ms = (None if day is None else midnight_ms(day) for day in window)
    named = cycle.name if name is None else name.strip()
    if not named.isprintable() or not 1 <= len(named) <= CYCLE_NAME_CHARACTERS_MAX:
        raise Stopped(f"--name has 1 to {CYCLE_NAME_CHARACTERS_MAX} printable characters: clerks choose by it")
    made = Cycle(
        code=cycle.code,
        scheme=cycle.scheme,
        name=named,
        month_from=cycle.month_from if first is None else first,
        month_until=cycle.month_until if until is None else until,
        opens_ms=cycle.opens_ms if opens_ms is None else opens_ms,
        closes_ms=cycle.closes_ms if closes_ms is None else closes_ms,
        objection_days=objection_days or cycle.objection_days,
    )
    if made.month_until < made.month_from or made.closes_ms <= made.opens_ms:
        raise Stopped("a period or window ends before it begins")
    return replace(terms, cycle=made)


def _paying(
    terms: CycleTerms,
    amount: int | None,
    quota: int | None,
    budget: int | None,
    required: str | None,
    former: str | None,
) -> CycleTerms:
    """What the lock will ask; what is None stays."""
    words = terms.validations
    if required is not None:
        words = tuple(word.strip() for word in required.split(",") if word.strip() not in {"", NOBODY})
    if not set(words) <= set(VALIDATORS):
        raise Stopped(f"--required {required!r}: write village, lptq, village,lptq or none")
    return replace(
        terms,
        quota=terms.quota if quota is None else quota or None,
        budget_rupiah=terms.budget_rupiah if budget is None else budget or None,
        validations=tuple(each for each in VALIDATORS if each in words),
        amount_rupiah=terms.amount_rupiah if amount is None else amount,
        former=terms.former if former is None else former if former != NOBODY else "",
    )


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


def _months(cycle: Cycle) -> dict[str, str]:
    return {"from": month_text(cycle.month_from), "until": month_text(cycle.month_until)}


def _day(ms: int) -> str:
    return datetime.fromtimestamp((ms + WIB_MS) / 1000, UTC).date().isoformat()


def fates(
    code: Annotated[str, typer.Argument(metavar="CYCLE")],
    settings_path: SettingsOption = DEFAULT_SETTINGS,
    as_json: JsonOption = False,
) -> None:
    """What became of every row that was brought to a cycle: of its determined list, else as the facts stand now; with the
    rows of lists that became nobody's proposal and residents' reports, which have no decision of their own."""
    settings = load(settings_path)

    async def work() -> None:
        async with archive(settings) as database:
            await settle(database)
            ledger = await read_ledger(database, shipped_rules(), code)
            left_out = await read_left_out(database, code)
        if ledger is None:
            raise Stopped(f"{code!r}: no such cycle, or nobody said yet what it pays (`cycle change`)")
        rows = [
            {
                "file": line.file,
                "row": line.row,
                "fate": line.fate,
                "reason": line.reason,
                "decision": line.record.hex(),
            }
            for line in [*ledger, *left_out]
        ]
        if as_json:
            show({"cycle": code, "rows": rows}, as_json=True)
        else:
            counts = Counter((row["fate"], row["reason"]) for row in rows)
            table = [{"fate": fate, "reason": reason, "rows": n} for (fate, reason), n in sorted(counts.items())]
            show({"fates": table, "rows": len(rows)}, as_json=False)

    run_command(work())
