"""A box's own files are replaced whole or not at all."""

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.identity import BoxIdentity, NotEnrolled, replace_file
from chassis.signing import KeyRefused

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


def test_what_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    """Whoever enrols anew because of a wrong user throws a good enrolment away."""
    with pytest.raises(NotEnrolled):
        BoxIdentity.load(tmp_path)
    (tmp_path / "certificate").write_bytes(b"x")
    with pytest.raises(KeyRefused, match="damaged: enrol this server again"):
        BoxIdentity.load(tmp_path)
    (tmp_path / "certificate").unlink()
    (tmp_path / "certificate").mkdir()
    with pytest.raises(KeyRefused, match="run this as the user of the service"):
        BoxIdentity.load(tmp_path)
