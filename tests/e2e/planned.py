"""A generated plan behind a number of the lab: lists, hours, a menu, ways by the client, a queue, and after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dialplan import flow
from dialplan.plan import (
    ByClient,
    ByHours,
    ByList,
    CallBack,
    End,
    Hours,
    Menu,
    Number,
    Plan,
    Queue,
    Say,
    Score,
    Sound,
    Span,
    ToManager,
    ToQueue,
)
from dialplan.render import render
from lab.pbx import Pbx, wait_until
from tests.lab.ami import Ami

DID = "74950000021"
PLAN = Plan(
    numbers=(Number(digits=DID, first="lists"),),
    nodes=(
        ByList(id="lists", black="busy", white="first", otherwise="day"),
        ByHours(id="day", hours="always", open="menu", closed="bye"),
        Menu(id="menu", sound="beep", choices=(("1", "who"), ("2", "back")), otherwise="bye", wait_s=10),
        ByClient(id="who", ways=(("vip", "hello"),), otherwise="manager"),
        Say(id="hello", sound="beep", then="gold"),
        ToQueue(id="gold", queue="sales", priority=5, otherwise="bye", after="mark"),
        ToManager(id="manager", ring_s=1, otherwise="sales"),
        ToQueue(id="sales", queue="sales", otherwise="back", after="mark", wait_s=600),
        ToQueue(id="first", queue="sales", otherwise="bye", priority=50),
        CallBack(id="back", sound="beep", queue="sales", then="bye", otherwise="bye", wait_s=10),
        Score(id="mark", sound="beep", then="bye"),
        End(id="busy", how="busy"),
        End(id="bye"),
    ),
    hours=(
        Hours(
            id="always",
            title="Круглосуточно",
            zone="Europe/Moscow",
            spans=(Span(days=(0, 1, 2, 3, 4, 5, 6), begins="00:00", ends="24:00"),),
        ),
    ),
    queues=(Queue(name="sales"),),
    sounds=(Sound(name="beep"),),
)


@contextmanager
def planned(pbx: Pbx) -> Iterator[None]:
    """The lab's own dialplan and this plan beside it, for so long."""
    entry = {one.digits: flow.entry(one.first, one.language) for one in PLAN.numbers}
    pbx.reload_dialplan(render((*pbx.contexts(entry), *flow.contexts(PLAN, agi=pbx.agi, ask_s=pbx.ask_s))))
    try:
        yield
    finally:
        pbx.reload_dialplan(render(pbx.contexts()))


def press(pbx: Pbx, key: str) -> None:
    """Whoever calls from outside and is asked for a key presses one."""
    wait_until(lambda: "Read" in channels(pbx).values(), 15.0, "nobody is asked for a key")
    asked = next(channel for channel, app in channels(pbx).items() if app == "Read")
    with Ami(pbx) as ami:
        ami.action("PlayDTMF", Channel=asked, Digit=key, Receive="true")


def channels(pbx: Pbx) -> dict[str, str]:
    """Channels of the world outside, with what they do."""
    lines = (line.split("!") for line in pbx.console("core show channels concise").splitlines())
    return {parts[0]: parts[5] for parts in lines if parts[0].startswith("PJSIP/trunk")}
