"""The live board: what goes on now. The page is empty; what it shows comes by the live wire (web/live_board.py)."""

from __future__ import annotations

from aiohttp import web

from web.render import page
from web.routes import Route
from web.texts import N_


async def show(request: web.Request) -> web.Response:
    """Queues, people and calls."""
    return page(request, "board.html", title=N_("Live board"))


ROUTES = (Route("GET", "/board", show, "board.read", "nothing"),)
