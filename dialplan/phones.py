"""Settings of telephones as files that their makers describe: Yealink (cfg), Grandstream (XML), Linphone (XML).

Yealink: `#!version:1.0.0.1`, then a `key = value` on each line, values as they stand. Grandstream: `gs_provision`, P
values of the first account. Linphone: the sections of linphonerc as lpconfig.xsd says. Whatever a name holds, it stays
one value: no line, no element and no attribute comes of it. An account's texts are anybody's; the rest is checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from dialplan.model import word

Kind = Literal["yealink", "grandstream", "linphone"]
Transport = Literal["udp", "tcp", "tls"]
TRANSPORTS: Mapping[str, str] = {"udp": "0", "tcp": "1", "tls": "2"}  # as Yealink and Grandstream number them
EXPIRES_S = 120
LABEL_CHARS = 60
# What no line of a file and no XML 1.0 document may hold.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|\[[0-9a-fA-F:]{2,45}\]")
_SECRET = re.compile(r"[A-Za-z0-9_.~-]{8,80}")
_MAC = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Who a telephone is. user: its endpoint; name: shown; server: of the PBX, as phones reach it.

    voicemail: the number that plays messages, "" for none.
    """

    user: str
    secret: str
    extension: str
    name: str
    server: str
    port: int = 5060
    transport: Transport = "udp"
    language: Literal["ru", "en"] = "ru"
    voicemail: str = ""

    def __post_init__(self) -> None:
        word(self.user, "device")
        word(self.extension, "number")
        if not _HOST.fullmatch(self.server) or not 1 <= self.port <= 65535 or self.transport not in TRANSPORTS:
            raise ValueError(f"{self.server[:80]!r} is no address of a PBX")
        if not _SECRET.fullmatch(self.secret):
            raise ValueError(f"the password of {self.user!r} cannot stand in a telephone's settings")
        if self.voicemail and not re.fullmatch(r"[0-9*#]{1,20}", self.voicemail):
            raise ValueError("the number of the voicemail is none")


def mac_of(text: str) -> str | None:
    """A telephone's address in the network, however it was written, as twelve hexadecimal digits; None for none."""
    found = re.sub(r"[\s:.-]", "", text).lower()
    return found if _MAC.fullmatch(found) else None


def file_name(kind: Kind, mac: str) -> str:
    """What a telephone asks for."""
    if kind == "linphone":
        return "linphone.xml"
    if not _MAC.fullmatch(mac):
        raise ValueError(f"{mac!r} is no MAC address")
    return f"{mac}.cfg" if kind == "yealink" else f"cfg{mac}.xml"


def settings_file(kind: Kind, account: Account, mac: str = "") -> str:
    """The whole file."""
    return WRITERS[kind](account, mac)


def _yealink(account: Account, _mac: str) -> str:
    first = {
        "enable": "1",
        "label": f"{account.extension} {account.name}",
        "display_name": account.name,
        "user_name": account.user,
        "auth_name": account.user,
        "password": account.secret,
        "sip_server.1.address": account.server,
        "sip_server.1.port": str(account.port),
        "sip_server.1.transport_type": TRANSPORTS[account.transport],
        "sip_server.1.expires": str(EXPIRES_S),
        "subscribe_mwi": "1" if account.voicemail else "0",
    }
    pairs = {f"account.1.{key}": value for key, value in first.items()}
    pairs["voice_mail.number.1"] = account.voicemail
    pairs["lang.gui"] = {"ru": "Russian", "en": "English"}[account.language]
    pairs["features.intercom.allow"] = "1"  # a click in the panel is picked up at once
    lines = [f"{key} = {_line(value) or '%NULL%'}" for key, value in pairs.items()]
    return "\n".join(("#!version:1.0.0.1", *lines, ""))


def _grandstream(account: Account, mac: str) -> str:
    pairs = {
        "P271": "1",
        "P270": f"{account.extension} {account.name}",
        "P47": f"{account.server}:{account.port}",
        "P35": account.user,
        "P36": account.user,
        "P34": account.secret,
        "P3": account.name,
        "P130": TRANSPORTS[account.transport],
        "P32": str(EXPIRES_S // 60),  # minutes
        "P33": account.voicemail,
        "P99": "1" if account.voicemail else "0",
        "P298": "1",  # a click in the panel is picked up at once
        "P1362": account.language,
    }
    body = "".join(f"    <{key}>{escape(_line(value))}</{key}>\n" for key, value in pairs.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gs_provision version="1">\n'
        f'  <mac>{escape(mac)}</mac>\n  <config version="1">\n{body}  </config>\n</gs_provision>\n'
    )


def _linphone(account: Account, _mac: str) -> str:
    at = f"{account.server}:{account.port};transport={account.transport}"
    name = _line(account.name).replace("\\", " ").replace('"', " ")
    sections = {
        "proxy_0": {
            "reg_identity": f'"{name}" <sip:{account.user}@{account.server}>',
            "reg_proxy": f"<sip:{at}>",
            "reg_expires": str(EXPIRES_S),
            "reg_sendregister": "1",
        },
        "auth_info_0": {"username": account.user, "passwd": account.secret, "domain": account.server},
    }
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<config xmlns="http://www.linphone.org/xsds/lpconfig.xsd">\n'
        + "".join(_section(name, entries.items()) for name, entries in sections.items())
        + "</config>\n"
    )


def _section(name: str, entries: Iterable[tuple[str, str]]) -> str:
    lines = "".join(
        f'    <entry name={quoteattr(key)} overwrite="true">{escape(value)}</entry>\n' for key, value in entries
    )
    return f"  <section name={quoteattr(name)}>\n{lines}  </section>\n"


def _line(text: str) -> str:
    """A text as one value on one line."""
    return " ".join(_FORBIDDEN.sub(" ", text).split())[:LABEL_CHARS].strip()


WRITERS: Mapping[str, Callable[[Account, str], str]] = {
    "yealink": _yealink,
    "grandstream": _grandstream,
    "linphone": _linphone,
}
