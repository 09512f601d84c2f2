"""Scenes of calls and what must come of each: transfers, conferences, parking, pick-ups, forwarding.

`expect(talked, legs, outcome, ...)` names channels by endpoint. Queue scenes: `scenes_queue`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.telephony.asterisk import Asterisk, Chan

SCENES: dict[str, Scene] = {}


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What must come of a scene, one account only. talks: seconds by endpoint; calls: how many accounts."""

    talked: list[str]
    legs: dict[str, str]
    outcome: str = "answered"
    transfers: tuple[str, ...] = ()
    talks: dict[str, int] | None = None
    calls: int = 1


@dataclass(frozen=True)
class Scene:
    """A stream and what is expected of it."""

    make: Callable[[Asterisk], None]
    wanted: Expected

    def stream(self) -> list[dict[str, str]]:
        pbx = Asterisk()
        self.make(pbx)
        return pbx.stream


def scene(wanted: Expected) -> Callable[[Callable[[Asterisk], None]], Callable[[Asterisk], None]]:
    """Register a scene under its function's name."""

    def keep(make: Callable[[Asterisk], None]) -> Callable[[Asterisk], None]:
        SCENES[make.__name__] = Scene(make, wanted)
        return make

    return keep


def talking(pbx: Asterisk, agent: str = "PJSIP/101", seconds: int = 10) -> tuple[Chan, Chan]:
    """A client who talks with an agent for a while."""
    client = pbx.caller()
    phone = pbx.dial(client, agent)
    pbx.wait(3)
    pbx.answer(client, phone)
    pbx.wait(seconds)
    return client, phone


def consulting(pbx: Asterisk, target: str = "PJSIP/102", *, answered: bool = True) -> tuple[Chan, Chan, Chan, Chan]:
    """Client, agent's first leg, his second, and whom he asks."""
    client, phone = talking(pbx)
    second = pbx.caller("PJSIP/101", "101", "102")
    other = pbx.dial(second, target)
    pbx.wait(2)
    if answered:
        pbx.answer(second, other)
        pbx.wait(5)
    return client, phone, second, other


TALK = {"trunk": "talked"}


@scene(Expected(talked=["trunk-101", "trunk-102"], legs=TALK | {"101": "transferred", "102": "talked"},
                transfers=("blind 101 102",), talks={"101": 10, "102": 7}))  # fmt: skip
def blind_by_refer(pbx: Asterisk) -> None:
    client, phone = talking(pbx)
    pbx.blind(phone, client, "102")
    pbx.hangup(phone)
    other = pbx.dial(client, "PJSIP/102")
    pbx.wait(2)
    pbx.answer(client, other)
    pbx.wait(7)
    pbx.hangup(other, client)


@scene(Expected(talked=["trunk-101", "trunk-102"], legs=TALK | {"101": "transferred", "102": "talked"},
                transfers=("blind 101 102",), talks={"101": 10, "102": 7}))  # fmt: skip
def blind_through_local(pbx: Asterisk) -> None:
    client = pbx.caller()
    one, two = pbx.local(client, "101", tail="/n")
    phone = pbx.dial(two, "PJSIP/101")
    pbx.answer(two, phone)
    pbx.answer(client, one)
    pbx.wait(10)
    pbx.blind(phone, two, "102")
    pbx.hangup(phone)
    other = pbx.dial(two, "PJSIP/102")
    pbx.answer(two, other)
    pbx.wait(7)
    pbx.hangup(other, two, one, client)


@scene(Expected(talked=["trunk-101", "trunk-103"], transfers=("blind 101 103",),
                legs=TALK | {"101": "transferred", "102": "answered-elsewhere", "103": "talked"}))  # fmt: skip
def blind_to_a_group(pbx: Asterisk) -> None:
    client, phone = talking(pbx)
    pbx.blind(phone, client, "600")
    pbx.hangup(phone)
    second, third = pbx.dial(client, "PJSIP/102"), pbx.dial(client, "PJSIP/103")
    pbx.answer(client, third, second)
    pbx.wait(4)
    pbx.hangup(third, client)


