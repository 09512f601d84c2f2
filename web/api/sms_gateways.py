"""/api/v1: SMS gateways: how they are set and stand, which numbers each serves. Secrets go in and never come out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from cti.features.gateway_settings import GatewayDraft
from cti.messages.consent import Purpose
from cti.messages.routes import Route
from cti.storage import gateways
from cti.storage.gateways import Gateway
from web.api import records as r
from web.api.base import Operation, body_of, place, reply
from web.auth import person_of
from web.services import services_of

Text = Annotated[str, Meta(max_length=1024)]
Sender = Annotated[str, Meta(max_length=20)]


class GatewayIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """given: of its kind, as docs/sms.md describes it. senders: names by purpose. price: of a part, hundredths.

    login, password, callback_secret: "" for as they were.
    """

    kind: Literal["http", "smpp", "modem"]
    name: Annotated[str, Meta(min_length=1, max_length=80)]
    given: dict[str, Any]
    sender: Sender = ""
    senders: dict[Purpose, Sender] = {}
    rate: Annotated[int, Meta(ge=1, le=1000)] = 10
    price: Annotated[int, Meta(ge=0, le=100_000)] = 0
    currency: Annotated[str, Meta(min_length=3, max_length=3)] = "RUB"
    login: Text = ""
    password: Text = ""
    callback_secret: Text = ""
    version: Annotated[int, Meta(ge=0, le=2**31 - 1, description="The version that was read; 0 for a new one")] = 0

    def draft(self) -> GatewayDraft:
        plain = {name: getattr(self, name) for name in self.__struct_fields__ if name not in ("version", "senders")}
        return GatewayDraft(**plain, senders={str(one): name for one, name in self.senders.items()})


class GatewayOut(Struct, kw_only=True):
    """health: whether it sends now. trouble: `code|its own words`, "" for none. opened: secrets are kept."""

    id: int
    kind: str
    name: str
    given: dict[str, Any]
    sender: str
    senders: dict[str, str]
    rate: int
    price: int
    currency: str
    opened: bool
    health: Literal["up", "starting", "down", "paused"]
    trouble: str
    trouble_at: float | None
    version: int


class RouteIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """Numbers that begin with prefix, "" for all, go by the gateway. price: of a part, null for the gateway's own."""

    prefix: Annotated[str, Meta(max_length=16)]
    gateway_id: r.Id
    position: Annotated[int, Meta(ge=1, le=99)] = 1
    share: Annotated[int, Meta(ge=1, le=100)] = 1
    price: Annotated[int, Meta(ge=0, le=100_000)] | None = None


class RoutesIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """All routes: they take the place of those of before."""

    routes: Annotated[list[RouteIn], Meta(max_length=200)]


class Paused(Struct, forbid_unknown_fields=True, kw_only=True):
    """Whether nothing is to be sent by it."""

    paused: bool


async def list_gateways(request: web.Request) -> web.Response:
    """All of them."""
    async with services_of(request).db.read() as conn:
        rows, senders = await gateways.every(conn), await gateways.senders(conn)
    return reply([_shown(request, one, senders) for one in rows])


def _shown(request: web.Request, row: Gateway, senders: dict[tuple[int, str], str]) -> GatewayOut:
    line = services_of(request).gateways.line(row.id)
    plain = ("id", "kind", "name", "sender", "rate", "price", "currency", "opened", "trouble", "trouble_at", "version")
    return GatewayOut(
        **{name: getattr(row, name) for name in plain},
        given=msgspec.json.decode(row.given),
        senders={purpose: name for (gateway, purpose), name in senders.items() if gateway == row.id},
        health="paused" if row.paused_at is not None else line.health if line is not None else "down",
    )


async def add(request: web.Request) -> web.Response:
    """A new one."""
    body = await body_of(request, GatewayIn)
    return reply(r.Made(id=await services_of(request).gateway_settings.add(person_of(request), body.draft())), 201)


async def change(request: web.Request) -> web.Response:
    """Set it anew."""
    body = await body_of(request, GatewayIn)
    person, settings = person_of(request), services_of(request).gateway_settings
    await settings.change(person, place(request), body.draft(), body.version)
    return reply(r.Ok())


async def pause(request: web.Request) -> web.Response:
    """Send nothing by it, or go on."""
    body = await body_of(request, Paused)
    await services_of(request).gateway_settings.pause(person_of(request), place(request), paused=body.paused)
    return reply(r.Ok())


async def remove(request: web.Request) -> web.Response:
    """Send nothing by it any more."""
    await services_of(request).gateway_settings.remove(person_of(request), place(request))
    return reply(r.Ok())


async def list_routes(request: web.Request) -> web.Response:
    """Which numbers go by which gateway."""
    async with services_of(request).db.read() as conn:
        return reply([msgspec.convert(msgspec.to_builtins(one), RouteIn) for one in await gateways.routes(conn)])


async def set_routes(request: web.Request) -> web.Response:
    """These in place of all."""
    body = await body_of(request, RoutesIn)
    routes = [msgspec.convert(msgspec.to_builtins(one), Route) for one in body.routes]
    await services_of(request).gateway_settings.set_routes(person_of(request), routes)
    return reply(r.Ok())


def _operation(method: str, path: str, handler: Any, text: str, gives: Any, **more: Any) -> Operation:
    who: Any = "settings.manage"
    return Operation(
        method=method, path=f"/sms/{path}", handler=handler, who=who, shows="nothing", text=text, gives=gives, **more
    )


OPERATIONS = (
    _operation("GET", "gateways", list_gateways, "SMS gateways and how they stand", list[GatewayOut]),
    _operation("POST", "gateways", add, "Add an SMS gateway", r.Made, body=GatewayIn, status=201, refusals=(409,)),
    _operation("PUT", "gateways/{id}", change, "Set an SMS gateway anew", r.Ok, body=GatewayIn, refusals=(404, 409)),
    _operation(
        "PUT", "gateways/{id}/paused", pause, "Pause an SMS gateway, or resume it", r.Ok, body=Paused, refusals=(404,)
    ),
    _operation("DELETE", "gateways/{id}", remove, "Remove an SMS gateway", r.Ok, refusals=(404,)),
    _operation("GET", "routes", list_routes, "Which numbers go by which SMS gateway", list[RouteIn]),
    _operation("PUT", "routes", set_routes, "Say so, for all at once", r.Ok, body=RoutesIn, refusals=(409,)),
)
