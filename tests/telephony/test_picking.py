"""A caller whom one of us takes out of his queue has not given up, whatever the PBX says of it."""

from __future__ import annotations

import pytest

from cti.telephony.events import CallCleared, Dequeued, Overhears, Spied, TelephonyEvent
from cti.telephony.tracker import Tracker
from tests.telephony.asterisk import Asterisk
from tests.telephony.scenes_queue import leave, queued


@pytest.mark.parametrize(
    ("marks", "how", "outcome"),
    [((True,), "diverted", "answered"), ((), "other", "answered"), ((True, False), "other", "answered")],
)
def test_a_picked_caller_is_diverted_and_his_talk_counts(marks: tuple[bool, ...], how: str, outcome: str) -> None:
    pbx, tracker = Asterisk(), Tracker()
    told: list[TelephonyEvent] = []
    client = queued(pbx)
    for message in pbx.stream:
        told += tracker.feed(message, None)
    for on in marks:
        tracker.pick(tracker.calls()[0].call, on)
    begun = len(pbx.stream)
    pbx.say("QueueCallerAbandon", client, Queue="sales", Position="1", OriginalPosition="1", HoldTime="6")
    leave(pbx, client)
    phone = pbx.dial_to(client, pbx.born("PJSIP/103", "103", of=client))
    pbx.up(phone)
    pbx.dial_end(client, phone, "ANSWER")
    pbx.join("talk", phone, client)
    pbx.wait(30)
    pbx.hangup(client, phone)
    for message in pbx.stream[begun:]:
        told += tracker.feed(message, None)
    assert [one.how for one in told if isinstance(one, Dequeued)] == [how]
    [record] = [one.record for one in told if isinstance(one, CallCleared)]
    assert (record.outcome, record.waits[0].how) == (outcome, how)


def test_who_comes_into_another_queue_is_not_picked_out_of_that_one() -> None:
    pbx, tracker = Asterisk(), Tracker()
    client = queued(pbx)
    for message in pbx.stream:
        tracker.feed(message, None)
    tracker.pick(tracker.calls()[0].call)
    begun = len(pbx.stream)
    leave(pbx, client)
    pbx.say("QueueCallerJoin", client, Queue="support", Position="1", Count="1")
    pbx.say("QueueCallerLeave", client, Queue="support", Position="1", Count="0")
    told = [event for message in pbx.stream[begun:] for event in tracker.feed(message, None)]
    assert [one.how for one in told if isinstance(one, Dequeued)] == ["diverted", "other"]


def test_a_dialplan_tells_who_listens_to_whom() -> None:
    pbx, tracker = Asterisk(), Tracker()
    phone = pbx.born("PJSIP/110", "110", "*55102", state="4")
    pbx.say("UserEvent", phone, UserEvent="TrubkaSpy", By="110", Of="102")
    pbx.say("UserEvent", phone, UserEvent="TrubkaSpy", By="110")
    told = [event for message in pbx.stream for event in tracker.feed(message, None) if isinstance(event, Spied)]
    assert [(one.by, one.of, one.near) for one in told] == [("110", "102", "PJSIP/110")]


def test_who_listens_is_known_from_the_pbx_and_after_a_start_from_its_list() -> None:
    pbx, tracker = Asterisk(), Tracker()
    phone = pbx.born("PJSIP/110", "110", "s", state="6")
    ear = {f"Spyer{name}": value for name, value in pbx.stream[-1].items() if name not in ("Event", "Timestamp")}
    pbx.say("ChanSpyStart", None, **ear, SpyeeChannel="PJSIP/102-00000001")
    pbx.say("ChanSpyStart", None, **ear, SpyeeChannel="PJSIP/102-00000001")
    told = [event for message in pbx.stream for event in tracker.feed(message, None)]
    assert [one.of for one in told if isinstance(one, Overhears)] == ["PJSIP/102-00000001"]
    assert [leg.hears for one in tracker.calls() for leg in one.legs] == ["PJSIP/102-00000001"]
    again = Tracker()
    again.adopt(tracker.calls())
    listed = {name.removeprefix("Spyer"): value for name, value in ear.items()} | {"Event": "CoreShowChannel"}
    listed |= {"Application": "ChanSpy", "ApplicationData": "PJSIP/102-00000001,qdES"}
    told = again.resync([listed], 100.0)
    assert [(one.of, one.device) for one in told if isinstance(one, Overhears)] == [("PJSIP/102-00000001", "PJSIP/110")]
    pbx.say("ChanSpyStop", None, **ear)
    told = again.feed(pbx.stream[-1], 101.0)
    assert [one.of for one in told if isinstance(one, Overhears)] == [""]
    assert phone.name == listed["Channel"]
