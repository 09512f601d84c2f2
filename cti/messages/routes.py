"""Which gateway serves a number: by the longest prefix, then by order, then by share; one that is down is passed over.

Pure. Where all that serve a prefix are down, the next shorter one's serve; where all are down, the first is chosen and
the message waits for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby

import msgspec

PREFIX = r"(\+[1-9][0-9]{0,14})?"
GOLDEN = 0.6180339887498949  # turns by it spread evenly, however many there are


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway for numbers that begin so; "": for all. price: of a part, None: the gateway's own."""

    prefix: str
    gateway_id: int
    position: int
    share: int = 1
    price: int | None = None


def in_order(routes: Sequence[Route], number: str) -> list[Route]:
    """Those that serve a number: of longer prefixes first, each by its position."""
    fitting = [one for one in routes if number.startswith(one.prefix)]
    return sorted(fitting, key=lambda one: (-len(one.prefix), one.position, one.gateway_id))


def chosen(
    routes: Sequence[Route], number: str, *, known: Collection[int], up: Collection[int], turn: int
) -> Route | None:
    """The route of a message. known: gateways that are in use, up: that can send now; turn: how many went before."""
    fitting = [one for one in in_order(routes, number) if one.gateway_id in known]
    for _, alike in groupby(fitting, key=lambda one: (one.prefix, one.position)):
        ready = [one for one in alike if one.gateway_id in up]
        if ready:
            return by_share(ready, turn)
    return fitting[0] if fitting else None


def by_share(routes: Sequence[Route], turn: int) -> Route:
    """One of several, each as often as its share says."""
    point = (turn * GOLDEN) % 1.0 * sum(one.share for one in routes)
    for one in routes:
        point -= one.share
        if point < 0:
            return one
    return routes[-1]
