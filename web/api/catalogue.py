"""/api/v1/properties and /directories: what an admin defines for the client base, readable by all who read clients."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import Meta, Struct

from cti.clients.properties import Property, PropertyValue
from cti.storage import directories, properties
from cti.storage.directories import Directory
from web.api import records as r
from web.api.base import Operation, body_of, place, reply
from web.auth import person_of
from web.routes import Who
from web.services import services_of

Name = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"\S")]
Color = Literal["", "red", "amber", "green", "blue", "violet", "grey"]
Kind = Literal["list", "several", "number", "date", "text", "yes-no", "rating"]
ClientKind = Literal["person", "sole-trader", "company"]


class ValueIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """id: of a value there is; 0 for a new one."""

    id: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    name: Annotated[str, Meta(min_length=1, max_length=120, pattern=r"\S")]
    color: Color = ""
    retired: bool = False


class PropertyIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """applies_to: kinds of clients that have it; empty: all. values: of a list, in their order. The kind stays."""

    name: Name
    kind: Kind
    applies_to: Annotated[list[ClientKind], Meta(max_length=3)] = []
    required: bool = False
    in_pop: bool = False
    sensitive: bool = False
    values: Annotated[list[ValueIn], Meta(max_length=200)] = []

    def property(self, property_id: int) -> Property:
        values = tuple(PropertyValue(id=v.id, name=v.name, color=v.color, retired=v.retired) for v in self.values)
        return Property(
            id=property_id,
            name=self.name,
            kind=self.kind,
            applies_to=tuple(self.applies_to),
            required=self.required,
            in_pop=self.in_pop,
            sensitive=self.sensitive,
            values=values,
        )


class ValueOut(Struct, kw_only=True):
    id: int
    name: str
    color: str
    retired: bool


class PropertyOut(Struct, kw_only=True):
    id: int
    name: str
    kind: str
    applies_to: list[str]
    required: bool
    in_pop: bool
    sensitive: bool
    retired: bool
    values: list[ValueOut]


class ItemIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """parent_id: the entry it is a part of, in the tree of industries. time_zone: of a region."""

    name: Name
    parent_id: r.Id | None = None
    time_zone: Annotated[str, Meta(max_length=40)] = ""


class ItemOut(Struct, kw_only=True):
    """uses: how many clients, contracts or contact persons have it."""

    id: int
    directory: str
    name: str
    parent_id: int | None
    time_zone: str
    retired: bool
    uses: int


class Retired(Struct, forbid_unknown_fields=True):
    retired: bool


class Into(Struct, forbid_unknown_fields=True):
    into: r.Id


class Moved(Struct):
    """How many had the entry."""

    moved: int


def property_out(prop: Property) -> PropertyOut:
    """A property as the API gives it."""
    values = [ValueOut(id=one.id, name=one.name, color=one.color, retired=one.retired) for one in prop.values]
    plain = {name: getattr(prop, name) for name in ("id", "name", "kind", "required", "in_pop", "sensitive", "retired")}
    return PropertyOut(**plain, applies_to=list(prop.applies_to), values=values)


async def list_properties(request: web.Request) -> web.Response:
    """All properties, in their order; the retired ones too."""
    async with services_of(request).db.read() as conn:
        return reply([property_out(prop) for prop in await properties.every(conn, retired=True)])


async def add_property(request: web.Request) -> web.Response:
    """A new property."""
    body = await body_of(request, PropertyIn)
    made = await services_of(request).catalogue.add_property(person_of(request), body.property(0))
    return reply(r.Made(id=made), 201)


async def change_property(request: web.Request) -> web.Response:
    """Name, values, marks; its kind stays."""
    body = await body_of(request, PropertyIn)
    await services_of(request).catalogue.change_property(person_of(request), body.property(place(request)))
    return reply(r.Ok())


async def retire_property(request: web.Request) -> web.Response:
    """Offer it no longer, or again; one that nobody ever had is deleted."""
    body = await body_of(request, Retired)
    await services_of(request).catalogue.retire_property(person_of(request), place(request), retired=body.retired)
    return reply(r.Ok())


async def list_items(request: web.Request) -> web.Response:
    """Entries of all directories, each before its parts; the retired ones too."""
    names = ItemOut.__struct_fields__
    async with services_of(request).db.read() as conn:
        items = await directories.every(conn, retired=True, counted=True)
    return reply([ItemOut(**{name: getattr(item, name) for name in names}) for item in items])


async def add_item(request: web.Request) -> web.Response:
    """A new entry of a directory."""
    body = await body_of(request, ItemIn)
    directory: Directory = request.match_info["directory"]  # type: ignore[assignment]  # the feature refuses others
    made = await services_of(request).catalogue.add_item(
        person_of(request), directory, body.name, body.parent_id, time_zone=body.time_zone
    )
    return reply(r.Made(id=made), 201)


async def change_item(request: web.Request) -> web.Response:
    """Another name, place in the tree or time zone."""
    body = await body_of(request, ItemIn)
    await services_of(request).catalogue.change_item(
        person_of(request), place(request), body.name, body.parent_id, time_zone=body.time_zone
    )
    return reply(r.Ok())


async def retire_item(request: web.Request) -> web.Response:
    """Offer it no longer, or again; one that nobody has is deleted."""
    body = await body_of(request, Retired)
    await services_of(request).catalogue.retire_item(person_of(request), place(request), retired=body.retired)
    return reply(r.Ok())


async def merge_item(request: web.Request) -> web.Response:
    """All who have one entry get the other, and it goes."""
    body = await body_of(request, Into)
    moved = await services_of(request).catalogue.merge_items(person_of(request), place(request), body.into)
    return reply(Moved(moved=moved))


def _operation(method: str, path: str, handler: Any, text: str, gives: Any = r.Ok, **more: Any) -> Operation:
    who: Who = "clients.read" if method == "GET" else "settings.manage"
    return Operation(
        method=method,
        path=path,
        handler=handler,
        who=who,
        shows="nothing",
        text=text,
        gives=gives,
        status=201 if gives is r.Made else 200,
        refusals=() if method == "GET" else (404, 409),
        **more,
    )


OPERATIONS = (
    _operation("GET", "/properties", list_properties, "Properties of clients", list[PropertyOut]),
    _operation("POST", "/properties", add_property, "A new property", r.Made, body=PropertyIn),
    _operation("PUT", "/properties/{id}", change_property, "Change a property", body=PropertyIn),
    _operation("PUT", "/properties/{id}/retired", retire_property, "Retire a property, or not", body=Retired),
    _operation("GET", "/directories", list_items, "Entries of all directories", list[ItemOut]),
    _operation("POST", "/directories/{directory}", add_item, "A new entry of a directory", r.Made, body=ItemIn),
    _operation("PUT", "/directories/items/{id}", change_item, "Change an entry", body=ItemIn),
    _operation("PUT", "/directories/items/{id}/retired", retire_item, "Retire an entry, or not", body=Retired),
    _operation("POST", "/directories/items/{id}/merge", merge_item, "Merge an entry", Moved, body=Into),
)
