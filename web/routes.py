"""The one form of a route: method, path, handler, who may use it, whose data it shows; all said or no route.

What a successful answer shows is what the access journal will hold a line of:
client, call: a card or a call, or parts of one. clients, calls: several. export: a file that leaves the house. print:
a page that was printed. import: cards that a file changes. journal: the access journal itself. No line: staff
(colleagues, as an installation's settings name them), nothing (nobody; also what a form's sender has just written).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from cti.access import Right

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Who = Literal["public", "local", "key", "signed-in"] | Right
Shows = Literal["nothing", "staff", "client", "clients", "call", "calls", "export", "print", "import", "journal"]


@dataclass(frozen=True, slots=True)
class Route:
    """who: public (everybody), local (loopback without a proxy), key (a site's), signed-in, or a right of access.py.

    Whether the key opens it, and whether the pages of the site may send it, the handler finds out.
    """

    method: str
    path: str
    handler: Handler
    who: Who
    shows: Shows

    @property
    def right(self) -> Right | None:
        """The right it needs beyond being signed in."""
        if self.who == "public" or self.who == "local" or self.who == "key" or self.who == "signed-in":
            return None
        return self.who

    @property
    def is_api(self) -> bool:
        """Whether its errors are problem+json."""
        return self.path.startswith("/api/")
