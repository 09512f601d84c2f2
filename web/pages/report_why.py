"""Why a service level was low: a day of a queue split by arithmetic, each part with its evidence; and what if."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from babel.numbers import format_decimal, format_percent

from cti.errors import Refused
from cti.reports.shortfall import ORDER, Part
from web import figures, why, why_texts
from web.i18n import language_of, translate
from web.pages.report_queues import HERE as QUEUES
from web.render import duration, page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/reports/why"
RINGS_SHOWN = 200
ANCHORS: dict[Part, str] = {"agents": "#people", "pauses": "#people", "rings": "#rings", "rest": "#halves"}
CALLS: dict[Part, str] = {"arrivals": "entered", "handling": "answered"}


async def show(request: web.Request) -> web.Response:
    """The report."""
    queues, _ = await figures.choices(request)
    ask = why.asked(request, request.query, queues)
    error, made, status = "", None, 200
    try:
        made = await why.answered(request, ask) if ask else None
    except Refused as refused:
        error, status = told(request, refused), 409
    labels = [label for label, _ in why.labelled(ask.day, services_of(request).zone)] if ask else []
    values: dict[str, Any] = {
        "ask": ask,
        "made": made,
        "tell": Teller(request, made) if made else None,
        "queues": queues,
        "labels": labels,
        "error": error,
        "rings_shown": RINGS_SHOWN,
    }
    return await asyncio.to_thread(
        page, request, "report_why.html", status=status, title=N_("Why the level is low"), **values
    )


class Teller:
    """The report in the reader's words."""

    def __init__(self, request: web.Request, made: why.Answer) -> None:
        self._request = request
        self._language = language_of(request)
        self.made = made
        self.parts = ORDER
        self.model = self.say(why_texts.MODEL)
        self.erlang = self.say(why_texts.ERLANG)
        self.limits = self.say(why_texts.LIMITS)

    def say(self, text: str) -> str:
        return translate(self._request, text)

    def name(self, part: Part) -> str:
        return self.say(why_texts.PARTS[part])

    def formula(self, part: Part) -> str:
        return self.say(why_texts.FORMULAS[part])

    def percent(self, level: float | None) -> str:
        return "–" if level is None else format_percent(level, "#,##0.0 %", self._language)

    def points(self, tenths: int) -> str:
        """Tenths of a point with their sign: what is lost is below zero."""
        return format_decimal(-tenths / 10, "+#,##0.0;−#,##0.0", self._language) if tenths else "0"

    def calls(self, thousandths: int) -> str:
        """Calls that were or would have been answered in time, likewise."""
        return format_decimal(-thousandths / 1000, "+#,##0.0;−#,##0.0", self._language) if thousandths else "0"

    def number(self, value: float | None, form: str = "#,##0.0") -> str:
        return "–" if value is None else format_decimal(value, form, self._language)

    def seconds(self, value: float | None) -> str:
        return "–" if value is None else duration(value)

    def minutes(self, length_ms: int) -> str:
        return duration(length_ms / 1000) if length_ms else "–"

    def evidence(self, part: Part) -> str:
        """Where the calls or people behind a part are."""
        return ANCHORS.get(part) or self.link(CALLS[part], self.made.since, self.made.until)

    def link(self, what: str, since: int, until: int) -> str:
        """The calls behind a number."""
        asked = {"what": what, "since": str(since), "until": str(until), "queue": self.made.ask.queue}
        return f"{QUEUES}/calls?{urlencode(asked)}"

    def steps(self) -> list[tuple[Part, float, float]]:
        """The waterfall: each part with the level before and after it, percent."""
        total, found = self.made.total, []
        if total is None or not total.counted:
            return []
        at = total.short_points + round(1000 * total.in_time / total.counted)
        for part in ORDER:
            after = at - total.points[part]
            found.append((part, at / 10, after / 10))
            at = after
        return found

    def half_points(self, line: why.Line, part: Part) -> str:
        """A part of one half hour, in calls."""
        return self.calls(line.split.parts[part]) if line.split else "–"


ROUTES = (Route("GET", HERE, show, "figures.read", "staff"),)
