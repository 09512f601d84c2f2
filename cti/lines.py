"""Where a device is reached: its PBX, that PBX's settings and number plan, and its name there."""

from __future__ import annotations

from dataclasses import dataclass

from cti.channels.base import Switchboard
from cti.settings import PbxSettings
from cti.telephony.numbering import NumberPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """device: its name at that PBX; plan: how numbers are written there."""

    pbx: Switchboard
    settings: PbxSettings
    plan: NumberPlan
    device: str

    @property
    def endpoint(self) -> str:
        """`101-web` of `PJSIP/101-web`."""
        return self.device.partition("/")[2]
