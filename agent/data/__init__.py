"""The catalogue that ships with the program, as text: letter kinds, their fields, their wording; what proposals ask.

A new kind is a row in `letters.csv`, its questions in `letter_fields.csv` (types: `FieldType`; `not_before` names the field
that a date must not precede) and a text `texts/<kind>-1.txt` (its shape: `protocol/letter_texts.py`); no line of the program.
A text that was published is never edited: the next version is a new file. `code_confidence` tells where a classification
code comes from; an office sets its own under `numbers.codes`.

Versions stay below 100: from there on they are the regency's to publish. Only reads its own package; what the texts mean is
decided in `protocol`, which itself never opens a file.
"""

from importlib.resources import files


def letters_csv() -> str:
    """The letter kinds."""
    return _read("letters.csv")


def letter_fields_csv() -> str:
    """The questions of each letter kind."""
    return _read("letter_fields.csv")


def proposal_fields_csv() -> str:
    """What a proposal in each scheme asks."""
    return _read("proposal_fields.csv")


def letter_texts() -> dict[str, str]:
    """File name to content for every published letter text, every version ever shipped."""
    folder = files(__name__) / "texts"
    return {entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".txt")}


def _read(name: str) -> str:
    return (files(__name__) / name).read_text("utf-8")
