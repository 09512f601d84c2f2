"""More scenes: queues and their ways out, groups and pick-ups, forwarding, acceptance by key, names of channels."""

from __future__ import annotations

from tests.telephony.asterisk import Asterisk, Chan
from tests.telephony.scenes import SCENES, TALK, Expected, scene, talking

__all__ = ["SCENES"]


def queued(pbx: Asterisk) -> Chan:
    """A client who waits in the queue."""
    client = pbx.caller()
    pbx.up(client)
    pbx.say("QueueCallerJoin", client, Queue="sales", Position="1", Count="1")
    return client


def member(pbx: Asterisk, client: Chan, name: str, *, by: Chan | None = None) -> Chan:
    """The queue rings a member."""
    chan = pbx.born(name, name.partition("/")[2], of=client)
    pbx.say("AgentCalled", client, {"Dest": chan}, Queue="sales", Interface=name, MemberName=name)
    return pbx.dial_to(by or client, chan)


def connect(pbx: Asterisk, client: Chan, phone: Chan, *others: Chan) -> None:
    """The member takes the caller out of the queue."""
    pbx.up(phone)
    for other in others:
        pbx.dial_end(client, other, "CANCEL")
        pbx.hangup(other, cause=26)
    pbx.dial_end(client, phone, "ANSWER")
    leave(pbx, client)
    pbx.say("AgentConnect", client, {"Dest": phone}, Queue="sales", HoldTime="4", RingTime="3")
    pbx.join(f"q{len(pbx.stream)}", phone, client)
    pbx.wait(1)


def leave(pbx: Asterisk, client: Chan) -> None:
    pbx.say("QueueCallerLeave", client, Queue="sales", Position="1", Count="0")


def refuse(pbx: Asterisk, client: Chan, phone: Chan, status: str = "NOANSWER", cause: int = 19) -> None:
    """The member did not take it."""
    pbx.dial_end(client, phone, status)
    pbx.say("AgentRingNoAnswer", client, {"Dest": phone}, Queue="sales", RingTime="15")
    pbx.hangup(phone, cause=cause)


@scene(Expected(talked=["trunk-129"], legs=TALK | {"129": "talked"} | {str(n): "answered-elsewhere"
                for n in range(100, 129)}, talks={"129": 61}))  # fmt: skip
def queue_of_thirty(pbx: Asterisk) -> None:
    client = queued(pbx)
    phones = [member(pbx, client, f"PJSIP/{number}") for number in range(100, 130)]
    pbx.wait(6)
    connect(pbx, client, phones[-1], *phones[:-1])
    pbx.wait(60)
    pbx.say("AgentComplete", client, {"Dest": phones[-1]}, Queue="sales", TalkTime="60", Reason="caller")
    pbx.hangup(client, phones[-1])


@scene(Expected(talked=["trunk-103"], legs=TALK | {"101": "no-answer", "102": "busy", "103": "talked"}))
def queue_linear_no_answer_busy_answer(pbx: Asterisk) -> None:
    client = queued(pbx)
    refuse(pbx, client, member(pbx, client, "PJSIP/101"))
    refuse(pbx, client, member(pbx, client, "PJSIP/102"), "BUSY", 17)
    connect(pbx, client, member(pbx, client, "PJSIP/103"))
    pbx.hangup(client)
    pbx.hangup(pbx.chans[-1])


@scene(Expected(talked=[], legs={"trunk": "cancelled", "101": "cancelled"}, outcome="abandoned"))
def queue_abandoned_while_ringing(pbx: Asterisk) -> None:
    client = queued(pbx)
    phone = member(pbx, client, "PJSIP/101")
    pbx.say("HangupRequest", client)
    pbx.dial_end(client, phone, "CANCEL")
    pbx.hangup(phone, cause=26)
    pbx.say("QueueCallerAbandon", client, Queue="sales", Position="1", OriginalPosition="1", HoldTime="6")
    leave(pbx, client)
    pbx.hangup(client)


