"""What the PBX's dialplan says of a call (UserEvent), for the card in the call: an order's number, what a menu asked.

The dialplan is a guest here as any caller is: what it says is cut in length and number, kept with the call, and shown
to those who have the call on their desks; nothing of it is looked up or acted upon.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cti.desktop import Variable
from cti.storage import call_variables as stored
from cti.storage.database import Database
from cti.storage.spool import Spool
from cti.telephony.events import CallCleared, CallMerged, CallVariables, SnapshotTaken

MOST = 20  # of one call
LONGEST_NAME, LONGEST_VALUE = 40, 200


class DialplanVariables:
    """told: the desks of a call are to be told anew."""

    def __init__(self, *, db: Database, spool: Spool) -> None:
        self._db = db
        self._spool = spool
        self._calls: dict[str, dict[str, str]] = {}
        self.told: Callable[[str], Awaitable[None]] | None = None

    async def start(self) -> None:
        """Those of calls that were open when the server stopped."""
        async with self._db.read() as conn:
            found = await stored.of_open_calls(conn)
        self._calls = {call: {one.name: one.value for one in told} for call, told in found.items()}

    def of(self, call: str) -> tuple[Variable, ...]:
        """Those of a call that goes on."""
        return tuple(Variable(name=name, value=value) for name, value in self._calls.get(call, {}).items())

    async def heard(self, event: CallVariables, _received_at: float) -> None:
        """The dialplan says something of a call."""
        known = self._calls.setdefault(event.call, {})
        before = dict(known)
        for name, value in event.variables.items():
            name, value = _line(name, LONGEST_NAME), _line(value, LONGEST_VALUE)
            if name and (name in known or len(known) < MOST):
                known[name] = value
        news = [Variable(name=name, value=value) for name, value in known.items() if before.get(name) != value]
        if news:
            self._spool.put(lambda conn: stored.put(conn, event.call, news))
            if self.told is not None:
                await self.told(event.call)

    async def call_merged(self, event: CallMerged, _received_at: float) -> None:
        """A consultation joins the client's call: what was said of that one counts first."""
        gone = self._calls.pop(event.call, {})
        if gone:
            kept = self._calls.get(event.into, {})
            self._calls[event.into] = dict(list((kept | gone | kept).items())[:MOST])

    async def call_cleared(self, event: CallCleared, _received_at: float) -> None:
        """The call is over."""
        self._calls.pop(event.call, None)

    async def snapshot_taken(self, event: SnapshotTaken, _received_at: float) -> None:
        """Forget calls that ended while nobody looked."""
        self._calls = {
            call: told
            for call, told in self._calls.items()
            if call in event.open_calls or not call.startswith(event.prefix)
        }


def _line(text: str, length: int) -> str:
    """One line of so many letters, without signs that print nothing."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[: length * 4]).split())[:length]