@scene(Expected(talked=["trunk-101"], legs=TALK | {"101": "talked"}, talks={"101": 15}))
def blind_refused_by_the_pbx(pbx: Asterisk) -> None:
    client, phone = talking(pbx)
    pbx.blind(phone, client, "999", "Invalid")
    pbx.wait(5)
    pbx.hangup(client, phone)


@scene(Expected(talked=["trunk-101", "101-102", "trunk-102"], transfers=("attended 101 102",),
                legs=TALK | {"101": "transferred", "102": "talked"}, talks={"102": 12}))  # fmt: skip
def attended_by_refer(pbx: Asterisk) -> None:
    client, phone, second, other = consulting(pbx)
    pbx.attended(phone, second, client, other)
    pbx.join(second.bridge, client, swap=second)
    pbx.hangup(phone, second)
    pbx.wait(7)
    pbx.hangup(client, other)


@scene(Expected(talked=["trunk-101", "101-102", "trunk-102"], transfers=("attended 101 102",),
                legs=TALK | {"101": "transferred", "102": "talked"}))  # fmt: skip
def attended_by_merge_without_parties_named(pbx: Asterisk) -> None:
    client, phone, second, other = consulting(pbx)
    to, gone = phone.bridge, second.bridge
    pbx.attended(phone, second, None, None, DestBridgeUniqueid=to)
    pbx.leave(second)
    pbx.leave(phone)
    pbx.merge(to, gone)
    pbx.hangup(phone, second)
    pbx.wait(7)
    pbx.hangup(other, client)


@scene(Expected(talked=["trunk-101", "101-102", "trunk-102"], transfers=("attended 101 102",),
                legs=TALK | {"101": "transferred", "102": "talked"}))  # fmt: skip
def attended_by_feature_code(pbx: Asterisk) -> None:
    client, phone = talking(pbx)
    one, two = pbx.local(None, "102", tail="/n")
    one.linkedid = two.linkedid = client.linkedid
    pbx.say("DialBegin", None, {"Dest": one}, DialString="102@internal/n")
    pbx.join("consult", phone)
    other = pbx.dial(two, "PJSIP/102")
    pbx.answer(two, other)
    pbx.up(one)
    pbx.join("consult", one)
    pbx.wait(5)
    pbx.attended(phone, phone, client, one)
    pbx.leave(phone)
    pbx.merge(client.bridge, "consult")
    pbx.hangup(phone)
    pbx.wait(7)
    pbx.hangup(other, two, one, client)


@scene(Expected(talked=["101-102", "trunk-101"], legs=TALK | {"101": "talked", "102": "talked"}, calls=2))
def attended_cancelled(pbx: Asterisk) -> None:
    client, phone, second, other = consulting(pbx)
    pbx.hangup(other, second)
    pbx.wait(5)
    pbx.hangup(client, phone)


@scene(Expected(talked=["101-102", "trunk-101"], legs=TALK | {"101": "talked", "102": "talked"}, calls=2))
def attended_failed(pbx: Asterisk) -> None:
    client, phone, second, other = consulting(pbx)
    pbx.attended(phone, second, client, other, "Fail", DestType="Fail")
    pbx.hangup(other, second, client, phone)


@scene(Expected(talked=["trunk-101", "trunk-102"], transfers=("blonde 101 102",),
                legs=TALK | {"101": "transferred", "102": "talked"}, talks={"102": 7}))  # fmt: skip
