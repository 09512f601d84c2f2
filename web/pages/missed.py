"""Who tried to reach us in vain, as a list to work off: filters, how fast they were reached, the same as a file."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from aiohttp import web

from cti.access import scope
from cti.clients.exporting import mark_of
from cti.clients.masking import unsealed
from cti.errors import reason_needed
from cti.sheets.write import Cell, write_marked
from cti.storage import queue_figures, users
from cti.storage.missed import LOOKED_AT, Missed, State, missed
from web import texts
from web.api.calls import reach
from web.api.exports import attached
from web.api.missed import MISSED_S
from web.auth import person_of
from web.call_filters import in_order, moment_asked
from web.i18n import language_of, say, translate
from web.render import page
from web.routes import Route
from web.services import services_of
from web.shown import showed_callers
from web.texts import N_
from web.uncalled import uncalled

MOST_MISSED = 200
KINDS = ("xlsx", "csv")
HOWS = {"outbound": N_("we called back"), "inbound": N_("he called again"), "by-hand": N_("closed by hand")}
HEADINGS = (
    N_("Who"), N_("Number"), N_("First try"), N_("Last try"), N_("Tries"), N_("Waited longest, s"), N_("Queue"),
    N_("Who was rung"), N_("Manager"), N_("Taken by"), N_("Our attempts"), N_("Reached after, s"), N_("Closed"),
    N_("By whom"), N_("How"), N_("Why"),
)  # fmt: skip


async def show(request: web.Request) -> web.Response:
    """Who waits to be called back: one line per client."""
    services, state = services_of(request), _state(request)
    found, said = await _found(request, state)
    shown = found[:MOST_MISSED]
    showed_callers(request, shown, thing="missed", asked=[name for name in said if name != "state"])
    person = person_of(request)
    async with services.db.read() as conn:
        queues = await queue_figures.known_queues(conn)
        people = [] if scope(person, "calls.read") == "own" else await users.every(conn)
    values: dict[str, Any] = {"found": shown, "state": state, "uncalled": await uncalled(request, shown)}
    values |= {"now": services.clock(), "said": said, "queues": queues, "people": people, "sums": sums(found)}
    values |= {"hows": [(how, translate(request, name)) for how, name in HOWS.items()], "looked_at": LOOKED_AT}
    return page(request, "missed.html", title=texts.N_("Missed"), **values)


async def give_file(request: web.Request) -> web.StreamResponse:
    """The list as a file, whose going out the access journal keeps."""
    services, person, kind = services_of(request), person_of(request), request.match_info["kind"]
    if kind not in KINDS:
        raise web.HTTPNotFound(text="There is no such file.")
    found, _ = await _found(request, _state(request))
    why = request.query.get("reason", "")[:400].strip()
    if not why and len(found) > await services.exports.left(person):
        raise reason_needed()
    stopped = await uncalled(request, found)
    now = datetime.fromtimestamp(services.clock(), services.zone).isoformat(" ", "seconds")
    mark = mark_of(person.login, person.id, now)
    rows = [_cells(request, item, item.client_id in stopped or item.number in stopped) for item in found]
    headings = [translate(request, name) for name in HEADINGS]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"missed.{kind}"
        await asyncio.to_thread(write_marked, path, headings, rows, mark)
        data = await asyncio.to_thread(path.read_bytes)
    showed_callers(request, found, thing="missed")
    name = say(language_of(request), N_("Missed"))
    return web.Response(body=data, headers=attached(f"{name}.{kind}", kind))


def sums(found: Sequence[Missed]) -> dict[str, Any]:
    """Of a list: clients, tries, how many were reached and within which time (seconds), closed by hand, attempts."""
    reached = [item.reach_s for item in found if item.reach_s is not None]
    return {
        "clients": len(found),
        "tries": sum(item.tries for item in found),
        "reached": len(reached),
        "hour": sum(one <= 3600 for one in reached),
        "median_s": median(reached) if reached else None,
        "mean_s": sum(reached) / len(reached) if reached else None,
        "by_hand": sum(item.closed_how == "by-hand" for item in found),
        "attempts": sum(item.attempts for item in found),
    }


def _state(request: web.Request) -> State:
    wanted = request.query.get("state", "")
    return "closed" if wanted == "closed" else "all" if wanted == "all" else "open"


async def _found(request: web.Request, state: State) -> tuple[list[Missed], dict[str, str]]:
    """All that the filters of the address ask for, and these filters."""
    services, query = services_of(request), request.query
    names = ("state", "since", "until", "queue", "agent", "owner", "how", "tries")
    said = in_order({name: text for name in names if (text := query.get(name, "")[:80].replace("\0", "").strip())})
    user_id, team_id = reach(person_of(request), mine=False)
    since = moment_asked(said.get("since", ""), services.zone)
    until = moment_asked(said.get("until", ""), services.zone, days=1)
    async with services.db.read(slow=since is not None) as conn:
        found = await missed(
            conn,
            since=services.clock() - MISSED_S if since is None else since,
            until=until,
            state=state,
            user_id=user_id,
            team_id=team_id,
            limit=LOOKED_AT,
        )
    return [item for item in found if _fits(item, said)], said


def _fits(item: Missed, said: Mapping[str, str]) -> bool:
    """Whether an item is what the filters ask for."""
    agent, owner, tries = (said.get(name, "") for name in ("agent", "owner", "tries"))
    return (
        said.get("queue", "") in ("", *item.queues)
        and (not agent.isdecimal() or int(agent) in item.concerns)
        and (not owner.isdecimal() or int(owner) in (item.responsible_id, item.taken_by_id))
        and said.get("how", "") in ("", item.closed_how)
        and (not tries.isdecimal() or item.tries >= int(tries))
    )


def _cells(request: web.Request, item: Missed, stopped: bool) -> list[Cell]:
    zone = services_of(request).zone

    def moment(at: float | None) -> Cell:
        return None if at is None else datetime.fromtimestamp(at, zone).replace(microsecond=0)

    name = item.client_name or item.caller_name
    how = HOWS.get(item.closed_how)
    return [
        "" if stopped else name, "" if stopped else unsealed(item.number or ""), moment(item.first_at),
        moment(item.last_at), item.tries, round(item.wait_s), ", ".join(item.queues), ", ".join(item.rung),
        item.responsible, item.taken_by, item.attempts, None if item.reach_s is None else round(item.reach_s),
        moment(item.closed_at), item.closed_by, translate(request, how) if how else "", item.why,
    ]  # fmt: skip


ROUTES = (
    Route("GET", "/missed", show, "calls.read", "calls"),
    Route("GET", "/missed.{kind}", give_file, "clients.export", "export"),
)
