"""What the features see of SMS: lines to gateways that send and are told, and who is told of what comes back.

A gateway is a company's SMSC (SMPP), its site (HTTP) or a modem on the PBX. Each has a line that holds its connection,
keeps its rate and window, and takes a broken connection up again by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from cti.errors import ChannelError
from cti.messages.deliveries import Choice as Choice
from cti.messages.deliveries import Receipt as Receipt

Health = Literal["starting", "up", "down"]


class OutText(msgspec.Struct, frozen=True, kw_only=True):
    """A message to be handed over. key: of our own making, the same at every try; number: E.164 with +.

    sender: a name or a number of ours, "": the gateway's own. parts: its text as parts go over the air
    (messages/sms.py). lasts_s: after so long it is not to be delivered any more.
    """

    key: str
    number: str
    sender: str
    text: str
    parts: tuple[str, ...]
    lasts_s: float = 86400.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway answered to one part. far_id: what it calls it, "" where it gives no id; or we.

    state: accepted, rejected, or unknown where the answer did not come. said: its own words, of its making.
    """

    state: Literal["accepted", "rejected", "unknown"]
    far_id: str = ""
    said: str = ""


class InText(msgspec.Struct, frozen=True, kw_only=True):
    """An SMS, or one part of it, that came. number: theirs as the gateway gives it; sender: ours that it came to.

    key: what tells it from others where the gateway gives an id, else "". ref, part, parts: of a long one; 0, 1, 1.
    """

    number: str
    sender: str
    text: str
    at: float
    key: str = ""
    ref: int = 0
    part: int = 1
    parts: int = 1


class SmsTrouble(ChannelError):
    """A gateway certainly did not take a message. permanent: it will not take this one ever.

    code: down, host, lookup, closed, silent, certificate, refused-bind, throttled, full, balance, bad-number,
    bad-sender, bad-text, unsure-words, http, not-ours, no-right, no-driver, no-pbx, other (web/sms_texts.py says
    them); waited: for its turn, and longer than it may without being asked anew whether it may leave. said: its own
    last words, one line, of their making and not to be believed. retry_s: how long it wants to be left alone,
    None: as usual.
    """

    def __init__(self, code: str, said: str = "", *, permanent: bool = False, retry_s: float | None = None) -> None:
        super().__init__(code, permanent=permanent)
        self.code = code
        self.said = " ".join(said.split())[:200]
        self.retry_s = retry_s

    @property
    def stored(self) -> str:
        """As a gateway's row holds it."""
        return f"{self.code}|{self.said}" if self.said else self.code


class TextTaker(Protocol):
    """Who sees to what gateways tell. What it was told is in the base when it returns: then the gateway is thanked."""

    async def told(self, gateway_id: int, receipts: Sequence[Receipt]) -> None:
        """What became of messages. They may be unknown yet, and may be told twice."""
        ...

    async def came(self, gateway_id: int, texts: Sequence[InText]) -> None:
        """Messages to us. They may be told twice."""
        ...


class TextLine(Protocol):
    """The line to one gateway."""

    @property
    def health(self) -> Health:
        """Whether it can send now."""
        ...

    @property
    def window(self) -> int:
        """How many messages may be on their way at once."""
        ...

    async def run(self) -> None:
        """Hold the connection until cancelled; tell the taker. Trouble is told to whoever built it, never raised."""
        ...

    async def send(self, text: OutText) -> tuple[Answer, ...]:
        """Hand a message over; an answer per part, in their order. It waits for the gateway's rate.

        Raises SmsTrouble when certainly nothing of it was taken. Cancelled, or without an answer: it is not known.
        """
        ...


class TextLines(Protocol):
    """All lines, and which of them serves a number."""

    def choose(self, number: str, *, purpose: str, besides: frozenset[int] = frozenset()) -> Choice | None:
        """The gateway for a number now: by prefix, order, share, and whether it is up. None: none serves it.

        One that is only down is chosen where no other is up: the message waits for it.
        """
        ...

    def line(self, gateway_id: int) -> TextLine | None:
        """The line to a gateway; None: it is paused or gone."""
        ...
