"""`python -m language`: brings the catalogue up to date with the programs' sentences; `--missing` names what it lacks.

What nobody says any more is taken out, what is new is put in without a translation. Nothing is ever guessed from a
sentence that looks alike.
"""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from language.catalogue import ENGLISH, catalogue_file, read_file
from language.extraction import sentences


def main() -> int:
    """The exit code is 1 while a sentence lacks its translation."""
    known = read_file(ENGLISH)
    fresh = Catalog(locale=ENGLISH, project="kampung", copyright_holder="Kampung", charset="utf-8", fuzzy=False)
    for found in sentences():
        entry = known.get(found.msgid)
        said = found.english or (entry.string if entry else "")
        fresh.add(found.msgid, said, locations=[(found.place, 0)])
    missing = [str(entry.id) for entry in fresh if entry.id and not entry.string]
    if "--missing" not in sys.argv:
        for header in ("creation_date", "revision_date"):
            setattr(fresh, header, getattr(known, header))
        with Path(str(catalogue_file(ENGLISH))).open("wb") as file:
            write_po(file, fresh, width=0, sort_by_file=True, include_lineno=False)
    for msgid in missing:
        print(msgid)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