@scene(Expected(talked=[], legs={"trunk": "no-answer", "101": "no-answer"}, outcome="no-answer"))
def queue_timed_out(pbx: Asterisk) -> None:
    client = queued(pbx)
    refuse(pbx, client, member(pbx, client, "PJSIP/101"))
    pbx.wait(30)
    leave(pbx, client)
    pbx.hangup(client)


@scene(Expected(talked=[], legs={"trunk": "no-answer"}, outcome="no-answer"))
def queue_left_because_empty(pbx: Asterisk) -> None:
    client = queued(pbx)
    pbx.wait(5)
    leave(pbx, client)
    pbx.hangup(client)


@scene(Expected(talked=["trunk-103"], legs=TALK | {"103": "talked"}))
def queue_timed_out_then_answered_by_overflow(pbx: Asterisk) -> None:
    client = queued(pbx)
    pbx.wait(30)
    leave(pbx, client)
    phone = pbx.dial(client, "PJSIP/103")
    pbx.answer(client, phone)
    pbx.hangup(client, phone)


@scene(Expected(talked=["trunk-101"], legs=TALK | {"101": "talked"}, talks={"101": 10}))
def queue_member_is_local(pbx: Asterisk) -> None:
    client = queued(pbx)
    one, two = pbx.local(client, "101", tail="/n")
    pbx.say("AgentCalled", client, {"Dest": one}, Queue="sales", Interface="Local/101@internal/n")
    phone = pbx.dial(two, "PJSIP/101")
    pbx.answer(two, phone)
    connect(pbx, client, one)
    pbx.wait(9)
    pbx.hangup(client, one, two, phone)


@scene(Expected(talked=["trunk-101", "trunk-102"], legs=TALK | {"101": "transferred", "102": "talked"},
                transfers=("blind 101 102",), talks={"101": 10, "102": 60}))  # fmt: skip
def queue_member_is_local_and_transfers(pbx: Asterisk) -> None:
    """The queue counts its Local member until the end; the agent's talk ends at his transfer."""
    client = queued(pbx)
    one, two = pbx.local(client, "101", tail="/n")
    phone = pbx.dial(two, "PJSIP/101")
    pbx.answer(two, phone)
    connect(pbx, client, one)
    pbx.wait(9)
    pbx.blind(phone, two, "102")
    pbx.hangup(phone)
    other = pbx.dial(two, "PJSIP/102")
    pbx.answer(two, other)
    pbx.wait(60)
    pbx.hangup(client, one, two, other)


@scene(Expected(talked=["trunk-102"], legs=TALK | {"101": "no-answer", "102": "talked"}))
def queue_agent_dumped_by_his_caller_s_announcement(pbx: Asterisk) -> None:
    client = queued(pbx)
    first = member(pbx, client, "PJSIP/101")
    refuse(pbx, client, first)
    second = member(pbx, client, "PJSIP/102")
    connect(pbx, client, second)
    pbx.hangup(second, client)


@scene(Expected(talked=[], legs={"trunk": "cancelled", "101": "cancelled"}, outcome="abandoned"))
def queue_agent_dump(pbx: Asterisk) -> None:
    """The agent picks up and the caller is gone before they are joined."""
    client = queued(pbx)
    phone = member(pbx, client, "PJSIP/101")
    pbx.up(phone)
    pbx.dial_end(client, phone, "ANSWER")
    pbx.say("HangupRequest", client)
    pbx.say("AgentDump", client, {"Dest": phone}, Queue="sales", Interface="PJSIP/101")
    pbx.say("QueueCallerAbandon", client, Queue="sales", Position="1", HoldTime="6")
    leave(pbx, client)
    pbx.hangup(phone, client)


@scene(Expected(talked=["trunk-101", "trunk-103"], transfers=("blind 101 103",),
                legs=TALK | {"101": "transferred", "102": "answered-elsewhere", "103": "talked"}))  # fmt: skip
def blind_into_a_queue(pbx: Asterisk) -> None:
    client, phone = talking(pbx)
    pbx.blind(phone, client, "700")
    pbx.hangup(phone)
    pbx.say("QueueCallerJoin", client, Queue="sales", Position="1", Count="1")
    second, third = member(pbx, client, "PJSIP/102"), member(pbx, client, "PJSIP/103")
    connect(pbx, client, third, second)
    pbx.wait(3)
    pbx.hangup(client, third)


