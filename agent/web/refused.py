"""How a refusal leaves a transaction."""


class Refused(Exception):
    """Raised inside a write to roll it back: a refused form must keep no receipt, so that it can be sent again."""
