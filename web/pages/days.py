"""A person's day: his states as a picture and as a table, corrected by a supervisor where the journal is wrong."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, cast, get_args

from aiohttp import web

from cti.access import may
from cti.errors import Refused
from cti.reports import day as days
from cti.storage import duty as stored
from cti.storage import users
from cti.storage.duty import StateRow
from cti.telephony.duty import State
from web import duty_texts
from web.api.duty import check_reach, whose
from web.auth import person_of
from web.i18n import language_of
from web.pages.settings import at, number, said
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

WIDTH = 1000.0  # units of the picture
THINNEST = 1.0
FEW_HOURS = 14  # up to so many each hour has its number


async def show(request: web.Request) -> web.Response:
    """One day of his; of somebody else's, where the form asks for that."""
    asked = request.query.get("whose", "")
    if asked.isascii() and asked.isdigit() and asked != request.match_info["id"]:
        raise web.HTTPSeeOther(f"/agents/{int(asked[:15])}/day?day={_day(request).isoformat()}")
    return await _page(request)


async def correct(request: web.Request) -> web.StreamResponse:
    """Say what a line really was."""
    form = await request.post()
    state, _, reason = str(form.get("state", ""))[:100].partition(":")
    if state not in get_args(State):
        raise web.HTTPBadRequest(text="There is no such state.")
    why, line = str(form.get("why", ""))[:400], number(request, "line")
    try:
        await services_of(request).duty_admin.correct(person_of(request), line, cast(State, state), reason, why)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error), line=line)
    raise web.HTTPSeeOther(f"/agents/{whose(request)}/day?day={_day(request).isoformat()}&said=saved#line-{line}")


async def _page(request: web.Request, *, status: int = 200, error: str = "", line: int = 0) -> web.Response:
    services, person, user_id, day = services_of(request), person_of(request), whose(request), _day(request)
    since, until = (datetime.combine(one, time(), services.zone).timestamp() for one in (day, day + timedelta(days=1)))
    async with services.db.read() as conn:
        user = await check_reach(conn, person, user_id)
        rows = await stored.journal(conn, user_id, since=since, until=until)
        reasons = await stored.reasons(conn)
        people = [one for one in await users.every(conn) if one.blocked_at is None or one.id == user_id]
    parts = days.spans(rows, since, until, services.clock())
    asked = request.query.get("correct", "")
    values: dict[str, Any] = {
        "user": user,
        "people": [one for one in people if may(person, "agents.manage", owner_team_id=one.team_id)],
        "corrects": may(person, "agents.manage", owner_team_id=user.team_id),
        "day": day,
        "today": _today(request),
        "around": (day - timedelta(days=1), day + timedelta(days=1)),
        "parts": parts,
        "totals": days.totals(parts),
        "picture": _picture(request, parts, since),
        "tell": lambda state, reason: duty_texts.state(state, reason, language_of(request)),
        "by": duty_texts.BY,
        "reasons": reasons,
        "line": line or (int(asked) if asked.isascii() and asked.isdigit() else 0),
        "said": said(request) if not error else "",
        "error": error,
    }
    shown = page(request, "day.html", status=status, title=N_("Day"), **values)
    return at(request, shown, f"/agents/{user_id}/day?day={day.isoformat()}")


def _picture(request: web.Request, parts: list[days.Span[StateRow]], since: float) -> dict[str, Any]:
    """Bars and hours in units of the picture."""
    first, last = days.shown(parts, since)
    hours = int((last - first) // days.HOUR_S)
    step = 1 if hours <= FEW_HOURS else 2
    zone = services_of(request).zone

    def place(at: float) -> float:
        return round((min(max(at, first), last) - first) / (last - first or 1.0) * WIDTH, 1)

    moments = [first + hour * days.HOUR_S for hour in range(0, hours + 1, step)]
    return {
        "width": WIDTH,
        "bars": [
            (one, place(one.since), max(THINNEST, round(place(one.until) - place(one.since), 1)))
            for one in parts
            if one.until > first and one.since < last
        ],
        "hours": [(place(at), datetime.fromtimestamp(at, zone).strftime("%H:%M")) for at in moments],
    }


def _today(request: web.Request) -> date:
    services = services_of(request)
    return datetime.fromtimestamp(services.clock(), services.zone).date()


def _day(request: web.Request) -> date:
    """The day that the address asks for; today for none, or one that is no day."""
    today = _today(request)
    try:
        asked = date.fromisoformat(request.query.get("day", ""))
    except ValueError:
        return today
    return min(max(asked, date(2000, 1, 1)), today)


ROUTES = (
    Route("GET", "/agents/{id}/day", show, "desk", "staff"),
    Route("POST", "/agents/{id}/day/{line}", correct, "agents.manage", "staff"),
)
