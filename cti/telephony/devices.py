"""Which endpoint is an agent's device and which is a trunk; and what a channel's name says.

`PJSIP/101-0000001a` is a leg of the endpoint `PJSIP/101`. Settings may name devices and trunks; where they do not, an
endpoint whose name or account is its own short number (2-5 digits) or carries it as suffix is a device, and so is
`<short number>-web`; every other endpoint is a trunk. Own number: the caller id that the leg itself shows, since an
account is inherited by the called side and proves nothing alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["device", "trunk", "pseudo"]

WITH_MORE = ("DAHDI/", "WebSocket/")  # what follows a second slash is the call's, not the line's
SHORT = re.compile(r"\d{2,5}")
HIDDEN = frozenset({"", "<unknown>", "unknown", "anonymous", "unavailable", "restricted", "withheld", "private"})

# Legs that are nobody's: halves of Local channels and the PBX's own helpers. They never count as a party.
PSEUDO = frozenset(
    ("Local", "Surrogate", "AsyncGoto", "CBAnn", "CBRec", "Announcer", "Recorder", "Snoop", "Message", "Substitute")
)


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """Devices and trunks of one PBX, as `PJSIP/101` or `101`. devices empty: told by the rule.

    pattern: endpoint names that are devices by themselves, matched whole.
    """

    devices: frozenset[str] = frozenset()
    trunks: frozenset[str] = frozenset()
    pattern: str = r"\d{2,5}(?:-web)?"

    def is_device(self, endpoint: str, number: str, account: str) -> bool:
        """endpoint: `PJSIP/101`; number: caller id shown by the leg itself; account: its account code."""
        name = endpoint.partition("/")[2]
        if endpoint in self.trunks or name in self.trunks:
            return False
        if self.devices:
            return endpoint in self.devices or name in self.devices
        if _named(self.pattern, name):
            return True
        return bool(SHORT.fullmatch(number)) and (name.endswith(number) or account.endswith(number))


def is_device(name: str) -> bool:
    """Whether a phone may be named so: `PJSIP/101`."""
    kind, _, endpoint = name.partition("/")
    return kind.isascii() and kind.isalnum() and is_word(endpoint) and len(name) <= 80


def is_word(name: str) -> bool:
    """A name as the PBX has them: nothing that could end a field of its protocol."""
    return 1 <= len(name) <= 80 and name.isprintable() and not any(c.isspace() or c in ",;|&\"'" for c in name)


@lru_cache(maxsize=4096)
def _named(pattern: str, name: str) -> bool:
    """Whether an endpoint's name is a device's; endpoints are few and call often."""
    return re.fullmatch(pattern, name) is not None


def technology(channel: str) -> str:
    """`PJSIP` of `PJSIP/101-0000001a`; also behind the marks of a channel that is being moved."""
    return channel.partition("/")[0]


def endpoint_of(channel: str) -> str:
    """`PJSIP/101` of `PJSIP/101-0000001a` or `PJSIP/101-0000001a<ZOMBIE>`; the span of an ISDN channel.

    `DAHDI/i1/79355550101-1f` is the span `DAHDI/i1`, whatever number it carries; `WebSocket/robot/0x7f2c14003a40` is
    `WebSocket/robot`.
    """
    name = channel.partition("<")[0]
    if name.startswith(WITH_MORE):
        parts = name.split("/", 2)
        return "/".join(parts[:2]) if len(parts) == 3 else name.rpartition("-")[0] or name
    return name.rpartition("-")[0] or channel


def is_pseudo(channel: str) -> bool:
    """True for Local halves and the PBX's own helper channels."""
    return technology(channel) in PSEUDO


def local_base(channel: str) -> str | None:
    """What the two halves of a Local channel share: the name without `;1` or `;2`; None for other channels."""
    if not channel.startswith("Local/"):
        return None
    base, mark, half = channel.partition("<")[0].rpartition(";")
    return base if mark and half in ("1", "2") else None


def shown(text: str) -> str | None:
    """A caller id as a person would see it; None when hidden or absent."""
    return None if text.lower() in HIDDEN else text


def number_dialled(dial: str) -> str | None:
    """The outside number in what a channel driver was told to dial: `7935…@trunk`, `trunk/7935…`; None without one."""
    parts = [part for part in re.split(r"[/@]", dial) if re.fullmatch(r"\+?\d{6,20}", part)]
    return parts[0] if parts else None


@lru_cache(maxsize=4096)
def own_number(endpoint: str) -> str | None:
    """The short number inside an endpoint's name: 101 of `PJSIP/101-web`."""
    found = re.search(r"(?<!\d)(\d{2,5})(?:-web)?$", endpoint)
    return found[1] if found else None
