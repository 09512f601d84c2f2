"""A day's parts: clipped at midnight and now, as corrected; kinds summed up."""

from __future__ import annotations

from dataclasses import dataclass

from cti.reports import day

HOUR = 3600.0


@dataclass(frozen=True)
class Line:
    at: float
    state: str
    reason: str = ""
    corrections: tuple[Line, ...] = ()


def test_lines_are_clipped_by_the_day_and_by_now_and_count_as_corrected() -> None:
    lunch = Line(9 * HOUR, "ready", corrections=(Line(0, "logged-off"), Line(0, "not-ready", "lunch")))
    rows = [Line(-5 * HOUR, "logged-off"), Line(8 * HOUR, "ready"), lunch, Line(9 * HOUR, "after-call")]
    rows += [Line(10 * HOUR, "ready"), Line(10 * HOUR, "not-ready", "lunch")]
    parts = day.spans(rows, 0.0, 24 * HOUR, now=11.5 * HOUR)
    assert [(one.since / HOUR, one.until / HOUR, one.state, one.lasts) for one in parts] == [
        (0, 8, "logged-off", False), (8, 9, "ready", False), (9, 10, "after-call", False),
        (10, 11.5, "not-ready", True),
    ]  # fmt: skip
    parts = day.spans([rows[1], lunch], 0.0, 24 * HOUR, now=48 * HOUR)
    assert [(one.state, one.reason, one.lasts) for one in parts] == [
        ("ready", "", False),
        ("not-ready", "lunch", False),
    ]
    assert day.totals(parts) == [("not-ready", "lunch", 15 * HOUR), ("ready", "", HOUR)]


def test_the_picture_has_the_whole_hours_of_his_time_in_the_queues() -> None:
    rows = [Line(0, "logged-off"), Line(8.2 * HOUR, "ready"), Line(17.4 * HOUR, "logged-off")]
    parts = day.spans(rows, 0.0, 24 * HOUR, now=48 * HOUR)
    assert day.shown(parts, 0.0) == (8 * HOUR, 18 * HOUR)
    assert day.totals(parts)[-1][0] == "logged-off"
    assert day.shown(parts[:1], 5.0) == (5.0, 5.0)
    assert day.spans([], 0.0, 24 * HOUR, now=1.0) == []
