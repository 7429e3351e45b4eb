"""A box's own files are replaced whole or not at all."""

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.identity import replace_file

ROOM = 8192


@pytest.fixture
def small_files() -> Iterator[None]:
    """The system cuts a write short at this size, as it does on a disk that is almost full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_files")
def test_half_a_file_never_takes_the_place_of_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "parcel"
    replace_file(path, b"former")
    with pytest.raises(OSError, match="parcel"):
        replace_file(path, bytes(10 * ROOM))
    assert path.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [path]
