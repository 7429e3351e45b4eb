"""What an office sets, in one TOML file; every key is in docs/operating.md. Never holds a secret."""

from pathlib import Path
from typing import Annotated

import msgspec

from agent.domain.letters import Capacity, Letterhead, Signer, head_title, secretary_title, signer_title
from agent.domain.numbering import NumberingPolicy, SeriesPolicy, numbering_policy
from agent.domain.requests import Person, Route
from chassis.settings import Hour, IdleSeconds, LogLevel, Port, SettingsError, load_settings
from chassis.web.accounts import LOGIN
from protocol.ids import InvalidCode, dotted, parse_village_code
from protocol.regions import UnknownRegion, Village, village

RevocationsDays = Annotated[int, msgspec.Meta(ge=1, le=365)]
"""How old the regency's list of revoked letters may be before a letter is no longer called valid by it."""


class Office(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The letterhead and who signs. `head_name` is printed; logins are made by `agent user`. `logo`: a file with the emblem
    that stands beside the letterhead."""

    address: str
    postcode: str = ""
    phone: str = ""
    email: str = ""
    head_name: str = ""
    head_nip: str = ""
    logo: Path | None = None


class Delegate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may sign beside the head, under the login that names this entry. `title` is their own, for a.n. and u.b."""

    name: str
    capacity: Capacity
    title: str = ""
    nip: str = ""


class Workflow(Route, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The steps of every letter, and of single kinds where they differ. Without any the clerk issues and a pen signs."""

    kinds: dict[str, Route] = {}


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


class Kiosk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the self-service pages listen: an origin of its own, apart from the counter's. Without this table there are none."""

    port: Port
    host: str = "127.0.0.1"


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. `identity_folder` must lie outside every backup and image; `data_folder` is what a backup saves."""

    village: str
    data_folder: Path
    identity_folder: Path
    office: Office
    central: Central
    numbers: Numbers = Numbers()
    workflow: Workflow = Workflow()
    delegates: dict[str, Delegate] = {}
    listen: Listen = Listen()
    kiosk: Kiosk | None = None
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

    def route(self, kind: str) -> Route:
        """The steps of this kind of letter."""
        own = self.workflow
        return own.kinds.get(kind, Route(approval=own.approval, signing=own.signing))

    def signers(self) -> dict[str, Signer]:
        """Everybody a letter may name: the head under the empty login, then the delegates under theirs."""
        letterhead = self.letterhead()
        title = head_title(letterhead)
        head = Signer(name=self.office.head_name, title=title, nip=self.office.head_nip)
        return {"": head} | {
            login: Signer(
                name=each.name,
                title=signer_title(each.capacity, each.title, title, secretary_title(letterhead)),
                nip=each.nip,
            )
            for login, each in self.delegates.items()
        }

    def person(self, login: str, role: str) -> Person:
        """Whoever is signed in, and as whom they may sign: the head as such, a delegate as the settings say."""
        signers = self.signers()
        signs_as = signers[login] if login in self.delegates else signers[""] if role == "head" else None
        return Person(login=login, role=role, signs_as=signs_as)

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
    if settings.kiosk is not None and settings.kiosk.port in (settings.listen.port, settings.listen.metrics_port):
        raise SettingsError(
            f"{path}: kiosk.port must differ from listen.port and listen.metrics_port: it is another origin"
        )
    for login, delegate in settings.delegates.items():
        _check_delegate(path, login, delegate)
    if not settings.central.url.startswith(("https://", "http://127.0.0.1:", "http://[::1]:", "http://localhost:")):
        raise SettingsError(f"{path}: central.url must be https:// (plain http only on this machine itself)")
    return msgspec.structs.replace(settings, village=canonical)


def _check_delegate(path: Path, login: str, delegate: Delegate) -> None:
    """Raises SettingsError for a delegate whose signature could not be printed."""
    where = f"{path}: delegates.{login}"
    if not LOGIN.fullmatch(login):
        raise SettingsError(f"{where}: name the entry by the login of an account (`agent user list`)")
    if not delegate.name.strip():
        raise SettingsError(f"{where}.name: the name is printed under the signature")
    if delegate.capacity is Capacity.HEAD:
        raise SettingsError(f"{where}.capacity: one of a.n., u.b., Plt., Plh., Pj.; the head is office.head_name")
    if delegate.capacity in (Capacity.FOR_THE_HEAD, Capacity.THROUGH_SECRETARY) and not delegate.title.strip():
        raise SettingsError(f"{where}.title: {delegate.capacity} prints the delegate's own title")
