"""Boards on screens: links that show a board without a person, made and revoked here; and what a screen shows."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiDictProxy

from cti.access import Person, scope
from cti.board import ScreenLook, Theme, Tile
from cti.errors import Refused
from cti.features.board_links import DAYS
from cti.storage import queue_figures, users
from web.auth import own_origin, person_of
from web.board_stream import stream
from web.i18n import LANGUAGES, language_of, say
from web.pages.board import ROTATE_S, TILES
from web.pages.settings import number, said
from web.render import asset_version, js_texts, page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/board/screens"
MOST_CHOSEN = 50
THEMES = {"dark": N_("Dark"), "light": N_("Light")}


async def show(request: web.Request) -> web.Response:
    """The links, and a form for a new one."""
    return await _page(request)


async def make(request: web.Request) -> web.StreamResponse:
    """A new link, shown on this one page and never again."""
    form, person = await request.post(), person_of(request)
    look, name = _look(form, person), str(form.get("name", ""))[:200]
    try:
        days = int(str(form.get("days", ""))[:4]) if str(form.get("days", "")).isdecimal() else 0
        token = await services_of(request).board_links.make(person, name, look, days)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error), look=look, name=name)
    asked = urlencode({"language": look.language, "theme": look.theme})
    return await _page(request, link=f"{own_origin(request)}/tv?{asked}#{token}")


async def change(request: web.Request) -> web.StreamResponse:
    """Call a link otherwise, or revoke it."""
    form, person = await request.post(), person_of(request)
    links, link_id = services_of(request).board_links, number(request, "id")
    revokes = form.get("act") == "revoke"
    try:
        if revokes:
            await links.revoke(person, link_id)
        else:
            await links.rename(person, link_id, str(form.get("name", ""))[:200])
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"{HERE}?said={'revoked-link' if revokes else 'saved'}")


async def show_screen(request: web.Request) -> web.Response:
    """What a screen shows: empty, until its token has opened a board (web/board_stream.py)."""
    language, theme = request.query.get("language", ""), request.query.get("theme", "")
    language = language if language in LANGUAGES else language_of(request)

    def tell(text: str, **fields: object) -> str:
        return say(language, text, **fields)

    values: dict[str, Any] = {
        "_": tell,
        "language": language,
        "js_texts": js_texts(language),
        "theme": theme if theme in get_args(Theme) else "dark",
        "can": lambda _right: False,
        "opens": False,
        "rights": "",
        "version": asset_version(),
    }
    return page(request, "board_screen.html", title=N_("Live board"), **values)


async def _page(request: web.Request, *, status: int = 200, error: str = "", **values: Any) -> web.Response:
    services, person = services_of(request), person_of(request)
    reach = scope(person, "board.read")
    async with services.db.read() as conn:
        teams = await users.team_names(conn)
        queues = await queue_figures.known_queues(conn, None if reach == "all" else person.team_id or 0)
    names: dict[str, Any] = {
        "rows": await services.board_links.every(person),
        "teams": teams if reach == "all" else {id_: name for id_, name in teams.items() if id_ == person.team_id},
        "team_names": teams,
        "queues": queues,
        "tiles": TILES,
        "rotations": ROTATE_S,
        "days": DAYS,
        "themes": THEMES,
        "now": services.clock(),
        "sees_clients": scope(person, "clients.read") != "none",
        "look": ScreenLook(language=person.language),
        "name": "",
        "link": "",
        "error": error,
        "said": said(request),
    }
    return page(request, "board_screens.html", status=status, title=N_("Boards on screens"), **names | values)


def _look(form: MultiDictProxy[Any], person: Person) -> ScreenLook:
    """What the form asks for, as far as it can be."""
    given = {name: [str(one)[:80] for one in form.getall(name, [])][:MOST_CHOSEN] for name in ("tile", "team", "queue")}
    rotate, language, theme = (str(form.get(name, "")) for name in ("rotate_s", "language", "theme"))
    tiles: list[Tile] = [one for one in get_args(Tile) if one in given["tile"]]
    themes: list[Theme] = [one for one in get_args(Theme) if one == theme]
    return ScreenLook(
        tiles=tuple(tiles),
        teams=tuple(int(one) for one in given["team"] if one.isascii() and one.isdigit() and len(one) < 10),
        queues=tuple(one for one in given["queue"] if one.isprintable()),
        rotate_s=next((one for one in ROTATE_S if str(one) == rotate), 0),
        clients=form.get("clients") == "yes" and scope(person, "clients.read") != "none",
        language=language if language in LANGUAGES else person.language,
        theme=themes[0] if themes else "dark",
    )


ROUTES = (
    Route("GET", HERE, show, "board.share", "staff"),
    Route("POST", HERE, make, "board.share", "nothing"),
    Route("POST", f"{HERE}/{{id}}", change, "board.share", "nothing"),
    Route("GET", "/tv", show_screen, "public", "nothing"),
    Route("GET", "/tv/news", stream, "public", "nothing"),
)
