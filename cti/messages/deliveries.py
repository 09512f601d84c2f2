"""What becomes of an SMS on its way: states, and how what gateways say is put together, in whatever order it comes.

A receipt may come twice, late, before the answer to its own submission, and name the message in hexadecimal where the
answer had it in decimal. States only rise: what was delivered stays so. Of several parts the message is as its worst.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import msgspec

# queued: waits for us; sending: claimed; accepted: the gateway has it; sent: the network has it; unknown: nobody knows
# whether it went, or what became of it: never sent again by itself; canceled: taken back before it went
State = Literal[
    "queued", "sending", "accepted", "sent", "delivered", "undeliverable", "expired", "rejected", "unknown", "canceled"
]
# What a gateway tells of a message that it has
Told = Literal["accepted", "sent", "delivered", "undeliverable", "expired", "rejected", "unknown"]
STATES: tuple[State, ...] = get_args(State)
LATE_S = 72 * 3600.0  # so long a receipt may come before, or after, what it belongs to
_RANK: dict[str, int] = {
    "queued": 0, "sending": 1, "unknown": 2, "accepted": 3, "sent": 4,
    "expired": 5, "rejected": 6, "undeliverable": 7, "delivered": 8,
}  # fmt: skip
FINAL: frozenset[State] = frozenset(("delivered", "undeliverable", "expired", "rejected", "canceled"))


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway tells of a part later. far_id as it writes it then. at: when it was told, UNIX seconds.

    named: what it calls the part from now on, of an answer that came too late; "": as it did.
    """

    far_id: str
    state: Told
    said: str = ""
    at: float
    named: str = ""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway for a message. price: of a part, hundredths of the currency."""

    gateway_id: int
    sender: str
    price: int
    currency: str


def becomes(now: State, told: Told) -> State:
    """The state after a receipt."""
    if now == "canceled":
        return now
    return told if _RANK[told] > _RANK[now] else now


def together(parts: Iterable[State]) -> State:
    """The state of a message by those of its parts: delivered when all are, failed when one is."""
    states = list(parts)
    failed = [one for one in states if one in FINAL and one != "delivered"]
    if failed:
        return max(failed, key=lambda one: _RANK.get(one, 9))
    return min(states, key=lambda one: _RANK[one]) if states else "queued"


def id_keys(said: str) -> tuple[str, ...]:
    """How a gateway's id of a message may be written elsewhere, the way it was said first.

    Some answer in hexadecimal and report in decimal, or the other way (SMPP 3.4 leaves it open).
    """
    exact = said.strip("\0 ").lower()[:64]
    if not exact:
        return ()
    bare = exact.removeprefix("0x").lstrip("0") or "0"
    keys = [exact, bare]
    if bare.isascii() and bare.isdecimal():
        keys += [format(int(bare), "x"), _decimal(bare)]
    else:
        keys.append(_decimal(bare))
    return tuple(dict.fromkeys(one for one in keys if one))


def _decimal(text: str) -> str:
    try:
        return str(int(text, 16))
    except ValueError:
        return ""
