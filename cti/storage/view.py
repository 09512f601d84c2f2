"""A database as somebody sees it: what storage reads for him is shown to his sight."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import Sight
from cti.storage.database import Database
from cti.storage.sight import OPTION


class View:
    """Reads are his; writes are the features'."""

    def __init__(self, whole: Database, sight: Sight) -> None:
        self.whole = whole
        self._sight = sight

    @asynccontextmanager
    async def read(self, *, slow: bool = False) -> AsyncIterator[AsyncConnection]:
        """As Database.read."""
        async with self.whole.read(slow=slow) as conn:
            if conn.sync_connection is not None:
                conn.sync_connection.execution_options(**{OPTION: self._sight})
            yield conn

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """As Database.write."""
        async with self.whole.write() as conn:
            yield conn
