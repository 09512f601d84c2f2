"""A small house for the tests of dialplans: one number, hours, a menu, a queue, a call-back, a mailbox."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from dialplan.office import Box
from dialplan.plan import (
    ByHours,
    CallBack,
    Day,
    End,
    Hours,
    Menu,
    Number,
    Person,
    Plan,
    Queue,
    Route,
    Say,
    Sound,
    Span,
    ToManager,
    ToOutside,
    ToPeople,
    ToQueue,
    ToVoicemail,
)

AGI = "127.0.0.1:4573"
DID = "74950000010"
MOSCOW = ZoneInfo("Europe/Moscow")
HOUSE = Plan(
    numbers=(Number(digits=DID, first="when", title="Общий"),),
    nodes=(
        ByHours(id="when", hours="day", open="menu", closed="box", holiday="feast"),
        Menu(
            id="menu", sound="beep", choices=(("1", "sales"), ("2", "clara"), ("3", "mobile")), otherwise="manager",
            wait_s=2,
        ),
        ToQueue(id="sales", queue="sales", wait_s=2, otherwise="back"),
        ToPeople(id="clara", people=("103",), ring_s=2, otherwise="box"),
        ToOutside(id="mobile", number="79355550101", ring_s=2, otherwise="box"),
        ToManager(id="manager", ring_s=2, otherwise="box"),
        CallBack(id="back", sound="beep", queue="sales", then="bye", otherwise="box", wait_s=2),
        Say(id="feast", sound="beep", then="box"),
        ToVoicemail(id="box", box="100"),
        End(id="bye"),
    ),
    hours=(
        Hours(
            id="day",
            title="Рабочие часы",
            zone="Europe/Moscow",
            spans=(Span(days=(0, 1, 2, 3, 4), begins="09:00", ends="18:00"),),
            days=(
                Day(date="2027-01-01", title="Новый год", holiday=True),
                Day(date="2026-12-31", title="Короткий день", open=("09:00-16:00",)),
            ),
        ),
    ),
    queues=(Queue(name="sales", number="601"),),
    people=(Person(extension="103", name="Клара", devices=("103",)),),
    routes=(Route(prefix="7", digits=11, trunk="trunk"), Route(prefix="7809", digits=11, trunk="trunk", allowed=False)),
    sounds=(Sound(name="beep"),),
    boxes=(Box(number="100", title="Общий ящик"),),
)  # fmt: skip
