"""Campaigns of a period with what became of their people."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cti.storage.campaign_people import MARKS
from cti.storage.campaign_tables import campaign_people, campaigns
from cti.storage.report_limits import all_of

MOST = 500
_P = campaign_people.c
GROUPS = {  # what is told apart in the report: states of people
    "waiting": ("waiting",),
    "under-way": ("queued", "accepted", "sent", "unknown"),
    "arrived": ("delivered", "reached"),
    "failed": ("failed", "bounced"),
    "passed-over": ("skipped", "canceled"),
    "left-out": ("excluded",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignRow:
    """A campaign. people: all who were looked at; counts: of GROUPS and MARKS."""

    id: int
    name: str
    channel: str
    began_at: float
    people: int
    counts: dict[str, int]


async def of_period(conn: AsyncConnection, since: int, until: int) -> list[CampaignRow]:
    """Campaigns that were started in the period, or made in it and not started; the newest first."""
    began = func.coalesce(campaigns.c.started_at, campaigns.c.created_at).label("began_at")
    counted = [func.sum(case((_P.state.in_(states), 1), else_=0)).label(name) for name, states in GROUPS.items()]
    marked = [func.count(_P[column]).label(f"mark_{name}") for name, column in MARKS.items()]
    people = func.count(_P.number).label("people")
    found = (
        select(campaigns.c.id, campaigns.c.name, campaigns.c.channel, began, people, *counted, *marked)
        .join_from(campaigns, campaign_people, _P.campaign_id == campaigns.c.id, isouter=True)
        .where(began >= since, began < until)
        .group_by(campaigns.c.id, campaigns.c.name, campaigns.c.channel, began)
        .order_by(began.desc(), campaigns.c.id.desc())
    )
    return [
        CampaignRow(
            id=row.id,
            name=row.name,
            channel=row.channel,
            began_at=row.began_at,
            people=row.people,
            counts={name: int(row._mapping[name] or 0) for name in GROUPS}
            | {name: int(row._mapping[f"mark_{name}"]) for name in MARKS},
        )
        for row in await all_of(conn, found, MOST)
    ]
