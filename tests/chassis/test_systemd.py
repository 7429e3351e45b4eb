"""Notify speaks to a real datagram socket."""

import os
import socket
from pathlib import Path

import pytest

from chassis import systemd


@pytest.mark.parametrize("is_abstract", [False, True])
def test_states_arrive(tmp_path: Path, is_abstract: bool) -> None:
    address = f"@chassis-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd_socket:
        systemd_socket.bind("\0" + address[1:] if is_abstract else address)
        environment = {"NOTIFY_SOCKET": address}
        assert systemd.notify("READY=1", environment)
        assert systemd.status("12 letters\nwaiting " + "x" * 500, environment)
        assert systemd_socket.recv(4096) == b"READY=1"
        line = systemd_socket.recv(4096).decode()
        assert line.startswith("STATUS=12 letters waiting x")
        assert len(line) == len("STATUS=") + systemd.STATUS_CHARACTERS_MAX


def test_without_systemd_nothing_happens(tmp_path: Path) -> None:
    assert not systemd.notify("READY=1", {})
    assert not systemd.notify("READY=1", {"NOTIFY_SOCKET": "vsock:2:1"})
    assert not systemd.notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "gone")})


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_pinged_twice_in_its_time(environment: dict[str, str], seconds: float | None) -> None:
    assert systemd.watchdog_interval_seconds(environment) == seconds
