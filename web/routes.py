"""The one form of a route: method, path, handler and who may use it. A route that does not say so cannot exist."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from cti.access import Right

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Who = Literal["public", "local", "signed-in"] | Right


@dataclass(frozen=True, slots=True)
class Route:
    """who: public (everybody), local (loopback without a proxy), signed-in, or a right of cti/access.py."""

    method: str
    path: str
    handler: Handler
    who: Who

    @property
    def right(self) -> Right | None:
        """The right it needs beyond being signed in."""
        if self.who == "public" or self.who == "local" or self.who == "signed-in":
            return None
        return self.who

    @property
    def is_api(self) -> bool:
        """Whether its errors are problem+json."""
        return self.path.startswith("/api/")
