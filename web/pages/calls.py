"""The journal: one row per logical call, opening into its legs, notes and why the card came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from aiohttp import web

from cti.access import may, scope
from cti.errors import Refused
from cti.storage import (
    calls,
    clients,
    dispositions,
    history,
    journal,
    queue_figures,
    recordings,
    sms_reading,
    traces,
    users,
    views,
)
from cti.storage.call_asked import OPEN
from cti.storage.database import TooLong, within
from cti.storage.history import Entry
from cti.storage.journal import CallRow
from web import call_filters, texts
from web.api.base import call_of
from web.api.calls import reach, readable
from web.auth import person_of
from web.course import course
from web.i18n import language_of, translate
from web.listed import listed
from web.pages.recordings import players
from web.render import page
from web.routes import Route
from web.scoring import scoring
from web.services import services_of
from web.shown import showed_callers
from web.uncalled import uncalled

ROWS = 50
COUNT_S = 5.0
AROUND_DAYS = (1, 7, 30)
DAY_S = 86_400.0
PAGE_S = 20.0


async def show_list(request: web.Request) -> web.Response:
    """Calls, newest first, as the filters of the address ask: one's own, or all where the right allows."""
    person, said = person_of(request), call_filters.given(request.query)
    user_id, team_id = reach(person, mine=bool(said.get("mine")))
    cursor = request.query.get("cursor", "")[:400] or None
    wanted = call_filters.asked(request, said)
    try:
        async with services_of(request).db.read() as conn, within(conn, PAGE_S):
            found = await calls.journal(
                conn, wanted, user_id=user_id, team_id=team_id, limit=ROWS, cursor=cursor, counted=False
            )
            ids = [row.id for row in found.rows]
            values: dict[str, Any] = {
                "heard": await recordings.heard_in(conn, ids, call_filters.hears(person)),
                "results": await dispositions.of_calls(conn, ids),
            }
    except TooLong:
        raise Refused("calls-too-long", "Looking takes too long: narrow the period.") from None
    showed_callers(request, found.rows, asked=[name for name in said])
    values |= {"found": found, "said": said, "uncalled": await uncalled(request, found.rows)}
    if cursor:
        return page(request, "parts/call_rows.html", **values)
    return page(request, "calls.html", title=texts.N_("Calls"), **values, **await choices(request, said))


async def show_count(request: web.Request) -> web.Response:
    """How many calls the filters of the address find, in words."""
    said = call_filters.given(request.query)
    user_id, team_id = reach(person_of(request), mine=bool(said.get("mine")))
    wanted = call_filters.asked(request, said)
    try:
        async with services_of(request).db.read(slow=True) as conn, within(conn, COUNT_S):
            total = await journal.count(conn, wanted, user_id=user_id, team_id=team_id)
    except TooLong:
        return page(request, "parts/call_count.html", total=None, too_long=True)
    return page(request, "parts/call_count.html", total=total, too_long=False)


async def choices(request: web.Request, said: Mapping[str, str]) -> dict[str, Any]:
    """What the filters may be set to by this person."""
    person, services = person_of(request), services_of(request)
    far = scope(person, "calls.read")
    async with services.db.read() as conn:
        everybody = [] if far == "own" else await users.every(conn)
        teams = await users.team_names(conn) if far == "all" else {}
        queues = await queue_figures.known_queues(conn)
        results = list(dict.fromkeys(one.name for one in await dispositions.every(conn, retired=True)))
        client = await clients.get(conn, int(said["client"])) if said.get("client", "").isdecimal() else None
        kept = await views.of_person(conn, person.id, person.role, "calls")
    people = [one for one in everybody if far == "all" or one.team_id == person.team_id or one.id == person.id]
    known = {
        "directions": [(one, translate(request, texts.DIRECTIONS[one])) for one in call_filters.DIRECTIONS],
        "outcomes": [
            (one, translate(request, texts.N_("going on") if one == OPEN else texts.OUTCOMES[one]))
            for one in call_filters.OUTCOMES
        ],
        "queues": [(one, one) for one in queues],
        "people": [(str(one.id), one.name) for one in people],
        "teams": [(str(id_), name) for id_, name in teams.items()],
        "results": [(one, one) for one in results],
        "pbxes": [(one, one) for one in services.settings.pbx],
    }
    return {
        "known": known,
        "reach": far,
        "client": client,
        "more": bool(set(said) & set(call_filters.MORE)),
        "hears": scope(person, "recordings.listen") != "none",
        "views": [(one, msgspec.json.decode(one.state, type=dict[str, str])) for one in kept if one.name],
    }


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
        **await scoring(request, row),
        **await listed(request, [row.number], f"/calls/{quote(row.id)}"),
    }
    return page(request, template, title=texts.N_("One call"), call=row, **values)


async def show_around(request: web.Request) -> web.Response:
    """Letters and SMS of the call's client, so many days before it and after; SMS of a number that is nobody's."""
    row = await readable(request)
    days = next((one for one in AROUND_DAYS if str(one) == request.query.get("days")), AROUND_DAYS[0])
    near = (row.started_at - days * DAY_S, (row.ended_at or row.started_at) + days * DAY_S)
    entries: list[Entry] = []
    async with services_of(request).db.read() as conn:
        if row.client_id is not None:
            found = await history.of_client(
                conn, row.client_id, kinds=("letter", "sms"), reader=person_of(request), between=near
            )
            entries = found.rows[::-1]
        elif may(person_of(request), "sms"):
            entries = [Entry(at=one.created_at, sms=one) for one in await sms_reading.of_caller(conn, row.id, near)]
    showed_callers(request, [row])
    return page(request, "parts/call_around.html", call=row, entries=entries, days=days, every=AROUND_DAYS)


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


ROUTES = (
    Route("GET", "/calls", show_list, "calls.read", "calls"),
    Route("GET", "/calls/count", show_count, "calls.read", "nothing"),
    Route("GET", "/calls/{id}", show_call, "calls.read", "call"),
    Route("GET", "/calls/{id}/around", show_around, "calls.read", "call"),
    Route("GET", "/calls/{id}/voicemail", voicemail, "calls.read", "call"),
)
