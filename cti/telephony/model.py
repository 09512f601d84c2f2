"""The tracker's own state: legs, bridges and calls, as they stand. Nothing outside the package sees these objects.

A *leg* is one Asterisk channel; a *call* is one logical call, whatever is transferred. Legs of Local channels tie real
legs together and are never a party themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cti.telephony.events import CallRecord, Direction, LegRecord, LegResult, Outcome, Party, Reason, Transfer

DOWN, RING, RINGING, UP = 0, 4, 5, 6
OWN = "trubka-"  # a leg whose Uniqueid begins so was made by our own MakeCall
_SHORT = re.compile(r"(?:.*[^0-9])?([0-9]{2,5})(?:-web)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class DevicePlan:
    """Which endpoints are agents' devices. Both empty: those named by (or ending in) a number of 2-5 digits."""

    devices: frozenset[str] = frozenset()
    trunks: frozenset[str] = frozenset()

    def device(self, leg: str, account: str = "") -> str | None:
        """The device of a leg (`PJSIP/101-0000001a` -> `PJSIP/101`), None for trunks and Local legs."""
        endpoint = leg.rpartition("-")[0] or leg
        if endpoint.startswith("Local/") or endpoint in self.trunks:
            return None
        if self.devices:
            return endpoint if endpoint in self.devices else None
        name = endpoint.partition("/")[2]
        return endpoint if _SHORT.fullmatch(name) or (account and _SHORT.fullmatch(account)) else None


@dataclass(kw_only=True, slots=True)
class Leg:
    """One channel. Times are UNIX seconds."""

    id: str
    name: str
    call: Call
    device: str | None
    state: int = DOWN
    number: str | None = None
    shown: str | None = None
    peer_number: str | None = None
    peer_name: str | None = None
    exten: str = ""
    bridge: str = ""
    created: float = 0.0
    rang: float | None = None
    answered: float | None = None
    talked: bool = False
    held: bool = False
    other_half: str = ""  # Uniqueid of a Local leg's other half
    hint: LegResult | None = None  # what DialEnd said of it

    @property
    def real(self) -> bool:
        """A party, not a piece of wire inside the PBX."""
        return not self.name.startswith("Local/")

    def record(
        self, ended: float | None = None, result: LegResult | None = None, cause: int | None = None
    ) -> LegRecord:
        """The frozen account of the leg."""
        return LegRecord(
            leg=self.name,
            leg_id=self.id,
            device=self.device,
            rang=self.rang,
            answered=self.answered,
            ended=ended,
            result=result,
            cause=cause,
        )


@dataclass(kw_only=True, slots=True)
class Call:
    """One logical call."""

    id: str
    caller: Party = field(default_factory=Party)
    caller_leg: str = ""
    called: str | None = None
    direction: Direction | None = None
    placed_by: str | None = None
    started: float = 0.0
    queue: str | None = None
    in_queue: bool = False
    queued: float | None = None
    answered: float | None = None
    talked: list[tuple[str, str]] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    legs: dict[str, Leg] = field(default_factory=dict)
    past: list[LegRecord] = field(default_factory=list)
    exit: str = ""  # how the queue was left
    taken_by: str | None = None

    def record(
        self, *, ended: float | None = None, outcome: Outcome | None = None, reason: Reason | None = None
    ) -> CallRecord:
        """The frozen account of the call."""
        running = [leg.record() for leg in self.legs.values() if leg.real]
        return CallRecord(
            call=self.id,
            direction=self.direction,
            caller=self.caller,
            called=self.called,
            queue=self.queue,
            started=self.started,
            queued=self.queued,
            answered=self.answered,
            ended=ended,
            outcome=outcome,
            reason=reason,
            talked=tuple(self.talked),
            transfers=tuple(self.transfers),
            legs=tuple([*self.past, *running]),
            placed_by=self.placed_by,
        )
