"""What the regency sets for the centre, in one TOML file; every key is in docs/operating.md. Never holds a secret."""

from pathlib import Path
from typing import Annotated

import msgspec

from chassis.settings import IdleSeconds, LogLevel, Port, SettingsError, load_settings


class Listen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Three doors: boxes, officers, metrics. TLS ends in front of them."""

    host: str = "127.0.0.1"
    sync_port: Port = 8443
    pages_port: Port = 8081
    metrics_host: str = "127.0.0.1"
    metrics_port: Port = 9102
    is_tls: bool = False


class Public(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The public pages: an address of their own, since whoever opens them has no login.

    `is_proxied`: a proxy stands in front, and the last address in X-Forwarded-For is the one it saw.
    """

    host: str = "127.0.0.1"
    port: Port = 8082
    is_proxied: bool = False


Days = Annotated[int, msgspec.Meta(ge=0, le=36_500)]


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many days `kampung-central erase` leaves things: a report beyond the day its own page names, a photograph after it
    came (0: for good), a login after its last use."""

    reports_days: Days = 0
    pictures_days: Days = 0
    logins_days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] = 30


class CentralSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. `identity_folder` holds the regency's signing key and the list of revoked machines."""

    data_folder: Path
    identity_folder: Path
    listen: Listen = Listen()
    public: Public | None = None
    retention: Retention = Retention()
    idle_seconds: IdleSeconds = 900
    log_level: LogLevel = "INFO"

    @property
    def database(self) -> Path:
        return self.data_folder / "centre.db"

    @property
    def key(self) -> Path:
        return self.identity_folder / "regency.key"

    @property
    def revoked(self) -> Path:
        return self.identity_folder / "revoked"


def load(path: Path) -> CentralSettings:
    """Read and check the settings. Raises SettingsError; the message names file, key and cure."""
    settings = load_settings(path, CentralSettings)
    if settings.identity_folder.resolve().is_relative_to(settings.data_folder.resolve()):
        raise SettingsError(
            f"{path}: identity_folder must lie outside data_folder, or every backup would carry the key"
        )
    return settings
