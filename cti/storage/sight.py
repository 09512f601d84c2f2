"""What a connection's owner may see: records go to him through his sight, which came with the connection."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from cti.clients.masking import OPEN, Sight

T = TypeVar("T")
OPTION = "sight"


def sight_of(conn: AsyncConnection) -> Sight:
    """Whose eyes are at this connection; all is open to the server's own work."""
    sight: Sight = conn.sync_connection.get_execution_options().get(OPTION, OPEN) if conn.sync_connection else OPEN
    return sight


def seen(conn: AsyncConnection, thing: T) -> T:
    """A record, or several, as they are shown to whoever reads."""
    return sight_of(conn).see(thing)
