"""Settings come from one TOML file, checked in full before anything starts.

A mistake is answered with the key, what was expected and the nearest key that exists, in words an operator can act on.
Secrets never stand in the file itself: a setting names a file, and `read_secret` refuses one that others may read.
Must never guess a default for something only the office knows. Place in the flow: first thing in each `__main__`.
"""

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec

StructT = TypeVar("StructT", bound=msgspec.Struct)

SETTINGS_BYTES_MAX = 256 * 1024  # a settings file is a page or two; anything larger is the wrong file
SECRET_BYTES_MAX = 16 * 1024  # keys and passwords are short; anything larger is the wrong file
FORBIDDEN_SECRET_MODE = stat.S_IRWXO | stat.S_IWGRP  # systemd credentials are 0400 or 0440

Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]
IdleSeconds = Annotated[int, msgspec.Meta(ge=10, le=86_400)]
"""Shorter, and nobody finishes a form; longer, and a login is never over."""
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class SettingsError(Exception):
    """The settings cannot be used. The message names the file, the key and the cure; it never holds a value."""


def load_settings(path: Path, type: type[StructT]) -> StructT:  # noqa: A002 - reads as "load settings of this type"
    """Reads and checks a TOML file. Raises SettingsError."""
    values = _parse(path)
    unknown = next(_unknown_keys(values, type, ""), None)
    if unknown is not None:
        raise SettingsError(f"{path}: {unknown}")
    try:
        return msgspec.convert(values, type, strict=True, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {_explain(str(error))}") from None


def read_secret(path: Path) -> bytes:
    """The bytes of a secret file without the line end. Refuses a file that others may read or replace."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not make us wait
    except OSError as error:
        raise SettingsError(f"secret file {path}: {error.strerror}") from None
    try:
        # Asked of the open file, not of the name: nobody can swap the file in between.
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise SettingsError(f"secret file {path}: not a regular file")
        if mode & FORBIDDEN_SECRET_MODE:
            raise SettingsError(f"secret file {path}: mode {stat.S_IMODE(mode):04o} is too open; run: chmod 600 {path}")
        secret = os.read(descriptor, SECRET_BYTES_MAX + 1)
    finally:
        os.close(descriptor)
    if len(secret) > SECRET_BYTES_MAX:
        raise SettingsError(f"secret file {path}: larger than {SECRET_BYTES_MAX} bytes")
    return secret.rstrip(b"\r\n")


def _parse(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(SETTINGS_BYTES_MAX + 1)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    if len(text) > SETTINGS_BYTES_MAX:
        raise SettingsError(f"{path}: larger than {SETTINGS_BYTES_MAX} bytes")
    try:
        return tomllib.loads(text.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from None


def _unknown_keys(values: dict[str, Any], type_: Any, prefix: str) -> Iterator[str]:
    """Sentences about keys that the type does not know, in sub-tables too."""
    struct = _struct_of(type_)
    if struct is None:
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for key, value in values.items():
        if key not in fields:
            nearest = difflib.get_close_matches(key, fields, n=1, cutoff=0.5)
            hint = f"did you mean {prefix}{nearest[0]}?" if nearest else f"known keys: {', '.join(sorted(fields))}"
            yield f"unknown key {prefix}{key}; {hint}"
            continue
        for name, table in _tables(value, fields[key].type):
            yield from _unknown_keys(table, fields[key].type, f"{prefix}{key}.{name}")


def _tables(value: Any, type_: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The sub-tables of a value, with what stands before their keys; those of a `dict[str, Struct]` have names of their own."""
    if get_origin(type_) is dict and isinstance(value, dict):
        yield from ((f"{name}.", table) for name, table in value.items() if isinstance(table, dict))
        return
    yield from (("", table) for table in (value if isinstance(value, list) else [value]) if isinstance(table, dict))


def _struct_of(type_: Any) -> type[msgspec.Struct] | None:
    """The struct inside `Struct`, `Struct | None`, a tuple, list or dict of `Struct`; None for anything else."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return type_
    structs = (_struct_of(argument) for argument in get_args(type_) if argument is not Ellipsis)
    return next((struct for struct in structs if struct is not None), None)


def _decode(type_: type, value: Any) -> Any:
    if type_ is Path:
        if not isinstance(value, str) or not value or "\0" in value:
            raise ValueError("Expected a path as text")
        if not value.startswith("/"):
            raise ValueError("Expected a path from the root on: commands are run from other folders than the service")
        return Path(value)
    raise NotImplementedError(f"settings of type {type_} are not known")


def _explain(message: str) -> str:
    """msgspec says "Expected `int`, got `str` - at `$.web.port`"; the key comes first here."""
    parts = re.fullmatch(r"(?P<problem>.*?)(?: - at `\$\.?(?P<key>.*)`)?", message, re.DOTALL)
    if parts is None or not parts["key"]:
        return message
    problem = parts["problem"][:1].lower() + parts["problem"][1:]
    return f"key {parts['key']}: {problem}"
