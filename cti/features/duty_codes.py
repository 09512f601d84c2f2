"""Feature codes of agents at desk phones: `*21` into the queues, `*22` out of them, `*231` a pause, `*24` on the line.

Whoever sits at the phone has dialled; which phone it is, the channel tells. Pauses are numbered as the list of reasons
stands; 0 is one without a reason. What may not be, or what nobody knows, is no.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from cti.access import Person
from cti.channels.base import DutyQuestion, DutyWish
from cti.directory import Directory
from cti.errors import NotAllowed, Refused
from cti.storage import duty as stored
from cti.storage import users
from cti.storage.database import Database
from cti.storage.desktop_events import Connection
from cti.telephony.duty import PHONE, State

STATES: Mapping[DutyWish, State] = {
    "log-in": "ready",
    "log-out": "logged-off",
    "ready": "ready",
    "pause": "not-ready",
}
log = structlog.get_logger()


class DutyCodes:
    """Carries out what is dialled. prefix_of: with what a PBX's ids begin; choose: a person's state."""

    def __init__(
        self,
        *,
        db: Database,
        directory: Directory,
        prefix_of: Callable[[str], str | None],
        choose: Callable[[Person, int, State, str], Awaitable[bool]],
    ) -> None:
        self._db = db
        self._directory = directory
        self._prefix_of = prefix_of
        self._choose = choose

    async def duty(self, asked: DutyQuestion) -> bool:
        """Whether it was done. Raises StorageError."""
        prefix = self._prefix_of(asked.pbx)
        row = None if prefix is None else self._directory.by_device(prefix + asked.device)
        if row is None:
            return False
        async with self._db.read() as conn:
            user = await users.by_id(conn, row.user_id)
            reason = await self._reason(conn, asked.reason) if asked.wish == "pause" else ""
        if user is None or user.blocked_at is not None or reason is None:
            return False
        try:
            await self._choose(user.person, user.id, STATES[asked.wish], reason)
        except (Refused, NotAllowed) as refusal:
            log.info("a code was refused", wish=asked.wish, reason=str(refusal))
            return False
        return True

    async def _reason(self, conn: Connection, digit: str) -> str | None:
        """The name of a reason by its place; None where there is none. 0: the phone gave none, and is told for one."""
        offered = await stored.reasons(conn)
        if digit == "0":
            return PHONE if offered else ""
        return offered[int(digit) - 1].name if int(digit) <= len(offered) else None
