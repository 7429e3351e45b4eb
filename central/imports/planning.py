"""What an operator says of a list on the command line, as a plan; a page has its own form for the same."""

from dataclasses import dataclass

from msgspec.structs import replace

from central.domain.lists import Kind, Plan, Table, guess
from central.domain.lists.plans import DATE_ORDERS, choices
from central.domain.periods import Span, parse_period
from central.imports.opening import ImportRefused
from protocol.ids import parse_village_code
from protocol.lists.tables import plain_header
from protocol.regions import village


@dataclass(frozen=True, slots=True)
class Said:
    """Everything as typed; empty where nothing was said. `columns`: TITLE=MEANING."""

    kind: Kind
    scheme: str = ""
    component: str = ""
    period: str = ""
    cycle: str = ""
    village: str = ""
    date_order: str = ""
    columns: tuple[str, ...] = ()


def plan_said(table: Table, said: Said, sheet: int) -> Plan:
    """What the titles say, and what was said beside. Raises ImportRefused, InvalidCode and UnknownRegion."""
    plan = guess(table, said.kind, sheet)
    span = parse_period(said.period, said.scheme) if said.period else None
    if said.period and span is None:
        raise ImportRefused(f"--period {said.period!r} is no period: write it like '2021-05 s/d 2021-07'")
    if said.date_order and said.date_order not in DATE_ORDERS:
        raise ImportRefused(f"--date-order {said.date_order!r}: write {' or '.join(DATE_ORDERS)}")
    first, until = (span.first, span.until) if isinstance(span, Span) else (0, 0)
    return replace(
        plan,
        meanings=_meanings(table, plan, said.columns),
        scheme=said.scheme or plan.scheme,
        component=said.component,
        first=first,
        until=until,
        cycle=said.cycle,
        village=village(parse_village_code(said.village)).code if said.village else "",
        date_order=said.date_order,
    )


def _meanings(table: Table, plan: Plan, columns: tuple[str, ...]) -> tuple[str, ...]:
    meanings, known = list(plan.meanings), dict(choices(plan.kind))
    places = {plain_header(title): at for at, title in enumerate(table.titles)}
    for each in columns:
        title, _, meaning = each.rpartition("=")
        if plain_header(title) not in places:
            raise ImportRefused(f"--column {each!r}: the list has no column of that title")
        if meaning and meaning not in known:
            raise ImportRefused(f"--column {each!r}: a meaning is one of {', '.join(known)}")
        meanings[places[plain_header(title)]] = meaning
    return tuple(meanings)
