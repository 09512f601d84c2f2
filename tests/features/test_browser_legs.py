"""Legs at browser phones: each gets its name, and is ended when nobody is left for it and not before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace

from cti.channels.base import Health
from cti.desktop import LegView
from cti.errors import ChannelError
from cti.features.browser_legs import CLOSED_S, HELD_S, BrowserLegs
from cti.lines import Line
from cti.settings import PbxSettings
from cti.telephony.commands import ClearConnection, Command, GetVariable
from cti.telephony.events import CallMerged, ConnectionCleared, Held, Originated, Party, Retrieved
from cti.telephony.numbering import NumberPlan
from tests.features.cast import ANNA, Cast, Screens
from tests.web.panel import until

LEG, DEVICE = "PJSIP/101-00000001", "PJSIP/101"


class Pbx:
    """Says a leg's Call-ID and remembers what it was told to end."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.mute = 0  # so many questions it does not answer in time

    async def ask(self, command: Command, *, timeout_s: float = 5.0) -> SimpleNamespace:
        if self.mute:
            self.mute -= 1
            raise ChannelError("The PBX did not answer in time; try again.")
        if isinstance(command, ClearConnection):
            self.ended.append(command.leg)
        headers = {"Value": f"sip of {command.leg}"} if isinstance(command, GetVariable) else {}
        return SimpleNamespace(ok=True, message="", headers=headers, items=())

    def health(self) -> Health:
        return Health(state="up", since=0.0)


class Scene:
    """Anna's phone is a browser; time is what the test says."""

    def __init__(self) -> None:
        self.now, self.reads, self.pbx, self.screens, cast = 1000.0, 0, Pbx(), Screens(), Cast()
        cast.rows[0] = replace(cast.rows[0], kind="browser")
        line = Line(pbx=self.pbx, settings=PbxSettings(), plan=NumberPlan(), device=DEVICE)
        self.legs = BrowserLegs(
            desktop=self.screens,
            directory=cast,
            line_of=lambda _device: line,
            record_of=lambda _call: None,
            clock=self.clock,
            tick_s=0.005,
        )

    def clock(self) -> float:
        self.reads += 1
        return self.now

    async def ended_after(self, seconds: float) -> bool:
        """Whether the leg has been ended when so much time has passed and everything was looked at again."""
        self.now += seconds
        before = self.reads
        await until(lambda: self.reads > before + 2 or self.pbx.ended, why="time is looked at")
        return set(self.pbx.ended) == {LEG}  # asked again until the leg is gone


@asynccontextmanager
async def scene(*, here: bool = True, mute: int = 0) -> AsyncIterator[Scene]:
    """The legs at work, and a call at Anna's phone. here: it is connected. mute: answers that come too late."""
    one = Scene()
    one.pbx.mute = mute
    if here:
        one.legs.came(ANNA)
    party = Party(number="79355550101")
    work = asyncio.create_task(one.legs.run())
    try:
        for leg, device in ((LEG, DEVICE), ("PJSIP/102-00000002", "PJSIP/102")):
            event = Originated(
                call="c1", leg=leg, leg_id=leg, device=device, direction="inbound", caller=party, called=None
            )
            await one.legs.seen(event, 0.0)
        await until(lambda: one.screens.legs, why="the leg is named")
        yield one
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def test_a_leg_is_named_and_follows_its_call() -> None:
    async with scene() as one:
        named = LegView(call="c1", sip=f"sip of {LEG}")
        assert one.screens.legs == [(ANNA, named)]
        await one.legs.merged(CallMerged(call="c1", into="c0"), 0.0)
        assert one.screens.legs[-1] == (ANNA, LegView(call="c0", sip=named.sip))
        assert one.legs.legs_of(ANNA) == (LegView(call="c0", sip=named.sip),)
        await one.legs.cleared(ConnectionCleared(call="c0", leg=LEG, leg_id=LEG, device=DEVICE, result="talked"), 0.0)
        assert one.legs.legs_of(ANNA) == ()


async def test_a_leg_is_named_though_the_pbx_was_too_busy_to_say_how_at_first() -> None:
    async with scene(mute=3) as one:
        assert one.legs.legs_of(ANNA) == (LegView(call="c1", sip=f"sip of {LEG}"),)


async def test_a_closed_page_ends_its_call_unless_another_one_comes() -> None:
    async with scene() as one:
        one.legs.page_closed(ANNA)
        one.legs.went(ANNA)
        assert not await one.ended_after(CLOSED_S - 1)
        one.legs.came(ANNA)
        one.now += 3600
        one.legs.went(ANNA)  # the network this time: nobody closed anything
        assert not await one.ended_after(CLOSED_S + 1)
        one.legs.came(ANNA)
        one.legs.page_closed(ANNA)
        one.legs.went(ANNA)
        assert await one.ended_after(CLOSED_S)


async def test_a_leg_whose_phone_was_never_here_is_another_servers() -> None:
    async with scene(here=False) as one:
        await one.legs.held(Held(call="c1", leg=LEG, device=DEVICE), 0.0)
        assert not await one.ended_after(HELD_S * 5)
        one.legs.page_closed(ANNA)  # a page without a phone
        assert not await one.ended_after(CLOSED_S * 5)
        one.legs.came(ANNA)
        one.legs.went(ANNA)
        assert await one.ended_after(HELD_S)


async def test_without_a_word_only_a_held_client_is_let_go_in_time() -> None:
    async with scene() as one:
        one.legs.went(ANNA)
        assert not await one.ended_after(HELD_S * 5)
        await one.legs.held(Held(call="c1", leg=LEG, device=DEVICE), 0.0)
        assert await one.ended_after(1)
    async with scene() as one:
        await one.legs.held(Held(call="c1", leg=LEG, device=DEVICE), 0.0)
        one.legs.went(ANNA)
        assert not await one.ended_after(HELD_S - 1)
        await one.legs.retrieved(Retrieved(call="c1", leg=LEG, device=DEVICE), 0.0)
        assert not await one.ended_after(HELD_S)
