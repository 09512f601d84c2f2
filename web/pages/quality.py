"""Quality: scores that were given, clients' own marks, coaching notes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from cti.access import scope
from cti.errors import Refused
from cti.storage import low_marks, reviews, scores, users
from cti.storage.search import clean
from web.auth import person_of
from web.pages.settings import number
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

DAYS = 30
MOST_DAYS = 3660
BEST = 5  # of clients' marks


def period(request: web.Request) -> tuple[date, date, float, float]:
    """Asked-for days, inclusive, and the moments they begin and end; the last 30 days where none are."""
    zone = services_of(request).zone
    today = datetime.fromtimestamp(services_of(request).clock(), zone).date()
    until = _day(request.query.get("until", "")) or today
    since = _day(request.query.get("since", "")) or until - timedelta(days=DAYS - 1)
    since = max(min(since, until), until - timedelta(days=MOST_DAYS))
    after = until + timedelta(days=1)
    began, ended = (datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() for day in (since, after))
    return since, until, began, ended


def whose(request: web.Request) -> tuple[int | None, int | None]:
    """Whose scores are read: (agent, team); an agent that is asked for, as far as the right goes."""
    person, asked = person_of(request), request.query.get("agent", "")
    reach = scope(person, "quality.read")
    agent = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else None
    if reach == "own" or (reach == "team" and person.team_id is None):
        return person.id, None
    return agent, person.team_id if reach == "team" else None


async def people_of(request: web.Request) -> list[tuple[int, str]]:
    """Whose scores may be read, by name."""
    person = person_of(request)
    reach = scope(person, "quality.read")
    async with services_of(request).db.read() as conn:
        everybody = await users.every(conn)
    team = person.team_id if reach == "team" else None
    mine = (one for one in everybody if reach == "all" or one.id == person.id or (team and one.team_id == team))
    return [(one.id, one.name) for one in mine]


async def show(request: web.Request) -> web.Response:
    """Scores, newest first, and averages by agent; with a cursor more of them alone."""
    since, until, began, ended = period(request)
    agent, team = whose(request)
    disputed = request.query.get("disputed") == "1"
    first, last = (None, None) if disputed else (began, ended)
    names, cursor = dict(await people_of(request)), request.query.get("cursor") or None
    async with services_of(request).db.read() as conn:
        found = await reviews.given(
            conn, agent_id=agent, team_id=team, since=first, until=last, disputed=disputed, cursor=cursor
        )
        means = await reviews.averages(conn, began, ended) if cursor is None else {}
    sums = [(name, means[id_]) for id_, name in names.items() if id_ in means and agent in (None, id_)]
    values: dict[str, Any] = {"since": since, "until": until, "found": found.rows, "sums": sums, "agent": agent}
    values |= {"names": sorted(names.items(), key=lambda one: one[1]), "disputed": disputed}
    values |= {"more": _more(request, found.next_cursor)}
    template = "quality/scores.html" if cursor is None else "quality/score_rows.html"
    return page(request, template, title=N_("Quality"), **values)


async def show_marks(request: web.Request) -> web.Response:
    """What clients said of conversations themselves; with a cursor more of their calls alone."""
    since, until, began, ended = period(request)
    agent, team = whose(request)
    low, cursor = request.query.get("low") == "1", request.query.get("cursor") or None
    usual = services_of(request).settings.quality
    async with services_of(request).db.read() as conn:
        rule = await low_marks.rule(conn, usual.low_mark, usual.low_mark_login)
        most = rule.most if low else BEST
        counts = await scores.counts(conn, began, ended, agent_id=agent, team_id=team)
        found = await scores.marked(conn, began, ended, agent_id=agent, team_id=team, most=most, cursor=cursor)
    many = sum(counts.values())
    mean = sum(mark * count for mark, count in counts.items()) / many if many else None
    names = sorted(await people_of(request), key=lambda one: one[1])
    values: dict[str, Any] = {"since": since, "until": until, "found": found.rows, "counts": counts, "mean": mean}
    values |= {"names": names, "agent": agent, "low": low, "many": many, "most": rule.most}
    values |= {"more": _more(request, found.next_cursor)}
    template = "quality/marks.html" if cursor is None else "quality/mark_rows.html"
    return page(request, template, title=N_("Clients' marks"), **values)


def _more(request: web.Request, cursor: str | None) -> str:
    """The address of the rows that follow; "" where these are the last."""
    return f"{request.path}?{urlencode({**request.query, 'cursor': cursor})}" if cursor else ""


async def show_notes(request: web.Request) -> web.Response:
    """Coaching notes."""
    return await _notes(request)


async def _notes(
    request: web.Request, *, status: int = 200, error: str = "", typed: Mapping[str, Any] | None = None
) -> web.Response:
    """typed: a note that was refused, as it was written."""
    services, person = services_of(request), person_of(request)
    found = await services.quality_work.notes(person)
    names = [one for one in await people_of(request) if one[0] != person.id]
    today = datetime.fromtimestamp(services.clock(), services.zone).date().isoformat()
    values: dict[str, Any] = {"found": found, "names": sorted(names, key=lambda one: one[1]), "today": today}
    fresh = {"text": "", "call": request.query.get("call", "")[:80], "agent": whose(request)[0]}
    values |= {"error": error, "due": "", "shared": False, **(typed or fresh)}
    return page(request, "quality/coaching.html", status=status, title=N_("Coaching"), **values)


async def add_note(request: web.Request) -> web.StreamResponse:
    """Write one."""
    form = await request.post()
    agent, text, due = str(form.get("agent", "")), str(form.get("text", "")), _day(str(form.get("due", "")))
    call, shared = clean(str(form.get("call", "")))[:80], form.get("shared") == "1"
    work, id_ = services_of(request).quality_work, int(agent) if agent.isdigit() and len(agent) < 9 else 0
    try:
        await work.note(person_of(request), id_, text, call_id=call, shared=shared, due_on=due)
    except Refused as error:
        typed = {"text": text[:4000], "call": call, "agent": id_, "due": due or "", "shared": shared}
        return await _notes(request, status=409, error=told(request, error), typed=typed)
    raise web.HTTPSeeOther("/quality/coaching")


async def finish_note(request: web.Request) -> web.StreamResponse:
    """It was talked about, or not yet after all."""
    done = (await request.post()).get("done") == "1"
    await services_of(request).quality_work.finish(person_of(request), number(request), done=done)
    raise web.HTTPSeeOther("/quality/coaching")


async def drop_note(request: web.Request) -> web.StreamResponse:
    """Take it away."""
    await services_of(request).quality_work.remove(person_of(request), number(request))
    raise web.HTTPSeeOther("/quality/coaching")


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return found if 2000 <= found.year < 2200 else None


ROUTES = (
    Route("GET", "/quality", show, "quality.read", "staff"),
    Route("GET", "/quality/marks", show_marks, "quality.read", "staff"),
    Route("GET", "/quality/coaching", show_notes, "quality.read", "staff"),
    Route("POST", "/quality/coaching", add_note, "quality.score", "nothing"),
    Route("POST", "/quality/coaching/{id}/done", finish_note, "quality.score", "nothing"),
    Route("POST", "/quality/coaching/{id}/delete", drop_note, "quality.score", "nothing"),
)
