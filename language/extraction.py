"""Every Indonesian sentence that pages can show: from templates, from Python, and from tables that ship with the program."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from babel.messages.extract import extract
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from language import THOUSANDS

PROGRAMS = ("agent", "chassis", "language")
"""Packages whose sentences are translated, their folders below included."""
SAID_IN_TABLES = {
    "letters.csv": ("title_id", "group", "required_documents"),
    "letter_fields.csv": ("label_id", "hint_id", "choices"),
    "proposal_fields.csv": ("label_id",),
}
"""Columns of the tables in `agent/data` that a page shows."""
OTHER_LANGUAGE = {"letters.csv": ("title_id", "title_en")}
LISTS = {"required_documents", "choices"}
"""Columns with several sentences in a cell."""
SAID_ELSEWHERE = "elsewhere.json"
"""Sentences of `protocol`, which knows no language, and others that no call names: by the file they come from."""


@dataclass(frozen=True)
class Found:
    """A sentence and where it stands; `english` where a table of ours already says it."""

    msgid: str
    place: str
    line: int = 0
    english: str = ""


def sentences() -> Iterator[Found]:
    """All of them, in the order of files and lines; some more than once."""
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    for program in PROGRAMS:
        for place, file in _files(resources.files(program), program):
            if place.endswith(".html"):
                source = file.read_text("utf-8")
                for line, _, said in extract_from_ast(environment.parse(source), ("_", "gettext")):
                    msgid = said if isinstance(said, str) else next((part for part in said or () if part), "")
                    if msgid:
                        yield Found(msgid, place, line)
            elif place.endswith(".py"):
                for line, said, _, _ in extract("python", io.BytesIO(file.read_bytes()), keywords={"say": None}):
                    if isinstance(said, str) and said:
                        yield Found(said, place, line)
    yield from _tables()
    for place, said in json.loads((resources.files("language") / SAID_ELSEWHERE).read_text("utf-8")).items():
        yield from (Found(msgid, place) for msgid in said)
    yield Found(THOUSANDS, "language/__init__.py")


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        place = f"{path}/{entry.name}"
        if entry.is_dir():
            yield from _files(entry, place)
        else:
            yield place, entry


def _tables() -> Iterator[Found]:
    for name, columns in SAID_IN_TABLES.items():
        file = resources.files("agent") / "data" / name
        indonesian, english = OTHER_LANGUAGE.get(name, ("", ""))
        for row in csv.DictReader(io.StringIO(file.read_text("utf-8"))):
            for column in columns:
                parts = row[column].split(";") if column in LISTS else [row[column]]
                for part in filter(None, parts):
                    known = f"{row[english]} ({part})" if column == indonesian else ""
                    yield Found(part, f"agent/data/{name}", english=known)
