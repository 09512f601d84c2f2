"""A page of another system about the client of a call: an address with places that are filled in. Pure.

Only what an admin has written decides where it leads: scheme and host stand in the template itself, what is filled in
is percent-encoded and cannot leave its place. Plain http only to this very machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Opens = Literal["button", "auto", "instead"]
OPENS: tuple[Opens, ...] = get_args(Opens)
FIELDS = ("phone", "client_id", "name", "inn", "call_id", "queue", "agent")
LONGEST = 1000
LOOPBACK = frozenset(("localhost", "127.0.0.1", "[::1]"))
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PLACE = re.compile(r"\{([^{}]*)\}")
_START = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-fA-F:]+\]|[^\W_](?:[\w.-]*[^\W_])?)(?::(?P<port>[0-9]{1,5}))?[/?#]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class OutsidePage:
    """template: with {places}; opens: by a button, by itself with the card, or by itself in the card's place."""

    template: str
    opens: Opens = "button"

    def fault(self) -> str:
        """What is wrong with it, as a code of a refusal; "" where nothing is."""
        text = self.template
        if self.opens not in OPENS or len(text) > LONGEST or not text.isprintable() or " " in text or "\\" in text:
            return "bad-page"
        if not set(_PLACE.findall(text)) <= set(FIELDS) or "{" in _PLACE.sub("", text) or "}" in _PLACE.sub("", text):
            return "bad-page-place"
        start = _START.match(text)
        if start is None:
            return "bad-page"
        safe = start["scheme"] == "https" or start["host"] in LOOPBACK
        return "" if safe and 0 < int(start["port"] or 1) < 65536 else "bad-page-scheme"

    def address(self, values: Mapping[str, str]) -> str:
        """Where it leads; a place without a value is empty."""
        return _PLACE.sub(lambda place: _quoted(values.get(place[1], "")), self.template)


def _quoted(text: str) -> str:
    """Percent-encoded, every sign that could end a place in an address."""
    return "".join(
        chr(one) if chr(one) in UNRESERVED else f"%{one:02X}" for one in text.encode("utf-8", errors="replace")
    )
