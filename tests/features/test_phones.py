"""Where people are rung is told to the PBX, also to one that is too busy to hear it the first time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

from cti.channels.base import Health
from cti.errors import ChannelError
from cti.features.phones import Phones
from cti.lines import Line
from cti.settings import PbxSettings
from cti.telephony.commands import Command, RingAt
from cti.telephony.events import LinkChanged
from cti.telephony.numbering import NumberPlan
from tests.features.cast import Cast
from tests.web.panel import until


class Pbx:
    """Remembers where it rings whom. mute: so many commands it does not hear in time. up: it is there."""

    def __init__(self, *, mute: int, up: bool = True) -> None:
        self.mute, self.up, self.asked = mute, up, 0
        self.rings: dict[str, str] = {}

    async def ask(self, command: Command, *, timeout_s: float = 5.0) -> SimpleNamespace:
        self.asked += 1
        if self.mute:
            self.mute -= 1
            raise ChannelError("The PBX does not answer; it was not asked to do this.")
        assert isinstance(command, RingAt)
        self.rings[command.extension] = command.device
        return SimpleNamespace(ok=True, message="", headers={}, items=())

    def health(self) -> Health:
        return Health(state="up" if self.up else "down", since=0.0)


@asynccontextmanager
async def telling(pbx: Pbx) -> AsyncIterator[Phones]:
    cast = Cast()

    def line_of(device: str) -> Line:
        return Line(pbx=pbx, settings=PbxSettings(), plan=NumberPlan(), device=device)

    async def nothing(*_: object) -> None:
        """Nobody is asked."""

    one = Phones(
        db=None, directory=cast, line_of=line_of, reload=nothing, moved=nothing, clock=lambda: 0.0, again_s=0.01
    )  # type: ignore[arg-type]
    work = asyncio.create_task(one.run())
    yield one
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def test_a_pbx_that_was_too_busy_to_hear_rings_people_where_they_are_all_the_same() -> None:
    pbx = Pbx(mute=4)
    async with telling(pbx) as one:
        await one.link_changed(LinkChanged(state="up"), 0.0)
        await until(lambda: len(pbx.rings) == 3, why="all are told")
    assert pbx.rings == {"101": "PJSIP/101", "102": "PJSIP/102", "103": "PJSIP/103"}


async def test_a_pbx_that_is_away_is_told_when_it_is_back() -> None:
    pbx = Pbx(mute=3, up=False)
    async with telling(pbx) as one:
        await one.link_changed(LinkChanged(state="up"), 0.0)
        await until(lambda: pbx.asked == 3, why="it was lost while it was told")
        pbx.up = True
        await one.link_changed(LinkChanged(state="up"), 0.0)
        await until(lambda: len(pbx.rings) == 3, why="all are told")
    assert pbx.asked == 6