@scene(Expected(talked=["trunk-103"], legs=TALK | {"101": "answered-elsewhere", "103": "talked"}))
def pickup_directed(pbx: Asterisk) -> None:
    client = pbx.caller()
    phone = pbx.dial(client, "PJSIP/101")
    taker = pbx.caller("PJSIP/103", "103", "*8101")
    pickup(pbx, client, phone, taker)


@scene(Expected(talked=["trunk-103"],
                legs=TALK | {"101": "answered-elsewhere", "102": "answered-elsewhere", "103": "talked"}))  # fmt: skip
def pickup_of_a_group(pbx: Asterisk) -> None:
    client = pbx.caller()
    phone, other = pbx.dial(client, "PJSIP/101"), pbx.dial(client, "PJSIP/102")
    taker = pbx.caller("PJSIP/103", "103", "*8")
    pickup(pbx, client, phone, taker, other)


def pickup(pbx: Asterisk, client: Chan, phone: Chan, taker: Chan, *others: Chan) -> None:
    """Another phone takes the ring over; the bridge tells the linked ids."""
    pbx.up(taker)
    pbx.say("Pickup", taker, {"Target": phone})
    pbx.dial_end(client, taker, "ANSWER")
    for other in others:
        pbx.dial_end(client, other, "CANCEL")
        pbx.hangup(other, cause=26)
    pbx.up(client)
    pbx.hangup(phone)
    pbx.join("b8", taker, client)
    pbx.wait(4)
    pbx.hangup(client, taker)


@scene(Expected(talked=["trunk-103"],
                legs=TALK | {"101": "answered-elsewhere", "102": "answered-elsewhere", "103": "talked"}))  # fmt: skip
def pickup_out_of_a_queue(pbx: Asterisk) -> None:
    client = queued(pbx)
    phone, other = member(pbx, client, "PJSIP/101"), member(pbx, client, "PJSIP/102")
    taker = pbx.caller("PJSIP/103", "103", "*8")
    pbx.up(taker)
    pbx.say("Pickup", taker, {"Target": phone})
    pbx.dial_end(client, other, "CANCEL")
    pbx.hangup(other, cause=26)
    pbx.dial_end(client, taker, "ANSWER")
    pbx.hangup(phone)
    leave(pbx, client)
    pbx.say("AgentConnect", client, {"Dest": taker}, Queue="sales", HoldTime="4", RingTime="3")
    pbx.join("b8", taker, client)
    pbx.hangup(client, taker)


@scene(Expected(talked=["trunk-102"], legs=TALK | {"101": "transferred", "102": "talked"}))
def forwarded_by_302(pbx: Asterisk) -> None:
    client = pbx.caller()
    phone = pbx.dial(client, "PJSIP/101", ring=False)
    one, two = pbx.local(None, "102")
    one.linkedid = two.linkedid = client.linkedid
    pbx.dial_end(client, phone, "CANCEL", Forward="Local/102@internal")
    pbx.dial_to(client, one, ring=False)
    pbx.hangup(phone)
    other = pbx.dial(two, "PJSIP/102")
    pbx.answer(two, other)
    pbx.answer(client, one)
    pbx.join(client.bridge, other, swap=one)
    pbx.hangup(one, two)
    pbx.wait(4)
    pbx.hangup(client, other)


@scene(Expected(talked=["trunk-gsm"], legs={"trunk": "talked", "101": "transferred", "gsm": "talked"}))
def queue_member_forwards_to_a_mobile(pbx: Asterisk) -> None:
    client = queued(pbx)
    phone = member(pbx, client, "PJSIP/101")
    one, two = pbx.local(client, "89350000001")
    pbx.dial_end(client, phone, "CANCEL", Forward="Local/89350000001@internal")
    pbx.hangup(phone, cause=0)
    mobile = pbx.dial(two, "PJSIP/gsm", "79350000001")
    pbx.answer(two, mobile)
    connect(pbx, client, one)
    pbx.hangup(client, one, two, mobile)


