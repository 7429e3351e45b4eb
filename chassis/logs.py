"""Logs are JSON lines on standard output, one event each, and hold nobody's data.

The redaction step is a net, not a licence: what is logged should hold no personal data to begin with. It masks runs of
sixteen digits (identity and family numbers) wherever they stand, and the values of keys that name secrets.
Place in the flow: `configure` once per process; then `structlog.get_logger()` anywhere.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

MASK = "[masked]"
VALUE_DEPTH_MAX = 8  # deeper values are not logged but named, so that a cycle cannot hang the logger
SECRET_KEYS = frozenset(
    {
        "authorization",
        "cookie",
        "csrf",
        "kk",
        "mother",
        "name",
        "nik",
        "passphrase",
        "password",
        "private_key",
        "secret",
        "session",
        "signing_key",
        "set_cookie",
        "token",
    }
)
SECRET_KEY_ENDINGS = ("_password", "_secret", "_token", "_nik", "_kk", "_private_key")

# Sixteen digits or more, also when written in groups; any Unicode digit, since a pasted number may hold them.
LONG_DIGIT_RUN = re.compile(r"\d(?:[ .\-]?\d){15,}")


def configure(*, json: bool = True, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Sets up structlog and routes the standard library's loggers through the same steps. Call once per process."""
    target = stream or sys.stdout
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if json else structlog.dev.ConsoleRenderer(colors=False)
    )
    steps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*steps, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=steps[:-1],  # `redact` would turn the record itself into text; it runs below
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))  # libraries speak only of trouble


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog step that masks; runs after tracebacks have become text."""
    return {key: _mask(key, value, 0) for key, value in event.items()}


def mask_text(text: str) -> str:
    """The text with every run of sixteen or more digits replaced."""
    return LONG_DIGIT_RUN.sub(MASK, text)


def _mask(key: str, value: Any, depth: int) -> Any:
    if _is_secret(key):
        return MASK
    if depth > VALUE_DEPTH_MAX:
        return "[too deep]"
    match value:
        case None | bool() | float():
            return value
        case int():
            return MASK if len(str(abs(value))) >= 16 else value
        case str():
            return mask_text(value)
        case bytes() | bytearray() | memoryview():
            return f"[{len(value)} bytes]"
        case Mapping():
            return {mask_text(str(k)): _mask(str(k), v, depth + 1) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_mask("", item, depth + 1) for item in value]
        case _:
            return mask_text(str(value))


def _is_secret(key: str) -> bool:
    plain = key.lower().replace("-", "_")
    return plain in SECRET_KEYS or plain.endswith(SECRET_KEY_ENDINGS)
