"""Agreement with the PBX after a gap: attach what runs, end what vanished, keep ids over a restart of the server."""

from __future__ import annotations

from cti.telephony.events import (
    CallCleared,
    Delivered,
    DeviceChanged,
    Established,
    MemberChanged,
    Originated,
    PbxRestarted,
    Queued,
    SnapshotTaken,
    TelephonyEvent,
)
from cti.telephony.tracker import Tracker
from tests.telephony.streams import Stream, load, own

NOW = 1_795_432_900.0
OPEN = ("Originated", "Delivered", "Established")


def upto(name: str, event: str, nth: int = 1) -> Stream:
    """A recording up to and with the n-th event of that name."""
    stream = load(own()[name])
    at = [index for index, headers in enumerate(stream) if headers["Event"] == event][nth - 1]
    return stream[: at + 1]


def running(stream: Stream) -> tuple[Tracker, Stream]:
    """A tracker that has seen the stream, and the snapshot a PBX would give at that moment."""
    tracker = Tracker()
    latest: dict[str, dict[str, str]] = {}
    bridge: dict[str, str] = {}
    gone: set[str] = set()
    for headers in stream:
        tracker.feed(headers, NOW)
        for prefix in ("", "Dest"):
            uniqueid = headers.get(f"{prefix}Uniqueid", "")
            names = ("Channel", "ChannelState", "CallerIDNum", "CallerIDName", "Exten", "Uniqueid", "Linkedid")
            if uniqueid and uniqueid not in gone and f"{prefix}Linkedid" in headers:
                latest[uniqueid] = {name: headers.get(prefix + name, "") for name in names}
        if headers["Event"] == "BridgeEnter":
            bridge[headers["Uniqueid"]] = headers["BridgeUniqueid"]
        elif headers["Event"] in ("BridgeLeave", "Hangup"):
            bridge.pop(headers["Uniqueid"], None)
        if headers["Event"] == "Hangup":
            latest.pop(headers["Uniqueid"], None)
            gone.add(headers["Uniqueid"])
    items = [
        {"Event": "CoreShowChannel", "BridgeId": bridge.get(uniqueid, ""), **headers}
        for uniqueid, headers in latest.items()
    ]
    return tracker, items


