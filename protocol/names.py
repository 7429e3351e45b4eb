"""A name made comparable: titles, variants of common first names, old and new spelling.

What it is for: the village finds a person however their name is spelt, and both sides fold the same spellings together.
What it must never do: prove anything (SUYANTO and SUYATNO are two men), or be shown to anyone: a key is for comparing only.
Place in the flow: the village's search and the centre's matching keep a key beside each name.
"""

import re
import unicodedata

NAME_CHARS_MAX = 300
"""Longer text is no name; the rest is not looked at, so that a giant field costs nothing."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Titles count only as whole words at the edges: H. SUTRISNO and SUTRISNO, S.PD are SUTRISNO, HAMIDAH stays HAMIDAH.

_LEADING_TITLES = _words(
    "H HJ HJH HAJI HAJJAH KH KYAI KIAI NYAI UST USTAD USTADZ USTADZAH USTADZH DR DRS DRA DRG DRH IR PROF R RA RADEN RR "
    "BAPAK BPK BP IBU SDR SDRI TN NY NN AN ALM ALMH ALMARHUM ALMARHUMAH"
)
_TRAILING_TITLES = _words(
    "ALM ALMH ALMARHUM ALMARHUMAH SPD SPDI SPDSD SAG SE SEI SH SHI SIP SKM SKOM SKEP SP SPT SPI SS SSI SSOS SSOSI SST ST "
    "STP STHI SPSI SFARM SHUM MPD MPDI MM MSI MH MHI MKES MAG MKOM MAP AMD AMAPD AMK AMKEB AMDKEB BA BSC LC NERS"
)
_TITLE_WORDS_MAX = 3
"""`S Pd I` is one title in three words."""

_MUHAMMAD = _words(
    "M MD MHD MOH MOHD MUH MUCH MOCH MOHAMAD MOHAMMAD MOHAMED MOHAMMED MUHAMAD MUHAMMAD MUHAMMED MOCHAMAD MOCHAMMAD "
    "MUCHAMAD MUCHAMMAD MOKHAMAD MUKHAMAD"
)
_FIRST_WORDS = {
    **dict.fromkeys(_MUHAMMAD, "MUHAMAD"),
    **dict.fromkeys(_words("ACH ACHMAD ACHMAT AHMAD AHMAT AHMED AKHMAD"), "AHMAD"),
    **dict.fromkeys(_words("ABD ABDL ABDOEL ABDUL"), "ABDUL"),
    **dict.fromkeys(_words("ST STI SITI SITTI SITY"), "SITI"),
}
"""Variants that mean one name where they stand first and another word follows."""

_SPELLINGS = (
    ("OE", "U"),
    ("DJ", "J"),
    ("TJ", "C"),
    ("SJ", "S"),
    ("SY", "S"),
    ("CH", "H"),
    ("KH", "H"),
    ("V", "F"),
)
_BREAKS = re.compile(r"[.\-/()]+")
_DOUBLED = re.compile(r"(.)\1+")
_APOSTROPHES = re.compile(r"['`\u2018\u2019\u02bc\u02bb]")


def name_key(name: str) -> str:
    """The compare-only form of a name: capitals without blanks; empty where the text holds no letters."""
    return fold("".join(_unify_first(name_words(name))))


def word_keys(name: str) -> list[str]:
    """The same, word by word, for finding a name by some of its words."""
    return [fold(word) for word in _unify_first(name_words(name))]


def name_words(name: str) -> list[str]:
    """The words of a name in capitals, without accents, punctuation and titles."""
    return _strip_titles(_split_words(name))


def first_word(word: str) -> str:
    """The one form of a first word that is written in many: MOH, MUCH and M are MUHAMAD."""
    return _FIRST_WORDS.get(word, word)


def fold(text: str) -> str:
    """Old and new spelling alike, doubled letters as one. Takes capitals."""
    for written, heard in _SPELLINGS:
        text = text.replace(written, heard)
    return _DOUBLED.sub(r"\1", text)


def _unify_first(words: list[str]) -> list[str]:
    """A first word alone may be somebody's whole name, or somebody still typing."""
    return [first_word(words[0]), *words[1:]] if len(words) > 1 else words


def _split_words(name: str) -> list[str]:
    """Capital letters in words; accents dropped, what follows the first comma cut off, as titles do."""
    plain = name[:NAME_CHARS_MAX].upper()
    if plain.isascii() and plain.replace(" ", "").isalpha():
        return plain.split()  # nine names in ten
    if not plain.isascii():  # most names are, and lists have hundreds of thousands
        plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", plain).upper())
        plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words: list[str] = []
    for chunk in _APOSTROPHES.sub("", plain).split(",", 1)[0].split():
        joined = chunk.replace(".", "")
        # S.PD is one title, but MOCH.ALI is two words.
        parts = [joined] if joined in _TRAILING_TITLES else _BREAKS.split(chunk)
        words += [part if part.isalpha() else "".join(filter(str.isalpha, part)) for part in parts]
    return [word for word in words if word]


def _strip_titles(words: list[str]) -> list[str]:
    """At least one word stays: a man called H. is still somebody."""
    while len(words) > 1 and words[0] in _LEADING_TITLES:
        words = words[1:]
    while (length := _trailing_title(words)) > 0:
        words = words[:-length]
    return words


def _trailing_title(words: list[str]) -> int:
    """How many words at the end make up a title; 0 for none."""
    for length in range(min(_TITLE_WORDS_MAX, len(words) - 1), 0, -1):
        if "".join(words[-length:]) in _TRAILING_TITLES:
            return length
    return 0
