"""Whatever a PBX, or somebody in its place, says: no exception, no ghost that stays."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cti.telephony.tracker import HANDLERS, Tracker
from tests.telephony.streams import Stream, load, own

ODD: tuple[Any, ...] = (
    "", "-1", "999999999999999999999", "nan", "inf", "٣", "<unknown>", "Local/x@y-1;1", "PJSIP/101-00000001",
    "\x00\u202e", "П" * 300, "6", "5", ["a", "b"], [], "Success", "trubka-", "1.1",
)  # fmt: skip
NAMES = tuple(HANDLERS)


def noise(seed: int, stream: Stream) -> list[dict[str, Any]]:
    """A recording with headers dropped, swapped between events and replaced by nonsense."""
    chance = random.Random(seed)
    found: list[dict[str, Any]] = []
    for headers in stream:
        bent: dict[str, Any] = dict(headers)
        for key in list(bent):
            turn = chance.random()
            if turn < 0.03:
                del bent[key]
            elif turn < 0.08:
                bent[key] = chance.choice(ODD)
            elif turn < 0.1:
                bent[key] = chance.choice(stream).get(key, "")
        if chance.random() < 0.05:
            bent["Event"] = chance.choice(NAMES)
        found.append(bent)
    return found


@pytest.mark.parametrize("name", list(own()))
def test_nonsense_raises_nothing_and_leaves_no_ghost(name: str) -> None:
    stream = load(own()[name])
    for seed in range(15):
        tracker = Tracker()
        for headers in noise(seed, stream):
            tracker.feed(headers, 1e9)
            tracker.calls()
        tracker.tick(1e9 + 1000)
        tracker.resync(noise(seed, stream), 1e9 + 1000)
        tracker.resync([], 1e9 + 1001)
        assert tracker.size == 0


def test_an_empty_or_nameless_event_is_nothing() -> None:
    tracker = Tracker()
    for headers in ({}, {"Event": ""}, {"Event": ["Hangup", "Newchannel"]}, {"Response": "Success"}):
        assert tracker.feed(headers, 1e9) == []
    assert tracker.size == 0


def test_a_hang_up_of_an_unknown_leg_creates_nothing() -> None:
    tracker = Tracker()
    assert tracker.feed({"Event": "Hangup", "Channel": "PJSIP/1-1", "Uniqueid": "1.1", "Linkedid": "1.1"}, 1e9) == []
    assert (tracker.size, tracker.counters) == (0, {"hang-ups of unknown legs": 1})


def test_an_absurd_time_is_replaced_by_that_of_receipt() -> None:
    for stamp in ("nan", "inf", "-5", "1e300", "soon", ""):
        leg = {
            "Event": "Newchannel",
            "Channel": "PJSIP/101-1",
            "Uniqueid": "1.1",
            "Linkedid": "1.1",
            "Timestamp": stamp,
        }
        (event,) = Tracker().feed(leg, 1e9)
        assert event.at == 1e9


def test_a_ghost_of_one_stray_event_is_gone_within_a_minute() -> None:
    tracker = Tracker()
    tracker.feed({"Event": "Newstate", "Channel": "PJSIP/101-1", "Uniqueid": "1.1", "Linkedid": "1.1"}, 1e9)
    assert len(tracker.calls()) == 1
    tracker.tick(1e9 + 61)
    assert tracker.size == 0


def test_memory_is_flat_over_many_calls() -> None:
    tracker = Tracker()
    stream = load(own()["queue"])
    for number in range(400):
        for headers in stream:
            ids = {key: f"{number}-{value}" for key, value in headers.items() if key.endswith(("Uniqueid", "Linkedid"))}
            tracker.feed(headers | ids, 1e9 + number * 10)
    assert tracker.size == 0
    assert tracker.buried <= 200
