"""A cycle's roster: the draft as the facts stand, and its lock."""

from central.rosters.draft import Drafts, Gathered, Looked, circumstances, draft, gather, read_ledger, read_left_out
from central.rosters.lock import Lock, LockRefused

__all__ = [
    "Drafts",
    "Gathered",
    "Lock",
    "LockRefused",
    "Looked",
    "circumstances",
    "draft",
    "gather",
    "read_ledger",
    "read_left_out",
]
