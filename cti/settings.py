"""Every setting of the server, read once at start; the only module that reads the environment.

Order, later wins: defaults here < TOML file (`--config`, else CTI_CONFIG, else /etc/trubka/config.toml) <
`CTI_SECTION__KEY` variables. `CTI_PORT` and `CTI_DATA` are short names of http.port and data. A secret may come from
a file: `secret_file` beside `secret`. All faults are listed together. `config/cti.example.toml` shows each setting
with its default, unit and reason; a test keeps the two equal.
"""

from __future__ import annotations

import ipaddress
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from cti.errors import SettingsError

DEFAULT_FILE = Path("/etc/trubka/config.toml")
Port = Annotated[int, Field(ge=1, le=65535)]
Digits = Annotated[str, Field(pattern=r"^\+?[0-9]{2,20}$")]
SipWebSocket = Annotated[str, Field(pattern=r"^(wss?://[^\s/]+/\S*)?$")]


def _regular(text: str) -> str:
    """A pattern that can be read. Raises ValueError."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is not a regular expression ({error})") from None
    return text


Pattern = Annotated[str, AfterValidator(_regular)]


def _network(text: str) -> str:
    """An address or a network. Raises ValueError."""
    ipaddress.ip_network(text, strict=False)
    return text


Network = Annotated[str, AfterValidator(_network)]


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


def _secret(secret: SecretStr, file: Path | None) -> str:
    return file.read_text(encoding="utf-8").strip() if file is not None else secret.get_secret_value()


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HttpSettings(_Section):
    """Where the panel listens and who stands before it."""

    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: str = ""  # https://cti.example.org behind a proxy; empty: the address the browser used
    trusted_proxies: tuple[str, ...] = ()  # addresses whose X-Forwarded-* headers are believed


class StorageSettings(_Section):
    """The database. Empty url: SQLite `trubka.db` in the data folder."""

    url: str = ""
    busy_timeout_ms: Annotated[int, Field(ge=0, le=60_000)] = 5000
    spool: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000  # writes kept in memory while the disk is full


class PbxNumbersSettings(_Section):
    """What differs from [numbers] at one PBX. None: as there."""

    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    area_code: Annotated[str, Field(pattern=r"^[0-9]{0,5}$")] | None = None
    internal: Pattern | None = None


class PbxSettings(_Section):
    """One Asterisk. `devices`/`trunks` empty: told apart by the rule in DevicePlan (short numbers are devices)."""

    host: str = "127.0.0.1"
    port: Port = 5038
    username: str = "trubka"
    secret: SecretStr = SecretStr("")
    secret_file: Path | None = None
    tls: bool = False
    tls_ca_file: Path | None = None
    devices: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()
    dial_context: str = "from-internal"  # where an agent's own calls enter the dialplan
    auto_answer: bool = True  # desk phones pick up by themselves on click-to-dial, by model
    caller_id: Annotated[str, Field(pattern=r"^(\+?[0-9]{2,20})?$")] = ""  # shown to clients; empty: dial.caller_id
    sip_ws: SipWebSocket = ""  # where browser phones are passed on to; empty: ws://HOST:8088/ws
    web_secrets_file: Path | None = None  # their passwords: the file that pjsip.conf includes; None: no browser phones
    voicemail: Path | None = None  # its folder of messages, readable by this server; None: they are not played
    numbers: PbxNumbersSettings = PbxNumbersSettings()

    def password(self) -> str:
        """The secret itself, from the file where one is named."""
        return _secret(self.secret, self.secret_file)

    def sip_websocket(self) -> str:
        """The address of the PBX's SIP over WebSocket."""
        return self.sip_ws or f"ws://{f'[{self.host}]' if ':' in self.host else self.host}:8088/ws"


class NumbersSettings(_Section):
    """How numbers are read: the installation's own plan comes before the world's."""

    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "RU"
    area_code: Annotated[str, Field(pattern=r"^[0-9]{0,5}$")] = "495"
    internal: Pattern = r"[0-9]{2,5}"  # regular expression of internal numbers
    time_zone: str = "Europe/Moscow"


