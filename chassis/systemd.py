"""Talks to systemd over its notify socket: "ready", "stopping", a status in words, and the watchdog's ping.

Without systemd (NOTIFY_SOCKET unset) every call does nothing. Must never fail the program: a lost datagram is logged by
systemd's own timeout. Protocol: sd_notify(3). Place in the flow: each `__main__`; whoever has proof of work pings.
"""

import os
import socket
from collections.abc import Mapping

STATUS_CHARACTERS_MAX = 200  # `systemctl status` shows one line


def notify(state: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Sends a state such as `READY=1`, `STOPPING=1`, `WATCHDOG=1`. True when it was handed to systemd."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address or address[0] not in "@/":
        return False
    target = "\0" + address[1:] if address[0] == "@" else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            channel.sendto(state.encode(), target)
    except OSError:
        return False
    return True


def status(words: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Shows one line in `systemctl status`."""
    line = " ".join(words.split())[:STATUS_CHARACTERS_MAX]
    return notify(f"STATUS={line}", environment)


def watchdog_interval_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """How often to ping: half of what systemd allows; None when no watchdog watches this process."""
    allowed = environment.get("WATCHDOG_USEC", "")
    watched = environment.get("WATCHDOG_PID", "")
    if not allowed.isascii() or not allowed.isdigit() or int(allowed) == 0:
        return None
    if watched and watched != str(os.getpid()):
        return None
    return int(allowed) / 2_000_000
