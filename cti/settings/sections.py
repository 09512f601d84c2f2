"""The sections of the settings: what each has, with its default. What they mean to the operator: cti.example.toml."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

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
ProviderName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,15}$")]
WebAddress = Annotated[str, Field(pattern=r"^(https://[^\s/]+/\S*|http://(127\.0\.0\.1|localhost)(:\d+)?/\S*)?$")]


_credentials: ContextVar[str] = ContextVar("credentials", default="")


@contextmanager
def credentials_in(folder: str) -> Iterator[None]:
    """Settings made in this block find bare names of files in the folder of the service's credentials."""
    token = _credentials.set(folder)
    try:
        yield
    finally:
        _credentials.reset(token)


def _credential(file: Path) -> Path:
    """A bare name is one of the service's credentials (systemd's LoadCredential=); else that file of /etc/trubka."""
    if len(file.parts) != 1:
        return file
    folders = (_credentials.get(), "/etc/trubka")
    return next((found for one in folders if one and (found := Path(one, file)).exists()), file)


SecretFile = Annotated[Path, AfterValidator(_credential)]


def _secret(secret: SecretStr, file: Path | None) -> str:
    return file.read_text(encoding="utf-8").strip() if file is not None else secret.get_secret_value()


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class QualitySettings(_Section):
    """What becomes of low marks of clients."""

    low_mark: Annotated[int, Field(ge=1, le=4)] = 2
    low_mark_login: Annotated[str, Field(max_length=64)] = ""


class HttpSettings(_Section):
    """Where the panel listens and who stands before it."""

    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: str = ""  # https://cti.example.org behind a proxy; empty: the address the browser used
    trusted_proxies: tuple[str, ...] = ()  # addresses whose X-Forwarded-* headers are believed


class StorageSettings(_Section):
    """The database. Empty url: SQLite `trubka.db` in the data folder."""

    url: str = ""
    url_file: SecretFile | None = None  # holds the url alone: its password stands in no settings then
    busy_timeout_ms: Annotated[int, Field(ge=0, le=60_000)] = 5000
    spool: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000  # writes kept in memory while the disk is full

    def address(self) -> str:
        """The url itself, from the file where one is named."""
        return self.url_file.read_text(encoding="utf-8").strip() if self.url_file is not None else self.url


class PbxNumbersSettings(_Section):
    """What differs from [numbers] at one PBX. None: as there."""

    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    area_code: Annotated[str, Field(pattern=r"^[0-9]{0,5}$")] | None = None
    internal: Pattern | None = None


class OwnerSettings(_Section):
    """The dialplan of a PBX is ours: where its files are and how it is told to read them again. No folder: a guest.

    Only who may change this file decides of these: they are what the service's user may write and run.
    """

    folder: Path | None = None
    command: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)] = ("asterisk", "-rx")
    sounds: Path | None = None  # its folder of sounds (with ru and en in it): ours go into trubka of each


class PhonesSettings(_Section):
    """What telephones are told in their settings files (docs/dialplan.md). No server: nobody makes such files."""

    server: Annotated[
        str, Field(pattern=r"^([A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|\[[0-9a-fA-F:]{2,45}\])?$")
    ] = ""
    port: Port = 5060
    transport: Literal["udp", "tcp", "tls"] = "udp"
    language: Literal["ru", "en"] = "ru"
    fetch: bool = False  # phones may fetch them from this server, at an address made for each


class PastSettings(_Section):
    """Where the PBX's own logs are: what happened while this server was away is found in them (docs/pbx-admin.md)."""

    queue_log: Path | None = None  # its file; the rotated ones beside it are looked at too
    cdr: Path | None = None  # Master.csv
    database: SecretStr = SecretStr("")  # postgresql://USER:PASSWORD@HOST/NAME or mysql://...; only read
    database_file: Path | None = None  # holds that address
    cdr_table: Annotated[str, Field(pattern=r"^\w{0,64}$")] = "cdr"  # "": there is none
    queue_log_table: Annotated[str, Field(pattern=r"^\w{0,64}$")] = ""
    time_zone: str = ""  # of the PBX's clock; empty: numbers.time_zone
    folders: tuple[Path, ...] = ()  # of logs that people may take in from the panel
    inside: tuple[Network, ...] = ()  # networks whose databases may be named there, beside the PBX's own host
    settle_s: Annotated[int, Field(ge=1, le=86_400)] = 60  # after the end of a time that nobody watched

    def address(self) -> str:
        """The database's address, from the file where one is named; "" for none."""
        return _secret(self.database, self.database_file)


