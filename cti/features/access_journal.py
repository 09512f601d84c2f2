"""The access journal: who saw whose data, one line for each answer that showed it.

Rules kept here: a line is on the disk before the data leaves; when the database is late, the line waits in the spool
and the answer goes on. Neither what was typed into a search nor names or numbers stand in it: a search is kept as the
fields it asked by and the clients that came. Nothing here deletes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from cti.access import Person
from cti.clients.seen import told
from cti.desktop import ScreenPop
from cti.storage import access_log
from cti.storage.access_log import Action, Line
from cti.storage.spool import Spool

WAIT_S = 1.0
LONGEST_THING, LONGEST_WHY = 120, 400


class AccessJournal:
    """Writes lines. clock: UNIX seconds."""

    def __init__(self, *, spool: Spool, clock: Callable[[], float]) -> None:
        self._spool = spool
        self._together: tuple[list[Line], asyncio.Future[bool]] | None = (
            None  # lines that wait, and are written, as one
        )
        self._clock = clock
        self.exported: Callable[[], None] = lambda: None  # told after the line of a file that leaves

    async def keep(
        self,
        person: Person,
        action: Action,
        thing: str,
        clients: Iterable[int] | str = (),
        *,
        count: int | None = None,
        address: str = "",
        why: str = "",
    ) -> None:
        """Keep a line; it is on the disk, or waits to be, when this returns. clients: ids, or them as text.

        count: how many persons' data was shown, where that is not the number of clients.
        """
        who = (self._clock(), person.id, person.login)
        written = self._put(line_of(*who, action, thing, clients, count=count, address=address, why=why))
        if self._spool.state == "ok":
            await asyncio.wait({written}, timeout=WAIT_S)
        if action == "export":
            self.exported()

    def popped(self, person: Person, pop: ScreenPop, address: str) -> None:
        """A ringing call's card came to an agent's screen; it waits for no disk."""
        ids = [one.client.id for one in pop.matches]
        self._put(line_of(self._clock(), person.id, person.login, "view", f"call:{pop.call.id}", ids, address=address))

    def watched(self, person: Person, clients: Iterable[int], address: str, thing: str = "board") -> None:
        """Clients who were shown on a person's live board since its last line; it waits for no disk.

        thing: board, or the link by which a screen shows one with his eyes.
        """
        self._put(line_of(self._clock(), person.id, person.login, "view", thing, clients, address=address))

    def reminded(self, user_id: int, login: str, clients: Iterable[int], count: int) -> None:
        """Reminders of tasks came to a person's screens; they wait for no disk."""
        self._put(line_of(self._clock(), user_id, login, "view", "reminders", clients, count=count))

    def _put(self, line: Line) -> asyncio.Future[bool]:
        return self._spool.put(lambda conn: access_log.append(conn, [line]))


def line_of(
    at: float,
    user_id: int | None,
    login: str,
    action: Action,
    thing: str,
    clients: Iterable[int] | str,
    *,
    count: int | None = None,
    address: str = "",
    why: str = "",
) -> Line:
    """A line, bounded as its columns are. clients: ids, or them as text; count: by default as many."""
    ids = clients if isinstance(clients, str) else list(dict.fromkeys(clients))
    return Line(
        at=at,
        user_id=user_id,
        login=login,
        action=action,
        thing=_plain(thing)[:LONGEST_THING],
        count=len(ids) if count is None else count,
        clients=ids if isinstance(ids, str) else told(ids),
        address=_plain(address)[:45],
        why=_plain(why)[:LONGEST_WHY],
    )


def _plain(text: str) -> str:
    """Without control characters, which no column keeps alike."""
    return text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)
