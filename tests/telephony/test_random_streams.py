"""Streams that nobody wrote: random calls of a PBX, random loss, repetition and nonsense, two PBXes with equal ids."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cti.telephony.events import CallCleared, CallEvent, TelephonyEvent
from cti.telephony.tracker import HANDLERS, Tracker
from tests.telephony.asterisk import Asterisk, Chan
from tests.telephony.streams import Stream, results
from tests.telephony.test_properties import WRITTEN

RUNS = 2000 if os.environ.get("SOAK") else 150
ENDPOINTS = ("PJSIP/101", "PJSIP/102", "SIP/103", "PJSIP/trunk", "DAHDI/i1/79350000001-1", "IAX2/office")
STEPS = ("call", "dial", "answer", "join", "leave", "hangup", "blind", "attended", "local", "destroy", "park", "wait")

quick = settings(max_examples=RUNS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 40), st.integers(0, 40)), max_size=60)
HEADERS = """
    Event Channel Uniqueid Linkedid ChannelState DestChannel DestUniqueid DestLinkedid DestChannelState
    BridgeUniqueid BridgeNumChannels BridgeTechnology SwapUniqueid Queue Position Cause DialStatus Timestamp
    LocalOneUniqueid LocalTwoUniqueid OrigTransfererUniqueid SecondTransfererUniqueid TransfererUniqueid
    TargetUniqueid TargetChannel CallerIDNum Exten Result Device State Odd
"""
headers = st.dictionaries(
    st.sampled_from(HEADERS.split()),
    st.one_of(
        st.sampled_from(("1.1", "1.2", "2.1", "PJSIP/101-1", "Local/1@x-1;1", "Local/1@x-1;2", "6", "5", "-1", "b")),
        st.text(max_size=90),
        st.lists(st.text(max_size=5), max_size=2),
    ),
    max_size=14,
)


def acted(script: list[tuple[str, int, int]]) -> Stream:
    """What a PBX would say of these steps, from a first call to all phones on their hooks."""
    pbx = Asterisk()
    live: list[Chan] = []
    for step, one, two in script:
        _act(pbx, live, step, one, two)
    pbx.hangup(*live)
    return pbx.stream


def _act(pbx: Asterisk, live: list[Chan], step: str, one: int, two: int) -> None:
    if step == "call" or not live:
        live.append(pbx.caller(ENDPOINTS[one % len(ENDPOINTS)]))
        return
    first, second = live[one % len(live)], live[two % len(live)]
    match step:
        case "dial":
            live.append(pbx.dial(first, ENDPOINTS[two % len(ENDPOINTS)], ring=two % 2 == 0))
        case "local":
            live.extend(pbx.local(first, "102"))
        case "answer" if first is not second:
            pbx.answer(first, second, bridge=f"r{one % 5}")
        case "join":
            pbx.join(f"r{two % 5}", first)
        case "park":
            pbx.join("lot", first, tech="holding_bridge")
        case "leave" if first.bridge:
            pbx.leave(first)
        case "destroy" if first.bridge:
            pbx.destroy(first.bridge)
        case "hangup":
            live.remove(first)
            pbx.hangup(first, cause=one % 128)
        case "blind":
            pbx.blind(first, second, "102", "Success" if one % 3 else "Fail")
        case "attended":
            pbx.attended(first, second, None, None)
        case _:
            pbx.wait(one)


def ended(events: list[TelephonyEvent]) -> list[str]:
    return [event.record.call for event in events if isinstance(event, CallCleared)]


@quick
@given(steps)
def test_any_calls_end_once_and_leave_nothing(script: list[tuple[str, int, int]]) -> None:
    tracker = Tracker()
    events = [event for headers in acted(script) for event in tracker.feed(headers, None)]
    tracker.tick(2e9)
    events += tracker.finish()
    assert tracker.size == 0
    assert len(ended(events)) == len(set(ended(events)))


@quick
@given(steps, st.integers(0, 400))
def test_any_event_twice_changes_nothing(script: list[tuple[str, int, int]], at: int) -> None:
    stream = acted(script)
    if stream:
        at %= len(stream)
        assert results(stream[: at + 1] + stream[at:]) == results(stream)


@quick
@given(st.lists(st.tuples(st.sampled_from([*HANDLERS, "Odd", ""]), headers), max_size=40))
def test_no_nonsense_raises_or_stays(stream: list[tuple[str, dict[str, Any]]]) -> None:
    tracker = Tracker()
    for name, found in stream:
        tracker.feed({**found, "Event": name}, 1e9)
        tracker.calls()
    tracker.compare([found for _, found in stream])
    tracker.resync([{**found, "Event": "CoreShowChannel"} for _, found in stream], 1e9)
    tracker.resync([], 1e9 + 45, gap=False)
    tracker.resync([], 1e9 + 48, gap=False)
    tracker.tick(1e9 + 120)
    assert tracker.size == 0


@quick
@given(st.sampled_from(sorted(WRITTEN)), st.sampled_from(sorted(WRITTEN)), st.randoms(use_true_random=False))
def test_two_pbxes_with_equal_ids_do_not_mix(one: str, two: str, chance: Any) -> None:
    pbxes = {"a:": Tracker(prefix="a:"), "b:": Tracker(prefix="b:")}
    turns = ["a:"] * len(WRITTEN[one]) + ["b:"] * len(WRITTEN[two])
    chance.shuffle(turns)
    streams = {"a:": iter(WRITTEN[one]), "b:": iter(WRITTEN[two])}
    for turn in turns:
        for event in pbxes[turn].feed(next(streams[turn]), None):
            assert not isinstance(event, CallEvent) or event.call.startswith(turn)
            assert (getattr(event, "device", None) or turn).startswith(turn)
    assert [tracker.size for tracker in pbxes.values()] == [0, 0]
