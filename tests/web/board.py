"""A PBX that is played: it notes what it was asked, and every phone is there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cti.channels.base import Health
from cti.errors import ChannelError
from cti.features.call_control import CallControl, Line
from cti.settings import DialSettings, PbxSettings
from cti.telephony.commands import Command, CoreSettings, MakeCall
from cti.telephony.numbering import NumberPlan
from tests.features.cast import Cast, no_offers
from web.services import Services


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """The PBX's answer."""

    ok: bool = True
    message: str = ""
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)


class Board:
    """A PBX that notes what it was asked. fails: raised instead of an answer."""

    def __init__(self) -> None:
        self.asked: list[Command] = []
        self.fails: ChannelError | None = None
        self.state: Any = "up"
        self.version = "22.7.0"

    async def ask(self, command: Command, *, timeout_s: float = 5.0) -> Said:
        if self.fails and isinstance(command, MakeCall):
            raise self.fails
        if isinstance(command, CoreSettings):
            return Said(headers={"AsteriskVersion": self.version})
        self.asked.append(command)
        return Said()

    def health(self) -> Health:
        return Health(state=self.state, since=0.0)

    def with_it(self, services: Services) -> Services:
        control = CallControl(
            db=services.database,
            line_of=lambda device: Line(pbx=self, settings=PbxSettings(), plan=NumberPlan(), device=device),
            dial=DialSettings(per_minute=5),
            directory=Cast(),
            device_status=lambda _device: "idle",
            calls_of=lambda _user: 0,
            record_of=lambda _call: None,
            offers=no_offers,
            clock=time.time,
            sights=services.sights,
        )
        return replace(services, call_control=control)

    @property
    def dialled(self) -> list[str]:
        return [one.number for one in self.asked if isinstance(one, MakeCall)]
