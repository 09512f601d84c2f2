"""Why a service level was low: a day of a queue split by arithmetic, each part with its evidence; and what if."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from babel.numbers import format_decimal, format_percent

from cti.errors import Refused
from cti.reports.paper import Column, Figure, Kind, Paper, Value
from cti.reports.paper import Part as PaperPart
from cti.reports.shortfall import ORDER, Part
from web import figures, kpi_texts, papers, why, why_texts
from web.absences import absences_of
from web.asking import Asker, asker_of
from web.pages.report_queues import HERE as QUEUES
from web.render import duration, page
from web.routes import Route
from web.texts import N_, told

HERE = "/reports/why"
RINGS_SHOWN = 200
ANCHORS: dict[Part, str] = {"agents": "#people", "pauses": "#people", "rings": "#in-vain", "rest": "#halves"}
CALLS: dict[Part, str] = {"arrivals": "entered", "handling": "answered"}


async def show(request: web.Request) -> web.Response:
    """The report."""
    asker = asker_of(request)
    queues, _ = await figures.choices(asker)
    ask = await why.asked(asker, request.query, queues)
    error, made, status = "", None, 200
    try:
        made = await why.answered(asker, ask) if ask else None
    except Refused as refused:
        error, status = told(request, refused), 409
    labels = [label for label, _ in why.labelled(ask.day, asker.services.zone)] if ask else []
    values: dict[str, Any] = {
        "ask": ask,
        "made": made,
        "tell": Teller(asker, made) if made else None,
        "queues": queues,
        "labels": labels,
        "error": error,
        "rings_shown": RINGS_SHOWN,
        "address": urlencode(list(request.query.items())),
        "absences": await absences_of(request, ask.day, ask.day) if ask else [],
    }
    return await asyncio.to_thread(
        page, request, "report_why.html", status=status, title=N_("Why the level is low"), **values
    )


async def give_file(request: web.Request) -> web.StreamResponse:
    """The parts and the half hours as a file."""
    return await papers.give(request, await paper(asker_of(request), request.query))


async def paper(asker: Asker, query: Mapping[str, str]) -> Paper:
    """The report as tables. Raises Refused."""
    queues, _ = await figures.choices(asker)
    ask = await why.asked(asker, query, queues)
    if ask is None:
        raise Refused("not-your-queue", "No queue is known yet.")
    return Teller(asker, await why.answered(asker, ask)).paper()


class Teller:
    """The report in the reader's words."""

    def __init__(self, asker: Asker, made: why.Answer) -> None:
        self._asker = asker
        self._language = asker.language
        self.made = made
        self.counting = kpi_texts.counting(asker, made.progress)
        self.parts = ORDER
        self.model = self.say(why_texts.MODEL)
        self.erlang = self.say(why_texts.ERLANG)
        self.limits = self.say(why_texts.LIMITS)

    def say(self, text: str) -> str:
        return self._asker.say(text)

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
        return self.points(round(thousandths / 100))

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

    def paper(self) -> Paper:
        """Two tables: the parts, in points and calls, and the half hours."""
        made, ask = self.made, self.made.ask
        title = self.say(N_("Why the level is low"))
        target, was = self.say(N_("Target")), self.say(N_("As it was"))
        whole = [Figure(name=target, kind="share", value=Value(value=ask.target / 100))]
        if made.counted:
            whole.append(Figure(name=was, kind="share", value=Value(value=made.in_time / made.counted)))
        return Paper(
            name=f"why-{ask.day}",
            title=title,
            period=papers.period_words(ask.day, ask.day),
            counting=self.counting,
            filters=[(self.say(N_("Queue")), ask.queue)],
            figures=whole,
            parts=[*self._parts(), self._halves()],
            notes=[self.model, self.erlang, self.limits],
        )

    def _parts(self) -> list[PaperPart]:
        total = self.made.total
        if total is None:
            return []
        heads = [
            Column(head=self.say(N_("Part")), kind="text"),
            Column(head=self.say(N_("Points")), kind="number"),
            Column(head=self.say(N_("Calls in time")), kind="number"),
            Column(head=self.say(N_("How it is reckoned")), kind="text"),
        ]
        rows = [
            _values([self.name(part), -total.points[part] / 10, -total.parts[part] / 1000, self.formula(part)])
            for part in ORDER
        ]
        last = [self.say(N_("Total")), -total.short_points / 10, -total.short / 1000, ""]
        title = self.say(N_("Parts of the shortfall"))
        return [PaperPart(title=title, columns=heads, rows=rows, total=_values(last))]

    def _halves(self) -> PaperPart:
        kinds: list[tuple[str, Kind]] = [
            (N_("When"), "text"), (N_("Came"), "count"), (N_("usually"), "number"), (N_("Agents"), "number"),
            (N_("needed"), "count"), (N_("Length"), "seconds"), (N_("Level"), "share"), (N_("by the model"), "share"),
        ]  # fmt: skip
        heads = [Column(head=self.say(name), kind=kind) for name, kind in kinds]
        heads += [Column(head=self.name(part), kind="number") for part in ORDER] if self.made.total else []
        lines = [line for line in self.made.lines if line.slot.calls or line.slot.staff.people]
        return PaperPart(
            title=self.say(N_("Half hours")), columns=heads, rows=[_values(self._half(line)) for line in lines]
        )

    def _half(self, line: why.Line) -> list[str | int | float | None]:
        slot, split = line.slot, line.split
        level = slot.in_time / slot.counted if slot.counted else None
        row: list[str | int | float | None] = [slot.label, slot.calls, slot.usual.calls if slot.usual else None]
        row += [split.there, split.need] if split else [None, None]
        row += [slot.handling_s, level, split.model if split else None]
        return row + ([-split.parts[part] / 1000 if split else None for part in ORDER] if self.made.total else [])


def _values(row: Sequence[object]) -> list[Value]:
    return [Value(value=one if isinstance(one, str | int | float) else None) for one in row]


ROUTES = (
    Route("GET", HERE, show, "figures.read", "staff"),
    Route("GET", f"{HERE}/file.{{kind}}", give_file, "figures.read", "nothing"),
)
