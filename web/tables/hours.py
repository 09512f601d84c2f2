"""Calls by hour and weekday: a heat map of those who came into queues."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import get_day_names

from cti.errors import Refused
from cti.reports import kpi, weekdays
from cti.reports.intervals import grain, intervals, period
from cti.reports.paper import Balance, Column, Kind, Paper, Part, Value
from cti.reports.queue_sums import QueueSums, added, summed
from cti.storage import queue_figures
from cti.storage.queue_figures import Numbers
from web import figures, kpi_texts
from web.asking import Asker
from web.i18n import N_
from web.papers import period_words

MEASURES: Mapping[str, str] = {
    "entered": N_("Came"),
    "answered": N_("Calls answered"),
    "abandoned": N_("Hung up waiting"),
    "service-level": N_("Service level"),
}


def measure_of(query: Mapping[str, str]) -> str:
    """What the cells count."""
    return query["measure"] if query.get("measure") in MEASURES else "entered"


async def paper(asker: Asker, query: Mapping[str, str]) -> Paper:
    """The report. Raises Refused."""
    ask, measure = figures.asked(asker, query), measure_of(query)
    if (ask.until - ask.since).days >= weekdays.MOST_DAYS:
        raise Refused("too-long-for-hours", "Choose at most two years.")
    services = asker.services
    zone = services.zone
    queues = await figures.queues_of(asker, ask.queue, ask.team_id)
    since, until = period(ask.since, ask.until, zone)
    progress = await services.rollups.fresh_queues(since, until)
    step = await asyncio.to_thread(lambda: grain(intervals(ask.since, ask.until, "hour", zone)))
    async with services.db.read(slow=True) as conn:
        rows = await queue_figures.by_time(conn, since, until, queues, step)
        limits = await queue_figures.thresholds(conn, since, until, queues)
    cells = await asyncio.to_thread(_cells, rows, zone)
    whole = added(cells.values())
    team = {"team": str(ask.team_id)} if ask.team_id is not None else {}
    asked = {"since": str(since), "until": str(until), "queue": ask.queue, **team}

    def opened(sums: QueueSums, kind: str, **where: int) -> Value:
        if kind == "service-level":
            value = kpi.service_level_of(sums)
            return Value(value=value, opens=_address("late", asked, where) if value is not None else "")
        number = getattr(sums, kind)
        return Value(value=number, opens=_address(kind, asked, where) if number else "")

    def together(*places: weekdays.Place) -> QueueSums:
        return added(cells[one] for one in places if one in cells)

    names = get_day_names("wide", locale=asker.language)
    days = range(7)
    table = []
    for day in days:
        line = [opened(together((day, hour)), measure, weekday=day, hour=hour) for hour in range(24)]
        own = together(*((day, hour) for hour in range(24)))
        table.append([Value(value=names[day]), *line, opened(own, measure, weekday=day)])
    by_hour = [opened(together(*((day, hour) for day in days)), measure, hour=hour) for hour in range(24)]
    kind: Kind = "share" if measure == "service-level" else "count"
    said = kpi_texts.formula(asker, "service-level", limits) if kind == "share" else ""
    title, total = asker.say(MEASURES[measure]), asker.say(N_("Total"))
    return Paper(
        name=f"hours-{ask.since}-{ask.until}",
        title=asker.say(N_("Calls by hour and weekday")),
        period=period_words(ask.since, ask.until),
        counting=kpi_texts.counting(asker, progress),
        filters=[(asker.say(N_("Shown")), title), *([(asker.say(N_("Queue")), ask.queue)] if ask.queue else [])],
        balance=balance(asker, whole, lambda what: opened(whole, what), _address("unseen", asked, {})),
        parts=[
            Part(
                title=title,
                columns=[
                    Column(head=asker.say(N_("Weekday")), key="weekday", kind="text"),
                    *(Column(head=f"{hour:02}", key=f"{hour:02}", kind=kind) for hour in range(24)),
                    Column(head=total, key="total", kind=kind, definition=said),
                ],
                rows=table,
                total=[Value(value=total), *by_hour, opened(whole, measure)],
                heat=True,
            )
        ],
        notes=[
            asker.say(
                N_(
                    "Hours are those of the installation's clock ({zone}): the hour that comes twice in autumn counts"
                    " with its namesake, the one that spring leaves out is missing."
                ),
                zone=zone.key,
            ),
            asker.say(kpi_texts.EXCLUSIONS),
            asker.say(kpi_texts.VERSION, version=kpi.VERSION),
        ],
    )


def _cells(rows: Iterable[tuple[int, Numbers]], zone: ZoneInfo) -> dict[weekdays.Place, Numbers]:
    return {where: summed(some) for where, some in weekdays.by_place(rows, zone).items()}


def balance(asker: Asker, sums: QueueSums, opened: Callable[[str], Value], unseen: str) -> Balance:
    """Came = answered + hung up + left otherwise + still waiting."""
    parts = (
        (N_("were answered"), "answered"),
        (N_("hung up"), "abandoned"),
        (N_("left otherwise"), "exits"),
        (N_("still waiting"), "waiting"),
    )
    return Balance(
        whole=(asker.say(N_("Came")), opened("entered")),
        parts=[(asker.say(name), opened(kind)) for name, kind in parts],
        why=asker.say(N_("calls whose end nobody saw, as the link to the PBX was down")),
        opens=unseen if sums.difference else "",
    )


def _address(what: str, asked: Mapping[str, str], where: Mapping[str, int]) -> str:
    given = {"what": what, **asked, **{name: str(number) for name, number in where.items()}}
    return f"/reports/queues/calls?{urlencode({name: value for name, value in given.items() if value})}"
