"""A PBX's queue log, read back into calls: what it says, what it is silent about, and garbage in it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.telephony.queue_duty import Change, QueueDuty
from cti.telephony.queue_log import LONGEST_S, QueueLog, Told, device_of, read, said

T = 1_700_000_000
ANSWERED = f"""
{T}|{T}.5|sales|NONE|DID|74950000001
{T}|{T}.5|sales|NONE|ENTERQUEUE||79355550101|1
{T + 11}|{T}.5|sales|PJSIP/101|RINGNOANSWER|9000
{T + 20}|{T}.5|sales|PJSIP/102|CONNECT|20|{T}.7|8
{T + 80}|{T}.5|sales|PJSIP/102|COMPLETECALLER|20|60|1
"""


def told(log: str, *, now: float = T + LONGEST_S * 2) -> list[Told]:
    reader = QueueLog()
    lines = [line for text in log.strip().splitlines() if (line := read(text)) is not None]
    return [one for line in lines for one in reader.feed(line)] + list(reader.rest(now))


def test_an_answered_call_has_who_rang_in_vain_who_talked_how_long_and_who_hung_up() -> None:
    (one,) = told(ANSWERED)
    record = one.record
    assert (record.call, record.direction, record.caller.number, record.called) == (
        f"{T}.5", "inbound", "79355550101", "74950000001"
    )  # fmt: skip
    assert (record.started, record.answered, record.ended, record.outcome) == (T, T + 20, T + 80, "answered")
    assert [(w.queue, w.joined, w.left, w.how) for w in record.waits] == [("sales", T, T + 20, "answered")]
    assert [(leg.device, leg.rang, leg.result, leg.talk, leg.hold) for leg in record.legs] == [
        ("PJSIP/101", T + 2, "no-answer", None, None), ("PJSIP/102", T + 12, "talked", 60, None)
    ]  # fmt: skip
    assert record.release is not None
    assert record.release.side == "caller"


@pytest.mark.parametrize(
    ("line", "outcome", "how", "ended"),
    [
        ("ABANDON|1|1|30", "abandoned", "abandoned", T + 30),
        ("EXITWITHTIMEOUT|1|1|30", "no-answer", "timeout", None),
        ("EXITEMPTY|1|1|30", "no-answer", "leaveempty", None),
        ("EXITWITHKEY|5|1|1|30", "no-answer", "other", None),
        ("WITHDRAW|1|1|30", "diverted", "diverted", None),
    ],
)
def test_a_wait_in_vain_says_how_it_ended(line: str, outcome: str, how: str, ended: float | None) -> None:
    """Where the caller went on to the log does not say: then there is no end."""
    (one,) = told(f"{T}|c.1|sales|NONE|ENTERQUEUE||79355550101|1\n{T + 30}|c.1|sales|NONE|{line}")
    assert (one.record.outcome, one.record.ended, one.record.answered) == (outcome, ended, None)
    assert [(w.left, w.how) for w in one.record.waits] == [(T + 30, how)]
    assert (one.record.unseen is None) == (ended is not None)


def test_who_is_passed_on_to_another_queue_is_one_call_with_two_waits() -> None:
    (one,) = told(
        f"{T}|c.1|sales|NONE|ENTERQUEUE||79355550101|1\n{T + 5}|c.1|sales|Anna|CONNECT|5|a.1|3\n"
        f"{T + 25}|c.1|sales|Anna|BLINDTRANSFER|600|internal|5|20|1\n"
        f"{T + 26}|c.1|support|NONE|ENTERQUEUE||79355550101|2\n{T + 40}|c.1|support|Boris|CONNECT|14|a.2|4\n"
        f"{T + 70}|c.1|support|Boris|COMPLETEAGENT|14|30|2"
    )
    assert [(w.queue, w.how) for w in one.record.waits] == [("sales", "answered"), ("support", "answered")]
    assert [(leg.result, leg.talk) for leg in one.record.legs] == [("transferred", 20), ("talked", 30)]
    assert (one.record.queue, one.record.ended, one.record.outcome) == ("support", T + 70, "answered")
    assert one.agents == {"a.1": "Anna", "a.2": "Boris"}


def test_a_log_that_begins_in_the_middle_of_a_call_still_tells_it() -> None:
    (one,) = told(f"{T + 80}|c.1|sales|PJSIP/102|COMPLETEAGENT|20|60|1")
    assert (one.record.started, one.record.answered, one.record.ended) == (T, T + 20, T + 80)
    assert [(w.joined, w.left, w.how) for w in one.record.waits] == [(T, T + 20, "answered")]


def test_a_restart_of_the_pbx_leaves_its_calls_without_an_end_of_their_own() -> None:
    (one,) = told(f"{T}|c.1|sales|NONE|ENTERQUEUE||79355550101|1\n{T + 9}|NONE|NONE|NONE|QUEUESTART|")
    assert (one.record.outcome, one.record.reason, one.record.ended) == ("unfinished", "pbx-restart", None)


def test_a_call_under_way_at_the_end_of_the_file_waits_for_the_next_one() -> None:
    begun = f"{T}|c.1|sales|NONE|ENTERQUEUE||79355550101|1"
    assert told(begun, now=T + 60) == []
    assert [one.record.outcome for one in told(begun)] == ["unfinished"]


def test_torn_lines_are_none_and_a_stranger_is_nobodys_device() -> None:
    for text in ("", "x", "|||", f"{T}|c|q|a", "NaN|c|q|a|ABANDON", f"{T}|c|q|a|<b>|1", f"{T}|c\0|q|a|ABANDON|1|1|1"):
        assert read(text) is None
    assert [device_of(name) for name in ("PJSIP/101", "Local/101@agents/n", "Anna", "")] == [
        "PJSIP/101",
        None,
        None,
        None,
    ]


@given(st.integers(0, 10_000), st.lists(st.text(max_size=60), max_size=20))
def test_a_log_with_lines_lost_repeated_and_garbled_never_fails_nor_invents(seed: int, garbage: list[str]) -> None:
    chance = random.Random(seed)
    lines = [line for line in ANSWERED.strip().splitlines() for _ in range(chance.choice((0, 1, 1, 2)))]
    for text in garbage:
        lines.insert(chance.randrange(len(lines) + 1), text)
    for one in told("\n".join(lines)):
        record = one.record
        times = [at for at in (record.started, record.answered, record.ended) if at is not None]
        assert all(T <= at <= T + 80 for at in times)
        assert times == sorted(times)
        assert all(leg.talk is None or leg.talk <= 80 for leg in record.legs)


def test_duty_is_ready_while_one_queue_has_him_ready() -> None:
    duty, changes = QueueDuty(), []
    for text in (
        f"{T}|NONE|sales|PJSIP/101|ADDMEMBER|", f"{T + 1}|NONE|support|PJSIP/101|ADDMEMBER|",
        f"{T + 2}|NONE|sales|PJSIP/101|PAUSE|обед", f"{T + 3}|NONE|support|PJSIP/101|PAUSE|обед",
        f"{T + 4}|NONE|NONE|PJSIP/101|UNPAUSEALL|", f"{T + 5}|NONE|sales|PJSIP/101|REMOVEMEMBER|",
        f"{T + 6}|NONE|support|PJSIP/101|REMOVEMEMBER|",
    ):  # fmt: skip
        line = read(text)
        assert line is not None
        spoken = said(line)
        assert spoken is not None
        changes += list(duty.feed(spoken))
    assert changes == [
        Change(T, "PJSIP/101", "ready", ""),
        Change(T + 3, "PJSIP/101", "not-ready", "обед"),
        Change(T + 4, "PJSIP/101", "ready", ""),
        Change(T + 6, "PJSIP/101", "logged-off", ""),
    ]
