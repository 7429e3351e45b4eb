"""Which page of a long list an address asks for, and how many there are. Pure.

A page behind the last one is the last one: a list that grew shorter must not look empty.
"""

PAGE_DIGITS_MAX = 6


def page_number(asked: str, pages: int) -> int:
    """The page asked for, between 1 and `pages`; 1 for anything that is no page."""
    is_number = asked.isascii() and asked.isdigit() and len(asked) <= PAGE_DIGITS_MAX
    return min(max(1, int(asked)), pages) if is_number else 1


def page_count(total: int, rows: int) -> int:
    """Pages of `rows` each; an empty list has one."""
    return max(1, -(-total // rows))
