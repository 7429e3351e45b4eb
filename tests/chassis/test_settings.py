"""A mistake in the settings is answered with the key and the cure, never with a traceback or a value."""

from pathlib import Path

import msgspec
import pytest

from chassis.settings import SettingsError, load_settings, read_secret


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    host: str = "127.0.0.1"
    port: int


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    url: str


class Library(msgspec.Struct, frozen=True, kw_only=True):
    database: Path
    listen: Listen
    peers: tuple[Peer, ...] = ()
    backup: Peer | None = None
    branches: dict[str, Peer] = {}


GOOD = """
database = "/var/lib/library.db"
[listen]
port = 8080
[[peers]]
url = "https://a.example"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "library.toml"


def test_good_settings_are_typed(path: Path) -> None:
    path.write_text(GOOD)
    settings = load_settings(path, Library)
    assert settings == Library(
        database=Path("/var/lib/library.db"), listen=Listen(port=8080), peers=(Peer(url="https://a.example"),)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("port", "prot"), r"unknown key listen\.prot; did you mean listen\.port\?"),
        (("database", "databse"), r"unknown key databse; did you mean database\?"),
        (("url", "uri"), r"unknown key peers\.uri; did you mean peers\.url\?"),
        (
            ("[listen]", "zebra = 1\n[listen]"),
            r"unknown key zebra; known keys: backup, branches, database, listen, peers",
        ),
        (("[[peers]]", "[backup]\nurk = 'x'\n[[peers]]"), r"unknown key backup\.urk"),
        (("8080", "'8080'"), r"key listen\.port: expected `int`, got `str`"),
        (("8080", "true"), r"key listen\.port: expected `int`, got `bool`"),
        (("port = 8080", ""), r"key listen: object missing required field `port`"),
        (('"/var/lib/library.db"', "7"), r"key database: expected a path as text"),
        (("port = 8080", "port = "), r"line 4"),
    ],
)
def test_each_mistake_names_its_key_and_cure(path: Path, change: tuple[str, str], message: str) -> None:
    path.write_text(GOOD.replace(*change))
    with pytest.raises(SettingsError, match=message) as caught:
        load_settings(path, Library)
    assert str(caught.value).startswith(str(path))


def test_a_file_that_is_missing_huge_or_no_text_is_refused(path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_settings(path, Library)
    path.write_bytes(b"\xff\xfe\x00d")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load_settings(path, Library)
    path.write_text("#" * 300_000)
    with pytest.raises(SettingsError, match="larger than"):
        load_settings(path, Library)


def test_a_byte_order_mark_is_forgiven(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load_settings(path, Library).listen.port == 8080


def test_secrets_come_from_private_files_only(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_bytes(b"open sesame\n")
    for mode in (0o604, 0o644, 0o666, 0o620):
        secret.chmod(mode)
        with pytest.raises(SettingsError, match=f"mode {mode:04o} is too open; run: chmod 600") as caught:
            read_secret(secret)
        assert "sesame" not in str(caught.value)
    for mode in (0o400, 0o600, 0o440):
        secret.chmod(mode)
        assert read_secret(secret) == b"open sesame"


def test_odd_secret_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        read_secret(tmp_path / "none")
    with pytest.raises(SettingsError, match="not a regular file"):
        read_secret(tmp_path)
    large = tmp_path / "large"
    large.write_bytes(b"x" * 20_000)
    large.chmod(0o600)
    with pytest.raises(SettingsError, match="larger than"):
        read_secret(large)


def test_tables_with_names_of_their_own_are_read_and_their_keys_checked(path: Path) -> None:
    path.write_text(GOOD + '[branches.north]\nurl = "https://n.example"\n')
    assert load_settings(path, Library).branches == {"north": Peer(url="https://n.example")}
    path.write_text(GOOD + '[branches.north]\nuri = "https://n.example"\n')
    with pytest.raises(SettingsError, match=r"unknown key branches\.north\.uri; did you mean branches\.north\.url\?"):
        load_settings(path, Library)
