"""The live board: what goes on now. The page is empty; what it shows comes by the live wire (web/live_board.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from cti.access import Right, scope
from cti.board import Tile
from cti.storage import board_layouts, duty
from web.absences import absences_of
from web.auth import person_of
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_

ACTIONS: tuple[Right, ...] = ("calls.manage", "agents.manage", "calls.spy", "board.tell")

ROTATE_S = (10, 20, 30, 60)

TILES: Mapping[Tile, str] = {"queues": N_("Queues"), "agents": N_("Agents"), "calls": N_("Calls in progress")}


async def show(request: web.Request) -> web.Response:
    """Queues, people and calls."""
    person = person_of(request)
    can = " ".join(right for right in ACTIONS if scope(person, right) != "none")
    async with services_of(request).db.read() as conn:
        layout = await board_layouts.of(conn, person.id)
        reasons = [one.name for one in await duty.reasons(conn)]
    names: dict[str, Any] = {"rights": can, "reasons": reasons, "me": person.id, "tiles": TILES, "opens": True}
    names["rotations"] = ROTATE_S
    names["absences"] = await absences_of(request)
    names["layout"] = msgspec.json.encode(layout).decode()
    return page(request, "board.html", title=N_("Live board"), **names)


ROUTES = (Route("GET", "/board", show, "board.read", "nothing"),)
