"""A PBX's manager words, written by hand: scenes that no recording shows, said as an Asterisk of 16 to 22 says them.

Every event carries the whole snapshot of each channel it names, with the linked id that the PBX has at that moment: on
entering a bridge all take the oldest one. Times are the PBX's own and pass only by `wait`, so talk seconds are exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field

START = 1_795_432_900.0
STATES = {"0": "Down", "4": "Ring", "5": "Ringing", "6": "Up"}


@dataclass(eq=False)
class Chan:
    """One channel as the PBX holds it."""

    name: str
    uniqueid: str
    linkedid: str
    number: str
    exten: str
    state: str = "0"
    connected: str = "<unknown>"
    bridge: str = ""


@dataclass
class Asterisk:
    """Says events into `stream`. Roles of channels become header prefixes (`dest` -> Dest...)."""

    stream: list[dict[str, str]] = field(default_factory=list)
    now: float = START
    rooms: dict[str, list[Chan]] = field(default_factory=dict)
    chans: list[Chan] = field(default_factory=list)

    def wait(self, seconds: float) -> Asterisk:
        """Time passes at the PBX."""
        self.now += seconds
        return self

    def say(self, event: str, own: Chan | None = None, roles: dict[str, Chan] | None = None, **headers: str) -> None:
        """One event. roles: prefix -> channel."""
        message = {"Event": event, "Privilege": "call,all", "Timestamp": f"{self.now:.6f}"}
        for prefix, chan in {**({"": own} if own else {}), **(roles or {})}.items():
            message |= snapshot(prefix, chan)
        self.stream.append(message | headers)
        self.now += 0.001

    # --- channels -----------------------------------------------------------------------------------------------

    def born(self, name: str, number: str = "", exten: str = "s", *, of: Chan | None = None, state: str = "0") -> Chan:
        """A new channel; of: the one that asks for it."""
        uniqueid = f"{int(START)}.{len(self.chans) + 11}"
        name = name if ";" in name or "<" in name or name.count("-") else f"{name}-{len(self.chans) + 11:08x}"
        chan = Chan(name, uniqueid, of.linkedid if of else uniqueid, number, exten, state)
        self.chans.append(chan)
        self.say("Newchannel", chan)
        return chan

    def caller(self, name: str = "PJSIP/trunk", number: str = "79355550101", exten: str = "74950000001") -> Chan:
        """Somebody calls in."""
        return self.born(name, number, exten, state="4")

    def up(self, *chans: Chan) -> None:
        """The channels are answered, by a person or by the dialplan."""
        for chan in chans:
            if chan.state != "6":
                chan.state = "6"
                self.say("Newstate", chan)

    def dial(self, by: Chan, name: str, number: str = "", *, ring: bool = True) -> Chan:
        """A channel dials an endpoint, which rings."""
        chan = self.born(name, number or name.partition("/")[2], of=by)
        return self.dial_to(by, chan, ring=ring)

    def dial_to(self, by: Chan, chan: Chan, *, ring: bool = True) -> Chan:
        """Dial a channel that is there."""
        chan.connected = by.number
        self.say("DialBegin", by, {"Dest": chan}, DialString=chan.name)
        return self.rings(by, chan) if ring else chan

    def rings(self, by: Chan, chan: Chan) -> Chan:
        """The phone rings."""
        chan.state = "5"
        self.say("Newstate", chan)
        self.say("DialState", by, {"Dest": chan}, DialStatus="RINGING")
        return chan

    def dial_end(self, by: Chan, chan: Chan, status: str, **headers: str) -> None:
        """A dial is over."""
        self.say("DialEnd", by, {"Dest": chan}, DialStatus=status, **headers)

    def answer(self, by: Chan, chan: Chan, *others: Chan, bridge: str = "") -> str:
        """The phone is picked up: others stop ringing, both come into a bridge."""
        self.up(chan)
        self.dial_end(by, chan, "ANSWER")
        for other in others:
            self.dial_end(by, other, "CANCEL")
            self.hangup(other, cause=26)
        self.up(by)
        bridge = self.join(bridge or f"b{len(self.stream)}", chan, by)
        self.wait(0.6)
        return bridge

    def local(self, by: Chan | None, exten: str, *, tail: str = "") -> tuple[Chan, Chan]:
        """A Local channel is dialled: both halves, joined."""
        base = f"Local/{exten}@internal-{len(self.chans):08x}"
        one = self.born(f"{base};1", exten, of=by)
        two = self.born(f"{base};2", by.number if by else "", exten, of=by or one, state="4")
        self.say("LocalBridge", None, {"LocalOne": one, "LocalTwo": two}, LocalOptimization="No" if tail else "Yes")
        if by is not None:
            self.dial_to(by, one, ring=False)
        return one, two

    def hangup(self, *chans: Chan, cause: int = 16) -> None:
        """Channels leave their bridges and are gone."""
        for chan in chans:
            if chan.bridge:
                self.leave(chan)
            self.say("Hangup", chan, **{"Cause": str(cause), "Cause-txt": "Unknown"})

    # --- bridges ------------------------------------------------------------------------------------------------

    def join(self, bridge: str, *chans: Chan, tech: str = "simple_bridge", swap: Chan | None = None) -> str:
        """Channels come into a bridge, made where it is not there."""
        if bridge not in self.rooms:
            self.rooms[bridge] = []
            self.say("BridgeCreate", **self._room(bridge, tech))
        for chan in chans:
            if chan.bridge == bridge:
                continue
            if chan.bridge:
                self.leave(chan)
            room = self.rooms[bridge]
            if swap is not None and swap in room:
                room.remove(swap)
                room.append(chan)
                self.say("BridgeEnter", chan, SwapUniqueid=swap.uniqueid, **self._room(bridge, tech))
                self.say("BridgeLeave", swap, **self._room(bridge, tech))
                swap.bridge = ""
            else:
                room.append(chan)
                self.say("BridgeEnter", chan, **self._room(bridge, tech))
            chan.bridge = bridge
            oldest = min((one.linkedid for one in room), key=lambda linkedid: int(linkedid.partition(".")[2]))
            for one in room if tech != "holding_bridge" else ():
                one.linkedid = oldest
        return bridge

    def leave(self, chan: Chan) -> None:
        """A channel goes out of its bridge; the last one closes it."""
        room = self.rooms[chan.bridge]
        room.remove(chan)
        self.say("BridgeLeave", chan, **self._room(chan.bridge, "simple_bridge" if len(room) < 2 else "softmix"))
        if not room:
            self.destroy(chan.bridge)
        chan.bridge = ""

    def destroy(self, bridge: str) -> None:
        """A bridge is over, whoever is in it."""
        for chan in self.rooms.pop(bridge):
            chan.bridge = ""
        self.say("BridgeDestroy", BridgeUniqueid=bridge, BridgeNumChannels="0")

    def merge(self, to: str, gone: str) -> None:
        """All of one bridge move into another."""
        ends = {"ToBridgeUniqueid": to, "FromBridgeUniqueid": gone}
        self.say("BridgeMerge", ToBridgeTechnology="simple_bridge", FromBridgeTechnology="simple_bridge", **ends)
        self.join(to, *list(self.rooms[gone]))

    def _room(self, bridge: str, tech: str) -> dict[str, str]:
        return {
            "BridgeUniqueid": bridge, "BridgeType": "basic", "BridgeTechnology": tech, "BridgeCreator": "<unknown>",
            "BridgeName": "<unknown>", "BridgeNumChannels": str(len(self.rooms[bridge])),
        }  # fmt: skip

    # --- transfers ----------------------------------------------------------------------------------------------

    def blind(self, by: Chan, handed: Chan, exten: str, result: str = "Success") -> None:
        """REFER without Replaces, or the feature code."""
        who = {"Transferer": by, "Transferee": handed}
        self.say("BlindTransfer", None, who, Result=result, IsExternal="Yes", Context="internal", Extension=exten)

    def attended(
        self, first: Chan, second: Chan, handed: Chan | None, target: Chan | None, result: str = "Success", **to: str
    ) -> None:
        """REFER with Replaces; the parties are named only where a bridge had two."""
        who = {"OrigTransferer": first, "SecondTransferer": second}
        who |= {"Transferee": handed} if handed else {}
        who |= {"TransferTarget": target} if target else {}
        self.say("AttendedTransfer", None, who, Result=result, IsExternal="Yes", **({"DestType": "Bridge"} | to))


def snapshot(prefix: str, chan: Chan) -> dict[str, str]:
    """The headers that name a channel."""
    found = {
        "Channel": chan.name, "ChannelState": chan.state, "ChannelStateDesc": STATES[chan.state],
        "CallerIDNum": chan.number, "CallerIDName": "<unknown>", "ConnectedLineNum": chan.connected,
        "ConnectedLineName": "<unknown>", "Language": "ru", "AccountCode": "", "Context": "internal",
        "Exten": chan.exten, "Priority": "1", "Uniqueid": chan.uniqueid, "Linkedid": chan.linkedid,
    }  # fmt: skip
    return {prefix + name: value for name, value in found.items()}
