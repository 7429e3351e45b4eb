"""Lists that come from outside: opened, mapped, checked row by row, and then taken over whole or not at all."""

from central.imports.opening import ImportRefused, as_text, open_list, table_of
from central.imports.planning import Said, plan_said
from central.imports.taking import Checked, Progress, Taken, accept, bring, check, undo

__all__ = [
    "Checked",
    "ImportRefused",
    "Progress",
    "Said",
    "Taken",
    "accept",
    "as_text",
    "bring",
    "check",
    "open_list",
    "plan_said",
    "table_of",
    "undo",
]
