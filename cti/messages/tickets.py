"""Tickets to one letter: what the frame of a letter shows at its address, for the session that opened it, for an hour.

The frame has no origin, so a browser sends no cookie with what it asks for; its addresses carry a ticket instead.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Literal

import msgspec

LASTS_S = 3600.0
Theme = Literal["auto", "light", "dark"]


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """To a letter. session: "" for a program's. hides: numbers are hidden from who reads."""

    letter_id: int
    session: str
    until: int
    language: str
    theme: Theme
    hides: bool


class Tickets:
    """Gives tickets out and knows its own. key: a secret of the installation."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(b"letters:" + key).digest()  # opens nothing else that this key keeps

    def give(self, ticket: Ticket) -> str:
        """A ticket as it stands in an address."""
        body = msgspec.msgpack.encode(ticket)
        return base64.urlsafe_b64encode(self._sign(body) + body).decode().rstrip("=")

    def known(self, text: str, now: float) -> Ticket | None:
        """A ticket of ours that still counts."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            if not hmac.compare_digest(raw[:16], self._sign(raw[16:])):
                return None
            ticket = msgspec.msgpack.decode(raw[16:], type=Ticket)
        except (ValueError, msgspec.MsgspecError):
            return None
        return ticket if now < ticket.until else None

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()[:16]
