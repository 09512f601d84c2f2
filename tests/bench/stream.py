"""The manager's words for one queue call answered by an agent, as an Asterisk 22 with PJSIP says them."""

from __future__ import annotations


def _event(name: str, **headers: str) -> bytes:
    lines = [f"Event: {name}", *(f"{key}: {value}" for key, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _leg(
    prefix: str, channel: str, uniqueid: str, linkedid: str, state: str, number: str, exten: str
) -> dict[str, str]:
    states = {"0": "Down", "4": "Ring", "5": "Ringing", "6": "Up"}
    return {
        f"{prefix}Channel": channel,
        f"{prefix}ChannelState": state,
        f"{prefix}ChannelStateDesc": states[state],
        f"{prefix}CallerIDNum": number,
        f"{prefix}CallerIDName": "<unknown>",
        f"{prefix}ConnectedLineNum": "<unknown>",
        f"{prefix}ConnectedLineName": "<unknown>",
        f"{prefix}Language": "ru",
        f"{prefix}AccountCode": "",
        f"{prefix}Context": "from-outside",
        f"{prefix}Exten": exten,
        f"{prefix}Priority": "1",
        f"{prefix}Uniqueid": uniqueid,
        f"{prefix}Linkedid": linkedid,
    }


def call(number: int, *, device: str = "101", caller: str = "79350000001") -> tuple[list[bytes], int]:
    """Events of one call, and the index of the one at which the device rings."""
    linked = f"1763890000.{number * 2}"
    second = f"1763890000.{number * 2 + 1}"
    trunk, desk = f"PJSIP/trunk-{number:08x}", f"PJSIP/{device}-{number:08x}"
    did, bridge = "74950000001", f"b-{number}"

    def client(state: str, prefix: str = "") -> dict[str, str]:
        return _leg(prefix, trunk, linked, linked, state, caller, did)

    def agent(state: str, prefix: str = "") -> dict[str, str]:
        legs = _leg(prefix, desk, second, linked, state, did, "")
        return legs | {f"{prefix}ConnectedLineNum": caller, f"{prefix}Context": "from-internal"}

    text = {"Cause-txt": "Normal Clearing"}
    noise = [_event("VarSet", **client("6"), Variable=f"V{i}", Value=str(i)) for i in range(8)]
    bridged = {
        "BridgeUniqueid": bridge, "BridgeType": "basic", "BridgeTechnology": "simple_bridge",
        "BridgeCreator": "<unknown>", "BridgeName": "<unknown>", "BridgeVideoSourceMode": "none",
    }  # fmt: skip
    before = [
        _event("Newchannel", **client("4")),
        *noise,
        _event("Newstate", **client("6")),
        _event("QueueCallerJoin", **client("6"), Queue="sales", Position="1", Count="1"),
        _event("Newchannel", **agent("0")),
        _event("DialBegin", **client("6"), **agent("0", "Dest"), DialString=device),
        _event("AgentCalled", **client("6"), **agent("0", "Dest"), Queue="sales", Interface=f"PJSIP/{device}"),
        _event("Newstate", **agent("5")),
    ]
    after = [
        _event("Newstate", **agent("6")),
        _event("DialEnd", **client("6"), **agent("6", "Dest"), DialStatus="ANSWER"),
        _event("QueueCallerLeave", **client("6"), Queue="sales", Position="1", Count="0"),
        _event("AgentConnect", **client("6"), **agent("6", "Dest"), Queue="sales", HoldTime="4", RingTime="4"),
        _event("BridgeCreate", **bridged, BridgeNumChannels="0"),
        _event("BridgeEnter", **bridged, BridgeNumChannels="1", **agent("6")),
        _event("BridgeEnter", **bridged, BridgeNumChannels="2", **client("6")),
        *noise,
        _event("BridgeLeave", **bridged, BridgeNumChannels="1", **client("6")),
        _event("BridgeLeave", **bridged, BridgeNumChannels="0", **agent("6")),
        _event("BridgeDestroy", **bridged, BridgeNumChannels="0"),
        _event("Hangup", **client("6"), Cause="16", **text),
        _event("Hangup", **agent("6"), Cause="16", **text),
    ]
    return before + after, len(before) - 1
