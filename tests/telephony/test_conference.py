"""Three or more in one talk: who they are is said as it changes, and the call's record keeps the stretch."""

from __future__ import annotations

import pytest

from cti.telephony.events import Conferenced, TelephonyEvent
from cti.telephony.tracker import Tracker
from tests.telephony.asterisk import Asterisk
from tests.telephony.scenes import talking
from tests.telephony.streams import Stream, cleared, load, own, told
from tests.telephony.test_snapshot import NOW, running

ROOMS = ["conference", "conference-16", "redirect_both", "redirect_both-16"]


def together(events: list[TelephonyEvent]) -> list[set[str]]:
    """The devices of those who talk together, each time that it was said; a client has none."""
    said = [event for event in events if isinstance(event, Conferenced)]
    return [{party.device or "client" for party in event.parties} for event in said]


def full(stream: Stream) -> int:
    """The place of the message after which three are in the room."""
    tracker = Tracker()
    return next(
        place
        for place, headers in enumerate(stream)
        if any(isinstance(event, Conferenced) for event in tracker.feed(headers, NOW))
    )


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_of_three_is_told_and_ends_when_one_leaves(name: str) -> None:
    events = told(load(own()[name]))
    first, second = together(events)
    assert (len(first), "client" in first, second) == (3, True, set())
    [record] = cleared(events)
    [stretch] = record.conferences
    assert len(stretch.legs) == 3
    assert stretch.began
    assert stretch.ended
    assert stretch.began < stretch.ended <= (record.ended or 0)


@pytest.mark.parametrize("name", ROOMS)
def test_a_server_that_comes_during_it_sees_it_and_its_end(name: str) -> None:
    stream = load(own()[name])
    place = full(stream)
    _, listed = running(stream[: place + 1])
    tracker = Tracker()
    events = tracker.resync(listed, NOW)
    assert [len(people) for people in together(events)] == [3]
    events = [event for headers in stream[place + 1 :] for event in tracker.feed(headers, None)]
    assert together(events) == [set()]
    again = Tracker()
    again.adopt(heard(stream[: place + 1]).calls())
    again.resync(listed, NOW)
    [record] = again.calls()
    assert len(record.conferences) == 1, "a restart of the server is no second conference"


def heard(stream: Stream) -> Tracker:
    tracker = Tracker()
    for headers in stream:
        tracker.feed(headers, NOW)
    return tracker


@pytest.mark.parametrize("name", ROOMS)
def test_whatever_one_message_is_lost_nobody_stays_in_it(name: str) -> None:
    stream = load(own()[name])
    for place in range(full(stream) - 12, len(stream)):
        events = told([*stream[:place], *stream[place + 1 :]])
        assert together(events)[-1:] in ([], [set()]), stream[place]
        for record in cleared(events):
            assert all(stretch.ended or record.reason for stretch in record.conferences), stream[place]


def test_a_fourth_joins_and_leaves_and_a_phone_that_takes_over_is_no_news() -> None:
    pbx = Asterisk()
    client, phone = talking(pbx)
    bridge = client.bridge
    third, fourth = (pbx.born(f"PJSIP/{number}", number, state="6") for number in ("102", "103"))
    pbx.join(bridge, third, tech="softmix")
    pbx.join(bridge, fourth, tech="softmix")
    again = pbx.born("PJSIP/102", "102", state="6")
    pbx.say("BridgeEnter", again, BridgeUniqueid=bridge, SwapUniqueid=third.uniqueid, BridgeNumChannels="4")
    pbx.hangup(fourth)
    pbx.hangup(again, phone, client)
    events = told(pbx.stream)
    three = {"client", "PJSIP/101", "PJSIP/102"}
    said = together(events)
    assert [one for place, one in enumerate(said) if place == 0 or one != said[place - 1]] == [
        three,
        three | {"PJSIP/103"},
        three,
        set(),
    ]
    [record] = cleared(events)
    assert [len(stretch.legs) for stretch in record.conferences] == [5], "one stretch, five legs"


@pytest.mark.parametrize("name", ["attended", "attended_refer", "listened_to", "queue", "joined_by_the_pbx", "park"])
def test_two_are_no_conference(name: str) -> None:
    assert together(told(load(own()[name]))) == []
