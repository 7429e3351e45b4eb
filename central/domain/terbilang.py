"""Whole numbers in Indonesian words, as they stand beside a sum of money on paper. Pure."""

_ONES = "nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas".split()
_SCALES = ((10**12, "triliun"), (10**9, "miliar"), (10**6, "juta"))
NUMBER_MAX = 10**15 - 1
"""Beyond it the scales end; no list of ours comes near."""


def terbilang(number: int) -> str:
    """`delapan miliar enam ratus enam puluh satu juta seratus ribu`. Raises ValueError below 0 and beyond NUMBER_MAX."""
    if not 0 <= number <= NUMBER_MAX:
        raise ValueError(f"{number} is outside 0 to {NUMBER_MAX}")
    return " ".join(_words(number)) or _ONES[0]


def _words(number: int) -> list[str]:
    for size, name in _SCALES:
        if number >= size:
            return [*_words(number // size), name, *_words(number % size)]
    if number >= 2_000:
        return [*_words(number // 1_000), "ribu", *_words(number % 1_000)]
    if number >= 1_000:
        return ["seribu", *_words(number - 1_000)]
    if number >= 200:
        return [_ONES[number // 100], "ratus", *_words(number % 100)]
    if number >= 100:
        return ["seratus", *_words(number - 100)]
    if number >= 20:
        return [_ONES[number // 10], "puluh", *_words(number % 10)]
    if number >= 12:
        return [_ONES[number - 10], "belas"]
    return [_ONES[number]] if number else []
