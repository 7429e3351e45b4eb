"""The one way a page says no: a status, a stable code and a sentence for the person in front of it.

Codes of chassis: `form_malformed`, `form_too_large`, `form_type_unknown`, `form_control_character`, `form_key_missing`,
`form_of_colleague`, `cross_site`, `csrf`, `forbidden`, `login_throttled`, `login_busy`, `not_found`, `method_not_allowed`,
`refused` (any other HTTP refusal), `internal` (a bug).
Must never carry what was typed. Place in the flow: raised anywhere below the error page's middleware.
"""


class RequestRefused(Exception):
    """Answered as an error page (or as the bare code to a machine). `sentence` is shown, in Indonesian."""

    def __init__(self, status: int, code: str, sentence: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.sentence = sentence
        self.headers = headers or {}
