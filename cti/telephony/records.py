"""What is known of a call: its account, the legs in it, its waits, and how it went on. Frozen copies, as kept and told.

`leg` is the Asterisk channel name (`PJSIP/101-0000001a`), `leg_id` its Uniqueid; `device` is its endpoint
(`PJSIP/101`), None for a trunk's leg. They are msgspec structs: made in a third of a dataclass's time (decision 0008).
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Direction = Literal["inbound", "outbound", "internal"]
Outcome = Literal[
    "answered",
    "no-answer",
    "busy",
    "rejected",
    "cancelled",
    "abandoned",
    "diverted",
    "voicemail",
    "self-service",
    "callback-requested",
    "failed",
    "unfinished",
]
LegResult = Literal[
    "talked",
    "no-answer",
    "busy",
    "rejected",
    "answered-elsewhere",
    "cancelled",
    "unreachable",
    "transferred",
    "failed",
]
Reason = Literal["gap", "lost", "pbx-restart", "sip"]


class Party(Struct, frozen=True, kw_only=True):
    """Who is at one end, as the PBX presented it. number: raw text, None when hidden or absent."""

    number: str | None = None
    name: str | None = None
    device: str | None = None


class LegRecord(Struct, frozen=True, kw_only=True):
    """One device's or trunk's part in a call, as the journal keeps it. Times are UNIX seconds, None = never.

    talk, hold: seconds in conversation, without hold, and holding the other party; None where the times are unknown.
    since: when the stretch that is not over yet began, None when none is under way.
    hears: the channel whose talk it listens to (ChanSpy), "" for none.
    """

    leg: str
    leg_id: str
    device: str | None
    rang: float | None = None
    answered: float | None = None
    ended: float | None = None
    result: LegResult | None = None
    cause: int | None = None
    talk: float | None = None
    hold: float | None = None
    since: float | None = None
    hears: str = ""


class Wait(Struct, frozen=True, kw_only=True):
    """One stay of the caller in a queue. how: as in Dequeued, None while he waits. position: where he began."""

    queue: str
    joined: float | None
    left: float | None = None
    how: str | None = None
    position: int | None = None


class Release(Struct, frozen=True, kw_only=True):
    """Who hung up: the calling side, a called one, or the PBX (a menu's end, a time limit). cause: Q.850."""

    side: Literal["caller", "called", "pbx"]
    leg: str | None = None
    cause: int | None = None


class Transfer(Struct, frozen=True, kw_only=True):
    """A transfer inside a call: `by` is the transferring leg, `to` the legs that were reached."""

    kind: Literal["blind", "attended", "blonde"]
    by: str
    to: tuple[str, ...] = ()


class Conference(Struct, frozen=True, kw_only=True):
    """A stretch in which three parties or more heard each other: whose legs took part. ended: None while it goes on."""

    began: float | None
    ended: float | None = None
    legs: tuple[str, ...] = ()


class CallRecord(Struct, frozen=True, kw_only=True):
    """The whole call as known at one moment (frozen copy; also the line `cti replay --summary` prints).

    started/answered/ended: UNIX seconds; answered = first moment two real parties shared a bridge.
    queue: last queue entered. talked: pairs of legs in the order they first spoke.
    placed_by: request id of the MakeCall that made the call, None when it was not ours.
    waits: stays in queues, in order. release: who hung up. unseen: the call ended unseen, between these two times.
    """

    call: str
    direction: Direction | None
    caller: Party
    called: str | None
    queue: str | None = None
    started: float | None = None
    queued: float | None = None
    answered: float | None = None
    ended: float | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    talked: tuple[tuple[str, str], ...] = ()
    transfers: tuple[Transfer, ...] = ()
    legs: tuple[LegRecord, ...] = ()
    placed_by: str | None = None
    waits: tuple[Wait, ...] = ()
    release: Release | None = None
    unseen: tuple[float | None, float | None] | None = None
    conferences: tuple[Conference, ...] = ()

    @property
    def client(self) -> Party | None:
        """Who the client is, None where only colleagues are in it."""
        if self.direction == "inbound":
            return self.caller
        return Party(number=self.called) if self.direction == "outbound" else None
