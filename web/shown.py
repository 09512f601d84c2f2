"""What an answer showed: handlers tell whom, the door of the route writes the line of the access journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiohttp import web

from cti.access import Person
from cti.storage.access_log import Action
from web.routes import Route, Shows
from web.services import services_of

ACTIONS: Mapping[Shows, Action] = {
    "client": "view",
    "clients": "view",
    "call": "view",
    "calls": "view",
    "export": "export",
    "print": "print",
    "import": "change",
    "journal": "log",
}

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """clients: ids, or them as `cti.clients.seen` writes them. count: persons. asked: fields of a search."""

    clients: tuple[int, ...] | str
    count: int
    asked: tuple[str, ...]
    thing: str
    why: str


SHOWN = web.RequestKey("shown", Shown)


def showed(
    request: web.Request,
    clients: Iterable[int | None] | str = (),
    *,
    count: int | None = None,
    asked: Iterable[str] = (),
    thing: str = "",
    why: str = "",
) -> None:
    """Tell whom the answer shows; nobody: say it with nothing. Each handler of a route that shows persons does.

    asked: by which fields somebody searched, never for what: that may be a person's number. thing: where it is not
    the client, call or list that the route is about.
    """
    ids = clients if isinstance(clients, str) else tuple(dict.fromkeys(one for one in clients if one is not None))
    request[SHOWN] = Shown(
        clients=ids, count=len(ids) if count is None else count, asked=tuple(asked), thing=thing, why=why
    )


class Caller(Protocol):
    """A call, or somebody who tried in vain. number: of the outside party; None: hidden."""

    @property
    def client_id(self) -> int | None: ...
    @property
    def number(self) -> str | None: ...


def showed_callers(request: web.Request, rows: Iterable[Caller], *, asked: Iterable[str] = (), thing: str = "") -> None:
    """Tell whose calls the answer shows: clients, and numbers that are nobody's, each once however it is sealed."""
    rows, opened = list(rows), services_of(request).sights.opened
    persons = {row.client_id or (row.number and opened(row.number)) for row in rows} - {None, ""}
    showed(request, (row.client_id for row in rows), count=len(persons), asked=asked, thing=thing)


async def keep_line(
    request: web.Request, route: Route, response: web.StreamResponse, person: Person, address: str
) -> None:
    """The line of an answer that is about to leave. A refusal leaves one only where it shows somebody all the same."""
    action, what = ACTIONS.get(route.shows), request.get(SHOWN)
    is_good = 200 <= response.status < 300
    if action is None or (what is None and not is_good):
        return
    if what is None:
        log.error("an answer did not say whom it showed", method=route.method, path=route.path)
        what = Shown(clients=(), count=0, asked=(), thing=route.path, why="")
    elif not what.count and (not is_good or (action == "view" and not what.asked)):
        return
    await services_of(request).access_journal.keep(
        person,
        "search" if what.asked and action == "view" else action,
        _thing(request, route, what),
        what.clients,
        count=what.count,
        address=address,
        why=what.why,
    )


def _thing(request: web.Request, route: Route, what: Shown) -> str:
    """What was looked at: `client:12`, `call:ID`, `clients by q, region`."""
    alone = what.clients[0] if isinstance(what.clients, tuple) and what.clients else ""
    named: Mapping[Shows, str] = {
        "client": f"client:{alone}",
        "print": f"client:{alone}",
        "call": f"call:{request.match_info.get('id', '')}",
        "calls": "calls",
        "journal": "access-log",
    }
    thing = what.thing or named.get(route.shows, "clients")
    return f"{thing} by {', '.join(what.asked)}" if what.asked else thing
