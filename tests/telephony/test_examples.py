"""Rules of the call model that the recordings do not show, each in the few events that make it."""

from __future__ import annotations

from typing import Any

from cti.telephony.events import (
    CallBackAsked,
    CallCleared,
    CallRecord,
    CallVariables,
    Delivered,
    Established,
    RecordingBegan,
    RecordingEnded,
    Scored,
    StepTaken,
    TelephonyEvent,
)
from cti.telephony.tracker import DevicePlan, Tracker

NOW = 1_795_432_900.0


class Pbx:
    """Says the events of a PBX in which legs 1, 2, 3... are channels of the endpoints given."""

    def __init__(self, *endpoints: str, plan: DevicePlan | None = None) -> None:
        self.tracker = Tracker(plan)
        self.events: list[TelephonyEvent] = []
        self._endpoints = endpoints
        self._state = dict.fromkeys(range(1, len(endpoints) + 1), "0")
        self._link: dict[int, str] = {}
        self.now = NOW

    def say(self, event: str, leg: int = 0, dest: int = 0, **headers: str) -> Pbx:
        self.now += 1
        message = {"Event": event, **headers}
        if leg:
            message |= self._leg("", leg)
        if dest:
            message |= self._leg("Dest", dest)
        self.events += self.tracker.feed(message, self.now)
        return self

    def caller(self, leg: int) -> Pbx:
        self._link[leg] = f"100.{leg}"
        self._state[leg] = "4"
        return self.say("Newchannel", leg)

    def ring(self, by: int, *legs: int) -> Pbx:
        for leg in legs:
            self._link[leg] = self._link[by]
            self.say("Newchannel", leg).say("DialBegin", by, leg)
            self._state[leg] = "5"
            self.say("Newstate", leg)
        return self

    def answer(self, by: int, leg: int, bridge: str = "b1") -> Pbx:
        self._state[leg] = self._state[by] = "6"
        self.say("Newstate", leg).say("DialEnd", by, leg, DialStatus="ANSWER")
        return self.join(bridge, leg).join(bridge, by)

    def join(self, bridge: str, leg: int, technology: str = "simple_bridge") -> Pbx:
        return self.say("BridgeEnter", leg, BridgeUniqueid=bridge, BridgeTechnology=technology)

    def withhold(self, leg: int) -> Pbx:
        message = {"Event": "NewCallerid", "CID-CallingPres": "35 (Presentation Prohibited, Network Number)"}
        self.events += self.tracker.feed(message | self._leg("", leg), self.now)
        return self

    def leave(self, bridge: str, leg: int) -> Pbx:
        return self.say("BridgeLeave", leg, BridgeUniqueid=bridge)

    def over(self, *legs: int, cause: int = 16) -> Pbx:
        for leg in legs:
            self.say("Hangup", leg, Cause=str(cause))
        return self

    def found(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def record(self) -> CallRecord:
        (end,) = self.found(CallCleared)
        record: CallRecord = end.record
        return record

    def _leg(self, prefix: str, leg: int) -> dict[str, str]:
        endpoint = self._endpoints[leg - 1]
        return {
            f"{prefix}Channel": f"{endpoint}-0000000{leg}",
            f"{prefix}Uniqueid": f"100.{leg}",
            f"{prefix}Linkedid": self._link.get(leg, f"100.{leg}"),
            f"{prefix}ChannelState": self._state[leg],
            f"{prefix}CallerIDNum": "79355550101" if "trunk" in endpoint else endpoint.partition("/")[2],
            f"{prefix}Exten": "74950000001" if leg == 1 else "",
        }


def results(record: CallRecord) -> list[str | None]:
    return [leg.result for leg in record.legs]


def test_a_phone_that_answers_without_ringing_is_still_delivered() -> None:
    pbx = Pbx("PJSIP/trunk", "PJSIP/101").caller(1).say("DialBegin", 1, 2).answer(1, 2).over(2, 1)
    assert [event.device for event in pbx.found(Delivered)] == ["PJSIP/101"]
    assert pbx.record().outcome == "answered"


def test_a_forwarding_phone_s_refusal_is_not_the_call_s_outcome() -> None:
    pbx = Pbx("PJSIP/trunk", "PJSIP/101", "PJSIP/102").caller(1).ring(1, 2)
    pbx.say("DialEnd", 1, 2, DialStatus="CANCEL", Forward="Local/102@internal").ring(1, 3).over(2)
    pbx.say("DialEnd", 1, 3, DialStatus="NOANSWER").over(3, 1)
    assert pbx.record().outcome == "no-answer"
    assert results(pbx.record()) == ["no-answer", "transferred", "no-answer"]


def test_nobody_talks_in_a_waiting_room() -> None:
    pbx = Pbx("PJSIP/trunk", "PJSIP/trunk").caller(1).caller(2)
    pbx.join("park", 1, "holding_bridge").join("park", 2, "holding_bridge")
    assert pbx.found(Established) == []
    assert len(pbx.tracker.calls()) == 2


def test_three_in_one_bridge_are_one_call_with_three_pairs() -> None:
    pbx = Pbx("PJSIP/trunk", "PJSIP/101", "PJSIP/102").caller(1).ring(1, 2).answer(1, 2).caller(3).join("b1", 3)
    pbx.over(1, 2, 3)
    assert pbx.record().talked == (
        ("PJSIP/trunk-00000001", "PJSIP/101-00000002"),
        ("PJSIP/101-00000002", "PJSIP/102-00000003"),
        ("PJSIP/trunk-00000001", "PJSIP/102-00000003"),
    )


def test_a_leg_that_takes_another_s_place_talks_with_who_is_left() -> None:
    """A browser reload: the new leg comes with Replaces and swaps with the old one."""
    pbx = Pbx("PJSIP/trunk", "PJSIP/101-web", "PJSIP/101-web").caller(1).ring(1, 2).answer(1, 2).caller(3)
    pbx.say("BridgeEnter", 3, BridgeUniqueid="b1", SwapUniqueid="100.2").leave("b1", 2).over(2, 1, 3)
    assert [event.leg for event in pbx.found(Established)] == ["PJSIP/101-web-00000002", "PJSIP/101-web-00000003"]
    assert pbx.record().outcome == "answered"


def test_two_legs_of_a_transferring_device_do_not_talk_with_each_other() -> None:
    pbx = Pbx("PJSIP/trunk", "PJSIP/101", "PJSIP/101", "PJSIP/102").caller(1).ring(1, 2).answer(1, 2)
    pbx.caller(3).ring(3, 4).answer(3, 4, "b2").join("b2", 2).over(1, 2, 3, 4)
    assert ("PJSIP/101-00000002", "PJSIP/101-00000003") not in pbx.record().talked


def test_press_one_to_accept_is_no_answer_until_it_is_accepted() -> None:
    pbx = Pbx("PJSIP/trunk", "PJSIP/101").caller(1).ring(1, 2)
    pbx._state[2] = "6"
    pbx.say("Newstate", 2).say("DialEnd", 1, 2, DialStatus="ANSWER").over(2, 1)
    assert pbx.record().outcome == "no-answer"
    assert pbx.record().answered is None


def test_an_attended_transfer_that_failed_is_no_transfer() -> None:
    pbx = Pbx("PJSIP/trunk", "PJSIP/101", "PJSIP/101", "PJSIP/102").caller(1).ring(1, 2).answer(1, 2)
    pbx.caller(3).ring(3, 4).answer(3, 4, "b2")
    pbx.say("AttendedTransfer", OrigTransfererUniqueid="100.2", SecondTransfererUniqueid="100.3", Result="Fail")
    pbx.say("BlindTransfer", TransfererUniqueid="100.2", TransfereeUniqueid="100.1", Result="Invalid").over(1, 2, 3, 4)
    assert [len(event.record.transfers) for event in pbx.found(CallCleared)] == [0, 0]


def test_an_attended_transfer_makes_the_consultation_part_of_the_first_call() -> None:
    pbx = Pbx("PJSIP/trunk", "PJSIP/101", "PJSIP/101", "PJSIP/102").caller(1).ring(1, 2).answer(1, 2)
    pbx.caller(3).ring(3, 4).answer(3, 4, "b2")
    pbx.leave("b1", 1).leave("b2", 3).join("b2", 1)
    pbx.say("AttendedTransfer", OrigTransfererUniqueid="100.2", SecondTransfererUniqueid="100.3", Result="Success")
    pbx.over(2, 3, 4, 1)
    record = pbx.record()
    assert record.call == "100.1"
    assert [(transfer.kind, transfer.by, transfer.to) for transfer in record.transfers] == [
        ("attended", "PJSIP/101-00000003", ("PJSIP/102-00000004",))
    ]
    assert results(record) == ["talked", "transferred", "transferred", "talked"]


def test_a_caller_taken_out_of_a_queue_has_not_given_up() -> None:
    pbx = Pbx("PJSIP/trunk", "PJSIP/101").caller(1).say("QueueCallerJoin", 1, Queue="sales", Position="1")
    pbx.say("QueueCallerAbandon", 1, Queue="sales").say("QueueCallerLeave", 1, Queue="sales").ring(1, 2)
    pbx.say("DialEnd", 1, 2, DialStatus="NOANSWER").over(2, 1)
    assert pbx.record().outcome == "no-answer"


def test_settings_tell_devices_from_trunks() -> None:
    plan = DevicePlan(devices=frozenset({"SIP/150010001", "150010002"}), trunks=frozenset({"PJSIP/777"}))
    pbx = Pbx("SIP/150010001", "SIP/150010002", "PJSIP/101", plan=plan).caller(1).ring(1, 2, 3).over(2, 3, 1)
    assert [leg.device for leg in pbx.record().legs] == ["SIP/150010001", "SIP/150010002", None]
    assert DevicePlan(trunks=frozenset({"PJSIP/777"})).is_device("PJSIP/777", "", "") is False


def test_devices_are_told_by_their_own_short_number() -> None:
    plan = DevicePlan()
    assert plan.is_device("PJSIP/101", "", "")
    assert plan.is_device("PJSIP/101-web", "", "")
    assert plan.is_device("SIP/office101", "101", "")
    assert plan.is_device("SIP/ivanov", "101", "acme101")
    assert not plan.is_device("SIP/mango2", "79350000001", "")
    assert not plan.is_device("PJSIP/trunk", "74950000001", "101")


def test_card_variables_come_from_the_dialplan_s_user_event() -> None:
    pbx = Pbx("PJSIP/trunk").caller(1).say("UserEvent", 1, UserEvent="Trubka", order="A-17", Context="from-outside")
    assert [event.variables for event in pbx.found(CallVariables)] == [{"order": "A-17"}]
    assert pbx.say("UserEvent", 1, UserEvent="Other", x="1").found(CallVariables)[1:] == []


def test_a_hidden_number_is_shown_to_nobody() -> None:
    pbx = Pbx("PJSIP/trunk", "PJSIP/101").caller(1)
    pbx.withhold(1).ring(1, 2)
    assert [event.calling.number for event in pbx.found(Delivered)] == [None]
    assert pbx.tracker.calls()[0].caller.number is None


def test_steps_marks_and_wishes_of_a_dialplan_are_told_and_garbage_is_not() -> None:
    pbx = Pbx("PJSIP/trunk").caller(1)
    pbx.say("UserEvent", 1, UserEvent="TrubkaStep", Node="menu", Kind="Menu", Key="1", Hours="open")
    pbx.say("UserEvent", 1, UserEvent="TrubkaStep", Kind="Menu")
    for score in ("5", "0", "6", "", "пять", "1 OR 1"):
        pbx.say("UserEvent", 1, UserEvent="TrubkaScore", Score=score)
    pbx.say("UserEvent", 1, UserEvent="TrubkaCallback", Queue="sales", Joined="١٢")
    for file in ("2026/11/27/1.2-3.wav", "../x.wav", "/x.wav", "a/../b", "", "x" * 201, "a\\b.wav", "a b.wav"):
        pbx.say("UserEvent", 1, UserEvent="TrubkaRecording", File=file, Announced="yes")
        pbx.say("UserEvent", 1, UserEvent="TrubkaRecorded", File=file, Refused="yes")
    (began,), (ended,) = pbx.found(RecordingBegan), pbx.found(RecordingEnded)
    assert (began.file, began.announced, began.demanded) == ("2026/11/27/1.2-3.wav", True, False)
    assert (ended.file, ended.refused) == (began.file, True)
    assert [(one.node, one.key, one.hours) for one in pbx.found(StepTaken)] == [("menu", "1", "open")]
    assert [one.score for one in pbx.found(Scored)] == [5]
    assert [(one.queue, one.joined) for one in pbx.found(CallBackAsked)] == [("sales", None)]
