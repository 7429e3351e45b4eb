"""Whatever is logged, long numbers and secrets do not come out."""

import io
import json
import logging
from typing import Any

import pytest
import structlog

from chassis import logs

CANARY = "3510256506900001"


def lines(log_stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_stream.getvalue().splitlines()]


def test_a_line_is_one_json_event(log_stream: io.StringIO) -> None:
    structlog.get_logger().info("backup written", bytes=123, seconds=0.5, is_first=True, reason=None)
    (line,) = lines(log_stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "backup written",
        "level": "info",
        "bytes": 123,
        "seconds": 0.5,
        "is_first": True,
        "reason": None,
    }


@pytest.mark.parametrize(
    "value",
    [
        CANARY,
        int(CANARY),
        f"nik={CANARY};",
        "3510 2565 0690 0001",
        "351025.650690.0001",
        "٣٥١٠٢٥٦٥٠٦٩٠٠٠٠١",
        [{"deep": (CANARY,)}],
        {CANARY: 1},
        CANARY.encode(),
        ValueError(CANARY),
    ],
    ids=repr,
)
def test_long_numbers_are_masked_wherever_they_stand(log_stream: io.StringIO, value: Any) -> None:
    structlog.get_logger().warning("odd row", row=value)
    structlog.get_logger().warning(f"odd row {value}" if isinstance(value, str) else "odd row")
    text = log_stream.getvalue()
    assert "90 0001" not in text
    assert "90.0001" not in text
    assert CANARY not in text
    assert "٣٥" not in text


@pytest.mark.parametrize(
    "key", ["password", "Authorization", "csrf", "session", "nik", "mother", "new_password", "Set-Cookie"]
)
def test_secret_keys_are_masked_in_depth(log_stream: io.StringIO, key: str) -> None:
    structlog.get_logger().info("request", headers={"inner": {key: "open sesame"}})
    assert "sesame" not in log_stream.getvalue()
    assert logs.MASK in log_stream.getvalue()


def test_tracebacks_and_library_loggers_pass_the_same_step(log_stream: io.StringIO) -> None:
    try:
        raise ValueError(f"row of {CANARY}")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("some.library").exception("failed with %s", CANARY)
    ours, theirs = lines(log_stream)
    assert "ValueError" in ours["exception"]
    assert "ValueError" in theirs["exception"]
    assert theirs["level"] == "error"
    assert CANARY not in log_stream.getvalue()


def test_a_value_that_contains_itself_does_not_hang(log_stream: io.StringIO) -> None:
    endless: list[Any] = []
    endless.append(endless)
    structlog.get_logger().info("odd", value=endless)
    assert "too deep" in log_stream.getvalue()


def test_dates_and_village_codes_stay_readable(log_stream: io.StringIO) -> None:
    structlog.get_logger().info("synced", village="3510252010", at="2021-05-01T10:00:00.123456Z")
    assert logs.MASK not in log_stream.getvalue()