@scene(Expected(talked=["trunk-102"], legs=TALK | {"102": "talked"}))
def forwarded_by_the_dialplan(pbx: Asterisk) -> None:
    client = pbx.caller()
    one, two = pbx.local(client, "101")
    three, four = pbx.local(two, "102")
    other = pbx.dial(four, "PJSIP/102")
    pbx.answer(four, other)
    pbx.answer(two, three)
    pbx.answer(client, one)
    pbx.wait(4)
    pbx.hangup(client, one, two, three, four, other)


@scene(Expected(talked=["trunk-gsm"], legs={"trunk": "talked", "gsm": "talked"}, talks={"gsm": 7}))
def accepted_by_key(pbx: Asterisk) -> None:
    client = pbx.caller()
    mobile = pbx.dial(client, "PJSIP/gsm", "79350000001")
    pbx.up(mobile)
    pbx.dial_end(client, mobile, "ANSWER")
    pbx.wait(8)
    pbx.up(client)
    pbx.join("b1", mobile, client)
    pbx.wait(7)
    pbx.hangup(client, mobile)


@scene(Expected(talked=[], legs={"trunk": "no-answer", "gsm": "no-answer"}, outcome="no-answer"))
def not_accepted_by_key(pbx: Asterisk) -> None:
    client = pbx.caller()
    mobile = pbx.dial(client, "PJSIP/gsm", "79350000001")
    pbx.up(mobile)
    pbx.dial_end(client, mobile, "ANSWER")
    pbx.wait(8)
    pbx.hangup(mobile)
    pbx.wait(1)
    pbx.hangup(client)


@scene(Expected(talked=["trunk-101"], legs=TALK | {"101": "talked"}, talks={"101": 22}))
def held_and_taken_back(pbx: Asterisk) -> None:
    client, phone = talking(pbx)
    pbx.say("Hold", phone, MusicClass="default")
    pbx.wait(12)
    pbx.say("Unhold", phone)
    pbx.hangup(client, phone)


@scene(Expected(talked=["101-102"], legs={"101": "busy talked", "102": "busy talked"}, calls=2, outcome="answered"))
def call_completion_on_busy(pbx: Asterisk) -> None:
    first = pbx.caller("PJSIP/101", "101", "102")
    busy = pbx.dial(first, "PJSIP/102", ring=False)
    pbx.dial_end(first, busy, "BUSY")
    pbx.hangup(busy, cause=17)
    pbx.say("CCRequested", CoreID="1", Caller=first.name, Callee="PJSIP/102")
    pbx.hangup(first, cause=17)
    pbx.wait(60)
    pbx.say("CCCallerRecalling", CoreID="1", Caller="PJSIP/101")
    back = pbx.born("PJSIP/101", "101", "102")
    pbx.say("DialBegin", None, {"Dest": back}, DialString="101")
    back.state = "5"
    pbx.say("Newstate", back)
    pbx.up(back)
    pbx.say("DialEnd", None, {"Dest": back}, DialStatus="ANSWER")
    again = pbx.dial(back, "PJSIP/102")
    pbx.answer(back, again)
    pbx.hangup(back, again)


def names(client: str, agent: str, talked: str) -> None:
    """A plain call between channels of other kinds."""
    ends = talked.split("-", 1)

    def plain(pbx: Asterisk) -> None:
        caller = pbx.caller(client)
        phone = pbx.dial(caller, agent)
        pbx.answer(caller, phone)
        pbx.wait(5)
        pbx.hangup(caller, phone)

    plain.__name__ = f"names {client} {agent}"
    scene(Expected(talked=[talked], legs={ends[0]: "talked", ends[1]: "talked"}, talks={ends[1]: 5}))(plain)


names("SIP/mango", "SIP/101", "mango-101")
names("IAX2/office", "IAX2/102", "office-102")
names("DAHDI/i1/79355550101-1f", "SCCP/103", "i1-103")
names("PJSIP/trunk", "WebSocket/INCOMING/0x7f2c14003a40", "trunk-INCOMING")
names("PJSIP/trunk", "AudioSocket/127.0.0.1:9092-40325ec25efd4bd3805f53576e581d13", "trunk-127.0.0.1:9092")
