"""What an office sets, in one TOML file; every key is in docs/operating.md. Never holds a secret."""

from pathlib import Path
from typing import Annotated

import msgspec

from agent.domain.letters import Letterhead
from agent.domain.numbering import NumberingPolicy, SeriesPolicy, numbering_policy
from chassis.settings import Hour, IdleSeconds, LogLevel, Port, SettingsError, load_settings
from protocol.ids import InvalidCode, dotted, parse_village_code
from protocol.regions import UnknownRegion, Village, village

RevocationsDays = Annotated[int, msgspec.Meta(ge=1, le=365)]
"""How old the regency's list of revoked letters may be before a letter is no longer called valid by it."""


class Office(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The letterhead and who signs. `head_name` and `secretary_name` are printed; logins are made by `agent user`."""

    address: str
    postcode: str = ""
    phone: str = ""
    email: str = ""
    head_name: str = ""
    head_nip: str = ""


class Numbers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How letters are numbered. `office_code` (kode instansi) has no default: it cannot be derived from the village code."""

    series: SeriesPolicy = SeriesPolicy.ONE
    format: str = "{klas}/{nomor:03d}/{kode_instansi}/{tahun}"
    office_code: str = ""
    section: str = ""
    codes: dict[str, str] = {}


class Central(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the centre is. `ca_file`: the authority of its certificate, where that is not a public one."""

    url: str
    ca_file: Path | None = None


class Listen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Addresses of the pages and of the metrics; metrics stay on loopback."""

    host: str = "127.0.0.1"
    port: Port = 8080
    metrics_host: str = "127.0.0.1"
    metrics_port: Port = 9101
    is_tls: bool = False


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. `identity_folder` must lie outside every backup and image; `data_folder` is what a backup saves."""

    village: str
    data_folder: Path
    identity_folder: Path
    office: Office
    central: Central
    numbers: Numbers = Numbers()
    listen: Listen = Listen()
    idle_seconds: IdleSeconds = 900
    revocations_days_max: RevocationsDays = 7
    backup_folder: Path | None = None
    backup_hour: Hour = 12
    log_level: LogLevel = "INFO"

    @property
    def home(self) -> Village:
        return village(parse_village_code(self.village))

    @property
    def database(self) -> Path:
        return self.data_folder / "village.db"

    @property
    def mark(self) -> Path:
        """Beside the keys: a backup or copy of the data folder must not carry it."""
        return self.identity_folder / "mark"

    def letterhead(self) -> Letterhead:
        home = self.home
        return Letterhead(
            regency="Banyuwangi",
            district=home.district.name,
            village=home.name,
            village_kind=home.kind,
            address=self.office.address,
            postcode=self.office.postcode or home.postcode,
            phone=self.office.phone,
            email=self.office.email,
        )

    def numbering(self) -> NumberingPolicy:
        """Raises NumberingError naming the setting and the cure."""
        return numbering_policy(
            self.numbers.series,
            self.numbers.format,
            kode_desa=dotted(parse_village_code(self.village)),
            kode_instansi=self.numbers.office_code,
            bidang=self.numbers.section,
        )


def load(path: Path) -> AgentSettings:
    """Read and check the settings. Raises SettingsError; the message names file, key and cure."""
    settings = load_settings(path, AgentSettings)
    try:
        canonical = parse_village_code(settings.village)
        village(canonical)
    except (InvalidCode, UnknownRegion) as error:
        raise SettingsError(f"{path}: village: {error}") from error
    if settings.identity_folder.resolve().is_relative_to(settings.data_folder.resolve()):
        raise SettingsError(
            f"{path}: identity_folder must lie outside data_folder, or every backup would carry the keys"
        )
    if not settings.central.url.startswith(("https://", "http://127.0.0.1:", "http://[::1]:", "http://localhost:")):
        raise SettingsError(f"{path}: central.url must be https:// (plain http only on this machine itself)")
    return msgspec.structs.replace(settings, village=canonical)
