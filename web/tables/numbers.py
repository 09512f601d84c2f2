"""Numbers that were called: how many calls came by each of them, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from aiohttp import web

from cti.reports import kpi
from cti.reports.intervals import period
from cti.reports.paper import Balance, Column, Paper, Part, Value
from cti.storage import number_figures, queue_figures
from cti.storage.journal import CallRow
from cti.storage.report_limits import in_time
from cti.storage.search import Page
from cti.telephony.numbering import read, show
from web import figures, kpi_texts
from web.asking import Asker
from web.i18n import N_
from web.papers import period_words

HEADS: Mapping[str, tuple[str, str]] = {
    "calls": (N_("Incoming calls"), N_("Calls from outside that began in the period, by the number that was dialled.")),
    "answered": (N_("Calls answered"), N_("Somebody talked with the caller.")),
    "abandoned": (N_("Hung up waiting"), N_("The caller hung up in a queue before anybody talked with him.")),
    "others": (
        N_("Ended otherwise"),
        N_("Nobody talked with the caller, and he did not hang up in a queue: busy, voicemail, closed, nobody came."),
    ),
    "open": (N_("Under way"), N_("The call is not over, and nobody has talked yet.")),
}
KINDS: Mapping[str, str] = {**{kind: name for kind, (name, _) in HEADS.items()}, "unseen": N_("End not seen")}
TINTS = {"answered": "talk", "abandoned": "miss", "others": "hold"}


async def paper(asker: Asker, query: Mapping[str, str]) -> Paper:
    """The report."""
    ask = figures.asked(asker, query)
    services = asker.services
    queues = await figures.queues_of(asker, ask.queue, ask.team_id)
    since, until = period(ask.since, ask.until, services.zone)
    progress = await services.rollups.fresh_queues(since, until)
    async with services.db.read(slow=True) as conn, in_time(conn):
        rows = await number_figures.by_number(conn, since, until, queues)
        limits = await queue_figures.thresholds(conn, since, until, queues)
    asked = {"since": since, "until": until, "queue": ask.queue, "team": ask.team_id or ""}

    def opened(kind: str, number: int, of: str | None = None) -> Value:
        given = {"kind": kind, **asked, **({"number": of} if of is not None else {})}
        return Value(value=number, opens=f"/reports/numbers/calls?{urlencode(given)}" if number else "")

    def line(row: number_figures.NumberRow) -> list[Value]:
        name = show(read(row.number, services.plan).e164 or row.number) if row.number else asker.say(N_("not known"))
        counted = [opened(kind, row.counts[kind], row.number) for kind in HEADS]
        late = {"what": "late", **asked, "called": row.number}
        opens = f"/reports/queues/calls?{urlencode(late)}" if row.level is not None else ""
        return [Value(value=name), *counted, Value(value=row.level, opens=opens)]

    whole = {kind: sum(row.counts[kind] for row in rows) for kind in number_figures.KINDS}
    level = kpi_texts.formula(asker, "service-level", limits)
    columns = [
        Column(head=asker.say(name), key=kind, definition=asker.say(said), tint=TINTS.get(kind, ""))
        for kind, (name, said) in HEADS.items()
    ]
    parts = [(asker.say(name), opened(kind, whole[kind])) for kind, (name, _) in HEADS.items() if kind != "calls"]
    return Paper(
        name=f"numbers-{ask.since}-{ask.until}",
        title=asker.say(N_("Numbers that were called")),
        period=period_words(ask.since, ask.until),
        counting=kpi_texts.counting(asker, progress),
        filters=[(asker.say(N_("Queue")), ask.queue)] if ask.queue else [],
        balance=Balance(
            whole=(asker.say(HEADS["calls"][0]), opened("calls", whole["calls"])),
            parts=parts,
            why=asker.say(N_("calls whose end nobody saw, as the link to the PBX was down")),
            opens=opened("unseen", whole["unseen"]).opens,
        ),
        parts=[
            Part(
                title=asker.say(N_("Numbers that were called")),
                columns=[
                    Column(head=asker.say(N_("Number called")), key="number", kind="text"),
                    *columns,
                    Column(head=asker.say(N_("Service level")), key="level", kind="share", definition=level),
                ],
                rows=[line(row) for row in rows],
                total=[
                    Value(value=asker.say(N_("Total"))),
                    *(opened(kind, whole[kind]) for kind in HEADS),
                    Value(value=None),
                ],
            )
        ],
        notes=[
            asker.say(N_("The level is that of the calls' stays in queues; a number without a queue has none.")),
            asker.say(kpi_texts.VERSION, version=kpi.VERSION),
        ],
    )


async def behind(asker: Asker, query: Mapping[str, str], *, limit: int) -> Page[CallRow]:
    """The calls behind a number of the report, newest first."""
    kind = query.get("kind", "calls")
    if kind not in KINDS:
        raise web.HTTPNotFound(text="This kind of calls is not counted.")
    since, until = (_moment(query.get(name, "")) for name in ("since", "until"))
    ask = figures.asked(asker, {"queue": query.get("queue", ""), "team": query.get("team", "")})
    queues = await figures.queues_of(asker, ask.queue, ask.team_id)
    number = query["number"][:80].replace("\0", "") if "number" in query else None
    async with asker.services.db.read(slow=True) as conn:
        return await number_figures.behind(
            conn, kind, since, until, number, queues, limit=limit, cursor=query.get("cursor") or None
        )


def _moment(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0
