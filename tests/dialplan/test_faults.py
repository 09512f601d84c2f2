"""What is wrong beside the flow is found and said where: each fault has its plan that has it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dialplan.faults import faults
from dialplan.office import Box, Codes, Group, Music, Parking, Penalty, Trunk
from dialplan.plan import Hours, Number, Person, Plan, Route, Span, ToGroup, ToPeople, ToVoicemail
from tests.dialplan.house import DID, HOUSE

QUEUE, CLARA, ROUTE = HOUSE.queues[0], HOUSE.people[0], HOUSE.routes[0]
GROUP = Group(id="office", people=("103",), number="650")
TRUNK = Trunk(name="trunk", host="sip.carrier.example", username="7495", registers=True)
FULL = replace(
    HOUSE,
    groups=(GROUP,),
    trunks=(TRUNK,),
    music=(Music(name="jazz"),),
    queues=(replace(QUEUE, music="jazz", say="beep", penalties=(Penalty(after_s=30, most=10),), record=True),),
    nodes=(
        *(ToPeople(id="clara", people=("103",), otherwise="group") if n.id == "clara" else n for n in HOUSE.nodes),
        ToGroup(id="group", group="office", otherwise="box"),
    ),
    announcement="beep",
    spies=("103",),
)  # fmt: skip


def queue(**more: Any) -> dict[str, Any]:
    return {"queues": (replace(FULL.queues[0], **more),)}


def route(**more: Any) -> dict[str, Any]:
    return {"routes": (replace(ROUTE, **more),)}


def person(**more: Any) -> dict[str, Any]:
    return {"people": (replace(CLARA, **more),)}


def codes(**more: Any) -> dict[str, Any]:
    return {"codes": replace(Codes(), **more)}


def lot(**more: Any) -> dict[str, Any]:
    return {"parking": replace(Parking(), **more)}


def hours(**more: Any) -> dict[str, Any]:
    return {"hours": (replace(HOUSE.hours[0], **more),)}


def nodes(which: str, **more: Any) -> dict[str, Any]:
    return {"nodes": tuple(replace(one, **more) if one.id == which else one for one in FULL.nodes)}


def test_a_whole_office_has_no_fault() -> None:
    assert faults(FULL) == ()


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        (("nobody", "office"), {"groups": (replace(GROUP, people=()),)}),
        (("no-person", "office"), {"groups": (replace(GROUP, people=("109",)),)}),
        (("no-phone", "office"), person(devices=())),
        (("bad-time", "office"), {"groups": (replace(GROUP, ring_s=0),)}),
        (("no-group", "group"), {"groups": ()}),
        (("group-twice", "office"), {"groups": (GROUP, replace(GROUP, number=""))}),
        (("bad-name", "a]\n[b"), {"groups": (GROUP, Group(id="a]\n[b", people=("103",)))}),
        (("inside-twice", "650"), queue(number="650")),
        (("box-twice", "100"), {"boxes": (Box(number="100"), Box(number="100"))}),
        (("box-twice", "103"), {**person(voicemail=True), "boxes": (*HOUSE.boxes, Box(number="103"))}),
        (("bad-box", "1;0"), {"boxes": (*HOUSE.boxes, Box(number="1;0"))}),
        (("no-box", "box"), {"boxes": ()}),
        (("no-sound", "box"), nodes("box", greeting="absent")),
        (("no-sound", "sales"), queue(say="absent")),
        (("no-sound", "announcement"), {"announcement": "absent"}),
        (("no-music", "sales"), {"music": ()}),
        (("music-twice", "jazz"), {"music": (Music(name="jazz"), Music(name="jazz"))}),
        (("bad-figure", "sales"), queue(ring_s=0)),
        (("bad-figure", "sales"), queue(limit=-1)),
        (("bad-penalty", "sales"), queue(penalties=(Penalty(after_s=1, least=5, most=2),))),
        (("penalty-twice", "sales"), queue(penalties=(Penalty(after_s=1, most=2), Penalty(after_s=1, most=3)))),
        (("bad-code", "*9;"), codes(ready="*9;")),
        (("bad-code", "1"), codes(record="1")),
        (("code-clash", "*21"), codes(log_out="*21")),
        (("code-clash", "*2"), codes(pause="*2")),
        (("key-clash", "*2"), codes(record="*2")),
        (("key-clash", "#72"), codes(blind="#7")),
        (("code-inside", "600"), queue(number="600")),
        (("code-inside", "6101"), {**codes(pick="6"), **queue(number="6101")}),
        (("slot-inside", "705"), queue(number="705")),
        (("slot-inside", "600"), lot(first=599, last=601)),
        (("bad-slots", "700"), lot(first=720, last=701)),
        (("bad-slots", "700"), lot(first=699)),
        (("bad-inside", "7#"), lot(number="7#")),
        (("bad-time", "700"), lot(wait_s=1)),
        (("unannounced", "sales"), {"announcement": ""}),
        (("unannounced", DID), {"announcement": "", "numbers": (Number(digits=DID, first="when", record=True),)}),
        (("unannounced", "7"), {"announcement": "", **route(record=True)}),
        (("bad-key", "announcement"), {"refusal": "10"}),
        (("no-untold", "announcement"), {"announcement": "", "refusal": "0"}),
        (("bad-caller-id", "103"), person(caller_id="Клара")),
        (("spy-nobody", "110"), {"spies": ("110",)}),
        (("no-person", "7"), route(who=("110",))),
        (("who-many", "7"), route(who=("103",) * 501)),
        (("no-hours", "7"), route(hours="absent")),
        (("trunk-elsewhere", "7"), route(trunk="other")),
        (("bad-caller-id", "7"), route(caller_id="a&b")),
        (("bad-add", "7"), route(add="0;")),
        (("bad-figure", "7"), route(strip=12)),
        (("bad-figure", "7"), route(longest_min=-1)),
        (("bad-host", "trunk"), {"trunks": (replace(TRUNK, host="a b"),)}),
        (("bad-host", "trunk"), {"trunks": (replace(TRUNK, port=0),)}),
        (("bad-user", "trunk"), {"trunks": (replace(TRUNK, username="a@b"),)}),
        (("bad-user", "trunk"), {"trunks": (replace(TRUNK, username=""),)}),
        (("trunk-twice", "103"), {"trunks": (TRUNK, replace(TRUNK, name="103"))}),
        (("bad-zone", "day"), hours(zone="Moscow;")),
        (("bad-zone", "zone"), {"zone": ""}),
        (("bad-date", "day"), hours(days=(replace(HOUSE.hours[0].days[0], date="2027-02-30"),))),
        (("bad-days", "day"), hours(spans=(Span(days=(), begins="09:00", ends="18:00"),))),
        (("bad-name", "h" * 41), {"hours": (*HOUSE.hours, Hours(id="h" * 41, title="", zone="UTC"))}),
        (("bad-name", "h-own"), {"hours": (*HOUSE.hours, Hours(id="h-own", title="", zone="UTC"))}),
        (("bad-step", "t"), {"nodes": (*FULL.nodes, ToVoicemail(id="t", box="100"))}),
        (("bad-step", "a-b"), {"nodes": (*FULL.nodes, ToVoicemail(id="a-b", box="100"))}),
    ],
)  # fmt: skip
def test_each_fault_is_found_where_it_is(fault: tuple[str, str], more: dict[str, Any]) -> None:
    assert fault in {(one.code, one.at) for one in faults(replace(FULL, **more))}


def test_what_may_be_is_only_warned_of() -> None:
    told = faults(replace(FULL, announcement="", routes=(Route(prefix="8", trunk="other"),), nodes=(), numbers=()))
    assert {one.code: one.weight for one in told} == {"unannounced": "warning", "trunk-elsewhere": "warning"}
    assert faults(Plan(people=(Person(extension="101", name="", devices=()),))) == ()