def blonde_by_refer(pbx: Asterisk) -> None:
    client, phone, second, other = consulting(pbx, answered=False)
    pbx.attended(phone, second, client, None, DestType="App", DestApp="Dial")
    pbx.leave(client)
    # the PBX puts the client in the dialling channel's place
    pbx.say("Rename", None, None, Channel=client.name, Newname=f"{client.name}<MASQ>", Uniqueid=client.uniqueid)
    pbx.say("Rename", None, None, Channel=second.name, Newname=client.name, Uniqueid=second.uniqueid)
    zombie = f"{second.name}<ZOMBIE>"
    pbx.say("Rename", None, None, Channel=f"{client.name}<MASQ>", Newname=zombie, Uniqueid=client.uniqueid)
    pbx.say("Hangup", second, Cause="16")
    pbx.hangup(phone)
    pbx.wait(2)
    client.linkedid = other.linkedid
    pbx.answer(client, other)
    pbx.wait(7)
    pbx.hangup(other, client)


@scene(Expected(talked=["trunk-101"], outcome="answered", transfers=("blind 101 ",),
                legs=TALK | {"101": "transferred", "102": "no-answer"}))  # fmt: skip
def blind_that_nobody_takes(pbx: Asterisk) -> None:
    client, phone = talking(pbx)
    pbx.blind(phone, client, "102")
    pbx.hangup(phone)
    other = pbx.dial(client, "PJSIP/102")
    pbx.wait(20)
    pbx.dial_end(client, other, "NOANSWER")
    pbx.hangup(other, client)


@scene(Expected(talked=["trunk-101", "trunk-102", "101-102"], legs=TALK | {"101": "talked", "102": "talked"}))
def conference_of_three(pbx: Asterisk) -> None:
    people = [pbx.caller(), pbx.caller("PJSIP/101", "101", "8000"), pbx.caller("PJSIP/102", "102", "8000")]
    announcer = pbx.born("CBAnn/8000-00000001;2", state="6")
    for person in people:
        pbx.up(person)
        pbx.join("room", person, tech="softmix")
        pbx.say("ConfbridgeJoin", person, Conference="8000", BridgeUniqueid="room", Admin="No")
        if person is people[0]:
            pbx.join("room", announcer, tech="softmix")
        pbx.wait(5)
    for person in people:
        pbx.say("ConfbridgeLeave", person, Conference="8000", BridgeUniqueid="room")
        pbx.hangup(person)
    pbx.say("ConfbridgeEnd", Conference="8000", BridgeUniqueid="room")
    pbx.hangup(announcer)


@scene(Expected(talked=["trunk-101", "101-102", "101-102", "trunk-102"],
                legs=TALK | {"101": "talked", "102": "talked"}))  # fmt: skip
def three_way_by_merge(pbx: Asterisk) -> None:
    client, phone, second, other = consulting(pbx)
    pbx.hangup(second)
    pbx.join(phone.bridge, other, tech="softmix")
    pbx.wait(5)
    pbx.hangup(other, phone, client)


@scene(Expected(talked=["trunk-101"], legs=TALK | {"101": "talked"}, talks={"101": 10}))
def bridge_destroyed_with_all_in_it(pbx: Asterisk) -> None:
    client, phone = talking(pbx)
    pbx.destroy(client.bridge)
    pbx.hangup(client, phone)


@scene(Expected(talked=["trunk-101"], legs=TALK | {"101": "talked"}, talks={"101": 12}))
def local_optimised_away(pbx: Asterisk) -> None:
    client = pbx.caller()
    one, two = pbx.local(client, "101")
    phone = pbx.dial(two, "PJSIP/101")
    pbx.answer(two, phone)
    pbx.answer(client, one)
    pbx.wait(2)
    halves = {"LocalOne": one, "LocalTwo": two}
    pbx.say("LocalOptimizationBegin", None, halves | {"Source": client}, DestUniqueid=phone.bridge, Id="1")
    pbx.join(client.bridge, phone, swap=one)
    pbx.say("LocalOptimizationEnd", None, halves, Success="Yes", Id="1")
    pbx.hangup(one, two)
    pbx.wait(10)
    pbx.hangup(client, phone)


