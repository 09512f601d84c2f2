"""The faults that the tracker itself must stand, by their ids and figures, over recordings and written scenes."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable

import pytest

from cti.telephony.events import CallCleared, ConnectionCleared, Delivered, Established, TelephonyEvent
from cti.telephony.tracker import Tracker
from tests.telephony.asterisk import Asterisk
from tests.telephony.scenes_queue import SCENES
from tests.telephony.streams import Stream, cleared, results, told
from tests.telephony.test_properties import STREAMS, WRITTEN
from tests.telephony.test_scenes import seconds, shape

SHUFFLES = 10_000 if os.environ.get("SOAK") else 400
WINDOW_S = 0.5
ALL = STREAMS | WRITTEN


def rings(events: Iterable[TelephonyEvent]) -> list[str]:
    return [event.leg_id for event in events if isinstance(event, Delivered)]


def right(*names: str) -> None:
    """Each scene gives one account, with the pairs, results and transfers that it must."""
    for name in names:
        scene = SCENES[name]
        records = cleared(told(scene.stream()))
        wanted = {leg: " ".join(sorted(found.split())) for leg, found in scene.wanted.legs.items()}
        assert len(records) == scene.wanted.calls, name
        assert shape(records) == (scene.wanted.talked, wanted, scene.wanted.transfers), name


def test_F_18_each_event_twice_gives_the_same_accounts() -> None:
    for stream in ALL.values():
        assert results(headers for headers in stream for _ in range(2)) == results(stream)


def shuffled(stream: Stream, seed: int) -> Stream:
    """Events moved by less than the window, as a busy PBX and a slow link may do."""
    chance = random.Random(seed)
    moved = [(float(headers.get("Timestamp", 0)) + chance.random() * WINDOW_S, headers) for headers in stream]
    return [headers for _, headers in sorted(moved, key=lambda pair: pair[0])]


def spread(stream: Stream, step_s: float = 0.2) -> Stream:
    """The same stream with its events apart, so that a window holds a few."""
    return [headers | {"Timestamp": f"{1e9 + at * step_s:.3f}"} for at, headers in enumerate(stream)]


def test_F_19_events_shuffled_within_half_a_second_open_no_closed_call() -> None:
    names = list(ALL)
    for seed in range(SHUFFLES):
        stream = ALL[names[seed % len(names)]]
        tracker = Tracker()
        events = [event for headers in shuffled(spread(stream), seed) for event in tracker.feed(headers, None)]
        ended = [event.record.call for event in events if isinstance(event, CallCleared)]
        assert len(ended) == len(set(ended))
        tracker.tick(2e9)
        assert tracker.size == 0


def test_F_20_a_twentieth_of_the_events_lost_leaves_no_call_after_two_snapshots() -> None:
    for seed, stream in enumerate(ALL.values()):
        chance = random.Random(seed)
        tracker = Tracker()
        kept = [headers for headers in stream if chance.random() > 0.05]
        events = [event for headers in kept for event in tracker.feed(headers, 1e9)]
        events += tracker.resync([], 1e9 + 45, gap=False) + tracker.resync([], 1e9 + 48, gap=False)
        ended = [event.record for event in events if isinstance(event, CallCleared)]
        assert tracker.size == 0
        assert all(record.ended is not None or record.reason in ("lost", None) for record in ended)


@pytest.mark.parametrize("name", ["local_optimised_away", "queue_member_is_local", "forwarded_by_the_dialplan"])
def test_F_21_local_channels_give_one_card_per_agent_leg_and_the_right_talk_time(name: str) -> None:
    scene = SCENES[name]
    events = told(scene.stream())
    assert len(rings(events)) == len(set(rings(events))) == 1
    for agent, talk in (scene.wanted.talks or {}).items():
        assert abs(seconds(cleared(events), agent) - talk) < 1


def test_F_21_the_agent_is_not_free_between_the_ends_of_an_optimisation() -> None:
    events = told(SCENES["local_optimised_away"].stream())
    (end,) = [event.at for event in events if isinstance(event, ConnectionCleared) and event.device == "PJSIP/101"]
    (record,) = cleared(events)
    assert end is not None
    assert record.ended is not None
    assert record.ended - end < 0.1


def test_F_22_a_masquerade_loses_no_call() -> None:
    right("channel_renamed_by_a_masquerade", "blonde_by_refer")


def test_F_23_a_blind_transfer_ends_the_first_agent_s_talk_and_shows_the_client() -> None:
    names = ("blind_by_refer", "blind_through_local", "queue_member_is_local_and_transfers")
    right(*names, "blind_to_a_group", "blind_refused_by_the_pbx", "blind_that_nobody_takes", "blind_into_a_queue")
    for name in names:
        events = told(SCENES[name].stream())
        for agent, talk in (SCENES[name].wanted.talks or {}).items():
            assert abs(seconds(cleared(events), agent) - talk) < 1, (name, agent)
        second = [event for event in events if isinstance(event, Delivered) and event.device == "PJSIP/102"]
        assert [event.calling.number for event in second] == ["79355550101"], name


def test_F_24_attended_and_blonde_transfers_end_with_the_right_pair() -> None:
    names = [name for name in SCENES if name.startswith(("attended", "blonde"))]
    assert len(names) >= 6
    right(*names)


def test_F_25_a_queue_of_thirty_is_thirty_cards_one_answer_and_nobody_s_miss() -> None:
    events = told(SCENES["queue_of_thirty"].stream())
    relieved = [event for event in events if isinstance(event, ConnectionCleared) and event.taken_by is not None]
    (talk,) = [event for event in events if isinstance(event, Established)]
    assert len(rings(events)) == 30
    assert {event.taken_by for event in relieved} == {"PJSIP/129"}
    assert [event.result for event in relieved] == ["answered-elsewhere"] * 29
    assert talk.at is not None
    assert all(event.at is not None and abs(event.at - talk.at) < 1 for event in relieved)


def test_F_26_refusing_members_and_ways_out_of_a_queue() -> None:
    right(*(name for name in SCENES if name.startswith("queue_")))


def test_F_27_who_picks_up_is_the_only_owner() -> None:
    right("pickup_directed", "pickup_of_a_group", "pickup_out_of_a_queue")
    for name in ("pickup_directed", "pickup_of_a_group", "pickup_out_of_a_queue"):
        talks = [event.device for event in told(SCENES[name].stream()) if isinstance(event, Established)]
        assert talks == ["PJSIP/103"], name


def test_F_28_a_parked_call_stays_one() -> None:
    right(*(name for name in SCENES if name.startswith("parked")))


def test_F_29_a_conference_closes_nobody_early() -> None:
    right("conference_of_three", "three_way_by_merge")
    events = told(SCENES["conference_of_three"].stream())
    assert isinstance(events[-1], CallCleared)
    assert len([event for event in events if isinstance(event, CallCleared)]) == 1


def test_F_30_a_forwarding_phone_has_missed_nothing() -> None:
    right("forwarded_by_302", "queue_member_forwards_to_a_mobile", "forwarded_by_the_dialplan")


@pytest.mark.parametrize(
    ("number", "shown"),
    [("", None), ("<unknown>", None), ("anonymous", None), ("Anonymous", None), ("4" * 40, "4" * 40),
     ("sip:ivan@example.org", "sip:ivan@example.org")],
)  # fmt: skip
def test_F_31_a_hidden_or_strange_caller_is_shown_as_it_came(number: str, shown: str | None) -> None:
    pbx = Asterisk()
    client = pbx.caller(number=number)
    phone = pbx.dial(client, "PJSIP/101")
    pbx.answer(client, phone)
    pbx.hangup(client, phone)
    events = told(pbx.stream)
    assert [event.calling.number for event in events if isinstance(event, Delivered)] == [shown]
    assert cleared(events)[0].caller.number == shown
