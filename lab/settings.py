"""Everything that may be set about the lab; the only place that reads LAB_* and CTI_LAB_*.

CTI_LAB_PORTS   SIP,HTTP,AMI of the lab's Asterisk (5060,8088,5038)
CTI_LAB_ASTERISK  22 or 16: which Asterisk runs (22)
CTI_LAB_ROOT    folder of the unpacked Asterisk (<checkout>/.lab/root, of an old one root16), shared by all instances
CTI_LAB_MIRROR  Debian mirror, where the machine's own sources name none with a usable Asterisk
LAB_PHONES      0: no desk phones answer
LAB_RING_MS     how long the lab's desk phones ring before they answer (4000)
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.free_ports import free_port

CHECKOUT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"  # the lab never listens anywhere else
RTP_WINDOW = 200
NEW, OLD = 22, 16  # the Asterisk releases the lab has


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """Where one instance listens, all on 127.0.0.1. trunk: where the outside world answers; rtp: first of a window;
    agi: where the server answers the dialplan.
    """

    sip: int
    http: int
    ami: int
    trunk: int
    agi: int
    rtp: int

    @classmethod
    def at(cls, sip: int, http: int, ami: int) -> Ports:
        """The three well-known ports; the others follow from SIP's."""
        return cls(sip=sip, http=http, ami=ami, trunk=sip + 20, agi=_agi_of(sip), rtp=10_000 + sip % 100 * RTP_WINDOW)

    @classmethod
    def free(cls) -> Ports:
        """Ports nobody else uses: tests run beside `make run` and beside each other."""
        sip, http, ami, agi, trunk = (free_port() for _ in range(5))
        rtp = 10_000 + random.randrange(100) * RTP_WINDOW
        return cls(sip=sip, http=http, ami=ami, agi=agi, trunk=trunk, rtp=rtp)


def _agi_of(sip: int) -> int:
    """FastAGI's own port beside SIP's own, as far from it wherever the lab is moved to."""
    return sip - 487 if sip > 1500 else sip + 487


@dataclass(frozen=True, kw_only=True, slots=True)
class LabSettings:
    """What the environment says about the lab and about the two names it shares with the server."""

    ports: Ports
    asterisk: int
    new_root: Path
    mirror: str
    phones: bool
    ring_ms: int
    data: Path
    panel_port: int
    own_pbx: bool

    def root(self, version: int) -> Path:
        """Where an Asterisk is unpacked."""
        return self.new_root if version == NEW else self.new_root.with_name(f"{self.new_root.name}{version}")

    @property
    def folder(self) -> Path:
        """Where the running lab keeps its secret and its state."""
        return self.data / "lab"


def load(environ: Mapping[str, str] | None = None) -> LabSettings:
    """The lab's settings. Raises LabError naming the variable that cannot be read."""
    env = os.environ if environ is None else environ
    return LabSettings(
        ports=_ports(env.get("CTI_LAB_PORTS") or "5060,8088,5038"),
        asterisk=_version(env),
        new_root=Path(env.get("CTI_LAB_ROOT") or CHECKOUT / ".lab" / "root").absolute(),
        mirror=env.get("CTI_LAB_MIRROR", ""),
        phones=env.get("LAB_PHONES", "1") != "0",
        ring_ms=_number(env, "LAB_RING_MS", 4000),
        data=Path(env.get("CTI_DATA") or CHECKOUT / ".data").absolute(),
        panel_port=_number(env, "CTI_PORT", 8080),
        own_pbx=any(name.startswith("CTI_PBX__") for name in env) or _names_pbx(env.get("CTI_CONFIG", "")),
    )


def _ports(text: str) -> Ports:
    parts = text.split(",")
    if len(parts) != 3 or not all(part.strip().isdigit() and 0 < int(part) < 65_500 for part in parts):
        raise LabError(f"CTI_LAB_PORTS={text}: give three ports as SIP,HTTP,AMI, for instance 5060,8088,5038")
    return Ports.at(*(int(part) for part in parts))


def _version(env: Mapping[str, str]) -> int:
    version = _number(env, "CTI_LAB_ASTERISK", NEW)
    if version not in (NEW, OLD):
        raise LabError(f"CTI_LAB_ASTERISK={version}: the lab has {NEW} and {OLD}")
    return version


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    if not text.isdigit():
        raise LabError(f"{name}={text}: give a whole number")
    return int(text)


def _names_pbx(config: str) -> bool:
    """Whether the server's own settings file sets up a PBX; its faults are the server's to report."""
    import tomllib

    file = Path(config or "/etc/trubka/config.toml")
    try:
        return bool(tomllib.loads(file.read_text(encoding="utf-8")).get("pbx"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
