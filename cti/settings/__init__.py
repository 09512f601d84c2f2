"""Every setting of the server, read once at start; the only module that reads the environment.

Order, later wins: defaults here < TOML file (`--config`, else CTI_CONFIG, else /etc/trubka/config.toml) <
`CTI_SECTION__KEY` variables. `CTI_PORT` and `CTI_DATA` are short names of http.port and data. A secret may come from
a file: `secret_file` beside `secret`. All faults are listed together. `config/cti.example.toml` shows each setting
with its default, unit and reason; a test keeps the two equal.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from cti.errors import SettingsError
from cti.settings.sections import (
    AgentsSettings,
    AgiSettings,
    AlertSettings,
    AuthSettings,
    DialSettings,
    HttpSettings,
    LdapSettings,
    LogSettings,
    MailSettings,
    Name,
    NumbersSettings,
    OAuthSettings,
    OwnerSettings,
    PastSettings,
    PbxNumbersSettings,
    PbxSettings,
    PhonesSettings,
    PrivacySettings,
    QualitySettings,
    RecordingsSettings,
    RegistrarSettings,
    SipAccountSettings,
    SmsSettings,
    StorageSettings,
    TestCallSettings,
    WatchLineSettings,
    credentials_in,
)

DEFAULT_FILE = Path("/etc/trubka/config.toml")


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
    quality: QualitySettings = QualitySettings()
    recordings: RecordingsSettings = RecordingsSettings()
    mail: MailSettings = MailSettings()
    sms: SmsSettings = SmsSettings()
    alerts: AlertSettings = AlertSettings()
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
        return self.storage.address() or f"sqlite+aiosqlite:///{self.data / 'trubka.db'}"

    @property
    def voicemail_folders(self) -> dict[str, Path]:
        """Folders of messages by the PBX's name, where they are set."""
        return {name: one.voicemail for name, one in self.pbx.items() if one.voicemail}

    @property
    def recording_archive(self) -> dict[str, str] | None:
        """Where old recordings go, as `cti.channels.phone.archive.archive_of` takes it."""
        return self.recordings.archive(self.data / "recordings")

    @property
    def recording_folders(self) -> dict[str, Path]:
        """Folders of recordings by the PBX's name, where they are set."""
        return {name: one.recordings for name, one in self.pbx.items() if one.recordings}


SHORT_NAMES = {"CTI_PORT": ("http", "port"), "CTI_DATA": ("data",)}
NOT_SETTINGS = {"CTI_CONFIG", "CTI_DEMO_PASSWORD", *SHORT_NAMES}


def load(config: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Settings:
    """The effective settings. Raises SettingsError with every fault as `key: what is wrong`."""
    env = os.environ if environ is None else environ
    file = file_of(config, env)
    values = _file_values(file, required=file is not DEFAULT_FILE)
    for name, path in SHORT_NAMES.items():
        if env.get(name):
            _put(values, path, env[name])
    faults = _unknown_variables(env)
    try:
        with credentials_in(env.get("CREDENTIALS_DIRECTORY", "")):
            settings = Settings(**values)
    except ValidationError as error:
        faults += [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()]
        raise SettingsError(faults) from None
    faults += _missing_secrets(settings) + _same_pbx(settings) + _mail(settings.mail)
    faults += _recordings(settings.recordings)
    for name, file_ in (
        ("mail", settings.mail.ca_file),
        ("sms", settings.sms.ca_file),
        ("alerts", settings.alerts.ca_file),
    ):
        if file_ is not None and not file_.is_file():
            faults.append(f"{name}.ca_file: cannot be read; name a file of certificates in PEM")
    if faults:
        raise SettingsError(faults)
    return settings


def file_of(config: Path | None, environ: Mapping[str, str] | None = None) -> Path:
    """The settings file: as a command names it, else CTI_CONFIG, else DEFAULT_FILE itself."""
    env = os.environ if environ is None else environ
    return config or (Path(env["CTI_CONFIG"]) if env.get("CTI_CONFIG") else DEFAULT_FILE)


def service_manager() -> dict[str, str]:
    """What systemd tells its services: where to tell it of themselves, and how often the watchdog wants a beat."""
    return {name: os.environ.get(name, "") for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")}


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
    try:
        settings.storage.address()
    except OSError as error:
        faults.append(f"storage.url_file: cannot be read ({error.strerror})")
    for where, account in accounts.items():
        try:
            if not account.password():
                faults.append(f"{where}.secret: is empty; set it or secret_file (the account's secret at the PBX)")
        except OSError as error:
            faults.append(f"{where}.secret_file: cannot be read ({error.strerror})")
    for name, pbx in settings.pbx.items():
        faults += _web_secrets(name, pbx.web_secrets_file) + _owner(name, pbx.owner)
    return faults


def _recordings(recordings: RecordingsSettings) -> list[str]:
    faults = []
    if recordings.move_to.startswith("s3://"):
        if not (recordings.store_url and recordings.store_key):
            faults.append("recordings.store_url, recordings.store_key: are needed where move_to begins with s3://")
        try:
            recordings.archive(Path())
        except OSError as error:
            faults.append(f"recordings.store_secret_file: cannot be read ({error.strerror})")
    if recordings.convert and recordings.move_to and recordings.convert_after_days >= recordings.move_after_days:
        faults.append("recordings.convert_after_days: is to be less than move_after_days: what was moved stays")
    return faults


def _mail(mail: MailSettings) -> list[str]:
    faults = []
    for name, provider in mail.oauth.items():
        if name not in ("google", "microsoft") and not (provider.authorize_url and provider.token_url):
            faults.append(f"mail.oauth.{name}: needs authorize_url and token_url; google and microsoft have their own")
        try:
            provider.password()
        except OSError as error:
            faults.append(f"mail.oauth.{name}.secret_file: cannot be read ({error.strerror})")
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


def _owner(name: str, owner: OwnerSettings) -> list[str]:
    """The folders of a PBX whose dialplan is ours."""
    folders = {"folder": owner.folder, "sounds": owner.sounds}
    return [
        f"pbx.{name}.owner.{key}: is no folder; name the one of the PBX, or leave it out"
        for key, folder in folders.items()
        if folder is not None and not folder.is_dir()
    ]


def _same_pbx(settings: Settings) -> list[str]:
    """One PBX under two names would show each of its calls twice."""
    seen: dict[tuple[str, int], str] = {}
    faults = []
    for name, pbx in settings.pbx.items():
        first = seen.setdefault((pbx.host.casefold(), pbx.port), name)
        if first != name:
            faults.append(f"pbx.{name}: is at the same host and port as pbx.{first}; each PBX has one section")
    return faults


__all__ = [
    "DEFAULT_FILE",
    "AgentsSettings",
    "AgiSettings",
    "AlertSettings",
    "AuthSettings",
    "DialSettings",
    "HttpSettings",
    "LdapSettings",
    "LogSettings",
    "MailSettings",
    "NumbersSettings",
    "OAuthSettings",
    "OwnerSettings",
    "PastSettings",
    "PbxNumbersSettings",
    "PbxSettings",
    "PhonesSettings",
    "PrivacySettings",
    "RegistrarSettings",
    "Settings",
    "SipAccountSettings",
    "SmsSettings",
    "StorageSettings",
    "TestCallSettings",
    "WatchLineSettings",
    "demo_password",
    "file_of",
    "load",
    "service_manager",
]
