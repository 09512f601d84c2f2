"""A plan in words: what is wrong with it is found, its hours are read right, and a call is walked through it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.faults import faults
from dialplan.flow import contexts
from dialplan.hours import edges, found
from dialplan.plan import Day, Hours, Plan, Route, Span
from dialplan.render import render
from dialplan.routes import route_of
from dialplan.trace import Asked, trace
from tests.dialplan.house import AGI, DID, HOUSE, MOSCOW

MONDAY, SUNDAY, HOLIDAY = (
    datetime(2026, 11, 23, 10, 30, tzinfo=MOSCOW),
    datetime(2026, 11, 29, 19, 30, tzinfo=MOSCOW),
    datetime(2027, 1, 1, 12, 0, tzinfo=MOSCOW),
)


def way(at: datetime, **more: Any) -> list[tuple[str, str]]:
    return [(one.node, one.why) for one in trace(HOUSE, Asked(number=DID, at=at, **more))]


def test_a_sound_plan_has_no_fault_and_renders_the_same_twice() -> None:
    assert faults(HOUSE) == ()
    assert render(contexts(HOUSE, agi=AGI)) == render(contexts(HOUSE, agi=AGI))


def test_a_call_is_walked_through_with_the_reason_of_each_step() -> None:
    assert way(MONDAY, keys=("1",)) == [
        ("", "number"), ("when", "open"), ("menu", "pressed"), ("sales", "queue-nobody"),
        ("back", "callback-not"), ("box", "voicemail"),
    ]  # fmt: skip
    assert way(MONDAY, keys=("1", "1"))[-2:] == [("back", "callback-asked"), ("bye", "end")]
    assert way(MONDAY, keys=("7", "2"), answers=frozenset(("clara",)))[-1] == ("clara", "answered")
    assert way(MONDAY)[-2:] == [("manager", "no-manager"), ("box", "voicemail")], "nothing pressed"
    assert way(MONDAY, manager="Анна", manager_free=False)[3] == ("manager", "manager-busy")
    assert way(SUNDAY) == [("", "number"), ("when", "closed"), ("box", "voicemail")]
    assert way(HOLIDAY) == [("", "number"), ("when", "holiday"), ("feast", "played"), ("box", "voicemail")]
    assert trace(HOUSE, Asked(number="7000", at=MONDAY))[0].why == "unknown-number"
    assert way(datetime(2026, 12, 31, 15, 0, tzinfo=MOSCOW))[1] == ("when", "open"), "a short day"
    assert way(datetime(2026, 12, 31, 16, 0, tzinfo=MOSCOW))[1] == ("when", "closed")


def broken(**more: Any) -> set[tuple[str, str]]:
    return {(one.code, one.at) for one in faults(replace(HOUSE, **more))}


def node(which: str, **more: Any) -> Any:
    return tuple(replace(one, **more) if one.id == which else one for one in HOUSE.nodes)


def hours(**more: Any) -> Any:
    return (replace(HOUSE.hours[0], **more),)


LATE, BACKWARDS = Span(days=(4,), begins="17:00", ends="20:00"), Span(days=(0,), begins="18:00", ends="09:00")


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        (("no-step", "menu"), {"nodes": node("menu", otherwise="nowhere")}),
        (("no-step", DID), {"nodes": ()}),
        (("unreachable", "feast"), {"nodes": node("when", holiday="")}),
        (("circle", "sales"), {"nodes": node("sales", otherwise="sales")}),
        (("circle", "menu"), {"nodes": node("menu", otherwise="menu")}),
        (("circle", "back"), {"nodes": node("back", otherwise="sales")}),
        (("no-queue", "sales"), {"queues": ()}),
        (("no-person", "clara"), {"people": ()}),
        (("no-hours", "when"), {"hours": ()}),
        (("no-sound", "menu"), {"sounds": ()}),
        (("key-twice", "menu"), {"nodes": node("menu", choices=(("1", "sales"), ("1", "clara")))}),
        (("bad-key", "menu"), {"nodes": node("menu", choices=(("#", "sales"),))}),
        (("bad-time", "sales"), {"nodes": node("sales", wait_s=0)}),
        (("number-twice", DID), {"numbers": HOUSE.numbers * 2}),
        (("step-twice", "menu"), {"nodes": (*HOUSE.nodes, HOUSE.nodes[1])}),
        (("bad-name", "a\n[evil]"), {"nodes": node("bye", id="a\n[evil]")}),
        (("inside-twice", "103"), {"queues": (replace(HOUSE.queues[0], number="103"),)}),
        (("overlap", "day"), {"hours": hours(spans=(*HOUSE.hours[0].spans, LATE))}),
        (("bad-hours", "day"), {"hours": hours(spans=(BACKWARDS,))}),
        (("day-twice", "day"), {"hours": hours(days=HOUSE.hours[0].days * 2)}),
        (("route-twice", "_7XXXXXXXXXX"), {"routes": (HOUSE.routes[0],) * 2}),
        (("no-route", "mobile"), {"routes": ()}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found_and_said_where(fault: tuple[str, str], more: dict[str, Any]) -> None:
    assert fault in broken(**more)


def test_a_menu_may_be_heard_again_because_the_caller_asks_for_it() -> None:
    again = node("menu", choices=(("1", "sales"), ("0", "menu")))
    assert not [one for one in faults(replace(HOUSE, nodes=again)) if one.code == "circle"]


@given(st.integers(0, 2 * 366 * 1440), st.integers(-12, 14))
def test_hours_are_of_their_own_zone(minutes: int, offset: int) -> None:
    here = datetime(2026, 1, 1, tzinfo=MOSCOW) + timedelta(minutes=minutes)
    assert found(HOUSE.hours[0], here) == found(HOUSE.hours[0], here.astimezone(timezone(timedelta(hours=offset))))


@given(st.integers(0, 23), st.integers(0, 59), st.integers(1, 1440))
def test_a_span_holds_its_first_minute_and_not_its_last(hour: int, minute: int, long: int) -> None:
    begins, ends = hour * 60 + minute, min(hour * 60 + minute + long, 1440)
    span = Span(days=(0,), begins=f"{hour:02}:{minute:02}", ends=f"{ends // 60:02}:{ends % 60:02}")
    one = Hours(id="x", title="", zone="UTC", spans=(span,))
    assert edges(f"{span.begins}-{span.ends}")
    day = datetime(2026, 11, 23, tzinfo=ZoneInfo("UTC"))
    assert found(one, day + timedelta(minutes=begins)).state == "open"
    assert found(one, day + timedelta(minutes=ends - 1)).state == "open"
    assert found(one, day + timedelta(minutes=ends)).state == "closed"
    assert found(one, day + timedelta(minutes=begins - 1)).state == "closed"


def test_a_day_wins_over_its_day_of_the_week() -> None:
    (worked,) = hours(days=(Day(date="2026-11-28", open=("10:00-12:00",), title="рабочая суббота"),))
    assert found(worked, datetime(2026, 11, 28, 11, 0, tzinfo=MOSCOW)).state == "open"
    assert found(worked, datetime(2026, 11, 28, 12, 0, tzinfo=MOSCOW)).state == "closed"


def test_the_longest_prefix_is_the_route() -> None:
    routes = (
        Route(prefix="", trunk="any"),
        Route(prefix="7", trunk="ru", digits=11),
        Route(prefix="7495", trunk="msk"),
        Route(prefix="7809", trunk="ru", allowed=False),
    )
    told = {number: route_of(routes, number) for number in ("74950000001", "79350000001", "3801", "78091")}
    assert [one.trunk if one else None for one in told.values()] == ["msk", "ru", "any", "ru"]
    assert route_of((), "1") is None


def test_five_hundred_numbers_are_found_fault_with_and_written_in_two_seconds() -> None:
    numbers = tuple(replace(HOUSE.numbers[0], digits=str(74950001000 + one)) for one in range(500))
    people = tuple(replace(HOUSE.people[0], extension=str(2000 + one), devices=(f"d{one}",)) for one in range(2000))
    queues = tuple(replace(HOUSE.queues[0], name=f"q{one}", number="") for one in range(100))
    large = replace(HOUSE, numbers=(*HOUSE.numbers, *numbers), people=(*HOUSE.people, *people))
    large = replace(large, queues=(*HOUSE.queues, *queues))
    assert faults(large) == ()
    assert len(render(contexts(large, agi=AGI))) > 1000


def test_an_empty_plan_is_one() -> None:
    assert faults(Plan()) == ()
