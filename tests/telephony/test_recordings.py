"""What must come of each recorded stream: the project's own, and an older PBX's where they are at hand."""

from __future__ import annotations

from typing import Any

import pytest

from cti.telephony.events import CallRecord, Delivered, DialFailed, Established, Originated
from cti.telephony.tracker import Tracker
from tests.telephony.streams import OWN, REFERENCE, cleared, expected, load, own, reference, told

EXPECTED = expected(OWN)
REFERENCE_EXPECTED = expected(REFERENCE) if reference() else {}


def short(leg: str) -> str:
    """`PJSIP/101-0000001a` -> `101`, as expected.json writes it."""
    return leg.partition("/")[2].rpartition("-")[0]


def rising(*times: float | None) -> bool:
    known = [at for at in times if at is not None]
    return len(known) == len(times) and known == sorted(known)


def test_every_recording_says_what_must_come_of_it() -> None:
    assert {scenario(name) for name in own()} == set(EXPECTED)
    assert len(own()) >= 40


def scenario(name: str) -> str:
    """Without the version of Asterisk: the same comes of it."""
    return name.removesuffix("-16")


@pytest.mark.parametrize("name", [name for name in own() if EXPECTED[scenario(name)]])
def test_own_recording_comes_out_right(name: str) -> None:
    wanted = EXPECTED[scenario(name)]
    events = told(load(own()[name]))
    records = cleared(events)
    each = wanted if isinstance(wanted, list) else [wanted]
    assert len(records) == len(each)
    for record, one in zip(records, each, strict=True):
        _comes_out(record, one)
        if "delivered" in one:
            assert sorted(short(e.leg) for e in events if isinstance(e, Delivered)) == sorted(one["delivered"])


def _comes_out(record: CallRecord, wanted: dict[str, Any]) -> None:
    assert (record.outcome, record.direction, record.reason) == (wanted["outcome"], wanted["direction"], None)
    assert record.called == wanted.get("called")
    assert record.queue == wanted.get("queue")
    assert record.placed_by == wanted.get("placed_by")
    assert [[short(a), short(b)] for a, b in record.talked] == wanted["talked"]
    assert {short(leg.leg): leg.result for leg in record.legs} == wanted["legs"]
    transfers = [[t.kind, short(t.by), [short(leg) for leg in t.to]] for t in record.transfers]
    assert transfers == wanted["transfers"]
    assert record.release is not None
    assert record.release.side == wanted["release"]
    assert [[wait.queue, wait.how] for wait in record.waits] == wanted.get("waits", [])
    assert all(rising(record.started, wait.joined, wait.left, record.ended) for wait in record.waits)
    if "caller" in wanted:
        assert record.caller.number == wanted["caller"]


SECONDS = [  # scenario, leg, talk, hold: what the scenarios' own pauses come to
    ("hold", "103", 0.35, 0.3),
    ("hold", "trunk", 0.65, 0.0),
    ("attended", "101", 1.4, 0.0),
    ("attended", "103", 0.95, 0.14),
    ("blind_to_group", "103", 0.55, 0.0),
    ("blind_to_group", "102", 0.7, 0.0),
    ("queue_through", "101", 0.7, 0.0),
    ("queue", "101", 0.0, 0.0),
    ("pickup_directed", "102", 0.5, 0.0),
    ("conference", "102", 0.57, 0.0),
]


@pytest.mark.parametrize(("name", "leg", "talk", "hold"), SECONDS)
def test_talk_and_hold_are_each_leg_s_own(name: str, leg: str, talk: float, hold: float) -> None:
    (record,) = cleared(told(load(own()[name])))
    found = [one for one in record.legs if short(one.leg) == leg]
    assert [one.talk for one in found] == [pytest.approx(talk, abs=0.02)]
    assert [one.hold for one in found] == [pytest.approx(hold, abs=0.02)]
    assert all(one.since is None for one in found)


def test_times_of_a_call_are_the_pbx_s_own_and_in_order() -> None:
    (record,) = cleared(told(load(own()["queue"])))
    assert rising(record.started, record.queued, record.answered, record.ended)
    boris = next(leg for leg in record.legs if leg.device == "PJSIP/102")
    assert rising(boris.rang, boris.answered, boris.ended)


def test_ring_all_delivers_to_each_phone_with_all_targets_and_names_who_took_it() -> None:
    events = told(load(own()["queue"]))
    last = [event for event in events if isinstance(event, Delivered)][-1]
    assert last.targets == ("PJSIP/101", "PJSIP/102")
    assert (last.calling.number, last.calling.name, last.queue) == ("79355550101", "Пётр", "sales")
    taken = [getattr(event, "taken_by", None) for event in events]
    assert "PJSIP/102" in taken


def test_a_click_rings_the_agent_s_own_phone_marked_as_his() -> None:
    events = told(load(own()["click"]))
    first = next(event for event in events if isinstance(event, Originated))
    rings = [event for event in events if isinstance(event, Delivered)]
    assert (first.placed_by, first.direction, first.caller.device) == ("r1", "outbound", "PJSIP/101")
    assert [(event.device, event.placed_by) for event in rings] == [("PJSIP/101", "r1"), (None, None)]
    assert [event.peer_device for event in events if isinstance(event, Established)] == ["PJSIP/101"]


def test_a_click_on_an_unregistered_phone_fails_without_a_call() -> None:
    events = told(load(own()["click_unregistered"]))
    (failed,) = [event for event in events if isinstance(event, DialFailed)]
    assert (failed.placed_by, failed.outcome) == ("r1", "failed")
    assert cleared(events) == []


def test_a_transferred_client_is_who_the_target_s_phone_shows() -> None:
    rings = [event for event in told(load(own()["blind"])) if isinstance(event, Delivered)]
    assert [(event.device, event.calling.number) for event in rings] == [
        ("PJSIP/103", "79355550101"),
        ("PJSIP/101", "79355550101"),
    ]


def test_blonde_transfer_pops_the_client_s_card_on_the_target() -> None:
    rings = [event for event in told(load(own()["blonde"])) if isinstance(event, Delivered)]
    assert [(event.device, event.calling.number) for event in rings] == [
        ("PJSIP/103", "79355550101"),
        ("PJSIP/101", "103"),
        ("PJSIP/101", "79355550101"),
    ]


def test_prefix_is_put_before_call_and_device_ids() -> None:
    events = told(load(own()["queue"]), Tracker(prefix="spb:"))
    (record,) = cleared(events)
    assert record.call.startswith("spb:")
    assert {leg.device for leg in record.legs} == {None, "spb:PJSIP/101", "spb:PJSIP/102"}


def test_an_older_pbx_s_recordings_come_out_right() -> None:
    for name, wanted in REFERENCE_EXPECTED.items():
        records = cleared(told(load(REFERENCE / name)))
        assert len(records) == wanted["calls"], name
        for record in records:
            assert record.outcome in wanted["outcome"], name
        assert [list(pair) for record in records for pair in record.talked] == wanted["talked"], name
        found = [{"kind": t.kind, "by": t.by} for record in records for t in record.transfers]
        assert found == wanted["transfers"], name
