"""Restriction of a client's processing: who may ask for it and lift it. What it stops asks storage/restrictions.py."""

from __future__ import annotations

from collections.abc import Callable

from cti.access import Person, may
from cti.errors import NotAllowed, Refused
from cti.storage import restrictions
from cti.storage.database import Database

WHY_CHARS = 200


class ClientRestrictions:
    """Sets and lifts restrictions. clock: UNIX seconds."""

    def __init__(self, *, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock

    async def restrict(self, person: Person, client_id: int, why: str) -> None:
        """From now on nothing is done with the client's data. why: shown to whoever is refused. Raises Refused."""
        why = " ".join(why.split())[:WHY_CHARS]
        if not why:
            raise Refused("no-restriction-reason", "Say why: whoever wants to call reads it.")
        await self._set(person, client_id, why)

    async def release(self, person: Person, client_id: int) -> None:
        """The client may be called and written to again. Raises Refused."""
        await self._set(person, client_id, "")

    async def _set(self, person: Person, client_id: int, why: str) -> None:
        if not may(person, "clients.restrict"):
            raise NotAllowed("Your role may not restrict or release clients; ask an admin.")
        async with self._db.write() as conn:
            if not await restrictions.put(conn, client_id, why, now=self._clock(), user_id=person.id):
                raise Refused("no-client", "There is no such client.")
