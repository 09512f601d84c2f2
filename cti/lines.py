"""Where a device is reached: its PBX, that PBX's settings and number plan, and its name there."""

from __future__ import annotations

from dataclasses import dataclass

from cti.channels.base import Switchboard
from cti.errors import ChannelError
from cti.settings import PbxSettings
from cti.telephony.commands import GetVariable
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

    async def variable(self, name: str, *, within_s: float) -> str:
        """A variable of the PBX, "" when it has none or does not say in time."""
        try:
            answer = await self.pbx.ask(GetVariable(name=name), timeout_s=within_s)
        except (ChannelError, ValueError):  # a contact whose name no command may carry
            return ""
        return str(answer.headers.get("Value", "")) if answer.ok else ""

    async def contact(self, *, within_s: float) -> str:
        """The name of the device's first registration at a PBX with PJSIP, "" without any."""
        every = await self.variable(f"PJSIP_AOR({self.endpoint},contact)", within_s=within_s)
        return every.split(",")[0]
