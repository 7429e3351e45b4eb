"""All SQL of the village. `desk` is the way in; one file a noun beside it."""

from agent.store.desk import CitedAnchor, Desk, Stamper, Store, WrongVillage, cycles, highest, is_numbering_known
from agent.store.mark import MarkFile, MarkKeeper

__all__ = [
    "CitedAnchor",
    "Desk",
    "MarkFile",
    "MarkKeeper",
    "Stamper",
    "Store",
    "WrongVillage",
    "cycles",
    "highest",
    "is_numbering_known",
]
