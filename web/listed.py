"""What a card or a call says of the black and white lists, and by which form a number is put there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from cti.storage import number_lists
from web import list_texts
from web.services import services_of

MOST = 10  # numbers of one client that are looked up


async def listed(request: web.Request, numbers: Iterable[str | None], here: str) -> dict[str, Any]:
    """Values of parts/put_on_list.html. numbers: as the viewer sees them; here: where the form comes back to."""
    services = services_of(request)
    shown = [number for number in dict.fromkeys(numbers) if number][:MOST]
    async with services.db.read() as conn:
        found = {
            number: await number_lists.found(conn, services.sights.opened(number), services.clock()) for number in shown
        }
    return {
        "listings": list({one.id: one for one in found.values() if one is not None}.values()),
        "listed_numbers": [number for number, one in found.items() if one is None or one.beginning],
        "list_terms": list_texts.TERMS,
        "here": here,
    }
