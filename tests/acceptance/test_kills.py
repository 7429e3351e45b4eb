"""A few kills in every test run; the command does a hundred."""

from pathlib import Path

from tests.acceptance.kills import run_kills

KILLS = 5


async def test_killing_anybody_loses_nothing(prepared: Path, cache: Path, tmp_path: Path) -> None:
    report = await run_kills(KILLS, 3, prepared, tmp_path / "town", cache)
    assert report["problems"] == []
    assert report["kills"] == KILLS
    assert int(str(report["shown"])) > 20
