"""Campaigns: whom each reached, and what they did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from cti.reports.intervals import period
from cti.reports.paper import Balance, Column, Paper, Part, Value
from cti.storage import campaign_figures
from cti.storage.campaign_figures import GROUPS, CampaignRow
from web import campaign_texts, figures, kpi_texts
from web.asking import Asker
from web.i18n import N_
from web.papers import period_words

HEADS: Mapping[str, tuple[str, str]] = {
    "arrived": (N_("Arrived or reached"), N_("The message was delivered, or the call was answered.")),
    "under-way": (N_("On their way"), N_("In the queue, accepted by the gateway or sent; nothing else is known yet.")),
    "failed": (N_("Did not arrive"), N_("Failed or bounced, or nobody was reached by all attempts.")),
    "waiting": (N_("Wait for their turn"), ""),
    "passed-over": (N_("Passed over"), N_("Passed over when their turn came, or the campaign was stopped before it.")),
    "left-out": (N_("Left out"), N_("Left out when the people were chosen: no consent, no address, written lately.")),
}
MARKED: Mapping[str, tuple[str, str]] = {
    "replied": (N_("Wrote back"), N_("Wrote to us after the message.")),
    "called": (N_("Called back"), N_("Called within the days that the campaign names.")),
    "opened": (N_("Opened the link"), N_("Opened the address that only he was sent.")),
    "unsubscribed": (N_("Unsubscribed"), N_("Withdrew the consent by the letter's link or by an SMS.")),
}
TINTS = {"arrived": "talk", "failed": "miss", "under-way": "ring", "waiting": "hold"}


async def paper(asker: Asker, query: Mapping[str, str]) -> Paper:
    """The report."""
    ask = figures.asked(asker, query)
    zone = asker.services.zone
    since, until = period(ask.since, ask.until, zone)
    async with asker.services.db.read(slow=True) as conn:
        rows = await campaign_figures.of_period(conn, since, until)

    def line(row: CampaignRow) -> list[Value]:
        here = f"/campaigns/{row.id}"
        counted = [
            _opened(row.counts[name], f"{here}/people?{urlencode({'state': ','.join(GROUPS[name])})}") for name in HEADS
        ]
        marked = [_opened(row.counts[name], f"{here}/people?mark={name}") for name in MARKED]
        began = datetime.fromtimestamp(row.began_at, zone)
        said = asker.say(campaign_texts.CHANNELS[row.channel])
        return [
            Value(value=row.name, opens=here),
            Value(value=said),
            Value(value=f"{began:%d.%m.%Y}"),
            _opened(row.people, f"{here}/people"),
            *counted,
            *marked,
        ]

    names = (*HEADS, *MARKED)
    whole = {name: sum(row.counts[name] for row in rows) for name in names}
    people = sum(row.people for row in rows)
    told = {**HEADS, **MARKED}
    title, recipients = asker.say(N_("Campaigns")), asker.say(N_("People"))
    return Paper(
        name=f"campaigns-{ask.since}-{ask.until}",
        title=title,
        period=period_words(ask.since, ask.until),
        balance=Balance(
            whole=(recipients, Value(value=people)),
            parts=[(asker.say(HEADS[name][0]), Value(value=whole[name])) for name in HEADS],
        ),
        parts=[
            Part(
                title=title,
                columns=[
                    Column(head=asker.say(N_("Campaign")), key="campaign", kind="text"),
                    Column(head=asker.say(N_("Channel")), key="channel", kind="text"),
                    Column(head=asker.say(N_("Began")), key="began", kind="text"),
                    Column(head=recipients, key="people"),
                    *(
                        Column(
                            head=asker.say(told[name][0]),
                            key=name,
                            definition=asker.say(told[name][1]) if told[name][1] else "",
                            tint=TINTS.get(name, ""),
                        )
                        for name in names
                    ),
                ],
                rows=[line(row) for row in rows],
                total=[
                    Value(value=asker.say(N_("Total"))),
                    Value(value=""),
                    Value(value=""),
                    Value(value=people),
                    *(Value(value=whole[name]) for name in names),
                ],
            )
        ],
        notes=[
            asker.say(N_("A campaign belongs to the day on which it was started; until then to that of its making.")),
            kpi_texts.definition(asker),
        ],
    )


def _opened(number: int, address: str) -> Value:
    return Value(value=number, opens=address if number else "")
