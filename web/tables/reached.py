"""Reach time: how soon somebody talked with those who had called in vain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from cti.reports import reach
from cti.reports.intervals import period
from cti.reports.paper import Balance, Column, Figure, Paper, Part, Value
from cti.reports.reach import Lost, Sums
from cti.storage import reach_figures
from web import figures, kpi_texts
from web.asking import Asker
from web.i18n import N_
from web.papers import period_words

BY: Mapping[str, str] = {"queue": N_("Queue"), "owner": N_("Manager of the client")}
KINDS: Mapping[str, str] = {
    "clients": N_("Called in vain"),
    "reached": N_("Reached since"),
    "open": N_("Not reached yet"),
    "hidden": N_("Number hidden"),
    "again": N_("Called again before the talk"),
    "calls": N_("Calls in vain"),
    "in-time": N_("Reached in time"),
}
REACH_TIME = N_(
    "From the first call in vain to the first talk with that client, in either direction and by whomever. Several calls"
    " in vain before it count once, by the first of them in the period."
)


def within_of(query: Mapping[str, str]) -> int:
    """How soon is in time, in seconds."""
    given = query.get("within", "")
    return int(given) if given.isascii() and given.isdigit() and int(given[:6]) in reach.WITHIN else 3600


def by_of(query: Mapping[str, str]) -> reach_figures.By:
    """What the rows are."""
    return "owner" if query.get("by") == "owner" else "queue"


@dataclass(frozen=True, kw_only=True, slots=True)
class Behind:
    """The calls in vain behind a number, the newest first. total: of all pages."""

    rows: Sequence[Lost]
    total: int


async def behind(asker: Asker, query: Mapping[str, str], *, start: int, limit: int) -> Behind:
    """Those of a kind, of a row, of a step, from `start` on. Raises HTTPNotFound for a kind that is not counted."""
    kind, step = query.get("kind", "clients"), query.get("step", "")
    if kind not in KINDS:
        raise web.HTTPNotFound(text="This kind of calls is not counted.")
    ask = figures.asked(asker, query)
    queues = await figures.queues_of(asker, ask.queue, ask.team_id)
    since, until = period(ask.since, ask.until, asker.services.zone)
    await asker.services.rollups.fresh_reach()
    async with asker.services.db.read(slow=True) as conn:
        rows, total = await reach_figures.behind(
            conn,
            kind,
            since,
            until,
            queues,
            by=by_of(query),
            row=query["row"][:160].replace("\0", "") if "row" in query else None,
            step=int(step[:3]) if step.isascii() and step.isdigit() else None,
            within_s=within_of(query),
            start=start,
            limit=limit,
        )
    return Behind(rows=rows, total=total)


async def paper(asker: Asker, query: Mapping[str, str]) -> Paper:
    """The report. Raises Refused."""
    ask, within_s, by = figures.asked(asker, query), within_of(query), by_of(query)
    queues = await figures.queues_of(asker, ask.queue, ask.team_id)
    since, until = period(ask.since, ask.until, asker.services.zone)
    progress = await asker.services.rollups.fresh_reach()
    async with asker.services.db.read(slow=True) as conn:
        calls = await reach_figures.in_vain(conn, since, until, queues)
        groups, whole = await reach_figures.groups(conn, since, until, queues, by, within_s)
    asked = {"since": ask.since, "until": ask.until, "queue": ask.queue, "team": ask.team_id or ""}
    asked |= {"within": within_s, "by": by}

    def opened(kind: str, number: int | float | None, count: int, **more: object) -> Value:
        address = f"/reports/reached/calls?{urlencode({'kind': kind, **asked, **more})}"
        return Value(value=number, opens=address if count else "")

    def line(name: str, own: Sums, **more: object) -> list[Value]:
        counts = [("clients", own.clients), ("reached", own.reached), ("open", own.open), ("hidden", own.hidden)]
        return [
            Value(value=name),
            *(opened(kind, number, number, **more) for kind, number in counts),
            opened("in-time", own.share, own.in_time, **more),
            opened("reached", own.median_s, own.reached, **more),
            opened("again", own.again, own.again, **more),
        ]

    soon = asker.say(N_("Reached within {time}"), time=_short(asker, within_s))
    share = asker.say(N_("Reached so soon, divided by all who called in vain and did not hide their number."))
    median = asker.say(N_("Median reach time"))
    definition = asker.say(REACH_TIME)
    nobody = asker.say(N_("none"))
    columns = [
        Column(head=asker.say(BY[by]), key=by, kind="text"),
        Column(head=asker.say(KINDS["clients"]), key="clients", definition=definition),
        Column(head=asker.say(KINDS["reached"]), key="reached", tint="talk"),
        Column(head=asker.say(KINDS["open"]), key="open", tint="miss"),
        Column(head=asker.say(KINDS["hidden"]), key="hidden", tint="hold"),
        Column(head=soon, key="in-time", kind="share", definition=share),
        Column(head=median, key="median", kind="seconds", definition=definition),
        Column(head=asker.say(KINDS["again"]), key="again", definition=definition),
    ]
    parts = [
        (asker.say(KINDS[kind]), opened(kind, number, number))
        for kind, number in (
            ("reached", whole.reached),
            ("open", whole.open),
            ("hidden", whole.hidden),
            ("again", whole.again),
        )
    ]
    return Paper(
        name=f"reached-{ask.since}-{ask.until}",
        title=asker.say(N_("Reach time of the missed")),
        period=period_words(ask.since, ask.until),
        filters=[(asker.say(N_("Queue")), ask.queue)] if ask.queue else [],
        figures=[
            Figure(name=soon, kind="share", value=opened("in-time", whole.share, whole.in_time), definition=share),
            Figure(
                name=median,
                kind="seconds",
                value=opened("reached", whole.median_s, whole.reached),
                definition=definition,
            ),
        ],
        balance=Balance(whole=(asker.say(KINDS["calls"]), opened("calls", calls, calls)), parts=parts),
        parts=[
            Part(
                title=asker.say(N_("Who was reached")),
                columns=columns,
                rows=[line(one.name or nobody, one.sums, row=one.name) for one in groups],
                total=line(asker.say(N_("Total")), whole),
            ),
            Part(
                title=asker.say(N_("How soon")),
                columns=[
                    Column(head=asker.say(N_("After")), key="after", kind="text"),
                    Column(head=asker.say(KINDS["reached"]), key="reached", tint="talk"),
                ],
                rows=[
                    [Value(value=_step(asker, place)), opened("reached", number, number, step=place)]
                    for place, number in enumerate(whole.steps)
                ],
            ),
        ],
        notes=[definition, kpi_texts.definition(asker)],
        counting=kpi_texts.counting(asker, progress),
    )


def _step(asker: Asker, place: int) -> str:
    """A step of the histogram: `5:00 – 15:00`."""
    begins = _short(asker, reach.STEPS[place])
    last = place + 1 == len(reach.STEPS)
    return f"{begins}…" if last else f"{begins} – {_short(asker, reach.STEPS[place + 1])}"


def _short(asker: Asker, seconds: float) -> str:
    if seconds >= 3600:
        return asker.say(N_("{n} h"), n=f"{seconds / 3600:g}")
    return asker.say(N_("{n} min"), n=f"{seconds / 60:g}") if seconds else "0"