class PbxSettings(_Section):
    """One Asterisk. `devices`/`trunks` empty: told apart by the rule in DevicePlan (short numbers are devices)."""

    host: str = "127.0.0.1"
    port: Port = 5038
    username: str = "trubka"
    secret: SecretStr = SecretStr("")
    secret_file: SecretFile | None = None
    tls: bool = False
    tls_ca_file: Path | None = None
    devices: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()
    dial_context: str = "from-internal"  # where an agent's own calls enter the dialplan
    answer_ms: Annotated[int, Field(ge=200, le=10_000)] = 1000  # to what a person asks of it by a click
    auto_answer: bool = True  # desk phones pick up by themselves on click-to-dial, by model
    caller_id: Annotated[str, Field(pattern=r"^(\+?[0-9]{2,20})?$")] = ""  # shown to clients; empty: dial.caller_id
    sip_ws: SipWebSocket = ""  # where browser phones are passed on to; empty: ws://HOST:8088/ws
    web_secrets_file: SecretFile | None = (
        None  # their passwords: the file that pjsip.conf includes; None: no browser phones
    )
    voicemail: Path | None = None  # its folder of messages, readable by this server; None: they are not played
    recordings: Path | None = None  # its folder of recordings (of TrubkaRecording); None: they are not played
    numbers: PbxNumbersSettings = PbxNumbersSettings()
    owner: OwnerSettings = OwnerSettings()
    phones: PhonesSettings = PhonesSettings()
    past: PastSettings = PastSettings()

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
    spied_are_told: bool = False  # an agent is told when a supervisor begins to listen to him
    desks_free_at: Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")] = "00:00"  # "": never


class AgiSettings(_Section):
    """Where dialplans ask for a caller's name, manager, tags and priority (FastAGI)."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 4573  # 0: nobody may ask
    allowed: tuple[Network, ...] = ("127.0.0.1", "::1")  # addresses and networks of the PBXes
    budget_ms: Annotated[int, Field(ge=20, le=10_000)] = 150  # what is not known by then is not told


class SipAccountSettings(_Section):
    """An extension of the server's own."""

    extension: Annotated[str, Field(pattern=r"^[0-9A-Za-z_.-]{1,40}$")]
    secret: SecretStr = SecretStr("")
    secret_file: SecretFile | None = None

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


class RecordingsSettings(_Section):
    """What becomes of recordings that grow old. No move_to: they stay with the PBX."""

    convert: Literal["", "opus", "mp3"] = ""
    convert_after_days: Annotated[int, Field(ge=0, le=36_500)] = 1
    move_to: Annotated[str, Field(pattern=r"^(/.+|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?)?$")] = ""
    move_after_days: Annotated[int, Field(ge=0, le=36_500)] = 30
    store_url: Annotated[str, Field(pattern=r"^(https?://[^\s/@]+/?)?$")] = ""
    store_region: Annotated[str, Field(pattern=r"^[a-z0-9-]{0,40}$")] = ""
    store_key: Annotated[str, Field(max_length=200)] = ""
    store_secret: SecretStr = SecretStr("")
    store_secret_file: Path | None = None

    def archive(self, cache: Path) -> dict[str, str] | None:
        """As `archive_of` takes it; None: there is none. cache: a folder of the server's own."""
        if not self.move_to:
            return None
        if not self.move_to.startswith("s3://"):
            return {"folder": self.move_to, "bucket": ""}
        bucket, _, prefix = self.move_to.removeprefix("s3://").partition("/")
        secret = _secret(self.store_secret, self.store_secret_file)
        told = {"url": self.store_url, "region": self.store_region, "key": self.store_key, "secret": secret}
        return {**told, "bucket": bucket, "prefix": prefix, "cache": str(cache)}


class OAuthSettings(_Section):
    """An application registered with a mail provider, by which people let the server into their mailboxes.

    google and microsoft have their addresses; another provider needs them said.
    """

    client_id: Annotated[str, Field(min_length=1, max_length=200)]
    secret: SecretStr = SecretStr("")
    secret_file: SecretFile | None = None
    authorize_url: WebAddress = ""
    token_url: WebAddress = ""
    scopes: tuple[str, ...] = ()

    def password(self) -> str:
        """The secret itself, from the file where one is named; "" for an application without one."""
        return _secret(self.secret, self.secret_file)


_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"


class MailSettings(_Section):
    """E-mail. inside: networks of the house whose mail servers may be reached; of the others, public ones only.

    hours, weekdays (1: Monday): when the house answers; the time until an answer is counted in these.
    """

    inside: tuple[Network, ...] = ()
    hours: Annotated[str, Field(pattern=f"^{_TIME}-{_TIME}$")] = "09:00-18:00"
    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (1, 2, 3, 4, 5)
    ca_file: Path | None = None
    oauth: dict[ProviderName, OAuthSettings] = {}


class SmsSettings(_Section):
    """SMS. inside: networks of the house whose gateways may be reached; of the others, public ones only."""

    inside: tuple[Network, ...] = ()
    ca_file: Path | None = None


class AlertSettings(_Section):
    """Webhooks of warnings. inside: networks of the house to which they may go; else to public addresses only."""

    inside: tuple[Network, ...] = ()
    ca_file: Path | None = None


class LogSettings(_Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    json_lines: bool | None = None  # None: JSON unless stderr is a terminal
