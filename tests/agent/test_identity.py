"""The box's keys through an enrolment that is cut off anywhere: one token, one key, and never half an identity or file."""

import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent import identity
from agent.identity import BoxIdentity, NotEnrolled, check_enrolment, keep_enrolment, prepare_key, replace_file
from chassis.signing import Key, KeyRefused
from protocol.messages import CERTIFICATE, Certificate, EnrolReply, sign

DESA, OTHER_DESA = "3510252010", "3510152004"
CENTRE = Key.from_seed(b"c" * 32)


@dataclass
class Broken(Exception):
    """The power went."""


def reply_for(key: Key, *, village: str = DESA, serial: int = 1) -> EnrolReply:
    certificate = sign(CERTIFICATE, Certificate(village, serial, key.public, 0), CENTRE.sign)
    return EnrolReply(certificate, CENTRE.public, b"t" * 16, [], [], is_agenda_needed=False)


def enrol(folder: Path, token: str, serial: int = 1) -> Key:
    key = prepare_key(folder, token)
    keep_enrolment(folder, token, reply_for(key, serial=serial))
    return key


def test_an_enrolled_box_is_who_the_centre_says(tmp_path: Path) -> None:
    key = enrol(tmp_path, "satu")
    who = BoxIdentity.load(tmp_path)
    assert (who.village, who.serial, who.key.public, who.nonce) == (DESA, 1, key.public, b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["box.key", "certificate", "nonce"]


def test_a_token_that_is_tried_again_finds_its_key(tmp_path: Path) -> None:
    assert prepare_key(tmp_path, "satu").public == prepare_key(tmp_path, "satu").public


def test_another_token_gets_another_key_and_the_one_left_over_goes(tmp_path: Path) -> None:
    first = prepare_key(tmp_path, "satu")
    assert prepare_key(tmp_path, "dua").public != first.public
    assert len(list(tmp_path.iterdir())) == 1
    assert prepare_key(tmp_path, "satu").public != first.public


def test_the_name_of_the_key_tells_nothing_of_the_token(tmp_path: Path) -> None:
    prepare_key(tmp_path, "rahasia-desa")
    assert all("rahasia" not in path.name for path in tmp_path.iterdir())


def test_a_key_that_was_cut_off_while_it_was_made_is_made_again(tmp_path: Path) -> None:
    prepare_key(tmp_path, "satu")
    left = next(tmp_path.iterdir())
    left.write_bytes(b"half")
    assert prepare_key(tmp_path, "satu").public == Key.load(left).public


@pytest.mark.parametrize("cut", ["box.key", "nonce", "certificate"])
def test_a_power_cut_between_any_two_files_leaves_the_way_to_ask_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    """The former identity may be gone by then; what was asked with is not, and the centre answers it again."""
    former = enrol(tmp_path, "satu")
    key = prepare_key(tmp_path, "dua")
    write = identity.replace_file

    def torn(path: Path, content: bytes) -> None:
        if path.name == cut:
            raise Broken
        write(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(identity, "replace_file", torn)
        with pytest.raises(Broken):
            keep_enrolment(tmp_path, "dua", reply_for(key, serial=2))
    with pytest.raises(NotEnrolled):
        BoxIdentity.load(tmp_path)
    assert enrol(tmp_path, "dua", serial=2).public == key.public != former.public
    assert BoxIdentity.load(tmp_path).serial == 2


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (reply_for(Key.from_seed(b"x" * 32)), "another key"),
        (None, f"that token is for village {OTHER_DESA}"),
    ],
)
def test_an_answer_for_somebody_else_is_refused(tmp_path: Path, reply: EnrolReply | None, words: str) -> None:
    key = prepare_key(tmp_path, "satu")
    with pytest.raises(KeyRefused, match=words):
        check_enrolment(key, DESA, reply or reply_for(key, village=OTHER_DESA))


def test_until_the_answer_is_kept_the_former_identity_stands(tmp_path: Path) -> None:
    former = enrol(tmp_path, "satu")
    BoxIdentity.load(tmp_path).keep_nonce(b"n" * 16)
    prepare_key(tmp_path, "dua")
    who = BoxIdentity.load(tmp_path)
    assert (who.key.public, who.nonce) == (former.public, b"n" * 16)


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
