"""What must hold of every recorded stream, whatever happens to it on the way.

Attach at any point, lose any one event, repeat any one, swap neighbours, interleave two: never an exception, nothing
left in memory, no second account of a call; a repetition and another stream change nothing.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

import pytest

from cti.telephony.events import CallCleared, TelephonyEvent
from cti.telephony.tracker import Tracker
from tests.telephony import scenes_queue
from tests.telephony.streams import Stream, cleared, load, own, reference, results, told

FILES = own() | reference()
STREAMS = {name: load(path) for name, path in FILES.items()}
WRITTEN = {name: scene.stream() for name, scene in (scenes_queue.SCENES).items()}
LATER_S = 1000.0
NEIGHBOURS_S = 0.5

each = pytest.mark.parametrize(
    "stream", [pytest.param(stream, id=name) for name, stream in (STREAMS | WRITTEN).items()]
)


def calls_of(events: Iterable[TelephonyEvent]) -> list[str]:
    return [event.record.call for event in events if isinstance(event, CallCleared)]


def feed(stream: Iterable[dict[str, str]], now: float = 1e9) -> tuple[Tracker, list[TelephonyEvent]]:
    """Feed without ending the stream."""
    tracker = Tracker()
    return tracker, [event for headers in stream for event in tracker.feed(headers, now)]


def renamed(stream: Stream, mark: str) -> Stream:
    """The same calls under other ids, as another call of the same kind would have."""

    def marked(key: str, value: str) -> str:
        return mark + value if value and key.endswith(("Uniqueid", "Linkedid")) else value

    return [{key: marked(key, value) for key, value in headers.items()} for headers in stream]


@each
def test_nothing_is_left_when_all_have_hung_up(stream: Stream) -> None:
    tracker, _ = feed(stream)
    assert tracker.size == 0
    assert tracker.calls() == []


@each
def test_attaching_at_any_point_gives_each_call_at_most_one_account(stream: Stream) -> None:
    for start in range(len(stream)):
        tracker, events = feed(stream[start:])
        events += tracker.tick(1e9 + LATER_S)
        assert len(set(calls_of(events))) == len(calls_of(events))
        assert tracker.size == 0


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_attaching_before_the_talk_ends_still_sees_who_talked(stream: Stream) -> None:
    """Who leaves a bridge was in it: the last conversation is known from its end, if it is one of two."""
    if any(headers["Event"].startswith("Confbridge") for headers in stream):
        return
    talked = [pair for record in cleared(told(stream)) for pair in record.talked]
    last = [headers for headers in stream if headers["Event"] == "BridgeLeave"][-2:]
    one_bridge = len({headers["BridgeUniqueid"] for headers in last}) == 1
    if talked and one_bridge and sorted(headers["Channel"] for headers in last) == sorted(talked[-1]):
        leave = max(i for i, headers in enumerate(stream) if headers["Event"] == "BridgeLeave")
        before = next(i for i in range(leave - 1, -1, -1) if stream[i]["Event"] == "BridgeLeave")
        found = [pair for record in cleared(told(stream[before:])) for pair in record.talked]
        assert found == [talked[-1]]


_LOST: dict[int, list[tuple[list[str], Counter[str]]]] = {}  # by id() of a stream, which lives as long as the module


def without_one(stream: Stream) -> list[tuple[list[str], Counter[str]]]:
    """For each event that is lost: the calls that were accounted for and their outcomes. Two tests ask for it."""
    if id(stream) not in _LOST:
        every = (told(stream[:lost] + stream[lost + 1 :]) for lost in range(len(stream)))
        _LOST[id(stream)] = [(calls_of(one), Counter(str(record.outcome) for record in cleared(one))) for one in every]
    return _LOST[id(stream)]


@each
def test_losing_any_one_event_ends_every_call_once(stream: Stream) -> None:
    for calls, _ in without_one(stream):
        assert len(set(calls)) == len(calls)


@each
def test_losing_any_one_event_keeps_the_outcome(stream: Stream) -> None:
    """Three cannot be made up for: why a phone hung up, why a queue took nobody in, and a leg's entry into a bridge
    that is never left: one behind Local channels, one destroyed with all in it.
    """
    has_leaves = any(headers["Event"] == "BridgeLeave" for headers in stream)
    wanted = Counter(str(record.outcome) for record in cleared(told(stream)))
    for lost, (_, found) in enumerate(without_one(stream)):
        other = (wanted - found) + (found - wanted)
        tells_why = stream[lost]["Event"] in ("Hangup", "HangupRequest", "UserEvent")
        cause = "answered" not in other and tells_why
        blind = any("Local/" in h.get("Channel", "") for h in stream) or not has_leaves
        chain = stream[lost]["Event"] == "BridgeEnter" and blind
        assert not other or cause or chain, stream[lost]


@each
def test_repeating_any_one_event_changes_nothing(stream: Stream) -> None:
    wanted = results(stream)
    for twice in range(len(stream)):
        assert results(stream[: twice + 1] + stream[twice:]) == wanted, stream[twice]


@each
def test_an_old_event_coming_late_raises_no_dead(stream: Stream) -> None:
    wanted = results(stream)
    tracker, _ = feed(stream)
    for headers in stream:
        tracker.feed(headers, 1e9)
    assert tracker.size == 0
    assert results(stream + stream) == wanted


@each
def test_swapping_any_neighbours_ends_every_call_once_and_the_same_way(stream: Stream) -> None:
    wanted = {record.call: record.outcome for record in cleared(told(stream))}
    for at in range(len(stream) - 1):
        one, two = stream[at], stream[at + 1]
        if float(two.get("Timestamp", "0")) - float(one.get("Timestamp", "0")) > NEIGHBOURS_S:
            continue
        found = cleared(told([*stream[:at], two, one, *stream[at + 2 :]]))
        assert len(found) == len(wanted), (one, two)
        assert {record.call: record.outcome for record in found} == wanted, (one, two)


def shuffled(one: Stream, two: Stream, seed: int) -> Iterator[dict[str, str]]:
    """Both streams in their own order, mixed."""
    left = [iter(one), iter(two)]
    turns = [0] * len(one) + [1] * len(two)
    random.Random(seed).shuffle(turns)
    for turn in turns:
        yield next(left[turn])


@cache
def other(name: str) -> tuple[Stream, int]:
    """A stream as another's neighbour, and how many calls it tells of alone."""
    stream = renamed(STREAMS[name], "b-")
    return stream, len(results(stream))


