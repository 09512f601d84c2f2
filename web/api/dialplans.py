"""Drafts of dialplans: the whole plan as JSON, read and set, and steps taken back."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct

from cti import plan_json
from cti.features.dialplan_drafts import Draft
from web.api.base import Operation, body_of, reply
from web.auth import person_of
from web.services import services_of

Revision = Annotated[int, Meta(ge=0, le=2**31 - 2, description="The revision that was read")]
PlanIn = Annotated[dict[str, Any], Meta(description="As `cti dialplan export` writes it")]


class FaultOut(Struct):
    """at: id, name or number of what has it. weight: an error keeps the draft from being published."""

    code: str
    at: str
    what: str
    weight: str


class DraftOut(Struct):
    """A draft. base: the version it was made of. steps_back: changes that can be taken back."""

    pbx: str
    mode: str
    revision: int
    base: int
    changed_at: float | None
    changed_by: str
    steps_back: int
    faults: list[FaultOut]
    plan: dict[str, Any]


class DraftIn(Struct, forbid_unknown_fields=True):
    revision: Revision
    plan: PlanIn


class UndoIn(Struct, forbid_unknown_fields=True):
    revision: Revision


def pbx_of(request: web.Request) -> str:
    """The PBX of the path."""
    return request.match_info["pbx"][:31].replace("\x00", "")


async def _out(request: web.Request, draft: Draft) -> web.Response:
    mode = await services_of(request).dialplan_drafts.mode(draft.pbx)
    told = [FaultOut(one.code, one.at, one.what, one.weight) for one in draft.faults]
    return reply(
        DraftOut(
            draft.pbx, mode, draft.revision, draft.base, draft.changed_at, draft.changed_by, draft.steps_back, told,
            plan_json.said(draft.plan),
        )
    )  # fmt: skip


async def show(request: web.Request) -> web.Response:
    """The draft of a PBX."""
    return await _out(request, await services_of(request).dialplan_drafts.get(pbx_of(request)))


async def change(request: web.Request) -> web.Response:
    """Set the whole plan, as one step."""
    body = await body_of(request, DraftIn, most=plan_json.LARGEST_BYTES)
    plan, drafts = await asyncio.to_thread(plan_json.heard, body.plan), services_of(request).dialplan_drafts
    return await _out(request, await drafts.change(person_of(request), pbx_of(request), body.revision, lambda _: plan))


async def undo(request: web.Request) -> web.Response:
    """Take the last change back."""
    body, drafts = await body_of(request, UndoIn), services_of(request).dialplan_drafts
    return await _out(request, await drafts.undo(person_of(request), pbx_of(request), body.revision))


OPERATIONS = (
    Operation(
        method="GET",
        path="/dialplans/{pbx}/draft",
        handler=show,
        who="dialplan.read",
        shows="staff",
        text="The draft of a PBX's dialplan, with what is wrong with it",
        gives=DraftOut,
        refusals=(404,),
    ),
    Operation(
        method="PUT",
        path="/dialplans/{pbx}/draft",
        handler=change,
        who="dialplan.write",
        shows="staff",
        text="Set the whole plan of the draft, as one step that can be taken back",
        body=DraftIn,
        gives=DraftOut,
        refusals=(404, 409, 422),
    ),
    Operation(
        method="POST",
        path="/dialplans/{pbx}/draft/undo",
        handler=undo,
        who="dialplan.write",
        shows="staff",
        text="Take the last change of the draft back",
        body=UndoIn,
        gives=DraftOut,
        refusals=(404, 409),
    ),
)
