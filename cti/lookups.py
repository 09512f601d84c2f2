"""The event loop of the server: a name server that is dead or slow holds up nobody but who waits for that name.

asyncio looks names up in the threads that all other blocking work shares, and a lookup cannot be broken off: glibc asks
each server twice for 5 s (resolv.conf(5)). A few links that connect anew would take all those threads. Here each name
that is asked for has a thread of its own, who asks for the same name meanwhile waits for the same answer, nobody waits
longer than `LOOKUP_S`, and the end of the program waits for none. Nothing is remembered: a new address counts at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import Any

LOOKUP_S = 4.0  # less than those who connect have (CONNECT_S), so that they can say what it was
AT_ONCE = 64  # names
Asked = tuple[str | None, str | int | None, int, int, int, int]
Found = list[tuple[Any, ...]]


class Loop(asyncio.SelectorEventLoop):
    """For `asyncio.Runner(loop_factory=Loop)`."""

    def __init__(self) -> None:
        super().__init__()
        self._lookups: dict[Asked, asyncio.Future[Found | OSError | UnicodeError]] = {}

    async def getaddrinfo(  # type: ignore[override]
        self,
        host: str | None,
        port: str | int | None,
        *,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> Found:
        """As `socket.getaddrinfo`. Raises socket.gaierror EAI_AGAIN when no answer comes in time."""
        with contextlib.suppress(socket.gaierror):  # an address needs no thread
            return list(socket.getaddrinfo(host, port, family, type, proto, flags | socket.AI_NUMERICHOST))
        asked = (host, port, family, type, proto, flags)
        try:
            async with asyncio.timeout(LOOKUP_S):
                found = await asyncio.shield(self._lookups.get(asked) or self._begin(asked))
        except TimeoutError:
            raise socket.gaierror(socket.EAI_AGAIN, "the name server does not answer") from None
        if isinstance(found, Exception):
            raise found
        return found

    def _begin(self, asked: Asked) -> asyncio.Future[Found | OSError | UnicodeError]:
        if len(self._lookups) >= AT_ONCE:
            raise socket.gaierror(socket.EAI_AGAIN, "too many names are being looked up")
        future = self._lookups[asked] = self.create_future()

        def done(found: Found | OSError | UnicodeError) -> None:
            del self._lookups[asked]
            future.set_result(found)

        def look() -> None:
            found: Found | OSError | UnicodeError
            try:
                found = list(socket.getaddrinfo(*asked))
            except (OSError, UnicodeError) as error:
                found = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self.call_soon_threadsafe(done, found)

        try:
            threading.Thread(target=look, name="lookup", daemon=True).start()
        except RuntimeError:  # no memory for a thread
            del self._lookups[asked]
            raise socket.gaierror(socket.EAI_MEMORY, "there is no memory to look a name up") from None
        return future