class DialSettings(_Section):
    """Click-to-dial and its toll guard: what is not allowed here is refused."""

    countries: tuple[str, ...] = ("RU",)  # regions whose numbers may be dialled
    deny: tuple[Digits, ...] = ("+7809", "+7803", "+7805", "+7976")  # premium ranges inside them
    caller_id: str = ""  # default number shown to clients; empty: the trunk's own
    queue_caller_ids: dict[str, Digits] = {}  # by queue of the last call with the client
    team_caller_ids: dict[str, Digits] = {}  # by the agent's team
    per_minute: Annotated[int, Field(ge=1, le=1000)] = 10
    per_hour: Annotated[int, Field(ge=1, le=10_000)] = 60
    at_once: Annotated[int, Field(ge=1, le=20)] = 3
    ring_s: Annotated[int, Field(ge=5, le=120)] = 30


class AgentsSettings(_Section):
    """What the server does with people's states by itself. 0 seconds or offers: never."""

    wrap_up_s: Annotated[int, Field(ge=0, le=3600)] = 20  # work after a client's call; a queue may have its own
    missed_offers: Annotated[int, Field(ge=0, le=100)] = 3  # unanswered in a row, then a pause
    unreachable_s: Annotated[int, Field(ge=0, le=3600)] = 0  # Ready with an unregistered phone for so long: a pause
    lagged_s: Annotated[int, Field(ge=0, le=3600)] = 0  # Ready with the panel gone for so long: a pause
    sign_out_logs_off: bool = True  # who signs out leaves his queues too
    desks_free_at: Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")] = "00:00"  # "": never


class AgiSettings(_Section):
    """Where dialplans ask for a caller's name, manager, tags and priority (FastAGI)."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 4573  # 0: nobody may ask
    allowed: tuple[Network, ...] = ("127.0.0.1", "::1")  # addresses and networks of the PBXes


class SipAccountSettings(_Section):
    """An extension of the server's own."""

    extension: Annotated[str, Field(pattern=r"^[0-9A-Za-z_.-]{1,40}$")]
    secret: SecretStr = SecretStr("")
    secret_file: Path | None = None

    def password(self) -> str:
        """The secret itself, from the file where one is named."""
        return _secret(self.secret, self.secret_file)


class WatchLineSettings(SipAccountSettings):
    """An extension that rings along and never answers: who calls is seen by it, where there is no [pbx]."""

    called: Annotated[str, Field(pattern=r"^(\+?[0-9]{2,20})?$")] = ""  # the number that clients dial to ring it
    agents: tuple[str, ...] = ()  # logins of the people who get the card


class TestCallSettings(SipAccountSettings):
    """A real call through the PBX to a test agent: does the card come, and how fast."""

    __test__ = False  # its name is no test's
    number: Annotated[str, Field(pattern=r"^[0-9*#+]{1,20}$")]  # what is dialled: the test agent's phone
    agent: Annotated[str, Field(min_length=1)]  # his login
    shows: str = ""  # the number that his card shows; empty: the extension
    wait_s: Annotated[float, Field(ge=2, le=25)] = 15  # for the card
    every_h: Annotated[float, Field(ge=0, le=168)] = 0  # 0: only when asked


class RegistrarSettings(_Section):
    """A PBX at which the server has lines of its own, by SIP over UDP."""

    host: str = "127.0.0.1"
    port: Port = 5060
    watch: dict[Name, WatchLineSettings] = {}
    test: TestCallSettings | None = None


class LdapSettings(_Section):
    """Sign-in by Active Directory or LDAP; needs the extra `[ldap]`. Empty url: off."""

    url: str = ""
    bind_dn: str = ""  # user template, e.g. {login}@corp.example or uid={login},ou=people,dc=example
    start_tls: bool = True
    ca_file: Path | None = None


class AuthSettings(_Section):
    """Sign-in and sessions."""

    idle_h: Annotated[float, Field(gt=0, le=168)] = 12
    absolute_h: Annotated[float, Field(gt=0, le=720)] = 24
    ldap: LdapSettings = LdapSettings()


class PrivacySettings(_Section):
    """Clients' data."""

    export_cards: Annotated[int, Field(ge=0, le=10_000_000)] = 500  # in one person's files a day without a reason
    operator: Annotated[str, Field(max_length=400)] = ""  # name and address of the house, as acts of erasure have it


