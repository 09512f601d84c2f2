"""Whom no button calls: clients whose processing is restricted, in the lists of calls."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from cti.storage import restrictions
from web.services import services_of
from web.shown import Caller


async def uncalled(request: web.Request, rows: Iterable[Caller]) -> frozenset[int | str]:
    """Of these callers the clients and the numbers, as they are shown, that are restricted."""
    services, callers = services_of(request), list(rows)
    shown = {services.sights.opened(row.number): row.number for row in callers if row.number}
    async with services.db.read() as conn:
        clients = await restrictions.restricted(conn, (row.client_id for row in callers))
        numbers = await restrictions.numbers(conn, shown)
    return frozenset((*clients, *(shown[one] for one in numbers)))
