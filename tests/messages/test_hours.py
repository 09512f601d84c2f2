"""When an answer is due, counted in working time."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from cti.messages.hours import Hours, due, own

MOSCOW = ZoneInfo("Europe/Moscow")
HOURS = Hours(zone=MOSCOW)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW).timestamp()


@pytest.mark.parametrize(
    ("asked", "hours", "answer"),
    [
        ("2026-11-26 10:00", 4, "2026-11-26 14:00"),
        ("2026-11-26 16:00", 4, "2026-11-27 11:00"),  # the evening is not counted
        ("2026-11-27 17:00", 2, "2026-11-30 10:00"),  # nor are Saturday and Sunday
        ("2026-11-28 12:00", 1, "2026-11-30 10:00"),
        ("2026-11-26 03:00", 9, "2026-11-26 18:00"),
    ],
)
def test_only_the_house_s_hours_are_counted(asked: str, hours: int, answer: str) -> None:
    assert due(at(asked), hours * 3600, HOURS) == at(answer)


def test_a_house_that_never_opens_counts_plain_time() -> None:
    never = Hours(zone=MOSCOW, weekdays=frozenset())
    assert due(1000.0, 60.0, never) == 1060.0
    assert due(1000.0, 60.0, Hours(zone=MOSCOW, begins=time(18), ends=time(9))) == 1060.0


def test_a_mailbox_has_hours_and_a_clock_of_its_own() -> None:
    """Omsk is three hours ahead of Moscow."""
    assert own(HOURS, hours="", weekdays="", zone="") == HOURS
    omsk = own(HOURS, hours="", weekdays="", zone="Asia/Omsk")
    assert due(at("2026-11-26 14:00"), 2 * 3600, omsk) == at("2026-11-27 07:00"), "an hour of that day is left there"
    long = own(HOURS, hours="08:00-20:00", weekdays="67", zone="Asia/Omsk")
    assert due(at("2026-11-26 14:00"), 3600, long) == at("2026-11-28 06:00")
    assert own(HOURS, hours="", weekdays="", zone="Nowhere/Town") == HOURS
