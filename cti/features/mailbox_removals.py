"""Mailboxes that people removed go in the background, piece by piece; what a stop of the server left is gone on with.

Whoever else writes waits for one piece at most: writers take turns (storage/database.py).
"""

from __future__ import annotations

import asyncio

import structlog

from cti.errors import StorageError
from cti.storage import mailbox_removals
from cti.storage.database import Database
from cti.storage.mailbox_removals import Removal

PIECE = 100
AGAIN_S = 30.0  # after a trouble of the database

log = structlog.get_logger()


class MailboxRemovals:
    """All of it. piece: of how many letters in one transaction."""

    def __init__(self, *, db: Database, piece: int = PIECE) -> None:
        self._db = db
        self._size = piece
        self._due = asyncio.Event()

    def wake(self) -> None:
        """A mailbox is to be removed."""
        self._due.set()

    async def run(self) -> None:
        """Remove what is to be removed, until cancelled."""
        while True:
            self._due.clear()
            try:
                await self.finish()
            except StorageError as error:
                log.warning("mailboxes are not removed yet", error=str(error))
                await asyncio.sleep(AGAIN_S)
            else:
                await self._due.wait()

    async def finish(self) -> None:
        """Remove all that are to be removed now. Raises StorageError."""
        async with self._db.read() as conn:
            removals = await mailbox_removals.listed(conn)
        for removal in removals.values():
            while await self._piece(removal):
                pass
            log.info("a mailbox is removed", mailbox=removal.mailbox_id)

    async def _piece(self, removal: Removal) -> bool:
        async with self._db.write() as conn:
            return await mailbox_removals.go_on(conn, removal, self._size)