@scene(Expected(talked=["trunk-101"], legs=TALK | {"101": "talked"}, talks={"101": 15}))
def channel_renamed_by_a_masquerade(pbx: Asterisk) -> None:
    client, phone = talking(pbx)
    stand_in = pbx.born(f"Surrogate/{client.name}", client.number, of=client, state="6")
    old = client.name
    pbx.say("Rename", Channel=old, Newname=f"{old}<MASQ>", Uniqueid=client.uniqueid)
    pbx.say("Rename", Channel=stand_in.name, Newname=old, Uniqueid=stand_in.uniqueid)
    zombie = f"{stand_in.name}<ZOMBIE>"
    pbx.say("Rename", Channel=f"{old}<MASQ>", Newname=zombie, Uniqueid=client.uniqueid)
    stand_in.uniqueid, client.uniqueid = client.uniqueid, stand_in.uniqueid  # ids go with the name
    pbx.rooms[phone.bridge].remove(client)
    client.bridge, client.name, stand_in.name = "", zombie, old
    pbx.rooms[phone.bridge].append(stand_in)
    stand_in.bridge = phone.bridge
    pbx.hangup(client)
    pbx.wait(5)
    pbx.hangup(stand_in, phone)


def parked(pbx: Asterisk) -> Chan:
    client, phone = talking(pbx)
    place = {"Parkinglot": "default", "ParkingSpace": "701", "ParkerDialString": "PJSIP/101", "ParkingTimeout": "45"}
    pbx.say("ParkedCall", None, {"Parkee": client}, **place)
    pbx.blind(phone, client, "700")
    pbx.join("lot", client, tech="holding_bridge")
    pbx.hangup(phone)
    pbx.wait(20)
    return client


@scene(Expected(talked=["trunk-101", "trunk-102"], legs=TALK | {"101": "transferred", "102": "talked"},
                transfers=("blind 101 102",), talks={"101": 10, "102": 9}))  # fmt: skip
def parked_and_retrieved(pbx: Asterisk) -> None:
    client = parked(pbx)
    other = pbx.caller("PJSIP/102", "102", "701")
    pbx.up(other)
    pbx.say("UnParkedCall", None, {"Parkee": client, "Retriever": other}, ParkingSpace="701")
    pbx.join("b9", client, other)
    pbx.wait(9)
    pbx.hangup(client, other)


@scene(Expected(talked=["trunk-101"], legs=TALK | {"101": "transferred"}, transfers=("blind 101 ",)))
def parked_and_given_up(pbx: Asterisk) -> None:
    client = parked(pbx)
    pbx.say("ParkedCallGiveUp", None, {"Parkee": client}, ParkingSpace="701")
    pbx.hangup(client)


@scene(Expected(talked=["trunk-101", "trunk-101"], legs=TALK | {"101": "transferred talked"},
                transfers=("blind 101 101",), talks={"101": 19}))  # fmt: skip
def parked_and_timed_out_back_to_origin(pbx: Asterisk) -> None:
    client = parked(pbx)
    pbx.say("ParkedCallTimeOut", None, {"Parkee": client}, ParkingSpace="701", ParkerDialString="PJSIP/101")
    pbx.leave(client)
    back = pbx.dial(client, "PJSIP/101")
    pbx.answer(client, back)
    pbx.wait(8)
    pbx.hangup(client, back)


@scene(Expected(talked=["trunk-101", "trunk-102"], legs=TALK | {"101": "transferred", "102": "talked"},
                transfers=("blind 101 102",)))  # fmt: skip
def parked_and_timed_out_elsewhere(pbx: Asterisk) -> None:
    client = parked(pbx)
    pbx.say("ParkedCallTimeOut", None, {"Parkee": client}, ParkingSpace="701", ParkerDialString="PJSIP/101")
    pbx.leave(client)
    other = pbx.dial(client, "PJSIP/102")
    pbx.answer(client, other)
    pbx.hangup(client, other)
