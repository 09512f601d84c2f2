"""Reports that leave the panel: as a file that somebody takes, and by letter on a schedule.

Each file that leaves is one line of the audit journal.
"""

from __future__ import annotations

from collections.abc import Callable

from cti.access import Person
from cti.storage import sessions
from cti.storage.database import Database


class ReportLetters:
    """Reports on their way out."""

    def __init__(self, *, db: Database, clock: Callable[[], float]) -> None:
        self._db = db
        self._clock = clock

    async def took(self, person: Person, file: str) -> None:
        """Somebody takes a report as a file; said before it leaves."""
        async with self._db.write() as conn:
            await sessions.note(conn, self._clock(), person.id, "report-file", file)
