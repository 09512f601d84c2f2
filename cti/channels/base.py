"""What every channel to the outside world looks like to the server, and how it comes back after a failure.

A channel owns its connection: it connects, keeps itself alive, reconnects with a capped, jittered back-off and puts
what it receives on one bounded queue. The server starts `run` as a named task and reads `health` for the panel.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteQuestion:
    """A dialplan asks where a call should go. number: raw, None when hidden. pbx: the name it gave itself, or ""."""

    number: str | None
    call: str
    pbx: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteAnswer:
    """What the dialplan is told; what is empty is not told. steps: how it came about, for the call's trace.

    caller: what the number is; `none` says that there is no number to look up, or nothing may be told.
    """

    caller: Literal["client", "several", "unknown", "none"] = "none"
    name: str = ""
    extension: str = ""
    device: str = ""
    tags: tuple[str, ...] = ()
    priority: int = 0
    steps: tuple[tuple[str, Mapping[str, str]], ...] = ()


class Router(Protocol):
    """Who answers a dialplan's question."""

    async def route(self, asked: RouteQuestion) -> RouteAnswer:
        """The answer; takes the time it takes, the channel waits for it no longer than it may."""
        ...

    def settled(self, asked: RouteQuestion, answer: RouteAnswer | None) -> None:
        """What the dialplan got in the end; None: nothing, for the answer came too late or could not be given."""


def backoff(first_s: float = 1.0, cap_s: float = 30.0, jitter: float = 0.2) -> Iterator[float]:
    """Endless pauses in seconds: doubling from first_s to cap_s, each spread by +-jitter (0.2 = 20 %)."""
    pause = first_s
    while True:
        yield pause * (1 + random.uniform(-jitter, jitter))  # noqa: S311 - spreading, not secrecy
        pause = min(pause * 2, cap_s)
