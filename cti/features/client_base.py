"""The client base as people change it: new clients and changed cards, numbers read by the installation's plan.

A change carries the version it was made on: somebody else's change meanwhile is never overwritten unseen.
"""

from __future__ import annotations

from collections.abc import Callable

from cti.access import Person, may
from cti.clients.card import ClientDraft, with_numbers
from cti.errors import NotAllowed, Refused
from cti.storage import clients
from cti.storage.database import Database
from cti.telephony.numbering import NumberPlan


class ClientBase:
    """Writes to the client base. plan: how typed numbers are read."""

    def __init__(self, *, db: Database, plan: NumberPlan, clock: Callable[[], float]) -> None:
        self._db = db
        self._plan = plan
        self._clock = clock

    async def create(self, person: Person, draft: ClientDraft) -> int:
        """A new client; returns its id. Raises NotAllowed, or Refused("no-name") without a name."""
        self._check(person, draft)
        async with self._db.write() as conn:
            return await clients.insert(conn, with_numbers(draft, self._plan), self._clock())

    async def change(self, person: Person, client_id: int, draft: ClientDraft, version: int) -> None:
        """Replace the card's fields. Raises Refused("changed-meanwhile") when `version` is not the newest."""
        self._check(person, draft)
        async with self._db.write() as conn:
            draft = with_numbers(draft, self._plan)
            if not await clients.update(conn, client_id, draft, version, self._clock()):
                raise Refused(
                    "changed-meanwhile", "Somebody changed this card meanwhile: look at the new state and save again."
                )

    def _check(self, person: Person, draft: ClientDraft) -> None:
        if not may(person, "clients.write"):
            raise NotAllowed("Your role may not change clients; ask an admin.")
        if not draft.name.strip():
            raise Refused("no-name", "A client needs a name.")
