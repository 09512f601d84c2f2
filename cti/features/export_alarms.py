"""Large exports are told to the admins: within a minute to those who are there, and to the others when they come.

The access journal is the source: whoever takes clients out, in the panel, by the API or on the command line, leaves a
line there, also while this server does not run. Each line is looked at once; the mark of how far stands in the base,
moved in the transaction that stores the notices.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import structlog

from cti.desktop import AgentDesktop, Notice
from cti.looking import look_again
from cti.storage import access_log, desktop_events, users
from cti.storage.access_log import Kept
from cti.storage.database import Database
from cti.storage.desktop_events import Connection

LOOK_S = 15.0

log = structlog.get_logger()


class ExportAlarms:
    """Looks and tells. most: clients in one person's files of a day that nobody is told of."""

    def __init__(
        self,
        *,
        db: Database,
        desktop: AgentDesktop,
        next_seq: Callable[[int], int],
        zone: ZoneInfo,
        most: int,
    ) -> None:
        self._db = db
        self._desktop = desktop
        self._next_seq = next_seq
        self._zone = zone
        self._most = most
        self._news = asyncio.Event()

    async def watch(self, look_s: float = LOOK_S) -> None:
        """Look every look_s seconds, until cancelled."""
        await look_again(self.look, self._news, look_s, "large exports cannot be looked for now")

    def hurry(self) -> None:
        """Somebody has just taken out a file: look now."""
        self._news.set()

    async def look(self) -> None:
        """Tell of the exports since the last look."""
        async with self._db.read() as conn:
            if not await access_log.has_news(conn):
                return
        async with self._db.write() as conn:
            large, admins = await self._large(conn), await _admins(conn)
            notices = [(admin, self._notice(admin, line, day)) for line, day in large for admin in admins]
            await desktop_events.append(conn, [desktop_events.of_notice(admin, notice) for admin, notice in notices])
        for admin, notice in notices:
            log.warning("large export told", admin=admin, login=notice.args["login"], count=notice.args["count"])
            await self._desktop.message(admin, notice)

    async def _large(self, conn: Connection) -> Sequence[tuple[Kept, int]]:
        """Exports past the limit of a day, each with how many clients that day's files hold up to it."""
        found = []
        for line in await access_log.exports_to_tell(conn):
            since = access_log.midnight(line.at, self._zone)
            day = await access_log.exported(conn, line.login, since, until_line=line.id)
            if day > self._most:
                found.append((line, day))
        return found

    def _notice(self, admin: int, line: Kept, day: int) -> Notice:
        return Notice(
            seq=self._next_seq(admin),
            code="large-export",
            args={"login": line.login, "count": str(line.count), "day": str(day), "why": line.why},
            href=f"/settings/access?{urlencode({'login': line.login, 'action': 'export'})}",
            at=line.at,
        )


async def _admins(conn: Connection) -> list[int]:
    return [one.id for one in await users.every(conn) if one.role == "admin" and one.blocked_at is None]
