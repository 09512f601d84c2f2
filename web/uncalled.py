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
    shown: dict[str, set[str]] = {}  # a number that is hidden is sealed in each row anew
    for row in callers:
        if row.number:
            shown.setdefault(services.sights.opened(row.number), set()).add(row.number)
    async with services.db.read() as conn:
        clients = await restrictions.restricted(conn, (row.client_id for row in callers))
        numbers = await restrictions.numbers(conn, shown)
    return frozenset((*clients, *(one for number in numbers for one in shown[number])))
