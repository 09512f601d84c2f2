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
        ids = clients if isinstance(clients, str) else list(dict.fromkeys(clients))
        written = self._put(person, action, thing, ids, count, address, why)
        if self._spool.state == "ok":
            await asyncio.wait({written}, timeout=WAIT_S)

    def popped(self, person: Person, pop: ScreenPop, address: str) -> None:
        """A ringing call's card came to an agent's screen; it waits for no disk."""
        ids = [one.client.id for one in pop.matches]
        self._put(person, "view", f"call:{pop.call.id}", ids, None, address, "")

    def _put(
        self,
        person: Person,
        action: Action,
        thing: str,
        ids: list[int] | str,
        count: int | None,
        address: str,
        why: str,
    ) -> asyncio.Future[bool]:
        line = Line(
            at=self._clock(),
            user_id=person.id,
            login=person.login,
            action=action,
            thing=_plain(thing)[:LONGEST_THING],
            count=len(ids) if count is None else count,
            clients=ids if isinstance(ids, str) else told(ids),
            address=_plain(address)[:45],
            why=_plain(why)[:LONGEST_WHY],
        )
        return self._spool.put(
            lambda conn: access_log.append(conn, [line]), here=lambda raw: access_log.append_here(raw, [line])
        )


def _plain(text: str) -> str:
    """Without control characters, which no column keeps alike."""
    return text if text.isprintable() else "".join(one for one in text if one.isprintable())
