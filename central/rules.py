"""The rule book, the sentences and the agencies that ship with the program."""

from functools import cache
from importlib import resources

from msgspec.structs import replace

from central.domain.agencies import Agency, parse_agencies
from central.domain.answers import Rules
from central.domain.catalogue import (
    Question,
    parse_amounts,
    parse_criteria,
    parse_former_terms,
    parse_questions,
    parse_reasons,
    parse_rules,
)
from central.domain.rule_changes import Edition
from protocol.schemes import Rulebook


@cache
def shipped_rules() -> Rules:
    """Raises CatalogueError where the data beside the program is damaged."""
    reasons = parse_reasons(_table("rejection_reasons.csv"), _table("next_steps.csv"))
    former = parse_former_terms(_table("former_households.csv"))
    return Rules(Rulebook(shipped_edition().rules), reasons, former_terms=former)


@cache
def shipped_edition() -> Edition:
    """The first edition of the rules, in force until an officer's change is approved. Raises CatalogueError."""
    rules = parse_rules(_table("schemes.csv"), _table("exclusions.csv"))
    criteria = parse_criteria(_table("scheme_criteria.csv"), rules.schemes, shipped_questions())
    amounts = parse_amounts(_table("scheme_amounts.csv"), rules.schemes)
    return Edition(replace(rules, criteria=criteria), amounts)


@cache
def shipped_questions() -> tuple[Question, ...]:
    """What the villages' proposal forms ask. Raises CatalogueError."""
    return parse_questions(_table("proposal_fields.csv"))


def _table(name: str) -> str:
    return (resources.files("central.data") / name).read_text("utf-8")


@cache
def shipped_agencies() -> dict[str, Agency]:
    """The agencies that take letters on, by key."""
    return parse_agencies(_table("agencies.csv"))
