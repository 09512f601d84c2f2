"""What we hold against what the PBX has, after every fault; lost hang-ups; a PBX that was started anew."""

from __future__ import annotations

import pytest

from cti.telephony.agreement import Differences, Holding, compare
from cti.telephony.events import CallCleared, PbxRestarted, TelephonyEvent
from cti.telephony.tracker import Tracker
from tests.telephony.streams import load, own
from tests.telephony.test_properties import STREAMS, WRITTEN
from tests.telephony.test_snapshot import NOW, running, upto


def ends(events: list[TelephonyEvent]) -> list[tuple[object, object, object]]:
    return [
        (event.record.outcome, event.record.reason, event.record.ended)
        for event in events
        if isinstance(event, CallCleared)
    ]


def test_differences_are_told_by_kind() -> None:
    ours = Holding(legs={"1": "b", "2": None, "3": "b"}, devices={"PJSIP/101": "idle", "PJSIP/102": "idle"})
    theirs = Holding(legs={"1": "b", "3": "c", "4": ""}, devices={"PJSIP/101": "in-call", "PJSIP/103": "idle"})
    found = compare(ours, theirs)
    assert found == Differences(
        ghosts=frozenset("2"), unknown=frozenset("4"), misplaced=frozenset("3"), devices=frozenset({"PJSIP/101"})
    )
    assert found.count == 4
    assert compare(ours, ours).count == 0


@pytest.mark.parametrize("name", [*STREAMS, *WRITTEN])
def test_at_every_moment_the_tracker_holds_what_the_pbx_has(name: str) -> None:
    stream = (STREAMS | WRITTEN)[name]
    for end in range(1, len(stream) + 1, 3):
        tracker, items = running(stream[:end])
        found = tracker.compare(items)
        assert not found.ghosts | found.unknown, stream[end - 1]


@pytest.mark.parametrize("name", [*STREAMS, *WRITTEN])
def test_after_a_gap_of_any_length_one_snapshot_makes_both_agree(name: str) -> None:
    stream = (STREAMS | WRITTEN)[name]
    for start in range(0, len(stream), 11):
        for end in range(start, len(stream) + 1, 13):
            tracker = Tracker()
            for headers in stream[:start]:
                tracker.feed(headers, NOW)
            _, items = running(stream[:end])
            tracker.resync(items, NOW)
            found = tracker.compare(items)
            assert not found.ghosts | found.unknown | found.misplaced, (start, end)


def test_a_hang_up_under_way_is_awaited_and_a_lost_one_found_by_the_second_snapshot() -> None:
    stream = load(own()["queue"])
    tracker, _ = running(upto("queue", "BridgeEnter", 2))
    assert ends(tracker.resync([], NOW, gap=False)) == []
    assert tracker.suspects
    assert tracker.compare([]).ghosts
    assert ends(tracker.resync([], NOW + 3, gap=False)) == [("unfinished", "lost", None)]
    assert (tracker.size, tracker.suspects) == (0, False)
    late, _ = running(upto("queue", "BridgeEnter", 2))
    late.resync([], NOW, gap=False)
    rest = [event for headers in stream for event in late.feed(headers, NOW)]
    assert [outcome for outcome, _, _ in ends(rest)] == ["answered"]


def test_a_leg_that_speaks_between_two_snapshots_is_not_lost() -> None:
    tracker, items = running(upto("queue", "BridgeEnter", 2))
    tracker.resync([], NOW, gap=False)
    for item in items:
        tracker.feed({**item, "Event": "NewConnectedLine"}, NOW + 1)
    assert not tracker.suspects
    assert ends(tracker.resync([], NOW + 2, gap=False)) == []


def test_a_pbx_that_was_started_anew_is_known_by_its_own_word() -> None:
    tracker, items = running(upto("queue", "BridgeEnter", 2))
    first = {"Event": "CoreStatus", "CoreStartupDate": "2026-11-23", "CoreStartupTime": "10:00:00"}
    assert ends(tracker.resync([*items, first], NOW)) == []
    assert ends(tracker.resync([*items, first], NOW)) == []
    events = tracker.resync([first | {"CoreStartupTime": "10:05:00"}], NOW)
    assert ends(events) == [("unfinished", "pbx-restart", None)]
    assert any(isinstance(event, PbxRestarted) for event in events)


def test_a_pbx_that_numbers_its_channels_anew_was_restarted() -> None:
    tracker, items = running(upto("queue", "BridgeEnter", 2))
    fresh = {**items[0], "Uniqueid": "1999999999.0", "Linkedid": "1999999999.0", "Channel": "PJSIP/trunk-00000000"}
    assert ends(tracker.resync([fresh], NOW)) == [("unfinished", "pbx-restart", None)]
    assert [call.call for call in tracker.calls()] == ["1999999999.0"]
