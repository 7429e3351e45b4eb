"""How the benchmark treats what is not here, and how it ends the servers it started; never how fast anything is."""

import sys
from pathlib import Path

import pytest

from tests.benchmarks import foreign, nats_peer, postgres_peer, pouchdb_peer
from tests.benchmarks.__main__ import RATIOS, show, who_is_here


def test_a_ratio_is_said_only_of_figures_that_were_measured() -> None:
    plain = {"acked": 9.0, "decided": 6.0, "raw_sqlite_1000": 3.0, "naive_1": 1.0, "naive_1000": 2.0}
    assert [*show(plain, 1).values()] == [3.0, 9.0, 4.5, 2.0]
    with_copy = show({**plain, "copy_1000": 12.0}, 1)
    assert len(with_copy) == 4, "a centre on SQLite is not compared with COPY"
    figures = {name: 1.0 for _, above, below, _ in RATIOS for name in (above, below)}
    assert len(show(figures, 1)) == len(RATIOS)


def test_peers_that_are_not_here_are_named_with_their_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(nats_peer, "nats", None)
    monkeypatch.setattr(postgres_peer, "asyncpg", None)
    monkeypatch.setattr(pouchdb_peer.shutil, "which", lambda *_, **__: None)
    present, missing = who_is_here(tmp_path)
    assert present == {}
    assert [*missing.values()] == [foreign.EXTRA, foreign.EXTRA, "apt-get install nodejs npm"]


def test_a_server_that_will_not_end_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(foreign, "END_SECONDS_MAX", 0.1)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    with foreign.running([sys.executable, "-c", deaf], tmp_path / "log") as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"up\n"
    assert server.returncode == -9
