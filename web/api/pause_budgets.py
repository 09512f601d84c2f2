"""/api/v1/pause-budgets: how long a day people may be paused, by reason, with what held before."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from cti.reports.pause_budgets import MOST_MINUTES, in_force
from cti.storage import duty, pause_budgets
from web.api.base import Operation, body_of, reply
from web.api.records import Ok
from web.auth import person_of
from web.services import services_of

Minutes = Annotated[int, Meta(ge=0, le=MOST_MINUTES)]


class BudgetsIn(Struct, forbid_unknown_fields=True):
    """minutes: by reason, from today on; null: no budget. Reasons that are not named keep theirs."""

    minutes: Annotated[dict[Annotated[str, Meta(max_length=80)], Minutes | None], Meta(max_length=100)]


class BudgetOut(Struct):
    """minutes: now, null for none. history: since when (UNIX seconds) which."""

    reason: str
    minutes: int | None
    history: list[tuple[float, int | None]]


async def list_budgets(request: web.Request) -> web.Response:
    """Every reason with its budget."""
    services = services_of(request)
    async with services.db.read() as conn:
        reasons, budgets = await duty.reasons(conn), await pause_budgets.history(conn)
    now = services.clock()
    return reply(
        [
            BudgetOut(
                reason=one.name, minutes=in_force(budgets, one.name, now), history=list(budgets.get(one.name, ()))
            )
            for one in reasons
        ]
    )


async def set_budgets(request: web.Request) -> web.Response:
    """From today on; the days before keep what they had."""
    body = await body_of(request, BudgetsIn)
    await services_of(request).duty_admin.set_budgets(person_of(request), body.minutes)
    return reply(Ok())


OPERATIONS = (
    Operation(
        method="GET",
        path="/pause-budgets",
        handler=list_budgets,
        who="agents.read",
        shows="nothing",
        text="Minutes of a day that people may be paused, by reason",
        gives=list[BudgetOut],
    ),
    Operation(
        method="PUT",
        path="/pause-budgets",
        handler=set_budgets,
        who="pauses.write",
        shows="nothing",
        text="Set budgets of pauses, from today on",
        body=BudgetsIn,
        gives=Ok,
        refusals=(409,),
    ),
)