class LogSettings(_Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    json_lines: bool | None = None  # None: JSON unless stderr is a terminal


class Settings(BaseSettings):
    """The whole tree, frozen."""

    model_config = SettingsConfigDict(
        env_prefix="CTI_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )
    data: Path = Path("/var/lib/trubka")
    language: Literal["ru", "en"] = "ru"
    http: HttpSettings = HttpSettings()
    storage: StorageSettings = StorageSettings()
    pbx: dict[Name, PbxSettings] = {}
    sip: dict[Name, RegistrarSettings] = {}
    numbers: NumbersSettings = NumbersSettings()
    dial: DialSettings = DialSettings()
    agents: AgentsSettings = AgentsSettings()
    agi: AgiSettings = AgiSettings()
    auth: AuthSettings = AuthSettings()
    privacy: PrivacySettings = PrivacySettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file: the file's values come in as init arguments."""
        return env_settings, init_settings

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL with its async driver."""
        return self.storage.url or f"sqlite+aiosqlite:///{self.data / 'trubka.db'}"


SHORT_NAMES = {"CTI_PORT": ("http", "port"), "CTI_DATA": ("data",)}
NOT_SETTINGS = {"CTI_CONFIG", "CTI_DEMO_PASSWORD", *SHORT_NAMES}


def load(config: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Settings:
    """The effective settings. Raises SettingsError with every fault as `key: what is wrong`."""
    env = os.environ if environ is None else environ
    file = config or (Path(env["CTI_CONFIG"]) if env.get("CTI_CONFIG") else None)
    values = _file_values(file or DEFAULT_FILE, required=file is not None)
    for name, path in SHORT_NAMES.items():
        if env.get(name):
            _put(values, path, env[name])
    faults = _unknown_variables(env)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        faults += [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()]
        raise SettingsError(faults) from None
    faults += _missing_secrets(settings) + _same_pbx(settings)
    if faults:
        raise SettingsError(faults)
    return settings


def demo_password() -> str | None:
    """CTI_DEMO_PASSWORD: the sample users' password; None: one is made up and printed."""
    return os.environ.get("CTI_DEMO_PASSWORD") or None


def _file_values(file: Path, *, required: bool) -> dict[str, Any]:
    try:
        if not required and not file.exists():
            return {}
        if stat.S_IMODE(file.stat().st_mode) & 0o004 and "secret" in file.read_text(encoding="utf-8"):
            raise SettingsError([f"{file}: holds a secret and everybody may read it; run chmod 0640 {file}"])
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"{file}: cannot be read ({error.strerror}); name an existing file"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"{file}: is not valid TOML ({error})"]) from None


def _put(values: dict[str, Any], path: tuple[str, ...], value: str) -> None:
    for key in path[:-1]:
        values = values.setdefault(key, {})
    values[path[-1]] = value


def _unknown_variables(env: Mapping[str, str]) -> list[str]:
    """Unknown CTI_* names would pass silently otherwise; CTI_LAB_* belongs to the lab."""
    known = {f"CTI_{name.upper()}" for name in Settings.model_fields}
    return [
        f"{name}: no such setting; see config/cti.example.toml"
        for name in sorted(env)
        if name.startswith("CTI_")
        and not name.startswith("CTI_LAB_")
        and name not in NOT_SETTINGS
        and name.split("__")[0] not in known
    ]


def _missing_secrets(settings: Settings) -> list[str]:
    accounts: dict[str, PbxSettings | SipAccountSettings] = {f"pbx.{name}": pbx for name, pbx in settings.pbx.items()}
    for name, registrar in settings.sip.items():
        accounts |= {f"sip.{name}.watch.{line}": account for line, account in registrar.watch.items()}
        accounts |= {f"sip.{name}.test": registrar.test} if registrar.test else {}
    faults = []
    for where, account in accounts.items():
        try:
            if not account.password():
                faults.append(f"{where}.secret: is empty; set it or secret_file (the account's secret at the PBX)")
        except OSError as error:
            faults.append(f"{where}.secret_file: cannot be read ({error.strerror})")
    for name, pbx in settings.pbx.items():
        faults += _web_secrets(name, pbx.web_secrets_file)
    return faults


def _web_secrets(name: str, file: Path | None) -> list[str]:
    if file is None:
        return []
    key = f"pbx.{name}.web_secrets_file"
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o004:
            return [f"{key}: everybody may read the phones' passwords; run chmod 0640 {file}"]
        file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return [f"{key}: cannot be read ({error})"]
    return []


def _same_pbx(settings: Settings) -> list[str]:
    """One PBX under two names would show each of its calls twice."""
    seen: dict[tuple[str, int], str] = {}
    faults = []
    for name, pbx in settings.pbx.items():
        first = seen.setdefault((pbx.host.casefold(), pbx.port), name)
        if first != name:
            faults.append(f"pbx.{name}: is at the same host and port as pbx.{first}; each PBX has one section")
    return faults
