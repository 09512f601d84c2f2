"""Addresses that open one thing for whoever holds them and is not signed in: the end of a subscription, a call-back.

What such an address says is signed with the installation's key; it opens that one thing until its time is over, and
looking at it changes nothing: programs that scan letters and messages open every address in them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Literal

import msgspec

# unsubscribe: a letter in the outbox; call back: a missed call; link: of a campaign, for one of its people
Kind = Literal["u", "c", "l"]
LASTS_S: dict[Kind, float] = {"u": 400 * 86400.0, "c": 24 * 3600.0, "l": 90 * 86400.0}
ADDRESS_CHARS = 300


class Grant(msgspec.Struct, frozen=True, array_like=True):
    """What an address opens. what: the letter's id, the call's, or `CAMPAIGN:NUMBER`."""

    kind: Kind
    what: str
    until: int


class Doors:
    """Gives addresses out and knows its own. key: a secret of the installation; site: `https://cti.example`, "": none.

    Without a site nobody outside could follow one, so there is none: `address` is "".
    """

    def __init__(self, key: bytes, site: str) -> None:
        self._key = hashlib.sha256(b"doors:" + key).digest()  # opens nothing else that this key keeps
        self.site = site.rstrip("/")

    def address(self, kind: Kind, what: str, now: float) -> str:
        """Where it is opened."""
        return f"{self.site}/{kind}/{self.give(kind, what, now)}" if self.site else ""

    def give(self, kind: Kind, what: str, now: float) -> str:
        """What stands at the end of such an address."""
        body = msgspec.msgpack.encode(Grant(kind=kind, what=what, until=int(now + LASTS_S[kind])))
        return base64.urlsafe_b64encode(self._sign(body) + body).decode().rstrip("=")

    def of_campaign(self, campaign_id: int, now: float) -> Callable[[int], str]:
        """The link of each of its people, by his number in it."""
        return lambda number: self.address("l", f"{campaign_id}:{number}", now)

    def known(self, kind: Kind, text: str, now: float) -> Grant | None:
        """One of ours, of this kind, whose time is not over."""
        try:
            raw = base64.b64decode(text[:ADDRESS_CHARS] + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            if not hmac.compare_digest(raw[:16], self._sign(raw[16:])):
                return None
            grant = msgspec.msgpack.decode(raw[16:], type=Grant)
        except (ValueError, msgspec.MsgspecError):
            return None
        return grant if grant.kind == kind and now < grant.until else None

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()[:16]
