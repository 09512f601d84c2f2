"""What every channel to the outside world looks like to the server, and how it comes back after a failure.

A channel owns its connection: it connects, keeps itself alive, reconnects with a capped, jittered back-off and puts
what it receives on one bounded queue. The server starts `run` as a named task and reads `health` for the panel.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from cti.telephony.commands import Command

State = Literal["off", "connecting", "up", "down", "refused"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """A channel's state in words for the panel. since: UNIX s of the last change; detail: sentence, no secrets."""

    state: State
    since: float
    detail: str = ""


class Channel(Protocol):
    """The outside world behind one face."""

    async def run(self) -> None:
        """Stay connected until cancelled; every failure is healed inside or shown by `health`."""

    def health(self) -> Health: ...


class Answer(Protocol):
    """What the PBX said to one action. message: its own words; items: of an answer that is a list."""

    @property
    def ok(self) -> bool: ...
    @property
    def message(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str | list[str]]: ...
    @property
    def items(self) -> Sequence[Mapping[str, str | list[str]]]: ...


class Switchboard(Protocol):
    """The telephone channel as the features see it: ask the PBX for one thing of the closed list."""

    async def ask(self, command: Command, *, timeout_s: float = 5.0) -> Answer:
        """The PBX's answer. Raises ChannelError at once while the link is down; unknown=True when it dropped after."""
        ...

    def health(self) -> Health: ...


class Visit(Switchboard, Protocol):
    """A connection of its own for a short while, signed in anew: so the account is seen as it is now."""

    @property
    def booted(self) -> bool:
        """Whether the PBX told that it is up (an event of class system)."""
        ...

    @property
    def ahead_s(self) -> float | None:
        """How far the PBX's clock is ahead, None: it does not tell its time."""
        ...

    async def returns(self, name: str) -> bool:
        """Whether an event of our own comes back (class user). Raises ChannelError where it cannot be sent."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Knock:
    """How a SIP over WebSocket answered. expires_at: of its certificate, UNIX seconds; None without one."""

    answers: bool
    why: str = ""
    expires_at: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteQuestion:
    """A dialplan asks where a call should go. number: raw, None when hidden. pbx: the name it gave itself, or ""."""

    number: str | None
    call: str
    pbx: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteAnswer:
    """What the dialplan is told; what is empty is not told. steps: how it came about, for the call's trace.

    listed: on which list the number stands. caller: what it is; `none` says that there is no number to look up, or
    nothing may be told.
    """

    caller: Literal["client", "several", "unknown", "none"] = "none"
    name: str = ""
    extension: str = ""
    device: str = ""
    tags: tuple[str, ...] = ()
    priority: int = 0
    listed: Literal["", "black", "white"] = ""
    steps: tuple[tuple[str, Mapping[str, str]], ...] = ()


DeskWord = Literal["ok", "pin", "no"]  # done; asks for a PIN; not done


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskQuestion:
    """Somebody sits down at a shared desk phone by a code. device: as the PBX names it.

    extension: his own, "": he leaves.
    """

    device: str
    extension: str = ""
    pin: str = ""
    pbx: str = ""


class Desks(Protocol):
    """Who decides about shared desk phones."""

    async def desk(self, asked: DeskQuestion) -> DeskWord: ...


DutyWish = Literal["log-in", "log-out", "ready", "pause"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DutyQuestion:
    """An agent dialled a code at his phone. device: as the PBX names it; reason: the digit of a pause."""

    device: str
    wish: DutyWish
    reason: str = ""
    pbx: str = ""


class Duties(Protocol):
    """Who decides what agents are."""

    async def duty(self, asked: DutyQuestion) -> bool: ...


class Router(Protocol):
    """Who answers a dialplan's question."""

    async def route(self, asked: RouteQuestion) -> RouteAnswer:
        """The answer; takes the time it takes, the channel waits for it no longer than it may."""
        ...

    def settled(self, asked: RouteQuestion, answer: RouteAnswer | None) -> None:
        """What the dialplan got in the end; None: nothing, for the answer came too late or could not be given."""


@dataclass(kw_only=True, slots=True)
class Placed:
    """A call that the server placed itself. Times in UNIX seconds, None: not yet. code: SIP's; why: a sentence."""

    id: str
    sent_at: float | None = None
    rings_at: float | None = None
    talks_at: float | None = None
    done_at: float | None = None
    code: int = 0
    why: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Dialler(Protocol):
    """A line from which the server places calls itself."""

    async def place(self, number: str, *, ring_s: float, talk_s: float) -> Placed:
        """Call a number; returns once the first packet has left, or it cannot. Raises ChannelError."""
        ...

    def end(self, placed: Placed) -> None:
        """Leave the call, however far it came."""


def backoff(first_s: float = 1.0, cap_s: float = 30.0, jitter: float = 0.2) -> Iterator[float]:
    """Endless pauses in seconds: doubling from first_s to cap_s, each spread by +-jitter (0.2 = 20 %)."""
    pause = first_s
    while True:
        yield pause * (1 + random.uniform(-jitter, jitter))  # noqa: S311 - spreading, not secrecy
        pause = min(pause * 2, cap_s)


@dataclass(frozen=True, kw_only=True, slots=True)
class Voicemail:
    """A message. number: the caller's as presented, "" for none. at: when it was begun, UNIX seconds."""

    number: str
    at: float
    sound: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Sound:
    """A recording's file. duration_s None: not a kind that can be measured. peaks: how loud each piece is, a letter."""

    size: int
    sha256: str
    duration_s: float | None = None
    peaks: str = ""
    is_empty: bool = False
    is_whole: bool = True  # as far as its head tells


class Archive(Protocol):
    """Where old recordings lie. name: `PBX/` and a file below its folder; sha256: of the whole file."""

    async def put(self, source: Path, name: str, sha256: str) -> None: ...
    async def path(self, name: str, sha256: str) -> Path | None: ...
    async def remove(self, name: str, sha256: str) -> bool: ...


class RecordedFiles(Protocol):
    """Files of recordings in a folder of a PBX; each waits for a disk. None, False: not there now."""

    def path_of(self, folder: Path, file: str) -> Path | None: ...
    def size_of(self, folder: Path, file: str) -> int | None: ...
    def measure(self, folder: Path, file: str) -> Sound | None: ...
    def remove(self, folder: Path, file: str) -> bool: ...
