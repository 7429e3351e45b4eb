"""A village's roster file in SIAK or OpenSID shape: bytes in, residents and one fate for every row out.

What it is for: the village's people come into the box from the file that the office has already.
What it must never do: guess (a number that a spreadsheet destroyed, a date with two readings), lose a row without a word,
stop at a bad one, empty or delete what is on record; nor put a whole NIK or name into a report.
Place in the flow: `read_roster` makes rows of a file, `judge` compares one with the record; `agent/store/rosters` writes.
"""

from agent.domain.rosters.judging import Judgement, judge
from agent.domain.rosters.reading import read_roster
from agent.domain.rosters.rows import Fate, Remark, Roster, RosterRow, RowReport

__all__ = ["Fate", "Judgement", "Remark", "Roster", "RosterRow", "RowReport", "judge", "read_roster"]
