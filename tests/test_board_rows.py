"""How the rows of the live board come out of what the parts of the server know."""

from __future__ import annotations

from typing import Any

import pytest

from cti.board import AgentFigures, AgentRow, Caller, CallRow, PbxNow
from cti.board_rows import Around, agent_row, around, call_row, listening, parts_of, queue_rows
from cti.desktop import AgentView, PhoneView
from cti.telephony.events import CallRecord, LegRecord, Party, Wait
from tests.features.cast import ANNA, BORIS, CLARA, Cast

PBX = PbxNow(name="main", prefix="", state="up", since=0.0, heard_at=100.0)
MEMBERS = {"sales": {"PJSIP/101": False, "PJSIP/102": True, "PJSIP/199": False}}
PLACES = {ANNA: {"sales": 0}, BORIS: {"sales": 3}, CLARA: {"support": 0}}


@pytest.fixture
def here() -> Around:
    return around(Cast(), [PBX], MEMBERS, PLACES)


def leg(name: str, device: str | None, **times: Any) -> LegRecord:
    return LegRecord(leg=name, leg_id=name, device=device, **times)


def record(*legs: LegRecord, call: str = "c1", **more: Any) -> CallRecord:
    given = {"direction": "inbound", "called": "74950000001", "started": 10.0, "queue": "sales"} | more
    return CallRecord(call=call, caller=Party(number="79355550101", name="Алхимов"), legs=legs, **given)


def row(one: CallRecord, here: Around, **views: AgentView) -> CallRow:
    who = Caller(call=one.call, number="+79355550101")
    return call_row(one, who, here, {view.id: view for view in views.values()}, ())


def waits(call: str, joined: float) -> CallRecord:
    client = leg(f"PJSIP/trunk-{call}", None, answered=joined)
    return record(client, call=call, waits=(Wait(queue="sales", joined=joined, position=1),))


def view(user_id: int, extension: str, **axes: Any) -> AgentView:
    phone = PhoneView(name=f"PJSIP/{extension}", kind="desk", status="idle", chosen=True)
    given = {"device": "idle", "since": 5.0, "chosen": "ready", "chosen_since": 7.0} | axes
    return AgentView(id=user_id, name=str(user_id), extension=extension, phones=(phone,), **given)


def agent(here: Around, user_id: int, extension: str, *calls: CallRow, **axes: Any) -> AgentRow:
    return agent_row(view(user_id, extension, **axes), here, AgentFigures(), parts_of(calls).get(user_id))


def test_who_waits_longest_is_first_wherever_he_began(here: Around) -> None:
    calls = [row(waits("late", 50.0), here), row(waits("early", 20.0), here)]
    sales = queue_rows(here, [], calls)["sales"]
    assert [(one.position, one.who.call, one.since) for one in sales.waiting] == [(1, "early", 20.0), (2, "late", 50.0)]
    assert (sales.pbxes, sales.teams) == (("main",), frozenset({1}))


def test_a_queue_in_which_somebody_only_works_is_there_too(here: Around) -> None:
    assert list(queue_rows(here, [], [])) == ["sales", "support"]
    assert queue_rows(here, [], [])["support"].pbxes == ()


def test_a_call_that_rings_at_members_still_waits_and_the_one_who_is_rung_rings(here: Around) -> None:
    ringing = record(
        leg("PJSIP/trunk-1", None, answered=11.0),
        leg("PJSIP/101-1", "PJSIP/101", rang=30.0),
        waits=(Wait(queue="sales", joined=11.0),),
    )
    call = row(ringing, here)
    assert (call.state, call.since) == ("waiting", 11.0)
    anna = agent(here, ANNA, "101", call, device="ringing")
    assert (anna.standing, anna.since, anna.queue, anna.who) == ("ringing", 30.0, "sales", call.who)


def test_two_who_have_talked_and_are_there_talk_until_one_holds(here: Around) -> None:
    talk = record(
        leg("PJSIP/trunk-1", None, answered=11.0),
        leg("PJSIP/101-1", "PJSIP/101", rang=30.0, answered=33.0),
        leg("PJSIP/102-1", "PJSIP/102", rang=30.0, ended=33.0),  # rang beside hers, and takes no part
        talked=(("PJSIP/101-1", "PJSIP/trunk-1"),),
        answered=33.0,
        waits=(Wait(queue="sales", joined=11.0, left=33.0, how="answered"),),
    )
    assert (row(talk, here).state, row(talk, here).since) == ("talking", 33.0)
    assert row(talk, here, anna=view(ANNA, "101", call="held")).state == "held"
    assert [(part.user, part.state) for part in row(talk, here).legs] == [("", "talking"), ("Anna", "talking")]


@pytest.mark.parametrize(
    ("axes", "standing"),
    [
        ({"device": "in-call"}, "talking"),
        ({"device": "in-call", "chosen": "not-ready"}, "talking"),  # who talks while paused talks
        ({"device": "ringing"}, "ringing"),
        ({"chosen": "after-call"}, "after-call"),
        ({"chosen": "not-ready"}, "paused"),
        ({"device": "unreachable"}, "away"),
        ({"device": "unknown"}, "away"),
        ({}, "ready"),
    ],
)
def test_one_word_for_a_person_follows_the_order_of_the_field(here: Around, axes: Any, standing: str) -> None:
    assert agent(here, ANNA, "101", **axes).standing == standing


def test_who_logged_off_and_is_no_member_is_in_no_queue(here: Around) -> None:
    assert agent(here, CLARA, "103", chosen="logged-off").standing == "off"
    places = agent(here, CLARA, "103", chosen="logged-off").places
    assert [(one.queue, one.there) for one in places] == [("support", False)]


def test_a_queue_counts_those_who_stand_in_it_and_phones_that_are_nobodys(here: Around) -> None:
    people = [agent(here, ANNA, "101"), agent(here, BORIS, "102"), agent(here, CLARA, "103")]
    assert queue_rows(here, people, [])["sales"].people == {"ready": 2, "paused": 1}  # Anna and 199; Boris there
    assert queue_rows(here, people, [])["support"].people == {}


def test_a_call_is_the_business_of_the_teams_of_its_queue_and_of_its_people(here: Around) -> None:
    assert row(waits("c", 1.0), here).teams == frozenset({1})
    claras = record(leg("PJSIP/103-1", "PJSIP/103", answered=12.0), queue=None)
    assert row(claras, here).teams == frozenset({2})
    assert row(record(queue=None), here).teams == frozenset()


def test_who_listens_is_in_no_figure_of_those_who_talk(here: Around) -> None:
    ear = record(leg("PJSIP/101-9", "PJSIP/101", answered=12.0, hears="PJSIP/102-1"), placed_by="move.x")
    over = record(leg("PJSIP/103-9", "PJSIP/103", answered=1.0, ended=2.0, hears="PJSIP/102-1"), placed_by="move.y")
    found = listening([ear, over], here.directory)
    assert found == {ANNA: 12.0}
    anna = agent_row(view(ANNA, "101", device="in-call"), here, AgentFigures(), None, listens=found[ANNA])
    assert (anna.standing, anna.since) == ("listening", 12.0)
    assert "talking" not in queue_rows(here, [anna], [])["sales"].people
