"""The journal: one row per logical call, opening into its legs, notes and why the card came."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from cti.access import scope
from cti.storage import calls, traces
from cti.storage.journal import CallRow, LegRow
from cti.storage.missed import State, missed
from cti.telephony.numbering import read, show
from web import texts
from web.api.calls import MISSED_S, readable
from web.auth import person_of
from web.i18n import language_of, say
from web.render import page
from web.routes import Route
from web.services import services_of

ROWS = 50
MOST_MISSED = 200
FILTERS = ("answered", "no-answer", "busy", "rejected", "cancelled", "abandoned", "failed", "unfinished")
Line = tuple[float, str, str]  # when, the kind of mark (ring, talk, miss or ""), what was


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
    template = "parts/call_rows.html" if query.get("cursor") else "calls.html"
    given = {key: query.get(key, "")[:40] for key in ("since", "until", "number")}
    values: dict[str, Any] = {
        "found": found,
        "outcome": outcome,
        "filters": FILTERS,
        "mine": bool(query.get("mine")),
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
    return page(request, "missed.html", title=texts.N_("Missed"), found=found, state=state, reach=reach)


async def show_call(request: web.Request) -> web.Response:
    """One call: its course, notes, why the card came. With ?part only these, for the opened row of the list."""
    row = await readable(request)
    template = "parts/call_parts.html" if "part" in request.query else "call.html"
    values: dict[str, Any] = {"timeline": timeline(row, language_of(request)), "steps": await _steps(request, row)}
    return page(request, template, title=texts.N_("One call"), call=row, **values)


async def _steps(request: web.Request, row: CallRow) -> list[tuple[float, str]]:
    person, language = person_of(request), language_of(request)
    own = scope(person, "trace.read") == "own"
    async with services_of(request).db.read() as conn:
        steps = await traces.of_call(conn, row.id)
    mine = [step for step in steps if not own or step.user_id in (None, person.id)]
    return [(step.at, texts.step(language, step.step, step.args)) for step in mine]


def timeline(row: CallRow, language: str) -> list[Line]:
    """What happened in the call, in order: it came, rang at whom, who talked, who passed it on, the end."""
    lines: list[Line] = [(row.started_at, "", say(language, texts.COURSE["began"], who=_caller(row, language)))]
    if row.queued_at:
        lines.append((row.queued_at, "", say(language, texts.COURSE["queued"], queue=row.queue or "")))
    for leg in row.legs:
        lines += _leg_lines(leg, language)
    for transfer in row.transfers:
        at = max((leg.ended_at or 0 for leg in row.legs if leg.leg == transfer.get("by")), default=0)
        kind = str(transfer.get("kind", ""))
        lines.append((at or row.ended_at or row.started_at, "", say(language, texts.TRANSFERS.get(kind, kind))))
    if row.ended_at:
        outcome = say(language, texts.OUTCOMES.get(row.outcome or "", ""))
        kind = "" if row.answered_at else "miss"
        lines.append((row.ended_at, kind, say(language, texts.COURSE["ended"], outcome=outcome)))
    return sorted(lines, key=lambda line: line[0])


def _leg_lines(leg: LegRow, language: str) -> list[Line]:
    who = leg.user_name or (leg.device or "").rpartition("/")[2]
    if not who:  # a trunk's leg: its story is the call's own
        return []
    lines: list[Line] = []
    if leg.rang_at:
        lines.append((leg.rang_at, "ring", say(language, texts.COURSE["rang"], who=who)))
    if leg.answered_at:
        lines.append((leg.answered_at, "talk", say(language, texts.COURSE["answered"], who=who)))
    if leg.ended_at and leg.result:
        result = say(language, texts.OUTCOMES.get(leg.result, leg.result))
        lines.append((leg.ended_at, "", say(language, texts.COURSE["left"], who=who, result=result)))
    return lines


def _caller(row: CallRow, language: str) -> str:
    number = show(row.number) if row.direction == "inbound" else row.caller_name or row.caller_number
    return number or row.caller_number or say(language, texts.COURSE["hidden"])


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
    zone = ZoneInfo(services_of(request).settings.numbers.time_zone)
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


ROUTES = (
    Route("GET", "/calls", show_list, "calls.read"),
    Route("GET", "/calls/{id}", show_call, "calls.read"),
    Route("GET", "/missed", show_missed, "calls.read"),
)
