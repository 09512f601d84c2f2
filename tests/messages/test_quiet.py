"""When nobody is disturbed: on any clock, over midnight, over every change of clocks."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.messages.limits import Limits
from cti.messages.quiet import day_begins, day_ends, day_of, is_quiet, loud_at

ZONES = (
    "Europe/Moscow",
    "Asia/Vladivostok",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
)
CLOCK = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.sampled_from((0, 1, 30, 59)))
AROUND_A_CHANGE = [  # clocks go forward, and back, at these
    datetime(2026, 3, 29, 1, tzinfo=ZoneInfo("UTC")).timestamp(),
    datetime(2026, 10, 25, 1, tzinfo=ZoneInfo("UTC")).timestamp(),
    datetime(2026, 3, 8, 7, tzinfo=ZoneInfo("UTC")).timestamp(),
    datetime(2026, 11, 1, 6, tzinfo=ZoneInfo("UTC")).timestamp(),
    datetime(2026, 4, 4, 15, tzinfo=ZoneInfo("UTC")).timestamp(),
]
MOMENT = st.one_of(
    st.floats(1.7e9, 2.1e9), st.builds(lambda at, by: at + by, st.sampled_from(AROUND_A_CHANGE), st.floats(-9e4, 9e4))
)


@given(MOMENT, CLOCK, CLOCK, st.sampled_from(ZONES))
def test_what_waits_goes_at_an_hour_that_is_not_quiet_and_within_a_day(
    at: float, begins: str, ends: str, zone: str
) -> None:
    limits, there = Limits(quiet_from=begins, quiet_to=ends), ZoneInfo(zone)
    goes = loud_at(at, limits, there)
    assert not is_quiet(goes, limits, there)
    assert at <= goes <= at + 26 * 3600
    if not is_quiet(at, limits, there):
        assert goes == at
    else:
        assert datetime.fromtimestamp(goes, there).strftime("%H:%M") == ends or goes % 60 == 0
    assert day_begins(at, there) <= at < day_ends(at, there)
    assert day_of(at, there) < day_of(day_ends(at, there), there)


@pytest.mark.parametrize(
    ("at", "zone", "goes"),
    [
        ("2026-11-26 21:00", "Asia/Vladivostok", "2026-11-27 09:00"),
        ("2026-11-27 03:00", "Asia/Vladivostok", "2026-11-27 09:00"),
        ("2026-11-27 09:00", "Asia/Vladivostok", "2026-11-27 09:00"),
        ("2026-11-27 20:59", "Asia/Vladivostok", "2026-11-27 20:59"),
        ("2026-03-28 23:00", "Europe/Berlin", "2026-03-29 09:00"),  # the night is an hour shorter
        ("2026-10-24 23:00", "Europe/Berlin", "2026-10-25 09:00"),
    ],
)
def test_quiet_hours_end_on_the_clients_own_clock(at: str, zone: str, goes: str) -> None:
    there = ZoneInfo(zone)
    moment = datetime.fromisoformat(at).replace(tzinfo=there).timestamp()
    assert datetime.fromtimestamp(loud_at(moment, Limits(), there), there).strftime("%Y-%m-%d %H:%M") == goes
