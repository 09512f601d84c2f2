"""/api/v1/missed: who tried to reach us in vain, one item per client."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType

from cti.storage import missed as storage
from cti.telephony.numbering import show as show_number
from web.api import records as r
from web.api.base import Operation, query_of, reply
from web.api.calls import reach
from web.auth import person_of
from web.services import services_of
from web.shown import showed_callers
from web.uncalled import uncalled

MISSED_S = 7 * 24 * 3600.0  # so far back the list of missed calls looks


class MissedQuery(Struct, forbid_unknown_fields=True):
    state: Annotated[Literal["open", "closed", "all"], Meta(description="Still to be called back, or not")] = "open"
    since: (
        Annotated[r.Moment, Meta(description="Last try at or after, UNIX seconds; a week when left out")] | UnsetType
    ) = UNSET
    limit: r.Limit = 50


class MissedOut(Struct):
    """restricted: nothing may be done with the client's data: he is not called back."""

    call: str
    number: str | None
    shown: str
    caller_name: str
    client_id: int | None
    client_name: str
    tries: int
    first_at: float
    last_at: float
    wait_s: float
    queues: list[str]
    rung: list[str]
    closed_at: float | None
    closed_by: str
    closed_how: str
    restricted: bool
    why: str
    taken_by: str
    responsible: str


async def missed(request: web.Request) -> web.Response:
    """Who tried in vain, one item per client."""
    query, services = query_of(request, MissedQuery), services_of(request)
    user_id, team_id = reach(person_of(request), mine=False)
    async with services.db.read() as conn:
        found = await storage.missed(
            conn,
            since=services.clock() - MISSED_S if query.since is UNSET else query.since,
            state=query.state,
            user_id=user_id,
            team_id=team_id,
            limit=query.limit,
        )
    showed_callers(request, found, thing="missed")
    stopped = await uncalled(request, found)
    return reply([missed_out(item, stopped) for item in found])


def missed_out(item: storage.Missed, stopped: Collection[int | str | None]) -> MissedOut:
    """An item as the API gives it. stopped: clients and numbers that are restricted."""
    values = {name: getattr(item, name) for name in MissedOut.__struct_fields__ if name not in ("shown", "restricted")}
    values |= {"queues": list(item.queues), "rung": list(item.rung)}
    values["restricted"] = item.client_id in stopped or item.number in stopped
    return MissedOut(shown=show_number(item.number) if item.number else "", **values)


OPERATIONS = (
    Operation(
        method="GET",
        path="/missed",
        handler=missed,
        who="calls.read",
        shows="calls",
        text="Who tried in vain, one item per client; a later talk with any of his numbers closes it",
        query=MissedQuery,
        gives=list[MissedOut],
    ),
)
