"""Recordings as a list: found by client, person, queue, outcome, length, marks and notes; talks that have none."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from cti.access import scope
from cti.storage import queue_figures, recording_rules, recording_search, users
from cti.storage.recording_search import Asked, Reach
from cti.telephony.numbering import read
from web import recording_texts, texts
from web.auth import person_of
from web.i18n import language_of, say
from web.render import page
from web.routes import Route
from web.services import services_of
from web.shown import showed_callers
from web.texts import N_

ROWS = 50
MOST_MISSING = 500
LONGEST = 100
STATES = {
    "there": N_("can be heard"), "absent": N_("have no file"), "held": N_("are held"), "archived": N_("in the archive"),
}  # fmt: skip
FIELDS = ("since", "until", "client", "user", "queue", "outcome", "least", "most", "marked", "mark", "note", "state")


async def show(request: web.Request) -> web.Response:
    """Recordings that the person may hear, newest first."""
    services, query = services_of(request), request.query
    given = {name: query.get(name, "")[:LONGEST].strip() for name in FIELDS}
    async with services.db.read() as conn:
        found = await recording_search.find(
            conn, _asked(request, given), _reach(request), limit=ROWS, cursor=query.get("cursor") or None
        )
        people = [(one.id, one.name) for one in await users.every(conn)]
        queues = await queue_figures.known_queues(conn)
    asked = [name for name, typed in given.items() if typed]
    showed_callers(request, found.rows, asked=asked)
    language = language_of(request)
    said = {one.id: say(language, recording_texts.state(one.state, one.why)) for one in found.rows}
    names: dict[str, Any] = {"found": found, "given": given, "people": people, "queues": queues, "said": said}
    names |= {"states": STATES, "outcomes": [*texts.OUTCOMES], "more": _more(given, found.next_cursor)}
    template = "parts/recording_rows.html" if query.get("cursor") else "recordings.html"
    return page(request, template, title=N_("Recordings"), asks=bool(asked), tab="all", **names)


async def show_missing(request: web.Request) -> web.Response:
    """Talks of a day that ought to have a recording and have none."""
    services = services_of(request)
    today = datetime.fromtimestamp(services.clock(), services.zone).date()
    day = _day(request.query.get("day", "")) or today
    since, until = (_midnight(request, one) for one in (day, day + timedelta(days=1)))
    async with services.db.read() as conn:
        rules = await recording_rules.every(conn)
        rows = await recording_search.missing(conn, since, until, rules, _reach(request), limit=MOST_MISSING)
    showed_callers(request, rows, thing="missing recordings")
    names: dict[str, Any] = {"rows": rows, "day": day, "today": today, "tab": "missing", "most": MOST_MISSING}
    names["before"], names["after"] = day - timedelta(days=1), day + timedelta(days=1) if day < today else None
    names["demands"] = any(one.demanded for one in rules.values())
    names["reasons"] = recording_texts.MISSING
    return page(request, "recordings_missing.html", title=N_("Recordings"), **names)


def _reach(request: web.Request) -> Reach:
    person = person_of(request)
    return Reach(scope=scope(person, "recordings.listen"), user_id=person.id, team_id=person.team_id)


def _asked(request: web.Request, given: dict[str, str]) -> Asked:
    until = _day(given["until"])
    number = read(given["client"], services_of(request).plan)
    return Asked(
        since=_midnight(request, day) if (day := _day(given["since"])) else None,
        until=_midnight(request, until + timedelta(days=1)) if until else None,
        client=given["client"],
        number=number.e164 or number.internal,
        user_id=int(given["user"]) if given["user"].isascii() and given["user"].isdigit() else None,
        queue=given["queue"],
        outcome=given["outcome"] if given["outcome"] in texts.OUTCOMES else "",
        least_s=_seconds(given["least"]),
        most_s=_seconds(given["most"]),
        marked=bool(given["marked"]),
        mark=given["mark"],
        note=given["note"],
        state=given["state"] if given["state"] in STATES else "",
    )


def _seconds(typed: str) -> float | None:
    """Seconds, or minutes and seconds as 1:30; None for anything else."""
    minutes, colon, rest = typed.rpartition(":")
    parts = (minutes, rest) if colon else ("0", rest)
    if not all(one.isascii() and one.isdigit() and len(one) < 6 for one in parts):
        return None
    return float(int(parts[0]) * 60 + int(parts[1]))


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed[:10])
    except ValueError:
        return None


def _midnight(request: web.Request, day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=services_of(request).zone).timestamp()


def _more(given: dict[str, str], cursor: str | None) -> str:
    """Where further rows are; "" where there are none."""
    return f"/recordings?{urlencode({**{k: v for k, v in given.items() if v}, 'cursor': cursor})}" if cursor else ""


ROUTES = (
    Route("GET", "/recordings", show, "recordings.listen", "calls"),
    Route("GET", "/recordings/missing", show_missing, "recordings.listen", "calls"),
)
