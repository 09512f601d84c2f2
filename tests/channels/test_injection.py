"""SEC-01, SEC-02, A9: nothing that comes from web, file or SIP becomes another action or another destination.

Every command the server knows, every text field of it, every payload: it is refused when it is made, or the PBX reads
exactly one action of the right name. What the fake PBX counts is what Asterisk would execute.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from cti.channels.phone import codec
from cti.channels.phone.ami import AmiLink
from cti.telephony import commands as c
from tests.channels.fake_ami import FakeAmi

LEG = "PJSIP/101-0000001a"
EXAMPLES: tuple[c.Command, ...] = (
    c.MakeCall(
        device="PJSIP/101", number="79355550101", context="from-internal", request_id="r1", caller_id_number="101",
        caller_id_name="Пётр", headers=(("Call-Info", "<sip:x>;answer-after=0"),),
    ),
    c.CallBack(
        number="79355550101", context="from-internal", queue="sales", request_id="b1", caller_id_number="74950000001",
    ),
    c.TellCallBacks(),
    c.ClearConnection(leg=LEG),
    c.SendDigit(leg=LEG, digit="5"),
    c.MuteRecording(leg=LEG, on=True),
    c.TakeOver(
        device="PJSIP/101", leg=LEG, request_id="x1", caller_id_number="101", headers=(("Alert-Info", "x"),),
    ),
    c.RecordTake(device="PJSIP/101", take="123456789012", request_id="x2", caller_id_name="Запись"),
    c.Redirect(leg=LEG, context="from-internal", number="102"),
    c.BlindTransfer(leg=LEG, context="from-internal", number="102"),
    c.AttendedTransfer(leg=LEG, context="from-internal", number="102"),
    c.AddMember(queue="sales", device="PJSIP/101", name="Анна"),
    c.RemoveMember(queue="sales", device="PJSIP/101"),
    c.SetPenalty(queue="sales", device="PJSIP/101", penalty=3),
    c.Spy(
        device="PJSIP/110", leg=LEG, how="whisper", request_id="x3", caller_id_name="Анна",
        headers=(("Alert-Info", "x"),),
    ),
    c.SwitchSpy(leg=LEG, how="barge"),
    c.PauseMember(device="PJSIP/101", paused=True, queue="sales", reason="ОБЕД"),
    c.GetVariable(name="PJSIP_AOR(101,contact)", leg=LEG),
    c.Redirect(leg=LEG, extra=LEG, context="trubka-conference", number="1234567890"),
    c.RingAt(extension="101", device="PJSIP/101-web"),
    c.SendUserEvent(name="TrubkaCheck"),
    c.CancelTransfer(leg="PJSIP/101-00000001"),
    c.SendText(driver="quectel", device="gsm-1", number="+79355550101", text="Привет, Анна", mark="a1"),
    c.ShowChannels(),
    c.ShowQueues(),
    c.ListBridges(),
    c.BridgeDetails(bridge="b-1"),
    c.ListDeviceStates(),
    c.ListParked(),
    c.ListLots(),
    c.ListMailboxes(),
    c.ShowQueueRules(),
    c.ListCommands(),
    c.CoreSettings(),
    c.CoreStatus(),
    c.ShowDialplan(context="from-internal"),
    c.ReadSetting(file="queues.conf", section="sales", key="ringinuse"),
    c.Ping(),
)  # fmt: skip
BREAKS = ("\r", "\n", "\r\n", "\n\n", "\r\n\r\n", "\0", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c")
TAILS = (
    "Action: Originate\r\nChannel: PJSIP/1\r\nApplication: System\r\nData: id",
    "Action: Hangup\nChannel: /.*/\n\n",
    "Application: System",
    "ActionID: trubka-1",
    "Variable: X=${SHELL(id)}",
)
STARTS = ("", "101", "Анна", "PJSIP/101", "sales", "79355550101", "x" * 70, "«»")
PAYLOADS = [f"{start}{line}{tail}" for start in STARTS for line in BREAKS for tail in TAILS]
DESTINATIONS = (
    "101&PJSIP/x", "Local/100@ctx", "local/100@ctx", "LOCAL/100@ctx/n", "100@evil", "1,2", "1/2", "1;2",
    "$[1+1]", "PJSIP/101@evil", "PJSIP/101/sip:evil@host", "PJSIP/101&PJSIP/102", "PJSIP", "/101", "/.*/", "/P/",
    "Agent/1", "", " ", "101 ", " 101", "1" * 21, "١٢٣", "１０１", "+", "++7", "7+7", "101\n", "101\r\n", "-1", "1e5",
    "101,100,1", "s@from-internal", "../x", "System(id)", "`id`", "$(id)", "|id", "<101>", '"101"', "101#\x00",
    "一二", "${SHELL(id)}", "PJSIP/", "0x10",
)  # fmt: skip


def fields() -> Iterator[tuple[c.Command, str]]:
    for example in EXAMPLES:
        for field in dataclasses.fields(example):
            if isinstance(getattr(example, field.name), str):
                yield example, field.name


def made(example: c.Command, **changes: Any) -> c.Command | None:
    try:
        return dataclasses.replace(example, **changes)
    except ValueError:
        return None


def test_SEC_29_every_command_of_the_closed_list_has_its_form_and_its_example() -> None:
    assert {type(example) for example in EXAMPLES} == set(codec._FORMS)
    assert not {codec.to_action(example)["Action"] for example in EXAMPLES} & {
        "Command", "GetConfig", "UpdateConfig", "ModuleLoad", "Reload", "QueueReset", "QueueReload", "MixMonitor",
    }  # fmt: skip


def test_only_what_only_looks_has_no_effect() -> None:
    looks = {type(example).__name__ for example in EXAMPLES if not example.effect}
    assert looks == {
        "GetVariable", "ShowChannels", "ShowQueues", "ListBridges", "BridgeDetails", "ListDeviceStates", "ListParked",
        "ListLots", "ListMailboxes", "ShowQueueRules",
        "ListCommands", "CoreSettings", "CoreStatus", "ShowDialplan", "ReadSetting", "Ping",
    }  # fmt: skip


async def test_SEC_01_A9_no_payload_in_any_field_is_an_action_of_its_own(pbx: FakeAmi, link: AmiLink) -> None:
    assert len(PAYLOADS) >= 480
    sent = 0
    before = len(pbx.actions)
    for example, field in fields():
        for payload in PAYLOADS:
            command = made(example, **{field: payload})
            if command is not None:
                try:
                    await link.ask(command)
                    sent += 1
                except ValueError:
                    continue
    assert sent == 0, "a line break has no business in any field"
    await link.ask(c.Ping())
    assert [action["Action"] for action in pbx.actions[before:]] == ["Ping"]


async def test_SEC_01_A9_in_sip_headers(pbx: FakeAmi, link: AmiLink) -> None:
    before = len(pbx.actions)
    for payload in PAYLOADS:
        for header in ((payload, "x"), ("Call-Info", payload)):
            assert made(EXAMPLES[0], headers=(header,)) is None
    for value in ("a,b=c", "${SHELL(id)}", "x)=y,FILE(/etc/passwd)=z", "привет"):
        assert made(EXAMPLES[0], headers=(("Call-Info", value),)) is None
    await link.ask(c.Ping())
    assert len(pbx.actions) == before + 1


async def test_every_command_is_one_action_with_nothing_added(pbx: FakeAmi, link: AmiLink) -> None:
    for example in EXAMPLES:
        before = len(pbx.actions)
        answer = await link.ask(example)
        (action,) = pbx.actions[before:]
        assert action["Action"] == codec.to_action(example)["Action"]
        assert answer.ok or answer.message == "Invalid/unknown command"


@pytest.mark.parametrize("field", ["number", "context", "device", "caller_id_number"])
def test_SEC_02_a_call_goes_to_a_phone_and_a_number_only(field: str) -> None:
    legal = {"", "PJSIP", "1" * 21, "-1", "1e5", "0x10", "١٢٣"} if field == "context" else {""}
    for text in DESTINATIONS:
        command = made(EXAMPLES[0], **{field: text})
        assert command is None or (text in legal and field in ("context", "caller_id_number")), text


def test_SEC_02_leaving_out_the_shown_number_is_the_only_thing_allowed_besides_numbers() -> None:
    assert made(EXAMPLES[0], caller_id_number="") is not None
    assert made(EXAMPLES[0], number="*8#") is not None
    assert made(EXAMPLES[0], number="+79355550101") is not None


def test_SEC_02_one_leg_is_hung_up_never_a_pattern_of_legs() -> None:
    for leg in ("/.*/", "/P/", "/PJSIP/", "//", "/./", "all", "", "PJSIP/101-1 ", "PJSIP/", "P" * 17 + "/1"):
        with pytest.raises(ValueError, match="is not a channel"):
            c.ClearConnection(leg=leg)
    for leg in (LEG, "Local/102@from-internal-0000001c;1", "SIP/trunk-1", "DAHDI/i1/79355550101-2", "Local/*97@x-1;2"):
        assert c.ClearConnection(leg=leg)


@pytest.mark.parametrize(
    "name",
    [
        "SHELL(id)",
        "FILE(/etc/passwd)",
        "PJSIP_AOR(101,contact)}${X",
        "PJSIP_ENDPOINT(101,auth)",
        "CALLERID(num)",
        "PJSIP_AOR(a)b,contact)",
    ],
)
def test_SEC_02_only_listed_variables_are_asked_for(name: str) -> None:
    with pytest.raises(ValueError, match="variable"):
        c.GetVariable(name=name)


@pytest.mark.parametrize(("field", "value"), [("timeout_s", 0), ("timeout_s", 100_000), ("timeout_s", -1)])
def test_a_ring_has_an_end(field: str, value: int) -> None:
    assert made(EXAMPLES[0], **{field: value}) is None
