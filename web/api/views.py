"""/api/v1/{clients,calls}/views: saved views of a list, one's own and those shared with one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from cti.access import Right
from cti.storage import views
from web.api.base import Invalid, Operation, body_of, place, reply
from web.api.records import Ok
from web.auth import person_of
from web.services import services_of

MOST_STATE = 20_000


class ViewIn(Struct, forbid_unknown_fields=True):
    """name "": how I left the list. share: with whom."""

    state: dict[str, Any]
    name: Annotated[str, Meta(max_length=80)] = ""
    share: Literal["", "agent", "supervisor", "admin", "all"] = ""


class ViewOut(Struct):
    id: int
    name: str
    share: str
    mine: bool
    state: dict[str, Any]


SAYS: Mapping[views.Of, str] = {"clients": "the grid", "calls": "the list of calls"}


def views_of(of: views.Of, right: Right) -> tuple[Operation, ...]:
    """The operations on a list's views. right: who sees the list."""

    async def show(request: web.Request) -> web.Response:
        """My views and those shared with me."""
        person = person_of(request)
        async with services_of(request).db.read() as conn:
            found = await views.of_person(conn, person.id, person.role, of)
        return reply(
            [
                ViewOut(
                    one.id,
                    one.name,
                    one.role or "",
                    one.user_id == person.id,
                    msgspec.json.decode(one.state, type=dict),
                )
                for one in found
            ]
        )

    async def keep(request: web.Request) -> web.Response:
        """Save a view."""
        body, services, person = await body_of(request, ViewIn), services_of(request), person_of(request)
        state = msgspec.json.encode(body.state).decode()
        if len(state) > MOST_STATE:
            raise Invalid("body.state", "This view is too large.")
        shared = body.share if body.name else ""
        async with services.db.write() as conn:
            await views.keep(conn, person.id, body.name.strip(), state, shared or None, services.clock(), of)
        return reply(Ok())

    async def drop(request: web.Request) -> web.Response:
        """Delete one's own view."""
        async with services_of(request).db.write() as conn:
            if not await views.drop(conn, person_of(request).id, place(request), of):
                raise web.HTTPNotFound(text="You have no such view.")
        return reply(Ok())

    path, says = f"/{of}/views", SAYS[of]
    return (
        Operation(method="GET", path=path, handler=show, who=right, shows="nothing",
                  text=f"Views of {says}, mine and shared", gives=list[ViewOut]),
        Operation(method="PUT", path=path, handler=keep, who=right, shows="nothing",
                  text=f"Save a view of {says}", gives=Ok, body=ViewIn),
        Operation(method="DELETE", path=f"{path}/{{id}}", handler=drop, who=right, shows="nothing",
                  text="Delete one's own view", gives=Ok, refusals=(404,)),
    )  # fmt: skip
