"""The journal: one row per logical call, opening into its legs, notes and why the card came."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from aiohttp import web

from cti.access import scope
from cti.storage import calls, dispositions, recordings, traces
from cti.storage.journal import CallRow
from cti.storage.missed import State, missed
from cti.telephony.numbering import read
from web import texts
from web.api.base import call_of
from web.api.calls import readable
from web.api.missed import MISSED_S
from web.auth import person_of
from web.course import course
from web.i18n import language_of
from web.listed import listed
from web.pages.recordings import players
from web.render import page
from web.routes import Route
from web.services import services_of
from web.shown import showed_callers
from web.uncalled import uncalled

ROWS = 50
MOST_MISSED = 200
FILTERS = ("answered", "no-answer", "busy", "rejected", "cancelled", "abandoned", "failed", "unfinished")


async def show_list(request: web.Request) -> web.Response:
    """Calls, newest first: one's own, or all where the right allows."""
    person, query = person_of(request), request.query
    reach = scope(person, "calls.read")
    outcome = query.get("outcome", "")
    until = _day(request, "until")
    async with services_of(request).db.read() as conn:
        found = await calls.journal(
            conn,
            user_id=person.id if reach == "own" or query.get("mine") else None,
            team_id=person.team_id if reach == "team" else None,
            number=_number(request),
            outcome=outcome if outcome in texts.OUTCOMES else None,
            since=_start(request, _day(request, "since")),
            until=_start(request, until + timedelta(days=1)) if until else None,
            limit=ROWS,
            cursor=query.get("cursor") or None,
        )
        heard = await recordings.heard_in(conn, [row.id for row in found.rows])
    template = "parts/call_rows.html" if query.get("cursor") else "calls.html"
    asked = [name for name in ("number", "outcome", "since", "until", "mine") if query.get(name)]
    showed_callers(request, found.rows, asked=asked)
    given = {key: query.get(key, "")[:40] for key in ("since", "until", "number")}
    values: dict[str, Any] = {
        "found": found,
        "outcome": outcome,
        "filters": FILTERS,
        "mine": bool(query.get("mine")),
        "uncalled": await uncalled(request, found.rows),
        "heard": heard,
        **given,
    }
    return page(request, template, title=texts.N_("Calls"), reach=reach, **values)


async def show_missed(request: web.Request) -> web.Response:
    """Who waits to be called back: one line per client."""
    services, person, query = services_of(request), person_of(request), request.query
    state: State = "closed" if query.get("state") == "closed" else "open"
    reach = scope(person, "calls.read")
    async with services.db.read() as conn:
        found = await missed(
            conn,
            since=services.clock() - MISSED_S,
            state=state,
            user_id=person.id if reach == "own" else None,
            team_id=person.team_id if reach == "team" else None,
            limit=MOST_MISSED,
        )
    showed_callers(request, found, thing="missed")
    values: dict[str, Any] = {"found": found, "state": state, "uncalled": await uncalled(request, found)}
    values |= {"reach": reach, "now": services.clock()}
    return page(request, "missed.html", title=texts.N_("Missed"), **values)


async def show_call(request: web.Request) -> web.Response:
    """One call: its course, notes, why the card came. With ?part only these, for the opened row of the list."""
    row = await readable(request)
    showed_callers(request, [row])
    zone = services_of(request).zone
    template = "parts/call_parts.html" if "part" in request.query else "call.html"
    async with services_of(request).db.read() as conn:
        results = await dispositions.of_call(conn, row.id)
    values: dict[str, Any] = {
        "results": results,
        "plays": services_of(request).voicemails.played,
        "uncalled": await uncalled(request, [row]),
        "timeline": course(row, language_of(request), zone),
        "steps": await _steps(request, row),
        "recorded": await players(request, row),
        **await listed(request, [row.number], f"/calls/{quote(row.id)}"),
    }
    return page(request, template, title=texts.N_("One call"), call=row, **values)


async def voicemail(request: web.Request) -> web.StreamResponse:
    """The message that the client left, as sound; in parts where the player asks for them."""
    found = services_of(request).voicemails.of_call(person_of(request), call_of(request))
    row, sound = await found
    showed_callers(request, [row])
    return web.FileResponse(sound, headers={"Content-Type": "audio/wav", "Content-Disposition": "inline"})


async def _steps(request: web.Request, row: CallRow) -> list[tuple[float, str]]:
    person, language = person_of(request), language_of(request)
    own = scope(person, "trace.read") == "own"
    async with services_of(request).db.read() as conn:
        steps = await traces.of_call(conn, row.id)
    mine = [step for step in steps if not own or step.user_id in (None, person.id)]
    return [(step.at, texts.step(language, step.step, step.args)) for step in mine]


def _number(request: web.Request) -> str | None:
    """The number asked for, in any spelling, as the journal keeps it."""
    typed = request.query.get("number", "")[:40].strip()
    if not typed:
        return None
    found = read(typed, services_of(request).plan)
    return found.e164 or found.internal or typed


def _day(request: web.Request, name: str) -> date | None:
    try:
        return date.fromisoformat(request.query.get(name, "")[:10])
    except ValueError:
        return None


def _start(request: web.Request, day: date | None) -> float | None:
    """When the day begins where the installation is."""
    if day is None or not 1970 < day.year < 9999:
        return None
    zone = services_of(request).zone
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


ROUTES = (
    Route("GET", "/calls", show_list, "calls.read", "calls"),
    Route("GET", "/calls/{id}", show_call, "calls.read", "call"),
    Route("GET", "/calls/{id}/voicemail", voicemail, "calls.read", "call"),
    Route("GET", "/missed", show_missed, "calls.read", "calls"),
)
