"""Reading pages as their readers do: the words they show, and those in a template that nobody translates."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

SHOWN_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt", "label")
LETTERS = re.compile("[A-Za-z]{2}")
OPEN, CLOSE = "⟦", "⟧"


class Bracketing(dict[str, str]):
    """A catalogue that puts every sentence in brackets, so that what is outside of them was never translated."""

    def get(self, key: str, default: str = "") -> str:  # type: ignore[override]
        return key if key == "." else f"{OPEN}{key}{CLOSE}"


@dataclass
class Outside(HTMLParser):
    """Collects what a page shows outside the brackets; the cells of tables apart."""

    said: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    has_brackets: bool = False

    def __post_init__(self) -> None:
        super().__init__()
        self._depth = self._hidden = self._cell = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        self._cell += tag == "td"
        for name, value in attrs:
            if name in SHOWN_ATTRIBUTES and value:
                self._read(value, 0)

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")
        self._cell -= tag == "td"

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._depth = self._read(data, self._depth)

    def _read(self, text: str, depth: int) -> int:
        for piece in re.split(f"([{OPEN}{CLOSE}])", text):
            self.has_brackets |= piece == OPEN
            depth += (piece == OPEN) - (piece == CLOSE)
            if depth == 0 and LETTERS.search(piece):
                (self.cells if self._cell else self.said).append(piece.strip(" -\n:,"))
        return depth


TOKEN = re.compile(
    r"\{#.*?#\}|<!--.*?-->|<!doctype[^>]*>"
    r"|\{% trans.*?%\}.*?\{% endtrans %\}"
    r"|(?P<code>\{%.*?%\}|\{\{.*?\}\})"
    r"|(?P<tag></?[a-zA-Z](?:\{\{.*?\}\}|\{%.*?%\}|\"(?:\{\{.*?\}\}|\{%.*?%\}|[^\"])*\"|'[^']*'|[^>\"'])*>)"
    r"|(?P<text>(?:(?!\{[{%#]|</?[a-zA-Z!]).)+)",
    re.DOTALL,
)
ATTRIBUTE = re.compile(rf'\b(?:{"|".join(SHOWN_ATTRIBUTES)})="((?:\{{\{{.*?\}}\}}|\{{%.*?%\}}|[^"])*)"')
LITERAL = re.compile(r'"([^"\n]*)"')
SAID_ALREADY = re.compile(r"\b_\(\s*$|[!=]=\s*$")
NO_SENTENCE = re.compile(r"[A-Z/ ]+|[a-z0-9_./:?=&+, -]*|.*\.html|[,/.].*|[A-Za-z0-9]+=.*")
"""Names of the programs' own, addresses, abbreviations."""
HALF_A_TAG = re.compile(r'\s*(?:aria-\w+="(?:true")?|-hint|-error)\s*')
"""What a macro of `chassis/forms.html` puts into another's tag."""
TECHNICAL = ("yes or no", "whole number", "KEPALA KELUARGA")


def untranslated(template: str) -> list[tuple[int, str]]:
    """(line, literal) for each text, shown attribute or literal in an expression that is outside `_()` and `{% trans %}`."""
    found = []
    for token in TOKEN.finditer(template):
        line = template.count("\n", 0, token.start()) + 1
        pieces = [token["text"] or ""]
        if token["tag"]:
            pieces += [re.sub(r"\{[{%].*?[%}]\}", "", each) for each in ATTRIBUTE.findall(token["tag"])]
        found += [
            (line, piece.strip()) for piece in pieces if LETTERS.search(piece) and not HALF_A_TAG.fullmatch(piece)
        ]
        for code in [token["code"] or "", *re.findall(r"\{\{.*?\}\}", token["tag"] or "")]:
            found += [
                (line, said[1])
                for said in LITERAL.finditer(code)
                if not SAID_ALREADY.search(code[: said.start()]) and _is_sentence(said[1])
            ]
    return found


def _is_sentence(literal: str) -> bool:
    if literal in TECHNICAL or not LETTERS.search(literal):
        return False
    return not NO_SENTENCE.fullmatch(literal) or (" " in literal.strip() and literal.islower() and len(literal) > 20)
