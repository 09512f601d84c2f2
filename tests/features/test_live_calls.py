"""What becomes of a call at each desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from cti.desktop import Talker
from cti.features.live_calls import Dialled, LiveCalls
from cti.telephony.events import (
    CallCleared,
    CallRecord,
    ConnectionCleared,
    Delivered,
    DialFailed,
    Established,
    Held,
    Originated,
    Party,
    Retrieved,
    SnapshotTaken,
)
from cti.telephony.numbering import NumberPlan
from tests.features.cast import ANNA, BORIS, CLARA, Cast, Screens
from tests.features.office import office_in
from tests.telephony.streams import load, own

CLIENT = Party(number="79355550101", name="Pyotr")


@pytest.fixture
def screens() -> Screens:
    return Screens()


@pytest.fixture
def calls(screens: Screens) -> LiveCalls:
    async def dialled(request_id: str) -> Dialled | None:
        known = Dialled(user_id=ANNA, number="+79355550101", extension="14", client_id=7, client_name="Romashka")
        return known if request_id == "click" else None

    return LiveCalls(desktop=screens, directory=Cast(), plan_of=lambda _call: NumberPlan(), dialled=dialled)


def rings(extension: str, *others: str, call: str = "c1") -> Delivered:
    return Delivered(
        call=call,
        at=1.0,
        leg=f"PJSIP/{extension}-1",
        leg_id=extension,
        device=f"PJSIP/{extension}",
        calling=CLIENT,
        called="74950000001",
        queue="sales",
        targets=(f"PJSIP/{extension}", *(f"PJSIP/{o}" for o in others)),
    )


def talks(extension: str, call: str = "c1") -> Established:
    return Established(
        call=call,
        at=5.0,
        leg=f"PJSIP/{extension}-1",
        device=f"PJSIP/{extension}",
        peer="PJSIP/trunk-1",
        peer_device=None,
    )


def over(outcome: str, answered: float | None, call: str = "c1") -> CallCleared:
    record = CallRecord(
        call=call,
        direction="inbound",
        caller=CLIENT,
        called="74950000001",
        answered=answered,
        outcome=outcome,  # type: ignore[arg-type]
    )
    return CallCleared(call=call, at=9.0, record=record)


async def test_a_ring_all_tells_everybody_who_hears_it_and_who_took_it(calls: LiveCalls, screens: Screens) -> None:
    await calls.delivered(rings("101"), 1.0)
    await calls.delivered(rings("102", "101"), 1.0)
    assert screens.last(ANNA).ringing == ("Boris", "Anna")
    await calls.established(talks("102"), 5.0)
    assert (screens.last(ANNA).state, screens.last(ANNA).by) == ("taken", "Boris")
    assert screens.last(BORIS).state == "talking"
    await calls.call_cleared(over("answered", 5.0), 9.0)
    assert screens.last(ANNA).state == "taken"
    assert screens.last(BORIS).state == "ended"
    assert calls.views_of(ANNA) == calls.views_of(BORIS) == ()


async def test_only_a_call_that_nobody_answered_is_missed(calls: LiveCalls, screens: Screens) -> None:
    await calls.delivered(rings("101"), 1.0)
    await calls.delivered(rings("102", "101"), 1.0)
    await calls.call_cleared(over("abandoned", None), 9.0)
    assert {screens.last(ANNA).state, screens.last(BORIS).state} == {"missed"}


async def test_a_loser_of_the_ring_is_told_once(calls: LiveCalls, screens: Screens) -> None:
    await calls.delivered(rings("101"), 1.0)
    await calls.delivered(rings("102", "101"), 1.0)
    await calls.established(talks("102"), 5.0)
    told = len(screens.calls)
    lost = ConnectionCleared(
        call="c1",
        leg="PJSIP/101-1",
        leg_id="101",
        device="PJSIP/101",
        result="answered-elsewhere",
        taken_by="PJSIP/102",
    )
    await calls.connection_cleared(lost, 5.1)
    assert len(screens.calls) == told


async def test_an_own_click_is_dialling_then_talking_under_its_request(calls: LiveCalls, screens: Screens) -> None:
    start = Originated(
        call="c2",
        leg="PJSIP/101-2",
        leg_id="trubka-click",
        device="PJSIP/101",
        direction="outbound",
        caller=Party(number="101"),
        called="79355550101",
        placed_by="click",
    )
    await calls.originated(start, 1.0)
    seen = screens.last(ANNA)
    assert (seen.state, seen.request_id, seen.client_id, seen.extension) == ("dialling", "click", 7, "14")
    await calls.established(talks("101", "c2"), 5.0)
    assert screens.last(ANNA).state == "talking"


async def test_a_click_that_leads_to_no_call_comes_back(calls: LiveCalls, screens: Screens) -> None:
    await calls.dial_failed(DialFailed(call="trubka-click", placed_by="click", outcome="no-answer"), 3.0)
    assert (screens.last(ANNA).state, screens.last(ANNA).outcome) == ("ended", "no-answer")


async def test_hold_and_retrieve_change_the_agents_own_view(calls: LiveCalls, screens: Screens) -> None:
    await calls.delivered(rings("103"), 1.0)
    await calls.established(talks("103"), 5.0)
    await calls.held(Held(call="c1", leg="PJSIP/103-1", device="PJSIP/103"), 6.0)
    assert screens.last(CLARA).state == "held"
    await calls.retrieved(Retrieved(call="c1", leg="PJSIP/103-1", device="PJSIP/103"), 7.0)
    assert screens.last(CLARA).state == "talking"


async def test_a_call_the_pbx_no_longer_has_is_forgotten(calls: LiveCalls) -> None:
    await calls.delivered(rings("101"), 1.0)
    await calls.snapshot_taken(SnapshotTaken(open_calls=frozenset()), 2.0)
    assert calls.views_of(ANNA) == ()


async def test_each_of_three_is_told_who_the_others_are_until_one_leaves(tmp_path: Path) -> None:
    async with office_in(tmp_path) as office:
        stream = load(own()["redirect_both"])
        await office.hears(stream)
        for agent, colleague in ((ANNA, "Clara"), (CLARA, "Anna")):
            said = [view.together for to, view in office.screens.calls if to == agent]
            assert (Talker(number="+79355550101"), Talker(name=colleague)) in said
            assert said[-1] == ()