def names(events: list[TelephonyEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_a_snapshot_of_what_is_known_changes_nothing() -> None:
    tracker, items = running(upto("queue", "BridgeEnter", 2))
    before = tracker.calls()
    events = tracker.resync(items, NOW)
    assert names(events) == ["SnapshotTaken"]
    assert tracker.calls() == before


def test_a_ringing_queue_call_is_attached_as_it_stands() -> None:
    stream = upto("queue", "Newstate", 3)
    _, items = running(stream)
    fresh = Tracker()
    waiting = {"Event": "QueueEntry", "Queue": "sales", "Position": "1", "Uniqueid": items[0]["Uniqueid"]}
    events = fresh.resync([waiting, *items], NOW)
    assert [event.attached for event in events if isinstance(event, Originated)] == [True]
    assert {event.device for event in events if isinstance(event, Delivered)} == {"PJSIP/101", "PJSIP/102"}
    assert {event.queue for event in events if isinstance(event, Delivered)} == {"sales"}
    assert [event.queue for event in events if isinstance(event, Queued)] == ["sales"]
    (call,) = fresh.calls()
    assert (call.direction, call.caller.number, call.queue) == ("inbound", "79355550101", "sales")


def test_a_talking_call_is_attached_as_answered_and_ends_like_any() -> None:
    whole = load(own()["queue"])
    stream = upto("queue", "BridgeEnter", 2)
    _, items = running(stream)
    fresh = Tracker()
    events = fresh.resync(items, NOW)
    assert [event.device for event in events if isinstance(event, Established)] == ["PJSIP/102"]
    rest = [event for headers in whole[len(stream) :] for event in fresh.feed(headers, NOW)]
    (end,) = [event.record for event in rest if isinstance(event, CallCleared)]
    assert (end.outcome, end.reason) == ("answered", None)
    assert fresh.size == 0


def test_what_the_pbx_no_longer_lists_ends_unfinished_without_a_time() -> None:
    tracker, _ = running(upto("queue", "BridgeEnter", 2))
    events = tracker.resync([], NOW)
    (end,) = [event.record for event in events if isinstance(event, CallCleared)]
    assert (end.outcome, end.reason, end.ended) == ("unfinished", "gap", None)
    assert isinstance(events[-1], SnapshotTaken)
    assert events[-1].open_calls == frozenset()
    assert tracker.size == 0


def test_a_leg_whose_hang_up_was_lost_goes_and_the_call_stays() -> None:
    tracker, items = running(upto("queue", "Newstate", 4))
    kept = [item for item in items if "PJSIP/101" not in item["Channel"]]
    tracker.resync(kept, NOW)
    (call,) = tracker.calls()
    assert [leg.device for leg in call.legs if leg.ended is None and leg.result is None] == [None, "PJSIP/102"]


def test_calls_keep_their_ids_over_a_restart_of_the_server() -> None:
    stream = upto("queue", "BridgeEnter", 2)
    before, items = running(stream)
    records = before.calls()
    after = Tracker()
    after.adopt(records)
    events = after.resync(items, NOW)
    assert not [name for name in names(events) if name in OPEN]
    assert [call.call for call in after.calls()] == [call.call for call in records]
    rest = [event for headers in load(own()["queue"])[len(stream) :] for event in after.feed(headers, NOW)]
    (end,) = [event.record for event in rest if isinstance(event, CallCleared)]
    assert (end.outcome, end.talked, end.answered) == ("answered", records[0].talked, records[0].answered)


def test_a_call_that_ended_while_the_server_was_down_is_unfinished() -> None:
    before, _ = running(upto("queue", "BridgeEnter", 2))
    after = Tracker()
    after.adopt(before.calls())
    events = after.resync([], NOW)
    (end,) = [event.record for event in events if isinstance(event, CallCleared)]
    assert (end.call, end.outcome, end.reason) == (before.calls()[0].call, "unfinished", "gap")


def test_a_restarted_pbx_ends_all_calls_with_that_reason() -> None:
    for restart in ("shutdown", "snapshot"):
        tracker, _ = running(upto("queue", "BridgeEnter", 2))
        events = (
            tracker.feed({"Event": "Shutdown"}, NOW)
            if restart == "shutdown"
            else tracker.resync([], NOW, restarted=True)
        )
        (end,) = [event.record for event in events if isinstance(event, CallCleared)]
        assert (end.outcome, end.reason) == ("unfinished", "pbx-restart")
        assert any(isinstance(event, PbxRestarted) for event in events)
        assert tracker.size == 0


def test_signing_in_again_flushes_nothing() -> None:
    tracker, _ = running(upto("queue", "BridgeEnter", 2))
    assert tracker.feed({"Event": "FullyBooted", "Status": "Fully Booted"}, NOW) == []
    assert len(tracker.calls()) == 1


def test_members_and_devices_are_told_once_and_when_they_change() -> None:
    tracker = Tracker()
    item = {"Event": "QueueMember", "Queue": "sales", "Interface": "PJSIP/ivanov", "Paused": "0", "InCall": "0"}
    device = {"Event": "DeviceStateChange", "Device": "PJSIP/101", "State": "NOT_INUSE"}
    first = tracker.resync([item, device], NOW)
    assert [event.device for event in first if isinstance(event, MemberChanged)] == ["PJSIP/ivanov"]
    assert [event.status for event in first if isinstance(event, DeviceChanged)] == ["idle"]
    assert names(tracker.resync([item, device], NOW)) == ["SnapshotTaken"]
    paused = item | {"Event": "QueueMemberPause", "Paused": "1", "PausedReason": "lunch"}
    (changed,) = [event for event in tracker.feed(paused, NOW) if isinstance(event, MemberChanged)]
    assert (changed.paused, changed.pause_reason) == (True, "lunch")
    assert names(tracker.feed(device | {"State": "UNAVAILABLE"}, NOW)) == ["DeviceChanged"]
    assert tracker.devices == {"PJSIP/101": "unreachable"}


def test_a_queue_member_s_endpoint_is_a_device_whatever_its_name() -> None:
    tracker = Tracker()
    tracker.feed({"Event": "QueueMemberAdded", "Queue": "sales", "Interface": "PJSIP/ivanov", "Paused": "0"}, NOW)
    leg = {"Event": "Newchannel", "Channel": "PJSIP/ivanov-00000001", "Uniqueid": "1.1", "Linkedid": "1.1"}
    (event,) = [event for event in tracker.feed(leg, NOW) if isinstance(event, Originated)]
    assert event.device == "PJSIP/ivanov"
