"""Settings of the client base, for admins: properties with their values; the way to the directories."""

from __future__ import annotations

from aiohttp import web

from cti.clients.card import KINDS as CLIENT_KINDS
from cti.clients.properties import COLORS, KINDS, Property, PropertyKind, PropertyValue
from cti.errors import Refused
from cti.storage import directories, properties
from cti.storage.directories import EVERY
from web.auth import person_of
from web.pages.settings import at, number, said
from web.render import page
from web.routes import Route
from web.services import services_of
from web.texts import N_, told

HERE = "/settings/catalogue"
MOST_VALUES = 200


async def show(request: web.Request) -> web.Response:
    """Properties and directories."""
    return await _page(request)


async def _page(request: web.Request, *, status: int = 200, error: str = "") -> web.Response:
    async with services_of(request).db.read() as conn:
        known = await properties.every(conn, retired=True)
        items = await directories.every(conn, retired=True)
        uses = {prop.id: await properties.uses(conn, prop.id) for prop in known}
    shown = page(
        request,
        "settings/catalogue.html",
        status=status,
        title=N_("Client base"),
        properties=known,
        uses=uses,
        directories={one: sum(item.directory == one for item in items) for one in EVERY},
        kinds=KINDS,
        error=error,
        said=said(request),
    )
    return at(request, shown, HERE)


async def show_property(request: web.Request) -> web.Response:
    """One property."""
    return await _property_page(request, await _known(request))


async def _property_page(request: web.Request, prop: Property, *, status: int = 200, error: str = "") -> web.Response:
    async with services_of(request).db.read() as conn:
        uses = await properties.uses_of_values(conn, prop.id)
    values = {
        "prop": prop,
        "uses": uses,
        "colors": COLORS,
        "client_kinds": CLIENT_KINDS,
        "error": error,
        "said": said(request),
    }
    return page(request, "settings/property.html", status=status, title=prop.name or N_("Property"), **values)


async def add_property(request: web.Request) -> web.StreamResponse:
    """A new property; its values follow on its own page."""
    form = await request.post()
    kind = str(form.get("kind", ""))
    first = [str(form.get("value", "")).strip()[:120]] if kind in ("list", "several") else []
    prop = Property(
        id=0,
        name=str(form.get("name", ""))[:200],
        kind=_kind(kind),
        values=tuple(PropertyValue(id=0, name=name) for name in first if name),
    )
    try:
        made = await services_of(request).catalogue.add_property(person_of(request), prop)
    except Refused as error:
        return await _page(request, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"/settings/properties/{made}?said=saved")


async def change_property(request: web.Request) -> web.StreamResponse:
    """Save one property with its values."""
    before, form = await _known(request), await request.post()
    ids = [str(one) for one in form.getall("value_id", [])][:MOST_VALUES]
    names = [str(one).strip()[:120] for one in form.getall("value_name", [])][:MOST_VALUES]
    colors = [str(one)[:8] for one in form.getall("value_color", [])][:MOST_VALUES]
    retired = {str(one) for one in form.getall("value_retired", [])}
    values = tuple(
        PropertyValue(id=id_of(id_), name=name, color=color, retired=id_ in retired)
        for id_, name, color in zip(ids, names, colors, strict=False)
        if name
    )
    prop = Property(
        id=before.id,
        name=str(form.get("name", ""))[:200],
        kind=before.kind,
        applies_to=tuple(str(one) for one in form.getall("applies_to", ["none"])),
        required="required" in form,
        in_pop="in_pop" in form,
        sensitive="sensitive" in form,
        values=values,
    )
    try:
        await services_of(request).catalogue.change_property(person_of(request), prop)
    except Refused as error:
        return await _property_page(request, prop, status=409, error=told(request, error))
    raise web.HTTPSeeOther(f"/settings/properties/{before.id}?said=saved")


async def move_property(request: web.Request) -> web.StreamResponse:
    """One place up or down."""
    before, form = await _known(request), await request.post()
    await services_of(request).catalogue.move_property(person_of(request), before.id, up="up" in form)
    raise web.HTTPSeeOther(HERE)


async def retire_property(request: web.Request) -> web.StreamResponse:
    """Offer a property no longer, or again."""
    before, form = await _known(request), await request.post()
    await services_of(request).catalogue.retire_property(person_of(request), before.id, retired="again" not in form)
    raise web.HTTPSeeOther(f"{HERE}?said=saved")


async def _known(request: web.Request) -> Property:
    wanted = number(request)
    async with services_of(request).db.read() as conn:
        known = {prop.id: prop for prop in await properties.every(conn, retired=True)}
    if wanted not in known:
        raise web.HTTPNotFound(text="There is no such property.")
    return known[wanted]


def id_of(text: str) -> int:
    """An id that a form gives; 0 for none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _kind(text: str) -> PropertyKind:
    return next((kind for kind in KINDS if kind == text), "text")


ROUTES = (
    Route("GET", HERE, show, "settings.manage", "nothing"),
    Route("POST", "/settings/properties", add_property, "settings.manage", "nothing"),
    Route("GET", "/settings/properties/{id}", show_property, "settings.manage", "nothing"),
    Route("POST", "/settings/properties/{id}", change_property, "settings.manage", "nothing"),
    Route("POST", "/settings/properties/{id}/move", move_property, "settings.manage", "nothing"),
    Route("POST", "/settings/properties/{id}/retire", retire_property, "settings.manage", "nothing"),
)
