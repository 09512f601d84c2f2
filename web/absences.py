"""Times in which nobody watched a PBX, for the pages that count what happened."""

from __future__ import annotations

from datetime import date, datetime

from aiohttp import web

from cti.reports.intervals import period
from cti.storage import absences
from cti.storage.absences import Absence
from web.services import services_of


async def absences_of(request: web.Request, since: date | None = None, until: date | None = None) -> list[Absence]:
    """Those that reach into these days, both among them; without days, into today."""
    services = services_of(request)
    today = datetime.fromtimestamp(services.clock(), services.zone).date()
    begins, ends = period(since or today, until or since or today, services.zone)
    async with services.db.read() as conn:
        return await absences.within(conn, begins, ends)
