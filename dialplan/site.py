"""What a plan does not say, for it is not the admin's to think of: versions, folders, addresses, passwords."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dialplan.recipes.responsible import ASK_S

OLDEST, NEWEST = 16, 22


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Where a plan is at home.

    agi: `host:port` where the server answers the dialplan, ask_s: how long it is waited for; pbx: its name for this PBX
    where it serves several.
    caller_id: what clients see. secrets: of endpoints by names, of mailboxes by `box-` and their number, of lines by
    `trunk-` and theirs; ami_secret: of the server's account. version: of Asterisk; opus, voicemail: it has the codec,
    and the application (packages of their own in some distributions).
    recordings, music: folders of the PBX. sounds: names that are there by language, None: nobody has looked.
    """

    agi: str
    caller_id: str
    secrets: Mapping[str, str]
    ask_s: float = ASK_S
    ami_user: str = "trubka"
    ami_secret: str = ""
    ami_from: str = "127.0.0.1/255.255.255.255"
    opus: bool = True
    voicemail: bool = True
    pbx: str = ""
    version: int = NEWEST
    recordings: str = "/var/spool/asterisk/monitor/trubka"
    music: str = "/var/lib/asterisk/moh/trubka"
    sounds: Mapping[str, frozenset[str]] | None = None
    browser_transport: str = "transport-ws"

    def __post_init__(self) -> None:
        if not OLDEST <= self.version <= NEWEST:
            raise ValueError(f"Asterisk {self.version} is not one that can be written for: {OLDEST} to {NEWEST}")

    @property
    def asked_at(self) -> str:
        """Where the dialplan asks, with the name of the PBX."""
        return f"{self.agi}/{self.pbx}" if self.pbx else self.agi
