"""The rule book, the sentences and the agencies that ship with the program."""

from functools import cache
from importlib import resources

from central.domain.agencies import Agency, parse_agencies
from central.domain.answers import Rules
from central.domain.catalogue import parse_reasons, parse_rules
from protocol.schemes import Rulebook


@cache
def shipped_rules() -> Rules:
    """Raises CatalogueError where the data beside the program is damaged."""
    data = resources.files("central.data")
    rule_set = parse_rules((data / "schemes.csv").read_text("utf-8"), (data / "exclusions.csv").read_text("utf-8"))
    reasons = parse_reasons(
        (data / "rejection_reasons.csv").read_text("utf-8"), (data / "next_steps.csv").read_text("utf-8")
    )
    return Rules(Rulebook(rule_set), reasons)


@cache
def shipped_agencies() -> dict[str, Agency]:
    """The agencies that take letters on, by key."""
    return parse_agencies((resources.files("central.data") / "agencies.csv").read_text("utf-8"))
