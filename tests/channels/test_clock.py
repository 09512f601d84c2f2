"""The PBX's clock beside ours: measured, corrected in one measure, told once (F-17)."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from cti.channels.phone.clock import CORRECT_S, FarClock


def stamp(at: float) -> str:
    return f"{at:.6f}"


def test_F_17_the_middle_of_a_ping_is_when_the_pbx_looked_at_its_clock() -> None:
    far = FarClock()
    far.pong(stamp(1037.1), 1000.0, 1000.2)
    assert far.ahead_s == pytest.approx(37.0)
    assert far.corrected({"Timestamp": "1050.25"})["Timestamp"] == "1013.250000"


def test_F_17_a_slow_answer_tells_nothing() -> None:
    far = FarClock()
    far.pong(stamp(1010.0), 1000.0, 1010.0)
    assert far.ahead_s is None
    far.pong(stamp(1010.0), 1005.0, 1000.0)  # our own clock was set back meanwhile
    assert far.ahead_s is None


def test_F_17_a_small_difference_is_left_alone_and_the_measure_stays() -> None:
    far = FarClock()
    headers = {"Timestamp": "1000.000000"}
    far.pong(stamp(1000.0 + CORRECT_S * 0.9), 1000.0, 1000.0)
    assert far.corrected(headers) is headers
    far.pong(stamp(1000.0 + CORRECT_S * 1.1), 1000.0, 1000.0)
    first = far.correction_s
    far.pong(stamp(1000.0 + CORRECT_S * 0.9), 1000.0, 1000.0)
    assert far.correction_s == first, "it does not jump to and fro around the limit"
    far.pong(stamp(1000.0), 1000.0, 1000.0)
    assert far.correction_s == 0.0, "the PBX was set right"


def test_F_17_without_a_time_in_pings_the_earliest_event_tells() -> None:
    far = FarClock()
    far.pong(None, 1000.0, 1000.1)
    for late in (0.9, 0.02, 3.0):
        far.event({"Event": "Newstate", "Timestamp": stamp(1000.0 - 25.0)}, 1000.0 + late)
    far.pong(None, 1005.0, 1005.1)
    assert far.ahead_s == pytest.approx(-25.02)
    far.pong(None, 1010.0, 1010.1)  # nothing came: what was measured holds
    assert far.ahead_s == pytest.approx(-25.02)


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "-5", ["1", "2"], None])
def test_F_17_a_time_that_is_none_is_left_as_it_is(text: object) -> None:
    far = FarClock()
    far.pong(stamp(1060.0), 1000.0, 1000.0)
    headers: dict[str, str | list[str]] = {"Event": "Hangup"}
    if text is not None:
        headers["Timestamp"] = text  # type: ignore[assignment]  # what a broken PBX might send
    assert far.corrected(headers) is headers
    far.pong(text, 1000.0, 1000.0)
    assert far.ahead_s == pytest.approx(60.0)


def test_F_17_it_is_told_once_and_again_only_after_it_was_right() -> None:
    far = FarClock()
    with capture_logs() as lines:
        for ahead in (3.0, 3.1, 3.0, 0.0, 2.5):
            far.pong(stamp(1000.0 + ahead), 1000.0, 1000.0)
    assert [line["ahead_s"] for line in lines] == [3.0, 2.5]
