"""What became of legs and calls, from causes and statuses."""

from __future__ import annotations

import pytest

from cti.telephony.causes import alone, caller_result, rung_result, unanswered


@pytest.mark.parametrize(
    ("status", "cause", "left", "result"),
    [
        ("BUSY", 17, False, "busy"),
        ("BUSY", 21, False, "rejected"),
        ("BUSY", 19, False, "no-answer"),
        ("NOANSWER", 17, False, "busy"),
        ("NOANSWER", 0, False, "no-answer"),
        ("CANCEL", 16, True, "cancelled"),
        ("CHANUNAVAIL", 20, False, "unreachable"),
        ("", 16, True, "cancelled"),
        ("", 16, False, "no-answer"),
        ("", 26, False, "no-answer"),
        ("", 18, False, "no-answer"),
        ("", 3, False, "unreachable"),
        ("", 99, False, "failed"),
    ],
)
def test_a_rung_leg_s_result(status: str, cause: int, left: bool, result: str) -> None:
    assert rung_result(status, cause, caller_left=left) == result


def test_one_phone_that_rang_in_vain_outweighs_a_busy_one() -> None:
    assert unanswered(["busy", "no-answer"]) == "no-answer"
    assert unanswered(["rejected", "busy"]) == "rejected"
    assert unanswered(["unreachable"]) == "failed"
    assert unanswered([]) is None


def test_a_lone_caller_who_was_picked_up_served_himself() -> None:
    assert alone(16, was_up=True) == "self-service"
    assert alone(127, was_up=False) == "cancelled"
    assert alone(1, was_up=False) == "failed"
    assert alone(17, was_up=False) == "busy"


def test_the_caller_s_leg_tells_what_the_call_came_to() -> None:
    assert caller_result("abandoned") == "cancelled"
    assert caller_result("busy") == "busy"
    assert caller_result("self-service") == "talked"
    assert caller_result(None) == "failed"