@each
def test_interleaving_with_another_stream_changes_neither(stream: Stream) -> None:
    own_calls = renamed(stream, "a-")
    mine = results(own_calls)
    for seed, name in enumerate(STREAMS):
        other_calls, theirs = other(name)
        both = results(shuffled(own_calls, other_calls, seed))
        assert [row for row in both if str(row[0]).startswith(("a-", "trubka-r1"))] == mine or name.startswith("click")
        assert len(both) == len(mine) + theirs or name.startswith("click")


def test_fifty_calls_at_once_do_not_mix() -> None:
    stream = STREAMS["queue"]
    (wanted,) = results(stream)
    copies = [renamed(stream, f"c{number}-") for number in range(50)]
    mixed = [headers for row in zip(*copies, strict=True) for headers in row]
    found = results(mixed)
    assert len(found) == 50
    assert {row[1:] for row in found} == {wanted[1:]}


@each
def test_a_stream_cut_anywhere_leaves_calls_unfinished_or_known(stream: Stream) -> None:
    for end in range(len(stream)):
        tracker, events = feed(stream[:end])
        for record in cleared(events + tracker.finish()):
            assert record.ended is not None or record.reason == "gap"


@each
def test_what_stays_of_a_cut_stream_is_reaped_when_a_snapshot_lists_nothing(stream: Stream) -> None:
    for end in range(0, len(stream), 5):
        tracker, _ = feed(stream[:end])
        tracker.resync([], 1e9 + LATER_S)
        assert tracker.size == 0
